"""The page of times: what `make bench` measured on both lines of MXNet, of passes and of training steps."""

import matplotlib.pyplot as plt
from matplotlib.lines import Line2D

from benchmarks import bench, nets
from gluon_activations import CATALOG
from gluon_activations.plots import PALETTE, panels, tidy
from tools.measured import LINES

from . import pictures

PAGE = """---
html_theme.sidebar_secondary.remove: true
---

# What being right costs in time

With compiled kernels an activation is one pass over memory, right to half a unit in the last place; composed of
MXNet's own operators, which is the fallback where there is no compiler, each step of a stable formula is a pass of
its own. `make bench` measures both beside MXNet's own blocks, PyTorch and JAX.

{picture}

The first column of a table is the time of ours, called eagerly; every other number is a *ratio to that*: 2.00 is
twice as long as ours, and less than 1 is faster. All contenders of a row take turns, each library in a process of
its own, and what counts is the median of at least {turns} turns: the machine had other work too, so that times are
long, and a ratio within {chance:g} of 1 is no difference. Where a table has "–", MXNet has no such block, or it
was left out: of the ten million elements, which one line of MXNet alone is given, most see the hybridized block;
PyTorch is compiled for a million elements and more, on two threads. {machine}

{lines}

## Whole training steps

One step of gradient descent with momentum, on two threads, on MXNet 1.9.1: MobileNet at a quarter of its width, on
{pictures} pictures of {side} by {side}, and a block of a transformer, {width} wide, on {texts} texts of {tokens}
tokens. Ours and composed are hybridized; PyTorch is eager.

{steps}
"""

LINE = """## MXNet {title}

### {large} elements, forwards and backwards, on two threads

{large_table}

{faster}

### Few elements

Here the calls themselves take the time, forwards and backwards, on two threads.

{small_table}

### What is kept for the backward pass

Beyond input and result, in arrays of the input's size, eagerly.

{memory}

### All of it

{rest}
"""
SMALL = (10**3, 10**4)
SHOWN = ("silu", "gelu", "mish", "tanh")  # in the picture
CURVES = {
    "fused eager": ("ours", PALETTE[0], "-"),
    "composed static": ("composed", PALETTE[7], "-"),
    "torch eager": ("PyTorch", PALETTE[1], "-"),
    "jax jitted": ("JAX", PALETTE[3], "-"),
    "gluon static": ("MXNet's own", PALETTE[2], "-"),
    "copy eager": ("a copy", PALETTE[4], ":"),
}


def write(stage):
    """Write the page and its picture into the staged sources."""
    rows = {line: bench.read(line) for line in LINES}
    (batch, _, side, _), (texts, tokens, width) = nets.SHAPES.values()
    with plt.rc_context(pictures.STYLE):
        picture(rows["1.9"]).savefig(stage / "speed.svg", **pictures.SAVE)
        plt.close("all")
    text = PAGE.format(
        picture=f"```{{figure}} speed.svg\n:alt: {words(rows['1.9'])}\n:class: adapts\n:name: picture-speed\n\n"
        "Time of one element, forwards and backwards, on two threads, MXNet 1.9.1, on logarithmic axes.\n```",
        turns=min(bench.TURNS.values()),
        chance=bench.CHANCE,
        machine=_machine([*rows.values(), bench.read("steps")]),
        lines="\n\n".join(_line(rows[line], line) for line in LINES if rows[line]),
        steps=bench.table_of_steps(bench.read("steps")),
        pictures=batch,
        **{"side": side, "texts": texts, "tokens": tokens, "width": width},
    )
    (stage / "speed.md").write_text(text, encoding="utf-8")


def _machine(measured):
    """When and where, for each measurement; once where they are the same."""
    found = [of["machine"] for of in measured if of]
    versions = {part: None for of in found for part in of["versions"].split(", ")}
    dates = " and ".join(sorted({of["date"] for of in found}))
    return f"Measured on {dates}, on {found[0]['processor']}: {', '.join(versions)}."


def _line(rows, line):
    rest = []
    said = {key: bench.where_faster(rows, key) for key in ("torch eager", "jax jitted")}
    for threads in bench.THREADS:
        for direction, title in zip(bench.DIRECTIONS, ("forwards", "forwards and backwards")):
            head = f"{title}, on {('one thread', 'two threads')[threads - 1]}"
            rest.append(f":::{{dropdown}} {head.capitalize()}\n{bench.table(rows, threads, direction)}\n:::")
    return LINE.format(
        title=LINES[line],
        large=bench.power(bench.sizes(line)[-1]),
        large_table=bench.table(rows, 2, "both", bench.sizes(line)[-1:]),
        faster="\n".join(
            f"* {bench.COLUMNS[key]} is faster than ours (forwards and backwards, two threads) {where}."
            for key, where in said.items()
            if where
        ),
        small_table=bench.table(rows, 2, "both", SMALL),
        memory=bench.table_of_memory(rows),
        rest="\n\n".join(rest),
    )


def _curve(rows, name, key):
    """Sizes, and nanoseconds for one element."""
    found = [(size, rows.get(f"{name} {size} 2 both", {}).get(key)) for size in bench.SIZES]
    return [(size, 1e9 * seconds / size) for size, seconds in found if seconds]


def picture(rows):
    """Time of one element, by the number of elements."""
    figure, axes = panels(2, 2, sharex=True, sharey=True)
    for ax, name in zip(axes.flat, SHOWN):
        for key, (_, color, dashes) in CURVES.items():
            points = _curve(rows, name, key)
            if points:
                ax.plot(*zip(*points), color=color, linestyle=dashes, marker="o", markersize=3)
        tidy(ax).set(xscale="log", yscale="log", title=CATALOG[name].title)
    for ax in axes[1]:
        ax.set_xlabel("elements")
    for ax in axes[:, 0]:
        ax.set_ylabel("ns for one element")
    handles = [
        Line2D([], [], color=color, linestyle=dashes, label=label) for label, color, dashes in CURVES.values()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def words(rows):
    """What the picture shows, for those who do not see it."""
    parts = []
    for name in SHOWN:
        row = rows.get(f"{name} {bench.LARGE} 2 both", {})
        found = {CURVES[key][0]: bench.times(row[key]) for key in CURVES if key in row}
        parts.append(f"{CATALOG[name].title}: {', '.join(f'{who} {time}' for who, time in found.items())}")
    return f"Four panels. The times for ten million elements. {'; '.join(parts)}."
