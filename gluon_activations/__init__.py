"""Activation functions for Apache MXNet Gluon, right in every tail.

Blocks to put into a net (``SiLU``, ``GELU``, ``Swish``, ``Mish``, …), the same formulas
as functions (``functional``), facts about every activation (``CATALOG``), and pictures
(``visualize_activation``, which is imported with matplotlib when it is first asked for).
"""

import importlib
from typing import TYPE_CHECKING, Any

import numpy_for_mxnet  # noqa: F401  before anything imports MXNet

from . import _repair, blocks, fused
from . import functional as functional
from ._arrays import array
from ._compare import compare
from ._context import context
from ._evaluate import derivative, evaluate
from ._repair import repair
from .blocks import *
from .catalog import CATALOG, activations, elsewhere, get_activation
from .initialize import gain, initializer
from .nets import (
    check_output,
    dead_units,
    diagnose,
    gradient_statistics,
    layer_statistics,
    replace_activations,
)

if TYPE_CHECKING:
    from .plots import compare_activations, visualize_activation
    from .plots import explore as explore

__version__ = "0.1.0"

fused._start()
_repair.start()

# The modules that are public.
_ROOMS = ("functional", "fused", "nets", "onnx", "plots", "training")
# Imported with matplotlib when they are first asked for.
_PICTURES = ("compare_activations", "explore", "visualize_activation")

__all__ = [
    "CATALOG",
    "activations",
    "array",
    "check_output",
    "compare",
    "compare_activations",
    "context",
    "dead_units",
    "derivative",
    "diagnose",
    "elsewhere",
    "evaluate",
    "gain",
    "get_activation",
    "gradient_statistics",
    "initializer",
    "layer_statistics",
    "repair",
    "replace_activations",
    "visualize_activation",
]
if not TYPE_CHECKING:
    __all__ += blocks.__all__


def __getattr__(name: str) -> Any:
    if name not in _PICTURES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(".plots", __name__), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
