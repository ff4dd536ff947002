"""Kinds of array, and what Gluon calls otherwise on its two lines."""

import inspect
import subprocess
import sys
import threading

import numpy as np
import pytest

from gluon_activations import _arrays
from gluon_activations.blocks import FunctionBlock
from tests.conftest import KINDS, LINE

import mxnet as mx
from mxnet.gluon import Block, HybridBlock, Parameter, SymbolBlock, contrib, nn


def test_the_line_at_hand():
    assert (LINE == "2.0") == _arrays.GLUON_2 == mx.__version__.startswith("2")


def test_which_kind_an_array_is(arrays):
    x, symbol = arrays([1.0]), mx.sym.var("x")
    assert _arrays.is_array(x) and _arrays.is_array(symbol) and not _arrays.is_array(np.ones(1))
    assert _arrays.is_symbol(symbol) and _arrays.is_symbol(symbol.as_np_ndarray()) and not _arrays.is_symbol(x)
    assert _arrays.is_numpy_kind(x) == (arrays.kind == "np")
    assert _arrays.is_numpy_kind(symbol.as_np_ndarray()) and not _arrays.is_numpy_kind(symbol)
    assert _arrays.device_of(x) == arrays.device


def test_dtypes(arrays):
    for dtype in _arrays.FLOATS:
        assert _arrays.dtype_of(arrays([1.0], dtype)) == dtype
        _arrays.check(arrays([1.0], dtype), "f")
    assert _arrays.dtype_of(mx.sym.var("x")) is None
    assert _arrays.dtype_of(mx.sym.var("x", dtype="float64")) == "float64"
    _arrays.check(mx.sym.var("x"), "f")
    with pytest.raises(TypeError, match="^f takes float16, float32, float64, not int64: convert with .astype"):
        _arrays.check(arrays([1], "int64"), "f")
    with pytest.raises(
        TypeError, match=r"^f takes an MXNet array \(mx.np.array or mx.nd.array\), not builtins.int$"
    ):
        _arrays.check(1, "f")


def test_the_dtype_of_a_graph_that_is_open():
    """What an operator refuses to tell while its input is open is known where it does not depend on that."""
    x = mx.sym.var("x")
    dropped = mx.sym.Dropout(x, p=0.5)
    assert _arrays.dtype_of(dropped) is None
    for dtype in _arrays.FLOATS:
        assert _arrays.dtype_of(mx.sym.cast(dropped, dtype)) == dtype
        assert _arrays.dtype_of(mx.sym.cast(mx.sym.var("y", dtype="int32"), dtype)) == dtype
    assert _arrays.dtype_of(mx.sym.Dropout(mx.sym.var("y", dtype="float64"), p=0.5)) == "float64"
    mixed = mx.sym.broadcast_add(dropped, mx.sym.var("z"))
    assert _arrays.dtype_of(mixed) is None


def test_the_name_of_a_dtype_is_put_together_once():
    for dtype in (np.float32, np.dtype("float64")):
        assert _arrays._name_of(dtype) is _arrays._name_of(dtype)
    assert _arrays._name_of(np.dtype([("bfloat16", np.uint16)])) == "bfloat16"  # as MXNet writes it


def test_a_dtype_is_written_into_a_graph_unless_it_is_the_usual_one(arrays):
    x, symbol = arrays([1.0]), mx.sym.var("x")
    assert _arrays.settle_dtype(x, "float64") is x
    assert _arrays.settle_dtype(symbol, None) is _arrays.settle_dtype(symbol, "float32") is symbol
    assert _arrays.dtype_of(_arrays.settle_dtype(symbol, "float64")) == "float64"


def test_arrays_of_the_kind_of_the_session(arrays):
    made = _arrays.array([[1, 2]])
    assert type(made) is type(arrays([1.0])) and made.dtype == np.float32 and made.shape == (1, 2)
    assert _arrays.array(np.ones(2), "float64", arrays.device).dtype == np.float64
    assert type(_arrays.like(arrays([1.0]), mx.nd.array([1.0]))) is type(made)
    named = _arrays.variable("data")
    assert named.name == "data" and _arrays.is_numpy_kind(named) == (arrays.kind == "np")


