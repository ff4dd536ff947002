"""Each look of diagnose by itself, on numbers just inside and just outside of what counts as a finding."""

from dataclasses import FrozenInstanceError
from fnmatch import fnmatchcase
from types import SimpleNamespace

import numpy as np
import pytest

from gluon_activations import SiLU, Softmax, diagnose
from gluon_activations.nets._looks import LOOKS, CannotLook
from gluon_activations.nets._seen import Gradient, Layer, Seen
from tests.nets import sequential, softmax_lambda

import mxnet as mx
from mxnet.gluon import loss as losses
from mxnet.gluon import nn

CE, BCE, L2 = losses.SoftmaxCrossEntropyLoss, losses.SigmoidBinaryCrossEntropyLoss, losses.L2Loss
DENSE, OTHER, RELU, TANH = nn.Dense(2), nn.Dense(2), nn.Activation("relu"), nn.Activation("tanh")
EMBEDDING, NORM, SOFTMAX, OWN = nn.Embedding(3, 2), nn.BatchNorm(), Softmax(), nn.Lambda(abs)


class Stand(Seen):
    """What a look reads, as it is given; ``net`` is a function to the output and to what the last layer gives."""

    def __init__(self, gradients=(), losses=None, **given):
        parts = {"x": [TWO], "y": np.zeros(8), "calls": [], "loss": None, "parameters": [], "inputs": ()}
        vars(self).update({**parts, **given, "_step": (list(gradients), losses)})

    def answer_to(self, change):
        return self.net(change(self.x[0]))


def sides(*columns):
    """Eight samples of features that have these means and spreads."""
    return np.array([[mean + sign * spread for mean, spread in columns] for sign in (1, -1) * 4])


TWO = sides((5, 2))


def layer(block, output=None, x=None, slope=None, name="0"):
    return Layer(name, block, x, np.zeros((8, 2)) if output is None else np.asarray(output), slope)


def gradient(weight, values, name="0", key="weight"):
    weight, values = np.asarray(weight, "float64"), np.asarray(values, "float64")
    return Gradient(name, key, SimpleNamespace(shape=weight.shape), weight, values)


def says(look, *expected, **given):
    """A look finds just this, each thing with its name, place and evidence (* is whatever); and gives a cure."""
    findings = list(LOOKS[look](Stand(**given)))
    texts = [f"{finding.name} ({finding.where}): {finding.evidence}" for finding in findings]
    assert len(texts) == len(expected) and all(map(fnmatchcase, texts, expected)), texts
    assert all(finding.cure for finding in findings)


def says_if(text, look, before, after="", **given):
    """A look finds one thing, with this text in its evidence; nothing if there is no text."""
    says(look, *([f"{before}{text}{after}"] if text else []), **given)


def refuses(look, why, **given):
    with pytest.raises(CannotLook, match=why):
        list(LOOKS[look](Stand(**given)))


# -- numbers and labels -----------------------------------------------------------------------


def test_a_batch_of_eight_samples_is_enough(arrays):
    net, x = sequential(nn.Dense(3)), np.ones((8, 2))
    net.initialize()
    report = diagnose(net, (arrays(x), arrays(np.full(8, 3))), CE())
    with pytest.raises(FrozenInstanceError):
        report.findings[0].name = ""
    with pytest.raises(ValueError, match="at least 8"):
        diagnose(net, (arrays(x[:7]), arrays(np.zeros(7))), CE())


def test_numbers_that_are_not_finite_are_counted_and_the_first_is_named():
    x = np.zeros((3, 4))
    x[1, 2], x[2, 0], x[2, 3] = np.nan, np.inf, -np.inf
    fine = SimpleNamespace(list_data=lambda: [mx.nd.zeros(2)])
    bad = SimpleNamespace(list_data=lambda: [mx.nd.array([1, np.inf, np.nan]), mx.nd.zeros(2)])
    given = {"x": [np.zeros(2), x], "y": np.array([0, np.nan])}
    expected = [
        "nan or infinity in the data (the batch): 3 of the 12 numbers of x are *, the first at (1, 2).",
        "nan or infinity in the data (the batch): 1 of the 2 numbers of y are *, the first at (1,).",
        "nan or infinity in the parameters (1): 2 of the 3 numbers of bias are nan or infinite.",
    ]
    says("numbers", *expected, **given, parameters=[("0", "weight", fine), ("1", "bias", bad)])


