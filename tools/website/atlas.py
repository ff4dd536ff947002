"""The atlas: one page for each activation, written from the catalog and from what was measured."""

import inspect
import math
import re
from fractions import Fraction

import numpy

from benchmarks import accuracy
from gluon_activations import CATALOG, activations, array, derivative, evaluate, functional
from gluon_activations.catalog import FAMILIES
from tools import measured
from tools.chapters import CHAPTERS
from tools.measured import CENTRE
from tools.wording import UNMEASURED, VECTORS, interval, letter, minus, number, reference

from . import advice, explorer, frameworks, pictures, synonyms


def write(stage, chapters):
    """Write all pages and their pictures into the staged sources; ``chapters`` are title and text by page."""
    folder = stage / "atlas"
    folder.mkdir(exist_ok=True)
    pictures.write(folder, stage / "_static" / "atlas")
    errors, faults = (
        {line: measured.read(kind, line) for line in measured.LINES} for kind in ("accuracy", "faults")
    )
    errors["frameworks"] = measured.read("accuracy", "frameworks")
    compared = measured.read("frameworks", "results")
    near = relatives()
    for name in CATALOG:
        text = page(name, compared, errors, faults, chapters, near.get(name, []))
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "index.md").write_text(index(compared), encoding="utf-8")
    (folder / "_gallery.txt").write_text(gallery(""), encoding="utf-8")


