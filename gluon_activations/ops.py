"""The operators that the formulas need, for each kind of array.

MXNet has four kinds: legacy ``mx.nd`` arrays, ``mx.np`` arrays, and the Symbols of
both. The operator is chosen by the type of the array at hand, never by a global
mode, so functions, blocks, hybridized graphs and exports share one source. This is
the only module that knows about kinds of array.
"""

import functools
import itertools
import math
import typing

import mxnet as mx
import numpy

# The one test for MXNet's line, by what it can do rather than by its number.
GLUON_2 = not hasattr(mx.gluon.HybridBlock, "hybrid_forward")

_ARRAYS = (mx.nd.NDArray, mx.sym.Symbol)
_NUMPY_KINDS = (mx.np.ndarray, mx.sym.np._Symbol)
_Formula = typing.TypeVar("_Formula", bound=typing.Callable[..., typing.Any])
_FLOATS = ("float16", "float32", "float64")


def is_symbol(x):
    """Whether ``x`` is a node of a graph rather than an array with values."""
    return isinstance(x, mx.sym.Symbol)


def is_array(x):
    """Whether ``x`` is of one of the four kinds."""
    return isinstance(x, _ARRAYS)


def dtype_of(x):
    """Name of the dtype of ``x``; None for a Symbol whose dtype is not settled yet."""
    dtype = x.infer_type_partial()[1][0] if is_symbol(x) else x.dtype
    return None if dtype is None else numpy.dtype(dtype).name


def settle_dtype(x, dtype):
    """The Symbol ``x``, with its dtype written into the graph unless it is the default."""
    return x if dtype in (None, "float32") else x.astype(dtype)


def check(x, name):
    """Raise TypeError unless ``x`` is a floating-point MXNet array or a Symbol."""
    if not isinstance(x, _ARRAYS):
        kind = f"{type(x).__module__}.{type(x).__name__}"
        raise TypeError(f"{name} takes an MXNet array (mx.np.array or mx.nd.array), not {kind}")
    dtype = dtype_of(x)
    if dtype not in (None, *_FLOATS):
        raise TypeError(f"{name} takes {', '.join(_FLOATS)}, not {dtype}: convert with .astype('float32')")


def formula(function: _Formula) -> _Formula:
    """Make a formula a public function: check its array, and keep half precision right.

    Half precision is computed in single precision and rounded once.
    """

    @functools.wraps(function)
    def wrapper(x, *args, **kwargs):
        check(x, function.__name__)
        if dtype_of(x) != "float16":
            return function(x, *args, **kwargs)
        single = [_to_single(value) for value in (x, *args)]
        return function(*single, **{k: _to_single(v) for k, v in kwargs.items()}).astype("float16")

    return typing.cast(_Formula, wrapper)


def _to_single(value):
    return value.astype("float32") if isinstance(value, _ARRAYS) else value


def _module(x, name):
    """The MXNet module that holds operator ``name`` for arrays like ``x``."""
    module = mx.sym if is_symbol(x) else mx.nd
    if not isinstance(x, _NUMPY_KINDS):
        return module
    # mx.np and mx.npx are the public doors to the operators of mx.nd.np and mx.nd.npx.
    return next(part for part in (module.np, module.npx) if hasattr(part, name))


def _operator(name):
    def operator(x, *args, **kwargs):
        return getattr(_module(x, name), name)(x, *args, **kwargs)

    operator.__name__ = name
    return operator


clip, exp, expm1, log1p, maximum, minimum, ones_like, sign, square = map(
    _operator, ["clip", "exp", "expm1", "log1p", "maximum", "minimum", "ones_like", "sign", "square"]
)
_erf = _operator("erf")


def _layer(x, name, legacy_name, **options):
    """An operator that is called one thing in mx.npx and another in mx.nd."""
    name = name if isinstance(x, _NUMPY_KINDS) else legacy_name
    return getattr(_module(x, name), name)(x, **options)


def _activation(x, act_type):
    if not is_symbol(x) and x.size == 0:
        return _operator(act_type)(x)  # the kernel below cannot take an empty array backwards
    # oneDNN's kernel: five to twenty times as fast as the operator of the same name.
    return _layer(x, "activation", "Activation", act_type=act_type)


def relu(x):
    """max(x, 0) with slope 0 at 0; MXNet's gives 0 for nan and for -0.0."""
    return _activation(x, "relu")


def tanh(x):
    """Hyperbolic tangent."""
    return _activation(x, "tanh")


def softmax(x, axis, temperature):
    """exp(x / temperature), normalised to sum 1 along an axis."""
    return _layer(x, "softmax", "softmax", axis=axis, temperature=temperature)


