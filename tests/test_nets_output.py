"""The output layer against the loss."""

import numpy as np
import pytest

from gluon_activations import (
    ELU,
    GLU,
    AlphaDropout,
    HardTanh,
    Identity,
    Maxout,
    Mish,
    ReLU,
    SiLU,
    Softmax,
    Softplus,
    Swish,
    activations,
    check_output,
    evaluate,
    functional,
    get_activation,
)
from tests.nets import Custom, last, legacy_shapes, net_of, sequential, softmax_lambda

import mxnet as mx
from mxnet.gluon import Block, nn, rnn
from mxnet.gluon import loss as losses
from mxnet.gluon.model_zoo import vision

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


def judge(arrays, net, loss, says, runs=True):
    """The verdict is the same by structure and by a run, hybridized or not."""
    verdict = check_output(net, loss)
    net.initialize()
    if not runs:
        assert says is None or says in verdict[0]
        return
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
    (lambda: HardTanh(-1, 5), losses.HingeLoss(), "between -1 and 5"),
    (lambda: HardTanh(-5, 1), losses.HingeLoss(), "between -5 and 1"),
    (lambda: nn.Activation("sigmoid"), losses.L1Loss(), "between 0 and 1: L1Loss never"),
    (lambda: Softplus(), losses.HuberLoss(), "above 0: HuberLoss never"),
    (lambda: get_activation("leaky_relu"), losses.L2Loss(), None),
    (lambda: Identity(), losses.PoissonNLLLoss(), None),
    (lambda: Softplus(), losses.PoissonNLLLoss(), "the rate stays above 1"),
    (lambda: nn.Activation("tanh"), losses.PoissonNLLLoss(), "the rate stays between 0.3679 and 2.718"),
    (lambda: get_activation("log_sigmoid"), losses.PoissonNLLLoss(), "the rate stays below 1"),
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
    net.add(nn.Dense(3, activation="relu"), nn.Dense(3))
    with pytest.raises(ValueError, match="does not know what Further gives: .*, or give x"):
        check_output(net, CE())
    net.initialize()
    with pytest.raises(ValueError, match=r"after its last layer \(1 Dense\) the net computes on"):
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


# What a last layer gives is asked of it, not looked up by its name.


@pytest.mark.parametrize("make, loss, says", [
    (lambda: ELU(3), CE(), "no score falls below -3,"),
    (lambda: nn.ELU(0.5), CE(), "no score falls below -0.5,"),
    (lambda: nn.LeakyReLU(0.0), CE(), "no score falls below 0,"),
    (lambda: HardTanh(-0.5, 0.25), losses.L2Loss(), "between -0.5 and 0.25: L2Loss"),
    (lambda: HardTanh(0, 1e8), losses.L2Loss(), "between 0 and 1e+08"),
    (lambda: HardTanh(-1e9, 1e9), losses.HingeLoss(), None),
    (lambda: HardTanh(-0.5, 0.5), CE(), "below ln(1 + (K-1)/e) = 1.461 for K = 10 classes"),
    (lambda: get_activation("log_softmax"), losses.L2Loss(), "it stays below 0: L2Loss"),
    (lambda: Swish(-1.0), losses.L2Loss(), "below 0.2785: L2Loss"),
    (lambda: SiLU(), losses.L2Loss(), "above -0.2785: L2Loss"),
    (lambda: get_activation("selu"), losses.L2Loss(), "above -1.758: L2Loss"),
    (lambda: nn.Activation("softsign"), losses.L2Loss(), "between -1 and 1: L2Loss"),
    (lambda: get_activation("log_sigmoid"), losses.L2Loss(), "below 0: L2Loss"),
    (lambda: nn.Activation("relu"), losses.L2Loss(), "above 0: L2Loss"),
    (lambda: get_activation("relu6"), losses.L2Loss(), "between 0 and 6: L2Loss"),
    (lambda: Softplus(beta=3), losses.PoissonNLLLoss(), "the rate stays above 1"),
    (lambda: Swish(1.0), CE(), "no score falls below -0.2785,"),
    (lambda: Mish(), BCE(), "above 0.423, and the loss above 0.5506 where the label is 0"),
    (lambda: nn.BatchNorm(), losses.L2Loss(), None),
    (lambda: nn.LayerNorm(), CE(), None),
    (lambda: GLU(), losses.L2Loss(), None),
])  # fmt: skip
def test_the_range_is_that_of_the_block_at_hand(arrays, make, loss, says):
    judge(arrays, last(nn.Dense(10), make()), loss, says)


