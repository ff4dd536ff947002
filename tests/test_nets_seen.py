"""One training step of a net in NumPy: what it shows, and that the net answers to a changed batch."""

import numpy as np
import pytest

from gluon_activations import SiLU
from gluon_activations.nets._seen import Layer, Seen, unit_axis
from tests.nets import legacy_shapes, sequential

from mxnet.gluon import Block, nn, rnn
from mxnet.gluon import loss as losses

L2 = losses.L2Loss()


def dense():
    return nn.Dense(2)


def started(*layers):
    net = sequential(*layers)
    net.initialize()
    return net


def seen_of(net, x, y, loss=L2):
    """A net that has run once, looked at."""
    net(x)
    return Seen(net, x, y, loss)


class Sum(Block):
    """Of two inputs, the second in each column."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Dense(1, in_units=2, use_bias=False)

    def forward(self, x, y):
        return self.dense(x) + y


@pytest.mark.parametrize("shapes, count", [
    (((5, 3), (3,)), 5), (((3,), (5, 3)), 3), (((5, 3), ()), 5), (((), (5, 3)), 1),
])  # fmt: skip
def test_samples_are_on_the_first_axis_of_the_first_array(arrays, shapes, count):
    inputs = tuple(arrays(np.ones(shape)) for shape in shapes)
    assert Seen(nn.Sequential(), inputs, arrays([0.0]), L2).samples == count


def test_the_calls_are_those_of_training_and_nothing_stays_of_them(arrays):
    net = started(nn.Dense(4), nn.BatchNorm(), nn.Dropout(0.5), SiLU(), nn.Dense(1))
    x, y = arrays(np.random.default_rng(0).normal(3, 2, (200, 3))), arrays(np.zeros((200, 1)))
    seen, mean = seen_of(net, x, y), net[1].running_mean
    before = mean.data().asnumpy()
    dense, norm, dropout, silu, last = seen.calls
    assert [call.block for call in seen.calls] == list(net)
    np.testing.assert_allclose(norm.output.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(norm.output.std(0), 1, atol=1e-2)
    assert 0.4 < (dropout.output == 0).mean() < 0.6
    np.testing.assert_array_equal(silu.x, dropout.output)
    np.testing.assert_allclose(silu.output, silu.x / (1 + np.exp(-silu.x)), rtol=1e-5, atol=1e-7)
    assert dense.output.dtype == "float64" and silu.slope is not None and dense.slope is None
    assert (mean.data().asnumpy() == before).all()
    assert seen.calls is seen.calls and seen.last == 4
    assert [call.weighs for call in seen.calls] == [True, False, False, False, True]


@pytest.mark.parametrize("kinds, place", [
    ([SiLU], -1), ([nn.BatchNorm, SiLU], -1), ([dense], 0), ([dense, SiLU], 0), ([SiLU, dense, SiLU, dense], 3),
])  # fmt: skip
def test_the_last_layer_with_weights(arrays, kinds, place):
    x = arrays(np.ones((3, 2)))
    with legacy_shapes(arrays):
        assert seen_of(started(*(kind() for kind in kinds)), x, x).last == place


def test_gradients_and_losses_are_those_of_the_mean_loss(arrays):
    net = started(nn.Dense(1, in_units=2))
    x, y = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.0]]), np.array([[1.0], [0.0], [-1.0]])
    net[0].weight.set_data(arrays([[0.5, -0.25]]))
    net[0].bias.set_data(arrays([0.125]))
    seen = seen_of(net, arrays(x), arrays(y))
    off = x @ [[0.5], [-0.25]] + 0.125 - y
    np.testing.assert_allclose(seen.losses, off[:, 0] ** 2 / 2, rtol=1e-6)
    weight, bias = seen.gradients
    assert (weight.key, weight.weighs, bias.key, bias.weighs) == ("weight", True, "bias", False)
    np.testing.assert_allclose(weight.values, (off * x).mean(0, keepdims=True), rtol=1e-6)
    np.testing.assert_allclose(bias.values, off.mean(0), rtol=1e-6)
    np.testing.assert_allclose(weight.weight, [[0.5, -0.25]])
    assert [name for _, name, _ in seen.parameters] == ["weight", "bias"]


def test_losses_are_those_of_training(arrays):
    net = started(nn.Dense(1, in_units=1, use_bias=False), nn.Dropout(0.5))
    net[0].weight.set_data(arrays([[1.0]]))
    seen = seen_of(net, arrays(np.full((200, 1), 3.0)), arrays(np.zeros((200, 1))))
    values, counts = np.unique(seen.losses, return_counts=True)
    np.testing.assert_allclose(values, [0, 18])
    assert counts.min() > 60


def test_shared_parameters_come_once(arrays):
    dense = nn.Dense(2, in_units=2)
    net = started(dense, SiLU(), dense)
    x = arrays(np.ones((3, 2)))
    seen = seen_of(net, x, x)
    assert [g.key for g in seen.gradients] == ["weight", "bias"] == [name for _, name, _ in seen.parameters]
    assert len(seen.calls) == 3


def test_what_trains_nothing_has_no_losses(arrays):
    x = arrays(np.ones((3, 2)))
    seen = seen_of(started(SiLU()), x, x)
    assert seen.gradients == [] and seen.losses is None and seen.parameters == []


def test_the_answer_is_that_of_use_and_to_a_changed_batch(arrays):
    net = started(nn.Dense(1, use_bias=False, in_units=2), nn.Dropout(0.9), nn.LeakyReLU(0.5))
    net[0].weight.set_data(arrays([[1.0, -3.0]]))
    x = np.array([[1.0, 2.0], [3.0, -1.0]])
    seen = seen_of(net, arrays(x), arrays(np.zeros((2, 1))))
    for (output, before), given in ((seen.answer, x), (seen.answer_to(lambda values: values[::-1]), x[::-1])):
        np.testing.assert_allclose(before, given @ [[1.0], [-3.0]])
        np.testing.assert_allclose(output, np.where(before > 0, before, before / 2))
    assert seen.answer is seen.answer
    np.testing.assert_array_equal(seen.inputs[0].asnumpy(), x)
    deep = started(nn.Dense(3, in_units=2), SiLU(), nn.Dense(1, in_units=3))
    output, before = seen_of(deep, arrays(x), arrays(np.zeros((2, 1)))).answer
    np.testing.assert_array_equal(output, before)
    output, before = seen_of(started(SiLU()), arrays(x), arrays(x)).answer
    np.testing.assert_allclose(output, x / (1 + np.exp(-x)), rtol=1e-6)
    assert before is None


class Answers(Block):
    """Two answers, of which the first counts."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Dense(1)

    def forward(self, x):
        y = self.dense(x)
        return y, 2 * y


