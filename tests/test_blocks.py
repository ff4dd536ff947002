"""Every activation of the catalog: values, slopes, dtypes, shapes, graphs, nets."""

import os

import mxnet as mx
import numpy as np
import pytest
from tests.conftest import KINDS, LINE
from mpmath import mp, mpf
from mxnet.gluon import SymbolBlock, Trainer, loss, nn
from tests.references import REFERENCES, exact, ulps, values_and_slopes

from gluon_activations import CATALOG, GELU, SiLU, Swish, activations, functional, get_activation

DTYPES = ("float16", "float32", "float64")
POINTS = (0.0, 1e-3, 1.0, 5.0, 20.0)
NEAR = sorted({sign * x for x in POINTS for sign in (1, -1)})
FAR = [-np.inf, -1e4, -1e3, -80.0, 80.0, 1e3, 1e4, np.inf, np.nan]
# MXNet's own blocks in the catalog, and what they are held to: see tests/test_catalog.py.
OURS = [name for name in activations() if CATALOG[name].block.__module__ == "gluon_activations.blocks"]
CORE = ["silu", "gelu", "swish", "mish"]


def block(name, dtype="float32", hybridize=False, **parameters):
    made = get_activation(name, **parameters)
    made.initialize()
    if dtype != "float32":
        made.cast(dtype)
    if hybridize:
        made.hybridize()
    return made


def test_every_activation_has_an_independent_reference():
    assert set(REFERENCES) == set(activations())


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in OURS if name != "gelu"])
def test_values_and_slopes_within_four_ulps(arrays, name, dtype, hybridize):
    xs = np.array(sorted({*NEAR, *CATALOG[name].kinks}), dtype=dtype)
    values, slopes = values_and_slopes(name, xs)
    got = arrays.value_and_slope(block(name, dtype, hybridize), xs, dtype)
    for x, value, slope, v, s in zip(xs, values, slopes, *got):
        assert ulps(v, value, dtype) <= 4, f"{name}({x}) is {v}, not {float(value)}"
        assert ulps(s, slope, dtype) <= 4, f"the slope of {name} at {x} is {s}, not {float(slope)}"


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", ["none", "tanh", "sigmoid"])
def test_gelu_within_a_millionth(arrays, form, dtype, hybridize):
    formulas = {
        "none": lambda x: x * mp.ncdf(x),
        "tanh": lambda x: x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3))),
        "sigmoid": lambda x: x / (1 + mp.exp(-mpf("1.702") * x)),
    }
    xs = np.array(NEAR, dtype=dtype)
    values, slopes = arrays.value_and_slope(block("gelu", dtype, hybridize, approximate=form), xs, dtype)
    # float16 holds no millionth: there the float32 result is rounded once more.
    bound = {"float16": 0, "float32": 1e-6, "float64": 4e-15}[dtype]
    for x, v, s in zip(xs, values, slopes):
        for got, true in ((v, formulas[form](mpf(float(x)))), (s, mp.diff(formulas[form], float(x)))):
            assert abs(float(got) - true) <= bound or ulps(got, true, dtype) <= 1, f"at {x}: {got}"


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OURS)
def test_limits_and_far_tails(arrays, name, dtype, hybridize):
    xs = np.array(FAR, dtype=dtype)
    values, slopes = values_and_slopes(name, xs)
    v, s = arrays.value_and_slope(block(name, dtype, hybridize), xs, dtype)
    tiny = float(np.finfo(dtype).tiny)
    for x, value, slope, got_v, got_s in zip(xs, values, slopes, v, s):
        for got, true in ((got_v, value), (got_s, slope)):
            if np.isnan(x) and got is got_s:
                continue  # a constant slope is right there too
            near_zero = np.isfinite(got) and abs(float(got) - true) <= tiny
            assert near_zero or ulps(got, true, dtype) <= 16, f"{name} at {x}: {got}, not {float(true)}"
    assert np.isnan(v[-1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in OURS if REFERENCES[name](mpf(0)) == 0])
