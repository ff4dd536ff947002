"""The statistics of a comparison: an estimate with its variance, its interval, and one of four verdicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

VERDICTS = ("better", "equivalent", "undecided", "worse")
_POWER = 0.8  # with which the announced number of repeats decides
_MOST = 10_000  # repeats; what they do not decide, none do


class Estimate(NamedTuple):
    """A mean over samples and repeats, and where its variance comes from."""

    mean: float
    samples: float  # variance of the mean that more repeats leave
    repeat: float  # variance that one repeat adds: it is divided by their number
    repeats: int
    freedom: float  # degrees of freedom of the variance

    def variance(self, repeats: float | None = None) -> float:
        """Of the mean, with so many repeats."""
        return self.samples + self.repeat / (repeats or self.repeats)

    def interval(self, level: float = 0.05) -> tuple[float, float]:
        """The ends of the interval that covers the truth in all but ``level`` of the cases."""
        from scipy import stats

        half = float(stats.t.ppf(1 - level / 2, self.freedom)) * math.sqrt(self.variance())
        return self.mean - half, self.mean + half

    def p_different(self) -> float:
        """P-value of no difference at all."""
        return 2 * self._beyond(abs(self.mean))

    def p_equivalent(self, margin: float) -> float:
        """P-value of a difference of the margin or more (two one-sided tests)."""
        return self._beyond(margin - abs(self.mean))

    def _beyond(self, distance: float) -> float:
        from scipy import stats

        error = math.sqrt(self.variance())
        if error == 0:
            return float(numpy.heaviside(-distance, 0.5))
        return float(stats.t.sf(distance / error, self.freedom))


def estimate(differences: NDArray[Any]) -> Estimate:
    """The mean of a table of repeats x samples, by a two-way analysis of variance with random effects.

    A component that comes out negative is 0. The degrees of freedom are Satterthwaite's.
    """
    repeats, samples = differences.shape
    mean = float(differences.mean())
    by_sample, by_repeat = differences.mean(0), differences.mean(1)
    rest = differences - by_sample - by_repeat[:, None] + mean
    of_samples = repeats * float(by_sample.var(ddof=1))
    of_repeats = samples * float(by_repeat.var(ddof=1))
    error = float((rest**2).sum()) / ((samples - 1) * (repeats - 1))
    cells = repeats * samples
    # What a sample keeps over the repeats, and what a repeat adds: at least what its samples do by themselves,
    # for a few repeats may lie close together by chance, and would raise false alarms.
    lasting, drawn = max(of_samples - error, 0.0) / cells, max(of_repeats, error) / samples
    variance = lasting + drawn / repeats
    parts = [(drawn / repeats, repeats - 1)]
    if lasting:
        parts += [(of_samples / cells, samples - 1), (error / cells, (samples - 1) * (repeats - 1))]
    doubt = sum(part**2 / free for part, free in parts)
    freedom = variance**2 / doubt if doubt else math.inf
    return Estimate(mean, lasting, drawn, repeats, max(freedom, repeats - 1.0))


def holm(p: Sequence[float]) -> list[float]:
    """P-values corrected for their number, after Holm 1979 (jstor.org/stable/4615733)."""
    order = numpy.argsort(p, kind="stable")
    steps = numpy.asarray(p)[order] * numpy.arange(len(p), 0, -1)
    corrected = numpy.empty(len(p))
    corrected[order] = numpy.maximum.accumulate(steps).clip(max=1)
    return [float(value) for value in corrected]


def repeats_to_decide(found: Estimate, margin: float, level: float, hypotheses: int) -> float:
    """The repeats with which four in five such comparisons would decide, if the truth is as estimated.

    Infinity says that no number would: more samples are needed.
    """
    low, high = 2, _MOST
    if not power(found, margin, level / hypotheses, high) >= _POWER:  # nor of what is not finite
        return math.inf
    while low < high:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if power(found, margin, level / hypotheses, middle) >= _POWER else (middle + 1, high)
        )
    return low


def power(found: Estimate, margin: float, level: float, repeats: int) -> float:
    """How likely one of the decisions is: different, or equivalent."""
    from scipy import stats

    error = math.sqrt(found.variance(repeats))
    if error == 0:
        return float(found.mean != 0)
    freedom = max(repeats - 1.0, found.freedom * (repeats - 1) / (found.repeats - 1))
    size = abs(found.mean) / error
    different = float(stats.nct.sf(stats.t.ppf(1 - level / 2, freedom), freedom, size))
    edge = margin / error - float(stats.t.ppf(1 - level, freedom))
    # Below 0 where the interval is wider than the margin, however small the difference.
    equivalent = float(stats.norm.cdf(edge - size) - stats.norm.cdf(-edge - size))
    return max(different, equivalent)


def verdict(difference: float, p: float, p_equivalent: float, level: float) -> str:
    """One of four words; a difference that is surely smaller than the margin is none, however sure it is."""
    if p_equivalent < level:
        return "equivalent"
    if math.isnan(difference) or p >= level:
        return "undecided"
    return "better" if difference < 0 else "worse"  # by an infinite loss too, which has no P-value
