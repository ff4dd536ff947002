"""Export of nets to ONNX: a thin layer over MXNet 1.9.1's own, with the converters that it lacks or has wrong.

It needs onnx 1.14 or later.
"""

from __future__ import annotations

import numbers
import os
from collections.abc import Iterator, Sequence
from typing import Any, Callable

import numpy

import mxnet as mx
from mxnet.gluon import HybridBlock

from .._arrays import GLUON_2, array, children, is_numpy_kind, is_symbol, variable
from .._wording import in_a_line
from ._recipes import RECIPES

__all__ = ["export", "register"]

_Shape = tuple[int, ...]
_DTYPES = ("float32", "int32", "int64")


def export(
    net: HybridBlock,
    path: str,
    input_shape: _Shape | Sequence[_Shape],
    *,
    dynamic: bool = False,
    dtype: str | Sequence[str] = "float32",
) -> str:
    """Write a net as an ONNX file.

    The file says in standard operators what the blocks compute, tails included, and needs
    neither MXNet nor this package to run. Its input is called "data", or "data0", "data1", … in the
    order of the net's arguments; its output "output", or "output0", "output1", … in the order of what
    the net gives.

    Parameters
    ----------
    net : HybridBlock
        The net, initialised, in float32. It may hold legacy or NumPy arrays.
    path : str
        Where to write, as "net.onnx".
    input_shape : tuple of int, or list of tuples
        Shape of the one input, as (1, 3, 224, 224), or a list with the shape of each.
    dynamic : bool
        Whether the file accepts other shapes than this one, of as many axes.
    dtype : str, or list of str
        What the inputs are held in, "float32", "int32" or "int64", or NumPy's type of that name: one for all, or a
        list with one for each.

    Returns
    -------
    str
        ``path``.

    Raises
    ------
    RuntimeError
        On MXNet 2.x, whose exporter does not know its own NumPy operators.
    ImportError
        If onnx is missing.
    TypeError
        If ``net`` is not a HybridBlock, or does not compute in float32.
    ValueError
        If ``input_shape`` or ``dtype`` is not one of these, or the net does not use an input.
    NotImplementedError
        If the net holds an operator that nothing says in ONNX's: :func:`register` teaches it.
    """
    if GLUON_2:
        raise RuntimeError("ONNX export works on MXNet 1.9: train there, or load the parameters there")
    if not isinstance(net, HybridBlock):
        raise TypeError(f"the net is a HybridBlock, not {in_a_line(net)}")
    try:
        from . import _file
    except ImportError as error:
        raise ImportError("ONNX export needs onnx 1.14 or later: pip install onnx") from error
    shapes = _shapes(input_shape)
    dtypes = _dtypes(dtype, len(shapes))
    parameters = net.collect_params().values()
    _check_float32(net, parameters)
    _settle_shapes(net, shapes, dtypes)
    names = ["data"] if len(shapes) == 1 else [f"data{i}" for i in range(len(shapes))]
    given = {name: (shape, numpy.dtype(each)) for name, shape, each in zip(names, shapes, dtypes)}
    held = {p.name: mx.nd.array(p.data().asnumpy()) for p in parameters}
    model = _file.model(_symbol(net, names, dtypes), given, held, dynamic)
    with open(os.fspath(path), "wb") as file:
        file.write(model.SerializeToString())
    return path


