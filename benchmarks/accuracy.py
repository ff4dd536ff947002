"""The largest error of every elementwise activation, in units in the last place, beside MXNet's own and others'.

    make accuracy                            # both lines of MXNet; prints the tables and writes build/accuracy.md
    make accuracy FRAMEWORKS=path/to/python  # also PyTorch and JAX, in an environment of one's own with both

"Ours" is what the compiled kernels give; "composed" is the fallback, the same formulas in MXNet's own operators,
where there are no kernels and in what is exported. The numbers themselves are kept in docs/data/, and
tests/test_measured.py measures them again. float32 is swept over its whole range (every 1013th number, but for the
subnormal ones, which MXNet 2.0.0b1 takes for 0), float16 over all its numbers.
One line of MXNet is measured by ``python -m benchmarks.accuracy measure``, PyTorch and JAX by ``frameworks
PYTHON``; names of activations behind either measure those alone. ``report`` joins them.
"""

import contextlib
import sys
import tempfile
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks import bench, turns
from gluon_activations import CATALOG, activations, evaluate, fused
from tests.references import RECORDS
from tools import measured
from tools.measured import CENTRE, LINE, LINES
from tools.wording import UNMEASURED

import mxnet as mx

TABLE = Path(__file__).resolve().parent.parent / "build" / "accuracy.md"
STEP = 1013
DTYPES = ("float32", "float16")
FRAMEWORKS = bench.FRAMEWORKS


def numbers(dtype):
    """All finite numbers of float16, or every 1013th of float32, as they lie in memory."""
    if dtype == "float16":
        found = np.arange(2**16, dtype=np.uint16).view(np.float16)
    else:
        found = np.arange(0, 2**32, STEP, dtype=np.uint64).astype(np.uint32).view(np.float32)
        found = found[(found == 0) | (np.abs(found) >= np.finfo(dtype).tiny)]
    return np.sort(found[np.isfinite(found)])