def test_an_activation_is_asked_at_0_too_and_0_has_no_sign():
    class AtZero(ReLU):
        def __call__(self, x):
            return super().__call__(x) - (x == 0) * 1.0

    class Nothing(ReLU):
        def __call__(self, x):
            return super().__call__(x) * -0.0

    assert "it stays above -1: L2Loss" in check_output(AtZero(), losses.L2Loss())[0]
    assert "it stays between 0 and 0: L2Loss" in check_output(Nothing(), losses.L2Loss())[0]


def test_parameters_that_have_no_values_yet_and_those_that_have(arrays):
    net = last(nn.Dense(4), Swish(learnable=True, in_channels=4, beta=2.0))
    assert "no score falls below -0.1392," in check_output(net, CE())[0]  # with the beta that it starts with
    assert not [p for p in net[2].collect_params().values() if p._data is not None]
    net.initialize()
    net[2].beta.set_data(arrays([1.0, 2.0, 4.0, 0.5]))
    assert "no score falls below -0.5569," in check_output(net, CE())[0]  # where beta is smallest
    assert check_output(last(nn.Dense(4), nn.PReLU()), losses.L2Loss()) == []


@pytest.mark.parametrize("block, says", [
    (lambda: rnn.RNN(3, activation="relu"), "above 0: L2Loss"),
    (lambda: rnn.RNN(3, activation="tanh"), "between -1 and 1: L2Loss"),
    (lambda: rnn.LSTM(3), "between -1 and 1: L2Loss"),
    (lambda: rnn.GRU(3), "between -1 and 1: L2Loss"),
    (lambda: nn.BatchNormReLU(), "The net ends in BatchNormReLU, and it stays above 0: L2Loss"),
])  # fmt: skip
def test_layers_with_an_activation_inside(block, says):
    assert says in check_output(block(), losses.L2Loss())[0]


@pytest.mark.parametrize("passing", [
    lambda: nn.Flatten(), lambda: nn.Dropout(0.5), lambda: AlphaDropout(0.5), lambda: Identity(),
    lambda: sequential(Identity(), nn.Flatten()),
])  # fmt: skip
def test_what_is_passed_over(arrays, passing):
    judge(arrays, last(nn.Dense(10), nn.Activation("tanh"), passing()), losses.L2Loss(), "between -1 and 1: L2")
    judge(arrays, last(nn.Dense(10), passing()), CE(), None)
    judge(arrays, last(nn.Dense(10), Softmax(), passing()), CE(), "The net ends in Softmax, and")


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("kind", ["MaxPool", "AvgPool", "GlobalMaxPool", "GlobalAvgPool"])
def test_pools_are_passed_over(kind, axes):
    pool = getattr(nn, f"{kind}{axes}D")()
    assert "ends in Tanh" in check_output(sequential(nn.Activation("tanh"), pool), losses.L2Loss())[0]
    assert check_output(sequential(pool), losses.L2Loss()) == []


def test_what_is_called_a_pool_is_none():
    class OwnPool(nn.HybridSequential):
        def __call__(self, x):
            return x * 3

    with pytest.raises(ValueError, match="does not know what OwnPool gives"):
        check_output(sequential(nn.Activation("tanh"), OwnPool()), losses.L2Loss())


