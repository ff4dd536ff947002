"""What acts on vectors: its properties, as a thousand random vectors show them, and curves through it."""

from dataclasses import dataclass

import numpy

from gluon_activations import array, functional
from tools import wording

from mxnet import autograd

VECTORS = 3 * numpy.random.default_rng(0).normal(size=(1000, 8))


@dataclass(frozen=True)
class Curve:
    """One element of the output, and its gradient, as the first element x of a vector moves."""

    label: str
    value: numpy.ndarray
    slope: numpy.ndarray


def curves(entry, x):
    """Curves through what acts on vectors, all outputs or the one for several b, and in words what they are."""
    function = getattr(functional, entry.name)
    if function(array([[1.0, 0.0]])).shape[1] == 1:
        found = [Curve(f"b = {wording.number(b)}", *_along(function, x, (b,), 0)) for b in (2, 0, -2)]
        return found, f"{entry.title} of (x, b) for three values of b"
    labels = ("output for x", "output for 1", "output for −1")
    found = [Curve(label, *_along(function, x, (1, -1), place)) for place, label in enumerate(labels)]
    return found, f"The three outputs of {entry.title} of (x, 1, −1)"


def _along(function, x, others, element):
    """An element of the output of (x, *others), and its gradient with respect to x."""
    vectors = array(numpy.column_stack([x, *(numpy.full(len(x), other) for other in others)]), dtype="float64")
    vectors.attach_grad()
    with autograd.record():
        value = function(vectors)[:, element]
    value.backward()
    return value.asnumpy(), vectors.grad.asnumpy()[:, 0]


def table(entry):
    """The properties, on its page of the atlas."""
    function = getattr(functional, entry.name)
    found = facts(lambda x: function(array(x, dtype="float64")).asnumpy())
    rows = "\n".join(f"| {what} | {value} |" for what, value in found.items())
    return (
        f"It {wording.VECTORS}: an element of its output depends on several elements of its input, so it has no "
        f"curve. What a thousand random vectors of {VECTORS.shape[1]} numbers show:\n\n"
        f"| property | value |\n|---|---|\n{rows}"
    )


def facts(function):
    """What is so of a function for all of the vectors, in words."""
    given = function(VECTORS)
    moved, larger = function(VECTORS + 1), function(2 * VECTORS)
    lengths = {1: "that of the input", 0.5: "half of the input's"}
    sums = given.sum(-1)
    return {
        "length of the output": lengths[given.shape[1] / VECTORS.shape[1]],
        "sign of an element": _signs(given),
        "sum of the output": "1" if numpy.allclose(sums, 1) else "any",
        "1 is added to each input": _effect(moved, given, given + 1, "1 is added to each output"),
        "the input is doubled": _effect(larger, given, 2 * given, "the output is doubled"),
    }


def _signs(given):
    zeros = " or 0, and exactly 0 in many places" * bool((given == 0).mean() > 0.1)
    if (given >= 0).all():
        return f"positive{zeros}"
    return f"negative{zeros}" if (given <= 0).all() else "any"


def _effect(found, same, alike, words):
    if numpy.allclose(found, same):
        return "the output stays"
    return words if numpy.allclose(found, alike) else "the output changes otherwise"
