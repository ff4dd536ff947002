"""How often is diagnose() right? On nets that are ill in known ways, and on healthy ones: make clinic.

    notebooks/results/clinic.csv   a row for each disease: nets, how many were named, and all that was found

A *disease* is a function of a generator and a severity (0, 1, 2: mild to grave) that makes net, batch and loss.
A *healthy* net is drawn from ten kinds, and counts only if it learns: its loss has to fall by a fifth within some
steps. Half of them are shown to diagnose() before these steps, half after. The limits in nets/diagnose.py were set
on the seeds of ``--tune``; the table is of others.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from scipy.stats import binomtest
from tqdm import tqdm

from gluon_activations import GLU, Maxout, Softmax, diagnose, get_activation, initializer
from gluon_activations._arrays import numpy_arrays
from gluon_activations.training import write_csv

import mxnet as mx
from mxnet.gluon import Block, Trainer, nn, rnn
from mxnet.gluon import loss as losses

TABLE = Path(__file__).resolve().parent.parent / "notebooks" / "results" / "clinic.csv"
HEALTHY, EACH = 200, 5  # nets; nets for each severity of each disease
TUNING, REPORTING = 1000, 2000  # first seeds of what the limits were set on, and of what is reported
STEPS = 40
CLASSES = 5
SMOOTH = ("gelu", "silu", "mish", "elu", "selu", "softplus", "tanh", "hard_swish", "celu")
KINKED = ("relu", "leaky_relu", "relu6", "hard_tanh", "prelu")


class Own(Block):
    """A block with a forward pass of its own: ``function(self, x)``, with blocks as attributes."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        """What the function makes of it."""
        return self.function(self, x)


def chain(*layers):
    """Layers one after the other."""
    net = nn.Sequential()
    net.add(*layers)
    return net


def array(values, dtype="float32"):
    """An MXNet array."""
    return mx.np.array(values, dtype=dtype)


# Batches that can be learned: the answer is a random net's.


def answers(x, units, rng):
    """What a random net of one hidden layer says to these samples, with mean 0 and spread 1."""
    flat = x.reshape(len(x), -1)
    flat = (flat - flat.mean()) / flat.std()
    hidden = np.tanh(flat @ rng.standard_normal((flat.shape[1], 16)) / flat.shape[1] ** 0.5)
    found = hidden @ rng.standard_normal((16, units))
    return (found - found.mean(axis=0)) / found.std(axis=0)


def table(rng, n=None, features=None):
    """Samples with features of spread 1."""
    return rng.standard_normal((n or draw(rng, 16, 32, 64, 128, 256), features or draw(rng, 8, 20, 50)))


def images(rng):
    """Images with one channel and values from 0 to 1."""
    return rng.beta(0.5, 1.0, (draw(rng, 32, 64, 128), 1, 12, 12))


def sequences(rng):
    """Sequences of vectors, with the samples first."""
    return rng.standard_normal((draw(rng, 32, 64, 128), draw(rng, 6, 12), draw(rng, 4, 8)))


def draw(rng, *choices):
    """One of these."""
    return choices[rng.integers(len(choices))]


def task(x, rng):
    """One of five losses, labels for it, and how many outputs the net has."""
    kind = rng.integers(5)
    if kind == 4:
        return losses.SigmoidBinaryCrossEntropyLoss(), array(answers(x, 1, rng) > 0), 1
    if kind == 3:
        return draw(rng, losses.L2Loss, losses.L1Loss)(), array(answers(x, 1, rng)), 1
    return losses.SoftmaxCrossEntropyLoss(), array(answers(x, CLASSES, rng).argmax(axis=1)), CLASSES


# Nets that are well.


def mlp(rng, act=None, depth=None, outputs=CLASSES, width=None, norm=None):
    """Dense layers, each followed by an activation."""
    act = act or draw(rng, *SMOOTH, *KINKED)
    width = width or draw(rng, 16, 32, 64, 128)
    layers = []
    for _ in range(depth or draw(rng, 1, 2, 3, 5)):
        layers += [nn.Dense(width), *([norm()] if norm else []), get_activation(act)]
        layers += [nn.Dropout(0.2)] if rng.random() < 0.15 else []
    return chain(*layers, nn.Dense(outputs))


def suited(net, x):
    """The net with the initialiser that suits its activations, and its shapes settled."""
    net.initialize(initializer(net))
    return settled(net, x)


def settled(net, x):
    """The net, run once."""
    with mx.autograd.pause():
        net(array(x[:2]))
    return net


def well_mlp(rng):
    """Dense layers with weights that suit the activation."""
    x = table(rng)
    loss, y, outputs = task(x, rng)
    return suited(mlp(rng, outputs=outputs), x), (array(x), y), loss


def well_shallow(rng):
    """One or two hidden layers as Gluon starts them."""
    x = table(rng)
    loss, y, outputs = task(x, rng)
    net = mlp(rng, draw(rng, "relu", "tanh", "sigmoid", "gelu"), draw(rng, 1, 2), outputs)
    net.initialize(draw(rng, mx.init.Uniform(0.07), mx.init.Xavier(), mx.init.Normal(0.05)))
    return settled(net, x), (array(x), y), loss


def well_deep(rng):
    """Many layers without any help but the weights that suit the activation."""
    x = table(rng)
    loss, y, outputs = task(x, rng)
    net = mlp(rng, draw(rng, "relu", "tanh", "selu", "gelu"), draw(rng, 8, 12, 16), outputs, draw(rng, 32, 64))
    return suited(net, x), (array(x), y), loss


def well_normalised(rng):
    """Deep, with a normalisation before each activation, however it starts."""
    x = table(rng)
    loss, y, outputs = task(x, rng)
    norm = draw(rng, nn.BatchNorm, nn.LayerNorm)
    net = mlp(rng, None, draw(rng, 2, 5, 10), outputs, norm=norm)
    net.initialize(draw(rng, mx.init.Uniform(0.07), mx.init.Xavier(), initializer(net)))
    return settled(net, x), (array(x), y), loss


def well_cnn(rng):
    """Convolutions, pooling, a dense layer."""
    x = images(rng)
    loss, y, outputs = task(x, rng)
    act = draw(rng, *SMOOTH, *KINKED)
    layers = []
    for channels in draw(rng, (8,), (8, 16), (8, 16, 16)):
        layers += [nn.Conv2D(channels, 3, padding=1), *([nn.BatchNorm()] if rng.random() < 0.3 else [])]
        layers += [get_activation(act), draw(rng, nn.MaxPool2D, nn.AvgPool2D)()]
    ends = draw(rng, (nn.Flatten(), nn.Dense(32), get_activation(act)), (nn.GlobalAvgPool2D(), nn.Flatten()))
    return suited(chain(*layers, *ends, nn.Dense(outputs)), x), (array(x), y), loss


def residual(rng, act, zero):
    """A block that adds to its input, with a last layer that may start with 0."""
    width = 32
    last = nn.Dense(width, weight_initializer="zeros" if zero else None)
    body = chain(nn.LayerNorm(), nn.Dense(width), get_activation(act), last)
    return Own(lambda self, x: x + self.body(x), body=body)


def well_residual(rng):
    """Connections that skip layers; some branches start with 0."""
    x = table(rng)
    loss, y, outputs = task(x, rng)
    act, zero = draw(rng, *SMOOTH, *KINKED), rng.random() < 0.5
    blocks = [residual(rng, act, zero) for _ in range(draw(rng, 2, 4, 8))]
    last = nn.Dense(outputs, weight_initializer=draw(rng, None, "zeros"))
    net = chain(nn.Dense(32), *blocks, get_activation(act), last)
    net.initialize(mx.init.Xavier())
    return settled(net, x), (array(x), y), loss


def well_recurrent(rng):
    """An LSTM, a GRU or a plain recurrent layer, read at its last step or in the mean."""
    x = sequences(rng)
    loss, y, outputs = task(x, rng)
    layer = draw(rng, rnn.LSTM, rnn.GRU, rnn.RNN)(draw(rng, 16, 32), num_layers=draw(rng, 1, 2), layout="NTC")
    reads = (lambda self, x: self.out(self.layer(x)[:, -1])), (lambda self, x: self.out(self.layer(x).mean(1)))
    net = Own(draw(rng, *reads), layer=layer, out=nn.Dense(outputs))
    net.initialize(draw(rng, mx.init.Uniform(0.07), mx.init.Uniform(0.15), mx.init.Uniform(0.3)))
    return settled(net, x), (array(x), y), loss


def well_gated(rng):
    """GLU or Maxout in place of an activation."""
    x = table(rng)
    loss, y, outputs = task(x, rng)
    if rng.random() < 0.5:
        hidden = [
            layer for _ in range(draw(rng, 1, 2)) for layer in (nn.Dense(64), GLU(draw(rng, "sigmoid", "silu")))
        ]
    else:
        hidden = [Maxout(32, 3) for _ in range(draw(rng, 1, 2))]
    net = chain(*hidden, nn.Dense(outputs))
    net.initialize(mx.init.Xavier())
    return settled(net, x), (array(x), y), loss


def attend(self, x):
    """One head of attention, then a small net, both added to their input."""
    z = self.first(x)
    q, k, v = self.q(z), self.k(z), self.v(z)
    shares = self.share(mx.np.matmul(q, k.transpose((0, 2, 1))) / q.shape[-1] ** 0.5)
    x = x + self.o(mx.np.matmul(shares, v))
    return x + self.body(self.second(x))


def transformer(width=16):
    """A block of a transformer, with the normalisation before."""
    dense = {name: nn.Dense(width, flatten=False) for name in "qkvo"}
    body = chain(nn.Dense(2 * width, flatten=False), get_activation("gelu"), nn.Dense(width, flatten=False))
    return Own(attend, first=nn.LayerNorm(), second=nn.LayerNorm(), share=Softmax(), body=body, **dense)


def well_transformer(rng):
    """Attention over vectors or over words."""
    words = rng.random() < 0.5
    x = rng.integers(0, 30, (draw(rng, 32, 64), 8)) if words else sequences(rng)
    loss, y, outputs = task(x, rng)
    first = nn.Embedding(30, 16) if words else nn.Dense(16, flatten=False)
    mean = Own(lambda self, x: x.mean(1))
    net = chain(first, *(transformer() for _ in range(draw(rng, 1, 2))), nn.LayerNorm(), mean, nn.Dense(outputs))
    net.initialize(draw(rng, mx.init.Xavier(), mx.init.Normal(0.05)))
    return settled(net, x), (array(x), y), loss


def well_words(rng):
    """An embedding, in the mean or through a recurrent layer."""
    x = rng.integers(0, 40, (draw(rng, 32, 64, 128), 10))
    loss, y, outputs = task(np.eye(40)[x].sum(axis=1), rng)
    middle = Own(lambda self, x: x.mean(1)) if rng.random() < 0.5 else rnn.GRU(16, layout="NTC")
    net = chain(nn.Embedding(40, 16), middle, nn.Dense(32, activation="relu"), nn.Dense(outputs))
    net.initialize(draw(rng, mx.init.Uniform(0.07), mx.init.Normal(0.1), mx.init.Uniform(0.3)))
    return settled(net, x), (array(x, "int32"), y), loss


KINDS = {
    function.__name__.removeprefix("well_"): function
    for function in (
        well_mlp,
        well_shallow,
        well_deep,
        well_normalised,
        well_cnn,
        well_residual,
        well_recurrent,
        well_gated,
        well_transformer,
        well_words,
    )
}


def learn(net, batch, loss, rng):
    """Train a net on its batch; its loss afterwards, of what it was."""
    x, y = batch
    optimizer = draw(rng, ("adam", {"learning_rate": 0.01}), ("sgd", {"learning_rate": 0.05, "momentum": 0.9}))
    trainer = Trainer(net.collect_params(), *optimizer)
    for step in range(STEPS):
        with mx.autograd.record():
            value = loss(net(x), y).mean()
        value.backward()
        if not step:
            first = value.item()
        trainer.step(1)
    return value.item() / first


def healthy(seed):
    """A net that learns, of the kind whose turn it is; its kind; and whether it is shown after the training."""
    kind = list(KINDS)[seed % len(KINDS)]
    for trial in range(20):
        late = seed // len(KINDS) % 2 == 1
        net, batch, loss = made(KINDS[kind], seed, trial)
        rng = np.random.default_rng([seed, trial, 1])
        if learn(net, batch, loss, rng) < 0.8:
            if not late:
                net, batch, loss = made(KINDS[kind], seed, trial)  # the same again, before it has learned
            return kind, late, net, batch, loss
    raise RuntimeError(f"no {kind} net of seed {seed} learns")


def made(function, *seed):
    """What a function makes of a generator with this seed, and MXNet's and NumPy's own with it."""
    rng = np.random.default_rng(seed)
    mx.random.seed(int(rng.integers(2**31)))
    np.random.seed(int(rng.integers(2**31)))
    return function(rng)


# Diseases: each breaks something in a net that would be well. Severity 0 is mild, 2 grave.


def classifier(rng, act=None, depth=None, x=None):
    """A net that is well, with numbers that are still NumPy's."""
    x = table(rng) if x is None else x
    net = suited(mlp(rng, act or draw(rng, "relu", "tanh", "gelu", "leaky_relu"), depth or draw(rng, 2, 3)), x)
    return net, x, answers(x, CLASSES, rng).argmax(axis=1), losses.SoftmaxCrossEntropyLoss()


