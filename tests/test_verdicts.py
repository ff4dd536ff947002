"""The statistics of a comparison, beside scipy's tests, closed testing and simulation."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from gluon_activations._verdicts import VERDICTS, Estimate, estimate, holm, power, repeats_to_decide, verdict

RNG = np.random.default_rng(5)


def table(lasting, drawn, both=0.0, shift=0.0, repeats=6, samples=40, rng=RNG):
    """Differences, repeats x samples, with so much spread over samples, over repeats and over both."""
    across = lasting * rng.standard_normal(samples)
    along = drawn * rng.standard_normal((repeats, 1))
    return shift + across + along + both * rng.standard_normal((repeats, samples))


@pytest.mark.parametrize("level", [0.05, 0.1])
def test_where_samples_alone_differ_it_is_the_test_over_samples(level):
    lasting = RNG.standard_normal(40) + 0.3
    found, reference = estimate(np.tile(lasting, (6, 1))), stats.ttest_1samp(lasting, 0)
    ends = reference.confidence_interval(1 - level)
    np.testing.assert_allclose(found.interval(level), (ends.low, ends.high), rtol=1e-9)
    assert found.p_different() == pytest.approx(reference.pvalue, rel=1e-9)
    assert found.repeat == pytest.approx(0, abs=1e-12) and found.freedom == pytest.approx(39)


@pytest.mark.parametrize("level", [0.05, 0.1])
def test_where_repeats_alone_differ_it_is_the_test_over_repeats(level):
    means = RNG.standard_normal(6) + 0.5
    found, reference = estimate(np.repeat(means[:, None], 40, 1)), stats.ttest_1samp(means, 0)
    ends = reference.confidence_interval(1 - level)
    np.testing.assert_allclose(found.interval(level), (ends.low, ends.high), rtol=1e-9)
    assert found.p_different() == pytest.approx(reference.pvalue, rel=1e-9)
    assert found.samples == pytest.approx(0, abs=1e-12) and found.freedom == pytest.approx(5)


@pytest.mark.parametrize("margin", [0.4, 1.0, 3.0])
def test_equivalence_is_two_one_sided_tests(margin):
    means = RNG.standard_normal(8)
    sides = [
        stats.ttest_1samp(means, -margin, alternative="greater").pvalue,
        stats.ttest_1samp(means, margin, alternative="less").pvalue,
    ]
    found = estimate(np.repeat(means[:, None], 40, 1))
    assert found.p_equivalent(margin) == pytest.approx(max(sides), rel=1e-9)


def test_the_variance_has_its_two_sources():
    rng = np.random.default_rng(0)
    found = [estimate(table(0.8, 0.3, 0.6, rng=rng)) for _ in range(400)]
    spread = np.var([one.mean for one in found])
    assert spread == pytest.approx(0.8**2 / 40 + (0.3**2 + 0.6**2 / 40) / 6, rel=0.2)
    assert np.mean([one.variance() for one in found]) == pytest.approx(spread, rel=0.2)
    assert np.mean([one.samples for one in found]) == pytest.approx(0.8**2 / 40, rel=0.1)
    assert np.mean([one.repeat for one in found]) == pytest.approx(0.3**2 + 0.6**2 / 40, rel=0.1)


def test_more_repeats_leave_what_the_samples_add():
    found = Estimate(0.0, 2.0, 6.0, 3, 10.0)
    assert [found.variance(), found.variance(6), found.variance(1e12)] == pytest.approx([4, 3, 2])


@pytest.mark.parametrize(
    ("spreads", "most"),
    [((1.0, 0.0, 0.5), 0.98), ((0.2, 0.5, 0.5), 0.98), ((0.0, 0.0, 1.0), 0.997)],  # pure noise: on the safe side
)
def test_intervals_cover(spreads, most):
    rng = np.random.default_rng(1)
    hits = [
        low <= 0.7 <= high
        for low, high in (estimate(table(*spreads, 0.7, rng=rng)).interval() for _ in range(800))
    ]
    assert 0.93 < np.mean(hits) < most


def test_no_spread_at_all():
    same, shifted = estimate(np.zeros((3, 5))), estimate(np.full((3, 5), 0.25))
    assert same.interval() == (0, 0) and same.p_different() == 1 and same.p_equivalent(0.1) == 0
    assert shifted.p_different() == 0 and shifted.p_equivalent(0.1) == 1
    assert repeats_to_decide(shifted, 0.1, 0.05, 3) == 2


def test_holm_is_closed_testing_by_bonferroni():
    for size in (1, 2, 4):
        p = RNG.uniform(0, 0.2, size)
        sets = [s for n in range(1, size + 1) for s in itertools.combinations(range(size), n)]
        closed = [min(1.0, max(min(len(s) * p[i] for i in s) for s in sets if one in s)) for one in range(size)]
        assert holm(list(p)) == pytest.approx(closed)
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@pytest.mark.parametrize(
    ("size", "margin", "repeats"), [(0.5, 1e-9, 4), (0.4, 1e-9, 8), (0.0, 0.45, 8), (0.1, 0.5, 12)]
)
def test_power_is_that_of_simulated_experiments(size, margin, repeats):
    rng = np.random.default_rng(2)
    decided = []
    for _ in range(600):
        found = estimate(table(0.5, 0.3, 0.5, size, repeats=repeats, rng=rng))
        decided.append([found.p_different() < 0.05, found.p_equivalent(margin) < 0.05])
    kept, added = 0.5**2 / 40, 0.3**2 + 0.5**2 / 40
    told = power(Estimate(size, kept, added, 6, 8.0), margin, 0.05, repeats)
    assert np.max(np.mean(decided, 0)) == pytest.approx(told, abs=0.1)


def test_repeats_to_decide():
    easy, hard = Estimate(1.0, 0.001, 1.0, 4, 4.0), Estimate(0.5, 0.001, 1.0, 4, 4.0)
    few, more = (repeats_to_decide(found, 0.05, 0.05, 1) for found in (easy, hard))
    assert 8 <= few < more <= 4.5 * few
    assert power(easy, 0.05, 0.05, few) >= 0.8 > power(easy, 0.05, 0.05, few - 1)
    assert repeats_to_decide(easy, 0.05, 0.05, 10) > few
    assert repeats_to_decide(Estimate(0.5, 1.0, 0.0, 4, 40.0), 0.1, 0.05, 1) == math.inf


def test_the_four_words():
    said = [verdict(-1, 0.01, 0.9, 0.05), verdict(0.1, 0.01, 0.01, 0.05), verdict(-1, 0.2, 0.9, 0.05)]
    assert (*said, verdict(1, 0.01, 0.9, 0.05)) == VERDICTS
    assert verdict(0.1, 0.05, 0.05, 0.05) == "undecided"
