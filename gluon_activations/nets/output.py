"""The output layer against the loss: whether a net ends in what its loss expects."""

from __future__ import annotations

from math import exp, inf, log1p
from typing import Any, NamedTuple

import numpy
from mxnet.gluon import Block, nn, rnn
from mxnet.gluon import loss as losses
from mxnet.gluon.model_zoo import vision

from .. import blocks
from .._arrays import WITH_ACTIVATION, array, children
from .._evaluate import evaluate
from ..catalog import CATALOG, _name_of, activations
from ._slope import LAYERS, points_for, value_of
from ._walk import (
    batch_of,
    calls_of,
    check_net,
    first_array,
    opened,
    short_name,
)

__all__ = ["check_output"]

# What a loss wants of the output, by its class and Gluon's flag (from_logits or from_sigmoid).
_WANTS = {
    (losses.SoftmaxCrossEntropyLoss, False): "class scores",
    (losses.SoftmaxCrossEntropyLoss, True): "log-probabilities",
    (losses.KLDivLoss, False): "class scores",
    (losses.KLDivLoss, True): "log-probabilities",
    (losses.CTCLoss, None): "class scores",
    (losses.SigmoidBinaryCrossEntropyLoss, False): "score",
    (losses.SigmoidBinaryCrossEntropyLoss, True): "probability",
    (losses.LogisticLoss, None): "score",
    (losses.HingeLoss, None): "margin",
    (losses.SquaredHingeLoss, None): "margin",
    (losses.L1Loss, None): "value",
    (losses.L2Loss, None): "value",
    (losses.HuberLoss, None): "value",
    (losses.PoissonNLLLoss, True): "log-rate",
    (losses.PoissonNLLLoss, False): "rate",
}
_RAW = "End in the raw scores of the last layer, and apply {name} to predictions only."
_FROM_LOGITS = (
    " In Gluon from_logits=True means that the net gives log-probabilities (in Keras it means the opposite, raw "
    "scores; PyTorch's CrossEntropyLoss takes raw scores, its NLLLoss log-probabilities)."
)
_FROM_SIGMOID = (
    " In Gluon from_sigmoid=True means that the net gives probabilities, as for PyTorch's BCELoss; False, that it "
    "gives raw scores, as for BCEWithLogitsLoss and Keras' from_logits=True."
)
# For each of them: what the loss does with the output; what is wrong, by the kind of the output or
# else by its range, None if it is right; and what to write instead.
_VERDICTS: dict[str, tuple[str, dict[str, str | None], str]] = {
    "class scores": (
        "{loss} applies a softmax to that",
        {
            "raw": None,
            "log_softmax": "the second time changes nothing, so it is harmless, but superfluous",
            "bounded": "the loss cannot fall below {floor}, and its gradient is lost where the activation is flat",
            "bounded below": "no score falls below {low}, and the gradient is lost where the activation is flat",
            "other": "it wants scores without an activation",
        },
        _RAW,
    ),
    "log-probabilities": (
        "{loss} has from_logits=True",
        {
            "log_softmax": None,
            "raw": "nothing normalises the scores, so the loss falls without end as they grow",
            "softmax": "it takes probabilities for their logarithms, and hardly punishes sure mistakes",
            "other": "these are no log-probabilities of classes",
        },
        "Write {loss}(from_logits=False) and end in raw scores, or end in a log-softmax.",
    ),
    "score": (
        "{loss} applies a sigmoid to that",
        {
            "raw": None,
            "bounded": "the probability stays between {p_low} and {p_high}, and the loss above {yes} where the "
            "label is 1 and {no} where it is 0",
            "bounded below": "the probability stays above {p_low}, and the loss above {no} where the label is 0",
            "bounded above": "the probability stays below {p_high}, and the loss above {yes} where the label is 1",
            "other": "it wants a score without an activation",
        },
        _RAW,
    ),
    "probability": (
        "{loss} has from_sigmoid=True",
        {
            "sigmoid": None,
            "softmax": "the outputs sum to 1, so labels that belong together push each other out",
            "hard_sigmoid": "it reaches 0 and 1, where it is flat and a unit that is wrong learns nothing more",
            "binary_step": "it is flat everywhere, so nothing is learned",
            "other": "a number outside 0 to 1 is taken for a probability, and its logarithm is nan",
        },
        "Write {loss}() and end in raw scores, or end in a sigmoid.",
    ),
    "margin": (
        "{loss} wants a score that can pass its margin on both sides of 0",
        {"raw": None, "unbounded": None, "other": "this one stays {between}"},
        _RAW,
    ),
    "value": (
        "it stays {between}",
        {
            "raw": None,
            "unbounded": None,
            "other": "{loss} never reaches a target outside, and the gradient is lost where it is flat",
        },
        "Let a regression end in a layer without activation, unless that range is meant.",
    ),
    "log-rate": (
        "{loss} has from_logits=True and applies exp to that",
        {"raw": None, "unbounded": None, "other": "the rate stays {rates}"},
        "End in a layer without activation, which then gives the logarithm of the rate; or, if the output is the "
        "rate itself, write {loss}(from_logits=False).",
    ),
    "rate": (
        "{loss} has from_logits=False and takes that for the rate",
        {
            "softplus": None,
            "exp": None,
            "relu": "a rate of 0 stays 0, since the activation is flat there",
            "bounded": "it stays {between}",
            "other": "the logarithm of a negative rate is nan",
        },
        "Write {loss}() and end in a layer without activation, or end in a softplus.",
    ),
}


