"""The tables that the page on choosing reads: whole, chosen by their own rule, and recomputable."""

import math
import statistics

import pytest
from scipy import stats

from gluon_activations import activations
from gluon_activations.training import MODELS, best_rates, experiment, read_csv
from tests.conftest import LINE
from tools import results

TUNING, CHOSEN, COST, LONGER, FIRST = (
    read_csv(results.TABLES / f"{name}.csv") for name in ("tuning", "chosen", "cost", "longer", "first")
)
NAMES = results.measured()
# Two of 360 images more or less: processors differ in the last digit, and training makes more of it.
TWO_IMAGES = 2 / 360 + 1e-9


def settings(row):
    return {name: value for name, value in row.items() if name not in ("valid", "test", "loss")}


def every(*columns):
    """What identifies a row of a table, as a function of the row."""
    return lambda row: tuple(row[column] for column in columns)


def once(rows):
    """The rows as a set, if none is there twice."""
    rows = list(rows)
    assert len(set(rows)) == len(rows)
    return set(rows)


def test_every_activation_is_measured():
    if missing := results.unmeasured():
        pytest.skip(f"not measured yet (make results): {', '.join(missing)}")
    assert set(activations("elements")) == NAMES


def test_every_activation_of_the_tables_is_in_the_catalog():
    assert set(activations("elements")) >= NAMES


def test_what_is_not_in_the_tables_is_unmeasured(monkeypatch):
    gone = set(sorted(NAMES)[::7])
    monkeypatch.setattr(results, "measured", lambda: NAMES - gone)
    found = results.unmeasured()
    assert set(found) >= gone and not set(found) & results.measured()


def test_an_activation_is_measured_in_full_or_not_at_all():
    tuning = {
        tuple(sorted({**configuration, "seed": seed}.items()))
        for model in MODELS
        for configuration in results.tuning_configurations(model, sorted(NAMES))
        for seed in results.TUNING_SEEDS
    }
    assert once(tuple(sorted(settings(row).items())) for row in TUNING) == tuning
    chosen = {(model, name, seed) for model in MODELS for name in NAMES for seed in results.SEEDS}
    assert once(map(every("model", "activation", "seed"), CHOSEN)) == chosen
    assert once(map(every("model", "activation"), COST)) == {(model, name) for model in MODELS for name in NAMES}
    assert all(row["seconds"] > 0 for row in COST)


def test_seeds_that_choose_are_not_seeds_that_judge():
    assert not set(results.TUNING_SEEDS) & set(results.SEEDS)
    assert len(results.SEEDS) >= 5


def test_what_was_chosen_is_what_the_rule_chooses():
    wanted = [{**configuration, "seed": seed} for configuration in best_rates(TUNING) for seed in results.SEEDS]
    assert once(tuple(sorted(settings(row).items())) for row in CHOSEN) == once(
        tuple(sorted(row.items())) for row in wanted
    )


def test_what_was_trained_longer_differs_in_that_alone():
    wanted = [{**row, "seed": seed} for row in results.longer(best_rates(TUNING)) for seed in results.SEEDS]
    assert once(tuple(sorted(settings(row).items())) for row in LONGER) == once(
        tuple(sorted(row.items())) for row in wanted
    )
    assert {row["epochs"] for row in LONGER} == {results.LONGER[1]} != {results.EPOCHS["cnn"]}


def test_the_first_table_has_the_runs_of_the_second():
    run = every("model", "activation", "seed")
    assert once(map(run, FIRST)) <= once(map(run, CHOSEN))


def test_no_other_rate_is_better_by_validation():
    cell = every("model", "activation", "learning_rate")
    total = {}
    for row in TUNING:
        total[cell(row)] = total.get(cell(row), 0) + row["valid"]
    for row in CHOSEN:
        model, name, _ = cell(row)
        assert total[cell(row)] >= max(total[model, name, rate] for rate in results.RATES) - 1e-12


@pytest.mark.parametrize("table", ["tuning", "chosen", "longer"])
def test_the_columns_are_those_of_the_tool(table):
    with open(results.TABLES / f"{table}.csv", encoding="utf-8") as lines:
        assert next(lines).rstrip().split(",") == results.COLUMNS


def share(rows):
    """What is trained again with the MXNet at hand: every other one with each of the two."""
    return list(rows)[LINE == "2.0" :: 2]


