"""Diagnosis of somebody's net, against sums done by hand, and the net left as it was."""

import math

import mxnet as mx
import numpy as np
import pytest
from tests.conftest import LINE
from mxnet.gluon import HybridBlock, SymbolBlock, Trainer, nn, rnn
from mxnet.gluon import loss as losses
from mxnet.gluon.data import ArrayDataset, DataLoader
from mxnet.gluon.model_zoo import vision
from sklearn.datasets import load_digits

from gluon_activations import (
    GLU,
    AlphaDropout,
    HardTanh,
    Identity,
    Maxout,
    Mish,
    SiLU,
    Softmax,
    Softplus,
    activations,
    check_output,
    dead_units,
    functional,
    get_activation,
    gradient_statistics,
    initializer,
    layer_statistics,
    replace_activations,
)
from gluon_activations.blocks import initialize_on
from gluon_activations.catalog import children
from gluon_activations.diagnose import _walk

CE, BCE = losses.SoftmaxCrossEntropyLoss, losses.SigmoidBinaryCrossEntropyLoss


def sequential(*layers, kind=nn.HybridSequential):
    net = kind()
    net.add(*layers)
    return net


def digits():
    data = load_digits()
    x = (data.data - data.data.mean(axis=0)) / (data.data.std(axis=0) + 1e-6)
    return x.astype("float32"), data.target.astype("float32")


def freeze(block):
    for p in block.collect_params().values():
        p.grad_req = "null"


def legacy_shapes(arrays):
    """Legacy blocks with deferred shapes want 0 to mean "not known yet"."""
    return mx.util.np_shape(arrays.kind == "np")


if LINE == "1.9":

    class Custom(HybridBlock):
        """A forward pass of its own, in another order than the attributes."""

        def __init__(self, softmax=False):
            super().__init__()
            self.head, self.body, self.act, self.softmax = nn.Dense(3), nn.Dense(5), nn.Activation("relu"), softmax

        def hybrid_forward(self, F, x):
            y = self.head(self.act(self.body(self.act(x))))
            np_like = F.npx if mx.util.is_np_array() else F
            return np_like.softmax(y) if self.softmax else y

    class Own(HybridBlock):
        def hybrid_forward(self, F, x):
            return x * x if mx.util.is_np_array() else F.square(x)
else:

    class Custom(HybridBlock):
        """A forward pass of its own, in another order than the attributes."""

        def __init__(self, softmax=False):
            super().__init__()
            self.head, self.body, self.act, self.softmax = nn.Dense(3), nn.Dense(5), nn.Activation("relu"), softmax

        def forward(self, x):
            y = self.head(self.act(self.body(self.act(x))))
            return mx.npx.softmax(y) if self.softmax else y

    class Own(HybridBlock):
        def forward(self, x):
            return x * x


def softmax_lambda(kind="softmax"):
    """MXNet's own softmax in a block, as each line and kind of array has it."""
    if LINE == "2.0":
        return nn.HybridLambda(kind)
    if not mx.util.is_np_array():
        return nn.HybridLambda(kind)

    def function(F, x):
        return getattr(F.npx, kind)(x)

    function.__name__ = kind
    return nn.HybridLambda(function)


# Statistics of the layers.


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
    wide = layer_statistics(net, arrays(x), saturated_below=2.0)
    assert [r["saturated"] for r in wide] == [None, 1, None, 1, 1]


@pytest.mark.parametrize("name", activations())
def test_every_activation_is_known(arrays, name):
    net = sequential(nn.Dense(4), get_activation(name))
    net.initialize()
    x = arrays(np.random.randn(3, 5))
    record = layer_statistics(net, x)[1]
    assert record["saturated"] is not None
    found = dead_units(net, x, axis=-1)
    has_zero_region = name in ("relu", "relu6", "hard_sigmoid", "hard_swish", "binary_step")
    assert len(found) == has_zero_region
    assert gradient_statistics(net, x, arrays(np.zeros((3, 4))), losses.L2Loss())[0]["layer"] == "0 Dense"


