"""The facts: one frozen entry per activation, and the ways to ask for one.

Whatever lists activations (README, figures, tests, pages) iterates over ``CATALOG``.
Every field is checked by ``tests/test_catalog.py``.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any

import mxnet as mx
from mxnet.gluon import Block, nn
from mxnet.gluon.model_zoo.vision import mobilenet

from . import _elsewhere, blocks, functional
from ._arrays import GLUON_2, array, own_parameters, plain
from ._parameters import Choice, Parameter
from ._wording import in_a_line

__all__ = ["CATALOG", "Activation", "Builtin", "Form", "Paper", "activations", "elsewhere", "get_activation"]

FAMILIES = (
    *("sigmoids", "rectifiers", "shrinkage", "exponential units", "smooth gates"),
    *("periodic units", "gated units", "output layers"),
)


@dataclass(frozen=True)
class Paper:
    """Where an activation was published; of a paper that is not in ``bibliography.json``, where it is."""

    link: str  # "arXiv:…", "doi:…" or, where neither exists, an address or where it is to be had
    authors: str = ""
    year: int | None = None
    title: str = ""

    @classmethod
    def find(cls, link: str) -> Paper:
        """The paper of an identifier."""
        return cls(link, **_read("bibliography.json").get(link, {}))


@functools.cache
def _read(name: str) -> Any:
    return json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Builtin:
    """What MXNet itself offers."""

    code: str
    lines: tuple[str, ...] = ("1.9", "2.0")
    fault: str = ""  # what is wrong with it; empty if it is right

    @property
    def kind(self) -> Any:
        """What the block is recognised by: its class, and the type that ``nn.Activation`` was given."""
        name, act_type = re.fullmatch(r"nn\.(\w+)\((?:'(\w+)')?.*\)", self.code).groups()  # type: ignore[union-attr]
        return getattr(nn, name, None), act_type

    def make(self) -> Block | None:
        """A new block of MXNet's own; None where this line of MXNet has none."""
        return eval(self.code, {"nn": nn}) if ("2.0" if GLUON_2 else "1.9") in self.lines else None


@dataclass(frozen=True)
class Form:
    """Formula and derivative with the parameters left open, under the choices that the block is given."""

    formula: str  # LaTeX, in x and the letters of the parameters
    derivative: str
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Activation:
    """The facts about one activation, for the default parameters of its block.

    Of one that acts on vectors there is no curve, and what describes a curve is None.
    """

    block: Any  # the class
    family: str
    formula: str  # LaTeX, in x
    derivative: str  # LaTeX, in x
    gain: float  # 1 / sqrt(E f(z)^2) for a standard normal z
    minimum: tuple[float, float] | None = None  # (x, value) where it is attained at one point
    range: Any = None  # by default from the minimum, or -inf, to inf
    attained: Any = None  # whether each end of the range is a value at a finite x; by default the minimum is
    monotonic: Any = None  # by default where there is no minimum
    kinks: tuple[float, ...] = ()  # where it has no derivative
    lipschitz: float = 1.0  # the steepest slope
    glorot: float | None = None  # 1 / f'(0), for units that are to start in their slope: see initialize
    zero_centred: bool = False  # an odd function: symmetric input gives output of mean 0
    builtin: Builtin | None = None
    papers: Any = ()  # given as identifiers, held as Papers
    aliases: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ()  # the default first; empty where the block takes nothing
    relatives: tuple[Any, ...] = ()  # other classes of MXNet that compute it
    constants: Mapping[str, float] = field(default_factory=dict)  # letters of the formula that are no parameters

    def __post_init__(self) -> None:
        self.__dict__["papers"] = tuple(p if isinstance(p, Paper) else Paper.find(p) for p in self.papers)
        if self.acts_on == "elements":
            low = self.minimum[1] if self.minimum else -inf
            usual = {"range": (low, inf), "attained": (low > -inf, False), "monotonic": low == -inf}
            self.__dict__.update((name, value) for name, value in usual.items() if getattr(self, name) is None)

    @property
    def name(self) -> str:
        """Name in the catalog, that of the function."""
        return str(self.block.function.__name__)

    @property
    def title(self) -> str:
        """Name for readers, that of the block."""
        return str(self.block.__name__)

    @property
    def advice(self) -> dict[str, str]:
        """When to "use" it and when to "avoid" it, a sentence each; empty until somebody has written them."""
        return dict(_read("advice.json").get(self.name, {}))

    @property
    def acts_on(self) -> str:
        """Either "elements", each by itself, or "vectors"."""
        return "elements" if issubclass(self.block, blocks.Elementwise) else "vectors"

    @property
    def parameters(self) -> dict[str, Parameter]:
        """What the block takes, by name, as declared."""
        return _parameters(self.block)

    @property
    def knobs(self) -> dict[str, Parameter]:
        """Those parameters that bend the curve: what the formulas have a letter for, or choose by."""
        return {name: p for name, p in self.parameters.items() if p.letter or isinstance(p, Choice)}


