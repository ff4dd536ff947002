"""What goes wrong in a net: signal and gradient per layer, dead units.

All look at somebody's net from outside, by Gluon's forward hooks, and leave it as it was:
hooks gone, graph and hybridization kept, parameters, gradients and running statistics untouched.
What is not a block cannot be seen: an operator inside a block's own forward pass, as the ReLU after
the sum in the model zoo's ResNets, or the inside of a net imported as one ``SymbolBlock``.
"""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Callable, NamedTuple

import mxnet as mx
import numpy
from mxnet.gluon import Block, SymbolBlock, nn

from . import blocks, ops
from .catalog import children, display_name, evaluate, name_of

Record = dict[str, Any]


class _Call(NamedTuple):
    """One call of a layer."""

    layer: str
    block: Block
    input: Any  # of a dense or convolution layer with an activation: None
    output: Any


def layer_statistics(
    net: Block, x: Any, *, train_mode: bool = False, saturated_below: float = 0.01
) -> list[Record]:
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
        records = []
        for call in calls_of(net, lambda: net(*inputs), train_mode):
            values = call.output.asnumpy().astype("float64")
            record = {"layer": call.layer, "shape": values.shape, "mean": values.mean(), "std": values.std()}
            slope = _slope(call)
            record["zeros"] = (values == 0).mean()
            record["saturated"] = None if slope is None else (abs(slope) < saturated_below).mean()
            records.append({key: _plain(value) for key, value in record.items()})
    return records


