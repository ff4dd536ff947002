"""Gains and initialisers, by the variance of a deep net."""

import mxnet as mx
import numpy as np
import pytest
from mxnet.gluon import nn
from numpy.polynomial.hermite_e import hermegauss

from gluon_activations import CATALOG, activations, gain, get_activation, initializer
from gluon_activations._arrays import initialize_on
from tests.references import RECORDS

DEPTH, WIDTH, BATCH = 20, 256, 256
NAMES = activations("elements")


def mean_squares(name, init, arrays):
    """Mean square of the pre-activations in each of twenty layers, the first of which is 1."""
    device = arrays.device
    layers = [nn.Dense(WIDTH, use_bias=False, in_units=WIDTH) for _ in range(DEPTH)]
    layers[0].initialize(mx.init.Xavier("gaussian", "in", 1), ctx=device)
    block = get_activation(name)
    initialize_on(block, device)
    x, seen = arrays(np.random.randn(BATCH, WIDTH)), []
    for layer in layers:
        layer.initialize(init, ctx=device)
        x = layer(x)
        seen.append(float((x**2).mean().asnumpy()))
        x = block(x)
    return seen


def test_known_gains():
    assert gain("relu") == pytest.approx(2**0.5)
    assert gain("selu") == pytest.approx(1)
    assert gain("tanh") == pytest.approx(1.5925, abs=1e-4)
    assert gain("softrelu") == gain("Softplus") == CATALOG["softplus"].gain


@pytest.mark.parametrize("name", [name for name in NAMES if not RECORDS[name].saturates])
def test_the_signal_lives_through_twenty_layers(arrays, name):
    seen = mean_squares(name, initializer(name), arrays)
    assert seen[0] == pytest.approx(1, rel=0.1)
    assert seen[1] == pytest.approx(1, rel=0.25)
    assert RECORDS[name].growth == np.inf or 0.25 < seen[-1] < RECORDS[name].growth


@pytest.mark.parametrize("name", NAMES)
def test_each_layer_does_to_the_signal_what_the_theory_says(arrays, name):
    """The mean square after a layer is the variance of its weights times E f(sqrt(q) z)^2, for a wide net."""
    seen = mean_squares(name, initializer(name), arrays)
    z, weight = hermegauss(100)
    factor = CATALOG[name].glorot or CATALOG[name].gain
    for depth, (q, after) in enumerate(zip(seen, seen[1:])):
        if depth == 0 or RECORDS[name].saturates:  # or else the samples soon differ in their size
            f, _ = RECORDS[name].float64(np.sqrt(q) * z)
            second, fourth = (weight @ f**power / weight.sum() for power in (2, 4))
            spread = np.sqrt((fourth / second**2 - 1) / WIDTH)  # of the mean of so many squares
            assert after == pytest.approx(factor**2 * second, rel=0.1 + 2.5 * spread)
    assert not seen[-1] <= 0.02


@pytest.mark.parametrize("name", ["relu", "gelu", "silu", "mish", "selu"])
def test_the_default_of_gluon_kills_it(arrays, name):
    assert mean_squares(name, mx.init.Uniform(0.07), arrays)[-1] < 5e-3


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


def test_unknown_names_and_vectors():
    for function in (gain, initializer):
        with pytest.raises(ValueError, match="'geluu'; nearest: gelu"):
            function("geluu")
        with pytest.raises(ValueError, match="softmax acts on vectors, so it has no gain"):
            function("softmax")
        with pytest.raises(TypeError, match="an activation of the catalog is asked for by its name, not by 3"):
            function(3)
