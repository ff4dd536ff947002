"""Parameters, declared once: what each may be, in words for readers and as a check.

A declaration stands in the signature of a formula, ``alpha: Annotated[float, Number(...)] = 1.0``.
Docstrings, ``repr``, sliders, messages and the checks of function and block come from it.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any, Callable

import numpy

from ._arrays import is_array
from ._wording import in_a_line

_LARGEST, _SMALLEST = 3.4028234663852886e38, 1.1754943508222875e-38  # of float32's normal numbers


@dataclass(frozen=True)
class Parameter:
    """What is common to all kinds of parameter."""

    about: str
    letter: str = ""  # LaTeX, as the formulas of the catalog have it; empty if they do not
    turn: tuple[float, float] | None = None  # how far a slider goes
    name: str = ""  # this and the default are read off the signature
    default: Any = inspect.Parameter.empty

    kind = ""  # what is allowed, in words
    type_name = "object"
    single = False

    def check(self, value: Any, whose: str, others: dict[str, Any] | None = None) -> Any:
        """The value, or a one-line error that says whose parameter it is, what is allowed and what came."""
        raise NotImplementedError

    def _error(self, kind: type[Exception], allowed: str, value: Any, whose: str) -> Exception:
        return kind(f"{whose}'s {self.name} is {allowed}, not {in_a_line(value)}")


@dataclass(frozen=True)
class Number(Parameter):
    """A finite number that float32 can hold, above, from or below a bound."""

    above: float | str = -inf  # a number, or the name of the parameter that it has to exceed
    at_least: float = -inf
    below: float = inf
    arrays: bool = False  # whether a function also takes an MXNet array, which is not looked into
    single: bool = False  # whether that holds one number, or one for each index of axis 1 if per_channel is True

    type_name = "float"

    @property
    def kind(self) -> str:  # type: ignore[override]
        """What is allowed, in words."""
        return self._kind("")

    def _kind(self, is_now: str) -> str:
        """What is allowed, with what a bound that is another parameter is at the moment."""
        bounds = [f"above {self.above}{is_now}"] if self.above != -inf else []
        bounds += [f"of at least {self.at_least:g}"] if self.at_least > -inf else []
        bounds += [f"below {self.below:g}"] if self.below < inf else []
        also = " or an MXNet array" if self.arrays else ""
        return " ".join(["a finite number", " and ".join(bounds)]).strip() + also

    def check(self, value: Any, whose: str, others: dict[str, Any] | None = None) -> Any:
        """The value as a float; an array, where one may be given, as it is."""
        if self.arrays and is_array(value):
            return value
        if not isinstance(value, Real) or isinstance(value, bool):
            raise self._error(TypeError, self.kind, value, whose)
        held = f"a number that float32 can hold, so 0 or {_SMALLEST:.3g} to {_LARGEST:.3g} in size"
        try:
            number = float(value)
        except OverflowError:
            raise self._error(ValueError, held, value, whose) from None
        above, kind = self.above, self.kind
        if isinstance(above, str):
            above = (others or {})[above]
            kind = self._kind(f" = {above:g}")
        if not (isfinite(number) and above < number and self.at_least <= number < self.below):
            raise self._error(ValueError, kind, value, whose)
        if number and not _SMALLEST <= abs(number) <= _LARGEST:
            raise self._error(ValueError, held, value, whose)
        return number


@dataclass(frozen=True)
class Integer(Parameter):
    """A whole number, of at least a bound."""

    at_least: float = -inf

    type_name = "int"

    @property
    def kind(self) -> str:  # type: ignore[override]
        """What is allowed, in words."""
        return "an integer" + (f" of at least {self.at_least:g}" if self.at_least > -inf else "")

    def check(self, value: Any, whose: str, others: dict[str, Any] | None = None) -> int:
        """The value as an int."""
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise self._error(TypeError, self.kind, value, whose)
        if value < self.at_least:
            raise self._error(ValueError, self.kind, value, whose)
        if abs(int(value)) >= 2**31:  # which MXNet cannot read
            raise self._error(ValueError, "an integer that 32 bits can hold", value, whose)
        return int(value)


class Flag(Parameter):
    """True or False."""

    kind = "True or False"
    type_name = "bool"

    def check(self, value: Any, whose: str, others: dict[str, Any] | None = None) -> bool:
        """The value as a bool."""
        if not isinstance(value, (bool, numpy.bool_)):
            raise self._error(TypeError, self.kind, value, whose)
        return bool(value)


@dataclass(frozen=True)
class Choice(Parameter):
    """One of a few words."""

    options: Iterable[str] = ()

    @property
    def kind(self) -> str:  # type: ignore[override]
        """What is allowed, in words."""
        return "one of " + ", ".join(map(repr, self.options))

    @property
    def type_name(self) -> str:  # type: ignore[override]
        """As NumPy's docstrings write it."""
        return "{" + ", ".join(f'"{option}"' for option in self.options) + "}"

    def check(self, value: Any, whose: str, others: dict[str, Any] | None = None) -> str:
        """The value as a str."""
        if not isinstance(value, str):  # before anything is compared: arrays refuse that
            raise self._error(TypeError, self.kind, value, whose)
        if value not in tuple(self.options):
            raise self._error(ValueError, self.kind, value, whose)
        return str(value)


class Declared:
    """The parameters of a function or of a block, read off its signature.

    Attributes
    ----------
    whose : str
        What messages call it.
    parameters : dict
        The declarations by name, in order.
    signature : inspect.Signature
        Of the function as a reader wants it, without the declarations.
    constructor : inspect.Signature
        Of the constructor of a block with these parameters.
    defaults : dict
        What each parameter is by default, in order.
    """

    def __init__(self, function: Callable[..., Any], whose: str) -> None:
        hints = typing.get_type_hints(function, include_extras=True)
        self.whose, self.parameters = whose, {}
        shown, own = [], []
        for name, parameter in inspect.signature(function).parameters.items():
            hint = hints.get(name, parameter.annotation)
            for declaration in getattr(hint, "__metadata__", ()):
                self.parameters[name] = replace(declaration, name=name, default=parameter.default)
                hint = hint.__origin__
                own.append(parameter)
            shown.append(parameter.replace(annotation=hint))
        self.signature = inspect.Signature(shown, return_annotation=hints.get("return", inspect.Signature.empty))
        self._own = inspect.Signature(own)
        self.defaults = {name: parameter.default for name, parameter in self.parameters.items()}
        self._required = {name for name, value in self.defaults.items() if value is inspect.Parameter.empty}
        # Those that another one bounds are checked after it.
        self._in_turn = sorted(self.parameters, key=self._is_bounded_by_another)
        this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        self.constructor = inspect.Signature([this, *(p for p in shown if p.name in self.parameters)])

    def _is_bounded_by_another(self, name: str) -> bool:
        return isinstance(getattr(self.parameters[name], "above", None), str)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Every parameter with its checked value, defaults included."""
        if args or not self._required <= kwargs.keys() <= self.parameters.keys():
            try:
                kwargs = self._own.bind(*args, **kwargs).arguments  # which takes longer
            except TypeError as error:
                allowed = ", ".join(self.parameters) or "none"
                raise TypeError(f"{self.whose} takes the parameters: {allowed}; {error}") from None
        values = {**self.defaults, **kwargs}
        for name in self._in_turn:
            values[name] = self.parameters[name].check(values[name], self.whose, values)
        return values
