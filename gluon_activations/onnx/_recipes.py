"""Recipes: what an operator of MXNet computes, in ONNX's operators.

A recipe gets a function that adds a node and returns its output, the attributes, and the inputs
(:func:`gluon_activations.onnx.register` says more). Here is what MXNet's exporter lacks, and what it has wrong.
"""

from __future__ import annotations

import ast
import math
from typing import Any, Callable

import numpy

Recipe = Callable[..., Any]


def _log1p(node: Any, attributes: Any, x: str) -> Any:
    """log(1 + x) = 2 artanh(x / (2 + x)), which keeps the digits of a small x."""
    return node("Mul", 2.0, node("Atanh", node("Div", x, node("Add", x, 2.0))))


def _expm1(node: Any, attributes: Any, x: str) -> Any:
    """exp(x) - 1 = 2 t / (1 - t) for t = tanh(x / 2), which keeps them too (for x <= 0)."""
    t = node("Tanh", node("Mul", x, 0.5))
    return node("Div", node("Mul", 2.0, t), node("Sub", 1.0, t))


def _sigmoid(node: Any, attributes: Any, x: str) -> Any:
    """1 / (1 + exp(-x)): what ONNX calls Sigmoid is right to 1e-7 only in ONNX Runtime, and 0 below -18."""
    return node("Reciprocal", node("Add", 1.0, node("Exp", node("Neg", x))))


def _full_like(node: Any, attributes: Any, x: str) -> Any:
    zeros = node("ConstantOfShape", node("Shape", x))
    return node("Add", zeros, float(attributes["fill_value"]))


def _reshape(node: Any, attributes: Any, x: str) -> Any:
    """``ops.scale_channels`` keeps two axes, whose code is -2 here and 0 in ONNX, and joins the rest."""
    shape = _numbers(attributes["newshape"])
    if any(length < -2 or length == 0 for length in shape):
        raise NotImplementedError(f"npx.reshape to {shape} has no ONNX form here")
    return node("Reshape", x, [0 if length == -2 else length for length in shape])


def _activation(node: Any, attributes: Any, x: str) -> Any:
    """All five kinds that MXNet 1.9 has."""
    kinds = {"relu": "Relu", "tanh": "Tanh", "softrelu": "Softplus", "softsign": "Softsign"}
    kind = attributes["act_type"]
    return _sigmoid(node, attributes, x) if kind == "sigmoid" else node(kinds[kind], x)


def _leaky_relu(node: Any, attributes: Any, x: str, slopes: str = "") -> Any:
    kind, slope = attributes.get("act_type", "leaky"), float(attributes.get("slope", 0.25))
    if kind == "prelu":
        return node("PRelu", x, _along_axis(node, slopes, x, 1))
    if kind == "gelu":
        return node("Mul", node("Mul", x, 0.5), node("Add", node("Erf", node("Mul", x, 0.5**0.5)), 1.0))
    if kind == "selu":
        return node("Selu", x)
    if kind == "rrelu":  # random in training alone
        slope = (float(attributes.get("lower_bound", 0.125)) + float(attributes.get("upper_bound", 0.334))) / 2
    return node("Elu" if kind == "elu" else "LeakyRelu", x, alpha=slope)


def _along_axis(node: Any, values: str, x: str, axis: int) -> Any:
    """``values``, one for each index of an axis of ``x`` or one for all, in a shape that meets that axis.

    ONNX lines shapes up at their ends: as it is, a vector would meet the last axis.
    """
    rank = len(node.shape(x))
    return node("Reshape", values, [-1] + [1] * (rank - 1 - axis % rank))


def _layer_norm(node: Any, attributes: Any, x: str, gamma: str, beta: str) -> Any:
    axis = int(attributes.get("axis", -1))
    centred = node("Sub", x, node("ReduceMean", x, axes=[axis]))
    variance = node("ReduceMean", node("Mul", centred, centred), axes=[axis])
    deviation = node("Sqrt", node("Add", variance, float(attributes.get("eps", 1e-5))))
    scaled = node("Mul", node("Div", centred, deviation), _along_axis(node, gamma, x, axis))
    return node("Add", scaled, _along_axis(node, beta, x, axis))


