"""What is checked of a page: each check gives a list of sentences, empty where all is well.

Those of the first part read files. Those of the second ask a page that is open in a browser.
"""

import functools
import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from tools.website import explorer

# -- files -------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """The tags of a page with their attributes, and its ids."""

    def __init__(self, text):
        super().__init__()
        self.all = []
        self.style = ""
        self.feed(text)
        self.ids = {attributes["id"] for _, attributes in self.all if attributes.get("id")}

    def handle_starttag(self, tag, attributes):
        self.all.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.all and self.all[-1][0] == "style":
            self.style += data

    def named(self, tag, kind="", **wanted):
        """The attributes of each tag of this name that has this class and these attributes."""
        found = [attributes for name, attributes in self.all if name == tag]
        found = [each for each in found if {*kind.split()} <= {*(each.get("class") or "").split()}]
        return [each for each in found if wanted.items() <= each.items()]


@functools.cache
def tags(path):
    """The tags of a page."""
    return Tags(path.read_text(encoding="utf-8"))


def pages(site):
    """Every page of a site; what themes leave in _static is none."""
    found = (path for path in site.rglob("*.html") if not path.relative_to(site).parts[0].startswith("_"))
    return sorted(str(path.relative_to(site)) for path in found)


LOADED = {"script", "img", "iframe", "frame", "source", "video", "audio", "embed", "object", "track", "input"}
LOADED_LINKS = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "manifest", "apple-touch-icon"}


def addresses(tag, attributes):
    """The addresses that a tag holds."""
    found = [attributes.get(name) for name in ("href", "src", "data", "poster", "action")]
    found += [part.split()[0] for part in (attributes.get("srcset") or "").split(",") if part.strip()]
    return [address for address in found if address is not None]


def is_loaded(tag, attributes):
    """Whether a browser fetches what a tag names by itself."""
    relation = set((attributes.get("rel") or "").split())
    return tag in LOADED or (tag == "link" and bool(relation & LOADED_LINKS))


def links(site, name):
    """Links of a page that lead nowhere, and what it would load from another host."""
    problems = []
    for tag, attributes in tags(site / name).all:
        for address in addresses(tag, attributes):
            outside = bool(re.match(r"//|[a-z][a-z0-9+.-]*:", address, re.IGNORECASE))
            if outside and is_loaded(tag, attributes) and not address.startswith("data:"):
                problems.append(f"{name} loads {address}")
            elif not outside and not _leads_somewhere(site, name, address):
                problems.append(f"{name}: {address} leads nowhere")
        problems += [f"{name} loads {other}" for other in outside_of_css(attributes.get("style") or "")]
    return problems + [f"{name} loads {other}" for other in outside_of_css(tags(site / name).style)]


def _leads_somewhere(site, name, address):
    parts = urlsplit(urljoin("/" + name, address))
    if address.count("../") > name.count("/"):
        return False
    target = site / unquote(parts.path).lstrip("/")
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return False
    if parts.path == "/explorer.html" and parts.fragment.startswith("curve="):
        return parts.fragment.removeprefix("curve=") in explorer.curves()
    return not parts.fragment or target.suffix != ".html" or unquote(parts.fragment) in tags(target).ids


def outside_of_css(text):
    """Addresses on other hosts that a style sheet loads."""
    return [address for address in _of_css(text) if re.match(r"//|https?:", address)]


def missing_of_css(path):
    """Addresses in a style sheet that lead to no file."""
    found = [address for address in _of_css(path.read_text(encoding="utf-8")) if not re.match(r"data:|#", address)]
    return [address for address in found if not (path.parent / re.split("[?#]", address)[0]).is_file()]


