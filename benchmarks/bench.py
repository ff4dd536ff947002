"""The time of activations: compiled, composed, MXNet's own, PyTorch and JAX; then of whole training steps.

    make bench                            # both lines of MXNet; keeps the numbers in docs/data/bench-*.json
    make bench FRAMEWORKS=path/to/python  # also PyTorch and JAX, in an environment of one's own with torch, jax

Each library is at work in a process of its own (`benchmarks.here`, `benchmarks.elsewhere`), on one thread and on
two; threads that wait sleep. For each activation and number of elements all contenders take turns, so that
whatever else the machine does falls on each alike; what counts is the median of their turns, and the ratio of two.
What is timed is a forward pass without a gradient, and a forward and a backward pass, from a gradient of ones,
over normal float32 numbers; hybridized is with static_alloc and static_shape. The floor is a copy, and MXNet's own
relu. What is kept for the backward pass is how much more memory the process has between the two passes than
before, less the result.

``python -m benchmarks.bench passes`` measures passes on the MXNet at hand, ``steps`` whole training steps; the
Python of the frameworks comes behind.
"""

import platform
import re
import sys
from datetime import date
from pathlib import Path

from tqdm import tqdm

from benchmarks import nets
from benchmarks.turns import Worker, medians
from gluon_activations import CATALOG, activations, elsewhere
from tools import measured
from tools.measured import LINE, LINES

import mxnet

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("relu", "sigmoid", "log_sigmoid", "tanh", "softplus", "elu", "selu", "silu", "swish", "gelu", "mish")
SIZES = {
    10**3: 20,
    10**4: 20,
    10**5: 5,
    10**6: 1,
    10**7: 1,
}  # number of elements: how many passes are timed as one
LARGE = 10**7  # for the first line of MXNet alone, or all of it would take too long
MANY = 10**6  # from here on PyTorch is also compiled, on all threads
THREADS = (1, 2)
TURNS = {10**3: 31, 10**4: 31, 10**5: 21, 10**6: 15, 10**7: 15}
STEPS_TURNS = {"mobilenet": 15, "transformer": 61}
DIRECTIONS = ("forward", "both")
# What takes its turns: key in the data, and head of its column. One that is not in the data has no column.
COLUMNS = {
    "fused eager": "ours, eager",
    "fused static": "ours, hybridized",
    "repaired eager": "MXNet's own, repaired, eager",
    "repaired static": "MXNet's own, repaired, hybridized",
    "gluon eager": "MXNet's own, eager",
    "gluon static": "MXNet's own, hybridized",
    "composed eager": "composed, eager",
    "composed static": "composed, hybridized",
    "torch eager": "PyTorch, eager",
    "torch compiled": "PyTorch, compiled",
    "jax jitted": "JAX",
    "copy eager": "a copy",
    "relu eager": "MXNet's ReLU, eager",
    "relu static": "MXNet's ReLU, hybridized",
}
OURS = "fused eager"  # what the others are compared with
CHANCE = 0.15  # what a ratio is off 1 by without a reason
FRAMEWORKS = {"torch": "PyTorch", "jax": "JAX"}


# -- measuring ---------------------------------------------------------------------------------


def calls():
    """What an activation of ours is called elsewhere: {"PyTorch": {"relu": "torch.nn.ReLU()"}}."""
    codes = {name: elsewhere(name) for name in activations("elements")}
    return {title: {name: of[key] for name, of in codes.items() if of[key]} for key, title in FRAMEWORKS.items()}


def has(key, name, size, threads):
    """Whether a contender takes part. Of the largest arrays most see one way; on one thread, the fast alone."""
    whose, way = key.split()
    if whose in ("gluon", "repaired") and not (CATALOG[name].builtin and LINE in CATALOG[name].builtin.lines):
        return False
    if key == "torch compiled":
        return size >= MANY and threads == max(THREADS)
    if size < LARGE or whose in FRAMEWORKS:
        return True
    if threads == max(THREADS):
        return whose in ("fused", "copy") or way == "static"
    return key in ("fused eager", "relu eager", "copy eager")


def sizes(line):
    """The numbers of elements that are measured on a line of MXNet."""
    return [size for size in SIZES if size < LARGE or line == "1.9"]


