"""What frameworks really compute of an activation: its error against x, as a picture and in words."""

import functools
import html
import math
import re
from dataclasses import dataclass
from itertools import groupby

import numpy

from benchmarks import accuracy, curves
from gluon_activations import CATALOG, _elsewhere
from tools import measured
from tools.wording import UNMEASURED, number

from .errors import units

PARTS = {"value": "value", "slope": "gradient"}  # in the data, and in words
LOST = 2.0**23  # units: the answer is off by as much as itself, so that no digit of it is right
GOOD = 4.0  # units: what a careful implementation stays below


@dataclass(frozen=True)
class System:
    """Whose curves they are."""

    file: str  # of docs/data/ulps-*.json
    whose: str
    title: str
    look: str  # class in atlas.css: colour and dash

    def rows(self, name):
        """What was measured of an activation, by "value" and "slope"; nothing if it has none."""
        rows = read(self.file)
        keys = {part: f"{name} {self.whose} {part}" for part in PARTS}
        return {part: rows[key] for part, key in keys.items() if key in rows}

    def has(self, name):
        """Whether it has a function for an activation, or its user writes an expression."""
        framework = _elsewhere.frameworks().get(self.whose)
        return framework is None or bool(framework.named(name))

    def mark(self, name):
        """What stands behind its numbers and in keys where it is an expression."""
        return "" if self.has(name) else " *"


@functools.cache
def read(file):
    """The rows of one measurement."""
    return measured.read("ulps", file)


@functools.cache
def systems():
    """All that were measured, ours last."""
    versions = read("frameworks").get("machine", {}).get("versions", {})
    return (
        *(System(line, "mxnet", f"MXNet {title}", f"mxnet{line[0]}") for line, title in measured.LINES.items()),
        *(System("frameworks", key, f"{t} {versions.get(t, '')}", key) for key, t in accuracy.FRAMEWORKS.items()),
        System("1.9", "composed", "ours (composed)", "composed"),
        System("1.9", "ours", "ours", "ours"),
    )


def of(name):
    """What was measured of an activation, by system."""
    found = {system: system.rows(name) for system in systems()}
    return {system: rows for system, rows in found.items() if rows}


def ends():
    """The numbers between which the steps lie, from the most negative to the largest."""
    right = 2.0**curves.POWERS
    return numpy.concatenate([-right[:0:-1], [0], right[1:]])


# -- in words ----------------------------------------------------------------------------------


def section(name):
    """The picture of an activation, with a sentence for its value, its gradient, and each wrong sign."""
    if not of(name):
        return f"{UNMEASURED.capitalize()} (`make curves`)."
    said = "\n".join(f"* {sentence}" for sentence in [*sentences(name), *_expressions(name)])
    return f"```{{raw}} html\n{picture(name)}\n```\n\n{said}"


def sentences(name):
    """Who is worst where, who has wrong signs, who gives nan."""
    found = of(name)
    said = [_worst({system: rows[part] for system, rows in found.items()}, word) for part, word in PARTS.items()]
    for kind, words in (("wrong", "has the wrong sign"), ("nan", "is nan")):
        for part, word in PARTS.items():
            where = {system: _where(rows[part][kind]) for system, rows in found.items() if kind in rows[part]}
            said += [f"The {word} of {listed(titles)} {words} {place}." for place, titles in _alike(where)]
    return said


def _expressions(name):
    """What the marks in the key of the picture say, where there are any."""
    if not all(system.has(name) for system in of(name)):
        yield r"Marked \*: an expression of its users, as it has no function for that."


def _worst(rows, word):
    """The sentences on the largest errors of a value or gradient."""
    largest = {system: row["worst"][0] for system, row in rows.items()}
    worst = max(largest, key=largest.get)
    bad = [system for system, error in largest.items() if error > GOOD]
    good = [system for system in largest if system not in bad]
    within = max([curves.RIGHT, *(largest[system] for system in good)])
    if not bad:
        return f"The {word} is right in all of them, to {within:.1f} units."
    error, x = rows[worst]["worst"]
    text = f"The largest error of the {word} is {units(error)} units, {worst.title}'s at x = {number(x, 2)}."
    lost = {system: _lost(rows[system]) for system in bad if largest[system] >= LOST}
    for place, titles in _alike(lost):
        text += f" Every digit is lost at places {place}: {listed(titles)}."
    if good:
        titles = [system.title for system in good]
        text += f" Within {within:.1f} units: {listed(titles)}."
    return text


def _alike(places):
    """What is said of systems, each with the titles of all of which it is said."""
    found = {}
    for system, place in places.items():
        found.setdefault(place, []).append(system.title)
    return found.items()


def _lost(row):
    """Where no digit is right somewhere, by whole steps."""
    edges, steps = ends(), curves.unpacked(row["errors"])
    at = [place for place, (error, _) in enumerate(steps) if not error < LOST]
    return _between(edges[at[0]], edges[at[-1] + 1])


def _where(kept):
    """Where something happens: everywhere, or at some of the numbers, from one to another."""
    count, first, last = kept
    low, high = (_order(x) for x in (first, last))
    how = "everywhere" if count > 0.99 * (high - low) / accuracy.STEP else "here and there"
    return f"{how} {_between(first, last)}" if count > 1 else f"at {number(first, 3)}"


