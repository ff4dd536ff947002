"""The Gluon blocks: ``FunctionBlock``, which applies a function of one array, and its children."""

from __future__ import annotations

from dataclasses import replace
from math import expm1, log
from typing import TYPE_CHECKING, Annotated, Any, Callable

import numpy

from mxnet.gluon import HybridBlock, nn

from . import functional
from ._arrays import GLUON_2, check, is_symbol, new_parameter, plain, settle_dtype
from ._formula import block_docstring
from ._parameters import Declared, Flag, Integer

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    P = ParamSpec("P")


class _Declared:
    """What a block gets from the declarations of its parameters: docstring and ``repr``."""

    _shown: dict[str, Any]

    def __init_subclass__(cls) -> None:
        """Complete the docstring of a block whose constructor declares its parameters."""
        init = vars(cls).get("__init__")
        if hasattr(init, "formula"):
            cls.function = staticmethod(init.formula)  # type: ignore[attr-defined, union-attr]
            cls.__doc__ = block_docstring(cls.__doc__ or "", init.formula, init.declared)  # type: ignore[union-attr]

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={plain(value)!r}" for name, value in self._shown.items())
        return f"{type(self).__name__}({options})"


class FunctionBlock(_Declared, HybridBlock):
    """A block that applies ``function(x, **options, **parameters)`` to one array.

    A child names its ``function`` and passes the options that ``repr`` shows. It then works
    eagerly, hybridized, exported and inside other blocks, on both lines of MXNet.

    Two limits come from MXNet. A graph of 1.9 is built from Symbols, which do not know their
    dtype: a hybridized net that computes in float16 or float64 has to be told by ``cast``, as
    any net with weights has; without it each step is rounded in that dtype. And no block has a
    second derivative: MXNet raises an error, or, where a block only clips, gives zeros.
    """

    function: Any = None

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self._options = self._shown = options
        self._cast_to: str | None = None  # the dtype that cast() asked for
        self._dtype: str | None = None  # the dtype of the call at hand, which a Symbol does not tell

    def add_parameter(self, name: str, value: float, size: int) -> None:
        """Give the block a trained parameter: ``size`` numbers that start at ``value``."""
        new_parameter(self, name, value, size)

    def cast(self, dtype: Any) -> None:
        """Compute in another dtype, and hold the parameters in it."""
        self._cast_to = numpy.dtype(dtype).name
        super().cast(dtype)

    def __call__(self, x: Any) -> Any:
        """Apply the activation to an array, or, while a graph is built, to a Symbol."""
        dtype = check(x, type(self).__name__)
        before, self._dtype = self._dtype, dtype or self._cast_to
        if not is_symbol(x):
            self._check_array(x)
            if before != self._dtype:
                self._clear_cached_op()  # that graph was built for another dtype
        return super().__call__(x)

    def _check_array(self, x: Any) -> None:
        """Raise an error at once where MXNet would promote silently or fail later."""
        fits = getattr(self.function, "fits", None)  # a formula of ours knows which shapes it takes
        if fits is not None:
            fits(x.shape, **self._options)
        for name, parameter in self._reg_params.items():
            held = numpy.dtype(parameter.dtype).name
            if held != self._dtype:
                raise TypeError(
                    f"{self!r} holds {name} in {held} and was given {self._dtype}: "
                    f"cast the block first, with .cast({self._dtype!r})"
                )

    def _apply(self, x: Any, parameters: dict[str, Any]) -> Any:
        x, options = settle_dtype(x, self._dtype), {**self._options, **parameters}
        if not hasattr(self.function, "computed"):
            return self.function(x, **options)
        return self.function.computed(x, self.function.declared.bind((), options))  # the array has been checked

    if GLUON_2:

        def forward(self, x: Any) -> Any:
            """Apply the function; MXNet 2.x calls this."""
            return self._apply(x, {name: p.data(x.device) for name, p in self._reg_params.items()})
    else:

        def hybrid_forward(self, F: Any, x: Any, **parameters: Any) -> Any:
            """Apply the function; MXNet 1.9 calls this, with arrays or with Symbols."""
            return self._apply(x, parameters)


