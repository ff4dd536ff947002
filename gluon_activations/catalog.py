"""The facts: one frozen entry per activation, and the ways to ask for one.

Whatever lists activations (README, figures, tests, pages) iterates over ``CATALOG``.
Every field is checked by ``tests/test_catalog.py``.
"""

import difflib
import inspect
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any, Callable, Optional

import mxnet as mx
from mxnet.gluon import Block, nn

from . import blocks, functional, ops


@dataclass(frozen=True)
class Paper:
    """Where an activation was published."""

    authors: str
    year: int
    title: str
    link: str  # "arXiv:…", "doi:…" or, where neither exists, an address


@dataclass(frozen=True)
class Builtin:
    """What MXNet itself offers."""

    code: str
    lines: tuple[str, ...] = ("1.9", "2.0")
    fault: str = ""  # what is wrong with it; empty if it is right


@dataclass(frozen=True)
class Knob:
    """A number that the block takes and that bends the curve, and how far it is worth turning."""

    name: str
    symbol: str  # LaTeX, as in ``forms``
    default: float
    low: float
    high: float

    @property
    def letter(self) -> str:
        """The symbol where no formula can stand: α for the LaTeX of it."""
        return {r"\alpha": "α", r"\beta": "β"}.get(self.symbol, self.symbol)


@dataclass(frozen=True)
class Form:
    """Formula and derivative with the knobs left open, under the choices that the block is given."""

    formula: str  # LaTeX, in x and the symbols of the knobs
    derivative: str
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Activation:
    """The facts about one activation, for the default parameters of its block."""

    name: str
    title: str
    family: str
    block: Callable[..., Block]
    formula: str  # LaTeX, in x
    derivative: str  # LaTeX, in x
    range: tuple[float, float]
    attained: tuple[bool, bool]  # whether each end of the range is a value at a finite x
    minimum: Optional[tuple[float, float]]  # (x, value) where it is attained at one point
    monotonic: bool
    kinks: tuple[float, ...]  # where it has no derivative
    gain: float  # 1 / sqrt(E f(z)^2) for a standard normal z
    lipschitz: float  # the steepest slope
    builtin: Optional[Builtin]
    papers: tuple[Paper, ...]
    zero_centred: bool = False  # an odd function: symmetric input gives output of mean 0
    aliases: tuple[str, ...] = ()
    knobs: tuple[Knob, ...] = ()
    forms: tuple[Form, ...] = ()  # the default first; empty where the block takes nothing


# A family is a page of the collection.
FAMILIES: dict[str, str] = {
    "sigmoids": "01_sigmoids",
    "rectifiers": "02_rectifiers",
    "exponential units": "03_exponential_units",
    "smooth gates": "04_smooth_gates",
}