def _parameters(block: Any) -> dict[str, Parameter]:
    """What a block takes, by name, as declared."""
    declared = vars(block.__init__).get("declared")  # a block of somebody's own may have none
    return dict(declared.parameters) if declared else {}


def _vectors(block: Any, family: str, formula: str, **facts: Any) -> Activation:
    """Entry of what acts on vectors."""
    none: Any = None
    curve = dict.fromkeys(("gain", "kinks", "lipschitz", "zero_centred"), none)
    return Activation(block, family, formula, "", **curve, **facts)


def _leaky(alpha: str) -> tuple[str, str]:
    """Formula and derivative of what has slope ``alpha`` on the left."""
    return rf"\max(0, x) + {alpha} \min(0, x)", rf"\mathbf{{1}}[x > 0] + {alpha} \, \mathbf{{1}}[x \leq 0]"


def _swish(beta: str) -> tuple[str, str]:
    """Formula and derivative of x times the sigmoid of ``beta`` x."""
    power = f"e^{{-{beta}x}}"
    return rf"\frac{{x}}{{1 + {power}}}", rf"\frac{{1 + {power} + {beta}x {power}}}{{(1 + {power})^2}}"


_GELU = (
    r"\frac{x}{2} (1 + \mathrm{erf}(\frac{x}{\sqrt{2}}))",
    r"\frac{1}{2} (1 + \mathrm{erf}(\frac{x}{\sqrt{2}})) + \frac{x}{\sqrt{2 \pi}} e^{-x^2 / 2}",
)
_U = r"\tanh(\sqrt{\frac{2}{\pi}} (x + 0.044715 x^3))"
_GELU_TANH = (
    rf"\frac{{x}}{{2}} (1 + {_U})",
    rf"\frac{{1}}{{2}} (1 + {_U}) + \frac{{x}}{{2}} (1 - {_U}^2) \sqrt{{\frac{{2}}{{\pi}}}} (1 + 0.134145 x^2)",
)


def _below_0(alpha: str, power: str, slope: str) -> tuple[str, str]:
    """Formula and derivative of what is x above 0, and alpha times a power less 1 below."""
    derivative = rf"\mathbf{{1}}[x > 0] + {slope} \, \mathbf{{1}}[x \leq 0]"
    return rf"\max(0, x) + {alpha}\min(0, {power} - 1)", derivative


def _normal(mu: str, sigma: str) -> tuple[str, str]:
    """Distribution function and density of a normal distribution."""
    return (
        rf"\frac{{1}}{{2}} (1 + \mathrm{{erf}}(\frac{{x - {mu}}}{{{sigma} \sqrt{{2}}}}))",
        rf"\frac{{1}}{{{sigma} \sqrt{{2 \pi}}}} e^{{-(x - {mu})^2 / (2 ({sigma})^2)}}",
    )


def _squareplus(b: str) -> tuple[str, str]:
    """Formula and derivative of a half of x plus the root of x^2 + b."""
    root = rf"\sqrt{{x^2 + {b}}}"
    return rf"\frac{{x + {root}}}{{2}}", rf"\frac{{1}}{{2}} (1 + \frac{{x}}{{{root}}})"


def _xielu(p: str, twice_p: str, n: str, beta: str) -> tuple[str, str]:
    """Formula and derivative of a parabola on the right and the integral of an ELU on the left."""
    low = r"\min(0, x)"
    return (
        rf"{p} \max(0, x)^2 + {n} (e^{{{low}}} - 1 - {low}) + {beta} x",
        rf"{twice_p} \max(0, x) + {n} (e^{{{low}}} - 1) + {beta}",
    )


def _clipped(low: str, high: str) -> tuple[str, str]:
    """Formula and derivative of GELU between two ends."""
    inside = rf"\mathbf{{1}}[{_GELU[0]} \geq {low}] \, \mathbf{{1}}[{_GELU[0]} \leq {high}]"
    return rf"\max({low}, \min({high}, {_GELU[0]}))", rf"({_GELU[1]}) \, {inside}"


