"""Value and slope of anything that maps an array."""

import warnings

import numpy as np
import pytest

from gluon_activations import (
    PReLU,
    Sigmoid,
    Swish,
    _evaluate,
    activations,
    derivative,
    evaluate,
    get_activation,
)
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


@pytest.mark.parametrize("xs", [XS, XS[:3], XS[:1], [[1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]]])
def test_a_curve_of_what_treats_each_element_alike(arrays, xs):
    value, slope = curve(get_activation(lambda x: x * x), arrays(xs))
    np.testing.assert_allclose([value.asnumpy(), slope.asnumpy()], [np.square(xs), np.multiply(2, xs)])
    value, slope = curve(PReLU(), arrays(xs))
    np.testing.assert_allclose(slope.asnumpy(), np.where(np.array(xs) > 0, 1, 0.25))


def test_an_activation_is_probed_where_it_is_and_around_0(arrays):
    def flat_far_out(x):
        """Couples its elements, which shows only near 0."""
        return x * (x > 5) + (x <= 5) * x.sum()

    def flat_nearby(x):
        """Couples its elements, which shows only far out."""
        return x * (x.sum() < 100) + (x.sum() >= 100) * x.sum()

    def logarithm(x):
        """Gives nan below 0, to each element by itself."""
        return x**0.5

    def total(x):
        return x.sum()

    def through_the_middle(x):
        """Couples its elements by one of them."""
        return x + x.reshape((-1,))[3]

    def parity(x):
        """Couples its elements by whether their sum is odd."""
        return x + x.sum() % 2

    far = arrays(np.full((2, 3), 50.0))
    assert curve(get_activation(flat_far_out), far) is None
    assert curve(get_activation(flat_nearby), far) is None
    assert curve(get_activation(total), far) is None
    assert curve(get_activation(through_the_middle), far) is None
    assert curve(get_activation(parity), far) is None
    assert curve(get_activation(logarithm), arrays([-1.0, 4.0, -2.0])) is not None
    value, slope = curve(get_activation(logarithm), arrays([4.0, 9.0]))
    np.testing.assert_allclose([value.asnumpy(), slope.asnumpy()], [[2, 3], [1 / 4, 1 / 6]], rtol=1e-6)


def test_values_are_those_outside_of_training(arrays):
    drop, x = nn.Dropout(0.9), arrays(np.ones(50))
    with mx.autograd.record():
        np.testing.assert_array_equal(value_of(drop, x), 1)
        assert _evaluate._apart(drop, x, np.zeros(50))


def test_points_are_in_the_dtype_and_for_each_channel():
    points = [-1.0, 0.5, 3.0]
    assert points_for(Sigmoid(), points).shape == (3,) and points_for(Sigmoid(), points).dtype == np.float32
    np.testing.assert_array_equal(points_for("relu", points).asnumpy(), points)
    assert points_for(PReLU(), points).shape == (3,)
    np.testing.assert_array_equal(points_for(PReLU(4), points).asnumpy(), np.repeat([points], 4, 0).T)
    swish = Swish(learnable=True, in_channels=2)
    swish.cast("float64")
    assert points_for(swish, points).dtype == np.float64 and points_for(swish, points).shape == (3, 2)
    assert points_for(nn.Dense(3, in_units=4), points).shape == (3, 3)
    assert points_for(nn.BatchNorm(), points).shape == (3,)  # whose channels are not known yet
    assert str(points_for("relu", points, mx.cpu(0))) == str(points_for("relu", points))
    with pytest.raises(AttributeError, match="device_typeid"):
        points_for("relu", points, "nowhere")
