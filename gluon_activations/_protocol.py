"""One replicate of a comparison: what may be asked for, and how an activation is tuned and tested."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

import numpy
from numpy.typing import NDArray

import mxnet as mx
from mxnet.gluon import Block, HybridBlock
from mxnet.gluon.loss import SoftmaxCrossEntropyLoss

from ._arrays import array, is_array, plain
from ._context import context
from ._identity import digest
from ._parameters import Integer, Number
from ._wording import in_a_line
from .initialize import initializer
from .nets._walk import check_loss
from .training import _Record, _source, train

_CHUNK = 1024  # samples that are looked at together
_RATES = {"learning_rate": [0.01, 0.03, 0.1, 0.3]}
_OPTIONS = (
    "learning_rate",
    "momentum",
    "optimizer",
)  # of train(), for all; what compare names itself comes besides
_TUNABLE = (*_OPTIONS, "epochs", "batch_size")
_TAKEN = ("activation", "loss", "seed", "ctx", "stop", "valid", "progress")  # and so no setting of a build's
_WANTED = (
    *(Integer("", name=name, at_least=1) for name in ("epochs", "patience", "batch_size")),
    *(Integer("", name=name, at_least=2) for name in ("folds", "repeats")),
    Integer("", name="seed", at_least=0),
    Number("", name="level", above=0, below=1),
)
_OPTIONAL = (Number("", name="margin", above=0), Number("", name="target"))
_Array = NDArray[Any]


def checked(**numbers: Any) -> dict[str, Any]:
    """The numbers that :func:`compare` takes, or an error that says what is allowed and what came."""
    found = {one.name: one.check(numbers[one.name], "compare") for one in _WANTED}
    given = {one.name: one for one in _OPTIONAL if numbers[one.name] is not None}
    return {**numbers, **found, **{name: one.check(numbers[name], "compare") for name, one in given.items()}}


def protocol(
    build: Callable[..., Block],
    data: tuple[_Array, _Array],
    activations: Sequence[Any] | Mapping[str, Any],
    *,
    tune: Mapping[str, Sequence[Any]] | None,
    loss: Callable[..., Any] | None,
    options: Mapping[str, Any],
    ctx: Any,
    **settings: Any,
) -> Protocol:
    """How one replicate of :func:`compare` is made; what cannot be is said. Its other arguments are let pass."""
    if not callable(build):
        raise TypeError(f"build is a function that makes a net of an activation, not {in_a_line(build)}")
    if loss is not None:
        check_loss(loss)
    if unknown := [name for name in options if name not in _OPTIONS]:
        raise TypeError(f"compare passes {', '.join(_OPTIONS)} to each training, not {', '.join(unknown)}")
    context(ctx)
    arms = _arms(activations)
    x, y = _pair(data)
    mine = {name: value for name, value in settings.items() if name in Protocol.__dataclass_fields__}
    run = Protocol(
        build=build, x=x, y=y, arms=arms, grid=_grid(tune), loss=loss, ctx=ctx, options=dict(options), **mine
    )
    least = 5 * run.folds
    if not len(x) == len(y) >= least:
        raise ValueError(
            f"a comparison in {run.folds} folds wants as many targets as samples, and at least {least}, "
            f"not {len(y)} and {len(x)}"
        )
    if run.classes:
        run.y = _classes(y)
        _check_shares(run.y, run.folds)
    return run


def _pair(data: Any) -> tuple[_Array, _Array]:
    """Samples and targets as NumPy's arrays."""
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        came = f"{len(data)} things" if isinstance(data, (tuple, list)) else type(data).__name__
        raise TypeError(f"data are a pair, samples and targets, not {came}")
    x, y = (part.asnumpy() if is_array(part) else numpy.asarray(part) for part in data)
    for name, part in (("samples", x), ("targets", y)):
        if part.dtype.kind not in "biuf" or part.ndim == 0:
            raise TypeError(f"{name} are an array of numbers, not {part.ndim} axes of {part.dtype}")
        bad = ~numpy.isfinite(part)
        if bad.any():
            raise ValueError(f"{name} are finite numbers, and {bad.sum()} of these {part.size} are not")
    return x, y


def _grid(tune: Any) -> list[_Record]:
    from sklearn.model_selection import ParameterGrid

    choices = {}
    for name, values in (_RATES if tune is None else tune).items():
        if isinstance(values, (str, bytes)) or not numpy.iterable(values) or not [*values]:
            raise TypeError(f"tune holds a list of values for each setting, not {in_a_line(values)} for {name}")
        if name in _TAKEN:
            raise ValueError(f"what is tuned is {', '.join(_TUNABLE)} or a setting of build's, not {name}")
        choices[name] = plain(list(values))
    return list(ParameterGrid(choices))


def _arms(activations: Any) -> dict[str, Any]:
    """Name to what ``build`` takes."""
    if isinstance(activations, Mapping):
        arms: dict[str, Any] = plain(dict(activations))
    else:
        names: list[Any] = (
            plain(list(activations))
            if numpy.iterable(activations) and not isinstance(activations, str)
            else [None]
        )
        if not all(isinstance(name, str) for name in names):
            raise TypeError(
                "activations are a list of names, or a dict from names to what build takes, "
                f"not {in_a_line(activations)}"
            )
        arms = {name: name for name in names}
        if len(arms) < len(names):
            raise ValueError(f"each activation is compared once, not {', '.join(names)}")
    if not all(isinstance(name, str) for name in arms):
        raise TypeError(f"activations are named by text, not {', '.join(map(in_a_line, arms))}")
    if held := [name for name, arm in arms.items() if isinstance(arm, Block) and arm._children]:
        raise TypeError(
            f"a block with others inside cannot be copied for each net: give what makes it, not {', '.join(held)}"
        )
    if len(arms) < 2:
        raise ValueError(
            f"a comparison wants a reference and at least one other, not {', '.join(arms) or 'nothing'}"
        )
    return arms


