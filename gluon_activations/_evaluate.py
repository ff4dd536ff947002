"""Value and slope of anything that maps an array."""

from __future__ import annotations

from typing import Any

import mxnet as mx
from mxnet.gluon import Block

from ._arrays import check, device_of, initialize_on, like
from .catalog import get_activation

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
