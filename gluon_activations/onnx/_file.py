"""From a graph of MXNet's to a model of ONNX's: MXNet's exporter, given our converters and told which opset."""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
import types
from collections.abc import Iterator
from typing import Any

import onnx
from onnx import TensorProto, checker, helper, numpy_helper

import mxnet as mx
from mxnet.onnx.mx2onnx._export_onnx import MXNetGraph

from ._node import converter
from ._recipes import RECIPES

# The one that MXNet's converters were written for, and the format of files that came with it.
_OPSET, _IR_VERSION = 13, 7
# The dtypes of ONNX that are NumPy's and MXNet's.
_NUMPYS = {"FLOAT16", "FLOAT", "DOUBLE", "BOOL", "UINT8", "INT8", "INT32", "INT64"}


def model(symbol: Any, given: dict[str, Any], held: dict[str, Any], dynamic: bool) -> Any:
    """The model of a graph, for inputs of ``given`` shape and dtype, and parameters ``held``."""
    symbol = _with_unique_names(symbol)
    # MXNet wants shapes in the order in which its graph meets the inputs.
    met = [name for name in symbol.list_inputs() if name in given]
    unused = [name for name in given if name not in met]
    if unused:
        raise ValueError(f"each input of the file is one that the net uses, not {', '.join(unused)}")
    shapes, dtypes = zip(*(given[name] for name in met))
    with _converters(_facts(symbol, given, held)), _opset(), _mapping():
        _check_operators(symbol)
        graph = MXNetGraph().create_onnx_graph_proto(
            symbol,
            held,
            list(shapes),
            [helper.np_dtype_to_tensor_dtype(dtype) for dtype in dtypes],
            opset_version=_OPSET,
            dynamic=dynamic,
        )
    for node in graph.node:  # two without a name stop one of ONNX Runtime's optimisers
        first, *_ = node.output
        node.name = node.name or first
    _order(graph.input, list(given))  # and no parameters, which a runtime could not take for constants then
    _order(graph.output, [name[: -len("_output")] for name in symbol.list_outputs()])  # as the net gives them
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)


def _with_unique_names(symbol: Any) -> Any:
    """The graph with a name of its own for each node; a block that is called twice says its names twice."""
    graph = json.loads(symbol.tojson())
    heads = {number for number, *_ in graph["heads"]}
    keep: list[Any] = []
    change: list[Any] = []
    for number, node in enumerate(graph["nodes"]):
        (keep if node["op"] == "null" or number in heads else change).append(node)
    seen = {node["name"] for node in keep}
    for node in change:
        # MXNet numbers several results of a node behind its name, so no other name may end in a number.
        base = node["name"] + "_" * node["name"][-1].isdigit()
        names = itertools.chain([base], (f"{base}_call{number}_" for number in itertools.count(2)))
        node["name"] = next(name for name in names if name not in seen)
        seen.add(node["name"])
    return mx.sym.load_json(json.dumps(graph))


def _facts(symbol: Any, given: dict[str, Any], held: dict[str, Any]) -> dict[str, list[Any]]:
    """Shape and dtype of each result of each node, by its name."""
    known = {**given, **{name: (value.shape, value.dtype) for name, value in held.items()}}
    known = {name: known[name] for name in symbol.list_inputs()}
    parts = symbol.get_internals()
    found: dict[str, list[Any]] = {}
    _, shapes, _ = parts.infer_shape(**{name: shape for name, (shape, _) in known.items()})
    _, dtypes, _ = parts.infer_type(**{name: dtype for name, (_, dtype) in known.items()})
    for part, fact in zip(parts, zip(shapes, dtypes)):
        found.setdefault(part.name, []).append(fact)
    return found


@contextlib.contextmanager
def _converters(facts: dict[str, list[Any]]) -> Iterator[None]:
    """Teach MXNet's exporter the recipes."""
    own = MXNetGraph.registry_[_OPSET]
    MXNetGraph.registry_[_OPSET] = {
        **own,
        "null": _variable,
        **{name: converter(recipe, facts) for name, recipe in RECIPES.items()},
    }
    try:
        yield
    finally:
        MXNetGraph.registry_[_OPSET] = own


def _variable(description: Any, **kwargs: Any) -> Any:
    """An input or a parameter; MXNet's own converter makes a list of the numbers of each, which takes its time."""
    name = description["name"]
    if kwargs["is_input"]:
        kind, shape = kwargs["in_type"], kwargs["in_shape"]
    else:
        value = kwargs["weights"][name]
        kwargs["initializer"].append(numpy_helper.from_array(value, name))
        kind, shape = helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
    return [helper.make_tensor_value_info(name, kind, shape)], (helper.tensor_dtype_to_np_dtype(kind),)


def _check_operators(symbol: Any) -> None:
    known = {name for opset in (12, _OPSET) for name in MXNetGraph.registry_[opset]}
    unknown = sorted({node["op"] for node in json.loads(symbol.tojson())["nodes"]} - known)
    if unknown:
        names = ", ".join(unknown)
        raise NotImplementedError(
            f"nothing says in ONNX's operators what {names} is: gluon_activations.onnx.register can teach it"
        )


@contextlib.contextmanager
def _opset() -> Iterator[None]:
    """Let the exporter check its nodes as those of this opset, whatever onnx is installed."""
    allowed = checker.DEFAULT_CONTEXT.opset_imports
    checker.DEFAULT_CONTEXT.opset_imports = {"": _OPSET}
    try:
        yield
    finally:
        checker.DEFAULT_CONTEXT.opset_imports = allowed


@contextlib.contextmanager
def _mapping() -> Iterator[None]:
    """Give MXNet's converters the tables of dtypes that they read, and that onnx 1.19 dropped."""
    package: Any = onnx
    if hasattr(package, "mapping"):
        yield
        return
    mapping: Any = types.ModuleType("onnx.mapping")
    numbers = (number for name, number in TensorProto.DataType.items() if name in _NUMPYS)
    mapping.TENSOR_TYPE_TO_NP_TYPE = {number: helper.tensor_dtype_to_np_dtype(number) for number in numbers}
    mapping.NP_TYPE_TO_TENSOR_TYPE = {dtype: number for number, dtype in mapping.TENSOR_TYPE_TO_NP_TYPE.items()}
    package.mapping = sys.modules["onnx.mapping"] = mapping
    try:
        yield
    finally:
        del package.mapping, sys.modules["onnx.mapping"]


def _order(values: Any, names: list[str]) -> None:
    """Leave of the inputs or outputs of a graph those of these names, in this order."""
    by_name = {value.name: value for value in values}
    chosen = [by_name[name] for name in names]
    del values[:]
    values.extend(chosen)