_BACKPROP = Paper(
    "Rumelhart, Hinton, Williams",
    1986,
    "Learning representations by back-propagating errors",
    "doi:10.1038/323533a0",
)
_EFFICIENT_BACKPROP = Paper(
    "LeCun, Bottou, Orr, Müller", 1998, "Efficient BackProp", "doi:10.1007/3-540-49430-8_2"
)
_ELLIOTT = Paper(
    "Elliott",
    1993,
    "A better activation function for artificial neural networks",
    "https://drum.lib.umd.edu/bitstream/handle/1903/5355/TR_93-8.pdf",
)
_BERGSTRA = Paper(
    "Bergstra, Desjardins, Lamblin, Bengio",
    2009,
    "Quadratic polynomials learn better image features",
    "Technical Report 1337, Université de Montréal",
)
_COURBARIAUX = Paper(
    "Courbariaux, Bengio, David",
    2015,
    "BinaryConnect: training deep neural networks with binary weights during propagations",
    "arXiv:1511.00363",
)
_COLLOBERT = Paper("Collobert", 2004, "Large scale machine learning", "doctoral thesis, Université Paris 6")
_MCCULLOCH = Paper(
    "McCulloch, Pitts",
    1943,
    "A logical calculus of the ideas immanent in nervous activity",
    "doi:10.1007/BF02478259",
)
_ROSENBLATT = Paper(
    "Rosenblatt",
    1958,
    "The perceptron: a probabilistic model for information storage and organization in the brain",
    "doi:10.1037/h0042519",
)
_FUKUSHIMA = Paper(
    "Fukushima",
    1969,
    "Visual feature extraction by a multilayered network of analog threshold elements",
    "doi:10.1109/TSSC.1969.300225",
)
_NAIR = Paper(
    "Nair, Hinton",
    2010,
    "Rectified linear units improve restricted Boltzmann machines",
    "https://icml.cc/Conferences/2010/papers/432.pdf",
)
_GLOROT = Paper(
    "Glorot, Bordes, Bengio",
    2011,
    "Deep sparse rectifier neural networks",
    "https://proceedings.mlr.press/v15/glorot11a/glorot11a.pdf",
)
_DUGAS = Paper(
    "Dugas, Bengio, Bélisle, Nadeau, Garcia",
    2000,
    "Incorporating second-order functional knowledge for better option pricing",
    "https://proceedings.neurips.cc/paper/2000/hash/44968aece94f667e4095002d140b5896-Abstract.html",
)
_KRIZHEVSKY = Paper(
    "Krizhevsky",
    2010,
    "Convolutional deep belief networks on CIFAR-10",
    "https://www.cs.toronto.edu/~kriz/conv-cifar10-aug2010.pdf",
)
_SANDLER = Paper(
    "Sandler, Howard, Zhu, Zhmoginov, Chen",
    2018,
    "MobileNetV2: inverted residuals and linear bottlenecks",
    "arXiv:1801.04381",
)
_MAAS = Paper(
    "Maas, Hannun, Ng",
    2013,
    "Rectifier nonlinearities improve neural network acoustic models",
    "https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf",
)
_HE = Paper(
    "He, Zhang, Ren, Sun",
    2015,
    "Delving deep into rectifiers: surpassing human-level performance on ImageNet classification",
    "arXiv:1502.01852",
)
_CLEVERT = Paper(
    "Clevert, Unterthiner, Hochreiter",
    2015,
    "Fast and accurate deep network learning by exponential linear units (ELUs)",
    "arXiv:1511.07289",
)
_BARRON = Paper("Barron", 2017, "Continuously differentiable exponential linear units", "arXiv:1704.07483")
_KLAMBAUER = Paper(
    "Klambauer, Unterthiner, Mayr, Hochreiter", 2017, "Self-normalizing neural networks", "arXiv:1706.02515"
)
_HENDRYCKS = Paper("Hendrycks, Gimpel", 2016, "Gaussian error linear units (GELUs)", "arXiv:1606.08415")
_ELFWING = Paper(
    "Elfwing, Uchibe, Doya",
    2017,
    "Sigmoid-weighted linear units for neural network function approximation in reinforcement learning",
    "arXiv:1702.03118",
)
_RAMACHANDRAN = Paper("Ramachandran, Zoph, Le", 2017, "Searching for activation functions", "arXiv:1710.05941")
_MISRA = Paper(
    "Misra", 2019, "Mish: a self regularized non-monotonic neural activation function", "arXiv:1908.08681"
)

_HOWARD = Paper(
    "Howard, Sandler, Chu, Chen, Chen, Tan, Wang, Zhu, Pang, Vasudevan, Le, Adam",
    2019,
    "Searching for MobileNetV3",
    "arXiv:1905.02244",
)


def _leaky_relu(alpha: float = 0.01) -> Block:
    """Gluon's LeakyReLU, which has no default slope, with the 0.01 of the paper."""
    return nn.LeakyReLU(alpha)


def _prelu(alpha: float = 0.25) -> Block:
    """Gluon's PReLU, by the slope that it starts with."""
    return nn.PReLU(mx.init.Constant(alpha))


def _activation(act_type: str) -> Callable[[], Block]:
    return lambda: nn.Activation(act_type)


_LEAKY = Form(r"\max(0, x) + \alpha \min(0, x)", r"\mathbf{1}[x > 0] + \alpha \, \mathbf{1}[x \leq 0]")


def _swish(beta: str) -> tuple[str, str]:
    """Formula and derivative of x times the sigmoid of ``beta`` x."""
    power = f"e^{{-{beta} x}}"
    return rf"\frac{{x}}{{1 + {power}}}", rf"\frac{{1 + {power} + {beta} x {power}}}{{(1 + {power})^2}}"


