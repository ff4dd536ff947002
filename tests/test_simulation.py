"""What is simulated of compare(): worlds whose truth is known, and the table that the page on choosing reads."""

import math

import numpy as np
import pytest

from benchmarks import simulation
from gluon_activations._verdicts import estimate
from gluon_activations.training import read_csv

ROWS = {row["world"]: row for row in read_csv(simulation.TABLE)}
FEW = 120

pytestmark = pytest.mark.once  # nothing of MXNet runs here


def errors(one, other):
    """How many of their standard errors two shares lie apart, each seen in so many experiments."""
    (p, n), (q, m) = one, other
    both = (p * n + q * m) / (n + m)
    return abs(p - q) / math.sqrt(max(both * (1 - both), 1e-3) * (1 / n + 1 / m))


def test_every_world_has_its_row():
    assert {*ROWS} == {*simulation.DRAWN, *simulation.FITTED}
    for world, row in ROWS.items():
        drawn = world in simulation.DRAWN
        assert row["kind"] == ("drawn" if drawn else "fitted")
        assert row["experiments"] == (simulation.EXPERIMENTS if drawn else simulation.FITS)


@pytest.fixture(scope="module")
def again():
    """The rows of the drawn worlds, from fewer experiments of other numbers."""
    return {world: simulation.drawn(world, FEW, seed=1) for world in simulation.DRAWN}


@pytest.mark.parametrize("share, count", [
    ("false_alarms", 1), ("false_equivalent", 1), ("power", 1), ("coverage", simulation.RIVALS),
])  # fmt: skip
def test_drawn_worlds_come_out_again(again, share, count):
    """Each by itself, and all together, which sees less."""
    pairs = [((row[share], count * FEW), (ROWS[world][share], count * ROWS[world]["experiments"]))
             for world, row in again.items()]  # fmt: skip
    assert all(errors(*pair) < 4 for pair in pairs)
    together = [(np.mean([p for p, _ in side]), sum(n for _, n in side)) for side in zip(*pairs)]
    assert errors(*together) < 4


def test_the_power_that_is_told_is_a_matter_of_the_world_alone(again):
    for world, row in again.items():
        assert row["power_announced"] == pytest.approx(ROWS[world]["power_announced"], abs=1e-3)


@pytest.mark.parametrize("world", simulation.FITTED)
def test_a_fitted_world_comes_out_again(world, monkeypatch):
    monkeypatch.setattr(simulation, "TARGETS", 8)
    row, again = ROWS[world], simulation.fitted(world, 12, seed=1)
    for share in ("false_alarms", "coverage", "power"):  # rivals of one experiment share its samples
        assert errors((again[share], 12), (row[share], row["experiments"])) < 4, share


@pytest.mark.parametrize("world", simulation.DRAWN)
def test_what_is_drawn_has_the_mean_and_the_variances_that_the_world_has(world):
    samples, repeats, lasting, drawn, both = simulation.DRAWN[world]
    rng = np.random.default_rng(0)
    tables = [simulation.draw(world, 0.25, rng) for _ in range(200)]
    assert tables[0].shape == (repeats, samples)
    means = np.array([table.mean() for table in tables])
    variance = lasting**2 / samples + drawn**2 / repeats + both**2 / (samples * repeats)
    assert means.mean() == pytest.approx(0.25, abs=4 * math.sqrt(variance / 200))
    assert means.var() == pytest.approx(variance, rel=0.35)
    told = simulation.expected(world, 0.25)
    found = np.mean([estimate(table).variance() for table in tables])
    assert told.mean == 0.25 and told.variance() == pytest.approx(found, rel=0.2)


def test_nets_that_are_fitted_learn_and_are_tuned_on_what_is_set_apart():
    rng = np.random.default_rng(0)
    x, y = simulation.problem(240, rng)
    fresh, values = simulation.problem(4000, rng)
    assert (y - simulation.target_of(x)).std() == pytest.approx(0.5, rel=0.15)
    losses = {kind: ((simulation.fit(kind, x, y, rng)(fresh) - values) ** 2).mean() for kind in simulation.KINDS}
    assert 0.25 < losses["tanh"] < losses["linear"] < values.var()
    # A noise that no net can learn leaves its variance.
    blind = simulation.fit("relu", x, rng.standard_normal(240), rng)
    assert (blind(fresh) ** 2).mean() < 0.5


def test_each_arm_is_tested_on_each_sample_once_a_repeat():
    rng = np.random.default_rng(0)
    runs = simulation.cross_validated(("tanh", "relu"), *simulation.problem(50, rng), 2, rng)
    for place in ("0", "1"):
        for repeat in range(2):
            mine = [run for run in runs if (run["activation"], run["seed"]) == (place, repeat)]
            assert sorted(np.concatenate([run["samples"] for run in mine])) == list(range(50))
            assert all(len(run["losses"]) == len(run["samples"]) and min(run["losses"]) >= 0 for run in mine)