def regression(rng, net=None):
    """The same for numbers instead of classes."""
    x = table(rng)
    return (
        suited(net or mlp(rng, draw(rng, "relu", "tanh", "gelu"), 2, 1), x),
        x,
        answers(x, 1, rng),
        losses.L2Loss(),
    )


def some(rng, values, severity, shares=(0.0, 0.02, 0.5)):
    """Places in an array: one, a few, many."""
    count = max(1, int(shares[severity] * values.size))
    return np.unravel_index(rng.choice(values.size, count, replace=False), values.shape)


def nan_in_data(rng, severity):
    """Numbers that are missing."""
    net, x, y, loss = classifier(rng)
    x[some(rng, x, severity)] = draw(rng, np.nan, np.inf)
    return net, x, y, loss


def nan_in_parameters(rng, severity):
    """A net that a step was too large for."""
    net, x, y, loss = classifier(rng)
    for layer in [layer for layer in net if isinstance(layer, nn.Dense)][: severity + 1]:
        weight = layer.weight.data().asnumpy()
        weight[some(rng, weight, severity)] = np.nan
        layer.weight.set_data(array(weight))
    return net, x, y, loss


def labels(rng, severity):
    """Classes counted from 1; labels -1 and 1 for a probability; classes that there are not."""
    net, x, y, loss = classifier(rng)
    if severity == 1:
        x = table(rng)
        sides = np.sign(answers(x, 1, rng))
        return suited(mlp(rng, "relu", 2, 1), x), x, sides, losses.SigmoidBinaryCrossEntropyLoss()
    return net, x, y + (1 if severity == 0 else 100), loss


