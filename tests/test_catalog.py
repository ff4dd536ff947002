"""Every field of every entry of the catalog, against the independent references."""

import inspect
import re
from dataclasses import fields
from math import inf, isinf
from pathlib import Path

from tools import latex
import mxnet as mx
import numpy as np
import pytest
from tests.conftest import LINE
from matplotlib.mathtext import MathTextParser
from mpmath import mp, mpf
from mxnet.gluon import Block, nn
from tests.references import LIMITS, REFERENCES, exact, ulps

import gluon_activations
from gluon_activations import (
    CATALOG,
    activations,
    derivative,
    display_name,
    evaluate,
    functional,
    get_activation,
)
from gluon_activations.catalog import FAMILIES, Activation

NAMES = activations()
GRID = np.linspace(-12, 12, 961)
NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def values(name, xs=GRID):
    return np.array([float(exact(name, float(x))[0]) for x in xs])


def slopes(name, xs=GRID):
    return np.array([float(exact(name, float(x))[1]) for x in xs])


def test_each_field_has_its_test():
    checked = {"name", "title", "family", "block", "formula", "derivative", "range", "minimum", "monotonic"}
    checked |= {"gain", "lipschitz", "attained", "kinks", "zero_centred", "builtin", "papers", "aliases"}
    checked |= {"knobs", "forms"}
    assert {field.name for field in fields(Activation)} == checked


@pytest.mark.parametrize("name", NAMES)
def test_name_title_family_and_block(name):
    entry = CATALOG[name]
    assert entry.name == name and re.fullmatch("[a-z0-9_]+", name)
    assert isinstance(entry.block(), Block)
    assert display_name(entry.block()) == entry.title
    assert entry.title.lower() == name.replace("_", "")
    assert (NOTEBOOKS / f"{FAMILIES[entry.family]}.ipynb").exists()


@pytest.mark.parametrize("name", NAMES)
def test_formula_and_derivative_as_printed(name):
    entry = CATALOG[name]
    for x in (-7.5, -2.9, -1.0, -0.3, 0.2, 0.9, 2.5, 5.9, 7.5):
        value, slope = exact(name, x)
        assert abs(latex.evaluate(entry.formula, x) - value) <= mpf(10) ** -25, "formula"
        assert abs(latex.evaluate(entry.derivative, x) - slope) <= mpf(10) ** -25, "derivative"
    for kink in entry.kinks:
        assert abs(latex.evaluate(entry.derivative, kink) - exact(name, kink)[1]) <= 1e-15
    for text in (entry.formula, entry.derivative):
        MathTextParser("agg").parse(f"${text}$")


def letter(symbol):
    """What a knob's LaTeX is called in ``latex``."""
    return symbol.lstrip("\\")


@pytest.mark.parametrize("name", NAMES)
def test_knobs_are_the_numbers_that_the_block_takes(name):
    entry = CATALOG[name]
    signature = inspect.signature(entry.block).parameters.values()
    numbers = {p.name: p.default for p in signature if isinstance(p.default, (int, float))}
    taken = {n: float(v) for n, v in numbers.items() if not isinstance(v, bool) and n != "in_channels"}
    assert taken == {knob.name: knob.default for knob in entry.knobs}
    chooses = any(isinstance(p.default, str) for p in signature)
    assert bool(entry.forms) == bool(taken or chooses)
    for knob in entry.knobs:
        assert knob.low <= knob.default <= knob.high and knob.low < knob.high
        assert all(knob.symbol in form.formula for form in entry.forms)
    for form in entry.forms:
        get_activation(name, **dict(form.choices))
        for text in (form.formula, form.derivative):
            MathTextParser("agg").parse(f"${text}$")


@pytest.mark.parametrize("where", ["default", "low", "high", "between"])
@pytest.mark.parametrize("name", [name for name in NAMES if CATALOG[name].forms])
def test_forms_are_what_the_block_computes(name, where, arrays):
    """The formula with its letters open, at four places of each knob."""
    entry = CATALOG[name]
    xs = np.array([-7.5, -2.95, -1.05, -0.3, 0.2, 0.95, 2.5, 5.9, 7.5])
    for form in entry.forms:
        at = {"between": lambda k: (2 * k.low + k.high) / 3}.get(where, lambda k: getattr(k, where))
        values = {knob.name: at(knob) for knob in entry.knobs}
        letters = {letter(knob.symbol): values[knob.name] for knob in entry.knobs}
        value, slope = evaluate(get_activation(name, **values, **dict(form.choices)), arrays(xs))
        for text, got in ((form.formula, value), (form.derivative, slope)):
            exactly = [float(latex.evaluate(text, float(x), **letters)) for x in xs]
            np.testing.assert_allclose(got.asnumpy(), exactly, rtol=1e-5, atol=3e-6)
    if where == "default":
        first, letters = entry.forms[0], {letter(k.symbol): k.default for k in entry.knobs}
        for general, printed in ((first.formula, entry.formula), (first.derivative, entry.derivative)):
            for x in (-7.5, -1.0, -0.3, 0.2, 2.5):
                assert abs(latex.evaluate(general, x, **letters) - latex.evaluate(printed, x)) < 1e-16


