"""Signal and gradient of each layer, against sums done by hand."""

import math
import re
import warnings

import numpy as np
import pytest

from gluon_activations import (
    Mish,
    SiLU,
    array,
    check_output,
    diagnose,
    gradient_statistics,
    layer_statistics,
    replace_activations,
)
from gluon_activations._arrays import initialize_on
from tests.conftest import LINE
from tests.nets import Custom, freeze, legacy_shapes, net_of, sequential

import mxnet as mx
from mxnet.gluon import Block, Trainer, nn
from mxnet.gluon import loss as losses

CE = losses.SoftmaxCrossEntropyLoss


def test_layer_statistics_by_hand(arrays):
    net = sequential(nn.Dense(6), nn.Activation("tanh"), sequential(nn.Dense(4, activation="relu"), SiLU()))
    net.initialize(mx.init.Normal(1.0))
    x = np.random.randn(9, 5) * 2
    records = layer_statistics(net, arrays(x))
    assert [r["layer"] for r in records] == ["0 Dense", "1 Tanh", "2.0 Dense", "2.0.act ReLU", "2.1 SiLU"]
    w, b, v, c = (p.data().asnumpy().astype(float) for p in net.collect_params().values())
    z = x @ w.T + b
    a = np.tanh(z)
    u = a @ v.T + c
    r = np.maximum(u, 0)
    s = 1 / (1 + np.exp(-r))
    expected = [(z, None), (a, 1 - a**2), (u, None), (r, u > 0), (r * s, s + r * s * (1 - s))]
    for record, (values, slope) in zip(records, expected):
        assert record["shape"] == values.shape
        np.testing.assert_allclose(
            [record["mean"], record["std"]], [values.mean(), values.std()], rtol=1e-4, atol=1e-6
        )
        assert record["zeros"] == pytest.approx((values == 0).mean())
        saturated = None if slope is None else np.mean(abs(slope) < 0.01)
        assert record["saturated"] == (saturated if saturated is None else pytest.approx(saturated))
    assert 0.1 < records[1]["saturated"] < 0.9 and 0.1 < records[3]["zeros"] < 0.9
    assert records[4]["saturated"] == 0
    falling = layer_statistics(sequential(SiLU()), arrays([-2.0, -3.0]))  # slopes of -0.09 are not flat
    assert falling[0]["saturated"] == 0
    with pytest.raises(TypeError, match="^layer_statistics's saturated_below is a finite number, not 'x'$"):
        layer_statistics(net, arrays(x), saturated_below="x")
    wide = layer_statistics(net, arrays(x), saturated_below=2.0)
    assert [r["saturated"] for r in wide] == [None, 1, None, 1, 1]


def test_the_activation_of_a_dense_layer_may_have_been_replaced(arrays):
    net = sequential(nn.Dense(3, activation="relu"))
    net.initialize()
    replace_activations(net, Mish)
    dense, mish = layer_statistics(net, arrays(np.random.randn(4, 6)))
    assert (dense["layer"], mish["layer"]) == ("0 Dense", "0.act Mish") and dense["std"] != mish["std"]
    assert check_output(net, losses.HingeLoss())[0].startswith("The net ends in Mish")


@pytest.mark.parametrize("hybridize", [False, True])
def test_gradients_by_hand(arrays, hybridize):
    net = sequential(nn.Dense(7), nn.Activation("tanh"), nn.Dense(4))
    net.initialize(mx.init.Normal(0.5))
    x, y = np.random.randn(9, 5), np.arange(9) % 4
    if hybridize:
        net.hybridize()
        net(arrays(x))
    w, b, v, c = (p.data().asnumpy().astype(float) for p in (net(arrays(x)), net)[1].collect_params().values())
    h = np.tanh(x @ w.T + b)
    scores = h @ v.T + c
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    delta = (p - np.eye(4)[y]) / len(x)
    back = delta @ v * (1 - h**2)
    expected = [back.T @ x, back.sum(axis=0), delta.T @ h, delta.sum(axis=0)]
    records = gradient_statistics(net, arrays(x), arrays(y), CE(), every=True)
    named = [("0 Dense", "weight"), ("0 Dense", "bias"), ("2 Dense", "weight"), ("2 Dense", "bias")]
    assert [(r["layer"], r["parameter"]) for r in records] == named
    np.testing.assert_allclose([r["norm"] for r in records], list(map(np.linalg.norm, expected)), rtol=1e-4)
    np.testing.assert_allclose([r["rms"] for r in records], [np.sqrt((g**2).mean()) for g in expected], rtol=1e-4)
    assert gradient_statistics(net, arrays(x), arrays(y), CE()) == records[::2]


