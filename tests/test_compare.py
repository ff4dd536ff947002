"""compare() on small nets: the protocol that it keeps, and what it says."""

import importlib
import math
import re
from dataclasses import FrozenInstanceError

import joblib
import numpy as np
import pytest

from gluon_activations import PReLU, ReLU, compare, get_activation
from gluon_activations._compare import Comparison
from gluon_activations._verdicts import estimate, holm, repeats_to_decide

import mxnet as mx
from mxnet.gluon import nn
from mxnet.gluon.loss import (
    HingeLoss,
    HuberLoss,
    L1Loss,
    L2Loss,
    LogisticLoss,
    SoftmaxCrossEntropyLoss,
    SquaredHingeLoss,
)

COMPARE = importlib.import_module("gluon_activations._compare")
RNG = np.random.default_rng(3)
X = RNG.standard_normal((120, 4)).astype("float32")
Y = (X[:, 0] * X[:, 1] > 0).astype("int64") + (X[:, 2] > 1)
PAIR = ["relu", "tanh"]
MANY = {"tune": {"learning_rate": [0.1, 0.3]}, "epochs": 4, "folds": 3, "repeats": 2, "progress": False}
BRIEF = {**MANY, "jobs": 1}  # in this process: no other one has to start
ONCE = {**BRIEF, "tune": {"learning_rate": [0.1]}, "epochs": 2, "folds": 2}


def build(activation, width=8):
    """A net of one hidden layer."""
    net = nn.HybridSequential()
    net.add(nn.Dense(width), get_activation(activation), nn.Dense(3))
    return net


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


def test_each_is_tuned_in_each_replicate(found):
    for run in found.runs:
        assert run["best_learning_rate"] in (0.1, 0.3) and run["tried"] == {"learning_rate": [0.1, 0.3]}


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


CALLS = []


def counted(activation):
    """The net, or an interruption."""
    CALLS.append(activation)
    if len(CALLS) == 9:
        raise KeyboardInterrupt
    return build(activation)