_GELU = (
    r"\frac{x}{2} (1 + \mathrm{erf}(\frac{x}{\sqrt{2}}))",
    r"\frac{1}{2} (1 + \mathrm{erf}(\frac{x}{\sqrt{2}})) + \frac{x}{\sqrt{2 \pi}} e^{-x^2 / 2}",
)
_U = r"\tanh(\sqrt{\frac{2}{\pi}} (x + 0.044715 x^3))"
_GELU_TANH = (
    rf"\frac{{x}}{{2}} (1 + {_U})",
    rf"\frac{{1}}{{2}} (1 + {_U}) + \frac{{x}}{{2}} (1 - {_U}^2) \sqrt{{\frac{{2}}{{\pi}}}} (1 + 0.134145 x^2)",
)

# The minimum of x * sigmoid(x) is at -1 - W(1/e), with value -W(1/e); the other two are
# solved by the tests to the last digit printed here.
_SILU_MINIMUM = (-1.2784645427610737, -0.2784645427610737)

_ENTRIES = (
    Activation(
        name="sigmoid",
        title="Sigmoid",
        family="sigmoids",
        block=_activation("sigmoid"),
        formula=r"\frac{1}{1 + e^{-x}}",
        derivative=r"\frac{e^{-x}}{(1 + e^{-x})^2}",
        range=(0.0, 1.0),
        attained=(False, False),
        minimum=None,
        monotonic=True,
        kinks=(),
        gain=1.8462285453386054,
        lipschitz=0.25,
        builtin=Builtin("nn.Activation('sigmoid')", fault="its slope loses its right tail, as at 20"),
        papers=(_BACKPROP,),
    ),
    Activation(
        name="log_sigmoid",
        title="LogSigmoid",
        family="sigmoids",
        block=blocks.LogSigmoid,
        formula=r"-\ln(1 + e^{-x})",
        derivative=r"\frac{1}{1 + e^{x}}",
        range=(-inf, 0.0),
        attained=(False, False),
        minimum=None,
        monotonic=True,
        kinks=(),
        gain=1.0418668355353018,
        lipschitz=1.0,
        builtin=Builtin(
            "nn.Activation('log_sigmoid')", ("2.0",), "above 0 where it should be just below, as at 20"
        ),
        papers=(),
    ),
    Activation(
        name="hard_sigmoid",
        title="HardSigmoid",
        family="sigmoids",
        block=blocks.HardSigmoid,
        formula=r"\max(0, \min(1, \frac{x + 3}{6}))",
        derivative=r"\frac{1}{6} \, \mathbf{1}[|x| \leq 3]",
        range=(0.0, 1.0),
        attained=(True, True),
        minimum=None,
        monotonic=True,
        kinks=(-3.0, 3.0),
        gain=1.897840424729559,
        lipschitz=1 / 6,
        builtin=None,
        papers=(_COURBARIAUX, _HOWARD),
        knobs=(Knob("slope", "s", 1 / 6, 0.05, 1.0),),
        forms=(Form(r"\max(0, \min(1, s x + \frac{1}{2}))", r"s \, \mathbf{1}[|x| \leq \frac{1}{2 s}]"),),
    ),
    Activation(
        name="tanh",
        title="Tanh",
        family="sigmoids",
        block=_activation("tanh"),
        formula=r"\frac{e^{x} - e^{-x}}{e^{x} + e^{-x}}",
        derivative=r"1 - \tanh(x)^2",
        range=(-1.0, 1.0),
        attained=(False, False),
        minimum=None,
        monotonic=True,
        zero_centred=True,
        kinks=(),
        gain=1.5925374197228315,
        lipschitz=1.0,
        builtin=Builtin("nn.Activation('tanh')", fault="its slope loses both tails, as at 20"),
        papers=(_EFFICIENT_BACKPROP,),
    ),
    Activation(
        name="hard_tanh",
        title="HardTanh",
        family="sigmoids",
        block=blocks.HardTanh,
        formula=r"\max(-1, \min(1, x))",
        derivative=r"\mathbf{1}[|x| \leq 1]",
        range=(-1.0, 1.0),
        attained=(True, True),
        minimum=None,
        monotonic=True,
        zero_centred=True,
        kinks=(-1.0, 1.0),
        gain=1.3920361404483097,
        lipschitz=1.0,
        builtin=None,
        papers=(_COLLOBERT,),
        knobs=(Knob("min_val", "a", -1.0, -5.0, -0.1), Knob("max_val", "b", 1.0, 0.1, 5.0)),
        forms=(Form(r"\max(a, \min(b, x))", r"\mathbf{1}[x \geq a] \, \mathbf{1}[x \leq b]"),),
    ),
    Activation(
        name="softsign",
        title="Softsign",
        family="sigmoids",
        block=blocks.Softsign,
        formula=r"\frac{x}{1 + |x|}",
        derivative=r"\frac{1}{(1 + |x|)^2}",
        range=(-1.0, 1.0),
        attained=(False, False),
        minimum=None,
        monotonic=True,
        zero_centred=True,
        kinks=(),
        gain=2.3375333631085398,
        lipschitz=1.0,
        builtin=Builtin("nn.Activation('softsign')", fault="nan at both infinities"),
        papers=(_ELLIOTT, _BERGSTRA),
    ),
    Activation(
        name="identity",
        title="Identity",
        family="rectifiers",
        block=blocks.Identity,
        formula=r"x",
        derivative=r"1",
        range=(-inf, inf),
        attained=(False, False),
        minimum=None,
        monotonic=True,
        zero_centred=True,
        kinks=(),
        gain=1.0,
        lipschitz=1.0,
        builtin=Builtin("nn.Identity()", ("2.0",)),
        papers=(),
    ),
    Activation(
        name="binary_step",
        title="BinaryStep",
        family="rectifiers",
        block=blocks.BinaryStep,
        formula=r"\mathbf{1}[x \geq 0]",
        derivative=r"0",
        range=(0.0, 1.0),
        attained=(True, True),
        minimum=None,
        monotonic=True,
        kinks=(0.0,),
        gain=1.4142135623730951,
        lipschitz=inf,
        builtin=None,
        papers=(_MCCULLOCH, _ROSENBLATT),
    ),
    Activation(
        name="relu",
        title="ReLU",
        family="rectifiers",
        block=_activation("relu"),
        formula=r"\max(0, x)",
        derivative=r"\mathbf{1}[x > 0]",
        range=(0.0, inf),
        attained=(True, False),
        minimum=None,
        monotonic=True,
        kinks=(0.0,),
        gain=1.4142135623730951,
        lipschitz=1.0,
        builtin=Builtin("nn.Activation('relu')", fault="nan becomes 0 in float32 on the CPU"),
        papers=(_FUKUSHIMA, _NAIR, _GLOROT),
    ),
    Activation(
        name="relu6",
        title="ReLU6",
        family="rectifiers",
        block=blocks.ReLU6,
        formula=r"\min(6, \max(0, x))",
        derivative=r"\mathbf{1}[x \geq 0] \, \mathbf{1}[x \leq 6]",
        range=(0.0, 6.0),
        attained=(True, True),
        minimum=None,
        monotonic=True,
        kinks=(0.0, 6.0),
        gain=1.4142135650950736,
        lipschitz=1.0,
        builtin=None,
        papers=(_KRIZHEVSKY, _SANDLER),
    ),
    Activation(
        name="leaky_relu",
        title="LeakyReLU",
        family="rectifiers",
        block=_leaky_relu,
        formula=r"\max(0, x) + 0.01 \min(0, x)",
        derivative=r"\mathbf{1}[x > 0] + 0.01 \, \mathbf{1}[x \leq 0]",
        range=(-inf, inf),
        attained=(False, False),
        minimum=None,
        monotonic=True,
        kinks=(0.0,),
        gain=1.4141428569978354,
        lipschitz=1.0,
        builtin=Builtin("nn.LeakyReLU(0.01)", fault="its left half has float32 accuracy in float64"),
        papers=(_MAAS,),
        aliases=("leaky",),
        knobs=(Knob("alpha", r"\alpha", 0.01, 0.0, 1.0),),
        forms=(_LEAKY,),
    ),
    Activation(
        name="prelu",
        title="PReLU",
        family="rectifiers",
        block=_prelu,
        formula=r"\max(0, x) + 0.25 \min(0, x)",
        derivative=r"\mathbf{1}[x > 0] + 0.25 \, \mathbf{1}[x \leq 0]",
        range=(-inf, inf),
        attained=(False, False),
        minimum=None,
        monotonic=True,
        kinks=(0.0,),
        gain=1.3719886811400708,
        lipschitz=1.0,
        builtin=Builtin("nn.PReLU()", fault="its left half has float32 accuracy in float64"),
        papers=(_HE,),
        knobs=(Knob("alpha", r"\alpha", 0.25, -0.5, 1.0),),
        forms=(_LEAKY,),
    ),
    Activation(
        name="softplus",
        title="Softplus",
        family="rectifiers",
        block=blocks.Softplus,
        formula=r"\ln(1 + e^{x})",
        derivative=r"\frac{1}{1 + e^{-x}}",
        range=(0.0, inf),
        attained=(False, False),
        minimum=None,
        monotonic=True,
        kinks=(),
        gain=1.0418668355353018,
        lipschitz=1.0,
        builtin=Builtin("nn.Activation('softrelu')", fault="below 0 in its left tail, as at -20"),
        papers=(_DUGAS,),
        aliases=("softrelu",),
        knobs=(Knob("beta", r"\beta", 1.0, 0.2, 10.0),),
        forms=(Form(r"\frac{\ln(1 + e^{\beta x})}{\beta}", r"\frac{1}{1 + e^{-\beta x}}"),),
    ),
    Activation(
        name="elu",
        title="ELU",
        family="exponential units",
        block=blocks.ELU,
        formula=r"\max(0, x) + \min(0, e^{x} - 1)",
        derivative=r"\mathbf{1}[x > 0] + e^{x} \, \mathbf{1}[x \leq 0]",
        range=(-1.0, inf),
        attained=(False, False),
        minimum=None,
        monotonic=True,
        kinks=(),
        gain=1.2451983007007066,
        lipschitz=1.0,
        builtin=Builtin("nn.ELU()", fault="few digits just below 0 in float32, as at -1e-6"),
        papers=(_CLEVERT,),
        knobs=(Knob("alpha", r"\alpha", 1.0, 0.1, 3.0),),
        forms=(
            Form(
                r"\max(0, x) + \alpha \min(0, e^{x} - 1)",
                r"\mathbf{1}[x > 0] + \alpha e^{x} \, \mathbf{1}[x \leq 0]",
            ),
        ),
    ),
    Activation(
        name="celu",
        title="CELU",
        family="exponential units",
        block=blocks.CELU,
        formula=r"\max(0, x) + \min(0, e^{x} - 1)",
        derivative=r"\mathbf{1}[x > 0] + e^{x} \, \mathbf{1}[x \leq 0]",
        range=(-1.0, inf),
        attained=(False, False),
        minimum=None,
        monotonic=True,
        kinks=(),
        gain=1.2451983007007066,
        lipschitz=1.0,
        builtin=None,
        papers=(_BARRON,),
        knobs=(Knob("alpha", r"\alpha", 1.0, 0.1, 3.0),),
        forms=(
            Form(
                r"\max(0, x) + \alpha \min(0, e^{x / \alpha} - 1)",
                r"\mathbf{1}[x > 0] + e^{x / \alpha} \, \mathbf{1}[x \leq 0]",
            ),
        ),
    ),
    Activation(
        name="selu",
        title="SELU",
        family="exponential units",
        block=blocks.SELU,
        formula=r"\lambda (\max(0, x) + \alpha \min(0, e^{x} - 1))",
        derivative=r"\lambda (\mathbf{1}[x > 0] + \alpha e^{x} \, \mathbf{1}[x \leq 0])",
        range=(-functional.SELU_LAMBDA * functional.SELU_ALPHA, inf),
        attained=(False, False),
        minimum=None,
        monotonic=True,
        kinks=(0.0,),
        gain=1.0,
        lipschitz=functional.SELU_LAMBDA * functional.SELU_ALPHA,
        builtin=Builtin("nn.SELU()", fault="its gradient for x < 0, even of the wrong sign below about -3"),
        papers=(_KLAMBAUER,),
    ),
    Activation(
        name="silu",
        title="SiLU",
        family="smooth gates",
        block=blocks.SiLU,
        formula=r"\frac{x}{1 + e^{-x}}",
        derivative=r"\frac{1 + e^{-x} + x e^{-x}}{(1 + e^{-x})^2}",
        range=(_SILU_MINIMUM[1], inf),
        attained=(True, False),
        minimum=_SILU_MINIMUM,
        monotonic=False,
        kinks=(),
        gain=1.676532470331091,
        lipschitz=1.099839320128867,
        builtin=Builtin("nn.SiLU()", ("2.0",), "nan at -inf"),
        papers=(_HENDRYCKS, _ELFWING),
    ),
    Activation(
        name="gelu",
        title="GELU",
        family="smooth gates",
        block=blocks.GELU,
        formula=_GELU[0],
        derivative=_GELU[1],
        range=(-0.16997120747990369, inf),
        attained=(True, False),
        minimum=(-0.7517915246935645, -0.16997120747990369),
        monotonic=False,
        kinks=(),
        gain=1.5335304411955353,
        lipschitz=1.1289041451851547,
        builtin=Builtin("nn.GELU()", fault="float32 accuracy in float64"),
        papers=(_HENDRYCKS,),
        forms=(
            Form(*_GELU, (("approximate", "none"),)),
            Form(*_GELU_TANH, (("approximate", "tanh"),)),
            Form(*_swish("1.702"), (("approximate", "sigmoid"),)),
        ),
    ),
    Activation(
        name="swish",
        title="Swish",
        family="smooth gates",
        block=blocks.Swish,
        formula=r"\frac{x}{1 + e^{-x}}",
        derivative=r"\frac{1 + e^{-x} + x e^{-x}}{(1 + e^{-x})^2}",
        range=(_SILU_MINIMUM[1], inf),
        attained=(True, False),
        minimum=_SILU_MINIMUM,
        monotonic=False,
        kinks=(),
        gain=1.676532470331091,
        lipschitz=1.099839320128867,
        builtin=Builtin("nn.Swish()", fault="nan at -inf"),
        papers=(_RAMACHANDRAN,),
        knobs=(Knob("beta", r"\beta", 1.0, 0.0, 10.0),),
        forms=(Form(*_swish(r"\beta")),),
    ),
    Activation(
        name="mish",
        title="Mish",
        family="smooth gates",
        block=blocks.Mish,
        formula=r"x \tanh(\ln(1 + e^{x}))",
        derivative=r"\tanh(\ln(1 + e^{x})) + \frac{x}{1 + e^{-x}} (1 - \tanh(\ln(1 + e^{x}))^2)",
        range=(-0.30884341301725043, inf),
        attained=(True, False),
        minimum=(-1.1924312145154952, -0.30884341301725043),
        monotonic=False,
        kinks=(),
        gain=1.486847581273208,
        lipschitz=1.088498161251728,
        builtin=Builtin("nn.Activation('mish')", ("2.0",), "an infinite gradient for x > 3.5e13"),
        papers=(_MISRA,),
    ),
    Activation(
        name="hard_swish",
        title="HardSwish",
        family="smooth gates",
        block=blocks.HardSwish,
        formula=r"x \max(0, \min(1, \frac{x + 3}{6}))",
        derivative=r"\frac{2 x + 3}{6} \, \mathbf{1}[|x| \leq 3] + \mathbf{1}[x > 3]",
        range=(-0.375, inf),
        attained=(True, False),
        minimum=(-1.5, -0.375),
        monotonic=False,
        kinks=(-3.0, 3.0),
        gain=1.7366572127665416,
        lipschitz=1.5,
        builtin=None,
        papers=(_HOWARD,),
    ),
)