_ELU = Activation(
    blocks.ELU,
    "exponential units",
    *_below_0("", "e^{x}", "e^{x}"),
    gain=1.2451983007007066,
    range=(-1.0, inf),
    builtin=Builtin("nn.ELU()", fault="few digits just below 0 in float32, as at -1e-6"),
    papers=("arXiv:1511.07289",),
    forms=(Form(*_below_0(r"\alpha ", "e^{x}", r"\alpha e^{x}")),),
)

# The minimum of x * sigmoid(x) is at -1 - W(1/e), with value -W(1/e); `tools/facts.py` solves the others.
_SILU = Activation(
    blocks.SiLU,
    "smooth gates",
    *_swish(""),
    gain=1.676532470331091,
    minimum=(-1.2784645427610737, -0.2784645427610738),
    lipschitz=1.099839320128867,
    builtin=Builtin("nn.SiLU()", ("2.0",), "nan at -inf"),
    papers=("arXiv:1606.08415", "arXiv:1702.03118"),
)

_ENTRIES = (
    Activation(
        blocks.Sigmoid,
        "sigmoids",
        r"\frac{1}{1 + e^{-x}}",
        r"\frac{e^{-x}}{(1 + e^{-x})^2}",
        gain=1.8462285453386054,
        glorot=4.0,
        range=(0.0, 1.0),
        lipschitz=0.25,
        builtin=Builtin("nn.Activation('sigmoid')", fault="its slope loses its right tail, as at 20"),
        papers=("doi:10.1038/323533a0",),
    ),
    Activation(
        blocks.LogSigmoid,
        "sigmoids",
        r"-\ln(1 + e^{-x})",
        r"\frac{1}{1 + e^{x}}",
        gain=1.0418668355353018,
        range=(-inf, 0.0),
        builtin=Builtin("nn.Activation('log_sigmoid')", ("2.0",), "above 0 where it is just below, as at 20"),
    ),
    Activation(
        blocks.HardSigmoid,
        "sigmoids",
        r"\max(0, \min(1, \frac{x + 3}{6}))",
        r"\frac{1}{6} \, \mathbf{1}[|x| \leq 3]",
        gain=1.897840424729559,
        glorot=6.0,
        range=(0.0, 1.0),
        attained=(True, True),
        kinks=(-3.0, 3.0),
        lipschitz=1 / 6,
        papers=("arXiv:1511.00363", "arXiv:1905.02244"),
        forms=(Form(r"\max(0, \min(1, s x + \frac{1}{2}))", r"s \, \mathbf{1}[|x| \leq \frac{1}{2 s}]"),),
    ),
    Activation(
        blocks.SparseSigmoid,
        "sigmoids",
        r"\max(0, \min(1, \frac{x + 1}{2}))",
        r"\frac{1}{2} \, \mathbf{1}[|x| \leq 1]",
        gain=1.6243215587888256,
        glorot=2.0,
        range=(0.0, 1.0),
        attained=(True, True),
        kinks=(-1.0, 1.0),
        lipschitz=0.5,
        papers=("arXiv:1602.02068",),
    ),
    Activation(
        blocks.Laplace,
        "sigmoids",
        *_normal("m", "s"),
        gain=2.2391950387766113,
        range=(0.0, 1.0),
        lipschitz=1.4142125184828964,
        papers=("arXiv:2209.10655",),
        forms=(Form(*_normal(r"\mu", r"\sigma")),),
        constants={"m": 0.707107, "s": 0.282095},
    ),
    Activation(
        blocks.Tanh,
        "sigmoids",
        r"\frac{e^{x} - e^{-x}}{e^{x} + e^{-x}}",
        r"1 - \tanh(x)^2",
        gain=1.5925374197228315,
        glorot=1.0,
        range=(-1.0, 1.0),
        zero_centred=True,
        builtin=Builtin("nn.Activation('tanh')", fault="its slope loses both tails, as at 20"),
        papers=("doi:10.1007/3-540-49430-8_2",),
    ),
    Activation(
        blocks.HardTanh,
        "sigmoids",
        r"\max(-1, \min(1, x))",
        r"\mathbf{1}[|x| \leq 1]",
        gain=1.3920361404483097,
        glorot=1.0,
        range=(-1.0, 1.0),
        attained=(True, True),
        zero_centred=True,
        kinks=(-1.0, 1.0),
        papers=("doctoral thesis, Université Paris 6",),
        forms=(Form(r"\max(a, \min(b, x))", r"\mathbf{1}[x \geq a] \, \mathbf{1}[x \leq b]"),),
    ),
    Activation(
        blocks.Softsign,
        "sigmoids",
        r"\frac{x}{1 + |x|}",
        r"\frac{1}{(1 + |x|)^2}",
        gain=2.3375333631085398,
        range=(-1.0, 1.0),
        zero_centred=True,
        builtin=Builtin("nn.Activation('softsign')", fault="nan at both infinities"),
        papers=(
            "https://drum.lib.umd.edu/bitstream/handle/1903/5355/TR_93-8.pdf",
            "Technical Report 1337, Université de Montréal",
        ),
    ),
    Activation(
        blocks.Identity,
        "rectifiers",
        r"x",
        r"1",
        gain=1.0,
        zero_centred=True,
        builtin=Builtin("nn.Identity()", ("2.0",)),
    ),
    Activation(
        blocks.BinaryStep,
        "rectifiers",
        r"\mathbf{1}[x \geq 0]",
        r"0",
        gain=1.4142135623730951,
        range=(0.0, 1.0),
        attained=(True, True),
        kinks=(0.0,),
        lipschitz=inf,
        papers=("doi:10.1007/BF02478259", "doi:10.1037/h0042519"),
    ),
    Activation(
        blocks.ReLU,
        "rectifiers",
        r"\max(0, x)",
        r"\mathbf{1}[x > 0]",
        gain=1.4142135623730951,
        range=(0.0, inf),
        attained=(True, False),
        kinks=(0.0,),
        builtin=Builtin("nn.Activation('relu')", fault="nan becomes 0 in float32 on the CPU"),
        papers=(
            "doi:10.1109/TSSC.1969.300225",
            "https://icml.cc/Conferences/2010/papers/432.pdf",
            "https://proceedings.mlr.press/v15/glorot11a/glorot11a.pdf",
        ),
    ),
    Activation(
        blocks.ReLU6,
        "rectifiers",
        r"\min(6, \max(0, x))",
        r"\mathbf{1}[x \geq 0] \, \mathbf{1}[x \leq 6]",
        gain=1.4142135650950736,
        range=(0.0, 6.0),
        attained=(True, True),
        kinks=(0.0, 6.0),
        relatives=(mobilenet.RELU6,),
        papers=("https://www.cs.toronto.edu/~kriz/conv-cifar10-aug2010.pdf", "arXiv:1801.04381"),
    ),
    Activation(
        blocks.LeakyReLU,
        "rectifiers",
        *_leaky("0.01"),
        gain=1.4141428569978354,
        kinks=(0.0,),
        builtin=Builtin("nn.LeakyReLU(0.01)", fault="its left half has float32 accuracy in float64"),
        papers=("https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf", "arXiv:1505.00853"),
        aliases=("leaky",),
        forms=(Form(*_leaky(r"\alpha")),),
    ),
    Activation(
        blocks.PReLU,
        "rectifiers",
        *_leaky("0.25"),
        gain=1.3719886811400708,
        kinks=(0.0,),
        builtin=Builtin("nn.PReLU()", fault="its left half has float32 accuracy in float64"),
        papers=("arXiv:1502.01852",),
        forms=(Form(*_leaky(r"\alpha")),),
    ),
    Activation(
        blocks.SquaredReLU,
        "rectifiers",
        r"\max(0, x)^2",
        r"2 \max(0, x)",
        gain=0.816496580927726,
        range=(0.0, inf),
        attained=(True, False),
        lipschitz=inf,
        papers=("arXiv:2109.08668",),
    ),
    Activation(
        blocks.Threshold,
        "rectifiers",
        r"x \, \mathbf{1}[x > 1]",
        r"\mathbf{1}[x > 1]",
        gain=1.5799030817610498,
        range=(0.0, inf),
        attained=(True, False),
        kinks=(1.0,),
        lipschitz=inf,
        papers=("arXiv:1402.3337",),
        aliases=("thresholded_relu",),
        forms=(
            Form(
                r"x \, \mathbf{1}[x > \theta] + v \, \mathbf{1}[x \leq \theta]",
                r"\mathbf{1}[x > \theta]",
            ),
        ),
    ),
    Activation(
        blocks.Squareplus,
        "rectifiers",
        *_squareplus("4"),
        gain=0.816496580927726,
        range=(0.0, inf),
        papers=("arXiv:2112.11687",),
        forms=(Form(*_squareplus("b")),),
    ),
    Activation(
        blocks.SparsePlus,
        "rectifiers",
        r"x \, \mathbf{1}[x > 1] + \frac{(x + 1)^2}{4} \, \mathbf{1}[|x| \leq 1]",
        r"\max(0, \min(1, \frac{x + 1}{2}))",
        gain=1.3803368609161732,
        range=(0.0, inf),
        attained=(True, False),
        papers=("arXiv:1602.02068",),
    ),
    Activation(
        blocks.Softplus,
        "rectifiers",
        r"\ln(1 + e^{x})",
        r"\frac{1}{1 + e^{-x}}",
        gain=1.0418668355353018,
        range=(0.0, inf),
        builtin=Builtin("nn.Activation('softrelu')", fault="below 0 in its left tail, as at -20"),
        papers=("https://proceedings.neurips.cc/paper/2000/hash/44968aece94f667e4095002d140b5896-Abstract.html",),
        aliases=("softrelu",),
        forms=(Form(r"\frac{\ln(1 + e^{\beta x})}{\beta}", r"\frac{1}{1 + e^{-\beta x}}"),),
    ),
    Activation(
        blocks.HardShrink,
        "shrinkage",
        r"x \, \mathbf{1}[|x| > 0.5]",
        r"\mathbf{1}[|x| > 0.5]",
        gain=1.015796354719734,
        kinks=(-0.5, 0.5),
        lipschitz=inf,
        zero_centred=True,
        papers=("doi:10.1093/biomet/81.3.425",),
        forms=(Form(r"x \, \mathbf{1}[|x| > \lambda]", r"\mathbf{1}[|x| > \lambda]"),),
    ),
    Activation(
        blocks.SoftShrink,
        "shrinkage",
        r"\max(0, x - 0.5) + \min(0, x + 0.5)",
        r"\mathbf{1}[|x| > 0.5]",
        gain=1.5443605282801334,
        kinks=(-0.5, 0.5),
        zero_centred=True,
        papers=("doi:10.1109/18.382009",),
        forms=(Form(r"\max(0, x - \lambda) + \min(0, x + \lambda)", r"\mathbf{1}[|x| > \lambda]"),),
    ),
    Activation(
        blocks.TanhShrink,
        "shrinkage",
        r"x - \tanh(x)",
        r"\tanh(x)^2",
        gain=2.3383675301021216,
        zero_centred=True,
    ),
    _ELU,
    replace(
        _ELU,
        block=blocks.CELU,
        builtin=None,
        papers=("arXiv:1704.07483",),
        forms=(Form(*_below_0(r"\alpha ", r"e^{x / \alpha}", r"e^{x / \alpha}")),),
    ),
    Activation(
        blocks.SELU,
        "exponential units",
        r"\lambda (\max(0, x) + \alpha \min(0, e^{x} - 1))",
        r"\lambda (\mathbf{1}[x > 0] + \alpha e^{x} \, \mathbf{1}[x \leq 0])",
        gain=1.0,
        range=(-1.7580993408473768, inf),
        kinks=(0.0,),
        lipschitz=1.7580993408473768,
        builtin=Builtin("nn.SELU()", fault="its gradient for x < 0, even of the wrong sign below about -3"),
        papers=("arXiv:1706.02515",),
        constants={r"\alpha": functional.SELU_ALPHA, r"\lambda": functional.SELU_LAMBDA},
    ),
    Activation(
        blocks.Exponential,
        "exponential units",
        r"e^{x}",
        r"e^{x}",
        gain=0.36787944117144233,
        range=(0.0, inf),
        lipschitz=inf,
    ),
    Activation(
        blocks.SqrtSoftplus,
        "exponential units",
        r"\sqrt{\ln(1 + e^{x})}",
        r"\frac{e^{x}}{2 (1 + e^{x}) \sqrt{\ln(1 + e^{x})}}",
        gain=1.1138239059428763,
        range=(0.0, inf),
        lipschitz=0.31908634316947576,
    ),
    Activation(
        blocks.XIELU,
        "exponential units",
        *_xielu("0.8", "1.6", "0.8", "0.5"),
        gain=0.7590769382772921,
        minimum=(-0.9808292530117262, -0.20575122409648214),
        lipschitz=inf,
        papers=("arXiv:2411.13010",),
        forms=(Form(*_xielu("p", "2 p", "n", r"\beta")),),
    ),
    _SILU,
    Activation(
        blocks.GELU,
        "smooth gates",
        *_GELU,
        gain=1.5335304411955353,
        minimum=(-0.7517915246935645, -0.16997120747990366),
        lipschitz=1.1289041451851547,
        builtin=Builtin("nn.GELU()", fault="float32 accuracy in float64"),
        papers=("arXiv:1606.08415",),
        forms=(
            Form(*_GELU, (("approximate", "none"),)),
            Form(*_GELU_TANH, (("approximate", "tanh"),)),
            Form(*_swish("1.702 "), (("approximate", "sigmoid"),)),
        ),
    ),
    replace(
        _SILU,
        block=blocks.Swish,
        builtin=Builtin("nn.Swish()", fault="nan at -inf"),
        papers=("arXiv:1710.05941",),
        forms=(Form(*_swish(r"\beta ")),),
    ),
    Activation(
        blocks.Mish,
        "smooth gates",
        r"x \tanh(\ln(1 + e^{x}))",
        r"\tanh(\ln(1 + e^{x})) + \frac{x}{1 + e^{-x}} (1 - \tanh(\ln(1 + e^{x}))^2)",
        gain=1.486847581273208,
        minimum=(-1.1924312145154952, -0.30884341301725043),
        lipschitz=1.088498161251728,
        builtin=Builtin("nn.Activation('mish')", ("2.0",), "an infinite gradient for x > 3.5e13"),
        papers=("arXiv:1908.08681",),
    ),
    Activation(
        blocks.TanhExp,
        "smooth gates",
        r"x \tanh(e^{x})",
        r"\tanh(e^{x}) + x e^{x} (1 - \tanh(e^{x})^2)",
        gain=1.3747815760227697,
        minimum=(-1.078860058464624, -0.35328577784821125),
        lipschitz=1.061975308717916,
        papers=("arXiv:2003.09855",),
    ),
    Activation(
        blocks.ClippedGELU,
        "smooth gates",
        *_clipped("-10", "10"),
        gain=1.5335304411955353,
        range=(-0.16997120747990366, 10.0),
        attained=(True, True),
        minimum=(-0.7517915246935645, -0.16997120747990366),
        kinks=(10.0,),
        lipschitz=1.1289041451851547,
        papers=("arXiv:2004.09602",),
        forms=(Form(*_clipped("a", "b")),),
    ),
    Activation(
        blocks.HardMish,
        "smooth gates",
        r"\frac{x}{2} \max(0, \min(2, x + 2))",
        r"(x + 1) \, \mathbf{1}[x \geq -2] \, \mathbf{1}[x \leq 0] + \mathbf{1}[x > 0]",
        gain=1.3312072394975771,
        minimum=(-1.0, -0.5),
        kinks=(-2.0,),
        papers=("https://github.com/digantamisra98/H-Mish",),
    ),
    Activation(
        blocks.HardSwish,
        "smooth gates",
        r"x \max(0, \min(1, \frac{x + 3}{6}))",
        r"\frac{2 x + 3}{6} \, \mathbf{1}[|x| \leq 3] + \mathbf{1}[x > 3]",
        gain=1.7366572127665416,
        minimum=(-1.5, -0.375),
        kinks=(-3.0, 3.0),
        lipschitz=1.5,
        papers=("arXiv:1905.02244",),
    ),
    Activation(
        blocks.Sine,
        "periodic units",
        r"\sin(x)",
        r"\cos(x)",
        gain=1.5208666231788148,
        range=(-1.0, 1.0),
        attained=(True, True),
        monotonic=False,
        zero_centred=True,
        papers=("arXiv:2006.09661",),
        aliases=("siren",),
        forms=(Form(r"\sin(\omega x)", r"\omega \cos(\omega x)"),),
    ),
    Activation(
        blocks.Snake,
        "periodic units",
        r"x + \sin(x)^2",
        r"1 + \sin(2 x)",
        gain=0.8745809829313702,
        lipschitz=2.0,
        papers=("arXiv:2006.08195",),
        forms=(Form(r"x + \frac{\sin(\alpha x)^2}{\alpha}", r"1 + \sin(2 \alpha x)"),),
    ),
    _vectors(
        blocks.GLU,
        "gated units",
        r"\frac{a}{1 + e^{-b}}",
        papers=("arXiv:1612.08083", "arXiv:2002.05202"),
    ),
    _vectors(blocks.Maxout, "gated units", r"\max(a, b)", papers=("arXiv:1302.4389",)),
    _vectors(
        blocks.Softmax,
        "output layers",
        r"\frac{e^{x_i / T}}{\sum_j e^{x_j / T}}",
        papers=("doi:10.1007/978-3-642-76153-9_28", "arXiv:1503.02531"),
    ),
    _vectors(blocks.Softmin, "output layers", r"\frac{e^{-x_i}}{\sum_j e^{-x_j}}"),
    _vectors(blocks.Sparsemax, "output layers", r"\max(0, x_i - \tau)", papers=("arXiv:1602.02068",)),
    _vectors(blocks.LogSoftmax, "output layers", r"\frac{x_i}{T} - \ln(\sum_j e^{x_j / T})"),
)

