"""compare() on small nets: the protocol that it keeps, and what it says."""

import functools
import importlib
import math
import re

import joblib
import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from gluon_activations import compare, get_activation
from gluon_activations._arrays import numpy_arrays
from gluon_activations._compare import Comparison, _Protocol, _Trained
from gluon_activations._verdicts import estimate, holm, repeats_to_decide

import mxnet as mx
from mxnet.gluon import nn
from mxnet.gluon.loss import L2Loss

COMPARE = importlib.import_module("gluon_activations._compare")
RNG = np.random.default_rng(3)
X = RNG.standard_normal((120, 4)).astype("float32")
Y = (X[:, 0] * X[:, 1] > 0).astype("int64") + (X[:, 2] > 1)
PAIR = ["relu", "tanh"]
MANY = {"tune": {"learning_rate": [0.1, 0.3]}, "epochs": 4, "folds": 3, "repeats": 2, "progress": False}
BRIEF = {**MANY, "jobs": 1}  # in this process: no other one has to start


def build(activation, width=8):
    """A net of one hidden layer."""
    net = nn.HybridSequential()
    net.add(nn.Dense(width), get_activation(activation), nn.Dense(3))
    return net


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
    return _Protocol(**{**about, **changed})


@pytest.fixture(scope="module")
def found():
    """A comparison of three."""
    return compare(build, (X, Y), ["relu", "tanh", "gelu"], **BRIEF)


def test_each_sample_is_tested_once_in_each_repeat(found):
    runs = [run for run in found.runs if run["activation"] == PAIR[1]]
    for repeat in range(2):
        tested = np.concatenate([run["samples"] for run in runs if run["seed"] == repeat])
        assert sorted(tested) == list(range(len(X)))
    cuts = [tuple(run["samples"]) for run in runs]
    assert len(set(cuts)) == 6  # the second repeat cuts anew


@pytest.mark.parametrize("fold", range(3))
def test_what_chooses_is_not_what_learns_or_is_tested(fold):
    learn, choose, test = protocol()._cut(1, fold)
    assert sorted([*learn, *choose, *test]) == list(range(len(X)))
    assert len(choose) == pytest.approx(0.2 * (len(learn) + len(choose)), abs=1)
    # Classes keep their shares.
    for part in (learn, choose, test):
        np.testing.assert_allclose(np.bincount(Y[part]) / len(part), np.bincount(Y) / len(Y), atol=0.06)


def test_all_activations_have_the_same_cuts_and_the_reference_a_twin(found):
    for repeat in range(2):
        for fold in range(3):
            here = [run for run in found.runs if (run["seed"], run["fold"]) == (repeat, fold)]
            twin = (PAIR[0], True)
            assert {(run["activation"], run["again"]) for run in here} == {
                twin,
                *((n, False) for n in (*PAIR, "gelu")),
            }
            assert len({tuple(run["samples"]) for run in here}) == 1
    assert found.check["difference"] != 0 and "verdict" not in found.check
    assert "relu" not in [row["activation"] for row in found.rows]


def test_the_same_net_under_another_name_differs_by_nothing():
    twins = compare(build, (X, Y), {"relu": "relu", "twin": "relu"}, **BRIEF)
    (row,) = twins.rows
    assert row["difference"] == 0 and row["accuracy_difference"] == 0 and row["verdict"] == "equivalent"


def test_rows_are_the_means_of_the_runs(found):
    def losses_of(name):
        mine = [run for run in found.runs if run["activation"] == name and not run["again"]]
        return np.concatenate([run["losses"] for run in mine])

    for row in found.rows:
        losses = {name: losses_of(name) for name in ("relu", row["activation"])}
        assert row["difference"] == pytest.approx(losses[row["activation"]].mean() - losses["relu"].mean())
        assert row["low"] < row["difference"] < row["high"]
    assert found.loss == pytest.approx(losses["relu"].mean()) and found.margin == pytest.approx(found.loss / 10)
    assert 0.3 < found.accuracy < 1


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


