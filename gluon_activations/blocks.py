"""The Gluon blocks: ``Elementwise``, with the one switch between MXNet's two lines, and its children."""

import functools
from numbers import Integral, Real
from typing import Any, Callable

import mxnet as mx
import numpy
from mxnet.gluon import Block, HybridBlock, Parameter, nn

from . import functional, ops
from .ops import GLUON_2


def initialize_on(block: Block, devices: Any) -> None:
    """Initialise a block on these devices, whose keyword differs between MXNet's lines."""
    block.initialize(**{"device" if GLUON_2 else "ctx": devices})


class FunctionBlock(HybridBlock):
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
        self._options = options
        self._cast_to = None  # the dtype that cast() asked for
        self._dtype = None  # the dtype of the call at hand, which a Symbol does not tell

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self._options.items())
        return f"{type(self).__name__}({options})"

    def add_parameter(self, name: str, value: float, size: int) -> None:
        """Give the block a trained parameter: ``size`` numbers that start at ``value``."""
        new = Parameter if GLUON_2 else self.params.get
        setattr(self, name, new(name, shape=(size,), init=mx.init.Constant(value)))

    def cast(self, dtype: Any) -> None:
        """Compute in another dtype, and hold the parameters in it."""
        self._cast_to = numpy.dtype(dtype).name
        super().cast(dtype)

    def __call__(self, x: Any) -> Any:
        """Apply the activation to an array, or, while a graph is built, to a Symbol."""
        ops.check(x, type(self).__name__)
        before, self._dtype = self._dtype, ops.dtype_of(x) or self._cast_to
        if not ops.is_symbol(x):
            self._check_array(x)
            if before != self._dtype:
                self._clear_cached_op()  # that graph was built for another dtype
        return super().__call__(x)

    def _check_array(self, x: Any) -> None:
        """Raise an error at once where MXNet would promote silently or fail later."""
        for name, parameter in self._reg_params.items():
            held = numpy.dtype(parameter.dtype).name
            if held != self._dtype:
                raise TypeError(
                    f"{self!r} holds {name} in {held} and was given {self._dtype}: "
                    f"cast the block first, with .cast({self._dtype!r})"
                )

    def _apply(self, x, parameters):
        if ops.is_symbol(x):
            x = ops.settle_dtype(x, self._dtype)
        return self.function(x, **self._options, **parameters)

    if GLUON_2:

        def forward(self, x):
            """Apply the function; MXNet 2.x calls this."""
            return self._apply(x, {name: p.data(x.device) for name, p in self._reg_params.items()})
    else:

        def hybrid_forward(self, F, x, **parameters):
            """Apply the function; MXNet 1.9 calls this, with arrays or with Symbols."""
            return self._apply(x, parameters)


class Wrapped(FunctionBlock):
    """A block around somebody's own function of one array."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def __repr__(self) -> str:
        return f"Wrapped({getattr(self.function, '__name__', self.function)})"


class Elementwise(FunctionBlock):
    """A block whose function treats every element alike and keeps the shape."""


class LogSigmoid(Elementwise):
    """Logarithm of the logistic sigmoid, right in both tails (MXNet 2.x's own is not).

    See :func:`gluon_activations.functional.log_sigmoid` for limits and conventions.

    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.log_sigmoid)

    def __init__(self) -> None:
        super().__init__()


class HardSigmoid(Elementwise):
    """Hard sigmoid, ``clip(slope * x + 1/2, 0, 1)``, with slope 1/6 where MXNet's operator has 0.2.

    See :func:`gluon_activations.functional.hard_sigmoid` for origin, limits and conventions.

    Parameters
    ----------
    slope : float
        Slope of the middle piece, above 0.

    Raises
    ------
    TypeError
        If a parameter is not a number.
    ValueError
        If it is out of its range.

    Notes
    -----
    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.hard_sigmoid)

    def __init__(self, slope: float = 1 / 6) -> None:
        super().__init__(slope=_finite("HardSigmoid", "slope", slope, positive=True))


class HardTanh(Elementwise):
    """Hard tanh, ``clip(x, min_val, max_val)``.

    See :func:`gluon_activations.functional.hard_tanh` for origin, limits and conventions.

    Parameters
    ----------
    min_val, max_val : float
        The two ends of the middle piece.

    Raises
    ------
    TypeError
        If a parameter is not a number.
    ValueError
        If it is out of its range.

    Notes
    -----
    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.hard_tanh)

    def __init__(self, min_val: float = -1, max_val: float = 1) -> None:
        low, high = _finite("HardTanh", "min_val", min_val), _finite("HardTanh", "max_val", max_val)
        if not low < high:
            raise ValueError(f"HardTanh's min_val is below its max_val, not {min_val!r} and {max_val!r}")
        super().__init__(min_val=low, max_val=high)


