"""What is saved holds MXNet's own operators alone: compiled ones are composed again on the way into a file.

So a file made here loads wherever MXNet runs, and has an ONNX form.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import mxnet as mx

from .. import functional, ops
from .._arrays import GLUON_2, is_array

_Symbol = mx.sym.Symbol
_to_json, _save = _Symbol.tojson, _Symbol.save
_kept = False


@contextlib.contextmanager
def kept_in_files() -> Iterator[None]:
    """Leave compiled operators in what is saved inside of a ``with``: it needs the kernels to be loaded again."""
    global _kept
    before, _kept = _kept, True
    try:
        yield
    finally:
        _kept = before


def install() -> None:
    """From now on, what MXNet writes of a Symbol is portable."""
    _Symbol.tojson = lambda self, *args, **kwargs: _to_json(_portable(self), *args, **kwargs)
    _Symbol.save = lambda self, *args, **kwargs: _save(_portable(self), *args, **kwargs)
    for own, kept in ((_Symbol.tojson, _to_json), (_Symbol.save, _save)):
        own.__doc__ = kept.__doc__


def _portable(symbol: Any) -> Any:
    """The Symbol with its compiled operators composed; itself if it has none."""
    if _kept:
        return symbol
    text = _to_json(symbol, remove_amp_cast=False)
    if CALL not in text:
        return symbol
    made = (mx.sym.fromjson if GLUON_2 else mx.sym.load_json)(json.dumps(_composed(json.loads(text))))
    return made.as_np_ndarray() if isinstance(symbol, mx.sym.np._Symbol) else made


CALL = "gluon_activations_call"  # the attribute of a compiled operator that holds what was called


def written(function: str, options: dict[str, Any], dtype: str | None) -> str:
    """The call of a formula as text; arrays among its options, which are inputs, are null."""
    return json.dumps(
        [function, {key: None if is_array(value) else value for key, value in options.items()}, dtype]
    )


def _composed(graph: dict[str, Any]) -> dict[str, Any]:
    """The graph with each compiled operator replaced by the nodes of its formula."""
    nodes: list[dict[str, Any]] = []
    entries = _Entries()
    for node in graph["nodes"]:
        inputs = [entries[entry] for entry in node["inputs"]]
        attributes = node.get("attrs", {})
        if ops.is_same(node["op"], attributes):
            entries.append(inputs[0])
        elif CALL in attributes:
            entries.append(_spliced(nodes, inputs, node))
        else:
            if "subgraphs" in node:
                node = {**node, "subgraphs": [_composed(each) for each in node["subgraphs"]]}
            entries.append(len(nodes))
            nodes.append({**node, "inputs": inputs})
    return {
        **{key: value for key, value in graph.items() if key != "node_row_ptr"},  # MXNet counts it anew
        "nodes": nodes,
        "arg_nodes": [number for number, node in enumerate(nodes) if node["op"] == "null"],
        "heads": [entries[entry] for entry in graph["heads"]],
    }


class _Entries(list):  # type: ignore[type-arg]
    """For each node of a graph, its number in another one or, if it is not there, the entry in its place."""

    def __getitem__(self, entry: Any) -> Any:
        number, *rest = entry  # a node, which of its results, a version
        found = super().__getitem__(number)
        return [found, *rest] if isinstance(found, int) else found


def _spliced(nodes: list[dict[str, Any]], inputs: list[Any], node: dict[str, Any]) -> Any:
    """Add the nodes of a formula to a graph, and give the entry of its result."""
    function, options, dtype = json.loads(node["attrs"][CALL])
    variables = [mx.sym.var(str(i), dtype=dtype) for i in range(len(inputs))]
    if node["op"].startswith("_npx_"):
        variables = [each.as_np_ndarray() for each in variables]
    options.update(zip((key for key, value in options.items() if value is None), variables[1:]))
    before, ops.compiled = ops.compiled, None
    try:
        formula = json.loads(_to_json(getattr(functional, function)(variables[0], **options), False))
    finally:
        ops.compiled = before
    entries = _Entries()
    for part in formula["nodes"]:
        if part["op"] == "null":
            entries.append(inputs[int(part["name"])])
            continue
        behind = [entries[entry] for entry in part["inputs"]]
        entries.append(len(nodes))
        nodes.append({**part, "name": f"{node['name']}_{part['name']}", "inputs": behind})
    result = entries[formula["heads"][0]]
    nodes[result[0]]["name"] = node["name"]
    return result
