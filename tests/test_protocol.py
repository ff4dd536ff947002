"""One replicate of a comparison: its cut, its trainings, its record, and what may be asked for."""

import importlib
import math

import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from gluon_activations import SELU, PReLU, Swish, get_activation
from gluon_activations._arrays import numpy_arrays
from gluon_activations._protocol import Protocol, Trained, checked
from tests.test_compare import PAIR, X, Y, build

import mxnet as mx
from mxnet.gluon import nn
from mxnet.gluon.loss import L2Loss, SoftmaxCrossEntropyLoss

PROTOCOL = importlib.import_module("gluon_activations._protocol")


def protocol(**changed):
    """One replicate's, with settings of its own."""
    about = {
        "build": build,
        "x": X,
        "y": Y,
        "arms": dict(zip(PAIR, PAIR)),
        "grid": [{"learning_rate": 0.1}],
        "loss": None,
        "epochs": 5,
        "patience": 10,
        "target": None,
        "batch_size": 16,
        "folds": 3,
        "seed": 0,
        "ctx": "cpu",
        "options": {},
    }
    return Protocol(**{**about, **changed})


@pytest.mark.parametrize("fold", range(3))
def test_what_chooses_is_not_what_learns_or_is_tested(fold):
    learn, choose, test = protocol()._cut(1, fold)
    assert sorted([*learn, *choose, *test]) == list(range(len(X)))
    assert len(choose) == pytest.approx(0.2 * (len(learn) + len(choose)), abs=1)
    # Classes keep their shares.
    for part in (learn, choose, test):
        np.testing.assert_allclose(np.bincount(Y[part]) / len(part), np.bincount(Y) / len(Y), atol=0.06)


def test_the_loss_is_the_cross_entropy_of_the_tested_net():
    with numpy_arrays():
        run = protocol()._trained("relu", {"learning_rate": 0.1}, 7, np.arange(80), np.arange(80, 120))
        scores = run.net(mx.np.array(X[80:])).asnumpy().astype("float64")
        losses, right = protocol()._losses(run.net, np.arange(80, 120))
    picked = scores[np.arange(40), Y[80:]]
    np.testing.assert_allclose(losses, np.log(np.exp(scores).sum(1)) - picked, rtol=1e-4)
    np.testing.assert_array_equal(right, scores.argmax(1) == Y[80:])


def test_the_parameters_of_the_best_epoch_are_tested():
    # A rate that is too large for long: the loss set apart rises again.
    part = protocol(epochs=60, patience=60)
    with numpy_arrays():
        run = part._trained("relu", {"learning_rate": 2.0}, 7, np.arange(60), np.arange(60, 120))
        assert run.valid == min(run.curve) < run.curve[-1] and len(run.curve) == 61
        assert part._losses(run.net, np.arange(60, 120))[0].mean() == pytest.approx(run.valid, rel=1e-6)


@pytest.mark.parametrize(
    ("changed", "word", "epochs"),
    [
        ({"epochs": 3}, "budget", 3),
        ({"epochs": 50, "patience": 1, "options": {"momentum": 0.9}}, "converged", range(2, 50)),
        ({"epochs": 50, "target": 1.2}, "target", range(1, 50)),
        ({"epochs": 50, "grid": [{"learning_rate": 1e30}]}, "diverged", range(1, 4)),
    ],
)
def test_how_a_training_ends(changed, word, epochs):
    run = protocol(**changed)(activation="relu", again=False, fold=0, seed=0)
    assert run["stopped"] == word and (
        run["epochs"] == epochs if isinstance(epochs, int) else run["epochs"] in epochs
    )
    assert np.isfinite(run["losses"]).all()
    if word == "target":
        assert run["train_loss"] <= 1.2


def test_a_net_that_comes_initialised_stays_so():
    def ready(activation):
        net = build(activation)
        net.initialize(mx.init.Constant(0.25))
        return net

    frozen = protocol(build=ready, epochs=1, grid=[{"learning_rate": 1e-9}])
    with numpy_arrays():
        run = frozen._trained("relu", {"learning_rate": 1e-9}, 0, np.arange(80), np.arange(80, 120))
    np.testing.assert_allclose(run.net[0].weight.data().asnumpy(), 0.25, rtol=1e-6)