ONE_HOT, BINARY = CE(sparse_label=False), losses.LogisticLoss(label_format="binary")
CLASSES = "and the output has 3 classes: the loss wants whole numbers from 0 to 2, *"


@pytest.mark.parametrize("loss, y, text", [
    (CE(), [0, 1, 2, 1], ""), (CE(), [0, 1, 1.5, 1], f"0 to 1.5, {CLASSES}"),
    (CE(), [-1, 0, 1, 2], f"−1 to 2, {CLASSES}"), (CE(), [0, 1, 2, 3], f"0 to 3, {CLASSES}"),
    (ONE_HOT, np.eye(3), ""), (ONE_HOT, np.full((2, 3), 1.0009 / 3), ""),
    (ONE_HOT, np.diag([0.998, 1, 1.002]), "0 to 1.002, and sums to 0.998 to 1.002: *"),
    (ONE_HOT, np.diag([1, 1, 0.9989]), "0 to 1, and sums to 0.9989 to 1: *"),
    (ONE_HOT, [[1.5, -0.5, 0]], "−0.5 to 1.5, and sums to 1 to 1: *"),
    (CE(axis=0, sparse_label=False), np.eye(3)[:, :2], ""),
    (losses.HingeLoss(), [-1, 1, 1, 1], ""),
    (losses.HingeLoss(), [-1, 0, 1, 1], "−1 to 1: HingeLoss wants -1 and 1, and 25% of them are not."),
    (losses.SquaredHingeLoss(), [2, 1, 1, 1], "1 to 2: SquaredHingeLoss wants -1 and 1, and 25% *"),
    (losses.LogisticLoss(), [-1, 1, 1, 1], ""),
    (losses.LogisticLoss(), [0, 1, 1, 1], "0 to 1: LogisticLoss wants -1 and 1, and 25% *"),
    (BINARY, [0, 1, 1, 1], ""),
    (BINARY, [-1, 0, 1, 1], "−1 to 1: LogisticLoss wants 0 and 1, and 25% *"),
    (BCE(), [0, 0.5, 1, 1], ""), (BCE(), [-0.1, 0, 1.1, 1], "−0.1 to 1.1: Sigmoid* wants 0 to 1, and 50% *"),
    (losses.PoissonNLLLoss(), [0, 0.5, 9, 9], ""), (L2(), [-9, 0.5, 9, 9], ""),
    (losses.PoissonNLLLoss(), [-0.5, 0, 9, 9], "−0.5 to 9: PoissonNLLLoss wants 0 and more, and 25% *"),
])  # fmt: skip
def test_labels_that_a_loss_wants_and_does_not_want(loss, y, text):
    given = {"loss": loss, "y": np.asarray(y, "float64"), "answer": (np.zeros((4, 3)), None)}
    says_if(text, "labels", "labels that the loss does not mean (the batch): y runs from ", **given)


def test_labels_are_to_be_mapped_to_what_the_loss_wants():
    (finding,) = LOOKS["labels"](Stand(loss=losses.HingeLoss(), answer=(np.zeros(8), None)))
    assert finding.cure == "Map the labels to -1 and 1, or take the loss that they are meant for."


@pytest.mark.parametrize("output, y, made, is_found", [
    ((4, 1), (4,), 16, True), ((2, 1), (2,), 4, True), ((4,), (4,), 4, False), ((1, 1), (4,), 5, False),
    ((4, 1), (4,), None, False),
])  # fmt: skip
def test_a_loss_that_makes_more_numbers_than_it_is_given(output, y, made, is_found):
    given = {"y": np.zeros(y), "answer": (np.zeros(output), None), "losses": made and np.zeros(made)}
    text = f"shape {output} and y {y}, of which the loss makes {made} numbers: *" if is_found else ""
    says_if(text, "labels", "output and labels of different shapes (the batch): The output has ", **given)


@pytest.mark.parametrize("block, x, text", [
    (EMBEDDING, [0, 2], ""), (EMBEDDING, [-1, 1], "-1 to 1"), (EMBEDDING, [0, 3], "0 to 3"), (EMBEDDING, None, ""),
    (DENSE, [-9, 9], ""),
])  # fmt: skip
def test_numbers_that_an_embedding_has(block, x, text):
    given = {"calls": [layer(block, x=x and np.array(x))], "answer": (np.zeros(8), None)}
    before = "numbers that the embedding does not have (0): It has 3 vectors, and is asked for "
    says_if(text, "labels", before, ": MXNet *", **given)


# -- symmetry ---------------------------------------------------------------------------------

