"""The explorer: what it computes, by the numbers of others, and how keyboard, pointer and address work it."""

import re
from functools import partial

import mpmath
import numpy
import pytest

import gluon_activations
from docs.tests.checks import inspect
from docs.tests.conftest import SITE, visiting
from gluon_activations import CATALOG, activations, evaluate, get_activation
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
    """What is drawn of a curve."""
    return page.locator(f"#{plot} .mark-line path").nth(place).get_attribute("d")


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


def by_quadrature(name, layers, scale, reach=13, nodes=300):
    """Signal and gradient factor of each layer, by Gauss's rule between the kinks."""
    nodes, weights = numpy.polynomial.legendre.leggauss(nodes)
    places = [*CATALOG[name].kinks, *(sign * 10.0**power for sign in (-1, 1) for power in range(-3, 3))]

    def mean_square(which, spread):
        ends = sorted({*range(-reach, reach + 1), *(x / spread for x in places if abs(x / spread) < reach)})
        total = 0
        for low, high in zip(ends, ends[1:]):
            z = (low + high) / 2 + (high - low) / 2 * nodes
            density = numpy.exp(-z * z / 2) / numpy.sqrt(2 * numpy.pi)
            total += (high - low) / 2 * (weights * density * RECORDS[name].float64(spread * z)[which] ** 2).sum()
        return total

    signal, factors = [1.0], []
    for _ in range(layers):
        spread = scale * signal[-1]
        signal.append(mean_square(0, spread) ** 0.5)
        factors.append(scale * mean_square(1, spread) ** 0.5)
    return numpy.array(signal), numpy.array(factors)


CHAIN = """([name, layers, scale]) => {
  const { knobs, forms } = ACTIVATIONS[name];
  const p = Object.fromEntries(knobs.map((knob) => [knob.name, knob.default]));
  return chain({ name, p, choices: forms[0].choices }, layers, scale);
}"""


@numpy.errstate(all="ignore")
def test_a_chain_of_layers_is_what_another_quadrature_gives(page):
    """As far as that has settled itself: not where an exponential or a wave outgrows its nodes."""
    settled = []
    for name in activations("elements"):
        for scale in (0.5, 1, 1.41, 2.5):
            found = page.evaluate(CHAIN, [name, 10, scale])
            signal, factors = by_quadrature(name, 10, scale)
            other, others = by_quadrature(name, 10, scale, reach=12, nodes=150)
            same = numpy.isclose(signal, other, 1e-6, 0)[1:] & numpy.isclose(factors, others, 1e-6, 0)
            count = int(numpy.cumprod(same).sum())
            settled.append(count)
            numpy.testing.assert_allclose(
                found["signal"][: count + 1], signal[: count + 1], rtol=1e-4, err_msg=f"{name} {scale}"
            )
            gradient = numpy.array(found["gradient"])
            passed = numpy.cumprod(factors[:count][::-1])[::-1]
            numpy.testing.assert_allclose(
                gradient[:count], passed * gradient[count], rtol=1e-4, err_msg=f"{name} {scale}"
            )
    assert min(settled) > 0 and numpy.mean(numpy.equal(settled, 10)) > 0.9


def test_a_chain_that_explodes_or_dies_out_is_drawn_at_once(visit):
    growing = next(name for name in activations("elements") if RECORDS[name].float64(numpy.array([1e3]))[0] > 1e5)
    for scale, end in ((3, "∞"), (0.2, "0")):
        page = visit(f"explorer.html#curve={growing}&n=50&s={scale}")
        for title in ("signal after the last layer", "gradient factor back at the inputs"):
            assert row(page, title, "depth") == [end]
        for plot in ("signal", "back"):
            assert "NaN" not in path(page, plot)


def real_chain(name, layers, scale, seed, width=1000):
    """The same of one net in MXNet, whose weights are drawn."""
    draw = numpy.random.default_rng(seed).standard_normal
    x = mx.nd.array(draw((32, width)))
    x.attach_grad()
    weights = [mx.nd.array(draw((width, width)) * scale / width**0.5) for _ in range(layers)]
    act, outputs = get_activation(name), [x]
    with mx.autograd.record():
        for weight in weights:
            sums = mx.nd.FullyConnected(outputs[-1], weight, no_bias=True, num_hidden=width)
            outputs.append(act(sums))
    outputs[-1].backward(mx.nd.array(draw((32, width))))
    return [float((array.asnumpy().astype(float) ** 2).mean() ** 0.5) for array in (*outputs, x.grad)]