def test_the_first_of_several_answers_counts(arrays):
    net = Answers()
    net.initialize()
    x = arrays(np.ones((3, 2)))
    output, before = seen_of(net, x, x).answer
    np.testing.assert_array_equal(output, before)


class Nested(Block):
    """What is given as a list and a dict of arrays, summed over what has the samples."""

    def __init__(self):
        super().__init__()
        self.dense = nn.Dense(1, in_units=2, use_bias=False)

    def forward(self, x):
        return self.dense(x[0] + x[1]["more"] * x[2]) + x[3].sum()


def test_each_array_of_the_samples_is_changed_and_no_other(arrays):
    net = Nested()
    net.initialize()
    net.dense.weight.set_data(arrays([[1.0, 10.0]]))
    a, b, scale = np.array([[1.0, 2.0], [3, 4], [5, 6]]), np.array([[1.0, 0], [0, 1], [2, 2]]), 0.5
    given = [arrays(a), {"more": arrays(b)}, scale, arrays(np.ones(2))]
    seen = Seen(net, (given,), arrays(np.zeros((3, 1))), L2)
    for change in (lambda values: values, lambda values: values[::-1], lambda values: values * 0):
        output, _ = seen.answer_to(change)
        expected = (change(a) + change(b) * scale) @ [[1.0], [10.0]] + 2
        np.testing.assert_allclose(output, expected)


@pytest.mark.parametrize("second, expected", [(2.0, [4, 4, 4]), ([1.0, 2.0, 3.0], [5, 4, 3])])
def test_vectors_of_the_samples_are_changed_and_single_numbers_are_not(arrays, second, expected):
    net = Sum()
    net.initialize()
    net.dense.weight.set_data(arrays([[1.0, 1.0]]))
    seen = Seen(net, (arrays(np.ones((3, 2))), arrays(second)), arrays(np.zeros((3, 1))), L2)
    output, _ = seen.answer_to(lambda values: values[::-1])
    np.testing.assert_allclose(output[..., 0] if np.ndim(second) == 0 else output[0], expected)


def channels_last():
    return nn.Conv2D(2, 3, layout="NHWC")


@pytest.mark.parametrize("kinds, place, axis", [
    ([dense, nn.BatchNorm], 1, -1),
    ([lambda: nn.Conv2D(2, 3), nn.BatchNorm], 1, 1),
    ([channels_last, SiLU], 1, 3),
    ([SiLU, dense], 0, 1),
    ([channels_last, dense, SiLU], 2, -1),
    ([dense, channels_last, SiLU], 2, 3),
    ([dense, channels_last, SiLU], 0, -1),
    ([dense, channels_last, SiLU], 1, 3),
    ([lambda: rnn.LSTM(4), SiLU], 1, -1),
    ([lambda: rnn.GRUCell(4), SiLU], 1, -1),
    ([nn.LayerNorm, SiLU], 1, -1),
    ([lambda: nn.Embedding(3, 4), SiLU], 1, -1),
    ([nn.Flatten, SiLU], 1, 1),
])  # fmt: skip
def test_where_the_units_are(kinds, place, axis):
    calls = [Layer("", kind(), None, None, None) for kind in kinds]
    assert unit_axis(calls, place) == axis
