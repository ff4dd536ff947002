"""Swap the activations of somebody's net."""

import weakref
from collections.abc import Sequence
from typing import Callable, Union

from mxnet.gluon import Block, HybridBlock

from .blocks import initialize_on
from .catalog import CATALOG, children, entry_of, get_activation, name_of


def replace_activations(
    net: Block, activation: Union[str, Callable[[], Block]], *, replaces: Union[str, Sequence[str]] = "relu"
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
        Which activations to swap, by catalog name; or "all".

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
    if not isinstance(net, Block):
        raise TypeError(f"the net is a Gluon block, not {net!r}")
    names = CATALOG if replaces == "all" else [replaces] if isinstance(replaces, str) else replaces
    wanted = {entry_of(name).name for name in names}
    if name_of(net) in wanted:
        raise ValueError(f"the net itself is an activation, {net!r}: there is nothing inside it to replace")
    make = _factory(activation)
    made: dict[int, Block] = {}
    count = 0
    for parent in list(_blocks(net, set())):
        for key, child in list(children(parent)):
            if name_of(child) in wanted:
                if id(child) not in made:  # a block used twice stays one block
                    made[id(child)] = _suited(make(), net)
                _put(parent, key, child, made[id(child)])
                count += 1
    for block in _blocks(net, set()):
        if isinstance(block, HybridBlock):
            block._clear_cached_op()
    return count


def _factory(activation):
    if isinstance(activation, str):
        entry_of(activation)
        return lambda: get_activation(activation)
    if isinstance(activation, Block) or not callable(activation):
        raise TypeError(f"the new activation is a name or a factory (a class, a function), not {activation!r}")

    def make():
        block = activation()
        if not isinstance(block, Block):
            raise TypeError(f"the factory of the new activation made no block, but {block!r}")
        return block

    return make


def _blocks(block, seen):
    """The net and everything inside it, once each."""
    if id(block) not in seen:
        seen.add(id(block))
        yield block
        for _, child in children(block):
            yield from _blocks(child, seen)


def _put(parent, key, old, new):
    """Put ``new`` where ``old`` is. Gluon's own assignment refuses a block of another class."""
    held = parent._children[key]
    parent._children[key] = weakref.ref(new) if isinstance(held, weakref.ref) else new
    for name, value in list(vars(parent).items()):
        if value is old:
            vars(parent)[name] = new
    layers = getattr(parent, "_layers", None)  # where a Sequential of 2.x keeps its blocks
    if layers is not None:
        layers[:] = [new if layer is old else layer for layer in layers]


def _suited(block, net):
    """A new block, made ready for the net: dtype, parameters, devices."""
    ready = [p for p in net.collect_params().values() if p._data is not None]
    if ready:
        block.cast(ready[0].dtype)
        if block.collect_params():
            initialize_on(block, ready[0].list_ctx())
    return block
