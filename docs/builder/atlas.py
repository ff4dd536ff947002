"""The atlas: one page for each activation, written from the catalog and from what was measured."""

import json
import re
from fractions import Fraction
from pathlib import Path

import numpy
import pictures
import yaml
from readme import address, interval

from gluon_activations import CATALOG, blocks, derivative, evaluate, functional, ops
from gluon_activations.catalog import FAMILIES

DATA = Path(__file__).resolve().parents[1] / "data"
LINES = ("1.9", "2.0")
CENTRE = 20  # as benchmarks/accuracy.py has it


def write(stage):
    """Write all pages and their pictures into the staged sources."""
    folder = stage / "atlas"
    folder.mkdir(exist_ok=True)
    pictures.write(folder, stage / "_static" / "atlas")
    frameworks = yaml.safe_load((DATA / "frameworks.yml").read_text(encoding="utf-8"))
    measured = {line: json.loads((DATA / f"accuracy-{line}.json").read_text()) for line in LINES}
    faults = {line: json.loads((DATA / f"faults-{line}.json").read_text()) for line in LINES}
    chapters = _chapters(stage / "notebooks")
    near = _relatives()
    for name in CATALOG:
        text = page(name, frameworks.get(name, {}), measured, faults, chapters, near[name])
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "index.md").write_text(index(), encoding="utf-8")
    (folder / "_gallery.txt").write_text(gallery(""), encoding="utf-8")


