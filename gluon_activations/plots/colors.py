"""The colour of an activation, the same in every picture; most of a family are akin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from ..catalog import CATALOG, Activation, _entry_of, _name_of, get_activation
from .style import PALETTE

__all__ = ["color_of"]

# What is drawn most often, sigmoid and tanh, ReLU, ELU and SELU, SiLU and GELU, has the palette's colours.
_OWN = {
    "sigmoid": "#0072B2",
    "log_sigmoid": "#7A8FD9",
    "hard_sigmoid": "#1B6E6A",
    "sparse_sigmoid": "#3D7DDB",
    "laplace": "#4FA3A5",
    "tanh": "#56B4E9",
    "hard_tanh": "#5A4FCF",
    "softsign": "#2B4BA8",
    "identity": "#7E7676",
    "binary_step": "#5C4A3D",
    "relu": "#D55E00",
    "relu6": "#8E0F41",
    "leaky_relu": "#7A4A1E",
    "prelu": "#FF9E80",
    "squared_relu": "#A3586F",
    "threshold": "#FE7768",
    "squareplus": "#A83A56",
    "sparse_plus": "#8D704C",
    "softplus": "#C1949E",
    "hard_shrink": "#4F7CAC",
    "soft_shrink": "#8FC1D4",
    "tanh_shrink": "#44596E",
    "elu": "#CC79A7",
    "celu": "#B9A3E3",
    "selu": "#6B4C9A",
    "exponential": "#C93274",
    "sqrt_softplus": "#9870F7",
    "xielu": "#900758",
    "silu": "#E69F00",
    "gelu": "#009E73",
    "swish": "#354F0A",
    "mish": "#65C956",
    "tanh_exp": "#7FA88F",
    "clipped_gelu": "#7A5C00",
    "hard_mish": "#00664F",
    "hard_swish": "#5DCBD2",
    "sine": "#5E7D00",
    "snake": "#A3B18A",
    "glu": "#8A6FA8",
    "maxout": "#B39BC8",
    "softmax": "#007C80",
    "softmin": "#5AA9A3",
    "sparsemax": "#44696B",
    "log_softmax": "#7EC8B2",
}


def color_of(activation: str | Activation) -> str:
    """The colour of an activation of the catalog, the same in every picture.

    Parameters
    ----------
    activation : str or Activation
        A name of :func:`activations`, a title or an alias; or an entry of the catalog.

    Returns
    -------
    str
        As ``"#0072B2"``. What was added to the catalog has the first colour of its family.

    Raises
    ------
    ValueError
        If there is no activation of that name; the message lists the nearest ones.
    TypeError
        If it is something else.
    """
    entry = activation if isinstance(activation, Activation) else _entry_of(activation)
    family = (name for name, other in CATALOG.items() if other.family == entry.family)
    return _OWN.get(entry.name) or _OWN.get(next(family, ""), PALETTE[0])


def own_color(activation: Any) -> str | None:
    """The colour of whatever :func:`get_activation` takes, or None if the catalog does not have it."""
    block = get_activation(activation)
    functions = {entry.block.function: name for name, entry in CATALOG.items()}
    name = _name_of(block) or functions.get(getattr(block, "function", None))
    return color_of(name) if name else None


def free_color(taken: Sequence[str], own: str | None = None) -> str:
    """The colour of one more curve: its own, or if others have it, that of the palette which they use least."""
    return min((own or PALETTE[0], *PALETTE), key=taken.count)


def colors_of(owns: Sequence[str | None]) -> list[str]:
    """The colours of several curves: the first that has one of its own keeps it, the others get free ones."""
    found = [None if own in owns[:place] else own for place, own in enumerate(owns)]
    for place, own in enumerate(owns):
        found[place] = found[place] or free_color([color for color in found if color], own)
    return [color for color in found if color]


def colors_in(ax: Axes) -> list[str]:
    """The colours of the labelled curves."""
    return [to_hex(line.get_color()).upper() for line in ax.lines if not str(line.get_label()).startswith("_")]
