"""The formulas: one pure function per activation, in its stable form.

Each takes any floating-point MXNet array (legacy or NumPy kind) or Symbol and returns
the same kind, dtype and shape. Half precision is computed in single precision and
rounded once. Formulas in LaTeX, ranges and further facts are in ``CATALOG``.
"""

from collections.abc import Iterable
from math import isfinite, pi, sqrt
from numbers import Real
from typing import Any

from . import ops

# Far enough that every gate below has reached 0 or 1 in double precision as well.
_REACH = 1000.0
# Finite in half precision too, in which a graph of MXNet 1.9 may have to compute.
_FAR = 6e4
# Finite in single precision.
_HUGE = 3e38


def check_choice(what: str, value: Any, allowed: Iterable[str]) -> None:
    """Raise ValueError unless the value is one of those allowed."""
    if value not in tuple(allowed):
        raise ValueError(f"{what} is one of {', '.join(map(repr, allowed))}, not {value!r}")


def _gated(x, gate):
    """``x * gate(x)`` for a gate that goes from 0 to 1, with its limits at ±inf.

    Bounding ``x`` from below keeps -inf * 0 out of the value; clipping the gate's
    argument cuts the branch of the gradient that would be inf * 0.
    """
    return ops.maximum(x, -_FAR) * gate(ops.clip(x, -_REACH, _REACH))


def _exponential(x, alpha, width, scale):
    """``scale`` times x for x > 0 and times ``alpha * (exp(x / width) - 1)`` below.

    At 0 the slope is the lower one. The signs are turned twice because -0.0 would become
    0.0 in a sum with the 0.0 that relu gives.
    """
    low = ops.clip(x, -_HUGE, 0)
    return -scale * (-alpha * ops.expm1(low if width == 1 else low / width) - ops.relu(x))


@ops.formula
def hard_sigmoid(x: Any, slope: float = 1 / 6) -> Any:
    """Hard sigmoid, ``clip(slope * x + 1/2, 0, 1)``: a sigmoid of three straight lines.

    Courbariaux, Bengio & David 2015 (arXiv:1511.00363) use slope 1/2, MobileNetV3 (Howard et al.
    2019, arXiv:1905.02244), PyTorch and Keras 1/6, MXNet's operator 0.2.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.
    slope : float
        Slope of the middle piece, above 0.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype; 0 at -inf and 1 at inf; nan stays nan. At both kinks,
        ``-1/2 / slope`` and ``1/2 / slope``, the slope is that of the middle piece.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    ValueError
        If ``slope`` is not above 0.
    """
    if not slope > 0:
        raise ValueError(f"hard_sigmoid wants slope > 0, not {slope!r}")
    half = 0.5 / slope
    return ops.clip(x + half, 0, 2 * half) / (2 * half)


@ops.formula
def hard_tanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """Hard tanh, ``clip(x, min_val, max_val)``: a tanh of three straight lines.

    Collobert 2004, "Large scale machine learning" (doctoral thesis).

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.
    min_val, max_val : float
        The two ends of the middle piece.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype; ``min_val`` at -inf and ``max_val`` at inf; nan stays nan.
        At both kinks the slope is 1, that of the middle piece.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    ValueError
        If ``min_val`` is not below ``max_val``.
    """
    if not min_val < max_val:
        raise ValueError(f"hard_tanh wants min_val < max_val, not {min_val!r} and {max_val!r}")
    return ops.clip(x, min_val, max_val)


@ops.formula
def softsign(x: Any) -> Any:
    """Softsign, ``x / (1 + abs(x))``, by Elliott 1993 (University of Maryland, TR 93-8).

    Brought to deep nets by Bergstra, Desjardins, Lamblin & Bengio 2009 (TR 1337, Montréal). Its
    tails approach -1 and 1 as 1/x does, not exponentially. MXNet's own gives nan at ±inf.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype; -1 at -inf and 1 at inf, with slope 0; nan stays nan.
        Its slope has a kink at 0, where it is 1, but the function has none.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    """
    return ops.softsign(ops.clip(x, -_HUGE, _HUGE))


@ops.formula
def identity(x: Any) -> Any:
    """Identity, ``x``: no activation, as at the output of a regression.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype, as a copy. The slope is 1 everywhere.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    """
    return x * 1.0


@ops.formula
def binary_step(x: Any) -> Any:
    """Binary step, 1 for x >= 0 and 0 below: the threshold of McCulloch & Pitts 1943.

    (doi:10.1007/BF02478259.) Its slope is 0 wherever it exists, and 0 here at the jump too: no
    gradient passes, and nothing before it learns.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype; 0 at -inf and 1 at inf and at 0; nan stays nan.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    """
    # The last term is 0, or nan where x is.
    return ops.clip(ops.sign(x) + 1, 0, 1) + 0 * ops.clip(x, -1, 1)