class Softsign(Elementwise):
    """Softsign, ``x / (1 + abs(x))``; unlike ``nn.Activation("softsign")`` it has its limits at ±inf.

    See :func:`gluon_activations.functional.softsign` for origin, limits and conventions.

    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.softsign)

    def __init__(self) -> None:
        super().__init__()


class Identity(Elementwise):
    """Identity, ``x``; 1.9.1 has no ``nn.Identity``.

    See :func:`gluon_activations.functional.identity` for origin, limits and conventions.

    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.identity)

    def __init__(self) -> None:
        super().__init__()


class BinaryStep(Elementwise):
    """Binary step, 1 for x >= 0 and 0 below. Its gradient is 0 everywhere: nothing before it learns.

    See :func:`gluon_activations.functional.binary_step` for origin, limits and conventions.

    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.binary_step)

    def __init__(self) -> None:
        super().__init__()


class ReLU6(Elementwise):
    """ReLU cut at 6, ``min(max(x, 0), 6)``.

    See :func:`gluon_activations.functional.relu6` for origin, limits and conventions.

    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.relu6)

    def __init__(self) -> None:
        super().__init__()


class Softplus(Elementwise):
    """Softplus, ``log(1 + exp(beta * x)) / beta``, positive in the tail where MXNet's is not.

    See :func:`gluon_activations.functional.softplus` for origin, limits and conventions.

    Parameters
    ----------
    beta : float
        Sharpness of the bend, above 0.

    Raises
    ------
    TypeError
        If ``beta`` is not a number.
    ValueError
        If ``beta`` is not finite and above 0.

    Notes
    -----
    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.softplus)

    def __init__(self, beta: float = 1.0) -> None:
        super().__init__(beta=_finite("Softplus", "beta", beta, positive=True))


class ELU(Elementwise):
    """Exponential linear unit; unlike Gluon's own ELU it keeps its digits just below 0.

    See :func:`gluon_activations.functional.elu` for origin, limits and conventions.

    Parameters
    ----------
    alpha : float
        Minus the value at -inf, above 0.

    Raises
    ------
    TypeError
        If a parameter is not a number.
    ValueError
        If it is out of its range.

    Notes
    -----
    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.elu)

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__(alpha=_finite("ELU", "alpha", alpha, positive=True))


class CELU(Elementwise):
    """Continuously differentiable ELU, ``max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1)``.

    See :func:`gluon_activations.functional.celu` for origin, limits and conventions.

    Parameters
    ----------
    alpha : float
        Minus the value at -inf, above 0.

    Raises
    ------
    TypeError
        If a parameter is not a number.
    ValueError
        If it is out of its range.

    Notes
    -----
    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.celu)

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__(alpha=_finite("CELU", "alpha", alpha, positive=True))


class SELU(Elementwise):
    """Scaled exponential linear unit; unlike Gluon's own SELU its gradient is right.

    See :func:`gluon_activations.functional.selu` for origin, limits and conventions. Use it
    with LeCun's initialisation, ``Xavier("gaussian", "in", 1)``.

    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.selu)

    def __init__(self) -> None:
        super().__init__()