def page(name, compared, errors, faults, chapters, near):
    """The page of one activation, in MyST Markdown."""
    entry = CATALOG[name]
    parts = [
        f"# {entry.title}",
        synonyms.index(name),
        _lead(entry),
        synonyms.line(name),
        advice.given(name),
        advice.used(name),
        _picture(entry),
        "## Formula\n\n" + _formulas(entry),
        "## Properties\n\n" + _properties(entry),
        "## In your net\n\n" + _code(entry),
        "## In MXNet itself\n\n" + _builtin(entry, errors, faults),
        "## In other frameworks\n\n" + frameworks.table(entry, compared),
        "## Relatives\n\n" + _nearest(entry, near),
        "## Where it is taught\n\n" + _taught(entry, chapters),
        "## Papers\n\n" + _papers(entry),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def gallery(root):
    """Small pictures of all activations, each a link to its page; ``root`` leads to the site's first folder."""
    rows = []
    for family in FAMILIES:
        rows.append(f'<h2 class="gallery-family">{family.capitalize()}</h2>\n<ul class="gallery">')
        for name, entry in CATALOG.items():
            if entry.family == family:
                rows.append(f'<li><a href="{root}atlas/{name}.html">{_small(root, entry)}{entry.title}</a></li>')
        rows.append("</ul>")
    return "```{raw} html\n" + "\n".join(rows) + "\n```"


def _small(root, entry):
    if not _is_curve(entry):
        return f'<span class="no-curve">{VECTORS}</span>'
    words = pictures.words(entry.name)
    size = 'width="120" height="90" loading="lazy"'
    return f'<img class="adapts" src="{root}_static/atlas/{entry.name}.svg" {size} alt="{words}">'


INDEX = """---
html_theme.sidebar_secondary.remove: true
---

# Atlas of activations

One page for each activation: when to use it and when not, which models do, picture, formula, properties, what
MXNet has and how wrong it is, the names in other frameworks, papers, and the pages where it is taught. Values are
solid, gradients dashed. What you know by another name is [listed below](#other-names).

{gallery}

## Side by side

{table}

## Other names

{synonyms}

## In other frameworks

{frameworks}

```{{toctree}}
:hidden:

{names}
```
"""


def index(compared):
    """The list of all pages."""
    return INDEX.format(
        gallery=gallery("../"),
        table=_table(),
        synonyms=synonyms.table(),
        frameworks=frameworks.overview(compared),
        names="\n".join(CATALOG),
    )


def _table():
    rows = ["| activation | range | minimum | monotonic | kinks | steepest slope | gain |", "|" + "---|" * 7]
    for name, entry in CATALOG.items():
        cells = ["–"] * 5
        if _is_curve(entry):
            cells = [
                f"{number(entry.minimum[1])} at {number(entry.minimum[0])}" if entry.minimum else "–",
                "yes" if entry.monotonic else "no",
                ", ".join(map(number, entry.kinks)) or "–",
                number(entry.lipschitz),
                number(entry.gain),
            ]
        rows.append("| " + " | ".join([f"[{entry.title}]({name}.md)", interval(entry), *cells]) + " |")
    return "\n".join(rows)


def _is_curve(entry):
    """Whether it acts on each element by itself, so that it has a curve and the facts of one."""
    return entry.acts_on == "elements"


# -- the parts of a page -----------------------------------------------------------------------


def _lead(entry):
    who = entry.title
    first = ""
    if hasattr(functional, entry.name):
        first = " ".join(getattr(functional, entry.name).__doc__.split("\n\n")[0].split())
        first = re.sub(r"``(.*?)``", r"`\1`", first) + " "
        who = "It"
    where = f"[{entry.family}](../notebooks/{CHAPTERS[entry.family]}.ipynb)"
    block = f"{{py:class}}`~gluon_activations.{entry.block.__name__}`"
    return f"{first}{who} belongs to the {where}; its block is {block}, its name in the catalog `{entry.name}`."


def _picture(entry):
    if not _is_curve(entry):
        special = explorer.curves().get(entry.name)
        return _in_explorer(entry, f"See it as a curve, {special['title']},") if special else ""
    marks = []
    if entry.kinks:
        what = "jump" if _jumps(entry) else "kink"
        marks.append(f"discs mark the {what}s" if len(entry.kinks) > 1 else f"a disc marks the {what}")
    if entry.minimum:
        marks.append("a triangle marks the minimum")
    more = f"; {' and '.join(marks)}" if marks else ""
    return (
        f"```{{figure}} {entry.name}.svg\n:alt: {pictures.words(entry.name)}\n:class: adapts\n"
        f":name: picture-{entry.name}\n\n{entry.title} (solid) and its gradient (dashed){more}.\n```\n\n"
        + _in_explorer(entry, "Turn its knobs" if entry.forms else "See it")
    )


def _in_explorer(entry, words):
    return (
        f'```{{raw}} html\n<p><a href="../explorer.html#curve={entry.name}">{words} in the explorer</a></p>\n```'
    )


def _formulas(entry):
    text = _equations(entry)
    if entry.constants:
        values = " and ".join(rf"${letter} \approx {value:.10f}$" for letter, value in entry.constants.items())
        text += f"\n\nwith {values}."
    lettered = {name: parameter for name, parameter in entry.parameters.items() if parameter.letter}
    values = ", ".join(f"${p.letter} = {_default(p)}$ (`{name}`)" for name, p in lettered.items())
    if lettered and entry.forms:
        left = "it" if len(lettered) == 1 else "them"
        text += f"\n\nThat is for the default, {values}. With {left} left open:\n\n{_equations(entry.forms[0])}"
    elif lettered:
        text += f"\n\nBy default, {values}."
    for form in entry.forms[1:]:
        chosen = ", ".join(f'`{key}="{value}"`' for key, value in form.choices)
        text += f"\n\nWith {chosen}:\n\n{_equations(form)}"
    return text


def _equations(form):
    """Formula and derivative, of an entry or of one of its forms; what acts on vectors may have no derivative."""
    left = "f(x)_i" if "_i" in form.formula else "f(x)"
    text = f"$${left} = {form.formula}$$"
    return f"{text}\n\n$$f'(x) = {form.derivative}$$" if form.derivative else text


def _default(parameter):
    """A default as one writes it: 0.01, or 1/6."""
    if not isinstance(parameter.default, float):
        return repr(parameter.default).replace("'", '"')
    text = f"{parameter.default:.4g}"
    return text if float(text) == parameter.default else str(Fraction(parameter.default).limit_denominator(100))


def _properties(entry):
    if not _is_curve(entry):
        return (
            f"It {VECTORS}: an element of its output depends on several elements of its input. "
            "So it has no curve, and none of the properties of one."
        )
    slopes = derivative(entry.name, array(entry.kinks)).asnumpy() if entry.kinks else ()
    kinks = [f"x = {number(x)}, with slope {number(slope)}" for x, slope in zip(entry.kinks, slopes)]
    why = "layers with it keep the mean square of normal inputs ([why](../notebooks/07_follow_the_gradient.ipynb))"
    rows = {
        "range": interval(entry),
        "minimum": _minimum(entry),
        "monotonic": "yes" if entry.monotonic else "no",
        "centred on zero": "yes: an odd function" if entry.zero_centred else "no",
        "jump" if _jumps(entry) else "kinks": "; ".join(kinks) or "none",
        "steepest slope": _steepest(entry),
        "gain": f"{number(entry.gain, 10)}: {why}",
    }
    return "| property | value |\n|---|---|\n" + "\n".join(f"| {what} | {value} |" for what, value in rows.items())


def _jumps(entry):
    return bool(entry.kinks) and math.isinf(entry.lipschitz)


def _steepest(entry):
    if math.isinf(entry.lipschitz):
        return f"∞ ({'a jump' if _jumps(entry) else 'it grows without end'})"
    return number(entry.lipschitz, 10)


def _minimum(entry):
    if entry.minimum:
        return "{1} at x = {0}".format(*(number(v, 10) for v in entry.minimum))
    return without_minimum(entry)


def without_minimum(entry):
    """What is said of the lowest value of an activation that has it at no single point."""
    low = entry.range[0]
    if math.isinf(low):
        return "none: it falls without end"
    if not entry.attained[0]:
        return f"none: it only comes near {number(low)}"
    return f"{number(low)}, {'all along a flat piece' if entry.monotonic else 'at many places'}"


def _code(entry):
    title = entry.block.__name__
    needed = {name for name, parameter in entry.parameters.items() if _is_required(parameter)}
    call = f"{title}({', '.join(f'{name}=4' for name in entry.parameters if name in needed)})"
    uses, picture = title, ""
    if _is_curve(entry):
        uses, picture = f"{title}, visualize_activation", f'\nvisualize_activation("{entry.name}")'
    text = (
        f"```python\nfrom gluon_activations import {uses}\nfrom mxnet.gluon import nn\n\n"
        f"net = nn.HybridSequential()\nnet.add(nn.Dense(64), {call}){picture}\n```"
    )
    if entry.parameters:
        given = "".join(f", {name}={_value(parameter)}" for name, parameter in entry.parameters.items())
        build = f'get_activation("{entry.name}"{given})'
        text += f"\n\nBy name, with its parameter{'s' if len(entry.parameters) > 1 else ''}: `{build}`."
        rows = [_described(name, parameter) for name, parameter in entry.parameters.items()]
        text += "\n\n| parameter | default | what it is |\n|---|---|---|\n" + "\n".join(rows)
    if hasattr(functional, entry.name):
        text += f"\n\nAs a function of an array: {{py:func}}`gluon_activations.functional.{entry.name}`."
    return text


def _is_required(parameter):
    return parameter.default is inspect.Parameter.empty


def _value(parameter):
    return 4 if _is_required(parameter) else _default(parameter)


def _described(name, parameter):
    sign = letter(parameter.letter)
    shown = f"`{name}`, {sign}" if sign and sign != name else f"`{name}`"
    default = "has to be given" if _is_required(parameter) else f"`{_default(parameter)}`"
    about = re.sub(r"``(.*?)``", r"`\1`", " ".join(parameter.about.split())).replace("|", r"\|")
    return f"| {shown} | {default} | {minus(about)} |"


def _builtin(entry, errors, faults):
    builtin, text = entry.builtin, _errors(entry, errors)
    if builtin is None:
        operator = _examples(f"nd.{entry.name}", faults["1.9"])
        only = f"; there is an operator, `nd.{entry.name}`, with other defaults" if operator else ""
        return f"Gluon has no block for it{only}.{operator}{text}"
    where = "on both lines" if len(builtin.lines) > 1 else f"on {builtin.lines[0]} only"
    if not builtin.fault:
        return f"`{builtin.code}`, {where}. No fault was found in it.{text}"
    fault = f"Wrong: {minus(builtin.fault)} ([all errors found in MXNet](../errors_in_mxnet.md))."
    # Its wrong numbers on the first line of MXNet that has it.
    examples = (
        _examples(builtin.code, faults[builtin.lines[0]]) or f" Its numbers are {UNMEASURED} (`make errors`)."
    )
    return f"`{builtin.code}`, {where}. {fault}{examples}{text}"


def _examples(code, faults):
    """A table of the numbers that some code of MXNet's gets wrong."""
    rows = []
    for key, numbers in sorted(faults.items(), key=_place):
        if key.startswith(f"{code} "):
            what, dtype, x = key.removeprefix(f"{code} ").split()
            got, truth = numbers["mxnet"], numbers["truth"]
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

| in | whose | value, small x | gradient, small x | value, all x | gradient, all x |
|---|---|---|---|---|---|
{rows}

Ours is compiled; composed is the fallback where there is no compiler, and in what is exported. Half a unit is what
rounding the true result costs."""
MXNET = {"ours": "ours", "composed": "ours, composed", "mxnet": "its own"}
LOST = "\n\nMillions of units mean that no digit is left, as in a tail tiny beside what it was computed from."


def _errors(entry, found):
    if not _is_curve(entry):
        return ""
    columns = [
        (line, MXNET[whose], whose, f"MXNet {measured.LINES[line]}")
        for line in measured.LINES
        for whose in accuracy.makers(entry, line)
    ]
    versions = found.get("frameworks", {}).get("versions", {})
    for whose, title in accuracy.FRAMEWORKS.items():
        if f"{entry.name} {whose} float32 value" in found.get("frameworks", {}):
            columns.append(("frameworks", "its own", whose, f"{title} {versions[title]}"))
    rows, worst = [], 0.0
    for line, title, whose, where in columns:
        pair = [found[line].get(f"{entry.name} {whose} float32 {what}") for what in ("value", "slope")]
        cells = [UNMEASURED] + ["–"] * 3
        if all(pair):
            numbers = [error[which] for which in (0, 1) for error in pair]
            worst = max(worst, *numbers)
            cells = map(_units, numbers)
        rows.append(f"| {where} | {title} | " + " | ".join(cells) + " |")
    return ERRORS.format(centre=CENTRE, rows="\n".join(rows)) + (LOST if worst >= 1e6 else "")


def _units(error):
    if error < 1000 or math.isinf(error):
        return "∞" if math.isinf(error) else f"{error:.1f}"
    digit, power = f"{error:.0e}".split("e")
    return f"{digit} · 10<sup>{int(power)}</sup>"


def _nearest(entry, near):
    parts = []
    if near:
        rows = [f"| [{CATALOG[other].title}]({other}.md) | {number(gap, 3)} |" for other, gap in near]
        parts.append(
            "The nearest curves, by the root mean square of the difference for standard normal inputs:\n\n"
            "| activation | difference |\n|---|---|\n" + "\n".join(rows)
        )
    kin = [name for name, other in CATALOG.items() if other.family == entry.family and name != entry.name]
    if kin:
        parts.append(f"In the same family: {', '.join(f'[{CATALOG[name].title}]({name}.md)' for name in kin)}.")
    return "\n\n".join(parts) or "It has none here."


def _taught(entry, chapters):
    main = CHAPTERS[entry.family]
    rows = [f"* [{chapters[main][0]}](../notebooks/{main}.ipynb), the chapter of its family"]
    for page, (title, text) in chapters.items():
        if page != main and _speaks_of(text, entry.name):
            rows.append(f"* [{title}](../notebooks/{page}.ipynb)")
    return "\n".join(rows)


def _papers(entry):
    return "\n".join(f"* {reference(paper)}" for paper in entry.papers) or "None is known to us as its origin."


# -- what is computed from the whole -----------------------------------------------------------


def relatives(count=3):
    """For each curve the nearest others, with their distance for standard normal inputs."""
    grid = numpy.linspace(-8, 8, 32001)
    weights = numpy.exp(-(grid**2) / 2)
    weights /= weights.sum()
    values = {name: evaluate(name, array(grid))[0].asnumpy().astype(float) for name in activations("elements")}

    def distance(name, other):
        return float(numpy.sqrt((weights * (values[name] - values[other]) ** 2).sum()))

    others = {name: sorted((distance(name, other), other) for other in values if other != name) for name in values}
    return {name: [(other, gap) for gap, other in found[:count]] for name, found in others.items()}


def _speaks_of(text, name):
    """Whether a chapter names an activation often enough to be worth a look."""
    pattern = rf"(?<![\w.]){name.replace('_', '[ _-]?')}(?!\w)"
    return len(re.findall(pattern, text, re.IGNORECASE)) >= 5
