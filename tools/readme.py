"""Draw the README's picture and write its table, both from the catalog.

python -m tools.readme           # writes README.md and docs/images/family.png
"""

from pathlib import Path

from gluon_activations import CATALOG
from gluon_activations.plots import gallery

from .chapters import CHAPTERS
from .wording import citation, interval

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "images" / "family.png"
START, END = "<!-- table of activations: make figures -->\n", "<!-- end of the table -->\n"


def table():
    """The table of activations, in Markdown."""
    rows = ["| activation | name | formula | range | papers | page |", "|---|---|---|---|---|---|"]
    for name, entry in CATALOG.items():
        page = CHAPTERS[entry.family]
        cells = [
            entry.title,
            f"`{name}`",
            f"${entry.formula}$".replace("|", r"\vert "),
            interval(entry),
            "; ".join(map(citation, entry.papers)) or "—",
            f"[{page[:2]}](notebooks/{page}.ipynb)",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def with_table(text):
    """The README's text with the table as it should be."""
    head, rest = text.split(START)
    return head + START + table() + END + rest.split(END)[1]


def main():
    """Write both."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    gallery(columns=6).savefig(PICTURE, metadata={"Software": None})
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)} and the table of {README.name}")


if __name__ == "__main__":
    main()