def test_each_is_tuned_in_each_replicate(found):
    for run in found.runs:
        assert run["best_learning_rate"] in (0.1, 0.3) and run["tried"] == {"learning_rate": [0.1, 0.3]}
    single = protocol(grid=[{"learning_rate": rate} for rate in (1e-6, 0.3)], epochs=20)
    assert single(activation="tanh", again=False, fold=1, seed=1)["best_learning_rate"] == 0.3


def test_settings_go_where_they_belong():
    widths = []

    def recorded(activation, width):
        widths.append(width)
        return build(activation, width)

    compare(recorded, (X, Y), PAIR, **{**BRIEF, "tune": {"width": [2, 5], "batch_size": [16]}, "epochs": 1})
    assert set(widths) == {2, 5}


def test_the_same_seed_gives_the_same_table_on_any_number_of_processes(found, tmp_path):
    again = compare(build, (X, Y), ["relu", "tanh", "gelu"], **MANY, folder=tmp_path)
    for one, other in zip(found.rows, again.rows):
        for name in ("difference", "low", "high", "p", "verdict"):
            assert one[name] == other[name]
    other = compare(build, (X, Y), ["relu", "tanh", "gelu"], **BRIEF, seed=1)
    assert other.rows[0]["difference"] != found.rows[0]["difference"]


def test_a_dask_cluster_gives_the_same_table(found):
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        again = compare(build, (X, Y), ["relu", "tanh", "gelu"], **MANY)
    assert [row["difference"] for row in again.rows] == [row["difference"] for row in found.rows]


