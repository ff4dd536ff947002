"""The blocks that are not a curve: those that act on vectors, learn, or are random in training."""

import os

import numpy as np
import pytest
import scipy.special

from gluon_activations import (
    GLU,
    SELU,
    XIELU,
    AlphaDropout,
    LogSoftmax,
    Maxout,
    RReLU,
    Snake,
    Softmax,
    Softmin,
    Sparsemax,
    activations,
    functional,
    get_activation,
)
from tests.nets import hybridized
from tests.references import RECORDS, VECTORS

import mxnet as mx
from mxnet.gluon import SymbolBlock, Trainer, loss, nn

VECTORS_WITH_WEIGHTS = [name for name in VECTORS if VECTORS[name].options]
GATES = GLU().__init__.declared.parameters["activation"].options


def gate(name, x):
    """What the second half passes through, by the reference."""
    return RECORDS[name].float64(x)[0]


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("shape, axis", [((5, 6), -1), ((5, 6, 4), 1), ((5, 3, 2, 6), -1), ((2, 6, 3, 1), 1)])
@pytest.mark.parametrize("name", GATES)
def test_glu(arrays, name, shape, axis, hybridize):
    xs = np.random.randn(*shape)
    block = GLU(name, axis=axis)
    if hybridize:
        block.hybridize()
    a, b = np.split(xs, 2, axis)
    np.testing.assert_allclose(block(arrays(xs)).asnumpy(), a * gate(name, b), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype, bound", [("float16", 2e-3), ("float32", 1e-6), ("float64", 1e-14)])
def test_glu_keeps_the_dtype_and_its_accuracy(arrays, dtype, bound):
    xs = np.linspace(-4, 4, 12).astype(dtype)
    a, b = np.split(xs.astype("float64"), 2)
    value = GLU("silu")(arrays(xs, dtype))
    assert value.dtype == np.dtype(dtype)
    np.testing.assert_allclose(value.asnumpy(), a * gate("silu", b), rtol=bound)


def test_glu_refuses():
    with pytest.raises(ValueError, match="'sigmoid', 'tanh', .* not 'swish'"):
        GLU("swish")
    with pytest.raises(TypeError, match="axis is an integer, not 'last'"):
        GLU(axis="last")


@pytest.mark.parametrize("hybridize", [False, True])
def test_glu_refuses_an_odd_or_missing_axis(arrays, hybridize):
    block = GLU(axis=1)
    if hybridize:
        block.hybridize()
    with pytest.raises(ValueError, match=r"length is even, not 3 as in \(2, 3\)"):
        block(arrays(np.ones((2, 3))))
    with pytest.raises(ValueError, match=r"shape \(4,\) has no such axis"):
        block(arrays(np.ones(4)))


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("shape", [(5, 6), (5, 3, 6), (5, 2, 3, 6)])
@pytest.mark.parametrize("pieces", [1, 2, 5])
def test_maxout(arrays, pieces, shape, hybridize):
    block = Maxout(4, pieces)
    block.initialize(mx.init.Normal(1))
    if hybridize:
        block.hybridize()
    xs = np.random.randn(*shape)
    value = block(arrays(xs)).asnumpy()
    weight, bias = block[0].weight.data().asnumpy(), block[0].bias.data().asnumpy()
    affine = (xs @ weight.T + bias).reshape(*shape[:-1], pieces, 4)
    np.testing.assert_allclose(value, affine.max(axis=-2), rtol=1e-4, atol=1e-5)
    assert repr(block) == f"Maxout(units=4, pieces={pieces})"


@pytest.mark.parametrize("wrong, error", [
    (dict(units=0), ValueError),
    (dict(pieces=0), ValueError),
    (dict(pieces=1.5), TypeError),
    (dict(pieces=True), TypeError),
])  # fmt: skip
def test_maxout_refuses(wrong, error):
    with pytest.raises(error, match=rf"{[*wrong][0]} is an integer of at least 1, not {[*wrong.values()][0]}"):
        Maxout(**{"units": 3, **wrong})


def test_two_pieces_learn_the_absolute_value(arrays):
    xs = np.random.randn(256, 1)
    net = Maxout(1, 2)
    net.initialize(mx.init.Normal(0.5))
    trainer = Trainer(net.collect_params(), "adam", {"learning_rate": 0.05})
    x, y = arrays(xs), arrays(np.abs(xs))
    for _ in range(150):
        with mx.autograd.record():
            step = loss.L2Loss()(net(x), y)
        step.backward()
        trainer.step(256)
    assert step.mean().asnumpy().item() < 1e-3


@pytest.mark.parametrize("make", [lambda: GLU("gelu"), lambda: Maxout(6, 3), lambda: Softmax(temperature=2)])
def test_layers_export(arrays, make, tmp_path):
    net = nn.HybridSequential()
    net.add(nn.Dense(8), make())
    net.initialize()
    net.hybridize()
    x = arrays(np.random.randn(3, 5))
    expected = net(x).asnumpy()
    net.export(os.path.join(tmp_path, "net"))
    files = [os.path.join(tmp_path, name) for name in ("net-symbol.json", "net-0000.params")]
    loaded = SymbolBlock.imports(files[0], ["data"], files[1], arrays.device)
    np.testing.assert_allclose(loaded(x).asnumpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0])
