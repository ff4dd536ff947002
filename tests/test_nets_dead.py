"""Dead units, killed by hand."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from gluon_activations import HardTanh, Mish, dead_units, get_activation, initializer, layer_statistics
from tests.nets import digits, legacy_shapes, net_of, sequential

from mxnet.gluon import nn
from mxnet.gluon.data import ArrayDataset, DataLoader


@pytest.mark.parametrize("hybridize", [False, True])
def test_three_units_killed_by_hand_are_found(arrays, hybridize):
    x, y = digits()
    net = sequential(nn.Dense(64), nn.Activation("relu"), nn.Dense(32, activation="relu"), nn.Dense(10))
    net.initialize(initializer("relu"))
    batches = [arrays(x[i : i + 600]) for i in range(0, len(x), 600)]
    healthy = [{"layer": "1 ReLU", "units": 64, "dead": []}, {"layer": "2.act ReLU", "units": 32, "dead": []}]
    if hybridize:
        net.hybridize()
        net(batches[0])
    assert dead_units(net, batches) == healthy
    zeros = [r["zeros"] for r in layer_statistics(net, arrays(x))]
    assert 0.4 < zeros[1] < 0.6  # half the values are 0, and no unit is dead
    net[0].bias.set_data(arrays(np.where(np.isin(np.arange(64), [5, 17]), -1e3, 0)))
    weight = net[2].weight.data().asnumpy()
    weight[30] = 0
    net[2].weight.set_data(arrays(weight))
    dead = [5, 17], [30]
    assert [r["dead"] for r in dead_units(net, batches)] == list(dead)
    pairs = DataLoader(ArrayDataset(x, y), batch_size=500)
    if arrays.kind == "np":
        assert [r["dead"] for r in dead_units(net, pairs)] == list(dead)
    assert [r["dead"] for r in dead_units(net, ((b, None) for b in batches))] == list(dead)
    assert [r["dead"] for r in dead_units(net, arrays(x))] == list(dead)


def test_a_unit_alive_in_one_sample_of_one_batch_is_not_dead(arrays):
    net = sequential(nn.Dense(2, use_bias=False), nn.Activation("relu"))
    net.initialize()
    net(arrays(np.ones((1, 2))))
    net[0].weight.set_data(arrays(np.eye(2)))
    low, high = arrays([[-1, -1], [-1, -1]]), arrays([[-1, -1], [-1, 1]])
    assert dead_units(net, low)[0]["dead"] == [0, 1]
    assert dead_units(net, [low, high])[0]["dead"] == [0]
    assert dead_units(net, [high, low])[0]["dead"] == [0]


def test_dead_units_wants_value_and_slope_zero(arrays):
    x = arrays(np.zeros((4, 3)))
    assert dead_units(sequential(get_activation("hard_swish")), x)[0]["dead"] == []  # 0 at 0, but not flat
    assert dead_units(sequential(HardTanh()), x) == []
    assert dead_units(sequential(HardTanh(0, 1)), arrays(-np.ones((4, 3))))[0]["dead"] == [0, 1, 2]
    assert dead_units(sequential(HardTanh(-1, 1)), arrays(-5 * np.ones((4, 3)))) == []  # flat, but not 0
    step = dead_units(sequential(get_activation("binary_step")), arrays([[-1.0, 1.0]]))
    assert step == [{"layer": "0 BinaryStep", "units": 2, "dead": [0]}]
    tiny = sequential(nn.Activation("sigmoid"))
    assert dead_units(tiny, arrays([[1.0, -5.0]])) == []
    assert dead_units(tiny, arrays([[1.0, -1e3]]))[0]["dead"] == [1]


def test_channels_of_convolutions_and_the_last_axis(arrays):
    with legacy_shapes(arrays):
        net = sequential(nn.Conv2D(6, 3), nn.BatchNorm(), nn.Activation("relu"), nn.Flatten())
        net.initialize(initializer("relu"))
        x = arrays(load_digits().images[:50, None] / 8 - 1)
        assert dead_units(net, x) == [{"layer": "2 ReLU", "units": 6, "dead": []}]
        net[1].beta.set_data(arrays([0, -1e3, 0, 0, 0, 0]))
        assert dead_units(net, x)[0]["dead"] == [1]
    net = sequential(nn.Dense(4, in_units=3, flatten=False, activation="relu"))
    net.initialize()
    net[0].bias.set_data(arrays([1e3, 1e3, -1e3, 1e3]))
    x = arrays(np.random.randn(2, 5, 3))
    assert dead_units(net, x, axis=-1) == [{"layer": "0.act ReLU", "units": 4, "dead": [2]}]
    assert dead_units(net, x)[0]["units"] == 5
    with pytest.raises(ValueError, match=r"0.act ReLU gives shape \(2, 5, 4\), which has no axis 3"):
        dead_units(net, x, axis=3)


def test_one_batch_of_pairs_or_tuples_and_several_inputs(arrays):
    net = sequential(nn.Activation("relu"))
    x = arrays([[1.0, -1.0]])
    for batches in ([x], [(x, 3)], [[x, 3]], iter([x])):
        assert dead_units(net, batches) == [{"layer": "0 ReLU", "units": 2, "dead": [1]}]


@pytest.mark.parametrize("point", [-4.0, -2.0, -1.0, -0.1, 0.1, 1.0, 2.0, 4.0])
def test_a_zero_region_is_found_wherever_one_of_eight_points_is(arrays, point):
    def dips(x):
        return x * (abs(x - point) > 0.05) * 1.0

    def holds(x):
        return x - point

    x = arrays([[100.0, 200.0]])
    (record,) = dead_units(sequential(nn.Lambda(dips), kind=nn.Sequential), x)
    assert record == {"layer": "0 Lambda(dips)", "units": 2, "dead": []}
    assert dead_units(sequential(nn.Lambda(holds), kind=nn.Sequential), x) == []


def test_the_zero_region_of_one_channel_counts(arrays):
    net = sequential(nn.PReLU(in_channels=3))
    net.initialize()
    x = arrays(np.array([[1.0, -1.0, -1.0]]))
    assert dead_units(net, x) == []
    net[0].alpha.set_data(arrays([0.25, 0.0, 0.25]).reshape(net[0].alpha.shape))
    assert dead_units(net, x) == [{"layer": "0 PReLU", "units": 3, "dead": [1]}]


@pytest.mark.parametrize("axis", ["a", 1.0, None, True])
def test_an_axis_is_an_integer(arrays, axis):
    with pytest.raises(TypeError, match="^dead_units's axis is an integer, not "):
        dead_units(sequential(nn.Activation("relu")), arrays(np.ones((2, 3))), axis=axis)


def test_axes_count_from_either_end(arrays):
    net, x = sequential(nn.Activation("relu")), arrays(np.ones((2, 3)))
    assert [dead_units(net, x, axis=axis)[0]["units"] for axis in (-2, -1, 0, 1)] == [2, 3, 2, 3]
    for axis in (-3, 2):
        with pytest.raises(ValueError, match=rf"0 ReLU gives shape \(2, 3\), which has no axis {axis}"):
            dead_units(net, x, axis=axis)


def test_what_cannot_be_judged_is_left_out_and_named(arrays):
    act = nn.Activation("relu")
    net = net_of(lambda self, x: act(self.k0(x)[:, 0]) + self.k1(x).sum(), nn.Activation("relu"), act, act)
    x = arrays([[1.0, -1.0], [2.0, -2.0]])
    with pytest.warns(
        UserWarning, match=r"leaves out k1 ReLU, which gives shape \(2,\), which has no axis 1$"
    ) as caught:
        assert dead_units(net, x) == [
            {"layer": "k0 ReLU", "units": 2, "dead": [1]},
            {"layer": "k2 ReLU", "units": 2, "dead": [1]},
        ]
    ours = [one.filename for one in caught if "dead_units" in str(one.message)]
    assert ours == [__file__]  # of the line that asked
    with pytest.raises(ValueError, match=r"k0 ReLU gives shape \(2, 2\), which has no axis 5"):
        dead_units(net, x, axis=5)


def test_units_that_differ_from_batch_to_batch(arrays):
    net = sequential(nn.Activation("relu"), nn.Dense(3, in_units=2, flatten=False, activation="relu"))
    net.initialize()
    short, long = arrays(np.ones((1, 4, 2))), arrays(np.ones((1, 6, 2)))
    assert [r["units"] for r in dead_units(net, [short, long, short], axis=-1)] == [2, 3]
    with pytest.raises(ValueError, match=r"0 ReLU has 4 units in one batch and 6 in another on axis 1"):
        dead_units(net, [short, long, short])
    both = net_of(lambda self, x: self.k1(self.k0(x).sum(axis=1)), nn.Activation("relu"), nn.Activation("relu"))
    with pytest.warns(UserWarning, match="leaves out k0 ReLU, which has 4 units in one batch and 6 in another"):
        assert dead_units(both, [short, long]) == [{"layer": "k1 ReLU", "units": 2, "dead": []}]
    with pytest.warns(UserWarning, match="no axis 2, and 1 more$"):
        three = net_of(
            lambda self, x: self.k2(self.k1(self.k0(x).sum(axis=1))), *(nn.Activation("relu") for _ in "123")
        )
        assert len(dead_units(three, short, axis=2)) == 1


def test_the_zero_region_of_a_block_of_ones_own_is_asked_in_its_shape(arrays):
    def only_here(self, x):
        assert x.shape == (2, 3)
        return x * (x > 0)

    (record,) = dead_units(net_of(only_here), arrays(np.ones((2, 3))))
    assert record["dead"] == []


def test_dropout_kills_in_training_only(arrays):
    net, x = sequential(nn.Dropout(0.5), nn.Activation("relu")), arrays(np.ones((1, 200)))
    assert dead_units(net, x)[0]["dead"] == []
    assert 50 < len(dead_units(net, x, train_mode=True)[0]["dead"]) < 150


def test_what_is_no_batch():
    net = sequential(Mish())
    for wrong, kind in (((), "tuple"), (None, "NoneType"), (3, "int")):
        with pytest.raises(TypeError, match=rf"or of pairs \(x, y\), not a {kind}: write \[\(x, y\)\]"):
            dead_units(net, wrong)
    for nothing in ([], iter(())):
        with pytest.raises(ValueError, match="there is no batch: batches is empty"):
            dead_units(net, nothing)
