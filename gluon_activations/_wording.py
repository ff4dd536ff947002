"""How facts are written down, on the summary cards, in the README and on the site."""

from __future__ import annotations

import html
import re
from typing import Any

VECTORS = "acts on vectors"


def number(value: float, digits: int = 4) -> str:
    """A number with a true minus, an infinity sign, and no more digits than help."""
    text = f"{value:.{digits}g}".replace("inf", "∞")
    return minus(re.sub(r"e([+-])0*", r"e\1", text))


def minus(text: str) -> str:
    """A text whose numbers have a true minus."""
    return re.sub(r"(?<![\w.])-(?=[\d∞])|(?<=\de)-(?=\d)", "−", text)


def interval(entry: Any) -> str:
    """The range, with brackets that say whether its ends are attained; of what acts on vectors, just that."""
    if entry.range is None:
        return VECTORS
    low, high = map(number, entry.range)
    return f"{'(['[entry.attained[0]]}{low}, {high}{')]'[entry.attained[1]]}"


def letter(latex: str) -> str:
    """A letter of a formula where no formula can stand, by the name that HTML has for it too: α for its LaTeX."""
    return html.unescape(re.sub(r"^\\(\w+)$", r"&\1;", latex))
