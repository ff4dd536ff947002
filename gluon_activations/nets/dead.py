"""Units that nothing passes."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy

from mxnet.gluon import Block

from .._arrays import device_of, is_array
from .._evaluate import points_for
from .._parameters import Integer
from ..catalog import _name_of
from ._slope import asked, slope_of
from ._walk import Call, batch_of, calls_of, opened

__all__ = ["dead_units"]

_AXIS = Integer("The axis of the units.", name="axis")
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
        One array, or a list, generator or DataLoader of arrays or of pairs (x, y). Of a net that takes
        more than one input, x is a tuple.
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
        own. Others (a sigmoid at -1000) are listed only if a unit is dead, rounded to 0. An
        activation without that axis, or with another number of units from batch to batch, is left
        out, and a warning names it.

    Raises
    ------
    TypeError, ValueError
        As for :func:`layer_statistics`; and ValueError if there is no batch, or all have to be left out.
    """
    dead: dict[str, Any] = {}
    zero_region: dict[str, bool] = {}
    left_out: dict[str, str] = {}
    axis = _AXIS.check(axis, "dead_units")
    for inputs in _batches(net, batches):
        with opened(net, train_mode):
            for call in calls_of(net, functools.partial(net, *inputs), train_mode):
                slope = slope_of(call)
                if slope is None:
                    continue
                still = _still(call, slope, axis)
                before = dead.get(call.layer, still)
                if still is None:
                    left_out[call.layer] = f"gives shape {slope.shape}, which has no axis {axis}"
                elif before is not None and len(before) != len(still):
                    counts = f"{len(before)} units in one batch and {len(still)} in another"
                    left_out[call.layer] = f"has {counts} on axis {axis}"
                if call.layer in left_out:
                    dead.pop(call.layer, None)
                    continue
                dead[call.layer] = before & still
                if call.layer not in zero_region:
                    zero_region[call.layer] = _has_zero_region(call)
    _say(left_out, bool(dead))
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


def _say(left_out: dict[str, str], others: bool) -> None:
    """Name what could not be judged: in a warning, or in an error if that is all there is."""
    if left_out:
        layer, why = next(iter(left_out.items()))
        if not others:
            raise ValueError(f"{layer} {why}")
        more = f", and {len(left_out) - 1} more" if len(left_out) > 1 else ""
        warnings.warn(f"dead_units leaves out {layer}, which {why}{more}", stacklevel=3)


def _still(call: Call, slope: Any, axis: int) -> Any:
    """Which units are 0 with slope 0 in the whole batch; None if there is no such axis."""
    if not -slope.ndim <= axis < slope.ndim:
        return None
    still = (slope == 0) & (call.output.asnumpy() == 0)
    return numpy.array([unit.all() for unit in numpy.moveaxis(still, axis, 0)])


def _has_zero_region(call: Call) -> bool:
    """Whether value and slope are 0 at some point near 0."""
    for x in _near(call):
        value, slope = asked(call.block, x)
        if value is not None and ((value == 0) & (slope == 0)).any():
            return True
    return False


def _near(call: Call) -> Iterator[Any]:
    """Arrays of these points that a block takes: of somebody's own, which may want its input's shape, one each."""
    if _name_of(call.block):
        yield points_for(call.block, _NEAR, device_of(call.x))
    else:
        x = call.x.copy()
        for point in _NEAR:
            x[:] = point
            yield x
