"""compare() on small nets: the protocol that it keeps, and what it says."""

import math
import re

import joblib
import numpy as np
import pytest

from gluon_activations import compare, get_activation
from gluon_activations._arrays import numpy_arrays
from gluon_activations._compare import Comparison, _Protocol

import mxnet as mx
from mxnet.gluon import nn
from mxnet.gluon.loss import L2Loss

RNG = np.random.default_rng(3)
X = RNG.standard_normal((120, 4)).astype("float32")
Y = (X[:, 0] * X[:, 1] > 0).astype("int64") + (X[:, 2] > 1)
PAIR = ["relu", "tanh"]
BRIEF = {"tune": {"learning_rate": [0.1, 0.3]}, "epochs": 4, "folds": 3, "repeats": 2, "progress": False}
HERE = {**BRIEF, "jobs": 1}  # in this process, which can count


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
        losses, right = protocol()._test(run.net, np.arange(80, 120))
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

    compare(recorded, (X, Y), PAIR, **{**HERE, "tune": {"width": [2, 5], "batch_size": [16]}, "epochs": 1})
    assert set(widths) == {2, 5}


def test_the_same_seed_gives_the_same_table_on_any_number_of_processes(found, tmp_path):
    again = compare(build, (X, Y), ["relu", "tanh", "gelu"], **{**HERE, "folder": tmp_path})
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
        again = compare(build, (X, Y), ["relu", "tanh", "gelu"], **BRIEF)
    assert [row["difference"] for row in again.rows] == [row["difference"] for row in found.rows]


def test_an_interrupted_comparison_goes_on(tmp_path):
    calls = []

    def counted(activation):
        calls.append(activation)
        if len(calls) == 9:
            raise KeyboardInterrupt
        return build(activation)

    brief = {**HERE, "tune": {"learning_rate": [0.1]}, "epochs": 1, "folder": tmp_path}
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
def test_what_cannot_be_is_said_in_one_line(arguments, options, error, message):
    with pytest.raises(error, match=message) as caught:
        compare(build, *arguments, progress=False, **options)
    assert "\n" not in str(caught.value)


def test_a_build_that_makes_no_net():
    with pytest.raises(RuntimeError, match="build makes a Gluon block of an activation, not a str"):
        compare(lambda name: name, (X, Y), PAIR, **BRIEF)