def test_negative_zero_stays_negative_where_the_value_is_zero(arrays, name, dtype):
    value, _ = arrays.value_and_slope(block(name, dtype), [-0.0, 0.0], dtype)
    assert list(np.signbit(value)) == [True, False]


@pytest.mark.parametrize("name", OURS)
def test_subnormal_inputs_do_no_harm(arrays, name):
    """MXNet 2.0.0b1 takes them for 0; either way value and slope are those at 0, to rounding."""
    xs = np.array([-1e-45, -1e-39, 1e-39, 1e-45], dtype="float32")
    value, slope = arrays.value_and_slope(block(name), xs)
    for x, v, s in zip(xs, value, slope):
        if name == "binary_step":
            assert v in (0, 1)
            continue
        assert abs(v - float(REFERENCES[name](mpf(0)))) <= 1e-6 and abs(v) <= 1
        sides = [float(exact(name, side)[1]) for side in (-1e-3, 0.0, 1e-3)]
        assert min(sides) - 1e-6 <= s <= max(sides) + 1e-6, f"{name}({x})"


@pytest.mark.parametrize("name", activations())
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_graph_gives_the_same_bits(arrays, name, dtype):
    xs = np.concatenate([np.linspace(-30, 30, 601), FAR]).astype(dtype)
    eager = arrays.value_and_slope(block(name, dtype), xs, dtype)
    graph = arrays.value_and_slope(block(name, dtype, hybridize=True), xs, dtype)
    np.testing.assert_array_equal(eager, graph)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 3), (2, 3, 2), (1, 2, 3, 2), (2, 1, 2, 1, 3)])
@pytest.mark.parametrize("name", OURS)
def test_shapes(arrays, name, shape):
    values, slopes = arrays.value_and_slope(block(name), np.full(shape, 0.5))
    mx.nd.waitall()  # an error in an empty array's gradient would come up in another test
    assert values.shape == slopes.shape == shape
    assert np.isfinite(values).all() and np.isfinite(slopes).all()


@pytest.mark.parametrize("name", OURS)
def test_function_equals_block(arrays, name):
    function = getattr(functional, name)
    xs = np.linspace(-5, 5, 31)
    np.testing.assert_array_equal(arrays.value_and_slope(function, xs), arrays.value_and_slope(block(name), xs))


@pytest.mark.parametrize("name", OURS)
def test_integers_and_foreign_arrays_are_refused(arrays, name):
    for apply in (block(name), block(name, hybridize=True), getattr(functional, name)):
        with pytest.raises(TypeError, match="float16, float32, float64, not int32"):
            apply(arrays([1, 2], "int32"))
        with pytest.raises(TypeError, match="MXNet array .* not numpy.ndarray"):
            apply(np.ones(3))


def test_a_hybridized_block_follows_a_change_of_dtype(arrays):
    silu = block("silu", hybridize=True)
    for dtype in ("float32", "float16", "float64", "float32"):
        assert silu(arrays([1.0], dtype)).dtype == np.dtype(dtype)


# -- in nets ---------------------------------------------------------------------------------

NET_CASES = [*OURS, "gelu tanh", "gelu sigmoid", "swish learnable", "swish per channel"]


def case(name):
    extra = {
        "gelu tanh": lambda: GELU("tanh"),
        "gelu sigmoid": lambda: GELU("sigmoid"),
        "swish learnable": lambda: Swish(learnable=True),
        "swish per channel": lambda: Swish(learnable=True, in_channels=8),
    }
    return extra.get(name, lambda: get_activation(name))()


def net_with(name, arrays):
    net = nn.HybridSequential()
    net.add(nn.Dense(8), case(name), nn.Dense(1))
    net.initialize(mx.init.Normal(0.5), **{"device" if LINE == "2.0" else "ctx": arrays.device})
    return net


