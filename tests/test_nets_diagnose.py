"""What diagnose says of nets that are ill in a known way and of healthy ones; and it leaves them as they were."""

import importlib

import numpy as np
import pytest

from gluon_activations import Softmax, diagnose, initializer
from gluon_activations.nets._looks import ANEW, CURES, LOOKS
from gluon_activations.nets._walk import arrays_in
from tests.nets import RUNS, Custom, freeze, legacy_shapes, mean_of, sequential, softmax_lambda, started, state
from tests.test_nets_walk import settled

import mxnet as mx
from mxnet.gluon import Trainer, nn, rnn
from mxnet.gluon import loss as losses

CE, L2 = losses.SoftmaxCrossEntropyLoss, losses.L2Loss
N, FEATURES, K = 32, 6, 3


def samples():
    return np.random.randn(N, FEATURES)


def classes():
    return np.arange(N) % K


def dense(*widths, act="relu", last=()):
    """Dense layers with an activation after each but the last."""
    hidden = [layer for width in widths for layer in (nn.Dense(width), nn.Activation(act))]
    return sequential(*hidden, nn.Dense(K), *last)


def ready(net, arrays, x=None, weights=None):
    """A net with weights, those that suit it unless others are given, and its shapes settled."""
    with legacy_shapes(arrays):
        net.initialize(weights or initializer(net))
        net(arrays(samples() if x is None else x))
    return net


def asked(arrays, net, x=None, y=None, loss=None):
    x, y = samples() if x is None else x, classes() if y is None else y
    return diagnose(net, (arrays(x), arrays(y)), loss or CE())


def names(report):
    return [finding.name for finding in report.findings]


# -- healthy nets -----------------------------------------------------------------------------


@pytest.mark.parametrize("hybridize", [False, True])
def test_a_healthy_net_and_what_was_looked_at(arrays, hybridize):
    net = ready(dense(16, 16), arrays)
    if hybridize:
        net.hybridize()
    report = asked(arrays, net)
    assert report.findings == [] and str(report).startswith("Nothing found.\nLooked at: numbers, labels")
    assert {*report.looks, *report.skipped} == {*LOOKS} and [*report.skipped] == ["target scale"]
    assert repr(report) == str(report) and max(map(len, str(report).splitlines())) <= 80


def test_a_last_layer_that_starts_with_0_is_no_disease(arrays):
    net = ready(sequential(nn.Dense(8, activation="tanh"), nn.Dense(K, weight_initializer="zeros")), arrays)
    assert names(asked(arrays, net)) == []


def test_a_log_softmax_before_a_softmax_does_no_harm(arrays):
    assert names(asked(arrays, ready(dense(8, last=[softmax_lambda("log_softmax")]), arrays))) == []


def test_a_bounded_output_is_right_for_targets_within(arrays):
    net = ready(dense(8, last=[nn.Activation("sigmoid")]), arrays)
    assert names(asked(arrays, net, y=np.random.rand(N, K), loss=L2())) == []


def test_inputs_that_the_net_scales_itself(arrays):
    net = ready(sequential(nn.BatchNorm(epsilon=1e-12), *dense(8)), arrays)
    assert names(asked(arrays, net, 1000 + 255 * samples())) == []
    assert names(asked(arrays, net, samples() / 2000)) == []
    buried = ready(sequential(nn.BatchNorm(), *dense(8)), arrays)
    assert [finding.where for finding in asked(arrays, buried, samples() / 2000).findings] == ["0 BatchNorm"]


def test_words_through_an_embedding(arrays):
    x = np.random.randint(0, 9, (N, 5))
    net = ready(sequential(nn.Embedding(9, 4), nn.Dense(8, activation="tanh"), nn.Dense(K)), arrays, x)
    assert names(asked(arrays, net, x)) == []
    (wrong,) = asked(arrays, net, x + 1).findings
    assert wrong.name == "numbers that the embedding does not have" and wrong.where == "0 Embedding"
    assert "has 9 vectors" in wrong.evidence and "to 9:" in wrong.evidence


