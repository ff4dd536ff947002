"""Independent references: a record for each activation of the catalog.

The formula is the paper's, in mpmath with fifty digits; slopes are taken from it by mpmath, never from
ours. What no formula gives, the value in the limits and the slope chosen at a kink, is written down here,
and what else is particular to an activation. So no test needs to know a name.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from math import inf, isinf, isnan, nan
from typing import Any, Callable

import mpmath
import numpy as np
import scipy.special
from mpmath import mp, mpf
from scipy.special import expit, ndtr

mp.dps = 50

SELU_ALPHA = mpf("1.6732632423543772848170429916717")
SELU_LAMBDA = mpf("1.0507009873554804934193349852946")


def sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def normal_cdf(x):
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


@dataclass(frozen=True)
class Normal:
    """A distribution function; by differences of what is so near 1 its slope would want hundreds of digits."""

    mu: Any
    sigma: Any

    def __call__(self, x):
        return normal_cdf((x - mpf(self.mu)) / mpf(self.sigma))

    def slope(self, x):
        return mpmath.npdf(x, mpf(self.mu), mpf(self.sigma))


def gelu_tanh(x):
    with mp.workdps(mp.dps + 400):  # which 1 + tanh(x^3) needs on the left, until it is 0
        return x / 2 * (1 + mpmath.tanh(mpmath.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3)))


def elu(x, alpha=1):
    return x if x > 0 else alpha * mpmath.expm1(x)


def clip(x, low, high):
    return min(max(x, mpf(low)), mpf(high))


def tanh_exp(x):
    # From 20 on the gate is 1 to a billion digits, which mpmath would count out.
    return x * mpmath.tanh(mpmath.exp(min(x, mpf(20))))


def xielu(x, alpha_p, alpha_n, beta):
    return (alpha_p * x**2 if x > 0 else alpha_n * (mpmath.expm1(x) - x)) + beta * x


def squareplus(x, b):
    size = mpmath.sqrt(x**2 + b)
    return (x + size) / 2 if x > 0 else b / (2 * (size - x))  # the same, without the digits that cancel


def tanh_shrink(x):
    with mp.workdps(mp.dps + (max(0, int(-3 * mpmath.log10(abs(x)))) if x else 0)):
        return x - mpmath.tanh(x)


def snake(x, alpha):
    return x + mpmath.sin(alpha * x) ** 2 / alpha


# The same in float64, for sweeps over millions of points: stable forms of value and slope from SciPy, good
# to some 1e-15 relative in both tails, so exact for float32 and float16. tests/test_references.py compares
# them with the formulas above.


def _expit_slope(x):
    return expit(x) * expit(-x)


def _normal_pdf(x):
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def _ramp(x, low, high, slope=1.0):
    """Slope of a piece between two kinks, both included."""
    return np.where((x >= low) & (x <= high), slope, 0.0)


def _elu64(x, alpha=1.0, scale=1.0):
    return (
        np.where(x > 0, scale * x, scale * alpha * np.expm1(np.minimum(x, 0))),
        np.where(x > 0, scale, scale * alpha * np.exp(np.minimum(x, 0))),
    )


def _silu64(x):
    return x * expit(x), expit(x) * (1 + x * expit(-x))


def _mish64(x):
    # tanh(softplus(x)) = 1 - 2 t^2 / (1 + t^2) for t = expit(-x), or s (1 + t) / (1 + t^2).
    s, t = expit(x), expit(-x)
    gate = s * (1 + t) / (1 + t * t)
    return x * gate, gate + x * s * 4 * t * t / (1 + t * t) ** 2


def _hard_swish64(x):
    inside = np.clip(x / 6 + 0.5, 0, 1)
    slope = np.where(x > 3, 1.0, np.where(x < -3, 0.0, (2 * x + 3) / 6))
    return np.where(np.abs(x) < 3, x * (x + 3) / 6, x * inside), slope


def _tanh_exp64(x):
    u = np.exp(np.minimum(x, 5))
    return x * np.tanh(u), np.tanh(u) + x * u / np.cosh(u) ** 2


def _laplace64(x):
    # A tail wants more digits of z than float64 has.
    z = (np.asarray(x, "longdouble") - np.longdouble(0.707107)) / np.longdouble(0.282095)
    near = z.astype(float)
    rest = np.where(np.isfinite(near), (z - near).astype(float), 0)
    density = _normal_pdf(near)
    return ndtr(near) + density * rest, density * (1 - near * rest) / 0.282095


def _snake64(x):
    wide = np.asarray(x, "longdouble")
    return x + np.sin(x) ** 2, ((np.sin(wide) + np.cos(wide)) ** 2).astype(float)  # 1 + sin(2 x), with its digits


def squareplus64(x, b):
    size = np.hypot(x, np.sqrt(b))
    small = b / 2 / (size + np.abs(x))  # the value on the left, and what the right has more than x
    slope = small / size
    return np.where(x > 0, x + small, small), np.where(x > 0, 1 - slope, slope)


def _tanh_shrink64(x):
    z = np.clip(x, -1, 1)
    near = sum(2 * k * z ** (2 * k + 1) / float(math.factorial(2 * k + 1)) for k in range(12, 0, -1)) / np.cosh(z)
    return np.where(np.abs(x) < 1, near, x - np.tanh(x)), np.tanh(x) ** 2


def _sqrt_softplus64(x):
    e = np.exp(-np.abs(x))
    left = np.exp(np.minimum(x, 0) / 2) * np.sqrt(np.where(e > 0, np.log1p(e) / np.where(e > 0, e, 1), 1))
    value = np.where(x > 0, np.sqrt(np.maximum(x, 0) + np.log1p(e)), left)
    with np.errstate(invalid="ignore"):
        return value, np.where(x < -700, value / 2, expit(x) / (2 * value))


def _xielu64(x):
    low, high = np.minimum(x, 0), np.maximum(x, 0)
    value = np.where(x > 0, high * (0.8 * high + 0.5), 0.8 * np.expm1(low) - 0.3 * low)
    return value, np.where(x > 0, 1.6 * high + 0.5, 0.8 * np.expm1(low) + 0.5)


def _hard_mish64(x):
    inside = np.clip(x, -2, 0)
    return np.where(x > 0, x, inside * (inside + 2) / 2), np.where(x > 0, 1.0, np.where(x < -2, 0.0, inside + 1))


@dataclass(frozen=True)
class Record:
    """What the tests know of one activation."""

    formula: Callable[[Any], Any]  # the paper's, of an mpf
    float64: Callable[[Any], Any]  # value and slope, of a float64 array
    limits: Any = ((0, 0), (inf, 1))  # (value, slope) at -inf and at inf; by default a ramp's
    kinks: Mapping[float, Any] = field(default_factory=dict)  # the slope that the block gives there
    units: float = 4  # error allowed, in units in the last place …
    absolute: Mapping[str, float] = field(default_factory=dict)  # … or this much, by dtype
    composed: str = ""  # why it has no compiled kernel
    terms: int = 0  # units by which a graph's slope may differ from an eager one, for the order of its many terms
    why: str = ""  # more than the default has a reason
    growth: float = 4  # what twenty layers with gain make of the mean square 1, at most
    saturates: bool = False  # whether its initialiser is to keep a net in its slope, not its mean square
    zero_region: bool = False  # whether value and slope are 0 at more than one point
    variants: Mapping[tuple[tuple[str, Any], ...], Callable[[Any], Any]] = field(
        default_factory=dict
    )  # by options
    fault: str = ""  # how what the catalog says of MXNet's own shows, in the words of test_catalog.py


_LINE = ((-inf, 1), (inf, 1))
_STEP = ((0, 0), (1, 0))
_ODD_STEP = ((-1, 0), (1, 0))
_GATES_REPEL = "the fixed point of a smooth gate repels"

RECORDS = {
    "sigmoid": Record(
        sigmoid, lambda x: (expit(x), _expit_slope(x)), _STEP, saturates=True, fault="no slope right float32"
    ),
    "log_sigmoid": Record(
        lambda x: -mpmath.log1p(mpmath.exp(-x)),
        lambda x: (-np.logaddexp(0, -x), expit(-x)),
        ((-inf, 1), (0, 0)),
        fault="sign right",
    ),
    "hard_sigmoid": Record(
        lambda x: clip(x / 6 + mpf(1) / 2, 0, 1),
        lambda x: (np.clip((x + 3) / 6, 0, 1), _ramp(x, -3, 3, 1 / 6)),
        _STEP,
        kinks={-3.0: mpf(1) / 6, 3.0: mpf(1) / 6},
        saturates=True,
        zero_region=True,
        variants={
            (("slope", 0.25),): lambda x: clip(x / 4 + mpf(1) / 2, 0, 1),
        },
    ),
    "sparse_sigmoid": Record(
        lambda x: clip((x + 1) / 2, 0, 1),
        lambda x: (np.clip((x + 1) / 2, 0, 1), _ramp(x, -1, 1, 0.5)),
        _STEP,
        kinks={-1.0: mpf(1) / 2, 1.0: mpf(1) / 2},
        saturates=True,
        zero_region=True,
    ),
    "laplace": Record(
        Normal(0.707107, 0.282095),
        _laplace64,
        _STEP,
        zero_region=True,  # in float32 its left tail ends near -3
        absolute={"float16": 1e-4, "float32": 2e-7, "float64": 1e-15},
        why="MXNet has erf but not its complement: the left tail is right to the rounding of 1",
        variants={(("mu", 0.25), ("sigma", 0.5)): Normal(0.25, 0.5)},
    ),
    "tanh": Record(
        mpmath.tanh,
        lambda x: (np.tanh(x), 4 * _expit_slope(2 * x)),
        _ODD_STEP,
        saturates=True,
        fault="no slope right float32",
    ),
    "hard_tanh": Record(
        lambda x: clip(x, -1, 1),
        lambda x: (np.clip(x, -1, 1), _ramp(x, -1, 1)),
        _ODD_STEP,
        kinks={-1.0: 1, 1.0: 1},
        saturates=True,
        variants={
            (("min_val", -2.0), ("max_val", 0.5)): lambda x: clip(x, -2, mpf("0.5")),
        },
    ),
    "softsign": Record(
        lambda x: x / (1 + abs(x)),
        lambda x: (x / (1 + np.abs(x)), 1 / (1 + np.abs(x)) ** 2),
        _ODD_STEP,
        fault="inf nan",
    ),
    "identity": Record(lambda x: x, lambda x: (x, np.ones_like(x)), _LINE),
    "binary_step": Record(
        lambda x: mpf(x >= 0),
        lambda x: ((x >= 0).astype(float), np.zeros_like(x)),
        _STEP,
        kinks={0.0: 0},
        zero_region=True,
    ),
    "relu": Record(
        lambda x: max(x, mpf(0)),
        lambda x: (np.maximum(x, 0), (x > 0).astype(float)),
        kinks={0.0: 0},
        zero_region=True,
        fault="nan lost",
    ),
    "relu6": Record(
        lambda x: clip(x, 0, 6),
        lambda x: (np.clip(x, 0, 6), _ramp(x, 0, 6)),
        ((0, 0), (6, 0)),
        kinks={0.0: 1, 6.0: 1},
        zero_region=True,
    ),
    "leaky_relu": Record(
        lambda x: x if x > 0 else x * mpf("0.01"),
        lambda x: (np.where(x > 0, x, 0.01 * x), np.where(x > 0, 1, 0.01)),
        ((-inf, 0.01), (inf, 1)),
        kinks={0.0: 0.01},
        fault="value left float64",
        variants={
            (("alpha", 0.25),): lambda x: x if x > 0 else x / 4,
            (("alpha", 0.0),): lambda x: max(x, mpf(0)),
            (("alpha", -0.5),): lambda x: x if x > 0 else -x / 2,
            (("alpha", 2.0),): lambda x: x if x > 0 else 2 * x,
        },
    ),
    "prelu": Record(
        lambda x: x if x > 0 else x / 4,
        lambda x: (np.where(x > 0, x, 0.25 * x), np.where(x > 0, 1, 0.25)),
        ((-inf, 0.25), (inf, 1)),
        kinks={0.0: 0.25},
        fault="value left float64",
        variants={
            (("alpha", -0.5),): lambda x: x if x > 0 else -x / 2,
            (("in_channels", 1), ("alpha", 2.0)): lambda x: x if x > 0 else 2 * x,
        },
    ),
    "squared_relu": Record(
        lambda x: max(x, mpf(0)) ** 2,
        lambda x: (np.maximum(x, 0) ** 2, 2 * np.maximum(x, 0)),
        ((0, 0), (inf, inf)),
        growth=inf,
        zero_region=True,
    ),
    "threshold": Record(
        lambda x: x if x > 1 else mpf(0),
        lambda x: (np.where(x > 1, x, 0), (x > 1).astype(float)),
        kinks={1.0: 0},
        zero_region=True,
        growth=30,
        why="below its threshold a signal is lost, so few units carry it",
        variants={(("threshold", 0.5), ("value", -0.25)): lambda x: x if x > mpf("0.5") else mpf("-0.25")},
    ),
    "squareplus": Record(
        lambda x: squareplus(x, 4),
        lambda x: squareplus64(x, 4.0),
        variants={(("b", 0.5),): lambda x: squareplus(x, mpf("0.5"))},
    ),
    "sparse_plus": Record(
        lambda x: x if x > 1 else (clip(x, -1, 1) + 1) ** 2 / 4,
        lambda x: (
            np.where(x > 1, x, (np.clip(x, -1, 1) + 1) ** 2 / 4),
            np.clip((x + 1) / 2, 0, 1),
        ),
        zero_region=True,
    ),
    "softplus": Record(
        lambda x: mpmath.log1p(mpmath.exp(x)),
        lambda x: (np.logaddexp(0, x), expit(x)),
        fault="sign left",
        variants={(("beta", 3.0),): lambda x: mpmath.log1p(mpmath.exp(3 * x)) / 3},
    ),
    "hard_shrink": Record(
        lambda x: x if abs(x) > mpf("0.5") else mpf(0),
        lambda x: (np.where(np.abs(x) > 0.5, x, 0), (np.abs(x) > 0.5).astype(float)),
        _LINE,
        kinks={-0.5: 0, 0.5: 0},
        zero_region=True,
        variants={(("lambd", 2.0),): lambda x: x if abs(x) > 2 else mpf(0)},
    ),
    "soft_shrink": Record(
        lambda x: x - clip(x, mpf("-0.5"), mpf("0.5")),
        lambda x: (x - np.clip(x, -0.5, 0.5), (np.abs(x) > 0.5).astype(float)),
        _LINE,
        kinks={-0.5: 0, 0.5: 0},
        growth=1e6,
        why="the fixed point of a shrinkage repels",
        zero_region=True,
        variants={
            (("lambd", 2.0),): lambda x: x - clip(x, -2, 2),
            (("lambd", 0.7),): lambda x: x - clip(x, -0.7, 0.7),
        },
    ),
    "tanh_shrink": Record(
        tanh_shrink,
        _tanh_shrink64,
        _LINE,
        units=8,
        terms=4,
        why="the slope of a series has many terms, and the fixed point of a shrinkage repels",
        growth=1e12,
    ),
    "elu": Record(
        elu,
        _elu64,
        ((-1, 0), (inf, 1)),
        fault="digits left float32",
        variants={(("alpha", 2.5),): lambda x: elu(x, mpf("2.5"))},
    ),
    "celu": Record(
        lambda x: max(x, mpf(0)) + min(mpmath.expm1(x), mpf(0)),
        _elu64,
        ((-1, 0), (inf, 1)),
        variants={(("alpha", 2.0),): lambda x: x if x > 0 else 2 * mpmath.expm1(x / 2)},
    ),
    "selu": Record(
        lambda x: SELU_LAMBDA * elu(x, SELU_ALPHA),
        lambda x: _elu64(x, float(SELU_ALPHA), float(SELU_LAMBDA)),
        ((-SELU_LAMBDA * SELU_ALPHA, 0), (inf, SELU_LAMBDA)),
        kinks={0.0: SELU_LAMBDA * SELU_ALPHA},
        fault="slope left float32",
    ),
    "exponential": Record(mpmath.exp, lambda x: (np.exp(x), np.exp(x)), ((0, 0), (inf, inf)), growth=inf),
    "sqrt_softplus": Record(
        lambda x: mpmath.sqrt(mpmath.log1p(mpmath.exp(x))), _sqrt_softplus64, ((0, 0), (inf, 0))
    ),
    "xielu": Record(
        lambda x: xielu(x, mpf("0.8"), mpf("0.8"), mpf("0.5")),
        _xielu64,
        ((inf, mpf("-0.3")), (inf, inf)),
        growth=inf,
        units=16,
        absolute={"float32": 2e-7, "float64": 4e-16},
        why="left of 0 value and slope pass through 0, as differences",
        composed="it has three numbers, two of which are learned together",
        variants={
            (("alpha_p", 0.3), ("alpha_n", 1.5), ("beta", 0.25)): lambda x: xielu(
                x, mpf("0.3"), mpf("1.5"), mpf("0.25")
            ),
        },
    ),
    "silu": Record(lambda x: x * sigmoid(x), _silu64, growth=120, why=_GATES_REPEL, fault="-inf nan"),
    "gelu": Record(
        lambda x: x * normal_cdf(x),
        lambda x: (x * ndtr(x), ndtr(x) + x * _normal_pdf(x)),
        units=1,
        absolute={"float32": 1e-6, "float64": 4e-15},
        why="MXNet has erf but not its complement: the left tail is right to the rounding of 1",
        variants={
            (("approximate", "tanh"),): gelu_tanh,
            (("approximate", "sigmoid"),): lambda x: x * sigmoid(mpf("1.702") * x),
        },
        growth=20,
        fault="value left float64",
    ),
    "swish": Record(
        lambda x: x * sigmoid(x),
        _silu64,
        growth=120,
        why=_GATES_REPEL,
        fault="-inf nan",
        variants={
            (("beta", 2.5),): lambda x: x * sigmoid(2.5 * x),
            (("beta", -1.5),): lambda x: x * sigmoid(-1.5 * x),
            (("beta", 0.0),): lambda x: x / 2,
            (("beta", 0.5), ("learnable", True)): lambda x: x * sigmoid(x / 2),
        },
    ),
    "mish": Record(
        lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
        _mish64,
        growth=8,
        why=_GATES_REPEL,
        fault="slope right float32",
    ),
    "tanh_exp": Record(
        tanh_exp, _tanh_exp64, units=8, growth=20, why="-1 is near its minimum, where its slope is a difference"
    ),
    "clipped_gelu": Record(
        lambda x: clip(x * normal_cdf(x), -10, 10),
        lambda x: (
            np.minimum(x * ndtr(x), 10.0),
            np.where(x > 10, 0.0, ndtr(x) + x * _normal_pdf(x)),
        ),
        ((0, 0), (10, 0)),
        kinks={10.0: 1},
        units=1,
        absolute={"float32": 1e-6, "float64": 4e-15},
        why="as for GELU: the left tail is right to the rounding of 1",
        variants={(("min_val", -0.5), ("max_val", 9.0)): lambda x: clip(x * normal_cdf(x), mpf("-0.5"), 9)},
        growth=20,
    ),
    "hard_mish": Record(
        lambda x: x / 2 * clip(x + 2, 0, 2),
        _hard_mish64,
        kinks={-2.0: -1},
        growth=500,
        why=_GATES_REPEL,
        zero_region=True,
    ),
    "hard_swish": Record(
        lambda x: x * clip(x / 6 + mpf(1) / 2, 0, 1),
        _hard_swish64,
        kinks={-3.0: mpf(-1) / 2, 3.0: mpf(3) / 2},
        growth=500,
        why=_GATES_REPEL,
        zero_region=True,
    ),
    "sine": Record(
        mpmath.sin,
        lambda x: (np.sin(x), np.cos(x)),
        ((nan, nan), (nan, nan)),
        variants={(("omega", 2.5),): lambda x: mpmath.sin(mpf("2.5") * x)},
    ),
    "snake": Record(
        lambda x: x + mpmath.sin(x) ** 2,
        _snake64,
        _LINE,
        absolute={"float32": 5e-7, "float64": 1e-15},
        why="its slope is 1 plus a sine",
        variants={
            (("alpha", 2.5),): lambda x: snake(x, mpf("2.5")),
            (("alpha", 0.5), ("learnable", True)): lambda x: snake(x, mpf("0.5")),
        },
    ),
}


@dataclass(frozen=True)
class VectorRecord:
    """What the tests know of an activation that acts on vectors, here on the last axis."""

    function: Callable[[Any], Any]  # of a float64 array whose last axis has an even length
    options: Mapping[str, Any] = field(default_factory=dict)  # what its block cannot do without
    written_out: Mapping[str, str] = field(
        default_factory=dict
    )  # for the vector (a, b), what its LaTeX stands for


_SUM = {r"\sum_j e^{x_j / T}": "e^{a / T} + e^{b / T}"}


def _sparsemax(x):
    """The projection onto probabilities, by bisection for its threshold."""
    low, high = x.max(-1, keepdims=True) - 1, x.max(-1, keepdims=True)
    for _ in range(60):
        middle = (low + high) / 2
        above = np.maximum(x - middle, 0).sum(-1, keepdims=True) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.maximum(x - (low + high) / 2, 0)


VECTORS = {
    "glu": VectorRecord(lambda x: _halves(x)[0] * expit(_halves(x)[1])),
    "maxout": VectorRecord(lambda x: np.maximum(*_halves(x)), {"units": 4}),
    "softmax": VectorRecord(
        lambda x: scipy.special.softmax(x, -1), written_out={**_SUM, "e^{x_i / T}": "e^{a / T}"}
    ),
    "softmin": VectorRecord(
        lambda x: scipy.special.softmax(-x, -1),
        written_out={r"\sum_j e^{-x_j}": "e^{-a} + e^{-b}", "e^{-x_i}": "e^{-a}"},
    ),
    "sparsemax": VectorRecord(_sparsemax, written_out={r"x_i - \tau": r"\min(1, \frac{a - b + 1}{2})"}),
    "log_softmax": VectorRecord(
        lambda x: scipy.special.log_softmax(x, -1), written_out={**_SUM, r"\frac{x_i}{T}": r"\frac{a}{T}"}
    ),
}


def _halves(x):
    return np.split(x, 2, -1)


@cache
def exact(name, x):
    """(value, slope) of one activation at one float, as mpmath numbers or floats."""
    if isnan(x):
        return nan, nan
    if isinf(x):
        return RECORDS[name].limits[x > 0]
    f, point = RECORDS[name].formula, mpf(x)
    slope = RECORDS[name].kinks.get(x)
    return f(point), slope_of(f, point) if slope is None else slope


def slope_of(f, x):
    """Slope of a formula where it has one."""
    if hasattr(f, "slope"):
        return f.slope(x)
    # A symmetric difference: off by h^2 of the third derivative or, where the function is so small, by h^2 of
    # itself; and by h of a jump in the second one, so h is below the smallest float64. What lies near 1 has its
    # slope up to abs(x) digits further down.
    with mp.workdps(mp.dps + 400 + min(int(abs(x)), 800)):
        h = mpf(10) ** -330 * max(1, abs(x))
        slope = (f(x + h) - f(x - h)) / (2 * h)
        return slope if abs(slope) * h > abs(f(x)) * mpf(10) ** (5 - mp.dps) else mpf(0)  # what rounding leaves


def values_and_slopes(name, xs):
    """Two lists of exact numbers, for a sequence of floats."""
    return zip(*(exact(name, float(x)) for x in xs))


def ulps(got, expected, dtype):
    """Distance in units in the last place of ``expected`` rounded to ``dtype``."""
    got, expected = float(got), mpf(expected)
    info = np.finfo(dtype)
    if abs(expected) > info.max:
        expected = mpf(inf if expected > 0 else -inf)  # as it rounds
    if isnan(got) or isinf(got) or mpmath.isnan(expected) or mpmath.isinf(expected):
        same = (isnan(got) and mpmath.isnan(expected)) or mpf(got) == expected
        return 0.0 if same else inf
    unit = np.spacing(max(abs(np.dtype(dtype).type(float(expected))), info.tiny))
    return float(abs(mpf(got) - expected) / mpf(float(unit)))