class _Output(NamedTuple):
    """What a net ends in."""

    name: str  # for the reader
    short: str
    kind: str  # "raw", "softmax", "log_softmax", "exp", or a catalog name
    low: float
    high: float
    classes: int | None


def check_output(net: Block, loss: Block, x: Any = None) -> list[str]:
    """Say whether the net's last layer gives what the loss expects.

    Parameters
    ----------
    net : Block
        The net. Without ``x`` it need not be initialised.
    loss : mxnet.gluon.loss.Loss
        One of Gluon's losses, or a subclass of one.
    x : mxnet array or tuple of mxnet array, optional
        A batch. It is needed for a net with a forward pass of its own, whose last layer shows in
        a run only: without it nests of (Hybrid)Sequential and the model zoo's nets are understood.

    Returns
    -------
    list of str
        The warnings, each with what was found, what goes wrong and what to write instead; empty
        if output and loss suit each other.

    Raises
    ------
    TypeError
        If ``net`` is no block, or ``loss`` is no Gluon loss (an object, not its class).
    ValueError
        If it cannot be judged: a loss other than the known ones, or an output that is not seen.

    Notes
    -----
    What it cannot see: the targets (whether labels are classes, 0 or 1, or negative numbers); what
    a loss of your own computes, or what a child changes in Gluon's; and operators in a block's own
    forward pass after its last layer. Of these a softmax and its logarithm are recognised, with
    ``x``, by their values; for the others there is an error. Flatten, dropout and pooling between
    the last activation and the output are passed over.
    """
    kind_of_loss, want = _wanted(loss)
    title = kind_of_loss.__name__
    found = _output(net, x, getattr(loss, "_axis", -1))
    if found.classes == 1 and want in ("class scores", "log-probabilities"):
        wrong = f"The net has one output, and a softmax of one score is 1 whatever it is: {title} teaches nothing."
        return [f"{wrong} Give it one output per class, or write SigmoidBinaryCrossEntropyLoss()."]
    does, wrongs, cure = _VERDICTS[want]
    extents = ("unbounded", "bounded above", "bounded below", "bounded")
    extent = extents[2 * (found.low > -inf) + (found.high < inf)]
    wrong = wrongs[next(group for group in (found.kind, extent, "other") if group in wrongs)] or ""
    if not wrong:
        return []
    if "{floor}" in wrong and kind_of_loss is not losses.SoftmaxCrossEntropyLoss:
        wrong = "such scores cannot tell the classes clearly apart, and the gradient is lost where it is flat"
    flag = _FROM_SIGMOID if hasattr(loss, "_from_sigmoid") else ""
    flag = _FROM_LOGITS if hasattr(loss, "_from_logits") and "rate" not in want else flag
    text = f"The net ends in {{ends}}, and {does}: {wrong}. {cure}{flag}"
    return [text.format(ends=found.name, name=found.short, loss=title, **_numbers(found))]


