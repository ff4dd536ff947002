"""The kinds of array, and the one switch between MXNet's two lines.

MXNet has four kinds: legacy ``mx.nd`` arrays, ``mx.np`` arrays, and the Symbols of both. What is
done is chosen by the type of the array at hand, never by a global mode, so that functions,
blocks, hybridized graphs and exports share one source.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import numpy

import mxnet as mx
from mxnet.gluon import Block, HybridBlock, Parameter, SymbolBlock, contrib, nn

# By what MXNet can do rather than by its number.
GLUON_2 = not hasattr(mx.gluon.HybridBlock, "hybrid_forward")
FLOATS = ("float16", "float32", "float64")
_SPARSE = mx.nd.sparse.BaseSparseNDArray
_ARRAYS = (mx.nd.NDArray, mx.sym.Symbol)
_NUMPY_KINDS = (mx.np.ndarray, mx.sym.np._Symbol)


def is_symbol(x: Any) -> bool:
    """Whether ``x`` is a node of a graph rather than an array with values."""
    return isinstance(x, mx.sym.Symbol)


def is_array(x: Any) -> bool:
    """Whether ``x`` is of one of the four kinds."""
    return isinstance(x, _ARRAYS)


def is_numpy_kind(x: Any) -> bool:
    """Whether ``x`` is an ``mx.np`` array or a Symbol of that kind."""
    return isinstance(x, _NUMPY_KINDS)


def dtype_of(x: Any) -> str | None:
    """Name of the dtype of ``x``; None for a Symbol whose dtype is not settled yet."""
    if not is_symbol(x):
        _building.asked = True
        return _name_of(x.dtype)
    with contextlib.suppress(mx.base.MXNetError):
        return _inferred(x, {})
    # An operator fails while its input's dtype is open, as Dropout does. What follows whatever that is, is known.
    arguments, declared = x.list_arguments(), x.attr_dict()
    open_ones = [name for name in arguments if "__dtype__" not in declared.get(name, {})]
    found = set()
    for assumed in ("float32", "float64"):
        with contextlib.suppress(mx.base.MXNetError):
            found.add(_inferred(x, dict.fromkeys(open_ones, assumed)))
    return found.pop() if len(found) == 1 else None


def _inferred(x: Any, known: dict[str, str]) -> str | None:
    (dtype,) = x.infer_type_partial(**known)[1] or (None,)
    return None if dtype is None else _name_of(dtype)


@functools.cache
def _name_of(dtype: Any) -> str:
    found = numpy.dtype(dtype)
    # MXNet writes bfloat16 as a record of two bytes. The other names NumPy puts together anew each time.
    return found.names[0] if found.names else str(found.name)


class _Building(threading.local):
    """The graph that is being built in a thread."""

    def __init__(self) -> None:
        # Whether somebody has asked for what may be otherwise in arrays to come (dtype, empty, 0-d), and what is
        # known of those that it is built for, which Symbols do not tell.
        self.asked = self.empty = self.scalar = False


_building = _Building()


def is_empty(x: Any) -> bool:
    """Whether ``x`` has no element, or is in a graph that is built for such arrays."""
    _building.asked = True
    return _building.empty if is_symbol(x) else 0 in x.shape


def is_scalar(x: Any) -> bool:
    """Whether ``x`` has no axis, or is in a graph that is built for such arrays."""
    _building.asked = True
    return _building.scalar if is_symbol(x) else x.ndim == 0


def settle_dtype(x: Any, dtype: str | None) -> Any:
    """``x``, with its dtype written into the graph if it is a Symbol and that is not the default."""
    return x.astype(dtype) if is_symbol(x) and dtype not in (None, "float32") else x


def dense(x: Any) -> Any:
    """``x``, or its numbers in a dense array: few operators take another."""
    return x.tostype("default") if isinstance(x, _SPARSE) else x


def device_of(x: Any) -> Any:
    """The context of an array, under either line's name for it."""
    return x.ctx if hasattr(x, "ctx") else x.device


def check(x: Any, name: str) -> str | None:
    """The dtype of ``x``; TypeError unless it is a floating-point MXNet array or a Symbol."""
    if not is_array(x):
        kind = f"{type(x).__module__}.{type(x).__name__}"
        raise TypeError(f"{name} takes an MXNet array (mx.np.array or mx.nd.array), not {kind}")
    dtype = dtype_of(x)
    if dtype is not None and dtype not in FLOATS:
        raise TypeError(f"{name} takes {', '.join(FLOATS)}, not {dtype}: convert with .astype('float32')")
    return dtype


def array(values: Any, dtype: Any = "float32", ctx: Any = None) -> Any:
    """Make an array of the kind that this session uses: ``mx.np`` after ``npx.set_np()``, else ``mx.nd``.

    Parameters
    ----------
    values : array_like
        Numbers, nested lists or a NumPy array.
    dtype : str or dtype
        What they are held in.
    ctx : mxnet.Context, optional
        Where; by default MXNet's current one.

    Returns
    -------
    mxnet array
    """
    new = mx.np.array if GLUON_2 or mx.util.is_np_array() else mx.nd.array
    return new(numpy.asarray(values), dtype=dtype, ctx=ctx)


def plain(value: Any) -> Any:
    """Python's numbers and texts in place of NumPy's, also in tuples, lists and dicts."""
    if isinstance(value, numpy.generic):
        return value.item()
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    if type(value) is dict:
        return {plain(key): plain(held) for key, held in value.items()}
    return value