def test_recurrent_layers_with_the_samples_first(arrays):
    x = np.random.randn(N, 5, 4)
    net = ready(sequential(rnn.LSTM(8, layout="NTC"), nn.Dense(K)), arrays, x, mx.init.Uniform(0.3))
    assert names(asked(arrays, net, x)) == []


def test_a_loss_of_ones_own(arrays):
    report = asked(arrays, ready(dense(8), arrays), loss=mean_of)
    assert names(report) == [] and "is one of Gluon's" in report.skipped["output against loss"]


# -- the net stays as it was ------------------------------------------------------------------


@pytest.mark.parametrize("hybridize", [False, True])
def test_the_net_is_left_as_it_was(arrays, hybridize):
    layers = nn.Dense(8), nn.BatchNorm(), nn.Activation("relu"), nn.Dropout(0.5), nn.Dense(K)
    net = ready(sequential(*layers), arrays)
    freeze(net[0])
    x, y = arrays(samples()), arrays(classes())
    if hybridize:
        net.hybridize()
    trainer = Trainer(net.collect_params(), "sgd", {"learning_rate": 0.1})
    with mx.autograd.record():
        CE()(net(x), y).backward()
    trainer.step(N)  # running statistics that are not the first ones, and gradients
    before = state(net), net(x).asnumpy().tobytes(), x.asnumpy().tobytes()
    report = diagnose(net, (x, y), CE())
    assert (state(net), net(x).asnumpy().tobytes(), x.asnumpy().tobytes()) == before
    assert names(report) == ["frozen parameters"] and report.findings[0].where == "0 Dense"
    assert report.findings[0].evidence.startswith("2 parameters")


@pytest.mark.parametrize("make", RUNS.values(), ids=RUNS)
def test_whatever_runs_can_be_diagnosed(arrays, make, monkeypatch):
    monkeypatch.setattr(importlib.import_module("gluon_activations.nets.diagnose"), "FEWEST", 1)
    with legacy_shapes(arrays):
        net, x, inputs, _, out = started(make, arrays)
        if any(True for _ in arrays_in(x)):
            before = settled(net)
            assert diagnose(net, (x, arrays(np.zeros(3))), mean_of).looks
            assert settled(net) == before
            np.testing.assert_array_equal(mean_of(net(*inputs)).asnumpy(), out)
        else:
            with pytest.raises(ValueError, match="^x holds no array"):
                diagnose(net, (x, arrays(np.zeros(3))), mean_of)


# -- one net for each finding: net, x, y, loss ------------------------------------------------


def with_one(values, value):
    values.flat[7] = value
    return values


def filled(net, arrays, value, key="weight"):
    """The net with all weights or biases of its hidden layers set."""
    for layer in [layer for layer in net if isinstance(layer, nn.Dense)]:
        p = getattr(layer, key)
        p.set_data(arrays(np.full(p.shape, value)))
    return net


def scaled(net, factor):
    for layer in [layer for layer in net if isinstance(layer, nn.Dense)]:
        layer.weight.set_data(layer.weight.data() * factor)
    return net


class Spare(Custom):
    """Holds a block that it never calls."""

    def __init__(self):
        super().__init__()
        self.spare = nn.Dense(4, in_units=4)


def outer(out, y):
    """Each output against the labels of all samples."""
    return abs(out.reshape((-1, 1)) - y.reshape((1, -1)))


