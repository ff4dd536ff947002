"""What the tests of the site share: where it is, a server for it, and a browser that nothing else answers."""

import contextlib
import http.server
import os
import re
import threading
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tools import browser as chromium
from tools.website.server import handler_of

ROOT = Path(__file__).resolve().parents[2]
# SITE_DIR names a site that was built elsewhere.
SITE = Path(os.environ.get("SITE_DIR") or ROOT / "build" / "site").resolve()

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update"]
# With each page Chromium prepares suggestions for its address bar, which are a page too and take half a second.
ARGUMENTS += ["--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,HttpsUpgrades,PaintHolding,MediaRouter"]
USUAL = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", "service_workers": "block"}


def pytest_configure():
    if not (SITE / "index.html").exists():
        pytest.exit(f"There is no site in {SITE}: run `make docs`.", returncode=2)


@contextlib.contextmanager
def serving(folder):
    """Serve a folder as `make serve` does, and give its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(Path(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def address():
    with serving(SITE) as found:
        yield found


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium.find(), args=ARGUMENTS)


class Visitor:
    """Opens pages, each in a browser without a past, and keeps what goes wrong there in `wrong`.

    What a page asks of another host than its own is refused, and goes wrong.
    """

    def __init__(self, browser, address):
        self.browser, self.address, self.wrong, self.contexts = browser, address, [], []
        self.awaited = set()  # what pages have asked for and not got yet

    def __call__(self, path="", base=None, **options):
        """A page, loaded and its mathematics set."""
        base = base or self.address
        context = self.browser.new_context(**{**USUAL, **options})
        context.route(re.compile(f"^(?!{re.escape(base)}|data:|blob:)"), self._refuse)
        context.set_default_timeout(60_000)  # a busy machine is slow
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.wrong.append(f"error in a script: {error}"))
        page.on("console", self._hear)
        page.on("response", self._look)
        page.on("request", lambda request: self.awaited.add(request))
        page.on("requestfinished", lambda request: self.awaited.discard(request))
        page.on("requestfailed", self._miss)
        page.goto(base + path)
        if options.get("java_script_enabled", True):
            page.evaluate("() => new Promise(requestAnimationFrame)")  # after those that the page has asked for
        self.finish(page)
        return page

    def finish(self, page):
        """Wait for what a page has asked for: to leave it before, as for its icon, would count as a failure."""
        while self.awaited:
            page.wait_for_timeout(10)

    def _refuse(self, route):
        self.wrong.append(f"outside request: {route.request.url}")
        route.abort()

    def _miss(self, request):
        self.awaited.discard(request)
        self.wrong.append(f"failed: {request.url} {request.failure}")

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.wrong.append(f"console {message.type}: {message.text}")

    def _look(self, response):
        if response.status >= 400:
            self.wrong.append(f"status {response.status}: {response.url}")


@contextlib.contextmanager
def visiting(browser, address):
    """Open pages, and fail at the end if anything went wrong there."""
    visitor = Visitor(browser, address)
    yield visitor
    for context in visitor.contexts:
        for page in context.pages:
            visitor.finish(page)
        context.close()
    assert not visitor.wrong, "\n".join(visitor.wrong)


@pytest.fixture
def visit(browser, address):
    """Opens pages for one test."""
    with visiting(browser, address) as visitor:
        yield visitor


def assert_is_the_page_for_what_is_not_there(visit, page):
    """It is styled, and nothing is wrong with it but that its address is not there."""
    wrong = [each for each in visit.wrong if page.url not in each]
    visit.wrong.clear()
    assert len(wrong) == 1 and wrong[0].endswith("the server responded with a status of 404 (Not Found)"), wrong
    assert page.locator("article h1").inner_text().startswith("There is no such page")
    assert page.evaluate("getComputedStyle(document.querySelector('.bd-sidebar-primary')).position") == "sticky"
