"""How somebody's net is walked through, run, and put back as it was."""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Callable, NamedTuple

import mxnet as mx
from mxnet.gluon import Block, SymbolBlock, nn

from .._arrays import WITH_ACTIVATION, children
from ..catalog import _display_name

LAMBDAS = (nn.Lambda, nn.HybridLambda)


class Call(NamedTuple):
    """One call of a layer."""

    layer: str
    block: Block
    inputs: list[Any]  # none of a dense or convolution layer with an activation
    output: Any


def batch_of(net: Block, x: Any) -> tuple[Any, ...]:
    """The arrays of a batch, for a net that is checked, and whose deferred shapes are settled."""
    check_net(net)
    inputs = tuple(x) if isinstance(x, (list, tuple)) else (x,)
    for value in _flat(inputs):
        if not isinstance(value, mx.nd.NDArray):
            raise TypeError(f"x is an MXNet array (mx.np.array or mx.nd.array), not {type(value).__name__}")
        if value.size == 0:
            raise ValueError(f"x is empty: its shape is {value.shape}")
    unknown = {name: p for name, p in net.collect_params().items() if p._data is None}
    bare = [name for name, p in unknown.items() if not p._deferred_init]
    if bare:
        raise ValueError(f"the net is not initialised ({bare[0]} has no values): call net.initialize() first")
    if unknown:
        with opened(net), mx.autograd.pause(train_mode=False):
            net(*inputs)
    return inputs


def check_net(net: Any) -> None:
    """Raise TypeError unless this is a Gluon block."""
    if not isinstance(net, Block):
        raise TypeError(f"the net is a Gluon block, not {net!r}")


def check_loss(loss: Any) -> None:
    """Raise TypeError unless this can be called with an output and what it should be."""
    if isinstance(loss, type) or not callable(loss):
        raise TypeError(f"the loss is an object or a function, as gluon.loss.L2Loss(), not {loss!r}")


# Where a block keeps its graph, and ours the dtype for which it was built.
_GRAPH = ("_active", "_cached_graph", "_cached_op", "_cached_op_args", "_in_format", "_out_format", "_dtype")


@contextlib.contextmanager
def opened(net: Block, train_mode: bool = False) -> Iterator[None]:
    """Let the net run block by block, since a graph calls no hooks; then put all back as it was."""
    inside = {id(block): vars(block) for _, block in walk(net)}.values()
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


def calls_of(net: Block, run: Callable[[], Any], train_mode: bool, required: bool = True) -> list[Call]:
    """What the layers of an opened net did while ``run`` ran it, in order."""
    calls: list[Call] = []
    paths: dict[int, list[str]] = defaultdict(list)
    times: Counter[int] = Counter()
    owners: dict[int, Block] = {}

    def note(block: Block, inputs: Any, output: Any) -> None:
        output = first_array(output)
        if output is None:
            return
        index = times[id(block)]
        times[id(block)] += 1
        places = paths[id(block)]
        layer = name_at(places[min(index, len(places) - 1)], block)
        layer += f" #{index - len(places) + 2}" if index >= len(places) else ""
        given = list(_flat(inputs))
        if id(block) in owners:  # what this activation is given is all that shows of its layer
            note(owners[id(block)], (), given)
        calls.append(Call(layer, block, given, output))

    handles = []
    try:
        for path, block in walk(net):
            inner = dict(children(block))
            if isinstance(block, SymbolBlock) or (inner and not block._reg_params):
                continue
            if inner and isinstance(block, WITH_ACTIVATION):
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


def walk(block: Block, path: str = "") -> Iterator[tuple[str, Block]]:
    """The net and everything inside it with its place, such as "features.0"."""
    yield path, block
    for key, child in children(block):
        yield from walk(child, f"{path}.{key}" if path else key)


def name_at(path: str, block: Block) -> str:
    """A block's name for the reader, with its place before it."""
    return f"{path} {short_name(block)}".strip()


def short_name(block: Block) -> str:
    """A block's name for the reader."""
    return repr(block) if isinstance(block, LAMBDAS) else _display_name(block)


def first_array(values: Any) -> Any:
    """The first array in what a block was given or gave; None if there is none."""
    return next((value for value in _flat(values) if isinstance(value, mx.nd.NDArray)), None)


def _flat(values: Any) -> Iterator[Any]:
    """What is in nested tuples and lists."""
    if isinstance(values, (list, tuple)):
        for value in values:
            yield from _flat(value)
    else:
        yield values
