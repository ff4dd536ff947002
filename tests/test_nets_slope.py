"""What counts as an activation, whoever wrote it."""

import numpy as np
import pytest

from gluon_activations import (
    GLU,
    AlphaDropout,
    Mish,
    Softmax,
    activations,
    dead_units,
    functional,
    get_activation,
    layer_statistics,
)
from gluon_activations._evaluate import curve
from gluon_activations.nets._slope import LAYERS, asked
from tests.nets import Own, sequential
from tests.references import RECORDS

from mxnet.gluon import Block, nn, rnn


def judged(net, *inputs):
    """The layers of a net that count as activations."""
    return [r["layer"] for r in layer_statistics(net, inputs) if r["saturated"] is not None]


@pytest.mark.parametrize("name", activations("elements"))
def test_every_activation_is_known(arrays, name):
    net = sequential(nn.Dense(4), get_activation(name))
    net.initialize()
    x = arrays(np.random.randn(3, 5))
    assert len(judged(net, x)) == 1
    assert len(dead_units(net, x, axis=-1)) == RECORDS[name].zero_region
    value, slope = curve(net[1], arrays([-0.5, 2.0]))
    expected = RECORDS[name].float64(np.array([-0.5, 2.0]))
    np.testing.assert_allclose([value.asnumpy(), slope.asnumpy()], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", [GLU, Softmax, lambda: get_activation("log_softmax"), lambda: AlphaDropout(0.1)])
def test_what_acts_on_vectors_or_drops_is_none(arrays, make):
    x = arrays(np.zeros((2, 4)))
    assert judged(sequential(nn.Flatten(), make()), x) == []
    assert judged(sequential(make()), arrays(np.full((2, 4), 1e3) * [0, 0, 0, 1])) == []
    assert asked(Softmax(), x) == (None, None) and curve(Softmax(), x) is None


def test_activations_of_ones_own(arrays):
    def relu(x):
        return functional.softplus(x) * 0 + (x > 0) * x

    def centred(x):
        return x - x.mean()

    net = sequential(
        nn.Dense(4), nn.Lambda(relu), get_activation(relu), Own(), nn.Lambda(centred), Softmax(), nn.LayerNorm(),
        AlphaDropout(0.1), nn.Dense(6), GLU(), nn.Lambda(functional.silu), kind=nn.Sequential,
    )  # fmt: skip
    net.initialize()
    x = arrays(np.random.randn(50, 5))
    records = layer_statistics(net, x)
    assert judged(net, x) == ["1 Lambda(relu)", "2 relu", "3 Own", "10 Lambda(silu)"]
    assert 0.2 < records[1]["saturated"] < 0.8
    assert [r["layer"] for r in dead_units(net, x)] == ["1 Lambda(relu)", "2 relu"]


def test_types_count_and_names_of_classes_do_not(arrays):
    class Softplus(Block):
        def __init__(self):
            super().__init__()
            self.inner = nn.Dense(4, in_units=4)

        def forward(self, x):
            return self.inner(x)

    class Mine(Mish):
        pass

    class Quiet(nn.BatchNorm):
        pass

    class Same(nn.Dropout):
        pass

    net = sequential(Softplus(), Mine(), Quiet(), Same(0.5), kind=nn.Sequential)
    net.initialize()
    assert judged(net, arrays(np.random.randn(3, 4))) == ["1 Mine"]
    assert AlphaDropout in LAYERS and {nn.Dense, nn.BatchNorm, rnn.LSTM, rnn.GRUCell} < set(LAYERS)
    assert not {Block, nn.HybridBlock, nn.Sequential, nn.HybridSequential, nn.Lambda, nn.HybridLambda} & set(
        LAYERS
    )
    assert nn.SymbolBlock not in LAYERS


class Add(Block):
    """Takes two arrays, of which the second may be left out."""

    def forward(self, a, b=None):
        return a if b is None else a + b


class Once(Block):
    """Works a number of times only, and in batches of three."""

    def __init__(self, times):
        super().__init__()
        self.times = times

    def forward(self, x):
        self.times -= 1
        if self.times < 0 or x.shape[0] != 3:
            raise RuntimeError("no more")
        return x * 1


class Both(Block):
    def __init__(self):
        super().__init__()
        self.add, self.once = Add(), Once(1)

    def forward(self, a, b):
        return self.once(self.add(a, b))


def test_somebodys_blocks_that_cannot_be_called_again_are_left_out(arrays):
    a, b = arrays(np.random.randn(3, 2)), arrays(np.random.randn(3, 2))
    both = Both()
    assert [r["layer"] for r in layer_statistics(both, (a, b))] == ["add Add", "once Once"]
    both.once.times = 1
    assert judged(both, a, b) == []
    both.once.times = 100
    assert judged(both, a, b) == ["once Once"]
    assert judged(Add(), a) == ["Add"]
    for times in range(1, 20):
        assert dead_units(sequential(Once(times), kind=nn.Sequential), a) == []


def test_integers_have_no_slope(arrays):
    class Same(Block):
        def forward(self, x):
            return x

    assert judged(Same(), arrays([1, 2], "int32")) == []
    assert judged(Same(), arrays([1, 2], "float64")) == ["Same"]


def test_asked_gives_none_where_a_block_takes_no_such_array(arrays):
    x = arrays([1.0, -2.0])
    value, slope = asked(get_activation("relu"), x * 3)
    assert value.tolist() == [3, 0] and slope.tolist() == [1, 0]
    assert asked(Once(100), x) == (None, None)
    (record,) = layer_statistics(sequential(nn.Activation("tanh")), arrays([0.0, 0.0, 0.0, 9.0]))
    assert record["saturated"] == 0.25
    with pytest.raises(RuntimeError, match="no more"):
        curve(Once(100), x)
