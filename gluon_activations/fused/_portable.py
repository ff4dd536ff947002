"""What is saved holds MXNet's own operators alone: compiled ones are composed again on the way into a file.

So a file made here loads wherever MXNet runs, and has an ONNX form.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Iterator
from typing import Any

import mxnet as mx
from mxnet.gluon.block import _flatten

from .. import functional, ops
from .._arrays import GLUON_2, is_array, wrap
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
    """From now on, what MXNet writes of a Symbol is portable, and shapes are those of what is composed."""
    mx.sym.Symbol.tojson = _graphs.of_changed(_portable, _graphs.to_json)
    mx.sym.Symbol.save = _graphs.of_changed(_portable, _graphs.save)
    mx.sym.Symbol._infer_shape_impl = _asking_the_composed(_infer_shape)
    if not GLUON_2:
        wrap("_get_graph", _where_shapes_are_known)


# MXNet cannot tell an extension's operator what is not known of a shape: of a length that is open it makes
# 4294967295, and where the number of axes is open it fails with bad_alloc, or ends the process.
_infer_shape = mx.sym.Symbol._infer_shape_impl


def _asking_the_composed(own: Any) -> Any:
    """MXNet's method that infers shapes, which infers those of MXNet's own operators."""

    @functools.wraps(own)
    def wrapper(self: Any, partial: bool, *args: Any, **kwargs: Any) -> Any:
        composed = _graphs.rewrite(self, _composed)
        if composed is self:
            return own(self, partial, *args, **kwargs)
        kwargs.update((name, shape) for name, shape in zip(self.list_arguments(), args) if shape is not None)
        arguments, outputs, states = own(composed, partial, **kwargs)
        if arguments is not None:  # all is known
            found = dict(zip(composed.list_arguments(), arguments))
            arguments = [found[name] for name in self.list_arguments()]
            found = dict(zip(composed.list_auxiliary_states(), states))
            states = [found[name] for name in self.list_auxiliary_states()]
        return arguments, outputs, states

    return wrapper


def _where_shapes_are_known(own: Any) -> Any:
    """MXNet's method that builds a graph, which is composed where the kernels would meet what is not known yet."""

    @functools.wraps(own)
    def wrapper(self: Any, *args: Any) -> Any:
        if not self._cached_graph:
            inputs, result = own(self, *args)
            arrays = [each for each in _flatten(args, "input")[0] if each is not None]
            shapes = {node.name: each.shape for node, each in zip(inputs, arrays)}
            if any(each.stype != "default" for each in arrays) or not _are_known(result, shapes):
                self._cached_graph = inputs, _graphs.rewrite(result, _composed)
        return own(self, *args)

    return wrapper


def _are_known(result: Any, shapes: dict[str, Any]) -> bool:
    """Whether the shapes of a graph follow from those of its inputs, each from what stands before it."""
    declared = result.attr_dict()
    if any("__shape__" not in declared.get(name, {}) for name in {*result.list_arguments()} - shapes.keys()):
        return False
    try:
        _infer_shape(result, True, **shapes)
    except mx.base.MXNetError:
        return False
    return True


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