APART, ALIKE = np.diag([1.0, 2, 3, 4]), np.ones((4, 3))


@pytest.mark.parametrize("weight, values, kinds", [
    (APART, APART, 4), (ALIKE, ALIKE, 1), (ALIKE, APART, 4), (APART, ALIKE, 4), (ALIKE[:2], ALIKE[:2], 1),
    (APART[[0, 0, 1, 1]], ALIKE, 2), (APART[[0, 0, 1, 2]], ALIKE, 3), (ALIKE[:1], ALIKE[:1], 1),
    ([[1000, 0.4], [1000, -0.4]], ALIKE[:2], 1), ([[1000, 0.6], [1000, 0]], ALIKE[:2], 2),
    ([[2e-3, 0.4e-6], [2e-3, 0]], ALIKE[:2], 1), ([[2e-3, 1.2e-6], [2e-3, 0]], ALIKE[:2], 2),
    (np.ones((4, 3, 2, 2)), np.ones((4, 3, 2, 2)), 1), (np.zeros((4, 3)), ALIKE, 1),
])  # fmt: skip
def test_units_that_are_alike(weight, values, kinds):
    units, good = len(weight), "1 unit." if kinds == 1 else f"{kinds} units."
    text = f"Of its {units} units {units - kinds} have *as good as one with {good}" if kinds <= units / 2 else ""
    gradients = [gradient(weight, values), gradient(APART, APART)]
    says_if(text, "symmetry", "units that are all alike (0): ", gradients=gradients)


@pytest.mark.parametrize("weights, names, place", [
    ([ALIKE, ALIKE, APART], "0 1 2", "0"), ([APART, ALIKE, APART, APART], "0 1 2 3", "1"),
    ([APART, ALIKE, APART], "0 1 2", "1"), ([APART, APART, ALIKE], "0 1 2", ""),
    ([ALIKE, APART], "Embedding 1", ""), ([np.ones(4), APART], "0 1", ""), ([ALIKE, np.ones(4)], "0 1", ""),
])  # fmt: skip
def test_all_layers_but_embeddings_and_the_last_are_looked_at_for_symmetry(weights, names, place):
    gradients = [gradient(weight, weight, name) for weight, name in zip(weights, names.split())]
    says_if(place, "symmetry", "units that are all alike (", "): *", gradients=gradients)


PAIRS = np.arange(8.0)[:, None] * [1, 1, 2, 2]


@pytest.mark.parametrize("hidden, apart", [
    (PAIRS, False), (PAIRS * [1, 1, 1, 3], True), (np.arange(8.0), False),
    (np.arange(24.0).reshape(8, 3, 1) * np.ones(4), False),
])  # fmt: skip
def test_a_gradient_of_0_is_waited_for_where_what_comes_last_is_given_differs(hidden, apart):
    calls, text = [layer(RELU), layer(DENSE, x=hidden)], "units that are all alike ({}): *"
    gradients = [gradient(ALIKE, 0 * ALIKE, "0"), gradient(ALIKE, ALIKE, "1"), gradient(APART, APART, "2")]
    says("symmetry", text.format("1" if apart else "0"), gradients=gradients, calls=calls)
    says("symmetry", text.format("0"), gradients=gradients, calls=calls[1:])  # the first layer is the last too
    says("symmetry", text.format("1"), gradients=gradients[1:], calls=calls)


# -- nonlinearity -----------------------------------------------------------------------------


def bent(bend=0.0, offset=0.0, x=TWO, before=None, matrix=((1 / 3,),), **given):
    """A net of two layers that is straight but for what is added halfway between the samples."""
    added = iter([offset, offset + bend])
    calls = [layer(DENSE, x=x), layer(OTHER, x=x if before is None else before)]
    parts = {"x": [x], "calls": calls, "answer": (None, np.zeros((8, 1)))}
    return {**parts, "net": lambda x: (None, x @ np.array(matrix) + next(added)), **given}


STRAIGHT = "no nonlinearity (the net): Halfway between * up to "


@pytest.mark.parametrize("bend, offset, share", [
    (0, 0, "0"), (1e-5, 0, "1e−5"), (1.1e-5, 0, ""), (0.9e-4, 99, "9e−5"), (1.1e-4, 99, ""), (0, 998, "0"),
    (2.57e-6, 0, "2.6e−6"),
])  # fmt: skip
def test_a_net_that_does_not_bend(bend, offset, share):
    says_if(share, "nonlinearity", STRAIGHT, " of its spread: 2 layers *", **bent(bend, offset))