def _batch_norm(node: Any, attributes: Any, x: str, gamma: str, *others: str) -> Any:
    """MXNet's converter lets a gamma count that is fixed to 1, whatever stands there, and knows axis 1 alone."""
    fixed = _is_true(attributes.get("fix_gamma", "True"))
    scale = numpy.ones(node.shape(gamma), "float32") if fixed else gamma
    rank = len(node.shape(x))
    axis = int(attributes.get("axis", 1)) % rank
    swapped = [{1: axis, axis: 1}.get(each, each) for each in range(rank)]
    x = x if axis == 1 else node("Transpose", x, perm=swapped)
    y = node("BatchNormalization", x, scale, *others, epsilon=float(attributes.get("eps", 1e-3)))
    return y if axis == 1 else node("Transpose", y, perm=swapped)


def _fully_connected(node: Any, attributes: Any, x: str, weight: str, *bias: str) -> Any:
    if _is_true(attributes.get("flatten", "True")):
        return node("Gemm", node("Flatten", x), weight, *bias, transB=True)
    product = node("MatMul", x, node("Transpose", weight))
    return node("Add", product, *bias) if bias else product


def _convolution(node: Any, attributes: Any, x: str, *weights: str) -> Any:
    return node(
        "Conv",
        x,
        *weights,
        dilations=_window(node, attributes, x, "dilate", 1),
        group=int(attributes.get("num_group", 1)),
        **_windows(node, attributes, x),
    )


def _pooling(node: Any, attributes: Any, x: str) -> Any:
    by, convention = attributes.get("pool_type", "max"), attributes.get("pooling_convention", "valid")
    if by not in ("max", "avg") or convention not in ("valid", "full"):
        raise NotImplementedError(
            f"pooling has an ONNX form by max or avg, valid or full, not by {by}, {convention}"
        )
    kind, options = "MaxPool" if by == "max" else "AveragePool", _windows(node, attributes, x)
    if _is_true(attributes.get("global_pool")):
        return node(f"Global{kind}", x)
    if kind == "AveragePool" and _is_true(attributes.get("count_include_pad", "True")):
        # As zeros: with both of its options ONNX would also count what a window has beyond the padding.
        before = [0, 0, *options.pop("pads")[: len(options["strides"])]]
        x = node("Pad", x, 2 * before) if any(before) else x
    return node(kind, x, ceil_mode=int(convention == "full"), **options)


def _windows(node: Any, attributes: Any, x: str) -> dict[str, list[int]]:
    """What convolution and pooling have in common."""
    layout = attributes.get("layout", "None")
    if layout not in ("None", "NCW", "NCHW", "NCDHW"):
        raise NotImplementedError(f"the layouts with an ONNX form are NCW, NCHW and NCDHW, not {layout}")
    return {
        "kernel_shape": _numbers(attributes.get("kernel", "()")),
        "strides": _window(node, attributes, x, "stride", 1),
        "pads": 2 * _window(node, attributes, x, "pad", 0),
    }


def _window(node: Any, attributes: Any, x: str, name: str, default: int) -> list[int]:
    return _numbers(attributes.get(name, "()")) or [default] * (len(node.shape(x)) - 2)