def test_gradients_of_what_is_shared_frozen_unused_or_without_a_weight(arrays):
    dense, norm, frozen = nn.Dense(4, in_units=4), nn.BatchNorm(in_channels=4), nn.Dense(4, in_units=4)
    freeze(frozen)
    net = sequential(dense, norm, nn.PReLU(), frozen, dense)
    net.initialize()
    x, y = arrays(np.random.randn(5, 4)), arrays(np.zeros((5, 4)))
    records = gradient_statistics(net, x, y, losses.L2Loss())
    parameters = [(r["layer"], r["parameter"]) for r in records]
    assert parameters == [("0 Dense", "weight"), ("1 BatchNorm", "gamma"), ("2 PReLU", "alpha")]
    freeze(norm)
    assert len(gradient_statistics(net, x, y, losses.L2Loss())) == 2
    freeze(net)
    with pytest.raises(ValueError, match="no trained parameters"):
        gradient_statistics(net, x, y, losses.L2Loss())
    net = Custom()
    net.spare = nn.Dense(2, in_units=2)
    net.initialize()
    *_, last = gradient_statistics(net, x, arrays(np.zeros(5)), CE())
    assert last == {"layer": "spare Dense", "parameter": "weight", "norm": 0.0, "rms": 0.0}


def test_a_layer_that_never_ran_and_has_no_shape_is_left_out(arrays):
    net = Custom()
    net.spare = nn.Dense(2, use_bias=False)
    net.initialize()
    records = gradient_statistics(net, arrays(np.random.randn(5, 4)), arrays(np.zeros(5)), CE())
    assert [r["layer"] for r in records] == ["body Dense", "head Dense"] and net.spare.weight._data is None


def test_a_parameter_of_two_layers_counts_once(arrays):
    first = nn.Dense(3, in_units=3)
    tied = nn.Dense(3, in_units=3, **({"params": first.collect_params()} if LINE == "1.9" else {}))
    if LINE == "2.0":
        tied.share_parameters(first.collect_params())
    net = sequential(first, tied)
    net.initialize()
    (record,) = gradient_statistics(net, arrays(np.eye(3)), None, lambda out, y: out)
    w = first.weight.data().asnumpy().astype(float)
    ones = np.full((3, 3), 1 / 9)
    both = w.T @ ones + ones.T @ w.T  # the mean of x w' w', by both places of w, for x = 1
    assert record["layer"] == "0 Dense" and record["norm"] == pytest.approx(np.linalg.norm(both), rel=1e-4)


def test_a_loss_may_be_any_function(arrays):
    net = sequential(nn.Dense(1, use_bias=False))
    net.initialize(mx.init.One())
    x = arrays([[1.0, 2.0], [3.0, 4.0]])
    (record,) = gradient_statistics(net, x, None, lambda out, y: out)
    assert record["norm"] == pytest.approx(math.hypot(2, 3)) and record["rms"] == pytest.approx(math.sqrt(6.5))


def test_running_statistics_and_modes(arrays):
    net = sequential(nn.Dense(3), nn.BatchNorm(), nn.Dropout(0.9))
    net.initialize()
    x = arrays(np.random.randn(50, 5) + 3)
    still, trained = layer_statistics(net, x), layer_statistics(net, x, train_mode=True)
    assert abs(trained[1]["mean"]) < 1e-3 < abs(still[1]["mean"]) and trained[1]["std"] == pytest.approx(
        1, abs=0.01
    )
    assert still[2]["zeros"] == 0 and trained[2]["zeros"] > 0.7
    np.testing.assert_array_equal(net[1].running_mean.data().asnumpy(), 0)
    eager = [r["norm"] for r in gradient_statistics(net, x, x[:, :3], losses.L2Loss())]
    assert [r["norm"] for r in gradient_statistics(net, x, x[:, :3], losses.L2Loss())] == eager


def test_records_hold_plain_numbers(arrays):
    (dense, relu) = layer_statistics(sequential(nn.Flatten(), nn.Activation("relu")), arrays([[1.0, -3.0]]))
    assert relu == {"layer": "1 ReLU", "shape": (1, 2), "mean": 0.5, "std": 0.5, "zeros": 0.5, "saturated": 0.5}
    assert {type(value) for value in relu.values()} == {str, tuple, float} and dense["saturated"] is None
    net = sequential(nn.Dense(1, use_bias=False))
    net.initialize(mx.init.One())
    (record,) = gradient_statistics(net, arrays([[3.0, 4.0]]), None, lambda out, y: out)
    assert record == {"layer": "0 Dense", "parameter": "weight", "norm": 5.0, "rms": 5 / 2**0.5}
    assert type(record["norm"]) is float and type(record["rms"]) is float


