"""The training that the pages share: data, nets, loop, and the sweep that nothing can interrupt for good."""

import functools
import importlib
import json
import linecache
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn import datasets
from sklearn.model_selection import ParameterGrid, train_test_split
from sklearn.neural_network import MLPClassifier

from gluon_activations import Mish, initializer, training
from gluon_activations._arrays import device_of
from gluon_activations.training import (
    DATA_SETS,
    accuracy,
    best_rates,
    cnn,
    experiment,
    load_data,
    mlp,
    read_csv,
    sweep,
    train,
    write_csv,
)
from tests.conftest import KINDS

import mxnet as mx
from mxnet.gluon import nn

ROOT = Path(__file__).parent.parent
# Where runs leave a trace of having been started; worker processes, which live on from test to test, inherit it.
TRACE = os.environ.setdefault("TRACE", os.path.join(tempfile.mkdtemp(), "trace"))


def weights(net):
    return [p.data().asnumpy() for p in net.collect_params().values()]


def same(some, others):
    return len(some) == len(others) and all(np.array_equal(a, b) for a, b in zip(some, others))


# -- data -----------------------------------------------------------------------------------


def by_hand(x, y, seed, classes):
    """The cut and the scaling, in float64 NumPy."""
    kept, x_test, rest, y_test = train_test_split(
        x, y, test_size=0.2, random_state=seed, stratify=y if classes else None
    )
    x_train, x_valid, y_train, y_valid = train_test_split(
        kept, rest, test_size=0.25, random_state=seed, stratify=rest if classes else None
    )

    def scaled(train, *others):
        return [(part - train.mean(0)) / np.where(train.std(0) > 0, train.std(0), 1) for part in (train, *others)]

    ys = [y_train, y_valid, y_test]
    xs = scaled(x_train, x_valid, x_test)
    return [part for pair in zip(xs, ys if classes else scaled(*ys)) for part in pair]


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "diabetes"])
@pytest.mark.parametrize("seed", [0, 5])
def test_data_are_cut_by_their_seed_and_scaled_by_the_training_part(name, seed):
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    for part, wanted in zip(load_data(name, seed=seed), by_hand(x, y, seed, name != "diabetes")):
        assert part.dtype == np.float32
        np.testing.assert_allclose(part, wanted, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_classes_keep_their_shares(name):
    data = load_data(name)
    labels = [data.y_train, data.y_valid, data.y_test]
    whole = np.bincount(np.concatenate(labels).astype(int))
    for part, share in zip(labels, (0.6, 0.2, 0.2)):
        np.testing.assert_allclose(np.bincount(part.astype(int)), share * whole, atol=2)


def test_a_feature_that_does_not_vary_is_nought():
    constant = load_data("digits").x_train.std(0) == 0
    assert constant.any() and not load_data("digits").x_train[:, constant].any()


def test_no_sample_is_in_two_parts():
    rows = np.concatenate(load_data("diabetes")[::2])
    assert len(np.unique(rows, axis=0)) == len(rows) == len(datasets.load_diabetes().target)


def test_data_are_the_rows_of_the_digits_unless_told_otherwise():
    assert same(load_data(), load_data("digits", seed=0, images=False))
    assert load_data().x_test.shape == (360, 64)


def test_images_are_the_rows_in_shape():
    rows, images = load_data("digits"), load_data("digits", images=True)
    for x, pictures in zip(rows[::2], images[::2]):
        assert pictures.shape == (len(x), 1, 8, 8) and (pictures.reshape(x.shape) == x).all()
    assert same(rows[1::2], images[1::2])


@pytest.mark.parametrize("images, shape", [(False, (784,)), (True, (1, 28, 28))])
def test_fashion_mnist_comes_through_mxnet(monkeypatch, images, shape):
    class Small:
        def __init__(self, train):
            self.length = 200 if train else 90
            self.images = np.random.default_rng(int(train)).integers(0, 255, (self.length, 28, 28, 1))

        def __getitem__(self, item):
            return mx.nd.array(self.images[item]), np.arange(self.length, dtype="int32")[item] % 10

    monkeypatch.setattr(mx.gluon.data.vision, "FashionMNIST", Small)
    data = load_data("fashion_mnist", images=images)
    assert [x.shape for x in data[::2]] == [(160, *shape), (40, *shape), (90, *shape)]
    assert (np.bincount(data.y_train.astype(int)) == 16).all()
    raw = Small(True).images.reshape(200, -1)
    kept, _ = train_test_split(raw, test_size=0.2, random_state=0, stratify=np.arange(200) % 10)
    wanted = (Small(False).images.reshape(90, -1) - kept.mean(0)) / kept.std(0)
    np.testing.assert_allclose(data.x_test.reshape(90, -1), wanted, rtol=1e-5, atol=1e-6)
    assert (data.y_test == np.arange(90) % 10).all()


def test_wrong_data_is_named():
    assert DATA_SETS == ("digits", "breast_cancer", "diabetes", "fashion_mnist")
    with pytest.raises(ValueError, match=f"^load_data's name is one of {str(DATA_SETS)[1:-1]}, not 'mnist'$"):
        load_data("mnist")
    for name in ("breast_cancer", "diabetes"):
        with pytest.raises(ValueError, match=f"^{name} holds no images, only digits and fashion_mnist do$"):
            load_data(name, images=True)


# -- nets -----------------------------------------------------------------------------------


def test_an_mlp_starts_as_its_activation_wants(arrays):
    net = mlp("relu", hidden=(2000,), inputs=500, seed=3)
    first, bias, last, other = weights(net)
    assert abs(first.var() * 500 / 2 - 1) < 0.01 and abs(last.var() * 2000 - 1) < 0.05
    assert not bias.any() and not other.any()


@pytest.mark.parametrize(
    "activation, variance", [("selu", 1), (None, 1), (Mish, 2), ("relu", 2), (lambda: Mish(), 2)]
)
def test_hidden_layers_suit_the_activation(activation, variance):
    dense = weights(mlp(activation, hidden=(500,), inputs=400))
    assert abs(dense[0].var() * 400 / variance - 1) < 0.02
    assert abs(dense[2].var() * 500 - 1) < 0.1
    convolutions = weights(cnn(activation, channels=(100, 50)))
    assert abs(convolutions[2].var() * 900 / variance - 1) < 0.05
    assert abs(convolutions[4].var() * 50 - 1) < 0.4


def test_weights_as_one_likes():
    assert abs(weights(mlp("relu", hidden=(500,), inputs=400, init=initializer("selu")))[0].var() * 400 - 1) < 0.02
    for net in (mlp(init=mx.init.One()), cnn(init=mx.init.One())):
        assert all((w == 1).all() for w in weights(net)[::2])


def kinds(net):
    return [type(layer).__name__ for layer in net]


def test_an_mlp_of_two_layers_of_64_for_the_digits_unless_told_otherwise():
    net = mlp()
    assert [w.shape for w in weights(net)] == [(64, 64), (64,), (64, 64), (64,), (10, 64), (10,)]
    options = {"inputs": 64, "hidden": (64, 64), "outputs": 10, "init": None, "seed": 0, "ctx": "cpu"}
    explicit = mlp("relu", **options)
    assert same(weights(net), weights(explicit)) and kinds(net) == kinds(explicit)
    assert kinds(mlp(Mish, hidden=(3,))) == ["Dense", "Mish", "Dense"]
    assert [w.shape for w in weights(mlp(inputs=3, hidden=(5,), outputs=2))] == [(5, 3), (5,), (2, 5), (2,)]


def test_a_cnn_of_two_stages_unless_told_otherwise():
    net = cnn()
    assert [w.shape for w in weights(net)] == [(16, 1, 3, 3), (16,), (32, 16, 3, 3), (32,), (10, 32), (10,)]
    explicit = cnn("relu", channels=(16, 32), outputs=10, init=None, seed=0, ctx="cpu")
    assert same(weights(net), weights(explicit)) and kinds(net) == kinds(explicit)
    stage = ["Conv2D", "Mish", "MaxPool2D"]
    assert kinds(cnn(Mish)) == [*stage, *stage, "GlobalAvgPool2D", "Dense"]
    assert [w.shape for w in weights(cnn(channels=(3,), outputs=2))] == [(3, 1, 3, 3), (3,), (2, 3), (2,)]
    assert net[:3](training.array(np.zeros((5, 1, 8, 8)))).shape == (5, 16, 4, 4)


@pytest.mark.parametrize("make, shape", [(mlp, (5, 64)), (cnn, (5, 1, 8, 8)), (cnn, (2, 1, 28, 28))])
def test_nets_are_drawn_from_their_seed(arrays, make, shape):
    with mx.util.np_shape(arrays.kind == "np"):  # Gluon's convolutions want their own reading of a 0
        x = arrays(np.random.default_rng(0).normal(size=shape))
        one, again, other = (make("gelu", seed=seed) for seed in (0, 0, 1))
        assert one(x).shape == (shape[0], 10)
    assert same(weights(one), weights(again))
    assert not (weights(one)[0] == weights(other)[0]).all()


def test_a_net_without_activation_is_linear(arrays):
    net = mlp(None, inputs=3, hidden=(7, 7), outputs=1)
    f = lambda x: float(net(arrays([x])).asnumpy()[0, 0])  # noqa: E731
    assert f([1, 2, 3]) + f([0, 1, 0]) == pytest.approx(f([1, 3, 3]), abs=1e-5)


@pytest.mark.parametrize("make", [mlp, cnn])
@pytest.mark.parametrize("wrong, kind", [(Mish(), "Mish"), (nn.Dense(2), "Dense"), (3, "int")])
def test_a_block_is_no_factory(make, wrong, kind):
    message = rf"^a net takes the name of an activation, a factory \(a class, say\) or None, not a {kind}$"
    with pytest.raises(TypeError, match=message):
        make(wrong)


@pytest.mark.parametrize(
    "use", [mlp, cnn, lambda **o: train(mlp(), *DIGITS, **o), lambda **o: accuracy(mlp(), *DIGITS, **o)]
)
def test_a_device_that_is_not_there_is_named(use):
    with pytest.raises(ValueError, match="not 'moon'"):
        use(ctx="moon")


def test_nets_and_data_are_on_the_device_asked_for():
    with mx.cpu(1):  # not that of the session
        for make in (mlp, cnn):
            assert {device_of(p.data()) for p in make().collect_params().values()} == {mx.cpu(0)}
        net = mlp()
        assert "accuracy" in train(net, *SMALL, epochs=1, valid=SMALL)[0]
        assert accuracy(net, *SMALL) > 0
        assert experiment(seed=0, epochs=1)["loss"] > 0


# -- training -------------------------------------------------------------------------------

DIGITS = load_data("digits")[:2]
SMALL = [part[:70] for part in DIGITS]


def descent(w, b, x, y, *, epochs, learning_rate, momentum, batch_size, seed):
    """Gradient descent with momentum on the squared error of a linear unit, in float64 NumPy."""
    order, losses = np.random.default_rng(seed), []
    v, u = np.zeros_like(w), 0.0
    for _ in range(epochs):
        places, total = order.permutation(len(x)), 0.0
        for start in range(0, len(x), batch_size):
            chosen = places[start : start + batch_size]
            error = x[chosen] @ w + b - y[chosen]
            total += (error**2 / 2).sum()
            v = momentum * v - learning_rate * (error[:, None] * x[chosen]).mean(0)
            u = momentum * u - learning_rate * error.mean()
            w, b = w + v, b + u
        losses.append(total / len(x))
    return w, b, losses


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_descent_as_by_hand(arrays, momentum):
    draw = np.random.default_rng(1)
    x, y = draw.normal(size=(7, 2)).astype("float32"), draw.normal(size=7).astype("float32")
    net = mlp(None, inputs=2, hidden=(), outputs=1)
    options = {"epochs": 3, "learning_rate": 0.05, "momentum": momentum, "batch_size": 3, "seed": 4}
    w, b, losses = descent(weights(net)[0][0].astype(float), 0.0, x, y, **options)
    history = train(net, x, y, loss=mx.gluon.loss.L2Loss(), **options)
    np.testing.assert_allclose(weights(net)[0][0], w, rtol=1e-4)
    np.testing.assert_allclose(weights(net)[1], b, rtol=1e-4)
    assert history == [{"epoch": n, "loss": pytest.approx(loss, rel=1e-4)} for n, loss in enumerate(losses, 1)]


def test_the_loss_of_classes_is_the_cross_entropy(arrays):
    net = mlp()
    scores = log_softmax(net(arrays(SMALL[0])).asnumpy().astype(float), axis=-1)
    wanted = -scores[np.arange(70), SMALL[1].astype(int)].mean()
    history = train(net, *SMALL, epochs=1, learning_rate=0.0)
    assert history == [{"epoch": 1, "loss": pytest.approx(wanted, rel=1e-5)}]


DEFAULTS = {"epochs": 10, "learning_rate": 0.1, "momentum": 0.0, "batch_size": 32, "seed": 0, "progress": False}


def test_ten_epochs_of_plain_descent_unless_told_otherwise():
    plain = train(mlp(), *SMALL)
    assert plain == train(mlp(), *SMALL, **DEFAULTS, loss=None, valid=None, ctx="cpu") and len(plain) == 10
    for other in ({"learning_rate": 0.11}, {"momentum": 0.01}, {"batch_size": 33}, {"seed": 1}):
        assert train(mlp(), *SMALL, **{**DEFAULTS, **other}) != plain


def test_numbers_of_numpys_train_as_pythons_do():
    options = {"epochs": 2, "learning_rate": 0.5, "momentum": 0.25, "batch_size": 40, "seed": 3}
    kinds = {"epochs": np.uint8, "learning_rate": np.float16, "momentum": np.float32, "batch_size": np.int8}
    given = {name: kinds.get(name, np.uint32)(value) for name, value in options.items()}
    for make in (mlp, cnn):
        rows = SMALL[0].reshape((70, 1, 8, 8) if make is cnn else (70, 64))
        again = train(make(seed=np.uint8(3)), rows, SMALL[1], **given)
        assert train(make(seed=3), rows, SMALL[1], **options) == again


@pytest.mark.parametrize("name, wrong, error, allowed", [
    ("epochs", -1, ValueError, "an integer of at least 0"),
    ("epochs", 1.5, TypeError, "an integer of at least 0"),
    ("batch_size", 0, ValueError, "an integer of at least 1"),
    ("learning_rate", "0.1", TypeError, "a finite number"),
    ("learning_rate", np.inf, ValueError, "a finite number"),
    ("momentum", np.nan, ValueError, "a finite number"),
])  # fmt: skip
def test_numbers_of_a_training_are_checked(name, wrong, error, allowed):
    with pytest.raises(error, match=f"^train's {name} is {allowed}, not .*$"):
        train(mlp(), *SMALL, **{name: wrong})


@pytest.mark.parametrize("same", [
    {"momentum": None}, {"momentum": False}, {"batch_size": 10**12}, {"batch_size": 70}, {"seed": np.int64(0)}
])  # fmt: skip
def test_numbers_that_say_the_same(same):
    usual = {"epochs": 1, "batch_size": 70}
    assert train(mlp(), *SMALL, **{**usual, **same}) == train(mlp(), *SMALL, **usual)


@pytest.mark.parametrize("call", [mlp, cnn, lambda seed: train(mlp(), *SMALL, seed=seed)])
def test_a_seed_is_an_integer(call):
    for wrong in (None, 3.0, "3", True):
        with pytest.raises(TypeError, match=f"^the seed is an integer, not {wrong!r}$"):
            call(seed=wrong)


def test_what_a_dropout_drops_is_drawn_from_the_seed():
    net = mlp()
    net.add(nn.Dropout(0.5))
    histories = [train(net, *SMALL, epochs=1, learning_rate=0.0, seed=seed) for seed in (0, 0, 1)]
    assert histories[0] == histories[1] != histories[2]


def test_training_learns_and_reports_the_accuracy_of_each_epoch(arrays):
    data = load_data("digits")
    net, other = mlp("relu"), mlp("relu")
    valid = data.x_valid, data.y_valid
    history = train(net, *DIGITS, epochs=3, valid=valid)
    assert [record["epoch"] for record in history] == [1, 2, 3]
    losses = [record["loss"] for record in history]
    assert losses == sorted(losses, reverse=True)
    assert history[-1]["accuracy"] == accuracy(net, *valid)
    assert train(other, *DIGITS, epochs=1, valid=valid, momentum=0.0)[0] == history[0]  # as by default
    assert history[0]["accuracy"] == accuracy(other, *valid) < history[-1]["accuracy"]
    judge = MLPClassifier((64, 64), max_iter=30, random_state=0).fit(*DIGITS)
    assert history[-1]["accuracy"] > judge.score(*valid) - 0.05


def test_divergence_ends_the_training_and_says_so(arrays):
    x, y = 1e3 * SMALL[0], SMALL[1]
    history = train(mlp("identity"), x, y, learning_rate=1e6, epochs=5, valid=(x, y))
    *healthy, last = history
    assert len(history) < 5 and not np.isfinite(last["loss"])
    assert last == {"epoch": len(history), "loss": pytest.approx(last["loss"], nan_ok=True), "diverged": True}
    assert all(set(record) == {"epoch", "loss", "accuracy"} for record in healthy)


def test_targets_must_fit():
    with pytest.raises(
        ValueError, match="^training wants as many targets as samples, and at least one, not 2 and 3$"
    ):
        train(mlp(), np.zeros((3, 64)), np.zeros(2))
    with pytest.raises(ValueError, match="not 0 and 0$"):
        train(mlp(), np.zeros((0, 64)), np.zeros(0))
    assert len(train(mlp(), np.zeros((1, 64)), np.zeros(1), epochs=1)) == 1


@pytest.mark.parametrize("epochs", [1, 2])
def test_training_shows_progress_if_asked(capfd, epochs):
    train(mlp(), *SMALL, epochs=epochs, progress=True)
    shown = capfd.readouterr().err
    assert f"{epochs}/{epochs}" in shown and "epoch" in shown
    train(mlp(), *SMALL, epochs=epochs)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "scores, labels, share",
    [
        ([[0, 1], [2, 1], [0, 3]], [1, 0, 0], 2 / 3),  # classes
        ([[0, 1, 0], [2, 1, 0]], [[1], [2]], 1 / 2),  # labels in a column
        ([[[0, 1], [1, 0]], [[3, 2], [5, 6]]], [[1, 0], [1, 0]], 1 / 2),  # a class at each place of a sequence
        ([[2.0], [-1.0], [1.0], [-3.0]], [1, 0, 1, 0], 1),  # one logit
        ([[0.0], [0.5]], [[0], [1]], 1),  # 0 is not above 0
        ([[1, -1], [1, 1]], [[1, 0], [0, 1]], 3 / 4),  # several labels
    ],
)
def test_accuracy(arrays, scores, labels, share):
    found = accuracy(lambda x: x, np.array(scores, "float32"), np.array(labels))
    assert type(found) is float and found == pytest.approx(share)


