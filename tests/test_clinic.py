"""The table of make clinic: what it promises, and a part of it measured again."""

import numpy as np
import pytest

from benchmarks import clinic
from gluon_activations import diagnose
from gluon_activations._arrays import numpy_arrays
from gluon_activations.nets._looks import CURES
from gluon_activations.training import read_csv
from tests.conftest import LINE

ROWS = read_csv(clinic.TABLE)
ILL = [row for row in ROWS if row["kind"] == "ill" and row["name"] != "all"]
WELL = [row for row in ROWS if row["kind"] == "well" and row["name"] != "all"]
ALL = {row["kind"]: row for row in ROWS if row["name"] == "all"}
DISEASES = {disease.__name__.replace("_", " "): disease for disease in clinic.DISEASES}


def test_the_table_is_of_these_diseases_and_kinds():
    assert [(row["name"], row["severity"]) for row in ILL] == [(name, s) for name in DISEASES for s in range(3)]
    assert [row["name"] for row in WELL] == [*clinic.KINDS]
    assert {*clinic.DISEASES.values()} == {*CURES}, "every finding has a disease"
    for kind, rows in (("ill", ILL), ("well", WELL)):
        for key in ("nets", "named", "first", "any"):
            assert ALL[kind][key] == sum(row[key] for row in rows)
        assert ALL[kind]["nets"] >= 200
    assert clinic.total(ILL) == ALL["ill"] | {"severity": "", "finding": ""}


def test_what_is_promised():
    """At most one healthy net of fifty raises an alarm; nineteen of twenty diseases are named."""
    assert ALL["well"]["any"] <= 0.02 * ALL["well"]["nets"]
    assert ALL["ill"]["named"] >= 0.95 * ALL["ill"]["nets"]


@pytest.fixture
def numpy_session():
    with numpy_arrays():
        yield


@pytest.mark.parametrize("row", ILL[:: len(ILL) // 8], ids=lambda row: f"{row['name']} {row['severity']}")
def test_a_row_comes_out_again(row, numpy_session):
    disease = DISEASES[row["name"]]
    reports = [
        diagnose(*clinic.patient(disease, row["severity"], clinic.REPORTING + number))
        for number in range(row["nets"])
    ]
    again = clinic.row("ill", row["name"], row["severity"], row["finding"], reports)
    if LINE == "1.9":
        assert again == row  # the table is of 1.9.1, whose random numbers these are
    assert abs(again["named"] - row["named"]) <= 1


@pytest.mark.parametrize("place", range(3))
def test_a_healthy_net_comes_out_again(place, numpy_session):
    kind, _, net, batch, loss = clinic.healthy(clinic.REPORTING + place)
    row = WELL[[*clinic.KINDS].index(kind)]
    assert bool(diagnose(net, batch, loss).findings) <= row["any"]


def test_seeds_of_the_limits_are_not_those_of_the_table():
    assert clinic.TUNING + clinic.HEALTHY < clinic.REPORTING
    first, again = (clinic.made(lambda rng: rng.random(3), 5, 1) for _ in range(2))
    np.testing.assert_array_equal(first, again)
