"""``repair()``: MXNet's own activations become ours, in nets that nobody edits."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import threading
from collections.abc import Iterator
from numbers import Real
from typing import Any, Callable

import mxnet as mx
from mxnet.gluon import nn

from . import functional, fused, ops
from ._arrays import FLOATS, GLUON_2, device_of, dtype_of, is_array, is_symbol
from .fused import _graphs, _portable

# What MXNet's Activation is called, and which formula that is.
_KINDS = {
    "relu": "relu",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "softrelu": "softplus",
    "softsign": "softsign",
    "log_sigmoid": "log_sigmoid",
    "mish": "mish",
}


# Each gives the function that takes the place of an operator with these attributes, or None where it stays.


def _activation(act_type: str = "relu", **others: Any) -> Any:
    return getattr(functional, _KINDS[act_type]) if act_type in _KINDS else None


def _leaky_relu(act_type: str = "leaky", slope: Any = 0.25, **others: Any) -> Any:
    if act_type == "prelu":
        return _prelu
    if act_type == "leaky":
        return functools.partial(functional.leaky_relu, alpha=float(slope))
    if act_type == "elu" and float(slope) > 0:
        return functools.partial(functional.elu, alpha=float(slope))
    return {"selu": functional.selu, "gelu": functional.gelu}.get(act_type)  # rrelu is random and stays


def _prelu(x: Any, alpha: Any) -> Any:
    return functional.prelu(x, alpha=alpha, per_channel=not is_symbol(alpha) and alpha.size > 1)


def _hard_sigmoid(alpha: Any = 0.2, beta: Any = 0.5, **others: Any) -> Any:
    fits = float(beta) == 0.5 and float(alpha) > 0
    return functools.partial(functional.hard_sigmoid, slope=float(alpha)) if fits else None


# By what an operator is called among legacy arrays; npx and np have names of their own for two of them.
_OPERATORS: dict[str, Callable[..., Any]] = {
    "Activation": _activation,
    "LeakyReLU": _leaky_relu,
    "hard_sigmoid": _hard_sigmoid,
    "erf": lambda **others: ops.erf,
    **{kind: functools.partial(_activation, kind) for kind in _KINDS},
}
_NEW_NAMES = {"Activation": "activation", "LeakyReLU": "leaky_relu"}
_OLD_NAMES = {new: old for old, new in _NEW_NAMES.items()}

_undo: list[Callable[[], None]] = []  # while a repair is in force
_here = threading.local()  # whether this thread is inside a function of ours, which may call MXNet's


class Repair(list):  # type: ignore[type-arg]
    """The names of what is ours now; at the end of a ``with`` it is MXNet's again."""

    def __enter__(self) -> Repair:
        """Everything has been done."""
        return self

    def __exit__(self, *error: Any) -> None:
        """Undo it, unless an earlier call is still in force."""
        while self._began and _undo:
            _undo.pop()()

    _began: bool  # whether it was this call that has replaced everything


def repair(verbose: bool = True) -> Repair:
    """Make MXNet's own activations right in every tail, and as fast as ours, from now on.

    ``nn.Activation``, ``LeakyReLU``, ``PReLU``, ``ELU``, ``SELU``, ``GELU``, ``Swish``, ``SiLU`` and their
    operators compute what ours do, eagerly and hybridized, in nets that are there already and in files
    that are loaded. A net's graph stays as it is, and so does what it exports. The environment variable
    ``GLUON_ACTIVATIONS_REPAIR=1`` does it at import.

    Parameters
    ----------
    verbose : bool
        Whether it prints what it has changed and what it cannot reach. By default so.

    Returns
    -------
    Repair
        The names of what has been changed. As in ``with repair():`` it ends with the block; graphs that were
        built inside stay repaired.
    """
    found = Repair()
    found._began = not _undo
    found += _begin()
    if verbose:
        way = "compiled" if fused.enabled() else "composed"
        print(f"MXNet's activations are now ours ({way}): {', '.join(found)}.\n{_LIMITS}")
    return found


_LIMITS = """Not reached: calls with out=; arrays that are sparse or on a GPU; graphs that ran before (hybridize()
makes them anew); functions imported out of MXNet by name; quantised operators. Lost: the second derivatives
of the operators relu, sigmoid and tanh. Without kernels, graphs take no whole numbers, and the slopes of a
PReLU stay MXNet's."""


def _functions() -> Iterator[tuple[str, Any, Callable[..., Any]]]:
    """MXNet's functions of arrays that can be replaced: name, function, translation of its attributes."""
    for name, translate in _OPERATORS.items():
        for said, called in (("mx.nd", name), *((said, _NEW_NAMES.get(name, name)) for said in _NEW_MODULES)):
            module = functools.reduce(getattr, said.split(".")[1:], mx)
            if hasattr(module, called):
                yield f"{said}.{called}", getattr(module, called), translate


_NEW_MODULES = ("mx.npx", "mx.np", "mx.nd.npx", "mx.nd.np")


def _begin() -> list[str]:
    """Replace what is to be replaced, unless that has been done; the names of it all."""
    if _undo:
        return _names
    functions = [*_functions()]
    _names[:] = [name for name, *_ in functions if name.count(".") == 2]
    new = {id(function): _eager(function, translate) for _, function, translate in functions}
    new[id(mx.nd.CachedOp)] = _graph_of_ours(mx.nd.CachedOp)
    for module in [module for name, module in sys.modules.items() if name.split(".")[0] == "mxnet"]:
        for name, value in [*vars(module).items()]:
            if id(value) in new:
                _set(module, name, new[id(value)])
    for kind in (getattr(nn, name) for name in ("Swish", "SiLU") if hasattr(nn, name)):
        method = "forward" if GLUON_2 else "hybrid_forward"
        _set(kind, method, _gate(getattr(kind, method)))
        _names.append(f"nn.{kind.__name__}")
    for method in {"bind", "simple_bind", "_bind", "_simple_bind"} & set(vars(mx.sym.Symbol)):
        _set(mx.sym.Symbol, method, _graphs.of_changed(_repaired, getattr(mx.sym.Symbol, method)))
    _names.append("graphs")
    return _names