def shapes(rng, severity):
    """A loss of the reader's own that compares each output with all labels."""
    net, x, y, _ = regression(rng)
    return net, x, y[:, 0], lambda out, y: abs(out - y) ** (severity / 2 + 1)


def words(rng, severity):
    """Numbers of words that an embedding does not have."""
    x = rng.integers(0, 40, (64, 10))
    y = answers(np.eye(40)[x].sum(axis=1), CLASSES, rng).argmax(axis=1)
    net = chain(
        nn.Embedding(40, 16), Own(lambda self, x: x.mean(1)), nn.Dense(32, activation="relu"), nn.Dense(CLASSES)
    )
    net.initialize(mx.init.Xavier())
    x[some(rng, x, severity)] = draw(rng, 40, 500)
    return settled(net, x[:2] % 40), x, y, losses.SoftmaxCrossEntropyLoss()


def constant(rng, severity):
    """All weights of the hidden layers the same number."""
    net, x, y, loss = classifier(rng, depth=draw(rng, 1, 2, 3))
    for layer in [layer for layer in net if isinstance(layer, nn.Dense)]:
        layer.weight.set_data(array(np.full(layer.weight.shape, (0.1, 0.01, 0.0)[severity])))
    return net, x, y, loss


def linear(rng, severity):
    """Layers without anything between them."""
    net, x, y, loss = classifier(rng, "identity", (1, 3, 6)[severity])
    return net, x, y, loss


