"""What a kept result depends on: functions by their code and what they hold, objects by what is in them."""

from __future__ import annotations

import functools
import hashlib
import types
import weakref
from typing import Any

import numpy

import mxnet as mx
from mxnet.gluon import Block, HybridBlock, Parameter

_OF_EVERY_BLOCK = frozenset(vars(HybridBlock()))
_PLAIN = (str, bytes, int, float, complex, type(None), type(...))


def digest(thing: Any) -> str:
    """Some letters that are the same for two things if these do the same."""
    return hashlib.sha256(repr(_parts(thing)).encode()).hexdigest()


def _parts(thing: Any, around: tuple[int, ...] = ()) -> Any:
    """Nested tuples of plain values.

    Names that MXNet counts through are left out, so that a block made twice is the same. What a function
    looks up by a global name is not looked into.
    """
    if isinstance(thing, numpy.generic):
        thing = thing.item()
    if isinstance(thing, _PLAIN):
        return thing
    if id(thing) in around:
        return "itself"
    more = functools.partial(_parts, around=(*around, id(thing)))
    if isinstance(thing, (mx.nd.NDArray, weakref.ref)):  # MXNet 2.0 holds a block's children by the second
        return more(thing.asnumpy() if isinstance(thing, mx.nd.NDArray) else thing())
    if isinstance(thing, (numpy.ndarray, numpy.generic, numpy.dtype)):
        return "numpy", _hash_of(thing)
    if isinstance(thing, dict):
        return "dict", *((more(key), more(value)) for key, value in thing.items())
    if isinstance(thing, (list, tuple)):
        return type(thing).__qualname__, *map(more, thing)
    if isinstance(thing, (set, frozenset)):
        return type(thing).__qualname__, *sorted(map(repr, map(more, thing)))
    if isinstance(thing, functools.partial):
        return "partial", *map(more, (thing.func, thing.args, thing.keywords))
    if isinstance(thing, types.MethodType):
        return "method", more(thing.__self__), more(thing.__func__)
    if isinstance(thing, types.CodeType):
        return thing.co_code, thing.co_names, *map(more, thing.co_consts)
    named = tuple(getattr(thing, name, "") for name in ("__module__", "__qualname__", "__name__"))
    if isinstance(thing, types.FunctionType):
        cells = [cell.cell_contents for cell in thing.__closure__ or ()]
        return *named, *map(more, (thing.__code__, thing.__defaults__, thing.__kwdefaults__, cells))
    if isinstance(thing, type):
        return named
    if not hasattr(thing, "__dict__"):
        return *named, repr(
            thing
        )  # which may hold an address: then it is another thing each time, and never stale
    return more(type(thing)), *map(more, _state(thing))


def _state(thing: Any) -> tuple[Any, ...]:
    """What is in an object, without what MXNet counts or keeps for itself."""
    if isinstance(thing, Parameter):
        return thing.shape, str(thing.dtype), None if thing._data is None else next(iter(thing.list_data()))
    if isinstance(thing, Block):
        own = {name: value for name, value in vars(thing).items() if name not in _OF_EVERY_BLOCK}
        return own, list(thing._children.values())
    return (vars(thing),)


def _hash_of(values: Any) -> str:
    import joblib

    return str(joblib.hash(values))
