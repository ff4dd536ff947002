"""Activation functions for Apache MXNet Gluon, right in every tail.

Blocks to put into a net (``SiLU``, ``GELU``, ``Swish``, ``Mish``, …), the same formulas
as functions (``functional``), facts about every activation (``CATALOG``), and pictures
(``visualize_activation``, which is imported with matplotlib when it is first asked for).
"""

import importlib
from typing import TYPE_CHECKING, Any

from . import (
    _numpy_names,  # noqa: F401  before anything imports MXNet
    functional,
)
from ._context import context
from .blocks import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    AlphaDropout,
    BinaryStep,
    Elementwise,
    HardSigmoid,
    HardSwish,
    HardTanh,
    Identity,
    LogSigmoid,
    Maxout,
    Mish,
    ReLU6,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Swish,
)
from .catalog import CATALOG, activations, derivative, display_name, evaluate, get_activation
from .diagnose import dead_units, gradient_statistics, layer_statistics
from .explore import explore  # at once, or the module of that name would hide it; loads matplotlib when called
from .initialize import gain, initializer
from .output import check_output
from .replace import replace_activations

if TYPE_CHECKING:
    from .visualize import compare_activations, gallery, visualize_activation  # noqa: F401
    from .visualize_nets import (  # noqa: F401
        plot_dead_units,
        plot_gradient_statistics,
        plot_layer_statistics,
        plot_output,
    )

__version__ = "0.1.0"

# Which module draws what; imported with matplotlib when it is first asked for.
_PICTURES = {
    "compare_activations": "visualize",
    "gallery": "visualize",
    "plot_dead_units": "visualize_nets",
    "plot_gradient_statistics": "visualize_nets",
    "plot_layer_statistics": "visualize_nets",
    "plot_output": "visualize_nets",
    "visualize_activation": "visualize",
}

__all__ = [
    "AlphaDropout",
    "BinaryStep",
    "CATALOG",
    "CELU",
    "ELU",
    "Elementwise",
    "GELU",
    "GLU",
    "HardSigmoid",
    "HardSwish",
    "HardTanh",
    "Identity",
    "LogSigmoid",
    "Maxout",
    "Mish",
    "ReLU6",
    "SELU",
    "SiLU",
    "Softmax",
    "Softplus",
    "Softsign",
    "Swish",
    "activations",
    "check_output",
    "context",
    "dead_units",
    "derivative",
    "display_name",
    "evaluate",
    "explore",
    "functional",
    "gain",
    "get_activation",
    "gradient_statistics",
    "initializer",
    "layer_statistics",
    "replace_activations",
    *_PICTURES,
]


def __getattr__(name: str) -> Any:
    if name in _PICTURES:
        try:
            module = importlib.import_module(f".{_PICTURES[name]}", __name__)
        except ModuleNotFoundError as error:
            if error.name != "matplotlib":
                raise
            raise ModuleNotFoundError(
                "pictures need matplotlib: pip install matplotlib", name="matplotlib"
            ) from None
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
