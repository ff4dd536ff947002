"""What readers call a page: docs/data/keywords.json puts the words into the index, which the search asks first."""

import json
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import index
from sphinx.errors import SphinxError

KEYWORDS = json.loads((Path(__file__).parents[1] / "data" / "keywords.json").read_text(encoding="utf-8"))


def setup(app):
    """Work on each page that is read."""
    app.connect("doctree-read", add)
    app.connect("env-updated", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def add(app, doctree):
    """Put the words at the head of a page."""
    words = KEYWORDS.get(app.env.docname, [])
    if words:
        place = nodes.make_id(f"keywords {app.env.docname}")
        entries = [("single", word, place, "main", None) for word in words]
        doctree.insert(0, index(entries=entries))
        doctree.insert(1, nodes.target("", "", ids=[place]))


def check(app, env):
    """Every page named is there."""
    unknown = sorted(KEYWORDS.keys() - env.found_docs)
    if unknown and env.found_docs > {"use", "explorer"}:  # a site of a few pages is one of a test
        raise SphinxError(f"docs/data/keywords.json names no pages: {', '.join(unknown)}")