SAMPLE = [LONGER[0], CHOSEN[3], CHOSEN[len(CHOSEN) // 3], CHOSEN[-1], TUNING[len(TUNING) // 4]]


@pytest.mark.parametrize("row", share(SAMPLE), ids=lambda row: f"{row['model']}-{row['activation']}")
def test_a_row_comes_out_again(row):
    again = experiment(**settings(row))
    for part in ("valid", "test"):
        assert abs(again[part] - row[part]) <= TWO_IMAGES
    assert again["loss"] == pytest.approx(row["loss"], rel=0.1)


def test_the_cost_is_of_every_model_and_activation():
    rows = results.costs(["relu", "gelu"], rounds=1)
    assert [(row["model"], row["activation"]) for row in rows] == [
        (model, name) for model in MODELS for name in ("relu", "gelu")
    ]
    assert all(row["seconds"] > 0 for row in rows)


# -- the verdicts ------------------------------------------------------------------------------------------------

VERDICTS, RUNS, CURVES = (read_csv(results.TABLES / f"{name}.csv") for name in ("verdicts", "runs", "curves"))
TASKS = results.TASKS


def of(rows, task, **wanted):
    """The rows of a task, and of what else is wanted."""
    return [
        row for row in rows if row["task"] == task and all(row[name] == value for name, value in wanted.items())
    ]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_was_run_as_it_is_declared(name):
    task = TASKS[name]
    folds, repeats = task.options.get("folds", 5), task.options.get("repeats", 5)
    wanted = {
        (one, False, fold, seed) for one in task.activations for fold in range(folds) for seed in range(repeats)
    }
    wanted |= {(task.activations[0], True, fold, seed) for fold in range(folds) for seed in range(repeats)}
    assert once(map(every("activation", "again", "fold", "seed"), of(RUNS, name))) == wanted
    assert {row["best_learning_rate"] for row in of(RUNS, name)} <= set(task.options["tune"]["learning_rate"])
    assert [row["activation"] for row in of(VERDICTS, name)] == [*task.activations, task.activations[0]]
    assert list(dict.fromkeys(row["activation"] for row in of(CURVES, name))) == list(task.activations)


def test_no_other_task_is_in_the_tables():
    for rows in (VERDICTS, RUNS, CURVES):
        assert list(dict.fromkeys(row["task"] for row in rows)) == list(TASKS)


@pytest.mark.parametrize("name", TASKS)
def test_a_verdict_follows_from_its_row(name):
    rows = of(VERDICTS, name)[1:]
    repeats = len({row["seed"] for row in of(RUNS, name)})
    half = [
        stats.t.ppf(0.975, row["freedom"]) * math.sqrt(row["from_samples"] + row["from_repeat"] / repeats)
        for row in rows
    ]
    for row, width in zip(rows, half):
        assert row["low"] == pytest.approx(row["difference"] - width) and row["high"] == pytest.approx(
            row["difference"] + width
        )
    rivals = rows[:-1]
    for row in rivals:
        word = "undecided" if row["p"] >= 0.05 else "better" if row["difference"] < 0 else "worse"
        assert row["verdict"] == ("equivalent" if row["p_equivalent"] < 0.05 else word)
    # Holm's smallest P-value is that of one test times the number of rivals.
    tests = [
        2 * stats.t.sf(abs(row["difference"]) / (width / stats.t.ppf(0.975, row["freedom"])), row["freedom"])
        for row, width in zip(rows, half)
    ]
    assert min(row["p"] for row in rivals) == pytest.approx(min(1, min(tests[:-1]) * len(rivals)))
    assert rows[-1]["verdict"] == "itself" and rows[-1]["p"] == pytest.approx(tests[-1])


@pytest.mark.parametrize("name", TASKS)
def test_a_difference_is_that_of_the_runs(name):
    def mean(activation, again):
        # A fold more or less has one sample more: as many as its share.
        return statistics.mean(row["test_loss"] for row in of(RUNS, name, activation=activation, again=again))

    first, *others = of(VERDICTS, name)
    base = mean(first["activation"], False)
    assert first["loss"] == pytest.approx(base, rel=0.01)
    for row in others:
        gap = mean(row["activation"], row["verdict"] == "itself") - base
        assert row["difference"] == pytest.approx(gap, abs=0.01 * first["loss"] + 0.02 * abs(gap))


@pytest.mark.parametrize("name", share(TASKS))
def test_a_run_comes_out_again(name):
    row = min(of(RUNS, name), key=lambda row: row["epochs"] * row["seconds"])  # the one that takes least
    try:
        found = results.again(row)
    except FileNotFoundError as missing:  # Debian's Python comes without idlelib, whose texts a task reads
        pytest.skip(str(missing))
    assert found["losses"].mean() == pytest.approx(row["test_loss"], rel=0.25)
    assert found["valid_loss"] == pytest.approx(row["valid_loss"], rel=0.25)


def test_curves_begin_untrained_and_end_at_their_best():
    for name, task in TASKS.items():
        for activation in task.activations:
            curve = [row["loss"] for row in of(CURVES, name, activation=activation)]
            reached = statistics.mean(
                row["valid_loss"] for row in of(RUNS, name, activation=activation, again=False)
            )
            assert curve[-1] <= curve[0] and curve[-1] == pytest.approx(reached, rel=1e-4)


def test_the_settings_of_the_tasks_are_those_of_their_table():
    rows = read_csv(results.TABLES / "tasks.csv")
    assert rows == [*results.settings_of(results.TASKS)]
    assert [row["task"] for row in rows] == list(dict.fromkeys(row["task"] for row in VERDICTS))
    for row in rows:
        rates = {float(rate) for rate in str(row["rates"]).split(", ")}
        mine = of(RUNS, row["task"])
        assert rates >= {run["best_learning_rate"] for run in mine}
        assert max(run["epochs"] for run in mine) <= row["epochs"]
