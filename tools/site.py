"""Build the site into build/site/, or serve it on this machine alone.

python tools/site.py build      # EXECUTE=1 runs the notebooks anew instead of showing their stored outputs
python tools/site.py serve [PORT]
"""

import contextlib
import http.server
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
STAGE = ROOT / "build" / "site-sources"
SITE = ROOT / "build" / "site"
CACHE = ROOT / "build" / "site-doctrees"
sys.path.insert(0, str(DOCS / "builder"))


def stage():
    """Put pages, notebooks and generated pages where Sphinx reads them."""
    import api
    import atlas
    import explorer

    shutil.copytree(DOCS, STAGE, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    shutil.copytree(ROOT / "notebooks", STAGE / "notebooks")
    for name in ("README.md", "environment.yml"):
        shutil.copy(ROOT / name, STAGE)
    shutil.copy(DOCS / "images" / "family.png", STAGE / "_static")
    for page in STAGE.glob("*.md"):
        text = page.read_text(encoding="utf-8").replace("<!-- chapters -->", chapters())
        page.write_text(text.replace("](../", "]("), encoding="utf-8")  # docs/ has become the first folder
    atlas.write(STAGE)
    api.write(STAGE)
    explorer.write(STAGE / "_static" / "explorer")


def chapters():
    """The lines of the list of contents that name the notebooks: "04 Smooth gates"."""
    pages = sorted((ROOT / "notebooks").glob("*.ipynb"))
    titles = [page.stem[:3].replace("_", " ") + page.stem[3:].replace("_", " ").capitalize() for page in pages]
    return "\n".join(f"{title} <notebooks/{page.stem}>" for title, page in zip(titles, pages))


def build():
    """Stage the sources, run Sphinx on them, and say what came of it."""
    from sphinx.cmd.build import main as sphinx

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


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the site, and its own page for what is not there."""

    folder = SITE

    def __init__(self, *args):
        super().__init__(*args, directory=str(self.folder))

    def handle(self):
        """Answer, unless the reader has gone on to another page."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def send_error(self, code, message=None, explain=None):
        """The site's 404 page in place of the bare one."""
        if code != 404:
            super().send_error(code, message, explain)
            return
        page = (self.folder / "404.html").read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    def log_message(self, format, *args):
        """Say nothing of each request."""


def serve(port=8000):
    """Serve the site to this machine alone until Ctrl-C."""
    if not (SITE / "index.html").exists():
        build()
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        sys.exit(f"Port {port} cannot be used ({error.strerror}): choose another one with PORT=8001.")
    print(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    task, *rest = sys.argv[1:] or [""]
    if task == "build":
        build()
    elif task == "serve":
        serve(*map(int, rest))
    else:
        sys.exit(__doc__)