def test_functions_are_known_by_what_they_do(arrays):
    def softmax(x):
        """A wrong name."""
        return x * 2

    def f(x):
        return functional.softmax(x)

    def g(x):
        return functional.log_softmax(x)

    def h(x):
        return functional.mish(x)

    def rate(x):
        return mx.np.exp(x) if mx.util.is_np_array() else mx.nd.exp(x)

    def same(x):
        return x * 1

    def wide(x):
        return functional.glu(x)

    def cut_above(x):
        return functional.relu(x) * (x < 8)

    def cut_below(x):
        return x * (x > -7)

    def fails(x):
        raise KeyError("no such thing")

    for known, loss, says in (
        (f, CE(from_logits=True), "takes probabilities for their logarithms"),
        (g, CE(from_logits=True), None),
        (h, losses.L2Loss(), "above -0.3088"),
        (rate, losses.PoissonNLLLoss(from_logits=False), None),
        (rate, losses.L2Loss(), "above 0: L2Loss"),
        (same, CE(), None),
        (same, CE(from_logits=True), "ends in Dense without activation, and"),
    ):
        judge(arrays, last(nn.Dense(10), get_activation(known)), loss, says, runs=known is not rate)
    for unknown in (softmax, wide, cut_above, cut_below, fails):
        with pytest.raises(ValueError, match=rf"not know what {unknown.__name__} gives: .*, or give x, a batch"):
            check_output(last(nn.Dense(10), get_activation(unknown)), CE())
    with pytest.raises(ValueError, match=r"not know what Lambda\(softmax\) gives: use a block of the catalog, or"):
        check_output(sequential(nn.Dense(10), nn.Lambda(softmax), kind=nn.Sequential), CE())


@pytest.mark.parametrize("name", activations("elements"))
def test_a_function_is_found_by_its_curve(arrays, name):
    def function(x):
        return evaluate(name, x)[0]

    loss = losses.HingeLoss()
    expected = check_output(last(nn.Dense(4), get_activation(name)), loss)
    got = check_output(last(nn.Dense(4), get_activation(function)), loss)
    wrong = [[text.split(": ")[1].split(". ")[0] for text in verdict] for verdict in (got, expected)]
    assert wrong[0] == wrong[1]


# What it says.


def test_verdicts_in_full():
    assert check_output(last(nn.Dense(10), Softmax()), CE()) == [
        "The net ends in Softmax, and SoftmaxCrossEntropyLoss applies a softmax to that: the loss cannot "
        "fall below ln(1 + (K-1)/e) = 1.461 for K = 10 classes, and its gradient is lost where the "
        "activation is flat. End in the raw scores of the last layer, and apply Softmax to predictions only. "
        "In Gluon from_logits=True means that the net gives log-probabilities (in Keras it means the "
        "opposite, raw scores; PyTorch's CrossEntropyLoss takes raw scores, its NLLLoss log-probabilities)."
    ]
    assert check_output(nn.Dense(2, activation="tanh"), BCE()) == [
        "The net ends in Tanh, and SigmoidBinaryCrossEntropyLoss applies a sigmoid to that: the probability "
        "stays between 0.269 and 0.731, and the loss above 0.3133 where the label is 1 and 0.3133 where it "
        "is 0. End in the raw scores of the last layer, and apply Tanh to predictions only. In Gluon "
        "from_sigmoid=True means that the net gives probabilities, as for PyTorch's BCELoss; False, that it "
        "gives raw scores, as for BCEWithLogitsLoss and Keras' from_logits=True."
    ]
    assert check_output(last(nn.Dense(1)), CE()) == [
        "The net has one output, and a softmax of one score is 1 whatever it is: SoftmaxCrossEntropyLoss "
        "teaches nothing. Give it one output per class, or write SigmoidBinaryCrossEntropyLoss()."
    ]
    assert check_output(last(nn.Dense(1)), CE(from_logits=True))[0].startswith("The net has one output")
    assert check_output(last(nn.Dense(1)), losses.L2Loss()) == []
    assert check_output(nn.Activation("sigmoid"), losses.PoissonNLLLoss(from_logits=False)) == [
        "The net ends in Sigmoid, and PoissonNLLLoss has from_logits=False and takes that for the rate: it "
        "stays between 0 and 1. Write PoissonNLLLoss() and end in a layer without activation, or end in a "
        "softplus."
    ]


def test_numbers_that_overflow_are_cut_where_exp_holds(arrays):
    wide = HardTanh(-800, 800)
    (text,) = check_output(last(nn.Dense(10), wide), BCE())
    assert "between 0.000 and 1.000, and the loss above 0.0000 where the label is 1 and 0.0000 where" in text
    (text,) = check_output(last(nn.Dense(10), HardTanh(-20, 20)), BCE())
    assert "between 0.000 and 1.000, and the loss above 0.0000" in text
    (text,) = check_output(last(nn.Dense(10), HardTanh(-8, 8)), CE())
    assert "ln(1 + (K-1)/e^16) = 1.013e-06" in text
    (text,) = check_output(last(nn.Dense(10), wide), losses.PoissonNLLLoss())
    assert "the rate stays between 9.86e-305 and 1.014e+304" in text
    (text,) = check_output(last(nn.Dense(10), HardTanh(-8, 9)), losses.PoissonNLLLoss())
    assert "the rate stays between 0.0003355 and 8103" in text


