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
from .._arrays import is_array
from . import _graphs

CALL = "gluon_activations_call"  # the attribute of a compiled operator that holds what was called
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
    mx.sym.Symbol.tojson = _graphs.of_changed(_portable, _graphs.to_json)
    mx.sym.Symbol.save = _graphs.of_changed(_portable, _graphs.save)


def written(function: str, options: dict[str, Any], dtype: str | None) -> str:
    """The call of a formula as text; arrays among its options, which are inputs, are null."""
    return json.dumps(
        [function, {key: None if is_array(value) else value for key, value in options.items()}, dtype]
    )


def _portable(symbol: Any) -> Any:
    """The Symbol with its compiled operators composed; itself if it has none."""
    return symbol if _kept else _graphs.rewrite(symbol, _composed)


def _composed(nodes: _graphs.Nodes, inputs: list[Any], node: dict[str, Any], before: _graphs.Nodes) -> Any:
    attributes = node.get("attrs", {})
    if ops.is_same(node["op"], attributes):
        (entry,) = inputs
        return entry
    if CALL not in attributes:
        return None
    name, options, dtype = json.loads(attributes[CALL])

    def formula(x: Any, *arrays: Any) -> Any:
        options.update(zip((key for key, value in options.items() if value is None), arrays))
        return getattr(functional, name)(x, **options)

    with ops.composed():
        return _graphs.splice(nodes, inputs, node["name"], formula, node["op"].startswith("_npx_"), dtype)