def test_softmax(arrays, axis, temperature, hybridize):
    block = Softmax(axis, temperature)
    if hybridize:
        block.hybridize()
    xs = np.random.randn(4, 3, 5) * 3
    expected = scipy.special.softmax(xs / temperature, axis=axis)
    np.testing.assert_allclose(block(arrays(xs)).asnumpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("axis, temperature", [(-1, 0.25), (0, 1.0), (1, 4.0)])
def test_log_softmax(arrays, axis, temperature, hybridize):
    block = LogSoftmax(axis, temperature)
    if hybridize:
        block.hybridize()
    xs = np.random.randn(4, 3, 5) * 30
    expected = scipy.special.log_softmax(xs / temperature, axis=axis)
    np.testing.assert_allclose(block(arrays(xs)).asnumpy(), expected, rtol=1e-5, atol=1e-5)


def test_log_softmax_where_it_is_next_to_0_and_where_it_is_far_below(arrays):
    for dtype, rel in (("float32", 1e-6), ("float64", 1e-14)):
        for logits in ([0.0, -30.0, -31.0], [50.0, 0.0, 0.0], [1000.0, -1000.0, 1000.0], [0.0, -np.inf, 0.0]):
            x = arrays(logits, dtype)
            x.attach_grad()
            with mx.autograd.record():
                y = LogSoftmax()(x)
            y.backward(arrays([0.0, 1.0, 0.0], dtype))
            z = np.array(logits) - max(logits)
            top = int(np.argmax(z))
            rest = np.exp(np.delete(z, top)).sum()
            np.testing.assert_allclose(y.asnumpy(), z - np.log1p(rest), rtol=rel)
            p = np.exp(z) / (1 + rest)
            np.testing.assert_allclose(x.grad.asnumpy(), np.eye(3)[1] - p, rtol=rel, atol=rel / 10)


@pytest.mark.parametrize("name", activations("vectors"))
def test_functions_of_vectors_against_numpy(arrays, name):
    """With their defaults, on the last axis, in every dtype."""
    for dtype, bound in (("float16", 2e-3), ("float32", 2e-6), ("float64", 1e-13)):
        xs = np.random.randn(3, 2, 6).astype(dtype)
        value = getattr(functional, name)(arrays(xs, dtype))
        assert value.dtype == np.dtype(dtype)
        expected = VECTORS[name].function(xs.astype(float))
        np.testing.assert_allclose(value.asnumpy(), expected, rtol=bound, atol=bound / 4)


def test_maxout_of_shapes_that_do_not_fit(arrays):
    for shape in ((2, 3), ()):
        with pytest.raises(ValueError, match="maxout cuts the last axis into 2 equal parts, as shape"):
            functional.maxout(arrays(np.ones(shape)))
    assert functional.maxout(arrays(np.ones((2, 3))), 3).shape == (2, 1)
    x = arrays([5.0, 1.0, 5.0, 2.0])
    x.attach_grad()
    with mx.autograd.record():
        y = functional.maxout(x)
    y.backward()
    assert y.asnumpy().tolist() == [5, 2] and x.grad.asnumpy().tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("kind", [Softmax, LogSoftmax])
def test_softmax_wants_its_axis(arrays, kind, hybridize):
    for axis, shape in ((2, (3, 4)), (-3, (3, 4)), (-1, ()), (2**31 - 1, (2,))):
        block = kind(axis=axis)
        if hybridize:
            block.hybridize()
        with pytest.raises(
            ValueError, match=rf"axis is {axis}, and shape \({', '.join(map(str, shape))},?\) has no such axis"
        ):
            block(arrays(np.ones(shape)))


def as_a_graph(block):
    block.hybridize()
    return block


WITHIN = {"eager": lambda block: block, "hybridized": as_a_graph, "in a net": hybridized}


@pytest.mark.parametrize("within", WITHIN)
@pytest.mark.parametrize("shape", [(0, 4), (2, 0), (0,), (2, 0, 4), (0, 2, 4)], ids=str)
@pytest.mark.parametrize("name", [name for name in activations("vectors") if name not in VECTORS_WITH_WEIGHTS])
def test_an_empty_array(arrays, way, name, shape, within):
    """MXNet's own softmax takes it; and a block that has seen one goes on with any other."""
    block, xs = WITHIN[within](get_activation(name)), np.random.randn(2, 4)
    for _ in range(10):
        x = arrays(np.ones(shape))
        x.attach_grad()
        with mx.autograd.record():
            y = block(x)
        y.backward()
        mx.nd.waitall()
        assert x.grad.asnumpy().shape == shape and y.asnumpy().size == 0
    np.testing.assert_allclose(block(arrays(xs)).asnumpy(), VECTORS[name].function(xs), rtol=1e-5, atol=1e-6)


def test_softmax_neither_overflows_nor_loses_its_sum(arrays):
    for dtype, one in (("float16", 2**-10), ("float32", 2**-22), ("float64", 1e-14)):
        for logits in (np.full(1000, 1000.0), np.linspace(-1000, 1000, 501), np.random.randn(4096)):
            value = Softmax()(arrays(logits, dtype))
            assert value.dtype == np.dtype(dtype)
            p = value.asnumpy().astype("float64")
            assert np.isfinite(p).all() and abs(p.sum() - 1) <= one
    assert Softmax()(arrays([0.0, -np.inf, 0.0])).asnumpy().tolist() == [0.5, 0, 0.5]


def test_softmax_gradient_is_its_jacobian(arrays):
    xs, heads = np.random.randn(5), np.random.randn(5)
    x = arrays(xs, "float64")
    x.attach_grad()
    with mx.autograd.record():
        y = Softmax(temperature=2)(x)
    y.backward(arrays(heads, "float64"))
    p = scipy.special.softmax(xs / 2)
    np.testing.assert_allclose(x.grad.asnumpy(), (np.diag(p) - np.outer(p, p)) @ heads / 2, rtol=1e-10)


@pytest.mark.parametrize(
    "temperature, error", [(0, ValueError), (-1, ValueError), (np.inf, ValueError), ("x", TypeError)]
)
def test_softmax_refuses(temperature, error):
    with pytest.raises(error, match="softmax's temperature is a finite number above 0, not"):
        Softmax(temperature=temperature)


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("rate", [0.05, 0.3, 0.7])
def test_alpha_dropout_keeps_mean_and_variance(arrays, rate, hybridize):
    block = AlphaDropout(rate)
    if hybridize:
        block.hybridize()
    x = arrays(np.random.randn(10**6))
    with mx.autograd.record():
        y = block(x)
    dropped = y.asnumpy()
    assert abs(dropped.mean()) < 0.01 and abs(dropped.var() - 1) < 0.02
    # The values that were replaced are all the same one, and as many as they should be.
    values, counts = np.unique(dropped, return_counts=True)
    assert counts.max() == pytest.approx(rate * 10**6, rel=0.02)
    assert counts[counts.argsort()[-2]] < 100
    np.testing.assert_array_equal(block(x).asnumpy(), x.asnumpy())


def test_alpha_dropout_passes_the_gradient_of_what_it_keeps(arrays):
    x = arrays(np.random.randn(1000))
    x.attach_grad()
    with mx.autograd.record():
        y = AlphaDropout(0.5)(x)
    y.backward()
    values, counts = np.unique(y.asnumpy(), return_counts=True)
    replaced = y.asnumpy() == values[counts.argmax()]
    slope = x.grad.asnumpy()
    assert 400 < replaced.sum() < 600
    assert (slope[replaced] == 0).all()
    np.testing.assert_allclose(slope[~replaced], slope[~replaced][0], rtol=1e-6)


def test_alpha_dropout_at_rate_zero_and_out_of_range(arrays):
    x = arrays([1.0, -2.0])
    with mx.autograd.train_mode():
        assert AlphaDropout(0)(x).asnumpy().tolist() == [1, -2]
    for rate in (-0.1, 1, 1.5):
        with pytest.raises(ValueError, match="rate is a finite number of at least 0 and below 1"):
            AlphaDropout(rate)


def test_a_deep_selu_net_stays_normal_with_it_and_not_with_dropout(arrays):
    def spread(drop):
        net = nn.HybridSequential()
        for _ in range(20):
            net.add(nn.Dense(256, use_bias=False), SELU(), drop(0.1))
        net.initialize(mx.init.Xavier("gaussian", "in", 1))
        with mx.autograd.train_mode():
            return float(net(arrays(np.random.randn(256, 64))).asnumpy().std())

    assert abs(spread(AlphaDropout) - 1) < 0.1
    assert abs(spread(nn.Dropout) - 1) > 0.1


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_rrelu_draws_a_slope_for_each_number_in_training_and_has_the_mean_elsewhere(arrays, dtype, hybridize):
    block = get_activation("rrelu", lower=0.25, upper=0.75)
    block.cast(dtype)
    if hybridize:
        block.hybridize()
    x = arrays(np.concatenate([np.full(20000, -2.0), [3.0, 0.0]]), dtype)
    x.attach_grad()
    with mx.autograd.record():
        y = block(x)
    y.backward()
    drawn, slope = y.asnumpy()[:-2].astype(float) / -2, x.grad.asnumpy().astype(float)
    np.testing.assert_allclose(slope[:-2], drawn, rtol=1e-2 if dtype == "float16" else 1e-5)
    assert 0.25 <= drawn.min() < 0.26 and 0.74 < drawn.max() <= 0.75
    assert abs(drawn.mean() - 0.5) < 0.005 and abs(drawn.std() - 0.5 / 12**0.5) < 0.005
    assert y.asnumpy()[-2:].tolist() == [3, 0] and slope[-2] == 1
    value = block(arrays([-2.0, -np.inf, np.inf, np.nan], dtype)).asnumpy()
    np.testing.assert_array_equal(value, [-1, -np.inf, np.inf, np.nan])


def test_rrelu_is_the_same_again_with_a_seed_and_refuses_what_is_upside_down(arrays):
    x, found = arrays(np.full(50, -1.0)), []
    for _ in range(2):
        mx.random.seed(3)
        with mx.autograd.train_mode():
            found.append(RReLU()(x).asnumpy())
    np.testing.assert_array_equal(*found)
    assert 1 / 8 <= -found[0].max() < -found[0].min() <= 1 / 3
    with pytest.raises(ValueError, match="rrelu's upper is a finite number above lower = 0.5, not 0.25"):
        RReLU(0.5, 0.25)


@pytest.mark.parametrize("hybridize", [False, True])
def test_xielu_learns_both_bends(arrays, hybridize):
    block, xs = XIELU(alpha_p=0.3, alpha_n=1.5, beta=0.25, learnable=True), np.array([-2.0, -0.5, 0.5, 2.0])
    block.initialize()
    if hybridize:
        block.hybridize()
    value, slope = arrays.value_and_slope(block, xs)
    low, high = np.minimum(xs, 0), np.maximum(xs, 0)
    np.testing.assert_allclose(value, 0.3 * high**2 + 1.5 * (np.expm1(low) - low) + 0.25 * xs, rtol=1e-5)
    np.testing.assert_allclose(slope, 0.6 * high + 1.5 * np.expm1(low) + 0.25, rtol=1e-5)
    got = {name.rpartition("_")[2]: p.grad().asnumpy()[0] for name, p in block.collect_params().items()}
    by_softplus = {"p": (high**2).sum(), "n": (np.expm1(low) - low).sum()}
    raw = {"p": np.log(np.expm1(0.3)), "n": np.log(np.expm1(1.25))}
    for name, expected in by_softplus.items():
        assert got[name] == pytest.approx(expected * scipy.special.expit(raw[name]), rel=1e-5)
    with pytest.raises(ValueError, match="xielu's alpha_n is a finite number above beta = 0.25"):
        XIELU(alpha_n=0.25, beta=0.25)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 2)])