def test_another_loss_of_classes_has_no_floor_in_numbers():
    for loss in (losses.CTCLoss(), losses.KLDivLoss(from_logits=False)):
        (text,) = check_output(last(nn.Dense(10), Softmax()), loss)
        assert "such scores cannot tell the classes clearly apart, and the gradient is lost where it is" in text


def test_an_empty_net_has_no_output():
    for net in (nn.HybridSequential(), sequential(nn.Sequential(), kind=nn.Sequential)):
        with pytest.raises(ValueError, match="the net is empty: it has no output layer"):
            check_output(net, CE())


@pytest.mark.parametrize("name", ["mobilenet0_25", "vgg11", "alexnet", "densenet121", "resnet18_v2"])
def test_nets_of_the_zoo_are_understood_without_a_batch(name):
    assert check_output(getattr(vision, name)(classes=5), CE()) == []
    (text,) = check_output(getattr(vision, name)(classes=5), losses.SoftmaxCrossEntropyLoss(from_logits=True))
    assert "nothing normalises the scores" in text

    class Child(vision.AlexNet):
        """What it changes is not seen."""

    with pytest.raises(ValueError, match="does not know what Child gives"):
        check_output(Child(), CE())


def net_that_ends(function):
    class Ends(Block):
        def __init__(self):
            super().__init__()
            self.inner = nn.Dense(3, in_units=4, flatten=False)

        def forward(self, x):
            return function(self.inner(x))

    net = Ends()
    net.initialize()
    return net


def test_a_hidden_softmax_is_seen_by_its_sum(arrays):
    x = arrays(np.random.randn(5, 4))
    for hidden, kind in ((functional.softmax, "softmax"), (functional.log_softmax, "log_softmax")):
        (text,) = check_output(net_that_ends(hidden), losses.L2Loss(), x)
        assert f"The net ends in a {kind} in a forward pass of its own, and it stays" in text
    for other in (lambda y: functional.softmax(y) * 1.1, lambda y: functional.softmax(y) + 0.01, lambda y: y * 2):
        with pytest.raises(ValueError, match=r"after its last layer \(inner Dense\) the net computes on"):
            check_output(net_that_ends(other), losses.L2Loss(), x)
    for one in (x[:1], arrays(np.random.randn(1, 4))):  # of one sample a sum may be 1 by chance
        with pytest.raises(ValueError, match="computes on"):
            check_output(net_that_ends(functional.softmax), losses.L2Loss(), one)
    turned = net_that_ends(lambda y: y.reshape((-1,)))
    assert check_output(turned, losses.L2Loss(), x) == []  # the same numbers in another shape
    assert "for K = 3 classes" in check_output(net_that_ends(functional.softmax), CE(), x)[0]


def test_a_hidden_softmax_of_few_or_sure_classes_and_along_the_last_axis(arrays):
    x = arrays(np.random.randn(2, 4))

    def sure(y):
        return functional.softmax(y * 1e4)

    def of_two(y):
        return functional.softmax(y[:, :2])

    for hidden in (sure, of_two):
        assert "ends in a softmax in a" in check_output(net_that_ends(hidden), losses.L2Loss(), x)[0]
    (text,) = check_output(net_that_ends(functional.softmax), losses.L2Loss(), arrays(np.random.randn(2, 5, 4)))
    assert "ends in a softmax in a" in text
    (text,) = check_output(net_that_ends(functional.log_softmax), losses.L2Loss(), x)
    assert "it stays below 0: L2Loss" in text

    class Twice(nn.Sequential):
        def __call__(self, x):
            return functional.softmax(super().__call__(x))

    twice = Twice()
    twice.add(nn.Dense(3), Softmax())
    twice.initialize()
    assert "ends in a softmax in a forward pass" in check_output(twice, losses.L2Loss(), x)[0]


