"""The small, seeded training that the pages share: data, two nets, one loop, and the sweep.

Everything is drawn from a seed, so that two runs on one machine give the same numbers. Data
are NumPy arrays; a net computes with the kind of array that this session uses.
"""

import contextlib
import csv
import inspect
import itertools
import math
import numbers
import os
import statistics
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, NamedTuple, Optional, Union

import numpy
from numpy.typing import NDArray

import mxnet as mx
from mxnet.gluon import Block, Trainer, nn

from ._arrays import array, numpy_arrays, plain
from ._context import context
from ._parameters import Choice, Integer, Number
from ._wording import in_a_line
from .catalog import get_activation
from .initialize import initializer

__all__ = [
    "DATA_SETS",
    "MODELS",
    "Data",
    "accuracy",
    "best_rates",
    "cnn",
    "experiment",
    "load_data",
    "mlp",
    "read_csv",
    "sweep",
    "train",
    "write_csv",
]

DATA_SETS = ("digits", "breast_cancer", "diabetes", "fashion_mnist")
_IMAGES = ("digits", "fashion_mnist")
MODELS = ("mlp", "cnn")
_RESULTS = ("valid", "test", "loss")  # of an experiment
_Array = NDArray[Any]
_Record = dict[str, Any]
_Items = tuple[tuple[str, Any], ...]
_Path = Union[str, "os.PathLike[str]"]


class Data(NamedTuple):
    """A data set in three parts: to learn from, to choose by, and to report on once."""

    x_train: _Array
    y_train: _Array
    x_valid: _Array
    y_valid: _Array
    x_test: _Array
    y_test: _Array


def load_data(name: str = "digits", *, seed: int = 0, images: bool = False) -> Data:
    """Load a real data set, cut into 60 % training, 20 % validation and 20 % test.

    (Of Fashion-MNIST: 80 % and 20 % of MXNet's training part, and its test part.) The first three come
    with scikit-learn and need no network. Each feature has mean 0 and spread 1 on the training part, and so
    has the target of a regression.

    Parameters
    ----------
    name : {"digits", "breast_cancer", "diabetes", "fashion_mnist"}
        Ten classes of 8 x 8 images; two classes; a regression; or ten classes of 28 x 28
        images, which MXNet downloads on first use (its own test part stays the test part).
    seed : int
        Draws the cut. Classes keep their shares.
    images : bool
        Whether digits and Fashion-MNIST are images of shape (1, height, width) rather than rows.

    Returns
    -------
    Data
        float32 arrays ``x_train, y_train, x_valid, y_valid, x_test, y_test``.

    Raises
    ------
    ValueError
        If there is no such data set, or ``images`` is asked of one that has none.
    """
    from sklearn.model_selection import train_test_split

    Choice("Data set.", options=DATA_SETS, name="name").check(name, "load_data")
    if images and name not in _IMAGES:
        raise ValueError(f"{name} holds no images, only digits and fashion_mnist do")
    classes = name != "diabetes"

    def cut(x: _Array, y: _Array, share: float) -> Any:
        return train_test_split(x, y, test_size=share, random_state=seed, stratify=y if classes else None)

    if name == "fashion_mnist":
        (x, y), (x_test, y_test) = (_fashion_mnist(train) for train in (True, False))
    else:
        x, x_test, y, y_test = cut(*_from_sklearn(name), 0.2)
    x_train, x_valid, y_train, y_valid = cut(x, y, 0.25 if name != "fashion_mnist" else 0.2)
    xs = _standardised(x_train, x_valid, x_test)
    ys = (y_train, y_valid, y_test) if classes else _standardised(y_train, y_valid, y_test)
    if images:
        xs = list(map(_squares, xs))
    parts = (part.astype("float32") for pair in zip(xs, ys) for part in pair)
    return Data(*parts)


def _squares(x: _Array) -> _Array:
    side = math.isqrt(x.shape[1])
    return x.reshape(len(x), 1, side, side)


def _from_sklearn(name: str) -> tuple[_Array, _Array]:
    from sklearn import datasets

    data: tuple[_Array, _Array] = getattr(datasets, f"load_{name}")(return_X_y=True)
    return data


def _fashion_mnist(train: bool) -> tuple[_Array, _Array]:
    images, labels = mx.gluon.data.vision.FashionMNIST(train=train)[:]
    return images.asnumpy().reshape(len(labels), -1), numpy.asarray(labels)


def _standardised(train: _Array, *others: _Array) -> list[_Array]:
    from sklearn.preprocessing import StandardScaler

    def rows(part: _Array) -> _Array:
        return part.reshape(len(part), -1)

    scaler = StandardScaler().fit(rows(train))
    return [scaler.transform(rows(part)).reshape(part.shape) for part in (train, *others)]


