"""ONNX files of layers and nets, run by ONNX Runtime and by onnx's evaluator."""

import itertools
import re

import numpy as np
import pytest

from gluon_activations import GLU, Maxout, Swish, get_activation, initializer, replace_activations
from gluon_activations._arrays import is_numpy_kind
from gluon_activations.onnx import export
from tests.conftest import LINE

import mxnet as mx
from mxnet.gluon import HybridBlock, nn
from mxnet.gluon.model_zoo import vision

pytestmark = pytest.mark.skipif(LINE != "1.9", reason="MXNet 2.x has no export")
if LINE == "1.9":
    from tests.runtimes import check, outputs

NORMAL = mx.init.Normal(1.0)
ABOVE = mx.init.Constant(0.3)


@pytest.fixture(autouse=True)
def shapes_of_the_kind(arrays):
    """Legacy arrays with legacy shapes, where 0 means "not known yet", as Gluon's layers want them."""
    with mx.util.np_shape(arrays.kind == "np"):
        yield


def both_ways():
    return pytest.mark.parametrize("dynamic", [False, True], ids=["fixed", "dynamic"])


def normal(*shape):
    return np.random.randn(*shape).astype("float32")


def flat(results):
    return sum(map(flat, results), []) if isinstance(results, (list, tuple)) else [results.asnumpy()]


def compare(net, arrays, tmp_path, *xs, dynamic=False, tolerance=1e-5, expected=None):
    """Export a net and run the file; a dynamic one is made for a batch of one. The tolerance is relative."""
    dtypes = ["float32" if x.dtype.kind == "f" else x.dtype.name for x in xs]
    own = flat(net(*(arrays(x, dtype) for x, dtype in zip(xs, dtypes))))
    expected = own if expected is None else [expected]
    shapes = [(1 if dynamic else len(x), *x.shape[1:]) for x in xs]
    path = export(net, str(tmp_path / "net.onnx"), shapes, dynamic=dynamic, dtype=dtypes)
    check(path)
    for name, found in outputs(path, *xs):
        assert len(found) == len(expected)
        for got, wanted in zip(found, expected):
            scale = abs(wanted).max()
            assert got.shape == wanted.shape and 1e-2 < scale < 1e5, (name, got.shape, wanted.shape, scale)
            assert abs(got - wanted).max() < tolerance * scale, (name, abs(got - wanted).max(), scale)


def chain(*blocks):
    net = nn.HybridSequential()
    net.add(*blocks)
    net.initialize(mx.init.Xavier())
    return net


@both_ways()
@pytest.mark.parametrize("width", [6, 8])
def test_a_prelu_behind_a_convolution(arrays, width, dynamic, tmp_path):
    net = chain(nn.Conv2D(6, 3), nn.PReLU(in_channels=6, alpha_initializer=NORMAL))
    compare(net, arrays, tmp_path, normal(2, 3, width, width), dynamic=dynamic)


@both_ways()
def test_a_perceptron(arrays, dynamic, tmp_path):
    net = chain(
        nn.Dense(6, activation="sigmoid"), nn.Dropout(0.5), nn.Dense(8), GLU("silu"), Maxout(3), nn.Flatten()
    )
    compare(net, arrays, tmp_path, normal(3, 4, 2), dynamic=dynamic)


@both_ways()
@pytest.mark.parametrize("flatten", [False, True])
@pytest.mark.parametrize("use_bias", [False, True])
def test_dense(arrays, flatten, use_bias, dynamic, tmp_path):
    net = nn.Dense(5, flatten=flatten, use_bias=use_bias, bias_initializer=NORMAL)
    net.initialize(NORMAL)
    x = normal(2, 3, 4)
    net(arrays(x))
    expected = (x.reshape(2, 12) if flatten else x) @ net.weight.data().asnumpy().T
    expected = expected + net.bias.data().asnumpy() if use_bias else expected
    compare(net, arrays, tmp_path, x, dynamic=dynamic, expected=expected)


class Plain(HybridBlock):
    """Operators without options, which a graph then does not name."""

    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.weight = self.params.get("weight", shape=(5, 12), init=NORMAL)

    def hybrid_forward(self, F, x, weight):
        dense = F.npx.fully_connected if is_numpy_kind(x) else F.FullyConnected
        return dense(x, weight, num_hidden=5, no_bias=True)