# -- the experiment -------------------------------------------------------------------------


@pytest.fixture
def few_samples(monkeypatch):
    """The real data, but 96 samples of each part, so that an experiment is over at once."""
    whole = training.load_data
    monkeypatch.setattr(training, "load_data", lambda *a, **k: type(whole())(*(p[:96] for p in whole(*a, **k))))


def experiment_by_hand(make, options, images):
    data = training.load_data("digits", seed=3, images=images)
    with training.numpy_arrays():
        net = make(seed=3)
        history = train(net, data.x_train, data.y_train, momentum=0.9, seed=3, **options)
        valid, test = accuracy(net, data.x_valid, data.y_valid), accuracy(net, data.x_test, data.y_test)
    return {"valid": valid, "test": test, "loss": pytest.approx(history[-1]["loss"], rel=1e-4)}


def test_an_experiment_with_relu_in_an_mlp_unless_told_otherwise(few_samples):
    plain = experiment(seed=3)
    assert plain == experiment_by_hand(mlp, {"learning_rate": 0.1, "epochs": 20, "batch_size": 32}, False)
    assert plain == experiment(seed=3, activation="relu", model="mlp", data="digits", ctx="cpu")
    assert plain != experiment(seed=4)


def test_an_experiment_as_one_likes(few_samples):
    options = {"learning_rate": 0.05, "epochs": 2, "batch_size": 20}
    for make in (mlp, cnn):
        wanted = experiment_by_hand(functools.partial(make, "gelu"), options, make is cnn)
        assert experiment(seed=3, activation="gelu", model=make.__name__, **options) == wanted


