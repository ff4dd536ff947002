"""repair(): what MXNet's own activations give before, and after."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from gluon_activations import CATALOG, _repair, activations, array, repair
from gluon_activations._arrays import numpy_arrays
from tests.conftest import LINE
from tests.references import RECORDS

import mxnet as mx
from mxnet.gluon import SymbolBlock, nn

pytestmark = pytest.mark.usefixtures("way")
XS = np.array([-30.0, -6.0, -2.5, -1.0, -1e-3, 0.0, 1e-3, 0.5, 2.0, 6.0, 30.0])
FAR = np.array([-90.0, -20.0, 20.0])

# What makes MXNet's own where the catalog says that it has a fault.
BLOCKS = {
    name: CATALOG[name].builtin.make
    for name in activations("elements")
    if getattr(CATALOG[name].builtin, "fault", "") and LINE in CATALOG[name].builtin.lines
}


def made(name, hybridize, dtype="float32"):
    block = BLOCKS[name]()
    net = nn.HybridSequential()
    net.add(block)
    net.initialize()
    net.cast(dtype)
    if hybridize:
        net.hybridize(**hybridize)
    return net


def far_off(got, exact):
    return np.abs(got - exact) > 1e-5 * np.abs(exact) + 1e-30


HYBRID = [{}, {"static_alloc": False}, {"static_alloc": True, "static_shape": True}]


@pytest.mark.parametrize("hybridize", HYBRID)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_of_mxnet_gives_what_ours_gives(arrays, way, name, dtype, hybridize):
    xs = np.concatenate([XS, [np.nan]])
    with repair(verbose=False):
        value, slope = arrays.value_and_slope(made(name, hybridize, dtype), xs, dtype)
    exact = RECORDS[name].float64(XS)
    bound = {"rtol": 2e-6 if dtype == "float32" else 1e-6, "atol": 1e-6 if way == "composed" else 1e-38}
    np.testing.assert_allclose(value[:-1], exact[0], **bound)
    smooth = ~np.isin(XS, [*RECORDS[name].kinks])
    np.testing.assert_allclose(slope[:-1][smooth], exact[1][smooth], **bound)
    assert np.isnan(value[-1])


@pytest.mark.parametrize("hybridize", HYBRID)
@pytest.mark.parametrize("name", ["selu", "softplus"])
def test_what_was_wrong_is_wrong_again_afterwards(arrays, name, hybridize):
    for _ in range(2):
        with repair(verbose=False):
            right = arrays.value_and_slope(made(name, hybridize), XS)
        wrong = arrays.value_and_slope(made(name, hybridize), XS)
        exact = RECORDS[name].float64(XS)
        assert any(far_off(got, true).any() for got, true in zip(wrong, exact))
        assert not any((np.abs(got - true) > 1e-6 + 1e-5 * np.abs(true)).any() for got, true in zip(right, exact))


def test_the_numbers_of_a_leaky_relu_and_an_elu_are_kept(arrays):
    xs = np.array([-3.0, -0.5, 2.0])
    for block, left in ((nn.LeakyReLU(0.3), 0.3 * xs), (nn.ELU(2.5), 2.5 * np.expm1(xs)), (nn.Swish(1.5), None)):
        exact = np.where(xs > 0, xs, left) if left is not None else xs / (1 + np.exp(-1.5 * xs))
        with repair(verbose=False):
            for hybrid in (False, True):
                block.hybridize(hybrid)
                np.testing.assert_allclose(block(arrays(xs)).asnumpy(), exact, rtol=1e-6)


@pytest.mark.parametrize("hybridize", [None, {}, {"static_alloc": True}])
@pytest.mark.parametrize("shape, channels", [((6, 3), 3), ((2, 3, 5), 3), ((2, 3, 2, 2), 1), ((4,), 1)])
def test_the_slope_of_a_prelu_learns(arrays, shape, channels, hybridize):
    xs = np.random.randn(*shape)
    block = nn.PReLU(in_channels=channels)
    block.initialize()
    for parameter in block.collect_params().values():
        parameter.grad_req = "add"
    if hybridize is not None:
        block.hybridize(**hybridize)
    x = arrays(xs)
    x.attach_grad("add")
    with repair(verbose=False):
        for _ in range(2):
            with mx.autograd.record():
                y = block(x)
            y.backward()
    (alpha,) = block.collect_params().values()
    left = np.where(xs > 0, 0, xs)
    expected = left.sum(tuple(i for i in range(xs.ndim) if i != 1)) if channels > 1 else [left.sum()]
    np.testing.assert_allclose(alpha.grad().asnumpy(), 2 * np.array(expected), rtol=1e-5)
    np.testing.assert_allclose(x.grad.asnumpy(), np.where(xs > 0, 2, 0.5), rtol=1e-6)


def small_net():
    net = nn.HybridSequential()
    net.add(nn.Dense(6, activation="tanh"), nn.SELU(), nn.Dense(4), nn.PReLU(), nn.Swish(), nn.GELU(), nn.Dense(3))
    net.initialize(mx.init.Xavier(magnitude=3))
    net.hybridize()
    return net


def test_what_is_exported_is_what_would_have_been(arrays, tmp_path):
    x, net = arrays(np.random.randn(5, 4)), small_net()
    net(x)
    net.export(os.path.join(tmp_path, "before"))
    with repair(verbose=False):
        net.hybridize()
        net(x)
        net.export(os.path.join(tmp_path, "after"))
    before, after = (
        [(node["op"], node.get("attrs"), node["inputs"]) for node in json.loads(text)["nodes"]]
        for text in ((tmp_path / f"{name}-symbol.json").read_text() for name in ("before", "after"))
    )
    assert before == after and "LeakyReLU" in str(before) and "fused" not in str(before)


def test_a_file_loaded_afterwards_is_repaired(arrays, tmp_path):
    x, net = arrays(np.random.randn(64, 4)), small_net()
    x.attach_grad()
    net(x)
    net.export(os.path.join(tmp_path, "net"))
    file, held = (os.path.join(tmp_path, name) for name in ("net-symbol.json", "net-0000.params"))

    def slope(block):
        with mx.autograd.record():
            y = block(x).sum()
        y.backward()
        return x.grad.asnumpy().copy()

    wrong = slope(SymbolBlock.imports(file, ["data"], held, arrays.device))
    with repair(verbose=False):
        right = slope(SymbolBlock.imports(file, ["data"], held, arrays.device))
        eager = slope(unhybridized(net))
    np.testing.assert_allclose(right, eager, rtol=1e-4, atol=1e-6)
    assert np.abs(right - wrong).max() > 1e-3  # the gradient of SELU


def unhybridized(net):
    net.hybridize(False)
    return net


def test_an_executor_is_repaired(arrays):
    if arrays.kind == "np":
        pytest.skip("executors are for legacy Symbols")
    y = mx.sym.LeakyReLU(mx.sym.var("data"), act_type="selu")
    xs = np.array([-2.0, -0.5, 1.0], dtype="float32")

    def slope():
        run = y.bind if LINE == "1.9" else y._bind
        executor = run(arrays.device, {"data": arrays(xs)}, {"data": arrays(0 * xs)})
        executor.forward(is_train=True)
        executor.backward(arrays(np.ones(3)))
        return executor.grad_dict["data"].asnumpy()

    exact = RECORDS["selu"].float64(xs.astype(float))[1]
    assert np.abs(slope() - exact).max() > 0.05
    with repair(verbose=False):
        np.testing.assert_allclose(slope(), exact, rtol=1e-6)


def test_a_slope_for_each_number(arrays):
    """MXNet's operator takes slopes for the leading axes, and finds out how many there are."""
    xs, slopes = -np.arange(1.0, 25).reshape(3, 4, 2), np.linspace(0.1, 1.2, 12).reshape(3, 4)
    y = mx.sym.LeakyReLU(mx.sym.var("x"), mx.sym.var("gamma"), act_type="prelu")
    with repair(verbose=False):
        got = mx.nd.CachedOp(y)(*(mx.nd.array(values) for values in (xs, slopes))).asnumpy()
        shapes, _, _ = y.infer_shape(x=(3, 4, 2))
    np.testing.assert_allclose(got, xs * slopes[..., None], rtol=1e-6)
    assert shapes[1] == (4,)


