"""The explorer: what it computes, by the numbers of others, and how keyboard, pointer and address work it."""

import json
import math
import re
from functools import partial

import mpmath
import numpy
import pytest

import gluon_activations
from docs.tests.checks import inspect
from docs.tests.conftest import ROOT, SITE, visiting
from gluon_activations import CATALOG, activations, evaluate, get_activation
from gluon_activations.plots import PALETTE, color_of
from tests.pytorch_forms import in_float32
from tests.references import RECORDS
from tools import latex
from tools.website import explorer, properties
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


GO = """address => new Promise((shown) => {
  addEventListener("hashchange", () => requestAnimationFrame(shown), { once: true }); // when the page has drawn
  location.hash = address;
})"""


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
def test_facts_are_those_of_the_catalog(page, name):
    page.evaluate(GO, f"curve={name}&x=1.5")
    entry = CATALOG[name]
    assert row(page, "range") == [interval(entry)]
    titles = "minimum", "gradient is 0 at", "steepest gradient"
    (minimum,), (zeros,), (steepest,) = (row(page, title) for title in titles)
    if entry.minimum:
        place = written(entry.minimum[0])
        assert minimum == f"{written(entry.minimum[1])} at x = {place}"
        assert zeros.startswith(f"x = {place}")
    else:
        assert minimum == properties.without_minimum(entry)
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


PLACES = "(name) => { const { kinks, places } = known(newCurve(name)); return { kinks, places }; }"


@numpy.errstate(all="ignore")
@pytest.mark.parametrize("name", activations("elements"))
def test_marks_are_where_the_catalog_and_the_reference_have_them(page, name):
    found, entry = page.evaluate(PLACES, name), CATALOG[name]
    numpy.testing.assert_allclose(found["kinks"], sorted(entry.kinks), atol=1e-9)
    by_shape = {}
    for place in found["places"]:
        by_shape.setdefault(place["shape"], []).append(place["x"])
        value, slope = (float(each) for each in RECORDS[name].float64(numpy.float64(place["x"])))
        assert place["y"] == pytest.approx(value, abs=1e-9)
        if place["shape"] in ("flat", "minimum"):
            assert abs(slope) < 1e-6 or place["x"] in found["kinks"]
        if place["shape"] == "zero":
            assert abs(value) < 1e-6
    assert len(by_shape.get("kink", [])) == len(entry.kinks)
    assert len(by_shape.get("minimum", [])) == bool(entry.minimum)
    if entry.minimum:
        assert by_shape["minimum"][0] == pytest.approx(entry.minimum[0], abs=1e-9)
    # Every crossing of 0 by the reference has a mark.
    xs = numpy.arange(-1199, 1200) / 100 + 0.003
    values = RECORDS[name].float64(xs)[0]
    crossings = xs[1:][values[1:] * values[:-1] < 0]
    marked = [*by_shape.get("zero", []), *found["kinks"]]
    assert all(min(abs(place - x) for place in marked) <= 0.01 for x in crossings)


# -- difference --------------------------------------------------------------------------------

TORCH = """([name, choices, xs]) => {
  const curve = { ...newCurve(name) };
  Object.assign(curve.choices, choices);
  const emulated = Difference.torch(curve);
  return emulated && [xs.map(emulated), xs.map(form(curve).value)];
}"""


def emulated_by_the_page(page):
    """Names and choices of all that the page emulates."""
    found = []
    for name, curve in CURVES.items():
        for form in curve["forms"]:
            if page.evaluate(TORCH, [name, dict(form.choices), [1.0]]):
                found.append((name, dict(form.choices)))
    return found


def test_pytorchs_forms_are_those_in_numpys_float32(page):
    xs = numpy.random.default_rng(0).uniform(-15, 25, 4000).astype(numpy.float32)
    emulated = emulated_by_the_page(page)
    assert len(emulated) >= 14
    for name, choices in emulated:
        found = numpy.array(page.evaluate(TORCH, [name, choices, xs.tolist()])[0])
        assert (found == found.astype(numpy.float32)).all()
        expected, unit = in_float32(name, choices, xs)
        difference = abs(found - expected) / unit
        assert difference.max() <= 4, (name, choices, xs[difference.argmax()], difference.max())


def test_pytorchs_forms_are_as_wrong_as_pytorch_was_measured_to_be(page):
    """The largest error of the value where x is at most 20 in size, within a factor of two and a half unit."""
    measured = json.loads((ROOT / "docs" / "data" / "accuracy-frameworks.json").read_text(encoding="utf-8"))
    xs = numpy.random.default_rng(1).uniform(-20, 20, 20000).astype(numpy.float32)
    compared = 0
    for name, choices in emulated_by_the_page(page):
        key = f"{name} torch float32 value"
        if key not in measured or choices.get("approximate", "none") != "none":
            continue
        found, exact = (numpy.array(values) for values in page.evaluate(TORCH, [name, choices, xs.tolist()]))
        units = (abs(found - exact) / numpy.spacing(abs(exact).astype(numpy.float32))).max()
        theirs = measured[key][0]
        assert theirs / 2 - 0.5 <= units <= theirs * 2 + 0.5, (name, units, theirs)
        compared += 1
    assert compared >= 10


