"""What readers call a page: docs/data/keywords.json puts the words into the index, which the search asks first."""

import json
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import index

KEYWORDS = json.loads((Path(__file__).parents[1] / "data" / "keywords.json").read_text(encoding="utf-8"))


def setup(app):
    """Work on each page that is read."""
    app.connect("doctree-read", add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def add(app, doctree):
    """Put the words at the head of a page."""
    words = KEYWORDS.get(app.env.docname, [])
    if words:
        place = nodes.make_id(f"keywords {app.env.docname}")
        entries = [("single", word, place, "main", None) for word in words]
        doctree.insert(0, index(entries=entries))
        doctree.insert(1, nodes.target("", "", ids=[place]))
