"""The training that the pages share: data, nets, loop, and the sweep that nothing can interrupt for good."""

import json
import os
import signal
import subprocess
import sys
import time

import joblib
import mxnet as mx
import numpy as np
import pytest
from tests.conftest import KINDS
from sklearn.datasets import load_diabetes, load_digits
from sklearn.neural_network import MLPClassifier

from gluon_activations import initializer
from gluon_activations.training import (
    accuracy,
    cnn,
    experiment,
    grid,
    load_data,
    mlp,
    read_csv,
    sweep,
    train,
    write_csv,
)


def weights(net):
    return [p.data().asnumpy() for p in net.collect_params().values()]


@pytest.mark.parametrize("name, classes, samples", [("digits", 10, 1797), ("breast_cancer", 2, 569)])
def test_classes_are_cut_fairly_and_standardised(name, classes, samples):
    data = load_data(name)
    parts = [(data.x_train, data.y_train), (data.x_valid, data.y_valid), (data.x_test, data.y_test)]
    assert sum(len(x) for x, _ in parts) == samples
    for (x, y), share in zip(parts, (0.6, 0.2, 0.2)):
        assert x.dtype == y.dtype == np.float32 and len(x) == len(y)
        assert abs(len(x) / samples - share) < 0.01
        whole = np.bincount(np.concatenate([y for _, y in parts]).astype(int)) / samples
        np.testing.assert_allclose(np.bincount(y.astype(int)) / len(y), whole, atol=0.01)
        assert len(whole) == classes
    x = data.x_train.astype(float)
    varies = x.std(0) > 0
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(0)[varies], 1, atol=1e-5)


def test_no_sample_is_in_two_parts():
    data = load_data("diabetes")
    rows = np.concatenate([data.x_train, data.x_valid, data.x_test])
    assert len(np.unique(rows, axis=0)) == len(rows) == len(load_diabetes().target)
    assert abs(data.y_train.mean()) < 1e-6 and abs(data.y_train.std() - 1) < 1e-5


def test_a_seed_draws_the_cut():
    one, same, other = (load_data("digits", seed=seed).x_train for seed in (0, 0, 1))
    assert (one == same).all() and not (one == other).all()


def test_images_are_the_rows_in_shape():
    rows, images = load_data("digits").x_test, load_data("digits", images=True).x_test
    assert images.shape == (360, 1, 8, 8)
    assert (images.reshape(360, 64) == rows).all()


def test_fashion_mnist_comes_through_mxnet(monkeypatch):
    class TwoHundred:
        def __init__(self, train):
            self.images = np.random.default_rng(int(train)).integers(0, 255, (200, 28, 28, 1))

        def __getitem__(self, item):
            return mx.nd.array(self.images[item]), np.arange(200)[item] % 10

    monkeypatch.setattr(mx.gluon.data.vision, "FashionMNIST", TwoHundred)
    data = load_data("fashion_mnist", images=True)
    assert [len(x) for x in data[::2]] == [160, 40, 200]
    assert data.x_train.shape[1:] == (1, 28, 28)


def test_wrong_data_is_named():
    with pytest.raises(ValueError, match="one of 'digits', .*, not 'mnist'"):
        load_data("mnist")
    with pytest.raises(ValueError, match="diabetes holds no images"):
        load_data("diabetes", images=True)


def test_an_mlp_starts_as_its_activation_wants(arrays):
    net = mlp("relu", hidden=(2000,), inputs=500, seed=3)
    first, bias, last, _ = weights(net)
    assert abs(first.var() * 500 / 2 - 1) < 0.01 and abs(last.var() * 2000 - 1) < 0.05
    assert (bias == 0).all()
    given = weights(mlp("relu", hidden=(2000,), inputs=500, init=initializer("selu")))[0]
    assert abs(given.var() * 500 - 1) < 0.01


