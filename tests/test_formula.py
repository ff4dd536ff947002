"""What a formula becomes: checked, right in half precision, documented."""

from typing import Annotated

import numpy as np
import pytest

from gluon_activations._formula import block_docstring, docstring, formula
from gluon_activations._parameters import Choice, Declared, Integer, Number

import mxnet as mx


@formula
def scaled(
    x: object,
    factor: Annotated[float, Number("What x is multiplied by.", above=0)] = 2.0,
    how: Annotated[str, Choice("Which way.", options=("up", "down"))] = "up",
    times: Annotated[int, Integer("How often.")] = 1,
) -> object:
    """Multiply, as in a paper.

    More about it.

    Gives: infinity at
    infinity.
    """
    scaled.seen = (x.dtype, factor)
    return x * factor


def test_arrays_and_parameters_are_checked(arrays):
    assert scaled(arrays([1.0]), 3).asnumpy() == 3
    with pytest.raises(TypeError, match="^scaled takes an MXNet array .* not builtins.int$"):
        scaled(1)
    with pytest.raises(ValueError, match="^scaled's factor is a finite number above 0, not 0$"):
        scaled(arrays([1.0]), factor=0)


def test_half_precision_is_computed_in_single_and_rounded_once(arrays):
    assert scaled(arrays([1.0], "float16")).dtype == np.float16
    assert scaled.seen == (np.float32, 2.0)
    scaled(arrays([1.0], "float64"))
    assert scaled.seen[0] == np.float64


def test_an_array_as_parameter_is_computed_in_single_too(arrays):
    @formula
    def times(x: object, y: Annotated[object, Number("Factor.", arrays=True)] = 1.0) -> object:
        """Multiply."""
        assert x.dtype == y.dtype == np.float32
        return x * y

    assert times(arrays([3.0], "float16"), arrays([2.0], "float16")).asnumpy() == 6
    several = times(arrays([3.0, 4.0], "float16"), arrays([2.0, 5.0], "float16"))
    assert several.asnumpy().tolist() == [6, 20]


def test_of_several_arrays_each_has_to_meet_x(arrays):
    @formula
    def sum_of(
        x: object,
        each: Annotated[object, Number("Any shape.", arrays=True)] = 0.0,
        one: Annotated[object, Number("One number.", arrays=True, single=True)] = 0.0,
    ) -> object:
        """Add."""
        return x + each + one

    x, several = arrays([1.0, 2.0]), arrays([0.5, 0.25])
    assert sum_of(x, several, arrays([2.0])).asnumpy().tolist() == [3.5, 4.25]
    with pytest.raises(ValueError, match="^sum_of's one is a number or an array of one number, not .*$"):
        sum_of(x, several, several)
    x, each, one = (mx.sym.var(name, dtype="float32") for name in ("x", "each", "one"))
    x, each = (x.as_np_ndarray(), each.as_np_ndarray()) if arrays.kind == "np" else (x, each)
    with pytest.raises(TypeError, match="^sum_of's one is a number or an array of the kind of x, .*$"):
        sum_of(x, each, several)


def test_shapes_that_do_not_fit_are_refused(arrays):
    def fits(shape, n):
        if len(shape) != n:
            raise ValueError(f"{n} axes, not {shape}")

    def function(x: object, n: Annotated[int, Integer("Axes.")] = 2) -> object:
        """Nothing."""
        return x

    strict = formula(function, takes="Two axes", gives="The same.", fits=fits)
    assert strict(arrays([[1.0]])).shape == (1, 1) and strict(arrays([1.0]), 1).shape == (1,)
    with pytest.raises(ValueError, match=r"2 axes, not \(1,\)"):
        strict(arrays([1.0]))
    assert "x : mxnet array or Symbol\n    Two axes; float16" in strict.__doc__ and "The same." in strict.__doc__


DOC = """Multiply, as in a paper.

More about it.

Parameters
----------
x : mxnet array or Symbol
    Any shape; float16, float32 or float64.
factor : float
    What x is multiplied by. It is a finite number above 0. By default 2.
how : {"up", "down"}
    Which way. By default "up".
times : int
    How often. It is an integer. By default 1.

Returns
-------
mxnet array or Symbol
    Same kind, shape and dtype; nan stays nan. Infinity at infinity.

Raises
------
TypeError
    If ``x`` is not an MXNet array or not of a floating-point dtype, or if a parameter is of another
    type or there is none of that name.
ValueError
    If a parameter is out of its range or beyond float32, or if the shape does not fit.
"""


def test_the_docstring_is_complete():
    assert " ".join(scaled.__doc__.split()) == " ".join(DOC.split())
    assert max(map(len, scaled.__doc__.splitlines())) <= 100
    assert scaled.__name__ == "scaled" and scaled.__annotations__["factor"] is float


def test_a_formula_without_parameters_raises_a_type_error_alone():
    def plain(x: object) -> object:
        """Nothing."""
        return x

    doc = formula(plain).__doc__
    assert "If ``x`` is not an MXNet array or not of a floating-point dtype." in doc and "ValueError" not in doc


def test_the_docstring_of_a_block_has_its_own_words_first():
    def init(
        self, alpha: Annotated[float, Number("Slope.")] = 1.0, beta: Annotated[float, Number("B.")] = 2.5
    ) -> None:
        """Nothing."""

    text = block_docstring("Mine.\n\n    More.\n", scaled, Declared(init, "scaled"))
    assert text.startswith("Mine.\n\nMore.\n\nMultiply, as in a paper.\n\nMore about it.\n\nAs a function: ")
    assert "alpha : float\n    Slope. It is a finite number. By default 1.\nbeta : float\n" in text
    assert (
        "factor" not in text
        and "Notes\n-----\nInput: any shape; float16, float32 or float64.\n\nOutput: same" in text
    )


def test_sections_without_items_are_left_out_and_long_lines_are_filled():
    for text in ("a" * 47 + " " + "b" * 48, "c" * 94 + " d"):
        assert docstring("", Notes=[("", text)]).splitlines()[4:] == text.split(" ")
    for text in ("a" * 47 + " " + "b" * 47, "c" * 120, "d" * 90 + "-" + "e" * 20):
        assert docstring("", Notes=[("", text)]).splitlines()[4:] == [text]
    assert docstring("About.", Parameters=[], Raises=[("E", "x " * 60)]) == (
        f"About.\n\nRaises\n------\nE\n    {' '.join('x' * 48)}\n    {' '.join('x' * 12)}\n"
    )