@pytest.mark.skipif(len(KINDS) == 1, reason="2.x has one kind of array with values")
def test_a_session_of_the_other_kind_for_a_while():
    kinds = []
    for options in ({}, {"active": True}, {"active": False}):
        with _arrays.numpy_arrays(**options):
            kinds.append((type(_arrays.array([1.0])), mx.util.is_np_shape()))
    assert kinds == [(mx.np.ndarray, True), (mx.np.ndarray, True), (mx.nd.NDArray, False)]
    assert type(_arrays.array([1.0])) is mx.nd.NDArray


def test_children_parameters_and_devices_of_a_block(arrays):
    first, second = nn.Dense(2), nn.Activation("relu")
    net = nn.HybridSequential()
    net.add(first, second)
    assert list(_arrays.children(net)) == [("0", first), ("1", second)]
    assert list(_arrays.children(second)) == []
    block = nn.HybridSequential()
    _arrays.new_parameter(block, "beta", 1.5, 3)
    _arrays.initialize_on(block, [arrays.device])
    assert block.beta.data().asnumpy().tolist() == [1.5] * 3 and block.beta.list_ctx() == [arrays.device]


def test_the_layers_that_take_an_activation_are_all_known():
    takers = {
        thing
        for module in (nn, getattr(contrib, "cnn", nn))
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and issubclass(thing, Block) and not name.startswith("_")
        if "activation" in inspect.signature(thing.__init__).parameters
    }
    assert takers - {nn.Activation} == {*_arrays.WITH_ACTIVATION}


def test_the_parameters_that_a_block_keeps_in_a_list_are_its_own():
    block = nn.Dense(2, in_units=3)
    assert [*_arrays.own_parameters(block)] == ["weight", "bias"]
    if LINE == "1.9":
        more = block.params.get("more", shape=(1,))
        assert _arrays.own_parameters(block)["more"] is more and len(_arrays.own_parameters(block)) == 3


BEFORE = """
import numpy_for_mxnet
import mxnet as mx
from mxnet.gluon import HybridBlock

@mx.util.use_np  # which gives a class its own copies of MXNet's methods
class Net(HybridBlock):
    def METHOD:
        told.append(_arrays.is_empty(x))
        return x * 2

told = []
from gluon_activations import _arrays
with _arrays.numpy_arrays():
    net = Net()
    net.hybridize()
    for shape in ((2,), (3,), (0,)):
        net(mx.np.ones(shape))
print(told)
"""


def test_a_class_that_was_there_before_us_is_told_too():
    code = BEFORE.replace("METHOD", "forward(self, x)" if LINE == "2.0" else "hybrid_forward(self, F, x)")
    told = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert told.stdout.splitlines()[-1:] == ["[False, True]"], told.stderr


def test_what_is_wrapped_keeps_its_name_and_its_words():
    for of, name in [
        (HybridBlock, "_get_graph"), (HybridBlock, "_call_cached_op"), (Parameter, "cast"), (SymbolBlock, "cast")
    ]:  # fmt: skip
        method = vars(of)[name]
        assert method.__qualname__ == f"{of.__name__}.{name}" and method.__module__ == of.__module__


def test_a_graph_that_nobody_builds_is_for_usual_arrays():
    told, x = [], mx.sym.var("x")
    another = threading.Thread(target=lambda: told.append((_arrays.is_empty(x), _arrays.is_scalar(x))))
    another.start()
    another.join()
    assert told == [(False, False)]


def test_numbers_of_numpys_become_pythons():
    held = (np.float64(0.5), [np.int64(1), {np.str_("a"): np.bool_(True)}], np.ones(1), None)
    number, several, array, none = _arrays.plain(held)
    assert repr((number, several, none)) == "(0.5, [1, {'a': True}], None)" and array is held[2]
    assert type(number) is float and type(several[0]) is int


def test_a_block_of_somebodys_own_is_written_with_pythons_numbers():
    class Times(FunctionBlock):
        function = staticmethod(lambda x, k, ends: x * k)

        def __init__(self, k):
            super().__init__(k=k, ends=(k, 1))

    assert repr(Times(np.float64(0.25))) == "Times(k=0.25, ends=(0.25, 1))"