def mlp(
    activation: Any = "relu",
    *,
    inputs: int = 64,
    hidden: Sequence[int] = (64, 64),
    outputs: int = 10,
    init: Optional[mx.init.Initializer] = None,
    seed: int = 0,
    ctx: Any = "cpu",
) -> nn.HybridSequential:
    """Make a net of dense layers with an activation after each but the last.

    Parameters
    ----------
    activation : str, callable or None
        A catalog name, a factory that makes a block (its class, say), or None for no activation.
    inputs, outputs : int
        Length of a row of data and number of outputs.
    hidden : sequence of int
        Width of each hidden layer.
    init : mxnet.init.Initializer, optional
        For the weights of all layers; by default those of the hidden layers suit the activation
        called by its name (:func:`initializer`; those before a factory's are ReLU's) and the last
        layer has variance 1 / fan-in.
    seed : int
        Draws the weights; it seeds MXNet's generator for the whole session.
    ctx : str or mxnet.Context
        Device.

    Returns
    -------
    mxnet.gluon.nn.HybridSequential
        Initialised; biases are 0.
    """
    layers: list[Block] = []
    for width in hidden:
        layers += [nn.Dense(width, weight_initializer=_suits(activation, init)), _activation_block(activation)]
    layers += [nn.Dense(outputs, weight_initializer=_suits("identity", init))]
    return _net(layers, (1, inputs), seed, ctx)


_SIDE = 8  # of an image that settles the shapes


def cnn(
    activation: Any = "relu",
    *,
    channels: Sequence[int] = (16, 32),
    outputs: int = 10,
    init: Optional[mx.init.Initializer] = None,
    seed: int = 0,
    ctx: Any = "cpu",
) -> nn.HybridSequential:
    """Make a small convolutional net for images of one channel and any size from 8 x 8 on.

    Each stage is a 3 x 3 convolution, the activation and a halving by the largest of 2 x 2; the
    mean over positions feeds the last, dense layer. Parameters and result are those of :func:`mlp`;
    ``channels`` are the widths of the stages.
    """
    layers: list[Block] = []
    for width in channels:
        layers += [nn.Conv2D(width, 3, padding=1, weight_initializer=_suits(activation, init))]
        layers += [_activation_block(activation), nn.MaxPool2D()]
    layers += [nn.GlobalAvgPool2D(), nn.Dense(outputs, weight_initializer=_suits("identity", init))]
    return _net(layers, (1, 1, _SIDE, _SIDE), seed, ctx)


def _activation_block(activation: Any) -> Block:
    if activation is None or isinstance(activation, str):
        return get_activation(activation)
    if isinstance(activation, Block) or not callable(activation):
        kind = type(activation).__name__
        raise TypeError(f"a net takes the name of an activation, a factory (a class, say) or None, not a {kind}")
    return get_activation(activation())


def _suits(activation: Any, init: Optional[mx.init.Initializer]) -> mx.init.Initializer:
    if init is not None:
        return init
    return initializer(activation if isinstance(activation, str) else "identity" if activation is None else "relu")


def _net(layers: Iterable[Block], shape: tuple[int, ...], seed: int, ctx: Any) -> nn.HybridSequential:
    net = nn.HybridSequential()
    net.add(*layers)
    device = context(ctx)
    mx.random.seed(_seed(seed))
    net.initialize(ctx=device)
    net(array(numpy.zeros(shape), ctx=device))  # Gluon draws the weights when the first sample comes: now
    return net


def _seed(seed: Any) -> int:
    """A seed as MXNet takes it; of any size, since it keeps some bits of it."""
    if not isinstance(seed, numbers.Integral) or isinstance(seed, bool):
        raise TypeError(f"the seed is an integer, not {in_a_line(seed)}")
    return int(seed)


_EPOCHS, _BATCH_SIZE = Integer("", name="epochs", at_least=0), Integer("", name="batch_size", at_least=1)
_RATE, _MOMENTUM = Number("", name="learning_rate"), Number("", name="momentum")


