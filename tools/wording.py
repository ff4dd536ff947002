"""How facts of the catalog are written down, in the README and on the site; first what the package has, too."""

from gluon_activations._wording import VECTORS, interval, letter, minus, number

__all__ = ["UNMEASURED", "VECTORS", "address", "citation", "interval", "letter", "minus", "number", "reference"]

UNMEASURED = "not measured yet"


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


def citation(paper):
    """A paper in a few words, as a link where there is an address: "Clevert et al. 2015"."""
    names = paper.authors.split(", ") if paper.authors else []
    who = " & ".join(names) if len(names) < 3 else f"{names[0]} et al."
    text = " ".join(filter(None, (who or paper.link, str(paper.year or ""))))
    if address(paper):
        return f"[{text}]({address(paper)})"
    return f"{text} ({paper.link})" if who else text


def reference(paper):
    """A paper in full; one that the bibliography lacks, by where it is."""
    where = f"{paper.link[0].upper()}{paper.link[1:]}."
    if address(paper):
        where = f"[{'Text' if paper.link.startswith('https:') else paper.link}]({address(paper)})"
    if not paper.authors:
        return f"({paper.year}). {where}" if paper.year else where
    return f"{paper.authors} ({paper.year}). *{paper.title}*. {where}"