CATALOG: dict[str, Activation] = {entry.name: entry for entry in _ENTRIES}
_ALIASES = {alias: entry.name for entry in _ENTRIES for alias in entry.aliases}
NAMES_BY_TITLE = {entry.title: entry.name for entry in _ENTRIES}


def activations() -> list[str]:
    """Names of all activations, family by family."""
    return list(CATALOG)


def get_activation(activation: Any = None, **parameters: Any) -> Block:
    """Turn a name, a block, a function or None into a block.

    Parameters
    ----------
    activation : str, Block, callable or None
        A name of :func:`activations` (or MXNet's own name for it, as "softrelu"); a block,
        returned as it is; a function of one array, wrapped; or None, for the identity.
    **parameters
        Passed to the block's constructor, with a name only: ``get_activation("swish", beta=2)``.

    Returns
    -------
    mxnet.gluon.Block

    Raises
    ------
    ValueError
        If there is no such name: the message lists the nearest ones.
    TypeError
        If ``activation`` is something else, or has no such parameter.
    """
    if isinstance(activation, str):
        return _create(activation, parameters)
    if parameters:
        raise TypeError(f"parameters ({', '.join(parameters)}) go with the name of an activation only")
    if isinstance(activation, Block):
        return activation
    if activation is None:
        return blocks.Identity()
    if isinstance(activation, type) or not callable(activation):
        raise TypeError(f"an activation is a name, a block, a function or None, not {activation!r}")
    return blocks.Wrapped(activation)