def test_an_experiment_on_other_images(monkeypatch):
    draw = np.random.default_rng(0)
    parts = [draw.normal(size=(40, 784)), np.arange(40) % 10] * 3
    asked = []
    monkeypatch.setattr(training, "load_data", lambda *a, **k: asked.append((a, k)) or training.Data(*parts))
    assert experiment(seed=1, data="fashion_mnist", epochs=9)["loss"] < 1
    assert asked == [(("fashion_mnist",), {"seed": 1, "images": False})]


def test_the_experiment_is_the_same_for_every_kind_of_array(few_samples):
    results = []
    for kind in KINDS:
        with mx.util.np_shape(kind == "np"), mx.util.np_array(kind == "np"):
            results.append(experiment(seed=0, epochs=1))
    assert results == results[:1] * len(KINDS)


def test_the_experiment_names_what_it_knows():
    with pytest.raises(ValueError, match="^experiment's model is one of 'mlp', 'cnn', not 'rnn'$"):
        experiment(seed=0, model="rnn")
    known = "'digits', 'fashion_mnist'"
    with pytest.raises(ValueError, match=f"^experiment's data is one of {known}, not 'diabetes'$"):
        experiment(seed=0, data="diabetes")
    with pytest.raises(ValueError, match="nearest: gelu"):
        experiment(seed=0, activation="geluu")
    with pytest.raises(ValueError, match="not 'moon'"):
        experiment(seed=0, ctx="moon")


