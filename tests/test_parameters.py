"""Declarations of parameters: what is allowed, what is said, and what a signature becomes."""

import fractions
import inspect
from math import inf, nan
from typing import Annotated

import numpy as np
import pytest

from gluon_activations._parameters import Choice, Declared, Flag, Integer, Number, Parameter

import mxnet as mx

NUMBER = Number("Any.", name="p")
HELD = "so 0 or 1.18e-38 to 3.4e+38 in size"


@pytest.mark.parametrize("value", [2, 2.5, -0.0, np.float32(0.1), np.int64(3), fractions.Fraction(1, 3)])
def test_any_real_number_becomes_a_float(value):
    assert NUMBER.check(value, "f") == float(value) and type(NUMBER.check(value, "f")) is float


@pytest.mark.parametrize("value", [True, np.bool_(True), None, "1", 1j, [1.0], np.array(1.0), mx.nd.array([1.0])])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(TypeError, match="^f's p is a finite number, not "):
        NUMBER.check(value, "f")


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_numbers_are_finite(value):
    with pytest.raises(ValueError, match=f"^f's p is a finite number, not {value}$"):
        NUMBER.check(value, "f")


@pytest.mark.parametrize("value", [1e39, -1e39, 1e-39, -1e-45, 10**400, 3.4028235e38 * 1.01])
def test_numbers_beyond_float32_are_refused_with_a_sentence(value):
    with pytest.raises(
        ValueError, match=f"^f's p is a number that float32 can hold, {HELD.replace('+', '.')}, not"
    ):
        NUMBER.check(value, "f")


@pytest.mark.parametrize("value", [0, 1.1754943508222875e-38, -1.1754943508222875e-38, 3.4028234663852886e38])
def test_the_ends_of_float32_are_allowed(value):
    assert NUMBER.check(value, "f") == value
    assert np.float32(value) == value


@pytest.mark.parametrize("declared, inside, outside, kind", [
    (Number("", above=0, name="p"), 1e-30, 0, "a finite number above 0"),
    (Number("", at_least=0, below=1, name="p"), 0, -1e-30, "a finite number of at least 0 and below 1"),
    (Number("", at_least=0, below=1, name="p"), 0.999, 1, "a finite number of at least 0 and below 1"),
    (Number("", above=-2.5, name="p"), -2.4, -2.5, "a finite number above -2.5"),
])  # fmt: skip
def test_ranges(declared, inside, outside, kind):
    assert declared.kind == kind
    assert declared.check(inside, "f") == inside
    with pytest.raises(ValueError, match=f"^f's p is {kind}, not {outside}$"):
        declared.check(outside, "f")


def test_a_bound_may_be_another_parameter():
    high = Number("", above="low", name="high")
    assert high.kind == "a finite number above low"
    assert high.check(2, "f", {"low": 1.5}) == 2
    for wrong in (2, nan):
        with pytest.raises(ValueError, match=f"^f's high is a finite number above low = 2, not {wrong}$"):
            high.check(wrong, "f", {"low": 2.0})
    either = Number("", above="low", below=9, arrays=True, name="high")
    allowed = "a finite number above low = 2 and below 9 or an MXNet array"
    with pytest.raises(ValueError, match=f"^f's high is {allowed}, not 9$"):
        either.check(9, "f", {"low": 2.0})


def test_an_array_where_one_may_be_given():
    array = mx.nd.array([nan])
    declared = Number("", arrays=True, name="p")
    assert declared.check(array, "f") is array and declared.check(3, "f") == 3
    assert declared.kind == "a finite number or an MXNet array" and not declared.single
    with pytest.raises(TypeError, match="a finite number or an MXNet array, not 'x'"):
        declared.check("x", "f")


def test_integers():
    count = Integer("", at_least=1, name="n")
    assert count.kind == "an integer of at least 1" and Integer("").kind == "an integer"
    assert count.check(np.int32(1), "f") == 1 and type(count.check(np.int32(1), "f")) is int
    assert Integer("", name="n").check(-7, "f") == -7
    for wrong in (1.0, True, "1", None):
        with pytest.raises(TypeError, match="^f's n is an integer of at least 1, not "):
            count.check(wrong, "f")
    with pytest.raises(ValueError, match="^f's n is an integer of at least 1, not 0$"):
        count.check(0, "f")