def test_a_net_that_does_not_gets_weights_that_suit():
    with numpy_arrays():
        net = protocol(build=lambda name: build(name, 4000))._net("relu", {})
    assert net[0].weight.data().asnumpy().var() == pytest.approx(2 / 4, rel=0.1)  # He's
    assert net[2].weight.data().asnumpy().var() == pytest.approx(1 / 4000, rel=0.1)


# -- one replicate, step by step ----------------------------------------------


class Scripted(Protocol):
    """One whose losses on what is set apart are given: before the training, and after each epoch."""

    def _losses(self, net, places):
        return np.array([self.script.pop(0)]), None


def scripted(monkeypatch, valid, trained, **changed):
    """A training of which no more happens than that its losses are these."""
    part = Scripted(**{**vars(protocol()), **changed})
    part.script = [*valid]
    seen = []

    def train(net, x, y, *, stop, epochs, **options):
        history = []
        for loss in trained[:epochs]:
            net[0].bias.set_data(mx.np.full(8, len(history) + 1.0))
            history.append({"loss": loss, **({} if math.isfinite(loss) else {"diverged": True})})
            if stop(history):
                break
        seen.append({"x": x, "y": y, **options})
        return history

    monkeypatch.setattr(PROTOCOL, "train", train)
    with numpy_arrays():
        run = part._trained("relu", {"learning_rate": 0.5, "width": 8}, 7, np.arange(80), np.arange(80, 120))
    # The bias is the number of the epoch whose parameters are tested.
    return run, run.net[0].bias.data().asnumpy()[0], seen[0]


@pytest.mark.parametrize("valid, trained, changed, stopped, epochs, best", [
    ([9, 8, 7, 6, 7, 7, 7, 1], [5, 4, 3, 2, 1, 0.5, 0.2], {"epochs": 9, "patience": 3}, "converged", 6, 3),
    ([9, 9, 9, 9], [5, 4, 3], {"patience": 2}, "converged", 2, 0),  # as good is not better
    ([9, 8, 9, 8, 7, 9, 9, 1], [5] * 7, {"patience": 2}, "converged", 3, 1),
    ([9, 8, 7, 6, 5], [5, 4, 3, 2], {"epochs": 4, "patience": 1}, "budget", 4, 4),
    ([9, 8, 7, 6, 5], [5, 4, 3, 2], {"target": 3}, "target", 3, 3),
    ([9, 8, 9, 9, 5], [5, 4, 3, 2], {"target": 3, "patience": 2}, "target", 3, 1),
    ([9, 8, 7, 6], [5, 4, math.inf], {}, "diverged", 3, 2),
    ([math.nan, math.inf, 8, 9], [5, 4, 3], {"epochs": 3}, "budget", 3, 2),
    ([math.inf, math.inf, math.inf, 8], [5, 4, 3], {"epochs": 3}, "budget", 3, 3),
])  # fmt: skip
def test_when_a_training_ends_and_what_is_kept(monkeypatch, valid, trained, changed, stopped, epochs, best):
    run, bias, _ = scripted(monkeypatch, valid, trained, **changed)
    assert (run.stopped, run.epochs, bias) == (stopped, epochs, best)
    assert run.valid == valid[best] and (best == 0 or run.train == trained[best - 1])
    assert math.isnan(run.train) == (best == 0)
    seen = [value if math.isfinite(loss) else math.inf for value, loss in zip(valid, [0, *trained[:epochs]])]
    np.testing.assert_array_equal(run.curve, seen)
    assert 0 <= run.seconds < 60


def test_what_a_training_is_given(monkeypatch):
    run, _, given = scripted(monkeypatch, [3, 2], [1], options={"momentum": 0.9, "learning_rate": 0.1}, epochs=1)
    assert (given["learning_rate"], given["momentum"], given["batch_size"]) == (0.5, 0.9, 16)
    assert (given["seed"], given["ctx"], given["loss"]) == (7, "cpu", None)
    np.testing.assert_array_equal(given["x"], X[:80])
    np.testing.assert_array_equal(given["y"], Y[:80])
    assert run.net._active  # hybridized