def test_the_best_rates_are_those_of_the_highest_mean_validation_accuracy():
    def runs(activation, rate, valid):
        settings = {"activation": activation, "learning_rate": rate, "epochs": 3}
        return [{**settings, "seed": s, "valid": v, "test": -v, "loss": s + v} for s, v in enumerate(valid)]

    records = [
        *runs("relu", 0.1, [0.5, 0.7]),
        *runs("gelu", 0.1, [0.9, 0.9]),
        *runs("relu", 0.2, [0.8, 0.6]),
        *runs("gelu", 0.2, [0.9, 0.9]),  # as good as the first
        *runs("relu", 0.3, [0.9, 0.0]),
    ]
    assert (
        best_rates(records)
        == best_rates(iter(records[::2] + records[1::2]))
        == [
            {"activation": "relu", "learning_rate": 0.2, "epochs": 3},
            {"activation": "gelu", "learning_rate": 0.1, "epochs": 3},
        ]
    )


# -- the sweep ------------------------------------------------------------------------------


def square(*, number, seed):
    """A run whose result is known without it; it leaves a trace of having been started."""
    with open(TRACE, "a") as file:
        file.write(f"{number} {seed}\n")
    if number == 13:
        raise ArithmeticError("unlucky")
    return {"square": number**2 + seed / 3}