def _box_nms(node: Any, attributes: Any, x: str) -> Any:
    """Boxes, best first, without those that overlap with a better one of their kind; then rows of -1.

    MXNet's converter forgets the kinds.
    """
    form = attributes.get("in_format", "corner")
    if form != attributes.get("out_format", "corner"):
        raise NotImplementedError("box_nms has an ONNX form where out_format is in_format")
    topk, kind = int(attributes.get("topk", -1)), int(attributes.get("id_index", -1))
    if topk == 0:  # none is compared with another
        return x
    score, start = int(attributes.get("score_index", 1)), int(attributes.get("coord_start", 2))
    overlap, least = float(attributes.get("overlap_thresh", 0.5)), float(attributes.get("valid_thresh", 0))
    shape, rank = node("Shape", x), len(node.shape(x))
    count = node("Slice", shape, [rank - 2], [rank - 1])
    flat = node("Reshape", x, node("Concat", [-1], node("Slice", shape, [rank - 2], [rank]), axis=0))
    scores = node("Gather", flat, numpy.array(score), axis=2)
    if kind >= 0:
        kinds = node("Gather", flat, numpy.array(kind), axis=2)
        nothing = node("Equal", kinds, float(attributes.get("background_id", -1)))
        scores = node("Where", nothing, least, scores)
    best = node("Min", count, [topk]) if topk > 0 else count
    scores, order = node.several(2, "TopK", scores, best)
    scores = node("Unsqueeze", scores, [1])
    rows = node("GatherND", flat, node("Unsqueeze", order, [2]), batch_dims=1)
    if kind >= 0 and not _is_true(attributes.get("force_suppress")):  # a row of scores for each kind
        kinds = node("Transpose", node("Slice", rows, [kind], [kind + 1], [2]), perm=[0, 2, 1])
        ends = node("ReduceMin", kinds, keepdims=False), node("Add", node("ReduceMax", kinds, keepdims=False), 1.0)
        each = node("Reshape", node("Range", *ends, 1.0), [1, -1, 1])
        scores = node("Where", node("Equal", kinds, each), scores, least)
    boxes = node("Slice", rows, [start], [start + 4], [2])
    bounds = (numpy.array([bound], "float32") for bound in (overlap, least))
    kept = node("NonMaxSuppression", boxes, scores, best, *bounds, center_point_box=int(form == "center"))
    kept = node("Gather", kept, [0, 2], axis=1)  # without its kind: which of the batch, and which row
    ones = node("Expand", [1], node("Slice", node("Shape", kept), [0], [1]))
    marks = node("ScatterND", node("Expand", [0], node("Shape", order)), kept, ones)
    above = node("Sub", node("GatherND", node("CumSum", marks, numpy.array(1)), kept), [1])
    places = node("Concat", node("Slice", kept, [0], [1], [1]), node("Unsqueeze", above, [1]), axis=1)
    empty = node("Expand", -1.0, node("Shape", flat))
    return node("Reshape", node("ScatterND", empty, places, node("GatherND", rows, kept)), shape)


def _concatenate(node: Any, attributes: Any, *parts: str) -> Any:
    return node("Concat", *parts, axis=int(attributes.get("axis", 0)))


def _sqrt(node: Any, attributes: Any, x: str) -> Any:
    """What ONNX calls Sqrt is nan at inf in ONNX Runtime."""
    return node("Pow", x, 0.5)


def _hypot(node: Any, attributes: Any, x: str) -> Any:
    sizes = node("Abs", x), float(attributes["scalar"])
    large, small = node("Max", *sizes), node("Min", *sizes)
    ratio = node("Div", small, large)
    return node("Mul", large, node("Sqrt", node("Add", node("Mul", ratio, ratio), 1.0)))


def _swap_axes(node: Any, attributes: Any, x: str) -> Any:
    axes = list(range(len(node.shape(x))))
    first, second = (axes[int(attributes.get(name, 0))] for name in ("dim1", "dim2"))
    axes[first], axes[second] = second, first
    return node("Transpose", x, perm=axes)


def _running_total(node: Any, attributes: Any, x: str) -> Any:
    return node("CumSum", x, numpy.array(int(attributes["axis"])))


def _sort(node: Any, attributes: Any, x: str) -> Any:
    axis = int(attributes.get("axis", -1))
    length = node("Gather", node("Shape", x), [axis % len(node.shape(x))])
    descending = int(not _is_true(attributes.get("is_ascend", "True")))
    return node("Identity", node.several(2, "TopK", x, length, axis=axis, largest=descending)[0])


def _uniform(node: Any, attributes: Any, x: str) -> Any:
    low, high = (float(attributes.get(end, default)) for end, default in (("low", 0), ("high", 1)))
    return node("RandomUniformLike", x, low=low, high=high)


def _as_number(compared: Recipe) -> Recipe:
    """A comparison of legacy arrays, whose answer is a number."""
    return lambda node, attributes, *inputs: node("Where", compared(node, attributes, *inputs), 1.0, 0.0)


def _not(compared: Recipe) -> Recipe:
    return lambda node, attributes, *inputs: node("Not", compared(node, attributes, *inputs))


def _logarithm(base: float) -> Recipe:
    return lambda node, attributes, x: node("Mul", node("Log", x), 1 / math.log(base))


def _trunc(node: Any, attributes: Any, x: str) -> Any:
    return node("Mul", node("Sign", x), node("Floor", node("Abs", x)))


def _root(power: float) -> Recipe:
    """A power of what is below 0, too, with its sign."""
    return lambda node, attributes, x: node("Mul", node("Sign", x), node("Pow", node("Abs", x), power))


def _mod(node: Any, attributes: Any, x: str, y: str = "") -> Any:
    """What remains has the sign of the divisor; in ONNX, that of what is divided."""
    return _remainder(node, x, y or _scalar(node, attributes, x))