CATALOG: dict[str, Activation] = {entry.name: entry for entry in _ENTRIES}
# What is random in training has no curve and no entry, but a name.
_RANDOM = (blocks.AlphaDropout, blocks.RReLU)
_AT_RANDOM = {name: block for block in _RANDOM for name in (block.function.__name__, block.__name__)}
_ALIASES = {alias: entry.name for entry in _ENTRIES for alias in (*entry.aliases, entry.title)}


def activations(acts_on: str | None = None) -> list[str]:
    """Names of all activations, family by family.

    Parameters
    ----------
    acts_on : {"elements", "vectors"}, optional
        Only those that treat each element by itself and so have a curve, or only those that do not.
    """
    if acts_on is not None:
        Choice("", options=("elements", "vectors"), name="acts_on").check(acts_on, "activations")
    return [name for name, entry in CATALOG.items() if acts_on in (None, entry.acts_on)]


def get_activation(activation: Any = None, /, **parameters: Any) -> Block:
    """Turn a name, a block, a function or None into a block.

    Parameters
    ----------
    activation : str, Block, callable or None
        A name of :func:`activations` (or MXNet's own name for it, as "softrelu"), or a name that another
        framework has, behind "torch:", "jax:", "keras:", "timm:" or "transformers:"; a block, returned as it
        is; a function of one array, wrapped; or None, for the identity.
    **parameters
        Passed to the block's constructor, with a name only: ``get_activation("swish", beta=2)``. With a name
        of another framework they are named as there, and the defaults are those of that framework:
        ``get_activation("keras:leaky_relu", negative_slope=0.1)``, where the slope would be 0.2.

    Raises
    ------
    ValueError
        If there is no such name: the message lists the nearest ones; or a parameter is out of its range.
    TypeError
        If ``activation`` is something else, or has no such parameter.
    """
    if isinstance(activation, str):
        return _named(activation, parameters)
    if parameters:
        raise TypeError(f"parameters ({', '.join(parameters)}) go with the name of an activation only")
    if isinstance(activation, Block):
        return activation
    if activation is None:
        return blocks.Identity()
    if isinstance(activation, type) or not callable(activation):
        raise TypeError(f"an activation is a name, a block, a function or None, not {in_a_line(activation)}")
    return blocks._Wrapped(activation)