class _Wrapped(FunctionBlock):
    """A block around somebody's own function of one array."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def __repr__(self) -> str:
        return f"Wrapped({getattr(self.function, '__name__', self.function)})"


class Elementwise(FunctionBlock):
    """A block whose function treats every element alike and keeps the shape."""


if TYPE_CHECKING:
    _Init = Callable[Concatenate[Any, P], None]


def _applies(function: Callable[Concatenate[Any, P], Any]) -> Callable[[Any], _Init[P]]:
    """Make a constructor take the parameters of a formula, which are checked when the block is made."""
    return lambda init: _checked(FunctionBlock.__init__, function, vars(function)["declared"])


def _declares(function: Any) -> Callable[[_Init[P]], _Init[P]]:
    """Let a constructor of the block of a formula declare parameters of its own, and check them."""
    return lambda init: _checked(init, function, Declared(init, function.__name__))


def _checked(init: Any, function: Any, declared: Declared) -> Any:
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        values = declared.bind(args, kwargs)
        init(self, **values)
        self._shown = values

    vars(__init__).update(formula=function, declared=declared, __signature__=declared.constructor)
    return __init__


class Sigmoid(Elementwise):
    """Logistic sigmoid; unlike Gluon's own it keeps its slope in both tails."""

    @_applies(functional.sigmoid)
    def __init__(self) -> None: ...


class LogSigmoid(Elementwise):
    """Logarithm of the logistic sigmoid, right in both tails (MXNet 2.x's own is not)."""

    @_applies(functional.log_sigmoid)
    def __init__(self) -> None: ...


class HardSigmoid(Elementwise):
    """Hard sigmoid, with slope 1/6 where MXNet's operator has 0.2."""

    @_applies(functional.hard_sigmoid)
    def __init__(self) -> None: ...


class SparseSigmoid(Elementwise):
    @_applies(functional.sparse_sigmoid)
    def __init__(self) -> None: ...


class Laplace(Elementwise):
    @_applies(functional.laplace)
    def __init__(self) -> None: ...


class Tanh(Elementwise):
    """Hyperbolic tangent; unlike Gluon's own it keeps its slope in both tails."""

    @_applies(functional.tanh)
    def __init__(self) -> None: ...


class HardTanh(Elementwise):
    @_applies(functional.hard_tanh)
    def __init__(self) -> None: ...


class Softsign(Elementwise):
    """Softsign; unlike ``nn.Activation("softsign")`` it has its limits at ±inf."""

    @_applies(functional.softsign)
    def __init__(self) -> None: ...


class Identity(Elementwise):
    """Identity; 1.9.1 has no ``nn.Identity``."""

    @_applies(functional.identity)
    def __init__(self) -> None: ...


class BinaryStep(Elementwise):
    @_applies(functional.binary_step)
    def __init__(self) -> None: ...


class ReLU(Elementwise):
    """Rectified linear unit; unlike ``nn.Activation("relu")`` it lets a nan be seen."""

    @_applies(functional.relu)
    def __init__(self) -> None: ...


class ReLU6(Elementwise):
    """ReLU cut at 6; Gluon has a block for it in its MobileNets only."""

    @_applies(functional.relu6)
    def __init__(self) -> None: ...


class SquaredReLU(Elementwise):
    @_applies(functional.squared_relu)
    def __init__(self) -> None: ...


class LeakyReLU(Elementwise):
    """Leaky ReLU; unlike Gluon's own its slope has a default, and every digit in float64."""

    @_applies(functional.leaky_relu)
    def __init__(self) -> None: ...


class RReLU(FunctionBlock):
    """Randomized leaky ReLU; Gluon has it as an operator only."""

    @_applies(functional.rrelu)
    def __init__(self) -> None: ...


class _PerChannel(Elementwise):
    """A block whose one number may be learned, alone or for each channel."""

    def _set(self, name: str, value: float, learnable: bool, channels: int) -> None:
        whose = self.function.__name__
        if channels > 1 and not learnable:
            raise ValueError(f"{whose} learns {name} per channel: in_channels={channels} needs learnable=True")
        FunctionBlock.__init__(self, **({"per_channel": channels > 1} if learnable else {name: value}))
        if learnable:
            self.add_parameter(name, value, channels)

    def _check_array(self, x: Any) -> None:
        super()._check_array(x)
        channels = self._shown["in_channels"]
        if channels > 1 and (len(x.shape) < 2 or x.shape[1] != channels):
            raise ValueError(f"{self!r} wants {channels} channels on axis 1 of its input, not shape {x.shape}")