def test_an_interrupted_comparison_goes_on(tmp_path):
    calls = []

    def counted(activation):
        calls.append(activation)
        if len(calls) == 9:
            raise KeyboardInterrupt
        return build(activation)

    brief = {**BRIEF, "tune": {"learning_rate": [0.1]}, "epochs": 1, "folder": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        compare(counted, (X, Y), PAIR, **brief)
    compare(counted, (X, Y), PAIR, **brief)
    assert len(calls) == 9 + 18 - 8
    compare(counted, (X + 1, Y), PAIR, **brief)  # other data: nothing of it is there yet
    assert len(calls) == 9 + 18 - 8 + 18


def test_a_regression_has_a_loss_and_no_accuracy():
    y = (X[:, 0] ** 2).astype("float32")

    def one(activation):
        net = nn.HybridSequential()
        net.add(nn.Dense(8), get_activation(activation), nn.Dense(1))
        return net

    result = compare(one, (X, y), ["tanh", "softplus"], loss=L2Loss(), **BRIEF)
    assert result.accuracy is None and "accuracy" not in str(result) and "points" not in str(result)
    assert result.loss > 0


def test_targets_at_each_place_of_a_sample():
    x, y = RNG.integers(0, 5, (60, 6)).astype("int32"), RNG.integers(0, 5, (60, 6))

    def letters(activation):
        net = nn.HybridSequential()
        net.add(
            nn.Embedding(5, 4), nn.Dense(5, flatten=False), get_activation(activation), nn.Dense(5, flatten=False)
        )
        return net

    result = compare(letters, (x, y), PAIR, **BRIEF)
    assert result.runs[0]["losses"].shape == result.runs[0]["right"].shape == (20,)
    assert 0.05 < result.accuracy < 0.5


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


class Scripted(_Protocol):
    """One whose losses on what is set apart are given: before the training, and after each epoch."""

    def _losses(self, net, places):
        return np.array([self.script.pop(0)]), None


def scripted(monkeypatch, valid, trained, **changed):
    """A training of which no more happens than that its losses are these."""
    part = Scripted(**{**vars(protocol()), **changed})
    part.script = [*valid]
    seen = []

    @functools.wraps(COMPARE.train)  # whose parameters are looked at
    def train(net, x, y, *, stop, epochs, **options):
        history = []
        for loss in trained[:epochs]:
            net[0].bias.set_data(mx.np.full(8, len(history) + 1.0))
            history.append({"loss": loss, **({} if math.isfinite(loss) else {"diverged": True})})
            if stop(history):
                break
        seen.append({"x": x, "y": y, **options})
        return history

    monkeypatch.setattr(COMPARE, "train", train)
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


def test_an_option_beats_the_budget_and_a_tuned_one_beats_both(monkeypatch):
    run, _, _ = scripted(monkeypatch, [9, 8, 7, 6], [5, 4, 3], options={"epochs": 2})
    assert run.epochs == 2


def test_weights_are_drawn_before_the_training_by_the_seed_of_the_replicate():
    def weights(draw):
        part = protocol(epochs=1, grid=[{"learning_rate": 1e-9}])
        with numpy_arrays():
            run = part._trained("relu", {"learning_rate": 1e-9}, draw, np.arange(80), np.arange(80, 120))
        return run.net[0].weight.data().asnumpy()

    np.testing.assert_array_equal(weights(3), weights(3))
    assert abs(weights(3) - weights(4)).max() > 0.1


class Replicate(_Protocol):
    """One whose trainings have known ends."""

    def _trained(self, name, setting, draw, learn, choose):
        self.asked.append((name, setting, draw, learn, choose))
        return _Trained(setting["width"], **self.script[len(self.asked) - 1])

    def _losses(self, net, places):
        return np.full(len(places), net), None


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
    assert record["best_width"] == 4 and record["tried"] == {"width": [4, 9]} and record["right"] is None
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
    for part in (protocol(seed=5, y=X[:, 0]), protocol(seed=5, loss=L2Loss()), protocol(seed=5, y=np.c_[Y, Y])):
        np.testing.assert_array_equal(part._cut(3, 1)[2], test)


def test_classes_are_whole_numbers_without_a_loss_of_ones_own():
    assert protocol().classes and protocol(y=Y.astype("int32")).classes
    assert not protocol(y=X[:, 0]).classes and not protocol(loss=L2Loss()).classes


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


def test_what_a_kept_run_depends_on():
    def other(activation):
        return build(activation)

    same = protocol().fingerprint()
    assert same == protocol(ctx=mx.cpu()).fingerprint() and "def build(activation, width=8)" in same
    changes = [
        *({"x": X + 1}, {"y": Y + 1}, {"epochs": 6}, {"patience": 3}, {"target": 0.1}, {"batch_size": 8}),
        *({"folds": 4}, {"grid": [{"learning_rate": 0.2}]}, {"options": {"momentum": 0.5}}, {"loss": L2Loss()}),
        *({"arms": {"relu": "relu", **more}} for more in ({}, {"tanh": "elu"}, {"tanh": other})),
        *({"seed": 1}, {"build": other}),
    ]  # fmt: skip
    assert len({same, *(protocol(**change).fingerprint() for change in changes)}) == 1 + len(changes)
    # Two blocks of one kind have another address each time: a function is told by its name.
    assert (
        protocol(arms={"a": other, "b": build}).fingerprint()
        == protocol(arms={"a": other, "b": build}).fingerprint()
    )


# -- the table ----------------------------------------------------------------


def runs_of(shifts, samples=200, repeats=4, spread=0.02, stopped="converged"):
    """Records whose losses differ by known amounts."""
    rng = np.random.default_rng(0)
    base = rng.gamma(1.0, size=samples)
    records = []
    for name, shift in shifts.items():
        for repeat in range(repeats):
            for fold, places in enumerate(np.array_split(rng.permutation(samples), 2)):
                losses = base[places] + shift + spread * rng.standard_normal(len(places))
                record = {"activation": name, "again": False, "fold": fold, "seed": repeat, "seconds": 1.0}
                about = {
                    "losses": losses,
                    "right": None,
                    "stopped": stopped,
                    "best_rate": 3,
                    "tried": {"rate": [1, 3]},
                }
                records.append({**record, "samples": places, **about})
    return records


def test_verdicts_of_known_differences():
    result = Comparison.of(
        runs_of({"a": 0, "up": 0.5, "down": -0.5, "same": 0.001, "near": 0.005}, spread=0.005), "a", margin=0.004
    )
    words = {row["activation"]: row["verdict"] for row in result.rows}
    assert words == {"up": "worse", "down": "better", "same": "equivalent", "near": "worse"}
    wide = Comparison.of(result.runs, "a", margin=0.02)
    assert {row["verdict"] for row in wide.rows if row["activation"] in ("same", "near")} == {"equivalent"}


def test_only_the_hypotheses_that_are_asked_count():
    many = Comparison.of(runs_of({"a": 0, **{f"b{i}": 0.0035 for i in range(12)}}), "a", margin=1e-9)
    one = Comparison.of([run for run in many.runs if run["activation"] in ("a", "b3")], "a", margin=1e-9)
    (single,) = one.rows
    assert single["p"] < next(row["p"] for row in many.rows if row["activation"] == "b3")


def test_the_table_in_words():
    lines = str(
        Comparison.of(runs_of({"a": 0, "up": 0.5, "maybe": 0.001}, stopped="budget"), "a", margin=0.003)
    ).split("\n")
    assert re.match(r"against a \(test loss \d\.\d+; 4 x 2 folds; equivalent within ±0\.003\)", lines[0])
    assert re.match(r"maybe +undecided +\+0\.00\d\d ± 0\.00\d\d +1\.00 x time  \d+ repeats would decide", lines[1])
    assert re.match(r"up +worse +\+0\.49\d\d ± 0\.00\d\d +1\.00 x time$", lines[2])
    assert "a: 8 of 8 trainings ended with their epochs, before the loss stopped falling" in lines
    assert "up: 8 of 8 chose the largest rate, 3: try others beyond, for all" in lines


def test_what_no_repeat_decides_wants_samples():
    runs = runs_of({"a": 0, "b": 0})
    for run in runs:
        if run["activation"] == "b":
            run["losses"] = run["losses"] + np.sin(run["samples"])
    result = Comparison.of(runs, "a", margin=0.01)
    assert result.rows[0]["repeats_to_decide"] == math.inf and "wants more samples" in str(result)


# -- the numbers of the table -------------------------------------------------


def counted(shifts, seconds=None, **about):
    """Records with an accuracy and seconds of their own, and the reference's twin."""
    runs = runs_of({**shifts, "twin": 0.01}, **about)
    for run in runs:
        run["again"], run["activation"] = run["activation"] == "twin", run["activation"].replace("twin", "a")
        run["right"] = (run["losses"] < 0.7).astype("float64")
        run["seconds"] = (seconds or {}).get(run["activation"], 1.0) * (1 + run["seed"] ** 3)
        run["seed"] += 3  # repeats may have any numbers
    return runs


def tables(runs, name, again, column):
    """Repeats x samples, filled one by one."""
    found = np.full((4, 200), np.nan)
    for run in runs:
        if (run["activation"], run["again"]) == (name, again):
            for sample, value in zip(run["samples"], run[column]):
                found[run["seed"] - 3, sample] = value
    return found


def test_every_number_of_a_row():
    runs = counted({"a": 0, "b": 0.05, "c": 0.001}, {"b": 3.0, "a": 2.0})
    result = Comparison.of(runs, "a", margin=0.02, level=0.1)
    mine, accuracy = tables(runs, "a", False, "losses"), tables(runs, "a", False, "right")
    assert result.loss == pytest.approx(mine.mean()) and result.accuracy == pytest.approx(accuracy.mean())
    assert [row["activation"] for row in result.rows] == ["b", "c"] and result.runs is runs
    p, q = [], []
    for row, again, cost in [*zip(result.rows, (False, False), (1.5, 0.5)), (result.check, True, 1)]:
        name = row["activation"]
        found = estimate(tables(runs, name, again, "losses") - mine)
        right = tables(runs, name, again, "right")
        gain = estimate(right - accuracy)
        wanted = {
            "difference": found.mean,
            **dict(zip(("low", "high"), found.interval(0.1))),
            "accuracy": right.mean(),
            "accuracy_difference": gain.mean,
            **dict(zip(("accuracy_low", "accuracy_high"), gain.interval(0.1))),
            "loss": tables(runs, name, again, "losses").mean(),
            "from_samples": found.samples,
            "from_repeat": found.repeat,
            "freedom": found.freedom,
            "cost": cost,
        }
        assert {key: row[key] for key in wanted} == pytest.approx(wanted)
        p.append(found.p_different())
        q.append(found.p_equivalent(0.02))
    assert [row["p"] for row in result.rows] == holm(p[:2])
    assert [row["p_equivalent"] for row in result.rows] == holm(q[:2])
    assert [row["verdict"] for row in result.rows] == ["worse", "equivalent"]
    assert [row["repeats_to_decide"] for row in result.rows] == [0, 0]
    assert result.check["activation"] == "a" and result.check["p"] == p[2]
    # Without accuracies of all there is none, and without a twin no check.
    runs[0]["right"] = None
    bare = Comparison.of([run for run in runs if not run["again"]], "a")
    assert bare.accuracy is None and "accuracy" not in bare.rows[0] and bare.check == {}
    assert (bare.level, bare.margin) == (0.05, pytest.approx(mine.mean() / 10))


def test_how_many_repeats_would_decide():
    runs = runs_of({"a": 0, "b": 0.004, "c": 0.002}, spread=0.05)
    result = Comparison.of(runs, "a", margin=0.0005, level=0.2)
    for row in result.rows:
        found = estimate(tables_of(runs, row["activation"]) - tables_of(runs, "a"))
        assert row["verdict"] == "undecided"
        assert row["repeats_to_decide"] == repeats_to_decide(found, 0.0005, 0.2, 2)


def tables_of(runs, name):
    return tables([{**run, "seed": run["seed"] + 3} for run in runs], name, False, "losses")


def test_every_number_in_words():
    runs = counted({"a": 0, "much": 0.5, "b": 0.05, "less": -0.3}, {"b": 3.0, "a": 2.0})
    result = Comparison.of(runs, "a", margin=0.02)
    rows = {row["activation"]: row for row in [*result.rows, result.check]}

    def half(name):
        return (rows[name]["high"] - rows[name]["low"]) / 2

    def line(name, word, cost):
        points = rows[name]["accuracy_difference"] * 100
        return (
            f"{name:<4}  {word:<10}  {rows[name]['difference']:+.4f} ± {half(name):.4f}{points:+7.2f} points  "
            f"{cost:5.2f} x time"
        )

    assert str(result).split("\n")[:5] == [
        f"against a (test loss {result.loss:.4g}, accuracy {result.accuracy:.2%}; 4 x 2 folds; "
        "equivalent within ±0.02)",
        line("less", "better", 0.5),
        line("b", "worse", 1.5),
        line("much", "worse", 0.5),
        f"a against itself, other weights: {rows['a']['difference']:+.4f} ± {half('a'):.4f}",
    ]


@pytest.mark.parametrize("stopped, words", [
    ("budget", "trainings ended with their epochs, before the loss stopped falling"),
    ("diverged", "trainings diverged"),
])  # fmt: skip
@pytest.mark.parametrize("count", [4, 5])
def test_what_befalls_more_than_half_of_the_trainings_is_noted(stopped, words, count):
    runs = [run for run in runs_of({"a": 0, "b": 0}) if run.update(best_rate=2, tried={"rate": [1, 2, 3]}) is None]
    for run in [run for run in runs if run["activation"] == "b"][:count]:
        run["stopped"] = stopped
    assert Comparison.of(runs, "a").notes == [f"b: {count} of 8 {words}"] * (count > 4)


@pytest.mark.parametrize("chosen, word", [(1, "smallest"), (30, "largest")])
@pytest.mark.parametrize("count", [4, 5])
def test_a_setting_at_the_end_of_what_was_tried_is_noted(chosen, word, count):
    runs = runs_of({"a": 0, "b": 0})
    for place, run in enumerate(runs):
        here = run["activation"] == "b" and place - 8 < count
        # Of what has one value, or is no number, there is no end.
        run.update(best_rate=chosen if here else 3, best_kind="x", best_size=4)
        run["tried"] = {"rate": [1, 3, 30], "kind": ["x", "y"], "size": [4]}
    note = f"b: {count} of 8 chose the {word} rate, {chosen}: try others beyond, for all"
    assert Comparison.of(runs, "a").notes == [note] * (count > 4)


# -- what is asked for --------------------------------------------------------


@pytest.fixture
def asked(monkeypatch):
    """What compare() would run, in place of a run."""
    calls = []

    def runs(run, settings, source, **how):
        calls.append((run, settings, source, how))
        return runs_of({"relu": 0.0, "tanh": 0.2})

    monkeypatch.setattr(COMPARE, "_runs", runs)
    return calls


def test_what_is_done_when_nothing_is_said(asked):
    result = compare(build, (X, Y), PAIR)
    ((run, settings, source, how),) = asked
    assert (run.epochs, run.patience, run.batch_size, run.folds, run.seed) == (100, 10, 32, 5, 0)
    assert (run.loss, run.target, run.ctx, run.options) == (None, None, "cpu", {})
    assert [setting["learning_rate"] for setting in run.grid] == [0.01, 0.03, 0.1, 0.3]
    assert source == "" and how == {"folder": None, "jobs": None, "progress": True}
    assert (result.reference, result.level) == ("relu", 0.05) and result.margin == result.loss / 10
    assert settings == [
        {"activation": name, "again": again, "fold": fold, "seed": repeat}
        for repeat in range(5)
        for fold in range(5)
        for name, again in (("relu", False), ("tanh", False), ("relu", True))
    ]


def test_what_is_said_is_done(asked, tmp_path):
    loss = L2Loss()
    kept = {"epochs": 7, "patience": 3, "target": 0.5, "batch_size": 9, "folds": 2, "seed": 4, "loss": loss}
    brief = {**kept, "repeats": 2, "tune": {"width": (3, 4)}, "momentum": 0.5, "ctx": mx.cpu()}
    how = {"folder": tmp_path, "jobs": 3, "progress": False}
    result = compare(build, (X.tolist(), Y), PAIR, reference="tanh", margin=0.25, level=0.2, **how, **brief)
    ((run, settings, source, found),) = asked
    assert {name: getattr(run, name) for name in kept} == kept and run.options == {"momentum": 0.5}
    assert run.grid == [{"width": 3}, {"width": 4}] and found == how and source == run.fingerprint()
    assert (result.reference, result.margin, result.level) == ("tanh", 0.25, 0.2)
    assert [setting["activation"] for setting in settings if setting["again"]] == ["tanh"] * 4
    np.testing.assert_array_equal(run.x, X.astype("float64"))


def test_the_fewest_samples(asked):
    compare(build, (X[:10], Y[:10]), PAIR, folds=2, repeats=2)
    with pytest.raises(ValueError, match="as many targets as samples, and at least 10, not 9 and 9"):
        compare(build, (X[:9], Y[:9]), PAIR, folds=2)
    with pytest.raises(ValueError, match="not 120 and 9"):
        compare(build, (X[:9], Y), PAIR)


# -- bad input ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        (((X, Y[:9]), PAIR), {}, ValueError, "as many targets as samples, and at least 25, not 9 and 120"),
        (((X[:9], Y[:9]), PAIR), {}, ValueError, "at least 25, not 9 and 9"),
        (((X, Y), ["relu"]), {}, ValueError, "a reference and at least one other, not relu"),
        (((X, Y), []), {}, ValueError, "a reference and at least one other, not nothing"),
        (((X, Y), ["relu", "relu"]), {}, ValueError, "compared once, not relu, relu"),
        (((X, Y), "relu"), {}, TypeError, "a list of names, or a dict .*, not 'relu'"),
        (((X, Y), [1, 2]), {}, TypeError, r"a list of names, or a dict .*, not \[1, 2\]"),
        (((X, Y), PAIR), {"reference": "elu"}, ValueError, "one of relu, tanh, not 'elu'"),
        (((X, Y), PAIR), {"folds": 1}, ValueError, "folds is a whole number of at least 2, not 1"),
        (((X, Y), PAIR), {"repeats": 2.5}, ValueError, "repeats is .* at least 2, not 2.5"),
        (((X, Y), PAIR), {"margin": 0}, ValueError, "margin is a number above 0, not 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_one_line_before_anything_runs(asked, arguments, options, error, message):
    with pytest.raises(error, match=message) as caught:
        compare(build, *arguments, **options)
    assert "\n" not in str(caught.value) and asked == []


def test_a_build_that_makes_no_net():
    with pytest.raises(RuntimeError, match="build makes a Gluon block of an activation, not a str"):
        compare(lambda name: name, (X, Y), PAIR, **BRIEF)