def _classes(y: _Array) -> _Array:
    """Targets as whole numbers, or an error where they cannot be classes."""
    if (y != numpy.round(y)).any() or y.min() < 0:
        raise ValueError(
            "for a softmax's cross-entropy targets are classes, whole numbers from 0 on, and these run from "
            f"{y.min():g} to {y.max():g}; a regression wants a loss of its own, as loss=gluon.loss.L2Loss()"
        )
    flat = y.ravel() if y.shape[1:] == (1,) else y
    return flat if y.dtype.kind in "iu" else flat.astype("int64")


def _check_shares(y: _Array, folds: int) -> None:
    """Whether each class can be in each part of each fold."""
    if y.ndim > 1:
        return
    kinds, counts = numpy.unique(y, return_counts=True)
    least = 4 if folds == 2 else 3  # one to test, one to choose, and one to learn from
    if counts.min() < least:
        raise ValueError(
            f"in {folds} folds each class wants at least {least} samples, and class {kinds[counts.argmin()]} has "
            f"{counts.min()}"
        )
    chosen = math.ceil(0.2 * (len(y) - math.ceil(len(y) / folds)))
    if chosen < len(kinds):
        raise ValueError(
            f"{len(kinds)} classes want more samples than {len(y)}: the part that chooses has {chosen}, and is to "
            "hold each"
        )


@dataclass
class Protocol:
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
        if self.loss is None:
            return True
        return isinstance(self.loss, SoftmaxCrossEntropyLoss) and bool(self.loss._sparse_label)

    @property
    def _axis(self) -> int:
        """Of the scores of the classes."""
        return int(getattr(self.loss, "_axis", -1))

    def fingerprint(self) -> str:
        """What a kept run depends on, besides its own setting."""
        return f"{_source(self.build)}\n{digest({**vars(self), 'ctx': None})}"

    def rehearse(self) -> None:
        """Build each net and ask it once, so that what cannot be is said before anything is trained."""
        for name in self.arms:
            net = self._net(name, self._of_build(self.grid[0]))
            if self.classes and self.y.max() >= (size := net(self._batch(self.x[:1])).shape[self._axis]):
                raise ValueError(
                    f"the targets go up to {self.y.max()}, and the net with {name} has {size} "
                    f"output{'s' if size > 1 else ''}: it wants one for each class, from 0 on"
                )
            self._losses(net, numpy.arange(2))

    def __call__(self, *, activation: str, again: bool, fold: int, seed: int) -> _Record:
        train_part, valid_part, test_part = self._cut(seed, fold)
        draw = _seed_of(self.seed, seed, fold, again)
        found = [self._trained(activation, setting, draw, train_part, valid_part) for setting in self.grid]
        best = min(range(len(found)), key=lambda place: found[place].valid)
        losses, right = self._losses(found[best].net, test_part)
        return {
            **{f"best_{name}": value for name, value in self.grid[best].items()},
            "tried": {name: _each([setting[name] for setting in self.grid]) for name in self.grid[best]},
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

    def _trained(self, name: str, setting: _Record, draw: int, learn: _Array, choose: _Array) -> Trained:
        """A net trained until it has converged, with the parameters of its best epoch."""
        theirs = {key: value for key, value in setting.items() if key in _TUNABLE}
        mx.random.seed(draw)
        net = self._net(name, self._of_build(setting))
        parameters = net.collect_params()
        best = Trained(net, float(self._losses(net, choose)[0].mean()))
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

    @staticmethod
    def _of_build(setting: _Record) -> _Record:
        return {key: value for key, value in setting.items() if key not in _TUNABLE}

    def _net(self, name: str, settings: _Record) -> Block:
        arm = self.arms[name]
        # What a block has learned in one training is not for the next.
        net = self.build(copy.deepcopy(arm) if isinstance(arm, Block) else arm, **settings)
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
        criterion = SoftmaxCrossEntropyLoss() if self.loss is None else self.loss
        losses, right = [], []
        for start in range(0, len(places), _CHUNK):
            chosen = places[start : start + _CHUNK]
            scores = net(self._batch(self.x[chosen]))
            error = criterion(scores, array(self.y[chosen], ctx=context(self.ctx))).asnumpy()
            if error.shape[:1] != chosen.shape:
                raise ValueError(
                    f"compare's loss gives a number for each sample, not an array of shape {error.shape}"
                )
            losses.append(_of_each(error))
            if self.classes:
                hits = scores.asnumpy().argmax(self._axis) == self.y[chosen]
                right.append(_of_each(hits))
        return numpy.concatenate(losses), numpy.concatenate(right) if right else None


def _of_each(values: _Array) -> _Array:
    """The mean of what belongs to each sample."""
    return numpy.asarray(values.reshape(len(values), values.size // len(values)).mean(1, dtype="float64"))


def _seed_of(*numbers: int) -> int:
    """One seed of several numbers, within what MXNet and scikit-learn take."""
    (state,) = numpy.random.SeedSequence(numbers).generate_state(1)
    return int(state) // 2


@dataclass
class Trained:
    """What became of one training."""

    net: Block
    valid: float
    train: float = math.nan
    stopped: str = "budget"
    epochs: int = field(init=False)
    seconds: float = field(init=False)
    curve: list[float] = field(default_factory=list)  # the loss on what is set apart, before and after each epoch


def _each(values: list[Any]) -> list[Any]:
    """Each value once, in the order in which they come."""
    return [value for place, value in enumerate(values) if value not in values[:place]]