def _channels(letters: str) -> Integer:
    return Integer(f"How many {letters} are learned: 1, or one for each index of axis 1.", at_least=1)


class PReLU(_PerChannel):
    """Parametric ReLU, whose slope on the left is learned; unlike Gluon's own it has every digit in float64.

    With ``in_channels`` above 1 its input has two axes or more, and axis 1 that length; it must be
    initialised before use.
    """

    @_declares(functional.prelu)
    def __init__(
        self,
        in_channels: Annotated[int, _channels("slopes")] = 1,
        alpha: Annotated[
            float, replace(functional.ALPHA_LEFT, about="Where the slope on the left starts.")
        ] = 0.25,
    ) -> None:
        self._set("alpha", alpha, True, in_channels)


class Threshold(Elementwise):
    @_applies(functional.threshold)
    def __init__(self) -> None: ...


class Squareplus(Elementwise):
    @_applies(functional.squareplus)
    def __init__(self) -> None: ...


class SparsePlus(Elementwise):
    @_applies(functional.sparse_plus)
    def __init__(self) -> None: ...


class Softplus(Elementwise):
    """Softplus, positive in the tail where MXNet's is not."""

    @_applies(functional.softplus)
    def __init__(self) -> None: ...


class HardShrink(Elementwise):
    @_applies(functional.hard_shrink)
    def __init__(self) -> None: ...


class SoftShrink(Elementwise):
    @_applies(functional.soft_shrink)
    def __init__(self) -> None: ...


class TanhShrink(Elementwise):
    @_applies(functional.tanh_shrink)
    def __init__(self) -> None: ...


class ELU(Elementwise):
    """Exponential linear unit; unlike Gluon's own ELU it keeps its digits just below 0."""

    @_applies(functional.elu)
    def __init__(self) -> None: ...


class CELU(Elementwise):
    @_applies(functional.celu)
    def __init__(self) -> None: ...


class SELU(Elementwise):
    """Scaled exponential linear unit; unlike Gluon's own its gradient is right."""

    @_applies(functional.selu)
    def __init__(self) -> None: ...


class Exponential(Elementwise):
    @_applies(functional.exponential)
    def __init__(self) -> None: ...


class SqrtSoftplus(Elementwise):
    @_applies(functional.sqrt_softplus)
    def __init__(self) -> None: ...


class XIELU(Elementwise):
    """Expanded integral of the ELU. A learnable one must be initialised before use.

    What it learns are the numbers whose softplus is ``alpha_p`` and ``alpha_n - beta``, as in the paper, so
    that both stay where they may be.
    """

    @_declares(functional.xielu)
    def __init__(
        self,
        alpha_p: Annotated[float, functional.RIGHT] = 0.8,
        alpha_n: Annotated[float, functional.LEFT] = 0.8,
        beta: Annotated[float, functional.AT_0] = 0.5,
        learnable: Annotated[bool, Flag("Whether both bends are trained, and start there.")] = False,
    ) -> None:
        bends = {"alpha_p": alpha_p, "alpha_n": alpha_n}
        super().__init__(beta=beta, **({} if learnable else bends))
        if learnable:
            self.add_parameter("alpha_p", log(expm1(alpha_p)), 1)
            self.add_parameter("alpha_n", log(expm1(alpha_n - beta)), 1)

    def _apply(self, x: Any, parameters: dict[str, Any]) -> Any:
        bends = {name: functional.softplus(parameter) for name, parameter in parameters.items()}
        if bends:
            bends["alpha_n"] = bends["alpha_n"] + self._options["beta"]
        return super()._apply(x, bends)


class AlphaDropout(FunctionBlock):
    @_applies(functional.alpha_dropout)
    def __init__(self) -> None: ...


class SiLU(Elementwise):
    """Sigmoid-weighted linear unit; unlike ``nn.SiLU``, which 2.x alone has, it has its limit at -inf."""

    @_applies(functional.silu)
    def __init__(self) -> None: ...


