"""The knobs of an activation to turn: sliders in a notebook that somebody runs, the same picture anywhere else."""

from __future__ import annotations

import base64
import io
import itertools
import math
from collections.abc import Sequence
from numbers import Real
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy

from .._arrays import array
from .._context import context
from .._evaluate import evaluate
from ..catalog import _entry_of, get_activation
from .activations import _check_grid, visualize_activation
from .style import DOTTED, GREY, PALETTE, panels

__all__ = ["explore"]

_HINT = "Sliders appear in a running notebook where ipywidgets is installed (pip install ipywidgets)."


class _Knob(NamedTuple):
    letter: str
    default: Any
    ends: tuple[Any, ...]  # of a slider, or the options of a menu
    menu: bool = False


def explore(
    activation: str | Sequence[str] = "swish",
    *,
    xlim: tuple[float, float] = (-6, 6),
    points: int = 501,
    ctx: Any = None,
    **start: Any,
) -> Explorer:
    """Turn the knobs of up to four activations, and watch value (solid) and gradient (dashed) move.

    In a notebook that you run yourself you get a slider for each parameter, a menu for each choice, and
    a slider for the ``x`` at which value and gradient are read; elsewhere the picture of the starting
    values. A dotted grey line is the value at default parameters.

    Parameters
    ----------
    activation : str or sequence of str
        One to four names of the catalog.
    xlim, points, ctx
        As for :func:`visualize_activation`; ``x`` runs through ``xlim``.
    **start
        Where the controls start: ``explore("swish", beta=3, x=-1)``, ``explore("gelu", approximate="tanh")``.

    Returns
    -------
    Explorer
        A notebook shows it if it is the last line of a cell. Its ``figure`` is the picture.

    Raises
    ------
    ValueError
        If a name is unknown, there are none or more than four, the curves cannot be drawn so, or a
        control cannot have its starting value.
    TypeError
        If there is no control for a starting value.
    """
    entries = [_entry_of(name) for name in ([activation] if isinstance(activation, str) else activation)]
    if not 1 <= len(entries) <= 4:
        raise ValueError(f"explore takes one to 4 activations, not {len(entries)}")
    _check_grid(xlim, points)
    low, high = map(float, xlim)
    knobs = {(i, name): knob for i, entry in enumerate(entries) for name, knob in _knobs(entry).items()}
    knobs[len(entries), "x"] = _Knob("x", min(max(1.0, low), high), (low, high))
    allowed = dict.fromkeys(name for _, name in knobs)
    wrong = ", ".join(name for name in start if name not in allowed)
    if wrong:
        raise TypeError(f"explore starts {', '.join(e.name for e in entries)} with {', '.join(allowed)}; not {wrong}")
    values = {key: _started(key[1], knob, start) for key, knob in knobs.items()}
    return Explorer(entries, knobs, values, numpy.linspace(low, high, points), None if ctx is None else context(ctx))


class Explorer:
    """What :func:`explore` returns."""

    def __init__(self, entries: list[Any], knobs: dict[Any, _Knob], values: Any, grid: Any, ctx: Any) -> None:
        self._entries, self._knobs, self._values, self._grid, self._ctx = entries, knobs, values, grid, ctx
        # The y limits that hold whatever is set: what lies farthest out is drawn at one end of a knob.
        extremes = [0.0]
        for i, entry in enumerate(entries):
            own = {name: knob.ends for (owner, name), knob in knobs.items() if owner == i}
            for ends in itertools.product(*own.values()):
                curves = self._evaluate(entry, dict(zip(own, ends)), grid)
                extremes += [curves.min(), curves.max()]
        margin = 0.05 * (max(extremes) - min(extremes))
        self._ylim = min(extremes) - margin, max(extremes) + margin
        self.figure = panels(height=3.6 + 0.2 * len(entries))[0]
        plt.close(self.figure)  # or a notebook would show it twice
        self._draw()