def where(*, number, seed, crowd=1):
    """The process that a run was in, when as many are there; how many threads it may use; its kind of array."""
    Path(f"{TRACE}-{os.getpid()}").touch()
    patience = time.time() + 30
    while len(list(Path(TRACE).parent.glob("trace-*"))) < crowd and time.time() < patience:
        time.sleep(0.02)
    time.sleep(0.3)  # one too many would come now
    kind = type(training.array([0])).__module__
    return {"process": os.getpid(), "threads": os.environ.get("OMP_NUM_THREADS", ""), "kind": kind}


NUMBERS = [{"number": n} for n in range(4)]
EXPECTED = [{"number": n, "seed": s, "square": n**2 + s / 3} for n in range(4) for s in range(3)]
QUIET = {"progress": False}
HERE = {"jobs": 1, "progress": False}


@pytest.fixture
def trace():
    """What has been started in this test so far, as a function."""
    Path(TRACE).write_text("")
    return lambda: Path(TRACE).read_text().splitlines()


def crowd(size, runs=6, **options):
    """What runs say of where they are, once there are as many processes as wanted."""
    for file in Path(TRACE).parent.glob("trace-*"):
        file.unlink()
    return sweep([{"number": n, "crowd": size} for n in range(runs)], [0], where, progress=False, **options)


@pytest.mark.once
def test_two_processes_of_one_thread_unless_told_otherwise():
    runs = crowd(2)
    assert len({run["process"] for run in runs} - {os.getpid()}) == 2
    assert {run["threads"] for run in runs} == {"1"}


