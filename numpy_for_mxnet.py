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
import importlib.util
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
        found = getattr(numpy, name)
        setattr(self, name, found)
        return found

    def array(self, values: Any, dtype: Any = None, **options: Any) -> Any:
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
    if NUMPY >= (2, 0):
        _write_as_before()
        _compute_as_before()
        _call_by_new_names()
        _add_up_as_before(getattr(mxnet, "metric", None) or mxnet.gluon.metric)


repair()