class AlphaDropout(Elementwise):
    """Dropout for SELU: keeps mean 0 and variance 1 in training, and is the identity otherwise.

    See :func:`gluon_activations.functional.alpha_dropout` for origin, limits and conventions.

    Parameters
    ----------
    rate : float
        Probability of being replaced, at least 0 and below 1.

    Raises
    ------
    TypeError
        If a parameter is not a number.
    ValueError
        If it is out of its range.

    Notes
    -----
    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.alpha_dropout)

    def __init__(self, rate: float) -> None:
        rate = _finite("AlphaDropout", "rate", rate)
        if not 0 <= rate < 1:
            raise ValueError(f"AlphaDropout's rate is at least 0 and below 1, not {rate!r}")
        super().__init__(rate=rate)


class SiLU(Elementwise):
    """Sigmoid-weighted linear unit, ``x * sigmoid(x)``; the same curve as ``Swish(beta=1)``.

    See :func:`gluon_activations.functional.silu` for origin, limits and conventions. Unlike
    MXNet 2.x's ``nn.SiLU``, and ``nn.Swish`` of both lines, it has its limit at -inf, and
    1.9.1 has no ``nn.SiLU`` at all.

    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.silu)

    def __init__(self) -> None:
        super().__init__()


class GELU(Elementwise):
    """Gaussian error linear unit; unlike Gluon's own GELU it has three forms and keeps float64.

    See :func:`gluon_activations.functional.gelu` for origin, limits and conventions.

    Parameters
    ----------
    approximate : {"none", "tanh", "sigmoid"}
        The exact form, or one of the paper's two approximations.

    Raises
    ------
    ValueError
        If ``approximate`` is none of the three.

    Notes
    -----
    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.gelu)

    def __init__(self, approximate: str = "none") -> None:
        functional.check_choice("GELU's approximate", approximate, functional.GELU_GATES)
        super().__init__(approximate=approximate)


class Swish(Elementwise):
    """Swish, ``x * sigmoid(beta * x)``; unlike Gluon's own Swish it can learn beta.

    See :func:`gluon_activations.functional.swish` for origin, limits and conventions.

    Parameters
    ----------
    beta : float
        Steepness of the gate, or, if it is learned, where it starts (``repr`` shows that too).
    learnable : bool
        Whether beta is a trained parameter (initialise the block before use).
    in_channels : int
        How many values of beta are learned: 1 for the whole block, or one for each index
        of axis 1 of the input.

    Raises
    ------
    TypeError
        If ``beta`` is not a number, or a learnable block is given a dtype that it was not
        cast to.
    ValueError
        If ``beta`` is not finite, if ``in_channels`` is not a positive integer, or is more
        than 1 without ``learnable``; when called, if axis 1 does not have that length.

    Notes
    -----
    Inputs: an array of any shape (with ``in_channels`` above 1: two axes or more), in
    float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.swish)

    def __init__(self, beta: float = 1.0, learnable: bool = False, in_channels: int = 1) -> None:
        beta = _finite("Swish", "beta", beta)
        in_channels = _positive_integer("Swish", "in_channels", in_channels)
        if not isinstance(learnable, bool):
            raise TypeError(f"Swish's learnable is True or False, not {learnable!r}")
        if in_channels > 1 and not learnable:
            raise ValueError(f"Swish learns a beta per channel: in_channels={in_channels} needs learnable=True")
        super().__init__(**({"per_channel": in_channels > 1} if learnable else {"beta": beta}))
        self._in_channels = in_channels
        self._shown = f"beta={beta!r}" + (f", learnable=True, in_channels={in_channels}" if learnable else "")
        if learnable:
            self.add_parameter("beta", beta, in_channels)

    def __repr__(self) -> str:
        return f"Swish({self._shown})"

    def _check_array(self, x: Any) -> None:
        super()._check_array(x)
        if self._in_channels > 1 and (len(x.shape) < 2 or x.shape[1] != self._in_channels):
            raise ValueError(
                f"{self!r} wants {self._in_channels} channels on axis 1 of its input, not shape {x.shape}"
            )


class Mish(Elementwise):
    """Mish, ``x * tanh(softplus(x))``.

    See :func:`gluon_activations.functional.mish` for origin, limits and conventions. MXNet
    2.x has ``Activation("mish")``, which is 0 at -20 already; 1.9.1 has none.

    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.mish)

    def __init__(self) -> None:
        super().__init__()


class HardSwish(Elementwise):
    """Hard swish, ``x * clip(x + 3, 0, 6) / 6``.

    See :func:`gluon_activations.functional.hard_swish` for origin, limits and conventions.

    Inputs: an array of any shape, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.hard_swish)

    def __init__(self) -> None:
        super().__init__()