@pytest.mark.parametrize("make, shape", [(mlp, (5, 64)), (cnn, (5, 1, 8, 8)), (cnn, (2, 1, 28, 28))])
def test_nets_are_drawn_from_their_seed(arrays, make, shape):
    with mx.util.np_shape(arrays.kind == "np"):  # Gluon's convolutions want their own reading of a 0
        x = arrays(np.random.default_rng(0).normal(size=shape))
        one, same, other = (make("gelu", seed=seed) for seed in (0, 0, 1))
        assert one(x).shape == (shape[0], 10)
    assert all((a == b).all() for a, b in zip(weights(one), weights(same)))
    assert not (weights(one)[0] == weights(other)[0]).all()


def test_a_net_without_activation_is_linear(arrays):
    net = mlp(None, inputs=3, hidden=(7, 7), outputs=1)
    f = lambda x: float(net(arrays([x])).asnumpy()[0, 0])  # noqa: E731
    assert f([1, 2, 3]) + f([0, 1, 0]) == pytest.approx(f([1, 3, 3]), abs=1e-5)


def test_one_step_by_hand(arrays):
    """One step of descent on the squared error of a linear unit, in float64 NumPy."""
    x = np.array([[1.0, 2.0], [3.0, -1.0]], "float32")
    y = np.array([1.0, -1.0], "float32")
    net = mlp(None, inputs=2, hidden=(), outputs=1)
    w = weights(net)[0].astype(float)
    error = x @ w.T - y[:, None]
    history = train(net, x, y, loss=mx.gluon.loss.L2Loss(), epochs=1, learning_rate=0.1, batch_size=2)
    np.testing.assert_allclose(weights(net)[0], w - 0.1 * (error * x).mean(0), rtol=1e-5)
    np.testing.assert_allclose(weights(net)[1], -0.1 * error.mean(0), rtol=1e-5)
    assert history == [{"epoch": 1, "loss": pytest.approx((error**2 / 2).mean(), rel=1e-5)}]


def test_training_is_drawn_from_its_seed_and_learns(arrays):
    data = load_data("digits")
    runs = []
    for seed in (0, 0, 1):
        net = mlp("relu")
        options = {"learning_rate": 0.1, "epochs": 3, "seed": seed, "valid": (data.x_valid, data.y_valid)}
        runs.append(train(net, data.x_train, data.y_train, **options))
    assert runs[0] == runs[1] != runs[2]
    losses = [record["loss"] for record in runs[0]]
    assert losses == sorted(losses, reverse=True)
    assert runs[2][-1]["accuracy"] == accuracy(net, data.x_valid, data.y_valid)
    judge = MLPClassifier((64, 64), max_iter=30, random_state=0).fit(data.x_train, data.y_train)
    assert runs[0][-1]["accuracy"] > judge.score(data.x_valid, data.y_valid) - 0.05


def test_divergence_ends_the_training_and_says_so(arrays):
    data = load_data("digits")
    history = train(mlp("identity"), 1e3 * data.x_train, data.y_train, learning_rate=1e6, epochs=5)
    assert history[-1]["diverged"] and len(history) < 5


def test_targets_must_fit():
    with pytest.raises(ValueError, match="as many targets as samples, and at least one, not 2 and 3"):
        train(mlp(), np.zeros((3, 64)), np.zeros(2))


@pytest.mark.parametrize(
    "scores, labels, share",
    [
        ([[0, 1], [2, 1], [0, 3]], [1, 0, 0], 2 / 3),  # classes
        ([[2.0], [-1.0], [1.0], [-3.0]], [1, 0, 0, 0], 3 / 4),  # one logit
        ([[1, -1], [1, 1]], [[1, 0], [0, 1]], 3 / 4),  # several labels
    ],
)
def test_accuracy(arrays, scores, labels, share):
    assert accuracy(lambda x: x, np.array(scores, "float32"), np.array(labels)) == pytest.approx(share)


def test_the_experiment_is_the_same_for_every_kind_of_array():
    results = []
    for kind in KINDS:
        with mx.util.np_shape(kind == "np"), mx.util.np_array(kind == "np"):
            results.append(experiment(seed=0, epochs=1))
    assert results == results[:1] * len(KINDS)


