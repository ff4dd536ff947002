"""The time of every block beside MXNet's own, forwards and backwards.

    make speed      # both lines of MXNet; prints a table for each and keeps the numbers in docs/data/

What is timed is a forward and a backward pass over float32 elements, eager and hybridized (static_alloc,
static_shape), on the device that CTX names. The floor is MXNet's own relu: it reads and writes each element once.
All blocks take turns, so that whatever else the machine does falls on each alike; what counts is the median.
"""

import inspect
import os
import statistics
import time

import mxnet as mx
from mxnet.gluon import nn
from tqdm import trange

from gluon_activations import CATALOG, context
from tools import measured
from tools.measured import LINE, LINES
from tools.wording import UNMEASURED

SIZES = {10**4: 20, 10**6: 1}  # number of elements: how many passes are timed as one
WAYS = ("eager", "hybridized")
ROUNDS = 21
FLOOR = "floor"


def makers():
    """What makes each block, ours and MXNet's own, and the floor."""
    found = {FLOOR: lambda: nn.Activation("relu")}
    for name in names():
        entry = CATALOG[name]
        found[f"{name} ours"] = entry.block
        if entry.builtin and LINE in entry.builtin.lines:
            found[f"{name} mxnet"] = entry.builtin.make
    return found


def names():
    """Activations that need not be told how many units to have: those that are no layers."""
    missing = inspect.Parameter.empty
    return [
        name for name, entry in CATALOG.items() if all(p.default is not missing for p in entry.parameters.values())
    ]


def step(block, way, size, device):
    """A function that runs a new block forwards and backwards once, and waits for the gradient."""
    x = mx.np.random.normal(size=(size // 100, 100), ctx=device)
    x.attach_grad()
    block.initialize(ctx=device)
    if way == "hybridized":
        block.hybridize(static_alloc=True, static_shape=True)

    def run():
        with mx.autograd.record():
            y = block(x)
        y.backward()
        x.grad.wait_to_read()

    return run


def seconds(steps, passes, rounds=ROUNDS):
    """The median time of one pass of each step; they take turns, and the first round is left out."""
    found = {name: [] for name in steps}
    for turn in trange(rounds + 1, leave=False):
        for name, run in steps.items():
            start = time.perf_counter()
            for _ in range(passes):
                run()
            if turn:
                found[name].append((time.perf_counter() - start) / passes)
    return {name: statistics.median(times) for name, times in found.items()}


def measure(sizes=SIZES, rounds=ROUNDS):
    """Seconds of every block on the MXNet at hand: {"relu ours hybridized 10000": 1.2e-5}."""
    mx.npx.set_np()
    device, rows = context(os.environ.get("CTX") or "cpu"), {}
    for size, passes in sizes.items():
        for way in WAYS:
            steps = {name: step(make(), way, size, device) for name, make in makers().items()}
            rows |= {f"{name} {way} {size}": taken for name, taken in seconds(steps, passes, rounds).items()}
    return rows


def table(rows):
    """The ratios in Markdown: to the floor, and to MXNet's own block."""
    head = [f"{size:,} elements, {way}" for size in SIZES for way in WAYS]
    text = ["| activation | " + " | ".join(head) + " |", "|---" * (len(head) + 1) + "|"]
    for name in names():
        cells = [_ratios(rows, name, f"{way} {size}") for size in SIZES for way in WAYS]
        text.append(f"| {name} | " + " | ".join(cells) + " |")
    floor = [f"{rows[f'{FLOOR} {way} {size}'] * 1e6:.0f} µs" for size in SIZES for way in WAYS]
    return "\n".join([*text, f"| the floor itself | {' | '.join(floor)} |"])


def _ratios(rows, name, how):
    ours, own = rows.get(f"{name} ours {how}"), rows.get(f"{name} mxnet {how}")
    if ours is None:
        return UNMEASURED
    floor = f"{ours / rows[f'{FLOOR} {how}']:.1f}"
    return f"{floor} ({ours / own:.1f})" if own else floor


def main():
    """Measure, keep the numbers, and print the table."""
    rows = measure()
    measured.write("speed", LINE, rows)
    print(f"\nMXNet {LINES[LINE]}: time of a block by the floor's (and by that of MXNet's own)\n\n{table(rows)}")


if __name__ == "__main__":
    main()
