"""The error of every elementwise activation against x, over all of float32: what the pictures of the atlas draw.

    make curves                            # MXNet 1.9.1 and 2.0.0b1, and ours on 1.9.1
    make curves FRAMEWORKS=path/to/python  # also PyTorch and JAX, in an environment of one's own with both

The numbers, the exact results and the unit are those of `benchmarks.accuracy`. Here the largest error is kept for
each of some hundred steps of x instead of for all x, and whether a sign is wrong there or a result is nan. Kinks,
where slopes are a convention, are left out.
One line of MXNet is measured by ``python -m benchmarks.curves measure [NAME…]``, PyTorch and JAX by ``frameworks
PYTHON``.
"""

import re
import sys
import tempfile
from datetime import date
from itertools import groupby

import numpy as np
from tqdm import tqdm

from benchmarks import accuracy, bench, turns
from gluon_activations import CATALOG, activations, fused
from tests.references import RECORDS
from tools import measured
from tools.measured import LINE, LINES

import mxnet as mx

# Ends of the steps of abs(x), as powers of 2: a quarter of an octave where curves bend, eight octaves elsewhere.
POWERS = np.concatenate([np.arange(-126, -6, 8), np.arange(-6, 8, 0.25), np.arange(8, 129, 8)])
STEPS = len(POWERS) - 1  # on each side
RIGHT = 0.5  # an error up to here is what rounding costs


def step_of(xs):
    """The step in which each number lies, from the most negative to the largest; zero is with the positive."""
    with np.errstate(divide="ignore"):
        place = np.searchsorted(POWERS, np.log2(np.abs(xs.astype(float))), side="right") - 1
    place = np.clip(place, 0, STEPS - 1)
    return np.where(xs < 0, STEPS - 1 - place, STEPS + place)


def signs(exact):
    """The signs of exact results at sorted inputs; a tail that underflows in float64 keeps its sign."""
    found, (there,) = np.sign(exact), np.nonzero(exact)
    for end, beyond in ((there[:1], slice(None, *there[:1])), (there[-1:], slice(*there[-1:], None))):
        if (np.abs(exact[end]) < 1e-290).any():
            found[beyond] = found[end]
    return found


def row(xs, got, error, exact):
    """What is kept of one curve: the errors by steps, the worst one and its x, and where signs are wrong.

    A wrong sign within two units is the rounding of the input, beside a zero.
    """
    wrong = (np.sign(got) * signs(exact) < 0) & (error > 2)
    missing = np.isnan(got)
    steps, worst = step_of(xs), int(error.argmax())
    kept = {"errors": packed(*(_by_steps(steps, part) for part in (error, wrong, missing)))}
    kept["worst"] = [float(f"{error[worst]:.4g}"), float(xs[worst])]
    for name, part in (("wrong", wrong), ("nan", missing)):
        if part.any():
            kept[name] = [int(part.sum()), float(xs[part][0]), float(xs[part][-1])]
    return kept


def _by_steps(steps, part):
    found = np.zeros(2 * STEPS, part.dtype)
    np.maximum.at(found, steps, part)
    return found


def packed(errors, wrong, missing):
    """Steps as text, equal neighbours as one: "0.5*80 1.5 4e43!*7 nan"; the mark is for a wrong sign."""
    parts = zip(errors, wrong, missing)
    words = ["nan" if nan else _short(error) + "!" * bool(sign) for error, sign, nan in parts]
    runs = [(word, len([*same])) for word, same in groupby(words)]
    return " ".join(f"{word}*{count}" if count > 1 else word for word, count in runs)


def _short(error):
    """An error as it can be told apart in a picture."""
    if error < 10:
        return f"{max(round(2 * error) / 2, RIGHT):g}"
    return f"{error:.0e}".replace("e+0", "e").replace("e+", "e")


def unpacked(text):
    """The steps of such a text, each with its error and whether a sign is wrong there."""
    found = []
    for error, sign, count in re.findall(r"([^!* ]+)(!?)(?:\*(\d+))?", text):
        found += [(float(error), bool(sign))] * int(count or 1)
    return found


def rows_of(entry, xs, got, exact, whose):
    """The rows of the value and the slope of one activation."""
    errors = accuracy.errors_of(entry, xs, *got, exact)
    return {
        f"{entry.name} {whose} {what}": row(xs, *parts)
        for what, *parts in zip(("value", "slope"), got, errors.values(), exact)
    }


def inputs(name):
    """The numbers of one activation, in order: all that `benchmarks.accuracy` sweeps, but its kinks."""
    xs = accuracy.numbers("float32")
    return xs[~np.isin(xs, [*RECORDS[name].kinks])]


def makers(entry, line):
    """Whose curves are measured on a line of MXNet: ours are nearly the same on both."""
    return [whose for whose in accuracy.makers(entry, line) if line == "1.9" or whose == "mxnet"]


def measure(*names):
    """Measure the MXNet at hand, all activations or those named, into docs/data/ulps-<line>.json."""
    mx.npx.set_np()
    if not fused.enabled():
        sys.exit(f"Ours is what the compiled kernels give, and there are none: {fused.why_not()}")
    rows = measured.read("ulps", LINE) if names else {}
    rows["machine"] = machine({"MXNet": LINES[LINE]})
    for name in tqdm(
        names or activations("elements"), desc=f"MXNet {mx.__version__}", mininterval=5, disable=None
    ):
        entry = CATALOG[name]
        if makers(entry, LINE):
            xs = inputs(name)
            exact = accuracy.truth(entry, xs)
            for whose in makers(entry, LINE):
                rows |= rows_of(entry, xs, accuracy.computed(entry, whose, xs), exact, whose)
    measured.write("ulps", LINE, rows)


def measure_frameworks(python):
    """Measure PyTorch and JAX, into docs/data/ulps-frameworks.json."""
    with tempfile.TemporaryDirectory() as folder:
        given, results = f"{folder}/inputs.npy", f"{folder}/results.npy"
        workers = {whose: turns.Worker(python, "elsewhere", whose, threads=2) for whose in accuracy.FRAMEWORKS}
        versions = {}
        for worker in workers.values():
            versions |= worker.ask("versions")
        rows, calls = {"machine": machine(versions)}, bench.calls()
        for name in tqdm(activations("elements"), desc="elsewhere", mininterval=5, disable=None):
            xs = inputs(name)
            np.save(given, xs)
            exact = accuracy.truth(CATALOG[name], xs)
            for whose, title in accuracy.FRAMEWORKS.items():
                code = calls[title].get(name)
                if code:
                    workers[whose].ask("values", code, given, results)
                    rows |= rows_of(CATALOG[name], xs, np.load(results), exact, whose)
        for worker in workers.values():
            worker.close()
    measured.write("ulps", "frameworks", rows)


def machine(versions):
    """When and where it was measured, and of which versions."""
    return {"date": date.today().isoformat(), "processor": bench.processor(), "versions": versions}


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"measure": measure, "frameworks": measure_frameworks}[command](*arguments)
