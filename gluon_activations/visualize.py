"""The pictures: value and gradient of one activation, or of several side by side.

Functions draw into the Axes that they are given, or make a figure, and return it. They
change no setting of the reader's session.
"""

from collections.abc import Sequence
from typing import Any, Optional

import matplotlib.pyplot as plt
import numpy
from matplotlib.cbook import normalize_kwargs
from matplotlib.lines import Line2D

from . import ops
from ._context import context
from .catalog import CATALOG, display_name, evaluate, get_activation

# Okabe and Ito's colours, told apart by every kind of colour vision, without the yellow
# that is lost on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B4C9A", "#7F7F7F")
# Twice the density of a screen, so that pictures stay crisp on any.
DPI = 160
GREY = "#8C8C8C"


def visualize_activation(
    activation: Any,
    *,
    xlim: tuple[float, float] = (-10, 10),
    points: int = 501,
    ax: Optional[plt.Axes] = None,
    ctx: Any = None,
    label: Optional[str] = None,
    **line: Any,
) -> plt.Axes:
    """Draw an activation (solid) and its gradient by autograd (dashed), in one colour.

    Parameters
    ----------
    activation : str, Block or callable
        A catalog name; a block, hybridized or not (one that is not initialised yet is
        initialised); or a function of one array. A block with a parameter per channel
        gets one curve for each channel.
    xlim : tuple of float
        The interval that is drawn.
    points : int
        How many points the curves have, two or more.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    ctx : str or mxnet.Context, optional
        Where to compute; by default MXNet's current one.
    label : str, optional
        Name in the legend; by default the activation's own.
    **line
        Passed to ``Axes.plot`` for both curves.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If ``xlim`` is no interval or ``points`` is below two.
    """
    x, value, slope = _curves(activation, xlim, points, ctx)
    ax = new_axes() if ax is None else ax
    name = display_name(activation) if label is None else label
    drawn = sum(not other.get_label().startswith("_") for other in ax.lines) // 2
    line = normalize_kwargs(line, Line2D)
    color = line.pop("color", PALETTE[drawn % len(PALETTE)])
    line = {"linewidth": 2, **line}
    solid = ax.plot(x, value, color=color, **line)
    dashed = ax.plot(x, slope, color=color, **{**line, "linestyle": (0, (4, 2))})
    solid[0].set_label(f"{name} activation")
    dashed[0].set_label(f"{name} gradient")
    finish(ax, xlim, "value and gradient")
    ax.legend(frameon=False)
    return ax


def compare_activations(
    activations: Sequence[Any],
    *,
    xlim: tuple[float, float] = (-4, 4),
    points: int = 501,
    params: Optional[Sequence[dict[str, Any]]] = None,
    labels: Optional[Sequence[str]] = None,
    ctx: Any = None,
) -> plt.Figure:
    """Draw several activations: values in the left panel, gradients in the right one.

    Parameters
    ----------
    activations : sequence of str, Block or callable
        What to draw, one colour each.
    xlim, points, ctx
        As for :func:`visualize_activation`.
    params : sequence of dict, optional
        Parameters for each name: ``compare_activations(["swish"] * 2, params=[{"beta": 1}, {"beta": 5}])``.
    labels : sequence of str, optional
        Names to show; by default the activations' own, with the parameters given.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is nothing to draw, or ``params`` or ``labels`` have another length.
    """
    activations = list(activations)
    params = [{}] * len(activations) if params is None else list(params)
    labels = [None] * len(activations) if labels is None else list(labels)
    if not activations or not len(activations) == len(params) == len(labels):
        lengths = f"{len(activations)} activations, {len(params)} params, {len(labels)} labels"
        raise ValueError(f"one of each or more is needed, and as many of one as of the other: got {lengths}")
    figure, panels = plt.subplots(1, 2, figsize=(9, 3.6), dpi=DPI, layout="constrained")
    curves: list = []
    for activation, options, label in zip(activations, params, labels):
        block = get_activation(activation, **options) if options else activation
        curves.append((label or _label(activation, options), *_curves(block, xlim, points, ctx)))
    for panel, which, title in ((panels[0], 2, "value"), (panels[1], 3, "gradient")):
        for index, curve in enumerate(curves):
            style = {"linestyle": "-" if which == 2 else (0, (4, 2)), "linewidth": 2}
            lines = panel.plot(curve[1], curve[which], color=PALETTE[index % len(PALETTE)], **style)
            lines[0].set_label(curve[0])
        finish(panel, xlim, title)
    if len(curves) > 3:
        _name_at_ends(panels[0])
        _name_at_ends(panels[1])
    else:
        panels[0].legend(frameon=False)
    return figure


