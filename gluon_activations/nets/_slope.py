"""What counts as an activation, and value and slope of one, whoever wrote it."""

from __future__ import annotations

from typing import Any

from mxnet.gluon import Block, HybridBlock, SymbolBlock, contrib, nn, rnn

from .._arrays import dtype_of
from .._evaluate import curve
from ..blocks import AlphaDropout
from ..catalog import _name_of
from ._walk import LAMBDAS, Call

_OPEN = (Block, HybridBlock, SymbolBlock, nn.Sequential, nn.HybridSequential, *LAMBDAS)
# Gluon's own layers and ours, which are no activations unless the catalog knows them as such.
LAYERS = (
    AlphaDropout,
    *(
        kind
        for module in (
            nn,
            rnn,
            *(getattr(contrib, name) for name in ("nn", "cnn", "rnn") if hasattr(contrib, name)),
        )
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Block) and kind not in _OPEN
    ),
)


def slope_of(call: Call) -> Any:
    """Slope of an activation at each of its inputs, for NumPy; None for what is no activation."""
    if call.x is None or _name_of(call.block) is None and isinstance(call.block, LAYERS):
        return None
    _, slope = asked(call.block, call.x) if "float" in str(dtype_of(call.x)) else (None, None)
    return slope


def asked(block: Block, x: Any) -> tuple[Any, Any]:
    """Value and slope for NumPy; two Nones for what has no :func:`curve`, or takes no such array."""
    before = dict(vars(block))
    try:
        found = curve(block, x)
        # MXNet computes later, and says then what went wrong.
        return (None, None) if found is None else (found[0].asnumpy(), found[1].asnumpy())
    except Exception:  # somebody's own forward pass, called once more: anything may happen there
        return None, None
    finally:  # it may count its calls
        vars(block).clear()
        vars(block).update(before)
