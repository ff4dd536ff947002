"""The one look of all figures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from gluon_activations import plots
from gluon_activations.plots import style
from gluon_activations.plots.style import DASHED, DOTTED, GREY, PALETTE, finish, panels, tidy

pytestmark = pytest.mark.usefixtures("closed_figures")


def test_the_palette_and_the_dashes():
    # Okabe and Ito's, without yellow; then violet and grey.
    known = "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #6B4C9A #7F7F7F"
    assert PALETTE == tuple(known.split()) and GREY == "#8C8C8C"
    assert DASHED == (0, (4, 2)) and DOTTED == ":"


@pytest.mark.parametrize("shape, size", [
    ((), (7, 3.6)), ((2,), (7, 6.2)), ((1, 2), (9, 3.6)), ((3, 5), (9, 8.8)), ((2, 1), (7, 6.2)),
])  # fmt: skip
def test_the_size_of_a_figure(shape, size):
    figure, axes = panels(*shape)
    np.testing.assert_allclose(figure.get_size_inches(), size)
    assert figure.dpi == 160 and type(figure.get_layout_engine()).__name__ == "ConstrainedLayoutEngine"
    assert len(figure.axes) == np.prod(shape or 1) and np.size(axes) == len(figure.axes)


def test_another_height_and_what_pyplot_takes():
    figure, (left, right) = panels(1, 2, height=2, sharey=True)
    assert tuple(figure.get_size_inches()) == (9, 2)
    left.set_ylim(3, 4)
    assert right.get_ylim() == (3, 4) and figure is plt.gcf()
    assert panels(squeeze=False)[1].shape == (1, 1)


def test_tidy_takes_two_sides_of_the_frame_away():
    _, ax = plt.subplots()
    assert tidy(ax) is ax
    assert [ax.spines[side].get_visible() for side in ("top", "right", "left", "bottom")] == [
        False,
        False,
        True,
        True,
    ]


def test_finish_draws_zero_lines_and_sets_the_rest():
    _, ax = plt.subplots()
    ax.plot([-1, 1], [5, 6])
    assert finish(ax, (-1, 2), "height") is None
    assert (ax.get_xlim(), ax.get_xlabel(), ax.get_ylabel()) == ((-1, 2), "input x", "height")
    level, upright = ax.lines[1:]
    assert list(level.get_ydata()) == [0, 0] and list(upright.get_xdata()) == [0, 0]
    assert {(line.get_color(), line.get_linewidth(), line.get_zorder()) for line in (level, upright)} == {
        (GREY, 0.6, 0)
    }
    assert not ax.spines["top"].get_visible() and not ax.spines["right"].get_visible()


def test_the_room_offers_what_its_modules_do():
    assert plots.__all__ == sorted(plots.__all__) and all(hasattr(plots, name) for name in plots.__all__)
    rooms = (plots.activations, plots.cards, plots.colors, plots.comparisons, plots.nets, plots.sliders, style)
    offered = {name for room in rooms for name in room.__all__}
    assert set(plots.__all__) == offered - {"finish"}