@pytest.mark.parametrize("name, scale", [("relu", 1.41), ("tanh", 1), ("silu", 1)])
def test_real_nets_scatter_around_the_chain(page, name, scale):
    found = page.evaluate(CHAIN, [name, 10, scale])
    real = numpy.mean([real_chain(name, 10, scale, seed) for seed in range(5)], axis=0)
    numpy.testing.assert_allclose([*found["signal"], found["gradient"][0]], real, rtol=0.1)


# -- controls ----------------------------------------------------------------------------------


def test_arrow_keys_turn_a_knob_and_the_address_brings_it_back(visit):
    page = visit("explorer.html")
    before = path(page), path(page, "gradient"), path(page, "signal"), path(page, "back")
    page.locator("#beta-0").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    wait_for_address(page, "curve=swish,beta:1.5")
    after = path(page), path(page, "gradient"), path(page, "signal"), path(page, "back")
    assert all(one != other for one, other in zip(before, after))
    assert page.evaluate("document.activeElement.id") == "beta-0"
    assert page.locator("#beta-0-out").inner_text() == "1.5"
    again = visit("explorer.html" + page.evaluate("location.hash"))
    assert (path(again), path(again, "gradient"), path(again, "signal"), path(again, "back")) == after


def test_arrow_keys_move_x(visit):
    page = visit("explorer.html")
    page.locator("#x").focus()
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowLeft")
    wait_for_address(page, "&x=")
    x = number(page.locator("#x-out").inner_text())
    assert x > 1
    assert number(row(page, "value at x")[1]) == x  # ReLU
    page.keyboard.press("Home")
    page.wait_for_function("document.getElementById('x-out').textContent === '−6'")
    assert number(row(page, "value at x")[1]) == 0


def centre_of_the_dot(page, plot):
    box = page.locator(f"#{plot} .mark-symbol path").first.bounding_box()
    return box["x"] + box["width"] / 2


@pytest.mark.parametrize("plot", ["value", "gradient"])
def test_the_dot_follows_the_pointer(visit, plot):
    page = visit("explorer.html")
    page.locator(f"#{plot}").scroll_into_view_if_needed()
    box = page.locator(f"#{plot}").bounding_box()
    for share in (0.3, 0.8):
        place = box["x"] + share * box["width"]
        page.mouse.move(place, box["y"] + box["height"] / 2)
        assert abs(centre_of_the_dot(page, plot) - place) < 1
    wait_for_address(page, "&x=")


def test_the_dot_follows_a_finger(visit):
    page = visit("explorer.html", has_touch=True, viewport={"width": 390, "height": 800})
    page.locator("#value").scroll_into_view_if_needed()
    box = page.locator("#value").bounding_box()
    place = box["x"] + 0.7 * box["width"]
    page.touchscreen.tap(place, box["y"] + box["height"] / 2)
    assert abs(centre_of_the_dot(page, "value") - place) < 1


def test_up_to_four_curves(visit):
    page = visit("explorer.html")
    add = page.get_by_role("button", name="Add a curve")
    assert page.locator("#value .mark-line path").count() == 2
    add.click()
    add.click()
    page.wait_for_function("document.querySelectorAll('#value .mark-line path').length === 4")
    assert add.is_disabled()
    assert len(row(page, "range")) == 4
    page.get_by_role("button", name="Remove curve 1, Swish").click()
    wait_for_address(page, "#curve=relu&curve=")
    page.wait_for_function("document.querySelectorAll('#value .mark-line path').length === 3")
    assert add.is_enabled()
    for _ in range(2):
        page.get_by_role("button", name=re.compile("Remove curve 1")).click()
    assert page.get_by_role("button", name=re.compile("Remove curve 1")).is_disabled()
    page.get_by_role("button", name="Start anew").click()
    wait_for_address(page, "#curve=swish&curve=relu")


def test_another_activation_and_another_form_of_it(visit):
    page = visit("explorer.html")
    page.locator("#name-0").select_option("gelu")
    wait_for_address(page, "#curve=gelu&curve=relu")
    before = path(page, "gradient")
    page.locator("#approximate-0").select_option("sigmoid")
    wait_for_address(page, "#curve=gelu,approximate:sigmoid&curve=relu")
    assert path(page, "gradient") != before
    assert row(page, "in Gluon")[0] == 'get_activation("gelu", approximate="sigmoid")'