def gallery(names: Optional[Sequence[str]] = None, *, xlim: tuple[float, float] = (-4, 4), columns: int = 5):
    """Draw one small panel, value and gradient, for each activation of the catalog.

    Parameters
    ----------
    names : sequence of str, optional
        Which ones; by default all.
    xlim : tuple of float
        The interval that is drawn, the same for all.
    columns : int
        Panels in a row.

    Returns
    -------
    matplotlib.figure.Figure
    """
    names = list(CATALOG if names is None else names)
    rows = -(-len(names) // columns)
    size = {"figsize": (2.1 * columns, 1.9 * rows), "dpi": DPI, "layout": "constrained"}
    figure, axes = plt.subplots(rows, columns, sharex=True, sharey=True, squeeze=False, **size)
    families = list(dict.fromkeys(CATALOG[name].family for name in names))
    for name, ax in zip(names, axes.flat):
        entry = CATALOG[name]
        color = PALETTE[families.index(entry.family) % len(PALETTE)]
        visualize_activation(name, xlim=xlim, ax=ax, color=color)
        ax.get_legend().remove()
        ax.set(title=entry.title, xlabel="", ylabel="", ylim=(-2, 4))
        for kink in entry.kinks:
            ax.plot(kink, _value(name, kink), "o", color=color, markersize=4)
        if entry.minimum:
            ax.plot(*entry.minimum, "v", color=color, markersize=7, markeredgecolor="white")
    for ax in axes.flat[len(names) :]:
        ax.set_axis_off()
    return figure


def check_grid(xlim: tuple[float, float], points: int) -> None:
    """Raise ValueError unless curves can be drawn so."""
    if len(numpy.atleast_1d(xlim)) != 2 or not xlim[0] < xlim[1]:
        raise ValueError(f"xlim is an interval (low, high) with low < high, not {xlim!r}")
    if points < 2:
        raise ValueError(f"points is 2 or more, not {points!r}")


def _value(name: str, x: float) -> float:
    """Value of a catalog activation at one point."""
    return float(evaluate(name, ops.array([x]))[0].asnumpy()[0])


def _curves(activation, xlim, points, ctx):
    """The x of ``points`` points, and value and gradient there, as NumPy arrays."""
    check_grid(xlim, points)
    x = numpy.linspace(*xlim, points)
    block = get_activation(activation)
    parameters = block.collect_params().values()
    channels = max((p.shape[0] for p in parameters if p.shape), default=1)
    dtype = next((p.dtype for p in parameters), "float32")
    grid = x if channels == 1 else numpy.repeat(x[:, None], channels, axis=1)
    ctx = None if ctx is None else context(ctx)
    value, slope = evaluate(block, ops.array(grid, ctx, dtype))
    return x, value.asnumpy(), slope.asnumpy()


def _label(activation, options):
    name = repr(activation) if getattr(activation, "_options", None) else display_name(activation)
    return name + "".join(f", {key}={value}" for key, value in options.items())


def new_axes() -> plt.Axes:
    """Axes in a new figure of the size that all pages use."""
    figure, ax = plt.subplots(figsize=(6.4, 3.6), dpi=DPI, layout="constrained")
    return ax


def finish(ax: plt.Axes, xlim: tuple[float, float], ylabel: str) -> None:
    """Give the Axes of curves their zero lines, labels and limits."""
    ax.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    ax.axvline(0, color=GREY, linewidth=0.6, zorder=0)
    tidy(ax)
    ax.set(xlim=xlim, xlabel="input x", ylabel=ylabel)


def tidy(ax: plt.Axes) -> plt.Axes:
    """Take away the frame's top and right side, which say nothing; returns the Axes."""
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _name_at_ends(ax):
    """Write each curve's name at its right end, moved apart where names would touch."""
    low, high = ax.get_ylim()
    gap = 0.07 * (high - low)
    lines = [line for line in ax.lines if not line.get_label().startswith("_")]
    lines.sort(key=lambda line: line.get_ydata()[-1])
    heights = [line.get_ydata()[-1] for line in lines]
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + gap)
    heights[-1] = min(heights[-1], high)
    for i in range(len(heights) - 2, -1, -1):
        heights[i] = min(heights[i], heights[i + 1] - gap)
    for line, height in zip(lines, heights):
        at_end = {"xycoords": ("axes fraction", "data"), "va": "center", "color": line.get_color()}
        ax.annotate(" " + line.get_label(), (1.0, height), **at_end)
