"""The colour of an activation, the same in every picture: the hue tells its family, the shade which one it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..catalog import CATALOG, Activation, _entry_of, _name_of, get_activation
from .style import PALETTE

__all__ = ["color_of"]

# In the catalog's order; a family that has grown longer begins anew. What is drawn most often (sigmoid and tanh,
# ReLU, ELU and SELU, SiLU and GELU) has the palette's colours.
_SHADES = {
    "sigmoids": "#0072B2 #7A8FD9 #1B6E6A #3D7DDB #4FA3A5 #56B4E9 #5A4FCF #2B4BA8",
    "rectifiers": ("#A89684 #5C4A3D #D55E00 #8E0F41 #7A4A1E #FF9E80 #E04F72 #FE7768 #A83A56 #8D704C #C9A227"),
    "shrinkage": "#4F7CAC #8FC1D4 #44596E",
    "exponential units": "#CC79A7 #B9A3E3 #6B4C9A #C93274 #9870F7 #900758",
    "smooth gates": "#E69F00 #009E73 #B8860B #65C956 #7FA88F #7A5C00 #00664F #5DCBD2",
    "periodic units": "#5E7D00 #A3B18A",
    "gated units": "#8A6FA8 #B39BC8",
    "output layers": "#007C80 #5AA9A3 #44696B #7EC8B2",
}
_OWN = {
    entry.name: shades[place % len(shades)]
    for family, shades in ((family, text.split()) for family, text in _SHADES.items())
    for place, entry in enumerate(entry for entry in CATALOG.values() if entry.family == family)
}


def color_of(activation: str | Activation) -> str:
    """The colour of an activation of the catalog, the same in every picture.

    Parameters
    ----------
    activation : str or Activation
        A name as for :func:`get_activation`, or an entry of the catalog.

    Returns
    -------
    str
        As ``"#0072B2"``. Those of a family are akin.

    Raises
    ------
    ValueError
        If there is no activation of that name; the message lists the nearest ones.
    """
    return _OWN[(activation if isinstance(activation, Activation) else _entry_of(activation)).name]


def own_color(activation: Any) -> str | None:
    """The colour of whatever :func:`get_activation` takes, or None if the catalog does not have it."""
    return _OWN.get(_name_of(get_activation(activation)) or "")


def free_color(taken: Sequence[str], own: str | None = None) -> str:
    """The colour of one more curve: its own, or if others have it, that of the palette which they use least."""
    return min((own or PALETTE[0], *PALETTE), key=taken.count)
