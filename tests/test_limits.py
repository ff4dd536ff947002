"""The table of docs/limits.md: each symptom is seen on the line of MXNet and the arrays that it names."""

import copy
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from gluon_activations import GELU, HardTanh, Tanh, fused, onnx
from tests.conftest import LINE
from tests.nets import hybridized

import mxnet as mx
from mxnet.gluon import HybridBlock, nn, rnn

LIMITS = Path(__file__).parent.parent / "docs" / "limits.md"


def table():
    """The rows: what one does, with its line of MXNet and kind of array, and what one sees."""
    text = LIMITS.read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if "|" in line]
    return {does: (where, sees) for does, where, sees, _ in rows[2:]}


def pickled(arrays):
    net = hybridized(nn.Dense(3), GELU())
    net(arrays([[1.0, 2.0]]))
    copy.deepcopy(net)


def pickled_at_all(arrays):
    net = nn.Sequential()
    net.add(nn.Dense(3))
    pickle.dumps(net)


def derived_again(arrays):
    x = arrays([0.5])
    x.attach_grad()
    with mx.autograd.record():
        y = GELU()(x)
        (slope,) = mx.autograd.grad([y], [x], create_graph=True, retain_graph=True)
    slope.backward()


def in_bfloat16(arrays):
    GELU()(arrays([1.0]).astype(np.dtype([("bfloat16", np.uint16)])))  # as MXNet writes it


def whole_numbers(arrays):
    if not fused.enabled():
        pytest.skip(f"no compiled kernels: {fused.why_not()}")
    hybridized(GELU())(arrays([1, 2], "int32")).asnumpy()


def recurrent(arrays):
    net = hybridized(rnn.LSTM(8))
    with mx.autograd.record():
        net(arrays(np.ones((5, 3, 4)))).wait_to_read()


class Between(HybridBlock):
    """A block between two operators."""

    def __init__(self, block):
        super().__init__()
        self.block = block

    if LINE == "2.0":

        def forward(self, x):
            return self.block(x * 2) * 2
    else:

        def hybrid_forward(self, F, x):
            return self.block(x * 2) * 2


class Sums(Between):
    """An array used twice, whose gradients are added up."""

    def __init__(self):
        super().__init__(lambda x: x + x * 3)


def backwards(net, x):
    net.hybridize()
    x.attach_grad()
    with mx.autograd.record():
        y = net(x)
    y.backward()
    mx.nd.waitall()


def empty(arrays):
    with mx.util.np_shape(True):
        backwards(Between(nn.Activation("relu")), arrays(np.ones((0, 4))))


def empty_sum(arrays):
    with mx.util.np_shape(True):
        backwards(Sums(), arrays(np.ones((0, 4))))


def open_length(arrays):
    class State(HybridBlock):
        def __init__(self):
            super().__init__()
            self.dense, self.block = nn.Dense(4), Tanh()

        def hybrid_forward(self, F, x):
            return self.dense(x) + self.block(F.zeros((0, 4)))

    net = State()
    net.initialize()
    net.hybridize()
    net(arrays([[1.0, 2.0]]))


def exported(arrays):
    onnx.export(hybridized(nn.Dense(3)), "net.onnx", (1, 2))


SEEN = {
    "`pickle` or": pickled,
    "`pickle` any": pickled_at_all,
    "derive": derived_again,
    "`amp.init": in_bfloat16,
    "whole numbers": whole_numbers,
    "an RNN layer": recurrent,
    "an empty batch through": empty,
    "an empty batch of": empty_sum,
    "an array of open": open_length,
    "`onnx.export`": exported,
}
# What is no error by itself: the first comes now and then, and the others have tests of their own.
OTHERWISE = ("feed one", "`hybridize(static_alloc=True)`", "add up the gradient")


def test_every_row_is_tried():
    begins = [[key for key in (*SEEN, *OTHERWISE) if does.startswith(key)] for does in table()]
    assert all(begins) and {key for keys in begins for key in keys} == {*SEEN, *OTHERWISE}


@pytest.mark.parametrize("does", [does for does in table() if not does.startswith(OTHERWISE)])
def test_the_symptom_of_a_limit(arrays, does, tmp_path, monkeypatch):
    where, sees = table()[does]
    line, _, kind = where.replace("`", "").partition(", mx.")
    if LINE not in line and line != "both":
        pytest.skip(f"a limit of {line}")
    if kind not in ("", arrays.kind):
        pytest.skip(f"a limit of mx.{kind}")
    monkeypatch.chdir(tmp_path)
    provoke = SEEN[max((key for key in SEEN if does.startswith(key)), key=len)]
    with pytest.raises(Exception) as error, mx.util.np_shape(arrays.kind == "np"):
        provoke(arrays)
    assert re.search("`(.*?)`", sees)[1] in str(error.value)


@pytest.mark.parametrize("apply, adds", [
    (lambda x: x.clip(-1, 1), False),
    (lambda x: (x * 1).clip(-1, 1), True),
    (HardTanh(), True),
])  # fmt: skip
def test_mxnet_s_own_clip_overwrites_a_gradient_that_is_added_up(arrays, way, apply, adds):
    x = arrays([0.5, -1.2])
    x.attach_grad(grad_req="add")
    for _ in range(3):
        with mx.autograd.record():
            y = apply(x)
        y.backward()
    assert x.grad.asnumpy().tolist() == [3 if adds else 1, 0]


if LINE == "1.9":

    class Learned(HybridBlock):
        """x * sigmoid(b * x) of MXNet's own operators, with a learned b."""

        def __init__(self, low):
            super().__init__()
            self.low = low
            self.b = self.params.get("b", shape=(1,), init=mx.init.Constant(0.5))

        def hybrid_forward(self, F, x, b):
            z = x if self.low is None else F.clip(x, self.low, -self.low)
            return F.elemwise_mul(x, F.sigmoid(F.broadcast_mul(z, b)))

    class Sum(HybridBlock):
        """The sum of the means of what several blocks make of one array."""

        def __init__(self, *parts):
            super().__init__()
            self.parts = nn.HybridSequential()
            self.parts.add(*parts)

        def hybrid_forward(self, F, x):
            first, *others = (part(x).mean(axis=-1, keepdims=True) for part in self.parts)
            return sum(others, first)

    @pytest.mark.parametrize("options, right", [({}, True), ({"static_alloc": True}, False)])
    def test_mxnet_s_own_operators_that_share_an_array_in_static_memory(options, right):
        found, x = [], mx.nd.array(np.random.RandomState(3).standard_normal((3, 5)))
        for hybrid in (False, True):
            mx.random.seed(11)
            prelus = [nn.PReLU(mx.init.Constant(-0.3)) for _ in range(3)]
            net = nn.HybridSequential()
            parts = [Learned(-1e30), nn.Activation("sigmoid"), *prelus[:2], Learned(None), prelus[2]]
            net.add(nn.Dense(8), Sum(*parts))
            net.initialize(mx.init.Normal(0.4))
            net(x)
            if hybrid:
                net.hybridize(**options)
            with mx.autograd.record():
                loss = (net(x) ** 2).mean()
            loss.backward()
            found.append(net[0].weight.grad().asnumpy())
        off = np.abs(found[1] - found[0]).max() / np.abs(found[0]).max()
        assert off < 1e-5 if right else off > 0.1