@ops.formula
def log_sigmoid(x: Any) -> Any:
    """Logarithm of the logistic sigmoid, ``-log(1 + exp(-x))``: the log-likelihood of one bit.

    Never computed as the logarithm of a sigmoid, which is -inf as soon as that underflows.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype. -inf at -inf and 0 at inf, with slopes 1 and 0; nan
        stays nan. Smooth: the slope at 0 is 1/2.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    """
    return -softplus(-x)


@ops.formula
def relu6(x: Any) -> Any:
    """ReLU cut at 6, ``min(max(x, 0), 6)``, by Krizhevsky 2010 ("Convolutional deep belief networks
    on CIFAR-10", manuscript); chosen by the MobileNets for arithmetic of low precision.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype; 0 at -inf and 6 at inf; nan stays nan. At both
        kinks, 0 and 6, the slope is 1, that of the middle piece.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    """
    return ops.clip(x, 0, 6)


@ops.formula
def softplus(x: Any, beta: float = 1.0) -> Any:
    """Softplus, ``log(1 + exp(beta * x)) / beta``, by Dugas, Bengio et al. (NIPS 2000).

    A smooth ReLU: its slope is the sigmoid, and the larger ``beta``, the closer it is. In
    "Incorporating second-order functional knowledge for better option pricing".

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.
    beta : float
        Sharpness of the bend, above 0.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype. Above 0 until exp underflows: 0 at -inf and inf at inf,
        with slopes 0 and 1; nan stays nan. Smooth: the slope at 0 is 1/2.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    ValueError
        If ``beta`` is not above 0.
    """
    if not beta > 0:
        raise ValueError(f"softplus wants beta > 0, not {beta!r}")
    z = x if beta == 1 else x * beta
    # Both terms take the slope on the right where they bend, at 0, and so does their sum.
    y = ops.maximum(z, 0) + ops.log1p(ops.exp(ops.minimum(-z, z)))
    return y if beta == 1 else y / beta


@ops.formula
def elu(x: Any, alpha: float = 1.0) -> Any:
    """Exponential linear unit, by Clevert, Unterthiner & Hochreiter 2015 (arXiv:1511.07289).

    ``max(x, 0) + alpha * (exp(min(x, 0)) - 1)``. MXNet's own subtracts the 1 in single precision,
    which leaves no digit of a value near 0.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.
    alpha : float
        Minus the value at -inf, above 0.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype; ``-alpha`` at -inf and inf at inf, with slopes 0 and 1; nan
        stays nan. At 0 the slope is the lower one, ``alpha``: smooth only for ``alpha = 1``.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    ValueError
        If ``alpha`` is not above 0.
    """
    if not alpha > 0:
        raise ValueError(f"elu wants alpha > 0, not {alpha!r}")
    return _exponential(x, alpha, 1, 1)


@ops.formula
def celu(x: Any, alpha: float = 1.0) -> Any:
    """Continuously differentiable ELU, by Barron 2017 (arXiv:1704.07483).

    ``max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1)``; with ``alpha = 1`` it is ELU.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.
    alpha : float
        Minus the value at -inf, above 0.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype; ``-alpha`` at -inf and inf at inf, with slopes 0 and 1; nan
        stays nan. The slope at 0 is 1 for every ``alpha``.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    ValueError
        If ``alpha`` is not above 0.
    """
    if not alpha > 0:
        raise ValueError(f"celu wants alpha > 0, not {alpha!r}")
    return _exponential(x, alpha, alpha, 1)


# The fixed point of Klambauer et al.: unit Gaussians keep mean 0 and variance 1.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_LAMBDA = 1.0507009873554804934193349852946


@ops.formula
def selu(x: Any) -> Any:
    """Scaled exponential linear unit, by Klambauer, Unterthiner, Mayr & Hochreiter 2017.

    ``lambda * x`` for x > 0 and ``lambda * alpha * (exp(x) - 1)`` below, with the constants
    for which activations of mean 0 and variance 1 keep both (arXiv:1706.02515). MXNet's own
    SELU has this value and a wrong gradient for x < 0.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype. ``-lambda * alpha`` at -inf and inf at inf, with slopes
        0 and lambda; nan stays nan. At the kink, 0, the slope is that on the left,
        ``lambda * alpha``.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    """
    return _exponential(x, SELU_ALPHA, 1, SELU_LAMBDA)


