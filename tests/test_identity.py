"""What a kept result depends on: equal for what does the same, different for what does not."""

import functools

import numpy as np
import pytest

from gluon_activations import SELU, PReLU, Swish
from gluon_activations._identity import digest

import mxnet as mx
from mxnet.gluon import nn
from mxnet.gluon.loss import L2Loss


def plus(a, b=1, *, c=2):
    return a + b + c


def plus_two(a, b=2, *, c=2):
    return a + b + c


def plus_three(a, b=1, *, c=3):
    return a + b + c


def minus(a, b=1, *, c=2):
    return a - b + c


def of_other_names(a, b=1, *, c=2):
    return abs(a) + b + c


def holds(value):
    def inner(a):
        return a + value

    return inner


def nested(number):
    return [lambda: 1, lambda: 2][number]


class Thing:
    """Has a value, and a method."""

    def __init__(self, value):
        self.value = value

    def method(self):
        return self.value

    def other(self):
        return self.value


class Kin(Thing):
    """The same by another name."""


class Empty:
    """Has no place for values."""

    __slots__ = ()

    def __repr__(self):
        return "Empty()"


def dense(units=3, activation=None):
    return nn.Dense(units, in_units=2, activation=activation)


def weighed(value):
    net = dense()
    net.initialize(mx.init.Constant(value))
    return net


def chain(*widths):
    net = nn.HybridSequential()
    net.add(*[dense(width) for width in widths])
    return net


class Holding(nn.HybridSequential):
    """A block with an attribute and a child under a name."""

    def __init__(self, value, units=3):
        super().__init__()
        self.value = value
        self.child = dense(units)


def circle(value):
    found = [value]
    found.append(found)
    return found


KINDS = {
    "plain": ["a", b"a", 1, 2, 1.5, 2j, None, ..., np.float32(1), np.arange(3), np.arange(4), np.dtype("int8")],
    "containers": [[1, 2], (1, 2), [2, 1], {"a": 1}, {"a": 2}, {"b": 1}, [[1], 2], {}, [], {1, 2},
                   {1, 3}, frozenset({1, 2}), range(3), range(4)],
    "functions": [plus, plus_two, plus_three, minus, of_other_names, holds(1), holds(2), nested(0), nested(1),
                  lambda a: a in {"b", "c"}, lambda a: a in {"b", "d"}],
    "built in": [abs, len, str, int, np.add, np.subtract],
    "partial": [functools.partial(plus, 1), functools.partial(plus, 2), functools.partial(minus, 1),
                functools.partial(plus, b=1), functools.partial(plus, b=2)],
    "objects": [Thing(1), Thing(2), Kin(1), Thing, Kin, Empty(), Thing(1).method, Thing(2).method, Thing(1).other],
    "circles": [circle(1), circle(2)],
    "arrays": [mx.nd.array([1, 2]), mx.nd.array([1, 3])],
    "blocks": [nn.SELU, SELU, nn.SELU(), SELU(), Swish(), Swish(beta=2), nn.Swish(), L2Loss(), L2Loss(weight=5),
               dense(3), dense(4), dense(3, "relu"), weighed(1), weighed(2), chain(3), chain(3, 3), chain(3, 4),
               Holding(1), Holding(2), Holding(1, 4), PReLU(), PReLU(alpha=0.5)],
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_differs_is_told_apart(kind):
    found = [digest(thing) for thing in KINDS[kind]]
    for place, (thing, one) in enumerate(zip(KINDS[kind], found)):
        same = [KINDS[kind][other] for other in range(place) if found[other] == one]
        assert not same, (thing, same)


@pytest.mark.parametrize("make", [
    lambda: holds(3), lambda: nested(1), lambda: functools.partial(plus, [1], b={"x": 2}), lambda: Thing([1, 2]),
    lambda: Thing(1).method, lambda: circle(3), lambda: {"b", "c"}, lambda: mx.nd.array([1, 2]), Empty,
    lambda: L2Loss(weight=5),
    lambda: dense(3), lambda: weighed(2), lambda: chain(3, 4), lambda: Holding(1), lambda: [Swish(), PReLU()],
])  # fmt: skip
def test_what_is_made_twice_is_the_same(make):
    assert digest(make()) == digest(make())


@pytest.mark.parametrize("one, other", [
    (np.float64(0.5), 0.5), (np.int64(2), 2), (np.bool_(True), True), (np.str_("a"), "a"),
])  # fmt: skip
def test_a_number_of_numpys_is_pythons(one, other):
    assert digest({"a": [one]}) == digest({"a": [other]})


def test_a_thing_that_is_there_twice_does_not_hold_itself():
    shared = [1]
    assert digest([shared, shared]) == digest([[1], [1]])
