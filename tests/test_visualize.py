"""The pictures, by the data that they draw."""

import subprocess
import sys

import matplotlib.pyplot as plt
import mxnet as mx
import numpy as np
import pytest
from gluon_activations.visualize import PALETTE, tidy
from mxnet.gluon import loss as losses
from mxnet.gluon import nn

import gluon_activations
from gluon_activations import (
    CATALOG,
    SiLU,
    Swish,
    activations,
    compare_activations,
    functional,
    gallery,
    plot_dead_units,
    plot_gradient_statistics,
    plot_layer_statistics,
    plot_output,
    visualize_activation,
)
from tests.conftest import LINE


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


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
    (lambda: nn.Activation("softrelu"), "SoftReLU"),
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
    if name == "SELU":
        return  # MXNet's slope is wrong there, and drawn as it is
    numeric = np.gradient(value.astype(float), x)
    away = np.abs(x) > 0.1
    assert np.abs(numeric - slope)[away].max() < 2e-3


@pytest.mark.parametrize("name", activations())
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
    assert drawn == [PALETTE[0], PALETTE[0], PALETTE[1], PALETTE[1]]
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


def test_compare_puts_values_beside_gradients(arrays):
    figure = compare_activations(["relu", "silu"], xlim=(-2, 2), points=5)
    left, right = figure.axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), [0, 0, 0, 1, 2])
    np.testing.assert_allclose(right.lines[0].get_ydata(), [0, 0, 0, 1, 1])
    assert legend(left) == ["ReLU", "SiLU"]
    assert left.lines[1].get_color() == right.lines[1].get_color() == PALETTE[1]


def test_compare_with_parameters_labels_and_many_curves(arrays):
    figure = compare_activations(["swish"] * 2, params=[{"beta": 1}, {"beta": 5}])
    assert legend(figure.axes[0]) == ["Swish, beta=1", "Swish, beta=5"]
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
    assert legend(figure.axes[0]) == ["Swish(beta=1.0)", "Swish(beta=5.0)"]


def test_tidy_takes_two_sides_of_the_frame_away():
    _, ax = plt.subplots()
    assert tidy(ax) is ax
    assert [ax.spines[side].get_visible() for side in ("top", "right", "left", "bottom")] == [
        False,
        False,
        True,
        True,
    ]


def test_gallery_shows_the_whole_catalog(arrays):
    figure = gallery()
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert titles == [entry.title for entry in CATALOG.values()]


@pytest.mark.parametrize("wrong, message", [
    (dict(xlim=(1, -1)), r"low < high, not \(1, -1\)"),
    (dict(points=1), "2 or more, not 1"),
])  # fmt: skip
def test_visualize_refuses(arrays, wrong, message):
    with pytest.raises(ValueError, match=message):
        visualize_activation("relu", **wrong)


def test_compare_refuses_nothing_and_unequal_lengths(arrays):
    for wrong in (dict(activations=[]), dict(activations=["relu"], params=[{}, {}])):
        with pytest.raises(ValueError, match="got"):
            compare_activations(**wrong)


def test_matplotlib_is_imported_only_for_pictures():
    def loaded_by(*modules):
        code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return {name.partition(".")[0] for name in done.stdout.split()}

    own = loaded_by("mxnet", "gluon_activations") - loaded_by("mxnet")
    assert not own & {"matplotlib", "sklearn", "scipy"}  # MXNet itself loads the last two if it can
    assert "visualize_activation" in dir(gluon_activations)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = gluon_activations.nothing


# Pictures of a diagnosis.


def layers(count):
    rows = range(count)
    return [{"layer": f"{i} Dense", "mean": i / 10, "std": 1.0, "zeros": 0.25, "saturated": None} for i in rows]


def labels(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def test_layer_statistics_are_drawn_from_top_to_bottom():
    records = layers(3)
    records[1].update(layer="1 ReLU", saturated=0.5)
    ax = plot_layer_statistics(records)
    assert labels(ax) == ["0 Dense", "1 ReLU", "2 Dense"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first layer is on top
    dots = ax.lines[0]
    np.testing.assert_allclose(dots.get_xydata(), [[0, 0], [0.1, 1], [0.2, 2]])
    bars = ax.collections[0].get_segments()
    np.testing.assert_allclose(np.array(bars, "float")[:, :, 0], [[-1, 1], [-0.9, 1.1], [-0.8, 1.2]])
    written = [text.get_text() for text in ax.texts]
    assert written == ["zeros", "25 %", "25 %", "25 %", "saturated", "–", "50 %", "–"]


def test_gradient_statistics_are_drawn_on_a_logarithmic_axis():
    records = [{"layer": f"{i} Dense", "parameter": "weight", "norm": norm} for i, norm in enumerate((1e-9, 0, 1))]
    records.append({"layer": "3 PReLU", "parameter": "alpha", "norm": 0.5})
    ax = plot_gradient_statistics(records, label="first")
    assert ax.get_xscale() == "log" and labels(ax) == ["0 Dense", "1 Dense", "2 Dense", "3 PReLU alpha"]
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1e-9, np.nan, 1, 0.5])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [1])  # the gradient of 0, at the edge
    assert plot_gradient_statistics(records, ax=ax, label="second") is ax
    assert legend(ax) == ["first", "second"]
    assert ax.lines[0].get_color() == PALETTE[0] and ax.lines[2].get_color() == PALETTE[1]
    assert plot_gradient_statistics(records).get_legend() is None


