"""What the atlas says beside the catalog: names, advice, and which models use what."""

import html
import json
import re
from importlib import resources

import numpy
import pytest

from docs.tests.conftest import SITE
from gluon_activations import CATALOG, activations, array, derivative, evaluate, get_activation
from tools import measured
from tools.website import advice, synonyms
from tools.wording import minus, number

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
        assert ("Used in" in page_of(name)) == bool(users)
        for framework, version in MODELS["versions"].items():
            count = sum(theirs == framework for theirs, _, _ in users)
            said = f"{count} model {'family' if count == 1 else 'families'} of {framework} {version}"
            assert not count or said in page_of(name)
        assert not users or f"(read on {MODELS['date']})" in page_of(name)