@pytest.mark.parametrize("row", [[[5.0, -100, -100]], [[1.5, -0.5, 0]], [[1.0]], [0.25, 0.75]])
def test_what_sums_to_1_need_not_be_a_softmax(arrays, row):
    net = net_that_ends(lambda y: arrays(np.repeat(row, 2, 0) if np.ndim(row) > 1 else row))
    with pytest.raises(ValueError, match="computes on"):
        check_output(net, losses.L2Loss(), arrays(np.random.randn(2, 4)))


def test_a_run_is_none_of_training(arrays):
    net = net_that_ends(lambda y: nn.Dropout(0.5)(functional.softmax(y)))
    assert "ends in a softmax in a" in check_output(net, losses.L2Loss(), arrays(np.random.randn(9, 4)))[0]


def test_the_classes_are_on_the_axis_of_the_loss(arrays):
    with legacy_shapes(arrays):
        net = sequential(nn.Dense(6, flatten=False), Softmax(axis=1))
        net.initialize()
        x = arrays(np.random.randn(3, 5, 4))
        assert "for K = 5 classes" in check_output(net, CE(axis=1), x)[0]
        assert "for K = 6 classes" in check_output(net, CE(axis=1))[0]  # by its layers
        flat = sequential(nn.Activation("tanh"))
        for loss in (CE(), CE(axis=1)):  # of scores without a batch it is not known which these are
            assert "below ln(1 + (K-1)/e^2), and" in check_output(flat, loss, arrays([1.0, 2.0]))[0]


def test_an_axis_that_the_output_has_not_is_named(arrays):
    net = sequential(nn.Dense(3), nn.Activation("tanh"))
    net.initialize()
    x = arrays(np.random.randn(4, 6))
    for axis, classes in ((-2, 4), (-1, 3), (0, 4), (1, 3)):
        assert f"for K = {classes} classes" in check_output(net, CE(axis=axis), x)[0]
    for axis in (-3, 2):
        with pytest.raises(ValueError, match=rf"the output has shape \(4, 3\), which has no axis {axis}, as the"):
            check_output(net, CE(axis=axis), x)


def test_losses_are_known_by_type():
    class L2Loss(losses.Loss):
        """Not Gluon's."""

        def __init__(self):
            super().__init__(1, 0)

    with pytest.raises(ValueError, match="; not L2Loss"):
        check_output(nn.Dense(3), L2Loss())
    known = "SoftmaxCrossEntropyLoss, KLDivLoss, CTCLoss, SigmoidBinaryCrossEntropyLoss, LogisticLoss, HingeLoss, "
    known += "SquaredHingeLoss, L1Loss, L2Loss, HuberLoss, PoissonNLLLoss; not TripletLoss"
    with pytest.raises(ValueError, match=f"check_output knows what these losses expect: {known}"):
        check_output(nn.Dense(3), losses.TripletLoss())


# Blocks with other parameters than the usual, and children that compute something else.


class Louder(ReLU):
    def __call__(self, x):
        return super().__call__(x) * -10


class AsSigmoid(Mish):
    function = staticmethod(functional.sigmoid)


