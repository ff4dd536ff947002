"""The operators that the formulas need, each for an array of any of the four kinds."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator
from typing import Any, Callable

import numpy

import mxnet as mx

from ._arrays import GLUON_2, dtype_of, is_empty, is_numpy_kind, is_scalar, is_symbol

_Operator = Callable[..., Any]

# The compiled kernels (fused/) while they are at work: compiled(declared, x, options) is what a formula gives
# for an array, or None where they do not have it.
compiled: Callable[..., Any] | None = None


@contextlib.contextmanager
def composed() -> Iterator[None]:
    """Without the kernels inside of a ``with``."""
    global compiled
    before, compiled = compiled, None
    try:
        yield
    finally:
        compiled = before


def _module(x: Any) -> Any:
    """MXNet's module of operators for legacy arrays, or for legacy Symbols."""
    return mx.sym if is_symbol(x) else mx.nd


def _home(x: Any, name: str) -> Any:
    """The module that holds operator ``name`` for arrays like ``x``."""
    module = _module(x)
    if not is_numpy_kind(x):
        return module
    # mx.np and mx.npx are the public doors to the operators of mx.nd.np and mx.nd.npx.
    return next(part for part in (module.np, module.npx) if hasattr(part, name))


def _operator(name: str) -> _Operator:
    def operator(x: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(_home(x, name), name)(x, *args, **kwargs)

    operator.__name__ = name
    return operator


abs, exp, expm1, log, log1p, maximum, minimum = map(
    _operator, ["abs", "exp", "expm1", "log", "log1p", "maximum", "minimum"]
)
ones_like, rint, sign, sin, sqrt, square = map(_operator, ["ones_like", "rint", "sign", "sin", "sqrt", "square"])
_clip, _erf = map(_operator, ["clip", "erf"])


def _layer(x: Any, name: str, legacy_name: str, **options: Any) -> Any:
    """An operator that is called one thing in mx.npx and another in mx.nd."""
    name = name if is_numpy_kind(x) else legacy_name
    return getattr(_home(x, name), name)(x, **options)


def _legacy(x: Any, name: str) -> Any:
    """A legacy operator, wherever MXNet keeps it."""
    module = _module(x)
    return next(getattr(part, name) for part in (module, module._internal, module.random) if hasattr(part, name))


def _through_legacy(x: Any, name: str, *others: Any, **options: Any) -> Any:
    """A legacy operator, also for an array of NumPy's kind; the result is of that kind again."""
    if not is_numpy_kind(x):
        return _legacy(x, name)(x, *others, **options)
    others = tuple(other.as_nd_ndarray() for other in others)
    result = _legacy(x, name)(x.as_nd_ndarray(), *others, **options)
    several = not hasattr(result, "as_np_ndarray")
    return [part.as_np_ndarray() for part in result] if several else result.as_np_ndarray()


def _activation(x: Any, act_type: str) -> Any:
    if is_empty(x):
        return _operator(act_type)(x)  # the kernel below cannot take an empty array backwards
    # oneDNN's kernel: five to twenty times as fast as the operator of the same name.
    return _layer(x, "activation", "Activation", act_type=act_type)


def relu(x: Any) -> Any:
    """max(x, 0) with slope 0 at 0; MXNet's gives 0 for nan and for -0.0."""
    return _activation(x, "relu")


def tanh(x: Any) -> Any:
    """Hyperbolic tangent, whose slope loses both tails."""
    return _activation(x, "tanh")


def leaky_relu(x: Any, alpha: float) -> Any:
    """Leaky ReLU: x for x > 0 and ``alpha * x`` elsewhere, with slope ``alpha`` at 0."""
    if dtype_of(x) == "float64" or is_empty(x) or is_scalar(x):
        return where(x > 0, x, alpha * x)  # the kernel below holds alpha in float32, and wants an axis
    return _layer(x, "leaky_relu", "LeakyReLU", act_type="leaky", slope=alpha)


def softmax(x: Any, axis: int, temperature: float) -> Any:
    """exp(x / temperature), normalised to sum 1 along an axis."""
    return _layer(x, "softmax", "softmax", axis=axis, temperature=temperature)


def softsign(x: Any) -> Any:
    """Softsign, x / (1 + abs(x)), for finite x."""
    return _layer(x, "activation", "Activation", act_type="softsign")


def dropout(x: Any, rate: float) -> Any:
    """0 with probability ``rate`` and x / (1 - rate) otherwise; x itself outside training."""
    return _layer(x, "dropout", "Dropout", p=rate)


def uniform(x: Any, low: float, high: float) -> Any:
    """Random numbers of a uniform distribution, in the shape of ``x``."""
    return _through_legacy(x, "uniform_like", low=low, high=high)


def clip(x: Any, low: float, high: float, alone: bool = False) -> Any:
    """``x`` where it is between two ends, and the nearer end elsewhere; the slope at both ends is 1.

    ``alone`` says that nothing else takes ``x``, which may be an array whose gradient is added up: what MXNet's
    clip passes back overwrites that.
    """
    if any(float(numpy.float32(end)) != end for end in (low, high)):
        return minimum(maximum(x, low), high)  # MXNet holds them in float32, and 2.x may then lose the slope there
    return _clip(_through_legacy(x, "identity") if alone else x, low, high)  # inside of a graph identity is free


def nothing(x: Any) -> Any:
    """0, or nan where x is, and a slope of 0."""
    return 0 * clip(x, -1, 1)


def largest(x: Any, axis: int) -> Any:
    """The largest element along an axis, which stays with length 1, as a constant."""
    return constant(_home(x, "max").max(x, axis=axis, keepdims=True))


def total(x: Any, axis: int) -> Any:
    """The sum along an axis, which stays with length 1."""
    return _home(x, "sum").sum(x, axis=axis, keepdims=True)


def subtract(x: Any, y: Any) -> Any:
    """Difference x - y, where y has axes of length 1."""
    if is_numpy_kind(x):
        return x - y  # the legacy operator ends the process where it takes an axis of length 0 backwards
    return _legacy(x, "broadcast_sub")(x, y)


def over(x: Any, number: float) -> Any:
    """``x / number`` for a positive number, to the same bits.

    A legacy graph may be given whole numbers, whose division by 0 ends the process: it is by 1 or more.
    """
    if is_numpy_kind(x) or 1 <= number < 128:
        return x / number
    scale = 2.0 ** max(-126, 1 - math.frexp(number)[1])
    return x / (number * scale) * scale


def inverse(x: Any) -> Any:
    """1 / x; also of whole numbers, in whose division 0 would end the process."""
    return _through_legacy(x, "reciprocal")


def sortable(x: Any) -> Any:
    """``x`` as it is or, in a graph, in double precision: that may be given float16, which MXNet cannot sort."""
    return x.astype("float64") if is_symbol(x) or is_traced() else x


def hypot(x: Any, y: float) -> Any:
    """sqrt(x^2 + y^2) of an array and a number, without overflow on the way."""
    return _through_legacy(x, "_hypot_scalar", scalar=y)


def descending(x: Any, axis: int) -> Any:
    """The elements along an axis, the largest first."""
    return _through_legacy(x, "sort", axis=axis, is_ascend=False)


def running_total(x: Any, axis: int) -> Any:
    """The sums along an axis of each element and those before it."""
    # cumsum takes no axis from the end, and a graph does not know how many there are.
    first = {"dim1": axis, "dim2": 0}
    turned = _through_legacy(x, "SwapAxis", **first)
    return _through_legacy(_through_legacy(turned, "cumsum", axis=0), "SwapAxis", **first)


def split(x: Any, parts: int, axis: int) -> list[Any]:
    """``x`` cut into equal parts along an axis."""
    # Through the legacy kind, because 1.9's np.split cannot infer the dtype in a graph.
    return list(_through_legacy(x, "SliceChannel", num_outputs=parts, axis=axis))


def constant(x: Any) -> Any:
    """``x`` as a constant: no gradient passes."""
    return _through_legacy(x, "BlockGrad")  # npx.stop_gradient is 2.x's alone


def same(x: Any) -> Any:
    """``x`` as the result of an operator, in place where a graph allows it, and each time anew."""
    number = next(_NUMBERS)  # two nodes that are alike would become one
    if is_symbol(x):
        return _through_legacy(x, "identity", attr={_MARK: str(number)})
    if is_empty(x) or is_scalar(x):
        return _through_legacy(x, "identity")
    # The second shape is not used where there is a first: a place for the number.
    return _through_legacy(x, "Reshape", shape=(-2,), target_shape=(number,))


def is_same(operator: str, attributes: dict[str, str]) -> bool:
    """Whether a node of a written graph is from ``same``."""
    with_number = operator == "Reshape" and attributes.get("shape") == "(-2,)" and "target_shape" in attributes
    return _MARK in attributes or with_number


_MARK = "__gluon_activations_same__"
_NUMBERS = itertools.count()


def is_traced() -> bool:
    """Whether MXNet 2.x is building a graph from what is done with arrays."""
    return GLUON_2 and bool(mx._deferred_compute.is_deferred_compute())


def may_train(x: Any) -> bool:
    """Whether what is done with ``x`` is done in training, or may be, as in a graph."""
    return is_symbol(x) or is_traced() or bool(mx.autograd.is_training())


def where(condition: Any, x: Any, y: Any) -> Any:
    """``x`` where the condition holds, ``y`` elsewhere, with their slopes there."""
    return _home(x, "where").where(condition, x, y)


# Two operators whose slopes are not as good as their values, mended.


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)). In double precision its slope is kept in both tails."""
    s = _activation(x, "sigmoid")
    if dtype_of(x) != "float64":
        return s
    # MXNet differentiates s as s * (1 - s), which cancels on the right. The sum s + t
    # is 1, so dividing by it changes no value, but the slope becomes s * t.
    t = _activation(-x, "sigmoid")
    return s / (s + t)


def erf(x: Any) -> Any:
    """The error function."""
    y = _erf(x)
    if dtype_of(x) != "float64":
        return y
    # MXNet's slope has the square root of pi in single precision.
    factor = float(numpy.float32(math.sqrt(math.pi))) / math.sqrt(math.pi)
    return factor * y + constant((1 - factor) * y)


def multiply(x: Any, y: Any) -> Any:
    """Product of x and one number y of shape (1,), in the shape of x."""
    if is_scalar(x):
        y = _module(y).npx.reshape(y.as_np_ndarray(), ())
        y = y if is_numpy_kind(x) else y.as_nd_ndarray()
    if type(y) is mx.sym.Symbol:
        return mx.sym.broadcast_mul(x, y)  # whose own ``*`` does not broadcast
    return x * y


def scale_channels(x: Any, weights: Any) -> Any:
    """Multiply axis 1 of ``x`` by ``weights``, one for each channel."""
    if is_empty(x):  # the axes behind cannot be joined
        with _RULE:
            product = _through_legacy(_channels_last(x), "broadcast_mul", weights)
        return _channels_last(product)
    # The codes say "keep, keep, join the rest", so that a graph fits any shape.
    codes = (-2, -2, -1) if is_numpy_kind(x) else (0, 0, -1)
    place = _module(x).npx if is_numpy_kind(x) else _module(x)
    with _RULE:
        product = _through_legacy(place.reshape(x, codes), "broadcast_mul", place.reshape(weights, (1, -1, 1)))
    return place.reshape_like(product, x)


def _channels_last(x: Any) -> Any:
    """``x`` with axis 1 and the last one exchanged, or so again."""
    return _through_legacy(x, "SwapAxis", dim1=1, dim2=-1)


# A graph of 1.9 learns its shapes later. Then MXNet's error names the operator, so its name says the rule.
_RULE = mx.name.Prefix("needs_one_value_per_channel_on_axis_1_")
