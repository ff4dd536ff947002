"""Tables that a reader can sort by any column; without JavaScript they are plain ones."""

import html

# What a page with such tables holds once, to load what lies in docs/_static.
LOADED = """```{{raw}} html
<link rel="stylesheet" href="{root}_static/atlas.css">
<script src="{root}_static/sortable.js" defer></script>
```"""


def sortable(heads, rows, caption):
    """A sentence, and a table as HTML; a cell is a text, or a text with what it is sorted by."""
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    lines = []
    for first, *cells in rows:
        lines.append(_cell("th", first, ' scope="row"') + "".join(_cell("td", cell) for cell in cells))
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return (
        f'{caption}\n\n```{{raw}} html\n<table class="table sortable">\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n```"
    )


def _cell(tag, cell, more=""):
    text, by = cell if isinstance(cell, tuple) else (cell, None)
    if by is not None:
        by = {"inf": "Infinity", "-inf": "-Infinity"}.get(str(by), by)  # as JavaScript has it
        more += f' data-by="{html.escape(str(by))}"'
    return f"<{tag}{more}>{text}</{tag}>"
