"""Every field of every entry of the catalog, against the independent references."""

import importlib
import inspect
import json
import re
from dataclasses import FrozenInstanceError, fields
from math import inf
from pathlib import Path

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser
from mpmath import mpf

import gluon_activations
from gluon_activations import CATALOG, activations, evaluate, functional, get_activation
from gluon_activations._parameters import Choice
from gluon_activations.blocks import FunctionBlock
from gluon_activations.catalog import (
    FAMILIES,
    Activation,
    Builtin,
    Form,
    Paper,
    _display_name,
    _entry_of,
    _name_of,
    _read,
)
from tests.conftest import KINDS, LINE
from tests.references import RECORDS, VECTORS, exact
from tools import latex
from tools.facts import facts

import mxnet as mx
from mxnet.gluon import Block, nn

NAMES, CURVES = activations(), activations("elements")
POINTS = (-7.5, -2.95, -1.05, -0.3, 0.2, 0.95, 2.5, 5.9, 7.5)
GRID = np.linspace(-12, 12, 241)
CURVE_FACTS = ("gain", "range", "attained", "minimum", "monotonic", "kinks", "lipschitz", "zero_centred")


def test_each_field_has_its_test():
    checked = {"block", "family", "formula", "derivative", "glorot", "builtin", "relatives", "papers", "aliases"}
    assert {field.name for field in fields(Activation)} == checked | {"forms", "constants", *CURVE_FACTS}


@pytest.mark.parametrize("name", NAMES)
def test_name_title_family_and_block(name):
    entry = CATALOG[name]
    options = VECTORS[name].options if name in VECTORS else {}
    assert entry.name == name and re.fullmatch("[a-z0-9_]+", name)
    assert entry.title.lower() == name.replace("_", "") and entry.title in gluon_activations.__all__
    assert entry.block is getattr(gluon_activations, entry.title) and isinstance(entry.block(**options), Block)
    assert _display_name(entry.block(**options)) == entry.title
    assert entry.family in FAMILIES
    families = [CATALOG[name].family for name in NAMES]
    assert list(dict.fromkeys(families)) == list(FAMILIES), "in the order of the families"
    assert families == sorted(families, key=FAMILIES.index)


def test_what_acts_on_vectors_has_no_curve():
    assert CURVES + activations("vectors") == NAMES
    assert activations("vectors") == list(VECTORS)
    for name in activations("vectors"):
        assert {getattr(CATALOG[name], field) for field in CURVE_FACTS} == {None}
        assert CATALOG[name].acts_on == "vectors"
    with pytest.raises(ValueError, match="activations's acts_on is one of 'elements', 'vectors', not 'numbers'"):
        activations("numbers")


@pytest.mark.parametrize("name", CURVES)
def test_the_facts_of_the_curve(name):
    """Each is computed anew from the reference, to the last digit."""
    found = facts(RECORDS[name])
    assert set(found) == set(CURVE_FACTS)
    for what, value in found.items():
        stated = getattr(CATALOG[name], what)
        exactly = pytest.approx(value, rel=2e-16, abs=0) if what in ("range", "lipschitz", "gain") else value
        assert stated == exactly, what


@pytest.mark.parametrize("name", CURVES)
def test_the_slope_that_glorots_initialiser_starts_from(name):
    glorot = CATALOG[name].glorot
    assert (glorot is not None) == RECORDS[name].saturates
    if glorot is not None:
        assert float(1 / exact(name, 0.0)[1]) == pytest.approx(glorot, rel=1e-15)


# -- formulas ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CURVES)
def test_formula_and_derivative_as_printed(name):
    entry = CATALOG[name]
    for x in (*POINTS, *entry.kinks):
        # A constant is a float, and so is a slope that is chosen at a kink.
        bound = mpf(10) ** (-15 if entry.constants or x in entry.kinks else -25)
        for text, true in zip((entry.formula, entry.derivative), exact(name, x)):
            assert abs(latex.evaluate(text, x, entry.constants) - true) <= bound, text
    for text in (entry.formula, entry.derivative):
        MathTextParser("agg").parse(f"${text}$")


def test_a_root_with_an_index_is_read():
    assert latex.evaluate(r"\sqrt[3]{x}", 8) == pytest.approx(2, rel=1e-14)
    assert latex.evaluate(r"\frac{x}{\sqrt[n]{1 + x^{2}}}", 1, {"n": 4}) == pytest.approx(2**-0.25, rel=1e-14)
    assert latex.evaluate(r"2 \sqrt{\sqrt[3]{x}}", 64) == pytest.approx(4, rel=1e-14)