def _named(name: str, parameters: dict[str, Any]) -> Block:
    """A new block by our name or that of another framework; an error tells of both."""
    if not _is_of_another(name):
        return _block_of(name)(**parameters)
    ours, options = _elsewhere.ours(name, parameters)
    try:
        return _block_of(ours)(**options)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name} is {ours} here: {error}") from None


def _is_of_another(activation: Any) -> bool:
    """Whether this is a name that another framework has, as "torch:Hardshrink"."""
    return isinstance(activation, str) and ":" in activation


def _block_of(name: str) -> Any:
    """The class of a name, also of what is random."""
    return _AT_RANDOM.get(name) or _entry_of(name).block


def elsewhere(activation: Any, /, **parameters: Any) -> _elsewhere.Elsewhere:
    """What makes the same activation in PyTorch, JAX, Keras, timm and transformers.

    Parameters
    ----------
    activation : str or Block
        As for :func:`get_activation`: ours, MXNet's own, or that of another framework.
    **parameters
        Of the activation, with a name only.

    Returns
    -------
    dict
        By framework ("torch", "jax", "keras", "timm", "transformers") the code to paste, with the parameters
        filled in, or None where there is no counterpart. With ``x`` it is the value at an array, without it
        makes a layer; of a learned block, one that starts as that did. What still differs, such as a slope at a
        kink, is in its ``notes``, by framework. Printed it is a table of both.

    Raises
    ------
    ValueError
        If there is no such name.
    TypeError
        If ``activation`` is none of the catalog, or has no such parameter.

    Examples
    --------
    >>> elsewhere("leaky_relu", alpha=0.2)["keras"]
    'keras.layers.LeakyReLU(negative_slope=0.2)'
    """
    block = get_activation(activation, **parameters)
    entry = CATALOG.get(_name_of(block) or "")
    kind = entry.block if entry else next((random for random in _RANDOM if isinstance(block, random)), None)
    if kind is None:
        raise TypeError(f"elsewhere takes an activation of the catalog, not {in_a_line(activation)}")
    defaults = {key: parameter.default for key, parameter in _parameters(kind).items()}
    options = plain(getattr(block, "_shown", None) or _options_of_mxnet(block, defaults))
    own, builtin = None, entry.builtin if entry else None
    if builtin and builtin.fault and (options == defaults or not isinstance(block, blocks._Declared)):
        own = builtin.code, f"Wrong: {builtin.fault}."
    return _elsewhere.theirs(kind.function.__name__, options, defaults, own)