def _rmod(node: Any, attributes: Any, x: str) -> Any:
    return _remainder(node, _scalar(node, attributes, x), x)


def _remainder(node: Any, x: Any, y: Any) -> Any:
    rest = node("Mod", x, y, fmod=1)
    turned = node("Less", node("Mul", node("Sign", rest), node("Sign", y)), 0.0)
    return node("Where", turned, node("Add", rest, y), rest)


def _where_number(node: Any, attributes: Any, condition: str, x: str) -> Any:
    return node("Where", condition, x, _scalar(node, attributes, x))


def _where_number_first(node: Any, attributes: Any, condition: str, x: str) -> Any:
    return node("Where", condition, _scalar(node, attributes, x), x)


def _where_numbers(node: Any, attributes: Any, condition: str) -> Any:
    return node("Where", condition, float(attributes["x"]), float(attributes["y"]))


def _reduced(kind: str) -> Recipe:
    """An operator of mx.np along some axes, or all."""

    def recipe(node: Any, attributes: Any, x: str) -> Any:
        axis, keepdims = attributes.get("axis", "None"), int(_is_true(attributes.get("keepdims")))
        axes = list(range(len(node.shape(x)))) if axis == "None" else _numbers(axis)
        if kind == "ReduceSum":  # in this opset the only one that takes them as an input
            return node(kind, x, axes, keepdims=keepdims)
        return node(kind, x, axes=axes, keepdims=keepdims)

    return recipe


def _with_scalar(kind: str, reverse: bool) -> Recipe:
    """An operator with a number; MXNet's converter takes the name of the node for the order of the two."""

    def recipe(node: Any, attributes: Any, x: str) -> Any:
        if node.dtype(x) == "bool":  # MXNet goes over to float64
            raise NotImplementedError("a number with an array of True and False has no ONNX form here: use where")
        scalar = _scalar(node, attributes, x)
        return node(kind, scalar, x) if reverse else node(kind, x, scalar)

    return recipe


def _scalar(node: Any, attributes: Any, x: str) -> Any:
    """The number of an operator that takes one, in the dtype of the array."""
    return numpy.array(float(attributes["scalar"])).astype(node.dtype(x))


def _counted(node: Any, x: str, dtype: Any) -> str:
    """True as 1 and False as 0, which ONNX does not compute with; anything else as it is."""
    return str(node("Cast", x, to=_NUMBERS_OF_ONNX[dtype.name])) if node.dtype(x) == "bool" else x


_NUMBERS_OF_ONNX = {"float32": 1, "int32": 6, "int64": 7}


def _sum_or_product(kind: str) -> Recipe:
    """An operator of mx.np that takes answers for numbers, as ``(x > 0) * x`` does."""

    def recipe(node: Any, attributes: Any, x: str, y: str) -> Any:
        return node(kind, _counted(node, x, node.dtype(y)), _counted(node, y, node.dtype(x)))

    return recipe


def _operator(kind: str) -> Recipe:
    return lambda node, attributes, *inputs: node(kind, *inputs)


def _numbers(text: str) -> list[int]:
    """The numbers of an attribute, as of "(2, 3)", "(2,)" or "2"."""
    found = ast.literal_eval(text)
    return list(found) if isinstance(found, (tuple, list)) else [found]


def _is_true(text: str | None) -> bool:
    return text in ("True", "1")


