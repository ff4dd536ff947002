"""What the atlas says beside the catalog: names, advice, and which models use what."""

import html
import json
import re
from html.parser import HTMLParser
from importlib import resources

import matplotlib.pyplot as plt
import mpmath
import numpy
import pytest

from benchmarks import curves
from docs.tests.conftest import SITE
from gluon_activations import CATALOG, activations, array, derivative, evaluate, get_activation, initializer
from gluon_activations._elsewhere import frameworks
from tests.references import RECORDS, VECTORS, exact
from tools import measured
from tools.website import advice, comparison, ranking, synonyms, ulps, usage, vectors
from tools.wording import interval, minus, number

ADVICE = json.loads(resources.files("gluon_activations").joinpath("advice.json").read_text(encoding="utf-8"))
SYNONYMS = synonyms.synonyms()


def page_of(name):
    """The text of a page of the atlas, without its tags."""
    text = (SITE / "atlas" / f"{name}.html").read_text(encoding="utf-8")
    return html.unescape(re.sub("<.*?>", "", text)).replace("’", "'")


# -- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", SYNONYMS, ids=lambda one: one.text)
def test_a_synonym_in_the_atlas_leads_to_a_page_and_makes_a_block(one):
    assert one.text in page_of(one.name) and one.text in page_of("index")
    block = eval(one.code, {"get_activation": get_activation})
    assert isinstance(block, CATALOG[one.name].block)
    assert (one.code in page_of(one.name)) == bool(one.options)


def test_no_name_stands_twice_in_the_atlas():
    known = [synonyms.key(one.text) for one in SYNONYMS]
    assert sorted(known) == sorted(set(known))


def test_names_that_people_say_are_those_that_nobody_exports():
    spoken = json.loads((measured.DATA / "synonyms.json").read_text(encoding="utf-8"))
    assert set(spoken) == {one.text for one in SYNONYMS if not one.whose and one.text not in aliases()}


def aliases():
    return {alias for entry in CATALOG.values() for alias in entry.aliases}


@pytest.mark.parametrize("asked", ["quick gelu", "relu2", "SwiGLU", "hard swish", "soft thresholding"])
def test_the_search_leads_to_the_page_of_the_atlas(visit, asked):
    called = {synonyms.key(one.text): one.name for one in SYNONYMS}
    called |= {synonyms.key(name): name for name in CATALOG}
    page = visit(f"search.html?q={asked.replace(' ', '+')}")
    page.locator("#search-results .search-summary").filter(has_text="found").wait_for()
    addresses = page.locator("#search-results li a").evaluate_all("found => found.map((a) => a.href)")
    places = [address.partition("#")[0].rpartition("/")[2] for address in addresses]
    assert places[0] == f"{called[synonyms.key(asked)]}.html"


# -- advice ------------------------------------------------------------------------------------


def test_advice_of_the_atlas_is_for_what_there_is():
    assert list(ADVICE) == [name for name in CATALOG if name in ADVICE]
    settled = {key.split()[0] for key in measured.read("accuracy", "1.9")} & set(CATALOG)
    assert settled <= set(ADVICE), "what is measured wants advice"


def test_how_far_the_forms_of_gelu_are_from_one_another():
    x = numpy.linspace(-8, 8, 160001)
    exact = RECORDS["gelu"].float64(x)[0]
    tanh = x / 2 * (1 + numpy.tanh((2 / numpy.pi) ** 0.5 * (x + 0.044715 * x**3)))
    sigmoid = x / (1 + numpy.exp(-1.702 * x))
    far = [f"{abs(tanh - exact).max():.2g}", f"{abs(sigmoid - exact).max():.3g}"]
    said = re.search(r"tanh is up to (\S+) off and the one by a sigmoid (\S+);", ADVICE["gelu"]["avoid"]).groups()
    assert [*said] == far


def test_an_entry_of_the_atlas_without_advice_shows_none():
    assert advice.given("nosuch") == advice.used("nosuch") == synonyms.line("nosuch") == ""


@pytest.mark.parametrize("name", ADVICE)
def test_advice_stands_on_the_page_of_the_atlas(name):
    assert list(ADVICE[name]) == ["use", "avoid"]
    for title, words in (("Use when", ADVICE[name]["use"]), ("Avoid when", ADVICE[name]["avoid"])):
        assert re.fullmatch(r"[a-z][^!]*\.", words)
        assert f"{title} {minus(words).replace('`', '')}" in page_of(name)


