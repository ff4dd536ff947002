"""An honest comparison of activations on anybody's net and data."""

from __future__ import annotations

import inspect
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

import numpy
from numpy.typing import NDArray

import mxnet as mx
from mxnet.gluon import Block, HybridBlock

from ._arrays import array, numpy_arrays
from ._context import context
from ._verdicts import VERDICTS, Estimate, estimate, holm, repeats_to_decide, verdict
from .initialize import initializer
from .training import _Path, _Record, _runs, _source, train

__all__ = ["Comparison", "compare"]

_CHUNK = 1024  # samples that are looked at together
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
    data : pair of numpy.ndarray
        Samples and targets. Whole numbers for targets are classes: they keep their shares in every cut,
        and the accuracy is taken.
    activations : sequence of str, or dict
        Catalog names; or of anything else a dict from its name here to what ``build`` takes.
    reference : str, optional
        The one that all others are held against; by default the first.
    tune : dict, optional
        Values to choose from, the same for each activation; by default the learning rates 0.01, 0.03, 0.1
        and 0.3.
    margin : float, optional
        Differences of the loss smaller than this do not matter to you; by default a tenth of the reference's
        test loss. Decide on it before you look.
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
        Where each run is kept, so that an interrupted comparison goes on where it was. What ``build`` calls is
        not looked at: if that has changed, delete the folder.
    jobs, progress
        As for :func:`training.sweep`; inside ``joblib.parallel_config(backend="dask")`` runs go to a cluster.
    ctx : str or mxnet.Context
        Device.
    **options
        Passed to :func:`training.train`, as ``momentum=0.9`` or ``optimizer="adam"``.

    Returns
    -------
    Comparison
        Prints as a table; ``rows`` holds it as records, ``check`` the reference against itself under
        other weights, ``runs`` every training, and ``plots.plot_comparison`` draws it.

    Raises
    ------
    ValueError, TypeError
        If something asked for cannot be: the message says what is allowed and what came.
    """
    run = protocol(
        build,
        data,
        activations,
        tune=tune,
        loss=loss,
        epochs=epochs,
        patience=patience,
        target=target,
        batch_size=batch_size,
        folds=folds,
        seed=seed,
        ctx=ctx,
        options=options,
    )
    reference = next(iter(run.arms)) if reference is None else reference
    if reference not in run.arms:
        raise ValueError(f"the reference is one of {', '.join(run.arms)}, not {reference!r}")
    _check_count("repeats", repeats)
    if margin is not None and not margin > 0:
        raise ValueError(f"compare's margin is a number above 0, not {margin!r}")
    settings = [
        {"activation": name, "again": again, "fold": fold, "seed": repeat}
        for repeat in range(repeats)
        for fold in range(folds)
        for name, again in [*((name, False) for name in run.arms), (reference, True)]
    ]
    source = "" if folder is None else run.fingerprint()
    runs = _runs(run, settings, source, folder=folder, jobs=jobs, progress=progress)
    return Comparison.of(runs, reference, margin=margin, level=level)


def protocol(
    build: Callable[..., Block],
    data: tuple[_Array, _Array],
    activations: Sequence[Any] | Mapping[str, Any],
    *,
    tune: Mapping[str, Sequence[Any]] | None,
    options: Mapping[str, Any],
    **settings: Any,
) -> _Protocol:
    """How one replicate of :func:`compare` is made; what cannot be is said. Its other arguments are let pass."""
    from sklearn.model_selection import ParameterGrid

    arms, folds = _arms(activations), settings["folds"]
    _check_count("folds", folds)
    x, y = (numpy.asarray(part) for part in data)
    if not len(x) == len(y) >= 5 * folds:
        raise ValueError(
            f"a comparison in {folds} folds wants as many targets as samples, and at least {5 * folds}, "
            f"not {len(y)} and {len(x)}"
        )
    grid = list(ParameterGrid({name: list(values) for name, values in (tune or _RATES).items()}))
    mine = {name: value for name, value in settings.items() if name in _Protocol.__dataclass_fields__}
    return _Protocol(build=build, x=x, y=y, arms=arms, grid=grid, options=dict(options), **mine)


def _check_count(name: str, value: Any) -> None:
    if not isinstance(value, int) or value < 2:
        raise ValueError(f"compare's {name} is a whole number of at least 2, not {value!r}")


_RATES = {"learning_rate": [0.01, 0.03, 0.1, 0.3]}


def _arms(activations: Sequence[Any] | Mapping[str, Any]) -> dict[str, Any]:
    """Name to what ``build`` takes."""
    if isinstance(activations, Mapping):
        arms = dict(activations)
    elif isinstance(activations, str) or not all(isinstance(name, str) for name in activations):
        raise TypeError(
            f"activations are a list of names, or a dict from names to what build takes, not {activations!r}"
        )
    else:
        arms = {name: name for name in activations}
        if len(arms) < len(activations):
            raise ValueError(f"each activation is compared once, not {', '.join(activations)}")
    if len(arms) < 2:
        raise ValueError(
            f"a comparison wants a reference and at least one other, not {', '.join(arms) or 'nothing'}"
        )
    return arms


@dataclass
class _Protocol:
    """One replicate: an activation is tuned on what a fold leaves, and tested on the fold."""

    build: Callable[..., Block]
    x: _Array
    y: _Array
    arms: dict[str, Any]
    grid: list[_Record]
    loss: Callable[..., Any] | None
    epochs: int
    patience: int
    target: float | None
    batch_size: int
    folds: int
    seed: int
    ctx: Any
    options: _Record

    @property
    def classes(self) -> bool:
        """Whether targets are classes, one for each sample or for each place of it."""
        return bool(numpy.issubdtype(self.y.dtype, numpy.integer)) and self.loss is None

    def fingerprint(self) -> str:
        """What a kept run depends on, besides its own setting."""
        import joblib

        apart = ("build", "arms", "loss", "ctx")
        held = {name: value for name, value in vars(self).items() if name not in apart}
        names = [(name, getattr(arm, "__qualname__", repr(arm))) for name, arm in self.arms.items()]
        kind = "" if self.loss is None else type(self.loss).__qualname__
        return f"{_source(self.build)}\n{joblib.hash((held, names, kind))}"

    def __call__(self, *, activation: str, again: bool, fold: int, seed: int) -> _Record:
        with numpy_arrays():  # whose weights every session draws alike
            train_part, valid_part, test_part = self._cut(seed, fold)
            draw = _seed_of(self.seed, seed, fold, again)
            found = [self._trained(activation, setting, draw, train_part, valid_part) for setting in self.grid]
            best = min(range(len(found)), key=lambda place: found[place].valid)
            losses, right = self._losses(found[best].net, test_part)
            return {
                **{f"best_{name}": value for name, value in self.grid[best].items()},
                "tried": {name: sorted({setting[name] for setting in self.grid}) for name in self.grid[best]},
                "stopped": found[best].stopped,
                "epochs": found[best].epochs,
                "seconds": sum(part.seconds for part in found) / max(sum(part.epochs for part in found), 1),
                "train_loss": found[best].train,
                "valid_loss": found[best].valid,
                "curve": found[best].curve,
                "samples": test_part,
                "losses": losses,
                "right": right,
            }

    def _cut(self, repeat: int, fold: int) -> tuple[_Array, _Array, _Array]:
        """The samples to learn from, to choose by, and to test on."""
        from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

        state = _seed_of(self.seed, repeat)
        kinds = self.y if self.classes and self.y.ndim == 1 else None
        cut = (KFold if kinds is None else StratifiedKFold)(self.folds, shuffle=True, random_state=state)
        rest, test = list(cut.split(numpy.zeros(len(self.y)), kinds))[fold]
        stratify = None if kinds is None else kinds[rest]
        learn, choose = train_test_split(rest, test_size=0.2, random_state=state, stratify=stratify)
        return learn, choose, test

    def _trained(self, name: str, setting: _Record, draw: int, learn: _Array, choose: _Array) -> _Trained:
        """A net trained until it has converged, with the parameters of its best epoch."""
        known = inspect.signature(train).parameters
        mine = {key: value for key, value in setting.items() if key not in known}
        theirs = {key: value for key, value in setting.items() if key in known}
        mx.random.seed(draw)
        net = self._net(name, mine)
        parameters = net.collect_params()
        best = _Trained(net, float(self._losses(net, choose)[0].mean()))
        best.curve.append(best.valid)
        kept = {key: p.data().asnumpy() for key, p in parameters.items()}
        waited = 0

        def stop(history: list[_Record]) -> bool:
            nonlocal waited, kept
            record = history[-1]
            valid = math.inf if record.get("diverged") else float(self._losses(net, choose)[0].mean())
            waited += 1
            best.curve.append(valid)
            if valid < best.valid or not math.isfinite(best.valid):
                best.valid, best.train, waited = valid, record["loss"], 0
                kept = {key: p.data().asnumpy() for key, p in parameters.items()}
            if self.target is not None and record["loss"] <= self.target:
                best.stopped = "target"
            elif record.get("diverged"):
                best.stopped = "diverged"
            elif waited >= self.patience:
                best.stopped = "converged"
            return best.stopped != "budget"

        started = time.perf_counter()
        history = train(
            net,
            self.x[learn],
            self.y[learn],
            loss=self.loss,
            seed=draw,
            ctx=self.ctx,
            stop=stop,
            **{"epochs": self.epochs, "batch_size": self.batch_size, **self.options, **theirs},
        )
        best.epochs, best.seconds = len(history), time.perf_counter() - started
        for key, p in parameters.items():
            p.set_data(array(kept[key], dtype=kept[key].dtype))
        return best

    def _net(self, name: str, settings: _Record) -> Block:
        net = self.build(self.arms[name], **settings)
        if not isinstance(net, Block):
            raise TypeError(f"build makes a Gluon block of an activation, not a {type(net).__name__}")
        if any(p._data is None and not p._deferred_init for p in net.collect_params().values()):
            net.initialize(initializer(net), ctx=context(self.ctx))
        if isinstance(net, HybridBlock):
            net.hybridize()
        net(self._batch(self.x[:1]))  # Gluon draws the weights when the first sample comes: now
        return net

    def _batch(self, part: _Array) -> Any:
        return array(part, dtype=part.dtype if part.dtype == numpy.int32 else "float32", ctx=context(self.ctx))

    def _losses(self, net: Block, places: _Array) -> tuple[_Array, _Array | None]:
        """The loss of each sample, and the share of it that is right."""
        criterion = mx.gluon.loss.SoftmaxCrossEntropyLoss() if self.loss is None else self.loss
        losses, right = [], []
        for start in range(0, len(places), _CHUNK):
            chosen = places[start : start + _CHUNK]
            scores = net(self._batch(self.x[chosen]))
            error = criterion(scores, array(self.y[chosen], ctx=context(self.ctx))).asnumpy()
            losses.append(error.reshape(len(chosen), -1).mean(1, dtype="float64"))
            if self.classes:
                hits = scores.asnumpy().argmax(-1) == self.y[chosen]
                right.append(hits.reshape(len(chosen), -1).mean(1, dtype="float64"))
        return numpy.concatenate(losses), numpy.concatenate(right) if right else None


def _seed_of(*numbers: int) -> int:
    """One seed of several numbers, within what MXNet and scikit-learn take."""
    (state,) = numpy.random.SeedSequence(numbers).generate_state(1)
    return int(state) // 2


@dataclass
class _Trained:
    """What became of one training."""

    net: Block
    valid: float
    train: float = math.nan
    stopped: str = "budget"
    epochs: int = 0
    seconds: float = 0.0
    curve: list[float] = field(default_factory=list)  # the loss on what is set apart, before and after each epoch


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare` found: prints as a table."""

    reference: str
    margin: float
    level: float
    loss: float  # of the reference
    accuracy: float | None  # of the reference
    rows: list[_Record]
    check: _Record  # the reference against itself, under other weights
    runs: list[_Record] = field(repr=False)
    notes: list[str] = field(repr=False)

    @classmethod
    def of(
        cls, runs: list[_Record], reference: str, *, margin: float | None = None, level: float = 0.05
    ) -> Comparison:
        """The verdicts of runs that have been made: of a part of the activations, or with another margin."""
        names = list(dict.fromkeys(run["activation"] for run in runs))
        losses = {key: _table(runs, key, "losses") for key in _keys(runs)}
        mean = float(losses[reference, False].mean())
        width = mean / 10 if margin is None else margin
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
            record["verdict"] = verdict(found.mean, p, q, level)
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


def _notes(runs: list[_Record], names: list[str]) -> list[str]:
    """What a reader should know: trainings cut short, and settings at the end of what was tried."""
    notes = []
    tuned = {key for run in runs for key in run if key.startswith("best_")}
    ends = {}
    for key in tuned:
        tried = {value for run in runs for value in run["tried"][key[5:]]}
        if len(tried) > 1 and all(isinstance(value, (int, float)) for value in tried):
            ends[key] = {"smallest": min(tried), "largest": max(tried)}
    for name in names:
        mine = [run for run in runs if run["activation"] == name]

        def often(what: str, count: int, mine: list[_Record] = mine, name: str = name) -> None:
            if 2 * count > len(mine):
                notes.append(f"{name}: {count} of {len(mine)} {what}")

        stopped = Counter(run["stopped"] for run in mine)
        often("trainings ended with their epochs, before the loss stopped falling", stopped["budget"])
        often("trainings diverged", stopped["diverged"])
        for key, both in sorted(ends.items()):
            for word, value in both.items():
                count = sum(run[key] == value for run in mine)
                often(f"chose the {word} {key[5:]}, {value:g}: try others beyond, for all", count)
    return notes
