"""PyTorch's formulas, written with NumPy's float32, whose exp, tanh and log1p are a unit off at most."""

import math

import numpy

f = numpy.float32
ONE, HALF = f(1), f(0.5)
SCALE, ALPHA = f(1.0507009873554805), f(1.6732632423543772)
erf = numpy.vectorize(math.erf, otypes=[f])


def _softplus(x):
    return numpy.log1p(numpy.exp(x))


def _elu(x):
    return numpy.where(x > 0, x, numpy.expm1(x))


def _gelu(x, approximate):
    cubic = f((2 / math.pi) ** 0.5) * (x + f(0.044715) * (x * x * x))
    gate = numpy.tanh(cubic) if approximate == "tanh" else erf(x * f(0.5**0.5))
    return (x * HALF) * (ONE + gate), x


def _sixth(x):
    return numpy.clip(x + f(3), f(0), f(6)) / f(6)


# The second result is of a form that cancels: a unit of the largest number on the way is many of what is left.
FORMS = {
    "sigmoid": lambda x: ONE / (ONE + numpy.exp(-x)),
    "tanh": numpy.tanh,
    "softsign": lambda x: x / (ONE + abs(x)),
    "log_sigmoid": lambda x: numpy.minimum(x, 0) - numpy.log1p(numpy.exp(-abs(x))),
    "softplus": lambda x: numpy.where(x > 20, x, _softplus(x)),
    "elu": _elu,
    "celu": _elu,
    "selu": lambda x: numpy.where(x > 0, x * SCALE, numpy.expm1(x) * (ALPHA * SCALE)),
    "silu": lambda x: x / (ONE + numpy.exp(-x)),
    "mish": lambda x: x * numpy.tanh(_softplus(x)),
    "gelu": _gelu,
    "hard_swish": lambda x: x * numpy.clip(x + f(3), f(0), f(6)) / f(6),
    "hard_sigmoid": _sixth,
}


@numpy.errstate(all="ignore")
def in_float32(name, choices, x):
    """The values of a form, and the unit in which it is exact to a few."""
    values, *on_the_way = numpy.atleast_2d(FORMS[name](x, *choices.values()))
    return values, numpy.spacing(numpy.max(numpy.abs([values, *on_the_way]), axis=0))
