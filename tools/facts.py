"""What the catalog says of a curve, computed from its reference in tests/references.py, ready to paste.

    python -m tools.facts squared_relu

The entry states only what differs from the defaults, and so does this. All numbers are exact to the last
digit; extremes are looked for between -12 and 12, kinks at all numbers with one decimal there.
"""

import difflib
import sys
from math import inf, isnan

from mpmath import mp, mpf

from gluon_activations import blocks
from gluon_activations.catalog import Activation
from tests.references import RECORDS, Record

STEP = mpf(1) / 10
GRID = [STEP * i for i in range(-120, 121)]
_TINY = mpf(10) ** -20


def facts(record: Record) -> dict:
    """All facts of a curve, by the catalog's names for them."""
    f = record.formula
    with mp.workdps(60):
        heights = [f(x) for x in GRID]
        lowest = _lowest(f, heights)
        highest = [(x, -height) for x, height in _lowest(lambda x: -f(x), [-height for height in heights])]
        limits = [limit[0] for limit in record.limits if not isnan(limit[0])]
        ends = [*heights, *(height for _, height in (*lowest, *highest)), *limits]
        low, high = min(ends), max(ends)
        # A minimum, where it is one: lower than the limits, than any piece, and than its like.
        minimum = lowest[0] if len(lowest) == 1 and lowest[0][1] < min([*limits, *_pieces(heights)]) else None
        kinks = tuple(x for x in (i / 10 for i in range(-120, 121)) if _bend(f, mpf(str(x))) > 1e-6)
        return {
            "gain": _gain(f, kinks),
            "range": (float(low), float(high)),
            "attained": (_attains(f, low, lowest, heights), _attains(f, high, highest, heights)),
            "minimum": minimum and tuple(map(float, minimum)),
            "monotonic": all(a <= b for a, b in zip(heights, heights[1:])),
            "kinks": kinks,
            "lipschitz": _steepest(f, kinks, record.limits),
            "zero_centred": all(abs(f(-x) + f(x)) <= _TINY for x in GRID),
        }


def _slope(f, x):
    with mp.workdps(120):
        h = mpf(10) ** -40
        return (f(x + h) - f(x - h)) / (2 * h)


def _bend(f, x):
    """By how much the slopes on both sides of a point differ."""
    return abs((f(x + _TINY) - f(x)) - (f(x) - f(x - _TINY))) / _TINY


def _zero(g, x):
    """Where a function that changes its sign around ``x`` is 0."""
    return mp.findroot(g, (x - STEP, x + STEP), solver="illinois", tol=mpf(10) ** -50, verify=False)


def _lowest(f, heights):
    """Places and values of the lowest points between others that are higher: several where they are as low."""
    inner = range(1, len(heights) - 1)
    found = []
    for i in (i for i in inner if heights[i - 1] > heights[i] < heights[i + 1]):
        where = _zero(lambda x: _slope(f, x), GRID[i])
        found.append((where, f(where)))
    least = min((height for _, height in found), default=None)
    return [(where, height) for where, height in found if height - least < _TINY]


def _attains(f, end, extremes, heights):
    """Whether an end of the range is a value: of an extreme, or of the point nearest 0 where it is not rounded."""
    reached = [x for x, height in zip(GRID, heights) if height == end]
    with mp.workdps(1000):
        there = bool(reached) and f(min(reached, key=abs)) == end
    return there or any(height == end for _, height in extremes)


def _pieces(heights):
    """The values of flat pieces."""
    return [a for a, b in zip(heights, heights[1:]) if a == b]


def _steepest(f, kinks, limits):
    """The largest size of a slope, that of the limits and beside kinks included."""
    ends = [abs(slope) for _, slope in limits if not isnan(slope)]
    if any(abs(f(mpf(x) + _TINY) - f(mpf(x) - _TINY)) > 1e-6 for x in kinks):
        return inf  # a jump
    beside = [abs(_slope(f, mpf(x) + side)) for x in (*kinks, 0) for side in (-(mpf(10) ** -30), mpf(10) ** -30)]
    slopes = [abs(_slope(f, x)) for x in GRID]
    place = max(range(len(slopes)), key=slopes.__getitem__)
    inner = []
    if 0 < place < len(slopes) - 1 and max(slopes[place - 1], slopes[place + 1]) < slopes[place] > max(beside):
        where = _zero(lambda x: _slope(lambda z: _slope(f, z), x), GRID[place])
        inner = [abs(_slope(f, where))]
    return float(max([*ends, *beside, *slopes, *inner]))


def _gain(f, kinks):
    pieces = sorted({-12.0, -3.0, 0.0, 3.0, 12.0, *kinks})
    with mp.workdps(25):
        return float(1 / mp.sqrt(mp.quad(lambda z: f(z) ** 2 * mp.npdf(z), pieces)))


def text(record: Record) -> str:
    """The lines of an entry that state what differs from the defaults."""
    found = facts(record)
    usual = Activation(blocks.Identity, "", "", "", 0.0, found["minimum"])
    always = ("gain", "minimum") if found["minimum"] else ("gain",)
    return "\n".join(f"{n}={v!r}," for n, v in found.items() if n in always or v != getattr(usual, n))


def main() -> None:
    """Print the facts of the activations that are named."""
    names = sys.argv[1:]
    if not names:
        sys.exit(__doc__)
    for wrong in (name for name in names if name not in RECORDS):
        near = difflib.get_close_matches(wrong, RECORDS, n=3) or RECORDS
        sys.exit(f"No record in tests/references.py is called {wrong!r}; nearest: {', '.join(near)}")
    for name in names:
        print(text(RECORDS[name]))


if __name__ == "__main__":
    main()