def contenders(name, size, threads, backward, workers):
    """Those that take turns, {key: (worker, what it is told)}."""
    found = {}
    for key in COLUMNS:
        whose, way = key.split()
        worker = workers.get((_library(whose), threads))
        if worker and has(key, name, size, threads):
            what = (
                {"code": calls()[FRAMEWORKS[whose]][name]}
                if whose in FRAMEWORKS
                else {"name": name, "whose": whose}
            )
            found[key] = worker, {"what": "pass", **what, "way": way, "size": size, "backward": backward}
    return found


def _library(whose):
    """The process in which a contender is at work."""
    return whose if whose in FRAMEWORKS or whose == "repaired" else "mxnet"


def started(python, threads, **environment):
    """The processes, {("mxnet", 2): …}; ``python`` is that of the frameworks, or None."""
    found = {}
    for count in threads:
        found["mxnet", count] = Worker(sys.executable, "here", threads=count, **environment)
        found["repaired", count] = Worker(sys.executable, "here", "repaired", threads=count, **environment)
        for name in FRAMEWORKS if python else ():
            found[name, count] = Worker(python, "elsewhere", name, threads=count, **environment)
    return found


def processor():
    """The name of the processor at hand."""
    cpu = Path("/proc/cpuinfo")
    name = re.search("model name.*: (.*)", cpu.read_text())[1] if cpu.exists() else platform.processor()
    return " ".join(name.replace("(R)", "").split())


def machine(workers):
    """Where and when it was measured."""
    found = {}
    for worker in workers.values():
        found |= worker.ask("versions")
    found["MXNet"] = LINES[LINE]  # 2.0.0b1 calls itself otherwise
    width = {"avx512": "AVX-512", "avx2": "AVX2"}.get(found.pop("kernels"), "portable")
    return {
        "date": date.today().isoformat(),
        "processor": f"{processor()}, {max(THREADS)} cores, kernels for {width}",
        "versions": ", ".join(f"{title} {version}" for title, version in found.items()),
    }


def passes(python=None, names=NAMES):
    """Medians of all contenders, and what each keeps, written to docs/data/bench-<line>.json."""
    workers = started(python, THREADS, TORCHINDUCTOR_CACHE_DIR=str(ROOT / "build" / "torch"))
    rows = {"machine": machine(workers)}
    plan = [(*each, d) for each in _groups(names) for d in DIRECTIONS]
    for name, size, threads, direction in tqdm(
        plan, desc=f"MXNet {mxnet.__version__}", mininterval=5, disable=None
    ):
        turns = contenders(name, size, threads, direction == "both", workers)
        found = medians(turns, TURNS[size], SIZES[size])
        rows[f"{name} {size} {threads} {direction}"] = {key: _digits(value) for key, value in found.items()}
    for worker in workers.values():
        worker.close()
    for name in names:
        rows[f"{name} kept"] = kept(name, python)
    measured.write("bench", LINE, rows)


def _groups(names):
    return [(name, size, threads) for name in names for size in sizes(LINE) for threads in THREADS]


def _digits(value):
    return float(f"{value:.4g}")


def kept(name, python):
    """How many arrays of its input's size each contender keeps for the backward pass."""
    # Memory that is given back goes back to the system at once, or nothing could be told.
    environment = {"MXNET_CPU_MEM_POOL_TYPE": "Unpooled", "MALLOC_MMAP_THRESHOLD_": "65536"}
    found, workers = {}, started(python, (1,), **environment)
    for key in COLUMNS:
        whose, way = key.split()
        if way in ("eager", "jitted") and whose != "copy" and has(key, name, MANY, 1):
            worker = workers.get((_library(whose), 1))
            if worker:
                what = [calls()[FRAMEWORKS[whose]][name]] if whose in FRAMEWORKS else [name, whose, way]
                found[key] = round(worker.ask("kept", *what, MANY) / (4 * MANY), 1) + 0.0
    for worker in workers.values():
        worker.close()
    return found


def steps(python=None):
    """Medians of whole training steps on two threads, written to docs/data/bench-steps.json."""
    workers = started(python, THREADS[-1:])
    rows = {"machine": machine(workers)}
    here, torch = workers["mxnet", max(THREADS)], workers.get(("torch", max(THREADS)))
    for model, name in tqdm(
        [(m, n) for m, names in nets.ACTIVATIONS.items() for n in names], mininterval=5, disable=None
    ):
        turns = {
            f"{whose} static": (here, {"what": "step", "model": model, "name": name, "whose": whose})
            for whose in ("fused", "composed")
        }
        if torch:
            code = calls()["PyTorch"][nets.GATED.get(name, name)]
            about = {"what": "step", "model": model, "code": code, "gated": name in nets.GATED}
            turns["torch eager"] = torch, about
        rows[f"{model} {name}"] = {
            key: _digits(value) for key, value in medians(turns, STEPS_TURNS[model], 1).items()
        }
    for worker in workers.values():
        worker.close()
    measured.write("bench", "steps", rows)