# What a claim is held against: words of the advice, and what has to be so where they stand.
CLAIMS = {
    r"between 0 and 1": lambda entry: entry.range == (0, 1),
    r"between −1 and 1": lambda entry: entry.range == (-1, 1),
    r"between 0 and 6": lambda entry: entry.range == (0, 6),
    r"(?<!not )centred on zero": lambda entry: entry.zero_centred,
    r"not centred on zero": lambda entry: not entry.zero_centred,
    r"\bno kink": lambda entry: not entry.kinks,
    r"need a monotonic curve": lambda entry: not entry.monotonic,
    r"without an exponential": lambda entry: not re.search(r"e\^|tanh|erf|\\ln|\\sin", entry.formula),
    r"an exponential costs too much": lambda entry: re.search(r"e\^", entry.formula),
    r"exact zeros below 0": lambda entry: entry.range[0] == 0 and entry.attained[0],
    r"a positive output": lambda entry: entry.range[0] == 0 and not entry.attained[0],
    r"its slope is at most": lambda entry: entry.lipschitz < 1,
    r"the slope is 0 there": lambda entry: least_slope(entry) == 0,
    r"falls towards 0 in both tails": lambda entry: max(abs(slopes(entry, [-30.0, 30.0]))) < 1e-6,
}


def slopes(entry, places):
    return derivative(entry.name, array(places, dtype="float64")).asnumpy()


def least_slope(entry):
    return abs(slopes(entry, numpy.linspace(-20, 20, 401))).min()


@pytest.mark.parametrize("name", [name for name in activations("elements") if name in ADVICE])
def test_claims_of_the_atlas_are_facts_of_the_catalog(name):
    said = " ".join(ADVICE[name].values())
    for words, holds in CLAIMS.items():
        if re.search(words, said):
            assert holds(CATALOG[name]), words
    for place, value in re.findall(r"at (−?[\d.]+) it is still (\d+(?:[.]\d+)?)", said):
        x = float(place.replace("−", "-"))
        assert number(float(evaluate(name, array([x], dtype="float64"))[0].asnumpy()[0]), 2) == value
    for low in re.findall(r"(?:falls to|whose dip,) (−[\d.]+\d)", said):
        assert number(CATALOG[name].minimum[1]) == low
    for most, parts in re.findall(r"its slope is at most (\d+(?:[.]\d+)?)(?:/(\d))?", said):
        assert CATALOG[name].lipschitz == pytest.approx(float(most) / float(parts or 1), rel=1e-3)


# -- models ------------------------------------------------------------------------------------

MODELS = json.loads((measured.DATA / "models.json").read_text(encoding="utf-8"))
ROWS = [(framework, row) for framework in MODELS["versions"] for row in MODELS[framework]]


def test_each_family_of_models_is_on_the_page_of_its_activation_in_the_atlas():
    texts = {name: page_of(name) for name in CATALOG}
    for framework, row in ROWS:
        block = get_activation(f"{framework}:{row['activation']}")
        (name,) = [each for each, entry in CATALOG.items() if type(block) is entry.block]
        assert row["family"] in texts[name] and f"{framework}: {row['activation']}" in texts[name], row
        assert not row["gated"] or row["family"] in texts[advice.GATED], row


def test_the_atlas_says_how_many_families_and_when_they_were_read():
    for name in CATALOG:
        users = advice.users().get(name, [])
        assert ("Used in" in page_of(name)) == (bool(users) or CATALOG[name].acts_on == "elements")
        assert ("Used in none of" in page_of(name)) == (not users and CATALOG[name].acts_on == "elements")
        for framework, version in MODELS["versions"].items():
            count = sum(theirs == framework for theirs, _, _ in users)
            said = f"{count} model {'family' if count == 1 else 'families'} of {framework} {version}"
            assert not count or said in page_of(name)
        assert not users or f"(read on {MODELS['date']})" in page_of(name)


# -- what frameworks compute -------------------------------------------------------------------


def drawn(text, look):
    """The steps of a line in a picture, as heights, of the value and of the gradient."""
    for path in re.findall(rf'<path class="{look}" d="M0 ([^"]*)"/>', text):
        width, heights, height = ulps.WIDTH / (2 * curves.STEPS), [], None
        for first, place, then in re.findall(r"^(\d+)|H([\d.]+)(?:V(\d+))?", path):
            if place:
                heights += [height] * (round(float(place) / width) - len(heights))
            height = int(first or then or height)
        yield heights


