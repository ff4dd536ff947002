"""The formulas: one pure function per activation, in its stable form.

Each takes any floating-point MXNet array (legacy or NumPy kind) or Symbol and returns
the same kind, dtype and shape. Half precision is computed in single precision and
rounded once. Formulas in LaTeX, ranges and further facts are in ``CATALOG``.
"""

from math import inf, pi, sqrt
from numbers import Real

from . import ops

# Far enough that every gate below has reached 0 or 1 in double precision as well.
_REACH = 1000.0
# Finite in single precision. Half precision never gets here as such.
_HUGE = 3e38


def _gated(x, gate):
    """``x * gate(x)`` for a gate that goes from 0 to 1, with its limits at ±inf.

    Clipping ``x`` from below keeps -inf * 0 out of the value; clipping the gate's
    argument cuts the branch of the gradient that would be inf * 0.
    """
    return ops.clip(x, -_HUGE, inf) * gate(ops.clip(x, -_REACH, _REACH))


@ops.elementwise
def log_sigmoid(x):
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


@ops.elementwise
def softplus(x, beta=1.0):
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


# The fixed point of Klambauer et al.: unit Gaussians keep mean 0 and variance 1.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_LAMBDA = 1.0507009873554804934193349852946


@ops.elementwise
def selu(x):
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
    return SELU_LAMBDA * (ops.positive_part(x) + SELU_ALPHA * ops.expm1(ops.negative_part(x)))


@ops.elementwise
def silu(x):
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


@ops.elementwise
def swish(x, beta=1.0, per_channel=False):
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
        inf, with slopes 0 and 1; for ``beta < 0`` they are mirrored. (With an *array* of
        negative ``beta`` the value at inf is nan: its sign is unknown to the formula.)
        nan stays nan. Smooth: the slope at 0 is 1/2.

    Raises
    ------
    TypeError
        If ``x`` is not an MXNet array or not of a floating-point dtype.
    """
    if isinstance(beta, Real):
        if beta < 0:
            return -swish(-x, -beta)
        if beta == 0:
            return x / 2
    multiply = ops.scale_channels if per_channel else ops.multiply
    z = multiply(ops.clip(x, -_HUGE, _HUGE), beta)
    return ops.clip(x, -_HUGE, inf) * ops.sigmoid(ops.clip(z, -_REACH, _REACH))


@ops.elementwise
def mish(x):
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


@ops.elementwise
def gelu(x, approximate="none"):
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
    if approximate not in GELU_GATES:
        raise ValueError(f"gelu knows approximate={', '.join(map(repr, GELU_GATES))}, not {approximate!r}")
    return _gated(x, GELU_GATES[approximate])


GELU_GATES = {
    "none": lambda z: 0.5 + 0.5 * ops.erf(z * sqrt(0.5)),
    # (1 + tanh(u)) / 2 is sigmoid(2 u), which keeps its left tail.
    "tanh": lambda z: ops.sigmoid(sqrt(8 / pi) * (z + 0.044715 * z * z * z)),
    "sigmoid": lambda z: ops.sigmoid(1.702 * z),
}
