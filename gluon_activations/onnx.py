"""Export of nets to ONNX: a thin layer over MXNet 1.9.1's own, with the converters that it lacks.

It needs onnx 1.14 to 1.16, newer ones having dropped what MXNet imports.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any, Callable

import mxnet as mx
import numpy
from mxnet.gluon import HybridBlock

from ._arrays import GLUON_2, array, variable

__all__ = ["export"]

_Recipe = Callable[..., Any]


def export(net: HybridBlock, path: str, input_shape: tuple[int, ...], *, dynamic: bool = False) -> str:
    """Write a net as an ONNX file.

    The file says in standard operators what the blocks compute, tails included, and needs
    neither MXNet nor this package to run.

    Parameters
    ----------
    net : HybridBlock
        The net, initialised, in float32. It may hold legacy or NumPy arrays.
    path : str
        Where to write, as "net.onnx".
    input_shape : tuple of int
        Shape of the one input, as (1, 3, 224, 224).
    dynamic : bool
        Whether the file accepts other shapes than this one.

    Returns
    -------
    str
        ``path``.

    Raises
    ------
    RuntimeError
        On MXNet 2.x, whose exporter does not know its own NumPy operators.
    ImportError
        If onnx is missing or too new for MXNet.
    TypeError
        If ``net`` is not a HybridBlock, or its parameters are not float32.
    """
    if GLUON_2:
        raise RuntimeError("ONNX export works on MXNet 1.9: train there, or load the parameters there")
    if not isinstance(net, HybridBlock):
        raise TypeError(f"the net is a HybridBlock, not {net!r}")
    _register()
    parameters = net.collect_params().values()
    wrong = {numpy.dtype(p.dtype).name for p in parameters} - {"float32"}
    if wrong:
        raise TypeError(f"the parameters of the net are float32, not {', '.join(wrong)}: cast it first")
    _settle_shapes(net, input_shape)
    symbol = net(variable("data"))
    held = {p.name: mx.nd.array(p.data().asnumpy()) for p in parameters}
    with _opset():
        mx.onnx.export_model(symbol, held, [tuple(input_shape)], numpy.float32, os.fspath(path), dynamic=dynamic)
    return path


# The one that MXNet's converters were written for. MXNet would write the newest one into the file.
_OPSET = 13


@contextlib.contextmanager
def _opset() -> Iterator[None]:
    """Let the file say which operators are in it, whatever onnx is installed."""
    from onnx import checker, defs

    newest, allowed = defs.onnx_opset_version, checker.DEFAULT_CONTEXT.opset_imports
    defs.onnx_opset_version = lambda: _OPSET
    checker.DEFAULT_CONTEXT.opset_imports = {"": _OPSET}
    try:
        yield
    finally:
        defs.onnx_opset_version = newest
        checker.DEFAULT_CONTEXT.opset_imports = allowed


def _settle_shapes(net: HybridBlock, input_shape: tuple[int, ...]) -> None:
    """Run the net once, so that deferred parameters get their shapes."""
    device = next((device for p in net.collect_params().values() for device in p.list_ctx()), mx.cpu())
    net(array(numpy.zeros(input_shape), ctx=device)).wait_to_read()


def _register() -> None:
    """Teach MXNet's exporter the operators that it lacks."""
    try:
        from mxnet.onnx.mx2onnx._export_onnx import MXNetGraph
        from onnx import mapping  # noqa: F401  gone in newer releases
    except ImportError as error:
        raise ImportError("ONNX export needs onnx 1.14 to 1.16: pip install 'onnx<1.17'") from error
    for name, recipe in _RECIPES.items():
        MXNetGraph.register(name, _OPSET)(_converter(recipe))
    for name, known in _SYNONYMS.items():
        MXNetGraph.register(name, _OPSET)(_synonym(MXNetGraph, known))


# A recipe says in ONNX's operators what one of MXNet's computes. It gets a function that adds
# a node and returns its output, the attributes, and the inputs.


