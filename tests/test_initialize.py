"""Gains and initialisers, by the variance of a deep net."""

import mxnet as mx
import numpy as np
import pytest
from tests.conftest import LINE
from mxnet.gluon import nn

from gluon_activations import activations, gain, get_activation, initializer

DEPTH, WIDTH, BATCH = 20, 256, 256
# A net of these has another fixed point than the size of its input: it saturates by design.
SATURATING = ("sigmoid", "hard_sigmoid", "tanh", "hard_tanh")


def mean_squares(name, init, arrays):
    """Mean square of the pre-activations in each of twenty layers, the first of which is 1."""
    net = nn.HybridSequential()
    for depth in range(DEPTH):
        first = mx.init.Xavier("gaussian", "in", 1) if depth == 0 else None
        dense = nn.Dense(WIDTH, use_bias=False, in_units=WIDTH, weight_initializer=first)
        net.add(dense, get_activation(name))
    net.initialize(init, **{"device" if LINE == "2.0" else "ctx": arrays.device})
    x = arrays(np.random.randn(BATCH, WIDTH))
    seen = []
    for layer in net:
        x = layer(x)
        if isinstance(layer, nn.Dense):
            seen.append(float((x**2).mean().asnumpy()))
    return seen


def test_known_gains():
    assert gain("relu") == pytest.approx(2**0.5)
    assert gain("selu") == pytest.approx(1)
    assert gain("tanh") == pytest.approx(1.5925, abs=1e-4)
    assert gain("softrelu") == gain("softplus")


# The mean square that a gain keeps is a fixed point, but not an attracting one: for these a
# small excess grows from layer to layer, by up to this factor in twenty.
REPELLING = {"gelu": 20, "mish": 8, "silu": 120, "swish": 120, "hard_swish": 500}


@pytest.mark.parametrize("name", [name for name in activations() if name not in SATURATING])
def test_the_signal_lives_through_twenty_layers(arrays, name):
    seen = mean_squares(name, initializer(name), arrays)
    assert seen[0] == pytest.approx(1, rel=0.1)
    assert seen[1] == pytest.approx(1, rel=0.2)
    assert 0.25 < seen[-1] < REPELLING.get(name, 4)


@pytest.mark.parametrize("name", ["relu", "gelu", "silu", "mish", "selu"])
def test_the_default_of_gluon_kills_it(arrays, name):
    assert mean_squares(name, mx.init.Uniform(0.07), arrays)[-1] < 5e-3


@pytest.mark.parametrize("name", SATURATING)
def test_saturating_units_stay_in_their_slope(arrays, name):
    seen = mean_squares(name, initializer(name), arrays)
    assert 0.02 < seen[-1] < 40


@pytest.mark.parametrize("name, variance", [
    ("relu", 2 / 100),
    ("leaky_relu", 2 / 100 / (1 + 0.01**2)),
    ("prelu", 2 / 100 / (1 + 0.25**2)),
    ("selu", 1 / 100),
    ("tanh", 2 / 500),
    ("sigmoid", 16 * 2 / 500),
    ("gelu", 2.351716 / 100),
    ("silu", 2.810761 / 100),
])  # fmt: skip
def test_variance_of_the_weights(name, variance):
    layer = nn.Dense(400, in_units=100, weight_initializer=initializer(name))
    layer.initialize()
    weights = layer.weight.data().asnumpy()
    assert weights.var() == pytest.approx(variance, rel=0.03)
    assert abs(weights.mean()) < 4 * (variance / weights.size) ** 0.5


def test_unknown_names():
    for function in (gain, initializer):
        with pytest.raises(ValueError, match="'geluu'; nearest: gelu"):
            function("geluu")
