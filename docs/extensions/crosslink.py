"""The first time that a page names something public in its prose, the name leads to the API reference.

The pages are notebooks, which are read elsewhere too, so their text holds no markup for this.
"""

import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms import SphinxTransform

from tools.website import api


def setup(app):
    """Add the transform."""
    app.add_transform(Crosslink)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Crosslink(SphinxTransform):
    """Turn inline code that is a public name, or a call of one, into a reference."""

    default_priority = 500
    targets = api.links()

    def apply(self):
        """Go through the literals of one page, in order."""
        if self.env.docname.startswith("api/") or self.env.docname == "index":
            return  # there they are links, and here the whole card is one
        seen = set()
        for literal in list(self.document.findall(nodes.literal)):
            match = re.fullmatch(r"(?:gluon_activations\.)?([A-Za-z_.]+)(\(.*\))?", literal.astext(), re.DOTALL)
            target = self.targets.get(match[1]) if match else None
            inside_link = isinstance(literal.parent, (nodes.reference, pending_xref, nodes.title))
            if target and target not in seen and not inside_link:
                seen.add(target)
                link = pending_xref(
                    "", refdomain="py", reftype="obj", reftarget=target, refexplicit=True, refwarn=True,
                    refdoc=self.env.docname,
                )  # fmt: skip
                literal.replace_self(link)
                link += literal