def test_inputs_of_any_spread_and_several_features_are_made_wide():
    x = np.array([[3.0, 50], [1, 0], [4, 10], [1, 80], [5, 30], [9, 0], [2, 70], [6, 20]])
    matrix, centred = np.array([[1.0, -2, 0.5], [-0.3, 0.1, 2]]), x - x.mean(axis=0)
    size = (3 * centred / centred.std() @ matrix).std(axis=0).max()
    says("nonlinearity", f"{STRAIGHT}1.3e−6 of its spread: *", **bent(1.26e-6 * size, x=x, matrix=matrix))
    says("nonlinearity", f"{STRAIGHT}0 of *", **bent(x=sides((0, 1000)), before=sides((0, 1))))


@pytest.mark.parametrize("why, given", [
    ("fewer than two layers", {"calls": [layer(DENSE), layer(DENSE), layer(RELU)]}),
    ("whole numbers", {"calls": [layer(DENSE), layer(OTHER), layer(EMBEDDING, x=np.zeros(8))]}),
    ("not on the first axis", {"answer": (np.zeros((8, 1)), None)}),
    ("not on the first axis", {"answer": (np.zeros((8, 1)), np.zeros((7, 1)))}),
    ("too faint", {"offset": 999}), ("too faint", {"x": sides((5, 0))}),
    ("too faint", {"before": sides((0, 0.0019))}),
])  # fmt: skip
def test_where_no_bend_can_be_seen(why, given):
    refuses("nonlinearity", why, **bent(**given))


def test_there_is_nothing_between_whole_numbers_and_numbers_of_vectors(arrays):
    says("nonlinearity", f"{STRAIGHT}*", **bent(inputs=(arrays(np.zeros((8, 1))),)))
    refuses("nonlinearity", "whole numbers", **bent(inputs=(arrays(np.zeros((8, 1)), "int32"),)))
    for x in (np.zeros(4), None, np.zeros(8)):
        given = bent()
        given["x"].append(np.zeros((8, 5)))
        given["calls"].insert(0, layer(EMBEDDING, x=x))
        if np.size(x) == 8:
            refuses("nonlinearity", "whole numbers", **given)
        else:
            says("nonlinearity", f"{STRAIGHT}*", **given)


# -- samples apart ----------------------------------------------------------------------------

SHARES = np.array([[0.1, 0.2, 0.3], [0.9, 0.8, 0.7]])
BOTH = np.array([1.0, -1, 0, 0, 0, 0, 0, 0])[:, None]


def constant(x):
    return np.full((8, 2), 3.0), None


@pytest.mark.parametrize("block, output, is_found", [
    (SOFTMAX, SHARES, True), (SOFTMAX, np.log(SHARES), True), (SOFTMAX, SHARES.T, False),
    (SOFTMAX, np.full((2, 2), 0.5), False), (SOFTMAX, np.full((1, 3), 1.0), False), (SOFTMAX, SHARES[:, 0], False),
    (SOFTMAX, SHARES * 1.0009, True), (SOFTMAX, SHARES * 1.0011, False), (SOFTMAX, [[1.0, 0, 1], [0, 1, 0]], True),
    (SOFTMAX, [[1.5, 1.5], [-0.5, -0.5]], False), (SOFTMAX, [[5.0, 5], [-100, -100]], False),
    (SOFTMAX, np.tile(SHARES / 3, (3, 1)), True), (SiLU(), SHARES, False), (DENSE, SHARES, False),
])  # fmt: skip
def test_a_softmax_over_the_samples(block, output, is_found):
    calls = [layer(RELU, SHARES), layer(block, output, name="1"), layer(block, output, name="2")]
    text = "the samples of the batch." if is_found else ""
    before = "softmax over the wrong axis (1): What it gives sums to 1 over "
    says_if(text, "samples apart", before, calls=calls, net=constant)


@pytest.mark.parametrize("axis, output, other", [
    (-1, SHARES, 0), (1, SHARES, 0), (0, SHARES, None), (-2, SHARES, None), (0, SHARES.T, 1), (-2, SHARES.T, 1),
    (-1, SHARES.T, None), (2, SHARES.T, None), (-3, SHARES.T, None), (0, np.ones((3, 1)), None),
    (1, np.full((2, 3, 2), 0.5), 0), (-1, np.arange(6.0).reshape(2, 3), None),
])  # fmt: skip
def test_a_softmax_over_another_axis_than_that_of_the_loss(axis, output, other):
    given = {"loss": losses.KLDivLoss(axis=axis), "net": lambda x: (output, None)}
    given.update(x=[np.zeros((len(output), 1))], y=np.zeros(len(output)))
    text = "" if other is None else f"1 over axis {other}, and the loss looks for classes on axis {axis}."
    says_if(text, "samples apart", "softmax over the wrong axis (the output): What it gives sums to ", **given)