def test_the_experiment_names_what_it_knows():
    with pytest.raises(ValueError, match="model is one of 'mlp', 'cnn', not 'rnn'"):
        experiment(seed=0, model="rnn")
    with pytest.raises(ValueError, match="nearest: gelu"):
        experiment(seed=0, activation="geluu")


def test_a_grid_varies_the_last_choice_first():
    assert grid(a=[1, 2], b="xy") == [{"a": a, "b": b} for a, b in [(1, "x"), (1, "y"), (2, "x"), (2, "y")]]


def slow_square(*, number, seed):
    """A run whose result is known without it; it leaves a trace of having been started."""
    trace = os.environ.get("TRACE")
    if trace:
        with open(trace, "a") as file:
            file.write(f"{number} {seed}\n")
        time.sleep(0.2)
    if number == 13:
        raise ArithmeticError("unlucky")
    return {"square": number**2 + seed / 3}


def where(*, number, seed):
    """The process that a run was in, and how many threads it may use."""
    time.sleep(0.3)
    return {"process": os.getpid(), "threads": os.environ.get("OMP_NUM_THREADS", "")}


def test_two_processes_of_one_thread_unless_told_otherwise():
    runs = sweep(grid(number=range(4)), [0], where, progress=False)
    assert len({run["process"] for run in runs} - {os.getpid()}) == 2
    assert {run["threads"] for run in runs} == {"1"}
    assert {run["process"] for run in sweep(grid(number=[1]), [0], where, jobs=1, progress=False)} == {os.getpid()}
    with joblib.parallel_config("threading", n_jobs=3):  # the caller's own choice counts
        assert {run["process"] for run in sweep(grid(number=[1, 2]), [0], where, progress=False)} == {os.getpid()}


EXPECTED = [{"number": n, "seed": s, "square": n**2 + s / 3} for n in range(4) for s in range(3)]


@pytest.mark.parametrize("jobs", [None, 1])
def test_a_sweep_in_the_order_asked_for(jobs):
    assert sweep(grid(number=range(4)), range(3), slow_square, jobs=jobs, progress=False) == EXPECTED


def test_a_sweep_does_only_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))
    options = {"file": tmp_path / "runs.jsonl", "jobs": 1, "progress": False}
    sweep(grid(number=range(2)), range(3), slow_square, **options)
    assert sweep(grid(number=range(4)), range(3), slow_square, **options) == EXPECTED
    assert sweep(grid(number=range(4)), range(3), slow_square, **options) == EXPECTED
    assert len((tmp_path / "trace").read_text().splitlines()) == 12