def test_integers_are_those_that_mxnet_can_read():
    axis = Integer("", name="axis")
    for end in (2**31 - 1, 1 - 2**31):
        assert axis.check(end, "f") == end
    for wrong in (2**31, -(2**31), 10**30, np.int64(2**40)):
        with pytest.raises(ValueError, match=f"^f's axis is an integer that 32 bits can hold, not {wrong}$"):
            axis.check(wrong, "f")


def test_flags_and_choices():
    for value in (False, True):
        assert Flag("", name="b").check(value, "f") is Flag("", name="b").check(np.bool_(value), "f") is value
    for wrong in (1, 0, "yes", None, np.array(True)):
        with pytest.raises(TypeError, match="^f's b is True or False, not "):
            Flag("", name="b").check(wrong, "f")
    choice = Choice("", options=("x", "y"), name="c")
    assert choice.check("y", "f") == "y" and choice.type_name == '{"x", "y"}'
    assert type(choice.check(np.str_("y"), "f")) is str
    with pytest.raises(ValueError, match="^f's c is one of 'x', 'y', not 'z'$"):
        choice.check("z", "f")
    for wrong in ([], None, 3, np.array("x"), mx.nd.zeros((2,)), mx.np.zeros((2,)), mx.sym.var("x")):
        with pytest.raises(TypeError, match="^f's c is one of 'x', 'y', not .+$"):
            choice.check(wrong, "f")


@pytest.mark.parametrize("declared", [
    Number("", name="p"), Integer("", name="p"), Flag("", name="p"), Choice("", options=("x",), name="p"),
])  # fmt: skip
@pytest.mark.parametrize("wrong", [
    mx.nd.zeros((9, 9)), mx.np.zeros((9, 9)), np.zeros((9, 9)), [mx.nd.zeros((2, 2))], "x\n" * 99, [0] * 999, 1j,
])  # fmt: skip
def test_what_came_is_told_in_a_line(declared, wrong):
    with pytest.raises((TypeError, ValueError), match=f"^f's p is {declared.kind}, not .{{1,80}}$"):
        declared.check(wrong, "f")


def test_of_a_long_number_the_ends_are_told():
    with pytest.raises(ValueError, match="^f's p is a number that float32 can hold.*, not 1000+…0+$") as told:
        NUMBER.check(10**400, "f")
    assert len(str(told.value)) < 170
    with pytest.raises(ValueError, match="^f's p is a number that float32 can hold.*, not .+$"):
        NUMBER.check(10**5000, "f")


def test_a_kind_of_parameter_says_what_it_allows():
    assert [kind("").type_name for kind in (Number, Integer, Flag)] == ["float", "int", "bool"]
    with pytest.raises(NotImplementedError):
        Parameter("").check(1, "f")


def example(
    x: float,
    low: Annotated[float, Number("Low.", "a")],
    high: Annotated[float, Number("High.", above="low")] = 3,
    plain: int = 5,
) -> float:
    """An example."""
    return x


def test_what_is_read_off_a_signature():
    declared = Declared(example, "it")
    assert list(declared.parameters) == ["low", "high"]
    assert declared.parameters["low"].default is inspect.Parameter.empty
    assert (declared.parameters["high"].name, declared.parameters["high"].default) == ("high", 3)
    assert str(declared.signature) == "(x: float, low: float, high: float = 3, plain: int = 5) -> float"
    assert str(declared.constructor) == "(self, low: float, high: float = 3)"


def test_binding_checks_and_fills_in():
    declared = Declared(example, "it")
    assert declared.bind((1,), {}) == {"low": 1.0, "high": 3.0}
    assert declared.bind((), {"high": 9, "low": -1}) == {"low": -1.0, "high": 9.0}
    for args, kwargs, error, message in (
        ((), {}, TypeError, "it takes the parameters: low, high; missing a required argument: 'low'"),
        ((), {"high": 9}, TypeError, "it takes the parameters: low, high; missing a required argument: 'low'"),
        ((1, 2, 3), {}, TypeError, "it takes the parameters: low, high; too many positional arguments"),
        ((1,), {"x": 2}, TypeError, "it takes the parameters: low, high; got an unexpected keyword argument 'x'"),
        ((3,), {}, ValueError, "it's high is a finite number above low = 3, not 3"),
        ((nan,), {}, ValueError, "it's low is a finite number, not nan"),
    ):
        with pytest.raises(error, match=f"^{message}$"):
            declared.bind(args, kwargs)


def test_a_number_may_stand_where_its_parameter_does():
    def function(x: float, factor: Annotated[float, Number("Factor.")] = 2) -> float:
        """Multiply."""

    assert Declared(function, "it").bind((3,), {}) == {"factor": 3.0}
