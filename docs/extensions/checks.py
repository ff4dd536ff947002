"""Checks that follow one another on a page are one fold, which says how many they are."""

from docutils import nodes


def setup(app):
    """Fold when a page is read."""
    app.connect("doctree-read", lambda app, doctree: fold(doctree))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def fold(doctree):
    """Put ``<details>`` around each row of two or more checks."""
    for parent in list(doctree.findall(lambda node: isinstance(node, (nodes.document, nodes.section)))):
        kept, row = [], []
        for node in [*parent.children, None]:
            if node is not None and "tag_proof" in node.get("classes", []):
                row.append(node)
                continue
            kept += folded(row) if len(row) > 1 else row
            kept, row = kept + [node] * (node is not None), []
        parent.children = []
        parent += kept


def folded(checks):
    """The checks between the tags of their fold."""
    opened = f'<details class="checks"><summary>check ✓ {len(checks)} statements</summary>'
    return [nodes.raw("", opened, format="html"), *checks, nodes.raw("", "</details>", format="html")]
