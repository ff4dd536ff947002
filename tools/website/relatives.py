"""Which activations are near to one, and which pages teach it."""

import re

import numpy

from gluon_activations import CATALOG, activations, array, evaluate
from tools.chapters import CHAPTERS
from tools.wording import number


def nearest(entry, near):
    """The nearest curves, and the same family."""
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


def taught(entry, chapters):
    """The chapter of its family, and others that speak of it."""
    main = CHAPTERS[entry.family]
    rows = [f"* [{chapters[main][0]}](../notebooks/{main}.ipynb), the chapter of its family"]
    for page, (title, text) in chapters.items():
        if page != main and _speaks_of(text, entry.name):
            rows.append(f"* [{title}](../notebooks/{page}.ipynb)")
    return "\n".join(rows)


def all_nearest(count=3):
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
