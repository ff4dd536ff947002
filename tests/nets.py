"""Nets that the tests of ``gluon_activations.nets`` look into."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from gluon_activations import (
    Mish,
    check_output,
    dead_units,
    functional,
    gradient_statistics,
    layer_statistics,
    replace_activations,
)
from gluon_activations._arrays import children, new_parameter, variable
from gluon_activations.nets._walk import arrays_in, walk
from tests.conftest import LINE

import mxnet as mx
from mxnet.gluon import Block, HybridBlock, SymbolBlock, nn, rnn


def sequential(*layers, kind=nn.HybridSequential):
    net = kind()
    net.add(*layers)
    return net


def hybridized(*layers, **options):
    """A net with weights, as a graph."""
    net = sequential(*layers)
    net.initialize()
    net.hybridize(**options)
    return net


def digits():
    data = load_digits()
    x = (data.data - data.data.mean(axis=0)) / (data.data.std(axis=0) + 1e-6)
    return x.astype("float32"), data.target.astype("float32")


def freeze(block):
    for p in block.collect_params().values():
        p.grad_req = "null"


def legacy_shapes(arrays):
    """Legacy blocks with deferred shapes want 0 to mean "not known yet"."""
    return mx.util.np_shape(arrays.kind == "np")


if LINE == "1.9":

    class Custom(HybridBlock):
        """A forward pass of its own, in another order than the attributes."""

        def __init__(self, softmax=False):
            super().__init__()
            self.head, self.body, self.act, self.softmax = nn.Dense(3), nn.Dense(5), nn.Activation("relu"), softmax

        def hybrid_forward(self, F, x):
            y = self.head(self.act(self.body(self.act(x))))
            np_like = F.npx if mx.util.is_np_array() else F
            return np_like.softmax(y) if self.softmax else y

    class Own(HybridBlock):
        def hybrid_forward(self, F, x):
            return x * x if mx.util.is_np_array() else F.square(x)
else:

    class Custom(HybridBlock):
        """A forward pass of its own, in another order than the attributes."""

        def __init__(self, softmax=False):
            super().__init__()
            self.head, self.body, self.act, self.softmax = nn.Dense(3), nn.Dense(5), nn.Activation("relu"), softmax

        def forward(self, x):
            y = self.head(self.act(self.body(self.act(x))))
            return mx.npx.softmax(y) if self.softmax else y

    class Own(HybridBlock):
        def forward(self, x):
            return x * x


def softmax_lambda(kind="softmax"):
    """MXNet's own softmax in a block, as each line and kind of array has it."""
    if LINE == "2.0":
        return nn.HybridLambda(kind)
    if not mx.util.is_np_array():
        return nn.HybridLambda(kind)

    def function(F, x):
        return getattr(F.npx, kind)(x)

    function.__name__ = kind
    return nn.HybridLambda(function)


def last(*layers):
    return sequential(nn.Dense(16, activation="relu"), *layers)


def state(net):
    """Everything that a diagnosis could disturb; the graph by its identity."""
    found = []
    for _, block in walk(net):
        held = vars(block)
        found += [(key, held.get(key)) for key in ("_active", "_flags")]
        found += [(key, id(held.get(key))) for key in ("_cached_op", "_cached_graph")]
        found += [len(block._forward_hooks), len(block._forward_pre_hooks), len(dict(children(block)))]
    for name, p in net.collect_params().items():
        found += [name, p.grad_req, id(p._data), id(p._grad), p.data().asnumpy().tobytes()]
        found += [p.grad().asnumpy().tobytes()] if p.grad_req != "null" else []
    return found


def everything(net, x, y, loss, train_mode):
    layer_statistics(net, x, train_mode=train_mode)
    gradient_statistics(net, x, y, loss, train_mode=train_mode)
    dead_units(net, [x], train_mode=train_mode)
    check_output(net, loss, x)


def mean_of(out, y=None):
    """A loss that every output reaches."""
    return sum(each.mean() for each in arrays_in(out))


def net_of(forward, *inner, **attributes):
    """A net with these blocks, "k0", "k1", …, and a forward pass of its own."""

    class Net(Block):
        def forward(self, *inputs):
            return forward(self, *inputs)

    net = Net()
    for index, block in enumerate(inner):
        setattr(net, f"k{index}", block)
    vars(net).update(attributes)
    return net


# Nets of every make, each with a batch of three and the layers that it shows.

RUNS = {}


def started(make, arrays):
    """A net of these with its inputs, what else it comes with, and its output; a skip where this MXNet cannot."""
    try:
        net, x, rest = make(arrays)
        if not any(p._data is not None or p._deferred_init for p in net.collect_params().values()):
            net.initialize()
        inputs = tuple(x) if isinstance(x, (list, tuple)) else (x,)
        return net, x, inputs, rest, mean_of(net(*inputs)).asnumpy()
    except (TypeError, ValueError):
        if LINE == "1.9" and arrays.kind == "np":
            pytest.skip("1.9 has blocks that take legacy arrays only")
        raise


