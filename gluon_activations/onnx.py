"""Export of nets to ONNX: a thin layer over MXNet 1.9.1's own, with the converters that it lacks.

It needs onnx 1.14 to 1.16, newer ones having dropped what MXNet imports.
"""

import os
from typing import Any

import mxnet as mx
import numpy
from mxnet.gluon import HybridBlock

from .blocks import GLUON_2


def export(net: HybridBlock, path: str, input_shape: tuple, *, dynamic: bool = False) -> str:
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
    symbol = _legacy_symbol(net, parameters)
    held = {p.name: mx.nd.array(p.data().asnumpy()) for p in parameters}
    mx.onnx.export_model(symbol, held, [tuple(input_shape)], numpy.float32, os.fspath(path), dynamic=dynamic)
    return path


def _settle_shapes(net, input_shape):
    """Run the net once, so that deferred parameters get their shapes."""
    new = mx.np.zeros if mx.util.is_np_array() else mx.nd.zeros
    device = next((p.list_ctx()[0] for p in net.collect_params().values()), mx.cpu())
    net(new(tuple(input_shape), ctx=device)).wait_to_read()


def _legacy_symbol(net, parameters):
    """The graph of the net in legacy operators, which the exporter knows, whatever the session's kind."""
    kept = [(p, p._var) for p in parameters]
    try:
        for p in parameters:
            p._var = None  # it may be a Symbol of the NumPy kind
        with mx.util.np_array(False):
            return net(mx.sym.var("data"))
    finally:
        for p, variable in kept:
            p._var = variable


def _register():
    """Teach MXNet's exporter the four operators that it lacks."""
    try:
        from mxnet.onnx.mx2onnx._export_onnx import MXNetGraph
        from onnx import mapping  # noqa: F401  gone in newer releases
    except ImportError as error:
        raise ImportError("ONNX export needs onnx 1.14 to 1.16: pip install 'onnx<1.17'") from error
    for name, recipe in _RECIPES.items():
        MXNetGraph.register(name)(_converter(recipe))


def _erf(x, node):
    return node("Erf", x)


def _sign(x, node):
    return node("Sign", x)


def _log1p(x, node):
    """log(1 + x) = 2 artanh(x / (2 + x)), which keeps the digits of a small x."""
    return node("Mul", 2.0, node("Atanh", node("Div", x, node("Add", x, 2.0))))


def _expm1(x, node):
    """exp(x) - 1 = 2 t / (1 - t) for t = tanh(x / 2), which keeps them too (for x <= 0)."""
    t = node("Tanh", node("Mul", x, 0.5))
    return node("Div", node("Mul", 2.0, t), node("Sub", 1.0, t))


_RECIPES = {"erf": _erf, "sign": _sign, "log1p": _log1p, "expm1": _expm1}


def _converter(recipe: Any) -> Any:
    """A function as MXNet's exporter wants it, from a recipe in ONNX operators."""

    def convert(description, **kwargs):
        from onnx.helper import make_node

        name = description["name"]
        index, output = description["inputs"][0][:2]
        nodes = []

        def node(kind, *operands):
            names = [operand if isinstance(operand, str) else constant(operand) for operand in operands]
            return add(make_node(kind, names, [f"{name}_{len(nodes)}"]))

        def constant(value):
            return add(make_node("Constant", [], [f"{name}_{len(nodes)}"], value_float=value))

        def add(made):
            made.name = made.output[0]
            nodes.append(made)
            return made.name

        recipe(kwargs["outputs_lookup"][index][output].name, node)
        nodes[-1].output[0] = nodes[-1].name = name  # the exporter looks for the result under this name
        return nodes

    return convert
