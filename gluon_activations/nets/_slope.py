"""What counts as an activation, and value and slope of one, whoever wrote it."""

from __future__ import annotations

from typing import Any

import mxnet as mx
import numpy
from mxnet.gluon import Block, HybridBlock, SymbolBlock, contrib, nn, rnn

from .._arrays import array, dtype_of
from .._evaluate import evaluate
from ..blocks import AlphaDropout
from ..catalog import CATALOG, _name_of, get_activation
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


def curve(block: Block, x: Any) -> tuple[Any, Any] | None:
    """Value and slope at every element, or None if the block does not treat each element alike."""
    name = _name_of(block)
    alike = _alike(block, x) if name is None else CATALOG[name].acts_on == "elements"
    return evaluate(block, x) if alike else None


def value_of(block: Block, x: Any) -> Any:
    """What a block gives outside of training, for NumPy."""
    with mx.autograd.pause():
        return block(x).asnumpy()


def points_for(activation: Any, points: Any, ctx: Any = None) -> Any:
    """These points as an array that an activation takes: in its dtype, once for each of its channels."""
    parameters = get_activation(activation).collect_params().values()
    channels = max([1, *(p.shape[0] for p in parameters if p.shape)])
    dtype = next((p.dtype for p in parameters), "float32")
    points = numpy.asarray(points)
    grid = points if channels == 1 else numpy.repeat(points[:, None], channels, axis=1)
    return array(grid, dtype=dtype, ctx=ctx)


def _alike(block: Block, x: Any) -> bool:
    """Whether a change of one element changes that of the output and no other, at ``x`` and around 0."""
    evaluate(block, x)  # which initialises it
    values = x.asnumpy()
    return _apart(block, x, values) and _apart(block, x, numpy.zeros_like(values))


def _apart(block: Block, x: Any, values: Any) -> bool:
    middle = values.size // 2
    moved = values.copy()
    moved.flat[middle] += 1
    before, after = _outputs(block, x, values), _outputs(block, x, moved)
    if before.shape != values.shape:
        return False
    before.flat[middle] = after.flat[middle]
    return bool(numpy.array_equal(before, after, equal_nan=True))


def _outputs(block: Block, x: Any, values: Any) -> Any:
    """What the block gives for an array like ``x`` with these values."""
    inputs = x.copy()
    inputs[:] = values
    return value_of(block, inputs)