class GELU(Elementwise):
    """Gaussian error linear unit; unlike Gluon's own GELU it has three forms and keeps float64."""

    @_applies(functional.gelu)
    def __init__(self) -> None: ...


class Swish(_PerChannel):
    """Swish; unlike Gluon's own Swish it can learn beta.

    A learnable one must be initialised before use. With ``in_channels`` above 1 its input has two axes
    or more, and axis 1 that length.
    """

    @_declares(functional.swish)
    def __init__(
        self,
        beta: Annotated[float, functional.BETA] = 1.0,
        learnable: Annotated[bool, Flag("Whether beta is a trained parameter, which starts there.")] = False,
        in_channels: Annotated[int, _channels("values of beta")] = 1,
    ) -> None:
        self._set("beta", beta, learnable, in_channels)


class Mish(Elementwise):
    """Mish. MXNet 2.x has ``Activation("mish")``, which is 0 at -20 already; 1.9.1 has none."""

    @_applies(functional.mish)
    def __init__(self) -> None: ...


class TanhExp(Elementwise):
    @_applies(functional.tanh_exp)
    def __init__(self) -> None: ...


class ClippedGELU(Elementwise):
    @_applies(functional.clipped_gelu)
    def __init__(self) -> None: ...


class HardMish(Elementwise):
    @_applies(functional.hard_mish)
    def __init__(self) -> None: ...


class HardSwish(Elementwise):
    @_applies(functional.hard_swish)
    def __init__(self) -> None: ...


class Sine(Elementwise):
    @_applies(functional.sine)
    def __init__(self) -> None: ...


class Snake(_PerChannel):
    """Snake. A learnable one must be initialised before use.

    With ``in_channels`` above 1 its input has two axes or more, and axis 1 that length.
    """

    @_declares(functional.snake)
    def __init__(
        self,
        alpha: Annotated[float, functional.PITCH] = 1.0,
        learnable: Annotated[bool, Flag("Whether alpha is a trained parameter, which starts there.")] = False,
        in_channels: Annotated[int, _channels("values of alpha")] = 1,
    ) -> None:
        self._set("alpha", alpha, learnable, in_channels)


class GLU(FunctionBlock):
    """Gated linear unit; the layer before it has twice the units. With "silu" it is SwiGLU's gate."""

    @_applies(functional.glu)
    def __init__(self) -> None: ...


class _LargestOf(FunctionBlock):
    """The largest of equal parts of the last axis."""

    @_applies(functional.maxout)
    def __init__(self) -> None: ...


class Maxout(_Declared, nn.HybridSequential):
    """Maxout layer: each unit is the largest of ``pieces`` affine functions, and so learns its activation.

    Its input is (..., channels) with two axes or more, its output (..., units).
    """

    @_declares(functional.maxout)
    def __init__(
        self,
        units: Annotated[int, Integer("Length of the last axis of the output.", at_least=1)],
        pieces: Annotated[int, Integer("How many affine functions each unit chooses among.", at_least=1)] = 2,
    ) -> None:
        super().__init__()
        self.add(nn.Dense(units * pieces, flatten=False), _LargestOf(pieces=pieces))


class Softmax(FunctionBlock):
    """Softmax along an axis, with a temperature; Gluon has it as an operator only.

    For training use ``SoftmaxCrossEntropyLoss`` on the logits, which applies it by itself.
    """

    @_applies(functional.softmax)
    def __init__(self) -> None: ...


class Softmin(FunctionBlock):
    @_applies(functional.softmin)
    def __init__(self) -> None: ...


class Sparsemax(FunctionBlock):
    @_applies(functional.sparsemax)
    def __init__(self) -> None: ...


class LogSoftmax(FunctionBlock):
    """Logarithm of the softmax along an axis, with a temperature; Gluon has it as an operator only."""

    @_applies(functional.log_softmax)
    def __init__(self) -> None: ...


if not TYPE_CHECKING:
    __all__ = [
        name
        for name, thing in list(vars().items())
        if isinstance(thing, type) and issubclass(thing, _Declared)
        if not name.startswith("_") and thing is not FunctionBlock
    ]
