"""Every activation of the catalog: values, slopes, dtypes, shapes, graphs, nets.

What is particular to one stands in its record in tests/references.py; no test here knows a name to spare it.
"""

import contextlib
import copy
import inspect
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mpmath import mpf

from gluon_activations import (
    CATALOG,
    GELU,
    XIELU,
    Elementwise,
    Maxout,
    PReLU,
    RReLU,
    SiLU,
    Snake,
    Swish,
    _arrays,
    activations,
    blocks,
    functional,
    fused,
    get_activation,
)
from tests.conftest import KINDS, LINE
from tests.references import RECORDS, VECTORS, exact, slope_of, ulps, values_and_slopes

import mxnet as mx
from mxnet.gluon import HybridBlock, SymbolBlock, Trainer, loss, nn

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.usefixtures("way")
DTYPES = ("float16", "float32", "float64")
POINTS = (0.0, 1e-3, 1.0, 5.0, 20.0)
NEAR = sorted({sign * x for x in POINTS for sign in (1, -1)})
FAR = [-np.inf, -1e4, -1e3, -80.0, 80.0, 1e3, 1e4, np.inf, np.nan]
NAMES = activations("elements")
ALL = activations()
VARIANTS = [(name, options) for name in NAMES for options in RECORDS[name].variants]


def block(name, dtype="float32", hybridize=False, **parameters):
    made = get_activation(name, **parameters)
    made.initialize()
    if dtype != "float32":
        made.cast(dtype)
    if hybridize:
        made.hybridize()
    return made


def close(record, got, true, dtype):
    """Whether a number is within what the record allows: units in the last place, or an absolute error."""
    return ulps(got, true, dtype) <= record.units or abs(float(got) - true) <= record.absolute.get(dtype, -1)


def test_every_activation_has_an_independent_reference_and_more_error_a_reason():
    assert list(RECORDS) == NAMES and set(VECTORS) == set(activations("vectors"))
    for record in RECORDS.values():
        assert record.why or (record.units, record.absolute, record.growth) in ((4, {}, 4), (4, {}, np.inf))


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_values_and_slopes(arrays, name, dtype, hybridize):
    record = RECORDS[name]
    xs = np.array(sorted({*NEAR, *record.kinks}), dtype=dtype)
    values, slopes = values_and_slopes(name, xs)
    got = arrays.value_and_slope(block(name, dtype, hybridize), xs, dtype)
    for x, value, slope, v, s in zip(xs, values, slopes, *got):
        for what, got_it, true in (("value", v, value), ("slope", s, slope)):
            off = f"{ulps(got_it, true, dtype):.3g} units in the last place"
            assert close(record, got_it, true, dtype), (
                f"the {what} of {name} at {x} is {got_it}: {off} off {float(true)}"
            )


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name, options", VARIANTS, ids=str)
def test_values_and_slopes_with_other_parameters(arrays, name, options, dtype, hybridize):
    record, formula = RECORDS[name], RECORDS[name].variants[options]
    xs = np.array([-20.0, -3.1, -1.1, -0.3, -1e-3, 1e-3, 0.3, 1.1, 3.1, 20.0], dtype=dtype)
    got = arrays.value_and_slope(block(name, dtype, hybridize, **dict(options)), xs, dtype)
    for x, v, s in zip(xs, *got):
        # The parameter itself may be held in the dtype, which moves the result by some units more.
        for g, true in ((v, formula(mpf(float(x)))), (s, slope_of(formula, mpf(float(x))))):
            near = abs(float(g) - true) <= 16 * np.finfo(dtype).eps * abs(true) + record.absolute.get(dtype, 0)
            assert near or abs(true) < np.finfo(dtype).tiny, f"{name} {options} at {x}: {g}, not {float(true)}"


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
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
@pytest.mark.parametrize("name", NAMES)
def test_a_negative_zero_is_kept_where_the_function_passes_through_it(arrays, name, dtype):
    """Where the value is 0 at 0 and, just left of it, below 0: elsewhere either sign is right."""
    value, _ = arrays.value_and_slope(block(name, dtype), [-0.0, 0.0], dtype)
    at_zero, left = RECORDS[name].formula(mpf(0)), RECORDS[name].formula(mpf("-1e-30"))
    if at_zero == 0:
        assert not np.signbit(value[1]) and (left >= 0 or np.signbit(value[0]))
    assert abs(value - float(at_zero)).max() <= 4 * np.finfo(dtype).eps


