"""Independent references: each formula as in its paper, in mpmath with fifty digits.

Slopes are taken from these formulas by mpmath, never from ours. What no formula gives, the
value in the limits and the slope chosen at a kink, is written down here.
"""

from functools import cache
from math import inf, isinf, isnan, nan

import mpmath
import numpy as np
from mpmath import mp, mpf
from scipy.special import expit, ndtr

mp.dps = 50

SELU_ALPHA = mpf("1.6732632423543772848170429916717")
SELU_LAMBDA = mpf("1.0507009873554804934193349852946")


def sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def normal_cdf(x):
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def elu(x, alpha=1):
    return x if x > 0 else alpha * mpmath.expm1(x)


def clip(x, low, high):
    return min(max(x, mpf(low)), mpf(high))


REFERENCES = {
    "sigmoid": sigmoid,
    "log_sigmoid": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "hard_sigmoid": lambda x: clip(x / 6 + mpf(1) / 2, 0, 1),
    "tanh": mpmath.tanh,
    "hard_tanh": lambda x: clip(x, -1, 1),
    "softsign": lambda x: x / (1 + abs(x)),
    "identity": lambda x: x,
    "binary_step": lambda x: mpf(x >= 0),
    "relu": lambda x: max(x, mpf(0)),
    "relu6": lambda x: clip(x, 0, 6),
    "leaky_relu": lambda x: x if x > 0 else x * mpf("0.01"),
    "prelu": lambda x: x if x > 0 else x / 4,
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "elu": elu,
    "celu": lambda x: max(x, mpf(0)) + min(mpmath.expm1(x), mpf(0)),
    "selu": lambda x: SELU_LAMBDA * elu(x, SELU_ALPHA),
    "silu": lambda x: x * sigmoid(x),
    "gelu": lambda x: x * normal_cdf(x),
    "swish": lambda x: x * sigmoid(x),
    "mish": lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))),
    "hard_swish": lambda x: x * clip(x / 6 + mpf(1) / 2, 0, 1),
}

# (value, slope) at -inf and at inf.
_RAMP = ((0, 0), (inf, 1))
_LINE = ((-inf, 1), (inf, 1))
LIMITS = {
    "sigmoid": ((0, 0), (1, 0)),
    "log_sigmoid": ((-inf, 1), (0, 0)),
    "hard_sigmoid": ((0, 0), (1, 0)),
    "tanh": ((-1, 0), (1, 0)),
    "hard_tanh": ((-1, 0), (1, 0)),
    "softsign": ((-1, 0), (1, 0)),
    "identity": _LINE,
    "binary_step": ((0, 0), (1, 0)),
    "relu": _RAMP,
    "relu6": ((0, 0), (6, 0)),
    "leaky_relu": ((-inf, 0.01), (inf, 1)),
    "prelu": ((-inf, 0.25), (inf, 1)),
    "softplus": _RAMP,
    "elu": ((-1, 0), (inf, 1)),
    "celu": ((-1, 0), (inf, 1)),
    "selu": ((-SELU_LAMBDA * SELU_ALPHA, 0), (inf, SELU_LAMBDA)),
    "silu": _RAMP,
    "gelu": _RAMP,
    "swish": _RAMP,
    "mish": _RAMP,
    "hard_swish": _RAMP,
}

# The slope that a block gives where the function has none.
SLOPES_AT_KINKS = {
    "hard_sigmoid": {-3.0: mpf(1) / 6, 3.0: mpf(1) / 6},
    "hard_tanh": {-1.0: 1, 1.0: 1},
    "binary_step": {0.0: 0},
    "relu": {0.0: 0},
    "relu6": {0.0: 1, 6.0: 1},
    "leaky_relu": {0.0: 0.01},
    "prelu": {0.0: 0.25},
    "selu": {0.0: SELU_LAMBDA * SELU_ALPHA},
    "hard_swish": {-3.0: mpf(-1) / 2, 3.0: mpf(3) / 2},
}


@cache
def exact(name, x):
    """(value, slope) of one activation at one float, as mpmath numbers or floats."""
    if isnan(x):
        return nan, nan
    if isinf(x):
        return LIMITS[name][x > 0]
    f, point = REFERENCES[name], mpf(x)
    slope = SLOPES_AT_KINKS.get(name, {}).get(x)
    return f(point), _slope(f, point) if slope is None else slope


def _slope(f, x):
    # A symmetric difference at fifty digits and more: off by h^2 of the third derivative,
    # or, where the function is so small, by h^2 of itself.
    with mp.workdps(mp.dps + 150):
        h = mpf(10) ** -45 * max(1, abs(x))
        return (f(x + h) - f(x - h)) / (2 * h)


def values_and_slopes(name, xs):
    """Two lists of exact numbers, for a sequence of floats."""
    return zip(*(exact(name, float(x)) for x in xs))


def ulps(got, expected, dtype):
    """Distance in units in the last place of ``expected`` rounded to ``dtype``."""
    got, expected = float(got), mpf(expected)
    if isnan(got) or isinf(got) or mpmath.isnan(expected) or mpmath.isinf(expected):
        same = (isnan(got) and mpmath.isnan(expected)) or mpf(got) == expected
        return 0.0 if same else inf
    info = np.finfo(dtype)
    unit = np.spacing(max(abs(np.dtype(dtype).type(float(expected))), info.tiny))
    return float(abs(mpf(got) - expected) / mpf(float(unit)))


# -- the same in float64, for sweeps over millions of points --------------------------------
#
# Stable forms of value and slope from SciPy, good to some 1e-15 relative in both tails, so
# exact for float32 and float16. tests/test_references.py compares them with the formulas above.


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


FLOAT64 = {
    "sigmoid": lambda x: (expit(x), _expit_slope(x)),
    "log_sigmoid": lambda x: (-np.logaddexp(0, -x), expit(-x)),
    "hard_sigmoid": lambda x: (np.clip((x + 3) / 6, 0, 1), _ramp(x, -3, 3, 1 / 6)),
    "tanh": lambda x: (np.tanh(x), 4 * _expit_slope(2 * x)),
    "hard_tanh": lambda x: (np.clip(x, -1, 1), _ramp(x, -1, 1)),
    "softsign": lambda x: (x / (1 + np.abs(x)), 1 / (1 + np.abs(x)) ** 2),
    "identity": lambda x: (x, np.ones_like(x)),
    "binary_step": lambda x: ((x >= 0).astype(float), np.zeros_like(x)),
    "relu": lambda x: (np.maximum(x, 0), (x > 0).astype(float)),
    "relu6": lambda x: (np.clip(x, 0, 6), _ramp(x, 0, 6)),
    "leaky_relu": lambda x: (np.where(x > 0, x, 0.01 * x), np.where(x > 0, 1, 0.01)),
    "prelu": lambda x: (np.where(x > 0, x, 0.25 * x), np.where(x > 0, 1, 0.25)),
    "softplus": lambda x: (np.logaddexp(0, x), expit(x)),
    "elu": _elu64,
    "celu": _elu64,
    "selu": lambda x: _elu64(x, float(SELU_ALPHA), float(SELU_LAMBDA)),
    "silu": _silu64,
    "gelu": lambda x: (x * ndtr(x), ndtr(x) + x * _normal_pdf(x)),
    "swish": _silu64,
    "mish": _mish64,
    "hard_swish": _hard_swish64,
}