@pytest.mark.parametrize("output, row, by, share", [
    (BOTH, 2, 1e-3, ""), (BOTH, 2, 1.257e-3, "0.0013"), (BOTH, 1, 2e-3, "0.002"), (BOTH, 0, 5, ""),
    (4 * BOTH + 5, 2, 3.9e-3, ""), (4 * BOTH + 5, 7, 4.3e-3, "0.0011"), (0 * BOTH, 3, 1.5e-3, "0.0015"),
    (0 * BOTH, 3, 0.5e-3, ""), (BOTH + [0, np.nan], 2, 0, ""),
])  # fmt: skip
def test_samples_that_mix(output, row, by, share):
    def net(x):
        """One row of the output moves when the first sample, and no other, is exchanged for the last."""
        moved = np.where(np.arange(8)[:, None] == row, by, 0) * (x[0] == x[-1])
        assert (x[1:] == TWO[1:]).all()
        return output + moved, None

    before = "samples that mix (the net): When the first sample is exchanged, * changes by up to "
    says_if(share, "samples apart", before, " of its spread, *", net=net)


def test_samples_that_cannot_be_told_to_mix():
    for shape in [(8,), (8, 2, 2), (7, 2)]:
        refuses("samples apart", "one output for each sample", net=lambda x, shape=shape: (np.ones(shape), None))
    refuses("samples apart", "one output for each sample", net=constant, y=np.zeros(7))
    refuses("samples apart", "differently each time", net=lambda x: (np.random.rand(8, 2), None))


# -- output, parameters, scales ---------------------------------------------------------------

UNSUITED = "output that does not suit the loss (the output): The net ends in*"


@pytest.mark.parametrize("last, loss, y, text", [
    ("", CE(), 0, ""), ("log_softmax", CE(), 0, ""), ("softmax", CE(), 0, "double softmax (the output): *"),
    ("sigmoid", CE(), 0, UNSUITED), ("log_softmax", BCE(), 0, UNSUITED),
    ("softmax", losses.KLDivLoss(), 0, UNSUITED), ("sigmoid", L2(), [0, 1], ""),
    ("sigmoid", L2(), [-0.1, 1], f"{UNSUITED} y runs from −0.1 to 1."),
    ("sigmoid", L2(), [0, 1.1], f"{UNSUITED} y runs from 0 to 1.1."),
])  # fmt: skip
def test_what_a_net_ends_in_is_judged_with_the_labels(arrays, last, loss, y, text):
    net = sequential(nn.Dense(3), *([softmax_lambda(last)] if last else []))
    net.initialize()
    says_if(text, "output against loss", "", net=net, loss=loss, y=np.array(y), inputs=(arrays(np.zeros((8, 2))),))


@pytest.mark.parametrize("loss, why", [(abs, "is one of Gluon's"), (losses.TripletLoss(), "knows what these")])
def test_a_loss_of_which_nothing_is_known(loss, why):
    refuses("output against loss", why, net=DENSE, loss=loss)


def test_what_is_not_trained_is_counted_and_the_first_is_named():
    kinds = [("write", True), ("null", False), ("null", True), ("null", True), ("null", True)]
    held = [SimpleNamespace(grad_req=grad_req, _differentiable=trains) for grad_req, trains in kinds]
    parameters = [(f"{place}", f"p{place}", p) for place, p in enumerate(held)]
    blocks, values = (DENSE, OTHER, OTHER, nn.Dense(1)), (0, 1, 0, 0)
    given = zip("0123", blocks, values)
    gradients = [Gradient(place, "weight", block.weight, None, np.full(2, value)) for place, block, value in given]
    calls = [layer(DENSE)]
    frozen = "frozen parameters (2): 3 parameters have grad_req 'null' and are not trained, the first is its p2."
    unused = "unused parameters (2): 2 parameters belong to *"
    says("what is trained", frozen, unused, parameters=parameters, gradients=gradients, calls=calls)
    says("what is trained", parameters=parameters[:2], gradients=gradients[:2], calls=calls)


FINE, FAINT = 1 / 16, 1 / 1024