def page(name, frameworks, measured, faults, chapters, near):
    """The page of one activation, in MyST Markdown."""
    entry = CATALOG[name]
    parts = [
        f"# {entry.title}",
        _lead(name),
        _picture(name),
        "## Formula\n\n" + _formulas(entry),
        "## Properties\n\n" + _properties(name),
        "## In your net\n\n" + _code(name),
        "## In MXNet itself\n\n" + _builtin(name, measured, faults),
        "## In other frameworks\n\n" + _frameworks(frameworks),
        "## Relatives\n\n" + _nearest(name, near),
        "## Where it is taught\n\n" + _taught(entry, chapters),
        "## Papers\n\n" + _papers(entry),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def gallery(root):
    """Small pictures of all activations, each a link to its page; ``root`` leads to the site's first folder."""
    rows = []
    for family in FAMILIES:
        rows.append(f'<h2 class="gallery-family">{family.capitalize()}</h2>\n<ul class="gallery">')
        for name, entry in CATALOG.items():
            if entry.family == family:
                picture = f'<img class="adapts" src="{root}_static/atlas/{name}.svg" width="120" height="90"'
                picture += f' loading="lazy" alt="{pictures.words(name)}">'
                rows.append(f'<li><a href="{root}atlas/{name}.html">{picture}{entry.title}</a></li>')
        rows.append("</ul>")
    return "```{raw} html\n" + "\n".join(rows) + "\n```"


INDEX = """---
html_theme.sidebar_secondary.remove: true
---

# Atlas of activations

One page for each activation: picture, formula, properties, what MXNet has and how wrong it is, the names in
other frameworks, papers, and the pages where it is taught. Values are solid, gradients dashed.

{gallery}

## Side by side

{table}

```{{toctree}}
:hidden:

{names}
```
"""


def index():
    """The list of all pages."""
    return INDEX.format(gallery=gallery("../"), table=_table(), names="\n".join(CATALOG))


def _table():
    rows = ["| activation | range | minimum | monotonic | kinks | steepest slope | gain |", "|" + "---|" * 7]
    for name, entry in CATALOG.items():
        cells = [
            f"[{entry.title}]({name}.md)",
            interval(entry),
            f"{number(entry.minimum[1])} at {number(entry.minimum[0])}" if entry.minimum else "–",
            "yes" if entry.monotonic else "no",
            ", ".join(map(number, entry.kinks)) or "–",
            number(entry.lipschitz),
            number(entry.gain),
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


# -- numbers as a reader wants them ------------------------------------------------------------


def number(value, digits=4):
    """A number with a true minus, an infinity sign, and no more digits than help."""
    if numpy.isnan(value):
        return "nan"
    if numpy.isinf(value):
        return "∞" if value > 0 else "−∞"
    return minus(re.sub(r"e([+-])0*", r"e\1", f"{value:.{digits}g}"))


def minus(text):
    """A text whose numbers have a true minus."""
    return re.sub(r"(?<![\w.])-(?=\d)|(?<=\de)-(?=\d)", "−", text)


# -- the parts of a page -----------------------------------------------------------------------


def _lead(name):
    entry = CATALOG[name]
    first = ""
    if hasattr(functional, name):
        first = " ".join(getattr(functional, name).__doc__.split("\n\n")[0].split())
        first = re.sub(r"``(.*?)``", r"`\1`", first) + " "
    where = f"[{entry.family}](../notebooks/{FAMILIES[entry.family]}.ipynb)"
    block = f"`{entry.builtin.code}` of MXNet itself" if entry.builtin else ""
    if _ours(entry):
        block = f"{{py:class}}`~gluon_activations.{entry.title}`"
    who = "It" if first else entry.title
    return f"{first}{who} belongs to the {where}; its block is {block}, its name in the catalog `{name}`."


def _ours(entry):
    return isinstance(entry.block, type) and entry.block.__module__ == blocks.__name__


def _picture(name):
    entry = CATALOG[name]
    marks = []
    if entry.kinks:
        what = "jump" if numpy.isinf(entry.lipschitz) else "kink"
        marks.append(f"discs mark the {what}s" if len(entry.kinks) > 1 else f"a disc marks the {what}")
    if entry.minimum:
        marks.append("a triangle marks the minimum")
    more = f"; {' and '.join(marks)}" if marks else ""
    turn = "Turn its knobs" if entry.forms else "See it"
    return (
        f"```{{figure}} {name}.svg\n:alt: {pictures.words(name)}\n:class: adapts\n:name: picture-{name}\n\n"
        f"{entry.title} (solid) and its gradient (dashed){more}.\n```\n\n"
        f'```{{raw}} html\n<p><a href="../explorer.html#curve={name}">{turn} in the explorer</a></p>\n```'
    )


def _formulas(entry):
    text = f"$$f(x) = {entry.formula}$$\n\n$$f'(x) = {entry.derivative}$$"
    if entry.name == "selu":
        alpha, scale = functional.SELU_ALPHA, functional.SELU_LAMBDA
        text += f"\n\nwith $\\alpha \\approx {alpha:.10f}$ and $\\lambda \\approx {scale:.10f}$."
    if entry.knobs:
        values = ", ".join(f"${knob.symbol} = {_default(knob)}$ (`{knob.name}`)" for knob in entry.knobs)
        form = entry.forms[0]
        text += (
            f"\n\nThat is for the default, {values}. With {'it' if len(entry.knobs) == 1 else 'them'} left open:"
        )
        text += f"\n\n$$f(x) = {form.formula}$$\n\n$$f'(x) = {form.derivative}$$"
    elif entry.forms:
        for form in entry.forms[1:]:
            chosen = ", ".join(f'`{key}="{value}"`' for key, value in form.choices)
            text += f"\n\nWith {chosen}:\n\n$$f(x) = {form.formula}$$\n\n$$f'(x) = {form.derivative}$$"
    return text


def _default(knob):
    """A default as one writes it: 0.01, or 1/6."""
    text = f"{knob.default:.4g}"
    return text if float(text) == knob.default else str(Fraction(knob.default).limit_denominator(100))


def _properties(name):
    entry = CATALOG[name]
    slopes = derivative(name, ops.array(entry.kinks)).asnumpy() if entry.kinks else ()
    kinks = [f"x = {number(x)}, with slope {number(slope)}" for x, slope in zip(entry.kinks, slopes)]
    why = "layers with it keep the mean square of normal inputs ([why](../notebooks/07_follow_the_gradient.ipynb))"
    rows = {
        "range": interval(entry),
        "minimum": _minimum(entry),
        "monotonic": "yes" if entry.monotonic else "no",
        "centred on zero": "yes: an odd function" if entry.zero_centred else "no",
        "jump" if numpy.isinf(entry.lipschitz) else "kinks": "; ".join(kinks) or "none",
        "steepest slope": number(entry.lipschitz, 10) + (" (a jump)" if numpy.isinf(entry.lipschitz) else ""),
        "gain": f"{number(entry.gain, 10)}: {why}",
    }
    return "| property | value |\n|---|---|\n" + "\n".join(f"| {what} | {value} |" for what, value in rows.items())


def _minimum(entry):
    if entry.minimum:
        return "{1} at x = {0}".format(*(number(v, 10) for v in entry.minimum))
    return without_minimum(entry)


def without_minimum(entry):
    """What is said of the lowest value of an activation that has it at no single point."""
    low = entry.range[0]
    if numpy.isinf(low):
        return "none: it falls without end"
    return (
        f"{number(low)}, all along a flat piece"
        if entry.attained[0]
        else f"none: it only comes near {number(low)}"
    )


def _code(name):
    entry = CATALOG[name]
    knobs = "".join(f", {knob.name}={_default(knob)}" for knob in entry.knobs)
    build = f'get_activation("{name}"{knobs})'
    if _ours(entry):
        uses, call = f"{entry.title}, visualize_activation", f"{entry.title}()"
    else:
        uses, call = "get_activation, visualize_activation", build
    text = (
        f"```python\nfrom gluon_activations import {uses}\nfrom mxnet.gluon import nn\n\n"
        f'net = nn.HybridSequential()\nnet.add(nn.Dense(64), {call})\nvisualize_activation("{name}")\n```'
    )
    if _ours(entry) and entry.knobs:
        text += f"\n\nBy name, with its parameter{'s' if len(entry.knobs) > 1 else ''}: `{build}`."
    if hasattr(functional, name):
        text += f"\n\nAs a function of an array: {{py:func}}`gluon_activations.functional.{name}`."
    return text


def _builtin(name, measured, faults):
    entry = CATALOG[name]
    if entry.builtin is None:
        operator = _examples(f"nd.{name}", faults["1.9"])
        only = f"; there is an operator, `nd.{name}`, with other defaults" if operator else ""
        return f"Gluon has no block for it{only}." + operator + _errors(name, measured)
    where = "on both lines" if len(entry.builtin.lines) > 1 else f"on {entry.builtin.lines[0]} only"
    if not entry.builtin.fault:
        return f"`{entry.builtin.code}`, {where}. No fault was found in it." + _errors(name, measured)
    fault = f"Wrong: {minus(entry.builtin.fault)} ([all errors found in MXNet](../errors_in_mxnet.md))."
    # Its wrong numbers on the first line of MXNet that has it.
    examples = _examples(entry.builtin.code, faults[entry.builtin.lines[0]])
    return f"`{entry.builtin.code}`, {where}. {fault}" + examples + _errors(name, measured)


def _examples(code, faults):
    """A table of the numbers that some code of MXNet's gets wrong."""
    rows = []
    for key, numbers in sorted(faults.items(), key=_place):
        if key.startswith(f"{code} "):
            what, dtype, x = key.removeprefix(f"{code} ").split()
            got, truth = (float(numbers[whose]) for whose in ("mxnet", "truth"))
            digits = 10 if abs(got - truth) < 1e-3 * abs(truth) else 4
            rows.append(
                f"| {what} at {number(float(x))}, {dtype} | {number(got, digits)} | {number(truth, digits)} |"
            )
    return "\n\n| for example | it gives | the truth |\n|---|---|---|\n" + "\n".join(rows) if rows else ""


def _place(item):
    """Values before gradients, and from 0 outwards."""
    what, _, x = item[0].split()[-3:]
    return what != "value", abs(float(x))


ERRORS = """

The largest error in float32, in units in the last place, where the size of x is at most {centre}, and over
all numbers (`make accuracy`):

| MXNet | whose | value, small x | gradient, small x | value, all x | gradient, all x |
|---|---|---|---|---|---|
{rows}"""
LOST = "\n\nMillions of units mean that no digit is left, as in a tail tiny beside what it was computed from."


def _errors(name, measured):
    rows, worst = [], 0.0
    for line, found in measured.items():
        for whose, title in (("ours", "ours"), ("mxnet", "its own")):
            pair = [found.get(f"{name} {whose} float32 {what}") for what in ("value", "slope")]
            if all(pair):
                errors = [float(error[which]) for which in (0, 1) for error in pair]
                worst = max(worst, *errors)
                rows.append(f"| {line} | {title} | " + " | ".join(map(_units, errors)) + " |")
    if not rows:
        return ""
    return ERRORS.format(centre=CENTRE, rows="\n".join(rows)) + (LOST if worst >= 1e6 else "")


def _units(error):
    if error < 1000 or numpy.isinf(error):
        return "∞" if numpy.isinf(error) else f"{error:.1f}"
    digit, power = f"{error:.0e}".split("e")
    return f"{digit} · 10<sup>{int(power)}</sup>"


def _frameworks(frameworks):
    if not frameworks:
        return "Not looked up yet."
    rows = []
    for framework, found in frameworks.items():
        calls = [f"[`{found['call']}`]({found['link']})"] if found.get("call") else ["has none"]
        if found.get("function"):
            calls.append(f"[`{found['function']}`]({found['function_link']})")
        if found.get("same_as_ours"):
            calls.append(f"for the curve of this page: `{found['same_as_ours']}`")
        if found.get("note"):
            calls.append(minus(found["note"]))
        rows.append(f"| {framework} | {'<br>'.join(calls)} |")
    return "| framework | name and defaults |\n|---|---|\n" + "\n".join(rows)


def _nearest(name, near):
    rows = [f"| [{CATALOG[other].title}]({other}.md) | {number(gap, 3)} |" for other, gap in near]
    kin = [other for other, entry in CATALOG.items() if entry.family == CATALOG[name].family and other != name]
    family = ", ".join(f"[{CATALOG[other].title}]({other}.md)" for other in kin)
    return (
        "The nearest curves, by the root mean square of the difference for standard normal inputs:\n\n"
        "| activation | difference |\n|---|---|\n" + "\n".join(rows) + f"\n\nIn the same family: {family}."
    )


def _taught(entry, chapters):
    main = FAMILIES[entry.family]
    rows = [f"* [{chapters[main][0]}](../notebooks/{main}.ipynb), the chapter of its family"]
    for page, (title, text) in chapters.items():
        if page != main and _speaks_of(text, entry.name):
            rows.append(f"* [{title}](../notebooks/{page}.ipynb)")
    return "\n".join(rows)


def _papers(entry):
    rows = []
    for paper in entry.papers:
        where = f"{paper.link[0].upper()}{paper.link[1:]}."
        if address(paper):
            where = f"[{'Text' if paper.link.startswith('https:') else paper.link}]({address(paper)})"
        rows.append(f"* {paper.authors} ({paper.year}). *{paper.title}*. {where}")
    return "\n".join(rows) or "None is known to us as its origin."


# -- what is computed from the whole -----------------------------------------------------------


def _relatives(count=3):
    """For each activation the nearest others, with their distance for standard normal inputs."""
    grid = numpy.linspace(-8, 8, 32001)
    weights = numpy.exp(-(grid**2) / 2)
    weights /= weights.sum()
    values = {name: evaluate(name, ops.array(grid))[0].asnumpy().astype(float) for name in CATALOG}

    def distance(name, other):
        return float(numpy.sqrt((weights * (values[name] - values[other]) ** 2).sum()))

    others = {
        name: sorted((distance(name, other), other) for other in CATALOG if other != name) for name in CATALOG
    }
    return {name: [(other, gap) for gap, other in found[:count]] for name, found in others.items()}


def _chapters(folder):
    """Title and text of each notebook, in the order of the collection."""
    found = {}
    for path in sorted(folder.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
        found[path.stem] = text.partition("\n")[0].lstrip("# "), text
    return found


def _speaks_of(text, name):
    """Whether a chapter names an activation often enough to be worth a look."""
    pattern = rf"(?<![\w.]){name.replace('_', '[ _-]?')}(?!\w)"
    return len(re.findall(pattern, text, re.IGNORECASE)) >= 5