def test_a_unit_in_the_last_place_is_that_of_float32(page):
    values = [0.0, 1.0, 1.5, 0.1, -3.0, 1e-30, 1e-40, 1e-45, 2.0**-126, 3e38]
    found = page.evaluate("(values) => values.map(Difference.ulp)", values)
    numpy.testing.assert_array_equal(found, numpy.spacing(abs(numpy.float32(values))).astype(float))


def test_the_difference_is_shown_plain_and_in_units(visit):
    page = visit("explorer.html#curve=gelu&curve=gelu,approximate:tanh&view=difference&x=-2")
    exact = float(RECORDS["gelu"].float64(numpy.float64(-2.0))[0])
    tanh = -1.0 * (1 + math.tanh((2 / math.pi) ** 0.5 * (-2 - 0.044715 * 8)))
    shown = page.locator("#readout").inner_text()
    assert number(re.search(r"A − B: (\S+)", shown)[1]) == pytest.approx(exact - tanh, rel=1e-3)
    before = path(page, "difference")
    page.get_by_role("button", name="in ULP of float32").click()
    wait_for_address(page, "unit=ulp")
    shown = page.locator("#readout").inner_text()
    units = (exact - tanh) / numpy.spacing(numpy.float32(abs(exact)))
    assert number(re.search(r"A − B: (\S+) ULP", shown)[1]) == pytest.approx(units, rel=1e-3)
    assert path(page, "difference") != before
    page.locator("#subtrahend").select_option("torch")
    wait_for_address(page, "diff=A-torch")
    page.wait_for_function("document.querySelectorAll('#difference circle').length > 100")
    page.locator("#minuend").select_option("1")
    wait_for_address(page, "diff=B-torch")


def test_a_difference_that_cannot_be_drawn_is_said(visit):
    page = visit("explorer.html#curve=relu&view=difference")
    page.get_by_text("Add a second curve").wait_for()
    page.locator("#subtrahend").select_option("torch")
    page.get_by_text("PyTorch has no formula for ReLU with more than one rounding").wait_for()


# -- questions ---------------------------------------------------------------------------------


def slope_of(name, x):
    return float(RECORDS[name].float64(numpy.float64(x))[1])


def chained(page, name, layers, scale):
    return page.evaluate("([name, n, s]) => chain(newCurve(name), n, s, 0.5)", [name, layers, scale])


def swish_less_relu():
    x = numpy.linspace(-3, 3, 60001)
    return abs(x / (1 + numpy.exp(-10 * x)) - numpy.maximum(x, 0)).max()


def gelus():
    x = numpy.linspace(-8, 8, 160001)
    exact = RECORDS["gelu"].float64(x)[0]
    tanh = 0.5 * x * (1 + numpy.tanh((2 / math.pi) ** 0.5 * (x + 0.044715 * x**3)))
    return abs(exact - tanh), numpy.spacing(abs(exact).astype(numpy.float32))


def gelu_of_torch(page, xs):
    found, exact = (numpy.array(values) for values in page.evaluate(TORCH, ["gelu", {}, xs]))
    return abs(found - exact) / numpy.spacing(abs(exact).astype(numpy.float32))


def claims(page):
    """What each answer says in numbers: as it is written there, as it is, and to how many digits."""
    sigmoid, relu, selu, tanh = (
        chained(page, *which) for which in (("sigmoid", 20, 1), ("relu", 50, 1), ("selu", 50, 1), ("tanh", 50, 1))
    )
    least = CATALOG["silu"].minimum
    difference, unit = gelus()
    return [
        ("silu", [("−1.2785", least[0], 4), ("−0.2785", least[1], 4)]),
        (
            "sigmoid",
            [
                ("0.236", sigmoid["factors"][-1], 3),
                ("3·10⁻¹³", sigmoid["gradient"][0] / 1e-13, None),
                ("0.9997", sigmoid["correlation"][3], 4),
            ],
        ),
        (
            "gelu",
            [
                ("0.00047", difference.max(), 5),
                ("±2.70", abs(numpy.linspace(-8, 8, 160001)[difference.argmax()]), 2),
            ],
        ),
        ("swish", [("0.028", swish_less_relu(), 3), ("−0.2785", least[1], 4), ("−1.2785", least[0], 4)]),
        ("relu", [("0.7071", relu["factors"][0], 4), ("3·10⁻⁸", relu["gradient"][0] / 1e-8, None)]),
        ("selu", [("0.10", tanh["signal"][50], 2), ("1.035", selu["factors"][-1], 3)]),
        ("hard", [("0.045", slope_of("sigmoid", 3), 3)]),
        ("torch", []),
    ]


def test_each_answer_says_what_is_so(page):
    questions = page.evaluate("QUESTIONS")
    said = claims(page)
    assert [question["id"] for question in questions] == [asked for asked, _ in said]
    for question, (_, numbers) in zip(questions, said):
        for written_there, computed, digits in numbers:
            assert written_there in question["answer"], question["answer"]
            leading = re.match(r"±?([−\d.]+)", written_there)[1]
            assert number(leading) == round(computed, digits) + 0, (written_there, computed)
        # Two sentences, or the second with a colon.
        assert 1 <= len(re.findall(r"[.:] (?=[A-Z])", question["answer"])) <= 2