def train(
    net: Block,
    x: _Array,
    y: _Array,
    *,
    loss: Optional[Callable[..., Any]] = None,
    epochs: int = 10,
    learning_rate: float = 0.1,
    momentum: float = 0.0,
    batch_size: int = 32,
    seed: int = 0,
    valid: Optional[tuple[_Array, _Array]] = None,
    optimizer: str = "sgd",
    stop: Optional[Callable[[list[_Record]], bool]] = None,
    ctx: Any = "cpu",
    progress: bool = False,
) -> list[_Record]:
    """Train a net, by stochastic gradient descent unless another optimizer is named.

    Parameters
    ----------
    net : mxnet.gluon.Block
        Initialised.
    x, y : numpy.ndarray
        Data and targets, one row for each sample.
    loss : callable, optional
        A Gluon loss; by default ``SoftmaxCrossEntropyLoss()``.
    epochs : int
        How often all samples are seen.
    learning_rate, momentum : float
        Of the descent; there is no weight decay.
    batch_size : int
        Samples for each step.
    seed : int
        Draws the order of the samples, and what a dropout drops, as MXNet's generator is seeded too.
    valid : pair of _Array, optional
        Data and labels on which the accuracy is taken after each epoch.
    optimizer : str
        Of MXNet, as "adam"; a momentum is for "sgd" and its kin.
    stop : callable, optional
        Is given the records so far after each epoch; if it answers true, the training ends.
    ctx : str or mxnet.Context
        Device; the net must be there.
    progress : bool
        Whether to show a progress bar, on stderr.

    Returns
    -------
    list of dict
        For each epoch ``{"epoch": 1, "loss": mean over the samples}``, with ``"accuracy"`` if there is
        ``valid``. A loss that is no longer finite ends the training: its record has ``"diverged": True``.

    Raises
    ------
    ValueError
        If there are not as many targets as samples, or none, or a number is out of its range.
    TypeError
        If what should be a number is not one.
    """
    if not len(x) == len(y) > 0:
        raise ValueError(f"training wants as many targets as samples, and at least one, not {len(y)} and {len(x)}")
    if isinstance(batch_size, numbers.Integral) and batch_size > len(x):
        batch_size = len(x)
    epochs, batch_size = _EPOCHS.check(epochs, "train"), _BATCH_SIZE.check(batch_size, "train")
    seed, momentum = _seed(seed), _MOMENTUM.check(momentum or 0.0, "train")
    if learning_rate is not None:  # which is MXNet's own default
        learning_rate = _RATE.check(learning_rate, "train")
    criterion = mx.gluon.loss.SoftmaxCrossEntropyLoss() if loss is None else loss
    options = {"learning_rate": learning_rate, "wd": 0.0, **({"momentum": momentum} if momentum else {})}
    trainer = Trainer(net.collect_params(), optimizer, options)
    device = context(ctx)
    order = numpy.random.default_rng(seed)
    mx.random.seed(seed)
    history: list[_Record] = []
    for epoch in _bar(range(1, epochs + 1), progress, "epoch"):
        total = 0.0
        places = order.permutation(len(x))
        for start in range(0, len(x), batch_size):
            chosen = places[start : start + batch_size]
            inputs, targets = (array(part[chosen], ctx=device) for part in (x, y))
            with mx.autograd.record():
                error = criterion(net(inputs), targets)
            error.backward()
            trainer.step(len(chosen))
            total += error.sum().asnumpy().item()
        record: _Record = {"epoch": epoch, "loss": total / len(x)}
        history.append(record)
        if not numpy.isfinite(total):
            record["diverged"] = True
        elif valid is not None:
            record["accuracy"] = accuracy(net, *valid, ctx=device)
        if (stop is not None and stop(history)) or "diverged" in record:
            break
    return history


def accuracy(net: Block, x: _Array, y: _Array, *, ctx: Any = "cpu") -> float:
    """Share of labels that a net gets right.

    Parameters
    ----------
    net : mxnet.gluon.Block
        Its outputs are scores: the class is the place of the largest, or, for one output or for
        labels of several columns (multi-label), whether a score is above 0.
    x, y, ctx
        As for :func:`train`.

    Returns
    -------
    float
        Between 0 and 1.
    """
    scores = net(array(x, ctx=context(ctx))).asnumpy()
    labels = numpy.asarray(y)
    if scores.shape == labels.shape or scores.shape == (*labels.shape, 1):
        return float(((scores > 0) == labels.reshape(scores.shape)).mean())
    return float((scores.argmax(-1) == labels.reshape(scores.shape[:-1])).mean())


