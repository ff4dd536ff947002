"""What makes, serves and checks the site: generators, server, and the checks themselves, which have to fail."""

import gzip
import json
import os
import re
import runpy
import signal
import socket
import struct
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from functools import partial
from xml.etree import ElementTree

import pytest
import tinycss2
from sphinx.errors import SphinxError

from docs.extensions import launch, light, mathematics
from docs.tests import checks
from docs.tests.conftest import ROOT, SITE, assert_is_the_page_for_what_is_not_there, serving
from gluon_activations import CATALOG, activations
from tools import measured
from tools.website import atlas, javascript, server

# -- the checks fail where they should ---------------------------------------------------------


def copy_with(folder, fragments):
    """A copy of the site in which one page of the atlas has these pieces of HTML at its end."""
    for path in [*SITE.iterdir(), *(SITE / "atlas").iterdir()]:
        if path.name not in ("atlas", "relu.html"):
            (folder / path.relative_to(SITE)).parent.mkdir(exist_ok=True)
            (folder / path.relative_to(SITE)).symlink_to(path)
    before, end, after = (SITE / "atlas" / "relu.html").read_text(encoding="utf-8").rpartition("</section>")
    (folder / "atlas" / "relu.html").write_text(before + "\n".join(fragments) + end + after, encoding="utf-8")


# A piece of HTML that is wrong, and what is said of it.
WRONG = [
    (r'<div class="math">\[\frac{1}{2}\]</div>', r"not typeset: \[\frac{1}{2}\]"),
    (r"<p>Here \(x^2\) was forgotten.</p>", r"LaTeX left in the text: Here \(x^2\) was forgotten."),
    (r"<p>Here $$x^2$$ was forgotten.</p>", r"LaTeX left in the text: Here $$x^2$$ was forgotten."),
    ('<img src="../_static/family.png">', "no alt text: {}_static/family.png"),
    ('<img src="../_static/favicon.svg" alt=" ">', "no alt text: {}_static/favicon.svg"),
    ('<img src="../_static/nosuch.png" alt="A picture.">', "not loaded: {}_static/nosuch.png"),
    ('<img src="https://example.org/a.png" alt="A picture.">', "outside request: https://example.org/a.png"),
    ('<script>fetch("http://127.0.0.1:9/count")</script>', "outside request: http://127.0.0.1:9/count"),
    ('<link rel="stylesheet" href="//example.org/a.css">', "outside request: http://example.org/a.css"),
    ("<script>console.error('This is wrong.')</script>", "console error: This is wrong."),
    ("<script>nosuch()</script>", "error in a script: nosuch is not defined"),
    ('<script src="../_static/nosuch.js"></script>', "status 404: {}_static/nosuch.js"),
    ('<p id="a" style="color: #bbb; background: #fff">Pale.</p>', "1280 px, light: serious, color-contrast: #a "),
    ('<p id="b" style="background: #fff; color: #bbb">Pale.</p>', "390 px, dark: serious, color-contrast: #b "),
    ('<button id="c"></button>', "critical, button-name: #c "),
    ('<div id="d" role="slider" tabindex="0">3</div>', "critical, aria-required-attr: #d "),
    ('<div style="width: 600px">Too wide for a telephone.</div>', "390 px, dark: scrolls sideways"),
    ('<div style="width: 1500px">Too wide.</div>', "1280 px, light: scrolls sideways"),
]


def test_what_is_wrong_on_a_page_is_found_in_the_browser(visit, tmp_path):
    copy_with(tmp_path, [fragment for fragment, _ in WRONG])
    with serving(tmp_path) as address:
        page = visit("atlas/relu.html", base=address)
        found = checks.inspect(page) + visit.wrong
        page.wait_for_load_state("networkidle")
    visit.wrong.clear()
    for fragment, says in WRONG:
        assert any(says.replace("{}_", address + "_") in each for each in found), (fragment, found)


BROKEN = [
    ('<a href="nosuch.html">a</a>', ": nosuch.html leads nowhere"),
    ('<a href="relu.html#nosuch">a</a>', ": relu.html#nosuch leads nowhere"),
    ('<a href="#nosuch">a</a>', ": #nosuch leads nowhere"),
    ('<a href="../../index.html">a</a>', ": ../../index.html leads nowhere"),
    ('<a href="02_rectifiers.ipynb">a</a>', ": 02_rectifiers.ipynb leads nowhere"),
    ('<a href="../explorer.html#curve=nosuch">a</a>', ": ../explorer.html#curve=nosuch leads nowhere"),
    ('<img srcset="../_static/family.png 1x, ../nosuch.png 2x" alt="a">', ": ../nosuch.png leads nowhere"),
    ('<img src="https://example.org/a.png" alt="a">', " loads https://example.org/a.png"),
    ('<script src="//example.org/a.js"></script>', " loads //example.org/a.js"),
    ('<link rel="preload" as="font" href="https://example.org/a.woff2">', " loads https://example.org/a.woff2"),
    ('<iframe src="https://example.org/"></iframe>', " loads https://example.org/"),
    ("<p style=\"background: url('https://example.org/a.png')\">a</p>", " loads https://example.org/a.png"),
    ("<style>@import 'https://example.org/a.css';</style>", " loads https://example.org/a.css"),
]


