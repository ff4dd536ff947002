"""Gains and initialisers, by the variance of a deep net."""

import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from gluon_activations import (
    CATALOG,
    CELU,
    ELU,
    GELU,
    BinaryStep,
    LeakyReLU,
    PReLU,
    Softmax,
    Swish,
    activations,
    array,
    gain,
    get_activation,
    initialize,
    initializer,
    replace_activations,
)
from gluon_activations._arrays import initialize_on
from tests.references import RECORDS

import mxnet as mx
from mxnet.gluon import nn

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
        seen.append((x**2).mean().asnumpy().item())
        x = block(x)
    return seen


def test_a_net_is_named_in_a_line(arrays):
    net = nn.HybridSequential()
    net.hybridize()
    net(arrays([1.0]))
    many = nn.HybridSequential()
    many.add(*[nn.Flatten() for _ in range(9)])
    for function in (gain, initializer):
        for wrong in (net, many):
            with pytest.raises(ValueError, match=r"^HybridSequential\(…\) .*$"):
                function(wrong)


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
        with pytest.raises(TypeError, match="an activation is a name, a block, a function or None, not 3"):
            function(3)


# -- what people have: names with parameters, blocks, functions, nets --------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_block_has_the_gain_of_its_name(arrays, name):
    assert gain(get_activation(name)) == pytest.approx(gain(name), rel=1e-6)
    kinds = {type(init): vars(init) for init in (initializer(name), initializer(get_activation(name)))}
    ((kind, facts),) = kinds.items()
    assert kind is mx.init.Xavier or issubclass(kind, mx.init.Xavier)
    assert facts["magnitude"] == pytest.approx(initializer(name).magnitude, rel=2e-6)
    assert facts["factor_type"] == initializer(name).factor_type


def second_moment(f):
    """E f(z)^2 by SciPy's adaptive quadrature."""
    parts = [quad(lambda z: f(z) ** 2 * norm.pdf(z), low, high)[0] for low, high in ((-13, 0), (0, 13))]
    return sum(parts)


@pytest.mark.parametrize("given, options, f", [
    ("leaky_relu", {"alpha": 0.2}, lambda z: max(z, 0.2 * z)),
    ("elu", {"alpha": 3.0}, lambda z: z if z > 0 else 3 * np.expm1(z)),
    ("swish", {"beta": -2.0}, lambda z: z * expit(-2 * z)),
    (lambda: CELU(0.5), {}, lambda z: z if z > 0 else 0.5 * np.expm1(z / 0.5)),
    (lambda: nn.LeakyReLU(0.3), {}, lambda z: max(z, 0.3 * z)),
    (lambda: nn.Activation("softrelu"), {}, lambda z: np.log1p(np.exp(z))),
    (lambda: PReLU(5, alpha=-0.5), {}, lambda z: max(z, 0) - 0.5 * min(z, 0)),
    (lambda: lambda x: x * x, {}, lambda z: z * z),
])  # fmt: skip
def test_the_gain_of_whatever_treats_each_element_alike(arrays, given, options, f):
    activation = given() if callable(given) else given
    expected = second_moment(f) ** -0.5
    assert gain(activation, **options) == pytest.approx(expected, rel=1e-6)
    if not isinstance(activation, nn.Activation) or activation._act_type != "softrelu":
        assert initializer(activation, **options).magnitude == pytest.approx(expected**2, rel=1e-6)


def test_channels_that_differ(arrays):
    block = PReLU(2)
    block.initialize()
    block.alpha.set_data(arrays([0.0, 1.0]))
    assert gain(block) == pytest.approx((0.5 * (0.5 + 1)) ** -0.5, rel=1e-6)


def test_the_slope_at_0_of_what_saturates():
    assert initializer("hard_sigmoid", slope=0.25).magnitude == 16
    assert initializer(get_activation("hard_sigmoid", slope=0.25)).magnitude == 16
    assert initializer(nn.Activation("tanh")).magnitude == 1
    assert initializer(nn.Activation("sigmoid")).factor_type == "avg"


def test_what_is_flat_at_0_has_no_slope_to_start_in():
    with pytest.raises(
        ValueError, match=r"HardTanh\(min_val=0.5, max_val=2.0\) has no initialiser: its slope at 0"
    ):
        initializer("hard_tanh", min_val=0.5, max_val=2)