@ops.formula
def silu(x: Any) -> Any:
    """Sigmoid-weighted linear unit, ``x * sigmoid(x)``; the same curve as ``swish(x, 1)``.

    The name is from Hendrycks & Gimpel 2016 (arXiv:1606.08415); studied on its own by
    Elfwing, Uchibe & Doya 2017 (arXiv:1702.03118, doi:10.1016/j.neunet.2017.12.012).

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype. 0 at -inf and inf at inf, with slopes 0 and 1;
        nan stays nan. Smooth: the slope at 0 is 1/2.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    """
    return _gated(x, ops.sigmoid)


@ops.formula
def swish(x: Any, beta: Any = 1.0, per_channel: bool = False) -> Any:
    """Swish, ``x * sigmoid(beta * x)``, by Ramachandran, Zoph & Le 2017 (arXiv:1710.05941).

    ``beta = 1`` is SiLU, ``beta = 0`` is x / 2, and a large ``beta`` approaches ReLU.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.
    beta : float or mxnet array or Symbol
        Steepness of the gate; an array broadcasts against ``x``.
    per_channel : bool
        Whether the array ``beta`` holds one value for each index of axis 1 of ``x``.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype. For ``beta > 0`` the limits are 0 at -inf and inf at
        inf, with slopes 0 and 1; for ``beta < 0`` they are mirrored. (Not so for an *array*
        with ``beta <= 0``, whose sign the formula does not know: there ±inf gives nan or a
        large number.) nan stays nan. Smooth: the slope at 0 is 1/2.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype, or ``beta`` is neither
        a finite number nor an array.
    """
    if ops.is_array(beta):
        multiply = ops.scale_channels if per_channel else ops.multiply
        z = multiply(ops.clip(x, -_HUGE, _HUGE), beta)
        return ops.maximum(x, -_HUGE) * ops.sigmoid(ops.clip(z, -_REACH, _REACH))
    if not isinstance(beta, Real) or not isfinite(beta):
        raise TypeError(f"swish's beta is a finite number or an MXNet array, not {beta!r}")
    if beta < 0:
        return -swish(-x, -beta)
    if beta == 0:
        return x / 2
    gate = ops.sigmoid(ops.clip(x * beta, -_REACH, _REACH))
    return ops.maximum(x, -max(_FAR, _REACH / beta)) * gate


@ops.formula
def mish(x: Any) -> Any:
    """Mish, ``x * tanh(softplus(x))``, by Misra 2019 (arXiv:1908.08681).

    Written with one sigmoid: tanh(ln(1 + e^x)) = s (2 - s) / (1 + (1 - s)^2), which
    neither overflows nor loses its left tail.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype. 0 at -inf and inf at inf, with slopes 0 and 1; nan
        stays nan. Smooth: the slope at 0 is 3/5.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    """

    def gate(z):
        s = ops.sigmoid(z)
        return s * (2 - s) / (1 + ops.square(1 - s))

    return _gated(x, gate)


@ops.formula
def gelu(x: Any, approximate: str = "none") -> Any:
    """Gaussian error linear unit, ``x * Phi(x)``, by Hendrycks & Gimpel 2016 (arXiv:1606.08415).

    Phi is the distribution function of the standard normal. ``"tanh"`` and ``"sigmoid"``
    are the paper's two approximations, off by at most 4.8e-4 and 2.1e-2. Weights trained
    with one form want that form: the first release of BERT computes the exact one, GPT-2
    and BERT's code since February 2019 the tanh form.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.
    approximate : {"none", "tanh", "sigmoid"}
        ``x * Phi(x)``, ``x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))`` or
        ``x * sigmoid(1.702 x)``. (JAX defaults to tanh; PyTorch, Keras and MXNet to none.)

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype. 0 at -inf and inf at inf, with slopes 0 and 1; nan
        stays nan. Smooth: the slope at 0 is 1/2. The exact form is right to the rounding
        of 1 (so to 1e-6 in float32); its left tail is small and right in absolute terms,
        since MXNet has erf but not its complement.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    ValueError
        If ``approximate`` is none of the three.
    """
    check_choice("gelu's approximate", approximate, GELU_GATES)
    return _gated(x, GELU_GATES[approximate])


GELU_GATES = {
    "none": lambda z: 0.5 + 0.5 * ops.erf(z * sqrt(0.5)),
    # (1 + tanh(u)) / 2 is sigmoid(2 u), which keeps its left tail.
    "tanh": lambda z: ops.sigmoid(sqrt(8 / pi) * (z + 0.044715 * z * z * z)),
    "sigmoid": lambda z: ops.sigmoid(1.702 * z),
}