def experiment(
    *,
    seed: int,
    activation: str = "relu",
    model: str = "mlp",
    data: str = "digits",
    learning_rate: float = 0.1,
    epochs: int = 20,
    batch_size: int = 32,
    ctx: str = "cpu",
) -> _Record:
    """Train one net on one data set: the run of a sweep.

    Parameters
    ----------
    seed : int
        Draws the cut of the data, the weights and the order of the samples.
    activation : str
        Catalog name of the hidden activation; the initialiser is the one that suits it.
    model : {"mlp", "cnn"}
        :func:`mlp` or :func:`cnn` with their defaults; anything else is a ValueError.
    data : {"digits", "fashion_mnist"}
        Data set, as of :func:`load_data`.
    learning_rate, epochs, batch_size
        As of :func:`train`, whose momentum is 0.9 here.
    ctx : str
        Device.

    Returns
    -------
    dict
        ``valid`` and ``test``, the accuracies on both parts, and ``loss``, the last training loss.
    """
    Choice("Net.", options=MODELS, name="model").check(model, "experiment")
    Choice("Data set.", options=_IMAGES, name="data").check(data, "experiment")
    # Gluon draws other weights for legacy arrays: the same ones for every session, then.
    with numpy_arrays():
        parts = load_data(data, seed=seed, images=model == "cnn")
        options: _Record = {"seed": seed, "ctx": ctx}
        if model == "mlp":
            net = mlp(activation, inputs=parts.x_train.shape[1], **options)
        else:
            net = cnn(activation, **options)
        net.hybridize()
        options.update(learning_rate=learning_rate, epochs=epochs, batch_size=batch_size, momentum=0.9)
        history = train(net, parts.x_train, parts.y_train, **options)
        return {
            "valid": accuracy(net, parts.x_valid, parts.y_valid, ctx=ctx),
            "test": accuracy(net, parts.x_test, parts.y_test, ctx=ctx),
            "loss": history[-1]["loss"],
        }


def best_rates(records: Iterable[Mapping[str, Any]]) -> list[_Record]:
    """Choose the learning rate of each experiment: that with the highest mean accuracy on the validation part.

    Parameters
    ----------
    records : iterable of dict
        What a :func:`sweep` of :func:`experiment` over several learning rates gives.

    Returns
    -------
    list of dict
        Of the configurations that differ in ``learning_rate`` only, the best one (the first of equal ones), for
        another :func:`sweep`.
    """
    valid: dict[_Items, list[float]] = {}
    for record in records:
        setting = tuple(item for item in record.items() if item[0] not in ("seed", *_RESULTS))
        valid.setdefault(setting, []).append(record["valid"])
    best: dict[_Items, _Items] = {}
    for setting in valid:
        others = tuple(item for item in setting if item[0] != "learning_rate")
        best[others] = max(best.get(others, setting), setting, key=lambda rival: statistics.mean(valid[rival]))
    return [dict(setting) for setting in best.values()]


def sweep(
    configurations: Iterable[Mapping[str, Any]],
    seeds: Iterable[int],
    run: Callable[..., Mapping[str, Any]] = experiment,
    *,
    folder: Optional[_Path] = None,
    jobs: Optional[int] = None,
    progress: bool = True,
) -> list[_Record]:
    """Call ``run(**configuration, seed=seed)`` for each configuration and seed, side by side.

    The runs go through joblib, on two processes. Inside ``joblib.parallel_config(backend="dask")`` they
    go to a Dask cluster instead, and nothing else changes.

    Parameters
    ----------
    configurations : iterable of dict
        Keyword arguments of ``run``: all combinations of some choices are scikit-learn's
        ``ParameterGrid({"activation": ["relu", "gelu"], "learning_rate": [0.1, 0.01]})``.
    seeds : iterable of int
        Each configuration is run with each seed.
    run : callable
        Returns a dict of numbers and strings; by default :func:`experiment`.
    folder : path, optional
        Where joblib.Memory keeps each result as soon as it is there; a cluster's workers must see it
        too. Called again with the same folder, a sweep that was interrupted, even killed, does only
        what is missing. Runs whose source has changed are done anew; what ``run`` calls or
        holds is not looked at: if that has changed, delete the folder.
    jobs : int, optional
        How many runs at a time; by default two, or what the caller's ``joblib.parallel_config`` says.
        1 stays in this process.
    progress : bool
        Whether to show a progress bar, on stderr.

    Returns
    -------
    list of dict
        A record for each run, configuration, seed and result in one, in the order asked for
        and not that in which they ended.

    Raises
    ------
    ValueError
        If a run is asked for twice, a result has a name that a configuration has, or results are to be kept
        of something whose source cannot be read.
    RuntimeError
        After all others have been run and kept, if a run failed; the message tells which.
    """
    pairs = itertools.product(configurations, list(seeds))
    settings = [_plain({**configuration, "seed": seed}) for configuration, seed in pairs]
    source = "" if folder is None else _source(run)
    return _runs(run, settings, source, folder=folder, jobs=jobs, progress=progress)