def wrong_axis(rng, severity):
    """A softmax over the samples, at the end or inside."""
    net, x, y, loss = classifier(rng)
    if severity == 0:
        net.add(get_activation("log_softmax", axis=0))
        return net, x, y, losses.SoftmaxCrossEntropyLoss(from_logits=True)
    if severity == 1:
        net.add(Softmax(axis=0))
        return net, x, y, loss
    net = chain(nn.Dense(16), Softmax(axis=0), nn.Dense(CLASSES))
    return suited(net, x), x, y, loss


def mixing(rng, severity):
    """A recurrent layer that takes samples for times; a mean over the samples that is subtracted."""
    if severity:
        x = sequences(rng)
        layer = draw(rng, rnn.LSTM, rnn.GRU, rnn.RNN)(16, num_layers=severity)
        net = chain(layer, nn.Dense(CLASSES))
        net.initialize(mx.init.Uniform(0.3))
        settled(net, x)
    else:
        x = table(rng)
        body = mlp(rng, draw(rng, "relu", "tanh"), 2)
        body.initialize(initializer(body))
        net = Own(lambda self, x: self.body(x - x.mean(0)), body=body)
        settled(net, x)
    return net, x, answers(x, CLASSES, rng).argmax(axis=1), losses.SoftmaxCrossEntropyLoss()