def test_activations_of_ones_own(arrays):
    def relu(x):
        return functional.softplus(x) * 0 + (x > 0) * x

    def centred(x):
        return x - x.mean()

    net = sequential(
        nn.Dense(4), nn.Lambda(relu), get_activation(relu), Own(), nn.Lambda(centred), Softmax(), nn.LayerNorm(),
        AlphaDropout(0.1), nn.Dense(6), GLU(), nn.Lambda(functional.silu), kind=nn.Sequential,
    )  # fmt: skip
    net.initialize()
    records = layer_statistics(net, arrays(np.random.randn(50, 5)))
    seen = [r["layer"] for r in records if r["saturated"] is not None]
    assert seen == ["1 Lambda(relu)", "2 relu", "3 Own", "10 Lambda(silu)"]
    assert 0.2 < records[1]["saturated"] < 0.8
    assert [r["layer"] for r in dead_units(net, arrays(np.random.randn(50, 5)))] == seen[:2]


def test_names_are_the_same_on_both_lines_and_a_block_used_twice_has_two_records(arrays):
    net = Custom()
    net.initialize()
    x = arrays(np.random.randn(4, 6))
    called = ["act ReLU", "body Dense", "act ReLU #2", "head Dense"]
    assert [r["layer"] for r in layer_statistics(net, x)] == called
    assert [r["layer"] for r in gradient_statistics(net, x, arrays([0, 1, 2, 0]), CE())] == [called[1], called[3]]
    shared = nn.Activation("relu")
    net = sequential(nn.Dense(2), shared, nn.Dense(2), shared)
    net.initialize()
    assert [r["layer"] for r in layer_statistics(net, x)] == ["0 Dense", "1 ReLU", "2 Dense", "3 ReLU"]
    assert [r["layer"] for r in dead_units(net, x)] == ["1 ReLU", "3 ReLU"]
    assert layer_statistics(net[0], x)[0]["layer"] == "Dense"


def test_the_activation_of_a_dense_layer_may_have_been_replaced(arrays):
    net = sequential(nn.Dense(3, activation="relu"))
    net.initialize()
    replace_activations(net, Mish)
    dense, mish = layer_statistics(net, arrays(np.random.randn(4, 6)))
    assert (dense["layer"], mish["layer"]) == ("0 Dense", "0.act Mish") and dense["std"] != mish["std"]
    assert check_output(net, losses.HingeLoss())[0].startswith("The net ends in Mish")


# Gradients.


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


# Dead units.


@pytest.mark.parametrize("hybridize", [False, True])
def test_three_units_killed_by_hand_are_found(arrays, hybridize):
    x, y = digits()
    net = sequential(nn.Dense(64), nn.Activation("relu"), nn.Dense(32, activation="relu"), nn.Dense(10))
    net.initialize(initializer("relu"))
    batches = [arrays(x[i : i + 600]) for i in range(0, len(x), 600)]
    healthy = [{"layer": "1 ReLU", "units": 64, "dead": []}, {"layer": "2.act ReLU", "units": 32, "dead": []}]
    if hybridize:
        net.hybridize()
        net(batches[0])
    assert dead_units(net, batches) == healthy
    zeros = [r["zeros"] for r in layer_statistics(net, arrays(x))]
    assert 0.4 < zeros[1] < 0.6  # half the values are 0, and no unit is dead
    net[0].bias.set_data(arrays(np.where(np.isin(np.arange(64), [5, 17]), -1e3, 0)))
    weight = net[2].weight.data().asnumpy()
    weight[30] = 0
    net[2].weight.set_data(arrays(weight))
    dead = [5, 17], [30]
    assert [r["dead"] for r in dead_units(net, batches)] == list(dead)
    pairs = DataLoader(ArrayDataset(x, y), batch_size=500)
    if arrays.kind == "np":
        assert [r["dead"] for r in dead_units(net, pairs)] == list(dead)
    assert [r["dead"] for r in dead_units(net, ((b, None) for b in batches))] == list(dead)
    assert [r["dead"] for r in dead_units(net, arrays(x))] == list(dead)