def test_what_is_saturated_is_flatter_than_a_hundredth(arrays):
    def bent(x):
        return 0.0099 * x * (x > 0) - 0.0101 * x * (x < 0)

    net = sequential(nn.Lambda(bent), kind=nn.Sequential)
    x = arrays([[1.0, 2.0, 3.0, -1.0]])
    assert layer_statistics(net, x)[0]["saturated"] == 0.75
    assert layer_statistics(net, x, saturated_below=0.0101001)[0]["saturated"] == 1
    assert layer_statistics(net, x, saturated_below=0.001)[0]["saturated"] == 0


def test_gradients_in_training_are_those_of_the_batch(arrays):
    net = sequential(nn.BatchNorm(in_channels=2), nn.Dense(1, in_units=2))
    net.initialize(mx.init.One())
    x = arrays([[1.0, 4.0], [3.0, 8.0]])
    still = gradient_statistics(net, x, None, lambda out, y: out)
    trained = gradient_statistics(net, x, None, lambda out, y: out, train_mode=True)
    assert still[1]["norm"] == pytest.approx(np.hypot(2, 6), rel=1e-3)
    assert trained[1]["norm"] == pytest.approx(0, abs=1e-3)  # the batch has mean 0 there


def test_what_is_as_steep_as_asked_is_not_saturated(arrays):
    (record,) = layer_statistics(sequential(nn.Activation("relu")), arrays([-1.0, 2.0]), saturated_below=1.0)
    assert record["saturated"] == 0.5


def test_weights_of_layers_that_are_never_called_have_gradients_too(arrays):
    class Weighs(Block):
        def __init__(self):
            super().__init__()
            self.inner = nn.Dense(1, in_units=2, use_bias=False)

        def forward(self, x):
            return x * self.inner.weight.data()

    net = Weighs()
    net.initialize()
    (record,) = gradient_statistics(net, arrays([[6.0, 8.0]]), None, lambda out, y: out)
    assert record["layer"] == "inner Dense" and record["norm"] == pytest.approx(5)
    with pytest.raises(ValueError, match="no layer can be seen in Weighs"):
        layer_statistics(net, arrays([[6.0, 8.0]]))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_gradients_of_a_transposed_convolution(arrays, axes):
    with legacy_shapes(arrays):
        net = sequential(getattr(nn, f"Conv{axes}DTranspose")(2, 2), nn.Flatten(), nn.Dense(1))
        net.initialize()
        x, y = arrays(np.random.randn(2, 3, *[2] * axes)), arrays(np.zeros((2, 1)))
        records = gradient_statistics(net, x, y, losses.L2Loss(), train_mode=True)
        with mx.autograd.record():
            step = losses.L2Loss()(net(x), y).mean()
        step.backward()
        norms = [np.linalg.norm(layer.weight.grad().asnumpy()) for layer in (net[0], net[2])]
        np.testing.assert_allclose([r["norm"] for r in records], norms, rtol=1e-4)


def test_gradients_of_the_inputs_the_target_and_the_loss_stay(arrays):
    class Weighted(losses.L2Loss):
        def __init__(self):
            super().__init__()
            self.inner = nn.Dense(3, in_units=3)

        def __call__(self, out, y):
            return super().__call__(self.inner(out), y)

    net, loss = sequential(nn.Dense(3, in_units=3)), Weighted()
    net.initialize()
    loss.initialize()
    x, y = arrays(np.random.randn(2, 3)), arrays(np.zeros((2, 3)))
    parameters = [*net.collect_params().values(), *loss.collect_params().values()]
    for held in (x, y):
        held.attach_grad()
    with mx.autograd.record():
        step = loss(net(x), y).sum()
    step.backward()
    held = [x.grad, y.grad, *(p.grad() for p in parameters)]
    before = [each.asnumpy() for each in held]
    gradient_statistics(net, x, y, loss)
    gradient_statistics(net, [x], {"y": [y]}, lambda out, held: losses.L2Loss()(out, held["y"][0]))
    assert all(np.any(each) for each in before)
    np.testing.assert_equal([each.asnumpy() for each in held], before)
    assert [id(p.grad()) for p in parameters] == [id(each) for each in held[2:]]