def test_snake_learns_a_frequency_per_channel(arrays, shape):
    block, xs = Snake(0.5, learnable=True, in_channels=3), np.random.randn(*shape)
    block.initialize()
    value, slope = arrays.value_and_slope(block, xs)
    np.testing.assert_allclose(value, xs + np.sin(xs / 2) ** 2 * 2, rtol=1e-5)
    np.testing.assert_allclose(slope, 1 + np.sin(xs), rtol=1e-5, atol=1e-6)
    (parameter,) = block.collect_params().values()
    by_alpha = xs * np.sin(xs) / 0.5 - np.sin(xs / 2) ** 2 / 0.25
    others = (0, *range(2, len(shape)))
    np.testing.assert_allclose(parameter.grad().asnumpy(), by_alpha.sum(others), rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="3 channels on axis 1"):
        block(arrays(np.ones((2, 4))))
    with pytest.raises(ValueError, match="snake learns alpha per channel: in_channels=3 needs learnable=True"):
        Snake(in_channels=3)


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("axis", [-1, 0, 1, -2])
def test_sparsemax_and_softmin_along_any_axis(arrays, axis, hybridize):
    xs = np.random.randn(4, 5, 6) * 2
    for kind, name in ((Sparsemax, "sparsemax"), (Softmin, "softmin")):
        block = kind(axis)
        if hybridize:
            block.hybridize()
        expected = np.moveaxis(VECTORS[name].function(np.moveaxis(xs, axis, -1)), -1, axis)
        np.testing.assert_allclose(block(arrays(xs)).asnumpy(), expected, atol=1e-6)


