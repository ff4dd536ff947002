"""One colour for each activation, to be told apart by every kind of colour vision where they meet."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from gluon_activations import CATALOG, SiLU, activations
from gluon_activations.plots import PALETTE, color_of
from gluon_activations.plots.colors import free_color, own_color

# Linear light as it is seen, and as it is without the red or the green cones (Machado et al. 2009).
EYES = {
    "usual": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
}


def light(color):
    """What a screen emits, of red, green and blue."""
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def place(light):
    """Where a colour is in Oklab, in which distances are as they look."""
    cones = np.array([
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ])  # fmt: skip
    opponents = np.array([
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ])  # fmt: skip
    return opponents @ np.cbrt(cones @ np.clip(light, 0, 1))


def contrast(one, other):
    a, b = sorted(light(color) @ [0.2126, 0.7152, 0.0722] for color in (one, other))
    return (b + 0.05) / (a + 0.05)


def test_each_entry_has_a_colour_of_its_own_by_any_of_its_names():
    found = {name: color_of(name) for name in activations()}
    assert len({*found.values()}) == len(CATALOG)
    for name, entry in CATALOG.items():
        names = (entry, entry.title, *entry.aliases)
        assert {color_of(one) for one in names} == {found[name]}
    with pytest.raises(ValueError, match="no activation is called 'swich'; nearest: swish"):
        color_of("swich")


@pytest.mark.parametrize("background", ["#ffffff", "#14181e"])
@pytest.mark.parametrize("name", activations())
def test_a_colour_is_seen_on_white_and_on_dark(name, background):
    assert contrast(color_of(name), background) >= 1.9


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("together", [
    "sigmoid tanh softsign relu",
    "sigmoid hard_sigmoid tanh hard_tanh",
    "relu leaky_relu softplus relu6 prelu squared_relu",
    "elu celu selu relu",
    "silu gelu mish hard_swish elu leaky_relu selu relu",
    "relu leaky_relu elu gelu prelu",
    "sigmoid tanh relu silu gelu selu",
    "squareplus softplus relu",
])  # fmt: skip
def test_what_is_drawn_together_is_told_apart(together, eyes):
    places = [place(np.array(EYES[eyes]) @ light(color_of(name))) for name in together.split()]
    least = 0.1 if eyes == "usual" else 0.04
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(places, 2)) > least


def test_what_is_not_of_the_catalog_gets_the_least_used_colour_of_the_palette():
    assert own_color("silu") == own_color(SiLU()) == color_of("silu") and own_color(lambda x: x) is None
    assert free_color([]) == PALETTE[0] and free_color([PALETTE[0]]) == PALETTE[1]
    assert free_color([*PALETTE, PALETTE[0], "#123456"]) == PALETTE[1]
    assert free_color(["#123456"], "#123456") == PALETTE[0] and free_color([PALETTE[0]], "#123456") == "#123456"
