"""Weights that suit an activation: its gain, and the initialiser that uses it.

Gluon's default, ``Uniform(0.07)``, has one spread whatever the fan-in, so the signal of a deep
net dies; and ``MSRAPrelu()`` is not He's initialiser for ReLU, since it averages both fans and
assumes a slope of 0.25.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy

import mxnet as mx
from mxnet.gluon import Block

from ._arrays import WITH_ACTIVATION, array, children
from ._evaluate import curve, derivative, points_for, value_of
from ._wording import in_a_line
from .catalog import CATALOG, Activation, _entry_of, _is_of_another, _name_of, get_activation

__all__ = ["gain", "initializer"]


def gain(activation: Any, /, **parameters: Any) -> float:
    """Factor by which weights of variance 1 / fan-in keep the mean square of a signal.

    Parameters
    ----------
    activation : str, Block or callable
        As for :func:`get_activation`: a name, a block (ours, MXNet's or your own), or a function of one array
        that treats each element alike.
    **parameters
        Those of the activation, with a name only: ``gain("leaky_relu", alpha=0.2)``.

    Returns
    -------
    float
        ``1 / sqrt(E f(z)^2)`` for a standard normal z: the square root of 2 for ReLU, 1 for SELU. By the
        catalog where that has it, or else by quadrature, to some six digits.
        The mean square 1 is then a fixed point. SELU's attracts, and so do those of ELU, tanh and the
        sigmoid; ReLU's keeps any mean square; those of the smooth gates repel: what is a little too
        large grows, in twenty SiLU layers some tens of times.

    Raises
    ------
    ValueError
        If there is no such activation; the message lists the nearest names. Or if it acts on vectors, is 0
        everywhere, or has no finite mean square.
    TypeError
        If it is something else, or has no such parameter.
    """
    if _is_of_another(activation):
        return gain(get_activation(activation, **parameters))
    entry = _entry_for(activation)
    if entry is not None and isinstance(activation, str) and not parameters:
        return entry.gain
    return 1 / math.sqrt(_mean_square(get_activation(activation, **parameters)))


def initializer(activation: Any, /, **parameters: Any) -> Any:
    """Initialiser of the weights before an activation, or of each layer of a net.

    - Sigmoid and tanh and their hard forms: Glorot & Bengio 2010 (proceedings.mlr.press/v9/glorot10a),
      variance g^2 2 / (fan-in + fan-out), where g is the reciprocal of the slope at 0: 4 for the
      sigmoid and 1 for tanh.
    - All others: variance g^2 / fan-in with the computed :func:`gain` g. For ReLU and its leaky kin that is
      the initialiser of He et al. 2015 (arXiv:1502.01852), variance 2 / ((1 + a^2) fan-in) for a slope a on
      the left; for SELU LeCun's, which its fixed point needs (Klambauer et al. 2017, arXiv:1706.02515).

    Parameters
    ----------
    activation : str, Block or callable
        As for :func:`gain`. Or a net: then each dense or convolution layer in it gets, as its own, the
        initialiser for the activation that comes next, in the order in which the net holds its blocks, or
        LeCun's where another layer comes next or nothing; one that was given to the layer stays, until you set
        ``layer.weight.init = None``.
    **parameters
        Those of the activation, with a name only: ``initializer("leaky_relu", alpha=0.2)``.

    Returns
    -------
    mxnet.init.Initializer
        For ``net.initialize(...)`` or a layer's ``weight_initializer``: ``net.initialize(initializer(net))``, with
        ``force_reinit=True`` if the net has weights already.

    Raises
    ------
    ValueError, TypeError
        As for :func:`gain`.
    """
    if isinstance(activation, Block) and _name_of(activation) is None and any(_layers(activation)):
        for layer, following in _layers(activation):
            if not _was_given_its_own(layer):
                layer.weight.init = initializer(following)
        return _Suited("in", 1.0)
    if _is_of_another(activation):
        return initializer(get_activation(activation, **parameters))
    entry = _entry_for(activation)
    if entry is None or entry.glorot is None:
        return _Suited("in", gain(activation, **parameters))
    if isinstance(activation, str) and not parameters:
        return _Suited("avg", entry.glorot)
    block = get_activation(activation, **parameters)
    at_0 = derivative(block, array([0.0])).asnumpy().item()
    if at_0 == 0:
        raise ValueError(
            f"{in_a_line(block)} has no initialiser: its slope at 0, where its units are to start, is 0"
        )
    return _Suited("avg", 1 / at_0)


class _Suited(mx.init.Xavier):
    """Normal weights of variance g^2 / fan-in, or over the mean of both fans."""

    def __init__(self, factor_type: str, g: float) -> None:
        super().__init__("gaussian", factor_type, g**2)


def _was_given_its_own(layer: Block) -> bool:
    """Whether a layer's weights have an initialiser that did not come from :func:`initializer`."""
    return layer.weight.init is not None and not isinstance(layer.weight.init, _Suited)


def _entry_for(activation: Any) -> Activation | None:
    """Entry of an activation of single elements; None for what the catalog does not know."""
    name = _name_of(activation) if isinstance(activation, Block) else activation
    entry = _entry_of(name) if isinstance(name, str) else None
    if entry is not None and entry.acts_on != "elements":
        raise ValueError(f"{entry.name} acts on vectors, so it has no gain: name an activation of single elements")
    return entry


# The middles of many small steps, so that a kink or a jump costs little wherever it is, and nothing at a half or
# another binary fraction, where most are; nothing lies beyond 16.
_STEPS = 2**17
_Z = ((numpy.arange(_STEPS) + 0.5) / _STEPS - 0.5) * 32
_WEIGHTS = numpy.exp(-_Z * _Z / 2)
_WEIGHTS /= _WEIGHTS.sum()


def _mean_square(block: Block) -> float:
    """E f(z)^2 for a standard normal z; of several channels the mean."""
    parameters = list(block.collect_params().values())
    # It is for the reader to initialise theirs; on 2.x a copy of a container holds the same blocks.
    before = [dict(vars(p)) for p in parameters]
    try:
        x = points_for(block, _Z, dtype="float64")
        found = curve(block, x)
        values = None if found is None else found[0].asnumpy().astype("float64")
        backwards = value_of(block, x[::-1])  # what depends on the place is no curve either
    except Exception as error:  # of a block or function that may be anybody's
        raise ValueError(f"{in_a_line(block)} has no gain: it fails for an array of shape {_Z.shape}") from error
    finally:
        for parameter, held in zip(parameters, before):
            vars(parameter).update(held)
    if values is None or not numpy.array_equal(values, backwards[::-1], equal_nan=True):
        raise ValueError(f"{in_a_line(block)} does not treat each element by itself, so it has no gain")
    mean = float((_WEIGHTS @ values**2).mean())
    if not 0 < mean < math.inf:
        raise ValueError(f"{in_a_line(block)} has no gain: the mean square of its values is {mean}")
    return mean


def _layers(net: Block) -> Iterator[tuple[Block, Any]]:
    """The dense and convolution layers, each with the activation that comes next or "identity"."""
    waiting: Block | None = None
    for block in _in_order(net):
        if waiting is not None:
            yield waiting, "identity" if isinstance(block, WITH_ACTIVATION) else block
        waiting = block if isinstance(block, WITH_ACTIVATION) else None
    if waiting is not None:
        yield waiting, "identity"


def _in_order(block: Block) -> Iterator[Block]:
    """The layers with weights and the activations of single elements, in the order in which they are held."""
    known = CATALOG.get(_name_of(block) or "")
    if isinstance(block, WITH_ACTIVATION) or (known and known.acts_on == "elements"):
        yield block
    for _, child in children(block):
        yield from _in_order(child)