def test_dead_units_are_drawn_as_shares():
    found = [{"layer": "1 ReLU", "units": 8, "dead": [1, 5]}, {"layer": "3 ReLU", "units": 4, "dead": []}]
    ax = plot_dead_units(found)
    assert [bar.get_width() for bar in ax.patches] == [25, 0] and labels(ax) == ["1 ReLU", "3 ReLU"]
    assert [text.get_text() for text in ax.texts] == ["2 of 8", "0 of 4"]


def test_a_diagnosis_of_thirty_layers_is_readable():
    found = [{"layer": f"{i} ReLU", "units": 8, "dead": []} for i in range(30)]
    gradients = [{"layer": f"{i} Dense", "parameter": "weight", "norm": 1.0} for i in range(30)]
    for ax in (plot_layer_statistics(layers(30)), plot_gradient_statistics(gradients), plot_dead_units(found)):
        ax.figure.canvas.draw()
        boxes = [text.get_window_extent() for text in ax.get_yticklabels()]
        assert len(boxes) == 30 and all(a.y0 >= b.y1 for a, b in zip(boxes, boxes[1:]))
        inside = [text.get_window_extent() for text in ax.texts] + boxes
        assert all(b.x0 >= 0 and b.x1 <= ax.figure.bbox.x1 and b.y1 <= ax.figure.bbox.y1 for b in inside)


def test_pictures_of_a_diagnosis_draw_where_they_are_told_and_refuse_nothing():
    figure, ax = plt.subplots()
    for draw in (plot_layer_statistics, plot_gradient_statistics, plot_dead_units):
        with pytest.raises(ValueError, match="no record was given"):
            draw([])
    assert plot_layer_statistics(layers(2), ax=ax) is ax
    assert plot_dead_units([{"layer": "1 ReLU", "units": 8, "dead": []}], ax=ax) is ax
    assert plot_output(None, losses.L2Loss(), ax=ax) is ax
    with pytest.raises(TypeError):
        plot_layer_statistics(layers(2), ax)


def test_the_output_layer_against_its_loss(arrays):
    loss = losses.SoftmaxCrossEntropyLoss()
    ax = plot_output(None, loss, classes=10)
    assert legend(ax) == ["no activation: loss", "no activation: gradient"]
    x, value, slope = curves(ax)
    rest = 9 / (9 + np.exp(x))
    np.testing.assert_allclose(value, -np.log1p(-rest), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(slope, rest, rtol=1e-4, atol=1e-5)
    assert not ax.texts
    plot_output("softmax", loss, classes=10, ax=ax)
    assert legend(ax)[2:] == ["softmax: loss", "softmax: gradient"]
    drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
    p = np.exp(x) / (9 + np.exp(x))
    np.testing.assert_allclose(drawn["softmax: loss"], np.log(np.exp(p) + 9 * np.exp((1 - p) / 9)) - p, rtol=1e-4)
    assert ax.texts[0].get_text() == "floor 1.461"  # ln(1 + 9/e)
    np.testing.assert_allclose(drawn["softmax: gradient"][0], 0, atol=1e-3)  # surely wrong, and no gradient


def test_other_outputs_and_losses(arrays):
    same = plot_output("log_softmax", losses.SoftmaxCrossEntropyLoss(from_logits=True), label="log-softmax")
    assert legend(same)[0] == "log-softmax: loss"
    raw = plot_output(None, losses.SoftmaxCrossEntropyLoss())
    np.testing.assert_allclose(same.lines[0].get_ydata(), raw.lines[0].get_ydata(), rtol=1e-4, atol=1e-5)
    if arrays.kind == "nd" or LINE == "2.0":  # 1.9's loss takes legacy arrays only, and sums where 2.0's averages
        kl = plot_output("log_softmax", losses.KLDivLoss()).lines[0].get_ydata()
        classes = 1 if LINE == "1.9" else 10
        np.testing.assert_allclose(kl * classes, raw.lines[0].get_ydata(), rtol=1e-4, atol=1e-5)
    ax = plot_output(nn.Activation("sigmoid"), losses.SigmoidBinaryCrossEntropyLoss(), xlim=(-5, 5))
    x, value, slope = curves(ax)
    s = 1 / (1 + np.exp(-x))
    np.testing.assert_allclose(value, np.log1p(np.exp(-s)), rtol=1e-4)
    np.testing.assert_allclose(slope, s * (1 - s) / (1 + np.exp(s)), rtol=1e-3, atol=1e-6)
    assert ax.texts[0].get_text() == "floor 0.313" and legend(ax)[0] == "Sigmoid: loss"
    assert ax.get_xlabel() == "score, for the target 1"
    for wrong, message in (({"classes": 1}, "classes is 2 or more"), ({"xlim": (1, 0)}, "xlim is an interval")):
        with pytest.raises(ValueError, match=message):
            plot_output(None, losses.SoftmaxCrossEntropyLoss(), **wrong)
    with pytest.raises(ValueError, match="one number for the whole batch"):
        plot_output(None, lambda output, target: (output - target).mean())