def _options_of_mxnet(block: Block, defaults: dict[str, Any]) -> dict[str, Any]:
    """What a block of MXNet's own was made with, in our names; what it learns, as it starts."""
    options = {key: getattr(block, f"_{key}", default) for key, default in defaults.items()}
    for key, learned in own_parameters(block).items():
        if key in options:
            options[key] = _start_of(learned, block)
            options |= {"in_channels": learned.shape[0]} if "in_channels" in options else {}
    return options


def _start_of(learned: Any, block: Block) -> float:
    """The number at which a learned parameter starts, whatever its initialiser is."""
    drawn = array([0.0, 0.0], "float64")
    mx.init.create(learned.init or "uniform")._init_weight("", drawn)
    one, other = drawn.asnumpy().tolist()
    if one != other:
        raise ValueError(f"{in_a_line(block)} starts with numbers that differ, which a call elsewhere cannot say")
    return float(one)


def _entry_of(name: str) -> Activation:
    """Entry of an activation by name, alias or title, or an error that lists the nearest names."""
    if not isinstance(name, str):
        raise TypeError(f"an activation of the catalog is asked for by its name, not by {in_a_line(name)}")
    entry = CATALOG.get(_ALIASES.get(name, name))
    if name in _AT_RANDOM:
        raise ValueError(f"{name} draws numbers, so the catalog has no entry of it: get_activation makes a block")
    if entry is None:
        known = [*CATALOG, *_AT_RANDOM, *(alias for entry in _ENTRIES for alias in entry.aliases)]
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5) or list(CATALOG)
        raise ValueError(f"no activation is called {in_a_line(name)}; nearest: {', '.join(near)}")
    return entry