def double_softmax(rng, severity):
    """A softmax before a loss that has one."""
    net, x, y, loss = classifier(rng)
    net.add(Softmax(temperature=(1.0, 0.5, 2.0)[severity]) if severity else Own(lambda self, x: mx.npx.softmax(x)))
    return net, x, y, loss


def misfit(rng, severity):
    """An output that cannot be what the loss wants."""
    x = table(rng)
    if severity == 0:  # ReLU before scores, or a sigmoid before the loss that has one
        net, x, y, loss = classifier(rng)
        net.add(get_activation(draw(rng, "relu", "sigmoid", "tanh")))
        return net, x, y, loss
    if severity == 1:
        net = chain(*mlp(rng, "relu", 2, 1), get_activation("sigmoid"))
        return suited(net, x), x, answers(x, 1, rng) > 0, losses.SigmoidBinaryCrossEntropyLoss()
    net = chain(*mlp(rng, "tanh", 2, 1), get_activation(draw(rng, "relu", "sigmoid", "tanh")))
    return regression(rng, net)


def frozen(rng, severity):
    """Layers that are not trained: the first, all hidden ones, all."""
    net, x, y, loss = classifier(rng, depth=3)
    dense = [layer for layer in net if isinstance(layer, nn.Dense)]
    for layer in dense[: (1, 3, 4)[severity]]:
        layer.collect_params().setattr("grad_req", "null")
    return net, x, y, loss


def unused(rng, severity):
    """Blocks that the forward pass forgets."""
    x = table(rng)
    spare = [nn.Dense(8, in_units=8) for _ in range(severity + 1)]
    net = Own(lambda self, x: self.body(x), body=mlp(rng, "relu", 2), spare=chain(*spare))
    return suited(net, x), x, answers(x, CLASSES, rng).argmax(axis=1), losses.SoftmaxCrossEntropyLoss()


def inputs(rng, severity):
    """Inputs that are too large, too small, off centre, or uneven."""
    net, x, y, loss = classifier(rng)
    how = rng.integers(4)
    if how == 0:
        return net, x * (20, 255, 1e4)[severity], y, loss
    if how == 1:
        return net, x * (1e-2, 1e-3, 1e-5)[severity], y, loss
    if how == 2:
        return net, x + (15, 100, 1000)[severity], y, loss
    x[:, 0] *= (300, 1e3, 1e5)[severity]
    return net, x, y, loss


def targets(rng, severity):
    """Targets of a regression as they were measured."""
    net, x, y, loss = regression(rng)
    return net, x, y * (50, 300, 1e4)[severity] + draw(rng, 0, 100), loss


