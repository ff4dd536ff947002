"""The page that ranks frameworks and activations by how right they are in float32."""

import math

import matplotlib.pyplot as plt
import numpy

from benchmarks import accuracy, curves
from gluon_activations import CATALOG, activations, array, derivative
from gluon_activations.plots import PALETTE, panels, tidy
from tools.measured import LINE, LINES
from tools.wording import number

from . import pictures, tables, ulps
from .errors import units

NEAR = 16  # the second table is of abs(x) below it, a power of 2
PAGE = """---
html_theme.sidebar_secondary.remove: true
---

# What frameworks really compute

{headline}

Each elementwise activation was computed in float32 at {count} numbers over the whole range, value and gradient,
and compared with double precision, which itself is checked against fifty digits. An error is counted in *units
in the last place* of the true result: half a unit is what rounding it costs, and from eight millions on no digit
is right. Each [page of the atlas](atlas/index.md) draws its errors against x.

## Who is how right

{ranked}

Most lost digits lie in tails, where the true result is tiny beside 1. That is harmless when it is added to
something larger, and wrong when a logarithm is taken of it, or something is divided by it.

## Every activation, all x

{everywhere}

## Every activation, −{near} to {near}

Where nets live. The errors are here rounded to half units, and from 10 on to one digit.

{near_zero}

## How it was measured

On {date}, on {processor}: {versions}. `make curves FRAMEWORKS=path/to/python` measures it anew, and writes
`docs/data/ulps-*.json`.

* Every {step}th number of float32 was asked. Subnormal ones are left out, and kinks: slopes there are a
  convention.
* Where the true result is too small for a normal number of float32, any result as small counts as right.
* Near a minimum the gradient passes 0, and the rounding of x alone moves it: there the unit is that move.
* Ours was measured on MXNet 1.9.1. How it does on 2.0.0b1 is in the tables of the atlas.
* MXNet has blocks of its own for {old} of the {all} activations on 1.9.1 and for {new} on 2.0.0b1. Of PyTorch and
  JAX it is what their users call or, marked *, an expression where there is no function.

{loaded}
"""


HEADLINE = """
**The gradient of MXNet's own {title} has the wrong sign** for every x below {last}, in {lines}: there, training
with `{code}` moves x the wrong way. At {at} its gradient is {theirs}; {right} is right ([what to use
instead](errors_in_mxnet.md)).

```{{figure}} _static/atlas/wrong_sign.svg
:alt: Two curves of the gradient of {title}. The true one stays above 0. MXNet's is below it left of {last}.
:class: adapts
:name: picture-wrong-sign

The gradient of {title}, true and by `{code}` of MXNet {line}; in the shaded part its sign is wrong.
```
"""


def write(stage):
    """Write the page and its picture into the staged sources."""
    name = headliner()
    with plt.rc_context(pictures.STYLE):
        _picture(name).savefig(stage / "_static" / "atlas" / "wrong_sign.svg", **pictures.SAVE)
        plt.close("all")
    (stage / "what_frameworks_compute.md").write_text(page(name), encoding="utf-8")


def page(name):
    """The page, in MyST Markdown; ``name`` makes the headline."""
    machines = [rows["machine"] for rows in map(ulps.read, (*LINES, "frameworks")) if rows]
    versions = {title: version for machine in machines for title, version in machine["versions"].items()}
    versions["MXNet"] = " and ".join(LINES.values())
    names = activations("elements")
    old, new = (sum(bool(system.rows(n)) for n in names) for system in ulps.systems() if system.whose == "mxnet")
    return PAGE.format(
        headline=_headline(name),
        loaded=tables.LOADED.format(root=""),
        count=f"{len(curves.inputs(name)):,}".replace(",", " "),
        ranked=_ranked(),
        everywhere=_table(_largest, "over all of float32"),
        near_zero=_table(_largest_near, f"for abs(x) below {NEAR}"),
        near=NEAR,
        date=" and ".join(sorted({machine["date"] for machine in machines})),
        processor=" and ".join(sorted({machine["processor"] for machine in machines})),
        versions=", ".join(f"{title} {version}" for title, version in versions.items()),
        step=accuracy.STEP,
        old=old,
        new=new,
        all=len(names),
    )


# -- the headline ------------------------------------------------------------------------------


def headliner():
    """The activation of whose gradient MXNet has the most wrong signs."""
    (mxnet,) = [system for system in ulps.systems() if (system.file, system.whose) == (LINE, "mxnet")]
    wrong = {n: mxnet.rows(n)["slope"].get("wrong", [0])[0] for n in activations("elements") if mxnet.rows(n)}
    return max(wrong, key=wrong.get)


