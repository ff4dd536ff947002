"""A button over each page that is a notebook, which runs it on Binder; absent where no address is known."""

import os
from urllib.parse import urlsplit


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
    """Put the button beside the download button, where it is known which repository Binder opens."""
    address = binder(os.environ.get("REPOSITORY_URL", ""), f"{pagename}.ipynb")
    if not (pagename.startswith("notebooks/") and address):
        return
    button = {"type": "link", "text": "Binder", "url": address, "icon": "fas fa-rocket", "label": "binder"}
    context["header_buttons"].insert(0, {**button, "tooltip": "Run this page on Binder, in your browser"})