def dead(rng, severity):
    """Biases that a large step has pushed far below 0."""
    net, x, y, loss = classifier(rng, draw(rng, "relu", "relu", "relu6"), 3)
    layer = draw(rng, *[layer for layer in net if isinstance(layer, nn.Dense)][:-1])
    bias = layer.bias.data().asnumpy()
    bias[: int(np.ceil((0.75, 0.9, 1.0)[severity] * len(bias)))] = -30
    layer.bias.set_data(array(bias))
    return net, x, y, loss


def saturated(rng, severity):
    """Weights that are much too large for an activation with two flat ends."""
    net, x, y, loss = classifier(rng, draw(rng, "tanh", "sigmoid", "hard_tanh"), 3)
    grown(net, (30, 100, 1000)[severity])
    return net, x, y, loss


def grown(net, factor):
    """Multiply the weights of all hidden layers."""
    for layer in [layer for layer in net if isinstance(layer, nn.Dense)][:-1]:
        layer.weight.set_data(layer.weight.data() * factor)


def faint(rng, severity):
    """A deep net with weights that are too small, as Gluon's own first ones."""
    x = table(rng)
    net = mlp(rng, draw(rng, "relu", "tanh", "gelu"), (6, 10, 20)[severity], width=draw(rng, 16, 32, 64))
    net.initialize(mx.init.Uniform(0.07))
    return settled(net, x), x, answers(x, CLASSES, rng).argmax(axis=1), losses.SoftmaxCrossEntropyLoss()


def loud(rng, severity):
    """A deep net with weights that are too large."""
    net, x, y, loss = classifier(rng, draw(rng, "relu", "leaky_relu", "gelu"), (6, 10, 20)[severity])
    grown(net, draw(rng, 5, 8))
    return net, x, y, loss


def lost(rng, severity):
    """Many sigmoids: each passes a quarter of the gradient at most."""
    x = table(rng)
    net = mlp(rng, "sigmoid", (6, 10, 20)[severity], width=draw(rng, 16, 32, 64))
    net.initialize(mx.init.Xavier())
    return settled(net, x), x, answers(x, CLASSES, rng).argmax(axis=1), losses.SoftmaxCrossEntropyLoss()


def cut(rng, severity):
    """A detach on the way."""
    x = table(rng)
    parts = {"a": mlp(rng, "relu", severity + 1, 32), "b": mlp(rng, "tanh", 1)}
    net = Own(lambda self, x: self.b(self.a(x).detach()), **parts)
    return suited(net, x), x, answers(x, CLASSES, rng).argmax(axis=1), losses.SoftmaxCrossEntropyLoss()


def steep(rng, severity):
    """A loss that is summed with a huge weight, or a recurrent layer whose weights are too large."""
    if rng.random() < 0.5:
        net, x, y, loss = classifier(rng)
        factor = (1e3, 1e4, 1e6)[severity]
        return net, x, y, lambda out, y: loss(out, y) * factor
    x = rng.standard_normal((64, 40, 4))
    layer = rnn.RNN(16, activation="relu", layout="NTC")
    net = Own(lambda self, x: self.out(self.layer(x)[:, -1]), layer=layer, out=nn.Dense(CLASSES))
    net.initialize(mx.init.Uniform((0.8, 1.0, 1.5)[severity]))
    return settled(net, x), x, answers(x, CLASSES, rng).argmax(axis=1), losses.SoftmaxCrossEntropyLoss()


def not_finite(rng, severity):
    """The logarithm of a probability that is rounded to 0."""
    net, x, y, _ = classifier(rng)
    shift = (110.0, 150.0, 1000.0)[severity]

    def loss(out, y):
        scores = out * mx.np.array([1.0] * CLASSES) + shift * mx.np.array([1.0] + [0.0] * (CLASSES - 1))
        return -mx.np.log(mx.npx.pick(mx.npx.softmax(scores), y))

    return net, x, y, loss


