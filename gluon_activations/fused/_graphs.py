"""Graphs as MXNet writes them, in JSON, with some of their nodes replaced."""

from __future__ import annotations

import functools
import json
from typing import Any, Callable

import mxnet as mx

from .._arrays import GLUON_2

_Symbol = mx.sym.Symbol
to_json, save = _Symbol.tojson, _Symbol.save  # MXNet's own, whatever they are replaced by

Nodes = list[dict[str, Any]]
Replacement = Callable[[Nodes, list[Any], dict[str, Any], Nodes], Any]


class Entries(list):  # type: ignore[type-arg]
    """For each node of a graph, its number in another one or, if it is not there, the entry in its place.

    An entry is a node, which of its results, and a version.
    """

    def __getitem__(self, entry: Any) -> Any:
        number, *rest = entry
        found = super().__getitem__(number)
        return [found, *rest] if isinstance(found, int) else found


def rewrite(symbol: Any, replacement: Replacement) -> Any:
    """The Symbol with nodes replaced.

    ``replacement(nodes, inputs, node, before)`` adds what takes the place of ``node`` to the new ``nodes``
    and gives the entry of its result, or None where the node stays; ``before`` is the graph as it was.
    Where all stay, it is the Symbol itself.
    """
    changed = False

    def noted(*node: Any) -> Any:
        nonlocal changed
        result = replacement(*node)
        changed = changed or result is not None
        return result

    graph = _rewritten(json.loads(to_json(symbol, remove_amp_cast=False)), noted)
    if not changed:
        return symbol
    made = (mx.sym.fromjson if GLUON_2 else mx.sym.load_json)(json.dumps(graph))
    return made.as_np_ndarray() if isinstance(symbol, mx.sym.np._Symbol) else made


def of_changed(change: Callable[[Any], Any], own: Any) -> Any:
    """A method of Symbols that works on what ``change`` makes of them."""

    @functools.wraps(own)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return own(change(self), *args, **kwargs)

    return wrapper


def _rewritten(graph: dict[str, Any], replacement: Replacement) -> dict[str, Any]:
    nodes: Nodes = []
    entries = Entries()
    for node in graph["nodes"]:
        inputs = [entries[entry] for entry in node["inputs"]]
        result = replacement(nodes, inputs, node, graph["nodes"])
        if result is not None:
            entries.append(result)
            continue
        if "subgraphs" in node:
            node = {**node, "subgraphs": [_rewritten(each, replacement) for each in node["subgraphs"]]}
        entries.append(len(nodes))
        nodes.append({**node, "inputs": inputs})
    return {
        **{key: value for key, value in graph.items() if key != "node_row_ptr"},  # MXNet counts it anew
        "nodes": nodes,
        "arg_nodes": [number for number, node in enumerate(nodes) if node["op"] == "null"],
        "heads": [entries[entry] for entry in graph["heads"]],
    }


def splice(
    nodes: Nodes, inputs: list[Any], name: str, part: Callable[..., Any], is_np: bool, dtype: Any = None
) -> Any:
    """Add the nodes of ``part``, a function of Symbols, under a name, and give the entry of its result."""
    variables = [mx.sym.var(str(i), dtype=dtype) for i in range(len(inputs))]
    graph = json.loads(to_json(part(*(each.as_np_ndarray() if is_np else each for each in variables))))
    entries = Entries()
    for node in graph["nodes"]:
        if node["op"] == "null":
            entries.append(inputs[int(node["name"])])
            continue
        behind = [entries[entry] for entry in node["inputs"]]
        entries.append(len(nodes))
        nodes.append({**node, "name": f"{name}_{node['name']}", "inputs": behind})
    (head,) = graph["heads"]
    result = entries[head]
    nodes[result[0]]["name"] = name
    return result
