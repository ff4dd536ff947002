"""The atlas: one page for each activation, written from the catalog and from what was measured."""

import json
import re
from pathlib import Path

import gluon_activations  # before MXNet
import mxnet as mx
import numpy
import yaml
from mxnet.gluon import nn

from gluon_activations import CATALOG, blocks, derivative, evaluate, functional
from gluon_activations.catalog import FAMILIES

import pictures

DATA = Path(__file__).resolve().parents[1] / "data"
LINES = ("1.9", "2.0")


def write(stage):
    """Write all pages and their pictures into the staged sources."""
    folder = stage / "atlas"
    folder.mkdir(exist_ok=True)
    pictures.write(folder, stage / "_static" / "atlas")
    frameworks = yaml.safe_load((DATA / "frameworks.yml").read_text(encoding="utf-8"))
    measured = {line: json.loads((DATA / f"accuracy-{line}.json").read_text()) for line in LINES}
    mentions = _mentions(stage / "notebooks")
    near = _relatives()
    for name in CATALOG:
        text = page(name, frameworks.get(name, {}), measured, mentions[name], near[name])
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "index.md").write_text(index(), encoding="utf-8")
    (folder / "_gallery.txt").write_text(gallery(""), encoding="utf-8")


def page(name, frameworks, measured, mentions, near):
    """The page of one activation, in MyST Markdown."""
    entry = CATALOG[name]
    parts = [
        f"# {entry.title}",
        _lead(name),
        _picture(name),
        "## Formula\n\n" + _formulas(entry),
        "## Properties\n\n" + _properties(name),
        "## In your net\n\n" + _code(name),
        "## In MXNet itself\n\n" + _builtin(name, measured),
        "## In other frameworks\n\n" + _frameworks(frameworks),
        "## Relatives\n\n" + _nearest(name, near),
        "## Where it is taught\n\n" + _taught(entry, mentions),
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
                rows.append(
                    f'<li><a href="{root}atlas/{name}.html"><img class="adapts" src="{root}_static/atlas/{name}.svg" '
                    f'width="120" height="90" loading="lazy" alt="{pictures.words(name)}">{entry.title}</a></li>'
                )
        rows.append("</ul>")
    return "```{raw} html\n" + "\n".join(rows) + "\n```"


def index():
    """The list of all pages."""
    entries = "\n".join(CATALOG)
    return (
        "# Atlas of activations\n\n"
        f"One page for each of the {len(CATALOG)} activations: picture, formula, properties, what MXNet has and how wrong it is, "
        "the names in other frameworks, papers, and the pages where it is taught. Values are solid, gradients dashed.\n\n"
        f"{gallery('../')}\n\n"
        "## Side by side\n\n" + _table() + f"\n\n```{{toctree}}\n:hidden:\n\n{entries}\n```\n"
    )


def _table():
    rows = [
        "| activation | range | minimum | monotonic | kinks | steepest slope | gain |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, entry in CATALOG.items():
        rows.append(
            f"| [{entry.title}]({name}.md) | {interval(entry)} | {_short_minimum(entry)} | {'yes' if entry.monotonic else 'no'} "
            f"| {_numbers(entry.kinks) or '–'} | {number(entry.lipschitz)} | {number(entry.gain)} |"
        )
    return "\n".join(rows)


# -- numbers as a reader wants them ------------------------------------------------------------


def number(value, digits=4):
    """A number with a true minus, an infinity sign, and no more digits than help."""
    if value in (float("inf"), float("-inf")):
        return "∞" if value > 0 else "−∞"
    return f"{value:.{digits}g}".replace("-", "−")


def interval(entry):
    """The range, with brackets that say whether its ends are attained."""
    low, high = map(number, entry.range)
    return f"{'(['[entry.attained[0]]}{low}, {high}{')]'[entry.attained[1]]}"


def _numbers(values):
    return ", ".join(number(value) for value in values)


def _short_minimum(entry):
    return f"{number(entry.minimum[1])} at {number(entry.minimum[0])}" if entry.minimum else "–"


# -- the parts of a page -----------------------------------------------------------------------


def _lead(name):
    entry = CATALOG[name]
    page = FAMILIES[entry.family]
    block = f"{{py:class}}`~gluon_activations.{entry.title}`" if _ours(entry) else f"`{entry.builtin.code}`"
    same = ""
    if hasattr(functional, name):
        first = functional.__dict__[name].__doc__.split("\n\n")[0].replace("\n", " ").strip()
        same = re.sub(r"``(.*?)``", r"`\1`", " ".join(first.split())) + " "
    family = f"It belongs to the [{entry.family}](../notebooks/{page}.ipynb)"
    ours = "and its block here is" if _ours(entry) else "and the block is MXNet's own,"
    return f"{same}{family}, {ours} {block}; its name in the catalog is `{name}`."


def _ours(entry):
    return isinstance(entry.block, type) and entry.block.__module__ == blocks.__name__


def _picture(name):
    entry = CATALOG[name]
    marks = []
    if entry.kinks:
        marks.append("discs mark the kinks" if len(entry.kinks) > 1 else "a disc marks the kink")
    if entry.minimum:
        marks.append("a triangle marks the minimum")
    more = f"; {' and '.join(marks)}" if marks else ""
    return (
        f"```{{figure}} {name}.svg\n:alt: {pictures.words(name)}\n:class: adapts\n:name: picture-{name}\n\n"
        f"{entry.title} (solid) and its gradient (dashed){more}.\n```\n\n"
        f'[Turn its knobs in the explorer](../explorer.md){{.explorer-link data-curve="{name}"}}'
    )


def _formulas(entry):
    text = f"$$f(x) = {entry.formula}$$\n\n$$f'(x) = {entry.derivative}$$"
    if entry.name == "selu":
        text += f"\n\nwith $\\alpha \\approx {functional.SELU_ALPHA:.10f}$ and $\\lambda \\approx {functional.SELU_LAMBDA:.10f}$."
    if entry.knobs:
        values = ", ".join(f"${knob.symbol} = {knob.default:.4g}$ (`{knob.name}`)" for knob in entry.knobs)
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


def _properties(name):
    entry = CATALOG[name]
    slopes = derivative(name, mx.np.array(entry.kinks)).asnumpy() if entry.kinks else ()
    kinks = "; ".join(
        f"x = {number(x)}, with slope {number(float(slope))}" for x, slope in zip(entry.kinks, slopes)
    )
    rows = [
        ("range", interval(entry)),
        ("minimum", f"{number(entry.minimum[1], 10)} at x = {number(entry.minimum[0], 10)}" if entry.minimum else "at no single point"),
        ("monotonic", "yes" if entry.monotonic else "no"),
        ("centred on zero", "yes: an odd function" if entry.zero_centred else "no"),
        ("kinks", kinks or "none"),
        ("steepest slope", number(entry.lipschitz, 10) + (" (a jump)" if numpy.isinf(entry.lipschitz) else "")),
        ("gain", f"{number(entry.gain, 10)}, so that layers keep the mean square of normal inputs ([why](../notebooks/07_follow_the_gradient.ipynb))"),
    ]  # fmt: skip
    return "| property | value |\n|---|---|\n" + "\n".join(f"| {what} | {value} |" for what, value in rows)


def _code(name):
    entry = CATALOG[name]
    knobs = "".join(f", {knob.name}={knob.default:.4g}" for knob in entry.knobs)
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


def _builtin(name, measured):
    entry = CATALOG[name]
    if entry.builtin is None:
        return "MXNet has no block for it." + _errors(name, measured)
    where = "on both lines" if len(entry.builtin.lines) > 1 else f"on {entry.builtin.lines[0]} only"
    fault = (
        f"What is wrong with it: {entry.builtin.fault}." if entry.builtin.fault else "No fault was found in it."
    )
    more = " [All errors found in MXNet](../errors_in_mxnet.md)." if entry.builtin.fault else ""
    return f"`{entry.builtin.code}`, {where}. {fault}{more}" + _errors(name, measured)


def _errors(name, measured):
    rows = []
    for line, found in measured.items():
        for whose, title in (("ours", "ours"), ("mxnet", "MXNet's own")):
            value, slope = (found.get(f"{name} {whose} float32 {what}") for what in ("value", "slope"))
            if value:
                cells = [_units(error[which]) for which in (0, 1) for error in (value, slope)]
                rows.append(f"| {line} | {title} | " + " | ".join(cells) + " |")
    if not rows:
        return ""
    return (
        "\n\nThe largest error in float32, in units in the last place, for |x| ≤ 20 and over all numbers (`make accuracy`):\n\n"
        "| MXNet | whose | value, \\|x\\| ≤ 20 | gradient, \\|x\\| ≤ 20 | value, all x | gradient, all x |\n"
        "|---|---|---|---|---|---|\n" + "\n".join(rows)
    )


def _units(error):
    error = float(error)
    if error == float("inf"):
        return "∞"
    return (
        f"{error:.1f}"
        if error < 1000
        else f"{error:.0e}".replace("e+", " · 10^").replace("^0", "^").replace("^", "<sup>") + "</sup>"
    )


def _frameworks(frameworks):
    if not frameworks:
        return "Not looked up yet."
    rows, notes = [], []
    for framework, found in frameworks.items():
        calls = [f"[`{found['call']}`]({found['link']})"] if found.get("call") else ["none"]
        if found.get("function"):
            calls.append(f"[`{found['function']}`]({found['function_link']})")
        same = (
            f"`{found['same_as_ours']}`" if found.get("same_as_ours") else "the same" if found.get("call") else "–"
        )
        rows.append(f"| {framework} | {'<br>'.join(calls)} | {same} |")
        if found.get("note"):
            notes.append(f"* {framework}: {found['note']}")
    table = "| framework | name and defaults | for the curve of this page |\n|---|---|---|\n" + "\n".join(rows)
    return table + ("\n\n" + "\n".join(notes) if notes else "")


def _nearest(name, near):
    rows = [f"| [{CATALOG[other].title}]({other}.md) | {number(gap, 3)} |" for other, gap in near]
    kin = [other for other, entry in CATALOG.items() if entry.family == CATALOG[name].family and other != name]
    family = ", ".join(f"[{CATALOG[other].title}]({other}.md)" for other in kin)
    return (
        "The nearest curves, by the root mean square of the difference for standard normal inputs:\n\n"
        "| activation | difference |\n|---|---|\n" + "\n".join(rows) + f"\n\nIn the same family: {family}."
    )


def _taught(entry, mentions):
    main = FAMILIES[entry.family]
    others = [page for page, count in mentions if page != main]
    text = f"* [{_title(main)}](../notebooks/{main}.ipynb): its own section"
    return "\n".join([text, *(f"* [{_title(page)}](../notebooks/{page}.ipynb)" for page in others)])


def _papers(entry):
    if not entry.papers:
        return "None is known to us as its origin."
    rows = []
    for paper in entry.papers:
        text = f"{paper.authors} ({paper.year}). *{paper.title}*."
        if paper.link.startswith("arXiv:"):
            text += f" [{paper.link}](https://arxiv.org/abs/{paper.link[6:]})"
        elif paper.link.startswith("doi:"):
            text += f" [{paper.link}](https://doi.org/{paper.link[4:]})"
        elif paper.link.startswith("https:"):
            text += f" [Text]({paper.link})"
        else:
            text += f" {paper.link[0].upper()}{paper.link[1:]}."
        rows.append("* " + text)
    return "\n".join(rows)


# -- what is computed from the whole -----------------------------------------------------------


def _relatives(count=3):
    """For each activation the nearest others, with their distance for standard normal inputs."""
    nodes, weights = numpy.polynomial.hermite_e.hermegauss(80)
    grid = mx.np.array(nodes, dtype="float32")
    values = {name: evaluate(name, grid)[0].asnumpy().astype(float) for name in CATALOG}
    total = weights.sum()

    def distance(name, other):
        return float(numpy.sqrt((weights * (values[name] - values[other]) ** 2).sum() / total))

    others = {
        name: sorted((distance(name, other), other) for other in CATALOG if other != name) for name in CATALOG
    }
    return {name: [(other, gap) for gap, other in found[:count]] for name, found in others.items()}


_titles = {}


def _title(page):
    return _titles[page]


def _mentions(folder):
    """For each activation the pages that speak of it three times or more, in the order of the collection."""
    found = {name: [] for name in CATALOG}
    for path in sorted(folder.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
        _titles[path.stem] = text.partition("\n")[0].lstrip("# ")
        for name in CATALOG:
            pattern = rf"(?<![\w.]){name.replace('_', '[ _-]?')}(?!\w)"
            count = len(re.findall(pattern, text, re.IGNORECASE))
            if count >= 3:
                found[name].append((path.stem, count))
    return found