class GLU(FunctionBlock):
    """Gated linear unit, ``a * activation(b)`` for the two halves of the input along an axis.

    See :func:`gluon_activations.functional.glu` for origin and conventions. With "silu" it is
    SwiGLU's gate, with "gelu" GEGLU's; the layer before it has twice the units.

    Parameters
    ----------
    activation : {"sigmoid", "tanh", "relu", "silu", "gelu", "identity"}
        What the second half passes through.
    axis : int
        The axis that is cut in two.

    Raises
    ------
    TypeError
        If ``axis`` is not an integer.
    ValueError
        If the activation is none of these; when called, if the axis is missing or of odd length.

    Notes
    -----
    Inputs: an array with an axis of even length. Outputs: the same with that axis half as long.
    """

    function = staticmethod(functional.glu)

    def __init__(self, activation: str = "sigmoid", axis: int = -1) -> None:
        functional.check_choice("GLU's activation", activation, functional.GLU_GATES)
        super().__init__(activation=activation, axis=_integer("GLU", "axis", axis))

    def _check_array(self, x: Any) -> None:
        super()._check_array(x)
        functional.check_halves(x.shape, self._options["axis"])


class Softmax(FunctionBlock):
    """Softmax along an axis, with a temperature; Gluon has it as an operator only.

    See :func:`gluon_activations.functional.softmax` for origin, limits and conventions. For
    training use ``SoftmaxCrossEntropyLoss`` on the logits, which applies it by itself.

    Parameters
    ----------
    axis : int
        The axis along which the output sums to 1.
    temperature : float
        Above 0; below 1 it sharpens, above 1 it flattens.

    Raises
    ------
    TypeError
        If a parameter is not a number.
    ValueError
        If ``temperature`` is not finite and above 0.

    Notes
    -----
    Inputs: an array of one axis or more, in float16, float32 or float64. Outputs: the same.
    """

    function = staticmethod(functional.softmax)

    def __init__(self, axis: int = -1, temperature: float = 1.0) -> None:
        temperature = _finite("Softmax", "temperature", temperature, positive=True)
        super().__init__(axis=_integer("Softmax", "axis", axis), temperature=temperature)


class _LargestOf(FunctionBlock):
    """The largest of ``pieces`` equal parts of the last axis, element by element."""

    @staticmethod
    def function(x, pieces):
        """The maximum over the parts."""
        return functools.reduce(ops.maximum, ops.split(x, pieces, -1)) if pieces > 1 else x * 1.0


class Maxout(nn.HybridSequential):
    """Maxout layer: each unit is the largest of ``pieces`` affine functions of the input.

    By Goodfellow, Warde-Farley, Mirza, Courville & Bengio 2013 (arXiv:1302.4389). It learns its
    own convex, piecewise linear activation, at ``pieces`` times the weights.

    Parameters
    ----------
    units : int
        Length of the last axis of the output.
    pieces : int
        How many affine functions each unit chooses among.

    Raises
    ------
    ValueError
        If ``units`` or ``pieces`` is not a positive integer.

    Notes
    -----
    Inputs: (..., channels), two axes or more; channels are found at the first call.
    Outputs: (..., units).
    """

    def __init__(self, units: int, pieces: int = 2) -> None:
        super().__init__()
        self._shown = f"Maxout(units={units}, pieces={pieces})"
        units = _positive_integer("Maxout", "units", units)
        pieces = _positive_integer("Maxout", "pieces", pieces)
        self.add(nn.Dense(units * pieces, flatten=False), _LargestOf(pieces=pieces))

    def __repr__(self) -> str:
        return self._shown


def _positive_integer(block: str, name: str, value: Any) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{block}'s {name} is a positive integer, not {value!r}")
    return int(value)


def _integer(block: str, name: str, value: Any) -> int:
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{block}'s {name} is an integer, not {value!r}")
    return int(value)


def _finite(block: str, name: str, value: Any, positive: bool = False) -> float:
    """``value`` as a float, or a one-line error that says whose parameter it is."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{block}'s {name} is a number, not {value!r}")
    if not numpy.isfinite(value):
        raise ValueError(f"{block}'s {name} is a finite number, not {value!r}")
    if positive and not value > 0:
        raise ValueError(f"{block}'s {name} is above 0, not {value!r}")
    return float(value)