def runs(make):
    """Take in a net that runs; so it has to be possible to look into it."""
    RUNS[make.__name__[1:]] = make
    return make


def add(self, a, b=None):
    return a if b is None else a + b


@runs
def _several(arrays):
    net = net_of(lambda self, x: self.k1(self.k0(x), x), nn.Dense(4), net_of(add))
    return net, arrays(np.random.randn(3, 4)), ["k0 Dense", "k1 Net"]


@runs
def _left_out(arrays):
    net = net_of(lambda self, x, mask: self.k1(self.k0(x), mask), nn.Dense(4), net_of(add))
    return net, (arrays(np.random.randn(3, 4)), None), ["k0 Dense", "k1 Net"]


@runs
def _numbers(arrays):
    net = net_of(lambda self, x, times, squared: self.k0(x) ** (1 + squared) * times, nn.Dense(4))
    return net, (arrays(np.random.randn(3, 4)), 2, True), ["k0 Dense"]


@runs
def _lists(arrays):
    net = net_of(lambda self, x, more: self.k0(x + more[0] + more[1][0]), nn.Dense(4))
    x = arrays(np.random.randn(3, 4))
    return net, (x, [x, (x,)]), ["k0 Dense"]


@runs
def _dicts(arrays):
    inner = net_of(lambda self, held: {"there": None, "here": held["x"] * 2})
    net = net_of(lambda self, held: {"y": self.k1(self.k0(held)["here"])}, inner, nn.Dense(4))
    return net, {"x": arrays(np.random.randn(3, 4))}, ["k0 Net", "k1 Dense"]


@runs
def _tuples(arrays):
    net = net_of(lambda self, x: (self.k0(x), [self.k1(x), x]), nn.Dense(2), nn.Dense(3, activation="relu"))
    return net, arrays(np.random.randn(3, 4)), ["k0 Dense", "k1 Dense", "k1.act ReLU"]


@runs
def _no_array(arrays):
    """Blocks that are given no array: a number, a word, None, nothing."""
    ones = net_of(lambda self, *given: arrays(np.ones((3, 4))))
    net = net_of(lambda self, x: x + self.k0(3) + self.k0("x") + self.k0(None) + self.k0(), ones)
    net = sequential(net, nn.Dense(2), kind=nn.Sequential)
    return net, arrays(np.random.randn(3, 4)), ["0.k0 Net", "0.k0 Net #2", "0.k0 Net #3", "0.k0 Net #4", "1 Dense"]


@runs
def _nothing(arrays):
    net = net_of(lambda self: self.k0(arrays(np.ones((3, 4)))), nn.Dense(2))
    return net, (), ["k0 Dense"]


@runs
def _shared(arrays):
    act = nn.Activation("relu")
    net = sequential(sequential(nn.Dense(4), act), sequential(nn.Dense(4), act))
    return net, arrays(np.random.randn(3, 4)), ["0.0 Dense", "0.1 ReLU", "1.0 Dense", "1.1 ReLU"]


@runs
def _one_for_all(arrays):
    act = Mish()
    net = sequential(nn.Dense(4, activation="relu"), nn.Dense(5, activation="relu"))
    replace_activations(net, lambda: act)
    return net, arrays(np.random.randn(3, 4)), ["0 Dense", "0.act Mish", "1 Dense", "1.act Mish"]


@runs
def _nested(arrays):
    """The activation of a layer is more than one block."""
    net = sequential(nn.Dense(4, activation="relu"))
    replace_activations(net, lambda: sequential(Mish(), nn.Dropout(0.1)))
    return net, arrays(np.random.randn(3, 4)), ["0 Dense", "0.act.0 Mish", "0.act.1 Dropout"]


@runs
def _more_inside(arrays):
    net = nn.Dense(4, in_units=4)
    net.spare = nn.Dropout(0.5)
    return sequential(net, nn.Activation("relu")), arrays(np.random.randn(3, 4)), ["0 Dense", "1 ReLU"]


class Passive(nn.Dense):
    """Never calls the activation that it has."""

    def forward(self, x):
        return x * self.weight.data()[0]


@runs
def _passive(arrays):
    net = sequential(Passive(4, in_units=4, activation="relu"), kind=nn.Sequential)
    return net, arrays(np.random.randn(3, 4)), ["0 Passive"]


@runs
def _states(arrays):
    net = net_of(lambda self, x: self.k0(x, self.k0.begin_state(3)), rnn.LSTM(5))
    return net, arrays(np.random.randn(6, 3, 4)), ["k0 LSTM"]


@runs
def _layers(arrays):
    net = sequential(nn.Embedding(9, 4), rnn.GRU(5, layout="NTC", bidirectional=True), nn.Dense(2))
    return net, arrays(np.random.randint(0, 9, (3, 6)), "int32"), ["0 Embedding", "1 GRU", "2 Dense"]