@pytest.mark.parametrize("dtype, bound", [("float32", 1e-6), ("float64", 1e-13)])
def test_the_gradient_of_sparsemax(arrays, dtype, bound):
    """Of what is above the threshold, the upstream gradient less its mean there (Martins & Astudillo 2016)."""
    xs, upstream = np.random.randn(7, 9) * 2, np.random.randn(7, 9)
    x = arrays(xs, dtype)
    x.attach_grad()
    with mx.autograd.record():
        y = Sparsemax()(x)
    y.backward(arrays(upstream, dtype))
    above = VECTORS["sparsemax"].function(xs) > 0
    mean = (upstream * above).sum(-1, keepdims=True) / above.sum(-1, keepdims=True)
    np.testing.assert_allclose(x.grad.asnumpy(), above * (upstream - mean), atol=10 * bound)
    np.testing.assert_allclose(y.asnumpy(), VECTORS["sparsemax"].function(xs), atol=bound)
    assert abs(y.asnumpy().sum(-1) - 1).max() < 10 * bound


@pytest.mark.parametrize(
    "dtypes", [("float16",), ("float32", "float16", "float64"), ("float64", "float32")], ids=str
)
def test_sparsemax_inside_a_net_that_was_not_cast(arrays, dtypes):
    """MXNet does not sort float16, and says so late."""
    net, xs = nn.HybridSequential(), np.array([[0.5, -1.25, 2.0, 1.75], [5, 0.25, -3, 0.5]])
    net.add(Sparsemax())
    net.hybridize()
    for dtype in dtypes:
        x = arrays(xs, dtype)
        x.attach_grad()
        with mx.autograd.record():
            y = net(x)
        y.backward()
        bound = {"float16": 2e-3, "float32": 1e-6, "float64": 1e-6}[dtype]
        np.testing.assert_allclose(y.asnumpy(), VECTORS["sparsemax"].function(xs), atol=bound)
        np.testing.assert_allclose(x.grad.asnumpy(), 0 * xs, atol=bound)


def test_sparsemax_of_ties_infinities_and_nan(arrays):
    xs = [[1.0, 1.0, 1.0, 1.0], [-np.inf, 0.0, 0.5, -np.inf], [np.nan, 0.0, 1.0, 2.0], [5.0, -5.0, 0.0, 1.0]]
    expected = [[0.25] * 4, [0, 0.25, 0.75, 0], [np.nan] * 4, [1, 0, 0, 0]]
    np.testing.assert_allclose(Sparsemax()(arrays(xs)).asnumpy(), expected, atol=1e-7)
