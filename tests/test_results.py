"""The tables that the page on choosing reads: complete, chosen by their own rule, and recomputable."""

import sys
from pathlib import Path

import pytest

from gluon_activations import activations
from gluon_activations.training import MODELS, experiment, read_csv

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import results  # noqa: E402

TUNING, CHOSEN, COST = (read_csv(results.TABLES / f"{name}.csv") for name in ("tuning", "chosen", "cost"))
RESULTS = ("valid", "test", "loss")
# Two of 360 images more or less: processors differ in the last digit, and training makes more of it.
TWO_IMAGES = 2 / 360 + 1e-9


def settings(row):
    return {name: value for name, value in row.items() if name not in RESULTS}


def test_nothing_is_missing():
    wanted = {
        (m, a, r, s) for m in MODELS for a in activations() for r in results.RATES for s in results.TUNING_SEEDS
    }
    assert {(row["model"], row["activation"], row["learning_rate"], row["seed"]) for row in TUNING} == wanted
    assert len(TUNING) == len(wanted)
    wanted = {(m, a, s) for m in MODELS for a in activations() for s in results.SEEDS}
    assert {(row["model"], row["activation"], row["seed"]) for row in CHOSEN} == wanted
    assert len(CHOSEN) == len(wanted)
    assert {(row["model"], row["activation"]) for row in COST} == {(m, a) for m in MODELS for a in activations()}
    assert all(row["seconds"] > 0 for row in COST)


def test_seeds_that_choose_are_not_seeds_that_judge():
    assert not set(results.TUNING_SEEDS) & set(results.SEEDS)
    assert len(results.SEEDS) >= 5


def test_the_rate_is_the_best_by_validation():
    mean = {}
    for row in TUNING:
        mean.setdefault((row["model"], row["activation"], row["learning_rate"]), []).append(row["valid"])
    for row in CHOSEN:
        best = max(results.RATES, key=lambda rate: sum(mean[row["model"], row["activation"], rate]))  # noqa: B023
        assert sum(mean[row["model"], row["activation"], row["learning_rate"]]) == pytest.approx(
            sum(mean[row["model"], row["activation"], best]), abs=1e-12
        )


def test_the_tables_are_those_of_the_tool():
    for row in TUNING + CHOSEN:
        assert (row["epochs"], row["batch_size"]) == (results.EPOCHS[row["model"]], results.BATCH_SIZE)
    wanted = [
        {**configuration, "seed": seed} for configuration in results.best_rates(TUNING) for seed in results.SEEDS
    ]
    assert sorted(map(str, wanted)) == sorted(
        str({name: settings(row)[name] for name in wanted[0]}) for row in CHOSEN
    )


SAMPLE = [
    next(row for row in CHOSEN if (row["model"], row["activation"], row["seed"]) == key)
    for key in [("mlp", "relu", 100), ("mlp", "mish", 104), ("cnn", "hard_swish", 109)]
] + [next(row for row in TUNING if (row["activation"], row["learning_rate"]) == ("tanh", 0.03))]


@pytest.mark.parametrize("row", SAMPLE, ids=lambda row: f"{row['model']}-{row['activation']}")
def test_a_row_comes_out_again(row):
    again = experiment(**settings(row))
    for part in ("valid", "test"):
        assert abs(again[part] - row[part]) <= TWO_IMAGES
    assert again["loss"] == pytest.approx(row["loss"], rel=0.1)
