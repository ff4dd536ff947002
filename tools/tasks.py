"""The tasks on which page 09 compares activations: data, a net and its settings, by :func:`compare` for each.

All data are on this machine: scikit-learn's digits and one of its photographs, MNIST-1D (made by its package from
a seed), two texts that come with Python, and a formula. The settings are small on purpose: `make results` runs all
of them on two cores.
"""

import hashlib
import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

import numpy

from gluon_activations import GLU, get_activation, initializer
from gluon_activations._arrays import array

import mxnet as mx
from mxnet.gluon import Block, nn
from mxnet.gluon.loss import L2Loss

CLASSES = 10


@dataclass(frozen=True)
class Task:
    """What :func:`compare` is called with, and what a reader is told."""

    title: str
    build: Callable[..., Block]
    data: Callable[[], tuple[Any, Any]]
    activations: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)


def stacked(layers, width, activation, last=CLASSES):
    """Dense layers with an activation after each, and a last one without."""
    net = nn.HybridSequential()
    for _ in range(layers):
        net.add(nn.Dense(width, weight_initializer=initializer(activation)), get_activation(activation))
    net.add(nn.Dense(last, weight_initializer=initializer("identity")))
    return net


def mlp(activation):
    """Two hidden layers."""
    return stacked(2, 64, activation)


def cnn(activation):
    """Two stages of convolution, activation and pooling."""
    net = nn.HybridSequential()
    for width in (16, 32):
        net.add(nn.Conv2D(width, 3, padding=1, weight_initializer=initializer(activation)))
        net.add(get_activation(activation), nn.MaxPool2D())
    net.add(nn.GlobalAvgPool2D(), nn.Dense(CLASSES, weight_initializer=initializer("identity")))
    return net


def wave(activation):
    """Three convolutions along a line, as MNIST-1D's authors have them."""
    net = nn.HybridSequential()
    for size in (5, 3, 3):
        net.add(nn.Conv1D(25, size, strides=2, padding=1, weight_initializer=initializer(activation)))
        net.add(get_activation(activation))
    net.add(nn.Dense(CLASSES, weight_initializer=initializer("identity")))
    return net


def deep(activation):
    """Twenty hidden layers and nothing that helps them."""
    return stacked(20, 32, activation)


class Skipping(Block):
    """Input plus two layers of the normalised input."""

    def __init__(self, width, activation):
        super().__init__()
        self.branch = nn.HybridSequential()
        self.branch.add(nn.LayerNorm(), nn.Dense(width, weight_initializer=initializer(activation)))
        self.branch.add(get_activation(activation), nn.Dense(width, weight_initializer=initializer("identity")))
        self.branch.hybridize()

    def forward(self, x):
        """Add the branch."""
        return x + self.branch(x)


def residual(activation):
    """Ten residual blocks of two layers."""
    net = nn.Sequential()
    net.add(nn.Dense(32), *[Skipping(32, activation) for _ in range(10)])
    net.add(nn.LayerNorm(), nn.Dense(CLASSES))
    net.initialize(initializer("identity"))
    return net


def surface(activation):
    """A small net for a function of two numbers."""
    return stacked(2, 32, activation, last=1)


class Uniform(mx.init.Initializer):
    """SIREN's weights: uniform, up to the root of 6 / fan-in over omega; the first layer's up to 1 / fan-in."""

    def __init__(self, omega, first):
        super().__init__(omega=omega, first=first)
        self.omega, self.first = omega, first

    def _init_weight(self, _, weight):
        fan_in = weight.shape[1]
        end = 1 / fan_in if self.first else (6 / fan_in) ** 0.5 / self.omega
        weight[:] = mx.np.random.uniform(-end, end, weight.shape)


OMEGA = 30.0


def picture(activation):
    """A net that stands for an image: from a place to its brightness; with Sine, SIREN."""
    if activation != "sine":
        return stacked(3, 64, activation, last=1)
    net = nn.HybridSequential()
    for place in range(3):
        net.add(nn.Dense(64, weight_initializer=Uniform(OMEGA, place == 0)), get_activation("sine", omega=OMEGA))
    net.add(nn.Dense(1, weight_initializer=Uniform(OMEGA, False)))
    net.initialize()
    return net


WIDTH, HEADS, LENGTH = 48, 4, 64
GATED = {"swiglu": "silu", "geglu": "gelu"}