def test_what_the_answers_say_without_a_number_is_so(page):
    x = numpy.linspace(-6, 6, 24001)
    # Of the minimum of SiLU: f' = sigmoid (1 + x - f), so that f = 1 + x.
    least = CATALOG["silu"].minimum
    assert least[1] == pytest.approx(1 + least[0], abs=1e-12)
    # Of beta: a line at 0, and a minimum that moves with 1/beta.
    for beta in (0.5, 2, 10):
        values = x / (1 + numpy.exp(-beta * x))
        assert x[values.argmin()] == pytest.approx(least[0] / beta, abs=1e-3)
        assert values.min() == pytest.approx(least[1] / beta, abs=1e-6)
    # Of ReLU at the root of 2 and SELU at 1: nothing is lost.
    for name, scale, what in (("relu", 2**0.5, "signal"), ("relu", 2**0.5, "gradient"), ("selu", 1, "signal")):
        numpy.testing.assert_allclose(chained(page, name, 50, scale)[what], 1, rtol=1e-3)
    # Of hard sigmoid: dead outside -3 and 3, as sigmoid is not.
    x = numpy.append(x, [-3, 3]).round(4)
    slopes = RECORDS["hard_sigmoid"].float64(x)[1]
    sigmoid = RECORDS["sigmoid"].float64(x)[1]
    assert ((slopes == 0) == (abs(x) > 3))[abs(x) != 3].all() and sigmoid.min() > 0
    # Of the sigmoid's slope: nowhere above a quarter.
    assert sigmoid.max() == 0.25
    # Of GELU's forms in units, and of PyTorch's.
    difference, unit = gelus()
    units = (difference / unit)[:80001:10000]  # at -8, -7, ... 0
    assert 10_000 < units[7] < 11_000
    exact = abs(RECORDS["gelu"].float64(numpy.array([-8.0, -7, -6, -5]))[0])
    assert (units[:4] > 0.5 * exact / numpy.spacing(exact.astype(numpy.float32))).all()
    assert gelu_of_torch(page, [-5.0])[0] > 100_000
    assert gelu_of_torch(page, numpy.linspace(0, 20, 40001).astype(numpy.float32).tolist()).max() <= 2


def test_a_question_sets_the_explorer_and_is_answered(visit):
    page = visit("explorer.html")
    for question in page.evaluate("QUESTIONS"):
        page.get_by_role("link", name=question["ask"], exact=True).click()
        page.locator("#answer", has_text=question["answer"]).wait_for()
        address = page.evaluate("decodeURIComponent(location.hash)")
        assert not page.locator("#explorer-message").is_visible()
        assert page.evaluate("(address) => write(read(address).state)", question["address"]) == address
    page.locator("#n").press("ArrowRight") if page.locator("#n").is_visible() else page.locator("#x").press(
        "ArrowRight"
    )
    page.locator("#answer").wait_for(state="hidden")


# -- controls ----------------------------------------------------------------------------------


def test_arrow_keys_turn_a_knob_and_the_address_brings_it_back(visit):
    page = visit("explorer.html")
    before = path(page), path(page, place=1)
    page.locator("#beta-0").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    wait_for_address(page, "curve=swish,beta:1.5")
    after = path(page), path(page, place=1)
    assert all(one != other for one, other in zip(before, after))
    assert page.evaluate("document.activeElement.id") == "beta-0"
    assert page.locator("#beta-0-box").input_value() == "1.5"
    again = visit("explorer.html" + page.evaluate("location.hash"))
    assert (path(again), path(again, place=1)) == after


def test_an_address_given_while_another_is_written_is_not_lost(visit):
    """The browser tells a page of a new address a moment later; to copy the link writes the page's own at once."""
    page = visit("explorer.html")
    page.locator("#x").press("PageUp")  # not yet in the address
    page.evaluate("location.hash = 'curve=mish'; document.getElementById('link').click()")
    page.locator("#explorer-message", has_text="link").wait_for()
    wait_for_address(page, "#curve=mish")
    assert page.locator("#name-0").input_value() == "mish"


def test_arrow_keys_move_x(visit):
    page = visit("explorer.html")
    page.locator("#x").focus()
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowLeft")
    wait_for_address(page, "&x=")
    x = number(page.locator("#x-box").input_value())
    assert x > 1
    assert number(row(page, "value at x")[1]) == x  # ReLU
    page.keyboard.press("Home")
    page.wait_for_function("document.getElementById('x-box').value === '−6'")
    page.wait_for_function("document.querySelector('#facts td:last-child').textContent === '0'")


def turn_to(page, box, text):
    page.locator(f"#{box}").fill(text)
    page.locator(f"#{box}").press("Enter")