@pytest.mark.parametrize("name", activations("elements"))
def test_a_picture_of_errors_shows_what_was_measured(name):
    text = (SITE / "atlas" / f"{name}.html").read_text(encoding="utf-8")
    picture = re.search(r'<figure class="ulps">.*?</figure>', text, re.DOTALL)[0]
    assert len(picture) < 25_000
    expressions = 0
    for system in ulps.systems():
        theirs = frameworks().get(system.whose)
        mark = "" if theirs is None or theirs.named(name) else " *"
        rows = [measured.read("ulps", system.file).get(f"{name} {system.whose} {part}") for part in ulps.PARTS]
        assert (f"</svg>{system.title}{mark}</li>" in picture) == all(rows)
        expressions += bool(mark) and all(rows)
        for row, heights in zip(rows, drawn(picture, system.look)):
            if row:
                errors = [error for error, _ in curves.unpacked(row["errors"])]
                assert heights == [round(ulps.up(error)) for error in errors]
    assert ("Marked *: an expression" in text) == (expressions > 0)


def shaded(text):
    """Of each panel the steps that are shaded."""
    width = ulps.WIDTH / (2 * curves.STEPS)
    for panel in text.split("<g ")[1:]:
        found = re.findall(r'<path class="wrong" d="M([\d.]+) 0h([\d.]+)v', panel.partition("</g>")[0])
        boxes = [(round(float(left) / width), round(float(wide) / width)) for left, wide in found]
        yield {left + place for left, count in boxes for place in range(count)}


@pytest.mark.parametrize("name", activations("elements"))
def test_steps_where_somebody_has_a_wrong_sign_are_shaded_and_said(name):
    text = (SITE / "atlas" / f"{name}.html").read_text(encoding="utf-8")
    panels = [*shaded(re.search(r'<figure class="ulps">.*?</figure>', text, re.DOTALL)[0])]
    for part, panel in zip(ulps.PARTS, panels):
        wrong = set()
        for rows in ulps.of(name).values():
            wrong |= {place for place, (_, sign) in enumerate(curves.unpacked(rows[part]["errors"])) if sign}
        assert panel == wrong
    said = re.findall(r"The (value|gradient) of (.+) has the wrong sign", page_of(name))
    for system, rows in ulps.of(name).items():
        for part, word in ulps.PARTS.items():
            found = [whose for what, whose in said if what == word and system.title in re.split(", | and ", whose)]
            assert len(found) == ("wrong" in rows[part]), (system.title, part)


def test_places_in_a_picture_of_errors_are_in_order():
    places = [ulps.across(x) for x in ulps.COLUMNS]
    assert places == sorted(places) and places[0] == 0 and places[-1] == ulps.WIDTH
    assert ulps.up(numpy.inf) == ulps.up(numpy.nan) == 0 and ulps.up(0.5) == ulps.HEIGHT


# -- the page that ranks frameworks ------------------------------------------------------------

RANKING = "what_frameworks_compute"


class Cells(HTMLParser):
    """The cells of each table of a page: their text, and what they are sorted by."""

    def __init__(self, path):
        super().__init__()
        self.tables, self.open = [], False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append(["", dict(attributes).get("data-by")])
            self.open = True

    def handle_endtag(self, tag):
        self.open = self.open and tag not in ("td", "th")

    def handle_data(self, data):
        if self.open:
            self.tables[-1][-1][-1][0] += data


def tables_of(name):
    return Cells(SITE / f"{name}.html").tables


def test_the_ranking_holds_the_largest_errors_that_were_measured():
    systems, everywhere = ulps.systems(), tables_of(RANKING)[1]
    assert [text for text, _ in everywhere[0]] == ["activation", *(system.title for system in systems)]
    titles = {entry.title: name for name, entry in CATALOG.items()}
    assert sorted(titles[row[0][0]] for row in everywhere[1:]) == sorted(activations("elements"))
    for (title, _), *cells in everywhere[1:]:
        for system, (text, by) in zip(systems, cells):
            rows = system.rows(titles[title])
            assert (text == "–") == (not rows)
            if rows:
                assert float(by) == max(row["worst"][0] for row in rows.values())
                assert [("±" in part) for part in text.split(" / ")] == ["wrong" in row for row in rows.values()]


def test_who_is_how_right_counts_functions_and_no_expressions():
    counted = {row[0][0]: [int(text) for text, _ in row[1:]] for row in tables_of(RANKING)[0][1:]}
    for column, system in enumerate(ulps.systems(), 1):
        cells = [row[column] for row in tables_of(RANKING)[1][1:]]
        own = [(text, float(by)) for text, by in cells if by and not text.endswith("*")]
        numbers = [sum(error <= limit for _, error in own) for limit in (1, ulps.GOOD)]
        numbers += [sum(error >= ulps.LOST for _, error in own)]
        numbers += [sum(mark in text for text, _ in own) for mark in ("±", "nan")]
        assert counted[system.title] == [len(own), *numbers]


