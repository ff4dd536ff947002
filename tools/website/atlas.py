"""The atlas: one page for each activation, written from the catalog and from what was measured."""

import re

import numpy

from gluon_activations import CATALOG, functional
from gluon_activations.catalog import FAMILIES
from tools import measured
from tools.chapters import CHAPTERS
from tools.wording import reference

from . import (
    advice,
    comparison,
    errors,
    explorer,
    frameworks,
    inside,
    pictures,
    properties,
    relatives,
    synonyms,
    tables,
    ulps,
    usage,
    vectors,
)
from .properties import is_curve, jumps


def write(stage, chapters):
    """Write all pages and their pictures into the staged sources; ``chapters`` are title and text by page."""
    folder = stage / "atlas"
    folder.mkdir(exist_ok=True)
    pictures.write(folder, stage / "_static" / "atlas")
    accuracy = {line: measured.read("accuracy", line) for line in (*measured.LINES, "frameworks")}
    faults = {line: measured.read("faults", line) for line in measured.LINES}
    compared = measured.read("frameworks", "results")
    near = relatives.all_nearest()
    for name in CATALOG:
        text = page(name, compared, accuracy, faults, chapters, near.get(name, []))
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "index.md").write_text(index(compared), encoding="utf-8")
    (folder / "_gallery.txt").write_text(gallery(""), encoding="utf-8")


# The looks of the pictures and tables of a page.
LOOK = '```{raw} html\n<link rel="stylesheet" href="../_static/atlas.css">\n```'


def page(name, compared, accuracy, faults, chapters, near):
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
        "## Formula\n\n" + properties.formulas(entry),
        "## Properties\n\n" + (properties if is_curve(entry) else vectors).table(entry),
        "## In your net\n\n" + usage.code(entry),
        _computed(entry, accuracy),
        "## In MXNet itself\n\n" + inside.builtin(entry, faults),
        "## In other frameworks\n\n" + frameworks.table(entry, compared),
        "## Relatives\n\n" + relatives.nearest(entry, near),
        "## Where it is taught\n\n" + relatives.taught(entry, chapters),
        "## Papers\n\n" + _papers(entry),
        LOOK,
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

{loaded}
"""


def index(compared):
    """The list of all pages."""
    return INDEX.format(
        gallery=gallery("../"),
        table=comparison.table(),
        loaded=tables.LOADED.format(root="../"),
        synonyms=synonyms.table(),
        frameworks=frameworks.overview(compared),
        names="\n".join(CATALOG),
    )


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
    if is_curve(entry):
        shown = f"{entry.title} (solid) and its gradient (dashed){_marks(entry)}."
        see = explorer.embedded(entry.name)
    else:
        what = vectors.curves(entry, numpy.zeros(1))[1]
        shown = f"{what} (solid), and the gradient with respect to x (dashed)."
        special = explorer.curves().get(entry.name)
        see = explorer.embedded(entry.name, f"See it as a curve, {special['title']},") if special else ""
    return (
        f"```{{figure}} {entry.name}.svg\n:alt: {pictures.words(entry.name)}\n:class: adapts\n"
        f":name: picture-{entry.name}\n\n{shown}\n```\n\n{see}"
    )


def _marks(entry):
    """What is marked in a picture."""
    marks = []
    if entry.kinks:
        what = "jump" if jumps(entry) else "kink"
        marks.append(f"discs mark the {what}s" if len(entry.kinks) > 1 else f"a disc marks the {what}")
    if entry.minimum:
        marks.append("a triangle marks the minimum")
    return f"; {' and '.join(marks)}" if marks else ""


def _computed(entry, accuracy):
    """What frameworks make of it: a picture, and the numbers folded below."""
    if not is_curve(entry):
        return ""
    table = errors.table(entry, accuracy)
    return (
        f"## What frameworks really compute\n\n{ulps.section(entry.name)}\n\n"
        f":::{{dropdown}} The largest errors as a table\n{table}\n:::"
    )


def _papers(entry):
    return "\n".join(f"* {reference(paper)}" for paper in entry.papers) or "None is known to us as its origin."
