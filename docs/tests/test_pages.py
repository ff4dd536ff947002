"""Every page of the site: what it links to, what it loads, what it looks like in a browser."""

import html
import inspect as introspection
import itertools
import json
import os
import re
import shutil
from urllib.parse import urljoin
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

import gluon_activations
from docs.extensions import keywords, launch
from docs.tests.checks import inspect, links, missing_of_css, outside_of_css, pages, tags
from docs.tests.conftest import ROOT, SITE, assert_is_the_page_for_what_is_not_there, serving
from gluon_activations import CATALOG
from gluon_activations._elsewhere import frameworks
from tools.website import api, explorer
from tools.website.build import STAGE

PAGES = pages(SITE)
MADE_BY_SPHINX = {"404.html", "genindex.html", "search.html"}
WRITTEN = [name for name in PAGES if name not in MADE_BY_SPHINX]
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
CHAPTER = "notebooks/02_rectifiers.html"
SAMPLE = ["index.html", CHAPTER, "atlas/swish.html", "explorer.html", "search.html", "api/blocks.html"]


def text_of(name):
    return (SITE / name).read_text(encoding="utf-8")


# Bytes that a browser gets for a page before anything is touched, as hosts send them: text is compressed.
WEIGHTS = {"index.html": 300e3, "explorer.html": 700e3, "atlas/": 400e3, "notebooks/": 1200e3, "": 400e3}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_in_a_browser(visit, name):
    page = visit(name)
    weight = page.evaluate("performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize || 0), 0)")
    assert 5e3 < weight < next(most for start, most in WEIGHTS.items() if name.startswith(start))
    problems = inspect(page)
    assert not problems + visit.wrong, "\n".join(problems + visit.wrong)


@pytest.mark.parametrize("name", SAMPLE)
def test_a_page_that_is_dark_and_wide_or_light_and_narrow(visit, name):
    problems = inspect(visit(name, color_scheme="dark"), views=((1280, "dark"), (390, "light")))
    assert not problems, "\n".join(problems)


# -- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere_and_nothing_is_loaded_from_elsewhere(name):
    problems = links(SITE, name)
    assert not problems, "\n".join(problems)


def test_style_sheets_load_nothing_from_elsewhere():
    sheets = [*SITE.rglob("*.css")]
    assert len(sheets) > 5
    for sheet in sheets:
        assert not outside_of_css(sheet.read_text(encoding="utf-8")) + missing_of_css(sheet), sheet


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_one_title_and_at_most_one_address(name):
    found = tags(SITE / name)
    assert len(found.named("title")) == 1
    assert re.search("<title>(.*)</title>", text_of(name))[1].count("Activation functions for") == 1
    canonical = found.named("link", rel="canonical")
    assert len(canonical) == ("SITE_URL" in os.environ and name in WRITTEN)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_search_engines_and_previews_are_told(name):
    found = tags(SITE / name)
    told = {tag.get("property") or tag.get("name"): tag.get("content") for tag in found.named("meta")}
    assert len(told["description"]) > 20 and told["description"] == told["og:description"]
    assert told["og:title"] and told["og:site_name"] and told["og:image:alt"]
    root = told["og:url"].removesuffix(name)
    assert (SITE / told["og:image"].removeprefix(root)).is_file()


def test_the_sitemap_lists_every_page():
    found = [place.text for place in ElementTree.parse(SITE / "sitemap.xml").findall(".//{*}loc")]
    home = os.environ.get("SITE_URL", "http://127.0.0.1:8000").rstrip("/") + "/"
    assert sorted(found) == [home + name for name in WRITTEN]


def test_next_leads_through_all_pages_and_previous_back():
    name, seen = "index.html", []
    while name:
        assert name not in seen
        if seen:
            (back,) = tags(SITE / name).named("link", rel="prev")
            assert urljoin("/" + name, back["href"]) == "/" + seen[-1]
        seen.append(name)
        onward = tags(SITE / name).named("link", rel="next")
        assert len(onward) == len(tags(SITE / name).named("a", "right-next"))
        name = urljoin("/" + name, onward[0]["href"]).lstrip("/") if onward else ""
    assert sorted(seen) == WRITTEN


