"""Properties that hold for every number, tried on numbers that hypothesis chooses."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gluon_activations import CATALOG, activations, evaluate, functional, get_activation
from tests.conftest import KINDS, Arrays
from tests.references import RECORDS, exact

NAMES = activations("elements")
settings.register_profile("here", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("here")

floats = st.floats(-1e4, 1e4, width=32).filter(lambda x: x == 0 or abs(x) > 1e-30)
shapes = hnp.array_shapes(min_dims=1, max_dims=4, max_side=4)
vectors = hnp.arrays("float32", shapes, elements=floats)
new = Arrays(KINDS[-1])


@pytest.fixture(autouse=True)
def numpy_kind():
    import mxnet as mx

    if len(KINDS) > 1:
        mx.npx.set_np()
    yield
    if len(KINDS) > 1:
        mx.npx.reset_np()


def block(name, dtype="float64", **parameters):
    made = get_activation(name, **parameters)
    made.initialize()
    made.cast(dtype)
    return made


def value(name, xs, dtype="float64", **parameters):
    return block(name, dtype, **parameters)(new(xs, dtype)).asnumpy()


@pytest.mark.parametrize("name", NAMES)
@given(xs=vectors, dtype=st.sampled_from(["float16", "float32", "float64"]))
def test_shape_dtype_and_bounds(name, xs, dtype):
    xs = np.clip(xs, -6e4, 6e4)
    y, slope = evaluate(block(name, dtype), new(xs, dtype))
    assert y.shape == slope.shape == xs.shape and y.dtype == slope.dtype == np.dtype(dtype)
    low, high = CATALOG[name].range
    margin = 4 * np.finfo(dtype).eps
    got = y.asnumpy().astype(float)
    assert (got >= low - margin * abs(low if low > -inf else 0)).all()
    assert (got <= high + margin * abs(high if high < inf else 0)).all()
    steepest = np.abs(slope.asnumpy().astype(float)).max()
    assert steepest <= CATALOG[name].lipschitz * (1 + 8 * margin)


@pytest.mark.parametrize("name", NAMES)
@given(xs=hnp.arrays("float32", 8, elements=floats))
def test_float32_agrees_with_float64(name, xs):
    with np.errstate(all="ignore"):
        expected = RECORDS[name].float64(xs.astype(float))
    got = [a.asnumpy() for a in evaluate(name, new(xs))]
    for g, e in zip(got, expected):
        with np.errstate(over="ignore"):
            np.testing.assert_allclose(g, e.astype("float32"), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in NAMES if CATALOG[name].monotonic])
@given(x=floats, y=floats)
def test_monotonic_functions_keep_the_order(name, x, y):
    low, high = value(name, sorted([x, y]))
    assert low <= high


@pytest.mark.parametrize("name", [name for name in NAMES if CATALOG[name].lipschitz < inf])
@given(x=floats, y=floats)
def test_lipschitz(name, x, y):
    a, b = value(name, [x, y])
    assert abs(a - b) <= CATALOG[name].lipschitz * abs(x - y) * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("name", NAMES)
@given(x=floats)
def test_gradient_against_fifty_digits(name, x):
    slope = evaluate(block(name), new([x], "float64"))[1].asnumpy()[0]
    expected = float(exact(name, x)[1])
    assert slope == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", [name for name in NAMES if CATALOG[name].zero_centred])
@given(x=floats)
def test_odd(name, x):
    a, b = value(name, [x, -x])
    assert a == -b


SPLIT = [
    name
    for name in NAMES
    if all(abs(exact(name, x)[0] - exact(name, -x)[0] - x) < 1e-30 for x in (0.7, 4.1, 50.0))
]


@pytest.mark.parametrize("name", SPLIT)
@given(x=floats)
def test_f_of_x_minus_f_of_minus_x_is_x(name, x):
    """True of x g(x) for every gate with g(x) + g(-x) = 1, and of softplus: by the references."""
    a, b = value(name, [x, -x])
    assert a - b == pytest.approx(x, rel=1e-12, abs=2 * np.finfo(float).eps * abs(a))


def test_there_are_such_functions():
    assert {"silu", "gelu", "softplus", "relu"} <= set(SPLIT) and "mish" not in SPLIT


@given(x=floats)
def test_identities(x):
    sigmoid, tanh = value("sigmoid", [x, 2 * x, -x]), value("tanh", [x])
    assert tanh[0] == pytest.approx(2 * sigmoid[1] - 1, abs=1e-14)
    assert sigmoid[0] + sigmoid[2] == pytest.approx(1, abs=1e-14)
    assert value("log_sigmoid", [x])[0] == -value("softplus", [-x])[0]
    assert value("celu", [x])[0] == value("elu", [x])[0]
    assert value("swish", [x])[0] == value("silu", [x])[0]


@given(x=floats, beta=st.floats(0.01, 20))
def test_swish_and_softplus_scale_with_beta(x, beta):
    assert value("swish", [x], beta=beta)[0] == pytest.approx(
        value("swish", [beta * x])[0] / beta, rel=1e-9, abs=1e-300
    )
    assert value("softplus", [x], beta=beta)[0] == pytest.approx(
        value("softplus", [beta * x])[0] / beta, rel=1e-9, abs=1e-300
    )
    assert value("swish", [x], beta=-beta)[0] == -value("swish", [-x], beta=beta)[0]


@given(xs=hnp.arrays("float32", (3, 5), elements=st.floats(-50, 50, width=32)), shift=st.floats(-100, 100))
def test_softmax_sums_to_one_and_ignores_a_shift(xs, shift):
    p = functional.softmax(new(xs, "float64")).asnumpy()
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=-1), 1, rtol=1e-12)
    np.testing.assert_allclose(functional.softmax(new(xs + shift, "float64")).asnumpy(), p, rtol=1e-3, atol=1e-12)
