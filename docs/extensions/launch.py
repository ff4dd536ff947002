"""Buttons over each page that is a notebook: open it in JupyterLab or on Binder."""

import os
from urllib.parse import urlsplit

LAB = "http://127.0.0.1:8888/lab/tree/"


def setup(app):
    """Add the buttons after those of the theme."""
    app.connect("html-page-context", add, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def binder(repository, path):
    """Address that opens a file of a repository on Binder; None where it is not known which repository."""
    parts = urlsplit(repository)
    if not parts.netloc:
        return None
    place = parts.path.strip("/").removesuffix(".git")
    where = (
        f"gh/{place}"
        if parts.netloc == "github.com"
        else "git/" + repository.replace(":", "%3A").replace("/", "%2F")
    )
    return f"https://mybinder.org/v2/{where}/main?urlpath=lab/tree/{path}"


def add(app, pagename, templatename, context, doctree):
    """Put the group of buttons beside the download button."""
    if not pagename.startswith("notebooks/"):
        return
    path = f"{pagename}.ipynb"
    on_binder = binder(os.environ.get("REPOSITORY_URL", ""), path)
    explained = context["pathto"]("run") + "#on-binder"
    buttons = [
        _link(
            "JupyterLab here",
            LAB + path,
            "Open this page in the JupyterLab that `make lab` started on your machine",
        ),
        _link("Binder", on_binder or explained, "Run this page on Binder, in your browser"),
    ]
    group = {"type": "group", "buttons": buttons, "icon": "fas fa-rocket", "label": "launch-buttons"}
    context["header_buttons"].insert(0, {**group, "tooltip": "Run this page"})


def _link(text, url, tooltip):
    return {"type": "link", "text": text, "url": url, "tooltip": tooltip, "icon": "fas fa-play"}