class Attention(Block):
    """Self-attention that looks back only."""

    def __init__(self):
        super().__init__()
        self.project = nn.Dense(3 * WIDTH, flatten=False)
        self.out = nn.Dense(WIDTH, flatten=False)
        self.mask = numpy.triu(numpy.full((LENGTH, LENGTH), -1e9, "float32"), 1)

    def forward(self, x):
        """Each place looks at those before it."""
        batch, length, _ = x.shape
        parts = self.project(x).reshape((batch, length, 3, HEADS, -1)).transpose((2, 0, 3, 1, 4))
        q, k, v = (part.reshape((batch * HEADS, length, -1)) for part in parts)
        scores = mx.npx.batch_dot(q, k, transpose_b=True) * (WIDTH // HEADS) ** -0.5
        looked = mx.npx.softmax(scores + array(self.mask[:length, :length], ctx=x.ctx))
        found = mx.npx.batch_dot(looked, v).reshape((batch, HEADS, length, -1))
        return self.out(found.transpose((0, 2, 1, 3)).reshape((batch, length, WIDTH)))


class Decoder(Block):
    """Two layers, normalised before attention and before what the activation stands in."""

    def __init__(self, activation, characters):
        super().__init__()
        self.letters, self.places = nn.Embedding(characters, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.parts = nn.Sequential()
        for _ in range(2):
            self.parts.add(nn.LayerNorm(), Attention(), nn.LayerNorm(), widened(activation))
        self.last = nn.Sequential()
        self.last.add(nn.LayerNorm(), nn.Dense(characters, flatten=False))

    def forward(self, x):
        """Scores of the next character at each place."""
        h = self.letters(x) + self.places(array(numpy.arange(x.shape[1]), ctx=x.ctx))
        for place in range(0, len(self.parts), 2):
            h = h + self.parts[place + 1](self.parts[place](h))
        return self.last(h)


def widened(activation):
    """The feed-forward part, with as many parameters whether it is gated or not."""
    gate = GATED.get(activation)
    wide, block = (4 * WIDTH, get_activation(activation)) if gate is None else (16 * WIDTH // 3, GLU(gate))
    net = nn.HybridSequential()
    net.add(nn.Dense(wide, flatten=False), block, nn.Dense(WIDTH, flatten=False))
    net.hybridize()
    return net


def decoder(activation):
    """A character transformer."""
    net = Decoder(activation, len(alphabet()))
    net.initialize(initializer("identity"))
    return net


def digits():
    """Images in rows."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return ((x - 8) / 6).astype("float32"), y


def images():
    """Images."""
    x, y = digits()
    return x.reshape(-1, 1, 8, 8), y


def mnist_1d():
    """1 500 of MNIST-1D's samples, as its package makes them."""
    from mnist1d.data import get_dataset_args, make_dataset

    args = get_dataset_args()
    args.num_samples = 1500
    made = make_dataset(args)
    x = numpy.concatenate([made["x"], made["x_test"]])
    return x[:, None].astype("float32"), numpy.concatenate([made["y"], made["y_test"]])


def waves():
    """Two numbers and a smooth function of them, with a little noise."""
    rng = numpy.random.default_rng(0)
    x = rng.uniform(-1, 1, (600, 2))
    y = numpy.sin(4 * x[:, 0]) * numpy.cos(3 * x[:, 1]) + 0.05 * rng.standard_normal(len(x))
    return (1.7 * x).astype("float32"), y.astype("float32")


def photograph():
    """Places from -1 to 1, and the brightness there of a small part of a photograph."""
    from sklearn.datasets import load_sample_image

    grey = load_sample_image("china.jpg")[120:216:2, 240:336:2].mean(-1)
    places = numpy.stack(numpy.meshgrid(*[numpy.linspace(-1, 1, n) for n in grey.shape], indexing="ij"), -1)
    brightness = (grey - grey.mean()) / grey.std()
    return places.reshape(-1, 2).astype("float32"), brightness.reshape(-1).astype("float32")


# Texts of Python's library that are the same in all its versions from 3.6 to 3.13.
TEXTS = {
    ("email", "architecture.rst"): "f2b2ba7497fd02d13abcfc2a98099283a94b09e8b4f2c1c822ecacde3bec3eae",
    ("idlelib", "NEWS2x.txt"): "c89a3b513501ebace8e428aea68dce39d0af9f29196e08fc9ea49c99605e79e7",
}


def text():
    """Their characters; an error if they are not those that were trained on."""
    found = ""
    for (package, name), digest in TEXTS.items():
        spec = importlib.util.find_spec(package)
        folder = Path(spec.origin).parent if spec is not None and spec.origin else Path(package)
        path = folder / name
        if not path.exists():
            raise FileNotFoundError(
                f"this Python comes without {package}/{name}, on which the transformer is trained"
            )
        content = path.read_bytes()
        came = hashlib.sha256(content).hexdigest()
        if came != digest:
            raise ValueError(f"{package}/{name} has another hash ({came}) than the text that was trained on")
        found += content.decode("utf-8").replace("\r\n", "\n")
    return found


def alphabet():
    """Each character of the text, sorted."""
    return sorted(set(text()))


def characters():
    """Pieces of the text as whole numbers, and the character after each."""
    places = {letter: place for place, letter in enumerate(alphabet())}
    line = numpy.array([places[letter] for letter in text()], "int32")
    count = (len(line) - 1) // LENGTH
    return line[: count * LENGTH].reshape(count, LENGTH), line[1 : count * LENGTH + 1].reshape(count, LENGTH)


SGD = {"momentum": 0.9, "batch_size": 64}
ADAM = {"optimizer": "adam"}
BRIEF = {"folds": 3, "repeats": 4}
TASKS = {
    "digits, MLP": Task(
        "two dense layers of 64",
        mlp,
        digits,
        ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "sigmoid"),
        {**SGD, "tune": {"learning_rate": [0.01, 0.03, 0.1, 0.3]}, "epochs": 40, "patience": 6, "repeats": 4},
    ),
    "digits, CNN": Task(
        "two convolutions of 16 and 32",
        cnn,
        images,
        ("relu", "elu", "selu", "gelu", "silu", "tanh", "hard_tanh"),
        {**SGD, "tune": {"learning_rate": [0.03, 0.1, 0.3]}, "epochs": 50, "patience": 6, **BRIEF},
    ),
    "MNIST-1D, CNN": Task(
        "three convolutions of 25",
        wave,
        mnist_1d,
        ("relu", "elu", "selu", "gelu", "silu", "mish", "tanh"),
        {**SGD, "tune": {"learning_rate": [0.01, 0.03, 0.1]}, "epochs": 50, "patience": 6, **BRIEF},
    ),
    "digits, deep plain": Task(
        "20 dense layers of 32, no normalisation, no skip",
        deep,
        digits,
        ("relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid"),
        {**SGD, "tune": {"learning_rate": [0.0003, 0.001, 0.003, 0.01]}, "epochs": 40, "patience": 6, **BRIEF},
    ),
    "digits, deep residual": Task(
        "10 residual blocks of two layers of 32 with LayerNorm",
        residual,
        digits,
        ("relu", "selu", "gelu", "silu", "tanh", "sigmoid"),
        {
            **SGD,
            "tune": {"learning_rate": [0.01, 0.03, 0.1]},
            "epochs": 25,
            "patience": 4,
            "folds": 3,
            "repeats": 3,
        },
    ),
    "text, transformer": Task(
        "2 layers of 48, characters, equal parameters",
        decoder,
        characters,
        ("relu", "squared_relu", "gelu", "silu", "swiglu", "geglu"),
        {
            **ADAM,
            "tune": {"learning_rate": [0.003, 0.01]},
            "batch_size": 16,
            "epochs": 15,
            "patience": 3,
            "folds": 3,
            "repeats": 3,
            "margin": 0.03,
        },
    ),
    "smooth surface": Task(
        "two dense layers of 32, regression",
        surface,
        waves,
        ("relu", "gelu", "silu", "softplus", "tanh", "sine", "snake"),
        {
            **ADAM,
            "loss": L2Loss(),
            "tune": {"learning_rate": [0.003, 0.01, 0.03]},
            "epochs": 150,
            "patience": 15,
            **BRIEF,
            "repeats": 10,
        },
    ),
    "photograph": Task(
        "three dense layers of 64 that stand for an image",
        picture,
        photograph,
        ("relu", "gelu", "tanh", "sine"),
        {
            **ADAM,
            "loss": L2Loss(),
            "tune": {"learning_rate": [0.0003, 0.001, 0.003, 0.01]},
            "batch_size": 128,
            "epochs": 120,
            "patience": 10,
            "folds": 3,
            "repeats": 3,
        },
    ),
}
