"""The kinds of array that MXNet has, and how to make one."""

import contextlib
from collections.abc import Iterator
from typing import Any

import mxnet as mx

from . import ops


def array(values: Any, ctx: Any = None, dtype: str = "float32") -> Any:
    """An array of the kind that this session uses, with these values."""
    return ops.array(values, ctx, dtype)


@contextlib.contextmanager
def numpy_arrays() -> Iterator[None]:
    """For a while, a session as after ``npx.set_np()``."""
    with mx.util.np_shape(True), mx.util.np_array(True):
        yield
