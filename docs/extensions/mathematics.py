"""Serve the mathematics with the site: of MathJax, what a page loads and no more."""

import importlib.util
from pathlib import Path

from sphinx.util.fileutil import copy_asset

# TeX in, HTML out, and MathML for screen readers. The ready-made bundle has a menu and more
# input languages too: half a megabyte a page.
PARTS = ["input/tex", "output/chtml", "a11y/assistive-mml"]
FILES = ["core.js", "loader.js", "startup.js", *(f"{part}.js" for part in PARTS), "output/chtml/fonts"]
FILES += ["input/tex/extensions"]  # one of them is loaded where a formula needs it, as for \boldsymbol


def setup(app):
    """Point Sphinx's own mathematics at the copy that comes with sphinx-mathjax-offline."""
    app.config.mathjax_path = "mathjax/startup.js"
    app.config.mathjax3_config = {"loader": {"load": PARTS}, "options": {"enableAssistiveMml": True}}
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def copy(app, error):
    """Copy the parts beside the pages."""
    if error:
        return
    package = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent
    for name in FILES:
        source, target = package / "static" / "mathjax" / name, Path(app.outdir) / "_static" / "mathjax" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_asset(str(source), str(target if source.is_dir() else target.parent))
