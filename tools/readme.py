"""Draw the README's picture and write its table, both from the catalog.

python tools/readme.py           # writes README.md and docs/images/family.png
"""

from pathlib import Path

from gluon_activations import CATALOG, gallery
from gluon_activations.catalog import FAMILIES

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "images" / "family.png"
START, END = "<!-- table of activations: make figures -->\n", "<!-- end of the table -->\n"


def table():
    """The table of activations, in Markdown."""
    rows = ["| activation | name | formula | range | papers | page |", "|---|---|---|---|---|---|"]
    for name, entry in CATALOG.items():
        page = FAMILIES[entry.family]
        cells = [
            entry.title,
            f"`{name}`",
            f"${entry.formula}$".replace("|", r"\vert "),
            interval(entry),
            "; ".join(_paper(paper) for paper in entry.papers) or "—",
            f"[{page[:2]}](notebooks/{page}.ipynb)",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def interval(entry):
    """The range, with brackets that say whether its ends are attained."""
    low, high = (f"{end:.4g}".replace("inf", "∞").replace("-", "−") for end in entry.range)
    return f"{'(['[entry.attained[0]]}{low}, {high}{')]'[entry.attained[1]]}"


def address(paper):
    """Where a paper is to be had, or an empty text."""
    for start, place in (
        ("arXiv:", "https://arxiv.org/abs/"),
        ("doi:", "https://doi.org/"),
        ("https://", "https://"),
    ):
        if paper.link.startswith(start):
            return place + paper.link.removeprefix(start)
    return ""


def _paper(paper):
    names = paper.authors.split(", ")
    who = names[0] if len(names) == 1 else " & ".join(names) if len(names) == 2 else f"{names[0]} et al."
    text = f"{who} {paper.year}"
    return f"[{text}]({address(paper)})" if address(paper) else f"{text} ({paper.link})"


def with_table(text):
    """The README's text with the table as it should be."""
    head, rest = text.split(START)
    return head + START + table() + END + rest.split(END)[1]


def main():
    """Write both."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    gallery(columns=7).savefig(PICTURE, metadata={"Software": None})
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)} and the table of {README.name}")


if __name__ == "__main__":
    main()