@pytest.mark.parametrize("columns, text", [
    ([(0, 1), (0, 2)], ""), ([(10, 0)], ""), ([(10.57, 0)], "Its root mean square is 10.6"), ([(0, 0)], ""),
    ([(3, 0), (0, 16)], "Its root mean square is 11.5"), ([(0.1, 0)], ""),
    ([(0.03, 0), (0.048, 0)], "A typical sample has length 0.057"), ([(0, FINE), (0, FINE), (0, 6.25)], ""),
    ([(0, FINE), (0, FINE), (0, 6.28125)], "Its widest feature has spread 6.28, a typical one 0.062"),
    ([(5, 0)] * 4 + [(0, FINE), (0, FINE), (0, 7)], "Its widest feature has spread 7, a typical one 0.062"),
    ([(0, FAINT), (0, FAINT), (0, 3)], ""), ([(5, 0.5)], ""),
    ([(0, FAINT), (0, FAINT), (0, 3.5)], "Its widest feature has spread 3.5, a typical one 0.00098"),
    ([(5.4, 0.5)], "The mean of a typical feature is 11 times its spread"),
    ([(-5.4, 0.5), (0, 0)], "The mean of a typical feature is 11 times its spread"),
])  # fmt: skip
def test_inputs_out_of_scale(arrays, columns, text):
    for x in (sides(*columns), sides(*columns)[:, None]):
        before, given = "unscaled inputs (the batch): ", {"inputs": (arrays(x, "float64"),)}
        says_if(text, "input scale", before, ", and layers expect about mean 0 and spread 1.", **given)


def test_inputs_that_need_no_scale(arrays):
    x, other = sides((99, 1), (99, 1)), np.zeros((8, 5))
    given = {"x": [x], "inputs": tuple(map(arrays, (99.0, np.full((3, 8), 99), np.full(8, 99), x)))}
    for calls in ([], [layer(DENSE, x=x), layer(NORM, x=x)], [layer(NORM, x=other), layer(DENSE, x=x)]):
        says("input scale", "unscaled inputs (the batch): Its root mean square is 99, *", calls=calls, **given)
    for calls in ([layer(RELU), layer(NORM, x=x), layer(DENSE, x=x)], [layer(EMBEDDING, x=x)]):
        says("input scale", calls=calls, **given)


TINY, EDGE = 7.3e-4, 2.0**-9  # the second has just a tenth of this variance
AXES, AT_EDGE = nn.BatchNorm(axis=-1), nn.BatchNorm(epsilon=10 * EDGE**2)


@pytest.mark.parametrize("block, columns, text", [
    (NORM, [(5, 1e-5), (-9, TINY)], "5.3e−7, far below its epsilon 1e−5, *makes the spread 0.22 and"),
    (NORM, [(5, 0.99e-3), (-9, TINY)], "9.8e−7, far below *"), (NORM, [(5, 1.01e-3), (-9, TINY)], ""),
    (NORM, [(5, 0), (-9, 0)], ""), (AT_EDGE, [(5, EDGE)], ""), (nn.LayerNorm(), [(5, TINY)], ""),
    (AT_EDGE, [(5, EDGE / 2)], "9.5e−7, far below its epsilon 3.815e−5, *"),
])  # fmt: skip
def test_a_normalisation_whose_epsilon_is_larger_than_what_varies(arrays, block, columns, text):
    before, x = "unscaled inputs (7): Even its widest feature has variance ", sides(*columns)
    shapes = {block: x}
    if block is NORM:
        shapes.update({block: x[:, :, None] * np.ones(3), AXES: x[:, None] * np.ones((3, 1))})
    for norm, x in shapes.items():
        given = {"calls": [layer(norm, x=x, name="7")], "inputs": (arrays(x, "float64"),)}
        says_if(text, "input scale", before, "* not 1." if text else "", **given)


def test_what_is_not_normalised_is_looked_at_after_what_is(arrays):
    inputs = sides((0, 1), (9, 1)), sides((99, 1))
    given = {"calls": [layer(NORM, x=inputs[0])], "inputs": tuple(arrays(x, "float64") for x in inputs)}
    says("input scale", "unscaled inputs (the batch): Its root mean square is 99, *", **given)


@pytest.mark.parametrize("loss", [losses.L1Loss(), L2(), losses.HuberLoss()])
def test_targets_out_of_scale(loss):
    says("target scale", loss=loss, y=np.full(4, 30.0))
    text = "unscaled targets (the batch): The root mean square of y is 30.6; *"
    says("target scale", text, loss=loss, y=np.array([30.57, -30.57]))
    refuses("target scale", "not one of a regression", loss=CE())