@pytest.mark.parametrize("name", NET_CASES)
def test_trains_hybridizes_exports_and_loads(arrays, name, tmp_path):
    x, y = np.random.randn(64, 4), np.random.randn(64, 1)
    x, y = arrays(x), arrays(y)
    net = net_with(name, arrays)
    eager = net(x).asnumpy()
    net.hybridize()
    np.testing.assert_allclose(net(x).asnumpy(), eager, rtol=1e-6, atol=1e-7)

    criterion, trainer = loss.L2Loss(), Trainer(net.collect_params(), "adam", {"learning_rate": 0.02})
    losses = []
    for _ in range(30):
        with mx.autograd.record():
            step = criterion(net(x), y)
        step.backward()
        trainer.step(64)
        losses.append(float(step.mean().asnumpy()))
    assert losses[-1] < 0.95 * losses[0]

    trained = net(x).asnumpy()
    net.export(os.path.join(tmp_path, "net"))
    loaded = SymbolBlock.imports(
        os.path.join(tmp_path, "net-symbol.json"),
        ["data"],
        os.path.join(tmp_path, "net-0000.params"),
        arrays.device,
    )
    np.testing.assert_allclose(loaded(x).asnumpy(), trained, rtol=1e-6, atol=1e-7)

    if LINE == "1.9" and arrays.kind == "np":
        return  # there MXNet cannot load the parameters of any block, Dense included
    net.save_parameters(os.path.join(tmp_path, "net.params"))
    other = net_with(name, arrays)
    other.load_parameters(os.path.join(tmp_path, "net.params"))
    np.testing.assert_allclose(other(x).asnumpy(), trained, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OURS)
def test_an_exported_block_gives_the_same_bits(arrays, name, dtype, tmp_path):
    xs = np.concatenate([np.linspace(-30, 30, 61), FAR]).astype(dtype)
    net = nn.HybridSequential()
    net.add(block(name, dtype))
    net.cast(dtype)
    net.hybridize()
    expected = net(arrays(xs, dtype)).asnumpy()
    net.export(os.path.join(tmp_path, "one"))
    loaded = SymbolBlock.imports(os.path.join(tmp_path, "one-symbol.json"), ["data"], None, arrays.device)
    np.testing.assert_array_equal(loaded(arrays(xs, dtype)).asnumpy(), expected)
    np.testing.assert_array_equal(block(name, dtype)(arrays(xs, dtype)).asnumpy(), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CORE)
def test_the_limits_inside_a_net_that_was_not_cast(arrays, name, dtype):
    """A graph of 1.9 then computes in a dtype that it does not know."""
    net = nn.HybridSequential()
    net.add(get_activation(name))
    net.hybridize()
    xs = np.array([-np.inf, -1e4, -1.0, 0.0, 1.0, 1e4, np.inf], dtype=dtype)
    value, slope = arrays.value_and_slope(net, xs, dtype)
    eager_value, eager_slope = arrays.value_and_slope(get_activation(name), xs, dtype)
    bound = {"float16": 4e-3, "float32": 1e-6, "float64": 1e-7}[dtype]
    np.testing.assert_allclose(value, eager_value, rtol=bound)
    np.testing.assert_allclose(slope, eager_slope, rtol=bound)


@pytest.mark.parametrize("name", [name for name in OURS if name not in ("identity", "binary_step")])
def test_a_dense_sweep_between_minus_20_and_20(arrays, name):
    """4 units, or 4 units of 1 where the slope itself is near its zero."""
    for dtype, units in (("float16", 4), ("float64", 8)):
        xs = np.random.uniform(-20, 20, 300).astype(dtype)
        value, slope = arrays.value_and_slope(block(name, dtype), xs, dtype)
        for x, v, s, exact_v, exact_s in zip(xs, value, slope, *values_and_slopes(name, xs)):
            if name != "gelu" or dtype == "float16":
                assert ulps(v, exact_v, dtype) <= units, f"{name}({x})"
            assert ulps(s, exact_s, dtype) <= units or abs(float(s) - exact_s) <= units * np.finfo(dtype).eps


