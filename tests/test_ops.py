"""What the formulas' own tests do not show of the operators: what the kernels need of them."""

import json

import numpy as np
import pytest

from gluon_activations import SiLU, ops
from gluon_activations._arrays import variable
from gluon_activations.fused import _graphs
from tests.conftest import LINE

import mxnet as mx

SHAPES = [(), (0,), (2, 0, 3), (1,), (2, 3)]


def nodes(symbol):
    return json.loads(_graphs.to_json(symbol, remove_amp_cast=False))["nodes"]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_same_array_as_the_result_of_an_operator(arrays, shape):
    """Whose gradient goes to the array that it is the same as, as often as it is used."""
    xs = np.random.randn(*shape)
    x = arrays(xs)
    x.attach_grad()
    with mx.autograd.record():
        one, other = ops.same(x), ops.same(x)
        y = 2 * one + 3 * other
    y.backward()
    assert type(one) is type(x) and one is not x and (one.dtype, one.shape) == (x.dtype, x.shape)
    np.testing.assert_array_equal(one.asnumpy(), x.asnumpy())
    np.testing.assert_array_equal(x.grad.asnumpy(), np.full(shape, 5))


def test_what_is_the_same_in_a_graph_is_a_node_each_time(arrays):
    x = variable("x")
    first, second = nodes(ops.same(x) + ops.same(x))[1:3]
    assert type(ops.same(x)) is type(x) and first["attrs"] != second["attrs"] and first["inputs"] == [[0, 0, 0]]
    of_an_array = mx.sym.Reshape(mx.sym.var("x"), shape=(-2,), target_shape=(7,))  # which MXNet 2.x has traced
    for node in (first, second, nodes(of_an_array)[1]):
        assert ops.is_same(node["op"], node["attrs"])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_graph_with_the_same_array_takes_every_shape(arrays, shape):
    x = variable("x")
    graph = mx.gluon.SymbolBlock([ops.same(x) * 2], [x])
    value, slope = arrays.value_and_slope(graph, np.full(shape, 3.0))
    np.testing.assert_array_equal(value, np.full(shape, 6))
    np.testing.assert_array_equal(slope, np.full(shape, 2))


def test_what_somebody_else_has_put_into_a_graph_is_not_the_same(arrays):
    x = mx.sym.var("x")
    own = [
        mx.sym.identity(x),
        mx.sym.Reshape(x, shape=(-2,)),
        mx.sym.Reshape(x, shape=(0, -1), target_shape=(3, 4)),
        mx.sym.Reshape(x, target_shape=(3, 4)),
        mx.sym.reshape_like(x, x),
    ]
    assert not any(ops.is_same(node["op"], node.get("attrs", {})) for symbol in own for node in nodes(symbol))


@pytest.mark.skipif(LINE != "2.0", reason="1.9 builds its graphs otherwise")
def test_whether_a_graph_is_being_built(arrays):
    class Asks(mx.gluon.HybridBlock):
        def forward(self, x):
            found.append(ops.is_traced())
            return x * 1

    found, block = [ops.is_traced()], Asks()
    block(arrays([1.0]))
    block.hybridize()
    block(arrays([1.0]))
    assert found[:2] == [False, False] and found[-1] is True and ops.is_traced() is False


def test_what_may_be_training(arrays):
    assert ops.may_train(variable("x")) is True  # a graph, which is run in training and outside
    x, during = arrays([1.0]), []
    for recorded in (mx.autograd.record, mx.autograd.pause):
        with recorded():
            during.append(ops.may_train(x))
    assert ops.may_train(x) is False and during == [True, False]


@pytest.mark.parametrize("number", [1e-30, 0.3, 0.9, 1.0, 1.7, 100.0, 128.0, 200.0, 1e30, 3e38])
def test_a_quotient_has_the_bits_of_a_division(arrays, number):
    """In every graph and outside, up to the largest numbers."""
    xs = (min(number, 1) * 3.4e38 * np.random.uniform(-1, 1, 500)).astype(np.float32)
    x = variable("x")
    graph = mx.gluon.SymbolBlock([ops.over(x, number)], [x])
    for computed in (graph(arrays(xs)), ops.over(arrays(xs), number)):
        np.testing.assert_array_equal(computed.asnumpy(), xs / np.float32(number))


@pytest.mark.parametrize("number", [0.3, 0.5, 128.0, 255.0, 256.0, 1e5])
def test_whole_numbers_in_a_graph_are_divided_by_no_0(number):
    x = mx.sym.var("x")
    graph = mx.gluon.SymbolBlock([ops.over(x, number)], [x])
    found = graph(mx.nd.array([0, 100], dtype="int8")).asnumpy()
    assert found.dtype == np.int8 and found[0] == 0


def test_without_a_graph_nothing_is_traced():
    assert ops.is_traced() is False


def test_kernels_are_left_out_inside_of_a_with_and_come_back(arrays, monkeypatch):
    x, asked = arrays([1.0]), []

    def seven(declared, x, options):
        asked.append(declared.whose)
        return x * 0 + 7

    monkeypatch.setattr(ops, "compiled", seven)
    expected = 1 / (1 + np.exp(-1))
    with ops.composed():
        assert SiLU()(x).asnumpy() == pytest.approx(expected)
        with pytest.raises(KeyError), ops.composed():
            raise KeyError
        assert SiLU()(x).asnumpy() == pytest.approx(expected)
    assert asked == [] and SiLU()(x).asnumpy() == 7 and asked == ["silu"]
