"""Give NumPy back the names that MXNet reads and newer releases removed.

MXNet 1.9.1 and 2.0.0b1 were released in 2021 and 2022 and fail at import on
NumPy 1.24 or later. Only names that are absent are added, so on an older NumPy
nothing happens. Import this module before MXNet; the package does.
"""

import warnings
from types import ModuleType
from typing import Any

import numpy


def _gone(name: str) -> Any:
    """A placeholder for a financial function that left NumPy altogether."""

    def function(*args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(f"numpy.{name} left NumPy in 1.20: use the package numpy-financial")

    function.__name__ = name
    return function


_SUCCESSORS: dict[str, Any] = {
    "bool": numpy.bool_,
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
    **{name: _gone(name) for name in ("mirr", "npv", "pmt", "ppmt", "pv", "rate")},
}


def restore(module: ModuleType = numpy) -> list[str]:
    """Add to ``module`` the names of the table that it lacks, and return them."""
    # vars(), not hasattr(): NumPy 1.20 to 1.23 answers for numpy.bool with a warning.
    missing = [name for name in _SUCCESSORS if name not in vars(module) and not _answers(module, name)]
    for name in missing:
        setattr(module, name, _SUCCESSORS[name])
    return missing


def _answers(module: ModuleType, name: str) -> bool:
    """Whether a module-level ``__getattr__`` still serves a deprecated name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return hasattr(module, name)


restore()