RECIPES: dict[str, Recipe] = {
    "log1p": _log1p,
    "_npi_log1p": _log1p,
    "expm1": _expm1,
    "_npi_expm1": _expm1,
    "sigmoid": _sigmoid,
    "_npx_sigmoid": _sigmoid,
    "Activation": _activation,
    "LeakyReLU": _leaky_relu,
    "LayerNorm": _layer_norm,
    "BatchNorm": _batch_norm,
    "FullyConnected": _fully_connected,
    "Convolution": _convolution,
    "Pooling": _pooling,
    "_contrib_box_nms": _box_nms,
    "sqrt": _sqrt,
    "_npi_sqrt": _sqrt,
    "_hypot_scalar": _hypot,
    "SwapAxis": _swap_axes,
    "_np_cumsum": _running_total,
    "sort": _sort,
    "_random_uniform_like": _uniform,
    "_npi_full_like": _full_like,
    "_npx_reshape": _reshape,
    "_npi_concatenate": _concatenate,
    "_npi_square": lambda node, attributes, x: node("Mul", x, x),
    "_np_max": _reduced("ReduceMax"),
    "_np_sum": _reduced("ReduceSum"),
    "_np_min": _reduced("ReduceMin"),
    "_np_prod": _reduced("ReduceProd"),
    "_npi_mean": _reduced("ReduceMean"),
    "_npi_where_rscalar": _where_number,
    "_npi_where_lscalar": _where_number_first,
    "_npi_where_scalar2": _where_numbers,
    **dict.fromkeys(("log10", "_npi_log10"), _logarithm(10)),
    "_npi_log2": _logarithm(2),
    **dict.fromkeys(("trunc", "_npi_trunc", "fix", "_npi_fix"), _trunc),
    **dict.fromkeys(("cbrt", "_npi_cbrt"), _root(1 / 3)),
    "rcbrt": _root(-1 / 3),
    "rsqrt": lambda node, attributes, x: node("Pow", x, -0.5),
    **dict.fromkeys(("_mod", "_npi_mod", "_mod_scalar", "_npi_mod_scalar"), _mod),
    **dict.fromkeys(("_rmod_scalar", "_npi_rmod_scalar"), _rmod),
}

# The operators that have a counterpart in ONNX, by that.
_COUNTERPARTS = {
    "Identity": "_np_copy",
    "Erf": "erf",
    "Sign": "sign _npi_sign",
    "Max": "broadcast_maximum",
    "Exp": "_npi_exp",
    "Abs": "_npi_absolute",
    "Sin": "_npi_sin",
    "Round": "rint _npi_rint",
    "Greater": "_npi_greater",
    "GreaterOrEqual": "_npi_greater_equal",
    "Less": "_npi_less",
    "LessOrEqual": "_npi_less_equal",
    "Equal": "_npi_equal",
    "Pow": "_npi_power",
    "Neg": "_npi_negative",
    "Reciprocal": "_npi_reciprocal",
    "Log": "_npi_log",
    "Cos": "_npi_cos",
    "Tan": "_npi_tan",
    "Asin": "_npi_arcsin",
    "Acos": "_npi_arccos",
    "Atan": "_npi_arctan",
    "Sinh": "sinh _npi_sinh",
    "Cosh": "cosh _npi_cosh",
    "Atanh": "arctanh _npi_arctanh",
    "Floor": "_npi_floor",
    "Ceil": "_npi_ceil",
    "Tanh": "_npi_tanh",
    "Relu": "_npx_relu",
    "Where": "_npi_where",
}
_MAY_COUNT = {"add": "Add", "subtract": "Sub", "multiply": "Mul", "true_divide": "Div"}
# Those that take a number, also before the array.
_SCALARS = {
    "Add": ("_plus_scalar _npi_add_scalar", ""),
    "Sub": ("_minus_scalar _npi_subtract_scalar", "_rminus_scalar _npi_rsubtract_scalar"),
    "Mul": ("_mul_scalar _npi_multiply_scalar", ""),
    "Div": ("_div_scalar _npi_true_divide_scalar", "_rdiv_scalar _npi_rtrue_divide_scalar"),
    "Pow": ("_power_scalar _npi_power_scalar", "_rpower_scalar _npi_rpower_scalar"),
    "Greater": ("_npi_greater_scalar", ""),
    "GreaterOrEqual": ("_npi_greater_equal_scalar", ""),
    "Less": ("_npi_less_scalar", ""),
    "LessOrEqual": ("_npi_less_equal_scalar", ""),
    "Equal": ("_npi_equal_scalar", ""),
}
RECIPES.update({f"_npi_{kind}": _sum_or_product(name) for kind, name in _MAY_COUNT.items()})
RECIPES.update({name: _operator(kind) for kind, names in _COUNTERPARTS.items() for name in names.split()})
for _kind, _sides in _SCALARS.items():
    for _reverse, _names in enumerate(_sides):
        RECIPES.update({name: _with_scalar(_kind, bool(_reverse)) for name in _names.split()})
RECIPES.update({f"_npi_not_equal{_of}": _not(RECIPES[f"_npi_equal{_of}"]) for _of in ("", "_scalar")})
for _of in ("", "_scalar"):
    for _name in ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal"):
        RECIPES[f"_{_name.replace('less', 'lesser')}{_of}"] = _as_number(RECIPES[f"_npi_{_name}{_of}"])