def test_near_0_the_ranking_counts_no_step_beyond():
    for row, near in zip(*(sorted(table[1:]) for table in tables_of(RANKING)[1:3])):
        for (_, all_of_it), (_, part) in zip(row[1:], near[1:]):
            assert part is None or float(part) <= max(1.5 * float(all_of_it), curves.RIGHT)
    name = ranking.headliner()
    low, high = (numpy.float32(x) for x in (-ranking.NEAR, ranking.NEAR))
    for row in ulps.systems()[0].rows(name).values():
        steps = curves.unpacked(row["errors"])
        first, last = curves.step_of(numpy.nextafter([low, high], numpy.float32(0)))
        assert ranking._largest_near(row)[0] == max(error for error, _ in steps[first : last + 1])


def test_the_headline_of_the_ranking_is_so():
    text = " ".join(page_of(f"../{RANKING}").split())
    first = r"own (\w+) has the wrong sign for every x below (\S+?), .* "
    said = re.search(first + r"At (\S+) its gradient is (\S+?); (\S+) is right", text)
    last, at, theirs, right = (float(number.replace("−", "-")) for number in said.groups()[1:])
    (entry,) = [entry for entry in CATALOG.values() if entry.title == said[1]]
    for x in (-30.0, -10.0, at, last - 0.01):
        true = float(exact(entry.name, x)[1])
        assert float(derivative(entry.builtin.make(), array([x])).asnumpy()[0]) * true < 0
    assert theirs == pytest.approx(float(derivative(entry.builtin.make(), array([at])).asnumpy()[0]), rel=5e-3)
    assert right == pytest.approx(float(exact(entry.name, at)[1]), rel=5e-3)


def test_the_ranking_says_when_where_and_of_what():
    text = page_of(f"../{RANKING}")
    for file in (*measured.LINES, "frameworks"):
        machine = measured.read("ulps", file)["machine"]
        assert machine["date"] in text and machine["processor"] in text
        assert all(version in text for version in machine["versions"].values())
    assert "make curves" in text


# -- all activations side by side --------------------------------------------------------------


def test_the_comparison_has_a_row_for_each_entry_with_its_facts():
    (rows,) = [table for table in tables_of("atlas/index") if table[0][0][0] == "activation" and len(table[0]) > 9]
    assert tuple(text for text, _ in rows[0]) == comparison.HEADS
    for (title, _), *cells in rows[1:]:
        (entry,) = [entry for entry in CATALOG.values() if entry.title == title]
        assert cells[0][0] == interval(entry)
        if entry.acts_on == "elements":
            of = dict(zip(comparison.HEADS[1:], cells))
            assert of["monotonic"][0] == ("yes" if entry.monotonic else "no")
            assert (of["smooth"][0] == "yes") == (not entry.kinks)
            assert float(of["gain"][1]) == entry.gain
    assert len(rows) == 1 + len(CATALOG)


SORTED = """([table, column]) => [...document.querySelectorAll("table.sortable")[table].tBodies[0].rows]
  .map((row) => row.cells[column].dataset.by ?? row.cells[column].textContent)"""


@pytest.mark.parametrize("name, table, column", [("atlas/index", 0, 6), (RANKING, 1, 1), (RANKING, 0, 3)])
def test_a_table_is_sorted_by_a_click_and_the_other_way_by_a_second_one(visit, name, table, column):
    page = visit(f"{name}.html")
    head = page.locator("table.sortable").nth(table).locator("thead button").nth(column)
    for way in ("ascending", "descending"):
        head.click()
        found = page.evaluate(SORTED, [table, column])
        numbers = [float(each) for each in found if each != "–"]
        assert numbers == sorted(numbers, reverse=way == "descending") and len(numbers) > 3
        assert "–" not in found[: len(numbers)]
        assert head.locator("xpath=..").get_attribute("aria-sort") == way


