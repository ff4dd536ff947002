"""Draw the README's picture and write its list of activations, both from the catalog.

python -m tools.readme           # writes README.md and docs/images/family.png
"""

import re
from pathlib import Path

from gluon_activations import CATALOG
from gluon_activations.plots import gallery

from .chapters import CHAPTERS

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "images" / "family.png"
START, END = "<!-- list of activations: make figures -->\n", "<!-- end of the list -->\n"


def families():
    """The activations by family, in Markdown."""
    titles = {}
    for entry in CATALOG.values():
        titles.setdefault(entry.family, []).append(entry.title)
    for family, names in titles.items():
        page = CHAPTERS[family]
        yield f"* {family} ([{page[:2]}](notebooks/{page}.ipynb)): {', '.join(names)}\n"


def with_list(text):
    """The README's text with the list, and how long it is, as they should be."""
    head, rest = re.sub(r"(mathematics of) \d+", rf"\1 {len(CATALOG)}", text).split(START)
    return head + START + "".join(families()) + END + rest.split(END)[1]


def main():
    """Write both."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    gallery(columns=6).savefig(PICTURE, metadata={"Software": None})
    README.write_text(with_list(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)} and the list of {README.name}")


if __name__ == "__main__":
    main()