def test_links_that_lead_nowhere_or_elsewhere_are_found(tmp_path):
    copy_with(tmp_path, [fragment for fragment, _ in BROKEN] + ['<a href="https://example.org/">allowed</a>'])
    assert checks.links(tmp_path, "atlas/relu.html") == [f"atlas/relu.html{says}" for _, says in BROKEN]


def test_addresses_in_style_sheets_are_found(tmp_path):
    sheet = tmp_path / "a.css"
    sheet.write_text("/* url(x) */ @import 'b.css'; a { background: url( \"c.png?1\" ) } b { color: url(//d/e) }")
    assert checks.outside_of_css(sheet.read_text()) == ["//d/e"]
    assert checks.missing_of_css(sheet) == ["b.css", "c.png?1", "//d/e"]


# -- formulas --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "formula, says",
    [(r"\frac{1}", r"Missing argument for \frac"), (r"\nosuch{x}", r"\nosuch"), ("{x", "close brace")],
)
def test_a_formula_that_is_wrong_ends_the_build(formula, says):
    with pytest.raises(SphinxError, match=re.escape(says)) as error:
        mathematics.typeset([("x", False), (formula, True)])
    assert formula in str(error.value)


@pytest.mark.parametrize("kind", ["math notranslate", "output text_latex math notranslate"])
def test_a_formula_is_found_on_a_page_whether_written_or_printed_by_a_cell(kind):
    (found,) = mathematics.BOX.finditer(
        rf'<p>a</p><div class="{kind}"> \[a \\[2ex] b\]</div><p class="a">\[c\]</p>'
    )
    assert mathematics.key(found) == (r"a \\[2ex] b", True)


def test_formulas_are_typeset_once_with_what_a_screen_reader_reads():
    (inline, display), css = mathematics.typeset([("x", False), (r"\frac{x}{2}", True)])
    assert inline.startswith("<mjx-container") and "<mi>x</mi>" in inline and 'display="true"' not in inline
    assert 'display="true"' in display and "<mfrac><mi>x</mi><mn>2</mn></mfrac>" in display
    assert "url(mathjax/" in css.replace('"', "") and "mjx-mfrac" in css


# -- lightness ----------------------------------------------------------------------------------

SHEET = """
:root { --a: "\\f002"; } .b > a, .c.d, #e { x: y } .c::before { content: "b c" } .b:not(.c) { z: 1 }
@media print { .c { f: g } .b { h: i } } @media (min-width: 1px) { #e { j: k } } @font-face { font-family: l }
"""


def test_a_style_sheet_keeps_what_may_apply():
    rules = tinycss2.parse_stylesheet(SHEET, True, True)
    found = light.kept(rules, {"b", "d"}).splitlines()
    assert found[1:] == [
        ".b > a{x: y}",
        ".b:not(.c){z: 1}",
        "@media print {.b{h: i}}",
        "@font-face { font-family: l }",
    ]
    assert light.kept(rules, {"b", "c", "d", "e"}).count("{") == SHEET.count("{")


def test_a_page_loads_scripts_of_what_stands_on_it_and_runs_them_at_the_end():
    tags = ['<script src="a/copybutton.js"></script>', '<script src="b.js"></script>', "<script>c()</script>"]
    tags += ['<link rel="preload" href="d.js">', '<script src="documentation_options.js"></script>']
    plain = light.head("\n".join(["<head>", *tags, "</head>", "<p>Text</p>"]))
    assert "copybutton" not in plain and "preload" not in plain and "<script>c()" in plain
    assert '<script defer src="b.js">' in plain and '<script src="documentation_options.js">' in plain
    assert "copybutton" in light.head("\n".join(["<head>", *tags, "</head>", '<div class="highlight">']))