def test_the_points_of_the_quadrature_lie_on_both_sides_alike():
    """So that an odd function has no mean, and 0, where most kinks are, lies between two of them."""
    points = initialize._Z
    np.testing.assert_array_equal(points[::-1], -points)
    assert points.all() and np.ptp(np.diff(points)) < 1e-12


def test_a_block_stays_as_it_was():
    block, around = Swish(0.5, learnable=True), nn.HybridSequential()
    around.add(block)
    for each in (block, around):
        assert gain(each) == pytest.approx(gain("swish", beta=0.5), rel=1e-6)
        assert block.beta._data is None


@pytest.mark.parametrize("name", ["rrelu", "RReLU", "alpha_dropout"])
def test_what_draws_numbers_is_given_as_a_block(name):
    with pytest.raises(ValueError, match=f"^{name} draws numbers, so the catalog has no entry of it"):
        gain(name)


@pytest.mark.parametrize("wrong, why", [
    (lambda: lambda x: x * 0, "mean square of its values is 0"),
    (lambda: lambda x: x / 0, "mean square of its values is inf"),
    (lambda: lambda x: x**0.5, "mean square of its values is nan"),
    (lambda: lambda x: x.sum(), "does not treat each element by itself"),
    (lambda: lambda x: x - x.mean(), "does not treat each element by itself"),
    (lambda: lambda x: x + array(np.arange(2**17), "float64"), "does not treat each element by itself"),
    (nn.BatchNorm, r"has no gain: it fails for an array of shape \(131072,\)"),
    (Softmax, "softmax acts on vectors"),
])  # fmt: skip
def test_what_has_no_gain(arrays, wrong, why):
    for function in (gain, initializer):
        with pytest.raises(ValueError, match=why):
            function(wrong())


def test_parameters_go_with_a_name():
    for function in (gain, initializer):
        with pytest.raises(TypeError, match="alpha"):
            function("relu", alpha=1)
        with pytest.raises(TypeError, match=r"parameters \(alpha\) go with the name"):
            function(ELU(), alpha=1)


def test_each_layer_of_a_net_gets_its_own(arrays):
    inner = nn.HybridSequential()
    inner.add(nn.Dense(300, activation="tanh"), nn.Dense(400), nn.BatchNorm(), nn.Dropout(0.5), GELU())
    own = nn.Dense(200, weight_initializer=mx.init.Zero())
    net = nn.HybridSequential()
    net.add(inner, nn.Dense(300), nn.Dense(250), LeakyReLU(0.3), own, BinaryStep(), nn.Dense(500))
    suited = initializer(net)
    assert (suited.factor_type, suited.magnitude) == ("in", 1)  # for whatever else there may be
    net.initialize(suited)
    net(arrays(np.random.randn(2, 200)))
    layers = [inner[0], inner[1], net[1], net[2], net[4], net[6]]
    weights = [layer.weight.data().asnumpy() for layer in layers]
    expected = [2 / 500, 2.351716 / 300, 1 / 400, 2 / 1.09 / 300, 0, 1 / 200]
    for weight, variance in zip(weights, expected):
        assert weight.var() == pytest.approx(variance, rel=0.04)
    replace_activations(inner, "identity", replaces="gelu")
    net.initialize(initializer(net), force_reinit=True)  # again, for what it is now
    assert inner[1].weight.data().asnumpy().var() == pytest.approx(1 / 300, rel=0.04)
    assert isinstance(own.weight.init, mx.init.Zero)


def test_the_signal_lives_through_a_net_of_several_activations(arrays):
    net = nn.HybridSequential()
    for name in ("relu", "elu", "leaky_relu", "gelu", "selu", "mish", "identity", "silu"):
        net.add(nn.Dense(WIDTH, use_bias=False), get_activation(name))
    net.initialize(initializer(net))
    x = arrays(np.random.randn(BATCH, WIDTH))
    for block in net:
        x = block(x)
        if not isinstance(block, nn.Dense):
            assert (x**2).mean().asnumpy().item() == pytest.approx(1, rel=0.6)
