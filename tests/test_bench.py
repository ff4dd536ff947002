"""What was timed, docs/data/bench-*.json: the form of the files, and the tables that are made of them."""

import re
import subprocess
import sys

import pytest

from benchmarks import bench, nets, turns
from gluon_activations import CATALOG
from tools import measured

MEASURED = [line for line in measured.LINES if bench.read(line)]


@pytest.mark.parametrize("line", [*MEASURED, "steps"])
def test_a_file_says_when_and_where_it_was_measured(line):
    machine = bench.read(line)["machine"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", machine["date"]) and re.search(r"\d cores", machine["processor"])
    assert f"MXNet {measured.LINES.get(line, '1.9.1')}" in machine["versions"]


@pytest.mark.parametrize("line", MEASURED)
def test_a_file_holds_times_of_contenders_for_each_size_and_number_of_threads(line):
    rows = bench.read(line)
    passes = {
        f"{name} {size} {threads} {direction}"
        for name in bench.NAMES
        for size in bench.sizes(line)
        for threads in bench.THREADS
        for direction in bench.DIRECTIONS
    }
    assert {*rows} == {"machine", *passes, *(f"{name} kept" for name in bench.NAMES)} and [*rows] == sorted(rows)
    for key in passes:
        assert {bench.OURS, "copy eager"} <= {*rows[key]} <= {*bench.COLUMNS}, key
        assert all(0 < seconds < 100 for seconds in rows[key].values()), key
    for name in bench.NAMES:
        assert {"fused eager", "composed eager"} <= {*rows[f"{name} kept"]} <= {*bench.COLUMNS}


def test_the_file_of_steps_holds_a_time_for_each_net():
    rows = bench.read("steps")
    named = {f"{model} {name}" for model, names in nets.ACTIVATIONS.items() for name in names}
    assert {*rows} == {"machine", *named}
    assert all({"fused static", "composed static"} <= {*rows[key]} <= {*bench.COLUMNS} for key in named)
    assert bench.table_of_steps(rows).count("\n") == len(named) + 1


def test_what_takes_turns_stands_in_the_catalog_and_has_a_name_elsewhere():
    for title, calls in bench.calls().items():
        assert {*bench.NAMES} <= {*calls}, title
    assert {*bench.NAMES} <= {*CATALOG}


ROWS = {
    "relu 1000 2 both": {"fused eager": 2e-6, "composed static": 5e-6, "torch eager": 1e-6},
    "gelu 1000 2 both": {"fused eager": 2e-3, "composed static": 0.1},
    "gelu 10000000 2 both": {"fused eager": 0.25, "composed static": 5.0},
    "gelu 1000 1 both": {"fused eager": 1.0, "copy eager": 1.0},
}


def test_a_table_has_ratios_to_ours_and_columns_for_what_was_measured():
    assert bench.table(ROWS, 2, "both", (1000,)).splitlines() == [
        "| activation | ours, eager | composed, hybridized | PyTorch, eager |",
        "|---|--:|--:|--:|",
        "| ReLU | 2 µs | 2.50 | 0.50 |",
        "| GELU | 2 ms | 50 | – |",
    ]
    assert bench.table(ROWS, 2, "both").splitlines()[-1] == "| GELU | 10<sup>7</sup> | 250 ms | 20 | – |"
    assert bench.table({}, 2, "both").splitlines()[2:] == []


def test_where_another_is_faster_is_said():
    assert bench.where_faster(ROWS, "torch eager") == "of 10<sup>3</sup> elements: all"
    assert bench.where_faster(ROWS, "composed static") == ""
    more = {**ROWS, "mish 1000 2 both": {"fused eager": 2e-6, "torch eager": 3e-6}}
    assert bench.where_faster(more, "torch eager") == "of 10<sup>3</sup> elements: ReLU"


@pytest.mark.parametrize("seconds, said", [(0.84e-6, "of 10<sup>3</sup> elements: all"), (0.86e-6, "")])
def test_what_may_be_chance_is_not_said_to_be_faster(seconds, said):
    rows = {"relu 1000 2 both": {"fused eager": 1e-6, "jax jitted": seconds}}
    assert bench.where_faster(rows, "jax jitted") == said


class Told:
    """A worker whose times are known."""

    def __init__(self, *seconds):
        self.seconds, self.asked = [*seconds], []

    def ask(self, *question):
        self.asked.append(question)
        return self.seconds.pop(0) if question[0] == "seconds" else None


def test_contenders_take_turns_and_the_median_counts():
    one, two = Told(1.0, 9.0, 5.0, 2.0, 7.0, 3.0), Told(4.0, 6.0, 40.0)
    contenders = {"a": (one, {"size": 1}), "b": (two, {"size": 2}), "c": (one, {"size": 3})}
    assert turns.medians(contenders, 3, 20) == {"a": 5.0, "b": 6.0, "c": 3.0}
    assert one.asked == [
        ("prepare", "a", {"size": 1}),
        ("prepare", "c", {"size": 3}),
        *[("seconds", "a", 20), ("seconds", "c", 20)] * 3,
        ("forget",),
    ]
    assert [question[0] for question in two.asked] == ["prepare", "seconds", "seconds", "seconds", "forget"]


@pytest.mark.parametrize("seconds, said", [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (4.56e-5, "45.6 µs")])
def test_a_time_in_words(seconds, said):
    assert bench.times(seconds) == said


def test_contenders_are_run_in_processes_of_their_own():
    workers = {("mxnet", 1): turns.Worker(sys.executable, "here", threads=1)}
    contenders = bench.contenders("gelu", 1000, 1, True, workers)
    assert {"fused eager", "composed static", "relu static", "copy eager"} <= {*contenders}
    assert not {"torch eager", "jax jitted"} & {*contenders}
    found = turns.medians(contenders, 1, 2)
    assert {*found} == {*contenders} and all(seconds > 0 for seconds in found.values())
    (worker,) = workers.values()
    assert bench.machine(workers)["versions"] == f"MXNet {measured.LINES[measured.LINE]}"
    worker.close()


def test_where_no_framework_is_named_none_is_run():
    code = "import benchmarks.elsewhere, sys; sys.exit('torch' in sys.modules or 'jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=turns.ROOT).returncode == 0
