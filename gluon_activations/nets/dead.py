"""Units that nothing passes."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import numpy
from mxnet.gluon import Block

from .._arrays import is_array
from ._slope import asked, slope_of
from ._walk import Call, batch_of, calls_of, opened

__all__ = ["dead_units"]

# Where an activation is asked whether it has a zero region: near 0, where no tail is rounded to 0 yet.
_NEAR = (-4.0, -2.0, -1.0, -0.1, 0.1, 1.0, 2.0, 4.0)


def dead_units(net: Block, batches: Any, *, axis: int = 1, train_mode: bool = False) -> list[dict[str, Any]]:
    """Units that are 0 with slope 0 for *every* sample: nothing passes them, forwards or backwards.

    In a healthy ReLU layer about half the values are 0, each unit's for other samples; that is no
    defect. (A net that gives nan may look dead: MXNet's ReLU turns nan into 0 on the CPU.)
    Only activations that are blocks are seen, not operators inside a block's own forward pass.

    Parameters
    ----------
    net : Block
        As for :func:`layer_statistics`.
    batches : mxnet array or iterable
        One array, or a list, generator or DataLoader of arrays or of pairs (x, y).
    axis : int
        The axis of the units in an activation's output: 1 for a Dense layer's units and for the
        channels of a convolution, which is dead if it is at every position. Where a
        Dense(flatten=False) works on sequences, and for channels in the last place, it is -1.
    train_mode : bool
        As for :func:`layer_statistics`.

    Returns
    -------
    list of dict
        One for each activation that has a zero region: "layer"; "units", how many; and "dead",
        the indices of the dead ones. Whether it has one is tried at a few points between -4 and
        4: ReLU, ReLU6, hard sigmoid, hard swish and the binary step do, and so may a block of your
        own. Others (a sigmoid at -1000) are listed only if a unit is dead, rounded to 0.

    Raises
    ------
    TypeError, ValueError
        As for :func:`layer_statistics`; and ValueError if there is no batch or no such axis.
    """
    dead: dict[str, Any] = {}
    zero_region: dict[str, bool] = {}
    for inputs in _batches(net, batches):
        with opened(net, train_mode):
            for call in calls_of(net, functools.partial(net, *inputs), train_mode):
                slope = slope_of(call)
                if slope is None:
                    continue
                dead[call.layer] = dead.get(call.layer, True) & _still(call, slope, axis)
                if call.layer not in zero_region:
                    zero_region[call.layer] = _has_zero_region(call)
    return [
        {"layer": layer, "units": len(still), "dead": numpy.flatnonzero(still).tolist()}
        for layer, still in dead.items()
        if zero_region[layer] or still.any()
    ]


def _batches(net: Block, batches: Any) -> Iterable[tuple[Any, ...]]:
    """The inputs of each batch, checked."""
    batches = [batches] if is_array(batches) else batches
    if isinstance(batches, tuple) or not isinstance(batches, Iterable):
        kind = type(batches).__name__
        raise TypeError(
            f"batches is an array, or a list of arrays or of pairs (x, y), not a {kind}: write [(x, y)]"
        )
    empty = True
    for batch in batches:
        empty = False
        yield batch_of(net, batch[0] if isinstance(batch, (list, tuple)) else batch)
    if empty:
        raise ValueError("there is no batch: batches is empty, or a generator that was used up")


def _still(call: Call, slope: Any, axis: int) -> Any:
    """Which units are 0 with slope 0 in the whole batch."""
    if not -slope.ndim <= axis < slope.ndim:
        raise ValueError(f"{call.layer} gives shape {slope.shape}, which has no axis {axis}")
    still = (slope == 0) & (call.output.asnumpy() == 0)
    return numpy.array([unit.all() for unit in numpy.moveaxis(still, axis, 0)])


def _has_zero_region(call: Call) -> bool:
    """Whether value and slope are 0 at some point near 0."""
    (x,) = call.inputs
    x = x.copy()
    for point in _NEAR:
        x[:] = point
        value, slope = asked(call.block, x)
        if value is not None and ((value == 0) & (slope == 0)).any():
            return True
    return False