def gradient_statistics(
    net: Block, x: Any, y: Any, loss: Callable[[Any, Any], Any], *, train_mode: bool = False, every: bool = False
) -> list[Record]:
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
        If ``net`` is no block or ``x`` no MXNet array.
    ValueError
        If the net is not initialised, ``x`` is empty, or nothing in it is trained.
    """
    inputs = batch_of(net, x)
    with opened(net, train_mode):
        mean = []

        def run():
            with mx.autograd.record(train_mode=train_mode):
                mean.append(loss(net(*inputs), y).mean())

        calls = calls_of(net, run, train_mode, required=False)
        layers: dict[int, tuple[str, Block]] = {}
        called = [(call.layer, call.block) for call in calls]
        for layer, block in called + [(_name(path, block), block) for path, block in _walk(net)]:
            layers.setdefault(id(block), (layer, block))
        found, seen = [], set()
        for layer, block in layers.values():
            trained = {k: p for k, p in block._reg_params.items() if p.grad_req != "null" and id(p) not in seen}
            seen.update(map(id, trained.values()))
            keys = list(trained) if every else [k for k in ("weight", *trained) if k in trained][:1]
            found += [(layer, key, trained[key].data(ops.device_of(first_array(inputs)))) for key in keys]
        if not found:
            raise ValueError("the net has no trained parameters: every grad_req is 'null', or there are none")
        weights = [weight for _, _, weight in found]
        with mx.autograd.record(train_mode=train_mode):
            # MXNet refuses a parameter that the loss does not reach: these heads, whose gradient is 0, do.
            reach = [(weight * 0).sum() for weight in weights]
        # Asked for these gradients, autograd leaves those of the parameters alone.
        gradients = mx.autograd.grad(mean + reach, weights, train_mode=train_mode)
        records = []
        for (layer, key, _), gradient in zip(found, gradients):
            values = gradient.asnumpy().astype("float64")
            norm = float(numpy.sqrt((values**2).sum()))
            records.append({"layer": layer, "parameter": key, "norm": norm, "rms": norm / values.size**0.5})
    return records


def dead_units(net: Block, batches: Any, *, axis: int = 1, train_mode: bool = False) -> list[Record]:
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
    if isinstance(batches, tuple):
        raise TypeError("batches is an array, or a list of arrays or of pairs (x, y), not a tuple: write [(x, y)]")
    dead: dict[str, Any] = {}
    zero_region: dict[str, bool] = {}
    count = 0
    for batch in [batches] if ops.is_array(batches) else batches:
        count += 1
        inputs = batch_of(net, batch[0] if isinstance(batch, (list, tuple)) else batch)
        with opened(net, train_mode):
            for call in calls_of(net, lambda inputs=inputs: net(*inputs), train_mode):
                slope = _slope(call)
                if slope is None:
                    continue
                if not -slope.ndim <= axis < slope.ndim:
                    raise ValueError(f"{call.layer} gives shape {slope.shape}, which has no axis {axis}")
                still = (slope == 0) & (call.output.asnumpy() == 0)
                still = numpy.moveaxis(still, axis, 0).reshape(still.shape[axis], -1).all(axis=1)
                dead[call.layer] = dead.get(call.layer, True) & still
                if call.layer not in zero_region:
                    zero_region[call.layer] = _has_zero_region(call)
    if not count:
        raise ValueError("there is no batch: batches is empty, or a generator that was used up")
    return [
        {"layer": layer, "units": len(still), "dead": numpy.flatnonzero(still).tolist()}
        for layer, still in dead.items()
        if zero_region[layer] or still.any()
    ]


# How the net is looked at.


def batch_of(net: Block, x: Any) -> tuple:
    """The arrays of a batch, for a net that is checked, and whose deferred shapes are settled."""
    if not isinstance(net, Block):
        raise TypeError(f"the net is a Gluon block, not {net!r}")
    inputs = tuple(x) if isinstance(x, (list, tuple)) else (x,)
    for array in _flat(inputs):
        if not isinstance(array, mx.nd.NDArray):
            raise TypeError(f"x is an MXNet array (mx.np.array or mx.nd.array), not {type(array).__name__}")
        if array.size == 0:
            raise ValueError(f"x is empty: its shape is {array.shape}")
    unknown = {name: p for name, p in net.collect_params().items() if p._data is None}
    bare = [name for name, p in unknown.items() if not p._deferred_init]
    if bare:
        raise ValueError(f"the net is not initialised ({bare[0]} has no values): call net.initialize() first")
    if unknown:
        with opened(net), mx.autograd.pause(train_mode=False):
            net(*inputs)
    return inputs


# Where a block keeps its graph, and ours the dtype for which it was built.
_GRAPH = ("_active", "_cached_graph", "_cached_op", "_cached_op_args", "_in_format", "_out_format", "_dtype")


@contextlib.contextmanager
def opened(net: Block, train_mode: bool = False) -> Iterator[None]:
    """Let the net run block by block, since a graph calls no hooks; then put all back as it was."""
    inside = {id(block): vars(block) for _, block in _walk(net)}.values()
    graphs = [(held, {key: held[key] for key in _GRAPH if key in held}) for held in inside]
    states = []
    if train_mode:  # which moves running statistics
        fixed = [p for p in net.collect_params().values() if p.grad_req == "null" and p._data is not None]
        states = [(data, data.copy()) for p in fixed for data in p.list_data()]
    try:
        for held, kept in graphs:
            if "_active" in kept:
                held["_active"] = False
        yield
    finally:
        for held, kept in graphs:
            held.update(kept)
        with mx.autograd.pause():
            for data, copy in states:
                data[:] = copy


def calls_of(net: Block, run: Callable[[], Any], train_mode: bool, required: bool = True) -> list[_Call]:
    """What the layers of an opened net did while ``run`` ran it, in order."""
    calls: list[_Call] = []
    paths: dict[int, list[str]] = defaultdict(list)
    times: Counter = Counter()
    owners: dict[int, Block] = {}

    def note(block, inputs, output):
        output = first_array(output)
        if output is None:
            return
        index = times[id(block)]
        times[id(block)] += 1
        places = paths[id(block)]
        layer = _name(places[min(index, len(places) - 1)], block)
        layer += f" #{index - len(places) + 2}" if index >= len(places) else ""
        given = first_array(inputs)
        if id(block) in owners:  # what this activation is given is all that shows of its layer
            note(owners[id(block)], (), given)
        calls.append(_Call(layer, block, given, output))

    handles = []
    try:
        for path, block in _walk(net):
            inner = dict(children(block))
            if isinstance(block, SymbolBlock) or (inner and not block._reg_params):
                continue
            if set(inner) == {"act"}:  # as Gluon's dense and convolution layers call it
                owners[id(inner["act"])] = block
            elif id(block) not in paths:
                handles.append(block.register_forward_hook(note))
            paths[id(block)].append(path)
        with mx.autograd.pause(train_mode=train_mode):
            run()
    finally:
        for handle in handles:
            handle.detach()
    if required and not calls:
        raise ValueError(f"no layer can be seen in {type(net).__name__}: an imported graph has no blocks inside")
    return calls


def _walk(block: Block, path: str = "") -> Iterator[tuple[str, Block]]:
    """The net and everything inside it with its place, such as "features.0"."""
    yield path, block
    for key, child in children(block):
        yield from _walk(child, f"{path}.{key}" if path else key)


def _name(path: str, block: Block) -> str:
    name = repr(block) if isinstance(block, (nn.Lambda, nn.HybridLambda)) else display_name(block)
    return f"{path} {name}".strip()


def _flat(values: Any) -> Iterator[Any]:
    """What is in nested tuples and lists."""
    if isinstance(values, (list, tuple)):
        for value in values:
            yield from _flat(value)
    else:
        yield values


def first_array(values: Any) -> Any:
    """The first array in what a block was given or gave; None if there is none."""
    return next((value for value in _flat(values) if isinstance(value, mx.nd.NDArray)), None)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, numpy.floating) else value


# What an activation does.


def _slope(call: _Call) -> Any:
    """Slope of an activation at each of its inputs, for NumPy; None for what is no activation."""
    if call.input is None or call.input.shape != call.output.shape or "float" not in ops.dtype_of(call.input):
        return None
    block = call.block
    ours = isinstance(block, blocks.Elementwise) and not isinstance(block, blocks.AlphaDropout)
    known = name_of(block) or ours
    foreign = not type(block).__module__.startswith(("mxnet.", "gluon_activations."))
    if not known and not (foreign or isinstance(block, (nn.Lambda, nn.HybridLambda, blocks.Wrapped))):
        return None
    try:
        return evaluate(block, call.input)[1].asnumpy() if known or _elementwise(block, call.input) else None
    except mx.MXNetError:  # a function without a gradient
        return None


def _elementwise(block: Block, x: Any) -> bool:
    """Whether a change of one element changes no other element of the output."""
    values = x.asnumpy()
    values.flat[values.size // 2] += 1
    moved = x.copy()
    moved[:] = values
    differs = block(x).asnumpy() != block(moved).asnumpy()
    differs.flat[values.size // 2] = False
    return not differs.any()


def _has_zero_region(call: _Call) -> bool:
    """Whether value and slope are 0 at some point near 0, where no tail is rounded to 0 yet."""
    shape, like = (1, *call.input.shape[1:]), call.input
    for point in (-4.0, -2.0, -1.0, -0.1, 0.1, 1.0, 2.0, 4.0):
        probe = mx.nd.full(shape, point, ops.device_of(like), ops.dtype_of(like))
        value, slope = evaluate(call.block, ops.of_the_kind_of(like, probe))
        if ((value.asnumpy() == 0) & (slope.asnumpy() == 0)).any():
            return True
    return False