def test_a_unit_alive_in_one_sample_of_one_batch_is_not_dead(arrays):
    net = sequential(nn.Dense(2, use_bias=False), nn.Activation("relu"))
    net.initialize()
    net(arrays(np.ones((1, 2))))
    net[0].weight.set_data(arrays(np.eye(2)))
    low, high = arrays([[-1, -1], [-1, -1]]), arrays([[-1, -1], [-1, 1]])
    assert dead_units(net, low)[0]["dead"] == [0, 1]
    assert dead_units(net, [low, high])[0]["dead"] == [0]
    assert dead_units(net, [high, low])[0]["dead"] == [0]


def test_dead_units_wants_value_and_slope_zero(arrays):
    x = arrays(np.zeros((4, 3)))
    assert dead_units(sequential(get_activation("hard_swish")), x)[0]["dead"] == []  # 0 at 0, but not flat
    assert dead_units(sequential(HardTanh()), x) == []
    assert dead_units(sequential(HardTanh(0, 1)), arrays(-np.ones((4, 3))))[0]["dead"] == [0, 1, 2]
    assert dead_units(sequential(HardTanh(-1, 1)), arrays(-5 * np.ones((4, 3)))) == []  # flat, but not 0
    step = dead_units(sequential(get_activation("binary_step")), arrays([[-1.0, 1.0]]))
    assert step == [{"layer": "0 BinaryStep", "units": 2, "dead": [0]}]
    tiny = sequential(nn.Activation("sigmoid"))
    assert dead_units(tiny, arrays([[1.0, -5.0]])) == []
    assert dead_units(tiny, arrays([[1.0, -1e3]]))[0]["dead"] == [1]


def test_channels_of_convolutions_and_the_last_axis(arrays):
    with legacy_shapes(arrays):
        net = sequential(nn.Conv2D(6, 3), nn.BatchNorm(), nn.Activation("relu"), nn.Flatten())
        net.initialize(initializer("relu"))
        x = arrays(load_digits().images[:50, None] / 8 - 1)
        assert dead_units(net, x) == [{"layer": "2 ReLU", "units": 6, "dead": []}]
        net[1].beta.set_data(arrays([0, -1e3, 0, 0, 0, 0]))
        assert dead_units(net, x)[0]["dead"] == [1]
    net = sequential(nn.Dense(4, in_units=3, flatten=False, activation="relu"))
    net.initialize()
    net[0].bias.set_data(arrays([1e3, 1e3, -1e3, 1e3]))
    x = arrays(np.random.randn(2, 5, 3))
    assert dead_units(net, x, axis=-1) == [{"layer": "0.act ReLU", "units": 4, "dead": [2]}]
    assert dead_units(net, x)[0]["units"] == 5
    with pytest.raises(ValueError, match=r"0.act ReLU gives shape \(2, 5, 4\), which has no axis 3"):
        dead_units(net, x, axis=3)


# The net is left as it was.


def state(net):
    """Everything that a diagnosis could disturb; the graph by its identity."""
    found = []
    for _, block in _walk(net):
        held = vars(block)
        found += [(key, held.get(key)) for key in ("_active", "_flags")]
        found += [(key, id(held.get(key))) for key in ("_cached_op", "_cached_graph")]
        found += [len(block._forward_hooks), len(block._forward_pre_hooks), len(dict(children(block)))]
    for name, p in net.collect_params().items():
        found += [name, p.grad_req, id(p._data), id(p._grad), p.data().asnumpy().tobytes()]
        found += [p.grad().asnumpy().tobytes()] if p.grad_req != "null" else []
    return found


def everything(net, x, y, loss, train_mode):
    layer_statistics(net, x, train_mode=train_mode)
    gradient_statistics(net, x, y, loss, train_mode=train_mode)
    dead_units(net, [x], train_mode=train_mode)
    check_output(net, loss, x)