ILL = {
    "nan or infinity in the data": lambda a: (ready(dense(8), a), with_one(samples(), np.nan)),
    "nan or infinity in the parameters": lambda a: (filled(ready(dense(8), a), a, np.inf),),
    "labels that the loss does not mean": lambda a: (ready(dense(8), a), None, classes() + 1),
    "output and labels of different shapes": lambda a: (ready(dense(8), a), None, np.random.randn(N, K), outer),
    "units that are all alike": lambda a: (filled(ready(dense(8), a), a, 0.3),),
    "no nonlinearity": lambda a: (ready(sequential(nn.Dense(8), nn.Dense(8), nn.Dense(K)), a),),
    "softmax over the wrong axis": lambda a: (ready(dense(8, last=[Softmax(axis=0)]), a),),
    "samples that mix": lambda a: (
        ready(sequential(rnn.LSTM(8), nn.Dense(K)), a, np.random.randn(N, 5, 4), mx.init.Uniform(0.3)),
        np.random.randn(N, 5, 4),
    ),
    "double softmax": lambda a: (ready(dense(8, last=[softmax_lambda()]), a),),
    "output that does not suit the loss": lambda a: (
        ready(dense(8, last=[nn.Activation("sigmoid")]), a),
        None,
        np.random.randn(N, K),
        L2(),
    ),
    "unused parameters": lambda a: (
        ready(Spare(), a, np.random.randn(N, 5), mx.init.Xavier()),
        np.random.randn(N, 5),
    ),
    "unscaled inputs": lambda a: (ready(dense(8), a), samples() * 255),
    "unscaled targets": lambda a: (ready(dense(8), a), None, np.random.randn(N, K) * 100, L2()),
    "dead units": lambda a: (filled(ready(dense(8), a), a, -50, "bias"),),
    "saturated units": lambda a: (scaled(ready(dense(8, 8, act="tanh"), a), 200),),
    "loss that is not finite": lambda a: (
        ready(dense(8), a),
        None,
        classes(),
        lambda out, y: mean_of(out) / (y - 1),
    ),
    "vanishing signal": lambda a: (ready(dense(*[16] * 8), a, weights=mx.init.Uniform(0.07)),),
    "exploding signal": lambda a: (scaled(ready(dense(*[16] * 8), a), 10),),
    "vanishing gradient": lambda a: (ready(dense(*[16] * 8, act="sigmoid"), a, weights=mx.init.Xavier()),),
    "exploding gradient": lambda a: (ready(dense(8), a), None, None, lambda out, y: CE()(out, y) * 1e5),
}


@pytest.mark.parametrize("name", ILL)
def test_each_finding(name, arrays):
    report = asked(arrays, *ILL[name](arrays))
    assert name in names(report)
    text = str(report)
    assert f". {name} (" in text and "Cure: " in text and max(map(len, text.splitlines())) <= 80
    finding = report.findings[names(report).index(name)]
    assert finding.where and any(map(str.isdigit, finding.evidence)) and finding.cure


def test_every_finding_has_its_net():
    elsewhere = {"frozen parameters", "numbers that the embedding does not have"}
    assert {*ILL} | elsewhere == {*CURES}


@pytest.mark.parametrize("loss, y", [
    (CE(), classes() - 1),
    (CE(), classes() + 0.5),
    (CE(sparse_label=False), np.eye(K)[classes()] * 2),
    (losses.SigmoidBinaryCrossEntropyLoss(), np.sign(np.random.randn(N, K))),
])  # fmt: skip
def test_labels_that_a_loss_does_not_mean(arrays, loss, y):
    assert names(asked(arrays, ready(dense(8), arrays), y=y, loss=loss)) == ["labels that the loss does not mean"]


@pytest.mark.parametrize("change", [
    lambda x: x * 1e-3,
    lambda x: x + 100,
    lambda x: x * np.where(np.arange(FEATURES), 1, 1000),
])  # fmt: skip
def test_inputs_of_the_wrong_scale(arrays, change):
    assert names(asked(arrays, ready(dense(8), arrays), change(samples())))[0] == "unscaled inputs"


def test_causes_come_before_what_follows(arrays):
    """All units of a layer are dead, so neither signal nor gradient passes."""
    net = filled(ready(dense(8, 8), arrays), arrays, -50, "bias")
    assert names(asked(arrays, net)) == ["dead units", "vanishing signal", "vanishing gradient"]
    # After nan nothing else is looked at.
    report = asked(arrays, filled(net, arrays, np.nan))
    assert len(report.looks) == 1 and {*names(report)} == {"nan or infinity in the parameters"}


