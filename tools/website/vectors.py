"""The properties of what acts on vectors, as a thousand random vectors show them."""

import numpy

from gluon_activations import array, functional
from tools import wording

VECTORS = 3 * numpy.random.default_rng(0).normal(size=(1000, 8))


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
