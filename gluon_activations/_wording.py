"""How facts are written down, on the summary cards, in the README and on the site."""

from __future__ import annotations

import html
import re
from typing import Any

import numpy

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


def in_a_line(value: Any) -> str:
    """What somebody gave, for a message: in one line of at most 80 characters, as it is written or what it is.

    Of an array (MXNet's, NumPy's, another framework's) these are kind, shape and dtype; a block with blocks inside
    begins with its name.
    """
    if hasattr(value, "shape") and hasattr(value, "dtype") and not isinstance(value, (numpy.generic, type)):
        dtype = getattr(value.dtype, "__name__", value.dtype)
        text = f"{type(value).__module__}.{type(value).__name__} of shape {value.shape} and dtype {dtype}"
    else:
        try:
            with numpy.printoptions(**_NUMBERS):
                text = repr(value)
        except Exception:  # of an object that is anybody's, or of a number with too many digits
            text = f"an object of type {type(value).__name__}"
    first, _, rest = text.partition("\n")
    text = f"{first}…)" if rest and first.endswith("(") else " ".join(text.split())
    return text if len(text) <= _LINE else f"{text[: _LINE - 21]}…{text[-20:]}"


_LINE = 80
# NumPy 2 would write np.float64(0.5) for 0.5, also inside a tuple.
_NUMBERS: Any = {"legacy": "1.25"} if int(numpy.__version__.partition(".")[0]) >= 2 else {}


def letter(latex: str) -> str:
    """A letter of a formula where no formula can stand, by the name that HTML has for it too: α for its LaTeX."""
    return html.unescape(re.sub(r"^\\(\w+)$", r"&\1;", latex))
