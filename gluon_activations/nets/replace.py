"""Swap the activations of somebody's net."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any, Callable

from mxnet.gluon import Block, HybridBlock

from .._arrays import children, initialize_on
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
        A catalog name, or a factory that makes a new block at each call: a class such as
        ``Mish``, or ``lambda: Swish(learnable=True)``.
    replaces : str or sequence of str
        Which activations to swap, by catalog name; or "all", which leaves those that act on
        vectors (softmax and the like) where they are.

    Returns
    -------
    int
        How many were replaced.

    Raises
    ------
    ValueError
        If a name is unknown (the nearest ones are listed), or ``net`` itself is an activation.
    TypeError
        If ``net`` is no block, or ``activation`` is neither a name nor a factory of blocks.
    """
    check_net(net)
    wanted = _wanted(replaces)
    if _name_of(net) in wanted:
        raise ValueError(f"the net itself is an activation, {net!r}: there is nothing inside it to replace")
    make = _factory(activation)
    made: dict[int, Block] = {}

    def new_for(old: Block) -> Block:
        if id(old) not in made:  # a block used twice stays one block
            made[id(old)] = _suited(make(), net)
        return made[id(old)]

    count = _swap(net, wanted, new_for, {id(net)})
    for _, block in walk(net):
        if isinstance(block, HybridBlock):
            block._clear_cached_op()
    return count


def _wanted(replaces: str | Sequence[str]) -> set[str]:
    """Names of the catalog."""
    if replaces == "all":
        return set(activations("elements"))
    return {_entry_of(name).name for name in ([replaces] if isinstance(replaces, str) else replaces)}


def _factory(activation: Any) -> Callable[[], Block]:
    """What makes the new activations."""
    if isinstance(activation, str):
        _entry_of(activation)
        return lambda: get_activation(activation)
    if isinstance(activation, Block) or not callable(activation):
        raise TypeError(f"the new activation is a name or a factory (a class, a function), not {activation!r}")

    def make() -> Block:
        block = activation()
        if not isinstance(block, Block):
            raise TypeError(f"the factory of the new activation made no block, but {block!r}")
        return block

    return make


def _swap(parent: Block, wanted: set[str], new_for: Callable[[Block], Block], seen: set[int]) -> int:
    """Swap what is inside a block, at any depth, but nothing inside of what was swapped."""
    count = 0
    for key, child in list(children(parent)):
        if _name_of(child) in wanted:
            _put(parent, key, child, new_for(child))
            count += 1
        elif id(child) not in seen:
            seen.add(id(child))
            count += _swap(child, wanted, new_for, seen)
    return count


def _put(parent: Block, key: str, old: Block, new: Block) -> None:
    """Put ``new`` where ``old`` is. Gluon's own assignment refuses a block of another class."""
    held = parent._children[key]
    parent._children[key] = weakref.ref(new) if isinstance(held, weakref.ref) else new
    for name, value in list(vars(parent).items()):
        if value is old:
            vars(parent)[name] = new
    layers = getattr(parent, "_layers", None)  # where a Sequential of 2.x keeps its blocks
    if isinstance(layers, list):
        layers[:] = [new if layer is old else layer for layer in layers]


def _suited(block: Block, net: Block) -> Block:
    """A new block, made ready for the net: dtype, parameters, devices."""
    first = next((p for p in net.collect_params().values() if p._data is not None), None)
    if first is not None:
        block.cast(first.dtype)
        if block.collect_params().keys():
            initialize_on(block, first.list_ctx())
    return block