SCRIPT = """
import sys; sys.path.insert(0, {here!r})
from test_training import grid, slow_square, sweep
sweep(grid(number=range(4)), range(3), slow_square, file={file!r}, jobs={jobs})
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_sweep_goes_on_where_it_was(tmp_path, monkeypatch, jobs):
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))
    file = tmp_path / "runs.jsonl"
    script = SCRIPT.format(here=os.path.dirname(__file__), file=str(file), jobs=jobs)
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL, start_new_session=True)
    while not (file.exists() and file.read_bytes().count(b"\n") >= 4):
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)  # the sweep and its workers, with no chance to tidy up
    process.wait()
    kept = file.read_bytes()
    with open(file, "ab") as journal:
        journal.write(b'{"run": "torn')  # as if killed in the middle of a line
    finished = kept.count(b"\n")
    started = (tmp_path / "trace").read_text().splitlines()
    assert 4 <= finished < 12
    again = sweep(grid(number=range(4)), range(3), slow_square, file=file, jobs=1, progress=False)
    assert again == EXPECTED
    assert file.read_bytes().startswith(kept[: kept.rindex(b"\n") + 1])
    assert sweep(grid(number=range(4)), range(3), slow_square, file=file, jobs=1, progress=False) == EXPECTED
    assert len(file.read_bytes().splitlines()) == 12  # the torn line is gone
    repeated = (tmp_path / "trace").read_text().splitlines()[len(started) :]
    assert len(repeated) == 12 - finished
    finished_runs = [json.loads(line) for line in kept.decode().splitlines()[:finished]]
    assert not {f"{run['configuration']['number']} {run['seed']}" for run in finished_runs} & set(repeated)


def test_a_failed_run_stops_no_other(tmp_path):
    options = {"file": tmp_path / "runs.jsonl", "progress": False, "jobs": 1}
    with pytest.raises(RuntimeError, match=r"\{'number': 13\}, seed 0: ArithmeticError: unlucky"):
        sweep(grid(number=[1, 13, 2]), [0], slow_square, **options)
    assert len(options["file"].read_text().splitlines()) == 2


def test_a_damaged_file_is_named(tmp_path):
    file = tmp_path / "runs.jsonl"
    file.write_text("not a result\n")
    with pytest.raises(ValueError, match="line 1 of .*runs.jsonl is no result of a sweep: b'not a result'"):
        sweep(grid(number=[1]), [0], slow_square, file=file)


def test_a_run_is_asked_for_once():
    with pytest.raises(ValueError, match="each configuration and each seed once"):
        sweep(grid(number=[1]), [0, 0], slow_square)


def clashing(*, number, seed):
    """A result that would hide its own setting."""
    return {"number": 0}


def test_a_result_may_not_hide_a_setting(tmp_path):
    options = {"file": tmp_path / "runs.jsonl", "jobs": 1, "progress": False}
    with pytest.raises(ValueError, match="called like a setting: number"):
        sweep(grid(number=[1]), [0], clashing, **options)
    assert not options["file"].exists()


def test_a_result_that_no_file_can_hold_is_a_failed_run():
    with pytest.raises(RuntimeError, match="seed 0: AttributeError"):
        sweep(grid(number=[1]), [0], unwritable, jobs=1, progress=False)


def unwritable(*, number, seed):
    """A result that JSON does not know."""
    return {"thing": object()}


def test_a_file_that_is_no_journal_is_left_alone(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("my notes")
    with pytest.raises(ValueError, match="does not end as the results of a sweep do: b'my notes'"):
        sweep(grid(number=[1]), [0], slow_square, file=file)
    assert file.read_text() == "my notes"


def test_a_sweep_on_a_dask_cluster_gives_the_same_table():
    from dask.distributed import Client, LocalCluster

    runs = grid(activation=["relu", "mish"], epochs=[2], learning_rate=[0.01])
    here = sweep(runs, range(2), progress=False)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        with joblib.parallel_config(backend="dask"):
            there = sweep(runs, range(2), progress=False)
            places = sweep(grid(number=range(6)), [0], where, progress=False)
        workers = set(client.run(os.getpid).values())
    assert len(workers) == 2 and {place["process"] for place in places} <= workers
    assert here == there
    assert len({record["loss"] for record in here}) == 4


def test_progress_is_shown_unless_told_otherwise(capfd):
    sweep(grid(number=[1, 2]), [0], slow_square, jobs=1)
    assert "2/2" in capfd.readouterr().err
    sweep(grid(number=[1, 2]), [0], slow_square, jobs=1, progress=False)
    assert capfd.readouterr().err == ""


def test_csv_keeps_every_digit(tmp_path):
    records = [{"name": "relu", "x": 0.1 + 0.2, "n": 3}, {"name": "gelu", "x": float("inf"), "late": True}]
    write_csv(records, tmp_path / "table.csv")
    assert read_csv(tmp_path / "table.csv") == records
    assert (tmp_path / "table.csv").read_text().splitlines()[0] == "name,x,n,late"


def test_data_are_the_library_s_own():
    whole = np.concatenate(load_data("digits")[1::2])
    assert (np.bincount(whole.astype(int)) == np.bincount(load_digits().target)).all()
