"""Stage the sources of the site, with the pages that are written from the catalog, and run Sphinx on them."""

import json
import shutil
import sys
import time
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from . import api, atlas, explorer, ranking, speed, start

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
STAGE = ROOT / "build" / "site-sources"
SITE = ROOT / "build" / "site"
CACHE = ROOT / "build" / "site-doctrees"


def build():
    """Build all of it anew, and say what came of it."""
    started = time.perf_counter()
    for folder in (STAGE, CACHE, SITE):
        shutil.rmtree(folder, ignore_errors=True)
    stage()
    failed = sphinx(["-b", "html", "-W", "--keep-going", "-q", "-j", "2", "-d", str(CACHE), str(STAGE), str(SITE)])
    if failed:
        sys.exit("The site was not built: see the warnings above.")
    for template in (SITE / "_static").glob("*.html"):  # the themes', no pages
        template.unlink()
    pages = list(SITE.rglob("*.html"))
    size = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file())
    seconds = time.perf_counter() - started
    print(f"{len(pages)} pages, {size / 1e6:.0f} MB, in {seconds:.0f} s: build/site/index.html (or `make serve`)")


def stage():
    """Put pages, notebooks and generated pages where Sphinx reads them."""
    left_out = shutil.ignore_patterns("__pycache__", "__init__.py", "extensions", "tests")
    shutil.copytree(DOCS, STAGE, ignore=left_out)
    shutil.copytree(ROOT / "notebooks", STAGE / "notebooks")
    for name in ("README.md", "environment.yml", "Dockerfile"):
        shutil.copy(ROOT / name, STAGE)
    shutil.copy(DOCS / "images" / "family.png", STAGE / "_static")
    for page in STAGE.glob("*.md"):
        text = page.read_text(encoding="utf-8").replace("<!-- chapters -->", contents())
        live = explorer.embedded("swish", "This is Swish: compare it, zoom, and chain it into a deep net", root="")
        text = text.replace("<!-- numbers -->", start.row()).replace("<!-- live -->", live)
        text = text.replace("](../", "](").replace("](docs/", "](")  # docs/ has become the first folder
        page.write_text(text, encoding="utf-8")
    atlas.write(STAGE, chapters())
    api.write(STAGE)
    speed.write(STAGE)
    ranking.write(STAGE)
    explorer.write(STAGE / "_static" / "explorer")


def contents():
    """The lines of the list of contents that name the notebooks: "04 Smooth gates"."""
    pages = sorted((ROOT / "notebooks").glob("*.ipynb"))
    titles = [page.stem[:3].replace("_", " ") + page.stem[3:].replace("_", " ").capitalize() for page in pages]
    return "\n".join(f"{title} <notebooks/{page.stem}>" for title, page in zip(titles, pages))


def chapters():
    """Title and text of each notebook, in the order of the collection."""
    found = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
        found[path.stem] = text.partition("\n")[0].lstrip("# "), text
    return found