@pytest.mark.parametrize("name", ["resnet18_v1", "mobilenet0_25", "mobilenet_v2_0_25"])
def test_a_net_of_the_zoo_gives_the_same_bits_since_it_has_no_other_activation_than_relu(name):
    with numpy_arrays(LINE == "2.0"):  # 1.9's nets of the zoo take legacy arrays
        net = getattr(mx.gluon.model_zoo.vision, name)(classes=4)
        net.initialize(mx.init.Xavier())
        x = array(np.random.randn(1, 3, 64, 64))
        net.hybridize()
        before = net(x).asnumpy()
        with repair(verbose=False):
            net.hybridize()
            np.testing.assert_array_equal(net(x).asnumpy(), before)
        assert np.ptp(before) > 0


def test_what_is_to_be_left_alone_is(arrays, way):
    """Random slopes (which end the process in 1.9.1), whole numbers, results written elsewhere, sparse arrays."""
    assert _repair._leaky_relu("rrelu") is None and _repair._hard_sigmoid(beta=0.4) is None
    whole = arrays([-2, 3], "int32")
    new = mx.npx.relu if arrays.kind == "np" else mx.nd.relu
    with repair(verbose=False):
        repaired_relu = mx.npx.relu if arrays.kind == "np" else mx.nd.relu
        assert new is not repaired_relu and repaired_relu(whole).asnumpy().tolist() == [0, 3]
        assert repaired_relu(whole).dtype == np.int32
        if arrays.kind == "nd" and way == "compiled":
            graph = mx.nd.CachedOp(mx.sym.relu(mx.sym.var("data")))
            assert graph(whole).asnumpy().tolist() == [0, 3] and graph(whole).dtype == np.int32
        out = arrays([0.0, 0.0])
        repaired_relu(arrays([-1.0, 2.0]), out=out)
        assert out.asnumpy().tolist() == [0, 2]
        if arrays.kind == "nd":
            assert mx.nd.relu(arrays([[-1.0, 2.0]]).tostype("csr")).stype == "csr"
    assert new is (mx.npx.relu if arrays.kind == "np" else mx.nd.relu)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (2, 3, 2, 1, 2)])
