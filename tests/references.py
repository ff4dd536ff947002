"""Independent references: each formula as in its paper, in mpmath with fifty digits.

Slopes are taken from these formulas by mpmath, never from ours. What no formula gives, the
value in the limits and the slope chosen at a kink, is written down here.
"""

from functools import cache
from math import inf, isinf, isnan, nan

import mpmath
import numpy as np
from mpmath import mp, mpf

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
    with mp.workdps(mp.dps + 60):
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
