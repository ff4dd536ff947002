"""The explorer: what it computes, by the numbers of others, and how keyboard, pointer and address work it."""

import json
import math
import re
from functools import partial

import mpmath
import numpy
import pytest
from scipy import special

import gluon_activations
from docs.tests.checks import inspect
from docs.tests.conftest import ROOT, SITE, visiting
from gluon_activations import CATALOG, activations, evaluate, get_activation
from tests.references import RECORDS
from tools import latex
from tools.website import atlas, explorer
from tools.wording import interval
from tools.wording import number as written

import mxnet as mx

CURVES = explorer.curves()
POINTS = numpy.arange(-100, 100) / 10 + 0.05  # none is a kink


def settings(curve):
    """Parameters and choices: each knob at five places with the others at their defaults, for each form."""
    knobs = explorer.knobs(curve)
    usual = {name: knob.default for name, knob in knobs.items()}
    found = [usual]
    for name, knob in knobs.items():
        low, high = knob.turn
        found += [{**usual, name: place} for place in (low, low + (high - low) / 3, high - (high - low) / 3, high)]
    return [(p, form) for p in found for form in curve["forms"]]


COMPUTE = """([curve, xs]) => {
  const { value, gradient } = form(curve);
  return [xs.map(value), xs.map(gradient)];
}"""


@pytest.fixture(scope="module")
def page(browser, address):
    """The explorer, for those tests that only compute with it."""
    with visiting(browser, address) as visit:
        yield visit("explorer.html")


def in_the_page(page, name, p, choices, xs):
    """Value and gradient that the page computes."""
    curve = {"name": name, "p": p, "choices": dict(choices)}
    return numpy.array(page.evaluate(COMPUTE, [curve, [float(x) for x in xs]]))


def in_mxnet(name, p, choices, xs):
    """Value and gradient that MXNet computes in float64."""
    if CATALOG[name].acts_on == "vectors":  # of two scores, x and 0
        x = mx.nd.array(numpy.stack([xs, 0 * xs], axis=1), dtype="float64")
        x.attach_grad()
        with mx.autograd.record():
            y = gluon_activations.Softmax(**p)(x)[:, 0]
        y.backward()
        return y.asnumpy(), x.grad[:, 0].asnumpy()
    block = get_activation(name, **p, **dict(choices))
    block.cast("float64")
    value, gradient = evaluate(block, mx.nd.array(xs, dtype="float64"))
    return value.asnumpy(), gradient.asnumpy()


def path(page, plot="value", place=0):
    """What is drawn of a curve; each has a value and a gradient in the plot of curves."""
    return page.locator(f"#{plot} path.line").nth(place).get_attribute("d")


def row(page, title, table="facts"):
    """One row of a table, a text for each curve."""
    head = page.get_by_role("rowheader", name=title, exact=True)
    return page.locator(f"#{table} tr", has=head).locator("td").all_inner_texts()


def number(text):
    """A number as the page writes it."""
    return float(text.replace("−", "-").replace("∞", "inf"))


def wait_for_address(page, part):
    page.wait_for_function("part => decodeURIComponent(location.hash).includes(part)", arg=part)


# -- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CURVES)
def test_200_points_are_those_of_mxnet(page, name):
    usual = settings(CURVES[name])[0][0]
    for p, form in settings(CURVES[name]):
        found, mxnet = (f(name, p, form.choices, POINTS) for f in (partial(in_the_page, page), in_mxnet))
        # MXNet keeps the ends of a clip as float32, also for an array of float64, and defaults are short numbers.
        # In a tail where MXNet takes 1 from nearly 1, it has no relative accuracy.
        tolerance = {"rtol": 1e-9 if p == usual else 2e-7, "atol": 1e-14}
        numpy.testing.assert_allclose(found, mxnet, **tolerance, err_msg=f"{p} {form}")


