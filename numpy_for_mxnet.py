"""MXNet on today's NumPy, and on Python 3.12 and 3.13.

MXNet's last releases, 1.9.1 and 2.0.0b1, are of 2022. On NumPy 1.24 or later ``import mxnet`` stops at a
name that is gone; on NumPy 2 many an ordinary call then fails. Import this module before MXNet, or after an
import of it that failed::

    import numpy_for_mxnet
    import mxnet

``import gluon_activations`` does so too. On NumPy below 1.24 nothing is touched. This file needs nothing
but NumPy and MXNet, so it can also be copied.
"""

import builtins
import contextlib
import functools
import importlib.util
import inspect
import operator
import sys
import types
import warnings
from typing import Any, Callable

import numpy

__all__ = ["names", "repair"]

NUMPY = tuple(map(int, numpy.__version__.split(".")[:2]))


# Names that are gone: added to NumPy, where absent, since MXNet and the packages around it read them there.
# ---------------------------------------------------------------------------------------------------------


def _left(name: str) -> Callable[..., None]:
    """A placeholder for a financial function that left NumPy altogether."""

    def function(*args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"numpy.{name} left NumPy in 1.20: use the package numpy-financial")

    function.__name__ = name
    return function


_SUCCESSORS: dict[str, Any] = {
    "bool": numpy.bool_,
    "int": int,
    "float": float,
    "complex": complex,
    "object": object,
    "str": str,
    "PZERO": 0.0,
    "NZERO": -0.0,
    "NaN": numpy.nan,
    "NAN": numpy.nan,
    "Inf": numpy.inf,
    "NINF": -numpy.inf,
    "PINF": numpy.inf,
    "alltrue": numpy.all,
    "sometrue": numpy.any,
    "product": numpy.prod,
    "in1d": lambda element, test_elements, **kwargs: numpy.isin(numpy.ravel(element), test_elements, **kwargs),
    "msort": lambda a: numpy.sort(a, axis=0),
    "round_": numpy.round,
    "trapz": getattr(numpy, "trapezoid", None),
    "compat": types.SimpleNamespace(basestring=str),
    **{name: _left(name) for name in ("mirr", "npv", "pmt", "ppmt", "pv", "rate")},
}


def names(module: types.ModuleType = numpy) -> list[str]:
    """Add to ``module`` the names of the table that it lacks, and return them."""
    missing = [name for name in _SUCCESSORS if not _answers(module, name)]
    for name in missing:
        setattr(module, name, _SUCCESSORS[name])
    return missing


def _answers(module: types.ModuleType, name: str) -> bool:
    """Whether a module has a name, also one that it still serves with a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return hasattr(module, name)


# Parameters travel to MXNet's engine as text, in which NumPy 2 writes np.int64(4) for the 4 of a tuple.
# ---------------------------------------------------------------------------------------------------------


class _Text(type):
    """So that ``isinstance(x, str)`` means what it says where ``str`` is the class below."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, builtins.str)


class _AsBefore(str, metaclass=_Text):
    """``str`` as NumPy 1 wrote it: scalars inside containers without their type."""

    def __new__(cls, value: object = "") -> Any:
        text = builtins.str(value)
        if "np." not in text or isinstance(value, builtins.str):
            return text
        before: Any = "1.25"  # of which the types of an older NumPy do not know
        with numpy.printoptions(legacy=before):
            return builtins.str(value)


def _write_as_before() -> None:
    """Let the modules of MXNet that hand text to the engine write it as before."""
    for module in _modules():
        if {"c_str", "c_str_array"} & {*vars(module)}:
            module.str = _AsBefore  # type: ignore[attr-defined]


# What NumPy 2 calls otherwise, answers otherwise or refuses.
# ---------------------------------------------------------------------------------------------------------


class _NumPy(types.ModuleType):
    """NumPy for MXNet's own modules: a number that does not fit goes round, as MXNet itself has it."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(numpy, "_core" if name == "core" and NUMPY >= (2, 0) else name)
        setattr(self, name, found)
        return found

    def array(self, values: Any, dtype: Any = None, **options: Any) -> Any:
        with numpy.errstate(over="ignore", invalid="ignore"):
            try:
                return numpy.array(values, dtype=dtype, **options)
            except OverflowError:
                return numpy.array(values, **options).astype(dtype)


def _compute_as_before() -> None:
    """Let MXNet's modules compute with it."""
    before = _NumPy("numpy", numpy.__doc__)
    for module in _modules():
        for name, value in vars(module).items():
            if value is numpy:
                setattr(module, name, before)


class _Sum:
    """The sum of a metric, in float64: NumPy 2 adds a number of float32 to one of Python's in float32."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, metric: Any, owner: Any = None) -> Any:
        return self if metric is None else vars(metric)[self._name]

    def __set__(self, metric: Any, value: Any) -> None:
        vars(metric)[self._name] = numpy.float64(value) if isinstance(value, (float, numpy.floating)) else value


def _add_up_as_before(metrics: Any) -> None:
    """Let all of MXNet's metrics add up in float64."""
    for name in ("sum_metric", "global_sum_metric"):
        setattr(metrics.EvalMetric, name, _Sum(name))


class _Number(numpy.float64):
    """A number that is printed as NumPy 1 printed it."""

    __slots__ = ()
    __repr__ = float.__repr__


def _plain(value: Any) -> Any:
    """Python's numbers in place of NumPy's, also in tuples and lists."""
    return value.item() if isinstance(value, numpy.generic) else _within(_plain, value)


def _printed(value: Any) -> Any:
    """Numbers that print as before in place of NumPy's, also in tuples and lists."""
    return _Number(value) if isinstance(value, numpy.floating) else _within(_printed, value)


