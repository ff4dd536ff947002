"""The operators of the loaded library, for the four kinds of array."""

from __future__ import annotations

import ctypes
import functools
import itertools
from pathlib import Path
from typing import Any

import mxnet as mx
from mxnet._ctypes.ndarray import _imperative_invoke
from mxnet.base import _LIB, OpHandle, c_str, check_call
from mxnet.symbol.register import _make_symbol_function

from .. import ops
from .._arrays import device_of, dtype_of, is_array, is_numpy_kind, is_symbol
from .._parameters import Choice, Declared, Number
from . import _portable

NAMES = ("fused_activation", "fused_glu")
PREFIX = "_npx_"  # of operators for NumPy's kind of array


class Library:
    """A loaded library.

    Attributes
    ----------
    level : str
        The instructions that its loops use here: "avx512", "avx2" or "portable".
    formulas : tuple of str
        The names of its formulas.
    """

    def __init__(self, path: Path) -> None:
        # Not mx.library.load, which makes every function of MXNet anew and takes half a second.
        place = [ctypes.byref(ctypes.c_void_p())] if hasattr(mx.library, "MXlib") else []  # 2.x hands it out
        check_call(_LIB.MXLoadLib(c_str(str(path)), ctypes.c_uint(0), *place))
        own = ctypes.CDLL(str(path))
        own.gluon_activations_level.restype = own.gluon_activations_formula.restype = ctypes.c_char_p
        self.level = own.gluon_activations_level().decode()
        names = iter(map(own.gluon_activations_formula, itertools.count()).__next__, None)
        self.formulas = tuple(name.decode() for name in names)
        self._handles = {name: _handle(name) for bare in NAMES for name in (bare, PREFIX + bare)}
        self._graph_makers = {
            name: _make_symbol_function(handle, name, name) for name, handle in self._handles.items()
        }
        self._has_cuda = mx.runtime.Features().is_enabled("CUDA")
        _portable.install()

    def __call__(self, declared: Declared, x: Any, options: dict[str, Any]) -> Any:
        """What a formula gives for ``x``, or None where the library does not have it."""
        arrays = [value for value in options.values() if is_array(value)]
        name, attributes = _translate(
            declared, *(None if is_array(value) else value for value in options.values())
        )
        # A graph does not tell where it will run.
        if attributes["formula"] not in self.formulas or (self._has_cuda and not _is_on_cpu(x)):
            return None
        is_np = is_numpy_kind(x)
        name = PREFIX + name if is_np else name
        if is_symbol(x) or ops.is_traced():
            attributes = {**attributes, _portable.CALL: _portable.written(declared.whose, options, dtype_of(x))}
        inputs = [_apart(each) for each in (x, *arrays)]
        if is_symbol(x):
            return self._graph_makers[name](*inputs, **attributes)
        # Not MXNet's own function around this, which takes longer than small arrays do.
        return _imperative_invoke(
            self._handles[name].value, inputs, attributes.keys(), attributes.values(), None, is_np, False
        )


def _is_on_cpu(x: Any) -> bool:
    return not is_symbol(x) and device_of(x).device_type == "cpu"


def _apart(x: Any) -> Any:
    """``x``, but with its gradient added up elsewhere if need be.

    An operator of an extension writes its gradient and cannot add to one, and MXNet asks it to all the same.
    In a graph an operator of MXNet's own does it, in place, but for a graph's own input, which it has to copy.
    """
    if is_symbol(x) or ops.is_traced():
        return ops.same(x)
    return x.reshape(x.shape) if _added_up and x.size and x.grad is not None else x


# Whether this process has asked for a gradient that is added up: MXNet does not tell for which array.
_added_up = False


def _watch_gradients() -> None:
    """From now on, notice that an array is given a gradient that is to be added up."""
    mark = _LIB.MXAutogradMarkVariables

    def watching(count: Any, arrays: Any, requests: Any, gradients: Any) -> Any:
        global _added_up
        each = ctypes.cast(requests, ctypes.POINTER(ctypes.c_uint))
        _added_up = _added_up or any(each[i] == _ADD for i in range(getattr(count, "value", count)))
        return mark(count, arrays, requests, gradients)

    _LIB.MXAutogradMarkVariables = watching


_ADD = 3  # MXNet's number for it
_watch_gradients()


@functools.lru_cache
def _translate(declared: Declared, *values: Any) -> tuple[str, dict[str, Any]]:
    """Operator and attributes of a call of a formula; an array among its values is None."""
    options = dict(zip(declared.parameters, values))
    if declared.whose == "glu":
        return "fused_glu", {"formula": options["activation"], "axis": options["axis"]}
    formula, numbers = [declared.whose], []
    for name, parameter in declared.parameters.items():
        value = options[name]
        if isinstance(parameter, Number) and value is not None:
            numbers.append(repr(value))
        elif isinstance(parameter, Choice) and value != parameter.default:
            formula.append(value)
    arrays = values.count(None)
    inputs = {"inputs": 1 + arrays} if arrays else {}  # each attribute takes its time
    return "fused_activation", {"formula": "_".join(formula), **inputs, **dict(zip("ab", numbers))}


def _handle(name: str) -> Any:
    """MXNet's handle of an operator."""
    handle = OpHandle()
    check_call(_LIB.NNGetOpHandle(c_str(name), ctypes.byref(handle)))
    return handle