def test_an_interrupted_comparison_goes_on(tmp_path):
    CALLS.clear()
    brief = {**BRIEF, "tune": {"learning_rate": [0.1]}, "epochs": 1, "folder": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        compare(counted, (X, Y), PAIR, **brief)
    compare(counted, (X, Y), PAIR, **brief)
    assert len(CALLS) == 9 + 2 + 18 - 6  # two are built each time, to see whether they can be
    compare(counted, (X + 1, Y), PAIR, **brief)  # other data: nothing of it is there yet
    assert len(CALLS) == 9 + 2 + 18 - 6 + 20


def single(activation):
    """A net with one output."""
    net = nn.HybridSequential()
    net.add(nn.Dense(8), get_activation(activation), nn.Dense(1))
    return net


def test_a_regression_has_a_loss_and_no_accuracy():
    y = (X[:, 0] ** 2).astype("float32")
    result = compare(single, (X, y), ["tanh", "softplus"], loss=L2Loss(), **BRIEF)
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


def test_a_result_prints_itself_and_stays_as_it_is():
    result = Comparison.of(runs_of(dict(zip(PAIR, (0.0, 0.5)))), PAIR[0])
    assert repr(result) == str(result) and "losses" not in repr(result)
    with pytest.raises(FrozenInstanceError):
        result.margin = 1.0


def test_what_no_repeat_decides_wants_samples():
    runs = runs_of({"a": 0, "b": 0})
    for run in runs:
        if run["activation"] == "b":
            run["losses"] = run["losses"] + np.sin(run["samples"])
    result = Comparison.of(runs, "a", margin=0.01)
    assert result.rows[0]["repeats_to_decide"] == math.inf and "wants more samples" in str(result)


# -- the numbers of the table -------------------------------------------------


def scored(shifts, seconds=None, **about):
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
    runs = scored({"a": 0, "b": 0.05, "c": 0.001}, {"b": 3.0, "a": 2.0})
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
    runs = scored({"a": 0, "much": 0.5, "b": 0.05, "less": -0.3}, {"b": 3.0, "a": 2.0})
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
        return runs_of(dict(zip(PAIR, (0.0, 0.2))))

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
    loss = SoftmaxCrossEntropyLoss()
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


# -- bad input ----------------------------------------------------------------


def test_what_is_no_net_is_said_before_anything_runs(asked):
    with pytest.raises(TypeError, match="^build makes a Gluon block of an activation, not a str$"):
        compare(lambda name: name, (X, Y), PAIR)
    with pytest.raises(ValueError, match="no activation .*gelluu"):
        compare(build, (X, Y), ["relu", "gelluu"])
    assert asked == []


def test_the_reference_is_one_of_them(asked):
    with pytest.raises(ValueError, match="^the reference is one of relu, tanh, not 'elu'$"):
        compare(build, (X, Y), PAIR, reference="elu")
    assert asked == []


def test_a_run_that_fails_is_named():
    def fragile(activation):
        if mx.autograd.is_recording() or fragile.calls > 3:
            raise ArithmeticError("no more")
        fragile.calls += 1
        return build(activation)

    fragile.calls = 0
    with pytest.raises(RuntimeError, match="(?s)^runs that failed:.*'activation': 'tanh'.*no more"):
        compare(fragile, (X, Y), PAIR, **{**BRIEF, "tune": {"learning_rate": [0.1]}, "epochs": 1})


# -- what is not finite -------------------------------------------------------


def test_an_infinite_loss_is_worse_and_what_is_no_number_undecided():
    runs = runs_of({"a": 0, "far": 0, "none": 0})
    for run in runs:
        run["losses"] = run["losses"] + {"a": 0, "far": math.inf, "none": math.nan}[run["activation"]]
    with np.errstate(all="ignore"):
        result = Comparison.of(runs, "a", margin=0.1)
    assert [(row["verdict"], row["repeats_to_decide"]) for row in result.rows] == [
        ("worse", 0),
        ("undecided", math.inf),
    ]
    assert "far: 8 of 8 test losses are not finite" in result.notes
    with np.errstate(all="ignore"):
        assert Comparison.of(runs, "far", margin=0.1).rows[0]["verdict"] == "better"


@pytest.mark.parametrize("count, word", [(4, "worse"), (5, "undecided")])
def test_nothing_is_held_against_a_reference_that_diverges(count, word):
    runs = runs_of({"a": 0, "b": 0.5})
    for run in [run for run in runs if run["activation"] == "a"][:count]:
        run["stopped"] = "diverged"
    assert [row["verdict"] for row in Comparison.of(runs, "a").rows] == [word]


def test_the_margin_of_a_loss_below_0_is_a_tenth_of_its_size():
    runs = runs_of({"a": -10, "b": -10})
    result = Comparison.of(runs, "a")
    assert result.loss < 0 and result.margin == pytest.approx(-result.loss / 10)


# -- what people bring --------------------------------------------------------


def differences(result):
    return [row["difference"] for row in result.rows]


@pytest.mark.parametrize("change", [
    lambda x, y: (x.astype("float64"), y.astype("float32")),
    lambda x, y: [x.tolist(), y[:, None]],
    lambda x, y: (mx.nd.array(x), mx.nd.array(y)),
    lambda x, y: (mx.np.array(x), mx.np.array(y, dtype="int32")),
])  # fmt: skip
def test_data_of_other_kinds_are_the_same_data(change):
    plain = compare(build, (X, Y), PAIR, **ONCE)
    other = compare(build, change(X, Y), PAIR, **ONCE)
    assert differences(other) == differences(plain) and other.accuracy == plain.accuracy


def test_the_loss_by_default_may_be_named():
    named = compare(build, (X, Y), PAIR, loss=SoftmaxCrossEntropyLoss(), **ONCE)
    assert differences(named) == differences(compare(build, (X, Y), PAIR, **ONCE)) and named.accuracy is not None


def test_blocks_are_as_good_as_what_makes_them():
    def of_block(block):
        return build(block if isinstance(block, mx.gluon.Block) else block())

    made = compare(of_block, (X, Y), {"one": ReLU, "two": PReLU}, **{**ONCE, "tune": MANY["tune"]})
    blocks = {"one": ReLU(), "two": PReLU()}
    kept = compare(of_block, (X, Y), blocks, **{**ONCE, "tune": MANY["tune"]})
    assert differences(kept) == differences(made)
    assert all(
        parameter._data is None for block in blocks.values() for parameter in block.collect_params().values()
    )


def test_nets_and_losses_have_the_session_s_own_arrays(arrays):
    kinds = set()

    def squares(out, y):
        kinds.update((type(out), type(y)))
        return (out.reshape((-1,)) - y) ** 2

    result = compare(single, (X, X[:, 0]), PAIR, loss=squares, **ONCE)
    assert result.loss > 0 and kinds == {type(arrays([0.0]))}


@pytest.mark.parametrize("loss", [L1Loss(), HuberLoss(), HingeLoss(), SquaredHingeLoss(), LogisticLoss()])
def test_losses_of_gluon(loss):
    assert compare(single, (X, np.sign(X[:, 0])), PAIR, loss=loss, **ONCE).loss > 0


def test_values_that_have_no_order_can_be_tuned():
    def stacked(activation, widths):
        net = nn.HybridSequential()
        for width in widths or ():
            net.add(nn.Dense(width), get_activation(activation))
        net.add(nn.Dense(3))
        return net

    result = compare(stacked, (X, Y), PAIR, **{**ONCE, "tune": {"widths": [[8], None, [4, 4]]}})
    assert {tuple(run["best_widths"] or ()) for run in result.runs} <= {(8,), (), (4, 4)}
