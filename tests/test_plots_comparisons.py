"""The picture of a comparison shows what its table says."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from gluon_activations._compare import Comparison
from gluon_activations.plots import plot_comparison
from gluon_activations.plots.style import GREY, PALETTE

pytestmark = pytest.mark.usefixtures("closed_figures")

COLORS = {"better": PALETTE[2], "equivalent": PALETTE[0], "undecided": GREY, "worse": PALETTE[1]}


def row(activation, difference, half, verdict=None):
    """What a comparison says of one."""
    said = {
        "activation": activation,
        "difference": difference,
        "low": difference - half,
        "high": difference + half,
    }
    return said if verdict is None else {**said, "verdict": verdict}


ROWS = [
    row("gelu", -0.4, 0.1, "better"),
    row("elu", 0.02, 0.03, "equivalent"),
    row("tanh", 0.3, 0.5, "undecided"),
    row("sine", 0.9, 0.2, "worse"),
]
AGAIN = row("relu", 0.01, 0.04)


def drawn(rows=ROWS, check=AGAIN, ax=None):
    found = Comparison("relu", 0.25, 0.05, 1.0, None, rows, check, [], [])
    return plot_comparison(found, ax=ax)


def test_rows_stand_from_the_best_at_the_top_to_the_worst():
    ax = drawn()
    assert [text.get_text() for text in ax.get_yticklabels()] == ["relu, again", "sine", "tanh", "elu", "gelu"]
    dots = [box.lines[0] for box in ax.containers]
    assert [tuple(dot.get_xydata()[0]) for dot in dots] == [(0.01, 0), (0.9, 1), (0.3, 2), (0.02, 3), (-0.4, 4)]
    bars = [box.lines[2][0].get_segments()[0][:, 0] for box in ax.containers]
    np.testing.assert_allclose(bars, [[-0.03, 0.05], [0.7, 1.1], [-0.2, 0.8], [-0.01, 0.05], [-0.5, -0.3]])


def test_colours_are_those_of_the_verdicts_and_the_key_names_them():
    ax = drawn()
    check, *dots = (box.lines[0] for box in ax.containers)
    assert [dot.get_color() for dot in dots] == [COLORS[v] for v in ("worse", "undecided", "equivalent", "better")]
    assert [dot.get_markerfacecolor() for dot in dots] == [dot.get_color() for dot in dots]
    assert (check.get_color(), check.get_markerfacecolor()) == (GREY, "none")
    key = ax.get_legend()
    assert {t.get_text(): h.get_color() for t, h in zip(key.get_texts(), key.legend_handles)} == COLORS
    assert key._ncols == 4 and not key.get_frame_on()
    ax.figure.canvas.draw()
    above, frame = key.get_window_extent(), ax.get_window_extent()
    assert frame.y1 <= above.y0 < frame.y1 + 20 and above.x0 + above.x1 == pytest.approx(
        frame.x0 + frame.x1, abs=2
    )


def test_the_key_has_the_verdicts_that_there_are_alone():
    key = drawn(ROWS[1:3]).get_legend()
    assert [text.get_text() for text in key.get_texts()] == ["equivalent", "undecided"] and key._ncols == 2


def test_the_margin_is_a_band_around_0():
    ax = drawn()
    (band,) = ax.patches
    assert (band.get_x(), band.get_x() + band.get_width()) == (-0.25, 0.25)
    assert band.get_facecolor() == pytest.approx(to_rgba(GREY, 0.15)) and band.get_linewidth() == 0
    (middle,) = (line for line in ax.lines if len(line.get_xdata()) == 2)
    assert ([*middle.get_xdata()], middle.get_color(), middle.get_linewidth()) == ([0, 0], GREY, 0.8)
    assert {box.lines[0].get_markersize() for box in ax.containers} == {5}
    assert ax.get_xlabel() == "test loss minus that of relu"


def test_a_figure_grows_with_its_rows():
    heights = [drawn(ROWS[:count]).figure.get_figheight() for count in (1, 2, 4)]
    np.testing.assert_allclose(np.diff(heights), [0.3, 0.6])
    assert heights[0] == pytest.approx(1.4 + 2 * 0.3)


def test_without_a_check_the_rows_begin_at_the_bottom():
    ax = drawn(ROWS[:2], check={})
    assert [text.get_text() for text in ax.get_yticklabels()] == ["elu", "gelu"]
    assert [box.lines[0].get_markerfacecolor() for box in ax.containers] == [
        COLORS["equivalent"],
        COLORS["better"],
    ]


def test_it_is_drawn_where_asked():
    figure, ax = plt.subplots()
    assert drawn(ax=ax) is ax and ax.figure is figure and len(plt.get_fignums()) == 1
