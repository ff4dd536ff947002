"""Value and slope of anything that maps an array."""

import warnings

import numpy as np
import pytest

from gluon_activations import PReLU, Softmax, activations, derivative, evaluate
from gluon_activations._evaluate import curve, points_for, value_of
from tests.references import values_and_slopes

import mxnet as mx
from mxnet.gluon import nn

XS = [-3.0, -0.5, 0.25, 4.0]


@pytest.mark.parametrize("name", activations("elements"))
def test_value_and_slope(arrays, name):
    value, slope = evaluate(name, arrays(XS, "float32"))
    exactly = [[float(number) for number in numbers] for numbers in values_and_slopes(name, XS)]
    np.testing.assert_allclose([value.asnumpy(), slope.asnumpy()], exactly, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(derivative(name, arrays(XS)).asnumpy(), exactly[1], rtol=1e-5, atol=1e-7)


def test_what_is_not_initialised_is_and_the_rest_is_left(arrays):
    for fresh in (nn.PReLU(), PReLU()):
        assert evaluate(fresh, arrays([-4.0]))[0].asnumpy()[0] == -1
    trained = nn.PReLU(mx.init.Constant(0.7))
    trained.initialize()
    x = arrays([-2.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Gluon warns of a second initialisation
        value, slope = evaluate(trained, x)
    assert value.asnumpy()[0] == pytest.approx(-1.4) and slope.asnumpy()[0] == pytest.approx(0.7)


def test_gradients_are_left_alone(arrays):
    block = nn.PReLU()
    block.initialize()
    x = arrays([-1.0, -1.0])
    x.attach_grad()
    with mx.autograd.record():
        y = block(x)
    y.backward()
    evaluate(block, x)
    evaluate(block, arrays(np.linspace(-9, 9, 50)))
    assert block.alpha.grad().asnumpy().tolist() == [-2]
    assert x.grad.asnumpy().tolist() == [0.25, 0.25] and x.asnumpy().tolist() == [-1, -1]


def test_nothing_is_dropped_as_in_training(arrays):
    """Neither in the value, whose recording does not switch to training, nor in the gradient."""
    for _ in range(3):
        value, slope = evaluate(nn.Dropout(0.5), arrays(np.ones(50)))
        assert value.asnumpy().tolist() == slope.asnumpy().tolist() == [1] * 50
    with mx.autograd.train_mode():
        assert evaluate(nn.Dropout(0.5), arrays(np.ones(50)))[1].asnumpy().tolist() == [1] * 50


def test_normalisation_is_not_by_the_batch(arrays):
    value, slope = evaluate(nn.BatchNorm(), arrays([[1.0], [5.0]]))
    np.testing.assert_allclose(value.asnumpy(), [[1], [5]], rtol=1e-4)
    np.testing.assert_allclose(slope.asnumpy(), [[1], [1]], rtol=1e-4)


def test_a_block_whose_shape_waits_for_its_first_batch(arrays):
    value, slope = evaluate(nn.Dense(1, weight_initializer=mx.init.One()), arrays([[2.0, 3.0]]))
    assert value.asnumpy().tolist() == [[5]] and slope.asnumpy().tolist() == [[1, 1]]
    net = nn.Dense(1, weight_initializer=mx.init.One())
    net.initialize()
    assert evaluate(net, arrays([[2.0, 3.0]]))[0].asnumpy().tolist() == [[5]]


def test_the_kind_of_array_is_kept(arrays):
    x = arrays([1.0])
    assert {type(part) for part in (*evaluate("silu", x), derivative("relu", x))} == {type(x)}


def test_what_cannot_be_evaluated_is_said(arrays):
    with pytest.raises(TypeError, match="evaluate takes float16, float32, float64, not int32"):
        evaluate("relu", arrays([1], "int32"))
    with pytest.raises(TypeError, match="evaluate takes an MXNet array .* not builtins.list"):
        evaluate("relu", [1.0])
    with pytest.raises(ValueError, match="nearest: relu"):
        derivative("reluu", arrays([1.0]))


# -- for whoever looks into somebody's block ----------------------------------------------------------------------


def of(function):
    """A block of somebody's own."""
    block = nn.Lambda(function)
    block.initialize()
    return block


@pytest.mark.parametrize("xs", [XS, XS[:3], XS[:1], [[1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]]])
def test_a_curve_of_what_treats_each_element_alike(arrays, xs):
    value, slope = curve(of(lambda x: x * x), arrays(xs))
    np.testing.assert_allclose([value.asnumpy(), slope.asnumpy()], [np.square(xs), np.multiply(2, xs)])
    value, slope = curve(PReLU(), arrays(xs))
    np.testing.assert_allclose(slope.asnumpy(), np.where(np.array(xs) > 0, 1, 0.25))


@pytest.mark.parametrize("function, xs", [
    (lambda x: x - x.mean(), XS),
    (lambda x: x.sum(), XS),
    (lambda x: x.reshape((-1, 1)), XS),
    (lambda x: x * (x.max() < 9), [0.25, 8.5, -0.5]),  # there, but not around 0
    (lambda x: x + (x.max() > 0.5), [10.0, 8.5, -0.5]),  # and the other way round
])  # fmt: skip
def test_no_curve_of_what_does_not(arrays, function, xs):
    assert curve(of(function), arrays(xs)) is None
    assert curve(Softmax(), arrays(xs)) is None


def test_a_nan_is_where_it_was(arrays):
    """As a logarithm gives it; it equals itself here."""
    value, _ = curve(of(lambda x: (x**0.5) * 2), arrays([-4.0, -9.0, 4.0, -1.0]))
    np.testing.assert_allclose(value.asnumpy(), [np.nan, np.nan, 4, np.nan])


def test_a_value_is_that_outside_of_training(arrays):
    x = arrays(np.ones(50))
    with mx.autograd.record():
        found = value_of(nn.Dropout(0.5), x)
    assert type(found) is np.ndarray and found.tolist() == [1] * 50


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_points_for_each_channel(arrays, channels):
    xs = [-1.0, 0.0, 2.0, 5.0]
    for dtype in ("float32", "float64"):
        block = PReLU(channels)
        block.cast(dtype)
        points = points_for(block, xs)
        assert points.dtype == np.dtype(dtype)
        wanted = xs if channels == 1 else [[x] * channels for x in xs]
        assert points.asnumpy().tolist() == wanted
    made = points_for("relu", xs, arrays.device, "float16")
    assert made.asnumpy().tolist() == xs and made.dtype == np.float16


def test_points_for_a_weight_of_two_axes():
    """The first axis counts: it is that of the outputs, and of a PReLU's channels."""
    block = nn.Dense(3, in_units=2, use_bias=False)
    assert points_for(block, [0.0, 1.0]).shape == (2, 3)