@runs
def _cells(arrays):
    cell = rnn.SequentialRNNCell()
    for each in (rnn.LSTMCell(5, input_size=4), rnn.ResidualCell(rnn.GRUCell(5, input_size=5))):
        cell.add(each)
    net = net_of(lambda self, x: self.k0.unroll(2, x, merge_outputs=True)[0], cell)
    names = ["k0.0 LSTMCell", "k0.0 LSTMCell #2", "k0.1.base_cell GRUCell", "k0.1.base_cell GRUCell #2"]
    return net, arrays(np.random.randn(3, 2, 4)), names


@runs
def _choosy(arrays):
    """A block that raises on other batches."""

    def odd(self, x):
        if x.shape[0] != 3 or x.ndim != 2:
            raise ValueError("three, please")
        return x * 1

    net = sequential(nn.Dense(4), net_of(odd), nn.Activation("relu"), kind=nn.Sequential)
    return net, arrays(np.random.randn(3, 4)), ["0 Dense", "1 Net", "2 ReLU"]


@runs
def _never(arrays):
    """Blocks that are never called: with values, with a shape that stays unknown, without values."""
    net = net_of(lambda self, x: self.k0(x), nn.Dense(4), nn.Dense(3, in_units=2), nn.Dense(3), nn.Dense(2))
    for block in (net.k0, net.k1, net.k2):
        block.initialize()
    return net, arrays(np.random.randn(3, 4)), ["k0 Dense"]


@runs
def _again(arrays):
    def forward(self, x):
        for width in (4, 3, 2):
            x = self.k0(x[:, :width])
        return self.k1(x)

    net = net_of(forward, nn.Activation("relu"), nn.Dense(2))
    return net, arrays(np.random.randn(3, 4)), ["k0 ReLU", "k0 ReLU #2", "k0 ReLU #3", "k1 Dense"]


@runs
def _itself(arrays):
    net = net_of(lambda self, x: self.k0(x) if x.shape[0] == 1 else self(x[1:]) * 2, nn.Dense(2))
    return net, arrays(np.random.randn(3, 4)), ["k0 Dense"]


@runs
def _caught(arrays):
    """An error that the net itself expects."""

    def fails(self, x):
        raise KeyError

    def forward(self, x):
        try:
            return self.k0(x)
        except KeyError:
            return self.k1(x)

    inner = sequential(nn.Dense(2), net_of(fails), kind=nn.Sequential)
    net = net_of(forward, inner, nn.Dense(3, activation="relu"))
    return net, arrays(np.random.randn(3, 4)), ["k0.0 Dense", "k1 Dense", "k1.act ReLU"]


@runs
def _held(arrays):
    """Activations and, where Gluon finds them there, parameters in lists."""
    net = net_of(lambda self, x: self.acts[1](self.acts[0](x) * self.scale.data()))
    net.acts = [nn.Activation("relu"), nn.Activation("relu")]
    for act in net.acts:
        net.register_child(act)
    new_parameter(net, "scale", 2.0, 1)
    return net, arrays(np.random.randn(3, 4)), ["0 ReLU", "1 ReLU", "Net"]


@runs
def _imported(arrays):
    x = variable("x")
    graph = SymbolBlock(functional.tanh(x), [x])
    net = sequential(nn.Dense(4), graph, nn.Activation("relu"), kind=nn.Sequential)
    return net, arrays(np.random.randn(3, 4)), ["0 Dense", "2 ReLU"]


@runs
def _transposed(arrays):
    net = sequential(nn.Conv2D(4, 3, activation="relu"), nn.Conv2DTranspose(3, 2), nn.Flatten(), nn.Dense(2))
    x = arrays(np.random.randn(3, 1, 5, 5))
    return net, x, ["0 Conv2D", "0.act ReLU", "1 Conv2DTranspose", "2 Flatten", "3 Dense"]


@runs
def _half(arrays):
    net = sequential(nn.Activation("relu"), nn.PReLU(), nn.LayerNorm())
    net.cast("float16")
    return net, arrays(np.random.randn(3, 4), "float16"), ["0 ReLU", "1 PReLU", "2 LayerNorm"]


@runs
def _far(arrays):
    """Infinite numbers, and some that are none."""
    net = sequential(nn.Dense(4), net_of(lambda self, x: x / 0.0), nn.Activation("relu"), kind=nn.Sequential)
    return net, arrays(np.random.randn(3, 4)), ["0 Dense", "1 Net", "2 ReLU"]


@runs
def _elsewhere(arrays):
    """Computes in NumPy, where autograd does not follow."""
    net = sequential(nn.Dense(4), net_of(lambda self, x: arrays(x.asnumpy() * 2)), kind=nn.Sequential)
    return net, arrays(np.random.randn(3, 4)), ["0 Dense", "1 Net"]