@pytest.mark.once
def test_the_caller_chooses_where_a_sweep_runs():
    here = {os.getpid()}
    assert {run["process"] for run in crowd(1, 2, jobs=1)} == here
    for number in (1, 3):
        with joblib.parallel_config("threading", n_jobs=number):
            assert {run["process"] for run in crowd(1, 3)} == here
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=2):
        runs = crowd(2)
    assert len({run["process"] for run in runs} - here) == 2
    assert {run["threads"] for run in runs} == {"2"}
    assert len({run["process"] for run in crowd(3, jobs=3)} - here) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_has_the_kind_of_array_of_the_session(kind, tmp_path):
    with mx.util.np_shape(kind == "np"), mx.util.np_array(kind == "np"):
        wanted = type(training.array([0])).__module__
        for options in ({}, {"folder": tmp_path}, {"jobs": 1}):
            assert {run["kind"] for run in sweep(NUMBERS[:2], [0], where, **QUIET, **options)} == {wanted}


def test_results_are_those_of_one_kind_of_array(tmp_path):
    if len(KINDS) == 1:
        pytest.skip("this line of MXNet has one kind of array")
    found = []
    for kind in KINDS:
        with mx.util.np_shape(kind == "np"), mx.util.np_array(kind == "np"):
            found += sweep(NUMBERS[:1], [0], where, folder=tmp_path, **HERE)
    assert found[0]["kind"] != found[1]["kind"]


@pytest.mark.parametrize("jobs", [None, 1])
def test_a_sweep_in_the_order_asked_for(jobs):
    assert sweep(iter(NUMBERS), iter(range(3)), square, jobs=jobs, progress=False) == EXPECTED


def late(*, number, seed, folder):
    """The first run waits for the end of the second."""
    second, patience = Path(folder, "1"), time.time() + 60
    while number == 0 and not second.exists() and time.time() < patience:
        time.sleep(0.01)
    Path(folder, str(number)).touch()
    return {"second": second.exists()}


def test_the_order_is_not_that_in_which_runs_end(tmp_path):
    settings = [{**numbers, "folder": str(tmp_path)} for numbers in NUMBERS]
    records = sweep(settings, [0], late, jobs=2, **QUIET)
    assert [record["number"] for record in records] == [0, 1, 2, 3]
    assert records[0]["second"]


def test_a_sweep_of_all_combinations():
    grid = ParameterGrid({"number": [1, 2], "seed": [0]})
    assert sweep(grid, [5], square, **HERE) == [{"number": n, "seed": 5, "square": n**2 + 5 / 3} for n in (1, 2)]


def test_a_sweep_of_experiments_unless_told_otherwise(few_samples):
    settings = {"activation": "relu", "epochs": 1}
    assert sweep([settings], [3], **HERE) == [{**settings, "seed": 3, **experiment(seed=3, epochs=1)}]


def test_a_sweep_does_only_what_is_missing(tmp_path, trace):
    first = sweep(NUMBERS[:2], range(3), square, folder=tmp_path, **HERE)
    assert first == EXPECTED[:6] and len(trace()) == 6
    for _ in range(2):
        assert sweep(NUMBERS, range(3), square, folder=tmp_path, **HERE) == EXPECTED
    assert len(trace()) == len(set(trace())) == 12


def test_numbers_of_numpy_are_numbers(tmp_path, trace):
    whole = sweep(NUMBERS, range(3), square, folder=tmp_path, **HERE)
    numbers = [{"number": n} for n in np.arange(4)]
    again = sweep(numbers, np.arange(3), square, folder=tmp_path, **HERE)
    assert again == whole == EXPECTED and len(trace()) == 12
    assert {type(value) for record in again for value in record.values()} == {int, float}


def of_numpy(*, number, seed):
    """Results as NumPy and MXNet make them."""
    return {"int": np.int64(number), "float": np.float32(0.5), "array": mx.np.array([2.0]).sum(), "text": "so"}


def test_results_of_numpy_are_numbers():
    record = sweep([{"number": 3}], [0], of_numpy, **HERE)[0]
    assert record == {"number": 3, "seed": 0, "int": 3, "float": 0.5, "array": 2.0, "text": "so"}
    assert [type(value) for value in record.values()] == [int, int, int, float, float, str]


def test_a_folder_is_where_it_was_asked_for(tmp_path, monkeypatch, trace):
    """Although the workers are older than the change of directory."""
    sweep(NUMBERS, [0], square, **QUIET)
    started = len(trace())
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        sweep(NUMBERS, [0], square, folder="kept", **QUIET)
    assert len(list((tmp_path / "kept").rglob("output.pkl"))) == 4
    assert len(trace()) == started + 4


MODULE = '''
import os

def run(*, number, seed):
    """Source that will change."""
    with open(os.environ["TRACE"], "a") as file:
        file.write(f"{number} {seed}\\n")
    return {"value": number + FACTOR * seed}
'''


