"""What the formulas declare and do besides the values of tests/test_blocks.py."""

import json
import math

import mpmath
import numpy as np
import pytest
import scipy.special

from gluon_activations import activations, functional, fused, get_activation
from tests.references import RECORDS, SELU_ALPHA, SELU_LAMBDA, VECTORS

import mxnet as mx

pytestmark = pytest.mark.usefixtures("way")

# How far a slider goes for each parameter, and numbers that lie just outside of what it may be.
SLIDERS = {
    "hard_sigmoid slope": ((0.05, 1.0), [0, -0.5, 4.3e37]),
    "laplace mu": ((-2.0, 2.0), []),
    "laplace sigma": ((0.05, 2.0), [0, -0.5]),
    "hard_tanh min_val": ((-5.0, -0.1), []),
    "hard_tanh max_val": ((0.1, 5.0), [-1]),
    "leaky_relu alpha": ((0.0, 1.0), []),
    "prelu alpha": ((-0.5, 1.0), []),
    "threshold threshold": ((-2.0, 2.0), []),
    "threshold value": ((-2.0, 2.0), []),
    "squareplus b": ((0.1, 10.0), [0, -0.5]),
    "hard_shrink lambd": ((0.1, 2.0), []),
    "soft_shrink lambd": ((0.1, 2.0), []),
    "softplus beta": ((0.2, 10.0), [0, -0.5]),
    "elu alpha": ((0.1, 3.0), [0, -0.5]),
    "celu alpha": ((0.1, 3.0), [0, -0.5]),
    "xielu alpha_p": ((0.1, 3.0), [0, -0.5]),
    "xielu alpha_n": ((0.6, 3.0), [0.5, -1]),
    "xielu beta": ((0.1, 0.55), [0, -0.5]),
    "swish beta": ((0.0, 10.0), []),
    "clipped_gelu min_val": ((-10.0, 0.0), []),
    "clipped_gelu max_val": ((0.5, 10.0), [-10.0]),
    "sine omega": ((0.5, 10.0), [0, -0.5]),
    "snake alpha": ((0.2, 5.0), [0, -0.5]),
    "softmax temperature": ((0.1, 5.0), [0, -0.5]),
    "log_softmax temperature": ((0.1, 5.0), [0, -0.5]),
}


def declared():
    return {
        f"{name} {key}": parameter
        for name in functional.__all__
        for key, parameter in getattr(functional, name).declared.parameters.items()
    }


@pytest.mark.parametrize("key", SLIDERS)
def test_how_far_the_sliders_go(key):
    assert declared()[key].turn == SLIDERS[key][0]


@pytest.mark.parametrize(
    "key, value", [(key, value) for key, (_, outside) in SLIDERS.items() for value in outside]
)
def test_what_lies_outside_is_refused(arrays, key, value):
    name, parameter = key.split()
    with pytest.raises(ValueError, match=f"^{name}'s {parameter} is a finite number above"):
        getattr(functional, name)(arrays([1.0]), **{parameter: value})


def test_every_formula_is_a_function_of_the_catalog_or_makes_one():
    assert {*functional.__all__} == {name for name in activations()} | {"alpha_dropout", "rrelu"}


@pytest.mark.parametrize("beta", [-0.5, -1.0, -3.0])
def test_a_swish_with_negative_beta_is_mirrored(arrays, beta):
    value, slope = arrays.value_and_slope(lambda x: functional.swish(x, beta), [-np.inf, np.inf])
    assert [*value, *slope] == [-np.inf, 0, 1, 0]


def test_a_gentle_swish_keeps_its_long_tail(arrays):
    xs = np.array([-1e5, -2e5])
    value = functional.swish(arrays(xs), 1e-4).asnumpy()
    np.testing.assert_allclose(value, xs / (1 + np.exp(-1e-4 * xs)), rtol=1e-4)


@pytest.mark.parametrize("number", [0.5, 2.0, 3.0])
def test_a_number_that_is_no_default(arrays, number):
    xs = np.array([-3.0, -0.5, 0.25, 2.0])
    softplus = functional.softplus(arrays(xs), number).asnumpy()
    np.testing.assert_allclose(softplus, np.logaddexp(0, number * xs) / number, rtol=1e-5)
    probabilities = np.exp(xs / number) / np.exp(xs / number).sum()
    got = functional.log_softmax(arrays(xs), temperature=number).asnumpy()
    np.testing.assert_allclose(got, np.log(probabilities), rtol=1e-5)
    np.testing.assert_allclose(
        functional.softmax(arrays(xs), temperature=number).asnumpy(), probabilities, rtol=1e-5
    )