# By what each block is known: our classes, and MXNet's own, of which one is several activations.
_BY_KIND = {(entry.block, None): entry.name for entry in _ENTRIES}
_BY_KIND |= {(kind, None): entry.name for entry in _ENTRIES for kind in entry.relatives}
_BY_KIND |= {entry.builtin.kind: entry.name for entry in _ENTRIES if entry.builtin and entry.builtin.kind[0]}


def _name_of(block: Block) -> str | None:
    """Catalog name of an activation, ours or MXNet's; None for any other block."""
    act_type = getattr(block, "_act_type", None) if isinstance(block, nn.Activation) else None
    found = (_BY_KIND.get((kind, act_type)) for kind in type(block).__mro__)
    return next(filter(None, found), None)


def _display_name(activation: Any) -> str:
    """What a legend calls an activation: "Sigmoid", "LeakyReLU", "SiLU", …

    Never from a block's ``name``, which MXNet numbers and 2.x does not have.
    """
    if isinstance(activation, str):
        return activation if _is_of_another(activation) else _entry_of(activation).title
    if isinstance(activation, blocks._Wrapped):
        return _display_name(activation.function)
    if isinstance(activation, nn.Activation):
        return CATALOG[_name_of(activation) or ""].title
    if isinstance(activation, Block):
        return type(activation).__name__
    return str(getattr(activation, "__name__", type(activation).__name__))