@pytest.mark.parametrize("name", BLOCKS)
def test_every_shape(arrays, name, shape):
    block = made(name, None)
    with repair(verbose=False):
        value, slope = arrays.value_and_slope(block, np.full(shape, -0.5))
    exact = RECORDS[name].float64(np.array(-0.5))
    np.testing.assert_allclose(value, np.full(shape, exact[0]), rtol=2e-6)
    np.testing.assert_allclose(slope, np.full(shape, exact[1]), rtol=2e-6)


# -- what is translated ---------------------------------------------------------------------

POINTS = [-3.0, -1.0, -0.25, 0.0, 0.5, 2.0, 4.0]
# Calls of MXNet's operators, in ranges in which these are right themselves; the first of each is as by default.
CALLS = [
    *(("LeakyReLU", options) for options in (
        {}, {"slope": 0.7}, {"act_type": "elu"}, *({"act_type": "elu", "slope": s} for s in (-0.5, 0.0, 0.5, 2.0)),
        {"act_type": "gelu"}, {"act_type": "selu"},
    )),
    ("hard_sigmoid", {}),
    *(("hard_sigmoid", {"alpha": a, "beta": b}) for a in (-0.3, 0.0, 0.3, 1.0, 1.5) for b in (-0.5, 0.4, 0.5, 2)),
    *((name, {}) for name in ("relu", "sigmoid", "tanh", "softsign")),
    *(("Activation", {"act_type": kind}) for kind in ("relu", "sigmoid", "tanh", "softrelu", "softsign")),
]  # fmt: skip


