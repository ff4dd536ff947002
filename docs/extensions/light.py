"""What a page does not use, it does not load.

The themes bring style sheets, icons and scripts for every site there could be. When all pages are there, each
style sheet keeps the rules whose classes occur, the fonts of icons and formulas keep what is written with them, a
page loads the scripts and sheets of what stands on it, and pictures become WebP, loaded when they come near.
"""

import re
from pathlib import Path

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont
from PIL import Image

# Sheets and scripts that serve one kind of thing, and what every such thing has in its HTML.
SERVE = {"copybutton": "highlight", "clipboard": "highlight", "design-tabs": "sd-tab-", "mystnb": "cell"}
SERVE |= {"sphinx-design": "sd-", "pygments": "highlight"}
# It sets a variable, which a script inside the page reads at once.
AT_ONCE = "documentation_options.js"
HEAD = re.compile(r"\s*<(?:link|script)\b[^>]*>(?:</script>)?")
CLASSES = re.compile(r'\b(?:class|id)="([^"]*)"')
PICTURE = re.compile(r'<img\b([^>]*?)src="([^"]*_images/[^"]*)\.png"([^>]*?)\s*/?>')


def setup(app):
    """Work when all pages are there and typeset."""
    app.connect("build-finished", lighten, priority=500)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def lighten(app, error):
    """Take from a site what it does not use."""
    if error:
        return
    folder = Path(app.outdir)
    pages = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    sizes = {path.stem: to_webp(path) for path in (folder / "_images").glob("*.png")}
    for path, text in pages.items():
        path.write_text(pictures(head(text), sizes), encoding="utf-8")
    used = {name for text in pages.values() for names in CLASSES.findall(text) for name in names.split()}
    for script in folder.rglob("*.js"):
        used.update(re.findall(r"[\w-]+", script.read_text(encoding="utf-8")))
    for sheet in folder.rglob("*.css"):
        rules = tinycss2.parse_stylesheet(sheet.read_text(encoding="utf-8"), True, True)
        sheet.write_text(kept(rules, used), encoding="utf-8")
    fonts(folder)


# -- style sheets ------------------------------------------------------------------------------------------


def kept(rules, used):
    """The text of those rules of a style sheet that may apply where these classes and ids occur."""
    made = []
    for rule in rules:
        if (
            rule.type == "at-rule"
            and rule.at_keyword in ("media", "supports", "layer")
            and rule.content is not None
        ):
            inside = kept(tinycss2.parse_rule_list(rule.content, True, True), used)
            made += [f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inside}}}"] if inside else []
        elif rule.type == "qualified-rule":
            selectors = [each for each in split(rule.prelude) if wanted(each) <= used]
            if selectors:
                names = ",".join(tinycss2.serialize(each).strip() for each in selectors)
                made.append(f"{names}{{{tinycss2.serialize(rule.content).strip()}}}")
        else:
            made.append(rule.serialize())
    return "\n".join(made)


def split(prelude):
    """The selectors of a rule."""
    parts = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def wanted(selector):
    """The classes and ids without which a selector selects nothing; but not what stands in brackets."""
    after = zip(selector, selector[1:])
    classes = {token.value for before, token in after if before == "." and token.type == "ident"}
    return classes | {token.value for token in selector if token.type == "hash"}


# -- fonts -------------------------------------------------------------------------------------------------

# The sheets that write with fonts of their own, icons and formulas, in strings; and these fonts.
SHEETS, FONTS = ("pydata-sphinx-theme.css", "mathematics.css"), ("fa-*.woff2", "MathJax_*.woff")


def fonts(folder):
    """Keep those characters in the fonts of icons and formulas that their sheets still name."""
    text = "".join(path.read_text(encoding="utf-8") for name in SHEETS for path in folder.rglob(name))
    named = {ord(one) for string in re.findall(r'"((?:[^"\\]|\\.)*)"', text) for one in string}
    for path in [path for name in FONTS for path in folder.rglob(name)]:
        font = TTFont(path)
        if not named & font.getBestCmap().keys():
            continue  # without characters it would be no font; nothing is written with it, so nothing loads it
        options = subset.Options(layout_features=[])
        options.drop_tables += ["FFTM"]  # when it was made
        smaller = subset.Subsetter(options)
        smaller.populate(unicodes=named)
        smaller.subset(font)
        font.save(path)


# -- pages -------------------------------------------------------------------------------------------------


def head(text):
    """A page that loads sheets and scripts of what stands on it, and runs scripts when it is there."""
    body, searches = (
        text.partition("</head>")[2],
        "searchtools.js" in text,
    )  # which looks whether the page is whole

    def one(match):
        tag = match[0]
        if 'rel="preload"' in tag or any(name in tag and kind not in body for name, kind in SERVE.items()):
            return ""
        if " src=" in tag and "defer" not in tag and AT_ONCE not in tag and not searches:
            return tag.replace("<script", "<script defer", 1)
        return tag

    return HEAD.sub(one, text)


def to_webp(path):
    """Width and height of a picture, which becomes WebP: without loss, since edges of lines would show it."""
    with Image.open(path) as picture:
        picture.save(path.with_suffix(".webp"), lossless=True, method=4)
        size = picture.size
    path.unlink()
    return size


def pictures(text, sizes):
    """A page whose pictures have their room from the start, come when they are near, and open by themselves.

    By itself a picture fills a telephone that is turned, and fingers make it larger.
    """
    count = 0

    def one(match):
        nonlocal count
        count += 1
        before, place, after = match.groups()
        width, height = sizes[place.rpartition("/")[2]]
        lazy = "" if count == 1 else ' loading="lazy"'
        room = f'width="{width}" height="{height}"' if "width" not in before + after else ""
        return f'<a href="{place}.webp"><img{before}src="{place}.webp"{after} {room}{lazy} decoding="async"></a>'

    return PICTURE.sub(one, text)