def _wanted(loss: Any) -> tuple[type, str]:
    """The loss of Gluon's that this one is, and what it wants."""
    if not isinstance(loss, losses.Loss):
        raise TypeError(f"the loss is one of Gluon's, as gluon.loss.L2Loss(), not {loss!r}")
    flag = getattr(loss, "_from_logits", getattr(loss, "_from_sigmoid", None))
    for parent in type(loss).__mro__:
        if (parent, flag) in _WANTS:
            return parent, _WANTS[parent, flag]
    known = ", ".join(dict.fromkeys(kind.__name__ for kind, _ in _WANTS))
    raise ValueError(f"check_output knows what these losses expect: {known}; not {type(loss).__name__}")


def _numbers(found: _Output) -> dict[str, str]:
    """What follows from the range of an output, to be written into a verdict."""
    low, high = max(found.low, -700.0), min(found.high, 700.0)  # exp holds to 709
    width = "" if high - low == 1 else f"^{high - low:g}"
    floor = f"ln(1 + (K-1)/e{width})"
    if found.classes:
        floor += f" = {log1p((found.classes - 1) * exp(low - high)):.4g} for K = {found.classes} classes"
    return {
        "low": f"{low:.4g}",
        "floor": floor,
        "between": _between(found.low, found.high),
        "rates": _between(exp(low), exp(high) if found.high < inf else inf),
        "p_low": f"{1 / (1 + exp(-low)):.3f}",
        "p_high": f"{1 / (1 + exp(-high)):.3f}",
        "yes": f"{log1p(exp(-high)):.4f}",
        "no": f"{log1p(exp(low)):.4f}",
    }


def _between(low: float, high: float) -> str:
    if high == inf:
        return f"above {low:.4g}"
    return f"below {high:.4g}" if low == -inf else f"between {low:.4g} and {high:.4g}"


# What a net ends in.


def _output(net: Block, x: Any, axis: int) -> _Output:
    """What the net ends in, by its structure or, with ``x``, by a run."""
    check_net(net)
    if x is None:
        chain = _passed(_chain(net))
        if not chain:
            raise ValueError("the net is empty: it has no output layer")
        return _judged(chain, _kind(chain[-1]), _units(chain), ", or give x, a batch, to see what it does")
    inputs = batch_of(net, x)
    values: list[Any] = []
    with opened(net):
        calls = calls_of(net, lambda: values.append(first_array(net(*inputs)).asnumpy()), False)
        chain = _passed([call.block for call in calls])
        kind = _kind(chain[-1])
    (value,), last = values, calls[-1].output.asnumpy()
    classes = value.shape[axis] if value.ndim > 1 else None
    same = numpy.array_equal(numpy.sort(last, axis=None), numpy.sort(value, axis=None))
    by_values = _kind_by_values(value, axis)
    if by_values and not (same and kind == by_values):
        hidden = f"a {by_values} in a forward pass of its own"
        return _Output(hidden, by_values, by_values, *_RANGES[by_values], classes)
    if not same:
        raise ValueError(
            f"the output cannot be judged: after its last layer ({calls[-1].layer}) the net computes on in a "
            f"forward pass of its own, which check_output does not see"
        )
    return _judged(chain, kind, classes or _units(chain), "")


_RANGES = {"raw": (-inf, inf), "softmax": (0.0, 1.0), "log_softmax": (-inf, 0.0), "exp": (0.0, inf)}


def _judged(chain: list[Block], kind: str | None, classes: int | None, hint: str) -> _Output:
    """What is known of the last layer of a chain."""
    short = short_name(chain[-1])
    if kind is None:
        raise ValueError(f"check_output does not know what {short} gives: use a block of the catalog{hint}")
    low, high = _RANGES[kind] if kind in _RANGES else _reach(chain[-1], kind)
    return _Output(f"{short} without activation" if kind == "raw" else short, short, kind, low, high, classes)


# Where an activation is asked how far it reaches: closely around 0, and far out.
_POINTS, _LARGE = numpy.sinh(numpy.linspace(-70, 70, 20001)), 1e9


def _reach(block: Block, kind: str) -> tuple[float, float]:
    """The range of an activation with the parameters that it has; the catalog's where it cannot be asked."""
    waits = any(p._data is None for p in block.collect_params().values())
    if waits or _name_of(block) is None and isinstance(block, LAYERS):
        low, high = CATALOG[kind].range
        return low, high
    values = value_of(block, points_for(block, _POINTS)).astype("float64")
    low, high = float(values.min()) + 0.0, float(values.max()) + 0.0  # no -0.0
    return low if low > -_LARGE else -inf, high if high < _LARGE else inf