@pytest.mark.skipif(LINE != "1.9", reason="legacy operators")
@pytest.mark.parametrize("name, options", CALLS, ids=str)
def test_a_call_gives_what_mxnet_s_gives_where_that_is_right(name, options):
    x = mx.nd.array(POINTS)
    wanted = getattr(mx.nd, name)(x, **options).asnumpy()
    graph = getattr(mx.sym, name)(mx.sym.var("x"), **options)
    with repair(verbose=False):
        for got in (getattr(mx.nd, name)(x, **options), mx.nd.CachedOp(graph)(x)):
            np.testing.assert_allclose(got.asnumpy(), wanted, rtol=2e-6, atol=5e-7)


@pytest.mark.parametrize("number", [-0.5, 0.0, 0.25, 1.0, 2.0])
def test_what_ours_do_not_take_is_not_translated(number):
    assert (_repair._leaky_relu("elu", number) is None) == (number <= 0)
    assert (_repair._hard_sigmoid(number) is None) == (number <= 0)
    assert _repair._hard_sigmoid(0.2, number + 0.125) is None  # the middle piece would not pass 1/2 at 0
    assert _repair._leaky_relu("leaky", number) is not None
    assert _repair._activation("sigmoid") is not None and _repair._activation("abacus") is None
    assert None not in (_repair._activation(), _repair._leaky_relu(), _repair._hard_sigmoid())


@pytest.mark.parametrize("shape, slopes, fits", [
    ((4,), (1,), True), ((4,), (4,), False), ((4,), (2,), False), ((2, 3), (3,), True), ((2, 3), (2,), False),
    ((2, 3), (1,), True), ((2, 3, 4), (3,), True), ((2, 3, 4), (4,), False), ((3, 3), (3, 3), False),
    ((2, 3, 4), (3, 4), False), ((2, 2, 2, 2), (2,), True), ((1, 2), (2,), True), ((2, 1), (1,), True),
])  # fmt: skip
def test_which_slopes_are_ours(arrays, shape, slopes, fits):
    x, slope = arrays(np.ones(shape)), arrays(np.full(slopes, 0.5))
    assert _repair._fit(x) and _repair._fit(x, slope) == fits
    assert not _repair._fit(x, slope.astype("float64"))


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_each_channel_has_its_slope(arrays, channels):
    block = nn.PReLU(in_channels=channels)
    block.initialize()
    slopes = np.linspace(0.1, 0.7, channels).astype("float32")
    block.alpha.set_data(arrays(slopes))
    xs = -np.arange(1.0, 1 + 2 * channels * 2).reshape(2, channels, 2).astype("float32")
    with repair(verbose=False):
        for hybrid in (False, True):
            block.hybridize(hybrid)
            np.testing.assert_allclose(block(arrays(xs)).asnumpy(), xs * slopes[:, None], rtol=1e-6)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


PRODUCTS = {
    "the gate behind": (lambda x, y, F: x * F.sigmoid(x), lambda x, y: x * sigmoid(x), True),
    "a scaled gate": (lambda x, y, F: x * F.sigmoid(x * 1.5), lambda x, y: x * sigmoid(1.5 * x), True),
    "the gate before": (lambda x, y, F: F.sigmoid(x) * x, lambda x, y: x * sigmoid(x), False),
    "another gate": (lambda x, y, F: x * F.sigmoid(y), lambda x, y: x * sigmoid(y), False),
    "another gate, scaled": (lambda x, y, F: x * F.sigmoid(y * 1.5), lambda x, y: x * sigmoid(1.5 * y), False),
    "of a square": (lambda x, y, F: x * F.sigmoid(F.square(x)), lambda x, y: x * sigmoid(x * x), False),
    "of a tanh": (lambda x, y, F: x * F.tanh(x), lambda x, y: x * np.tanh(x), False),
    "of two": (lambda x, y, F: F.sigmoid(x) * F.sigmoid(y), lambda x, y: sigmoid(x) * sigmoid(y), False),
}