def test_boxes_take_exact_numbers_and_refuse_others(visit):
    page = visit("explorer.html#curve=relu&view=depth&n=50")
    turn_to(page, "s-box", "sqrt(2)")
    wait_for_address(page, "s=√2")
    page.wait_for_function("document.querySelector('#depth tbody td').textContent === '1.414'")
    assert row(page, "signal after the last layer", "depth") == ["1"]
    assert row(page, "gradient factor back at the inputs", "depth") == ["1"]
    for wrong in ("", "two", "99", "-1", "1/0"):
        turn_to(page, "s-box", wrong)
        assert page.locator("#s-box").get_attribute("aria-invalid") == "true"
        assert "from 0.2 to 12" in page.locator("#s-box").get_attribute("title")
    wait_for_address(page, "s=√2")
    page.locator("#s").focus()
    page.wait_for_function("document.getElementById('s-box').value === '√2'")
    assert page.locator("#s-box").get_attribute("aria-invalid") == "false"


CONSTANTS = [
    ("√2", 2**0.5),
    ("sqrt(2)", 2**0.5),
    ("2√3", 2 * 3**0.5),
    ("√(2/3)", (2 / 3) ** 0.5),
    ("−1/3", -1 / 3),
]
CONSTANTS += [("pi", math.pi), ("2π", 2 * math.pi), ("π/2", math.pi / 2), ("-√2/2", -(2**0.5) / 2)]
CONSTANTS += [("1e-3", 1e-3), (" 1.5 ", 1.5), (".5", 0.5)]


@pytest.mark.parametrize("text, value", CONSTANTS)
def test_a_constant_is_read_and_written_without_loss(page, text, value):
    found = page.evaluate(
        "(text) => { const v = parsed(text); return [v, spelled(v), parsed(spelled(v))]; }", text
    )
    assert found[0] == found[2] == value
    assert len(found[1]) < 8 or text.endswith("√2/2")


@pytest.mark.parametrize(
    "text", ["", "x", "1..2", "√", "√-1", "1/", "/2", "--1", "2 3 4/", "0x10", "NaN", "Infinity"]
)
def test_what_is_no_constant_is_none(page, text):
    assert page.evaluate("(text) => Number.isNaN(parsed(text))", text)


def centre_of_the_dot(page, place=0):
    return page.evaluate(
        "(i) => { const box = document.querySelectorAll('#value .mark.read')[i].getBoundingClientRect();"
        " return box.left + box.width / 2; }",
        place,
    )


def at_share(page, share, plot="value"):
    """A place in a plot, in pixels."""
    box = page.locator(f"#{plot}").bounding_box()
    return box["x"] + share * box["width"], box["y"] + box["height"] / 3


def test_hovering_previews_and_changes_nothing(visit):
    page = visit("explorer.html")
    wait_for_address(page, "#curve=swish&curve=relu")
    dot, address = centre_of_the_dot(page), page.url
    page.mouse.move(*at_share(page, 0.8))
    page.wait_for_function("!document.getElementById('readout').textContent.startsWith('at x = 1A')")
    page.wait_for_timeout(400)
    assert (centre_of_the_dot(page), page.url) == (dot, address)
    page.mouse.move(0, 0)
    page.wait_for_function("document.getElementById('readout').textContent.startsWith('at x = 1A')")


@pytest.mark.parametrize("share", [0.3, 0.77])
def test_a_click_sets_x_and_a_drag_moves_it(visit, share):
    page = visit("explorer.html")
    where, height = at_share(page, share)
    page.mouse.click(where, height)
    wait_for_address(page, "&x=")
    assert abs(centre_of_the_dot(page) - where) < 1
    before = page.evaluate("read(location.hash).state.x")
    page.mouse.down()
    page.mouse.move(where + 40, height + 10)
    page.mouse.up()
    page.wait_for_function("before => read(location.hash).state.x !== before", arg=before)
    assert abs(centre_of_the_dot(page) - where - 40) < 1


def test_near_a_mark_x_lands_on_it(visit):
    least = CATALOG["silu"].minimum[0]
    page = visit("explorer.html#curve=silu")
    box = page.locator("#value .mark.minimum").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2 + 4, box["y"] - 40)
    wait_for_address(page, "&x=")
    x = page.evaluate("read(location.hash).state.x")
    assert x == pytest.approx(least, abs=1e-12)
    assert abs(float(row(page, "gradient at x")[0].replace("−", "-"))) < 1e-12
    # The keyboard gets there, too.
    page.get_by_role("button", name="A zero at 0").click()
    wait_for_address(page, "x=0")
    page.get_by_role("button", name=f"A minimum at {written(least)}").click()
    page.wait_for_function("least => Math.abs(read(location.hash).state.x - least) < 1e-12", arg=least)


