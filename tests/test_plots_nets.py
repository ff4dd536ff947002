"""The pictures of nets, by the data that they draw."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from gluon_activations import HardTanh, array, functional, training
from gluon_activations.plots import (
    GREY,
    PALETTE,
    color_of,
    plot_dead_units,
    plot_gradient_statistics,
    plot_histograms,
    plot_layer_statistics,
    plot_output,
)
from tests.conftest import LINE

from mxnet.gluon import loss as losses
from mxnet.gluon import nn

pytestmark = pytest.mark.usefixtures("closed_figures")


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def curves(ax):
    """The x, value and gradient that were drawn."""
    value, slope = ax.lines[:2]
    return value.get_xdata(), value.get_ydata(), slope.get_ydata()


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
    assert legend(ax)[2:] == ["Softmax: loss", "Softmax: gradient"]
    drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
    p = np.exp(x) / (9 + np.exp(x))
    np.testing.assert_allclose(drawn["Softmax: loss"], np.log(np.exp(p) + 9 * np.exp((1 - p) / 9)) - p, rtol=1e-4)
    assert ax.texts[0].get_text() == "floor 1.461"  # ln(1 + 9/e)
    np.testing.assert_allclose(drawn["Softmax: gradient"][0], 0, atol=1e-3)  # surely wrong, and no gradient


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


def test_what_stands_beside_the_layers():
    records = layers(3)
    records[2].update(zeros=0.0049, saturated=0.996)
    ax = plot_layer_statistics(records)
    assert [text.get_text() for text in ax.texts[1:4]] == ["25 %", "25 %", "0 %"]
    assert [text.get_text() for text in ax.texts[5:]] == ["–", "–", "100 %"]
    assert [text.xy for text in ax.texts] == [(1, row) for row in (-1, 0, 1, 2)] * 2
    assert [text.xyann for text in ax.texts] == [(36, 0)] * 4 + [(90, 0)] * 4
    for text in ax.texts:
        assert (text.get_ha(), text.get_va()) == ("right", "center")
        assert (text.get_fontsize(), text.get_color()) == (8, GREY)
        assert text.xycoords == ("axes fraction", "data") and text.anncoords == "offset points"
        assert text.get_annotation_clip() is False
    assert ax.get_xlabel() == "output (mean ± standard deviation)"
    dots, zero = ax.lines[0], ax.lines[-1]
    assert (dots.get_marker(), dots.get_markersize(), dots.get_color()) == ("o", 5, PALETTE[0])
    assert ax.collections[0].get_linewidth() == 2 and list(zero.get_xdata()) == [0, 0]
    assert (zero.get_color(), zero.get_linewidth(), zero.get_zorder()) == (GREY, 0.6, 0)
    five, ticks = matplotlib.ticker.MaxNLocator(5), ax.xaxis.get_major_locator()
    assert all(ticks.tick_values(-k, k).tolist() == five.tick_values(-k, k).tolist() for k in (1, 7))


def test_rows_stand_as_high_as_they_need():
    for count in (1, 4):
        ax = plot_layer_statistics(layers(count))
        np.testing.assert_allclose(ax.figure.get_size_inches(), (7, 1.1 + 0.23 * count))
        assert ax.get_ylim() == (count - 0.4, -0.6) and ax.get_yticks().tolist() == list(range(count))
        assert {text.get_fontsize() for text in ax.get_yticklabels()} == {8}
        assert not ax.spines["top"].get_visible()


def gradients(*norms):
    return [{"layer": f"{i} Dense", "parameter": "weight", "norm": norm} for i, norm in enumerate(norms)]


def test_lengths_of_gradients():
    ax = plot_gradient_statistics(gradients(1e-3, 0, 2.0, 0))
    line, crosses = ax.lines
    assert line.get_ydata().tolist() == [0, 1, 2, 3] and line.get_marker() == "o"
    assert (line.get_markersize(), line.get_linewidth()) == (5, 1)
    assert crosses.get_xydata().tolist() == [[0, 1], [0, 3]] and crosses.get_marker() == "x"
    assert crosses.get_linestyle() == "None" and crosses.get_color() == line.get_color() == PALETTE[0]
    assert crosses.get_clip_on() is False and crosses.get_transform() == ax.get_yaxis_transform()
    assert ax.get_xlabel() == "length of the gradient of the loss"
    assert len(plot_gradient_statistics(gradients(1.0, 2.0)).lines) == 1
    _, ax = plt.subplots()
    for _ in range(9):
        plot_gradient_statistics(gradients(1.0), ax=ax, label="one")
    assert [line.get_color() for line in ax.lines] == [*PALETTE, PALETTE[0]]
    assert not ax.get_legend().get_frame_on()


def test_dead_units_bars():
    ax = plot_dead_units([{"layer": "a", "units": 8, "dead": [1, 5]}, {"layer": "b", "units": 4, "dead": []}])
    assert {bar.get_facecolor() for bar in ax.patches} == {matplotlib.colors.to_rgba(PALETTE[1])}
    assert [bar.get_y() for bar in ax.patches] == [-0.3, 0.7] and ax.get_xlim() == (0, 30)
    assert ax.get_xlabel() == "dead units (% of the layer's)"
    assert [(text.xy, text.xyann) for text in ax.texts] == [((25, 0), (4, 0)), ((0, 1), (4, 0))]
    for text in ax.texts:
        assert (text.get_va(), text.get_fontsize(), text.get_color()) == ("center", 8, GREY)
        assert text.anncoords == "offset points"
    none = plot_dead_units([{"layer": "a", "units": 8, "dead": []}])
    assert none.get_xlim() == (0, 12.5)
    with pytest.raises(ValueError, match="there is nothing to draw: no record was given"):
        plot_dead_units([])


def test_a_loss_drawn_as_all_curves_are(arrays):
    ax = plot_output("tanh", losses.L2Loss(), points=5, xlim=(-2, 2))
    x, value, slope = curves(ax)
    np.testing.assert_allclose(x, [-2, -1, 0, 1, 2])
    t = np.tanh(x)
    np.testing.assert_allclose(value, (t - 1) ** 2 / 2, rtol=1e-4)
    np.testing.assert_allclose(slope, (1 - t) * (1 - t**2), rtol=1e-4)
    solid, dashed = ax.lines[:2]
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    assert {line.get_color() for line in ax.lines[:2]} == {PALETTE[0]}
    assert {line.get_linewidth() for line in ax.lines[:2]} == {2}
    assert ax.get_ylabel() == "loss and size of its gradient" and ax.get_xlim() == (-2, 2)
    assert not ax.get_legend().get_frame_on() and tuple(ax.figure.get_size_inches()) == (7, 3.6)
    plot_output(None, losses.L1Loss(), ax=ax)
    assert ax.lines[5].get_color() == PALETTE[1] or ax.lines[4].get_color() == PALETTE[1]
    ax = plot_output(None, losses.L2Loss())
    assert len(curves(ax)[0]) == 501 and ax.get_xlim() == (-10, 10)
    assert plot_output(None, losses.L2Loss(), points=2).lines[0].get_xdata().tolist() == [-10, 10]


def test_the_floor_of_a_loss(arrays):
    ax = plot_output("sigmoid", losses.SigmoidBinaryCrossEntropyLoss(), xlim=(-3, 3))
    (text,), line = ax.texts, ax.lines[2]
    floor = np.log1p(np.exp(-1))
    np.testing.assert_allclose(line.get_ydata(), floor, rtol=1e-5)
    assert (line.get_linestyle(), line.get_linewidth(), line.get_zorder()) == (":", 0.8, 0)
    assert line.get_color() == text.get_color() == PALETTE[0]
    assert text.get_text() == "floor 0.313" and text.xy == (-3, pytest.approx(floor)) and text.xyann == (4, 3)
    assert text.anncoords == "offset points" and text.get_fontsize() == 8
    # A loss that falls to 0, and one that rises again beyond what is drawn, have none.
    entropy = losses.SigmoidBinaryCrossEntropyLoss()
    for activation, loss in ((None, entropy), ("tanh", losses.L2Loss()), (None, losses.L2Loss())):
        assert not plot_output(activation, loss, xlim=(-3, 3)).texts


def test_a_floor_is_what_no_drawn_loss_falls_below(arrays):
    def rises(x):
        return 2 + 2e-4 * functional.relu(x)

    reached = plot_output("hard_tanh", losses.SigmoidBinaryCrossEntropyLoss())
    assert [text.get_text() for text in reached.texts] == ["floor 0.313"]
    for activation, low, high, points in (
        (rises, -3, 3, 9),
        (HardTanh(-3, 3), -3, 3, 9),
        (HardTanh(-3, 1.5), 0, 1, 2),
    ):
        assert not plot_output(activation, losses.L2Loss(), xlim=(low, high), points=points).texts


def test_nothing_is_dropped_from_a_curve(arrays):
    ax = plot_output(nn.Dropout(0.5), losses.L2Loss(), xlim=(2, 4), points=30)
    x, value, slope = curves(ax)
    np.testing.assert_allclose([value, slope], [(x - 1) ** 2 / 2, x - 1], rtol=1e-5)


def test_how_many_classes_a_loss_compares(arrays):
    ten = plot_output(None, losses.SoftmaxCrossEntropyLoss())
    at_zero = curves(ten)[1][250]
    assert at_zero == pytest.approx(np.log(10), rel=1e-4)
    two = plot_output(None, losses.SoftmaxCrossEntropyLoss(), classes=2)
    assert curves(two)[1][250] == pytest.approx(np.log(2), rel=1e-4)
    assert ten.get_xlabel() == "score of the true class"
    dense = losses.SoftmaxCrossEntropyLoss(sparse_label=False)
    assert curves(plot_output(None, dense))[1][250] == pytest.approx(np.log(10), rel=1e-4)

    class Mine(losses.SoftmaxCrossEntropyLoss):
        """A child compares classes too."""

    assert plot_output(None, Mine()).get_xlabel() == "score of the true class"


def test_a_loss_that_cannot_be_drawn():
    for wrong, shown in ((losses.L2Loss, "<class"), (None, "None")):
        with pytest.raises(TypeError, match=rf"the loss is an object or a function, .*, not {shown}"):
            plot_output(None, wrong)
    with pytest.raises(ValueError, match="classes is 2 or more, not 1"):
        plot_output(None, losses.SoftmaxCrossEntropyLoss(), classes=1)
    with pytest.raises(ValueError, match="no activation is called 'sotfmax'; nearest: softmax"):
        plot_output("sotfmax", losses.L2Loss())


def test_histograms_are_of_the_activations_in_their_order():
    x = np.random.default_rng(0).normal(size=(50, 6)).astype("float32")
    nets = {name: training.mlp(name, inputs=6, hidden=(7,) * 9, outputs=2) for name in ("relu", "tanh")}
    figure = plot_histograms(nets, array(x), layers=3, bins=10)
    rows = np.reshape(figure.axes, (2, 3))
    for row, (name, net) in zip(rows, nets.items()):
        assert row[0].get_ylabel() == name
        for ax, place in zip(row, (1, 9, 17)):  # the first, middle and last of nine, behind a dense layer each
            values = net[: place + 1](array(x)).asnumpy()
            heights = [patch.get_height() for patch in ax.patches]
            np.testing.assert_allclose(heights, np.histogram(values, 10)[0])
            assert {patch.get_facecolor() for patch in ax.patches} == {to_rgba(color_of(name))}
            said = ax.get_xlabel().replace("−", "-").split(" ± ")
            np.testing.assert_allclose(
                [float(number) for number in said], [values.mean(), values.std()], rtol=0.06
            )
    assert [ax.get_title() for ax in rows[0]] == ["layer 1", "layer 5", "layer 9"]
    assert {ax.get_title() for ax in rows[1]} == {""}


def test_histograms_of_a_shallow_net_and_of_what_is_not_finite():
    net = training.mlp("relu", inputs=2, hidden=(3,), outputs=1)
    figure = plot_histograms({"a": net}, array(np.array([[np.inf, np.nan]] * 4)))
    assert [ax.get_xlabel() for ax in figure.axes] == ["nothing finite"]


def test_histograms_of_a_layer_with_an_activation_have_its_colour_and_what_has_none_the_palette_s():
    nets = {"own": nn.HybridLambda(lambda *arguments: 2 * arguments[-1])}
    nets |= {name: nn.Dense(3, activation=name) for name in ("tanh", "sigmoid")} | {
        "twice": nn.Activation("sigmoid")
    }
    for net in nets.values():
        net.initialize()
    figure = plot_histograms(nets, array(np.ones((4, 2))))
    expected = [PALETTE[1], *map(color_of, ("tanh", "sigmoid", "sigmoid"))]
    assert [ax.patches[0].get_facecolor() for ax in figure.axes] == [to_rgba(color) for color in expected]


def test_histograms_refuse():
    bare = nn.Dense(3)
    bare.initialize()
    with pytest.raises(ValueError, match="no activation was called in bare"):
        plot_histograms({"bare": bare}, array(np.ones((2, 2))))
    with pytest.raises(ValueError, match="no net was given"):
        plot_histograms({}, array(np.ones((2, 2))))
