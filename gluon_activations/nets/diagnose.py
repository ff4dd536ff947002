"""What ails a net: every look that the package can take, and what follows from it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import Any, Callable

import numpy

import mxnet as mx
from mxnet.gluon import Block

from ._looks import FEWEST, LOOKS, CannotLook, Finding, with_what_wins
from ._seen import Seen
from ._walk import LossFails, check_loss, check_net

__all__ = ["Finding", "Report", "diagnose"]


@dataclass(frozen=True, repr=False)
class Report:
    """What :func:`diagnose` found: prints as a text."""

    findings: list[Finding]
    looks: list[str] = field(default_factory=list)  # what was looked at
    skipped: dict[str, str] = field(default_factory=dict)  # what could not be, and why

    def __str__(self) -> str:
        lines = ["Findings, the likeliest cause first:" if self.findings else "Nothing found."]
        for place, finding in enumerate(self.findings, 1):
            lines += _wrapped(f"{place}. {finding.name} ({finding.where})", "   ", "")
            lines += _wrapped(finding.evidence, "   ") + _wrapped(f"Cure: {finding.cure}", "   ")
        lines += _wrapped(f"Looked at: {', '.join(self.looks)}.", "  ", "") if self.looks else []
        for look, why in self.skipped.items():
            lines += _wrapped(f"Not looked at: {look} ({why}).", "  ", "")
        return "\n".join(lines)

    __repr__ = __str__


def diagnose(net: Block, batch: tuple[Any, Any], loss: Callable[[Any, Any], Any]) -> Report:
    """Say what ails a net, from one batch: what was found, where, by which evidence, and what cures it.

    It looks at one step of training, forwards and backwards, and at how the outputs answer when the batch is
    changed. It trains nothing, and leaves the net as it was: parameters, gradients, running statistics and graphs.

    Parameters
    ----------
    net : Block
        An initialised net, hybridized or not.
    batch : tuple
        ``(x, y)``: a batch as for :func:`layer_statistics`, of at least eight samples (some hundred tell more),
        and what the loss compares the output with.
    loss : callable
        One of Gluon's losses, or a function of output and ``y``; what ends a net is judged for Gluon's alone.

    Returns
    -------
    Report
        Its ``findings``, causes before what may follow from them, each with ``name``, ``where``, ``evidence``
        and ``cure``; the ``looks`` that were taken; and those ``skipped``, with the reason. Printed, it is all
        of this as a text.

    Raises
    ------
    TypeError
        If ``net`` is no block, ``batch`` no pair of MXNet arrays, or ``loss`` a class.
    ValueError
        If the net is not initialised, or the batch has no array, or fewer than eight samples; or the loss fails
        for what the net gives and y, and nothing was found that says why.

    Notes
    -----
    What one batch cannot show: a learning rate that does not suit, labels that are in order but wrong or all of
    one class, too few samples, a net that is too small or that only learns by heart. Operators in a block's own
    forward pass show in what they do to the output and to gradients, not by themselves.
    """
    check_net(net)
    check_loss(loss)
    seen = Seen(net, *_pair(batch), loss)
    if not seen.x:
        raise ValueError("x holds no array, so there are no samples to compare")
    if max(len(each) if each.ndim else 1 for each in (seen.x[0], seen.y)) < FEWEST:
        raise ValueError(f"the batch has {seen.samples} samples: give at least {FEWEST}, they are compared")
    report = Report([])
    for name, look in LOOKS.items():
        found: list[Finding] = []
        try:
            with numpy.errstate(all="ignore"):  # of what is infinite, a spread is nan
                for finding in look(seen):
                    found.append(finding)
        except (CannotLook, LossFails) as why:
            report.findings.extend(found)
            if isinstance(why, LossFails) and not report.findings:
                raise
            report.skipped[name] = str(why)
            continue
        report.looks.append(name)
        report.findings.extend(found)
        if found and name == next(iter(LOOKS)):
            break  # all else would follow from these
    report.findings[:] = with_what_wins(report.findings, net)
    return report


def _pair(batch: Any) -> tuple[Any, Any]:
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        given = f"{len(batch)} things" if isinstance(batch, (tuple, list)) else type(batch).__name__
        raise TypeError(f"batch is a pair (x, y), not {given}")
    x, y = batch
    if not isinstance(y, mx.nd.NDArray):
        raise TypeError(f"y is an MXNet array (mx.np.array or mx.nd.array), not {type(y).__name__}")
    return x, y


def _wrapped(text: str, indent: str, first: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        80,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