@pytest.mark.parametrize("name", NAMES)
def test_subnormal_inputs_do_no_harm(arrays, name):
    """MXNet 2.0.0b1 takes them for 0; either way value and slope are those on one side of 0, to rounding."""
    xs = np.array([-1e-45, -1e-39, 1e-39, 1e-45], dtype="float32")
    near = [exact(name, side) for side in (-1e-3, 0.0, 1e-3)]
    for x, *got in zip(xs, *arrays.value_and_slope(block(name), xs)):
        for what, numbers in zip(got, zip(*near)):
            low, high = (float(pick(numbers)) for pick in (min, max))
            assert low - 1e-6 <= what <= high + 1e-6, f"{name}({x})"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_graph_gives_the_same_bits(arrays, name, dtype):
    xs = np.concatenate([np.linspace(-30, 30, 601), FAR]).astype(dtype)
    eager = arrays.value_and_slope(block(name, dtype), xs, dtype)
    graph = arrays.value_and_slope(block(name, dtype, hybridize=True), xs, dtype)
    # A graph may add the terms of a slope in another order.
    units = RECORDS[name].terms * np.finfo(dtype).eps
    np.testing.assert_array_equal(eager[0], graph[0])
    np.testing.assert_allclose(eager[1], graph[1], rtol=units, atol=0)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 3), (2, 3, 2), (1, 2, 3, 2), (2, 1, 2, 1, 3)])