def _within(change: Callable[[Any], Any], value: Any) -> Any:
    """A tuple or list with its elements changed; itself if none is."""
    if type(value) not in (tuple, list):
        return value
    changed = [change(each) for each in value]
    return type(value)(changed) if any(map(operator.is_not, changed, value)) else value


def _marked(function: Any) -> Any:
    """A function that is not changed again."""
    function.of_either_kind = True
    return function


def _given_plain(function: Callable[..., Any]) -> Any:
    """A function that gets Python's numbers, with which NumPy 1 computed as with its own."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*map(_plain, args), **{name: _plain(value) for name, value in kwargs.items()})

    return _marked(wrapper)


def _giving_printed(function: Callable[..., Any]) -> Any:
    """A function whose numbers are printed as before."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return _printed(function(*args, **kwargs))

    return _marked(wrapper)


# What is made or set with numbers that MXNet computes with or prints, what it calls a truth value that it hands to
# C, how many random numbers it draws, and what a metric is asked for.
_MADE = {"Block", "Optimizer", "LRScheduler", "Initializer", "EvalMetric", "DataIter", "DataLoader", "Sampler"}
_MADE |= {"BaseRNNCell", "Trainer"}
_FLAGS = {"active", "create_graph", "is_recording", "is_train", "retain_graph", "train_mode"}
_COUNTS = {"size", "batch_shape"}
_ASKED = {"get", "get_global"}


def _changed(name: str, function: Any, kind: Any, module: types.ModuleType) -> Any:
    """A function of a module, or a method of a kind, that takes and gives numbers of either kind if it has to."""
    code = inspect.unwrap(function).__code__
    given = {*code.co_varnames[: code.co_argcount]}
    made = _MADE & {base.__name__ for base in getattr(kind, "__mro__", ())}
    if made and name in _ASKED:
        return _giving_printed(function)
    is_made = made and (name == "__init__" or name.startswith("set_"))
    is_flagged = "c_int" in code.co_names and _FLAGS & given
    is_drawn = module.__name__.endswith(".random") and _COUNTS & given
    return _given_plain(function) if is_made or is_flagged or is_drawn else function


def _take_and_give_plain() -> None:
    """Let what MXNet makes, draws and measures take and give numbers of either kind."""
    after: dict[Any, Any] = {}
    for module in _modules():
        kinds = {value for value in vars(module).values() if isinstance(value, type)}
        for place in (module, *(kind for kind in kinds if kind.__module__ == module.__name__)):
            for name, function in list(vars(place).items()):
                own = isinstance(function, types.FunctionType) and function.__module__ == module.__name__
                if own and not hasattr(function, "of_either_kind"):
                    after[function] = _changed(name, function, place, module)
                    setattr(place, name, after[function])
    for module in _modules():  # also where a function is held under another name
        for name, value in list(vars(module).items()):
            if isinstance(value, types.FunctionType) and value in after:
                setattr(module, name, after[value])


def _elements_as_before(base: Any) -> None:
    """Let arrays of one element be numbers where MXNet writes a C array."""
    own = base.c_array
    if hasattr(own, "of_either_kind"):
        return

    @_marked
    @functools.wraps(own)
    def c_array(ctype: Any, values: Any) -> Any:
        try:
            return own(ctype, values)
        except TypeError:
            return own(ctype, [each.item() if getattr(each, "size", 0) == 1 else each for each in values])

    for module in _modules():
        if vars(module).get("c_array") is own:
            module.c_array = c_array  # type: ignore[attr-defined]


def _as_array(self: Any, dtype: Any = None, copy: Any = None) -> Any:
    """What NumPy makes of an array of MXNet, which NumPy 1.24 or later cannot find out by its elements."""
    if copy is False:
        raise ValueError("an array of MXNet is copied to become one of NumPy")
    return self.asnumpy().astype(self.dtype if dtype is None else dtype, copy=False)


# Methods of arrays that are gone, by the name of their successor.
_METHODS = {"tostring": "tobytes"}


def _call_by_new_names() -> None:
    """Let MXNet's functions call methods of arrays by the names that they have today."""
    for module in _modules():
        for function in vars(module).values():
            if isinstance(function, types.FunctionType) and function.__module__ == module.__name__:
                read = function.__code__.co_names
                if _METHODS.keys() & {*read}:
                    code = function.__code__.replace(co_names=tuple(_METHODS.get(name, name) for name in read))
                    function.__code__ = code


def _modules() -> list[types.ModuleType]:
    return [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == "mxnet" and module]


def repair() -> None:
    """Do all of it; the import of this module calls it."""
    if NUMPY < (1, 24):
        return
    names()
    if importlib.util.find_spec("distutils") is None:
        # setuptools gives it back by itself, but not to a process that is older than its installation.
        with contextlib.suppress(ImportError):
            importlib.import_module("setuptools")
    try:
        mxnet = importlib.import_module("mxnet")
    except ModuleNotFoundError as error:
        if error.name == "mxnet":
            return
        if error.name == "distutils":
            raise ModuleNotFoundError(
                "Python 3.12 dropped distutils, which MXNet reads: pip install setuptools"
            ) from error
        raise
    if "__array__" not in vars(mxnet.nd.NDArray):
        mxnet.nd.NDArray.__array__ = _as_array
    _compute_as_before()
    if NUMPY >= (2, 0):
        _write_as_before()
        _call_by_new_names()
        _take_and_give_plain()
        _elements_as_before(mxnet.base)
        _add_up_as_before(getattr(mxnet, "metric", None) or mxnet.gluon.metric)


repair()