@ops.formula
def hard_swish(x: Any) -> Any:
    """Hard swish, ``x * clip(x + 3, 0, 6) / 6``, of MobileNetV3 (Howard et al. 2019).

    (arXiv:1905.02244.) A piecewise approximation of Swish, off by at most 0.1423, at ±3.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype; 0 at -inf and inf at inf, with slopes 0 and 1; nan stays nan.
        At the kinks, -3 and 3, the slope is that between them: -1/2 and 3/2.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    """
    return _gated(x, lambda z: ops.clip(z + 3, 0, 6) / 6)


@ops.formula
def alpha_dropout(x: Any, rate: float) -> Any:
    """Alpha dropout, by Klambauer, Unterthiner, Mayr & Hochreiter 2017 (arXiv:1706.02515).

    In training each value is replaced with probability ``rate`` by SELU's limit at -inf, and the
    whole is scaled and shifted so that mean 0 and variance 1 are kept; otherwise it is ``x``.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape; float16, float32 or float64.
    rate : float
        Probability of being replaced, at least 0 and below 1.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    ValueError
        If ``rate`` is below 0, or 1 or more.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"alpha_dropout wants a rate of at least 0 and below 1, not {rate!r}")
    if rate == 0:
        return x * 1.0
    keep, low = 1 - rate, -SELU_LAMBDA * SELU_ALPHA
    scale = (keep + low**2 * keep * rate) ** -0.5
    shift = -scale * rate * low
    # MXNet's dropout of ones, d, is 0 or 1 / keep in training and 1 otherwise. A factor and a
    # summand that are polynomials in d take the right values at all three, so that one graph
    # serves both modes: (0, scale * low + shift), (scale, shift) and (1, 0).
    d = ops.dropout(ops.ones_like(x), rate)
    bend = (scale * keep - 1) / (1 / keep - 1)
    start = -(scale * low + shift)
    slope = (shift / (1 / keep - 1) - start) * keep
    return x * (d * (1 + (d - 1) * bend)) + (d - 1) * (start + slope * d)


GLU_GATES = {
    "sigmoid": ops.sigmoid,
    "tanh": ops.tanh,
    "relu": ops.relu,
    "silu": silu,
    "gelu": gelu,
    "identity": identity,
}


@ops.formula
def glu(x: Any, activation: str = "sigmoid", axis: int = -1) -> Any:
    """Gated linear unit, ``a * activation(b)`` for the halves a and b of ``x`` along an axis.

    By Dauphin, Fan, Auli & Grangier 2016 (arXiv:1612.08083), with the sigmoid; Shazeer 2020
    (arXiv:2002.05202) puts other activations there: "silu" gives SwiGLU's gate, "gelu" GEGLU's,
    "relu" ReGLU's and "identity" the bilinear one.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape with an axis of even length; float16, float32 or float64.
    activation : {"sigmoid", "tanh", "relu", "silu", "gelu", "identity"}
        What the second half passes through.
    axis : int
        The axis that is cut in two.

    Returns
    -------
    mxnet array or Symbol
        Same kind and dtype; the axis is half as long.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    ValueError
        If the activation is none of these, or the axis is missing or of odd length.
    """
    check_choice("glu's activation", activation, GLU_GATES)
    if not ops.is_symbol(x):
        check_halves(x.shape, axis)
    a, b = ops.split(x, 2, axis)
    return a * GLU_GATES[activation](b)


def check_halves(shape: tuple[int, ...], axis: int) -> None:
    """Raise ValueError unless an array of this shape can be cut in two along the axis."""
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"glu cuts axis {axis} in two, and shape {shape} has no such axis")
    if shape[axis] % 2:
        raise ValueError(f"glu cuts axis {axis} in two, so its length is even, not {shape[axis]} as in {shape}")


@ops.formula
def softmax(x: Any, axis: int = -1, temperature: float = 1.0) -> Any:
    """Softmax, ``exp(x_i / T) / sum_j exp(x_j / T)`` along an axis: logits to probabilities.

    Named by Bridle 1990 (doi:10.1007/978-3-642-76153-9_28). The largest logit is subtracted
    first, so nothing overflows. The temperature T is that of Hinton, Vinyals & Dean 2015
    (arXiv:1503.02531): below 1 it sharpens, above 1 it flattens.

    Parameters
    ----------
    x : mxnet array or Symbol
        Any shape with at least one axis; float16, float32 or float64.
    axis : int
        The axis along which the result sums to 1.
    temperature : float
        Above 0.

    Returns
    -------
    mxnet array or Symbol
        Same kind, shape and dtype. A logit of -inf gets 0; inf, or -inf alone, gives nan.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    ValueError
        If ``temperature`` is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"softmax wants temperature > 0, not {temperature!r}")
    return ops.softmax(x, axis, temperature)