def split(x, parts, axis):
    """``x`` cut into equal parts along an axis."""
    # Through the legacy kind, because 1.9's np.split cannot infer the dtype in a graph.
    module = mx.sym if is_symbol(x) else mx.nd
    if not isinstance(x, _NUMPY_KINDS):
        return list(module.SliceChannel(x, num_outputs=parts, axis=axis))
    pieces = module.SliceChannel(x.as_nd_ndarray(), num_outputs=parts, axis=axis)
    return [pieces[i].as_np_ndarray() for i in range(parts)]


def softsign(x):
    """Softsign, x / (1 + abs(x)), for finite x."""
    return _layer(x, "activation", "Activation", act_type="softsign")


def dropout(x, rate):
    """0 with probability ``rate`` and x / (1 - rate) otherwise; x itself outside training."""
    return _layer(x, "dropout", "Dropout", p=rate)


def constant(x):
    """``x`` as a constant: no gradient passes."""
    module = mx.sym if is_symbol(x) else mx.nd
    if not isinstance(x, _NUMPY_KINDS):
        return module.BlockGrad(x)
    # Only 2.x has npx.stop_gradient, so both take the door through the legacy kind.
    return module.BlockGrad(x.as_nd_ndarray()).as_np_ndarray()


# Two operators whose slopes are not as good as their values, mended.


def sigmoid(x):
    """1 / (1 + exp(-x)). In double precision its slope is kept in both tails."""
    s = _activation(x, "sigmoid")
    if dtype_of(x) != "float64":
        return s
    # MXNet differentiates s as s * (1 - s), which cancels on the right. The sum s + t
    # is 1, so dividing by it changes no value, but the slope becomes s * t.
    t = _activation(-x, "sigmoid")
    return s / (s + t)


def erf(x):
    """The error function."""
    y = _erf(x)
    if dtype_of(x) != "float64":
        return y
    # MXNet's slope has the square root of pi in single precision.
    factor = float(numpy.float32(math.sqrt(math.pi))) / math.sqrt(math.pi)
    return factor * y + constant((1 - factor) * y)


def multiply(x, y):
    """Product x * y with broadcasting, which a legacy Symbol's own ``*`` does not do."""
    return mx.sym.broadcast_mul(x, y) if type(y) is mx.sym.Symbol else x * y


def scale_channels(x, weights):
    """Multiply axis 1 of ``x`` by ``weights``, one for each channel."""
    module = mx.sym if is_symbol(x) else mx.nd
    numpy_kind = isinstance(x, _NUMPY_KINDS)
    # The codes say "keep, keep, join the rest", so that a graph fits any shape. Joining
    # cannot be worked out for an empty array, which is spelled out instead.
    codes = (-2, -2, -1) if numpy_kind else (0, 0, -1)
    shape = codes if is_symbol(x) or x.size else (*x.shape[:2], int(numpy.prod(x.shape[2:])))
    if numpy_kind:
        flat, weights = module.npx.reshape(x, shape), module.npx.reshape(weights, (1, -1, 1))
        return module.npx.reshape_like(_multiply_channels(flat, weights), x)
    flat, weights = x.reshape(shape), weights.reshape((1, -1, 1))
    return module.reshape_like(_multiply_channels(flat, weights), x)


def _multiply_channels(x, weights):
    if not is_symbol(x):
        return x * weights if isinstance(x, _NUMPY_KINDS) else mx.nd.broadcast_mul(x, weights)
    # A graph of 1.9 learns its shapes later. Then MXNet's error names the operator, so its name says the rule.
    name = f"needs_one_value_per_channel_on_axis_1_{next(_numbers)}"
    if not isinstance(x, _NUMPY_KINDS):
        return mx.sym.broadcast_mul(x, weights, name=name)
    product = mx.sym.broadcast_mul(x.as_nd_ndarray(), weights.as_nd_ndarray(), name=name)
    return product.as_np_ndarray()


_numbers = itertools.count()


def of_the_kind_of(x, y):
    """The array ``y`` in the kind of ``x``; autograd.grad gives legacy arrays always."""
    return y.as_np_ndarray() if isinstance(x, _NUMPY_KINDS) else y


def device_of(x):
    """The context of an array, under either line's name for it."""
    return x.ctx if hasattr(x, "ctx") else x.device


def array(values, ctx=None, dtype="float32"):
    """An array of the kind that this session uses, with these values."""
    new = mx.np.array if GLUON_2 or mx.util.is_np_array() else mx.nd.array
    return new(numpy.asarray(values), dtype=dtype, ctx=ctx)