@pytest.mark.parametrize("train_mode", [False, True])
@pytest.mark.parametrize("hybridize", [None, {}, {"static_alloc": True, "static_shape": True}, "children"])
def test_the_net_is_left_as_it_was(arrays, hybridize, train_mode):
    with legacy_shapes(arrays):
        conv = sequential(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Activation("relu"), nn.Flatten())
        kind = nn.Sequential if hybridize == "children" else nn.HybridSequential
        net = sequential(conv, nn.Dense(8, activation="relu"), nn.Dropout(0.5), SiLU(), nn.Dense(3), kind=kind)
        initialize_on(net, arrays.device)
        x, y = arrays(np.random.randn(6, 1, 8, 8)), arrays([0, 1, 2, 0, 1, 2])
        if hybridize is not None:
            net.hybridize(**({} if hybridize == "children" else hybridize))
        trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
        with mx.autograd.record():
            step = CE()(net(x), y)
        step.backward()
        trainer.step(6)
        out, before = net(x).asnumpy(), state(net)
        everything(net, x, y, CE(), train_mode)
        assert state(net) == before
        assert not mx.autograd.is_recording() and not mx.autograd.is_training()
        np.testing.assert_array_equal(net(x).asnumpy(), out)
        assert state(net) == before  # its graph still serves
        with mx.autograd.record():
            everything(net, x, y, CE(), train_mode)
            assert mx.autograd.is_recording() and mx.autograd.is_training()
        assert state(net) == before
        if hybridize is not None:
            inner = net if hybridize != "children" else net[0]
            assert inner._active and inner._cached_op is not None
        with mx.autograd.record():
            step = CE()(net(x), y)
        step.backward()
        trainer.step(6)
        assert state(net) != before  # so that this test could fail


@pytest.mark.parametrize("train_mode", [False, True])
def test_an_error_in_the_net_leaves_it_as_it_was(arrays, train_mode):
    class Broken(Exception):
        pass

    def fail(x):
        if failing:
            raise Broken
        return x

    failing = []
    net = sequential(
        nn.Dense(3), nn.BatchNorm(), sequential(nn.Dense(2), nn.Activation("relu")), kind=nn.Sequential
    )
    net.add(nn.Lambda(fail))
    net.initialize()
    x = arrays(np.random.randn(4, 5))
    net[2].hybridize()
    net(x)
    before = state(net)
    failing.append(True)
    for run in (
        lambda: layer_statistics(net, x, train_mode=train_mode),
        lambda: dead_units(net, x, train_mode=train_mode),
        lambda: gradient_statistics(net, x, x, losses.L2Loss(), train_mode=train_mode),
        lambda: check_output(net, losses.L2Loss(), x),
    ):
        with pytest.raises(Broken):
            run()
        assert state(net) == before
    assert not mx.autograd.is_recording()


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


def test_the_same_whether_hybridized_or_not_and_whether_shapes_were_known(arrays):
    def net():
        mx.random.seed(3)
        first, last = nn.Dense(6, in_units=4, activation="relu"), nn.Dense(3, in_units=6)
        made = sequential(first, SiLU(), nn.BatchNorm(), last)
        made.initialize()
        return made

    x, y = arrays(np.random.randn(5, 4)), arrays([0, 1, 2, 0, 1])
    first, second, third = net(), net(), net()
    second.hybridize()
    third.hybridize()
    third(x)
    for run in (lambda n: layer_statistics(n, x), lambda n: dead_units(n, x), lambda n: check_output(n, CE(), x)):
        assert run(first) == run(second) == run(third)
    norms = [[r["norm"] for r in gradient_statistics(n, x, y, CE())] for n in (first, second, third)]
    np.testing.assert_allclose(norms[1:], [norms[0]] * 2, rtol=1e-5)
    assert second._active and second(x).shape == (5, 3) and second._cached_op is not None


def test_a_graph_is_not_taken_for_one_of_another_dtype(arrays):
    block = SiLU()
    block.hybridize()
    block(arrays([1.0], "float64"))
    layer_statistics(block, arrays([1.0]))
    assert block(arrays([1.0])).dtype == np.float32