@pytest.mark.skipif(LINE != "1.9", reason="legacy graphs")
@pytest.mark.parametrize("which", PRODUCTS)
def test_a_product_is_a_swish_only_if_it_is_one(which):
    of_symbols, of_numbers, ours = PRODUCTS[which]
    x, y = mx.sym.var("x"), mx.sym.var("y")
    graph = of_symbols(x, y, mx.sym)
    inputs = graph.list_inputs()
    xs, ys = np.array(POINTS, "float32"), np.array(POINTS[::-1], "float32")
    values = {"x": xs, "y": ys}
    with repair(verbose=False):
        run = mx.nd.CachedOp(graph)
        got = run(*(mx.nd.array(values[name]) for name in inputs)).asnumpy()
        np.testing.assert_allclose(got, of_numbers(xs, ys), rtol=1e-5, atol=1e-7)
        if ours:  # where the product is nan
            assert run(mx.nd.array([-np.inf])).asnumpy().tolist() == [0]


def test_the_gate_of_a_swish_and_of_a_silu(arrays):
    """The second has no beta; at -inf MXNet's product is nan."""
    x = arrays([-np.inf, -2.0, 0.5])
    gate = _repair._gate(lambda self, *args: None)
    for block, beta in ((SimpleNamespace(), 1.0), (SimpleNamespace(_beta=3.0), 3.0)):
        expected = [0, -2 * sigmoid(-2 * beta), 0.5 * sigmoid(0.5 * beta)]
        for args in ((x,), (mx.nd, x)):  # as Gluon hands them over on its two lines
            np.testing.assert_allclose(gate(block, *args).asnumpy(), expected, rtol=1e-5)
        assert gate(block) is gate(block, mx.sym.var("x")) is gate(block, arrays([1], "int32")) is None
    with repair(verbose=False):
        np.testing.assert_allclose(nn.Swish(3.0)(x).asnumpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("wrong", [np.ones(2, "float32"), "text", [1.0], None], ids=str)
def test_what_is_no_array_is_refused_as_by_mxnet(arrays, wrong):
    def said():
        try:
            return type((mx.npx if arrays.kind == "np" else mx.nd).relu(wrong))
        except Exception as error:  # whatever MXNet says
            return type(error), str(error).split("Stack trace")[0]

    before = said()
    with repair(verbose=False):
        assert said() == before


def test_what_is_ours_is_called_as_mxnet_calls_it():
    before = mx.nd.relu, nn.Swish.forward if LINE == "2.0" else nn.Swish.hybrid_forward
    with repair(verbose=False):
        after = mx.nd.relu, nn.Swish.forward if LINE == "2.0" else nn.Swish.hybrid_forward
    for one, other in zip(before, after):
        assert one is not other and (one.__name__, one.__doc__) == (other.__name__, other.__doc__)


@pytest.mark.skipif(LINE != "1.9", reason="2.x traces arrays")
def test_a_block_that_is_given_a_node_of_a_graph():
    with repair(verbose=False):
        made = nn.Swish()(mx.sym.var("x", dtype="float32"))
    assert "sigmoid" in made.tojson()


def test_within_one_another():
    before = mx.nd.relu
    with repair(verbose=False):
        inside = mx.nd.relu
        with repair(verbose=False):
            assert mx.nd.relu is inside
        assert mx.nd.relu is inside is not before
    assert mx.nd.relu is before and not _repair._undo


SCRIPT = """
import gluon_activations
import mxnet as mx
x = mx.nd.array([-1.0])
x.attach_grad()
with mx.autograd.record():
    y = mx.nd.LeakyReLU(x, act_type="selu")
y.backward()
print(round(float(x.grad.asscalar()), 4))
"""


@pytest.mark.parametrize("wish, slope", [("1", "0.6468"), ("0", None)])
def test_the_environment_variable(wish, slope, way):
    environment = {
        **os.environ,
        "GLUON_ACTIVATIONS_REPAIR": wish,
        "GLUON_ACTIVATIONS_FUSED": str(int(way == "compiled")),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
    )
    *said, got = done.stdout.splitlines()
    if slope:
        assert got == slope and f"ours ({way})" in said[0] and said[1].startswith("Not reached: ")
    else:
        assert got != "0.6468" and said == []


def test_it_says_what_it_has_changed(capsys):
    with repair() as changed:
        again = repair()
    assert (
        changed == again
        and not _repair._undo
        and {"mx.nd.Activation", "mx.npx.leaky_relu", "mx.np.tanh", "nn.Swish"} <= {*changed}
    )
    assert capsys.readouterr().out.count("Not reached") == 2
