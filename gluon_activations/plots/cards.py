"""The summary card that closes a page: the facts of a few activations, side by side."""

from __future__ import annotations

import re
from typing import Any

import numpy

from .._evaluate import derivative, points_for
from .._wording import interval, minus, number
from ..catalog import Activation, _entry_of

__all__ = ["card"]

_SPECIAL = {
    r"e\^": "exp",
    r"\\ln": "ln",
    r"\\tanh": "tanh",
    r"\\mathrm{erf}": "erf",
    r"\\sqrt\{[^}]*x": "sqrt",
    r"\\(?:sin|cos)": "sine",
}
_LOW, _HIGH, _STEP = -9.875, 10.5, 1 / 64  # where slopes are looked at: further out Laplace's is no normal number
_FADED = 0.01


def card(*names: str) -> Any:
    """Make the summary of some activations, for a notebook to show as the last thing of a page.

    Parameters
    ----------
    *names : str
        Of the catalog.

    Returns
    -------
    IPython.display.Markdown
        Two tables, a line for each activation: its formula, range, steepest slope, the gain that its initialiser
        has, and the functions that it costs; then how it fails, by its slopes, and when to use and to avoid it.

    Raises
    ------
    ValueError
        If there is no such activation.
    """
    from IPython.display import Markdown

    entries = list(map(_entry_of, names))
    facts = "\n".join(map(_facts, entries))
    words = "\n".join(map(_words, entries))
    return Markdown(
        f"| | formula | range | steepest slope | gain | costs |\n|---|---|---|---|---|---|\n{facts}\n\n"
        f"| | how it fails | use when | avoid when |\n|---|---|---|---|\n{words}"
    )


def _facts(entry: Activation) -> str:
    steepest, gain = (number(value) if value else "–" for value in (entry.lipschitz, entry.gain))
    cells = (f"${entry.formula}$", interval(entry), steepest, gain, cost(entry))
    return f"| **{entry.title}** | " + " | ".join(cell.replace("|", r"\vert ") for cell in cells) + " |"


def _words(entry: Activation) -> str:
    cells = (failure(entry), *(minus(entry.advice.get(what, "–")) for what in ("use", "avoid")))
    return f"| **{entry.title}** | " + " | ".join(cells) + " |"


def cost(entry: Activation) -> str:
    """The functions that a formula calls beside what every processor does in a step."""
    found = [name for pattern, name in _SPECIAL.items() if re.search(pattern, entry.formula)]
    return ", ".join(found) or "no special function"


def failure(entry: Activation) -> str:
    """How an activation may fail, as its slopes say it."""
    if entry.acts_on == "vectors":
        return "–"
    x = numpy.arange(_LOW, _HIGH + _STEP, _STEP)
    slopes = derivative(entry.name, points_for(entry.name, x, dtype="float64")).asnumpy()
    if not slopes.any():
        return "no gradient anywhere"
    found = [_flat(entry, x, slopes), _wrong_way(entry)]
    if entry.lipschitz == numpy.inf:
        found += ["it jumps" if abs(slopes).max() < 2 else "the slope grows without end"]
    return "; ".join(filter(None, found)) or "passes a gradient everywhere"


def _flat(entry: Activation, x: Any, slopes: Any) -> str:
    """Where there is no gradient, or little."""
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate([[False], slopes == 0, [False]]).astype(int)))
    places = []
    for first, last in zip(edges[::2], edges[1::2] - 1):
        low, high = (number(_snapped(entry, x[place])) for place in (first, last))
        if first == 0:
            places.append(f"below {high}")
        elif last == len(x) - 1:
            places.append(f"above {low}")
        elif first != last:  # not a single point, such as a minimum
            places.append(f"between {low} and {high}")
    faded = [0 < abs(slopes[place]) < _FADED for place in (0, -1)]
    tails = "in both tails" if all(faded) else f"far {'left' if faded[0] else 'right'}"
    found = [f"no gradient {' and '.join(places)}"] * bool(places) + [f"the gradient fades {tails}"] * any(faded)
    return "; ".join(found)


def _snapped(entry: Activation, x: float) -> float:
    """The kink beside a number of the grid, or else the number."""
    return next((kink for kink in entry.kinks if abs(kink - x) <= _STEP), x)


def _wrong_way(entry: Activation) -> str:
    """Where the slope is negative, so that descent drives a unit on in the direction that it has."""
    if entry.monotonic:
        return ""
    if entry.minimum is None:
        return "the slope changes its sign"
    return f"left of {number(entry.minimum[0], 3)} the slope is negative: descent drives a unit further out"