@pytest.mark.parametrize("name", NAMES)
def test_block_draws_this_curve(name, arrays):
    """What the block computes is what the entry describes, MXNet's own blocks included."""
    value, slope = evaluate(name, arrays(GRID))
    np.testing.assert_allclose(value.asnumpy(), values(name), rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(slope.asnumpy(), slopes(name), rtol=1e-5, atol=2e-6)
    np.testing.assert_array_equal(derivative(name, arrays(GRID)).asnumpy(), slope.asnumpy())


@pytest.mark.parametrize("name", NAMES)
def test_range_and_minimum(name):
    entry = CATALOG[name]
    low, high = entry.range
    ends = [float(limit[0]) for limit in LIMITS[name]]
    dense = values(name)
    lowest, highest = min([*ends, dense.min()]), max([*ends, dense.max()])
    assert highest == pytest.approx(high, rel=1e-14, abs=0)
    if entry.minimum is None:
        assert lowest == pytest.approx(low, rel=1e-14, abs=0)
        assert entry.monotonic, "a function that is not monotonic has a minimum"
        return
    where, value = entry.minimum
    assert value == low
    assert float(REFERENCES[name](mpf(where))) == pytest.approx(value, rel=1e-15, abs=0)
    assert dense.min() >= value and min(ends) > value
    assert abs(exact(name, where)[1]) < 1e-15, "the slope is 0 at a minimum"
    precise = mp.findroot(lambda x: exact_slope(name, x), where)
    assert where == pytest.approx(float(precise), rel=1e-15, abs=0)


@pytest.mark.parametrize("name", NAMES)
def test_whether_the_ends_of_the_range_are_attained(name):
    ends = [limit[0] for limit in LIMITS[name]]
    # At ±40 even tanh is still 1e-35 away from its limits, which fifty digits resolve.
    reached = [REFERENCES[name](mpf(float(x))) for x in (-40, *GRID, 40)]
    low = CATALOG[name].minimum is not None or min(reached) <= min(ends)
    assert CATALOG[name].attained == (low, max(reached) >= max(ends))


def exact_slope(name, x):
    with mp.workdps(40):
        h = mpf(10) ** -15
        return (REFERENCES[name](x + h) - REFERENCES[name](x - h)) / (2 * h)


@pytest.mark.parametrize("name", NAMES)
def test_gain(name):
    pieces = sorted({-12.0, -3.0, 0.0, 3.0, 12.0, *CATALOG[name].kinks})
    with mp.workdps(20):
        square = mp.quad(lambda z: REFERENCES[name](z) ** 2 * mp.npdf(z), pieces)
    assert CATALOG[name].gain == pytest.approx(float(1 / mp.sqrt(square)), rel=1e-13, abs=0)


@pytest.mark.parametrize("name", NAMES)
def test_lipschitz(name):
    bound = CATALOG[name].lipschitz
    if isinf(bound):
        assert name == "binary_step", "only a jump is infinitely steep"
        return
    chords = np.abs(np.diff(values(name)) / np.diff(GRID))
    assert chords.max() <= bound * (1 + 1e-12)
    # It is reached: beside a kink or 0, at one end, or near the steepest chord.
    steepest = GRID[chords.argmax()]
    places = [-12, 12, *(x + h for x in (0, *CATALOG[name].kinks) for h in (-1e-7, 1e-7))]
    places += list(np.linspace(steepest - 0.05, steepest + 0.05, 101))
    reached = max(abs(exact_slope(name, mpf(float(x)))) for x in places)
    assert float(reached) == pytest.approx(bound, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_monotonic(name):
    steps = np.diff(values(name))
    assert bool((steps >= 0).all()) == CATALOG[name].monotonic


@pytest.mark.parametrize("name", NAMES)
def test_kinks_are_there_and_nowhere_else(name):
    h = mpf(10) ** -20
    with mp.workdps(60):
        f = REFERENCES[name]

        def jump(x):
            right, left = (f(x + h) - f(x)) / h, (f(x) - f(x - h)) / h
            return abs(right - left)

        # Every number with one decimal, which all kinks are.
        found = tuple(x for x in np.round(np.arange(-80, 81) / 10, 1) if jump(mpf(str(x))) > 1e-6)
    assert found == CATALOG[name].kinks


@pytest.mark.parametrize("name", NAMES)
def test_zero_centred(name):
    odd = np.allclose(values(name, -GRID), -values(name, GRID), rtol=1e-12, atol=0)
    assert CATALOG[name].zero_centred == odd


@pytest.mark.parametrize("name", NAMES)
def test_papers(name):
    entry = CATALOG[name]
    assert entry.papers or name in ("identity", "log_sigmoid")
    for paper in entry.papers:
        assert 1940 <= paper.year
        assert re.match(
            r"arXiv:\d{4}\.\d{5}$|doi:10\.\d{4,}/\S+$|https://\S+$|[A-Za-z ]+.*, Univ", paper.link
        ) or ("thesis" in paper.link)
        if paper.link.startswith("arXiv:"):
            first = 2000 + int(paper.link[6:8])
            assert first == paper.year, "the year is that of the first version"


def test_aliases():
    for entry in CATALOG.values():
        for alias in entry.aliases:
            assert alias not in CATALOG
            assert type(get_activation(alias)) is type(get_activation(entry.name))


# -- MXNet's own ---------------------------------------------------------------------------

BUILTINS = [name for name in NAMES if CATALOG[name].builtin and LINE in CATALOG[name].builtin.lines]


def faults(code, name, arrays):
    """Where MXNet's own operator is wrong, as a set of short descriptions."""
    found = set()
    for dtype, bound in (("float32", 1e-6), ("float64", 1e-11)):
        block = eval(code, {"nn": nn})
        block.initialize()
        if "PReLU" in code and dtype != "float32":
            block.cast(dtype)
        xs = np.array([-30.0, -20.0, -5.0, -4.3, -2.0, -1.0, -1e-6, 1e-6, 1.0, 2.0, 5.0, 20.0, 30.0, 1e14])
        got = arrays.value_and_slope(block, xs, dtype)
        for x, *pair in zip(xs, *got):
            for what, g, e in zip(("value", "slope"), pair, exact(name, x)):
                if not abs(float(g) - e) <= bound * max(1, abs(e)):
                    found.add(f"{what} {'left' if x < 0 else 'right'} {dtype}")
                if abs(x) == 1e-6 and abs(float(g) - e) > 1e-3 * abs(e):
                    found.add(f"digits {'left' if x < 0 else 'right'} {dtype}")
                if what == "value" and e != 0 and np.sign(float(g)) * np.sign(float(e)) < 0:
                    found.add(f"sign {'left' if x < 0 else 'right'}")
        for x, s in zip(xs, got[1]):
            if abs(x) == 20 and s == 0 and abs(exact(name, x)[1]) > 1e-20:
                found.add(f"no slope {'left' if x < 0 else 'right'} {dtype}")
        got = arrays.value_and_slope(block, np.array([-inf, inf]), dtype)[0]
        if not np.isnan(arrays.value_and_slope(block, [np.nan], dtype)[0][0]):
            found.add("nan lost")
        found |= {f"{x} nan" for x, g in zip(("-inf", "inf"), got) if np.isnan(g)}
    return found


# How each fault of the catalog shows; a builtin without a fault shows none of these.
SHOWS = {
    "sigmoid": "no slope right float32",
    "tanh": "no slope right float32",
    "relu": "nan lost",
    "log_sigmoid": "sign right",
    "softsign": "inf nan",
    "softplus": "sign left",
    "selu": "slope left float32",
    "elu": "digits left float32",
    "leaky_relu": "value left float64",
    "prelu": "value left float64",
    "silu": "-inf nan",
    "gelu": "value left float64",
    "swish": "-inf nan",
    "mish": "slope right float32",
}


@pytest.mark.parametrize("name", BUILTINS)
def test_whether_mxnets_own_is_right(name, arrays):
    builtin = CATALOG[name].builtin
    found = faults(builtin.code, name, arrays)
    if builtin.fault:
        assert SHOWS[name] in found
    else:
        assert not found


def test_what_mxnet_lacks():
    """A builtin of one line only does not exist in the other."""
    for name in NAMES:
        builtin = CATALOG[name].builtin
        if builtin and LINE not in builtin.lines:
            with pytest.raises((AttributeError, mx.base.MXNetError, ValueError)):
                block = eval(builtin.code, {"nn": nn})
                block(mx.nd.array([1.0])).wait_to_read()


# -- get_activation and its kin ------------------------------------------------------------


def test_get_activation_takes_names_blocks_functions_and_none(arrays):
    x = arrays([-1.0, 2.0])
    block = nn.Activation("relu")
    assert get_activation(block) is block
    assert get_activation("swish", beta=2)._options == {"beta": 2.0}
    np.testing.assert_array_equal(get_activation(functional.silu)(x).asnumpy(), functional.silu(x).asnumpy())
    np.testing.assert_array_equal(get_activation(None)(x).asnumpy(), x.asnumpy())


@pytest.mark.parametrize("wrong, error, message", [
    (dict(activation="geluu"), ValueError, "'geluu'; nearest: gelu, elu"),
    (dict(activation="SWISH2"), ValueError, "nearest: swish"),
    (dict(activation="???"), ValueError, "nearest: sigmoid, log_sigmoid"),
    (dict(activation=3), TypeError, "name, a block, a function or None, not 3"),
    (dict(activation=nn.PReLU), TypeError, "not <class"),
    (dict(activation="swish", gamma=1), TypeError, "beta, learnable, in_channels; not gamma"),
    (dict(activation="relu", alpha=1), TypeError, "takes the parameters: none; not alpha"),
    (dict(activation=None, beta=1), TypeError, "with the name of an activation only"),
])  # fmt: skip
def test_get_activation_refuses(wrong, error, message):
    with pytest.raises(error, match=message):
        get_activation(**wrong)


def test_names_for_legends_never_depend_on_how_many_blocks_there_were():
    for _ in range(20):
        assert display_name(nn.Activation("sigmoid")) == "Sigmoid"
        assert display_name(nn.ELU()) == "ELU"
    hybrid = nn.LeakyReLU(0.1)
    hybrid.hybridize()
    assert display_name(hybrid) == "LeakyReLU"
    assert display_name(nn.Activation("softrelu")) == "SoftReLU"
    assert display_name(functional.mish) == "mish"
    assert display_name("softrelu") == "Softplus"


def test_evaluate_initializes_what_is_not_and_leaves_the_rest(arrays):
    fresh = nn.PReLU()
    evaluate(fresh, arrays([1.0]))
    trained = nn.PReLU(mx.init.Constant(0.7))
    trained.initialize()
    value, slope = evaluate(trained, arrays([-2.0]))
    assert value.asnumpy()[0] == pytest.approx(-1.4) and slope.asnumpy()[0] == pytest.approx(0.7)


def test_evaluate_leaves_the_gradients_of_the_block_alone(arrays):
    block = nn.PReLU()
    block.initialize()
    x = arrays([-1.0, -1.0])
    with mx.autograd.record():
        y = block(x)
    y.backward()
    before = block.alpha.grad().asnumpy().tolist()
    evaluate(block, arrays(np.linspace(-9, 9, 50)))
    assert block.alpha.grad().asnumpy().tolist() == before == [-2]
    with pytest.raises(TypeError, match="not int32"):
        evaluate("relu", arrays([1], "int32"))


def test_evaluate_keeps_the_kind_of_array(arrays):
    x = arrays([1.0])
    assert {type(part) for part in (*evaluate("silu", x), derivative("relu", x))} == {type(x)}


def test_titles_are_names_too():
    for name, entry in CATALOG.items():
        assert type(get_activation(entry.title)) is type(get_activation(name))


def test_a_function_becomes_a_block_that_hybridizes(arrays):
    net = nn.HybridSequential()
    net.add(get_activation(functional.mish))
    x = arrays([-1.0, 2.0])
    eager = net(x).asnumpy()
    net.hybridize()
    np.testing.assert_array_equal(net(x).asnumpy(), eager)
    assert display_name(net[0]) == "mish" and repr(net[0]) == "Wrapped(mish)"


def test_public_names():
    public = gluon_activations.__all__
    assert len(public) == len(set(public))
    for name in public:
        thing = getattr(gluon_activations, name)
        assert inspect.getdoc(thing), name
    blocks = {type(entry.block()).__name__ for entry in CATALOG.values()}
    assert {"SiLU", "GELU", "Swish", "Mish"} <= blocks & set(public)
    assert not any(isinf(x) for entry in CATALOG.values() for x in entry.kinks)


def test_ulps_measures_units_in_the_last_place():
    assert ulps(np.float32(1 + 2**-23), 1, "float32") == 1
    assert ulps(inf, 1, "float32") == inf and ulps(inf, inf, "float32") == 0