def like(x: Any, y: Any) -> Any:
    """The array ``y`` in the kind of ``x``; autograd.grad gives legacy arrays always."""
    return y.as_np_ndarray() if is_numpy_kind(x) else y


def variable(name: str, dtype: str = "float32") -> Any:
    """A Symbol without a value yet, of the kind that this session uses."""
    made = mx.sym.var(name, dtype=dtype)
    return made.as_np_ndarray() if mx.util.is_np_array() else made


@contextlib.contextmanager
def numpy_arrays(active: bool = True) -> Iterator[None]:
    """A session as after ``npx.set_np()``, whatever it was before, or as without it."""
    with mx.util.np_shape(active), mx.util.np_array(active):
        yield


# What Gluon calls otherwise on its two lines.


def new_parameter(block: Block, name: str, value: float, size: int) -> None:
    """Give a block a trained parameter: ``size`` numbers that start at ``value``."""
    new = Parameter if GLUON_2 else block.params.get
    setattr(block, name, new(name, shape=(size,), init=mx.init.Constant(value)))


def initialize_on(block: Block, devices: Any) -> None:
    """Initialise a block on these devices."""
    block.initialize(**{"device" if GLUON_2 else "ctx": devices})


# Gluon's layers that take an ``activation=``, which they keep as a block and call last.
WITH_ACTIVATION = (
    nn.Dense,
    *(getattr(nn, f"Conv{n}D{kind}") for n in (1, 2, 3) for kind in ("", "Transpose")),
    *(
        getattr(module, name)
        for module in (nn, getattr(contrib, "cnn", None))  # the one on 2.x, the other on 1.9
        for name in ("DeformableConvolution", "ModulatedDeformableConvolution")
        if hasattr(module, name)
    ),
)


def own_parameters(block: Block) -> dict[str, Parameter]:
    """A block's own parameters, by name; on 1.9 also those that it keeps in a list, not as attributes."""
    own = dict(block._reg_params)
    if not GLUON_2:
        seen = {id(p) for p in own.values()}
        own |= {n.removeprefix(block.prefix): p for n, p in block._params.items() if id(p) not in seen}
    return own


def children(block: Block) -> Iterator[tuple[str, Block]]:
    """The blocks directly inside a block, each with its key there."""
    for key, child in block._children.items():
        yield key, child() if isinstance(child, weakref.ref) else child  # 2.x holds references


# MXNet builds the graph of a net for its first arrays, and keeps it for those of another dtype or without elements
# or axes.


def _building_a_graph(own: Any) -> Any:
    """MXNet's method that builds a graph, which notes for which arrays if it depends on that."""

    @functools.wraps(own)
    def wrapper(self: Any, *args: Any) -> Any:
        if self._cached_graph:
            return own(self, *args)
        outer, arrays = dict(vars(_building)), _kinds_of(args)
        _building.asked = False
        _building.empty, _building.scalar = (any(each) for each in zip((False, False), *(a[1:] for a in arrays)))
        try:
            graph = own(self, *args)
            self._built_for = arrays if _building.asked else None
        finally:
            vars(_building).update(outer)
        return graph

    return wrapper


def _running_a_graph(own: Any) -> Any:
    """MXNet's method that runs a graph, which has it built anew where it was built for other arrays."""

    @functools.wraps(own)
    def wrapper(self: Any, *args: Any) -> Any:
        built_for = vars(self).get("_built_for")
        if built_for is not None and built_for != _kinds_of(args):
            self._clear_cached_op()
        return own(self, *args)

    return wrapper


def _kinds_of(args: Any) -> list[tuple[Any, bool, bool]]:
    """Of each array, also of those in lists: its dtype, whether it has no element, and whether it has no axis."""
    found = []
    for each in args:
        if isinstance(each, (list, tuple)):
            found += _kinds_of(each)
        elif isinstance(each, mx.nd.NDArray):
            shape = each.shape
            found.append((each.dtype, 0 in shape, not shape))
    return found


def _classes(kind: Any) -> Iterator[Any]:
    """A class and its children; with ``use_np`` a child has its own copies of what it inherits."""
    yield kind
    for child in kind.__subclasses__():
        yield from _classes(child)


def wrap(name: str, change: Any) -> None:
    """Change this method of HybridBlock, wherever a class has one of its own."""
    for kind in set(_classes(HybridBlock)):
        if name in vars(kind):
            setattr(kind, name, change(vars(kind)[name]))


wrap("_get_graph", _building_a_graph)
wrap("_call_cached_op", _running_a_graph)


# MXNet 1.9 keeps the Symbol of a parameter after a cast, and so tells graphs to come what its dtype was.


def _casting(own: Any) -> Any:
    """MXNet's method that casts a parameter, which then is another Symbol in the graphs to come."""

    @functools.wraps(own)
    def wrapper(self: Any, dtype: Any) -> None:
        own(self, dtype)
        self._var = None

    return wrapper


def _casting_a_graph(own: Any) -> Any:
    """MXNet's method that casts a graph from a file, whose Symbols of parameters then say so."""

    @functools.wraps(own)
    def wrapper(self: Any, dtype: Any) -> None:
        own(self, dtype)
        inside = self._cached_graph[1].get_internals()
        for name in set(self.params) & set(inside.list_outputs()):
            inside[name]._set_attr(__dtype__=self.params[name].var().attr("__dtype__"))

    return wrapper


if not GLUON_2:
    Parameter.cast, SymbolBlock.cast = _casting(Parameter.cast), _casting_a_graph(SymbolBlock.cast)
