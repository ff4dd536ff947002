"""Does compare() keep what it promises? Its statistics where the answers are known: make simulation.

    notebooks/results/simulation.csv   false alarms, coverage and power, a row for each world

In the first kind of world the differences of the losses are *drawn*: a lasting one for each sample, with a long
tail, one for each repeat, one for each of both. In the second kind nets are *fitted*: random features with a ridge
regression on top, tuned inside each replicate and cross-validated as compare() does it; what they are worth on new
samples is measured on many of those. An arm that is the reference under another name must raise no alarm.
"""

import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from gluon_activations._compare import Comparison
from gluon_activations._verdicts import Estimate, estimate, holm, power
from gluon_activations.training import write_csv

TABLE = Path(__file__).resolve().parent.parent / "notebooks" / "results" / "simulation.csv"
LEVEL = 0.05
RIVALS = 8
# Samples, repeats, and the spread over samples, over repeats and over both.
DRAWN = {
    "samples decide": (400, 5, 1.0, 0.01, 0.7),
    "repeats decide": (400, 5, 0.2, 0.05, 0.7),
    "few repeats": (200, 3, 0.6, 0.03, 0.7),
    "many repeats": (400, 20, 1.0, 0.1, 1.0),
}
EXPERIMENTS = 2000
# Kinds of features: of the reference, of its rivals; samples and repeats.
FITTED = {
    "five repeats": ("tanh", ("tanh", "tanh", "relu", "linear"), 240, 5),
    "ten repeats": ("relu", ("relu", "relu", "tanh", "linear"), 240, 10),
}
FITS = 300
FOLDS, FEATURES, RIDGES, FRESH, TARGETS = 5, 20, (0.01, 1.0), 4000, 40
KINDS = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "linear": lambda z: z}


def draw(world, shift, rng):
    """A table of differences, repeats x samples, whose mean over all that could be drawn is ``shift``."""
    samples, repeats, lasting, drawn, both = DRAWN[world]
    tail = rng.gamma(1.0, size=samples) - 1  # spread 1, skewed as losses are
    shape = (repeats, samples)
    noise = both * rng.standard_normal(shape) + drawn * rng.standard_normal((repeats, 1))
    return shift + lasting * tail + noise


def expected(world, shift):
    """The estimate that such a table gives when each of its variances comes out as it is."""
    samples, repeats, lasting, drawn, both = DRAWN[world]
    kept, added = lasting**2 / samples, drawn**2 + both**2 / samples
    error = both**2 / (samples * repeats)
    parts = {kept + error: samples - 1, added / repeats: repeats - 1, error: (samples - 1) * (repeats - 1)}
    freedom = (kept + added / repeats) ** 2 / sum(part**2 / free for part, free in parts.items())
    return Estimate(shift, kept, added, repeats, max(freedom, repeats - 1))


def drawn(world, experiments=EXPERIMENTS, seed=0):
    """One row: eight rivals without a difference, one with, and one exactly at the margin."""
    rng = np.random.default_rng([seed, len(world)])
    error = expected(world, 0.0).variance() ** 0.5
    shift, margin = 4.5 * error, 4.5 * error
    covered, alarms, found, false = [], [], [], []
    for _ in range(experiments):
        same = [estimate(draw(world, 0.0, rng)) for _ in range(RIVALS)]
        covered += [low <= 0 <= high for low, high in (one.interval(LEVEL) for one in same)]
        alarms.append(min(holm([one.p_different() for one in same])) < LEVEL)
        # The first of eight as it would be with a difference, then as it would be at the margin.
        moved = [same[0]._replace(mean=same[0].mean + shift), *same[1:]]
        p = holm([one.p_different() for one in moved])
        found.append(p[0] < LEVEL)
        edge = [same[0]._replace(mean=same[0].mean + margin), *same[1:]]
        false.append(holm([one.p_equivalent(margin) for one in edge])[0] < LEVEL)
    told = expected(world, shift)
    return {
        "kind": "drawn",
        "world": world,
        "experiments": experiments,
        "repeats": DRAWN[world][1],
        "false_alarms": np.mean(alarms),
        "false_equivalent": np.mean(false),
        "coverage": np.mean(covered),
        "power": np.mean(found),
        "power_announced": power(told, margin / 1e9, LEVEL / RIVALS, told.repeats),
    }