@pytest.mark.parametrize("grad_req", ["write", "add"])
def test_gradients_are_fresh_each_time_and_the_trainer_goes_on(arrays, grad_req):
    net = sequential(nn.Dense(3, in_units=3))
    net.initialize()
    for p in net.collect_params().values():
        p.grad_req = grad_req
    trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    x, y = arrays(np.random.randn(2, 3)), arrays(np.zeros((2, 3)))
    with mx.autograd.record():
        step = losses.L2Loss()(net(x), y)
    step.backward()
    first, second = (gradient_statistics(net, x, y, losses.L2Loss()) for _ in range(2))
    assert first == second and first[0]["norm"] > 0
    trainer.step(2)  # it would refuse a gradient that is not this step's


def test_a_loss_that_no_parameter_reaches_and_one_that_is_no_array(arrays):
    net = sequential(nn.Dense(3, in_units=3), nn.Dense(2, in_units=3))
    net.initialize()
    x = arrays(np.random.randn(2, 3))
    for loss in (lambda out, y: arrays(out.asnumpy()), lambda out, y: arrays(np.ones(2), "float64")):
        assert [r["norm"] for r in gradient_statistics(net, x, None, loss)] == [0, 0]
    for loss, kind in ((lambda out, y: [out], "list"), (lambda out, y: 3.0, "float")):
        with pytest.raises(TypeError, match=f"the loss gives one array, not {kind}"):
            gradient_statistics(net, x, None, loss)


def test_gradients_are_those_of_the_device_where_the_batch_is(arrays):
    net = sequential(nn.Dense(1, use_bias=False, in_units=2))
    initialize_on(net, [mx.cpu(0), mx.cpu(1)])
    for device in (0, 1):
        (record,) = gradient_statistics(net, array([[3.0, 4.0]], ctx=mx.cpu(device)), None, lambda out, y: out)
        assert record["norm"] == pytest.approx(5)


def test_gradients_of_a_net_that_takes_nothing(arrays):
    net = net_of(lambda self: self.k0.weight.data() * 3, nn.Dense(2, in_units=2, use_bias=False))
    net.initialize()
    (record,) = gradient_statistics(net, (), None, lambda out, y: out)
    assert (record["layer"], record["norm"]) == ("k0 Dense", pytest.approx(1.5))  # four times 3 / 4


def test_gradients_of_an_embedding(arrays):
    net = sequential(nn.Embedding(9, 2), nn.Dense(1))
    net.initialize(mx.init.One())
    words = arrays([[1, 1, 2]], "int32")
    (first, _) = gradient_statistics(net, words, None, lambda out, y: out)
    assert first["norm"] == pytest.approx(np.sqrt(2 * 4 + 2 * 1))


def test_infinite_and_missing_numbers_are_told_without_a_warning(arrays):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        net = sequential(nn.Activation("relu"))
        (record,) = layer_statistics(net, arrays([1.0, np.inf]))
        assert record["mean"] == np.inf and np.isnan(record["std"]) and record["saturated"] == 0
        assert np.isnan(layer_statistics(sequential(Mish()), arrays([np.nan, 1.0]))[0]["mean"])


def several(give):
    net = net_of(lambda self, x: give(self.k0(x)), nn.Dense(3, in_units=4))
    net.initialize()
    return net


@pytest.mark.parametrize("give, came, take", [
    (lambda y: (y, y), "a tuple of 2", "out[0]"),
    (lambda y: [y], "a list of 1", "out[0]"),
    (lambda y: {"a": y, "b": y}, "a dict of 2", "out['a']"),
])  # fmt: skip
def test_of_several_outputs_a_loss_says_how_to_take_one(arrays, give, came, take):
    net, x, y = several(give), arrays(np.ones((8, 4))), arrays(np.zeros(8))
    told = f"the output of the net is {came}, and L2Loss wants one array: pass a function, "
    told += f"as lambda out, y: loss({take}, y)"
    for look in (
        lambda: gradient_statistics(net, x, y, losses.L2Loss()),
        lambda: diagnose(net, (x, y), losses.L2Loss()),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
            look()
    function = eval(f"lambda out, y: loss({take}, y)", {"loss": CE()})
    assert len(gradient_statistics(net, x, y, function)) == 1 and diagnose(net, (x, y), function).looks


def test_a_net_that_gives_no_array_is_told_in_a_line(arrays):
    net, x, y = several(lambda y: None), arrays(np.ones((8, 4))), arrays(np.zeros(8))
    with pytest.raises(ValueError, match="^the output of the net is None, and L2Loss wants one array$"):
        gradient_statistics(net, x, y, losses.L2Loss())
    with pytest.raises(ValueError, match="^the net gives no array, so there is no output to look at$"):
        diagnose(net, (x, y), losses.L2Loss())