@pytest.mark.parametrize("formula, named", [
    (r"x + \sinh(x)", r"does not understand \sinh in x + \sinh(x) "),
    (r"\frac{1}{2", "does not understand \\frac in "),
    (r"\sqrt[3]x", "does not understand \\sqrt in "),
    (r"\root{x}", "does not understand \\root in "),
    ("x_1", "does not understand _ in x_1 "),
    ("x + (2", "cannot read x + (2, which becomes x + ( mpf('2'): "),
    ("x +", "cannot read x +, which becomes x +: "),
])  # fmt: skip
def test_what_is_not_understood_in_a_formula_is_named(formula, named):
    with pytest.raises(ValueError, match=f"^tools/latex.py {re.escape(named)}.*$"):
        latex.evaluate(formula, 1)


@pytest.mark.parametrize("name", activations("vectors"))
def test_the_formula_of_a_vector_as_printed(name):
    entry, record = CATALOG[name], VECTORS[name]
    text = entry.formula
    MathTextParser("agg").parse(f"${text}$")
    for part, written_out in record.written_out.items():
        assert part in text
        text = text.replace(part, written_out)
    for a, b in ((0.3, -1.2), (2.0, 2.5), (-4.0, 0.1)):
        value = latex.evaluate(text, 0, {"a": a, "b": b, "T": 1})
        assert float(value) == pytest.approx(record.function(np.array([a, b])).flat[0], rel=1e-14)
    assert {p.letter for p in entry.parameters.values()} <= {"", "T"} and entry.derivative == ""


@pytest.mark.parametrize("name", CURVES)
def test_knobs_are_the_parameters_that_bend_the_curve(name):
    entry = CATALOG[name]
    assert bool(entry.forms) == bool(entry.knobs)
    for knob in entry.knobs.values():
        chooses = isinstance(knob, Choice)
        assert chooses == (not knob.letter)
        if not chooses:
            low, high = knob.turn
            assert low <= knob.default <= high and low < high
            assert all(knob.letter in form.formula for form in entry.forms)
            assert knob.check(low, name, dict(entry_defaults(entry))) == low
        else:
            assert [dict(form.choices)[knob.name] for form in entry.forms] == list(knob.options)
            assert knob.options[0] == knob.default
    letters = {knob.letter for knob in entry.knobs.values() if knob.letter}
    assert not letters & set(entry.constants) and len(letters) == sum(bool(k.letter) for k in entry.knobs.values())


def entry_defaults(entry):
    return {p.name: p.default for p in entry.parameters.values()}


@pytest.mark.parametrize("where", ["default", "low", "high", "between"])
@pytest.mark.parametrize("name", [name for name in CURVES if CATALOG[name].forms])
def test_forms_are_what_the_block_computes(name, where, arrays):
    """The formula with its letters open, at four places of each knob."""
    entry, xs = CATALOG[name], np.array(POINTS)
    for form in entry.forms:
        values = {p.name: placed(p, where) for p in entry.knobs.values() if p.letter}
        letters = {entry.parameters[n].letter: value for n, value in values.items()}
        found = evaluate(get_activation(name, **values, **dict(form.choices)), arrays(xs))
        for text, got in zip((form.formula, form.derivative), found):
            MathTextParser("agg").parse(f"${text}$")
            exactly = [float(latex.evaluate(text, float(x), letters)) for x in xs]
            np.testing.assert_allclose(got.asnumpy(), exactly, rtol=1e-5, atol=3e-6)
    if where == "default":
        first = entry.forms[0]
        for general, printed in ((first.formula, entry.formula), (first.derivative, entry.derivative)):
            for x in POINTS:
                value = latex.evaluate(printed, x, entry.constants)  # with decimals for numbers of float64
                assert abs(latex.evaluate(general, x, letters) - value) < 2e-16 * max(1, abs(value))


def placed(knob, where):
    low, high = knob.turn
    return {"default": knob.default, "low": low, "high": high, "between": (2 * low + high) / 3}[where]