# -- units ------------------------------------------------------------------------------------


def still(dead, units, shape=(4, -1), name="1", **changed):
    """An activation of which some units are dead, and the others are for all samples but one."""
    after = len(shape) - 1 - shape.index(-1)
    values = np.zeros([units if size == -1 else size for size in shape])
    values[2] += np.arange(units).reshape(-1, *[1] * after) >= dead
    return layer(RELU, **{"output": values, "slope": values, **changed}, name=name)


@pytest.mark.parametrize("block, calls, text", [
    (DENSE, [still(7, 10)], ""), (DENSE, [still(8, 10)], "1): 8 of its 10"), (DENSE, [still(0, 10)], ""),
    (DENSE, [still(8, 10, output=np.ones((4, 10)))], ""), (DENSE, [still(8, 10, slope=np.ones((4, 10)))], ""),
    (DENSE, [still(8, 10, (4, 3, -1))], "1): 8 of its 10"), (DENSE, [layer(RELU)], ""),
    (nn.Conv2D(2, 3), [still(8, 10, (4, -1, 3, 3))], "1): 8 of its 10"),
    (DENSE, [layer(RELU, np.zeros(9), slope=np.zeros(9))], ""),
    (DENSE, [still(8, 10, name="c"), still(9, 10, name="b"), still(16, 20, name="a")], "b): 9 of its 10"),
])  # fmt: skip
def test_dead_units(block, calls, text):
    says_if(text, "dead units", "dead units (", " units are 0 with *", calls=[layer(block), *calls])


def flat(block, count, slope=-0.0099, output=0.5, name="1"):
    """An activation that is flat for so many of twenty numbers, and has this output there."""
    is_flat = np.arange(20) < count
    return layer(block, np.where(is_flat, output, 0.5), slope=np.where(is_flat, slope, 0.02), name=name)


@pytest.mark.parametrize("calls, text", [
    ([flat(TANH, 18), layer(DENSE)], ""), ([flat(TANH, 19), layer(DENSE)], "1): At 95%"), ([layer(DENSE)], ""),
    ([flat(TANH, 20, 0.01), layer(DENSE)], ""), ([flat(TANH, 20, 0.02), layer(DENSE)], ""),
    ([flat(TANH, 19, output=0), layer(DENSE)], "1): At 95%"), ([flat(RELU, 19, output=0), layer(DENSE)], ""),
    ([flat(RELU, 19), layer(DENSE)], "1): At 95%"), ([flat(OWN, 19, output=0), layer(DENSE)], ""),
    ([flat(OWN, 20), layer(DENSE)], "1): At 100%"), ([layer(DENSE), flat(TANH, 20)], ""), ([flat(TANH, 20)], ""),
    ([flat(DENSE, 20)], "1): At 100%"), ([flat(TANH, 0), layer(DENSE), flat(TANH, 20)], ""),
    ([layer(DENSE), flat(TANH, 20, name="a"), flat(TANH, 20, name="b")], "a): At 100%"),
    ([flat(TANH, 19, name="b"), flat(TANH, 20, name="a"), layer(DENSE)], "a): At 100%"),
])  # fmt: skip
def test_saturated_units_before_the_output(calls, text):
    says_if(text, "saturation", "saturated units (", " of its inputs the slope is below 0.01: *", calls=calls)


# -- loss, signal, gradient -------------------------------------------------------------------


@pytest.mark.parametrize("values, share", [
    (None, ""), ([0, 1, 2, 3], ""), ([0, np.nan, 2, 3], "25%"), ([np.inf] * 4, "100%"),
])  # fmt: skip
def test_losses_that_are_not_finite(values, share):
    before = "loss that is not finite (the loss): It is nan or infinite for "
    says_if(share, "loss", before, " of the samples.", losses=values and np.array(values))


DEEP = (DENSE, RELU, OTHER, RELU, DENSE, RELU)