# Each with the finding that names it.
DISEASES = {
    nan_in_data: "nan or infinity in the data",
    nan_in_parameters: "nan or infinity in the parameters",
    labels: "labels that the loss does not mean",
    shapes: "output and labels of different shapes",
    words: "numbers that the embedding does not have",
    constant: "units that are all alike",
    linear: "no nonlinearity",
    wrong_axis: "softmax over the wrong axis",
    mixing: "samples that mix",
    double_softmax: "double softmax",
    misfit: "output that does not suit the loss",
    frozen: "frozen parameters",
    unused: "unused parameters",
    inputs: "unscaled inputs",
    targets: "unscaled targets",
    dead: "dead units",
    saturated: "saturated units",
    faint: "vanishing signal",
    loud: "exploding signal",
    lost: "vanishing gradient",
    cut: "vanishing gradient",
    steep: "exploding gradient",
    not_finite: "loss that is not finite",
}


def patient(disease, severity, seed):
    """A net with a disease, its batch and its loss."""
    net, x, y, loss = made(lambda rng: disease(rng, severity), seed, severity)
    whole = np.asarray(x).dtype.kind in "iu"
    return net, (array(x, "int32" if whole else "float32"), array(y)), loss


def shown(*what):
    """Print what was found where it should not have been, or was not where it should."""
    print(*what, sep="\n", end="\n\n")


def unseen(*_):
    """Print nothing."""


def ill(first, each=EACH, show=unseen):
    """A row for each disease and severity."""
    rows = []
    for disease, name in tqdm(DISEASES.items(), unit="disease", disable=None):
        for severity in range(3):
            reports = []
            for number in range(each):
                net, batch, loss = patient(disease, severity, first + number)
                reports.append(diagnose(net, batch, loss))
                if name not in names(reports[-1]):
                    show(disease.__name__, severity, first + number, reports[-1])
            title = disease.__name__.replace("_", " ")
            rows.append(row("ill", title, severity, name, reports))
    return rows


def well(first, count=HEALTHY, show=unseen):
    """A row for each kind of healthy net."""
    reports = {kind: [] for kind in KINDS}
    for seed in tqdm(range(first, first + count), unit="healthy net", disable=None):
        kind, late, net, batch, loss = healthy(seed)
        reports[kind].append(diagnose(net, batch, loss))
        if reports[kind][-1].findings:
            show(kind, late, seed, reports[kind][-1])
    return [row("well", kind, "", "", found) for kind, found in reports.items()]


def names(report):
    """What was found, each once."""
    return list(dict.fromkeys(finding.name for finding in report.findings))


def row(kind, title, severity, name, reports):
    """Nets, how often what ails them was named, how often first, how many have any finding, and all findings."""
    found = [names(report) for report in reports]
    counts = Counter(each for one in found for each in one)
    return {
        "kind": kind,
        "name": title,
        "severity": severity,
        "finding": name,
        "nets": len(found),
        "named": sum(name in one for one in found),
        "first": sum(one[:1] == [name] for one in found),
        "any": sum(bool(one) for one in found),
        "found": "; ".join(f"{each}: {count}" for each, count in counts.most_common()),
    }


def total(rows):
    """A row for all of these, with an exact interval for the share that was named, or that has a finding."""
    sums = {key: sum(each[key] for each in rows) for key in ("nets", "named", "first", "any")}
    kind = rows[0]["kind"]
    share = binomtest(sums["named" if kind == "ill" else "any"], sums["nets"]).proportion_ci(0.95, "exact")
    interval = f"95 % interval: {share.low:.4f} to {share.high:.4f}"
    return {"kind": kind, "name": "all", "severity": "", "finding": "", **sums, "found": interval}


def main():
    """Write the table, or with --tune print what was missed and what was raised for nothing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tune", action="store_true", help="on the seeds of the limits; writes nothing")
    parser.add_argument("--each", type=int, default=EACH)
    parser.add_argument("--healthy", type=int, default=HEALTHY)
    asked = parser.parse_args()
    first, show = (TUNING, shown) if asked.tune else (REPORTING, unseen)
    with numpy_arrays():
        healthy_ones, sick = well(first, asked.healthy, show), ill(first, asked.each, show)
    rows = [total(healthy_ones), *healthy_ones, total(sick), *sick]
    if not asked.tune:
        write_csv(rows, TABLE)
    for each in rows:
        print(*[each[key] for key in ("name", "severity", "nets", "named", "first", "any", "found")], sep="\t")


if __name__ == "__main__":
    sys.exit(main())
