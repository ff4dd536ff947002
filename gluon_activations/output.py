"""The output layer against the loss: whether a net ends in what its loss expects."""

from math import exp, inf, log1p
from typing import Any, NamedTuple, Optional

import mxnet as mx
import numpy
from mxnet.gluon import Block, nn, rnn

from . import blocks, ops
from .catalog import CATALOG, children, display_name, name_of
from .diagnose import batch_of, calls_of, first_array, opened

# What a loss wants of the output, by its class and Gluon's flag (from_logits or from_sigmoid).
_WANTS = {
    ("SoftmaxCrossEntropyLoss", False): "class scores",
    ("SoftmaxCrossEntropyLoss", True): "log-probabilities",
    ("KLDivLoss", False): "class scores",
    ("KLDivLoss", True): "log-probabilities",
    ("CTCLoss", None): "class scores",
    ("SigmoidBinaryCrossEntropyLoss", False): "score",
    ("SigmoidBinaryCrossEntropyLoss", True): "probability",
    ("LogisticLoss", None): "score",
    ("HingeLoss", None): "margin",
    ("SquaredHingeLoss", None): "margin",
    ("L1Loss", None): "value",
    ("L2Loss", None): "value",
    ("HuberLoss", None): "value",
    ("PoissonNLLLoss", True): "log-rate",
    ("PoissonNLLLoss", False): "rate",
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
_VERDICTS: dict[str, tuple[str, dict[str, Optional[str]], str]] = {
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
    kind: str  # "raw", "softmax", "log_softmax", or a catalog name
    low: float
    high: float
    classes: Optional[int]


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
    want, title = _wanted(loss)
    found = _output(net, x, getattr(loss, "_axis", -1))
    if found.classes == 1 and want in ("class scores", "log-probabilities"):
        wrong = f"The net has one output, and a softmax of one score is 1 whatever it is: {title} teaches nothing."
        return [f"{wrong} Give it one output per class, or write SigmoidBinaryCrossEntropyLoss()."]
    does, wrongs, cure = _VERDICTS[want]
    extents = ("unbounded", "bounded above", "bounded below", "bounded")
    extent = extents[2 * (found.low > -inf) + (found.high < inf)]
    wrong = wrongs[next(group for group in (found.kind, extent, "other") if group in wrongs)]
    if wrong is None:
        return []
    if "{floor}" in wrong and title != "SoftmaxCrossEntropyLoss":
        wrong = "such scores cannot tell the classes clearly apart, and the gradient is lost where it is flat"
    flag = _FROM_SIGMOID if hasattr(loss, "_from_sigmoid") else ""
    flag = _FROM_LOGITS if hasattr(loss, "_from_logits") and "rate" not in want else flag
    text = f"The net ends in {{ends}}, and {does}: {wrong}. {cure}{flag}"
    return [text.format(ends=found.name, name=found.short, loss=title, **_numbers(found))]


def _wanted(loss):
    if not isinstance(loss, mx.gluon.loss.Loss):
        raise TypeError(f"the loss is one of Gluon's, as gluon.loss.L2Loss(), not {loss!r}")
    flag = getattr(loss, "_from_logits", getattr(loss, "_from_sigmoid", None))
    for parent in type(loss).__mro__:
        if (parent.__name__, flag) in _WANTS:
            return _WANTS[parent.__name__, flag], parent.__name__
    known = ", ".join(dict.fromkeys(name for name, _ in _WANTS))
    raise ValueError(f"check_output knows what these losses expect: {known}; not {type(loss).__name__}")


def _numbers(found):
    """What follows from the range of an output, to be written into a verdict."""
    low, high = max(found.low, -700.0), min(found.high, 700.0)
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


def _between(low, high):
    if high == inf:
        return f"above {low:.4g}"
    return f"below {high:.4g}" if low == -inf else f"between {low:.4g} and {high:.4g}"


# What a net ends in.

# These change neither the kind nor the range of what passes.
_PASSED_OVER = ("Flatten", "Dropout", "AlphaDropout", "Identity")


def _output(net: Block, x: Any, axis: int) -> _Output:
    """What the net ends in, by its structure or, with ``x``, by a run."""
    if x is None:
        if not isinstance(net, Block):
            raise TypeError(f"the net is a Gluon block, not {net!r}")
        chain, classes = _chain(net), None
    else:
        inputs = batch_of(net, x)
        values: list = []
        with opened(net):
            calls = calls_of(net, lambda: values.append(first_array(net(*inputs))), False)
        chain, value = [call.block for call in calls], values[0].asnumpy()
        classes = value.shape[axis] if value.ndim > 1 else None
        last = calls[-1].output.asnumpy()
        same = last.size == value.size and numpy.array_equal(
            numpy.sort(last, axis=None), numpy.sort(value, axis=None)
        )
        by_values = _kind_by_values(value, axis)
        if by_values and not (same and _kind(chain[-1]) == by_values):
            return _named(by_values, f"a {by_values} in a forward pass of its own", by_values, classes)
        if not same:
            raise ValueError(
                f"the output cannot be judged: after its last layer ({calls[-1].layer}) the net computes on in a "
                f"forward pass of its own, which check_output does not see"
            )
    if not chain:
        raise ValueError("the net is empty: it has no output layer")
    while len(chain) > 1 and (type(chain[-1]).__name__ in _PASSED_OVER or "Pool" in type(chain[-1]).__name__):
        chain = chain[:-1]
    last = chain[-1]
    kind = _kind(last)
    if kind is None:
        hint = "" if x is not None else ", or give x, a batch, to see what it does"
        raise ValueError(
            f"check_output does not know what {display_name(last)} gives: use a block of the catalog{hint}"
        )
    short = repr(last) if isinstance(last, (nn.Lambda, nn.HybridLambda)) else display_name(last)
    name = f"{short} without activation" if kind == "raw" else short
    return _named(kind, name, short, classes or _units(chain), last)


_RANGES = {"raw": (-inf, inf), "softmax": (0.0, 1.0), "log_softmax": (-inf, 0.0), "exp": (0.0, inf)}


def _named(kind, name, short, classes, block=None):
    low, high = _RANGES[kind] if kind in _RANGES else CATALOG[kind].range
    if isinstance(block, blocks.HardTanh):
        low, high = block._options["min_val"], block._options["max_val"]
    return _Output(name, short, kind, low, high, classes)


def _chain(net):
    """The layers of a nest of Sequentials, or of a net of the model zoo, one after the other."""
    plain = {nn.Sequential: "forward", nn.HybridSequential: "forward" if ops.GLUON_2 else "hybrid_forward"}
    for kind, method in plain.items():
        if isinstance(net, kind) and getattr(type(net), method) is getattr(kind, method):
            return [block for _, child in children(net) for block in _chain(child)]
    inner = dict(children(net))
    if type(net).__module__.startswith("mxnet.gluon.model_zoo") and set(inner) == {"features", "output"}:
        return [*_chain(inner["features"]), *_chain(inner["output"])]
    return [net, inner["act"]] if set(inner) == {"act"} else [net]


def _kind(block):
    """What a block gives, as :class:`_Output` calls it; None where that is not known."""
    if isinstance(block, (nn.Lambda, nn.HybridLambda, blocks.Wrapped)):
        name = _function_name(block)
        if "softmax" in name:
            return "log_softmax" if "log" in name else "softmax"
        return name if name in CATALOG or name == "exp" else None
    if isinstance(block, blocks.Softmax):
        return "softmax"
    kind = name_of(block)
    if kind:
        return "raw" if kind == "identity" else kind
    if isinstance(block, rnn.rnn_layer._RNNLayer):
        return "relu" if block._mode == "rnn_relu" else "tanh"
    if type(block).__name__ == "BatchNormReLU":
        return "relu"
    known = type(block).__module__.startswith(("mxnet.gluon.nn", "gluon_activations."))
    return "raw" if known and (not dict(children(block)) or set(dict(children(block))) == {"act"}) else None


def _function_name(block):
    """The name of a Lambda's function."""
    function = block.function if isinstance(block, blocks.Wrapped) else getattr(block, "_func_impl", None)
    function = function or (block._func if block._func_name == "<lambda>" else None)
    if function is None:
        return block._func_name
    return getattr(function, "__name__", "")


def _kind_by_values(value, axis):
    """Whether the output is softmax's or log-softmax's, by what sums to 1."""
    if value.ndim < 2 or value.shape[axis] < 2 or len(value) < 2:
        return None
    value = value.astype("float64")
    for kind, shares in (("softmax", value), ("log_softmax", numpy.exp(numpy.minimum(value, 1)))):
        if (shares >= 0).all() and abs(shares.sum(axis) - 1).max() < 1e-3:
            return kind
    return None


def _units(chain):
    """How many outputs the last layer with weights has, if that can be told."""
    pieces = 1
    for block in reversed(chain):
        pieces *= block._options["pieces"] if isinstance(block, blocks._LargestOf) else 1
        pieces *= 2 if isinstance(block, blocks.GLU) else 1
        units = getattr(block, "_units", None) or getattr(block, "_channels", None)
        if units:
            return units // pieces
    return None
