"""The output layer against the loss."""

import numpy as np
import pytest
from mxnet.gluon import loss as losses
from mxnet.gluon import nn

from gluon_activations import GLU, HardTanh, Identity, Maxout, Softmax, Softplus, check_output, get_activation
from tests.nets import Custom, last, legacy_shapes, sequential, softmax_lambda

CE, BCE = losses.SoftmaxCrossEntropyLoss, losses.SigmoidBinaryCrossEntropyLoss

# The eight pairs of the output table: four that are right, four of the usual mistakes.
RIGHT = [
    (lambda: last(nn.Dense(1)), losses.L2Loss),
    (lambda: last(nn.Dense(1)), BCE),
    (lambda: last(nn.Dense(10)), CE),
    (lambda: last(nn.Dense(10)), BCE),  # several labels at once
]
WRONG = [
    (lambda: last(nn.Dense(10), Softmax()), CE, "ln(1 + (K-1)/e) = 1.461 for K = 10 classes"),
    (
        lambda: last(nn.Dense(1, activation="sigmoid")),
        BCE,
        "above 0.3133 where the label is 1 and 0.6931 where it is 0",
    ),
    (
        lambda: last(nn.Dense(1, activation="relu")),
        losses.L2Loss,
        "stays above 0: L2Loss never reaches a target outside",
    ),
    (lambda: last(nn.Dense(10)), lambda: BCE(from_sigmoid=True), "its logarithm is nan"),
]


@pytest.mark.parametrize("make, loss", RIGHT)
def test_the_right_pairs_of_the_output_table_are_silent(arrays, make, loss):
    judge(arrays, make(), loss(), None)


@pytest.mark.parametrize("make, loss, says", WRONG)
def test_the_wrong_pairs_of_the_output_table_are_named(arrays, make, loss, says):
    judge(arrays, make(), loss(), says)


def judge(arrays, net, loss, says):
    """The verdict is the same by structure and by a run, hybridized or not."""
    verdict = check_output(net, loss)
    net.initialize()
    x = arrays(np.random.randn(4, 6))
    assert check_output(net, loss, x) == verdict
    net.hybridize()
    net(x)
    assert check_output(net, loss, x) == check_output(net, loss) == verdict
    if says is None:
        assert verdict == []
    else:
        (text,) = verdict
        assert says in text and "{" not in text and type(loss).__name__ in text


LOG_SOFTMAX = lambda: softmax_lambda("log_softmax")  # noqa: E731
PAIRS = [
    (LOG_SOFTMAX, CE(), "harmless, but superfluous"),
    (LOG_SOFTMAX, CE(from_logits=True), None),
    (lambda: Identity(), CE(from_logits=True), "the loss falls without end"),
    (lambda: softmax_lambda(), CE(from_logits=True), "takes probabilities for their logarithms"),
    (lambda: get_activation("log_sigmoid"), CE(from_logits=True), "no log-probabilities of classes"),
    (lambda: softmax_lambda(), CE(), "1.461 for K = 10 classes"),
    (lambda: nn.Activation("sigmoid"), CE(), "ln(1 + (K-1)/e) = 1.461"),
    (lambda: nn.Activation("tanh"), CE(), "ln(1 + (K-1)/e^2) = 0.7966"),
    (lambda: HardTanh(-3, 3), CE(), "ln(1 + (K-1)/e^6) = 0.02206"),
    (lambda: nn.Activation("relu"), CE(), "no score falls below 0"),
    (lambda: nn.LeakyReLU(0.1), CE(), "wants scores without an activation"),
    (lambda: softmax_lambda("sigmoid"), BCE(), "between 0.500 and 0.731"),
    (lambda: nn.Activation("relu"), BCE(), "stays above 0.500"),
    (lambda: get_activation("log_sigmoid"), BCE(), "stays below 0.500"),
    (lambda: nn.LeakyReLU(0.1), BCE(), "a score without an activation"),
    (lambda: nn.Activation("sigmoid"), BCE(from_sigmoid=True), None),
    (lambda: softmax_lambda("sigmoid"), BCE(from_sigmoid=True), None),
    (lambda: Softmax(), BCE(from_sigmoid=True), "labels that belong together push each other out"),
    (lambda: get_activation("hard_sigmoid"), BCE(from_sigmoid=True), "it reaches 0 and 1"),
    (lambda: get_activation("binary_step"), BCE(from_sigmoid=True), "flat everywhere"),
    (lambda: nn.Activation("tanh"), BCE(from_sigmoid=True), "nan"),
    (LOG_SOFTMAX, losses.KLDivLoss(), None),
    (lambda: Softmax(), losses.KLDivLoss(), "takes probabilities for their logarithms"),
    (lambda: Identity(), losses.KLDivLoss(from_logits=False), None),
    (lambda: Softmax(), losses.KLDivLoss(from_logits=False), "cannot tell the classes clearly apart"),
    (lambda: Softmax(), losses.CTCLoss(), "applies a softmax"),
    (lambda: Identity(), losses.LogisticLoss(), None),
    (lambda: nn.Activation("sigmoid"), losses.LogisticLoss(), "between 0.500 and 0.731"),
    (lambda: nn.Activation("tanh"), losses.HingeLoss(), "stays between -1 and 1"),
    (lambda: nn.Activation("relu"), losses.SquaredHingeLoss(), "stays above 0"),
    (lambda: nn.LeakyReLU(0.1), losses.HingeLoss(), None),
    (lambda: nn.Activation("sigmoid"), losses.L1Loss(), "between 0 and 1: L1Loss never"),
    (lambda: Softplus(), losses.HuberLoss(), "above 0: HuberLoss never"),
    (lambda: get_activation("leaky_relu"), losses.L2Loss(), None),
    (lambda: Identity(), losses.PoissonNLLLoss(), None),
    (lambda: Softplus(), losses.PoissonNLLLoss(), "the rate stays above 1"),
    (lambda: nn.Activation("tanh"), losses.PoissonNLLLoss(), "the rate stays between 0.3679 and 2.718"),
    (lambda: Softplus(), losses.PoissonNLLLoss(from_logits=False), None),
    (lambda: nn.Activation("relu"), losses.PoissonNLLLoss(from_logits=False), "a rate of 0 stays 0"),
    (lambda: nn.Activation("sigmoid"), losses.PoissonNLLLoss(from_logits=False), "it stays between 0 and 1"),
    (lambda: Identity(), losses.PoissonNLLLoss(from_logits=False), "negative rate is nan"),
]