def _headline(name):
    entry, own = CATALOG[name], CATALOG[name].builtin
    last = max(system.rows(name)["slope"]["wrong"][2] for system in ulps.systems() if system.whose == "mxnet")
    at = math.floor(last) - 1.0
    theirs, right = (float(derivative(of, array([at])).asnumpy()[0]) for of in (own.make(), name))
    return HEADLINE.strip().format(
        title=entry.title,
        code=own.code,
        last=number(last, 3),
        lines=" and ".join(LINES[line] for line in own.lines),
        at=number(at),
        theirs=number(theirs, 3),
        right=number(right, 3),
        line=LINES[LINE],
    )


def _picture(name):
    """The true gradient and MXNet's own, shaded where the signs differ."""
    xs = numpy.linspace(-8, 2, 1001)
    right, theirs = (
        derivative(of, array(xs, dtype="float64")).asnumpy() for of in (name, CATALOG[name].builtin.make())
    )
    figure, ax = panels()
    wrong = {"where": right * theirs < 0, "transform": ax.get_xaxis_transform()}
    ax.fill_between(xs, 0, 1, **wrong, color=PALETTE[1], alpha=0.2, linewidth=0)
    ax.axhline(0, color="#8C8C8C", linewidth=0.8)
    ax.plot(xs, right, color=PALETTE[0], label="true gradient")
    ax.plot(xs, theirs, color=PALETTE[1], linestyle="--", label=f"MXNet {LINES[LINE]}")
    ax.set(xlim=(xs[0], xs[-1]), xlabel="input x", ylabel=f"gradient of {CATALOG[name].title}")
    tidy(ax).legend(frameon=False, loc="upper left")
    return figure


# -- the tables --------------------------------------------------------------------------------


RANKED = ("whose", "activations", "right to 1 unit", f"to {ulps.GOOD:g} units")
RANKED += ("no digit right somewhere", "wrong sign somewhere", "nan somewhere")


def _ranked():
    """How many activations each has, and how many of them are right."""
    rows = []
    for system in ulps.systems():
        names = filter(system.has, activations("elements"))
        of = [found.values() for found in map(system.rows, names) if found]
        if not of:  # not measured yet
            continue
        worst = [max(row["worst"][0] for row in found) for found in of]
        right = [sum(error <= limit for error in worst) for limit in (1, ulps.GOOD)]
        lost = sum(error >= ulps.LOST for error in worst)
        marked = [sum(any(what in row for row in found) for found in of) for what in ("wrong", "nan")]
        rows.append([system.title, len(of), *right, lost, *marked])
    rows.sort(key=lambda row: -row[3] / row[1])
    caption = "How many activations each has. One counts by the larger error of value and gradient, over all x."
    return tables.sortable(RANKED, rows, caption)


def _largest(row):
    return row["worst"][0], "wrong" in row, "nan" in row


def _largest_near(row):
    ends, steps = ulps.ends(), curves.unpacked(row["errors"])
    near = [step for step, low, high in zip(steps, ends, ends[1:]) if max(-low, high) <= NEAR]
    errors, signs = zip(*near)
    return max(error for error in errors if not math.isnan(error)), any(signs), any(map(math.isnan, errors))


def _table(largest, where):
    """Largest errors of each activation in each framework, the worst activation first."""
    systems, rows = ulps.systems(), []
    for name in activations("elements"):
        found, cells, worst = ulps.of(name), [], 0.0
        for system in systems:
            parts = [largest(row) for row in found[system].values()] if system in found else []
            cells.append(_cell(parts, system.mark(name)) if parts else "–")
            worst = max([worst, *(error for error, _, _ in parts)])
        title = CATALOG[name].title
        rows.append((worst, [(f'<a href="atlas/{name}.html">{title}</a>', title.lower()), *cells]))
    rows.sort(key=lambda row: -row[0])
    heads = ["activation", *(system.title for system in systems)]
    caption = (
        f"Largest error of value / gradient {where}, in units in the last place. "
        "± marks a wrong sign, * an expression."
    )
    return tables.sortable(heads, [row for _, row in rows], caption)


def _cell(parts, mark):
    """Value and gradient in a cell, sorted by the larger error."""
    words = [("nan" if nan else units(error)) + " ±" * sign for error, sign, nan in parts]
    return " / ".join(words) + mark, max(error for error, _, _ in parts)