def test_a_net_in_other_dtypes(arrays):
    net = sequential(nn.Dense(4, in_units=3, activation="relu"), nn.Dense(2, in_units=4))
    net.initialize()
    net.cast("float64")
    x, y = arrays(np.random.randn(5, 3), "float64"), arrays(np.ones((5, 2)), "float64")
    assert len(layer_statistics(net, x)) == 3 and dead_units(net, x)[0]["units"] == 4
    assert gradient_statistics(net, x, y, losses.L2Loss())[0]["norm"] > 0
    half = arrays([-1.0, 2.0], "float16")  # neither line has a Dense in half precision on the CPU
    assert layer_statistics(sequential(SiLU()), half)[0]["mean"] == pytest.approx(0.746, abs=1e-3)


@pytest.mark.parametrize("name", ["mobilenet0_25", "resnet18_v1"])
def test_nets_of_the_zoo(arrays, name):
    with legacy_shapes(arrays):
        net = getattr(vision, name)(classes=4)
        initialize_on(net, arrays.device)
        net.hybridize()
        x, y = arrays(np.random.randn(2, 3, 32, 32)), arrays([0, 3])
        records = layer_statistics(net, x)
        convs = [r["layer"] for r in records if r["layer"].endswith("Conv2D")]
        assert len(records) > 20 and convs[0] == "features.0 Conv2D"
        assert len(gradient_statistics(net, x, y, CE())) > len(convs)
        assert all(r["units"] > 1 for r in dead_units(net, x))
        assert check_output(net, CE()) == check_output(net, CE(), x) == []
        (problem,) = check_output(vision.squeezenet1_0(classes=4), CE())
        assert "ends in ReLU" in problem  # then there is a mean over the positions


def test_recurrent_nets_and_several_inputs(arrays):
    net = sequential(nn.Embedding(11, 4), rnn.LSTM(5, layout="NTC"), nn.Dense(3))
    net.initialize()
    words = arrays(np.random.randint(0, 11, (2, 7)))
    assert [r["layer"] for r in layer_statistics(net, words)] == ["0 Embedding", "1 LSTM", "2 Dense"]
    assert len(gradient_statistics(net, words, arrays([0, 1]), CE())) == 3
    assert "between -1 and 1" in check_output(net[1], losses.L2Loss())[0]
    if LINE == "1.9" and arrays.kind == "np":
        return  # 1.9's cells take legacy arrays only
    cell = rnn.LSTMCell(4, input_size=3)
    cell.initialize()
    states = cell.begin_state(2) if arrays.kind == "nd" else [arrays(np.zeros((2, 4)))] * 2
    assert layer_statistics(cell, (arrays(np.ones((2, 3))), states))[-1]["shape"] == (2, 4)


# Output and loss.


def last(*layers):
    return sequential(nn.Dense(16, activation="relu"), *layers)


# The eight pairs of the output table: four that are right, four of the usual mistakes.
RIGHT = [
    (lambda: last(nn.Dense(1)), losses.L2Loss),
    (lambda: last(nn.Dense(1)), BCE),
    (lambda: last(nn.Dense(10)), CE),
    (lambda: last(nn.Dense(10)), BCE),  # several labels at once
]
WRONG = [
    (lambda: last(nn.Dense(10), Softmax()), CE, "ln(1 + (K-1)/e) = 1.461 for K = 10 classes"),
    (
        lambda: last(nn.Dense(1, activation="sigmoid")),
        BCE,
        "above 0.3133 where the label is 1 and 0.6931 where it is 0",
    ),
    (
        lambda: last(nn.Dense(1, activation="relu")),
        losses.L2Loss,
        "stays above 0: L2Loss never reaches a target outside",
    ),
    (lambda: last(nn.Dense(10)), lambda: BCE(from_sigmoid=True), "its logarithm is nan"),
]


@pytest.mark.parametrize("make, loss", RIGHT)
def test_the_right_pairs_of_the_output_table_are_silent(arrays, make, loss):
    judge(arrays, make(), loss(), None)


