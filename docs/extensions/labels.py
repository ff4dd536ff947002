"""Names for screen readers: of the arrows in the sidebar, and folds are called what is written on them."""


def setup(app):
    """Work on what the theme makes."""
    app.connect("html-page-context", add, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def add(app, pagename, templatename, context, doctree):
    """Take a fold's name that is not its text, and let the theme's function for the sidebar name its arrows."""
    if "body" in context:
        context["body"] = context["body"].replace(' aria-label="Toggle hidden content"', "")
    theirs = context.get("generate_toctree_html")
    if not theirs:
        return

    def named(*args, **kwargs):
        tree = theirs(*args, **kwargs)
        for item in tree.select("li.has-children") if hasattr(tree, "select") else ():
            item.details.summary["aria-label"] = f"Pages of: {item.a.get_text()}"
        return tree

    context["generate_toctree_html"] = named