@pytest.mark.parametrize("name", CURVES)
def test_block_draws_this_curve(name, arrays):
    value, slope = evaluate(name, arrays(GRID))
    exactly = np.array([[float(part) for part in exact(name, float(x))] for x in GRID])
    np.testing.assert_allclose(value.asnumpy(), exactly[:, 0], rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(slope.asnumpy(), exactly[:, 1], rtol=1e-5, atol=2e-6)


# -- papers -----------------------------------------------------------------------------------

FILE = Path(inspect.getfile(Activation)).with_name("bibliography.json")


def test_the_bibliography():
    papers = json.loads(FILE.read_text(encoding="utf-8"))
    for link, paper in papers.items():
        assert set(paper) == {"authors", "year", "title"} and 1940 <= paper["year"] <= 2026
        assert re.match(r"arXiv:\d{4}\.\d{4,5}$|doi:10\.\d{4,}/\S+$|https://\S+$|[A-Za-z0-9 ]+, Univ", link), link
        if link.startswith("arXiv:"):
            assert 2000 + int(link[6:8]) == paper["year"], "the year is that of the first version"
        assert paper["title"][0].isupper() and not paper["title"].endswith(".")
    years = [(paper["year"], paper["authors"]) for paper in papers.values()]
    assert years == sorted(years)
    assert {paper.link for entry in CATALOG.values() for paper in entry.papers} >= set(papers)


@pytest.mark.parametrize("name", NAMES)
def test_a_paper_that_an_entry_names_is_named_in_the_docstring_too(name):
    for paper in CATALOG[name].papers[:1]:
        text = getattr(functional, name).__doc__
        named = paper.authors.split(",")[0] in text and str(paper.year) in text
        assert named if paper.authors else paper.link in text


def test_an_entry_of_ones_own():
    class Own(gluon_activations.Elementwise):
        function = staticmethod(functional.silu)

        def __init__(self):
            super().__init__()

    paper = Paper("arXiv:9999.00001", "Somebody", 2099, "Own")
    entry = Activation(Own, "smooth gates", "x", "1", 1.0, papers=(paper, "arXiv:1908.08681"))
    assert entry.parameters == entry.knobs == {} and entry.title == "Own" and entry.acts_on == "elements"
    assert entry.papers == (paper, Paper.find("arXiv:1908.08681"))
    assert (entry.range, entry.attained, entry.monotonic) == ((-inf, inf), (False, False), True)
    for frozen, name in (
        (entry, "gain"),
        (paper, "year"),
        (Builtin("nn.ELU()"), "code"),
        (Form("x", "1"), "formula"),
    ):
        with pytest.raises(FrozenInstanceError):
            setattr(frozen, name, None)


def test_a_paper_may_be_known_by_its_identifier_alone():
    assert Paper.find("arXiv:9999.00001") == Paper("arXiv:9999.00001", "", None, "")
    assert _read("bibliography.json") is _read("bibliography.json")  # read once
    found = Paper.find("arXiv:1908.08681")
    assert (found.authors, found.year, found.title[:5]) == ("Misra", 2019, "Mish:")


# -- MXNet's own ---------------------------------------------------------------------------

BUILTINS = [name for name in CURVES if CATALOG[name].builtin and LINE in CATALOG[name].builtin.lines]


def faults(builtin, name, arrays):
    """Where MXNet's own operator is wrong, as a set of short descriptions."""
    found = set()
    for dtype, bound in (("float32", 1e-6), ("float64", 1e-11)):
        block = builtin.make()
        block.initialize()
        if dtype != "float32":
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


@pytest.mark.parametrize("name", BUILTINS)
def test_whether_mxnets_own_is_right(name, arrays):
    builtin = CATALOG[name].builtin
    found = faults(builtin, name, arrays)
    assert bool(builtin.fault) == bool(RECORDS[name].fault)
    if builtin.fault:
        assert RECORDS[name].fault in found
    else:
        assert not found


@pytest.mark.parametrize("name", [name for name in NAMES if CATALOG[name].builtin])
def test_what_mxnet_lacks(name, arrays):
    """A builtin of one line only does not exist in the other."""
    builtin = CATALOG[name].builtin
    if LINE in builtin.lines:
        assert builtin.make() is not builtin.make() and builtin.kind[0] is type(builtin.make())
        assert evaluate(builtin.make(), arrays([1.0]))[0].shape == (1,)
    else:
        assert builtin.make() is None
        with pytest.raises((AttributeError, mx.base.MXNetError, ValueError)):
            eval(builtin.code, {"nn": nn})(arrays([1.0])).wait_to_read()


# -- get_activation and its kin ------------------------------------------------------------


def test_get_activation_takes_names_blocks_functions_and_none(arrays):
    x = arrays([-1.0, 2.0])
    block = nn.Activation("relu")
    assert get_activation(block) is block
    assert repr(get_activation("swish", beta=2, learnable=True)).startswith("Swish(beta=2.0, learnable=True")
    assert repr(get_activation("glu", activation="gelu")) == "GLU(activation='gelu', axis=-1)"
    np.testing.assert_array_equal(get_activation(functional.silu)(x).asnumpy(), functional.silu(x).asnumpy())
    np.testing.assert_array_equal(get_activation(None)(x).asnumpy(), x.asnumpy())
    assert type(get_activation()) is gluon_activations.Identity


@pytest.mark.parametrize("wrong, parameters, error, message", [
    ("geluu", {}, ValueError, "no activation is called 'geluu'; nearest: gelu, glu, elu"),
    ("SWISH2", {}, ValueError, "nearest: swish"),
    ("sigmoids", {}, ValueError, "nearest: sigmoid, log_sigmoid, hard_sigmoid$"),
    ("elus", {}, ValueError, "nearest: [a-z]*elu, [a-z]*elu, [a-z]*elu$"),
    ("???", {}, ValueError, "nearest: sigmoid, log_sigmoid, .*, log_softmax$"),
    (3, {}, TypeError, "name, a block, a function or None, not 3"),
    (nn.PReLU, {}, TypeError, "not <class"),
    ("swish", {"gamma": 1}, TypeError, "swish takes the parameters: beta, learnable, in_channels; .*'gamma'"),
    ("relu", {"alpha": 1}, TypeError, "relu takes the parameters: none; .*'alpha'"),
    ("elu", {"alpha": 0}, ValueError, "elu's alpha is a finite number above 0, not 0"),
    (None, {"beta": 1, "b": 2}, TypeError, r"parameters \(beta, b\) go with the name of an activation only"),
])  # fmt: skip
def test_get_activation_refuses(wrong, parameters, error, message):
    with pytest.raises(error, match=message):
        get_activation(wrong, **parameters)


@pytest.mark.parametrize("name", NAMES)
def test_titles_and_aliases_are_names_too(name):
    entry = CATALOG[name]
    for alias in (name, entry.title, *entry.aliases):
        assert _entry_of(alias) is entry
    assert not {entry.title, *entry.aliases} & set(CATALOG)


@pytest.mark.parametrize("name", NAMES)
def test_blocks_are_known_by_their_type(name):
    entry = CATALOG[name]
    block = entry.block(**(VECTORS[name].options if name in VECTORS else {}))
    assert _name_of(block) == name
    if entry.builtin and entry.builtin.make():
        assert _name_of(entry.builtin.make()) == name


RELATIVES = [(name, kind) for name in CURVES for kind in CATALOG[name].relatives]


@pytest.mark.parametrize("arrays", [KINDS[0]], indirect=True)
@pytest.mark.parametrize("name, kind", RELATIVES)
def test_relatives_compute_the_same(arrays, name, kind):
    assert not issubclass(kind, FunctionBlock) and _name_of(kind()) == name
    exactly = [float(exact(name, float(x))[0]) for x in GRID]
    np.testing.assert_allclose(kind()(arrays(GRID)).asnumpy(), exactly, rtol=1e-6)


def test_a_class_of_the_same_name_is_another_one_and_a_child_is_the_same():
    class Softplus(nn.HybridSequential):
        """Somebody's own, with weights."""

    class Mine(gluon_activations.Mish):
        """A child."""

    assert _name_of(Softplus()) is None and _name_of(Mine()) == "mish" and _name_of(nn.Dense(1)) is None
    assert _display_name(Mine()) == "Mine"


def test_names_for_legends_never_depend_on_how_many_blocks_there_were():
    for _ in range(20):
        assert _display_name(nn.Activation("sigmoid")) == "Sigmoid"
        assert _display_name(nn.ELU()) == "ELU"
    hybrid = nn.LeakyReLU(0.1)
    hybrid.hybridize()
    assert _display_name(hybrid) == "LeakyReLU"
    assert _display_name(nn.Activation("softrelu")) == _display_name("softrelu") == "Softplus"
    assert _display_name(functional.mish) == _display_name(get_activation(functional.mish)) == "mish"

    class Callable:
        def __call__(self, x):
            return x

    assert _display_name(Callable()) == "Callable"


def test_a_function_becomes_a_block_that_hybridizes(arrays):
    net = nn.HybridSequential()
    net.add(get_activation(functional.mish))
    x = arrays([-1.0, 2.0])
    eager = net(x).asnumpy()
    net.hybridize()
    np.testing.assert_array_equal(net(x).asnumpy(), eager)


def test_public_names():
    public = gluon_activations.__all__
    assert len(public) == len(set(public))
    assert len([name for name in public if name not in gluon_activations.blocks.__all__]) <= 20
    for room in set(dir(gluon_activations)) - {*public}:
        assert importlib.import_module(f"gluon_activations.{room}").__all__
    for name in public:
        assert getattr(gluon_activations, name).__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = gluon_activations.nothing