def _between(first, last):
    """Between two numbers, or beyond one of them; float32 ends at 3.4e38."""
    if first < -3.4e38:
        return "all over float32" if last > 3.4e38 else f"below {number(last, 3)}"
    return f"above {number(first, 3)}" if last > 3.4e38 else f"between {number(first, 3)} and {number(last, 3)}"


def _order(x):
    """The place of a number among those of float32."""
    place = int(numpy.float32(abs(x)).view(numpy.int32))
    return -place if x < 0 else place


def listed(titles):
    """Several names in a sentence."""
    *others, last = titles
    return f"{', '.join(others)} and {last}" if others else last


# -- drawn -------------------------------------------------------------------------------------

WIDTH, HEIGHT = 516, 128  # of a panel
LEFT, TOP, BETWEEN = 44, 18, 46  # room beside, above and between panels
FAR = 1e9  # errors from here on are drawn at the upper edge
ROWS = {curves.RIGHT: "½", 10: "10", 1e3: "10³", 1e5: "10⁵", 1e7: "10⁷", FAR: "more"}
FARTHEST = 2.0**128
COLUMNS = dict.fromkeys((-FARTHEST, -100, -10, -1, -0.1, 0, 0.1, 1, 10, 100, FARTHEST), "")
COLUMNS |= {-FARTHEST: "−3e38", FARTHEST: "3e38"}
CROWDED = (0.1, 10)  # not labelled on a telephone


def picture(name):
    """The errors of value and gradient, one line for each system, as HTML with a key."""
    found, panels = of(name), []
    for place, (part, word) in enumerate(PARTS.items()):
        steps = {system: curves.unpacked(rows[part]["errors"]) for system, rows in found.items()}
        move = f"translate({LEFT},{TOP + place * (HEIGHT + BETWEEN)})"
        panel = _panel(steps, f"error of the {word} against x, in units in the last place")
        panels.append(f'<g transform="{move}">{panel}</g>')
    words = f"Error of {CATALOG[name].title} against x. {' '.join(sentences(name))}"
    words = html.escape(re.sub(r"<sup>(.*?)</sup>", r"^\1", words), quote=True)
    size = f"0 0 {LEFT + WIDTH + 16} {TOP + 2 * (HEIGHT + BETWEEN) - 24}"
    drawing = f'<svg viewBox="{size}" role="img" aria-label="{words}">{"".join(panels)}</svg>'
    return f'<figure class="ulps">{drawing}{_key(name, found)}</figure>'


def _key(name, found):
    looks = {system.title + system.mark(name): f'<path class="{system.look}" d="M0 4h30"/>' for system in found}
    if any("wrong" in row for rows in found.values() for row in rows.values()):
        looks["wrong sign"] = _box("wrong", 0, 30, 8)
    sample = '<li><svg viewBox="0 0 30 8" aria-hidden="true">{}</svg>{}</li>'
    return f"<ul>{''.join(sample.format(look, title) for title, look in looks.items())}</ul>"


def _panel(steps, title):
    """One panel: what is shaded, grid and labels, and the lines."""
    parts = [f'<text class="title" x="0" y="-6">{title}</text>', *_shaded(steps.values())]
    for error, label in ROWS.items():
        parts.append(f'<path class="grid" d="M0 {up(error):.0f}h{WIDTH}"/>')
        parts.append(f'<text class="row" x="-6" y="{up(error) + 4:.0f}">{label}</text>')
    for x, label in COLUMNS.items():
        crowded = ' class="crowded"' * (abs(x) in CROWDED)
        parts.append(f'<path class="grid" d="M{across(x):.0f} 0v{HEIGHT}"/>')
        parts.append(f'<text{crowded} x="{across(x):.0f}" y="{HEIGHT + 16}">{label or number(x)}</text>')
    return "".join([*parts, *(f'<path class="{system.look}" d="{_line(of)}"/>' for system, of in steps.items())])


def across(x):
    """Where x is in a panel: all steps are equally wide, and within one the powers of x are."""
    place = numpy.interp(math.log2(abs(x)), curves.POWERS, numpy.arange(curves.STEPS + 1)) if x else 0
    return WIDTH / 2 * (1 + math.copysign(place / curves.STEPS, x))


def up(error):
    """Where an error is in a panel; nan is as far up as can be."""
    low, high = math.log10(curves.RIGHT), math.log10(FAR)
    return HEIGHT * (high - math.log10(max(error, curves.RIGHT))) / (high - low) if error < FAR else 0


def _shaded(lines):
    """Boxes over the steps where somebody has a wrong sign."""
    place, wide = 0, WIDTH / (2 * curves.STEPS)
    for wrong, steps in groupby(any(sign for _, sign in at) for at in zip(*lines)):
        count = len([*steps])
        if wrong:
            yield _box("wrong", place * wide, count * wide, HEIGHT)
        place += count


def _box(look, left, width, height):
    return f'<path class="{look}" d="M{left:.1f} 0h{width:.1f}v{height}h-{width:.1f}z"/>'


def _line(steps):
    """The outline of the steps, in as few letters as do."""
    heights = [f"{up(error):.0f}" for error, _ in steps]
    path, wide = f"M0 {heights[0]}", WIDTH / len(heights)
    for place, (before, height) in enumerate(zip(heights, heights[1:]), 1):
        if height != before:
            path += f"H{place * wide:.1f}V{height}"
    return f"{path}H{WIDTH}"
