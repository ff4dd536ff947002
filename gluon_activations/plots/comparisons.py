"""The picture of a comparison: each activation against the reference, with its interval and its verdict."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from .._verdicts import VERDICTS
from .style import GREY, PALETTE, panels, tidy

__all__ = ["plot_comparison"]

_COLORS = dict(zip(VERDICTS, (PALETTE[2], PALETTE[0], GREY, PALETTE[1])))


def plot_comparison(comparison: Any, *, ax: Axes | None = None) -> Axes:
    """Draw each activation's difference to the reference, with its interval, in the colour of its verdict.

    The grey band is the margin within which a difference does not matter; the hollow dot at the bottom is the
    reference against itself under other weights. Left of 0 an activation is better, for a loss is small there.

    Parameters
    ----------
    comparison : Comparison
        What :func:`compare` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure, as high as the activations need.

    Returns
    -------
    matplotlib.axes.Axes
    """
    rows = sorted(comparison.rows, key=lambda row: -row["difference"])
    itself = [{**comparison.check, "activation": f"{comparison.reference}, again"}] if comparison.check else []
    if ax is None:
        _, ax = panels(height=1.4 + 0.3 * len(rows + itself))
    ax.axvspan(-comparison.margin, comparison.margin, color=GREY, alpha=0.15, linewidth=0)
    ax.axvline(0, color=GREY, linewidth=0.8)
    for place, row in enumerate(itself + rows):
        color = _COLORS.get(row.get("verdict", ""), GREY)
        half = (row["high"] - row["low"]) / 2
        face = "none" if place < len(itself) else color
        ax.errorbar(row["difference"], place, xerr=half, fmt="o", color=color, markersize=5, markerfacecolor=face)
    ax.set_yticks(range(len(itself + rows)), [row["activation"] for row in itself + rows])
    seen = [word for word in VERDICTS if any(row["verdict"] == word for row in rows)]
    for word in seen:
        ax.plot([], [], "o", color=_COLORS[word], label=word)
    ax.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(seen))
    tidy(ax).set_xlabel(f"test loss minus that of {comparison.reference}")
    return ax