def test_gluons_ways_with_a_block(arrays):
    """Static graphs, a gradient that adds up, a block used twice, a copy."""
    import copy

    mish = block("mish")
    xs = np.linspace(-3, 3, 7)
    x = arrays(xs)
    x.attach_grad(grad_req="add")
    mish.hybridize(static_alloc=True, static_shape=True)
    for _ in range(2):
        with mx.autograd.record():
            y = mish(mish(x))
        y.backward()
    inner, slope = arrays.value_and_slope(block("mish"), xs)
    outer = arrays.value_and_slope(block("mish"), inner)[1]
    np.testing.assert_allclose(x.grad.asnumpy(), 2 * outer * slope, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(copy.deepcopy(block("mish"))(x).asnumpy(), inner)


def test_no_second_derivative(arrays):
    """See FunctionBlock. An error is better than the zeros that MXNet has for some operators."""
    x = arrays([0.5])
    x.attach_grad()
    with mx.autograd.record():
        y = SiLU()(x)
        with pytest.raises(mx.base.MXNetError, match="non-differentiable"):
            mx.autograd.grad([y], [x], create_graph=True, retain_graph=True)[0].backward()


# -- Swish that learns ---------------------------------------------------------------------


def test_learned_beta_starts_at_beta_and_gets_the_right_gradient(arrays):
    swish = block("swish", beta=1.5, learnable=True)
    xs = np.linspace(-3, 3, 13)
    x = arrays(xs)
    with mx.autograd.record():
        y = swish(x).sum()
    y.backward()
    s = 1 / (1 + np.exp(-1.5 * xs))
    assert swish.beta.data().asnumpy().tolist() == [1.5]
    np.testing.assert_allclose(swish.beta.grad().asnumpy(), [np.sum(xs**2 * s * (1 - s))], rtol=1e-5)


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("shape", [(5, 3), (5, 3, 2), (5, 3, 2, 2), (5, 3, 2, 1, 2)])
def test_beta_per_channel_runs_along_axis_one(arrays, shape, hybridize):
    swish = block("swish", learnable=True, in_channels=3, hybridize=hybridize)
    betas = np.array([0.5, 1.0, -2.0])
    swish.beta.set_data(arrays(betas))
    xs = np.random.randn(*shape)
    z = xs * betas.reshape((3,) + (1,) * (len(shape) - 2))
    x = arrays(xs)
    with mx.autograd.record():
        y = swish(x)
    y.backward()
    s = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(y.asnumpy(), xs * s, rtol=2e-5, atol=1e-6)
    per_channel = tuple(i for i in range(len(shape)) if i != 1)
    expected = np.sum(xs**2 * s * (1 - s), axis=per_channel)
    np.testing.assert_allclose(swish.beta.grad().asnumpy(), expected, rtol=1e-4)


@pytest.mark.parametrize("name", NET_CASES)
def test_a_hybridized_block_takes_any_batch(arrays, name):
    made = case(name)
    made.initialize()
    made.hybridize()
    for shape in [(4, 8), (2, 8), (5, 8, 3)]:
        assert made(arrays(np.ones(shape))).shape == shape


@pytest.mark.parametrize("hybridize", [False, True])
def test_wrong_channels_and_dtypes_fail_at_once(arrays, hybridize):
    swish = block("swish", learnable=True, in_channels=3, hybridize=hybridize)
    for shape in [(2, 4), (2,), (3, 2, 3)]:
        with pytest.raises(ValueError, match="wants 3 channels on axis 1"):
            swish(arrays(np.ones(shape)))
    with pytest.raises(TypeError, match="holds beta in float32 and was given float16"):
        swish(arrays(np.ones((2, 3)), "float16"))
    swish.cast("float16")
    assert swish(arrays(np.ones((2, 3)), "float16")).dtype == np.float16


def test_wrong_channels_inside_a_hybridized_net(arrays):
    net = nn.HybridSequential()
    net.add(nn.Dense(4), Swish(learnable=True, in_channels=3))
    net.initialize()
    net.hybridize()
    message = "wants 3 channels on axis 1|swish.*_needs_one_value_per_channel_on_axis_1"
    with pytest.raises((ValueError, mx.base.MXNetError), match=message):
        net(arrays(np.ones((2, 5))))


@pytest.mark.parametrize("beta", [0.25, 1.0, 3.0, -2.0, 0.0])
def test_swish_with_a_fixed_beta(arrays, beta):
    xs = np.array([-20.0, -3.0, -0.5, 0.0, 0.5, 3.0, 20.0])
    value, slope = arrays.value_and_slope(Swish(beta), xs)
    s = 1 / (1 + np.exp(-beta * xs))
    np.testing.assert_allclose(value, xs * s, rtol=1e-6)
    np.testing.assert_allclose(slope, s + beta * xs * s * (1 - s), rtol=2e-5, atol=1e-12)
    if beta:
        value, slope = arrays.value_and_slope(Swish(beta), [-np.inf, np.inf])
        limits = [(0, np.inf), (0, 1)] if beta > 0 else [(-np.inf, 0), (1, 0)]
        assert [tuple(value), tuple(slope)] == limits


@pytest.mark.parametrize("name, options, error, message", [
    ("gelu", {"approximate": "fast"}, ValueError, "'none', 'tanh', 'sigmoid', not 'fast'"),
    ("swish", {"beta": "x"}, TypeError, "number, not 'x'"),
    ("swish", {"beta": np.nan}, ValueError, "finite number, not nan"),
    ("swish", {"in_channels": 0}, ValueError, "positive integer, not 0"),
    ("swish", {"in_channels": 4}, ValueError, "needs learnable=True"),
    ("swish", {"learnable": "yes"}, TypeError, "True or False, not 'yes'"),
    ("gelu", {"approximate": []}, ValueError, "not \\[\\]"),
    ("softplus", {"beta": 0}, ValueError, "above 0, not 0"),
    ("celu", {"alpha": -1}, ValueError, "above 0, not -1"),
    ("hard_sigmoid", {"slope": -1}, ValueError, "above 0, not -1"),
    ("hard_tanh", {"min_val": 1, "max_val": 1}, ValueError, "below its max_val, not 1 and 1"),
])  # fmt: skip
def test_wrong_parameters_name_what_is_allowed_and_what_came(name, options, error, message):
    with pytest.raises(error, match=message):
        get_activation(name, **options)


def test_the_function_checks_beta(arrays):
    for wrong in ("a", np.nan, None):
        with pytest.raises(TypeError, match="beta is a finite number or an MXNet array"):
            functional.swish(arrays([1.0]), beta=wrong)


def test_parameters_other_than_the_default(arrays):
    xs = np.linspace(-4, 4, 33)
    checks = {
        ("softplus", "beta", 3.0): np.log1p(np.exp(3 * xs)) / 3,
        ("celu", "alpha", 2.0): np.where(xs > 0, xs, 2 * np.expm1(xs / 2)),
        ("hard_sigmoid", "slope", 0.2): np.clip(0.2 * xs + 0.5, 0, 1),
        ("hard_tanh", "max_val", 2.0): np.clip(xs, -1, 2),
        ("leaky_relu", "alpha", 0.3): np.where(xs > 0, xs, 0.3 * xs),
    }
    for (name, parameter, value), expected in checks.items():
        made = get_activation(name, **{parameter: value})
        np.testing.assert_allclose(made(arrays(xs)).asnumpy(), expected, rtol=2e-6, atol=1e-7)


def test_repr_shows_the_parameters():
    assert repr(SiLU()) == "SiLU()"
    assert repr(GELU("tanh")) == "GELU(approximate='tanh')"
    assert repr(Swish(2, learnable=True, in_channels=3)) == "Swish(beta=2.0, learnable=True, in_channels=3)"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_array_in_one_session(arrays, kind):
    made = getattr(mx, kind).array([1.0])
    assert type(functional.silu(made)) is type(made)