def test_changed_code_is_noticed_in_every_folder(tmp_path, monkeypatch, trace):
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "a_module_of_runs.py"
    one, ten = (MODULE.replace("FACTOR", factor) for factor in ("1", "10"))
    file.write_text(one)
    module = importlib.import_module(file.stem)
    for code, factor, started in [(one, 1, 4), (ten, 10, 8), (one, 1, 8)]:
        file.write_text(code)
        importlib.invalidate_caches()
        module = importlib.reload(module)
        for folder in (tmp_path / "a", tmp_path / "b"):
            found = sweep([{"number": 5}], [1, 2], module.run, folder=folder, **HERE)
            assert [record["value"] for record in found] == [5 + factor, 5 + 2 * factor]
        assert len(trace()) == started


def in_a_cell(text, name, number=1):
    """The function of a notebook's cell, made as ipykernel makes it."""
    file = f"/tmp/ipykernel_{number}/{number}.py"
    linecache.cache[file] = len(text), None, text.splitlines(True), file
    exec(compile(text, file, "exec"), namespace := {"__name__": "__main__", "os": os})
    return namespace[name]


CELL = """
def run(number, seed):
    with open(os.environ["TRACE"], "a") as file:
        file.write("started\\n")
    return {"value": number * seed}
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_functions_of_a_notebook_are_known_again(tmp_path, trace, jobs):
    options = {"folder": tmp_path, "jobs": jobs, "progress": False}
    for session in (1, 2):  # a kernel that was started anew calls its cells otherwise
        found = sweep(NUMBERS, [7], in_a_cell(CELL, "run", session), **options)
        assert [record["value"] for record in found] == [0, 7, 14, 21]
    assert len(trace()) == 4
    other = in_a_cell(CELL.replace("number * seed", "number + seed"), "run")
    assert [record["value"] for record in sweep(NUMBERS, [7], other, **options)] == [7, 8, 9, 10]
    assert len(trace()) == 8


def test_what_joblib_knows_its_results_by_is_there_before_two_processes_look(tmp_path, monkeypatch):
    own, looked = joblib.Parallel, []

    def parallel(*args, **options):
        looked.append(len(list(tmp_path.rglob("func_code.py"))))
        return own(*args, **options)

    monkeypatch.setattr(joblib, "Parallel", parallel)
    assert sweep(NUMBERS, [7], in_a_cell(CELL, "run"), folder=tmp_path, jobs=2, progress=False) and looked == [1]


def test_functions_of_one_source_and_two_names_are_two(tmp_path):
    first, second = (in_a_cell("def run(number, seed):\n    return {'file': __name__}\n", "run") for _ in "ab")
    second.__module__, second.__globals__["__name__"] = "elsewhere", "elsewhere"
    found = [sweep(NUMBERS[:1], [0], run, folder=tmp_path, **HERE)[0]["file"] for run in (first, second)]
    assert found == ["__main__", "elsewhere"]


def wrapped():
    """Something that can be called, without a name, that says where its source is."""
    made = functools.partial(square)
    made.__wrapped__ = square
    return made


@pytest.mark.parametrize("run", [functools.partial(square), wrapped(), eval("lambda number, seed: {}"), print])
def test_what_has_no_source_cannot_be_kept(tmp_path, run):
    with pytest.raises(ValueError, match="^results are kept of a function whose source can be read, not of <?"):
        sweep(NUMBERS, [0], run, folder=tmp_path, **HERE)
    assert not list(tmp_path.rglob("output.pkl"))


def test_without_a_folder_anything_runs():
    assert sweep(NUMBERS, range(3), functools.partial(square), **HERE) == EXPECTED


SCRIPT = """
import json, os, sys, time
from gluon_activations.training import sweep

def run(*, number, seed):
    with open(os.environ["TRACE"], "a") as file:
        file.write(f"{number} {seed}\\n")
    while number == 3 and not os.path.exists("the rest"):
        time.sleep(0.01)
    return {"square": number**2 + seed / 3}

if __name__ == "__main__":
    numbers = [{"number": n} for n in range(4)]
    print(json.dumps(sweep(numbers, range(3), run, folder=sys.argv[1], jobs=int(sys.argv[2]))))