@pytest.mark.parametrize("make, loss, says", WRONG)
def test_the_wrong_pairs_of_the_output_table_are_named(arrays, make, loss, says):
    judge(arrays, make(), loss(), says)


def judge(arrays, net, loss, says):
    """The verdict is the same by structure and by a run, hybridized or not."""
    verdict = check_output(net, loss)
    net.initialize()
    x = arrays(np.random.randn(4, 6))
    assert check_output(net, loss, x) == verdict
    net.hybridize()
    net(x)
    assert check_output(net, loss, x) == check_output(net, loss) == verdict
    if says is None:
        assert verdict == []
    else:
        (text,) = verdict
        assert says in text and "{" not in text and type(loss).__name__ in text


LOG_SOFTMAX = lambda: softmax_lambda("log_softmax")  # noqa: E731
PAIRS = [
    (LOG_SOFTMAX, CE(), "harmless, but superfluous"),
    (LOG_SOFTMAX, CE(from_logits=True), None),
    (lambda: Identity(), CE(from_logits=True), "the loss falls without end"),
    (lambda: softmax_lambda(), CE(from_logits=True), "takes probabilities for their logarithms"),
    (lambda: get_activation("log_sigmoid"), CE(from_logits=True), "no log-probabilities of classes"),
    (lambda: softmax_lambda(), CE(), "1.461 for K = 10 classes"),
    (lambda: nn.Activation("sigmoid"), CE(), "ln(1 + (K-1)/e) = 1.461"),
    (lambda: nn.Activation("tanh"), CE(), "ln(1 + (K-1)/e^2) = 0.7966"),
    (lambda: HardTanh(-3, 3), CE(), "ln(1 + (K-1)/e^6) = 0.02206"),
    (lambda: nn.Activation("relu"), CE(), "no score falls below 0"),
    (lambda: nn.LeakyReLU(0.1), CE(), "wants scores without an activation"),
    (lambda: softmax_lambda("sigmoid"), BCE(), "between 0.500 and 0.731"),
    (lambda: nn.Activation("relu"), BCE(), "stays above 0.500"),
    (lambda: get_activation("log_sigmoid"), BCE(), "stays below 0.500"),
    (lambda: nn.LeakyReLU(0.1), BCE(), "a score without an activation"),
    (lambda: nn.Activation("sigmoid"), BCE(from_sigmoid=True), None),
    (lambda: softmax_lambda("sigmoid"), BCE(from_sigmoid=True), None),
    (lambda: Softmax(), BCE(from_sigmoid=True), "labels that belong together push each other out"),
    (lambda: get_activation("hard_sigmoid"), BCE(from_sigmoid=True), "it reaches 0 and 1"),
    (lambda: get_activation("binary_step"), BCE(from_sigmoid=True), "flat everywhere"),
    (lambda: nn.Activation("tanh"), BCE(from_sigmoid=True), "nan"),
    (LOG_SOFTMAX, losses.KLDivLoss(), None),
    (lambda: Softmax(), losses.KLDivLoss(), "takes probabilities for their logarithms"),
    (lambda: Identity(), losses.KLDivLoss(from_logits=False), None),
    (lambda: Softmax(), losses.KLDivLoss(from_logits=False), "cannot tell the classes clearly apart"),
    (lambda: Softmax(), losses.CTCLoss(), "applies a softmax"),
    (lambda: Identity(), losses.LogisticLoss(), None),
    (lambda: nn.Activation("sigmoid"), losses.LogisticLoss(), "between 0.500 and 0.731"),
    (lambda: nn.Activation("tanh"), losses.HingeLoss(), "stays between -1 and 1"),
    (lambda: nn.Activation("relu"), losses.SquaredHingeLoss(), "stays above 0"),
    (lambda: nn.LeakyReLU(0.1), losses.HingeLoss(), None),
    (lambda: nn.Activation("sigmoid"), losses.L1Loss(), "between 0 and 1: L1Loss never"),
    (lambda: Softplus(), losses.HuberLoss(), "above 0: HuberLoss never"),
    (lambda: get_activation("leaky_relu"), losses.L2Loss(), None),
    (lambda: Identity(), losses.PoissonNLLLoss(), None),
    (lambda: Softplus(), losses.PoissonNLLLoss(), "the rate stays above 1"),
    (lambda: nn.Activation("tanh"), losses.PoissonNLLLoss(), "the rate stays between 0.3679 and 2.718"),
    (lambda: Softplus(), losses.PoissonNLLLoss(from_logits=False), None),
    (lambda: nn.Activation("relu"), losses.PoissonNLLLoss(from_logits=False), "a rate of 0 stays 0"),
    (lambda: nn.Activation("sigmoid"), losses.PoissonNLLLoss(from_logits=False), "it stays between 0 and 1"),
    (lambda: Identity(), losses.PoissonNLLLoss(from_logits=False), "negative rate is nan"),
]