@pytest.mark.parametrize("name", NAMES)
def test_shapes(arrays, name, shape):
    values, slopes = arrays.value_and_slope(block(name), np.full(shape, 0.5))
    mx.nd.waitall()  # an error in an empty array's gradient would come up in another test
    value, slope = exact(name, 0.5)
    np.testing.assert_allclose(values, np.full(shape, float(value)), rtol=1e-5)
    np.testing.assert_allclose(slopes, np.full(shape, float(slope)), rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_function_equals_block(arrays, name):
    function = getattr(functional, name)
    xs = np.linspace(-5, 5, 31)
    np.testing.assert_array_equal(arrays.value_and_slope(function, xs), arrays.value_and_slope(block(name), xs))


@pytest.mark.parametrize("name", ALL)
def test_integers_and_foreign_arrays_are_refused(arrays, name):
    options = VECTORS[name].options if name in VECTORS else {}
    for apply in (block(name, **options), block(name, hybridize=True, **options), getattr(functional, name)):
        if isinstance(apply, nn.HybridSequential):
            apply = apply[-1]  # what follows the dense layer of a maxout
        with pytest.raises(TypeError, match="float16, float32, float64, not int32"):
            apply(arrays([1, 2], "int32"))
        with pytest.raises(TypeError, match="MXNet array .* not numpy.ndarray"):
            apply(np.ones(2))


def killers():
    """Each block with its defaults, and with each number of its own below 1."""
    for name in ALL:
        options = VECTORS[name].options if name in VECTORS else {}
        yield name, options
        for key in CATALOG[name].parameters:
            try:
                get_activation(name, **{**options, key: 1 / 3})
            except (TypeError, ValueError):
                continue
            yield name, {**options, key: 1 / 3}


def whole_numbers(kind):
    """Give them to a hybridized net of each block, whatever it does."""
    with mx.util.np_shape(kind == "np"), mx.util.np_array(kind == "np"):
        for name, options in killers():
            for dtype in ("uint8", "int32"):
                net = nn.HybridSequential()
                net.add(get_activation(name, **options))
                net.initialize()
                net.hybridize()
                for xs in ([[2, 3, 1, 4], [0, 1, 7, 2]], np.ones((2, 256))):
                    with contextlib.suppress(Exception):
                        net(getattr(mx, kind).array(np.asarray(xs), dtype=dtype)).asnumpy()


@pytest.mark.parametrize("kind", KINDS)
def test_whole_numbers_end_no_process(way, kind):
    """A graph that was not told of its dtype may take them, but is not to divide them by 0.

    In a process of its own, and no fork: after one, MXNet 2.x no longer takes the smallest numbers for 0.
    """
    code = f"from tests import test_blocks; test_blocks.whole_numbers({kind!r})"
    environment = {**os.environ, "GLUON_ACTIVATIONS_FUSED": "01"[way == "compiled"]}
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


# -- what is declared once -------------------------------------------------------------------

WITH_PARAMETERS = [(name, p) for name in ALL for p in CATALOG[name].parameters.values()]
FORMULAS = {name: getattr(functional, name) for name in ALL}


@pytest.mark.parametrize("name", ALL)
def test_a_block_has_the_signature_and_the_docstring_of_its_formula(name):
    kind, formula = CATALOG[name].block, FORMULAS[name]
    taken = inspect.signature(kind).parameters
    assert list(taken) == list(CATALOG[name].parameters)
    for parameter in CATALOG[name].parameters.values():
        assert taken[parameter.name].default == parameter.default
        assert f"{parameter.name} : {parameter.type_name}\n    {parameter.about[:40]}" in kind.__doc__
    assert formula.about.split("\n")[0] in kind.__doc__ and "float16, float32 or float64" in kind.__doc__
    own = formula.declared.parameters
    assert list(inspect.signature(formula).parameters) == ["x", *own]
    sections = ["Parameters", "Returns", "Raises"]
    assert [s for s in sections if f"\n{s}\n{'-' * len(s)}\n" in formula.__doc__] == sections
    assert all(f"\n{name} : {p.type_name}\n" in formula.__doc__ for name, p in own.items())


@pytest.mark.parametrize("name, parameter", WITH_PARAMETERS, ids=lambda each: getattr(each, "name", each))
def test_block_function_and_repr_agree_on_a_parameter(arrays, name, parameter):
    others = VECTORS[name].options if name in VECTORS else {}
    made = get_activation(name, **others)
    assert f"{parameter.name}={ {**others}.get(parameter.name, parameter.default)!r}" in repr(made)
    with pytest.raises((TypeError, ValueError)) as by_block:
        get_activation(name, **{**others, parameter.name: None})
    message = f"{name}'s {parameter.name} is {parameter.kind}"
    assert str(by_block.value).startswith(message) and str(by_block.value).endswith(", not None")
    if parameter.name in FORMULAS[name].declared.parameters:
        with pytest.raises(by_block.type) as by_function:
            FORMULAS[name](arrays([1.0, 2.0]), **{parameter.name: None})
        assert str(by_function.value).replace(" or an MXNet array", "") == str(by_block.value)


@pytest.mark.parametrize("name", ALL)
def test_a_parameter_that_there_is_not_is_named_with_those_that_there_are(name):
    allowed = ", ".join(CATALOG[name].parameters) or "none"
    others = VECTORS[name].options if name in VECTORS else {}
    with pytest.raises(TypeError, match=f"^{name} takes the parameters: {allowed}; .*'gamma'$"):
        CATALOG[name].block(**others, gamma=1)


def test_what_the_package_offers_of_the_blocks():
    kinds = {getattr(blocks, name) for name in blocks.__all__}
    assert {entry.block for entry in CATALOG.values()} | {Elementwise, blocks.AlphaDropout, blocks.RReLU} == kinds


# -- in a session ------------------------------------------------------------------------------


def test_a_hybridized_block_follows_a_change_of_dtype(arrays):
    silu = block("silu", hybridize=True)
    xs = np.linspace(-9, 9, 301)
    for dtype in ("float32", "float16", "float64", "float32", "float16"):
        value = silu(arrays(xs, dtype))
        assert value.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(value.asnumpy(), block("silu", dtype)(arrays(xs, dtype)).asnumpy())


# -- in nets ---------------------------------------------------------------------------------

NET_CASES = [*NAMES, "gelu tanh", "gelu sigmoid", "swish learnable", "swish per channel", "prelu per channel"]


def case(name):
    extra = {
        "gelu tanh": lambda: GELU("tanh"),
        "gelu sigmoid": lambda: GELU("sigmoid"),
        "swish learnable": lambda: Swish(learnable=True),
        "swish per channel": lambda: Swish(learnable=True, in_channels=8),
        "prelu per channel": lambda: PReLU(in_channels=8),
    }
    return extra.get(name, lambda: get_activation(name))()


def net_with(name, arrays):
    net = nn.HybridSequential()
    net.add(nn.Dense(8), case(name), nn.Dense(1))
    net.initialize(mx.init.Normal(0.5), **{"device" if LINE == "2.0" else "ctx": arrays.device})
    return net


@pytest.mark.parametrize("name", NET_CASES)
def test_trains_hybridizes_exports_and_loads(arrays, way, name, tmp_path):
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
        losses.append(step.mean().asnumpy().item())
    assert losses[-1] < 0.95 * losses[0]

    trained = net(x).asnumpy()
    net.export(os.path.join(tmp_path, "net"))
    loaded = SymbolBlock.imports(
        os.path.join(tmp_path, "net-symbol.json"),
        ["data"],
        os.path.join(tmp_path, "net-0000.params"),
        arrays.device,
    )
    # What is saved is composed, and rounds otherwise than the kernels do.
    bounds = {"compiled": {"rtol": 1e-5, "atol": 1e-5}, "composed": {"rtol": 1e-6, "atol": 1e-7}}[way]
    np.testing.assert_allclose(loaded(x).asnumpy(), trained, **bounds)

    if LINE == "1.9" and arrays.kind == "np":
        pytest.skip("1.9 cannot load the parameters of np arrays, of a Dense neither")
    net.save_parameters(os.path.join(tmp_path, "net.params"))
    other = net_with(name, arrays)
    other.load_parameters(os.path.join(tmp_path, "net.params"))
    np.testing.assert_allclose(other(x).asnumpy(), trained, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_an_exported_block_gives_the_same_bits(arrays, name, dtype, tmp_path):
    xs = np.concatenate([np.linspace(-30, 30, 61), FAR]).astype(dtype)
    net = nn.HybridSequential()
    net.add(block(name, dtype))
    net.cast(dtype)
    net.hybridize()
    np.testing.assert_array_equal(
        block(name, dtype)(arrays(xs, dtype)).asnumpy(), net(arrays(xs, dtype)).asnumpy()
    )
    net.export(os.path.join(tmp_path, "one"))
    held = os.path.join(tmp_path, "one-0000.params") if net.collect_params() else None
    loaded = SymbolBlock.imports(os.path.join(tmp_path, "one-symbol.json"), ["data"], held, arrays.device)
    with fused.disabled():  # what is saved is composed
        expected = block(name, dtype)(arrays(xs, dtype)).asnumpy()
    np.testing.assert_array_equal(loaded(arrays(xs, dtype)).asnumpy(), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [name for name in NAMES if CATALOG[name].family == "smooth gates"])
def test_the_limits_of_gates_inside_a_net_that_was_not_cast(arrays, name, dtype):
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


@pytest.mark.parametrize("name", NAMES)
def test_a_dense_sweep_between_minus_20_and_20(arrays, name):
    """8 units, or 8 units of 1 where the slope itself is near its zero."""
    record = RECORDS[name]
    for dtype, units in (("float16", 4), ("float64", 8)):
        xs = np.random.uniform(-20, 20, 100).astype(dtype)
        value, slope = arrays.value_and_slope(block(name, dtype), xs, dtype)
        for x, v, s, exact_v, exact_s in zip(xs, value, slope, *values_and_slopes(name, xs)):
            assert ulps(v, exact_v, dtype) <= units or close(record, v, exact_v, dtype), f"{name}({x})"
            near = abs(float(s) - exact_s) <= units * np.finfo(dtype).eps * max(1, abs(exact_s))
            assert ulps(s, exact_s, dtype) <= units or near


def test_gluons_ways_with_a_block(arrays):
    """Static graphs, a gradient that adds up, a block used twice, a copy."""
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


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name, options",
    [*((name, VECTORS[name].options if name in VECTORS else {}) for name in ALL), *VARIANTS],
    ids=str,
)
def test_a_gradient_that_adds_up(arrays, name, options, dtype, hybridize):
    xs = np.array([[0.5, -1.2, 2.0, -0.3]])
    made = block(name, hybridize=hybridize, **dict(options))
    made(arrays(xs))  # which settles the shape of what has weights
    made.cast(dtype)
    slopes = []
    for request, count in (("write", 1), ("add", 3)):
        x = arrays(xs, dtype)
        x.attach_grad(grad_req=request)
        for _ in range(count):
            with mx.autograd.record():
                y = made(x)
            y.backward()
        slopes.append(x.grad.asnumpy())
    np.testing.assert_allclose(slopes[1], 3 * slopes[0], rtol=1e-5, atol=1e-6)


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


@pytest.mark.parametrize("make, slope", [
    (lambda: PReLU(2), lambda x, p: np.where(x > 0, x, p * x)),
    (lambda: Swish(learnable=True, in_channels=2), lambda x, p: x / (1 + np.exp(-p * x))),
])  # fmt: skip
def test_two_channels_are_several(arrays, make, slope):
    made = make()
    made.initialize()
    (parameter,) = made.collect_params().values()
    parameter.set_data(arrays([0.5, -2.0]))
    xs = np.random.randn(3, 2, 5)
    np.testing.assert_allclose(
        made(arrays(xs)).asnumpy(), slope(xs, np.array([0.5, -2.0])[:, None]), rtol=1e-5, atol=1e-6
    )
    for shape in ((2,), (2, 3)):
        with pytest.raises(ValueError, match="wants 2 channels on axis 1 of its input, not shape"):
            made(arrays(np.ones(shape)))


@pytest.mark.parametrize("name", NET_CASES)
def test_a_hybridized_block_takes_any_batch(arrays, name):
    made = case(name)
    made.initialize()
    made.hybridize()
    for shape in [(4, 8), (2, 8), (5, 8, 3)]:
        assert made(arrays(np.ones(shape))).shape == shape


LEARNED = {
    "swish learned": lambda: Swish(learnable=True),
    "snake learned": lambda: Snake(learnable=True),
    "xielu learned": lambda: XIELU(learnable=True),
    "rrelu": RReLU,
}
PER_CHANNEL = {
    "swish per channel": lambda: Swish(learnable=True, in_channels=4),
    "prelu per channel": lambda: PReLU(4),
    "snake per channel": lambda: Snake(learnable=True, in_channels=4),
}
OF_EACH_ELEMENT = {**{name: lambda name=name: get_activation(name) for name in NAMES}, **LEARNED}
WITHOUT_AXES = [[()], [(3, 4), ()], [(), (3, 4)]]
WITHOUT_ELEMENTS = [[(0, 4)], [(3, 4), (0, 4)], [(0, 4), (3, 4)], [(0, 4, 5)], [(2, 4, 0, 3)], [(0, 4), (0, 4, 3)]]


class Twice(HybridBlock):
    """An operator of MXNet's own before or behind a block."""

    if LINE == "2.0":

        def forward(self, x):
            return x * 2
    else:

        def hybrid_forward(self, F, x):
            return x * 2


def between_operators(block):
    net = nn.HybridSequential()
    net.add(Twice(), block, Twice())
    net.initialize()
    return net


def found(net, arrays, xs):
    """Values and slopes, as one array; no slopes where docs/limits.md says that MXNet has none."""
    backwards = xs.size or arrays.kind == "np"
    both = arrays.value_and_slope(net, xs) if backwards else [net(arrays(xs)).asnumpy()]
    mx.nd.waitall()
    return np.array(both)


@pytest.mark.parametrize(
    "name, shapes",
    [
        *itertools.product(OF_EACH_ELEMENT, WITHOUT_AXES + WITHOUT_ELEMENTS),
        *itertools.product(PER_CHANNEL, WITHOUT_ELEMENTS),
    ],
    ids=str,
)
def test_a_hybridized_net_takes_arrays_without_axes_or_elements_and_others_after_them(arrays, name, shapes):
    if arrays.kind == "nd" and name in OF_EACH_ELEMENT and shapes in WITHOUT_ELEMENTS:
        pytest.skip("MXNet's own limit, see docs/limits.md: such arrays cannot be added up in a graph")
    make = {**OF_EACH_ELEMENT, **PER_CHANNEL}[name]
    net, eager = between_operators(make()), between_operators(make())
    net.hybridize()
    for shape in shapes:
        xs = np.full(shape, 0.5)  # where no numbers are drawn
        got = [found(each, arrays, xs) for each in (net, eager)]
        np.testing.assert_allclose(*got, 1e-5)
        assert got[0].shape[1:] == shape


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
    message = "wants 3 channels on axis 1|needs.one.value.per.channel.on.axis.1"
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


@pytest.mark.parametrize("options, message", [
    ({"in_channels": 2}, "in_channels=2 needs learnable=True"),
    ({"in_channels": 0, "learnable": True}, "in_channels is an integer of at least 1, not 0"),
])  # fmt: skip
def test_a_beta_per_channel_is_learned(options, message):
    with pytest.raises(ValueError, match=message):
        Swish(**options)


def test_repr_shows_the_parameters():
    assert repr(SiLU()) == "SiLU()"
    assert repr(GELU("tanh")) == "GELU(approximate='tanh')"
    assert repr(Swish(2, learnable=True, in_channels=3)) == "Swish(beta=2.0, learnable=True, in_channels=3)"
    assert repr(PReLU(3)) == "PReLU(in_channels=3, alpha=0.25)"
    assert repr(Maxout(4)) == "Maxout(units=4, pieces=2)"
    assert repr(get_activation(np.tanh)) == "Wrapped(tanh)"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_array_in_one_session(arrays, kind):
    made = getattr(mx, kind).array([1.0])
    assert type(functional.silu(made)) is type(made)


@pytest.mark.parametrize("shape", [(0, 3), (2, 3, 0), (0, 3, 2, 5), (2, 3, 0, 4), (0, 3, 1, 2, 7)])
@pytest.mark.parametrize("make", [lambda: PReLU(3), lambda: Swish(learnable=True, in_channels=3)])
def test_an_empty_array_with_a_parameter_per_channel(arrays, make, shape):
    made = make()
    made.initialize()
    value, slope = arrays.value_and_slope(made, np.ones(shape))
    mx.nd.waitall()
    assert value.shape == slope.shape == shape


@pytest.mark.parametrize("make", [SiLU, Swish, GELU])
def test_a_block_looks_once_at_what_its_array_is(arrays, monkeypatch, make):
    """Each look takes about a microsecond, which of a small array is some hundredth of the whole."""
    block, seen = make(), []
    monkeypatch.setattr(_arrays, "dtype_of", lambda x, own=_arrays.dtype_of: seen.append(x) or own(x))
    block(arrays([1.0]))
    assert len(seen) == 1


def test_what_a_child_passes_on_is_checked_when_it_is_called(arrays):
    class Own(Elementwise):
        function = staticmethod(functional.elu)

    with pytest.raises(TypeError, match="^elu's alpha is a finite number.*, not 'steep'$"):
        Own(alpha="steep")(arrays([1.0]))
    with pytest.raises(TypeError, match="^elu takes the parameters: alpha; "):
        Own(beta=1.0)(arrays([1.0]))