def test_a_picture_opens_by_itself_and_those_but_the_first_wait_until_they_are_near():
    text = '<img alt="a" src="../_images/a.png" /> <img alt="b" src="../_images/b.png" width="3">'
    found = light.pictures(text, {"a": (10, 20), "b": (30, 40)})
    first, second = re.findall("<img.*?>", found)
    assert re.findall('<a href="(.*?)"><img[^>]*></a>', found) == ["../_images/a.webp", "../_images/b.webp"]
    assert 'src="../_images/a.webp"' in first and 'width="10" height="20"' in first and "lazy" not in first
    assert 'src="../_images/b.webp"' in second and 'loading="lazy"' in second and "height" not in second


# -- generators --------------------------------------------------------------------------------


UNKNOWN = [r"\sinh(x)", r"\frac{1}{2", r"x + \gamma", "x y", r"\sqrt[3]x", "x_1", r"\%"]


@pytest.mark.parametrize("formula", UNKNOWN)
def test_a_formula_that_javascript_is_not_taught_is_named(formula):
    with pytest.raises(ValueError, match="teach tools/latex.py and tools/website/javascript.py") as error:
        javascript.function(formula)
    assert f"cannot write {formula} in JavaScript" in str(error.value)


def test_formulas_keep_their_digits_in_javascript():
    assert javascript.function(r"e^{x} - 1") == "(x, p) => Math.expm1(x)"
    turned = {r"\beta": "p.beta", r"\lambda": "1.05"}
    assert javascript.function(r"\ln(1 + e^{\beta x})", turned) == "(x, p) => softplus((p.beta * x))"
    assert javascript.function(r"\sqrt[3]{x}") == "(x, p) => ((x) ** (1 / 3))"
    assert javascript.function(r"\lambda x", turned) == "(x, p) => (1.05 * x)"
    assert javascript.function(r"1 + \mathrm{erf}(x)") == "(x, p) => erfc(-(x))"
    assert javascript.function(r"x \, \mathbf{1}[x > 3]") == "(x, p) => (x > 3 ? x : 0)"


def test_what_is_not_measured_yet_is_said_on_a_page_of_the_atlas():
    names = [name for name in activations("elements") if CATALOG[name].builtin]
    name = next(name for name in names if CATALOG[name].builtin.fault)
    builtin, chapters = CATALOG[name].builtin, dict.fromkeys(atlas.CHAPTERS.values(), ("Title", ""))
    keys = [
        f"{name} {whose} float32 {what}" for whose in ("ours", "composed", "mxnet") for what in ("value", "slope")
    ]
    errors = dict.fromkeys(measured.LINES, dict.fromkeys(keys, [1.0, 2.0, 3.0]))
    faults = dict.fromkeys(measured.LINES, {f"{builtin.code} value float32 1.0": {"mxnet": 4.0, "truth": 5.0}})
    none = dict.fromkeys(measured.LINES, {})
    for of_errors, of_faults, times in (
        (errors, faults, 0),
        (errors, none, 1),
        (none, faults, 2 * len(measured.LINES) + len(builtin.lines)),
    ):
        assert atlas.page(name, {}, of_errors, of_faults, chapters, []).count("not measured yet") == times


@pytest.mark.parametrize(
    "repository, address",
    [
        ("https://github.com/someone/something", "gh/someone/something"),
        ("https://github.com/someone/something.git", "gh/someone/something"),
        ("https://example.org/some/thing.git", "git/https%3A%2F%2Fexample.org%2Fsome%2Fthing.git"),
    ],
)
def test_the_address_on_binder(repository, address):
    expected = f"https://mybinder.org/v2/{address}/main?urlpath=lab/tree/notebooks/a.ipynb"
    assert launch.binder(repository, "notebooks/a.ipynb") == expected


def test_without_a_repository_there_is_no_address_on_binder():
    assert launch.binder("", "notebooks/a.ipynb") is None
    assert launch.binder("a folder", "notebooks/a.ipynb") is None


@pytest.mark.parametrize("name", activations("elements"))
def test_pictures_of_the_atlas_need_nothing_else(name):
    (large,) = (SITE / "_images").glob(f"{name}.svg")
    for path in (large, SITE / "_static" / "atlas" / f"{name}.svg"):
        root = ElementTree.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg" and root.get("viewBox")
        for part in root.iter():
            assert part.tag.rpartition("}")[2] not in ("image", "script", "foreignObject", "a")
            for key, value in part.items():
                if key.rpartition("}")[2] == "href":
                    assert value.startswith("#"), value
                assert checks.outside_of_css(value) == []


# -- a site with an address and a repository ---------------------------------------------------