@pytest.mark.parametrize("make, loss, says", PAIRS)
def test_pairs_of_output_and_loss(arrays, make, loss, says):
    judge(arrays, last(nn.Dense(10), make()), loss, says)


def test_the_floors_of_the_messages_are_those_of_the_losses(arrays):
    far = arrays(np.where(np.eye(10)[:1], 60, -60))
    for activation, floor in (
        (Softmax(), 1.46115),
        (nn.Activation("sigmoid"), 1.46115),
        (nn.Activation("tanh"), 0.7966),
    ):
        assert float(CE()(activation(far), arrays([0])).asnumpy()[0]) == pytest.approx(floor, abs=5e-5)
    for label, floor in ((1, 0.3133), (0, 0.6931)):
        score = nn.Activation("sigmoid")(arrays([[120.0 * label - 60]]))
        assert float(BCE()(score, arrays([[label]])).asnumpy()[0]) == pytest.approx(floor, abs=5e-5)


def test_what_the_flags_mean_is_said():
    (text,) = check_output(last(nn.Dense(10)), CE(from_logits=True))
    assert "from_logits=True means that the net gives log-probabilities" in text and "Keras" in text
    (text,) = check_output(last(nn.Dense(10)), BCE(from_sigmoid=True))
    assert "from_sigmoid=True means that the net gives probabilities" in text and "PyTorch" in text
    (text,) = check_output(last(nn.Activation("tanh")), losses.HingeLoss())
    assert "from_" not in text


@pytest.mark.parametrize("layers, classes", [
    (lambda: [nn.Dense(7), Softmax()], 7),
    (lambda: [Maxout(6, 3), Softmax()], 6),
    (lambda: [nn.Dense(8), GLU(), Softmax()], 4),
    (lambda: [nn.Dense(5), nn.BatchNorm(), nn.Dropout(0.1), Softmax(), nn.Flatten()], 5),
    (lambda: [sequential(nn.Dense(3)), sequential(sequential(Softmax()), Identity())], 3),
])  # fmt: skip
def test_how_many_classes_there_are(arrays, layers, classes):
    net = last(*layers())
    assert f"for K = {classes} classes" in check_output(net, CE())[0]
    net.initialize()
    assert f"for K = {classes} classes" in check_output(net, CE(), arrays(np.random.randn(4, 6)))[0]


def test_classes_of_a_convolution_one_class_and_unknown_ones(arrays):
    with legacy_shapes(arrays):
        net = sequential(nn.Conv2D(5, 1), Softmax(axis=1))
        assert "for K = 5 classes" in check_output(net, CE(axis=1))[0]
        net.initialize()
        x = arrays(np.random.randn(2, 1, 3, 3))
        assert "for K = 5 classes" in check_output(net, CE(axis=1), x)[0]
    assert "softmax of one score is 1" in check_output(last(nn.Dense(1)), CE())[0]
    assert "below ln(1 + (K-1)/e), and" in check_output(Softmax(), CE())[0]
    assert check_output(nn.Dense(3), CE()) == check_output(Maxout(3, 2), CE()) == []