def _runs(
    run: Callable[..., Mapping[str, Any]],
    settings: list[_Record],
    source: str,
    *,
    folder: Optional[_Path],
    jobs: Optional[int],
    progress: bool,
) -> list[_Record]:
    """``run(**setting)`` of each setting, side by side; what is kept is kept under the source and the setting."""
    import joblib

    if len({joblib.hash(setting) for setting in settings}) < len(settings):
        raise ValueError("a sweep wants each configuration and each seed once")
    memory = joblib.Memory(None if folder is None else os.path.abspath(folder), verbose=False)
    # joblib itself looks at the source in the first folder of a session only: as an argument, it counts in each.
    call = memory.cache(_call, ignore=["run"])
    _prepare(memory)
    records, failures = {}, []
    with _backend():
        # All at once, for the workers that join a cluster later.
        parallel = joblib.Parallel(jobs, return_as="generator_unordered", pre_dispatch="all")
        results = parallel(
            joblib.delayed(_attempt)(place, call, run, source, setting, mx.util.is_np_array())
            for place, setting in enumerate(settings)
        )
        for place, result, failure in _bar(results, progress, "run", total=len(settings)):
            if failure:
                failures.append(f"{settings[place]}: {failure}")
                continue
            if both := settings[place].keys() & result:
                raise ValueError(f"a result may not be called like a setting: {', '.join(sorted(both))}")
            records[place] = {**settings[place], **result}
    if failures:
        raise RuntimeError("runs that failed:\n" + "\n".join(failures))
    return [records[place] for place in range(len(settings))]


def _backend() -> Any:
    """Two processes, unless the caller has chosen otherwise: a number, or a cluster."""
    import joblib

    active = type(joblib.parallel.get_active_backend()[0]).__name__
    if joblib.effective_n_jobs(None) > 1 or active != "LokyBackend":
        return contextlib.nullcontext()
    # One thread for each run: two that share a core get in each other's way.
    return joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=1)


def _source(run: Callable[..., Any]) -> str:
    try:
        text = inspect.getsource(run)
        # Python 3.13 takes for the source of what eval() made that of the program.
        if run.__name__.strip("<>") not in text:
            raise OSError("another's")
        return f"{run.__module__}.{run.__qualname__}\n{text}"
    except (AttributeError, OSError, TypeError) as error:
        raise ValueError(
            f"results are kept of a function whose source can be read, not of {in_a_line(run)}"
        ) from error


def _plain(record: Mapping[str, Any]) -> _Record:
    """A record with Python's numbers in place of NumPy's and MXNet's; longer arrays stay."""
    return {
        name: plain(value.item() if getattr(value, "size", 0) == 1 else value) for name, value in record.items()
    }


def _call(run: Callable[..., Any], source: str, setting: _Record, np_arrays: bool) -> _Record:
    """One run in its worker, with the kind of array of the session that asked for it."""
    with numpy_arrays(np_arrays):
        return _plain(run(**setting))


def _prepare(memory: Any) -> None:
    """Let joblib write down of which code it keeps results, before there are processes that look.

    Of two that find nothing, one may read half of what the other writes, and wipe its results. joblib writes
    before the call, and once a session for each function: so this is a new one, and it fails.
    """
    anew = types.FunctionType(_call.__code__, globals(), _call.__name__)
    with contextlib.suppress(LookupError):
        memory.cache(anew, ignore=["run"])({}.popitem, "", {}, mx.util.is_np_array())


def _attempt(place: int, call: Callable[..., _Record], *task: Any) -> tuple[int, _Record, str]:
    """A call whose exception is brought home as text, so that it stops no other run."""
    try:
        return place, call(*task), ""
    except Exception as error:
        return place, {}, f"{type(error).__name__}: {error}"


def _bar(iterable: Iterable[Any], progress: bool, unit: str, **options: Any) -> Iterable[Any]:
    if not progress:
        return iterable
    from tqdm import tqdm

    bar: Iterable[Any] = tqdm(iterable, unit=unit, **options)
    return bar


def write_csv(records: Sequence[Mapping[str, Any]], file: _Path) -> None:
    """Write records as a CSV file, with every digit of every number; what a record lacks stays empty."""
    columns = list(dict.fromkeys(name for record in records for name in record))
    with open(file, "w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(_plain, records))


def read_csv(file: _Path) -> list[_Record]:
    """Read records from a CSV file; what looks like a number is one, and what is empty is left out."""
    with open(file, newline="", encoding="utf-8") as table:
        return [{name: _parse(text) for name, text in row.items() if text != ""} for row in csv.DictReader(table)]


def _parse(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"True": True, "False": False}.get(text, text)
