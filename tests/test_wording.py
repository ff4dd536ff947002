"""How numbers, ranges and letters are written down."""

import math

import numpy as np
import pytest

from gluon_activations import CATALOG, activations
from gluon_activations._wording import VECTORS, in_a_line, interval, letter, minus, number

import mxnet as mx
from mxnet.gluon import nn


@pytest.mark.parametrize(
    "value, digits, text",
    [
        (math.nan, 4, "nan"),
        (math.inf, 4, "∞"),
        (-math.inf, 4, "−∞"),
        (0.0, 4, "0"),
        (-0.5, 4, "−0.5"),
        (-1.27846454, 4, "−1.278"),
        (-1.27846454, 2, "−1.3"),
        (12345.678, 4, "1.235e+4"),
        (-3e-9, 4, "−3e−9"),
        (1e-10, 4, "1e−10"),
        (1e30, 4, "1e+30"),
    ],
)
def test_a_number_has_a_true_minus_and_no_more_digits_than_help(value, digits, text):
    assert number(value, digits) == text


def test_a_number_has_four_digits_unless_told_otherwise():
    assert number(2 / 3) == "0.6667"


@pytest.mark.parametrize(
    "text, written",
    [
        ("-1 and 2e-9", "−1 and 2e−9"),
        ("x-1", "x-1"),
        ("float-32", "float-32"),
        ("1.-2", "1.-2"),
        ("(-3)", "(−3)"),
        ("-x", "-x"),
        ("1-2", "1-2"),
        ("e-3", "e-3"),
    ],
)
def test_a_minus_is_one_before_a_number_only(text, written):
    assert minus(text) == written


@pytest.mark.parametrize(
    "name, text", [("sigmoid", "(0, 1)"), ("relu", "[0, ∞)"), ("hard_tanh", "[−1, 1]"), ("identity", "(−∞, ∞)")]
)
def test_brackets_say_which_ends_are_attained(name, text):
    assert interval(CATALOG[name]) == text


@pytest.mark.parametrize("name", activations("vectors"))
def test_what_acts_on_vectors_has_no_range(name):
    assert interval(CATALOG[name]) == VECTORS == "acts on vectors"


@pytest.mark.parametrize("latex, sign", [(r"\alpha", "α"), (r"\lambda", "λ"), (r"\omega", "ω"), ("n", "n")])
def test_a_letter_stands_without_a_formula(latex, sign):
    assert letter(latex) == sign


@pytest.mark.parametrize("name", CATALOG)
def test_each_letter_of_the_catalog_can_stand_without_a_formula(name):
    letters = [parameter.letter for parameter in CATALOG[name].parameters.values()] + [*CATALOG[name].constants]
    assert not [each for each in letters if "\\" in letter(each)]


class Unspeakable:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize("value, text", [
    (0.5, "0.5"),
    (np.float32(0.5), "0.5"),
    (np.bool_(True), "True"),
    (np.float32, "<class 'numpy.float32'>"),
    ((np.int64(3), np.str_("a")), "(3, 'a')"),
    ("a\nb", repr("a\nb")),
    ("x" * 78, f"'{'x' * 78}'"),
    ("x" * 79, f"'{'x' * 58}…{'x' * 19}'"),
    (np.zeros((2, 3)), "numpy.ndarray of shape (2, 3) and dtype float64"),
    (mx.nd.zeros((2, 3)), "mxnet.ndarray.ndarray.NDArray of shape (2, 3) and dtype float32"),
    (mx.np.zeros((2,), "float64"), "mxnet.numpy.ndarray of shape (2,) and dtype float64"),
    (mx.sym.var("x"), "<Symbol x>"),
    (nn.Dense(3, in_units=2), "Dense(2 -> 3, linear)"),
    (nn.HybridSequential(), "HybridSequential(…)"),
    ([np.zeros((2, 2))], "[array([[0., 0.], [0., 0.]])]"),
    (Unspeakable(), "an object of type Unspeakable"),
])  # fmt: skip
def test_what_came_takes_a_line_of_eighty_characters(value, text):
    assert in_a_line(value) == text
