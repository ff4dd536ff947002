"""Signal and gradient, layer by layer."""

from __future__ import annotations

from typing import Any, Callable

import mxnet as mx
import numpy
from mxnet.gluon import Block

from .._arrays import device_of
from ._slope import slope_of
from ._walk import Call, batch_of, calls_of, check_loss, first_array, name_at, opened, walk

__all__ = ["gradient_statistics", "layer_statistics"]

Record = dict[str, Any]


def layer_statistics(
    net: Block, x: Any, *, train_mode: bool = False, saturated_below: float = 0.01
) -> list[dict[str, Any]]:
    """Mean, spread and share of zeros and saturated values of every layer's output.

    A layer is a block without blocks inside, or with parameters of its own; an operator that a block
    calls in its own forward pass is not seen. The activation in
    ``Dense(units, activation="relu")`` is a layer too, and the Dense is shown as it is before it.

    Parameters
    ----------
    net : Block
        An initialised net, hybridized or not.
    x : mxnet array or tuple of mxnet array
        A batch, or the several inputs of a net that takes more than one.
    train_mode : bool
        Whether to run as in training: dropout at work, batch normalisation by the batch. The
        running statistics are put back; the random numbers that dropout drew are gone.
    saturated_below : float
        A value is saturated where the slope of the activation is below this in size.

    Returns
    -------
    list of dict
        One for each call of a layer, in order: "layer" (its place in the net and its name),
        "shape" of the output, its "mean", "std" and share of exact "zeros"; and "saturated",
        the share of inputs at which the activation is flat, None for what is no activation.
        Activations are the catalog's, MXNet's and this package's; and blocks or functions of your own
        that keep the shape and, as far as one changed element shows, treat each element alike.

    Raises
    ------
    TypeError
        If ``net`` is no block or ``x`` no MXNet array.
    ValueError
        If the net is not initialised, ``x`` is empty, or there is no layer to be seen.
    """
    inputs = batch_of(net, x)
    with opened(net, train_mode):
        calls = calls_of(net, lambda: net(*inputs), train_mode)
        return [_record(call, saturated_below) for call in calls]


def gradient_statistics(
    net: Block, x: Any, y: Any, loss: Callable[[Any, Any], Any], *, train_mode: bool = False, every: bool = False
) -> list[dict[str, Any]]:
    """Size of the gradient of the batch's mean loss with respect to every layer's parameters.

    A layer is a block with parameters of its own.

    Parameters
    ----------
    net, x, train_mode
        As for :func:`layer_statistics`.
    y : mxnet array
        What the loss compares the output with.
    loss : callable
        One of Gluon's losses, or a function of output and ``y``.
    every : bool
        Whether to give a record for every trained parameter, the biases too, instead of one for
        each layer.

    Returns
    -------
    list of dict
        One for each layer with trained parameters, in the order of their first call: "layer";
        "parameter", which is "weight" or, where there is none, the layer's first; "norm", the
        Euclidean length of its gradient; and "rms", the root of the mean square. A parameter that
        two layers share counts for the first. A layer that the output does not depend on has 0.

    Raises
    ------
    TypeError
        If ``net`` is no block, ``x`` no MXNet array, or ``loss`` a class.
    ValueError
        If the net is not initialised, ``x`` is empty, or nothing in it is trained.
    """
    check_loss(loss)
    inputs = batch_of(net, x)
    with opened(net, train_mode):
        mean = []

        def run() -> None:
            with mx.autograd.record(train_mode=train_mode):
                mean.append(loss(net(*inputs), y).mean())

        calls = calls_of(net, run, train_mode, required=False)
        found = _trained(net, calls, device_of(first_array(inputs)), every)
        if not found:
            raise ValueError("the net has no trained parameters: every grad_req is 'null', or there are none")
        weights = [weight for _, _, weight in found]
        with mx.autograd.record(train_mode=train_mode):
            # MXNet refuses a parameter that the loss does not reach: these heads, whose gradient is 0, do.
            reach = [(weight * 0).sum() for weight in weights]
        # Asked for these gradients, autograd leaves those of the parameters alone.
        gradients = mx.autograd.grad(mean + reach, weights, train_mode=train_mode)
    return [_size(layer, key, gradient) for (layer, key, _), gradient in zip(found, gradients)]


def _record(call: Call, saturated_below: float) -> Record:
    """What :func:`layer_statistics` says of one call."""
    values = call.output.asnumpy().astype("float64")
    slope = slope_of(call)
    return {
        "layer": call.layer,
        "shape": values.shape,
        "mean": float(values.mean()),
        "std": float(values.std()),
        "zeros": float((values == 0).mean()),
        "saturated": None if slope is None else float((abs(slope) < saturated_below).mean()),
    }


def _size(layer: str, parameter: str, gradient: Any) -> Record:
    """What :func:`gradient_statistics` says of one parameter."""
    values = gradient.asnumpy().astype("float64")
    norm = float(numpy.sqrt((values**2).sum()))
    return {"layer": layer, "parameter": parameter, "norm": norm, "rms": norm / values.size**0.5}


def _trained(net: Block, calls: list[Call], device: Any, every: bool) -> list[tuple[str, str, Any]]:
    """Layer, name and array of each trained parameter that gets a record."""
    layers: dict[int, tuple[str, Block]] = {}
    called = [(call.layer, call.block) for call in calls]
    for layer, block in called + [(name_at(path, block), block) for path, block in walk(net)]:
        layers.setdefault(id(block), (layer, block))
    found: list[tuple[str, str, Any]] = []
    seen: set[int] = set()
    for layer, block in layers.values():
        trained = {k: p for k, p in block._reg_params.items() if p.grad_req != "null" and id(p) not in seen}
        seen.update(map(id, trained.values()))
        keys = list(trained) if every else [k for k in ("weight", *trained) if k in trained][:1]
        found += [(layer, key, trained[key].data(device)) for key in keys]
    return found
