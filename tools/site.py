"""Build the site into build/site/, or serve it on this machine alone.

python tools/site.py build      # EXECUTE=1 runs the notebooks anew instead of showing their stored outputs
python tools/site.py serve      # http://127.0.0.1:8000/, PORT= for another port
"""

import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
STAGE = ROOT / "build" / "site-sources"
SITE = ROOT / "build" / "site"
sys.path.insert(0, str(DOCS / "builder"))


def stage():
    """Put pages, notebooks and generated pages where Sphinx reads them."""
    import explorer

    shutil.copytree(DOCS, STAGE, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "notebooks", STAGE / "notebooks", dirs_exist_ok=True)
    explorer.write(STAGE / "_static" / "explorer")


def build():
    """Stage the sources, run Sphinx on them, and say what came of it."""
    from sphinx.cmd.build import main as sphinx

    started = time.perf_counter()
    shutil.rmtree(STAGE, ignore_errors=True)
    shutil.rmtree(SITE, ignore_errors=True)
    stage()
    failed = sphinx(["-b", "html", "-W", "--keep-going", "-q", "-j", "2", str(STAGE), str(SITE)])
    if failed:
        sys.exit("The site was not built: see the warnings above.")
    pages = list(SITE.rglob("*.html"))
    size = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file())
    seconds = time.perf_counter() - started
    print(f"{len(pages)} pages, {size / 1e6:.0f} MB, in {seconds:.0f} s: build/site/index.html (or `make serve`)")


if __name__ == "__main__":
    {"build": build}[sys.argv[1]]()
