"""The arrows of the sidebar that open a list of pages, with a name for screen readers."""


def setup(app):
    """Work on what the theme makes."""
    app.connect("html-page-context", add, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def add(app, pagename, templatename, context, doctree):
    """Let the theme's function for the sidebar name its arrows."""
    theirs = context.get("generate_toctree_html")
    if not theirs:
        return

    def named(*args, **kwargs):
        tree = theirs(*args, **kwargs)
        for item in tree.select("li.has-children") if hasattr(tree, "select") else ():
            item.details.summary["aria-label"] = f"Pages of: {item.a.get_text()}"
        return tree

    context["generate_toctree_html"] = named