# -- tables ------------------------------------------------------------------------------------


def read(line):
    """The rows of one line of MXNet, or of the "steps"."""
    return measured.read("bench", line)


def ratio(row, key, by=OURS):
    """How many times the time of ours another one takes, or None where one of them was not measured."""
    return row[key] / row[by] if key in row and by in row else None


def times(seconds):
    """A time as one says it."""
    unit, name = next((unit, name) for unit, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")) if seconds >= unit)
    return f"{seconds / unit:.3g} {name}" if seconds / unit < 1000 else f"{seconds / unit:.0f} {name}"


def table(rows, threads, direction, only=tuple(SIZES), by=OURS):
    """Ratios in Markdown, to ours."""
    groups = [
        (name, size, rows.get(f"{name} {size} {threads} {direction}", {})) for name in NAMES for size in only
    ]
    groups = [group for group in groups if by in group[2]]
    columns = [key for key in COLUMNS if key != by and any(key in row for *_, row in groups)]
    head = [
        "activation",
        *(["elements"] if len(only) > 1 else []),
        COLUMNS[by],
        *(COLUMNS[key] for key in columns),
    ]
    text = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    for name, size, row in groups:
        cells = [CATALOG[name].title, *([power(size)] if len(only) > 1 else []), times(row[by])]
        text.append("| " + " | ".join(cells + [_short(ratio(row, key, by)) for key in columns]) + " |")
    return "\n".join(text)


def where_faster(rows, key):
    """For what another one is faster than ours by more than chance, in words; empty if for nothing.

    Forwards and backwards, on all threads.
    """
    parts = []
    for size in SIZES:
        found = {name: ratio(rows.get(f"{name} {size} {max(THREADS)} both", {}), key) for name in NAMES}
        known = {CATALOG[name].title: value for name, value in found.items() if value is not None}
        faster = [title for title, value in known.items() if value < 1 - CHANCE]
        if faster:
            parts.append(f"of {power(size)} elements: {'all' if len(faster) == len(known) else ', '.join(faster)}")
    return "; ".join(parts)


def _short(value):
    return "–" if value is None else f"{value:.2f}" if value < 9.95 else f"{value:.0f}"


def power(size):
    """A number of elements as one says it: 10^3."""
    return f"10<sup>{len(str(size)) - 1}</sup>"


def table_of_memory(rows):
    """What each keeps, in Markdown."""
    kept = {name: rows.get(f"{name} kept", {}) for name in NAMES}
    columns = [key for key in COLUMNS if any(key in row for row in kept.values()) and not key.startswith("relu")]
    text = ["| activation | " + " | ".join(COLUMNS[key] for key in columns) + " |"]
    text.append("|---" + "|--:" * len(columns) + "|")
    for name, row in kept.items():
        cells = [f"{row[key]:.3g}" if key in row else "–" for key in columns]
        text.append(f"| {CATALOG[name].title} | " + " | ".join(cells) + " |")
    return "\n".join(text)


def table_of_steps(rows):
    """Whole training steps, in Markdown."""
    text = ["| net | activation | ours | composed | PyTorch |", "|---|---|--:|--:|--:|"]
    for model, names in nets.ACTIVATIONS.items():
        for name in names:
            row = rows.get(f"{model} {name}", {})
            if row:
                cells = [_short(ratio(row, key, "fused static")) for key in ("composed static", "torch eager")]
                title = {"swiglu": "SwiGLU"}.get(name) or CATALOG[name].title
                text.append(f"| {model} | {title} | {times(row['fused static'])} | {' | '.join(cells)} |")
    return "\n".join(text)


def main(what, python=None):
    """Measure, and print what is new."""
    python = python or None
    if what == "passes":
        passes(python)
        print(f"\nMXNet {LINES[LINE]}: times of ours, by which those of others are divided\n")
        print(table(read(LINE), max(THREADS), "both"))
    else:
        steps(python)
        print(table_of_steps(read("steps")))


if __name__ == "__main__":
    main(*sys.argv[1:])