def _log1p(node: Any, attributes: Any, x: str) -> Any:
    """log(1 + x) = 2 artanh(x / (2 + x)), which keeps the digits of a small x."""
    return node("Mul", 2.0, node("Atanh", node("Div", x, node("Add", x, 2.0))))


def _expm1(node: Any, attributes: Any, x: str) -> Any:
    """exp(x) - 1 = 2 t / (1 - t) for t = tanh(x / 2), which keeps them too (for x <= 0)."""
    t = node("Tanh", node("Mul", x, 0.5))
    return node("Div", node("Mul", 2.0, t), node("Sub", 1.0, t))


def _full_like(node: Any, attributes: Any, x: str) -> Any:
    zeros = node("ConstantOfShape", node("Shape", x))
    return node("Add", zeros, float(attributes["fill_value"]))


def _reshape(node: Any, attributes: Any, x: str) -> Any:
    """``ops.scale_channels`` keeps two axes, whose code is -2 here and 0 in ONNX, and joins the rest."""
    shape = [int(length) for length in attributes["newshape"].strip("()").split(",") if length.strip()]
    if any(length < -2 or length == 0 for length in shape):
        raise NotImplementedError(f"npx.reshape to {shape} has no ONNX form here")
    return node("Reshape", x, [0 if length == -2 else length for length in shape])


_RECIPES: dict[str, _Recipe] = {
    "log1p": _log1p,
    "_npi_log1p": _log1p,
    "expm1": _expm1,
    "_npi_expm1": _expm1,
    "erf": lambda node, attributes, x: node("Erf", x),
    "sign": lambda node, attributes, x: node("Sign", x),
    "_npi_sign": lambda node, attributes, x: node("Sign", x),
    "broadcast_maximum": lambda node, attributes, x, y: node("Max", x, y),
    "_npi_rsubtract_scalar": lambda node, attributes, x: node("Sub", float(attributes["scalar"]), x),
    "_npi_full_like": _full_like,
    "_npx_reshape": _reshape,
    "_npi_where": lambda node, attributes, condition, x, y: node("Where", condition, x, y),
    "_npi_greater_scalar": lambda node, attributes, x: node("Greater", x, float(attributes["scalar"])),
}

# The operators of mx.np that do what a legacy one does, which the exporter knows.
_SYNONYMS = {
    "_npi_add": "broadcast_add",
    "_npi_subtract": "broadcast_sub",
    "_npi_multiply": "broadcast_mul",
    "_npi_true_divide": "broadcast_div",
    "_npi_add_scalar": "_plus_scalar",
    "_npi_subtract_scalar": "_minus_scalar",
    "_npi_multiply_scalar": "_mul_scalar",
    "_npi_true_divide_scalar": "_div_scalar",
    "_np_max": "max",
    "_np_sum": "sum",
    "_npi_exp": "exp",
    "_npi_square": "square",
}


def _synonym(graph: Any, known: str) -> Any:
    def convert(description: Any, **kwargs: Any) -> Any:
        return graph.convert_layer({**description, "op": known}, **kwargs)

    return convert


def _converter(recipe: Any) -> Any:
    """A function as MXNet's exporter wants it, from a recipe."""

    def convert(description: Any, **kwargs: Any) -> Any:
        from onnx.helper import make_node

        name = description["name"]
        inputs = [kwargs["outputs_lookup"][index][output].name for index, output, *_ in description["inputs"]]
        nodes: list[Any] = []

        def node(kind: str, *operands: Any) -> str:
            names = [operand if isinstance(operand, str) else constant(operand) for operand in operands]
            return add(make_node(kind, names, [f"{name}_{len(nodes)}"]))

        def constant(value: Any) -> str:
            key = "value_float" if isinstance(value, float) else "value_ints"
            return add(make_node("Constant", [], [f"{name}_{len(nodes)}"], **{key: value}))

        def add(made: Any) -> str:
            (made.name,) = made.output
            nodes.append(made)
            return str(made.name)

        recipe(node, description.get("attrs", {}), *inputs)
        last = nodes[-1]
        last.name, last.output[:] = name, [name]  # the exporter looks for the result under this name
        return nodes

    return convert
