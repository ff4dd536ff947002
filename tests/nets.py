"""Nets that the tests of ``gluon_activations.nets`` look into."""

import mxnet as mx
from mxnet.gluon import HybridBlock, nn
from sklearn.datasets import load_digits

from gluon_activations import check_output, dead_units, gradient_statistics, layer_statistics
from gluon_activations._arrays import children
from gluon_activations.nets._walk import walk
from tests.conftest import LINE


def sequential(*layers, kind=nn.HybridSequential):
    net = kind()
    net.add(*layers)
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
