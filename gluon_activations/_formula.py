"""What makes a formula a public function: checks, half precision, and its docstring."""

from __future__ import annotations

import functools
import inspect
import textwrap
import typing
from typing import Any, Callable

from . import ops
from ._arrays import FLOATS, check, dense, dtype_of, is_array, is_numpy_kind, is_symbol
from ._parameters import Declared, Integer, Number, Parameter
from ._wording import in_a_line

_Function = typing.TypeVar("_Function", bound=Callable[..., Any])

SAME_SHAPE = "Same kind, shape and dtype."
_DTYPES = f"{', '.join(FLOATS[:-1])} or {FLOATS[-1]}"


def formula(
    function: _Function,
    *,
    takes: str = "Any shape",
    gives: str = f"{SAME_SHAPE[:-1]}; nan stays nan.",
    fits: Callable[..., None] | None = None,
) -> _Function:
    """Check array and parameters, compute half precision in single precision, and complete the docstring.

    The docstring of the formula says where it is from and, in a paragraph that begins with "Gives:", what it
    gives in its limits and at its kinks; ``takes`` and ``gives`` are the shapes of its array and its result, and
    ``fits(shape, **options)``, where not every shape will do, raises ValueError at one that will not.

    What is public checks, and hands over to ``computed(x, options)``; a block, which has checked, calls that.
    """
    declared = Declared(function, function.__name__)

    @functools.wraps(function)
    def wrapper(x: Any, *args: Any, **kwargs: Any) -> Any:
        check(x, declared.whose)
        options = _met(x, declared.bind(args, kwargs), declared)
        if fits is not None and not is_symbol(x):
            fits(x.shape, **options)
        return computed(x, options)

    def computed(x: Any, options: dict[str, Any]) -> Any:
        x = dense(x)
        if ops.compiled is not None:
            result = ops.compiled(declared, x, options)
            if result is not None:
                return result
        if dtype_of(x) != "float16":
            return function(x, **options)
        # Rounded once, at the end.
        single = {name: _to_single(value) for name, value in options.items()}
        return function(_to_single(x), **single).astype("float16")

    about, _, conventions = inspect.cleandoc(function.__doc__ or "").partition("\n\nGives: ")
    conventions = " ".join(f"{gives} {conventions[:1].upper()}{conventions[1:]}".split())
    facts = {"declared": declared, "computed": computed, "fits": fits}
    facts |= {"about": about, "takes": takes, "conventions": conventions}
    vars(wrapper).update(facts, __signature__=declared.signature)
    wrapper.__annotations__ = {name: p.annotation for name, p in declared.signature.parameters.items()}
    array = ("x : mxnet array or Symbol", f"{takes}; {_DTYPES}.")
    wrapper.__doc__ = docstring(
        about,
        Parameters=[array, *map(_described, declared.parameters.values())],
        Returns=[("mxnet array or Symbol", conventions)],
        Raises=_errors(declared, "If ``x`` is not an MXNet array or not of a floating-point dtype"),
    )
    return typing.cast(_Function, wrapper)


def _met(x: Any, options: dict[str, Any], declared: Declared) -> dict[str, Any]:
    """The options, with arrays of one number in shape (1,); an error for an array that ``x`` does not meet.

    MXNet would fail later and in many lines, or take it along another axis. Of a graph only the kind is known.
    """
    met = dict(options)
    for name in [name for name, value in options.items() if is_array(value)]:
        value, takes = options[name], f"{declared.whose}'s {name} is a number or an array"
        if is_symbol(value) != is_symbol(x) or is_numpy_kind(value) != is_numpy_kind(x):
            kind = f"{type(x).__module__}.{type(x).__name__}"
            raise TypeError(f"{takes} of the kind of x, {kind}, not {in_a_line(value)}")
        if is_symbol(x):
            continue
        if dtype_of(value) != dtype_of(x):
            raise TypeError(f"{takes} of the dtype of x, {dtype_of(x)}, not {in_a_line(value)}")
        if not declared.parameters[name].single:
            continue
        if not options.get("per_channel"):
            if value.size != 1:
                also = ", unless per_channel is True" if "per_channel" in options else ""
                raise ValueError(f"{takes} of one number{also}, not {in_a_line(value)}")
            met[name] = value if value.shape == (1,) else value.reshape((1,))
        elif value.shape != x.shape[1:2]:
            each = "one number for each index of axis 1 of x, as per_channel is True; x"
            raise ValueError(f"{takes} of {each} has shape {x.shape}, this one {value.shape}")
    return met


def block_docstring(own: str, function: Any, declared: Declared) -> str:
    """Docstring of the block of a formula: its own words, then the formula's, then what both share."""
    as_function = f"As a function: :func:`gluon_activations.functional.{function.__name__}`."
    return docstring(
        "\n\n".join([inspect.cleandoc(own), function.about, as_function]),
        Parameters=[_described(parameter) for parameter in declared.parameters.values()],
        Raises=_errors(declared, "When called, if the input is no MXNet array or not of a floating-point dtype"),
        Notes=[("", f"Input: {function.takes[0].lower()}{function.takes[1:]}; {_DTYPES}.\n\nOutput: "
                f"{function.conventions[0].lower()}{function.conventions[1:]}")],
    )  # fmt: skip


def docstring(about: str, **sections: list[tuple[str, str]]) -> str:
    """A docstring in NumPy's style: an introduction, and sections of terms with their descriptions."""
    parts = [about]
    for title, items in sections.items():
        if items:
            text = "\n".join(f"{term}\n{textwrap.indent(_filled(told), '    ')}" if term else _filled(told)
                             for term, told in items)  # fmt: skip
            parts.append(f"{title}\n{'-' * len(title)}\n{text}")
    return "\n\n".join(parts) + "\n"


def _filled(text: str) -> str:
    return "\n\n".join(textwrap.fill(part, 95, break_long_words=False, break_on_hyphens=False)
                       for part in text.split("\n\n"))  # fmt: skip


def _described(parameter: Parameter) -> tuple[str, str]:
    """Type, meaning, range and default of a parameter."""
    term = f"{parameter.name} : {parameter.type_name}"
    required = parameter.default is inspect.Parameter.empty
    default = "" if required else f" By default {_written(parameter.default)}."
    kind = f" It is {parameter.kind}." if isinstance(parameter, (Number, Integer)) else ""
    return term, f"{parameter.about}{kind}{_ARRAY if getattr(parameter, 'arrays', False) else ''}{default}"


_ARRAY = (
    " An array is of the kind and dtype of ``x`` and holds one number; or, where there is ``per_channel`` and it "
    "is True, one for each index of axis 1 of ``x``."
)


def _written(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else f'"{value}"' if isinstance(value, str) else str(value)


def _errors(declared: Declared, array: str) -> list[tuple[str, str]]:
    if not declared.parameters:
        return [("TypeError", f"{array}.")]
    return [
        ("TypeError", f"{array}, or if a parameter is of another type or there is none of that name."),
        ("ValueError", "If a parameter is out of its range or beyond float32, or if the shape does not fit."),
    ]


def _to_single(value: Any) -> Any:
    return value.astype("float32") if is_array(value) else value
