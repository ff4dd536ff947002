"""Signal and gradient, layer by layer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Callable

import numpy

import mxnet as mx
from mxnet.gluon import Block

from .._arrays import device_of, own_parameters
from .._parameters import Number
from ._slope import slope_of
from ._walk import Call, batch_of, calls_of, check_loss, first_array, loss_of, name_at, opened, walk

__all__ = ["gradient_statistics", "layer_statistics"]

Record = dict[str, Any]
_BELOW = Number("Slopes smaller than this are flat.", name="saturated_below")


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
    x : mxnet array or tuple
        A batch, or the several inputs of a net that takes more than one: arrays, lists and dicts of
        arrays, numbers, None.
    train_mode : bool
        Whether to run as in training: dropout at work, batch normalisation by the batch. The
        running statistics are put back; the random numbers that dropout drew are gone.
    saturated_below : float
        A value is saturated where the slope of the activation is below this in size.

    Returns
    -------
    list of dict
        One for each call of a layer, in order: "layer" (its place in the net and its name),
        "shape" of the output (of several, the first), its "mean", "std" and share of exact "zeros";
        and "saturated", the share of inputs at which the activation is flat. It is None for what is
        no activation or cannot be asked: what takes more than one array, or raises when called again.
        Activations are the catalog's, MXNet's and this package's; and blocks or functions of your own
        that keep the shape and, as far as one changed element shows, treat each element alike.

    Raises
    ------
    TypeError
        If ``net`` is no block or ``x`` no MXNet array.
    ValueError
        If the net is not initialised, ``x`` is empty, or there is no layer to be seen.
    """
    limit = _BELOW.check(saturated_below, "layer_statistics")
    inputs = batch_of(net, x)
    with opened(net, train_mode):
        calls = calls_of(net, lambda: net(*inputs), train_mode)
        return [_record(call, limit) for call in calls]


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
        One of Gluon's losses, or a function of output and ``y``. (Where a function depends on
        arrays of its own that have gradients, it gives them new ones, as in training.)
    every : bool
        Whether to give a record for every trained parameter, the biases too, instead of one for
        each layer.

    Returns
    -------
    list of dict
        One for each layer with trained parameters, in the order of their first call: "layer";
        "parameter", which is "weight" or, where there is none, the layer's first; "norm", the
        Euclidean length of its gradient; and "rms", the root of the mean square. A parameter that
        two layers share counts for the first. A layer that the output does not depend on has 0; one
        that never ran, and so has no shape yet, is left out.

    Raises
    ------
    TypeError
        If ``net`` is no block, ``x`` no MXNet array, or ``loss`` a class or gives no array; or, for one of Gluon's
        losses, ``y`` no MXNet array.
    ValueError
        If the net is not initialised, ``x`` is empty, or nothing in it is trained; or the loss fails for what the
        net gives and ``y``: their shapes do not suit each other, or there are several outputs.
    """
    check_loss(loss)
    found, _ = gradients_of(net, batch_of(net, x), y, loss, train_mode, every)
    if not found:
        raise ValueError("the net has no trained parameters: every grad_req is 'null', or there are none")
    return [_size(layer, key, gradient) for layer, key, _, gradient in found]


def gradients_of(
    net: Block, inputs: tuple[Any, ...], y: Any, loss: Any, train_mode: bool, every: bool
) -> tuple[list[tuple[str, str, Any, Any]], Any]:
    """Layer, name, parameter and gradient of the mean loss for each trained one; and the losses themselves."""
    first = first_array(inputs)
    device = None if first is None else device_of(first)
    seen: list[Any] = []

    def run() -> None:
        with mx.autograd.record(train_mode=train_mode):
            losses = loss_of(loss, net(*_detached(inputs)), _detached(y))
            if not isinstance(losses, mx.nd.NDArray):
                raise TypeError(f"the loss gives one array, not {type(losses).__name__}")
            mean = losses.mean()
            # MXNet refuses a loss that depends on nothing; this one does, on itself.
            besides = mean.detach().copy()
            besides.attach_grad()
            seen.extend((losses.detach(), mean + besides))

    with opened(net, train_mode), _copied(net, loss, device) as copies:
        calls = calls_of(net, run, train_mode, arrays=False) if copies else []
        found = _trained(net, calls, every)
        if not found:
            return [], None
        losses, mean = seen
        mean.backward(train_mode=train_mode)
    return [(layer, key, p, copies[id(p)].grad) for layer, key, p in found], losses


@contextlib.contextmanager
def _copied(net: Block, loss: Any, device: Any) -> Iterator[dict[int, Any]]:
    """Let net and loss compute with copies of their trained parameters, whose gradients are nobody else's.

    (``autograd.grad`` leaves the parameters' own gradients alone too. But on the CPU the gradient of a
    transposed convolution has to be written into an array that is there already: in a new one it fails,
    and with it all that MXNet does afterwards.)
    """
    copies, before = {}, []
    parts = [net, loss] if isinstance(loss, Block) else [net]
    with mx.autograd.pause():
        for p in (p for part in parts for p in part.collect_params().values()):
            if not _is_trained(p) or id(p) in copies:
                continue
            data = p.data(device)
            copies[id(p)] = copy = data.copy()
            copy.attach_grad(**({} if p._grad_stype == "default" else {"stype": p._grad_stype}))
            before.append((p, p._data))
            p._data = [copy if each is data else each for each in p._data]
    try:
        yield copies
    finally:
        for p, data in before:
            p._data = data


def _is_trained(p: Any) -> bool:
    """Whether a parameter has a gradient, and values at hand."""
    return p.grad_req != "null" and p._data is not None and p._stype == "default"


def _detached(values: Any) -> Any:
    """The same arrays outside of what somebody records, so that their gradients stay as they are."""
    if type(values) in (list, tuple):
        return type(values)(map(_detached, values))
    if type(values) is dict:
        return {key: _detached(value) for key, value in values.items()}
    return values.detach() if isinstance(values, mx.nd.NDArray) else values


def _record(call: Call, saturated_below: float) -> Record:
    """What :func:`layer_statistics` says of one call."""
    values = call.output.asnumpy().astype("float64")
    slope = slope_of(call)
    with numpy.errstate(all="ignore"):  # of what is infinite, the spread is nan
        mean, std = float(values.mean()), float(values.std())
    return {
        "layer": call.layer,
        "shape": values.shape,
        "mean": mean,
        "std": std,
        "zeros": float((values == 0).mean()),
        "saturated": None if slope is None else float((abs(slope) < saturated_below).mean()),
    }


def _size(layer: str, parameter: str, gradient: Any) -> Record:
    """What :func:`gradient_statistics` says of one parameter."""
    values = gradient.asnumpy().astype("float64")
    norm = float(numpy.sqrt((values**2).sum()))
    return {"layer": layer, "parameter": parameter, "norm": norm, "rms": norm / values.size**0.5}


def _trained(net: Block, calls: list[Call], every: bool) -> list[tuple[str, str, Any]]:
    """Layer, name and parameter for each trained one that gets a record."""
    layers: dict[int, tuple[str, Block]] = {}
    called = [(call.layer, call.block) for call in calls]
    for layer, block in called + [(name_at(path, block), block) for path, block in walk(net)]:
        layers.setdefault(id(block), (layer, block))
    found: list[tuple[str, str, Any]] = []
    seen: set[int] = set()
    for layer, block in layers.values():
        trained = {k: p for k, p in own_parameters(block).items() if _is_trained(p) and id(p) not in seen}
        seen.update(map(id, trained.values()))
        keys = list(trained) if every else [k for k in ("weight", *trained) if k in trained][:1]
        found += [(layer, key, trained[key]) for key in keys]
    return found