def test_weights_are_drawn_before_the_training_by_the_seed_of_the_replicate():
    def weights(draw):
        part = protocol(epochs=1, grid=[{"learning_rate": 1e-9}])
        with numpy_arrays():
            run = part._trained("relu", {"learning_rate": 1e-9}, draw, np.arange(80), np.arange(80, 120))
        return run.net[0].weight.data().asnumpy()

    np.testing.assert_array_equal(weights(3), weights(3))
    assert abs(weights(3) - weights(4)).max() > 0.1


class Replicate(Protocol):
    """One whose trainings have known ends."""

    def _trained(self, name, setting, draw, learn, choose):
        self.asked.append((name, setting, draw, learn, choose))
        found = Trained(setting["width"], 0.0)
        for key, value in self.script[len(self.asked) - 1].items():
            setattr(found, key, value)
        return found

    def _losses(self, net, places):
        return np.full(len(places), net), None


def test_an_activation_is_tuned():
    single = protocol(grid=[{"learning_rate": rate} for rate in (1e-6, 0.3)], epochs=20)
    assert single(activation="tanh", again=False, fold=1, seed=1)["best_learning_rate"] == 0.3


@pytest.mark.parametrize("seconds, epochs, pace", [((2.0, 4.0), (3, 1), 1.5), ((2.0, 4.0), (0, 0), 6.0)])
def test_what_a_replicate_notes(seconds, epochs, pace):
    grid = [{"width": 9}, {"width": 4}]
    part = Replicate(**{**vars(protocol(seed=5)), "grid": grid})
    part.asked = []
    part.script = [
        {"valid": 3.0, "train": 0.1, "stopped": "target", "epochs": epochs[0], "seconds": seconds[0]},
        {"valid": 2.0, "train": 0.2, "stopped": "converged", "epochs": epochs[1], "seconds": seconds[1]},
    ]
    record = part(activation="tanh", again=True, fold=2, seed=1)
    learn, choose, test = part._cut(1, 2)
    draw = np.random.SeedSequence([5, 1, 2, 1]).generate_state(1)[0] // 2
    for (name, setting, seed, *parts), wanted in zip(part.asked, grid):
        assert (name, setting, seed) == ("tanh", wanted, draw)
        for one, other in zip(parts, (learn, choose)):
            np.testing.assert_array_equal(one, other)
    assert record["best_width"] == 4 and record["tried"] == {"width": [9, 4]} and record["right"] is None
    assert (record["stopped"], record["epochs"], record["seconds"]) == ("converged", epochs[1], pace)
    assert (record["train_loss"], record["valid_loss"], record["curve"]) == (0.2, 2.0, [])
    np.testing.assert_array_equal(record["samples"], test)
    np.testing.assert_array_equal(record["losses"], np.full(40, 4.0))


