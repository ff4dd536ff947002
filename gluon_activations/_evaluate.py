"""Value and slope of anything that maps an array."""

from __future__ import annotations

from typing import Any

import numpy

import mxnet as mx
from mxnet.gluon import Block

from ._arrays import array, check, device_of, initialize_on, like
from .catalog import CATALOG, _name_of, get_activation

__all__ = ["derivative", "evaluate"]


def evaluate(activation: Any, x: Any) -> tuple[Any, Any]:
    """Value and slope of an activation at every element of ``x``.

    Parameters
    ----------
    activation : str, Block or callable
        As for :func:`get_activation`. A block that was not initialised yet is.
    x : mxnet array
        In float16, float32 or float64. Neither it nor its gradient is changed.

    Returns
    -------
    tuple of mxnet array
        ``f(x)`` and autograd's ``f'(x)``. (Of what acts on vectors, the second is the gradient of the sum.)

    Raises
    ------
    ValueError
        If there is no activation of that name; the message lists the nearest ones.
    TypeError
        If ``activation`` or ``x`` is something else.
    """
    check(x, "evaluate")
    block = get_activation(activation)
    _initialize(block, x)
    x = x.copy()
    x.attach_grad()
    # Asked for this one gradient, autograd leaves those of the block's parameters alone.
    with mx.autograd.record(train_mode=False):
        y = block(x)
    (slope,) = mx.autograd.grad([y], [x], train_mode=False)
    return y, like(x, slope)


def _initialize(block: Block, x: Any) -> None:
    parameters = block.collect_params().values()
    if any(p._data is None and not p._deferred_init for p in parameters):
        initialize_on(block, device_of(x))


def derivative(activation: Any, x: Any) -> Any:
    """Autograd's slope of an activation (name, block or function) at every element of ``x``.

    Parameters
    ----------
    activation, x
        As for :func:`evaluate`.
    """
    return evaluate(activation, x)[1]


# For whoever looks into somebody's block.


def curve(block: Block, x: Any) -> tuple[Any, Any] | None:
    """Value and slope at every element, or None if the block does not treat each element alike."""
    name = _name_of(block)
    alike = _alike(block, x) if name is None else CATALOG[name].acts_on == "elements"
    return evaluate(block, x) if alike else None


def value_of(block: Block, x: Any) -> Any:
    """What a block gives outside of training, for NumPy."""
    with mx.autograd.pause():
        return block(x).asnumpy()


def points_for(activation: Any, points: Any, ctx: Any = None, dtype: str = "float32") -> Any:
    """These points as an array that an activation takes: in its dtype, if it has one, for each of its channels."""
    parameters = get_activation(activation).collect_params().values()
    channels = max([1, *(p.shape[0] for p in parameters if p.shape)])
    dtype = next((p.dtype for p in parameters), dtype)
    points = numpy.asarray(points)
    grid = points if channels == 1 else numpy.repeat(points[:, None], channels, axis=1)
    return array(grid, dtype=dtype, ctx=ctx)


def _alike(block: Block, x: Any) -> bool:
    """Whether a change of one element changes that of the output and no other, at ``x`` and around 0."""
    evaluate(block, x)  # which initialises it
    values = x.asnumpy()
    return _apart(block, x, values) and _apart(block, x, numpy.zeros_like(values))


def _apart(block: Block, x: Any, values: Any) -> bool:
    middle = values.size // 2
    moved = values.copy()
    moved.flat[middle] += 1
    before, after = _outputs(block, x, values), _outputs(block, x, moved)
    if before.shape != values.shape:
        return False
    before.flat[middle] = after.flat[middle]
    return bool(numpy.array_equal(before, after, equal_nan=True))


def _outputs(block: Block, x: Any, values: Any) -> Any:
    """What the block gives for an array like ``x`` with these values."""
    inputs = x.copy()
    inputs[:] = values
    return value_of(block, inputs)