def signal(first, before, blocks=DEEP, given=True):
    """What comes in, and goes through layers of which the last is given something of this spread."""
    calls = [layer(block, sides((1, 50 + place)), name=f"{place}") for place, block in enumerate(blocks)]
    last, hidden = max(place for place, block in enumerate(blocks) if block in (DENSE, OTHER)), sides((7, before))
    calls[last - 1] = calls[last - 1]._replace(output=sides((1, 50)) if given else hidden)
    calls[last] = calls[last]._replace(x=hidden if given else None)
    return {"x": [sides((5, first)), np.zeros((8, 3))], "calls": calls}


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("first, before, blocks, text", [
    (1, 1, DEEP, ""), (1000, 1, DEEP, ""), (1, 300, DEEP, ""),
    (1234, 0.987, DEEP, "vanishing signal (4): * fades: * 1.2e+3 in * 0.99 before * 2 layers * 0.028."),
    (1, 300.5, DEEP, "exploding signal (4): * grows: * 1 in * 3e+2 before * 2 layers * 17."),
    (1, 347, (RELU, DENSE), "exploding signal (1): * 1 in * 3.5e+2 before * 1 layers * 3.5e+2."),
])  # fmt: skip
def test_what_tells_samples_apart_fades_or_grows(first, before, blocks, text, given):
    says_if(text, "signal", "", **signal(first, before, blocks, given))


@pytest.mark.parametrize("block", [NORM, EMBEDDING])
def test_a_signal_begins_where_it_is_scaled_or_read_up(block):
    parts = signal(1, 1, (block, RELU, DENSE))
    says("signal", **parts)
    parts["calls"][0] = parts["calls"][0]._replace(x=parts["x"][0], output=sides((0, 2e5)))
    says("signal", "vanishing signal (2): * its spread is 2e+5 in *", **parts)


def test_a_signal_that_is_not_finite_or_not_there():
    parts = signal(1, 1)
    parts["calls"][1:3] = [layer(RELU, [1, np.inf], name="1"), layer(RELU, [1, np.nan], name="2")]
    says("signal", "exploding signal (1): What it gives is no longer finite, *", **parts)
    for nothing in (signal(0, 1), signal(1, 1, (DENSE, RELU)), {**signal(1, 1), "x": [np.array(1.0)]}):
        refuses("signal", "do not differ, or there is no hidden layer", **nothing)


BIG = 1e4


def lengths(*pairs):
    """Gradients of layers, by the length of their weights and of their gradients, between those of biases."""
    direction = np.array([[0.6, 0.0], [0.0, -0.8]])
    made = [gradient(weight * direction, g * direction, f"{place}") for place, (weight, g) in enumerate(pairs)]
    return [gradient([1], [np.nan], key="bias"), *made, gradient([1e9], [1e9], key="bias")]


@pytest.mark.parametrize("pairs, text", [
    ([(3, 30), (4, 40)], ""), ([(5, 50)], ""), ([(0, 1), (0, 2)], ""), ([(BIG, 300), (BIG, 1)], ""),
    ([(3, 32.4), (4, 43.2)], "exploding gradient (0): All together it is 11 times *"),
    ([(BIG, 300), (BIG, 0)], ""), ([(BIG, 300.5), (BIG, 1)], "exploding gradient (0): It is 3e+2 times *"),
    ([(BIG, 691.2), (BIG, 500), (BIG, 2)], "exploding gradient (0): It is 3.5e+2 times *"),
    ([(1, 1), (1, np.nan), (1, 1)], "exploding gradient (0): It is not finite."),
    ([(BIG, 1), (BIG, 1000)], ""), ([(BIG, 1), (BIG, 1000), (BIG, 500)], ""),
    ([(BIG, 0.957), (BIG, 1234)], "vanishing gradient (0): * length 0.96, * is 1.2e+3: *"),
    ([(0, 0.957), (BIG, 1234), (BIG, 500)], "vanishing gradient (0): * length 0.96, * is 1.2e+3: *"),
    ([(BIG, 0.957), (BIG, 1234), (0, 500)], ""),
])  # fmt: skip
def test_gradients_that_explode_or_vanish(pairs, text):
    says_if(text, "gradient", "", gradients=lengths(*pairs), losses=np.ones(8))


def test_no_gradient_at_all():
    for pairs in ([(1, 0), (1, 0)], [(1, 0), (0, 0)], [(1, 0)]):
        text = "vanishing gradient (the net): No gradient reaches any weight, *"
        says("gradient", text, gradients=lengths(*pairs), losses=np.eye(8)[0])
        says("gradient", gradients=lengths(*pairs), losses=np.zeros(8))
    refuses("gradient", "no weights are trained", gradients=lengths())
    recurrent = gradient(np.ones(4), 100 * np.ones(4), key="rnn_param")
    says("gradient", "exploding gradient (0): All *", gradients=[recurrent], losses=np.ones(8))