def _of_css(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    found = re.findall(r"url\(\s*(?:\"(.*?)\"|'(.*?)'|([^\"')]*?))\s*\)|@import\s+[\"'](.*?)[\"']", text)
    return ["".join(parts) for parts in found]


# -- an open page ------------------------------------------------------------------------------

FORMULAS = r"""() => {
  const problems = [];
  for (const box of document.querySelectorAll(".math"))
    if (!box.querySelector("mjx-container")) problems.push(`not typeset: ${box.textContent.trim()}`);
  for (const box of document.querySelectorAll("mjx-merror, [data-mjx-error], mjx-assistive-mml"))
    if (box.localName === "mjx-merror" || box.hasAttribute("data-mjx-error") || /\\[a-z]/i.test(box.textContent))
      problems.push(`an error in a formula: ${box.getAttribute("data-mjx-error") || box.textContent}`);
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const { data, parentElement } = words.currentNode;
    const raw = /\\[([\])]|\$\$|\\[a-z]+\{/i.test(data);
    if (raw && !parentElement.closest("pre, code, script, style, mjx-container"))
      problems.push(`LaTeX left in the text: ${data.trim()}`);
  }
  return [...new Set(problems)];
}"""

PICTURES = """async () => {
  const pictures = [...document.images];
  pictures.forEach((picture) => (picture.loading = "eager"));
  await Promise.all(pictures.map((picture) => picture.decode().catch(() => null)));
  return pictures.flatMap((picture) => [
    ...((picture.getAttribute("alt") || "").trim() ? [] : [`no alt text: ${picture.src}`]),
    ...(picture.naturalWidth ? [] : [`not loaded: ${picture.src}`]),
  ]);
}"""

SIDEWAYS = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth > clientWidth ? [`scrolls sideways: ${scrollWidth} > ${clientWidth} px`] : [];
}"""

# Without `preload`, for which axe fetches style sheets anew, by addresses that are not theirs.
AXE = """async () => {
  const rules = { "label-content-name-mismatch": { enabled: true } };
  const { violations } = await axe.run(document, { resultTypes: ["violations"], preload: false, rules });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap((one) => one.nodes.map((node) => `${one.impact}, ${one.id}: ${node.target} ${node.failureSummary}`));
}"""


# A chapter has ten thousand coloured words of code and hundreds of formulas, a table has hundreds of rows, and axe
# looks behind each for what shines through: of those that look the same in the same place, one is left. What an
# element looks like is said by its attributes, and by what stands in it, whatever the text and however often. What
# names something else stays.
FEWER_OF_A_KIND = """() => {
  const told = ["class", "style", "role"];
  const words = ({ name, value }) => (told.includes(name) ? `${name}=${value}` : name);
  const look = (one) => [one.localName, ...[...one.attributes].map(words).sort()].join();
  const place = (one) => (one ? place(one.parentElement) + look(one) + ">" : "");
  const seen = new Set();
  for (const one of document.querySelectorAll("tbody tr, li, p, pre span, mjx-container")) {
    const inner = one.localName === "mjx-container" ? [] : [...one.querySelectorAll(":not(mjx-container *)")];
    const kind = place(one) + [...new Set(inner.map(look))].sort().join();
    const again = seen.has(kind) && !one.closest("summary, button, label");
    if (again) one.replaceWith(...(one.localName === "span" ? one.childNodes : []));
    seen.add(kind);
  }
}"""


@functools.cache
def _axe():
    folder = Path(importlib.util.find_spec("axe_playwright_python").origin).parent
    return (folder / "axe.min.js").read_text(encoding="utf-8")


def accessibility(page):
    """What axe-core finds serious or critical."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
        page.evaluate(FEWER_OF_A_KIND)
    return page.evaluate(AXE)


def inspect(page, views=((1280, "light"), (390, "dark"))):
    """All that is wrong with an open page, seen in these widths and themes."""
    problems = page.evaluate(FORMULAS) + page.evaluate(PICTURES)
    for width, scheme in views:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function("scheme => document.documentElement.dataset.theme === scheme", arg=scheme)
        problems += [f"{width} px, {scheme}: {each}" for each in page.evaluate(SIDEWAYS) + accessibility(page)]
    return problems
