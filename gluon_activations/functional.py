"""The formulas: one pure function per activation, in its stable form.

Each takes any floating-point MXNet array (legacy or NumPy kind) or Symbol and returns the same
kind and dtype. Half precision is computed in single precision and rounded once. Formulas in
LaTeX, ranges and further facts are in ``CATALOG``.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from fractions import Fraction
from math import frexp, pi, sqrt
from typing import Annotated, Any

from . import ops
from ._arrays import is_array, is_empty
from ._formula import SAME_SHAPE, formula
from ._parameters import Choice, Flag, Integer, Number

# Far enough that every gate below has reached 0 or 1 in double precision as well.
_REACH = 1000.0
# Finite in half precision too, in which a graph of MXNet 1.9 may have to compute.
_FAR = 6e4
# Finite in single precision, and held by it.
_HUGE = 2.0**127


def _gated(x: Any, gate: Any) -> Any:
    """``x * gate(x)`` for a gate that goes from 0 to 1, with its limits at ±inf.

    Bounding ``x`` from below keeps -inf * 0 out of the value; clipping the gate's
    argument cuts the branch of the gradient that would be inf * 0.
    """
    return ops.maximum(x, -_FAR) * gate(ops.clip(x, -_REACH, _REACH))


def _exponential(x: Any, alpha: float, width: float, scale: float) -> Any:
    """``scale`` times x for x > 0 and times ``alpha * (exp(x / width) - 1)`` below.

    At 0 the slope is the lower one. The signs are turned twice because -0.0 would become
    0.0 in a sum with the 0.0 that relu gives.
    """
    low = ops.clip(x, -_HUGE, 0)
    return -scale * (-alpha * ops.expm1(low if width == 1 else ops.over(low, width)) - ops.relu(x))


@formula
def sigmoid(x: Any) -> Any:
    """Logistic sigmoid, ``1 / (1 + exp(-x))``, as in the nets of Rumelhart, Hinton & Williams 1986.

    (doi:10.1038/323533a0.) Written with exp(-abs(x)), so that value and slope keep their digits in
    both tails. MXNet's own is 0 below -87 in float32, and its slope, y (1 - y), is 0 above 17.

    Gives: 0 at -inf and 1 at inf, with slope 0. Smooth: the slope at 0 is 1/4.
    """
    u = ops.exp(ops.minimum(x, -x))
    # The sign is above u, so 1, on the right and below it elsewhere.
    return ops.maximum(ops.sign(x), u) / (1 + u)


@formula
def log_sigmoid(x: Any) -> Any:
    """Logarithm of the logistic sigmoid, ``-log(1 + exp(-x))``: the log-likelihood of one bit.

    Never computed as the logarithm of a sigmoid, which is -inf as soon as that underflows.

    Gives: -inf at -inf and 0 at inf, with slopes 1 and 0. Smooth: the slope at 0 is 1/2.
    """
    return -softplus(-x)


# Below this, half its width is a normal number of float32.
_SLOPE = Number("Slope of the middle piece.", "s", (0.05, 1.0), above=0, below=2.0**125)


@formula
def hard_sigmoid(x: Any, slope: Annotated[float, _SLOPE] = 1 / 6) -> Any:
    """Hard sigmoid, ``clip(slope * x + 1/2, 0, 1)``: a sigmoid of three straight lines.

    Courbariaux, Bengio & David 2015 (arXiv:1511.00363) use slope 1/2, MobileNetV3 (Howard et al.
    2019, arXiv:1905.02244), PyTorch and Keras 1/6, MXNet's operator 0.2.

    Gives: 0 at -inf and 1 at inf. At both kinks, ``-1/2 / slope`` and ``1/2 / slope``, the slope is that of the
    middle piece.
    """
    half = 0.5 / slope
    return ops.over(ops.clip(x + half, 0, 2 * half), 2 * half)


@formula
def sparse_sigmoid(x: Any) -> Any:
    """Sparse sigmoid, ``clip((x + 1) / 2, 0, 1)``: what sparsemax is of two classes, by Martins & Astudillo 2016.

    (arXiv:1602.02068.) The hard sigmoid with slope 1/2, under the name that JAX and Keras have for it.

    Gives: 0 at -inf and 1 at inf. At both kinks, -1 and 1, the slope is that of the middle piece, 1/2.
    """
    return hard_sigmoid(x, 0.5)


_CENTRE = Number("Where it is 1/2.", r"\mu", (-2.0, 2.0))
_WIDTH = Number("Width of its bend.", r"\sigma", (0.05, 2.0), above=0)


@formula
def laplace(x: Any, mu: Annotated[float, _CENTRE] = 0.707107, sigma: Annotated[float, _WIDTH] = 0.282095) -> Any:
    """Laplace activation, ``(1 + erf((x - mu) / (sigma sqrt(2)))) / 2``, of Mega by Ma et al. 2022.

    (arXiv:2209.10655.) A normal distribution function, whose centre and width, near sqrt(1/2) and
    sqrt(1/(4 pi)), are chosen to be close to the squared ReLU, but bounded.

    Gives: 0 at -inf and 1 at inf, with slope 0. Smooth. The left tail is right in absolute terms, since MXNet has
    erf but not its complement.
    """
    # Other runtimes' erf may lose a nan.
    return 0.5 + 0.5 * ops.erf((x - mu) * (sqrt(0.5) / sigma)) + ops.nothing(x)


@formula
def tanh(x: Any) -> Any:
    """Hyperbolic tangent, ``(exp(x) - exp(-x)) / (exp(x) + exp(-x))``; LeCun et al. 1998 prefer it to the sigmoid.

    (doi:10.1007/3-540-49430-8_2.) Written with exp(-2 abs(x)) - 1, so that its slope keeps its digits
    in both tails; the slope of MXNet's own, 1 - y^2, is 0 beyond 9 in float32.

    Gives: -1 at -inf and 1 at inf, with slope 0. Smooth: the slope at 0 is 1.
    """
    z = ops.clip(2 * x, -_REACH, _REACH)
    q = ops.expm1(z - 2 * ops.relu(z))  # -abs(z), with the sign of 0 and the slope that z has there
    y = q / (q + 2)
    return ops.where(x > 0, -y, y)


@formula
def hard_tanh(
    x: Any,
    min_val: Annotated[float, Number("Lower end of the middle piece.", "a", (-5.0, -0.1))] = -1.0,
    max_val: Annotated[float, Number("Its upper end.", "b", (0.1, 5.0), above="min_val")] = 1.0,
) -> Any:
    """Hard tanh, ``clip(x, min_val, max_val)``: a tanh of three straight lines.

    Collobert 2004, "Large scale machine learning" (doctoral thesis).

    Gives: ``min_val`` at -inf and ``max_val`` at inf. At both kinks the slope is 1, that of the middle piece.
    """
    return ops.clip(x, min_val, max_val, alone=True)


@formula
def softsign(x: Any) -> Any:
    """Softsign, ``x / (1 + abs(x))``, by Elliott 1993 (University of Maryland, TR 93-8).

    Brought to deep nets by Bergstra, Desjardins, Lamblin & Bengio 2009 (TR 1337, Montréal). Its
    tails approach -1 and 1 as 1/x does, not exponentially. MXNet's own gives nan at ±inf.

    Gives: -1 at -inf and 1 at inf, with slope 0. Its slope has a kink at 0, where it is 1, but the function has
    none.
    """
    # Not clip, behind which MXNet takes this slope for a constant: its second derivative would be 0, and no error.
    return ops.softsign(ops.minimum(ops.maximum(x, -_HUGE), _HUGE))


@formula
def identity(x: Any) -> Any:
    """Identity, ``x``: no activation, as at the output of a regression.

    Gives: a copy. The slope is 1 everywhere.
    """
    return x * 1.0


@formula
def binary_step(x: Any) -> Any:
    """Binary step, 1 for x >= 0 and 0 below: the threshold of McCulloch & Pitts 1943.

    (doi:10.1007/BF02478259.) Its slope is 0 wherever it exists, and 0 here at the jump too: no
    gradient passes, and nothing before it learns.

    Gives: 0 at -inf and 1 at inf and at 0.
    """
    return ops.clip(ops.sign(x) + 1, 0, 1) + ops.nothing(x)


@formula
def relu(x: Any) -> Any:
    """Rectified linear unit, ``max(x, 0)``, by Fukushima 1969 (doi:10.1109/TSSC.1969.300225).

    Brought to deep nets by Nair & Hinton 2010 and Glorot, Bordes & Bengio 2011. MXNet's own gives 0
    for nan in float32 on the CPU, and so hides that a net has diverged.

    Gives: 0 at -inf and inf at inf. At the kink, 0, the slope is 0.
    """
    return ops.maximum(ops.relu(x), x)  # the second is taken where the first has lost a nan


@formula
def relu6(x: Any) -> Any:
    """ReLU cut at 6, ``min(max(x, 0), 6)``, by Krizhevsky 2010 ("Convolutional deep belief networks
    on CIFAR-10", manuscript); chosen by the MobileNets for arithmetic of low precision.

    Gives: 0 at -inf and 6 at inf. At both kinks, 0 and 6, the slope is 1, that of the middle piece.
    """
    return ops.clip(x, 0, 6, alone=True)


@formula
def squared_relu(x: Any) -> Any:
    """Squared ReLU, ``max(x, 0)^2``, of the Primer by So et al. 2021 (arXiv:2109.08668).

    Found by a search over transformers, where it follows the first layer of each feed-forward part.

    Gives: 0 at -inf, with slope 0; inf at inf, and so is its slope. Smooth at 0 in the first derivative.
    """
    return ops.relu(x) * ops.maximum(x, 0)  # only the second has kept a nan


_LIMIT = Number("What x has to exceed.", r"\theta", (-2.0, 2.0))
_OTHERWISE = Number("What it is elsewhere.", "v", (-2.0, 2.0))


@formula
def threshold(x: Any, threshold: Annotated[float, _LIMIT] = 1.0, value: Annotated[float, _OTHERWISE] = 0.0) -> Any:
    """Threshold, ``x`` where it exceeds a threshold and a value elsewhere.

    With the value 0 and the threshold 1 it is the thresholded ReLU of Konda, Memisevic & Krueger 2014
    (arXiv:1402.3337). PyTorch and Keras have it, and no defaults.

    Gives: ``value`` at -inf and inf at inf. At the threshold the slope is 0, as on the left.
    """
    return ops.where(x > threshold, x, value + ops.nothing(x))


@formula
def squareplus(x: Any, b: Annotated[float, Number("Width of the bend.", "b", (0.1, 10.0), above=0)] = 4.0) -> Any:
    """Squareplus, ``(x + sqrt(x^2 + b)) / 2``, by Barron 2021 (arXiv:2112.11687).

    A smooth ReLU without exponentials; its tails are those of 1/x. Written so that nothing cancels on the left.

    Gives: 0 at -inf and inf at inf, with slopes 0 and 1. Smooth: the slope at 0 is 1/2.
    """
    size = ops.minimum(-x, x)  # -abs(x), with the slope on the right at 0, as maximum below
    return ops.maximum(x, 0) + (b / 2) / (ops.hypot(ops.clip(x, -_HUGE, _HUGE), sqrt(b)) - size)


@formula
def sparse_plus(x: Any) -> Any:
    """Sparse plus: 0 up to -1, ``(x + 1)^2 / 4`` up to 1, and ``x`` beyond.

    The loss that belongs to sparsemax, of two classes (Martins & Astudillo 2016, arXiv:1602.02068);
    JAX has it beside softplus. Its slope is the sparse sigmoid.

    Gives: 0 at -inf and inf at inf, with slopes 0 and 1. Smooth in the first derivative: the slope at 0 is 1/2.
    """
    return ops.where(x > 1, x, ops.square(ops.clip(x, -1, 1) + 1) / 4)


_ZONE = Number("Half the width of the zone that becomes 0.", r"\lambda", (0.1, 2.0), at_least=0)


@formula
def hard_shrink(x: Any, lambd: Annotated[float, _ZONE] = 0.5) -> Any:
    """Hard shrinkage, ``x`` where ``abs(x) > lambd`` and 0 elsewhere, by Donoho & Johnstone 1994.

    (doi:10.1093/biomet/81.3.425, where it denoises the coefficients of wavelets.) It keeps what is large as it is,
    and jumps.

    Gives: -inf at -inf and inf at inf, with slope 1. At both jumps value and slope are 0.
    """
    return ops.where(ops.abs(x) > lambd, x, 0 * x)


@formula
def soft_shrink(x: Any, lambd: Annotated[float, _ZONE] = 0.5) -> Any:
    """Soft shrinkage, ``x - clip(x, -lambd, lambd)``: ``x``, drawn towards 0 by lambd.

    The soft thresholding of Donoho 1995 (doi:10.1109/18.382009): what a penalty lambd * abs(y) makes of x.

    Gives: -inf at -inf and inf at inf, with slope 1. At both kinks the slope is 0.
    """
    return x - ops.clip(x, -lambd, lambd)


# 2 k / (2 k + 1)! for k = 1, 2, …: the series of cosh(x) - sinh(x) / x, by powers of x^2.
_SHRINK = (
    *(1 / 3, 1 / 30, 1 / 840, 1 / 45360, 1 / 3991680, 1 / 518918400, 1 / 93405312000),
    *(1 / 22230464256000, 1 / 6758061133824000),
)


@formula
def tanh_shrink(x: Any) -> Any:
    """Tanh shrinkage, ``x - tanh(x)``, as PyTorch and Keras have it.

    Near 0 it is ``x^3 / 3``; there it is written as ``(x cosh(x) - sinh(x)) / cosh(x)`` with a series, so that
    nothing cancels.

    Gives: -inf at -inf and inf at inf, with slope 1. Smooth: the slope at 0 is 0.
    """
    z = ops.clip(x, -1, 1)
    power = ops.exp(z)
    inner = z * z * z * _polynomial(z * z, _SHRINK) * 2 / (power + 1 / power)
    return ops.where(ops.abs(x) < 1, inner, x - tanh(x))


def _polynomial(x: Any, coefficients: tuple[float, ...]) -> Any:
    """c0 + c1 x + c2 x^2 + …"""
    return functools.reduce(lambda y, c: y * x + c, coefficients[-2::-1], coefficients[-1])


_PER_CHANNEL = Flag("Whether the array before it holds one value for each index of axis 1 of ``x``.")
ALPHA_LEFT = Number("Slope of the left half.", r"\alpha", (-0.5, 1.0))


@formula
def leaky_relu(x: Any, alpha: Annotated[float, replace(ALPHA_LEFT, turn=(0.0, 1.0))] = 0.01) -> Any:
    """Leaky ReLU, ``max(x, 0) + alpha * min(x, 0)``, by Maas, Hannun & Ng 2013 (ICML workshop).

    MXNet's own holds ``alpha`` in float32 whatever the array, and Gluon's has no default.

    Gives: inf at inf, and at -inf what ``alpha`` times it is (0 for ``alpha = 0``). At the kink, 0, the slope is
    ``alpha``.
    """
    return ops.leaky_relu(x, alpha) if alpha else relu(x)


@formula
def prelu(
    x: Any,
    alpha: Annotated[Any, replace(ALPHA_LEFT, arrays=True, single=True)] = 0.25,
    per_channel: Annotated[bool, _PER_CHANNEL] = False,
) -> Any:
    """Parametric ReLU, ``max(x, 0) + alpha * min(x, 0)`` with a learned alpha, by He et al. 2015.

    (arXiv:1502.01852.) The same curve as the leaky ReLU; MXNet's own holds float32 in float64 too.

    Gives: as for :func:`leaky_relu`; an *array* ``alpha`` that holds 0 gives nan at -inf.
    """
    if not is_array(alpha):
        return leaky_relu(x, alpha)
    return ops.where(x > 0, x, _scaled(x, alpha, per_channel))


def _scaled(x: Any, weights: Any, per_channel: bool = False) -> Any:
    if not is_array(weights):
        return x * weights
    return (ops.scale_channels if per_channel else ops.multiply)(x, weights)


_GENTLEST = Number("The smallest slope on the left.")
_STEEPEST = Number("The largest.", above="lower")


@formula
def rrelu(x: Any, lower: Annotated[float, _GENTLEST] = 1 / 8, upper: Annotated[float, _STEEPEST] = 1 / 3) -> Any:
    """Randomized leaky ReLU, by Xu, Wang, Chen & Li 2015 (arXiv:1505.00853).

    In training each number below 0 is multiplied by one of its own, drawn between ``lower`` and ``upper``;
    otherwise it is :func:`leaky_relu` with their mean. (MXNet's own ends the process where it is differentiated.)

    Gives: inf at inf and, if both slopes are above 0, -inf at -inf. At the kink, 0, the slope is that on the left.
    """
    if not ops.may_train(x):
        return leaky_relu(x, (lower + upper) / 2)
    # MXNet's dropout of ones by a half is 0 or 2 in training, and 1 otherwise.
    trains = ops.square(ops.dropout(ops.ones_like(x), 0.5) - 1)
    half = (upper - lower) / 2
    more = trains * ops.uniform(x, -half, half) + 0.0  # no -0.0
    return leaky_relu(x, (lower + upper) / 2) + more * ops.clip(x, -_HUGE, 0)


_SHARPNESS = Number("Sharpness of the bend.", r"\beta", (0.2, 10.0), above=0)


@formula
def softplus(x: Any, beta: Annotated[float, _SHARPNESS] = 1.0) -> Any:
    """Softplus, ``log(1 + exp(beta * x)) / beta``, by Dugas, Bengio et al. (NIPS 2000).

    A smooth ReLU: its slope is the sigmoid, and the larger ``beta``, the closer it is. In
    "Incorporating second-order functional knowledge for better option pricing".

    Gives: above 0 until exp underflows: 0 at -inf and inf at inf, with slopes 0 and 1. Smooth: the slope at 0 is
    1/2.
    """
    z = x if beta == 1 else x * beta
    bend = ops.log1p(ops.exp(ops.minimum(-z, z)))
    # Both terms take the slope on the right where they bend, at 0, and so does their sum.
    return ops.maximum(x, 0) + (bend if beta == 1 else ops.over(bend, beta))


_ALPHA_END = Number("Minus the value at -inf.", r"\alpha", (0.1, 3.0), above=0)


@formula
def elu(x: Any, alpha: Annotated[float, _ALPHA_END] = 1.0) -> Any:
    """Exponential linear unit, by Clevert, Unterthiner & Hochreiter 2015 (arXiv:1511.07289).

    ``max(x, 0) + alpha * (exp(min(x, 0)) - 1)``. MXNet's own subtracts the 1 in single precision,
    which leaves no digit of a value near 0.

    Gives: ``-alpha`` at -inf and inf at inf, with slopes 0 and 1. At 0 the slope is the lower one, ``alpha``:
    smooth only for ``alpha = 1``.
    """
    return _exponential(x, alpha, 1, 1)


@formula
def celu(x: Any, alpha: Annotated[float, _ALPHA_END] = 1.0) -> Any:
    """Continuously differentiable ELU, by Barron 2017 (arXiv:1704.07483).

    ``max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1)``; with ``alpha = 1`` it is ELU.

    Gives: ``-alpha`` at -inf and inf at inf, with slopes 0 and 1. The slope at 0 is 1 for every ``alpha``.
    """
    return _exponential(x, alpha, alpha, 1)


@formula
def exponential(x: Any) -> Any:
    """Exponential, ``exp(x)``: for an output that has to be positive, as a rate or a scale.

    Gives: 0 at -inf and inf at inf, with slopes 0 and inf. Smooth: the slope at 0 is 1.
    """
    return ops.exp(x)


@formula
def sqrt_softplus(x: Any) -> Any:
    """Square root of the softplus, ``sqrt(log(1 + exp(x)))``: how DeepSeek-V4 scores its experts.

    Written so that its left tail, exp(x / 2), outlives the underflow of exp(x).

    Gives: 0 at -inf and inf at inf, with slope 0. Smooth: the slope at 0 is 0.3003.
    """
    # Below -40 softplus is exp to the last digit of double precision.
    return ops.where(x < -40, ops.exp(ops.minimum(x, -40) / 2), ops.sqrt(softplus(ops.maximum(x, -40))))


RIGHT = Number("Bend on the right.", "p", (0.1, 3.0), above=0)
LEFT = Number("Bend on the left.", "n", (0.6, 3.0), above="beta")
AT_0 = Number("Slope at 0.", r"\beta", (0.1, 0.55), above=0)


@formula
def xielu(
    x: Any,
    alpha_p: Annotated[Any, replace(RIGHT, arrays=True, single=True)] = 0.8,
    alpha_n: Annotated[Any, replace(LEFT, arrays=True, single=True)] = 0.8,
    beta: Annotated[float, AT_0] = 0.5,
) -> Any:
    """xIELU, expanded integral of the ELU, by Huang & Schlag 2024 (arXiv:2411.13010).

    ``alpha_p x^2 + beta x`` for x > 0 and ``alpha_n (exp(x) - 1 - x) + beta x`` below, so that its slope
    is a line on the right and an ELU on the left.

    Gives: inf at both ends, with slopes ``beta - alpha_n`` and inf. At 0 the slope is ``beta``: smooth in the
    first derivative.
    """
    low, high = ops.minimum(x, 0), ops.maximum(x, -1)
    left = _scaled(ops.expm1(low), alpha_n) - _scaled(low, alpha_n - beta)
    return ops.where(x < 0, left, high * (_scaled(high, alpha_p) + beta))


# The fixed point of Klambauer et al.: unit Gaussians keep mean 0 and variance 1.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_LAMBDA = 1.0507009873554804934193349852946


@formula
def selu(x: Any) -> Any:
    """Scaled exponential linear unit, by Klambauer, Unterthiner, Mayr & Hochreiter 2017.

    ``lambda * x`` for x > 0 and ``lambda * alpha * (exp(x) - 1)`` below, with the constants
    for which activations of mean 0 and variance 1 keep both (arXiv:1706.02515). MXNet's own
    SELU has this value and a wrong gradient for x < 0.

    Gives: ``-lambda * alpha`` at -inf and inf at inf, with slopes 0 and lambda. At the kink, 0, the slope is
    that on the left, ``lambda * alpha``.
    """
    return _exponential(x, SELU_ALPHA, 1, SELU_LAMBDA)


@formula
def silu(x: Any) -> Any:
    """Sigmoid-weighted linear unit, ``x * sigmoid(x)``; the same curve as ``swish(x, 1)``.

    The name is from Hendrycks & Gimpel 2016 (arXiv:1606.08415); studied on its own by
    Elfwing, Uchibe & Doya 2017 (arXiv:1702.03118, doi:10.1016/j.neunet.2017.12.012).

    Gives: 0 at -inf and inf at inf, with slopes 0 and 1. Smooth: the slope at 0 is 1/2.
    """
    return _gated(x, ops.sigmoid)


BETA = Number("Steepness of the gate.", r"\beta", (0.0, 10.0))


@formula
def swish(
    x: Any,
    beta: Annotated[Any, replace(BETA, arrays=True, single=True)] = 1.0,
    per_channel: Annotated[bool, _PER_CHANNEL] = False,
) -> Any:
    """Swish, ``x * sigmoid(beta * x)``, by Ramachandran, Zoph & Le 2017 (arXiv:1710.05941).

    ``beta = 1`` is SiLU, ``beta = 0`` is x / 2, and a large ``beta`` approaches ReLU.

    Gives: for ``beta > 0`` the limits are 0 at -inf and inf at inf, with slopes 0 and 1; for ``beta < 0`` they
    are mirrored. (Not so for an *array* with ``beta <= 0``, whose sign the formula does not know: there ±inf
    gives nan or a large number.) Smooth: the slope at 0 is 1/2.
    """
    if is_array(beta):
        z = _scaled(ops.clip(x, -_HUGE, _HUGE), beta, per_channel)
        return ops.maximum(x, -_HUGE) * ops.sigmoid(ops.clip(z, -_REACH, _REACH))
    if beta < 0:
        return -swish(-x, -beta)
    if beta == 0:
        return x / 2
    gate = ops.sigmoid(ops.clip(x * beta, -_REACH, _REACH))
    return ops.maximum(x, -max(_FAR, _REACH / beta)) * gate


@formula
def mish(x: Any) -> Any:
    """Mish, ``x * tanh(softplus(x))``, by Misra 2019 (arXiv:1908.08681).

    Written with one sigmoid: tanh(ln(1 + e^x)) = s (2 - s) / (1 + (1 - s)^2), which
    neither overflows nor loses its left tail.

    Gives: 0 at -inf and inf at inf, with slopes 0 and 1. Smooth: the slope at 0 is 3/5.
    """

    def gate(z: Any) -> Any:
        s = ops.sigmoid(z)
        return s * (2 - s) / (1 + ops.square(1 - s))

    return _gated(x, gate)


@formula
def tanh_exp(x: Any) -> Any:
    """TanhExp, ``x * tanh(exp(x))``, by Liu & Di 2020 (arXiv:2003.09855).

    Its gate reaches 1 sooner than Mish's, so it is closer to the identity on the right.

    Gives: 0 at -inf and inf at inf, with slopes 0 and 1. Smooth: the slope at 0 is tanh(1) = 0.7616.
    """
    # At 5 the gate is 1 to the last digit of double precision.
    return _gated(x, lambda z: ops.tanh(ops.exp(ops.minimum(z, 5))))


_GELU_GATES = {
    "none": lambda z: 0.5 + 0.5 * ops.erf(z * sqrt(0.5)),
    # (1 + tanh(u)) / 2 is sigmoid(2 u), which keeps its left tail.
    "tanh": lambda z: ops.sigmoid(sqrt(8 / pi) * (z + 0.044715 * z * z * z)),
    "sigmoid": lambda z: ops.sigmoid(1.702 * z),
}


_FORM = Choice("The exact form, or one of the paper's two approximations.", options=tuple(_GELU_GATES))


@formula
def gelu(x: Any, approximate: Annotated[str, _FORM] = "none") -> Any:
    """Gaussian error linear unit, ``x * Phi(x)``, by Hendrycks & Gimpel 2016 (arXiv:1606.08415).

    Phi is the distribution function of the standard normal. ``"tanh"``, which is
    ``x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))``, and ``"sigmoid"``, which is
    ``x * sigmoid(1.702 x)``, are the paper's two approximations, off by at most 4.8e-4 and 2.1e-2.
    Weights trained with one form want that form: the first release of BERT computes the exact one,
    GPT-2 and BERT's code since February 2019 the tanh form. (JAX defaults to tanh; PyTorch, Keras and
    MXNet to none.)

    Gives: 0 at -inf and inf at inf, with slopes 0 and 1. Smooth: the slope at 0 is 1/2. The exact form is right
    to the rounding of 1 (so to 1e-6 in float32); its left tail is small and right in absolute terms, since MXNet
    has erf but not its complement.
    """
    return _gated(x, _GELU_GATES[approximate])


@formula
def clipped_gelu(
    x: Any,
    min_val: Annotated[float, Number("Lower end.", "a", (-10.0, 0.0))] = -10.0,
    max_val: Annotated[float, Number("Upper end.", "b", (0.5, 10.0), above="min_val")] = 10.0,
) -> Any:
    """GELU cut off at two ends, ``clip(gelu(x), min_val, max_val)``, by Wu, Judd, Zhang et al. 2020.

    (arXiv:2004.09602.) With its output in a known range a net can be computed in integers of eight bits.

    Gives: 0 at -inf, or ``min_val`` if that is larger, and ``max_val`` at inf, with slope 0. Where it reaches an
    end the slope is that of GELU.
    """
    return ops.clip(gelu(x), min_val, max_val)


@formula
def hard_mish(x: Any) -> Any:
    """Hard Mish, ``x / 2 * clip(x + 2, 0, 2)``, of three pieces, by Misra 2020.

    (https://github.com/digantamisra98/H-Mish.) A piecewise form of Mish, as timm has it.

    Gives: 0 at -inf and inf at inf, with slopes 0 and 1. At the kink, -2, the slope is that on the right, -1; at 0
    it is smooth.
    """
    return _gated(x, lambda z: ops.clip(z + 2, 0, 2) / 2)


@formula
def hard_swish(x: Any) -> Any:
    """Hard swish, ``x * clip(x + 3, 0, 6) / 6``, of MobileNetV3 (Howard et al. 2019).

    (arXiv:1905.02244.) A piecewise approximation of Swish, off by at most 0.1423, at ±3.

    Gives: 0 at -inf and inf at inf, with slopes 0 and 1. At the kinks, -3 and 3, the slope is that between them:
    -1/2 and 3/2.
    """
    return _gated(x, lambda z: ops.clip(z + 3, 0, 6) / 6)


# What repeats.

# Farther out no number says where in a wave it is; and what float32 holds after a product.
_FAR_OUT, _WIDE = 1e15, 1e37
_PI = Fraction("3.14159265358979323846264338327950288419716939937510")


def _turned(x: Any, omega: float) -> tuple[Any, Any]:
    """X less k half turns of ``sin(omega x)``, which is between -pi / 2 and pi / 2 over omega, and k.

    k times the first two parts of a half turn is exact, so x keeps its digits however often it goes around.
    """
    rest = _PI / Fraction(omega)
    k = ops.rint(x * (omega / pi)) + 0.0  # no -0.0, so that x may be one
    for digits in (8, 8, 50, 50):
        part = _leading(rest, digits)
        rest -= Fraction(part)
        x = x - k * part
    return x, k


def _leading(number: Fraction, digits: int) -> float:
    """The first binary digits of a positive number."""
    size = Fraction(2) ** (frexp(float(number))[1] - digits)
    return float(number // size * size)


@formula
def sine(x: Any, omega: Annotated[float, Number("Frequency.", r"\omega", (0.5, 10.0), above=0)] = 1.0) -> Any:
    """Sine, ``sin(omega * x)``, of SIREN by Sitzmann, Martel, Bergman, Lindell & Wetzstein 2020.

    (arXiv:2006.09661, where omega is 30.) For nets that stand for an image, a sound or a field; they want its
    authors' initialisation.

    Gives: nan at -inf and inf, where it has no limit. Smooth: the slope at 0 is ``omega``. Without the compiled
    kernels its phase is lost where a wave is shorter than the distance of two numbers, and where ``omega * x``,
    for an omega above 1, is beyond 1e37 value and slope are 0.
    """
    near = x if omega <= 1 else ops.where(ops.abs(x) < _WIDE / omega, x, 0 * x)  # the product is to stay a number
    rest, k = _turned(near, omega)
    odd = ops.abs(k - 2 * ops.rint(k / 2))  # 1 after an odd number of half turns, which turn the sign
    return ops.sin(omega * rest) * (1 - 2 * odd)


PITCH = Number("Frequency of the ripple.", r"\alpha", (0.2, 5.0), above=0)


@formula
def snake(
    x: Any,
    alpha: Annotated[Any, replace(PITCH, arrays=True, single=True)] = 1.0,
    per_channel: Annotated[bool, _PER_CHANNEL] = False,
) -> Any:
    """Snake, ``x + sin(alpha * x)^2 / alpha``, by Ziyin, Hartwig & Ueda 2020 (arXiv:2006.08195).

    The identity with a ripple: it learns what is periodic, and goes on beyond the data. Vocoders learn
    an alpha per channel.

    Gives: -inf at -inf and inf at inf; the slope swings between 0 and 2 for ever, and at ±inf it is its mean, 1.
    Smooth: the slope at 0 is 1.
    """
    far = _FAR_OUT if is_array(alpha) else min(_FAR_OUT, _WIDE / alpha)
    near = ops.where(ops.abs(x) < far, x, ops.nothing(x))
    if is_array(alpha):
        ripple = ops.square(ops.sin(_scaled(near, alpha, per_channel)))
        return -(-x - _scaled(ripple, 1 / alpha, per_channel))  # -0.0 would be lost in a sum with 0.0
    return -(-x - ops.over(ops.square(ops.sin(alpha * _turned(near, alpha)[0])), alpha))


_RATE = Number("Probability of being replaced.", at_least=0, below=1)


@formula
def alpha_dropout(x: Any, rate: Annotated[float, _RATE]) -> Any:
    """Alpha dropout, by Klambauer, Unterthiner, Mayr & Hochreiter 2017 (arXiv:1706.02515).

    In training each value is replaced with probability ``rate`` by SELU's limit at -inf, and the
    whole is scaled and shifted so that mean 0 and variance 1 are kept; otherwise it is ``x``.

    Gives: outside of training, ``x``.
    """
    if rate == 0:
        return x * 1.0
    keep, low = 1 - rate, -SELU_LAMBDA * SELU_ALPHA
    scale = (keep + low**2 * keep * rate) ** -0.5
    shift = -scale * rate * low
    # MXNet's dropout of ones, d, is 0 or 1 / keep in training and 1 otherwise. A factor and a
    # summand that are polynomials in d take the right values at all three, so that one graph
    # serves both modes: (0, scale * low + shift), (scale, shift) and (1, 0). The second is a
    # straight line, since shift / (1 / keep - 1) is -(scale * low + shift).
    d = ops.dropout(ops.ones_like(x), rate)
    bend = (scale * keep - 1) / (1 / keep - 1)
    return x * (d * (1 + (d - 1) * bend)) - (d - 1) * (scale * low + shift)


# What acts on vectors: each element of the result depends on several of the input.

_GLU_GATES = {"sigmoid": sigmoid, "tanh": tanh, "relu": relu, "silu": silu, "gelu": gelu, "identity": identity}
_GATE = Choice("What the second half passes through.", options=tuple(_GLU_GATES))
_CUT = Integer("The axis that is cut in two.")


def _fits_axis(shape: tuple[int, ...], axis: int, **others: Any) -> None:
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"axis is {axis}, and shape {shape} has no such axis")


def _fits_glu(shape: tuple[int, ...], activation: str, axis: int) -> None:
    _fits_axis(shape, axis)
    if shape[axis] % 2:
        raise ValueError(f"glu cuts axis {axis} in two, so its length is even, not {shape[axis]} as in {shape}")


@functools.partial(
    formula,
    takes="Any shape with an axis of even length",
    gives="Same kind and dtype; the axis is half as long; nan stays nan.",
    fits=_fits_glu,
)
def glu(x: Any, activation: Annotated[str, _GATE] = "sigmoid", axis: Annotated[int, _CUT] = -1) -> Any:
    """Gated linear unit, ``a * activation(b)`` for the halves a and b of ``x`` along an axis.

    By Dauphin, Fan, Auli & Grangier 2016 (arXiv:1612.08083), with the sigmoid; Shazeer 2020
    (arXiv:2002.05202) puts other activations there: "silu" gives SwiGLU's gate, "gelu" GEGLU's,
    "relu" ReGLU's and "identity" the bilinear one.
    """
    a, b = ops.split(x, 2, axis)
    return a * _GLU_GATES[activation](b)


_PIECES = Integer("How many equal parts the last axis is cut into.", at_least=1)


def _fits_maxout(shape: tuple[int, ...], pieces: int) -> None:
    if not shape or shape[-1] % pieces:
        raise ValueError(f"maxout cuts the last axis into {pieces} equal parts, as shape {shape} cannot be cut")


@functools.partial(
    formula,
    takes="Any shape whose last axis is a multiple of ``pieces``",
    gives="Same kind and dtype; the last axis is divided by ``pieces``.",
    fits=_fits_maxout,
)
def maxout(x: Any, pieces: Annotated[int, _PIECES] = 2) -> Any:
    """Maxout, the largest of ``pieces`` equal parts of the last axis, element by element.

    By Goodfellow, Warde-Farley, Mirza, Courville & Bengio 2013 (arXiv:1302.4389), after an affine
    layer: with enough pieces it can learn any convex activation.

    Gives: where two parts are equal, the first one gets the gradient.
    """
    return functools.reduce(ops.maximum, ops.split(x, pieces, -1)) if pieces > 1 else x * 1.0


_AXIS = Integer("The axis along which the probabilities sum to 1.")
_COLD = 1e-30  # below which MXNet 2.x divides before it subtracts the largest
_TEMPERATURE = Number("Below 1 it sharpens, above 1 it flattens.", "T", (0.1, 5.0), above=0)


@functools.partial(formula, takes="Any shape with at least one axis", gives=SAME_SHAPE, fits=_fits_axis)
def softmax(x: Any, axis: Annotated[int, _AXIS] = -1, temperature: Annotated[float, _TEMPERATURE] = 1.0) -> Any:
    """Softmax, ``exp(x_i / T) / sum_j exp(x_j / T)`` along an axis: logits to probabilities.

    Named by Bridle 1990 (doi:10.1007/978-3-642-76153-9_28). The largest logit is subtracted
    first, so nothing overflows. The temperature T is that of Hinton, Vinyals & Dean 2015
    (arXiv:1503.02531).

    Gives: 0 for a logit of -inf; inf, or -inf alone, gives nan.
    """
    if temperature >= _COLD:
        return ops.softmax(x, axis, temperature)
    return ops.softmax(ops.over(ops.subtract(x, ops.largest(x, axis)), temperature), axis, 1.0)


@functools.partial(formula, takes="Any shape with at least one axis", gives=SAME_SHAPE, fits=_fits_axis)
def softmin(x: Any, axis: Annotated[int, _AXIS] = -1) -> Any:
    """Softmin, ``exp(-x_i) / sum_j exp(-x_j)`` along an axis: the softmax of -x, as PyTorch has it.

    For numbers of which the smallest is the best, as distances or costs.

    Gives: 0 for inf; -inf, or inf alone, gives nan.
    """
    return ops.softmax(-x, axis, 1.0)


@functools.partial(formula, takes="Any shape with at least one axis", gives=SAME_SHAPE, fits=_fits_axis)
def sparsemax(x: Any, axis: Annotated[int, _AXIS] = -1) -> Any:
    """Sparsemax, the probabilities along an axis that are nearest to x, by Martins & Astudillo 2016.

    (arXiv:1602.02068.) ``max(x_i - t, 0)``, with the threshold t for which they sum to 1: unlike those of
    softmax, most of them are 0.

    Gives: 0 for a logit of -inf; inf, or -inf alone, gives nan. Where a probability reaches 0 its slope is 0.
    """
    if is_empty(x):
        return x * 1.0  # whose reductions are errors on MXNet 1.9
    z = ops.subtract(x, ops.largest(x, axis))
    fixed, ones = ops.constant(z), ops.ones_like(x)
    wide, each = ops.sortable(fixed), ops.sortable(ones)
    # As many of the largest stay above 0 as satisfy this.
    ranked = ops.descending(wide, axis)
    stay = ops.running_total(each, axis) * ranked + 1 > ops.running_total(ranked, axis)
    share = ops.inverse(ops.total(ops.where(stay, each, 0 * each), axis))
    limit = (ops.total(ops.where(stay, ranked, 0 * each), axis) - 1) * share
    above = ops.subtract(wide, limit) > 0
    share = ops.inverse(ops.total(ops.where(above, ones, 0 * ones), axis))
    limit = (ops.total(ops.where(above, z, 0 * ones), axis) - 1) * share  # the same, and with its slope
    hidden = ops.total(ops.nothing(fixed), axis)
    return ops.subtract(ops.where(above, ops.subtract(z, limit), 0 * ones), hidden)


@functools.partial(formula, takes="Any shape with at least one axis", gives=SAME_SHAPE, fits=_fits_axis)
def log_softmax(
    x: Any, axis: Annotated[int, _AXIS] = -1, temperature: Annotated[float, _TEMPERATURE] = 1.0
) -> Any:
    """Logarithm of the softmax, ``x_i / T - log sum_j exp(x_j / T)`` along an axis.

    Never computed as the logarithm of a softmax, which is -inf as soon as that underflows; and where one
    logit is far above all others, its logarithm, just below 0, keeps its digits. It is what
    ``SoftmaxCrossEntropyLoss`` applies by itself, and what it expects with ``from_logits=True``.

    Gives: -inf for a logit of -inf; inf, or -inf alone, gives nan.
    """
    if is_empty(x):
        return x * 1.0  # as in sparsemax
    z = ops.subtract(x, ops.largest(x, axis))
    z = z if temperature == 1 else ops.over(z, temperature)
    # The ones of the largest are taken out of the sum, so that what is small beside them keeps its digits.
    ones = ops.constant(1 + ops.sign(z))
    rest = ops.total(ops.exp(z) - ones, axis) + (ops.total(ones, axis) - 1)
    return ops.subtract(z, ops.log1p(rest))


__all__ = [name for name, thing in list(vars().items()) if hasattr(thing, "declared")]