def _chain(net: Block) -> list[Block]:
    """The layers of a nest of Sequentials, or of a net of the model zoo, one after the other."""
    inner = dict(children(net))
    if any(_passes_on(net, kind) for kind in (nn.Sequential, nn.HybridSequential)):
        return [block for child in inner.values() for block in _chain(child)]
    if type(net) in _ZOO and set(inner) == {"features", "output"}:
        return [*_chain(inner["features"]), *_chain(inner["output"])]
    return [net, inner["act"]] if inner and isinstance(net, WITH_ACTIVATION) else [net]


def _passes_on(net: Block, kind: type[Block]) -> bool:
    """Whether the net is a Sequential whose forward pass is Gluon's own."""
    passes = ("__call__", "forward", "hybrid_forward")
    own = all(getattr(type(net), name, None) is getattr(kind, name, None) for name in passes)
    return own and isinstance(net, kind)


_ZOO = tuple(kind for kind in vars(vision).values() if isinstance(kind, type) and issubclass(kind, Block))
# These change neither the kind nor the range of what passes.
_POOLS = tuple(
    getattr(nn, f"{kind}{axes}D")
    for kind in ("MaxPool", "AvgPool", "GlobalMaxPool", "GlobalAvgPool")
    for axes in (1, 2, 3)
)
_PASSING = (nn.Flatten, nn.Dropout, blocks.AlphaDropout, *_POOLS)


def _passed(chain: list[Block]) -> list[Block]:
    """The chain without what only passes on at its end; its first layer stays."""
    while len(chain) > 1 and (isinstance(chain[-1], _PASSING) or _name_of(chain[-1]) == "identity"):
        chain = chain[:-1]
    return chain


def _kind(block: Block) -> str | None:
    """What a block gives, as :class:`_Output` calls it; None where that is not known."""
    name = _name_of(block)
    if isinstance(block, (rnn.RNN, rnn.LSTM, rnn.GRU)):
        return "relu" if block._mode == "rnn_relu" else "tanh"
    if isinstance(block, nn.BatchNormReLU):
        return "relu"
    layer = name is None and isinstance(block, (*LAYERS, blocks._LargestOf)) and not dict(children(block))
    return "raw" if layer or name in ("identity", "glu") else name or _kind_by_asking(block)


# Scores by which a function is told from others: on both sides of 0, and beyond the kinks.
_SCORES = numpy.linspace(-7.6, 8.1, 34).reshape(2, 17)


def _kind_by_asking(block: Block) -> str | None:
    """What a function without parameters gives, by what it makes of a few scores."""
    if block.collect_params().keys():
        return None
    x = array(_SCORES)
    try:
        value = value_of(block, x)
    except Exception:  # somebody's own forward pass, which may want other arrays
        return None
    if value.shape != _SCORES.shape:
        return None
    known = {name: evaluate(name, x)[0].asnumpy() for name in activations("elements")}
    known["exp"] = numpy.exp(_SCORES)
    for name, expected in known.items():
        if numpy.allclose(value, expected, rtol=1e-5, atol=1e-6):
            return "raw" if name == "identity" else name
    return _kind_by_values(value, -1)


def _kind_by_values(value: Any, axis: int) -> str | None:
    """Whether the output is softmax's or log-softmax's, by what sums to 1."""
    if value.ndim < 2 or value.shape[axis] < 2 or len(value) < 2:
        return None
    value = value.astype("float64")
    for kind, shares in (("softmax", value), ("log_softmax", numpy.exp(numpy.minimum(value, 1)))):
        if (shares >= 0).all() and abs(shares.sum(axis) - 1).max() < 1e-3:
            return kind
    return None


def _units(chain: list[Block]) -> int | None:
    """How many outputs the last layer with weights has, if that can be told."""
    pieces = 1
    for block in reversed(chain):
        pieces *= block._options["pieces"] if isinstance(block, blocks._LargestOf) else 1
        pieces *= 2 if isinstance(block, blocks.GLU) else 1
        units = getattr(block, "_units", None) or getattr(block, "_channels", None)
        if units:
            return int(units) // pieces
    return None