def entry_of(name: str) -> Activation:
    """Entry of an activation by name, alias or title, or an error that lists the nearest names."""
    entry = CATALOG.get(_ALIASES.get(name, NAMES_BY_TITLE.get(name, name)))
    if entry is None:
        known = [*CATALOG, *_ALIASES]
        near = difflib.get_close_matches(str(name).lower(), known, n=3, cutoff=0.5) or known
        raise ValueError(f"no activation is called {name!r}; nearest: {', '.join(near)}")
    return entry


def _create(name: str, parameters: dict[str, Any]) -> Block:
    factory = entry_of(name).block
    try:
        inspect.signature(factory).bind(**parameters)
    except TypeError:
        allowed = ", ".join(inspect.signature(factory).parameters) or "none"
        raise TypeError(f"{name} takes the parameters: {allowed}; not {', '.join(parameters)}") from None
    return factory(**parameters)


# What Gluon's one class ``Activation`` is called by the type that it was given.
_TITLES = {entry.name: entry.title for entry in _ENTRIES}
_TITLES["softrelu"] = "SoftReLU"


def display_name(activation: Any) -> str:
    """What a legend calls an activation: "Sigmoid", "LeakyReLU", "SiLU", …

    Never from a block's ``name``, which MXNet numbers and 2.x does not have.
    """
    if isinstance(activation, str):
        return entry_of(activation).title
    if isinstance(activation, nn.Activation):
        return _TITLES.get(activation._act_type, activation._act_type)
    if isinstance(activation, blocks.Wrapped):
        return display_name(activation.function)
    if isinstance(activation, Block):
        return type(activation).__name__
    return getattr(activation, "__name__", type(activation).__name__)


