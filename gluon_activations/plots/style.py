"""The one look of all figures: colours, dashes, size and frame.

Nothing here changes a setting of the reader's session.
"""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["DASHED", "DOTTED", "GREY", "PALETTE", "finish", "panels", "tidy"]

# Okabe and Ito's colours, told apart by every kind of colour vision, without the yellow
# that is lost on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B4C9A", "#7F7F7F")
GREY = "#8C8C8C"
# Gradients are dashed, limits and defaults dotted.
DASHED = (0, (4, 2))
DOTTED = ":"
# Twice the density of a screen, so that pictures stay crisp on any.
_DPI = 160


def panels(rows: int = 1, columns: int = 1, *, height: float | None = None, **subplots: Any) -> tuple[Figure, Any]:
    """Make a figure of the size, density and layout that all figures have.

    Parameters
    ----------
    rows, columns : int
        How many panels there are. A single column is 7 inches wide, more are 9 together.
    height : float, optional
        Of the figure, in inches; by default 3.6 for one row and 2.6 more for each further one.
    **subplots
        Passed to ``matplotlib.pyplot.subplots``, as ``sharey=True``.

    Returns
    -------
    tuple
        The figure, and its Axes as ``matplotlib.pyplot.subplots`` gives them.
    """
    width = 7 if columns == 1 else 9
    size = (width, 1 + 2.6 * rows if height is None else height)
    return plt.subplots(rows, columns, figsize=size, dpi=_DPI, layout="constrained", **subplots)


def tidy(ax: Axes) -> Axes:
    """Take away the frame's top and right side, which say nothing; returns the Axes."""
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def finish(ax: Axes, xlim: tuple[float, float], ylabel: str) -> None:
    """Give the Axes of curves their zero lines, labels and limits."""
    ax.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    ax.axvline(0, color=GREY, linewidth=0.6, zorder=0)
    tidy(ax).set(xlim=xlim, xlabel="input x", ylabel=ylabel)
