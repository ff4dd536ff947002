"""The knobs of an activation to turn: sliders in a notebook that somebody runs, the same picture anywhere else."""

import itertools
from typing import Any

import matplotlib.pyplot as plt
import numpy

from .._arrays import array
from .._context import context
from .._evaluate import evaluate
from .._parameters import Number
from ..catalog import _entry_of, get_activation
from .activations import _check_grid, _curves, _label, visualize_activation
from .colors import color_of, colors_of
from .style import DOTTED, GREY, panels

__all__ = ["explore"]


def explore(
    activation: Any = "swish", *, xlim: Any = (-6, 6), points: int = 501, ctx: Any = None, **start: Any
) -> Any:
    """Turn the knobs of up to four activations, and watch value (solid) and gradient (dashed) move.

    Parameters
    ----------
    activation : str or sequence of str
        One to four names of the catalog; each is dotted in grey as it is by default.
    xlim, points, ctx
        As for :func:`visualize_activation`; ``x`` runs through ``xlim``.
    **start
        Where sliders and menus start, which only a running notebook shows: ``explore("swish", beta=3, x=-1)``.
    """
    entries = [_entry_of(name) for name in ([activation] if isinstance(activation, str) else activation)]
    if not 1 <= len(entries) <= 4:
        raise ValueError(f"explore takes one to 4 activations, not {len(entries)}")
    _check_grid(xlim, points)
    knobs = {f"{entry.title} {name}": knob for entry in entries for name, knob in entry.knobs.items()}
    knobs["x"] = Number("", turn=xlim, name="x", default=min(max(1.0, xlim[0]), xlim[1]))
    if unknown := start.keys() - {knob.name for knob in knobs.values()}:
        raise TypeError(f"explore turns {', '.join(knobs)}, but nothing called {', '.join(unknown)}")
    return _Explorer(entries, knobs, start, {"xlim": xlim, "points": points, "ctx": ctx and context(ctx)})


class _Explorer:
    """The picture, ``figure``, and its controls; a notebook shows both if it is the last line of a cell."""

    def __init__(self, entries: Any, knobs: dict[str, Any], start: dict[str, Any], grid: Any) -> None:
        self._entries, self._knobs, self._grid = entries, knobs, grid
        self.figure, self._ax = panels(height=3.6 + 0.3 * len(entries))
        plt.close(self.figure)  # or a notebook would show it twice
        reach = [numpy.zeros(grid["points"])]
        for entry in entries:
            turned, stops = [*entry.knobs.values()], 11 if len(entry.knobs) == 1 else 2
            ways = [getattr(k, "options", None) or numpy.linspace(k.turn[0], k.turn[1], stops) for k in turned]
            for corner in itertools.product(*ways):
                reach += _curves(get_activation(entry.name, **dict(zip(entry.knobs, corner))), **grid)[1:]
        self._ylim = 1.05 * numpy.min(reach) - 0.05, 1.05 * numpy.max(reach) + 0.05  # whatever is set
        self._draw({key: start.get(knob.name, knob.default) for key, knob in knobs.items()})

    def __repr__(self) -> str:
        return "\n".join(text.get_text() for text in self._ax.get_legend().get_texts())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from IPython import display, get_ipython
        from IPython.core.pylabtools import print_figure as png

        def picture(**values: Any) -> dict[str, str]:
            self._draw(values or self._values)
            return {"image/png": png(self.figure, base64=True, bbox_inches=None), "text/plain": repr(self)}

        try:
            import ipywidgets as widgets

            if not get_ipython().get_parent()["content"]["allow_stdin"]:  # nobody can ask a program for input
                return picture()
        except (ImportError, AttributeError, KeyError):
            return picture()
        controls = {}
        for key, knob in self._knobs.items():
            allowed = list(getattr(knob, "options", ())) or (*knob.turn, 0.01)
            controls[key] = widgets.interactive.widget_from_abbrev(allowed, self._values[key])
            controls[key].description, controls[key].style.description_width = key, "initial"
        show = widgets.interactive_output(lambda **to: display.display(picture(**to), raw=True), controls)
        return {**get_ipython().display_formatter.format(widgets.VBox([*controls.values(), show]))[0], **picture()}

    def _draw(self, values: dict[str, Any]) -> None:
        self._values, x = values, values["x"]
        self._ax.clear()
        for entry, color in zip(self._entries, colors_of([color_of(entry) for entry in self._entries])):
            own = {name: values[f"{entry.title} {name}"] for name in entry.knobs}
            block = get_activation(entry.name, **own)
            self._ax.plot(*_curves(entry.name, **self._grid)[:2], color=GREY, linestyle=DOTTED, zorder=1)
            visualize_activation(block, ax=self._ax, color=color, label=_label(entry.name, own), **self._grid)
            read = [y.asnumpy().item() + 0.0 for y in evaluate(block, array([x], ctx=self._grid["ctx"]))]
            said = "value {:.4g}, gradient {:.4g} at x = {:g}".format(*read, x)
            self._ax.plot([x, x], read, "o", color=color, clip_on=False, label=said)
        self._ax.set_ylim(self._ylim)
        self._ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=7.5, frameon=False)
