"""How a net is walked through, run, and put back as it was."""

import numpy as np
import pytest

from gluon_activations import (
    Mish,
    Sigmoid,
    SiLU,
    array,
    check_output,
    dead_units,
    get_activation,
    gradient_statistics,
    layer_statistics,
    replace_activations,
)
from gluon_activations._arrays import initialize_on, new_parameter, numpy_arrays
from gluon_activations.catalog import _name_of
from gluon_activations.nets import _walk
from tests.conftest import LINE
from tests.nets import RUNS, Custom, everything, last, legacy_shapes, mean_of, net_of, sequential, started, state

import mxnet as mx
from mxnet.gluon import Block, SymbolBlock, Trainer, nn, rnn
from mxnet.gluon import loss as losses
from mxnet.gluon.model_zoo import vision

CE = losses.SoftmaxCrossEntropyLoss


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


# The smallest net of each family of the model zoo, the smallest size that it takes, and its activations.
FAMILIES = {
    "alexnet": (64, 7),
    "vgg11": (32, 10),
    "resnet18_v1": (32, 9),
    "resnet18_v2": (32, 2),
    "densenet121": (224, 121),
    "squeezenet1_0": (224, 26),
    "inception_v3": (299, 94),
    "mobilenet0_25": (32, 27),
    "mobilenet_v2_0_25": (32, 36),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_nets_of_the_zoo(name):
    size, count = FAMILIES[name]
    with numpy_arrays(LINE == "2.0"):  # 1.9's take legacy arrays
        net = getattr(vision, name)(classes=4)
        net.initialize()
        net.hybridize()
        x = array(np.random.randn(2 if size < 100 else 1, 3, size, size))
        out = net(x).asnumpy()
        records = layer_statistics(net, x)
        assert all(np.isfinite([r["mean"], r["std"]]).all() and 0 <= r["zeros"] <= 1 for r in records)
        judged = [r["layer"] for r in records if r["saturated"] is not None]
        assert sum(not layer.endswith("Identity") for layer in judged) == count  # 2.x has one for nn.Identity
        assert any(r["std"] > 0 for r in records[-3:])  # the signal reaches the output
        y = array(np.arange(len(x)) % 4)
        weights = [r for r in gradient_statistics(net, x, y, CE()) if r["parameter"] == "weight"]
        assert all(np.isfinite(r["norm"]) for r in weights) and weights[0]["norm"] > 0 < weights[-1]["norm"]
        dead = dead_units(net, x)
        assert len(dead) == count and all(len(r["dead"]) < r["units"] > 1 for r in dead)
        problems = check_output(net, CE(), x)
        assert problems == check_output(net, CE())
        assert ["ends in ReLU" in problem for problem in problems] == [True] * ("squeeze" in name)
        np.testing.assert_array_equal(net(x).asnumpy(), out)
        assert replace_activations(net, "silu", replaces=["relu", "relu6"]) == count
        assert len(layer_statistics(net, x)) == len(records) and np.isfinite(net(x).asnumpy()).all()


@pytest.mark.parametrize("make", RUNS.values(), ids=RUNS)
def test_whatever_runs_can_be_looked_into(arrays, make):
    with legacy_shapes(arrays):
        net, x, inputs, layers, out = started(make, arrays)
        before = settled(net)
        for train_mode in (False, True):
            records = layer_statistics(net, x, train_mode=train_mode)
            assert [r["layer"] for r in records] == layers
            assert all(0 <= r["zeros"] <= 1 and 0 <= (r["saturated"] or 0) <= 1 for r in records)
            if any(p.grad_req != "null" for p in net.collect_params().values()):
                assert gradient_statistics(net, x, None, mean_of, train_mode=train_mode, every=True)
            assert {r["layer"] for r in dead_units(net, [(x, None)], train_mode=train_mode)} <= {*layers}
        try:
            assert isinstance(check_output(net, losses.L2Loss(), x), list)
        except ValueError as error:
            assert "cannot be judged" in str(error) or "does not know what" in str(error)
        assert settled(net) == before
        np.testing.assert_array_equal(mean_of(net(*inputs)).asnumpy(), out)
        known = [_name_of(block) for _, block in _walk.walk(net)]
        assert replace_activations(net, Sigmoid, replaces="all") == sum(name is not None for name in known)
        net(*inputs)


def settled(net):
    """What a look could disturb, of the parameters that have values."""
    with_values = [p for p in net.collect_params().values() if p._data is not None]
    held = [(id(p._data), id(p._grad), p.data().asnumpy().tobytes()) for p in with_values]
    grads = [p.grad().asnumpy().tobytes() for p in with_values if p.grad_req != "null"]
    hooks = [len(block._forward_hooks) + len(block._forward_pre_hooks) for _, block in _walk.walk(net)]
    return held, grads, hooks


def test_a_layer_is_seen_as_it_was_before_the_net_wrote_into_it(arrays):
    def forward(self, x):
        y = self.k0(x)
        y += 5  # as in y += x, the sum of a residual net
        return self.k1(y)

    def in_place(self, x):
        x[:] = -5
        return x

    net = net_of(forward, nn.Activation("relu"), net_of(in_place))
    first, second = layer_statistics(net, arrays([[-1.0, -2.0, 3.0, 4.0]]))
    assert (first["mean"], first["zeros"], first["saturated"]) == (1.75, 0.5, 0.5) and second["mean"] == -5
    assert dead_units(net, arrays([[-1.0, 1.0]])) == [{"layer": "k0 ReLU", "units": 2, "dead": [0]}]


def test_a_block_of_ones_own_is_asked_and_left_as_it_was(arrays):
    def counts(self, x):
        self.calls += 1
        self.last = x
        return x * 2

    net = net_of(counts, calls=0, last=None)
    x = arrays([[1.0, -1.0]])
    (record,) = layer_statistics(net, x)
    assert record["saturated"] == 0 and net.calls == 1 and net.last is x


def test_what_may_stand_beside_arrays(arrays):
    x = arrays(np.ones((3, 4)))
    net = net_of(lambda self, *given: self.k0(x), nn.Dense(2))
    net.initialize()
    for beside in (
        None,
        3,
        0.5,
        True,
        np.int64(3),
        np.float32(0.5),
        np.bool_(True),
        {"x": x},
        [None, (x, {"y": [x]})],
    ):
        assert len(layer_statistics(net, (x, beside))) == 1
    for wrong, kind in ((np.ones(3), "ndarray"), ("mean", "str"), ({"x": [np.ones(3)]}, "ndarray"), (net, "Net")):
        with pytest.raises(TypeError, match=f"x is an MXNet array .*, not {kind}"):
            layer_statistics(net, (x, wrong))
    for numbers, kind in ((None, "NoneType"), (3, "int"), ((None, 2.0), "NoneType"), ({"x": 2.0}, "float")):
        with pytest.raises(TypeError, match=f"x is an MXNet array .*, not {kind}"):
            layer_statistics(net, numbers)
    with pytest.raises(ValueError, match=r"x is empty: its shape is \(0, 2\)"):
        layer_statistics(net, (x, {"y": arrays(np.ones((0, 2)))}))


def test_a_batch_without_an_array_is_refused_in_a_line(arrays):
    settled_net = sequential(nn.Dense(2, in_units=3))
    for net in (settled_net, sequential(nn.Dense(2))):
        net.initialize()
        for nothing in ([], (), {}, [[]], ({}, [])):
            for look in (layer_statistics, lambda net, x: gradient_statistics(net, x, arrays([0]), CE())):
                with pytest.raises(ValueError, match="^x holds no array: give a batch, or the several inputs .*$"):
                    look(net, nothing)


# -- losses ------------------------------------------------------------------------------------


def test_a_loss_gets_output_and_labels(arrays):
    out, y = arrays([[1.0, 2.0]]), arrays([[1.0, 4.0]])
    assert _walk.loss_of(losses.L2Loss(), out, y).asnumpy().tolist() == [1.0]
    assert _walk.loss_of(lambda out, y: out[1] * y, [3, 4], 5) == 20


@pytest.mark.parametrize("output, came, take", [
    ((), "a tuple of 0", ""),
    ([1, 2], "a list of 2", "0"),
    ((1,), "a tuple of 1", "0"),
    ({"b": 1, "a": 2}, "a dict of 2", "'b'"),
    ({}, "a dict of 0", ""),
    (None, "None", ""),
    ("text", "'text'", ""),
])  # fmt: skip
def test_an_output_that_is_no_array_is_told_in_a_line(output, came, take):
    take = take and f": pass a function, as lambda out, y: loss(out[{take}], y)"
    with pytest.raises(_walk.LossFails) as told:
        _walk.loss_of(losses.L2Loss(), output, None)
    assert str(told.value) == f"the output of the net is {came}, and L2Loss wants one array{take}"


@pytest.mark.parametrize("wrong, came", [
    (None, "None"), (np.zeros(8), "numpy.ndarray of shape (8,) and dtype float64"), ([0] * 8, "a list of 8"),
])  # fmt: skip
def test_labels_that_are_no_array_are_told_in_a_line(arrays, wrong, came):
    with pytest.raises(TypeError) as told:
        _walk.loss_of(CE(), arrays(np.ones((8, 3))), wrong)
    assert str(told.value) == f"y is an MXNet array (mx.np.array or mx.nd.array), not {came}"


SHARES = "; of labels with a share for each class it is SoftmaxCrossEntropyLoss(sparse_label=False)"


@pytest.mark.parametrize("loss, of_output, of_y, whose, hint", [
    (losses.L2Loss(), (8, 3), (3,), "L2Loss", ""),
    (lambda out, y: losses.L2Loss()(out, y), (8, 3), (3,), "the loss", ""),
    (losses.TripletLoss(), (8, 3), (8, 3), "TripletLoss", ""),
    (CE(), (8, 3), (8, 3), "SoftmaxCrossEntropyLoss", SHARES),
    (CE(), (8, 3), (8, 2), "SoftmaxCrossEntropyLoss", ""),
    (CE(), (3,), (3,), "SoftmaxCrossEntropyLoss", ""),
    (CE(sparse_label=False), (8, 3), (8, 4), "SoftmaxCrossEntropyLoss", ""),
])  # fmt: skip
def test_what_a_loss_cannot_take_is_told_in_a_line(arrays, loss, of_output, of_y, whose, hint):
    with pytest.raises(_walk.LossFails) as told:
        _walk.loss_of(loss, arrays(np.ones(of_output)), arrays(np.ones(of_y)))
    start = f"{whose} fails for an output of shape {of_output} and y of shape {of_y}{hint}: "
    assert str(told.value).startswith(start) and len(str(told.value)) > len(start)
    assert "\n" not in str(told.value)


def test_what_a_function_says_itself_is_left_as_it_is():
    def refuse(out, y):
        raise KeyError("my own")

    with pytest.raises(KeyError, match="my own"):
        _walk.loss_of(refuse, None, None)


@pytest.mark.parametrize("text, told", [
    ("one", "one"),
    ("Traceback:\n  File x\nMXNetError: Check failed: 1\n  more", "Check failed: 1"),
    ("\n  first\nsecond", "first"),
    ("Traceback (most recent call last):\n  File \"x.cc\", line 1\n  it was so\nsecond", "it was so"),
    ("Traceback (most recent call last):", "Traceback (most recent call last):"),
    ("", "ValueError"),
    ("x" * 200, "x" * 200),
    ("x" * 201, "x" * 200 + "…"),
])  # fmt: skip
def test_what_an_error_says_in_a_line(text, told):
    assert _walk.said(ValueError(text)) == told


# -- before shapes are known -------------------------------------------------------------------


def test_what_fails_before_shapes_are_known_is_not_taken_for_a_net_that_nobody_initialised(arrays):
    def refuse(self, data):
        raise mx.base.MXNetError(
            "Traceback (most recent call last):\n  File\nMXNetError: Check failed: why\n  more"
        )

    x = arrays(np.ones((4, 3)))
    told = r"^the net fails for float32 of shape \(4, 3\), before its weights have shapes: Check failed: why$"
    net = sequential(net_of(refuse), nn.Dense(2), kind=nn.Sequential)
    net.initialize()
    waiting = [p._deferred_init for p in net.collect_params().values()]
    for _ in range(2):
        with pytest.raises(ValueError, match=told):
            layer_statistics(net, x)
        assert [p._deferred_init for p in net.collect_params().values()] == waiting


def test_a_net_of_another_dtype_than_its_initialiser_had_says_what_mxnet_says(arrays):
    """1.9's mx.np draws its weights in float32, whatever they are to be."""
    net = sequential(nn.Dense(3))
    net.initialize()
    net.cast("float64")
    x = arrays(np.ones((8, 4)), "float64")
    before = [bool(p._deferred_init) for p in net.collect_params().values()]
    if LINE == "1.9" and arrays.kind == "np":
        for _ in range(2):
            with pytest.raises(
                ValueError, match=r"^the net fails for float64 of shape \(8, 4\), .* operator _npi_uni.*$"
            ):
                layer_statistics(net, x)
            assert before == [bool(p._deferred_init) for p in net.collect_params().values()]
    else:
        assert len(layer_statistics(net, x)) == 1


def test_what_gives_nothing_is_no_layer(arrays):
    empty = net_of(lambda self, x: x[:0])
    net = net_of(lambda self, x: self.k1(x) + self.k0(x).sum(), empty, nn.Activation("relu"))
    assert [r["layer"] for r in layer_statistics(net, arrays([[1.0, -1.0]]))] == ["k1 ReLU"]


def test_a_sparse_batch():
    if LINE == "2.0":
        pytest.skip("2.0's Gluon has no sparse arrays")
    net = net_of(lambda self, x: self.k0(x.tostype("default")), nn.Dense(3, activation="relu"))
    net.initialize()
    x = mx.nd.array(np.eye(4)).tostype("csr")
    assert [r["layer"] for r in layer_statistics(net, x)] == ["k0 Dense", "k0.act ReLU"]
    assert len(gradient_statistics(net, x, mx.nd.ones((4, 3)), losses.L2Loss())) == 1
    assert len(dead_units(net, [x])) == len(check_output(net, losses.L2Loss(), x)) == 1


def test_recurrent_nets(arrays):
    net = sequential(nn.Embedding(11, 4), rnn.LSTM(5, layout="NTC"), nn.Dense(3))
    net.initialize()
    words = arrays(np.random.randint(0, 11, (2, 7)))
    assert [r["layer"] for r in layer_statistics(net, words)] == ["0 Embedding", "1 LSTM", "2 Dense"]
    assert len(gradient_statistics(net, words, arrays([0, 1]), CE())) == 3
    assert "between -1 and 1" in check_output(net[1], losses.L2Loss())[0]


def test_several_inputs(arrays):
    if LINE == "1.9" and arrays.kind == "np":
        pytest.skip("1.9's cells take legacy arrays only")
    cell = rnn.LSTMCell(4, input_size=3)
    cell.initialize()
    states = cell.begin_state(2) if arrays.kind == "nd" else [arrays(np.zeros((2, 4)))] * 2
    assert layer_statistics(cell, (arrays(np.ones((2, 3))), states))[-1]["shape"] == (2, 4)


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
    for wrong, kind in (((x, y), "tuple"), (None, "NoneType"), (3, "int")):
        with pytest.raises(TypeError, match=rf"not a {kind}: write \[\(x, y\)\]"):
            dead_units(sequential(Mish()), wrong)
    for wrong, shown in ((CE, "<class .*SoftmaxCrossEntropyLoss.>"), (None, "None"), ("l2", "'l2'")):
        with pytest.raises(TypeError, match=rf"an object or a function, as gluon.loss.L2Loss\(\), not {shown}"):
            gradient_statistics(sequential(nn.Dense(3)), x, y, wrong)


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


class Within(nn.Dense):
    """A layer with an activation, and another one inside of it, which it calls first."""

    def __init__(self, kind):
        super().__init__(3, in_units=3, activation="relu")
        self.inner = kind(3, in_units=3, activation="tanh")

    def forward(self, x):
        return super().forward(self.inner(x))


class Mute(nn.Dense):
    """A layer that has an activation and does not call it."""

    def forward(self, x):
        return x * 2


def test_a_layer_that_leaves_out_its_activation_inside_of_a_layer(arrays):
    net = Within(Mute)
    net.initialize(mx.init.Normal(1.0))
    records = layer_statistics(net, arrays([[1.0, 2.0, 6.0]]))
    assert [r["layer"] for r in records] == ["inner Mute", "Within", "act ReLU"] and records[0]["mean"] == 6


def test_a_layer_inside_of_a_layer(arrays):
    """Each of which is shown as it is before its own activation."""
    net, x = Within(nn.Dense), arrays(np.random.randn(4, 3))
    net.initialize(mx.init.Normal(1.0))
    records = layer_statistics(net, x)
    assert [r["layer"] for r in records] == ["inner Dense", "inner.act Tanh", "Within", "act ReLU"]
    inner = x.asnumpy() @ net.inner.weight.data().asnumpy().T
    outer = np.tanh(inner) @ net.weight.data().asnumpy().T
    for record, values in zip(records, (inner, np.tanh(inner), outer, np.maximum(outer, 0))):
        assert record["mean"] == pytest.approx(values.mean(), rel=1e-4)


def test_an_activation_that_a_net_calls_out_of_its_layer(arrays):
    net = net_of(lambda self, x: self.k0.act(self.k0(self.k0.act(x))), nn.Dense(2, in_units=2, activation="tanh"))
    net.initialize(mx.init.Normal(1.0))
    x = np.array([[0.3, -1.2]])
    records = layer_statistics(net, arrays(x))
    assert [r["layer"] for r in records] == ["k0.act Tanh", "k0 Dense", "k0.act Tanh #2", "k0.act Tanh #3"]
    dense = np.tanh(x) @ net.k0.weight.data().asnumpy().T
    assert records[1]["mean"] == pytest.approx(dense.mean(), rel=1e-4)


class Scaled(Block):
    """Has a parameter of its own and an activation, and is none of Gluon's layers."""

    def __init__(self):
        super().__init__()
        self.act = nn.Activation("relu")
        new_parameter(self, "scale", 2.0, 1)

    def forward(self, x):
        return self.act(x * self.scale.data())


def test_a_block_with_a_parameter_and_an_activation_is_two_layers(arrays):
    net = Scaled()
    net.initialize()
    records = layer_statistics(net, arrays([[1.0, -1.0]]))
    assert [(r["layer"], r["mean"]) for r in records] == [("act ReLU", 1.0), ("Scaled", 1.0)]


def test_places_and_names():
    def double(x):
        return x * 2

    net = sequential(
        nn.Dense(2, activation="relu"),
        sequential(nn.Lambda(double), get_activation(double), kind=nn.Sequential),
        kind=nn.Sequential,
    )
    places = ["", "0", "0.act", "1", "1.0", "1.1"]
    assert [path for path, _ in _walk.walk(net)] == places
    named = [_walk.name_at(path, block) for path, block in _walk.walk(net)]
    assert named == [
        "Sequential",
        "0 Dense",
        "0.act ReLU",
        "1 Sequential",
        "1.0 Lambda(double)",
        "1.1 double",
    ]


def test_what_stands_first_in_nested_lists(arrays):
    x = arrays([1.0])
    assert _walk.first_array([None, ("a", [x, 3])]) is x and _walk.first_array((None, [])) is None
    with pytest.raises(TypeError, match="not str"):
        layer_statistics(sequential(Mish()), (x, [x, "a"]))


def test_what_gives_no_array_is_no_layer(arrays):
    class Speaks(Block):
        def forward(self, x):
            return "a word"

    class Net(Block):
        def __init__(self):
            super().__init__()
            self.speaks, self.act = Speaks(), nn.Activation("relu")

        def forward(self, x):
            self.speaks(x)
            return self.act(x)

    assert [r["layer"] for r in layer_statistics(Net(), arrays([1.0]))] == ["act ReLU"]


@pytest.mark.parametrize("times", [1, 3])
def test_a_block_called_again_and_again_is_numbered(arrays, times):
    class Again(Block):
        def __init__(self):
            super().__init__()
            self.act = nn.Activation("relu")

        def forward(self, x):
            for _ in range(times):
                x = self.act(x)
            return x

    names = [r["layer"] for r in layer_statistics(Again(), arrays([1.0]))]
    assert names == ["act ReLU", "act ReLU #2", "act ReLU #3"][:times]


def test_a_parameter_without_a_value_is_named(arrays):
    net = sequential(nn.Dense(2, in_units=3), nn.Dense(2, in_units=2))
    net[0].initialize()
    (name,) = [name for name, p in net.collect_params().items() if p is net[1].weight]
    with pytest.raises(ValueError, match=f"{name} has no values"):
        layer_statistics(net, arrays(np.ones((1, 3))))


def test_settling_the_shapes_is_no_training(arrays):
    net = sequential(nn.BatchNorm(in_channels=4), nn.Dense(3))
    net.initialize()
    layer_statistics(net, arrays(np.random.randn(5, 4) + 3))
    np.testing.assert_array_equal(net[0].running_mean.data().asnumpy(), 0)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("kind", ["", "Transpose"])
def test_the_activation_of_a_convolution_is_a_layer_after_it(arrays, axes, kind):
    with legacy_shapes(arrays):
        conv = getattr(nn, f"Conv{axes}D{kind}")(2, 1, in_channels=1, activation="relu")
        conv.initialize()
        first, second = layer_statistics(conv, arrays(np.random.randn(2, 1, *[3] * axes)))
        assert (first["layer"], second["layer"]) == (f"Conv{axes}D{kind}", "act ReLU")


class Watching(nn.HybridSequential):
    """Says whether it was called, and whether as in training."""

    def __call__(self, x):
        self.seen = [*getattr(self, "seen", []), mx.autograd.is_training()]
        return super().__call__(x)


def test_a_batch_settles_shapes_once_and_not_as_in_training(arrays):
    net, x = Watching(), arrays([[1.0, 2.0]])
    net.add(nn.Dense(3))
    net.initialize()
    with mx.autograd.train_mode():
        _walk.batch_of(net, x)
    assert net[0].weight.shape == (3, 2) and net[0].weight.data().shape == (3, 2)
    _walk.batch_of(net, x)
    assert net.seen == [False]


def test_what_moves_in_training_alone_is_put_back(arrays):
    net = nn.HybridSequential()
    net.add(
        nn.Dense(2, in_units=2), nn.BatchNorm(in_channels=2), nn.BatchNorm()
    )  # the last one waits for its shape
    net.initialize()
    dense, norm, _ = net
    for train_mode, mean in ((True, 0), (False, 5)):
        with _walk.opened(net, **({"train_mode": True} if train_mode else {})):
            norm.running_mean.set_data(arrays([5.0, 5.0]))
            dense.bias.set_data(arrays([7.0, 7.0]))
        assert norm.running_mean.data().asnumpy().tolist() == [mean, mean]
        assert dense.bias.data().asnumpy().tolist() == [7, 7]  # trained by whoever trains