def test_there_is_a_page_for_each_notebook():
    assert [name[10:-5] for name in PAGES if name.startswith("notebooks/")] == NOTEBOOKS


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_buttons_to_run_and_download_a_notebook(name):
    source = ROOT / "notebooks" / f"{name}.ipynb"
    found = tags(SITE / "notebooks" / f"{name}.html")
    known = launch.binder(os.environ.get("REPOSITORY_URL", ""), f"notebooks/{name}.ipynb")
    leads = [tag["href"] for tag in found.named("a") if tag.get("href")]
    assert [one for one in leads if "binder" in one] == ([known] if known else [])
    (download,) = [one for one in leads if one.endswith(".ipynb")]
    given = json.loads((SITE / "notebooks" / download).read_text(encoding="utf-8"))
    assert given["cells"] == json.loads(source.read_text(encoding="utf-8"))["cells"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_checks_in_a_row_are_one_fold(name):
    """Which says how many they are; a single one is a fold by itself."""
    cells = json.loads((ROOT / f"notebooks/{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    rows = itertools.groupby(cells, lambda cell: "proof" in cell["metadata"].get("tags", []))
    counts = [len([*row]) for proof, row in rows if proof]
    page = BeautifulSoup(text_of(f"notebooks/{name}.html"), "html.parser")
    folds = page.select("details.checks")
    held = [len(fold.find_all(class_="tag_proof", recursive=False)) for fold in folds]
    assert held == [count for count in counts if count > 1]
    assert [fold.summary.text for fold in folds] == [f"check ✓ {count} statements" for count in held]
    assert len(page.select(".tag_proof")) == sum(counts)


@pytest.mark.parametrize("width", [1280, 1366])
def test_code_is_not_cut_on_a_desk(visit, width):
    page = visit("notebooks/04_smooth_gates.html", viewport={"width": width, "height": 800})
    code = "[...document.querySelectorAll('.cell_input pre')].filter((pre) => pre.checkVisibility())"
    assert page.evaluate(f"{code}.length") > 20
    assert page.evaluate(f"{code}.filter((pre) => pre.scrollWidth > pre.clientWidth).length") == 0


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_each_picture_of_a_notebook_has_a_caption_with_its_number(name):
    text = text_of(f"notebooks/{name}.html")
    numbers = re.findall(r'class="caption-number">Fig\. (.*?) <', text)
    assert numbers == [f"{int(name[:2])}.{place}" for place in range(1, len(numbers) + 1)]
    assert len(numbers) == text.count("<figcaption>") == len(tags(SITE / f"notebooks/{name}.html").named("img"))


def test_the_atlas_has_a_page_for_each_activation():
    names = [name[6:-5] for name in PAGES if name.startswith("atlas/")]
    assert sorted(names) == sorted([*CATALOG, "index"])


@pytest.mark.parametrize("name", CATALOG)
def test_the_atlas_leads_to_all_names_elsewhere(name):
    text = html.unescape(text_of(f"atlas/{name}.html"))
    for framework in frameworks().values():
        for _, theirs, _ in framework.named(name):
            assert framework.link(theirs.path) in text and theirs.name in text, theirs.code


SECTIONS = ["formula", "properties", "in-your-net", "in-mxnet-itself", "in-other-frameworks", "relatives"]
SECTIONS += ["where-it-is-taught", "papers"]


@pytest.mark.parametrize("name", CATALOG)
def test_a_page_of_the_atlas(name):
    entry, text = CATALOG[name], html.unescape(text_of(f"atlas/{name}.html"))
    assert [part for part in re.findall(r'<section id="(.*?)"', text) if part in SECTIONS] == SECTIONS
    written = (STAGE / "atlas" / f"{name}.md").read_text(encoding="utf-8")  # the page has them typeset
    for form in (entry, *entry.forms):
        assert f" = {form.formula}$$" in written
        assert not form.derivative or f"$$f'(x) = {form.derivative}$$" in written
    assert len(re.findall("<mjx-container[^>]*display=", text)) == written.count("$$") / 2
    assert (f'href="../explorer.html#curve={name}"' in text) == (name in explorer.curves())
    assert f"_images/{name}.svg" in text
    assert ("acts on vectors" in text) == (entry.acts_on == "vectors")
    for parameter in entry.parameters:
        assert f">{parameter}</span>" in text
    for letter, value in entry.constants.items():
        assert rf"${letter} \approx {value:.10f}$" in written
    for paper in entry.papers:
        assert (f"<em>{paper.title}</em>" if paper.title else paper.link) in text


@pytest.mark.parametrize("name, root", [("atlas/index.html", "../")])
def test_a_gallery_leads_to_each_activation(name, root):
    found = re.findall(r'<li><a href="([^"]*)"><img class="adapts" src="([^"]*)"', text_of(name))
    assert found == [(f"{root}atlas/{each}.html", f"{root}_static/atlas/{each}.svg") for each in CATALOG]


# -- API reference -----------------------------------------------------------------------------

OF_MODULE = [
    pytest.param(owner, path, id=path) for owner, names in api.public().items() for path in names.values()
]


def documented(page):
    """What is documented on a page of the API reference: each dotted path with its text."""
    found = re.findall(r'<dl class="py (?:class|function|data)">\n<dt [^>]*id="(.*?)">(.*?)</dl>', page, re.DOTALL)
    return {path: html.unescape(re.sub("<.*?>", "", text)) for path, text in found}


@pytest.mark.parametrize("owner", api.TITLES)
def test_a_page_of_the_api_reference_has_the_public_names_of_its_module_and_no_other(owner):
    assert [*documented(text_of(f"api/{owner.lstrip('_')}.html"))] == [*api.public()[owner].values()]


@pytest.mark.parametrize("owner, path", OF_MODULE)
def test_the_api_reference_shows_signature_and_docstring(owner, path):
    thing = api.resolve(path)
    text = documented(text_of(f"api/{owner.lstrip('_')}.html"))[path]
    if callable(thing):
        first = introspection.getdoc(thing).split("\n\n")[0]
        words = re.findall(r"\w+", re.sub(":.*?:", "", first))[:6]
        assert " ".join(words) in " ".join(re.findall(r"\w+", text))
        for parameter in introspection.signature(thing).parameters:
            assert re.search(rf"\b{parameter}\b", text)


def test_the_api_reference_has_every_public_name():
    found = {path for names in api.public().values() for path in names.values()}
    for name in gluon_activations.__all__:
        assert f"gluon_activations.{name}" in found or name in api.TITLES


# -- search ------------------------------------------------------------------------------------


def assert_results(page):
    page.locator("#search-results .search-summary").filter(has_text="found").wait_for()
    page.locator(f"#search-results li a[href*='{CHAPTER}']").first.click()
    page.wait_for_url(f"**/{CHAPTER}**")
    assert "dying" in page.locator(".bd-article").inner_text().lower()


def test_each_page_with_keywords_is_there():
    assert {f"{name}.html" for name in keywords.KEYWORDS} <= {*PAGES}


def test_the_search_finds_a_phrase(visit):
    assert_results(visit("search.html?q=dying+ReLU"))


def test_the_search_button_leads_to_the_results(visit):
    page = visit("atlas/relu.html")
    page.locator(".search-button__button:visible").first.click()
    page.locator("#pst-search-dialog input[name=q]").fill("dying ReLU")
    page.keyboard.press("Enter")
    assert_results(page)


FIRST = {
    "GLU": "atlas/glu",
    "install": "run",
    "dying relu": "notebooks/08_find_dead_units",
    "quick gelu": "atlas/gelu",
}
FIRST |= {"vanishing gradient": "notebooks/07_follow_the_gradient", "swiglu": "atlas/glu", "selu": "atlas/selu"}


@pytest.mark.parametrize("words, first", FIRST.items())
def test_what_the_search_puts_first(visit, words, first):
    page = visit(f"search.html?q={words.replace(' ', '+')}")
    page.locator("#search-results .search-summary").filter(has_text="found").wait_for()
    leads = page.locator("#search-results li > a").evaluate_all("all => all.map((one) => one.pathname)")
    assert leads[0] == f"/{first}.html" and len({*leads}) == len(leads) <= 60
    page.wait_for_load_state("networkidle")
    assert "\\" not in page.locator("#search-results").inner_text()


# -- look --------------------------------------------------------------------------------------


def test_the_theme_that_a_reader_chose_stays(visit):
    page = visit("use.html")
    theme = "document.documentElement.dataset.theme"
    before = page.evaluate(theme)
    page.locator(".theme-switch-button").click()
    page.locator(".theme-change-button[data-mode=dark]").click()
    page.reload()
    assert (before, page.evaluate(theme)) == ("light", "dark")


def test_code_can_be_copied(visit):
    page = visit("notebooks/00_start_here.html", permissions=["clipboard-read", "clipboard-write"])
    cells = page.locator(".cell_input .highlight")
    notebook = json.loads((ROOT / "notebooks/00_start_here.ipynb").read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert cells.count() == cells.locator("button.copybtn").count() == len(sources)
    page.evaluate("document.querySelectorAll('details').forEach(fold => (fold.open = true))")
    cells.first.hover()
    cells.first.locator("button.copybtn").click()
    assert page.evaluate("navigator.clipboard.readText()").strip() == sources[0].strip()


def test_printed_a_chapter_is_all_text(visit):
    page = visit(CHAPTER)
    page.emulate_media(media="print")
    for left_out in (".bd-sidebar-primary", ".bd-sidebar-secondary", ".bd-header-article", ".copybtn"):
        assert not page.locator(left_out).first.is_visible(), left_out
    assert page.locator(".bd-article").is_visible()
    hidden = "parts => parts.filter((part) => !part.checkVisibility({ contentVisibilityAuto: true })).length"
    answers = page.locator(".bd-article details > :not(summary)")
    assert answers.count() >= 3 and answers.evaluate_all(hidden) == 0


@pytest.mark.parametrize("width", [390, 1280])
def test_a_figure_fits_its_column(visit, width):
    page = visit(CHAPTER, viewport={"width": width, "height": 800})
    edges = "pictures => pictures.map((picture) => picture.getBoundingClientRect().right)"
    edges = page.locator("figure img").evaluate_all(edges)
    assert len(edges) > 5 and max(edges) <= width


# -- places ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def below(tmp_path_factory):
    """Address of the site in a folder of a server."""
    root = tmp_path_factory.mktemp("server")
    (root / "some" / "sub").mkdir(parents=True)
    (root / "some" / "sub" / "path").symlink_to(SITE)
    shutil.copy(SITE / "404.html", root)
    with serving(root) as address:
        yield f"{address}some/sub/path/"


@pytest.mark.parametrize("name", SAMPLE)
def test_the_site_in_a_folder_of_a_server(visit, below, name):
    page = visit(name, base=below)
    assert page.locator("h1").last.is_visible()


@pytest.mark.parametrize("name", SAMPLE)
def test_the_site_without_a_server(visit, name):
    page = visit(name, base=SITE.as_uri() + "/")
    if name == "explorer.html":
        assert page.locator("#value path.line").count() == 4
    elif name == "search.html":
        page.wait_for_function("Search._index !== null")
    elif name != "index.html":
        assert page.locator(".math").count() == page.locator(".math mjx-container").count()


def test_what_is_not_there(visit, address):
    page = visit("no/such/page")
    assert_is_the_page_for_what_is_not_there(visit, page)
    page.get_by_role("link", name="Run the pages yourself").first.click()
    page.wait_for_url(f"{address}run.html")
