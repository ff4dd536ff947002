"""One colour for each activation, to be told apart by every kind of colour vision where they meet."""

import itertools
import re
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from gluon_activations import CATALOG, SiLU, activations, functional, get_activation
from gluon_activations.plots import PALETTE, color_of
from gluon_activations.plots.colors import _OWN, colors_in, colors_of, free_color, own_color

# Linear light as it is seen, and as it is without the red, green or blue cones (Machado et al. 2009).
EYES = {
    "usual": np.eye(3),
    "protanopia": [[0.15229, 1.05258, -0.20487], [0.1145, 0.78628, 0.09922], [-0.00388, -0.04812, 1.052]],
    "deuteranopia": [[0.36732, 0.86065, -0.22797], [0.28008, 0.6725, 0.04741], [-0.01182, 0.04294, 0.96888]],
    "tritanopia": [[1.25553, -0.07675, -0.17878], [-0.07841, 0.93081, 0.1476], [0.00473, 0.69137, 0.3039]],
}
# From linear light to Oklab, in which distances are as they look: a cube root lies between the two.
CONES = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
OPPONENTS = np.array([
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
])  # fmt: skip


def light(color):
    """What a screen emits, of red, green and blue."""
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def place(light):
    """Where light is in Oklab."""
    return OPPONENTS @ np.cbrt(CONES @ np.clip(light, 0, 1))


def mixed(color, share, other):
    """The light of a share of one colour in another, as a style sheet mixes in Oklab."""
    found = share * place(light(color)) + (1 - share) * place(light(other))
    return np.clip(np.linalg.solve(CONES, np.linalg.solve(OPPONENTS, found) ** 3), 0, 1)


def contrast(one, other):
    a, b = sorted(light @ [0.2126, 0.7152, 0.0722] for light in (one, other))
    return (b + 0.05) / (a + 0.05)


def test_an_entry_has_the_same_colour_by_any_of_its_names():
    assert len({*_OWN.values()}) == len(_OWN) and _OWN.keys() <= CATALOG.keys()
    for name, entry in CATALOG.items():
        names = (name, entry, entry.title, *entry.aliases)
        assert {color_of(one) for one in names} == {_OWN.get(name, color_of(name))}
    with pytest.raises(ValueError, match="no activation is called 'swich'; nearest: swish"):
        color_of("swich")
    with pytest.raises(TypeError, match="by its name"):
        color_of(SiLU())


def test_what_is_added_to_the_catalog_has_the_first_colour_of_its_family(monkeypatch):
    def fresh(x):
        return x

    entry = replace(CATALOG["mish"], block=type("Fresh", (SiLU,), {"function": staticmethod(fresh)}))
    monkeypatch.setitem(CATALOG, "fresh", entry)
    first = next(name for name, other in CATALOG.items() if other.family == entry.family)
    assert color_of(entry) == color_of("fresh") == color_of(first)
    assert color_of(replace(entry, family="a new family")) == PALETTE[0]


@pytest.mark.parametrize("name", activations())
def test_a_colour_is_seen_on_the_page(name):
    assert contrast(light(color_of(name)), light("white")) >= 1.9


@pytest.mark.parametrize("shade, ground", [("black", "#ffffff"), ("white", "#121212")])
@pytest.mark.parametrize("name", activations())
def test_the_explorer_s_lines_and_letters_are_seen(name, shade, ground):
    """In black or white it mixes so much of a colour as its style sheet says."""
    style = (Path(__file__).parent.parent / "docs/_static/explorer/explorer.css").read_text(encoding="utf-8")
    shares = dict(re.findall(r"--(curve|letter): color-mix\(in oklab, var\(--own\) (\d+)%", style))
    for what, least in (("curve", 3), ("letter", 4.5)):
        assert contrast(mixed(color_of(name), int(shares[what]) / 100, shade), light(ground)) >= least


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
    "swish relu gelu mish",
    "swish relu gelu tanh",
    "silu gelu softplus",
    "sigmoid identity relu gelu silu",
    "relu silu gelu squared_relu",
    "swish softplus gelu mish",
])  # fmt: skip
def test_what_is_drawn_together_is_told_apart(together, eyes):
    places = [place(np.array(EYES[eyes]) @ light(color_of(name))) for name in together.split()]
    least = 0.1 if eyes == "usual" else 0.04
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(places, 2)) > least


def test_what_is_not_of_the_catalog_gets_the_least_used_colour_of_the_palette():
    assert free_color([]) == PALETTE[0] and free_color([PALETTE[0]]) == PALETTE[1]
    assert free_color([*PALETTE, PALETTE[0], "#123456"]) == PALETTE[1]
    assert free_color(["#123456"], "#123456") == PALETTE[0] and free_color([PALETTE[0]], "#123456") == "#123456"


def test_an_own_colour_is_known_by_name_block_and_function():
    own = [own_color(one) for one in ("silu", SiLU(), functional.silu, get_activation(functional.silu))]
    assert {*own} == {color_of("silu")}
    assert own_color(lambda x: x) is None and own_color("rrelu") is None


def test_the_colours_in_a_picture_are_those_of_its_labelled_curves(closed_figures):
    _, ax = plt.subplots()
    ax.plot([0], [0], color="c", label="a")
    ax.plot([0], [0], color=PALETTE[2])
    ax.plot([0], [0], color=PALETTE[1].lower(), label="b")
    assert colors_in(ax) == ["#00BFBF", PALETTE[1]]


def test_own_colours_come_first():
    """Or what comes twice would take that of a later one."""
    blue, orange = PALETTE[:2]
    assert colors_of([]) == []
    assert colors_of([blue, None, orange]) == [blue, PALETTE[2], orange]
    assert colors_of([None, blue, blue, orange]) == [PALETTE[2], blue, PALETTE[3], orange]
    assert colors_of(["#123456"] * 3) == ["#123456", *PALETTE[:2]]