def name_of(block: Block) -> Optional[str]:
    """Catalog name of an activation, ours or MXNet's; None for any other block."""
    if isinstance(block, nn.Activation):
        return entry_of(block._act_type).name
    return NAMES_BY_TITLE.get(type(block).__name__)


def children(block: Block) -> Iterator[tuple[str, Block]]:
    """The blocks directly inside a block, each with its key there."""
    for key, child in block._children.items():
        yield key, child() if isinstance(child, weakref.ref) else child  # 2.x holds references


def evaluate(activation: Any, x: Any) -> tuple[Any, Any]:
    """Value and slope of an activation at every element of ``x``.

    Parameters
    ----------
    activation : str, Block or callable
        As for :func:`get_activation`. A block that was not initialised yet is.
    x : mxnet array

    Returns
    -------
    tuple of mxnet array
        ``f(x)`` and autograd's ``f'(x)``.
    """
    ops.check(x, "evaluate")
    block = get_activation(activation)
    _initialize(block, x)
    x = x.copy()
    x.attach_grad()
    # Asked for this one gradient, autograd leaves those of the block's parameters alone.
    with mx.autograd.record(train_mode=False):
        y = block(x)
    return y, ops.of_the_kind_of(x, mx.autograd.grad([y], [x], train_mode=False)[0])


def _initialize(block, x):
    parameters = block.collect_params().values()
    if any(p._data is None and not p._deferred_init for p in parameters):
        blocks.initialize_on(block, ops.device_of(x))


def derivative(activation: Any, x: Any) -> Any:
    """Autograd's slope of an activation (name, block or function) at every element of ``x``."""
    return evaluate(activation, x)[1]