def test_the_cut_is_scikit_learns_and_drawn_by_seed_and_repeat():
    state = int(np.random.SeedSequence([5, 3]).generate_state(1)[0] // 2)
    kept = StratifiedKFold(3, shuffle=True, random_state=state).split(X, Y)
    rest, test = list(kept)[1]
    learn, choose = train_test_split(rest, test_size=0.2, random_state=state, stratify=Y[rest])
    for one, other in zip(protocol(seed=5)._cut(3, 1), (learn, choose, test)):
        np.testing.assert_array_equal(one, other)
    # What is no class, or has a loss of its own, is cut without shares.
    rest, test = list(KFold(3, shuffle=True, random_state=state).split(X))[1]
    for part in (protocol(seed=5, loss=L2Loss()), protocol(seed=5, y=np.c_[Y, Y])):
        np.testing.assert_array_equal(part._cut(3, 1)[2], test)


def test_classes_are_what_a_softmax_s_cross_entropy_is_of():
    assert protocol().classes and protocol(loss=SoftmaxCrossEntropyLoss()).classes
    assert not protocol(loss=L2Loss()).classes
    assert not protocol(loss=SoftmaxCrossEntropyLoss(sparse_label=False)).classes


def test_the_axis_of_the_classes_is_that_of_the_loss():
    x, y = np.zeros((30, 3, 4), "float32"), np.arange(120).reshape(30, 4) % 3
    with numpy_arrays():
        part = protocol(
            build=lambda name: nn.HybridLambda("identity"), x=x, y=y, loss=SoftmaxCrossEntropyLoss(axis=1)
        )
        _, right = part._losses(
            lambda x: mx.np.array([[[0, 1, 5, 0]] * 1 + [[1, 2, 3, 4]] + [[0, 3, 4, 1]]] * len(x)), np.arange(6)
        )
    np.testing.assert_allclose(right, [(y[i] == [1, 2, 0, 1]).mean() for i in range(6)])


def test_a_thousand_samples_are_looked_at_together():
    part = protocol(x=np.zeros((1500, 4), "float32"), y=np.arange(1500) % 3)
    sizes = []

    class Counts(nn.Sequential):
        def forward(self, x):
            sizes.append(len(x))
            return super().forward(x)

    def counting(activation):
        net = Counts()
        net.add(nn.Dense(3))
        return net

    with numpy_arrays():
        net = protocol(build=counting, x=part.x)._net("relu", {})
        losses, right = part._losses(net, np.arange(1200))
    assert sizes == [1, 1024, 176] and losses.shape == right.shape == (1200,)
    assert losses.dtype == right.dtype == "float64"


def test_the_numbers_of_words_stay_whole():
    with numpy_arrays():
        assert protocol()._batch(np.zeros(3, "int32")).dtype == np.int32
        assert protocol()._batch(np.zeros(3, "int64")).dtype == protocol()._batch(np.zeros(3)).dtype == np.float32


def of_width(width):
    def inner(activation):
        return build(activation, width)

    return inner


def test_what_a_kept_run_depends_on():
    def other(activation):
        return build(activation)

    same = protocol().fingerprint()
    assert same == protocol(ctx=mx.cpu()).fingerprint() and "def build(activation, width=8)" in same
    changes = [
        *({"x": X + 1}, {"y": Y + 1}, {"epochs": 6}, {"patience": 3}, {"target": 0.1}, {"batch_size": 8}),
        *({"folds": 4}, {"grid": [{"learning_rate": 0.2}]}, {"options": {"momentum": 0.5}}, {"seed": 1}),
        *({"arms": {"a": arm}} for arm in ("relu", "elu", other, nn.SELU, SELU, Swish(), Swish(beta=9))),
        {"arms": {"a": nn.Swish()}},
        *({"loss": loss} for loss in (L2Loss(), L2Loss(weight=50), lambda a, b: a, lambda a, b: b)),
        *({"build": build} for build in (other, of_width(8), of_width(64))),
    ]  # fmt: skip
    assert len({same, *(protocol(**change).fingerprint() for change in changes)}) == 1 + len(changes)
    for one, two in (({"loss": L2Loss()}, {"loss": L2Loss()}), ({"build": of_width(8)}, {"build": of_width(8)})):
        assert protocol(**one).fingerprint() == protocol(**two).fingerprint()


# -- what may be asked for ----------------------------------------------------

NUMBERS = {"epochs": 5, "patience": 2, "batch_size": 8, "folds": 5, "repeats": 2, "seed": 0, "level": 0.05}
NUMBERS = {**NUMBERS, "margin": None, "target": None}
AT_LEAST_1 = ("epochs", "patience", "batch_size")


@pytest.mark.parametrize("name, value, message", [
    *((name, wrong, "an integer of at least 1") for name in AT_LEAST_1 for wrong in (0, 1.5)),
    *((name, value, "an integer of at least 2") for name in ("folds", "repeats") for value in (1, 2.5, True, "2")),
    *(("seed", value, "an integer of at least 0") for value in (-1, "x", None)),
    *(("level", value, "a finite number above 0 and below 1") for value in (0, 1, math.nan, "x")),
    *(("margin", value, "a finite number above 0") for value in (0, -1, math.inf, math.nan, "x", True)),
    ("target", "x", "a finite number"),
])  # fmt: skip
def test_a_number_that_cannot_be(name, value, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        checked(**{**NUMBERS, name: value})
    assert str(caught.value) == f"compare's {name} is {message}, not {value!r}"


def test_numbers_that_can_be():
    least = {"epochs": 1, "patience": 1, "batch_size": 1, "folds": 2, "repeats": 2, "seed": 0, "level": 1e-3}
    assert checked(**{**NUMBERS, **least}) == {**NUMBERS, **least}
    found = checked(**{**NUMBERS, "folds": np.int64(2), "margin": np.float32(0.5), "target": -1})
    assert (found["folds"], found["margin"], found["target"]) == (2, 0.5, -1) and type(found["folds"]) is int


def asked(data=(X, Y), activations=PAIR, **changed):
    about = {"build": build, "tune": None, "loss": None, "options": {}, "ctx": "cpu", **NUMBERS, **changed}
    return PROTOCOL.protocol(about.pop("build"), data, activations, **about)


def net_of():
    net = nn.HybridSequential()
    net.add(SELU())
    return net


def few(*counts):
    """Data with so many samples of each class."""
    y = np.repeat(np.arange(len(counts)), counts)
    return np.zeros((len(y), 4), "float32"), y


@pytest.mark.parametrize("changed, error, message", [
    ({"data": (X, Y[:9])}, ValueError, "5 folds wants as many targets as samples, and at least 25, not 9 and 120"),
    ({"data": (X[:24], Y[:24])}, ValueError, "at least 25, not 24 and 24"),
    ({"data": (X, Y, Y)}, TypeError, "data are a pair, samples and targets, not 3 things"),
    ({"data": X}, TypeError, "data are a pair, samples and targets, not ndarray"),
    ({"data": (X, Y.astype(str))}, TypeError, "targets are an array of numbers, not 1 axes of <U"),
    ({"data": (X, 3)}, TypeError, "targets are an array of numbers, not 0 axes of int64"),
    ({"data": (np.where(X > 2, np.nan, X), Y)}, ValueError, r"samples are finite .* \d+ of these 480 are not"),
    ({"data": (X, X[:, 0])}, ValueError, "classes, whole numbers from 0 on, and .* from -.* a loss of its own"),
    ({"data": (X, Y - 1)}, ValueError, "classes, whole numbers from 0 on, and these run from -1 to 1;"),
    ({"data": few(60, 2)}, ValueError, "in 5 folds each class wants at least 3 samples, and class 1 has 2"),
    ({"data": few(60, 3), "folds": 2}, ValueError, "each class wants at least 4 samples, and class 1 has 3"),
    ({"data": few(*[3] * 11)}, ValueError, "11 classes want more samples than 33: the part that chooses has 6"),
    ({"activations": ["relu"]}, ValueError, "a reference and at least one other, not relu"),
    ({"activations": []}, ValueError, "a reference and at least one other, not nothing"),
    ({"activations": ["relu", "relu"]}, ValueError, "compared once, not relu, relu"),
    ({"activations": "relu"}, TypeError, "a list of names, or a dict .*, not 'relu'"),
    ({"activations": 3}, TypeError, "a list of names, or a dict .*, not 3"),
    ({"activations": [1, 2]}, TypeError, r"a list of names, or a dict .*, not \[1, 2\]"),
    ({"activations": {1: "relu", 2: "tanh"}}, TypeError, "named by text, not 1, 2"),
    ({"activations": {"a": SELU(), "b": net_of(), "c": net_of()}}, TypeError, "a block with others .* not b, c$"),
    ({"build": "relu"}, TypeError, "build is a function that makes a net of an activation, not 'relu'"),
    ({"loss": L2Loss}, TypeError, "the loss is an object or a function"),
    ({"ctx": "tpu"}, ValueError, "tpu"),
    ({"options": {"tuning": {}}}, TypeError, "passes learning_rate, momentum, optimizer to .*, not tuning"),
    ({"tune": {"learning_rate": 0.1}}, TypeError, "a list of values for each setting, not 0.1 for learning_rate"),
    ({"tune": {"width": []}}, TypeError, r"a list of values for each setting, not \[\] for width"),
    ({"tune": {"kind": "ab"}}, TypeError, "a list of values for each setting, not 'ab' for kind"),
    ({"tune": {"seed": [1]}}, ValueError, "learning_rate, .* or a setting of build's, not seed"),
])  # fmt: skip
def test_what_cannot_be_is_said_in_one_line(changed, error, message):
    with pytest.raises(error, match=message) as caught:
        asked(**changed)
    assert "\n" not in str(caught.value)


def test_what_can_be():
    assert asked(data=(X[:25], Y[:25])).y.shape == (25,) and len(asked().grid) == 4
    assert asked(data=few(22, 3)).folds == asked(data=few(60, 3)).folds == 5
    assert asked(data=few(10, 4), folds=2).folds == 2 and asked(data=few(*[8] * 6), folds=4).y.max() == 5
    assert [*asked(activations=(name for name in PAIR)).arms] == PAIR
    for y in (Y.astype("float32"), Y[:, None], Y.astype("uint8"), Y > 0):
        found = asked(data=(X, y)).y
        assert found.shape == Y.shape and found.dtype.kind in "iu" and found.max() <= 2
    assert asked(data=(X, np.c_[Y, 7 * (np.arange(120) == 0)])).y.shape == (
        120,
        2,
    )  # at places, classes may be rare
    assert asked().grid == [{"learning_rate": rate} for rate in (0.01, 0.03, 0.1, 0.3)]
    assert asked(data=(X, X[:, :1]), loss=L2Loss()).y.shape == (120, 1)
    assert asked(tune={"width": (8, 9)}).grid == [{"width": 8}, {"width": 9}]
    assert asked(options={"optimizer": "adam"}).options == {"optimizer": "adam"}


def of_outputs(count):
    def made(activation):
        net = nn.HybridSequential()
        net.add(nn.Dense(count), get_activation(activation))
        return net

    return made


@pytest.mark.parametrize("changed, message", [
    ({"build": of_outputs(1)}, "^the targets go up to 2, and the net with relu has 1 output: it wants one"),
    ({"build": of_outputs(2)}, "^the targets go up to 2, and the net with relu has 2 outputs: it wants one"),
    ({"loss": lambda out, y: out.mean()}, r"^compare's loss gives a number for each .* shape \(1?,?\)$"),
])  # fmt: skip
def test_what_a_rehearsal_finds(changed, message):
    with pytest.raises((ValueError, TypeError), match=message):
        protocol(**changed).rehearse()


def test_a_rehearsal_builds_each_net_once_with_what_is_tuned_and_asks_it_with_few_samples():
    seen, sizes = [], []

    class Counts(nn.Sequential):
        def forward(self, x):
            sizes.append(len(x))
            return super().forward(x)

    def recorded(activation, width):
        seen.append((activation, width))
        net = Counts()
        net.add(build(activation, width))
        return net

    protocol(
        build=recorded, grid=[{"width": 5, "learning_rate": 1.0}, {"width": 6, "learning_rate": 1.0}]
    ).rehearse()
    assert seen == [("relu", 5), ("tanh", 5)] and sizes == [1, 1, 2] * 2


def test_a_net_gets_its_own_copy_of_a_block_and_all_else_as_it_is():
    taken = []

    def taking(arm):
        taken.append(arm)
        return build("relu")

    arms = {"block": PReLU(), "text": "relu", "kind": PReLU, "list": ["relu"]}
    for name in arms:
        protocol(build=taking, arms=arms)._net(name, {})
    copied, *others = taken
    assert type(copied) is PReLU and copied is not arms["block"]
    assert all(one is other for one, other in zip(others, [arms["text"], arms["kind"], arms["list"]]))


def test_losses_and_hits_at_places_are_the_means_of_their_samples():
    x, y = np.zeros((30, 4), "float32"), np.arange(120).reshape(30, 4) % 3
    scores = np.random.default_rng(0).standard_normal((30, 4, 3)).astype("float32")
    with numpy_arrays():
        part = protocol(x=x, y=y)
        losses, right = part._losses(lambda batch: mx.np.array(scores[: len(batch)]), np.arange(30))
        part = protocol(x=x, y=y, loss=lambda out, target: out[:, :, 0] * 2)
        doubled, none = part._losses(lambda batch: mx.np.array(scores[: len(batch)]), np.arange(30))
    picked = np.take_along_axis(scores, y[..., None], -1)[..., 0]
    np.testing.assert_allclose(losses, (np.log(np.exp(scores).sum(-1)) - picked).mean(1), rtol=1e-5)
    np.testing.assert_allclose(right, (scores.argmax(-1) == y).mean(1))
    np.testing.assert_allclose(doubled, 2 * scores[:, :, 0].mean(1), rtol=1e-5, atol=1e-6)
    assert none is None