NOTEBOOK = {"metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def published(tmp_path):
    """A site of a few pages, built with the configuration of the real one for a folder of a host."""
    source, built = tmp_path / "source", tmp_path / "built"
    (source / "notebooks").mkdir(parents=True)
    for name in ("conf.py", "_static", "_templates"):
        (source / name).symlink_to(ROOT / "docs" / name)
    (source / "index.md").write_text("# Start\n\nThis is the start.\n\n```{toctree}\nnotebooks/00_a\nrun\n```\n")
    (source / "404.md").write_text("---\norphan: true\n---\n\n# There is no such page\n\nNone.\n")
    (source / "run.md").write_text("# Run\n\n## On Binder\n\nThere.\n")
    cell = {"cell_type": "markdown", "metadata": {}, "source": "# Chapter\n\nThis is a chapter.", "id": "a"}
    (source / "notebooks" / "00_a.ipynb").write_text(json.dumps({**NOTEBOOK, "cells": [cell]}))
    places = {"SITE_URL": "https://example.org/some/path", "REPOSITORY_URL": "https://github.com/some/thing"}
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(source), str(built / "some" / "path")]
    subprocess.run(command, check=True, env={**os.environ, **places}, capture_output=True, cwd=ROOT)
    return built


def test_a_published_site_knows_its_address_and_its_repository(visit, published):
    folder, home = published / "some" / "path", "https://example.org/some/path/"
    for name in ("index.html", "notebooks/00_a.html"):
        found = checks.tags(folder / name)
        assert [tag["href"] for tag in found.named("link", rel="canonical")] == [home + name]
        assert [tag["content"] for tag in found.named("meta", property="og:url")] == [home + name]
        assert f"<loc>{home}{name}</loc>" in (folder / "sitemap.xml").read_text()
    buttons = [tag["href"] for tag in found.named("a") if "binder" in tag.get("href", "")]
    assert buttons == ["https://mybinder.org/v2/gh/some/thing/main?urlpath=lab/tree/notebooks/00_a.ipynb"]
    (published / "404.html").symlink_to(folder / "404.html")
    with serving(published) as address:
        page = visit("some/path/no/such/page", base=address)
        assert_is_the_page_for_what_is_not_there(visit, page)
        page.get_by_role("link", name="Run", exact=True).first.click()
        page.wait_for_url(f"{address}some/path/run.html")
        page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("given, prefix", [(None, "/"), ("https://a.org", "/"), ("https://a.org/b/c/", "/b/c/")])
def test_the_page_for_what_is_not_there_knows_where_the_site_is(monkeypatch, given, prefix):
    monkeypatch.delenv("SITE_URL", raising=False)
    if given:
        monkeypatch.setenv("SITE_URL", given)
    found = runpy.run_path(str(ROOT / "docs" / "conf.py"))
    assert found["notfound_urls_prefix"] == prefix
    assert bool(found["html_baseurl"]) == bool(given)


# -- the server --------------------------------------------------------------------------------


def leave_early(address, path):
    """Ask for a file, and go away before it has come."""
    parts = urllib.parse.urlsplit(address)
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        reader.connect((parts.hostname, parts.port))
        reader.sendall(f"GET /{path} HTTP/1.1\r\n\r\n".encode())
        assert reader.recv(10)


def test_serve_answers_until_it_is_interrupted():
    command = [sys.executable, "-m", "tools.website", "serve", "0"]
    # A job in the background is started with Ctrl-C ignored: not this one.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
    with subprocess.Popen(command, **pipes, preexec_fn=heard) as process:
        try:
            said = process.stdout.readline()
            address = re.fullmatch(r"(http://127\.0\.0\.1:\d+/) \(Ctrl-C ends it\)\n", said)[1]
            assert b"<html" in urllib.request.urlopen(address).read()
            with pytest.raises(urllib.error.HTTPError, match="404") as refusal:
                urllib.request.urlopen(address + "no/such/page")
            assert refusal.value.read() == (ROOT / "build" / "site" / "404.html").read_bytes()
            big = max((SITE / "notebooks").glob("*.html"), key=lambda path: path.stat().st_size)
            for _ in range(5):
                leave_early(address, f"notebooks/{big.name}")
            plain = urllib.request.urlopen(address + f"notebooks/{big.name}").read()
            asked = urllib.request.Request(address + f"notebooks/{big.name}", headers={"Accept-Encoding": "gzip"})
            with urllib.request.urlopen(asked) as answer:
                assert answer.headers["Content-Encoding"] == "gzip" and gzip.decompress(answer.read()) == plain
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_a_port_that_is_taken_is_said():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            SystemExit, match=rf"^Port {port} cannot be used \(.*\): choose another .* PORT=8001\.$"
        ):
            server.serve(SITE, port)