_names: list[str] = []


def _set(owner: Any, name: str, value: Any) -> None:
    _undo.append(functools.partial(setattr, owner, name, getattr(owner, name)))
    setattr(owner, name, value)


# -- eagerly ---------------------------------------------------------------------------------


def _suits(x: Any) -> bool:
    """Whether an array is one that ours work on, outside of what is already at work."""
    if getattr(_here, "inside", False) or is_symbol(x) or not is_array(x) or ops.is_traced():
        return False
    return dtype_of(x) in FLOATS and x.stype == "default" and device_of(x).device_type == "cpu"


def _ours(function: Callable[..., Any], *arrays: Any) -> Any:
    _here.inside = True
    try:
        return function(*arrays)
    finally:
        _here.inside = False


def _eager(own: Any, translate: Callable[..., Any]) -> Any:
    """A function of MXNet that does what ours does where it can."""
    signature = inspect.signature(own)

    @functools.wraps(own)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs).arguments
        options = {**given.pop("kwargs", {}), **given}
        arrays = [options.pop(key) for key in ("data", "x", "gamma") if options.get(key) is not None]
        if options.get("out") is None and arrays and all(map(_suits, arrays)) and _fit(*arrays):
            function = translate(
                **{key: value for key, value in options.items() if isinstance(value, (str, Real))}
            )
            if function is not None:
                return _ours(function, *arrays)
        return own(*args, **kwargs)

    return wrapper


def _fit(x: Any, slope: Any = None) -> bool:
    """Whether the slopes of a PReLU are one for all, or one for each index of axis 1."""
    return slope is None or (slope.dtype == x.dtype and (slope.size == 1 or slope.shape == x.shape[1:2]))


def _gate(own: Any) -> Any:
    """The forward pass of MXNet's Swish and SiLU."""

    @functools.wraps(own)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args and _suits(args[-1]):
            return _ours(functional.swish, args[-1], float(getattr(self, "_beta", 1.0)))
        return own(self, *args, **kwargs)

    return wrapper


# -- in graphs -------------------------------------------------------------------------------


def _graph_of_ours(own: Any) -> Any:
    """MXNet's class of graphs that run, which makes them from ours."""

    class CachedOp(own):
        __slots__ = ()
        __doc__ = own.__doc__

        def __init__(self, sym: Any, *args: Any, **kwargs: Any) -> None:
            super().__init__(_repaired(sym), *args, **kwargs)

    return CachedOp


def _repaired(symbol: Any) -> Any:
    """A graph with MXNet's activations replaced; itself where there are none, or where it may run on a GPU."""
    if mx.runtime.Features().is_enabled("CUDA"):
        return symbol
    made = _graphs.rewrite(symbol, _node)
    return made if made.list_inputs() == symbol.list_inputs() else symbol


def _node(nodes: _graphs.Nodes, inputs: list[Any], node: dict[str, Any], before: _graphs.Nodes) -> Any:
    """What takes the place of one node of a graph."""
    function = _swish(node, before) or _function(node)
    if function is None or (function is _prelu and not fused.enabled()):  # composed, it wants to know its shape
        return None
    if _bare(node) in _PRODUCTS:
        inputs = inputs[:1]
    count = len(nodes)
    made = _graphs.splice(nodes, inputs, node["name"], function, node["op"].startswith("_np"))
    for new in nodes[count:]:
        if _portable.CALL in new.get("attrs", ()):
            new["attrs"]["whole"] = "1"  # MXNet's own take whole numbers, ours do not
    return made


_PRODUCTS = ("elemwise_mul", "broadcast_mul", "multiply")
_SCALED = ("_mul_scalar", "multiply_scalar")


def _bare(node: dict[str, Any]) -> str:
    """The name of an operator without what tells NumPy's kind."""
    return re.sub("^_np[xi]?_", "", node["op"])


def _function(node: dict[str, Any]) -> Any:
    """What takes the place of an operator of a graph."""
    name = _bare(node)
    translate = _OPERATORS.get(_OLD_NAMES.get(name, name))
    if translate is None or name == "erf":  # which is mended in float64, and a graph does not tell
        return None
    return translate(**{key: value for key, value in node.get("attrs", {}).items() if not key.startswith("__")})


def _swish(node: dict[str, Any], before: _graphs.Nodes) -> Any:
    """Swish, where a node is x * sigmoid(beta * x)."""
    if _bare(node) not in _PRODUCTS:
        return None
    x, factor = node["inputs"]
    gate = before[factor[0]]
    if _function(gate) is not functional.sigmoid:
        return None
    (inner,) = gate["inputs"]
    scaled = before[inner[0]]
    if inner == x:
        return functional.silu
    if _bare(scaled) in _SCALED and scaled["inputs"] == [x]:
        return functools.partial(functional.swish, beta=float(scaled["attrs"]["scalar"]))
    return None


def start() -> None:
    """What the environment variable asks for, at import."""
    if fused.asked_for("GLUON_ACTIVATIONS_REPAIR", "0"):
        repair()
