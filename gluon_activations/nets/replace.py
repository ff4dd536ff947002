"""Swap the activations of somebody's net."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Callable

import numpy

from mxnet.gluon import Block, HybridBlock

from .._arrays import children, initialize_on
from .._wording import in_a_line
from ..catalog import _entry_of, _name_of, activations, get_activation
from ._walk import check_net, walk

__all__ = ["replace_activations"]


def replace_activations(
    net: Block, activation: str | Callable[[], Block], *, replaces: str | Sequence[str] = "relu"
) -> int:
    """Swap activations of a net, at any depth, for another one. The net is changed in place.

    Weights stay; a new activation with parameters (PReLU, a learnable Swish) is initialised if
    the net is, in the net's dtype and on its devices. A hybridized net stays so, and builds its
    graph anew at the next call.

    Only blocks can be swapped: ``nn.Activation``, ``nn.LeakyReLU`` and the like, also as the
    ``activation=`` of a Dense or convolution layer. An operator that a block calls inside its
    own forward pass, as the ReLU after the sum in the model zoo's ResNets, is not seen.

    Parameters
    ----------
    net : Block
        The net.
    activation : str or callable
        A name as for :func:`get_activation`, or a factory that makes a new block at each call: a class such as
        ``Mish``, or ``lambda: Swish(learnable=True)``.
    replaces : str or sequence of str
        Which activations to swap, by catalog name; or "all", which leaves those that act on
        vectors (softmax and the like) where they are. An identity is one of them: name what you mean
        where a net has some for its connections, as 2.x's DenseNet has.

    Returns
    -------
    int
        How many were replaced.

    Raises
    ------
    ValueError
        If a name is unknown (the nearest ones are listed), or ``net`` itself is an activation.
    TypeError
        If ``net`` is no block, or ``activation`` is neither a name nor a factory of blocks, or makes
        other than HybridBlocks where those are wanted. Then nothing was replaced.
    """
    check_net(net)
    wanted = _wanted(replaces)
    if _name_of(net) in wanted:
        raise ValueError(
            f"the net itself is an activation, {in_a_line(net)}: there is nothing inside it to replace"
        )
    make = _factory(activation)
    made: dict[int, Block] = {}
    places = list(_places(net, wanted, {id(net)}))
    for parent, _, old in places:
        if id(old) not in made:  # a block used twice stays one block
            made[id(old)] = _suited(make(), net)
        new = made[id(old)]
        if isinstance(parent, HybridBlock) and not isinstance(new, HybridBlock):
            raise TypeError(
                f"{type(parent).__name__} is a HybridBlock and takes no other inside: {in_a_line(new)} is none"
            )
    for parent, key, old in places:
        _put(parent, key, old, made[id(old)])
    for _, block in walk(net):
        if isinstance(block, HybridBlock):
            block._clear_cached_op()
    return len(places)


def _wanted(replaces: str | Sequence[str]) -> set[str]:
    """Names of the catalog."""
    if isinstance(replaces, str) and replaces == "all":
        return set(activations("elements"))
    names = [replaces] if isinstance(replaces, str) else replaces
    if not isinstance(names, Iterable):
        raise TypeError(f"replaces is a name of the catalog or several, not {in_a_line(replaces)}")
    return {_entry_of(name).name for name in names}


def _factory(activation: Any) -> Callable[[], Block]:
    """What makes the new activations."""
    if isinstance(activation, str):
        get_activation(activation)  # a wrong name is said before anything is changed
        return lambda: get_activation(activation)
    if isinstance(activation, Block) or not callable(activation):
        raise TypeError(
            f"the new activation is a name or a factory (a class, a function), not {in_a_line(activation)}"
        )

    def make() -> Block:
        block = activation()
        if not isinstance(block, Block):
            raise TypeError(f"the factory of the new activation made no block, but {in_a_line(block)}")
        return block

    return make


def _places(parent: Block, wanted: set[str], seen: set[int]) -> Iterator[tuple[Block, str, Block]]:
    """What is to be swapped inside a block, at any depth, but nothing inside of that: where it is, and itself."""
    for key, child in children(parent):
        if _name_of(child) in wanted:
            yield parent, key, child
        elif id(child) not in seen:
            seen.add(id(child))
            yield from _places(child, wanted, seen)


def _put(parent: Block, key: str, old: Block, new: Block) -> None:
    """Put ``new`` where ``old`` is. Gluon's own assignment refuses a block of another class."""
    held = parent._children[key]
    parent._children[key] = weakref.ref(new) if isinstance(held, weakref.ref) else new
    for name, value in list(vars(parent).items()):
        if name != "_children":
            vars(parent)[name] = _exchanged(value, old, new)


def _exchanged(value: Any, old: Block, new: Block) -> Any:
    """An attribute with the new block for the old one, also in lists, tuples and dicts, where a forward pass may
    look for it, and Gluon 2's Sequential does.
    """
    if value is old:
        return new
    if type(value) is list:
        value[:] = [_exchanged(each, old, new) for each in value]
    elif isinstance(value, dict):
        value.update({key: _exchanged(each, old, new) for key, each in value.items()})
    elif type(value) is tuple:
        changed = tuple(_exchanged(each, old, new) for each in value)
        return changed if any(a is not b for a, b in zip(changed, value)) else value
    return value


def _suited(block: Block, net: Block) -> Block:
    """A new block, made ready for the net: dtype, parameters, devices."""
    floats = [p for p in net.collect_params().values() if numpy.dtype(p.dtype).kind == "f"]
    ready = [p for p in floats if p._data is not None or p._deferred_init]
    if floats:
        # In half precision a BatchNorm's parameters stay in single: the dtype of most numbers counts.
        sizes: Counter[str] = Counter()
        for p in floats:
            sizes[numpy.dtype(p.dtype).name] += p.list_data()[0].size if p._data is not None else 0
        block.cast(max(sizes, key=lambda dtype: sizes[dtype]))
    if ready and block.collect_params().keys():
        initialize_on(block, ready[0].list_ctx())
    return block