"""


@pytest.mark.once
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_sweep_goes_on_where_it_was(tmp_path, trace, jobs):
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py", "kept", str(jobs)]
    options = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": str(ROOT)}, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, **options, stderr=subprocess.DEVNULL, start_new_session=True)

    def kept():
        return list((tmp_path / "kept").rglob("output.pkl"))

    while len(kept()) < 4:
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)  # the sweep and its workers, with no chance to tidy up
    process.communicate()
    (tmp_path / "the rest").touch()
    started, finished = trace(), len(kept())
    assert 4 <= finished < 12
    again = subprocess.run(command, **options, check=True)
    assert json.loads(again.stdout) == EXPECTED
    repeated = trace()[len(started) :]
    assert len(repeated) == len(set(repeated)) == 12 - finished
    assert set(started) | set(repeated) == {f"{n} {s}" for n in range(4) for s in range(3)}


def test_torn_files_do_no_harm(tmp_path, trace):
    sweep(NUMBERS, range(3), square, folder=tmp_path, **HERE)
    torn, *others = sorted(tmp_path.rglob("output.pkl"))
    torn.write_bytes(torn.read_bytes()[:20])
    others[0].unlink()
    others[1].with_name("metadata.json").write_text('{"dur')
    others[2].with_name("output.pkl.0123-4-5").write_bytes(b"what was being written")
    for _ in range(2):
        assert sweep(NUMBERS, range(3), square, folder=tmp_path, **HERE) == EXPECTED
    assert len(trace()) == 14


@pytest.mark.parametrize("jobs", [1, None])
def test_a_failed_run_stops_no_other(tmp_path, trace, jobs):
    numbers = [{"number": n} for n in (1, 13, 2)]
    for started in (6, 8):  # the failed ones are tried again
        with pytest.raises(RuntimeError) as error:
            sweep(numbers, range(2), square, folder=tmp_path, jobs=jobs, progress=False)
        first, *lines = str(error.value).splitlines()
        assert first == "runs that failed:"
        assert sorted(lines) == [f"{{'number': 13, 'seed': {s}}}: ArithmeticError: unlucky" for s in range(2)]
        assert len(trace()) == started
    assert len(sweep(numbers[::2], range(2), square, folder=tmp_path, **HERE)) == 4 and len(trace()) == 8


def test_a_run_is_asked_for_once():
    for numbers, seeds in [
        (NUMBERS[:1], [0, 0]),
        (NUMBERS[:1] * 2, [0]),
        ([{"number": np.int64(0)}, *NUMBERS], [0]),
        ([{"number": (np.float64(1),)}, {"number": (1.0,)}], [0]),
    ]:
        with pytest.raises(ValueError, match="^a sweep wants each configuration and each seed once$"):
            sweep(numbers, seeds, square, **HERE)
    assert sweep([], [0], square, **HERE) == sweep(NUMBERS, [], square, **HERE) == []


def clashing(*, number, seed):
    """A result that would hide its own settings."""
    square(number=number, seed=seed)
    return {"seed": 0, "number": 0, "other": 0}


def test_a_result_may_not_hide_a_setting(trace):
    """Which the first result shows: the others are not waited for."""
    with pytest.raises(ValueError, match="^a result may not be called like a setting: number, seed$"):
        sweep(NUMBERS, [0], clashing, **HERE)
    assert trace() == ["0 0"]


def test_a_result_has_names():
    with pytest.raises(RuntimeError, match="{'number': 0, 'seed': 0}: AttributeError"):
        sweep(NUMBERS, [0], lambda number, seed: 3.0, **HERE)


@pytest.mark.once
def test_a_sweep_on_a_dask_cluster_gives_the_same_table(tmp_path, trace):
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        with joblib.parallel_config(backend="dask"):
            for started in (6, 12):
                there = sweep(NUMBERS[: started // 3], range(3), square, folder=tmp_path, **QUIET)
                assert there == EXPECTED[:started] and len(trace()) == started
            nets = sweep([{"activation": name, "epochs": 1} for name in ("relu", "mish")], [0], **QUIET)
            places = sweep([{"number": n} for n in range(6)], [0], where, **QUIET)
        workers = set(client.run(os.getpid).values())
    assert len(workers) == 2 and {place["process"] for place in places} <= workers
    assert sweep(NUMBERS, range(3), square, folder=tmp_path, **HERE) == EXPECTED and len(trace()) == 12
    assert nets == sweep([{"activation": name, "epochs": 1} for name in ("relu", "mish")], [0], **QUIET)


def test_a_sweep_shows_progress_unless_told_otherwise(capfd, tmp_path):
    sweep(NUMBERS[1:3], [0], square, jobs=1, folder=tmp_path)
    shown = capfd.readouterr()
    assert "0/2" in shown.err and "2/2" in shown.err and "run" in shown.err and shown.out == ""
    sweep(NUMBERS[1:], [0], square, jobs=1, folder=tmp_path, progress=False)
    assert capfd.readouterr() == ("", "")


# -- tables ---------------------------------------------------------------------------------


def test_csv_keeps_every_digit(tmp_path):
    records = [
        {"name": "relu", "x": 0.1 + 0.2, "n": 3},
        {"name": 'α, "β"\nγ', "x": float("inf"), "late": True, "never": False},
    ]
    write_csv(records, tmp_path / "table.csv")
    assert read_csv(tmp_path / "table.csv") == records
    lines = (tmp_path / "table.csv").read_bytes().decode("utf-8").split("\n")
    assert lines[:2] == ["name,x,n,late,never", "relu,0.30000000000000004,3,,"] and "\r" not in "".join(lines)
    assert [type(value) for value in read_csv(tmp_path / "table.csv")[0].values()] == [str, float, int]


def elsewhere(file, mode="r", encoding=None, newline=None):
    """How files open on a system with a narrower alphabet and other ends of lines."""
    return open(file, mode, encoding=encoding or "ascii", newline="\r\n" if newline is None else newline)


def test_tables_are_the_same_on_every_system(tmp_path, monkeypatch):
    records = [{"name": "α", "n": 1}, {"name": "two\r\nlines", "n": 2}]
    write_csv(records, tmp_path / "here.csv")
    monkeypatch.setattr(training, "open", elsewhere, raising=False)
    write_csv(records, tmp_path / "there.csv")
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    assert read_csv(tmp_path / "there.csv") == records