def test_every_activation_can_be_chosen_and_leads_to_its_page(visit):
    page = visit("explorer.html")
    offered = page.locator("#name-0 option").evaluate_all("options => options.map((option) => option.value)")
    assert offered == [*CURVES]
    for name in offered:
        page.locator("#name-0").select_option(name)
        target = page.get_by_role("link", name=re.compile("Formula and facts")).first.get_attribute("href")
        assert (SITE / target).is_file()


def test_depth_and_scale(visit):
    page = visit("explorer.html")
    page.locator("#n").focus()
    page.keyboard.press("End")
    wait_for_address(page, "n=50")
    assert page.locator("#depth caption").inner_text() == "After 50 layers"
    page.get_by_role("button", name="He: √2").click()
    wait_for_address(page, "s=1.41421")
    assert number(row(page, "signal after the last layer", "depth")[1]) == 1  # ReLU
    own = page.get_by_role("button", name="Each curve’s own gain")
    own.click()
    wait_for_address(page, "own=1")
    assert own.get_attribute("aria-pressed") == "true"
    scales = [number(text) for text in row(page, "scale of the weights", "depth")]
    numpy.testing.assert_allclose(scales, [CATALOG[name].gain for name in ("swish", "relu")], rtol=1e-3)
    assert number(row(page, "signal after the last layer", "depth")[1]) == 1


def test_the_link_is_copied(visit):
    page = visit("explorer.html#curve=mish&x=2", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the link").click()
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
    ("curve=gelu,approximate:best", 1, "GELU takes no “approximate:best”"),
    ("x=left", 2, "“x=left” in the address is not understood"),
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
    assert page.locator("#value .mark-line path").count() == curves
    assert len(row(page, "value at x")) == curves


def test_a_value_out_of_range_is_taken_back_into_it(visit):
    page = visit("explorer.html#curve=swish,beta:99&x=50&w=3&n=1000&s=0")
    wait_for_address(page, "#curve=swish,beta:10&x=3&w=3&n=50&s=0.2")
    assert page.locator("#beta-0-out").inner_text() == "10"
    assert not page.locator("#explorer-message").is_visible()


# -- for everybody -----------------------------------------------------------------------------


def test_plots_are_pictures_with_names_and_changes_are_spoken(visit):
    page = visit("explorer.html")
    for plot in ("value", "gradient", "signal", "back"):
        box, what = page.locator(f"#{plot}"), "gradient factor" if plot == "back" else plot
        assert box.get_attribute("role") == "img"
        assert box.get_attribute("aria-label").startswith(f"Line chart of the {what} ")
        assert "Swish, β = 1 and of ReLU" in box.get_attribute("aria-label")
    status = page.locator("#explorer-status")
    assert status.get_attribute("role") == "status"
    page.locator("#beta-0").press("ArrowRight")
    status.filter(has_text="Swish, β = 1.05: at x = 1 value").wait_for(state="attached")
    assert "β = 1.05" in page.locator("#value").get_attribute("aria-label")


def test_with_all_curves_and_choices_it_is_accessible(visit):
    curves = "curve=gelu&curve=hard_tanh&curve=softmax&curve=relu"
    problems = inspect(visit(f"explorer.html#{curves}&own=1&x=nowhere"))
    assert not problems, "\n".join(problems)


def test_the_plots_take_on_the_theme(visit):
    page = visit("explorer.html")
    first, second = page.locator("#value .mark-line path").all()
    words = page.locator("#value .role-axis-label text").first

    def colors():
        return [first.get_attribute("stroke"), second.get_attribute("stroke"), words.get_attribute("fill")]

    light = colors()
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("before => !document.querySelector(`#value [fill='${before}']`)", arg=light[2])
    assert len({*light, *colors()}) == 6


def test_without_scripts_there_is_a_note(visit):
    page = visit("explorer.html", java_script_enabled=False)
    visit.wrong.clear()  # the scripts that it would have loaded
    assert page.locator(".js-only-note").is_visible()
    assert not page.locator("#add").is_visible()


def test_the_page_is_light(visit):
    page = visit("explorer.html")
    page.wait_for_load_state("networkidle")
    entries = "['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))"
    sizes = page.evaluate(f"{entries}.map((entry) => entry.transferSize)")
    print(f"{sum(sizes) / 1e6:.2f} MB in {len(sizes)} files")
    assert len(sizes) > 20 and all(sizes)
    assert sum(sizes) < 1.5e6