def test_a_finger_sets_x_but_a_swipe_down_does_not(visit):
    page = visit("explorer.html", has_touch=True, viewport={"width": 390, "height": 844})
    where, height = at_share(page, 0.7)
    page.touchscreen.tap(where, height)
    wait_for_address(page, "&x=")
    assert abs(centre_of_the_dot(page) - where) < 1
    address, session = page.url, page.context.new_cdp_session(page)
    for kind, y in (
        ("touchStart", height),
        ("touchMove", height - 40),
        ("touchMove", height - 90),
        ("touchEnd", None),
    ):
        points = [] if y is None else [{"x": where - 100, "y": y}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_function("scrollY > 20")
    page.wait_for_timeout(300)
    assert page.url == address


def test_pan_and_zoom(visit):
    page = visit("explorer.html#curve=silu&x=2")
    page.get_by_role("button", name="+ zoom in").click()
    wait_for_address(page, "w=4")
    page.get_by_role("button", name="→ move right").click()
    wait_for_address(page, "c=1")
    x, y = at_share(page, 0.5)
    box = page.locator("#value").bounding_box()
    axis = box["y"] + box["height"] - 10
    page.mouse.move(x, axis)
    page.mouse.down()
    page.mouse.move(x + 100, axis)
    page.mouse.up()
    page.wait_for_function("read(location.hash).state.c < 0.9")
    assert page.evaluate("read(location.hash).state.x") == 2
    width = page.evaluate("read(location.hash).state.w")
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    page.wait_for_function("w => read(location.hash).state.w < w", arg=width)
    page.get_by_role("button", name="Fit").click()
    page.wait_for_function("decodeURIComponent(location.hash) === '#curve=silu&x=2'")


def test_undo_and_redo(visit):
    page = visit("explorer.html")
    wait_for_address(page, "#curve=swish&curve=relu")
    assert page.locator("#undo").is_disabled()
    page.locator("#beta-0").focus()
    page.keyboard.press("ArrowRight")  # one: on a slow machine several are several steps
    wait_for_address(page, "beta:1.05")
    page.get_by_role("button", name="Depth").click()
    wait_for_address(page, "view=depth")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("decodeURIComponent(location.hash) === '#curve=swish,beta:1.05&curve=relu'")
    page.keyboard.press("Control+z")
    page.wait_for_function("decodeURIComponent(location.hash) === '#curve=swish&curve=relu'")
    page.keyboard.press("Control+Shift+z")
    page.wait_for_function("decodeURIComponent(location.hash) === '#curve=swish,beta:1.05&curve=relu'")
    page.get_by_role("button", name="Redo").click()
    wait_for_address(page, "view=depth")
    assert page.locator("#redo").is_disabled()


def test_value_and_gradient_have_a_key_that_hides_them(visit):
    page = visit("explorer.html")
    assert page.locator("#value path.line").count() == 4
    assert page.locator("#value path.line.gradient").count() == 2
    page.get_by_role("button", name="gradient", exact=True).click()
    wait_for_address(page, "show=value")
    assert page.locator("#value path.line.gradient").count() == 0
    page.get_by_role("button", name="value", exact=True).click()
    wait_for_address(page, "show=gradient")
    assert page.locator("#value path.line.gradient").count() == 2 == page.locator("#value path.line").count()
    dashes = page.locator("#value path.line").first.evaluate("line => getComputedStyle(line).strokeDasharray")
    assert dashes != "none"


def test_up_to_four_curves(visit):
    page = visit("explorer.html")
    add = page.get_by_role("button", name="Add a curve")
    assert page.locator("#value path.line").count() == 4
    add.click()
    add.click()
    page.wait_for_function("document.querySelectorAll('#value path.line').length === 8")
    assert add.is_disabled()
    assert len(row(page, "range")) == 4
    page.get_by_role("button", name="Remove curve A, Swish").click()
    wait_for_address(page, "#curve=relu&curve=")
    page.wait_for_function("document.querySelectorAll('#value path.line').length === 6")
    assert add.is_enabled()
    for _ in range(2):
        page.get_by_role("button", name=re.compile("Remove curve A")).click()
    assert page.get_by_role("button", name=re.compile("Remove curve A")).is_disabled()
    page.get_by_role("button", name="Start anew").click()
    wait_for_address(page, "#curve=swish&curve=relu")


def test_another_activation_and_another_form_of_it(visit):
    page = visit("explorer.html")
    page.locator("#name-0").select_option("gelu")
    wait_for_address(page, "#curve=gelu&curve=relu")
    before = path(page, place=1)
    page.locator("#approximate-0").select_option("sigmoid")
    wait_for_address(page, "#curve=gelu,approximate:sigmoid&curve=relu")
    assert path(page, place=1) != before
    assert row(page, "in Gluon")[0] == 'get_activation("gelu", approximate="sigmoid")'


def test_every_activation_can_be_chosen_and_leads_to_its_page(visit):
    page = visit("explorer.html")
    offered = page.locator("#name-0 option").evaluate_all("options => options.map((option) => option.value)")
    assert offered == [*CURVES]
    for name in offered:
        page.locator("#name-0").select_option(name)
        target = page.get_by_role("link", name=re.compile("Facts and formula")).first.get_attribute("href")
        assert (SITE / target).is_file()


FOURS = [[*CURVES][first : first + 4] for first in range(0, len(CURVES), 4)]


@pytest.mark.parametrize("names", FOURS, ids="-".join)
def test_every_activation_is_drawn_in_depth(visit, names):
    """Also where the chain explodes or dies out: nothing that is no number gets into a picture."""
    page = visit("explorer.html#view=depth&curve=relu")
    curves = "&".join(f"curve={name}" for name in names)
    for scale in (0.2, 12):
        page.evaluate(f"location.hash = 'view=depth&n=10&s={scale}&{curves}'")
        head, cell = page.get_by_role("rowheader", name="scale of the weights"), page.locator("td").get_by_text
        line = page.locator("#depth tr", has=head).filter(has=cell(f"{scale:g}", exact=True).nth(len(names) - 1))
        line.wait_for()
        for plot in ("signal", "back", "alike", "phase"):
            assert "NaN" not in page.locator(f"#{plot}").inner_html(), (curves, scale, plot)


def test_depth_and_scale(visit):
    page = visit("explorer.html#view=depth")
    page.locator("#n").focus()
    page.keyboard.press("End")
    wait_for_address(page, "n=50")
    page.get_by_role("button", name="He: √2").click()
    wait_for_address(page, "s=√2")
    assert page.locator("#depth caption").inner_text() == "After 50 layers"
    assert number(row(page, "signal after the last layer", "depth")[1]) == 1  # ReLU
    assert row(page, "in the long run", "depth")[1] == "edge of chaos"
    assert row(page, "critical scale", "depth")[1] == "1.414"
    own = page.get_by_role("button", name="Each its own gain")
    own.click()
    wait_for_address(page, "own=1")
    assert own.get_attribute("aria-pressed") == "true"
    scales = [number(text) for text in row(page, "scale of the weights", "depth")]
    numpy.testing.assert_allclose(scales, [CATALOG[name].gain for name in ("swish", "relu")], rtol=1e-3)
    assert number(row(page, "signal after the last layer", "depth")[1]) == 1


def test_factors_per_layer_are_those_of_the_whole(visit):
    page = visit("explorer.html#curve=sigmoid&view=depth&n=20")
    page.locator("#depth tbody").wait_for()
    for whole, each in (
        ("signal after the last layer", "signal, factor per layer"),
        ("gradient factor back at the inputs", "gradient, factor per layer"),
    ):
        total, factor = (number(row(page, title, "depth")[0]) for title in (whole, each))
        assert factor**20 == pytest.approx(total, rel=2e-2)


def test_one_real_net_is_dotted_over_the_theory(visit):
    page = visit("explorer.html#curve=tanh&view=depth&n=12&s=1.5")
    dots = page.locator("#signal circle.dot")
    page.wait_for_function("document.querySelectorAll('#signal circle.dot').length === 13")
    before = dots.nth(9).get_attribute("cy")
    page.get_by_role("button", name="Another random net").click()
    wait_for_address(page, "net=2")
    page.wait_for_function(
        "before => document.querySelectorAll('#signal circle.dot')[9]?.getAttribute('cy') !== before", arg=before
    )


def test_the_map_of_order_and_chaos_marks_the_critical_scale_and_can_be_clicked(visit):
    page = visit("explorer.html#curve=relu&view=depth")
    page.get_by_text("critical 1.414").wait_for()
    line = page.locator("#phase .rule.critical").bounding_box()
    box = page.locator("#phase").bounding_box()
    # On both sides of it, deep down, is order and chaos.
    for side, kind in ((-25, "order"), (25, "chaos")):
        found = page.evaluate(
            "([x, y]) => document.elementsFromPoint(x, y).find((e) => e.localName === 'rect').classList.value",
            [line["x"] + side, line["y"] + 4],
        )  # fmt: skip
        assert kind in found
    page.mouse.click(line["x"] + 25, box["y"] + box["height"] / 2)
    wait_for_address(page, "&s=")
    state = page.evaluate("read(location.hash).state")
    assert state["s"] > 2**0.5 and 10 < state["n"] < 40
    assert page.locator("#phase").get_attribute("aria-label").endswith("chaos")


def test_the_link_is_copied(visit):
    page = visit("explorer.html#curve=mish&x=2", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("The link is copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


# -- addresses ---------------------------------------------------------------------------------

FIVE = "&".join(f"curve={name}" for name in ("relu", "elu", "selu", "celu", "gelu"))
# Address, how many curves it shows, and what it says. Where no curve is left there are the usual two.
WRONG = [
    ("curve=nothing", 2, "the catalog has no activation “nothing”"),
    ("curve=__proto__", 2, "the catalog has no activation “__proto__”"),
    ("curve=relu,beta:2", 1, "ReLU takes no “beta:2”"),
    ("curve=swish,beta:much", 1, "Swish takes no “beta:much”"),
    ("curve=swish,beta:99", 1, "β of Swish goes from 0 to 10 here, so 99 has become 10"),
    ("s=0", 2, "the scale of the weights goes from 0.2 to 12 here, so 0 has become 0.2"),
    ("curve=gelu,approximate:best", 1, "GELU takes no “approximate:best”"),
    ("x=left", 2, "“x=left” in the address is not understood"),
    ("view=sideways", 2, "“view=sideways” in the address is not understood"),
    ("diff=A-Z", 2, "“diff=A-Z” in the address is not understood"),
    ("toString=1", 2, "“toString=1” in the address is not understood"),
    ("%E0%A4%A", 2, "“%E0%A4%A” in the address is not understood"),
    ("<img src=x onerror=alert(1)>", 2, "in the address is not understood"),
    (FIVE, 4, "there is room for 4 curves"),
]


@pytest.mark.parametrize("wrong, curves, says", WRONG)
def test_a_wrong_address_is_said_and_does_no_harm(visit, wrong, curves, says):
    page = visit(f"explorer.html#{wrong}")
    message = page.locator("#explorer-message")
    assert message.is_visible() and says in message.inner_text()
    assert page.locator("#value path.line.value").count() == curves
    assert len(row(page, "value at x")) == curves


def test_a_value_out_of_range_is_taken_back_into_it(visit):
    page = visit("explorer.html#curve=swish,beta:99&x=50&w=3&n=1000&s=0")
    wait_for_address(page, "#curve=swish,beta:10&x=40&w=3&n=50&s=0.2")
    assert page.locator("#beta-0-box").input_value() == "10"
    message = page.locator("#explorer-message").inner_text()
    assert message.count("has become") == 4


MEANT = [
    ("curve=SiLU", "curve=silu"),
    ("CURVE=Hard%20Swish", "curve=hard_swish"),
    ("curve=leaky-relu", "curve=leaky_relu"),
    ("curve=Swish,Beta:2", "curve=swish,beta:2"),
    ("curve=swish,β:2/3", "curve=swish,beta:2/3"),
    ("curve=relu&s=sqrt(2)", "curve=relu&s=√2"),
    ("curve=GELU,approximate:TANH&VIEW=Depth", "curve=gelu,approximate:tanh&view=depth"),
    # As earlier editions wrote them.
    *[(old, old) for old in ("curve=swish,beta:1.5&curve=relu&x=2&w=4&n=30&s=1.41421&own=1", "curve=softmax")],
]


@pytest.mark.parametrize("written_as, means", MEANT)
def test_names_in_any_case_and_old_addresses(visit, written_as, means):
    page = visit(f"explorer.html#{written_as}")
    page.wait_for_function("means => decodeURIComponent(location.hash) === '#' + means", arg=means)
    assert not page.locator("#explorer-message").is_visible()


# -- for everybody -----------------------------------------------------------------------------

SCREENS = {"desk": (1366, 768), "phone": (390, 844)}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("view", ["curves", "difference", "depth"])
def test_every_knob_is_on_the_screen_with_its_plots(visit, screen, view):
    width, height = SCREENS[screen]
    page = visit(f"explorer.html#curve=swish&curve=relu&view={view}", viewport={"width": width, "height": height})
    page.wait_for_timeout(500)
    boxes = page.evaluate(
        "() => [...document.querySelectorAll('#explorer-tool :is(input, select, .explorer-plot)')]"
        ".filter((e) => e.checkVisibility()).map((e) => [e.id, e.getBoundingClientRect().bottom])"
    )
    assert len(boxes) > 8
    below = [name for name, bottom in boxes if bottom > height]
    # The difference on a phone has two plots above its knobs: the last ones are reached by scrolling, as below.
    assert not below or (screen, view) == ("phone", "difference"), below


@pytest.mark.parametrize("screen", SCREENS)
def test_plots_stay_while_knobs_scroll(visit, screen):
    width, height = SCREENS[screen]
    many = "curve=hard_tanh&curve=snake&curve=softplus&curve=celu"
    page = visit(f"explorer.html#{many}", viewport={"width": width, "height": height})
    for knob in page.locator("#explorer-tool input[type=range]").all():
        if not knob.is_visible():
            continue
        knob.evaluate("knob => knob.scrollIntoView({ block: 'end' })")
        plot, box = page.locator("#value").bounding_box(), knob.bounding_box()
        seen = min(plot["y"] + plot["height"], height) - max(plot["y"], 40)
        assert seen > 0.8 * plot["height"], knob.get_attribute("id")
        hit = page.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).id",
            [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2],
        )
        assert hit == knob.get_attribute("id")


def test_plots_are_pictures_with_names_and_changes_are_spoken(visit):
    page = visit("explorer.html#view=depth")
    page.wait_for_function("document.getElementById('phase').getAttribute('aria-label')")
    for plot, what in (
        ("signal", "root mean square"),
        ("back", "gradient factor"),
        ("alike", "correlation"),
        ("phase", "order and chaos"),
    ):
        box = page.locator(f"#{plot}")
        assert box.get_attribute("role") == "img"
        assert what in box.get_attribute("aria-label") and "Swish, β = 1" in box.get_attribute("aria-label")
    page = visit("explorer.html")
    assert (
        page.locator("#value")
        .get_attribute("aria-label")
        .startswith("Line chart of the value and gradient of Swish, β = 1 and of ReLU")
    )
    status = page.locator("#explorer-status")
    assert status.get_attribute("role") == "status"
    page.locator("#beta-0").press("ArrowRight")
    status.filter(has_text="Swish, β = 1.05: at x = 1 value").wait_for(state="attached")
    assert "β = 1.05" in page.locator("#value").get_attribute("aria-label")


@pytest.mark.parametrize("view", ["curves", "difference&diff=A-torch&unit=ulp", "depth"])
def test_with_all_curves_and_choices_it_is_accessible(visit, view):
    curves = "curve=gelu&curve=hard_tanh&curve=softmax&curve=relu"
    problems = inspect(visit(f"explorer.html#{curves}&own=1&x=nowhere&view={view}"))
    assert not problems, "\n".join(problems)


def test_everything_is_reached_by_the_keyboard(visit):
    page = visit("explorer.html")
    page.locator("#undo:disabled").wait_for()
    wanted = page.evaluate(
        "() => [...document.querySelectorAll('#explorer-tool :is(a, button, input, select)')]"
        ".filter((e) => e.checkVisibility() && !e.disabled).length"
    )
    page.locator("#questions a").first.focus()
    seen = 1
    while page.keyboard.press("Tab") is None and page.evaluate(
        "document.getElementById('explorer-tool').contains(document.activeElement)"
    ):
        seen += 1
    assert seen == wanted > 25


def owned(page):
    """The own colours of the lines that are drawn, A first."""
    page.locator("#value .c0.value.line, .explorer-small .c0.value.line").first.wait_for(state="attached")
    lines = [page.locator(f".{kind}.value.line") for kind in ("c0", "c1", "c2", "c3")]
    own = "(line) => getComputedStyle(line).getPropertyValue('--own')"
    return [line.first.evaluate(own) for line in lines if line.count()]


def test_a_curve_has_the_colour_of_its_activation_unless_another_has_it(visit):
    page = visit("explorer.html#curve=gelu&curve=gelu&curve=relu")
    assert owned(page) == [color_of("gelu"), PALETTE[0], color_of("relu")]
    page.get_by_label("Activation of curve A", exact=True).select_option("mish")
    wait_for_address(page, "curve=mish")
    assert owned(page) == [color_of("mish"), color_of("gelu"), color_of("relu")]
    page.get_by_label("Remove curve A, Mish").click()
    wait_for_address(page, "#curve=gelu")
    assert owned(page) == [color_of("gelu"), color_of("relu")]


def test_what_comes_twice_takes_no_other_s_colour(visit):
    page = visit("explorer.html#curve=swish&curve=swish,beta:0&curve=swish,beta:10&curve=relu")
    assert owned(page) == [color_of("swish"), PALETTE[0], PALETTE[2], color_of("relu")]


def test_a_small_one_has_the_colour_of_its_activation(visit):
    page = visit("atlas/mish.html")
    page.locator(".explorer-small").scroll_into_view_if_needed()
    assert owned(page) == [color_of("mish")]


def test_the_plots_take_on_the_theme(visit):
    page = visit("explorer.html")

    def colors():
        return page.evaluate(
            "() => ['.c0.value.line', '.c1.value.line', 'text'].map((what) => {"
            " const { stroke, fill } = getComputedStyle(document.querySelector(`#value ${what}:not(.title)`));"
            " return stroke === 'none' ? fill : stroke; })"
        )

    light = colors()
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    assert len({*light, *colors()}) == 6


def test_without_scripts_there_is_a_note(visit):
    page = visit("explorer.html", java_script_enabled=False)
    visit.wrong.clear()  # the scripts that it would have loaded
    assert page.locator(".js-only-note").is_visible()
    assert not page.locator("#add").is_visible()


def test_its_own_files_are_light(visit):
    """What the explorer adds to the theme's files, as it is sent without compression."""
    page = visit("explorer.html")
    page.wait_for_load_state("networkidle")
    entries = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/explorer/'))"
    sizes = page.evaluate(f"{entries}.map((entry) => entry.transferSize)")
    print(f"{sum(sizes) / 1e3:.0f} kB in {len(sizes)} files")
    assert len(sizes) > 10 and all(sizes)
    assert sum(sizes) < 110e3


# -- small, on a page of the atlas -------------------------------------------------------------


def test_small_on_a_page_of_the_atlas(visit):
    """Fetched only when it comes into view; its knobs move the curve, and its link leads to what it shows."""
    page = visit("atlas/swish.html")
    if not page.locator(".explorer-small").count():  # put where the atlas will have it
        text = explorer.embedded("swish").replace("```{raw} html\n", "").removesuffix("```")
        page.evaluate("text => document.querySelector('#formula').insertAdjacentHTML('beforebegin', text)", text)
        page.evaluate("document.querySelector('.explorer-small').style.marginTop = '200vh'")
        page.add_script_tag(url=page.url.replace("atlas/swish.html", "_static/explorer/embed.js"))
        assert not page.evaluate("'ACTIVATIONS' in window || document.querySelector('.explorer-small svg')")
    page.locator(".explorer-small").scroll_into_view_if_needed()
    line = page.locator(".explorer-small path.line").first
    before = line.get_attribute("d")
    page.locator("#beta-0").press("ArrowRight")
    page.wait_for_function(
        "before => document.querySelector('.explorer-small path.line').getAttribute('d') !== before", arg=before
    )
    page.locator("#x-box").fill("2")
    page.locator("#x-box").press("Enter")
    value = 2 / (1 + math.exp(-2 * 1.05))
    assert f"value {written(value)}" in page.locator(".explorer-small .explorer-side p").inner_text()
    problems = inspect(page)
    assert not problems, "\n".join(problems)
    page.locator(".explorer-small a").click()
    wait_for_address(page, "#curve=swish,beta:1.05&x=2")


def test_what_has_no_curve_has_no_small_explorer():
    assert [bool(explorer.embedded(name)) for name in ("swish", "softmax", "maxout")] == [True, True, False]
