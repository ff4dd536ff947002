"""How somebody's net is walked through, run, and put back as it was."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Callable, NamedTuple

import numpy

import mxnet as mx
from mxnet.gluon import Block, SymbolBlock, nn
from mxnet.gluon.loss import Loss

from .._arrays import WITH_ACTIVATION, children, dtype_of, own_parameters
from .._wording import in_a_line
from ..catalog import _display_name

LAMBDAS = (nn.Lambda, nn.HybridLambda)


class Call(NamedTuple):
    """One call of a layer."""

    layer: str
    block: Block
    x: Any  # the one array that it was given; None where it was given something else, or more
    output: Any  # its first array


def batch_of(net: Block, x: Any) -> tuple[Any, ...]:
    """The arrays of a batch, for a net that is checked, and whose deferred shapes are settled."""
    check_net(net)
    inputs = tuple(x) if isinstance(x, (list, tuple)) else (x,)
    held = list(_flat(inputs))
    if not held and (inputs or not _takes_nothing(net)):
        raise ValueError("x holds no array: give a batch, or the several inputs of a net as a tuple")
    strange = [value for value in held if not isinstance(value, _MAY_BE_GIVEN)]
    if first_array(held) is None:
        strange += held  # numbers alone are no batch
    if strange:
        raise TypeError(f"x is an MXNet array (mx.np.array or mx.nd.array), not {type(strange[0]).__name__}")
    for value in held:
        if isinstance(value, mx.nd.NDArray) and 0 in value.shape:
            raise ValueError(f"x is empty: its shape is {value.shape}")
    if any(p._data is None for p in net.collect_params().values()):
        _settle(net, inputs)
    return inputs


def _takes_nothing(net: Block) -> bool:
    """Whether a net can be called without inputs, as one that makes its own can."""
    try:
        inspect.signature(net.forward).bind()
    except TypeError:
        return False
    return True


# Beside its arrays a net may be given a mask that is None, or a length.
_MAY_BE_GIVEN = (mx.nd.NDArray, type(None), bool, int, float, numpy.number, numpy.bool_)


def _settle(net: Block, inputs: tuple[Any, ...]) -> None:
    """Run a net once, so that the shapes of its parameters are known."""
    waiting = {name: (p, p._deferred_init) for name, p in net.collect_params().items() if p._data is None}
    try:
        with opened(net), mx.autograd.pause(train_mode=False):
            net(*inputs)
    except Exception as error:
        # MXNet has forgotten it, and would say that nobody initialised the net.
        for p, deferred in waiting.values():
            if p._data is None:
                p._deferred_init = deferred
        # A block that the net does not use may stay without values; this one was used.
        bare = [name for name, (_, deferred) in waiting.items() if not deferred]
        if bare:
            raise ValueError(
                f"the net is not initialised ({bare[0]} has no values): call net.initialize() first"
            ) from error
        if isinstance(error, mx.base.MXNetError):
            told = ", ".join(f"{dtype_of(each)} of shape {each.shape}" for each in arrays_in(inputs))
            raise ValueError(f"the net fails for {told}, before its weights have shapes: {said(error)}") from error
        raise


def check_net(net: Any) -> None:
    """Raise TypeError unless this is a Gluon block."""
    if not isinstance(net, Block):
        raise TypeError(f"the net is a Gluon block, not {in_a_line(net)}")


def check_loss(loss: Any) -> None:
    """Raise TypeError unless this can be called with an output and what it should be."""
    if isinstance(loss, type) or not callable(loss):
        raise TypeError(f"the loss is an object or a function, as gluon.loss.L2Loss(), not {in_a_line(loss)}")


def loss_of(loss: Any, output: Any, y: Any) -> Any:
    """What a loss makes of an output; LossFails, in a line, where it makes nothing of it."""
    whose = type(loss).__name__ if isinstance(loss, Loss) else "the loss"
    if isinstance(loss, Loss):
        if not isinstance(output, mx.nd.NDArray):
            raise LossFails(
                f"the output of the net is {_kind_of(output)}, and {whose} wants one array{_first(output)}"
            )
        if not isinstance(y, mx.nd.NDArray):
            raise TypeError(f"y is an MXNet array (mx.np.array or mx.nd.array), not {_kind_of(y)}")
    try:
        return loss(output, y)
    except Exception as error:
        # What Gluon's losses and MXNet's operators say takes many lines; a user's function speaks for itself.
        if not isinstance(loss, Loss) and not isinstance(error, (mx.base.MXNetError, AssertionError)):
            raise
        one_hot = getattr(loss, "_sparse_label", False) and y.shape == output.shape and y.ndim > 1
        hint = f"; of labels with a share for each class it is {whose}(sparse_label=False)" if one_hot else ""
        given = f"an output of {_kind_of(output)} and y of {_kind_of(y)}"
        raise LossFails(f"{whose} fails for {given}{hint}: {said(error)}") from error


class LossFails(ValueError):
    """An output and labels that a loss makes nothing of."""


def _kind_of(value: Any) -> str:
    """What somebody gave, in few words."""
    if isinstance(value, mx.nd.NDArray):
        return f"shape {value.shape}"
    if isinstance(value, (list, tuple, Mapping)):
        return f"a {type(value).__name__} of {len(value)}"
    return in_a_line(value)


def _first(output: Any) -> str:
    """How a loss is told to take the first of several outputs."""
    several = isinstance(output, (list, tuple))
    keys = [*output] if isinstance(output, Mapping) else [*range(len(output))] if several else []
    return f": pass a function, as lambda out, y: loss(out[{keys[0]!r}], y)" if keys else ""


def said(error: Exception) -> str:
    """What an error says, in a line, without MXNet's tables and traces."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    told = [line for line in lines if "Error: " in line] or [line for line in lines if not _TRACE.match(line)]
    text = (told or lines)[0].removeprefix("MXNetError: ")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_LONGEST, _TRACE = 200, re.compile(r'Traceback |File "|\[bt\]|Stack trace')

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