def test_a_cure_by_new_weights_says_which_layers_would_not_get_them(arrays):
    """Each layer but one was given zeros; the first such cure says so, and what it says works."""
    hidden = [nn.Dense(8, "relu"), *(nn.Dense(8, "relu", weight_initializer="zeros") for _ in range(2))]
    net = ready(sequential(*hidden, nn.Dense(K), softmax_lambda()), arrays)
    wins = "First set layer.weight.init = None for 1 Dense{}: an initialiser that a layer was given wins."
    report = asked(arrays, net)
    assert names(report)[:3] == ["units that are all alike", "double softmax", "dead units"]
    first, second, *others = [finding.cure for finding in report.findings]
    assert first.endswith(f"force_reinit=True). {wins.format(' and 1 more')}")
    assert ANEW in others[0] and "weight.init" not in "".join([second, *others])
    net[2].weight.init = None
    net.initialize(initializer(net), force_reinit=True)
    assert asked(arrays, net).findings[0].cure.endswith(wins.format(""))
    net[1].weight.init = None
    net.initialize(initializer(net), force_reinit=True)
    assert names(asked(arrays, net)) == ["double softmax"]


def test_a_cure_by_other_means_says_nothing_of_initialisers(arrays):
    net = ready(sequential(nn.Dense(8, "tanh", weight_initializer=mx.init.Xavier()), *dense(8)), arrays)
    net.add(softmax_lambda())
    filled(net, arrays, -50, "bias")
    softmax, dead = [finding.cure for finding in asked(arrays, net).findings][:2]
    assert "weight.init" not in softmax and "None for 0 Dense: an initialiser" in dead


def test_numbers_in_the_evidence(arrays):
    net = ready(dense(16, 8), arrays)
    bias = np.zeros(16)
    bias[:12] = -50
    net[0].bias.set_data(arrays(bias))
    (dead,) = asked(arrays, net).findings
    assert dead.where == "1 ReLU" and dead.evidence.startswith("12 of its 16 units")


# -- what it cannot be given ------------------------------------------------------------------


def test_errors(arrays):
    net = ready(dense(8), arrays)
    x, y = arrays(samples()), arrays(classes())
    with pytest.raises(TypeError, match="^the net is a Gluon block, not 3$"):
        diagnose(3, (x, y), CE())
    with pytest.raises(TypeError, match=r"^batch is a pair \(x, y\), not (NDArray|ndarray)$"):
        diagnose(net, x, CE())
    with pytest.raises(TypeError, match=r"^batch is a pair \(x, y\), not 3 things$"):
        diagnose(net, (x, y, y), CE())
    with pytest.raises(TypeError, match="^x is an MXNet array .*, not ndarray$"):
        diagnose(net, (samples(), y), CE())
    with pytest.raises(TypeError, match="^y is an MXNet array .*, not list$"):
        diagnose(net, (x, [1, 2]), CE())
    with pytest.raises(TypeError, match="^the loss is an object or a function"):
        diagnose(net, (x, y), CE)
    with pytest.raises(ValueError, match="^the batch has 4 samples: give at least 8, they are compared$"):
        diagnose(net, (x[:4], y[:4]), CE())
    with pytest.raises(ValueError, match=r"call net.initialize\(\) first$"):
        diagnose(dense(8), (x, y), CE())


def test_one_hot_labels_for_numbers_of_classes_are_told_in_a_line(arrays):
    net, x, y = dense(8, K), arrays(samples()), arrays(np.eye(K)[classes()])
    net.initialize()
    shape = r"shape \(32, 3\)"
    told = f"^SoftmaxCrossEntropyLoss fails for an output of {shape} and y of {shape}; .*sparse_label=False.*$"
    with pytest.raises(ValueError, match=told):
        diagnose(net, (x, y), CE())


def test_what_was_found_before_a_loss_fails_is_told(arrays):
    net, y = dense(8, K), arrays(np.eye(K)[classes()] * 9)
    net.initialize()
    report = diagnose(net, (arrays(samples()), y), CE())
    assert names(report)[0] == "labels that the loss does not mean"
    assert (
        report.skipped["labels"].startswith("SoftmaxCrossEntropyLoss fails for ") and "labels" not in report.looks
    )
