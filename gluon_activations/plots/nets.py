"""The pictures of a whole net: its signal and gradient per layer, its dead units, its output layer.

They draw the records of :mod:`gluon_activations.nets`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

import mxnet as mx
from mxnet.gluon import loss as losses

from .._arrays import array
from .._wording import in_a_line
from ..catalog import _display_name, get_activation
from ..nets._slope import slope_of
from ..nets._walk import activation_of, batch_of, calls_of, check_loss, opened
from .activations import _check_grid
from .colors import colors_in, free_color, own_color
from .style import DASHED, DOTTED, GREY, PALETTE, finish, panels, tidy

__all__ = [
    "plot_dead_units",
    "plot_gradient_statistics",
    "plot_histograms",
    "plot_layer_statistics",
    "plot_output",
]


def plot_layer_statistics(statistics: Sequence[dict[str, Any]], *, ax: Axes | None = None) -> Axes:
    """Draw each layer's output, mean (dot) and standard deviation (bar), the first layer on top.

    Beside each stands its share of zeros and, if it is an activation, of saturated values.

    Parameters
    ----------
    statistics : sequence of dict
        What :func:`layer_statistics` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure, as high as the layers need.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no record.
    """
    ax, rows = _rows(statistics, ax)
    means, spreads = [r["mean"] for r in statistics], [r["std"] for r in statistics]
    ax.errorbar(means, rows, xerr=spreads, fmt="o", color=PALETTE[0], markersize=5, elinewidth=2)
    ax.axvline(0, color=GREY, linewidth=0.6, zorder=0)
    ax.set_xlabel("output (mean ± standard deviation)")
    ax.xaxis.set_major_locator(MaxNLocator(5))
    _column(ax, 36, "zeros", [r["zeros"] for r in statistics])
    _column(ax, 90, "saturated", [r["saturated"] for r in statistics])
    return ax


def plot_gradient_statistics(
    statistics: Sequence[dict[str, Any]], *, ax: Axes | None = None, label: str | None = None
) -> Axes:
    """Draw the length of each layer's gradient on a logarithmic axis, the first layer on top.

    Parameters
    ----------
    statistics : sequence of dict
        What :func:`gradient_statistics` returned. A gradient of 0 is a cross at the left edge.
    ax : matplotlib.axes.Axes, optional
        As for :func:`plot_layer_statistics`. A second net of the same layers gets another colour there.
    label : str, optional
        Name in the legend; by default there is no legend.
    """
    names = [r["layer"] if r["parameter"] == "weight" else f"{r['layer']} {r['parameter']}" for r in statistics]
    drawn = 0 if ax is None else len({line.get_color() for line in ax.lines})
    ax, rows = _rows(statistics, ax, names)
    color, norms = PALETTE[drawn % len(PALETTE)], numpy.array([r["norm"] for r in statistics])
    shown = numpy.where(norms > 0, norms, numpy.nan)
    ax.plot(shown, rows, "o-", color=color, markersize=5, linewidth=1, label=label)
    ax.set(xscale="log", xlabel="length of the gradient of the loss")
    zero = numpy.flatnonzero(norms == 0)
    at_edge: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "color": color, "clip_on": False}
    if len(zero):
        ax.plot(numpy.zeros(len(zero)), zero, "x", **at_edge)
    if label is not None:
        ax.legend(frameon=False)
    return ax


def plot_histograms(nets: Mapping[str, Any], x: Any, *, layers: int = 5, bins: int = 41) -> Figure:
    """Draw how the outputs of activations are spread, a row for each net and a column for each depth.

    Parameters
    ----------
    nets : dict
        Title to net, each as for :func:`layer_statistics`. What is drawn are the outputs of its activations, from
        the first to the last, in the colour of the first. Give nets of one depth, so that the columns say the
        same of each.
    x : mxnet array or tuple
        A batch.
    layers : int
        How many depths to draw, equally far apart; all if there are fewer.
    bins : int
        Of each histogram. Each panel has the range of its own values, which stands below it, so that a signal
        that fades or grows is still seen.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no net, or a net has no activation.
    """
    calls = {title: _activated(net, x) for title, net in nets.items()}
    empty = [title for title, found in calls.items() if not found]
    if empty or not calls:
        raise ValueError(f"no activation was called in {', '.join(empty)}" if empty else "no net was given")
    count = min(layers, *map(len, calls.values()))
    figure, axes = panels(len(calls), count, height=0.6 + 1.3 * len(calls), squeeze=False)
    owns = [own_color(found[0][0]) for found in calls.values()]
    for number, (title, found) in enumerate(calls.items()):
        row = axes[number]
        color = owns[number] = owns[number] or free_color([own for own in owns if own])
        places = numpy.linspace(0, len(found) - 1, count).round().astype(int)
        for ax, place in zip(row, places):
            output = found[place][1]
            finite = output[numpy.isfinite(output)]
            ax.hist(finite, bins, color=color)
            tidy(ax).set(yticks=[], title="" if number else f"layer {place + 1}")
            ax.spines["left"].set_visible(False)
            ax.set_xlabel(
                f"{finite.mean():.2g} ± {finite.std():.2g}" if len(finite) else "nothing finite", fontsize=8
            )
            ax.tick_params(labelsize=7)
            ax.xaxis.set_major_locator(MaxNLocator(2))
        row[0].set_ylabel(title)
    return figure


def _activated(net: Any, x: Any) -> list[tuple[Any, Any]]:
    """The activations of a net in order, with what each gives."""
    inputs = batch_of(net, x)
    with opened(net):
        calls = calls_of(net, lambda: net(*inputs), train_mode=False)
        found = [call for call in calls if slope_of(call) is not None]
        return [(activation_of(call.block) or call.block, call.output.asnumpy().ravel()) for call in found]


def plot_dead_units(found: Sequence[dict[str, Any]], *, ax: Axes | None = None) -> Axes:
    """Draw the share of dead units in each activation, the first on top.

    Parameters
    ----------
    found : sequence of dict
        What :func:`dead_units` returned; nothing, a ValueError, if the net has no activation with a zero region.
    ax : matplotlib.axes.Axes, optional
        As for :func:`plot_layer_statistics`.
    """
    ax, rows = _rows(found, ax)
    shares = [100 * len(r["dead"]) / r["units"] for r in found]
    ax.barh(rows, shares, height=0.6, color=PALETTE[1])
    for row, share, record in zip(rows, shares, found):
        beside: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontsize": 8, "color": GREY}
        ax.annotate(f"{len(record['dead'])} of {record['units']}", (share, row), (4, 0), **beside)
    ax.set(xlabel="dead units (% of the layer's)", xlim=(0, max(100 / 8, 1.2 * max(shares))))
    return ax


def plot_output(
    activation: Any,
    loss: Any,
    *,
    classes: int = 10,
    xlim: tuple[float, float] = (-10, 10),
    points: int = 501,
    ax: Axes | None = None,
    label: str | None = None,
) -> Axes:
    """Draw the loss (solid) and the size of its gradient (dashed) against the score of the true class.

    The scores of the other classes are 0. A loss of single outputs (sigmoid cross-entropy, L2, …)
    gets one score, whose target is 1. Where the loss keeps above 0 however large the score is,
    that floor is marked.

    Parameters
    ----------
    activation : None, str, Block or callable
        What the scores pass before the loss: nothing, a catalog name, a block or a function.
    loss : mxnet.gluon.loss.Loss
        One of Gluon's losses.
    classes : int
        How many classes there are, two or more.
    xlim, points, ax, label
        As for :func:`visualize_activation`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If ``xlim`` is no interval, ``points`` or ``classes`` is below two, or the loss gives one
        number for the whole batch.
    """
    check_loss(loss)
    _check_grid(xlim, points)
    if classes < 2:
        raise ValueError(f"classes is 2 or more, not {in_a_line(classes)}")
    block = get_activation(activation)
    far = 1e3  # where a floor shows
    x = numpy.append(numpy.linspace(*xlim, points), far)
    value, slope = _loss_curves(block, loss, x, classes)
    ax = panels()[1] if ax is None else ax
    color = free_color(colors_in(ax))
    name = label or ("no activation" if activation is None else _display_name(block))
    ax.plot(x[:-1], value[:-1], color=color, linewidth=2, label=f"{name}: loss")
    ax.plot(x[:-1], slope[:-1], color=color, linewidth=2, linestyle=DASHED, label=f"{name}: gradient")
    floor = value[-1]
    if 1e-3 < floor <= value[:-1].min() * (1 + 1e-6):
        ax.axhline(floor, color=color, linewidth=0.8, linestyle=DOTTED, zorder=0)
        text: dict[str, Any] = {"xytext": (4, 3), "textcoords": "offset points", "fontsize": 8, "color": color}
        ax.annotate(f"floor {floor:.3f}", (xlim[0], floor), **text)
    finish(ax, xlim, "loss and size of its gradient")
    ax.set_xlabel("score of the true class" if _of_classes(loss) else "score, for the target 1")
    ax.legend(frameon=False)
    return ax


def _of_classes(loss: Any) -> bool:
    """Whether the loss compares the scores of classes."""
    return isinstance(loss, (losses.SoftmaxCrossEntropyLoss, losses.KLDivLoss))


def _loss_curves(block: Any, loss: Any, x: Any, classes: int) -> tuple[Any, Any]:
    """The loss at each score and the size of its gradient, as NumPy arrays."""
    scores = numpy.zeros((len(x), classes if _of_classes(loss) else 1))
    scores[:, 0] = x
    target = numpy.eye(1, scores.shape[1]).repeat(len(x), axis=0)
    if getattr(loss, "_sparse_label", False):
        target = numpy.zeros(len(x))
    scores, target = array(scores), array(target)
    scores.attach_grad()
    with mx.autograd.record(train_mode=False):
        value = loss(block(scores), target)
    if value.shape != (len(x),):
        raise ValueError(f"{type(loss).__name__} gives one number for the whole batch, so it has no curve")
    (slope,) = mx.autograd.grad([value], [scores], train_mode=False)
    return value.asnumpy(), abs(slope.asnumpy()[:, 0])


def _rows(
    records: Sequence[dict[str, Any]], ax: Axes | None, names: list[str] | None = None
) -> tuple[Axes, list[int]]:
    """Axes with one row for each record, the first on top, and the rows' heights."""
    records = list(records)
    if not records:
        raise ValueError("there is nothing to draw: no record was given")
    ax = panels(height=1.1 + 0.23 * len(records))[1] if ax is None else ax
    rows = list(range(len(records)))
    ax.set_yticks(rows, [r["layer"] for r in records] if names is None else names, fontsize=8)
    ax.set_ylim(len(records) - 0.4, -0.6)
    return tidy(ax), rows


def _column(ax: Axes, place: float, title: str, shares: Sequence[float | None]) -> None:
    """Write shares in percent at the right of the rows."""
    style: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "ha": "right"}
    style.update(annotation_clip=False, va="center", fontsize=8, color=GREY)
    texts = ["–" if share is None else f"{100 * share:.0f} %" for share in shares]
    for row, text in enumerate([title, *texts], -1):
        ax.annotate(text, (1, row), (place, 0), **style)