@both_ways()
def test_options_that_are_left_out(arrays, dynamic, tmp_path):
    net = Plain()
    net.initialize()
    compare(net, arrays, tmp_path, normal(2, 3, 4), dynamic=dynamic)


class Applied(HybridBlock):
    """One operator of legacy arrays, with parameters of these shapes, and options."""

    def __init__(self, name, *shapes, **options):
        super().__init__()
        self.operator, self.options, self.names = name, options, [f"weight{i}" for i, _ in enumerate(shapes)]
        with self.name_scope():
            for own, shape in zip(self.names, shapes):
                setattr(self, own, self.params.get(own, shape=shape, init=NORMAL))

    def hybrid_forward(self, F, x, **weights):
        given = [x, *(weights[name] for name in self.names)]
        legacy = [each.as_nd_ndarray() if is_numpy_kind(each) else each for each in given]
        result = getattr(F, self.operator)(*legacy, **self.options)
        result = result[0] if self.options.get("act_type") == "rrelu" else result  # the second is for training
        return result.as_np_ndarray() if is_numpy_kind(x) else result


def normalised(x):
    """Each row with mean 0 and variance 1, as far as an epsilon of 1e-5 lets a small one be."""
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def convolved(x, weight):
    """Each window of 3 x 2, one beside the other, weighed and added up."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 2), (2, 3))
    return np.einsum("bihwjk,oijk->bohw", windows, weight)


@both_ways()
@pytest.mark.parametrize("name, shapes, options, function", [
    ("LeakyReLU", [], {}, lambda x: np.where(x > 0, x, x / 4)),
    ("LeakyReLU", [], {"act_type": "rrelu"}, lambda x: np.where(x > 0, x, x * (0.125 + 0.334) / 2)),
    ("LayerNorm", [(5,), (5,)], {}, lambda x, gamma, beta: normalised(x) * gamma + beta),
    ("Convolution", [(4, 3, 3, 2)], {"kernel": (3, 2), "num_filter": 4, "no_bias": True}, convolved),
    ("Pooling", [], {"kernel": (3, 2)},
     lambda x: np.lib.stride_tricks.sliding_window_view(x, (3, 2), (2, 3)).max((-2, -1))),
])  # fmt: skip
def test_what_an_operator_does_unless_told_otherwise(arrays, name, shapes, options, function, dynamic, tmp_path):
    net = Applied(name, *shapes, **options)
    net.initialize()
    x = normal(2, 3, 4, 5) * 0.01
    weights = [getattr(net, own).data().asnumpy() for own in net.names]
    compare(net, arrays, tmp_path, x, dynamic=dynamic, expected=function(x, *weights))


@both_ways()
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_a_convolutional_net(arrays, axes, dynamic, tmp_path):
    def layer(name):
        return getattr(nn, f"{name}{axes}D")

    net = chain(
        layer("Conv")(4, 3, padding=1, dilation=2),
        nn.BatchNorm(beta_initializer=NORMAL, running_mean_initializer=NORMAL, running_variance_initializer=ABOVE),
        layer("MaxPool")(3, 2, 1),
        get_activation("mish"),
        layer("Conv")(4, 3, strides=2, groups=2, use_bias=False),
        nn.BatchNorm(scale=False),
        layer("AvgPool")(2, 1, 1),
        Swish(learnable=True, in_channels=4),
        layer("GlobalAvgPool")(),
        nn.Dropout(0.5),
        nn.Dense(3),
    )
    net(arrays(normal(2, 4, *[12] * axes)))
    # A gamma that is not learned is 1, whatever stands there.
    net[5].gamma.set_data(arrays([3.0] * 4))
    compare(net, arrays, tmp_path, normal(2, 4, *[12] * axes), dynamic=dynamic)


@pytest.mark.parametrize("axis, dynamic", [*itertools.product([1, 2, 3, -1], [False, True]), (0, False)])
def test_a_batch_normalisation_along_any_axis(arrays, axis, dynamic, tmp_path):
    """Whose axes have different lengths, so that one taken for another does not fit."""
    made = {"gamma_initializer": ABOVE, "beta_initializer": NORMAL}
    net = nn.BatchNorm(axis, running_mean_initializer=NORMAL, running_variance_initializer=ABOVE, **made)
    net.initialize()
    compare(net, arrays, tmp_path, normal(2, 3, 4, 5), dynamic=dynamic)


class Fixed(HybridBlock):
    """A batch normalisation without options: its gamma is 1."""

    def __init__(self, channels):
        super().__init__()
        with self.name_scope():
            for name, init in (("gamma", NORMAL), ("beta", NORMAL), ("mean", NORMAL), ("variance", ABOVE)):
                setattr(self, name, self.params.get(name, shape=(channels,), init=init))

    def hybrid_forward(self, F, x, gamma, beta, mean, variance):
        normalise = F.npx.batch_norm if is_numpy_kind(x) else F.BatchNorm
        return normalise(x, gamma, beta, mean, variance)


@pytest.mark.parametrize("hybrid", [False, True])  # without a graph MXNet writes the 1 into gamma
def test_a_gamma_that_does_not_count(arrays, hybrid, tmp_path):
    net = Fixed(4)
    net.initialize()
    net.hybridize(hybrid)
    compare(net, arrays, tmp_path, normal(2, 4, 3, 3))


def pools():
    for size, padding, ceil in [(6, 0, False), (6, 0, True), (6, 1, True), (7, 1, False), (7, 1, True)]:
        options = dict(pool_size=3, strides=2, padding=padding, ceil_mode=ceil)
        yield size, nn.MaxPool2D, options
        for count in (False, True):
            yield size, nn.AvgPool2D, {**options, "count_include_pad": count}
    yield 6, nn.GlobalMaxPool2D, {}
    yield 6, nn.GlobalAvgPool2D, {}


@pytest.mark.parametrize("size, layer, options", pools(), ids=str)
def test_pooling(arrays, size, layer, options, tmp_path):
    compare(layer(**options), arrays, tmp_path, normal(2, 3, size, size))


@both_ways()
@pytest.mark.parametrize("axis", [-1, -2, 1, 2])
def test_a_layer_norm(arrays, axis, dynamic, tmp_path):
    net = nn.LayerNorm(axis=axis, gamma_initializer=NORMAL, beta_initializer=NORMAL)
    net.initialize()
    x = normal(2, 3, 4) * 3 + 1
    net(arrays(x))
    centred = x - x.mean(axis, keepdims=True)
    lined_up = (-1, 1)[: 3 - axis % 3]
    gamma, beta = (p.data().asnumpy().reshape(lined_up) for p in (net.gamma, net.beta))
    expected = centred / np.sqrt((centred**2).mean(axis, keepdims=True) + 1e-5) * gamma + beta
    compare(net, arrays, tmp_path, x, dynamic=dynamic, expected=expected)


@both_ways()
@pytest.mark.parametrize("dtype", ["float32", "int32", "int64"])
def test_ids(arrays, dtype, dynamic, tmp_path):
    net = chain(nn.Embedding(7, 5), nn.Dense(4, flatten=False), nn.LayerNorm(), get_activation("gelu"))
    compare(net, arrays, tmp_path, np.array([[0, 6, 3], [2, 2, 5]], dtype), dynamic=dynamic)


class Mixed(HybridBlock):
    """Numbers and ids; a concatenation, a sum past a layer; a layer and an activation that are called twice."""

    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.table, self.dense = nn.Embedding(7, 4), nn.Dense(4, in_units=4)
            self.activation = get_activation("mish")

    def hybrid_forward(self, F, x, ids):
        inner = self.activation(self.dense(x))
        past = x + self.activation(self.dense(inner))
        parts = [past, self.table(ids), inner]
        joined = F.np.concatenate(parts, axis=-1) if is_numpy_kind(x) else F.concat(*parts, dim=-1)
        return joined, [inner, past], 2 - past


@both_ways()
def test_several_inputs_and_outputs(arrays, dynamic, tmp_path):
    net = Mixed()
    net.initialize(NORMAL)
    compare(net, arrays, tmp_path, normal(3, 4), np.array([6, 0, 2], "int64"), dynamic=dynamic)
    names = [node.name for node in check(str(tmp_path / "net.onnx")).graph.node]
    assert {re.sub(".*_call(.)_.*", r"\1", name) for name in names if "_call" in name} == {"2"}


def test_a_net_that_never_ran_gets_its_shapes_from_the_export(arrays, tmp_path):
    net = chain(nn.Dense(3), nn.Dense(2))
    (got,) = dict(outputs(export(net, str(tmp_path / "net.onnx"), (2, 5)), normal(2, 5)))["ONNX Runtime"]
    assert got.shape == (2, 2) and net[0].weight.shape == (3, 5)


class Scalars(HybridBlock):
    """An array and a number, in both orders; a parameter and a number."""

    def __init__(self):
        super().__init__()
        with self.name_scope():
            self.alpha = self.params.get("alpha", shape=(3,), init=NORMAL)

    def hybrid_forward(self, F, x, alpha):
        both = [x + 2, x - 2, 2 - x, x * 2, x / 2, 2 - alpha, alpha * 2, alpha / 2]
        if is_numpy_kind(x):
            return both
        return [*both, 2 / x, 2**x, x**2, F._internal._rdiv_scalar(x, scalar=2.0, name="quotient")]


def test_numbers_beside_arrays(arrays, tmp_path, capsys):
    net = Scalars()
    net.initialize()
    compare(net, arrays, tmp_path, np.array([[0.5, -1.0, 2.0]], "float32"))
    assert capsys.readouterr().out == ""


class Arithmetic(HybridBlock):
    """Operators of NumPy arrays."""

    def hybrid_forward(self, F, x):
        sums = [F.np.sum(x), F.np.max(x, axis=1), F.np.mean(x, axis=(0, 2), keepdims=True)]
        shapes = [F.np.concatenate([x, x]), F.npx.reshape(x, (-2, 2, -1))]
        own = [F.npx.relu(x), F.np.tanh(x), F.npx.sigmoid(x), F.np.exp(x) - x * x / 3, F.np.square(x)]
        return [*own, *sums, *shapes]


def test_operators_of_numpy_arrays(arrays, tmp_path):
    if arrays.kind == "nd":
        pytest.skip("legacy arrays have others")
    x = normal(2, 3, 4)
    compare(Arithmetic(), arrays, tmp_path, x)
    path = export(Arithmetic(), str(tmp_path / "net.onnx"), x.shape)
    expected = [np.maximum(x, 0), np.tanh(x), 1 / (1 + np.exp(-x)), np.exp(x) - x * x / 3, x**2]
    expected += [x.sum(), x.max(1), x.mean((0, 2), keepdims=True), np.concatenate([x, x]), x.reshape(2, 2, 6)]
    for _, found in outputs(path, x):
        for got, wanted in zip(found, expected):
            np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(-4,), (-5, -1), (-3, -2, -2, -2)], ids=str)
def test_refuses_codes_of_a_shape_that_onnx_has_not(arrays, shape, tmp_path):
    if arrays.kind == "nd":
        pytest.skip("legacy arrays have others")

    class Reshapes(HybridBlock):
        def hybrid_forward(self, F, x):
            return F.npx.reshape(x, shape)

    with pytest.raises(NotImplementedError, match=re.escape(f"npx.reshape to {list(shape)} has no ONNX form")):
        export(Reshapes(), str(tmp_path / "net.onnx"), (1, 2, 3, 4))


class Splits(HybridBlock):
    """The first result of the second cut is called as the eleventh."""

    def hybrid_forward(self, F, x):
        first, second = F.SliceChannel(x, num_outputs=2, axis=1, name="cut1")
        return first, second, F.tanh(first, name="cut10")


def test_names_that_end_in_numbers(arrays, tmp_path):
    if arrays.kind == "np":
        pytest.skip("an operator of legacy arrays")
    compare(Splits(), arrays, tmp_path, normal(2, 4))


@pytest.mark.parametrize("name", ["mobilenet0_25", "mobilenet_v2_0_25", "resnet18_v1"])
def test_a_model_of_the_zoo(arrays, name, tmp_path):
    if name == "mobilenet_v2_0_25" and arrays.kind == "np":
        pytest.skip("it takes no NumPy arrays in MXNet 1.9")
    net = getattr(vision, name)(classes=3)
    net.initialize(initializer("silu"))
    assert replace_activations(net, "silu", replaces=["relu", "relu6"]) > 8
    for dynamic in (False, True):
        compare(net, arrays, tmp_path, normal(2, 3, 32, 32), dynamic=dynamic, tolerance=1e-4)


def test_a_random_slope_is_its_mean(arrays, tmp_path):
    x = normal(2, 3)
    net = Applied("LeakyReLU", act_type="rrelu", lower_bound=0.1, upper_bound=0.5)
    compare(net, arrays, tmp_path, x, expected=np.where(x > 0, x, np.float32(0.3) * x))


class Boxes(HybridBlock):
    """Non-maximum suppression."""

    def __init__(self, **options):
        super().__init__()
        self.options = options

    def hybrid_forward(self, F, x):
        found = F.contrib.box_nms(x.as_nd_ndarray() if is_numpy_kind(x) else x, **self.options)
        return found.as_np_ndarray() if is_numpy_kind(x) else found


KINDS = {"id_index": 0, "overlap_thresh": 0.3}


LAST = {"score_index": 4, "coord_start": 0}


@pytest.mark.parametrize("shape, options, dynamic", [
    ((2, 30, 6), {}, False),
    ((2, 30, 6), LAST, False),  # a last number of -1 is no background where there are no kinds
    ((2, 30, 6), {"topk": 0}, False),
    ((2, 30, 6), {"topk": 1}, False),
    ((2, 30, 6), {"topk": 15, "overlap_thresh": 0.3}, True),
    ((2, 30, 6), KINDS, False),
    ((2, 2, 20, 6), {**KINDS, "topk": 15, "valid_thresh": 0.2}, True),
    ((30, 6), {**KINDS, "force_suppress": True, "background_id": 0}, False),
    ((2, 30, 6), {**LAST, "id_index": 5, "in_format": "center", "out_format": "center"}, True),
    ((2, 30, 6), {"valid_thresh": 1.0}, True),
])  # fmt: skip
def test_boxes_of_several_kinds(arrays, shape, options, dynamic, tmp_path):
    ids, scores = np.random.randint(-1, 3, (*shape[:-1], 1)), np.random.rand(*shape[:-1], 1) * 1.2 - 0.2
    low, sizes = np.random.rand(*shape[:-1], 2), 0.4 + 0.4 * np.random.rand(*shape[:-1], 2)
    ends = sizes if "in_format" in options else low + sizes
    x = np.concatenate(
        [low, ends, scores, ids] if options.items() >= LAST.items() else [ids, scores, low, ends], -1
    )
    x = x.astype("float32")
    kept = (Boxes(**options)(arrays(x)).asnumpy()[..., options.get("score_index", 1)] > 0).mean()
    few, all_of_them = options.get("topk") == 1 or options.get("valid_thresh") == 1, options.get("topk") == 0
    assert all_of_them or (kept < 0.8 and (kept > 0.1) != few), "a test of something"
    compare(Boxes(**options), arrays, tmp_path, x, dynamic=dynamic)


def test_refuses_boxes_of_two_forms(arrays, tmp_path):
    with pytest.raises(NotImplementedError, match="where out_format is in_format"):
        export(Boxes(in_format="center"), str(tmp_path / "net.onnx"), (2, 5, 6))


@pytest.mark.parametrize("make, message", [
    (lambda: Applied("Pooling", kernel=(2, 2), pool_type="sum"), "not by sum, valid"),
    (lambda: Applied("Pooling", kernel=(2, 2), pool_type="lp", p_value=2), "not by lp, valid"),
    (lambda: Applied("Pooling", global_pool=True, layout="NHWC"), "NCW, NCHW and NCDHW, not NHWC"),
    (lambda: Applied("Pooling", kernel=(2, 2), layout="NHWC"), "the layouts .* are NCW, NCHW and NCDHW, not NHWC"),
])  # fmt: skip
def test_refuses(arrays, make, message, tmp_path):
    net = make()
    net.initialize()
    with pytest.raises(NotImplementedError, match=message):
        export(net, str(tmp_path / "net.onnx"), (2, 3, 4, 4))
