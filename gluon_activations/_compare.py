"""An honest comparison of activations on anybody's net and data."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable

import numpy
from numpy.typing import NDArray

from mxnet.gluon import Block

from ._protocol import checked, protocol
from ._verdicts import VERDICTS, Estimate, estimate, holm, repeats_to_decide, verdict
from ._wording import in_a_line
from .training import _Path, _Record, _runs

__all__ = ["Comparison", "compare"]

_Array = NDArray[Any]


def compare(
    build: Callable[..., Block],
    data: tuple[_Array, _Array],
    activations: Sequence[Any] | Mapping[str, Any],
    *,
    reference: str | None = None,
    tune: Mapping[str, Sequence[Any]] | None = None,
    margin: float | None = None,
    loss: Callable[..., Any] | None = None,
    epochs: int = 100,
    patience: int = 10,
    target: float | None = None,
    batch_size: int = 32,
    folds: int = 5,
    repeats: int = 5,
    level: float = 0.05,
    seed: int = 0,
    folder: _Path | None = None,
    jobs: int | None = None,
    progress: bool = True,
    ctx: Any = "cpu",
    **options: Any,
) -> Comparison:
    """Hold activations against a reference on your own net, and say what the data decide.

    Nets compute with the kind of array that this session uses, ``mx.np`` or ``mx.nd``.

    Each of ``repeats`` cross-validations cuts the data anew into ``folds`` parts. In each, every activation
    is tuned by itself: of the samples that the fold leaves for training a fifth is set apart, one net is
    trained for each setting of ``tune`` until the loss there stops falling, and the one with the smallest is
    tested on the fold. So each sample is tested once in each repeat, by nets that never saw it, and the tuning
    is part of what is repeated.

    The answer is about *the loss on new samples of nets trained on data like these*. Its variance has two
    sources, the samples at hand and all that a repeat draws anew (cut, weights, order, tuning), and both are
    estimated, by a two-way analysis of variance with random effects (samples crossed with repeats). What a
    reader may rely on, false alarms, coverage and power, is measured by simulation: ``make simulation``.

    Parameters
    ----------
    build : callable
        ``build(activation)`` makes a net. If it comes uninitialised, each of its layers gets the weights that suit
        the activation that follows (``initializer(net)``). A setting of ``tune`` that :func:`training.train` does
        not know goes to it too: ``build(activation, width=32)``.
    data : pair of arrays
        Samples and targets, of NumPy or MXNet. For a softmax's cross-entropy, the loss by default, targets are
        classes, whole numbers from 0 on: they keep their shares in every cut, and the accuracy is taken.
    activations : sequence of str, or dict
        Names that ``build`` takes, as those of the catalog; or a dict from a name here to anything that it takes.
        A block is copied for each net; one with others inside cannot be.
    reference : str, optional
        The one that all others are held against; by default the first.
    tune : dict, optional
        Values to choose from, the same for each activation; by default the learning rates 0.01, 0.03, 0.1
        and 0.3.
    margin : float, optional
        Differences of the loss smaller than this do not matter to you; by default a tenth of the size of the
        reference's test loss. Decide on it before you look.
    loss : callable, optional
        A Gluon loss; by default ``SoftmaxCrossEntropyLoss()``. What it gives for each sample is compared.
    epochs, patience : int
        A training ends when the loss on the part set apart has not fallen for ``patience`` epochs
        ("converged"), or after ``epochs`` ("budget"); the parameters of its best epoch are tested.
    target : float, optional
        Training ends too when the training loss comes down to this ("target").
    batch_size : int
        Samples for each step.
    folds, repeats : int
        Two or more of each.
    level : float
        Of false alarms over all activations together (Holm's correction).
    seed : int
        Draws everything; the same seed gives the same table.
    folder : path, optional
        Where each run is kept, so that an interrupted comparison goes on where it was. It is known by all that
        is passed here, but for the code of what ``build`` calls: if that has changed, delete the folder.
    jobs, progress
        As for :func:`training.sweep`; inside ``joblib.parallel_config(backend="dask")`` runs go to a cluster.
    ctx : str or mxnet.Context
        Device.
    **options
        ``learning_rate``, ``momentum`` or ``optimizer``, passed to :func:`training.train`.

    Returns
    -------
    Comparison
        Prints as a table; ``rows`` holds it as records, ``check`` the reference against itself under
        other weights, ``runs`` every training, and ``plots.plot_comparison`` draws it.

    Raises
    ------
    ValueError, TypeError
        If something asked for cannot be: the message says what is allowed and what came. Each net is built and
        asked once before the first is trained.
    RuntimeError
        If a run failed, after all others: the message tells which, and what it said.
    """
    numbers = checked(
        epochs=epochs,
        patience=patience,
        target=target,
        batch_size=batch_size,
        folds=folds,
        repeats=repeats,
        margin=margin,
        level=level,
        seed=seed,
    )
    run = protocol(build, data, activations, tune=tune, loss=loss, ctx=ctx, options=options, **numbers)
    reference = next(iter(run.arms)) if reference is None else reference
    if reference not in run.arms:
        raise ValueError(f"the reference is one of {', '.join(run.arms)}, not {in_a_line(reference)}")
    run.rehearse()
    settings = [
        {"activation": name, "again": again, "fold": fold, "seed": repeat}
        for repeat in range(numbers["repeats"])
        for fold in range(run.folds)
        for name, again in [*((name, False) for name in run.arms), (reference, True)]
    ]
    source = "" if folder is None else run.fingerprint()
    runs = _runs(run, settings, source, folder=folder, jobs=jobs, progress=progress)
    return Comparison.of(runs, reference, margin=numbers["margin"], level=numbers["level"])


@dataclass(frozen=True, repr=False)
class Comparison:
    """What :func:`compare` found: prints as a table."""

    reference: str
    margin: float
    level: float
    loss: float  # of the reference
    accuracy: float | None  # of the reference
    rows: list[_Record]
    check: _Record  # the reference against itself, under other weights
    runs: list[_Record]
    notes: list[str]

    @classmethod
    def of(
        cls, runs: list[_Record], reference: str, *, margin: float | None = None, level: float = 0.05
    ) -> Comparison:
        """The verdicts of runs that have been made: of a part of the activations, or with another margin."""
        names = list(dict.fromkeys(run["activation"] for run in runs))
        losses = {key: _table(runs, key, "losses") for key in _keys(runs)}
        mean = float(losses[reference, False].mean())
        width = abs(mean) / 10 if margin is None else margin
        lost = _share(runs, reference, "diverged") > 1 / 2  # and then nobody can be held against it
        right = {}
        if all(run["right"] is not None for run in runs):
            right = {key: _table(runs, key, "right") for key in losses}
        pace = {name: _pace(runs, name) for name in names}

        def row(name: str, again: bool = False) -> tuple[_Record, Estimate]:
            found = estimate(losses[name, again] - losses[reference, False])
            low, high = found.interval(level)
            record: _Record = {"activation": name, "difference": found.mean, "low": low, "high": high}
            if right:
                gain = estimate(right[name, again] - right[reference, False])
                record["accuracy"] = float(right[name, again].mean())
                record["accuracy_difference"] = gain.mean
                record["accuracy_low"], record["accuracy_high"] = gain.interval(level)
            record.update(
                loss=float(losses[name, again].mean()),
                p=found.p_different(),
                p_equivalent=found.p_equivalent(width),
                from_samples=found.samples,
                from_repeat=found.repeat,
                freedom=found.freedom,
                cost=pace[name] / pace[reference],
            )
            return record, found

        others = [row(name) for name in names if name != reference]
        different = holm([record["p"] for record, _ in others])
        alike = holm([record["p_equivalent"] for record, _ in others])
        for (record, found), p, q in zip(others, different, alike):
            record["p"], record["p_equivalent"] = p, q
            record["verdict"] = "undecided" if lost else verdict(found.mean, p, q, level)
            record["repeats_to_decide"] = (
                repeats_to_decide(found, width, level, len(others)) if record["verdict"] == "undecided" else 0
            )
        accuracy = float(right[reference, False].mean()) if right else None
        rows = [record for record, _ in others]
        again = row(reference, True)[0] if (reference, True) in losses else {}
        return cls(reference, width, level, mean, accuracy, rows, again, runs, _notes(runs, names))

    def __str__(self) -> str:
        repeats, folds = (len({run[part] for run in self.runs}) for part in ("seed", "fold"))
        accuracy = "" if self.accuracy is None else f", accuracy {self.accuracy:.2%}"
        head = [
            f"against {self.reference} (test loss {self.loss:.4g}{accuracy}; {repeats} x {folds} folds; "
            f"equivalent within ±{self.margin:.3g})"
        ]
        longest = max(len(row["activation"]) for row in self.rows)
        for row in sorted(self.rows, key=lambda row: (VERDICTS.index(row["verdict"]), row["difference"])):
            half = (row["high"] - row["low"]) / 2
            points = f"{100 * row['accuracy_difference']:+7.2f} points" if "accuracy" in row else ""
            wanted = _wanted(row["repeats_to_decide"]) if row["verdict"] == "undecided" else ""
            line = f"{row['activation']:<{longest}}  {row['verdict']:<10}  {row['difference']:+.4f} ± {half:.4f}"
            head.append(f"{line}{points}  {row['cost']:5.2f} x time{wanted}")
        if self.check:
            half = (self.check["high"] - self.check["low"]) / 2
            head.append(
                f"{self.reference} against itself, other weights: {self.check['difference']:+.4f} ± {half:.4f}"
            )
        return "\n".join(head + self.notes)

    __repr__ = __str__


def _wanted(repeats: float) -> str:
    return "  wants more samples" if math.isinf(repeats) else f"  {repeats} repeats would decide"


def _keys(runs: list[_Record]) -> list[tuple[str, bool]]:
    return list(dict.fromkeys((run["activation"], run["again"]) for run in runs))


def _table(runs: list[_Record], key: tuple[str, bool], column: str) -> _Array:
    """Repeats x samples."""
    mine = [run for run in runs if (run["activation"], run["again"]) == key]
    repeats = sorted({run["seed"] for run in mine})
    table = numpy.empty((len(repeats), sum(len(run["samples"]) for run in mine) // len(repeats)))
    for run in mine:
        table[repeats.index(run["seed"]), run["samples"]] = run[column]
    return table


def _pace(runs: list[_Record], name: str) -> float:
    """Seconds for an epoch, the median of all runs."""
    return float(numpy.median([run["seconds"] for run in runs if run["activation"] == name]))


def _share(runs: list[_Record], name: str, stopped: str) -> float:
    """Of the trainings of an activation, how many ended so."""
    mine = [run["stopped"] for run in runs if run["activation"] == name]
    return mine.count(stopped) / len(mine)


def _notes(runs: list[_Record], names: list[str]) -> list[str]:
    """What a reader should know: trainings cut short, and settings at the end of what was tried."""
    notes = []
    tuned = {key for run in runs for key in run if key.startswith("best_")}
    ends = {}
    for key in tuned:
        tried = [value for run in runs for value in run["tried"][key[5:]]]
        if all(isinstance(value, (int, float)) for value in tried) and min(tried) < max(tried):
            ends[key] = {"smallest": min(tried), "largest": max(tried)}
    for name in names:
        mine = [run for run in runs if run["activation"] == name]

        def often(what: str, count: int, mine: list[_Record] = mine, name: str = name) -> None:
            if 2 * count > len(mine):
                notes.append(f"{name}: {count} of {len(mine)} {what}")

        stopped = Counter(run["stopped"] for run in mine)
        often("trainings ended with their epochs, before the loss stopped falling", stopped["budget"])
        often("trainings diverged", stopped["diverged"])
        if wild := sum(not math.isfinite(sum(run["losses"])) for run in mine):
            notes.append(f"{name}: {wild} of {len(mine)} test losses are not finite")
        for key, both in sorted(ends.items()):
            for word, value in both.items():
                count = sum(run[key] == value for run in mine)
                often(f"chose the {word} {key[5:]}, {value:g}: try others beyond, for all", count)
    return notes
