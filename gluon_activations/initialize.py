"""Weights that suit an activation: its gain, and the initialiser that uses it.

Gluon's default, ``Uniform(0.07)``, has one spread whatever the fan-in, so the signal of a deep
net dies; and ``MSRAPrelu()`` is not He's initialiser for ReLU, since it averages both fans and
assumes a slope of 0.25.
"""

from __future__ import annotations

from typing import Any

import mxnet as mx

from .catalog import Activation, _entry_of

__all__ = ["gain", "initializer"]


def _curve(name: str) -> Activation:
    """Entry of an activation that has a gain."""
    entry = _entry_of(name)
    if entry.acts_on != "elements":
        raise ValueError(f"{entry.name} acts on vectors, so it has no gain: name an activation of single elements")
    return entry


def gain(name: str) -> float:
    """Factor by which weights of variance 1 / fan-in keep the mean square of a signal.

    Parameters
    ----------
    name : str
        Name of an activation of the catalog, taken with its default parameters.

    Returns
    -------
    float
        ``1 / sqrt(E f(z)^2)`` for a standard normal z: the square root of 2 for ReLU, 1 for SELU.
        The mean square 1 is then a fixed point. SELU's attracts, and so do those of ELU, tanh and the
        sigmoid; ReLU's keeps any mean square; those of the smooth gates repel: what is a little too
        large grows, in twenty SiLU layers some tens of times.

    Raises
    ------
    ValueError
        If there is no such activation; the message lists the nearest names. Or if it acts on vectors.
    """
    return _curve(name).gain


def initializer(name: str) -> Any:
    """Initialiser of the weights before an activation.

    - Sigmoid and tanh and their hard forms: Glorot & Bengio 2010 (proceedings.mlr.press/v9/glorot10a),
      variance g^2 2 / (fan-in + fan-out), where g is the reciprocal of the slope at 0: 4 for the
      sigmoid and 1 for tanh.
    - All others: variance g^2 / fan-in with the computed :func:`gain` g. For ReLU and its leaky kin that is
      the initialiser of He et al. 2015 (arXiv:1502.01852), variance 2 / ((1 + a^2) fan-in) for a slope a on
      the left; for SELU LeCun's, which its fixed point needs (Klambauer et al. 2017, arXiv:1706.02515).

    Parameters
    ----------
    name : str
        Name of an activation of the catalog, taken with its default parameters.

    Returns
    -------
    mxnet.init.Initializer
        For ``net.initialize(...)`` or a layer's ``weight_initializer``.

    Raises
    ------
    ValueError
        If there is no such activation; the message lists the nearest names. Or if it acts on vectors.
    """
    entry = _curve(name)
    if entry.glorot is not None:
        # Xavier divides its magnitude by the mean fan, which is half the sum.
        return mx.init.Xavier("gaussian", "avg", entry.glorot**2)
    return mx.init.Xavier("gaussian", "in", entry.gain**2)
