"""The statistics of a comparison, beside scipy's tests, closed testing and simulation."""

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, stats

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


def by_the_textbook(x):
    """Mean, the two parts of its variance and the degrees of freedom, sum by sum (two-way random model)."""
    r, s = x.shape
    mean = sum(map(sum, x)) / (r * s)
    rows = [sum(row) / s for row in x]
    columns = [sum(column) / r for column in x.T]
    square_s = r * sum((column - mean) ** 2 for column in columns) / (s - 1)
    square_r = s * sum((row - mean) ** 2 for row in rows) / (r - 1)
    left = [(x[i, j] - rows[i] - columns[j] + mean) ** 2 for i in range(r) for j in range(s)]
    square_e = sum(left) / ((r - 1) * (s - 1))
    kept = max(square_s - square_e, 0) / (r * s)
    added = max(square_r, square_e) / s
    terms = [(added / r) ** 2 / (r - 1)]
    if kept > 0:
        terms += [(square_s / (r * s)) ** 2 / (s - 1), (square_e / (r * s)) ** 2 / ((r - 1) * (s - 1))]
    freedom = (kept + added / r) ** 2 / sum(terms)
    return mean, kept, added, r, max(freedom, r - 1)


SPREADS = {
    "both": (1.0, 0.8, 0.5),
    "samples": (1.0, 0.0, 0.5),
    "neither": (0.0, 0.0, 1.0),
    "repeats": (0.0, 1.0, 0.5),
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("spread", SPREADS)
def test_small_tables_are_analysed_as_in_the_textbook(spread, seed):
    x = table(*SPREADS[spread], shift=0.3, repeats=3, samples=4, rng=np.random.default_rng(seed))
    np.testing.assert_allclose(estimate(x), by_the_textbook(x), rtol=1e-9, atol=1e-12)


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
    assert holm([0.9, 0.8]) == [1, 1]


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


def chance(found, margin, level, repeats):
    """The power by an integral over the variance that an experiment would find; equivalence with that as it is."""
    error = math.sqrt(found.samples + found.repeat / repeats)
    freedom = max(repeats - 1, found.freedom * (repeats - 1) / (found.repeats - 1))
    limit, shift = stats.t.ppf(1 - level / 2, freedom), abs(found.mean) / error

    def beyond(u):
        return stats.chi2.pdf(u, freedom) * stats.norm.sf(limit * math.sqrt(u / freedom) - shift)

    different = integrate.quad(beyond, 0, freedom + 12 * math.sqrt(2 * freedom) + 40, limit=200)[0]
    within = margin - stats.t.ppf(1 - level, freedom) * error
    ends = stats.norm.cdf([-within, within], loc=found.mean, scale=error)
    return max(different, ends[1] - ends[0] if within > 0 else 0)


@pytest.mark.parametrize("level", [0.05, 0.01])
@pytest.mark.parametrize("freedom", [3.0, 11.0])
@pytest.mark.parametrize(("mean", "margin"), [(0.8, 0.1), (-0.8, 0.1), (0.1, 0.9), (-0.2, 1.1), (0.0, 0.5)])
@pytest.mark.parametrize("repeats", [3, 6, 20])
def test_power_is_what_an_integral_gives(mean, margin, freedom, level, repeats):
    found = Estimate(mean, 0.01, 0.5, 5, freedom)
    assert power(found, margin, level, repeats) == pytest.approx(chance(found, margin, level, repeats), abs=1e-6)


def test_power_is_that_of_a_table():
    """Of the t test: an effect of a half with 34 cases at 5 %, as tables of its power have it."""
    found = Estimate(0.5, 0.0, 1.0, 34, 33.0)
    assert power(found, 0.0, 0.05, 34) == pytest.approx(0.8078, abs=1e-4)


@pytest.mark.parametrize("mean", [1.0, -1.0, 0.3, 0.0])
def test_without_spread_power_is_all_or_nothing(mean):
    assert power(Estimate(mean, 0.0, 0.0, 5, 4.0), 0.1, 0.05, 5) == (mean != 0)


@pytest.mark.parametrize("hypotheses", [1, 4])
@pytest.mark.parametrize(("mean", "margin"), [(1.0, 0.05), (0.4, 0.05), (3.0, 0.1), (0.0, 0.4)])
def test_the_announced_repeats_are_the_fewest_that_decide(mean, margin, hypotheses):
    found = Estimate(mean, 0.001, 1.0, 4, 4.0)
    fewest = next(n for n in itertools.count(2) if power(found, margin, 0.05 / hypotheses, n) >= 0.8)
    assert repeats_to_decide(found, margin, 0.05, hypotheses) == fewest


def test_repeats_to_decide():
    easy, hard = Estimate(1.0, 0.001, 1.0, 4, 4.0), Estimate(0.5, 0.001, 1.0, 4, 4.0)
    few, more = (repeats_to_decide(found, 0.05, 0.05, 1) for found in (easy, hard))
    assert 8 <= few < more <= 4.5 * few
    assert power(easy, 0.05, 0.05, few) >= 0.8 > power(easy, 0.05, 0.05, few - 1)
    assert repeats_to_decide(easy, 0.05, 0.05, 10) > few
    assert repeats_to_decide(Estimate(0.5, 1.0, 0.0, 4, 40.0), 0.1, 0.05, 1) == math.inf
    near = Estimate(2.9, 1.0, 0.0, 4, 40.0)  # enough by itself, too little among four
    alone, among_four = (repeats_to_decide(near, 0.1, 0.05, count) for count in (1, 4))
    assert alone < 10 and among_four == math.inf


def test_the_four_words():
    said = [verdict(-1, 0.01, 0.9, 0.05), verdict(0.1, 0.01, 0.01, 0.05), verdict(-1, 0.2, 0.9, 0.05)]
    assert (*said, verdict(1, 0.01, 0.9, 0.05)) == VERDICTS
    assert verdict(0.1, 0.05, 0.05, 0.05) == "undecided" and verdict(0.5, 0.01, 0.9, 0.05) == "worse"