@pytest.mark.parametrize("name, table", [("atlas/index", 0), (RANKING, 1)])
def test_heads_and_names_of_a_table_stay_in_sight(visit, name, table):
    page = visit(f"{name}.html", viewport={"width": 390, "height": 844})
    found = page.locator("table.sortable").nth(table)
    moved = found.evaluate("(t) => { t.scrollTop = 300; t.scrollLeft = 200; return [t.scrollTop, t.scrollLeft]; }")
    assert moved == [300, 200]
    box, head = found.bounding_box(), found.locator("thead th").first.bounding_box()
    title = found.locator("tbody th").nth(12).bounding_box()
    assert max(abs(head[side] - box[side]) for side in "xy") < 2 and abs(title["x"] - box["x"]) < 2


@pytest.mark.parametrize("name, count", [("atlas/index", 1), (RANKING, 3)])
def test_without_its_script_a_table_is_a_plain_one_and_no_other_page_loads_it(name, count):
    text = (SITE / f"{name}.html").read_text(encoding="utf-8")
    assert text.count('<table class="table sortable">') == count and text.count("sortable.js") == 1
    assert all("<button" not in table for table in re.findall("<table.*?</table>", text, re.DOTALL))
    assert sum("sortable.js" in path.read_text(encoding="utf-8") for path in SITE.rglob("*.html")) == 2


# -- code and kinks ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", CATALOG)
def test_the_code_of_a_page_of_the_atlas_runs_and_its_weights_suit(name):
    code = usage.code(CATALOG[name]).split("```")[1].removeprefix("python\n")
    made = {}
    exec(code, made)
    plt.close("all")
    assert ("initializer" in code) == usage.has_initialiser(CATALOG[name])
    if usage.has_initialiser(CATALOG[name]):
        net = made["net"]
        net(array(numpy.ones((2, 400))))
        given = net[0].weight.data().asnumpy()
        reference = array(numpy.zeros(given.shape))
        initializer(name)("weight", reference)
        assert given.std() == pytest.approx(reference.asnumpy().std(), rel=0.05)


@pytest.mark.parametrize("name", [name for name in activations("elements") if CATALOG[name].kinks])
def test_slopes_on_both_sides_of_a_kink_stand_beside_the_one_at_it(name):
    (rows,) = [table for table in tables_of(f"atlas/{name}") if table[0][0][0] in ("kink", "jump")]
    heads = [text for text, _ in rows[0]]
    assert [row[0][0] for row in rows[1:]] == [f"x = {number(x)}" for x in CATALOG[name].kinks]
    for x, row in zip(CATALOG[name].kinks, rows[1:]):
        of = {head: float(text.replace("−", "-")) for head, (text, _) in zip(heads[1:], row[1:])}
        assert of["slope on its left"] == pytest.approx(slope_beside(name, x, -1), abs=1e-3)
        assert of["slope on its right"] == pytest.approx(slope_beside(name, x, 1), abs=1e-3)
        assert of["slope given by ours"] == pytest.approx(float(exact(name, x)[1]), abs=1e-3)


def slope_beside(name, x, side):
    """The slope of the formula between two places beside x, by fifty digits."""
    formula, step = RECORDS[name].formula, mpmath.mpf("1e-20")
    near, far = mpmath.mpf(x) + side * step, mpmath.mpf(x) + 2 * side * step
    return float((formula(far) - formula(near)) / (far - near))


@pytest.mark.parametrize("name", activations("vectors"))
def test_properties_of_what_acts_on_vectors_are_those_of_its_reference(name):
    (rows,) = [table for table in tables_of(f"atlas/{name}") if table[0][0][0] == "property"]
    shown = {what: value.replace("’", "'") for (what, _), (value, _) in rows}
    assert vectors.facts(VECTORS[name].function).items() <= shown.items()


@pytest.mark.parametrize("name", activations("vectors"))
def test_a_picture_of_what_acts_on_vectors_is_of_its_reference(name):
    reference, x, step = VECTORS[name].function, numpy.linspace(-3, 3, 13) + 0.01, 1e-6

    def along(x, *others):
        return reference(numpy.column_stack([x, *(numpy.full(len(x), float(other)) for other in others)]))

    halved = along(x, 0).shape[1] == 1
    ways = [(f"output for {who}", (1, -1), place) for place, who in enumerate(("x", "1", "−1"))]
    ways = [(f"b = {number(b)}", (b,), 0) for b in (2, 0, -2)] if halved else ways
    drawn, _ = vectors.curves(CATALOG[name], x)
    for curve, (label, others, place) in zip(drawn, ways, strict=True):
        assert curve.label == label
        assert curve.value == pytest.approx(along(x, *others)[:, place], abs=1e-12)
        slope = (along(x + step, *others) - along(x - step, *others))[:, place] / 2 / step
        assert curve.slope == pytest.approx(slope, abs=1e-8)
