"""How facts of the catalog are written down, in the README and on the site."""

import math
import re

VECTORS = "acts on vectors"
UNMEASURED = "not measured yet"


def number(value, digits=4):
    """A number with a true minus, an infinity sign, and no more digits than help."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return minus(re.sub(r"e([+-])0*", r"e\1", f"{value:.{digits}g}"))


def minus(text):
    """A text whose numbers have a true minus."""
    return re.sub(r"(?<![\w.])-(?=\d)|(?<=\de)-(?=\d)", "−", text)


def interval(entry):
    """The range, with brackets that say whether its ends are attained; of what acts on vectors, just that."""
    if entry.range is None:
        return VECTORS
    low, high = map(number, entry.range)
    return f"{'(['[entry.attained[0]]}{low}, {high}{')]'[entry.attained[1]]}"


def letter(latex):
    """A letter of a formula where no formula can stand: α for the LaTeX of it."""
    return {r"\alpha": "α", r"\beta": "β", r"\lambda": "λ"}.get(latex, latex)


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