def test_a_forward_pass_of_its_own_needs_a_batch(arrays):
    net = Custom()
    net.initialize()
    x = arrays(np.random.randn(4, 6))
    with pytest.raises(ValueError, match="does not know what Custom gives: .*give x"):
        check_output(net, CE())
    assert check_output(net, CE(), x) == []
    assert "ends in Dense without activation" in check_output(net, CE(from_logits=True), x)[0]
    hidden = Custom(softmax=True)
    hidden.initialize()
    (text,) = check_output(hidden, CE(), x)  # a softmax that is no block, seen by its values
    assert "ends in a softmax in a forward pass of its own" in text and "K = 3" in text


def test_what_cannot_be_judged_is_an_error(arrays):
    net = last(nn.Dense(3), nn.HybridLambda(lambda *x: x[-1] * 2 + 1))
    with pytest.raises(ValueError, match="does not know what"):
        check_output(net, CE())
    net.initialize()
    x = arrays(np.random.randn(4, 6))
    with pytest.raises(ValueError, match="does not know what"):
        check_output(net, CE(), x)

    class Further(nn.HybridSequential):
        def __call__(self, x):
            return super().__call__(x) * 2

    net = Further()
    net.add(nn.Dense(3))
    net.initialize()
    with pytest.raises(ValueError, match=r"after its last layer \(0 Dense\) the net computes on"):
        check_output(net, CE(), x)
    with pytest.raises(ValueError, match="these losses .*SoftmaxCrossEntropyLoss.*; not TripletLoss"):
        check_output(net, losses.TripletLoss())
    for wrong in (CE, lambda x, y: x):
        with pytest.raises(TypeError, match="the loss is one of Gluon's"):
            check_output(net, wrong)

    class Smoothed(CE):
        """A child of a known loss expects what its parent does."""

    assert check_output(last(nn.Dense(3)), Smoothed()) == []
    assert len(check_output(last(nn.Dense(3), Softmax()), Smoothed())) == 1


# Errors.


def test_errors_say_what_is_wanted(arrays):
    x, y = arrays(np.ones((2, 3))), arrays([0, 1])
    bare = sequential(nn.Dense(3))
    for run in (
        lambda net, x: layer_statistics(net, x),
        lambda net, x: gradient_statistics(net, x, y, CE()),
        lambda net, x: dead_units(net, [x]),
        lambda net, x: check_output(net, CE(), x),
    ):
        with pytest.raises(ValueError, match=r"the net is not initialised .*call net.initialize\(\) first"):
            run(bare, x)
        with pytest.raises(TypeError, match="the net is a Gluon block, not 'net'"):
            run("net", x)
        with pytest.raises(TypeError, match="x is an MXNet array .*, not ndarray"):
            run(sequential(Mish()), x.asnumpy())
        with pytest.raises(ValueError, match=r"x is empty: its shape is \(0, 3\)"):
            run(sequential(Mish()), arrays(np.ones((0, 3))))
    with pytest.raises(TypeError, match="the net is a Gluon block, not 'net'"):
        check_output("net", CE())
    for nothing in ([], iter(())):
        with pytest.raises(ValueError, match="there is no batch"):
            dead_units(sequential(Mish()), nothing)
    with pytest.raises(TypeError, match=r"not a tuple: write \[\(x, y\)\]"):
        dead_units(sequential(Mish()), (x, y))


def test_an_imported_graph_has_no_layers(arrays, tmp_path):
    net = last(nn.Dense(3))
    net.initialize()
    x = arrays(np.ones((2, 3)))
    net.hybridize()
    net(x)
    net.export(str(tmp_path / "net"))
    files = [str(tmp_path / name) for name in ("net-symbol.json", "net-0000.params")]
    loaded = SymbolBlock.imports(files[0], ["data"], files[1], arrays.device)
    with pytest.raises(ValueError, match="no layer can be seen in SymbolBlock"):
        layer_statistics(loaded, x)
    assert len(gradient_statistics(loaded, x, arrays([0, 1]), CE())) == 1