OTHERS = {
    "ELU(3)": lambda: ELU(3),
    "ELU(0.5)": lambda: nn.ELU(0.5),
    "CELU(0.5)": lambda: get_activation("celu", alpha=0.5),
    "HardTanh(-2, 5)": lambda: HardTanh(-2, 5),
    "HardTanh(0.1, 0.9)": lambda: HardTanh(0.1, 0.9),
    "HardTanh(1, 4)": lambda: HardTanh(1, 4),
    "HardSigmoid(0.5)": lambda: get_activation("hard_sigmoid", slope=0.5),
    "Softplus(3)": lambda: Softplus(3),
    "LeakyReLU(0)": lambda: get_activation("leaky_relu", alpha=0.0),
    "nn.LeakyReLU(0)": lambda: nn.LeakyReLU(0.0),
    "PReLU(alpha=0)": lambda: get_activation("prelu", alpha=0.0),
    "Swish(-1)": lambda: Swish(-1.0),
    "Swish(3)": lambda: nn.Swish(3.0),
    "Swish(3, learnable)": lambda: Swish(3.0, learnable=True),
    "GELU(tanh)": lambda: get_activation("gelu", approximate="tanh"),
    "AsSigmoid": AsSigmoid,
}
# The loss, and what is wrong with a range.
BY_RANGE = {
    losses.L2Loss(): lambda low, high: low > -np.inf or high < np.inf,
    losses.HingeLoss(): lambda low, high: low >= -1 or high <= 1,
    losses.SquaredHingeLoss(margin=4): lambda low, high: low >= -4 or high <= 4,
    BCE(from_sigmoid=True): lambda low, high: True,
    losses.PoissonNLLLoss(): lambda low, high: low > -np.inf or high < np.inf,
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_the_facts_are_those_of_the_block_at_hand(arrays, make):
    net = last(nn.Dense(10), sequential(make()))
    before = [check_output(net, loss) for loss in BY_RANGE]
    net.initialize()
    x = arrays(np.random.randn(4, 6))
    net(x)
    points = np.concatenate([np.linspace(-20, 20, 100001), [-1e12, 1e12]])
    values = net[2](arrays(points[:, None])).asnumpy().astype(float)
    low, high = values.min() + 0.0, values.max() + 0.0
    low, high = low if low > -1e9 else -np.inf, high if high < 1e9 else np.inf
    for loss, verdict, wrong in zip(BY_RANGE, before, BY_RANGE.values()):
        assert check_output(net, loss, x) == check_output(net, loss) == verdict
        assert bool(verdict) == wrong(low, high)
    (text,) = check_output(net, losses.L2Loss())
    for end in (low, high):
        assert np.isinf(end) or f"{end:.4g}" in text.split(" stays ")[1].split(": ")[0]
    (text,) = check_output(net, BCE(from_sigmoid=True))
    assert ("is taken for a probability, and its logarithm is nan" in text) == (low < 0 or high > 1)
    rate = check_output(net, losses.PoissonNLLLoss(from_logits=False))
    assert bool(rate) != isinstance(net[2][0], Softplus)
    assert ("the logarithm of a negative rate is nan" in "".join(rate)) == (low < 0)


def test_what_a_child_changes_is_asked_or_said_to_be_unknown(arrays):
    class Quiet(nn.Dense):
        def __call__(self, x):
            return functional.tanh(super().__call__(x))

    class Twice(Softmax):
        def __call__(self, x):
            return super().__call__(x) * 2

    class Steep(get_activation("prelu").__class__):
        def __call__(self, x):
            return super().__call__(x) * 2

    class Same(nn.Dense):
        """Changes nothing."""

    assert "it stays below 0: L2Loss" in check_output(last(Louder()), losses.L2Loss())[0].replace("-0", "0")
    assert check_output(last(Same(3)), CE()) == []
    for unknown in (Quiet(3), Twice(), Steep()):
        with pytest.raises(ValueError, match=f"not know what {type(unknown).__name__} gives"):
            check_output(last(unknown), CE())
    net = last(Quiet(3))
    net.initialize()
    with pytest.raises(ValueError, match="cannot be judged|does not know"):
        check_output(net, CE(), arrays(np.random.randn(4, 6)))


@pytest.mark.parametrize("cell, says", [
    (lambda: rnn.LSTMCell(3), "between -1 and 1"),
    (lambda: rnn.LSTMCell(3, activation="relu"), "above 0"),
    (lambda: rnn.GRUCell(3), "between -1 and 1"),
    (lambda: rnn.RNNCell(3, "sigmoid"), "between 0 and 1"),
    (lambda: rnn.RNNCell(3, "softrelu"), "above 0"),
    (lambda: rnn.LSTM(3, projection_size=2), None),
])  # fmt: skip
def test_cells_end_in_their_activation(cell, says):
    texts = check_output(cell(), losses.L2Loss())
    assert [f"it stays {says}: L2Loss" in text for text in texts] == [True] * (says is not None)


@pytest.mark.parametrize("wrap", [
    lambda cell: rnn.ZoneoutCell(cell), lambda cell: rnn.ResidualCell(cell),
    lambda cell: rnn.BidirectionalCell(cell, rnn.GRUCell(3)),
])  # fmt: skip
def test_what_wraps_a_cell_is_not_known(wrap):
    with pytest.raises(ValueError, match="does not know what .*Cell gives"):
        check_output(wrap(rnn.LSTMCell(3)), losses.L2Loss())


def test_log_probabilities_are_along_the_axis_of_the_loss(arrays):
    loss = CE(from_logits=True)
    for axis, right in ((-1, True), (1, True), (0, False)):
        judge(
            arrays,
            last(nn.Dense(10), get_activation("log_softmax", axis=axis)),
            loss,
            None if right else "no log-prob",
        )
    with legacy_shapes(arrays):
        net = sequential(nn.Conv2D(5, 1), get_activation("log_softmax", axis=1))
        net.initialize()
        x = arrays(np.random.randn(2, 1, 3, 3))
        assert check_output(net, CE(axis=1, from_logits=True), x) == []
        assert "no log-probabilities of classes" in check_output(net, loss, x)[0]
        with pytest.raises(ValueError, match=r"has shape \(2, 5, 3, 3\), which has no axis 7"):
            check_output(net, CE(axis=7), x)


def test_of_several_outputs_the_first_is_judged(arrays):
    net = net_of(
        lambda self, x: {"a": [self.k0(x), x], "b": self.k1(x)}, nn.Dense(3), nn.Dense(2, activation="tanh")
    )
    net.initialize()
    x = arrays(np.random.randn(4, 6))
    with pytest.warns(UserWarning, match="^check_output judges the first of the 3 outputs of the net$") as told:
        assert check_output(net, losses.L2Loss(), x) == []
    assert [each.filename for each in told] == [__file__]
    other = net_of(lambda self, x: (self.k1(x), self.k0(x)), net.k0, net.k1)
    with pytest.warns(UserWarning, match="the first of the 2 outputs"):
        assert "ends in Tanh" in check_output(other, losses.L2Loss(), x)[0]
    none = net_of(lambda self, x: self.k0(x) is None, net.k0)
    with pytest.raises(ValueError, match="the net gives no array"):
        check_output(none, losses.L2Loss(), x)


def test_what_is_passed_over_has_to_have_been_given_the_activation(arrays):
    x = arrays(np.random.randn(4, 6))
    flat, act = nn.Flatten(), nn.Activation("tanh")
    assert "ends in Tanh" in check_output(net_of(lambda self, x: flat(act(x)), flat, act), losses.L2Loss(), x)[0]
    with pytest.raises(ValueError, match=r"after its last layer \(k0 Flatten\) the net computes on"):
        check_output(net_of(lambda self, x: flat(act(x) * 5), flat, act), losses.L2Loss(), x)
    assert check_output(net_of(lambda self, x: flat(x) + 0 * act(x), flat, act), losses.L2Loss(), x) == []
    same = get_activation(lambda x: x * 1)
    assert "ends in Tanh" in check_output(sequential(act, same), losses.L2Loss(), x)[0]
    assert "ends in Tanh" in check_output(sequential(act, same), losses.L2Loss())[0]


def test_an_output_of_nan_is_judged_too(arrays):
    net = sequential(nn.Dense(3, in_units=2, activation="tanh"))
    net.initialize()
    x = arrays([[np.nan, 1.0], [2.0, 3.0]])
    assert "ends in Tanh" in check_output(net, losses.L2Loss(), x)[0]


@pytest.mark.parametrize("layers, classes", [
    (lambda: [nn.Dense(10), rnn.LSTM(5), Softmax()], None),
    (lambda: [nn.Conv2D(5, 1), nn.Flatten(), Softmax()], None),
    (lambda: [nn.Conv2D(5, 1), nn.GlobalAvgPool2D(), nn.Flatten(), Softmax()], 5),
    (lambda: [nn.Dense(7), nn.Flatten(), Softmax()], 7),
    (lambda: [nn.Dense(7, flatten=False), nn.Flatten(), Softmax()], None),
    (lambda: [nn.Embedding(7, 3), Softmax()], None),
])  # fmt: skip
def test_how_many_classes_are_told_only_where_they_can_be(layers, classes):
    (text,) = check_output(sequential(*layers()), CE())
    assert ("for K = " in text) == (classes is not None) and (classes is None or f"for K = {classes} cl" in text)