def units(got, exact, dtype, neighbours=None):
    """Error in units in the last place of the exact result, the one definition that is used here.

    Counted where the exact result or the one got is a normal number, or the exact one is zero. Near a zero
    of the derivative no float32 formula can give its digits, since the rounding of the input alone moves
    it by more: there ``neighbours``, the exact results at the next input, make the unit that move.
    """
    info = np.finfo(dtype)
    rounded = np.abs(exact).astype(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        unit = np.spacing(np.maximum(rounded, info.tiny)).astype(float)
    if neighbours is not None:
        unit = np.maximum(unit, np.abs(neighbours - exact))
    large = np.maximum(np.abs(exact), np.where(np.isnan(got), np.inf, np.abs(got.astype(float)))) >= info.tiny
    counted = large & np.isfinite(rounded) | (exact == 0)
    with np.errstate(invalid="ignore"):
        error = np.abs(got.astype(float) - exact) / unit
    return np.where(counted, np.where(np.isnan(error), np.inf, error), 0.0)


def makers(entry, line):
    """What makes our block, compiled and composed, and MXNet's own where this line has it."""
    found = {"ours": entry.block, "composed": entry.block}
    if entry.builtin and line in entry.builtin.lines:
        found["mxnet"] = entry.builtin.make
    return found


def wanted(line):
    """The keys of all rows that a line of MXNet should have: "relu ours float32 value" and so on."""
    return {
        f"{name} {whose} {dtype} {what}"
        for name in activations("elements")
        for whose in makers(CATALOG[name], line)
        for dtype in DTYPES
        for what in ("value", "slope")
    }


def missing(line):
    """What is not measured yet, such as "squared_relu ours"."""
    return sorted({" ".join(key.split()[:2]) for key in wanted(line) - {*read(line)}})


def errors(entry, whose, xs):
    """Errors of a new block in value and slope, at inputs whose dtype is the one to compute in."""
    return errors_of(entry, xs, *computed(entry, whose, xs))


def computed(entry, whose, xs):
    """Values and slopes that a new block gives."""
    block = makers(entry, LINE)[whose]()
    block.initialize()
    if xs.dtype == np.float16:
        block.cast("float16")
    with fused.disabled() if whose == "composed" else contextlib.nullcontext():
        got = evaluate(block, mx.np.array(xs, dtype=xs.dtype))
    return [part.asnumpy() for part in got]


def truth(entry, xs):
    """Exact values and slopes, and the slopes at the next inputs."""
    exact = RECORDS[entry.name].float64
    with np.errstate(all="ignore"):
        return *exact(xs.astype(float)), exact(np.nextafter(xs, np.inf).astype(float))[1]


def errors_of(entry, xs, got_value, got_slope, exact=None):
    """Errors of values and slopes that were computed of inputs; ``exact`` is their truth, where it is known."""
    value, slope, beside = exact or truth(entry, xs)
    near, dtype = np.abs(xs - (entry.minimum or (np.inf, 0))[0]) < 0.5, xs.dtype.name
    return {
        "value": units(got_value, value, dtype),
        "slope": units(got_slope, slope, dtype, np.where(near, beside, slope)),
    }


def measure(*names):
    """Errors of all activations, or of some, on the MXNet at hand, written to docs/data/accuracy-<line>.json.

    A row holds the largest error for abs(x) <= CENTRE, the largest of all, and its x.
    """
    mx.npx.set_np()
    if not fused.enabled():
        sys.exit(f"Ours is what the compiled kernels give, and there are none: {fused.why_not()}")
    rows = dict(read(LINE)) if names else {}
    names = names or activations("elements")
    for name in tqdm(names, unit="activation", desc=f"MXNet {mx.__version__}", disable=None):
        entry = CATALOG[name]
        for dtype in DTYPES:
            xs = numbers(dtype)
            for whose in makers(entry, LINE):
                for what, error in errors(entry, whose, xs).items():
                    rows[f"{name} {whose} {dtype} {what}"] = _row(xs, error)
    measured.write("accuracy", LINE, rows)


def _row(xs, error):
    worst = int(error.argmax())
    return [*map(float, (error[np.abs(xs) <= CENTRE].max(), error[worst], xs[worst]))]


def measure_frameworks(python, *names):
    """Errors of PyTorch and JAX in float32 on our curves, or on some, into docs/data/accuracy-frameworks.json.

    Kinks, where slopes are chosen differently, are left out.
    """
    xs, rows = numbers("float32"), dict(read("frameworks")) if names else {}
    with tempfile.TemporaryDirectory() as folder:
        inputs, results = f"{folder}/inputs.npy", f"{folder}/results.npy"
        for whose, title in FRAMEWORKS.items():
            worker = turns.Worker(python, "elsewhere", whose, threads=2)
            rows["versions"] = {**rows.get("versions", {}), **worker.ask("versions")}
            calls = {name: code for name, code in bench.calls()[title].items() if not names or name in names}
            for name, code in tqdm(calls.items(), unit="activation", desc=title, disable=None):
                at = xs[~np.isin(xs, [*RECORDS[name].kinks])]
                np.save(inputs, at)
                worker.ask("values", code, inputs, results)
                for what, error in errors_of(CATALOG[name], at, *np.load(results)).items():
                    rows[f"{name} {whose} float32 {what}"] = _row(at, error)
            worker.close()
    measured.write("accuracy", "frameworks", rows)


def read(line):
    """The rows of one line of MXNet, or of the "frameworks"."""
    return measured.read("accuracy", line)


INTRODUCTION = f"""# Accuracy

Largest error in units in the last place, value / gradient, over the whole range of float32 (every
{STEP}th number) and all numbers of float16, wherever the true result is a normal number. "–" means
that this line of MXNet has none. Half a unit is what rounding the true result itself costs.

"Ours" is compiled. "Composed" is the fallback, in MXNet's own operators; where it is above 4:

- silu and swish (up to 4.8 for abs(x) <= {CENTRE}) and mish (5.4 for the value, 10.5 for the gradient) add up the
  roundings of three and of eight operators, the first of which, oneDNN's sigmoid, is off by up to 3.3 itself.
  MXNet's Swish takes a sigmoid that is several times slower: its value is better, its gradient worse.
- the gradients of sigmoid and tanh (up to 4.3) are quotients of sums; tanh_exp's (up to 11.8) is a difference
  near its minimum, at -1.08.
- beyond ±43 the gradient of tanh, and below -87 tanh_exp, pass through a number that is subnormal in float32:
  it has few digits on 1.9.1, and is 0 on 2.0.0b1, where the gradient of selu does so too.
- silu, swish and mish in float32 are 0 below about -87, where oneDNN's sigmoid is 0 and the true
  value, up to 1e-36 in size, is still a normal number; from -60 on that sigmoid is off by up to 6 units.
- gelu in float32 has the digits of 1 + erf, since MXNet has no erfc: right to 1e-6 in absolute terms,
  but 4 % off at -5 and 0 below -5.6, as MXNet's own is.
"""
HEADS = {"ours": "ours", "composed": "composed", "mxnet": "MXNet's"}


def report():
    """Print the tables of both lines and of the frameworks, and write them to build/accuracy.md."""
    text, others = [INTRODUCTION], read("frameworks")
    for line in LINES:
        rows = read(line)
        parts = ("float32", 1), ("float32", 0), ("float16", 1)
        columns = [(whose, *part) for part in parts for whose in HEADS]
        heads = [_head(dtype, which, HEADS[whose]) for whose, dtype, which in columns]
        text += [f"## MXNet {LINES[line]}", "", "| activation | " + " | ".join(heads) + " |", "|---" * 10 + "|"]
        for name in activations("elements"):
            has = makers(CATALOG[name], line)
            cells = [
                _pair(rows, name, whose, dtype, which) if whose in has else "–" for whose, dtype, which in columns
            ]
            text.append(f"| {name} | " + " | ".join(cells) + " |")
        text += ["", *_verdict(rows, line), ""]
        if missing(line):
            text += [f"{UNMEASURED.capitalize()}: {', '.join(missing(line))}.", ""]
    versions = others.pop("versions", {})
    if versions:
        columns = [(whose, which) for which in (1, 0) for whose in FRAMEWORKS]
        heads = [_head("float32", which, FRAMEWORKS[whose]) for whose, which in columns]
        named = " and ".join(f"{title} {version}" for title, version in versions.items())
        text += [f"## {named}", "", "| activation | " + " | ".join(heads) + " |", "|---" * 5 + "|"]
        for name in sorted({key.split()[0] for key in others}, key=[*CATALOG].index):
            cells = [_pair(others, name, whose, "float32", which) for whose, which in columns]
            text.append(f"| {name} | " + " | ".join(cells) + " |")
        text.append("")
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text("\n".join(text), encoding="utf-8")
    print("\n".join(text))


def _head(dtype, which, title):
    return f"{dtype}{'' if which else f', abs(x) <= {CENTRE}'}: {title}"


def _verdict(rows, line):
    """In words, where ours is better and where worse than MXNet's own; stops where it is the worse of the two.

    An activation is as bad as the larger error of its value and its gradient: whoever trains needs both.
    """
    largest = [max(row[1] for key, row in rows.items() if key.split()[1:3] == ["ours", dtype]) for dtype in DTYPES]
    text = ["Ours is off by {:.3f} units at most in float32, by {:.3f} in float16.".format(*largest)]
    text += ["By the larger error of value and gradient, it is nowhere worse than MXNet's own.", ""]
    for which, where in enumerate((f"for abs(x) <= {CENTRE}", "over the whole range")):
        for dtype in ("float32", "float16"):
            better, single = [], []
            for name in sorted({key.split()[0] for key in rows}):
                found = [_errors(rows, name, whose, dtype) for whose in ("ours", "mxnet")]
                if not all(found):
                    continue
                ours, theirs = ([error[which] for error in errors] for errors in found)
                if max(ours) > max(theirs):
                    sys.exit(f"MXNet {line}: {name} in {dtype} {where}: ours {ours} is worse than {theirs}")
                if max(ours) < max(theirs):
                    better.append(name)
                for what, mine, other in zip(("value", "gradient"), ours, theirs):
                    if mine > other:
                        single.append(f"the {what} of {name} ({_short(mine)} against {_short(other)})")
            text.append(f"- {dtype} {where}: better for {', '.join(better) or 'none'}; taken alone, "
                        f"worse for {', '.join(single) or 'none'}.")  # fmt: skip
    return text


def _errors(rows, name, whose, dtype):
    found = [rows.get(f"{name} {whose} {dtype} {what}") for what in ("value", "slope")]
    return found if all(found) else []


def _pair(rows, name, whose, dtype, which):
    return " / ".join(_short(error[which]) for error in _errors(rows, name, whose, dtype)) or UNMEASURED


def _short(error):
    return "∞" if error == float("inf") else f"{error:.1f}" if error < 1000 else f"{error:.0e}"


if __name__ == "__main__":
    command, *arguments = sys.argv[1:] or ["report"]
    {"measure": measure, "frameworks": measure_frameworks, "report": report}[command](*arguments)