@pytest.mark.parametrize("make, loss, says", PAIRS)
def test_pairs_of_output_and_loss(arrays, make, loss, says):
    judge(arrays, last(nn.Dense(10), make()), loss, says)


def test_the_floors_of_the_messages_are_those_of_the_losses(arrays):
    far = arrays(np.where(np.eye(10)[:1], 60, -60))
    for activation, floor in (
        (Softmax(), 1.46115),
        (nn.Activation("sigmoid"), 1.46115),
        (nn.Activation("tanh"), 0.7966),
    ):
        assert float(CE()(activation(far), arrays([0])).asnumpy()[0]) == pytest.approx(floor, abs=5e-5)
    for label, floor in ((1, 0.3133), (0, 0.6931)):
        score = nn.Activation("sigmoid")(arrays([[120.0 * label - 60]]))
        assert float(BCE()(score, arrays([[label]])).asnumpy()[0]) == pytest.approx(floor, abs=5e-5)


def test_what_the_flags_mean_is_said():
    (text,) = check_output(last(nn.Dense(10)), CE(from_logits=True))
    assert "from_logits=True means that the net gives log-probabilities" in text and "Keras" in text
    (text,) = check_output(last(nn.Dense(10)), BCE(from_sigmoid=True))
    assert "from_sigmoid=True means that the net gives probabilities" in text and "PyTorch" in text
    (text,) = check_output(last(nn.Activation("tanh")), losses.HingeLoss())
    assert "from_" not in text


@pytest.mark.parametrize("layers, classes", [
    (lambda: [nn.Dense(7), Softmax()], 7),
    (lambda: [Maxout(6, 3), Softmax()], 6),
    (lambda: [nn.Dense(8), GLU(), Softmax()], 4),
    (lambda: [nn.Dense(5), nn.BatchNorm(), nn.Dropout(0.1), Softmax(), nn.Flatten()], 5),
    (lambda: [sequential(nn.Dense(3)), sequential(sequential(Softmax()), Identity())], 3),
])  # fmt: skip
def test_how_many_classes_there_are(arrays, layers, classes):
    net = last(*layers())
    assert f"for K = {classes} classes" in check_output(net, CE())[0]
    net.initialize()
    assert f"for K = {classes} classes" in check_output(net, CE(), arrays(np.random.randn(4, 6)))[0]


def test_classes_of_a_convolution_one_class_and_unknown_ones(arrays):
    with legacy_shapes(arrays):
        net = sequential(nn.Conv2D(5, 1), Softmax(axis=1))
        assert "for K = 5 classes" in check_output(net, CE(axis=1))[0]
        net.initialize()
        x = arrays(np.random.randn(2, 1, 3, 3))
        assert "for K = 5 classes" in check_output(net, CE(axis=1), x)[0]
    assert "softmax of one score is 1" in check_output(last(nn.Dense(1)), CE())[0]
    assert "below ln(1 + (K-1)/e), and" in check_output(Softmax(), CE())[0]
    assert check_output(nn.Dense(3), CE()) == check_output(Maxout(3, 2), CE()) == []


def test_a_forward_pass_of_its_own_needs_a_batch(arrays):
    net = Custom()
    net.initialize()
    x = arrays(np.random.randn(4, 6))
    with pytest.raises(ValueError, match="does not know what Custom gives: .*give x"):
        check_output(net, CE())
    assert check_output(net, CE(), x) == []
    assert "ends in Dense without activation" in check_output(net, CE(from_logits=True), x)[0]
    hidden = Custom(softmax=True)
    hidden.initialize()
    (text,) = check_output(hidden, CE(), x)  # a softmax that is no block, seen by its values
    assert "ends in a softmax in a forward pass of its own" in text and "K = 3" in text


def test_what_cannot_be_judged_is_an_error(arrays):
    net = last(nn.Dense(3), nn.HybridLambda(lambda *x: x[-1] * 2 + 1))
    with pytest.raises(ValueError, match="does not know what"):
        check_output(net, CE())
    net.initialize()
    x = arrays(np.random.randn(4, 6))
    with pytest.raises(ValueError, match="does not know what"):
        check_output(net, CE(), x)

    class Further(nn.HybridSequential):
        def __call__(self, x):
            return super().__call__(x) * 2

    net = Further()
    net.add(nn.Dense(3))
    net.initialize()
    with pytest.raises(ValueError, match=r"after its last layer \(0 Dense\) the net computes on"):
        check_output(net, CE(), x)
    with pytest.raises(ValueError, match="these losses .*SoftmaxCrossEntropyLoss.*; not TripletLoss"):
        check_output(net, losses.TripletLoss())
    for wrong in (CE, lambda x, y: x):
        with pytest.raises(TypeError, match="the loss is one of Gluon's"):
            check_output(net, wrong)

    class Smoothed(CE):
        """A child of a known loss expects what its parent does."""

    assert check_output(last(nn.Dense(3)), Smoothed()) == []
    assert len(check_output(last(nn.Dense(3), Softmax()), Smoothed())) == 1