@pytest.mark.parametrize("function", [functional.prelu, functional.swish])
def test_one_learned_number_serves_any_shape(arrays, function):
    for shape in ((3,), (2, 3), ()):
        x = arrays(np.full(shape, -2.0))
        np.testing.assert_allclose(function(x, arrays([0.5])).asnumpy(), function(x, 0.5).asnumpy(), rtol=1e-6)


# All parameters that may be an array, and those functions whose array may be one for each channel.
ARRAYS = [key.split() for key, parameter in declared().items() if getattr(parameter, "arrays", False)]
CHANNELS = [pair for pair in ARRAYS if "per_channel" in getattr(functional, pair[0]).declared.parameters]


@pytest.mark.parametrize("name, parameter", ARRAYS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_an_array_of_one_number_is_that_number(arrays, name, parameter, dtype):
    x, function = arrays([-2.0, -0.5, 0.5, 2.0], dtype), getattr(functional, name)
    expected = function(x, **{parameter: 0.75}).asnumpy()
    for value in (0.75, [0.75], [[0.75]]):
        letter = arrays(value, dtype)
        letter.attach_grad()
        with mx.autograd.record():
            y = function(x, **{parameter: letter})
        y.backward()
        assert y.shape == x.shape and letter.grad.shape == letter.shape
        np.testing.assert_allclose(y.asnumpy(), expected, rtol=1e-3 if dtype == "float16" else 1e-5)


@pytest.mark.parametrize("name, parameter", ARRAYS)
def test_an_array_that_x_does_not_meet_is_refused_in_a_line(arrays, name, parameter):
    x, function = arrays([[-2.0, -0.5, 0.5, 2.0]] * 2), getattr(functional, name)
    start = f"^{name}'s {parameter} is a number or an array of "
    single = "one number, unless per_channel is True" if [name, parameter] in CHANNELS else "one number"
    other = mx.nd.array([0.75]) if type(x) is not mx.nd.NDArray else mx.np.array([0.75])
    for wrong, why in (
        (arrays([0.75], "float64"), "the dtype of x, float32, not .* of shape .1,. and dtype float64"),
        (arrays([1], "int32"), "the dtype of x, float32, not .* and dtype int32"),
        (other, r"the kind of x, mxnet\.\S+, not mxnet\.\S+ of shape .1,. and dtype float32"),
        (mx.sym.var("a"), r"the kind of x, mxnet\.\S+, not <Symbol a>"),
        (arrays([0.75] * 4), rf"{single}, not .* of shape .4,. and dtype float32"),
        (arrays(np.zeros(0)), rf"{single}, not .* of shape .0,. and dtype float32"),
    ):
        with pytest.raises((TypeError, ValueError), match=f"{start}{why}$"):
            function(x, **{parameter: wrong})


@pytest.mark.parametrize("name, parameter", CHANNELS)
def test_an_array_for_each_channel_has_the_length_of_axis_1(arrays, name, parameter):
    function, numbers = getattr(functional, name), [0.5, 0.75, 1.0, 1.5]
    x = arrays([[-2.0, -0.5, 0.5, 2.0]] * 2)
    got = function(x, **{parameter: arrays(numbers)}, per_channel=True).asnumpy()
    each = [function(x, number).asnumpy()[:, place] for place, number in enumerate(numbers)]
    np.testing.assert_allclose(got.T, each, rtol=1e-5)
    deep = arrays(np.stack([x.asnumpy()] * 3, axis=2))
    got = function(deep, **{parameter: arrays(numbers)}, per_channel=True).asnumpy()
    np.testing.assert_allclose(got.transpose(2, 1, 0), [each] * 3, rtol=1e-5)
    for shape, wrong in (((2, 4), (3,)), ((2, 4), (1,)), ((2, 4), (1, 4)), ((4,), (4,)), ((4, 2), (4,))):
        x, letter = arrays(np.ones(shape)), arrays(np.ones(wrong))
        with pytest.raises(ValueError, match=f"^{name}'s {parameter} .* for each index of axis 1 of x.*$") as told:
            function(x, **{parameter: letter}, per_channel=True)
        assert str(told.value).endswith(f"; x has shape {shape}, this one {wrong}")


@pytest.mark.parametrize("name, parameter", ARRAYS)
def test_a_letter_of_a_graph_stays_one(arrays, name, parameter):
    x, a = (mx.sym.var(each, dtype="float32") for each in "xa")
    x, a = (x.as_np_ndarray(), a.as_np_ndarray()) if arrays.kind == "np" else (x, a)
    made = getattr(functional, name)(x, **{parameter: a})
    assert {"x", "a"} == {*made.list_arguments()}


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_what_alpha_dropout_makes_of_a_number(arrays, rate):
    """As in the paper: a x + b where it is kept, a alpha' + b where it is not, so that mean and variance stay."""
    keep, low = 1 - rate, -float(SELU_LAMBDA * SELU_ALPHA)
    a = (keep + low**2 * keep * (1 - keep)) ** -0.5
    b = -a * (1 - keep) * low
    x = arrays(np.full(4000, 0.75))
    with mx.autograd.train_mode():
        y = functional.alpha_dropout(x, rate).asnumpy()
    kept = np.abs(y - (a * 0.75 + b)) < 1e-4
    np.testing.assert_allclose(y[~kept], a * low + b, rtol=1e-4, atol=1e-5)
    assert abs(kept.mean() - keep) < 5 * math.sqrt(keep * rate / 4000)
    np.testing.assert_array_equal(functional.alpha_dropout(x, rate).asnumpy(), x.asnumpy())


def test_a_block_and_its_function_are_one(arrays):
    for name in activations("elements"):
        x = arrays([-1.5, 0.5])
        block = get_activation(name)
        block.initialize()
        np.testing.assert_array_equal(block(x).asnumpy(), getattr(functional, name)(x).asnumpy())


def test_ends_that_float32_cannot_hold_are_right_in_float64(arrays):
    """MXNet's clip holds its ends in float32 for float64 too."""
    xs = np.linspace(-2, 2, 41) + 1e-3
    for got, expected in (
        (functional.hard_tanh(arrays(xs, "float64"), -0.7, 0.1), np.clip(xs, -0.7, 0.1)),
        (functional.hard_sigmoid(arrays(xs, "float64"), 0.7), np.clip(0.7 * xs + 0.5, 0, 1)),
        (
            functional.clipped_gelu(arrays(xs, "float64"), -0.1, 0.3),
            np.clip(xs * scipy.special.ndtr(xs), -0.1, 0.3),
        ),
    ):
        np.testing.assert_allclose(got.asnumpy(), expected, rtol=4e-15)


@pytest.mark.parametrize("omega", [0.7, 1.0, 30.0])
def test_a_wave_keeps_its_phase_for_sixty_thousand_half_turns(arrays, omega):
    xs = (np.random.uniform(1e5, 2e5, 20000) / omega).astype(np.float32)
    true = np.sin(omega * xs.astype(np.float64))
    assert abs(functional.sine(arrays(xs), omega).asnumpy() - true).max() < 3e-7


@pytest.mark.parametrize("x", [1e5, -3e6, 2.0**40, 3e15])
@pytest.mark.parametrize("omega", [1.0, 30.0])
def test_a_wave_keeps_its_phase_far_out(arrays, x, omega):
    """In float64, as far as its numbers can say where they are; float32 says less."""
    for function in (functional.sine, functional.snake):
        got = function(arrays([x], "float64"), omega).asnumpy()[0]
        with mpmath.workdps(60):
            z = mpmath.mpf(x) * omega
            true = mpmath.sin(z) if function is functional.sine else mpmath.mpf(x) + mpmath.sin(z) ** 2 / omega
        assert abs(got - float(true)) <= 1e-6 if abs(x) < 1e15 else np.isfinite(got)


@pytest.mark.parametrize("name, number, x, value, slope", [
    ("softplus", 5.0, 1e38, 1e38, 1),
    ("softplus", 5.0, -1e38, 0, 0),
    ("softplus", 3e38, 1e38, 1e38, 1),
    ("snake", 1e38, 1000.0, 1000.0, None),
    ("hard_sigmoid", 4e37, 1.0, 1, 0),
    ("hard_sigmoid", 4e37, -1.0, 0, 0),
    ("celu", 1.2e-38, -1e38, -1.2e-38, 0),
])  # fmt: skip
def test_a_product_beyond_float32_on_the_way(arrays, name, number, x, value, slope):
    function = getattr(functional, name)
    got, by = arrays.value_and_slope(lambda x: function(x, number), [x])
    assert got[0] == pytest.approx(value, rel=1e-6, abs=2e-38)
    assert np.isfinite(by[0]) and by[0] == pytest.approx(by[0] if slope is None else slope, abs=1e-6)


@pytest.mark.parametrize("omega, x", [(30.0, 1e38), (30.0, -3e37), (1e10, 1e30), (1e38, 0.5), (1.0, 3e38)])
def test_a_wave_beyond_float32_is_a_number(arrays, omega, x):
    value, slope = arrays.value_and_slope(lambda x: functional.sine(x, omega), [x, np.inf, np.nan])
    assert abs(value[0]) <= 1 and abs(slope[0]) <= omega * (1 + 1e-6) and np.isnan(value[1:]).all()


@pytest.mark.parametrize("temperature", [1.2e-38, 1e-37, 1e-31, 1e-20])
def test_a_temperature_next_to_0(arrays, temperature):
    for logits in ([5.0, 1.0], [5.0, -5.0]):
        x = arrays([logits])
        assert functional.softmax(x, temperature=temperature).asnumpy().tolist() == [[1, 0]]
        value = functional.log_softmax(x, temperature=temperature).asnumpy()
        assert value[0, 0] == 0 and value[0, 1] < -1e19


@pytest.mark.parametrize("name, parameter", [
    ("softplus", "beta"), ("celu", "alpha"), ("log_softmax", "temperature"),
])  # fmt: skip
def test_a_parameter_that_changes_nothing_costs_nothing(name, parameter):
    def operators(value):
        made = getattr(functional, name)(mx.sym.var("x", dtype="float32"), **{parameter: value})
        return len(json.loads(made.tojson())["nodes"])

    with fused.disabled():
        assert operators(1) < operators(2)


def second_derivative(block, x):
    """What autograd makes of the sum of its own gradient, or None where it raises."""
    x.attach_grad()
    try:
        with mx.autograd.record():
            y = block(x)
            (slope,) = mx.autograd.grad([y], [x], create_graph=True, retain_graph=True)
            total = (slope.as_np_ndarray() if type(x) is mx.np.ndarray else slope).sum()
        total.backward()
        return x.grad.asnumpy()
    except mx.base.MXNetError:
        return None


@pytest.mark.parametrize("name", activations("elements"))
def test_a_second_derivative_is_right_or_an_error(arrays, name):
    block, xs = get_activation(name), [-2.3, -0.7, 0.45, 1.7]
    block.initialize()
    got = second_derivative(block, arrays(xs))
    if got is not None:
        expected = [float(mpmath.diff(RECORDS[name].formula, mpmath.mpf(x), 2)) for x in xs]
        np.testing.assert_allclose(got, expected, atol=1e-4)


@pytest.mark.parametrize("name", activations("vectors"))
def test_a_second_derivative_of_what_acts_on_vectors_is_right_or_an_error(arrays, name):
    xs, step = np.array([[-0.7, 0.45, 1.7, -2.3]]), 1e-6
    block = get_activation(name, **VECTORS[name].options)
    block.initialize()
    block(arrays(xs))  # which settles the shape of its weights, before they may be float64
    block.cast("float64")
    got = second_derivative(block, arrays(xs, "float64"))
    if got is not None:

        def gradient(values):
            x = arrays(values, "float64")
            x.attach_grad()
            with mx.autograd.record():
                y = block(x)
            y.backward()
            return x.grad.asnumpy().sum()

        expected = [(gradient(xs + step * e) - gradient(xs - step * e)) / 2 / step for e in np.eye(4)]
        np.testing.assert_allclose(got[0], expected, atol=1e-5)


def test_how_far_the_composed_gelu_is_off_as_the_readme_says(arrays):
    xs = -np.linspace(1, 12, 20001).astype("float32")
    truth = xs.astype("float64") * scipy.special.ndtr(xs.astype("float64"))
    with fused.disabled():
        off = np.abs(functional.gelu(arrays(xs)).asnumpy() - truth)
    assert 5e-8 < off.max() < 1e-7
    at_3 = np.abs(xs + 3) < 0.05
    assert (off / -truth)[at_3].max() == pytest.approx(1e-5, rel=0.6)
    assert np.array_equal(off[xs < -5.6], -truth[xs < -5.6])
