"""The table of the largest errors of an activation, on its page of the atlas."""

import math

from benchmarks import accuracy
from tools import measured
from tools.measured import CENTRE
from tools.wording import UNMEASURED

from .properties import is_curve

TABLE = """The largest error in float32, in units in the last place, where the size of x is at most {centre}, and
over all numbers (`make accuracy`):

| in | whose | value, small x | gradient, small x | value, all x | gradient, all x |
|---|---|---|---|---|---|
{rows}

Ours is compiled; composed is the fallback where there is no compiler, and in what is exported. Half a unit is what
rounding the true result costs."""
MXNET = {"ours": "ours", "composed": "ours, composed", "mxnet": "its own"}
LOST = "\n\nMillions of units mean that no digit is left, as in a tail tiny beside what it was computed from."


def table(entry, found):
    """The largest errors of ours, MXNet's own and the others', for small x and for all."""
    if not is_curve(entry):
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
            cells = map(units, numbers)
        rows.append(f"| {where} | {title} | " + " | ".join(cells) + " |")
    return TABLE.format(centre=CENTRE, rows="\n".join(rows)) + (LOST if worst >= 1e6 else "")


def units(error):
    """An error in units in the last place, short."""
    if error < 1000 or math.isinf(error):
        return "∞" if math.isinf(error) else f"{error:.1f}"
    digit, power = f"{error:.0e}".split("e")
    return f"{digit} · 10<sup>{int(power)}</sup>"