@pytest.mark.parametrize("name", CURVES)
def test_each_digit_is_that_of_the_printed_formula(page, name):
    points = [float(x) for x in POINTS[::20]]
    for p, form in settings(CURVES[name]):
        lettered = {key: each for key, each in CURVES[name]["parameters"].items() if each.letter}
        letters = {each.letter: p.get(key, each.default) for key, each in lettered.items()} | CURVES[name][
            "constants"
        ]
        with mpmath.workdps(700):  # which 1 + erf(x) needs far on the left
            exact = [
                [float(latex.evaluate(formula, x, letters)) for x in points]
                for formula in (form.formula, form.derivative)
            ]
        found = in_the_page(page, name, p, form.choices, points)
        tiny = numpy.finfo(float).tiny  # below it no number has all its digits
        numpy.testing.assert_allclose(found, exact, rtol=1e-12, atol=tiny, err_msg=f"{p} {form}")


def test_gradients_at_kinks_are_those_that_the_blocks_give(page):
    for name, slopes in ((name, record.kinks) for name, record in RECORDS.items() if record.kinks):
        p, form = settings(CURVES[name])[0]
        kinks = numpy.array([*slopes])
        found = in_the_page(page, name, p, form.choices, kinks)[1]
        numpy.testing.assert_allclose(found, [float(slope) for slope in slopes.values()], rtol=1e-12, err_msg=name)
        numpy.testing.assert_allclose(found, in_mxnet(name, p, form.choices, kinks)[1], rtol=1e-7, err_msg=name)


def test_the_table_shows_value_and_gradient_at_x(visit):
    names = ["mish", "selu", "gelu", "hard_swish"]
    for x in (-4.25, -0.5, 1.5):
        page = visit("explorer.html#" + "&".join(f"curve={name}" for name in names) + f"&x={x}")
        for place, title in enumerate(("value at x", "gradient at x")):
            exact = [float(RECORDS[name].float64(numpy.float64(x))[place]) for name in names]
            numpy.testing.assert_allclose([number(text) for text in row(page, title)], exact, rtol=5e-6)


def is_flat_far_out(name):
    """Whether its slope is 0 beyond the outermost kinks, on one side or on both."""
    kinks = CATALOG[name].kinks or (0,)
    return bool((RECORDS[name].float64(numpy.array([min(kinks) - 2.0, max(kinks) + 2.0]))[1] == 0).any())


def where_the_slope_is_0(name):
    """Single points of the reference, between -12 and 12."""
    xs = numpy.arange(-120_000, 120_001) / 10_000
    size = numpy.abs(RECORDS[name].float64(xs)[1])
    low = (size[1:-1] < size[:-2]) & (size[1:-1] < size[2:]) & (size[1:-1] < 1e-4)
    return xs[1:-1][low]


@pytest.mark.parametrize("name", activations("elements"))
def test_facts_are_those_of_the_catalog(visit, name):
    page, entry = visit(f"explorer.html#curve={name}"), CATALOG[name]
    assert row(page, "range") == [interval(entry)]
    titles = "minimum", "gradient is 0 at", "steepest gradient"
    (minimum,), (zeros,), (steepest,) = (row(page, title) for title in titles)
    if entry.minimum:
        place = written(entry.minimum[0])
        assert minimum == f"{written(entry.minimum[1])} at x = {place}"
        assert zeros.startswith(f"x = {place}")
    else:
        assert minimum == atlas.without_minimum(entry)
        touched = where_the_slope_is_0(name)
        assert zeros.count("=") == len(touched) <= 1 or (zeros == "many places" and len(touched) > 4)
        if zeros != "many places":
            assert all(zeros.startswith(f"x = {written(round(x, 3) + 0.0)}") for x in touched)
    # Where the gradient is 0 on a whole piece, it is 0 on one side only of the ends of that piece.
    ends = {number(text) for text in re.findall(r"(?:above|below) (\S+?)(?:;|$)", zeros)}
    for end in ends:
        assert (RECORDS[name].float64(numpy.array([end - 0.01, end + 0.01]))[1] == 0).sum() == 1
    assert bool(ends or zeros == "every x") == is_flat_far_out(name)
    assert steepest == written(entry.lipschitz) + (
        ", a jump" if numpy.isinf(entry.lipschitz) and entry.kinks else ""
    )