def target_of(x):
    """What the fitted nets learn."""
    return np.sin(1.5 * x[:, 0]) + np.abs(x[:, 1]) - 0.5 * x[:, 0] * x[:, 2]


def problem(samples, rng):
    """Samples, and their noisy targets."""
    x = rng.standard_normal((samples, 3))
    return x, target_of(x) + 0.5 * rng.standard_normal(samples)


def fit(kind, x, y, rng):
    """A layer of random features of a kind and a ridge regression, tuned on a fifth that is set apart."""
    weight, bias = rng.standard_normal((x.shape[1], FEATURES)), rng.uniform(-1.5, 1.5, FEATURES)

    def features(points):
        return np.column_stack([KINDS[kind](points @ weight + bias), np.ones(len(points))])

    apart = len(x) // 5
    h, inner = features(x[apart:]), features(x[:apart])
    gram, moment, eye = h.T @ h, h.T @ y[apart:], np.eye(FEATURES + 1)
    tried = [np.linalg.solve(gram + ridge * eye, moment) for ridge in RIDGES]
    best = min(tried, key=lambda c: ((inner @ c - y[:apart]) ** 2).mean())
    return lambda points: features(points) @ best


def cross_validated(arms, x, y, repeats, rng):
    """The records that compare() makes of so many repeats."""
    runs = []
    for repeat in range(repeats):
        order = rng.permutation(len(y))
        for fold in range(FOLDS):
            test, rest = order[fold::FOLDS], np.setdiff1d(order, order[fold::FOLDS])
            rng.shuffle(rest)
            for place, kind in enumerate(arms):
                losses = (fit(kind, x[rest], y[rest], rng)(x[test]) - y[test]) ** 2
                record = {"activation": str(place), "again": False, "fold": fold, "seed": repeat, "seconds": 1.0}
                runs.append(
                    {
                        **record,
                        "samples": test,
                        "losses": losses,
                        "right": None,
                        "stopped": "converged",
                        "tried": {},
                    }
                )
    return runs


def worth(kind, x, y, fresh, rng):
    """The loss on new samples of nets that are trained on parts of these: the mean of many."""
    points, values = fresh
    found = []
    for _ in range(TARGETS):
        rest = rng.permutation(len(y))[len(y) // FOLDS :]
        found.append(((fit(kind, x[rest], y[rest], rng)(points) - values) ** 2).mean())
    return np.mean(found), np.var(found) / TARGETS


def fitted(world, experiments=FITS, seed=0):
    """One row: rivals that are the reference under another name, and rivals that are not."""
    reference, rivals, samples, repeats = FITTED[world]
    covered, alarms, found = [], [], []
    for experiment in tqdm(range(experiments), unit="experiment", leave=False, disable=None):
        rng = np.random.default_rng([seed, experiment])
        x, y = problem(samples, rng)
        result = Comparison.of(cross_validated((reference, *rivals), x, y, repeats, rng), "0", level=LEVEL)
        fresh = problem(FRESH, rng)
        truth = {kind: worth(kind, x, y, fresh, rng) for kind in sorted({reference, *rivals})}
        right = []
        for row, kind in zip(result.rows, rivals):
            same = kind == reference
            gap, blur = (
                (0.0, 0.0)
                if same
                else (truth[kind][0] - truth[reference][0], truth[kind][1] + truth[reference][1])
            )
            # The truth is itself a mean of many nets: its own error widens what counts as covered.
            half = (row["high"] - row["low"]) / 2
            wider = half * (1 + blur / (row["from_samples"] + row["from_repeat"] / repeats)) ** 0.5
            covered.append(abs(row["difference"] - gap) <= wider)
            (right if not same else alarms).append(row["p"] < LEVEL)
        found += right
    return {
        "kind": "fitted",
        "world": world,
        "experiments": experiments,
        "repeats": repeats,
        "false_alarms": np.mean(np.reshape(alarms, (experiments, -1)).any(1)),
        "coverage": np.mean(covered),
        "power": np.mean(found),
    }


def main():
    """Write the table."""
    rows = [drawn(world) for world in tqdm(DRAWN, unit="world", disable=None)]
    rows += [fitted(world) for world in tqdm(FITTED, unit="world", disable=None)]
    rounded = [
        {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()}
        for row in rows
    ]
    write_csv(rounded, TABLE)
    print(TABLE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
