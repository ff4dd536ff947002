"""Compiled kernels: each activation in one pass over memory, forwards and backwards.

They are at work wherever they load; then the blocks and ``functional`` use them by themselves, eagerly and
hybridized, and what is exported holds MXNet's own operators all the same. Where they are not, the composed
formulas do the work, slower. ``python -m gluon_activations.fused`` builds them once, for this user, and says
what is at work.

The environment variable ``GLUON_ACTIVATIONS_FUSED=0`` leaves them out.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings

import numpy

import mxnet as mx

from .. import functional, ops
from ._build import Unavailable, build, built, carried, is_whole
from ._operators import Library
from ._portable import kept_in_files

__all__ = [
    "available",
    "disable",
    "disabled",
    "enable",
    "enabled",
    "formulas",
    "kept_in_files",
    "level",
    "why_not",
]

_library: Library | None = None  # once loaded, for good: MXNet does not let go of operators
_why_not: str | None = None


def available() -> bool:
    """Whether the kernels are loaded, and could be enabled."""
    return _library is not None


def why_not() -> str | None:
    """Why there are no kernels, in one line; None if there are."""
    return None if available() else _why_not


def enabled() -> bool:
    """Whether the kernels are at work."""
    return ops.compiled is not None


def level() -> str | None:
    """The instructions that the kernels use here ("avx512", "avx2", "portable"); None without kernels."""
    return _library.level if _library else None


def formulas() -> tuple[str, ...]:
    """The names of the compiled formulas; none without kernels."""
    return _library.formulas if _library else ()


def enable(build_first: bool = True) -> bool:
    """Put the kernels to work, in this process from now on.

    Parameters
    ----------
    build_first : bool
        Whether they are built with the system's C++ compiler, which takes about half a minute, if there are none
        yet. By default so.

    Returns
    -------
    bool
        Whether they are at work. If they are not, a warning says why, and so does ``why_not()``.
    """
    global _library, _why_not
    if not available():
        try:
            _library = _loaded(build_first)
            _why_not = None
        except Unavailable as error:
            _why_not = str(error)
            if build_first:
                warnings.warn(f"no compiled kernels, so activations are composed: {error}", stacklevel=2)
            return False
    ops.compiled = _library
    return True


def disable() -> None:
    """Compose the formulas from MXNet's own operators from now on."""
    ops.compiled = None


def disabled() -> contextlib.AbstractContextManager[None]:
    """Without the kernels inside of a ``with``.

    A block that is hybridized keeps the graph that it has built, with kernels or without.
    """
    return ops.composed()


def _loaded(build_first: bool) -> Library:
    """The library, loaded and tried."""
    path = carried() or built()
    if path is None:
        if not build_first:
            raise Unavailable("they have not been built: run python -m gluon_activations.fused")
        print("gluon_activations: building the compiled kernels, once …", file=sys.stderr)
        path = build()
    try:
        if not is_whole(path):
            raise Unavailable(f"{path} is not whole: install the package anew")
        library = Library(path)
    except (OSError, AttributeError, mx.base.MXNetError) as error:
        raise Unavailable(f"{path} does not load: {str(error).strip().splitlines()[0]}") from None
    _try_out(library)
    return library


def _try_out(library: Library) -> None:
    """Compare every formula with its composed form, at a few points.

    Raises
    ------
    Unavailable
        If one is off.
    """
    x = mx.nd.array(numpy.linspace(-4, 4, 18))
    for name in functional.__all__:
        function = getattr(functional, name)
        declared = function.declared
        try:
            options = declared.bind((), {})
        except TypeError:  # it has a parameter without a default, so no kernel
            continue
        got = library(declared, x, options)
        if got is None:
            continue
        with disabled():
            expected = function(x)
        if not numpy.allclose(got.asnumpy(), expected.asnumpy(), 1e-4, 1e-6):
            raise Unavailable(f"the kernel of {declared.whose} is off: the library is not for this machine")


def asked_for(variable: str, otherwise: str) -> bool:
    """Whether an environment variable says yes."""
    return os.environ.get(variable, otherwise).lower() not in ("0", "false", "no", "off", "")


def _start() -> None:
    """Enable what is there when the package is imported."""
    global _why_not
    if not asked_for("GLUON_ACTIVATIONS_FUSED", "1"):
        _why_not = "the environment variable GLUON_ACTIVATIONS_FUSED says so"
    else:
        enable(build_first=False)