def register(operator: str, recipe: Callable[..., str]) -> None:
    """Say in ONNX's operators what one of MXNet's computes, for all exports from now on.

    It takes the place of a recipe that is there already, and of MXNet's own converter::

        register("_npi_power_scalar", lambda node, attributes, x: node("Pow", x, float(attributes["scalar"])))

    Parameters
    ----------
    operator : str
        MXNet's name for it in a graph. The error of an export that lacks one says that name.
    recipe : callable
        ``recipe(node, attributes, *inputs)`` is called for each node of that operator. ``attributes`` is a
        dict of strings, as MXNet writes them, ``inputs`` are the names of its inputs, and what it returns is
        the name of its one output. ``node(kind, *operands, **attributes)`` adds a node of ONNX (opset 13) and
        returns the name of its output; an operand is a name or a constant: a float, a list of int, or a NumPy
        array. ``node.shape(x)`` and ``node.dtype(x)`` are those of an input; in a dynamic file only the number of
        axes holds.

    Raises
    ------
    TypeError
        If ``operator`` is no str or ``recipe`` cannot be called.
    ValueError
        If MXNet has no such operator.
    """
    if not isinstance(operator, str):
        raise TypeError(f"the operator is its name as a str, not {in_a_line(operator)}")
    if not callable(recipe):
        raise TypeError(
            f"the recipe for {operator} is a function of (node, attributes, *inputs), not {in_a_line(recipe)}"
        )
    if operator not in mx.operator.get_all_registered_operators():
        raise ValueError(f"the operator is one of MXNet's, as 'log1p', not {in_a_line(operator)}")
    RECIPES[operator] = recipe


def _shapes(given: Any) -> list[_Shape]:
    try:
        shapes = [given] if all(isinstance(length, numbers.Integral) for length in given) else list(given)
        lengths = [length for shape in shapes for length in shape]
    except TypeError:  # somewhere it has nothing to go through
        lengths = [None]
    if not all(isinstance(length, numbers.Integral) and int(length) > 0 for length in lengths):
        wanted = "a tuple of lengths above 0, as (1, 3, 32, 32), or a list of such tuples"
        raise ValueError(f"input_shape is {wanted}, not {in_a_line(given)}")
    return [tuple(map(int, shape)) for shape in shapes]


def _dtypes(given: Any, inputs: int) -> list[str]:
    each = list(given) if isinstance(given, (list, tuple)) else [given] * inputs
    each = [numpy.dtype(one).name if isinstance(one, (type, numpy.dtype)) else one for one in each]
    if len(each) != inputs:
        raise ValueError(f"dtype is one for all inputs or a list of one for each, not {len(each)} for {inputs}")
    for one in each:
        if one not in _DTYPES:
            raise ValueError(f"dtype is one of {', '.join(_DTYPES)}, not {in_a_line(one)}")
    return each


def _check_float32(net: HybridBlock, parameters: Any) -> None:
    wrong = {numpy.dtype(p.dtype).name for p in parameters} - {"float32"}
    if wrong:
        raise TypeError(f"the parameters of the net are float32, not {', '.join(sorted(wrong))}: cast it first")
    wrong = {dtype for dtype in _cast_to(net) if dtype} - {"float32"}
    if wrong:
        raise TypeError(f"the net computes in float32, not {', '.join(sorted(wrong))}: cast it first")


def _cast_to(block: Any) -> Iterator[str | None]:
    """What our blocks, which may hold no parameter to tell it, were told to compute in."""
    yield getattr(block, "_cast_to", None)
    for _, child in children(block):
        yield from _cast_to(child)


def _settle_shapes(net: HybridBlock, shapes: list[_Shape], dtypes: list[str]) -> None:
    """Run the net once, so that deferred parameters get their shapes."""
    device = next((device for p in net.collect_params().values() for device in p.list_ctx()), mx.cpu())
    for result in _flat(net(*(array(numpy.zeros(s), d, device) for s, d in zip(shapes, dtypes)))):
        result.wait_to_read()


def _symbol(net: HybridBlock, names: list[str], dtypes: list[str]) -> Any:
    """The graph of the net, its outputs named."""
    results = _flat(net(*map(variable, names, dtypes)))
    outputs = ["output"] if len(results) == 1 else [f"output{i}" for i in range(len(results))]
    # MXNet's exporter lists what it meets first as the first output. A name tells which one it is.
    return mx.sym.Group([mx.sym.identity(_legacy(y), name=name) for y, name in zip(results, outputs)])


def _legacy(x: Any) -> Any:
    return x.as_nd_ndarray() if is_numpy_kind(x) else x


def _flat(results: Any) -> list[Any]:
    several = isinstance(results, (list, tuple)) or (is_symbol(results) and len(results.list_outputs()) > 1)
    return [each for result in results for each in _flat(result)] if several else [results]
