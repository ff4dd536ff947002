"""Value and gradient of one activation, of several side by side, or of the whole catalog."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy
from matplotlib.axes import Axes
from matplotlib.cbook import normalize_kwargs
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .._arrays import array
from .._context import context
from .._evaluate import curve, evaluate, points_for
from .._wording import in_a_line
from ..catalog import Activation, _display_name, _entry_of, _name_of, get_activation
from ..catalog import activations as all_activations
from .colors import color_of, colors_in, colors_of, free_color, own_color
from .style import DASHED, finish, panels

__all__ = ["compare_activations", "gallery", "mark", "visualize_activation"]


def visualize_activation(
    activation: Any,
    *,
    xlim: tuple[float, float] = (-10, 10),
    points: int = 501,
    ax: Axes | None = None,
    ctx: Any = None,
    label: str | None = None,
    **line: Any,
) -> Axes:
    """Draw an activation (solid) and its gradient by autograd (dashed), in its colour (:func:`color_of`).

    Parameters
    ----------
    activation : str, Block or callable
        A name as for :func:`get_activation`; a block, hybridized or not (one that is not initialised
        yet is initialised); or a function of one array. A block with a parameter per channel
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
        Passed to ``Axes.plot`` for both curves. Without ``color`` it is the activation's own, unless a curve
        that is there already has that.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If ``xlim`` is no interval, ``points`` is below two, or ``activation`` is none: it does
        not give each element a value of its own.
    """
    x, value, slope = _curves(activation, xlim, points, ctx)
    ax = panels()[1] if ax is None else ax
    name = _display_name(activation) if label is None else label
    line = normalize_kwargs(line, Line2D)
    color = line.pop("color", None)
    if color is None:
        color = free_color(colors_in(ax), own_color(activation))
    line = {"linewidth": 2, **line}
    solid = ax.plot(x, value, color=color, **line)
    dashed = ax.plot(x, slope, color=color, **{**line, "linestyle": DASHED})
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
    params: Sequence[dict[str, Any]] | None = None,
    labels: Sequence[str] | None = None,
    ctx: Any = None,
) -> Figure:
    """Draw several activations: values in the left panel, gradients in the right one.

    Parameters
    ----------
    activations : sequence of str, Block or callable
        What to draw, each in its own colour; what comes twice, in another one.
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
    TypeError
        If ``activations`` is a single one.
    ValueError
        If there is nothing to draw, or ``params`` or ``labels`` have another length.
    """
    activations = _several(activations)
    given = [{}] * len(activations) if params is None else list(params)
    named = [None] * len(activations) if labels is None else list(labels)
    if not len(activations) == len(given) == len(named):
        lengths = f"{len(activations)} activations, {len(given)} params, {len(named)} labels"
        raise ValueError(f"there are as many of one as of the other, not {lengths}")
    curves, owns = [], []
    for activation, options, label in zip(activations, given, named):
        block = get_activation(activation, **options) if options else activation
        curves.append((label or _label(activation, options), *_curves(block, xlim, points, ctx)))
        owns.append(own_color(block))
    figure, axes = panels(1, 2)
    for panel, which, title, style in ((axes[0], 2, "value", "-"), (axes[1], 3, "gradient", DASHED)):
        for drawn, color in zip(curves, colors_of(owns)):
            lines = panel.plot(drawn[1], drawn[which], color=color, linestyle=style, linewidth=2)
            lines[0].set_label(drawn[0])
        finish(panel, xlim, title)
        if len(curves) > 3:
            _name_at_ends(panel)
    if len(curves) <= 3:
        axes[0].legend(frameon=False)
    return figure


def gallery(
    names: Sequence[str] | None = None, *, xlim: tuple[float, float] = (-4, 4), columns: int = 5
) -> Figure:
    """Draw one small panel, value and gradient, for each activation of the catalog.

    Parameters
    ----------
    names : sequence of str, optional
        Which ones; by default all that act on each element alike.
    xlim : tuple of float
        The interval that is drawn, the same for all.
    columns : int
        Panels in a row.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        If ``names`` is a single name.
    ValueError
        If a name is unknown (the nearest ones are listed), there is none, or ``columns`` is below one.
    """
    if columns < 1:
        raise ValueError(f"columns is 1 or more, not {in_a_line(columns)}")
    columns = operator.index(columns)
    entries = [_entry_of(name) for name in (all_activations("elements") if names is None else _several(names))]
    rows = -(-len(entries) // columns)
    figure, axes = panels(rows, columns, height=1.9 * rows, sharex=True, sharey=True, squeeze=False)
    for place, (entry, ax) in enumerate(zip(entries, axes.flat)):
        color = color_of(entry)
        visualize_activation(entry.name, xlim=xlim, ax=ax, color=color)
        ax.get_legend().remove()
        ax.set(title=entry.title, xlabel="", ylabel="", ylim=(-2, 4), xticks=numpy.linspace(*xlim, 5)[1:-1])
        ax.tick_params(labelbottom=place >= len(entries) - columns)  # the lowest of its column
        mark(ax, entry, color, 4)
    for ax in axes.flat[len(entries) :]:
        ax.set_axis_off()
    return figure


def mark(ax: Axes, entry: Activation, color: str, size: float) -> None:
    """Mark an activation's kinks by dots of this size, and its minimum by a triangle.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where the curve is.
    entry : Activation
        An entry of the catalog.
    color : str
        Of the marks.
    size : float
        Of a dot, in points.
    """
    if entry.kinks:
        heights = evaluate(entry.name, array(entry.kinks))[0].asnumpy()
        ax.plot(entry.kinks, heights, "o", color=color, markersize=size)
    if entry.minimum:
        ax.plot(*entry.minimum, "v", color=color, markersize=1.75 * size, markeredgecolor="white")


def _several(activations: Any) -> list[Any]:
    """The activations of a sequence."""
    if isinstance(activations, str) or callable(activations):
        raise TypeError(f"several activations are asked for, as a list: [{in_a_line(activations)}]")
    found = list(activations)
    if not found:
        raise ValueError("there is nothing to draw: no activation was given")
    return found


def _check_grid(xlim: tuple[float, float], points: int) -> None:
    """Raise ValueError unless curves can be drawn so."""
    if len(numpy.atleast_1d(xlim)) != 2 or not xlim[0] < xlim[1]:
        raise ValueError(f"xlim is an interval (low, high) with low < high, not {in_a_line(xlim)}")
    if points < 2:
        raise ValueError(f"points is 2 or more, not {in_a_line(points)}")


def _curves(activation: Any, xlim: tuple[float, float], points: int, ctx: Any) -> tuple[Any, Any, Any]:
    """The x of ``points`` points, and value and gradient there, as NumPy arrays."""
    _check_grid(xlim, points)
    x = numpy.linspace(*xlim, points)
    block, name = get_activation(activation), _display_name(activation)
    inputs = points_for(block, x, None if ctx is None else context(ctx))
    try:
        found = curve(block, inputs)
    except Exception as error:
        raise ValueError(f"{name} cannot be drawn: it fails for an array of shape {inputs.shape}") from error
    if found is None:
        raise ValueError(f"{name} cannot be drawn: it gives no value to each element by itself")
    return x, found[0].asnumpy(), found[1].asnumpy()


def _label(activation: Any, options: dict[str, Any]) -> str:
    """The name of a curve, with the parameters that bend it."""
    own = getattr(activation, "_shown", {})  # of a block of ours
    knobs = _entry_of(_name_of(activation) or "identity").knobs if own else {}
    options = {**{key: own[key] for key in knobs}, **options}
    shown = (f"{value:.4g}" if isinstance(value, (float, numpy.floating)) else value for value in options.values())
    return ", ".join([_display_name(activation), *map("{}={}".format, options, shown)])


def _name_at_ends(ax: Axes) -> None:
    """Write each curve's name at its right end, moved apart where names would touch."""
    low, high = ax.get_ylim()
    gap = 0.07 * (high - low)
    lines = [line for line in ax.lines if not str(line.get_label()).startswith("_")]
    lines.sort(key=_end)
    heights = [_end(line) for line in lines]
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + gap)
    heights[-1] = min(heights[-1], high)
    for i in range(len(heights) - 2, -1, -1):
        heights[i] = min(heights[i], heights[i + 1] - gap)
    for line, height in zip(lines, heights):
        at_end: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": "center"}
        ax.annotate(f" {line.get_label()}", (1.0, height), color=line.get_color(), **at_end)


def _end(line: Line2D) -> float:
    """Where a curve stands at its right end."""
    return float(numpy.asarray(line.get_ydata())[-1])