def calls_of(net: Block, run: Callable[[], Any], train_mode: bool, arrays: bool = True) -> list[Call]:
    """What the layers of an opened net did while ``run`` ran it, in order; there need be none without arrays."""
    watch = _Watch(arrays)
    try:
        for path, block in walk(net):
            watch.add(path, block)
        with mx.autograd.pause(train_mode=train_mode):
            run()
    finally:
        for handle in watch.handles:
            handle.detach()
    if arrays and not watch.calls:
        why = "an imported graph has no blocks inside, and of others none was called"
        raise ValueError(f"no layer can be seen in {type(net).__name__}: {why}")
    return watch.calls


class _Watch:
    """The hooks on the blocks of a net, and what they saw.

    Arrays are copied when they are seen: the net may write into them later, as ``y += x`` does.
    """

    def __init__(self, arrays: bool) -> None:
        self.arrays = arrays  # whether to keep them
        self.calls: list[Call] = []
        self.handles: list[Any] = []
        self.paths: dict[int, list[str]] = defaultdict(list)
        self.times: Counter[int] = Counter()
        self.given: dict[int, list[Any]] = defaultdict(list)  # the array of each call that has begun
        self.inside: list[Block] = []  # the layers with an activation that have begun and are not noted yet

    def add(self, path: str, block: Block) -> None:
        """Watch a block that is a layer."""
        inner = dict(children(block))
        if isinstance(block, SymbolBlock) or (inner and not own_parameters(block)):
            return
        known = id(block) in self.paths
        self.paths[id(block)].append(path)
        if known:
            return
        act = activation_of(block)
        if act is None:
            self.handles.append(block.register_forward_pre_hook(self.begin))
            self.handles.append(block.register_forward_hook(self.end))
        else:
            self.handles.append(block.register_forward_pre_hook(lambda block, inputs: self.inside.append(block)))
            self.handles.append(act.register_forward_pre_hook(self.activates))
            self.handles.append(block.register_forward_hook(self.end_with_activation))

    def begin(self, block: Block, inputs: Any) -> None:
        """Keep what a block is given."""
        self.given[id(block)].append(self.copied(*inputs) if len(inputs) == 1 else None)

    def end(self, block: Block, inputs: Any, output: Any) -> None:
        """Note a call."""
        self.note(block, self.given[id(block)].pop(), output)

    def activates(self, act: Block, inputs: Any) -> None:
        """Note a layer with an activation: what that is given is all that shows of the layer."""
        if self.inside and activation_of(self.inside[-1]) is act:
            self.note(self.inside.pop(), None, inputs)

    def end_with_activation(self, block: Block, inputs: Any, output: Any) -> None:
        """Note a layer that has not called its activation, in a forward pass of its own."""
        if self.inside and self.inside[-1] is block:
            self.note(self.inside.pop(), None, output)

    def note(self, block: Block, x: Any, output: Any) -> None:
        """Note a call that gave something."""
        output = first_array(output)
        if output is None or 0 in output.shape:
            return
        index = self.times[id(block)]
        self.times[id(block)] += 1
        places = self.paths[id(block)]
        layer = name_at(places[min(index, len(places) - 1)], block)
        layer += f" #{index - len(places) + 2}" if index >= len(places) else ""
        self.calls.append(Call(layer, block, x, self.copied(output)))

    def copied(self, value: Any) -> Any:
        """A copy of an array, outside of what is recorded; None of anything else."""
        if not self.arrays or not isinstance(value, mx.nd.NDArray):
            return None
        with mx.autograd.pause():
            return value.copy()


def activation_of(block: Block) -> Block | None:
    """The activation of a dense or convolution layer, as ``activation=`` gave it; None if it has none."""
    return dict(children(block)).get("act") if isinstance(block, WITH_ACTIVATION) else None


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
    return next(arrays_in(values), None)


def arrays_in(values: Any) -> Iterator[Any]:
    """The arrays in what a block was given or gave."""
    return (value for value in _flat(values) if isinstance(value, mx.nd.NDArray))


def _flat(values: Any) -> Iterator[Any]:
    """What is in nested tuples, lists and dicts."""
    if isinstance(values, (list, tuple, Mapping)):
        for value in values.values() if isinstance(values, Mapping) else values:
            yield from _flat(value)
    else:
        yield values
