"""The pictures of activations, by the data that they draw."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import same_color

import gluon_activations
from gluon_activations import (
    CATALOG,
    GELU,
    Mish,
    SiLU,
    Softmax,
    Swish,
    activations,
    compare_activations,
    evaluate,
    functional,
    visualize_activation,
)
from gluon_activations.plots import GREY, PALETTE, color_of, gallery, mark
from tests.references import RECORDS

import mxnet as mx
from mxnet.gluon import nn

pytestmark = pytest.mark.usefixtures("closed_figures")


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def curves(ax):
    """The x, value and gradient that were drawn."""
    value, slope = ax.lines[:2]
    return value.get_xdata(), value.get_ydata(), slope.get_ydata()


def prelu():
    made = nn.PReLU(mx.init.Constant(0.1))
    made.initialize()
    return made


# The calls of both MXNet tutorials, and what their legends should say.
TUTORIAL = [
    (lambda: nn.Activation("sigmoid"), "Sigmoid"),
    (lambda: nn.Activation("tanh"), "Tanh"),
    (lambda: nn.Activation("softsign"), "Softsign"),
    (lambda: nn.Activation("relu"), "ReLU"),
    (lambda: nn.Activation("softrelu"), "Softplus"),
    (lambda: nn.LeakyReLU(0.05), "LeakyReLU"),
    (prelu, "PReLU"),
    (lambda: nn.ELU(), "ELU"),
    (lambda: nn.SELU(), "SELU"),
    (lambda: nn.Swish(), "Swish"),
    (lambda: nn.GELU(), "GELU"),
    (SiLU, "SiLU"),
]


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("make, name", TUTORIAL)
def test_the_calls_of_the_tutorials(arrays, make, name, hybridize):
    for _ in range(3):
        block = make()
        if hybridize:
            block.hybridize()
        ax = visualize_activation(block)
        assert legend(ax) == [f"{name} activation", f"{name} gradient"]
    x, value, slope = curves(ax)
    assert len(x) == 501 and (x[0], x[-1]) == (-10, 10)
    np.testing.assert_allclose(value, block(arrays(x)).asnumpy(), rtol=1e-6)
    expected = evaluate(block, arrays(x))[1].asnumpy()  # MXNet's own slope, be it right or not
    np.testing.assert_allclose(slope, expected, rtol=1e-6)


@pytest.mark.parametrize("name", activations("elements"))
def test_every_name_draws_value_solid_and_gradient_dashed_in_one_colour(arrays, name):
    ax = visualize_activation(name, xlim=(-3, 3), points=61)
    value, slope = ax.lines[:2]
    assert value.get_color() == slope.get_color()
    assert value.get_linestyle() == "-" and slope.get_linestyle() == "--"
    assert legend(ax)[0] == f"{CATALOG[name].title} activation"
    assert ax.get_xlabel() == "input x" and ax.get_xlim() == (-3, 3)


def test_functions_and_labels(arrays):
    assert legend(visualize_activation(functional.mish)) == ["mish activation", "mish gradient"]
    assert legend(visualize_activation("relu", label="mine"))[1] == "mine gradient"


def test_draws_into_the_axes_given_and_touches_no_setting(arrays):
    before = plt.rcParams.copy()
    figure, ax = plt.subplots()
    assert visualize_activation("relu", ax=ax, linewidth=5) is ax
    assert visualize_activation("elu", ax=ax) is ax
    assert [line.get_linewidth() for line in ax.lines[:2]] == [5, 5]
    drawn = [line.get_color() for line in ax.lines if not line.get_label().startswith("_")]
    assert drawn == [color_of(name) for name in ("relu", "relu", "elu", "elu")]
    assert plt.rcParams == before


def test_an_uninitialised_block_and_one_with_channels(arrays):
    assert len(curves(visualize_activation(Swish(learnable=True)))[1]) == 501
    swish = Swish(learnable=True, in_channels=3)
    swish.initialize()
    swish.beta.set_data(arrays([0.5, 1.0, 2.0]))
    ax = visualize_activation(swish)
    solid = [line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 501]
    assert len(solid) == 3
    at_minus_one = [line.get_ydata()[225] for line in solid]
    np.testing.assert_allclose(at_minus_one, [-1 / (1 + np.exp(b)) for b in (0.5, 1, 2)], rtol=1e-5)
    for style, name in (("-", "Swish activation"), ("--", "Swish gradient")):  # the first of three has the name
        drawn = [line.get_label() for line in ax.lines if line.get_linestyle() == style and line.get_zorder()]
        assert len(drawn) == 3 and drawn[0] == name and all(label.startswith("_") for label in drawn[1:])
    visualize_activation("relu", ax=ax)
    assert ax.lines[-4].get_color() == PALETTE[1]
    for panel in compare_activations([swish], labels=["three"]).axes:
        assert panel.lines[0].get_label() == "three"


def test_compare_puts_values_beside_gradients(arrays):
    figure = compare_activations(["relu", "silu"], xlim=(-2, 2), points=5)
    left, right = figure.axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), [0, 0, 0, 1, 2])
    np.testing.assert_allclose(right.lines[0].get_ydata(), [0, 0, 0, 1, 1])
    assert legend(left) == ["ReLU", "SiLU"]
    assert left.lines[1].get_color() == right.lines[1].get_color() == color_of("silu")


def test_compare_with_parameters_labels_and_many_curves(arrays):
    figure = compare_activations(["swish"] * 2, params=[{"beta": 1}, {"beta": 5}])
    assert legend(figure.axes[0]) == ["Swish, beta=1", "Swish, beta=5"]
    at_minus_4 = [line.get_ydata()[0] for line in figure.axes[0].lines[:2]]
    np.testing.assert_allclose(at_minus_4, [-4 / (1 + np.exp(4)), -4 / (1 + np.exp(20))], rtol=1e-4)
    figure = compare_activations(["relu", "elu", "silu", "gelu"])
    assert figure.axes[0].get_legend() is None
    names = figure.axes[0].texts
    assert sorted(text.get_text().strip() for text in names) == ["ELU", "GELU", "ReLU", "SiLU"]
    heights = sorted(text.xy[1] for text in names)
    low, high = figure.axes[0].get_ylim()
    assert min(np.diff(heights)) >= 0.069 * (high - low) and heights[-1] <= high


def test_ordinary_arguments(arrays):
    ax = visualize_activation("relu", ctx="cpu", lw=3, c="black")
    assert ax.lines[0].get_linewidth() == 3 and ax.lines[1].get_color() == "black"
    with pytest.raises(TypeError, match="name, a block, a function or None"):
        visualize_activation(SiLU)
    with pytest.raises(ValueError, match="not 3"):
        visualize_activation("relu", xlim=3)
    half = Swish(learnable=True)
    half.cast("float16")
    assert len(curves(visualize_activation(half))[0]) == 501


def test_blocks_that_differ_in_their_options_get_different_names(arrays):
    figure = compare_activations([Swish(1), Swish(5)])
    assert legend(figure.axes[0]) == ["Swish, beta=1", "Swish, beta=5"]
    third = compare_activations([Swish(1 / 3), GELU("tanh"), nn.Swish(5), Mish()][:3])
    assert legend(third.axes[0]) == ["Swish, beta=0.3333", "GELU, approximate=tanh", "Swish"]
    numbers = [{"beta": np.float32(1.3)}, {"beta": 2}]
    assert legend(compare_activations(["swish"] * 2, params=numbers).axes[0]) == [
        "Swish, beta=1.3",
        "Swish, beta=2",
    ]


def test_gallery_shows_the_whole_catalog(arrays):
    figure = gallery()
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert titles == [CATALOG[name].title for name in activations("elements")]


@pytest.mark.parametrize("wrong, message", [
    (dict(xlim=(1, -1)), r"low < high, not \(1, -1\)"),
    (dict(xlim=(2, 2)), r"low < high, not \(2, 2\)"),
    (dict(points=1), "2 or more, not 1"),
])  # fmt: skip
def test_visualize_refuses(arrays, wrong, message):
    with pytest.raises(ValueError, match=message):
        visualize_activation("relu", **wrong)


def test_compare_refuses_nothing_and_unequal_lengths(arrays):
    with pytest.raises(ValueError, match="there is nothing to draw: no activation was given"):
        compare_activations([])
    lengths = "there are as many of one as of the other, not "
    for wrong, message in (
        (dict(params=[{}, {}]), "1 activations, 2 params, 1 labels"),
        (dict(labels=[]), "1 activations, 1 params, 0 labels"),
    ):
        with pytest.raises(ValueError, match=lengths + message):
            compare_activations(["relu"], **wrong)


@pytest.mark.parametrize("draw", [compare_activations, gallery])
def test_one_is_not_several(draw):
    for one, shown in (("relu", "'relu'"), (Mish(), r"Mish\(\)"), (SiLU, "<class")):
        with pytest.raises(TypeError, match=rf"several activations are asked for, as a list: \[{shown}"):
            draw(one)


@pytest.mark.parametrize("wrong, message", [
    (dict(names=["rleu"]), "no activation is called 'rleu'; nearest: relu"),
    (dict(names=[]), "there is nothing to draw"),
    (dict(columns=0), "columns is 1 or more, not 0"),
    (dict(columns=-2), "columns is 1 or more, not -2"),
    (dict(names=["softmax"]), "Softmax cannot be drawn: it gives no value to each element by itself"),
])  # fmt: skip
def test_gallery_refuses(wrong, message):
    with pytest.raises(ValueError, match=message):
        gallery(**wrong)


@pytest.mark.parametrize("wrong, name, message", [
    (nn.BatchNorm(), "BatchNorm", r"it fails for an array of shape \(501,\)"),
    (nn.Dense(3), "Dense", "it "),
    (Softmax(), "Softmax", "it gives no value to each element by itself"),
    ("glu", "GLU", "it gives no value to each element by itself"),
    (lambda x: x.sum(), "<lambda>", "it gives no value to each element by itself"),
    (lambda x: x - x.mean(), "<lambda>", "it gives no value to each element by itself"),
    (lambda x, y: x, "<lambda>", r"it fails for an array of shape \(501,\)"),
    (lambda x: 3, "<lambda>", r"it fails for an array of shape \(501,\)"),
])  # fmt: skip
def test_what_has_no_curve_is_refused_in_a_line(wrong, name, message):
    with pytest.raises(ValueError, match=f"^{name} cannot be drawn: {message}"):
        visualize_activation(wrong)
    assert plt.get_fignums() == []


def test_the_curves_are_drawn_as_all_curves_are(arrays):
    ax = visualize_activation("silu", points=5, xlim=(-2, 2))
    value, slope = ax.lines[:2]
    f = [-0.238406, -0.268941, 0, 0.731059, 1.761594]
    np.testing.assert_allclose(value.get_ydata(), f, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(slope.get_ydata(), [-0.090784, 0.072330, 0.5, 0.927671, 1.090784], rtol=1e-4)
    assert value.get_linewidth() == slope.get_linewidth() == 2 and value.get_color() == color_of("silu")
    assert ax.get_ylabel() == "value and gradient" and not ax.get_legend().get_frame_on()
    assert len(ax.lines) == 4 and ax.lines[2].get_color() == GREY
    assert tuple(ax.figure.get_size_inches()) == (7, 3.6)
    assert len(visualize_activation("relu", points=2).lines[0].get_xdata()) == 2
    assert visualize_activation("relu").get_xlim() == (-10, 10)


def test_gradients_are_dashed_four_on_two_off(arrays, tmp_path):
    figures = [visualize_activation("silu").figure, compare_activations(["silu"])]
    for figure in figures:
        figure.savefig(tmp_path / "figure.svg")
        text = (tmp_path / "figure.svg").read_text()
        assert text.count("stroke-dasharray: 8,4") >= 1
    assert visualize_activation("silu", linestyle=":").lines[0].get_linestyle() == ":"


def test_a_curve_has_its_own_colour_and_what_comes_again_one_that_is_used_least(arrays):
    others = [color for color in PALETTE if color != color_of("relu")]
    nine = [color_of("relu"), *others, color_of("relu")]
    _, ax = plt.subplots()
    ax.axhline(0, color=others[0])
    for _ in range(9):
        visualize_activation("relu", ax=ax, points=3)
    assert [line.get_color() for line in ax.lines if not line.get_label().startswith("_")][::2] == nine
    figure = compare_activations(["relu"] * 9, points=3)
    assert [line.get_color() for line in figure.axes[1].lines[:9]] == nine
    figure = compare_activations(["swish", "swish", "swish", "relu"], points=3)
    drawn = [line.get_color() for line in figure.axes[0].lines[:4]]
    assert drawn == [color_of("swish"), PALETTE[0], PALETTE[2], color_of("relu")]


@pytest.mark.parametrize("color", [PALETTE[3], np.array([0.1, 0.2, 0.3, 1.0])])
def test_a_colour_may_be_given(color):
    ax = visualize_activation("mish", color=color, points=3)
    assert all(same_color(line.get_color(), color) for line in ax.lines[:2])


def test_a_new_curve_avoids_the_colours_of_what_is_drawn():
    _, ax = plt.subplots()
    ax.plot([0], [0], color=color_of("relu").lower(), label="a limit")
    assert visualize_activation("relu", ax=ax, points=3).lines[1].get_color() == PALETTE[0]
    assert visualize_activation(lambda x: x, ax=ax, points=3).lines[-4].get_color() == PALETTE[2]


def test_both_panels_of_a_comparison(arrays):
    figure = compare_activations(["relu", "silu", "elu"], points=7, labels=["a", None, "c"])
    left, right = figure.axes
    assert legend(left) == ["a", "SiLU", "c"] and right.get_legend() is None
    assert not left.get_legend().get_frame_on()
    for panel, ylabel, style in ((left, "value", "-"), (right, "gradient", "--")):
        assert panel.get_xlim() == (-4, 4) and panel.get_ylabel() == ylabel and panel.get_xlabel() == "input x"
        assert {line.get_linestyle() for line in panel.lines[:3]} == {style} and not panel.texts
        assert {line.get_linewidth() for line in panel.lines[:3]} == {2} and len(panel.lines) == 5
        assert panel.lines[0].get_xdata().tolist() == np.linspace(-4, 4, 7).tolist()
    assert tuple(figure.get_size_inches()) == (9, 3.6)
    assert len(compare_activations(["relu"]).axes[0].lines[0].get_xdata()) == 501
    assert compare_activations(["relu"], xlim=(1, 2)).axes[1].get_xlim() == (1, 2)


def test_names_at_ends_keep_their_order_and_colour(arrays):
    def flat(height):
        def function(x):
            return x * 0 + height

        return function

    given = [0.0, 1.0, 0.999, 0.0, 0.5]
    figure = compare_activations([flat(height) for height in given], labels=["a", "b", "c", "d", "e"], points=3)
    left, right = figure.axes
    low, high = left.get_ylim()
    names = sorted(left.texts, key=lambda text: text.xy[1])
    assert [text.get_text() for text in names] == [" a", " d", " e", " c", " b"]
    colors = {line.get_label(): line.get_color() for line in left.lines}
    assert all(text.get_color() == colors[text.get_text()[1:]] for text in names)
    heights = [text.xy[1] for text in names]
    gap = 0.07 * (high - low)
    np.testing.assert_allclose(heights[:3], [0, gap, 0.5])
    np.testing.assert_allclose(heights[3:], [0.999, 0.999 + gap] if 0.999 + gap < high else [high - gap, high])
    assert {text.xy[0] for text in names} == {1.0} and {text.get_va() for text in names} == {"center"}
    assert all(text.xycoords == ("axes fraction", "data") for text in names) and len(right.texts) == 5


def test_names_at_ends_stand_where_curves_end_or_close_below_each_other(arrays):
    figure = compare_activations([lambda x, k=k: x * k for k in (1, 2, 3, 4)], xlim=(0, 1), points=3)
    assert [text.xy[1] for text in figure.axes[0].texts] == [1, 2, 3, 4]
    left, _ = compare_activations([lambda x: x * 0 + 1] * 5, points=3).axes
    low, high = left.get_ylim()
    expected = high - 0.07 * (high - low) * np.arange(5)[::-1]
    np.testing.assert_allclose([text.xy[1] for text in left.texts], expected)


def test_gallery_s_panels(arrays):
    names = ["hard_swish", "relu6", "softplus", "elu", "SiLU", "mish"]
    figure = gallery(names, columns=4)
    drawn = [ax for ax in figure.axes if ax.axison]
    assert len(figure.axes) == 8 and len(drawn) == 6 and tuple(figure.get_size_inches()) == (9, 3.8)
    for name, ax in zip(names, drawn):
        entry = CATALOG[name.lower()]
        value, slope, level, upright, *marks = ax.lines
        assert ax.get_title() == entry.title and ax.get_xlim() == (-4, 4) and ax.get_ylim() == (-2, 4)
        assert ax.get_xlabel() == ax.get_ylabel() == "" and ax.get_legend() is None
        assert {line.get_color() for line in (value, slope, *marks)} == {color_of(entry)}
        assert len(marks) == bool(entry.kinks) + bool(entry.minimum)
        assert {line.get_markersize() for line in marks} <= {4, 7}
    labelled = [ax.get_title() for ax in drawn if ax.xaxis.get_tick_params()["labelbottom"]]
    assert labelled == [CATALOG[name.lower()].title for name in names[2:]]  # the lowest panel of each column
    assert drawn[0].get_xticks().tolist() == [-2, 0, 2]
    first, *others = drawn
    for other in others:
        assert first.get_shared_x_axes().joined(first, other) and first.get_shared_y_axes().joined(first, other)
    assert gallery(["relu"], xlim=(-1, 1), columns=1).axes[0].get_xlim() == (-1, 1)
    assert len(gallery(["relu"]).axes) == 5


@pytest.mark.parametrize("name", activations("elements"))
def test_kinks_and_minima_are_marked(arrays, name):
    entry, (_, ax) = CATALOG[name], plt.subplots()
    assert mark(ax, entry, "#123456", 4) is None
    marks = list(ax.lines)
    if entry.kinks:
        dots = marks.pop(0)
        heights = RECORDS[name].float64(np.array(entry.kinks))[0]
        np.testing.assert_allclose(dots.get_xydata(), np.transpose([entry.kinks, heights]), rtol=1e-6, atol=1e-7)
        assert (dots.get_marker(), dots.get_markersize(), dots.get_linestyle()) == ("o", 4, "None")
        assert dots.get_color() == "#123456"
    if entry.minimum:
        triangle = marks.pop()
        assert triangle.get_xydata().tolist() == [list(entry.minimum)] and triangle.get_marker() == "v"
        assert triangle.get_markersize() == 7 and triangle.get_markeredgecolor() == "white"
        assert triangle.get_color() == "#123456"
    assert marks == []


def test_matplotlib_is_imported_only_for_pictures():
    def loaded_by(*modules):
        code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return {name.partition(".")[0] for name in done.stdout.split()}

    mxnet = "numpy_for_mxnet", "mxnet"  # in the order that today's NumPy wants
    own = loaded_by(*mxnet, "gluon_activations") - loaded_by(*mxnet)
    assert not own & {"matplotlib", "sklearn", "scipy"}  # MXNet itself loads the last two if it can
    assert "visualize_activation" in dir(gluon_activations)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = gluon_activations.nothing
