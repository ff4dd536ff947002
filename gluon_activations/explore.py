"""The knobs of an activation to turn: sliders in a notebook, the same picture anywhere else.

Neither matplotlib nor ipywidgets is imported before :func:`explore` is called.
"""

import base64
import functools
import io
import itertools
import math
import sys
from collections.abc import Sequence
from numbers import Real
from typing import Any, Union

import numpy

from . import ops
from ._context import context
from .catalog import Knob, entry_of, evaluate, get_activation

MOST = 4
HINT = "Sliders appear in a running notebook where ipywidgets is installed (pip install ipywidgets)."


def explore(
    activation: Union[str, Sequence[str]] = "swish",
    *,
    xlim: tuple[float, float] = (-6, 6),
    points: int = 501,
    ctx: Any = None,
    **start: Any,
) -> "Explorer":
    """Turn the knobs of up to four activations, and watch value (solid) and gradient (dashed) move.

    In a notebook that you run yourself you get a slider for each parameter, a menu for each choice,
    and one more slider for the ``x`` at which value and gradient are read. You get the picture of the
    starting values where ipywidgets is not installed, where a program runs the notebook, and wherever
    else it is shown. A thin grey line is the value at default parameters, once they differ.

    Parameters
    ----------
    activation : str or sequence of str
        One to four names of the catalog.
    xlim : tuple of float
        The interval that is drawn, and that ``x`` runs through.
    points : int
        How many points the curves have, two or more.
    ctx : str or mxnet.Context, optional
        Where to compute; by default MXNet's current one.
    **start
        Where the controls start: ``explore("swish", beta=3, x=-1)``, ``explore("gelu", approximate="tanh")``.
        Activations that share a parameter start from the same value.

    Returns
    -------
    Explorer
        A notebook shows it if it is the last line of a cell.

    Raises
    ------
    ValueError
        If a name is unknown, there are none or more than four, ``xlim`` is no interval, ``points`` is
        below two, or a control cannot have its starting value.
    TypeError
        If ``activation`` is no name or sequence of names, or there is no control for a starting value.
    """
    from . import visualize_activation  # noqa: F401  says what to install if matplotlib is missing
    from .visualize import check_grid

    names = [activation] if isinstance(activation, str) else activation
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"explore takes the name of an activation, or a sequence of names, not {activation!r}")
    if not 1 <= len(names) <= MOST:
        raise ValueError(f"explore takes one to {MOST} activations, not {len(names)}")
    check_grid(xlim, points)
    low, high = map(float, xlim)
    entries = [entry_of(name) for name in names]
    offered = [*map(_controls, entries), {"x": Knob("x", "x", min(max(1.0, low), high), low, high)}]
    allowed = dict.fromkeys(name for controls in offered for name in controls)
    wrong = [name for name in start if name not in allowed]
    if wrong:
        raise TypeError(f"explore starts {', '.join(names)} with {', '.join(allowed)}; not {', '.join(wrong)}")
    settings = [{name: _start(name, c, start) for name, c in controls.items()} for controls in offered]
    return Explorer(entries, offered, settings, points, None if ctx is None else context(ctx))


class Explorer:
    """What :func:`explore` returns.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The picture, as the controls stand.
    controls : list of dict
        The widgets by the name of what they set: a dictionary for each activation, and one for ``x``.
        Empty where there is the picture alone.
    """

    def __init__(self, entries: list, offered: list, settings: list, points: int, ctx: Any) -> None:
        from matplotlib.figure import Figure

        from .visualize import DPI

        self._entries, self._offered, self._settings, self._ctx = entries, offered, settings, ctx
        self._grid = numpy.linspace(offered[-1]["x"].low, offered[-1]["x"].high, points)
        self._ylim = self._reach()
        # A figure of its own, since pyplot would keep one and show it twice; the legend stands above the Axes.
        self.figure = Figure(figsize=(6.4, 3.6 + 0.2 * len(entries)), dpi=DPI, layout="constrained")
        self.figure.subplots()
        self._draw()
        self.controls, self._widget = [], None
        if _somebody_is_there():
            self._add_widgets()

    def __repr__(self) -> str:
        return "\n".join([*self._words, HINT])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        view = self._widget._repr_mimebundle_() if self._widget else {}
        return {**view, "image/png": base64.b64encode(self._png).decode(), "text/plain": repr(self)}

    def _evaluate(self, entry, settings, x):
        """Value and gradient at every element of ``x``, in double precision."""
        return [y.asnumpy() for y in evaluate(_block(entry, settings), ops.array(x, self._ctx, "float64"))]

    def _reach(self):
        """The y limits that hold whatever is set, so that the curves move and the axis does not."""
        found = [0.0]
        for entry, controls in zip(self._entries, self._offered):
            # What lies farthest out is drawn at one end of a knob.
            ends = [(c.low, c.high) if isinstance(c, Knob) else c for c in controls.values()]
            for corner in itertools.product(*ends):
                for y in self._evaluate(entry, dict(zip(controls, corner)), self._grid):
                    found += [y.min(), y.max()]
        margin = 0.05 * (max(found) - min(found)) or 1.0
        return min(found) - margin, max(found) + margin

    def _draw(self):
        """Draw the picture anew, and say in words what is read at x."""
        from .visualize import GREY, PALETTE, visualize_activation

        (ax,), grid, x = self.figure.axes, self._grid, self._settings[-1]["x"]
        ax.clear()
        self._words, usual = [], {}
        for entry, controls, settings, color in zip(self._entries, self._offered, self._settings, PALETTE):
            name = _label(entry, controls, settings)
            default = {key: _start(key, control, {}) for key, control in controls.items()}
            if settings != default:
                line = {"color": GREY, "linewidth": 1.2, "linestyle": (0, (2, 2)), "zorder": 1}
                value, _ = self._evaluate(entry, default, grid)
                usual[f"{_label(entry, controls, default)} (default)"] = ax.plot(grid, value, **line)[0]
            look = {"xlim": (grid[0], grid[-1]), "points": len(grid), "color": color, "label": name}
            visualize_activation(_block(entry, settings), ax=ax, ctx=self._ctx, **look)
            read = [float(y[0]) for y in self._evaluate(entry, settings, [x])]
            ax.plot([x, x], read, "o", color=color, clip_on=False)
            value, slope = map(_number, read)
            self._words.append(f"{name}: value {value}, gradient {slope} at x = {_number(x)}")
        ax.set_ylim(self._ylim)
        lines, names = ax.get_legend_handles_labels()
        # A row for the grey line even where there is none, or the picture would jump when it comes.
        grey = [*usual.values(), *ax.plot([], [], " ")][0]
        told = "at default parameters" if len(usual) > 1 else "".join(usual)
        columns = [*lines[::2], grey, *lines[1::2]], [*names[::2], told, *names[1::2]]
        narrow = {"ncols": 2, "columnspacing": 1, "handlelength": 1.7, "fontsize": "small", "frameon": False}
        ax.legend(*columns, loc="lower left", bbox_to_anchor=(0, 1), **narrow)
        stream = io.BytesIO()
        self.figure.savefig(stream, format="png", dpi="figure")
        self._png = stream.getvalue()

    def _add_widgets(self):
        """Put the controls under the picture, if there is something to make them with."""
        try:
            from ipywidgets import HTML, Dropdown, FloatSlider, Image, VBox
        except ImportError:
            return
        wide, many = {"width": "640px", "max_width": "100%"}, len(self._entries) > 1
        self._image, self._text = Image(value=self._png, layout=wide), HTML("<br>".join(self._words))
        for entry, controls, settings in zip([*self._entries, None], self._offered, self._settings):
            title, row = f"{entry.title} " if entry and many else "", {}
            for name, control in controls.items():
                style = {"description_width": "9em" if many else "6em"}
                look = {"value": settings[name], "layout": wide, "style": style}
                if isinstance(control, Knob):
                    look.update(min=control.low, max=control.high, step=_step(control), readout_format=".4")
                    row[name] = FloatSlider(description=title + control.letter, **look)
                else:
                    row[name] = Dropdown(description=title + name, options=control, **look)
                row[name].observe(functools.partial(self._turn, settings, name, control), "value")
            self.controls.append(row)
        widgets = [widget for row in self.controls for widget in row.values()]
        self._widget = VBox([self._image, self._text, *widgets])

    def _turn(self, settings, name, control, change):
        """Take what a control was turned to, and show it."""
        if isinstance(control, Knob):
            steps = round((change["old"] - control.low) / _step(control))
            if math.isclose(change["new"], control.low + steps * _step(control), abs_tol=1e-6):
                return  # a slider rounds to its steps when it appears: nobody has turned it
        settings[name] = change["new"]
        self._draw()
        self._image.value, self._text.value = self._png, "<br>".join(self._words)


def _somebody_is_there():
    """Whether a notebook is run by hand: a program that runs one cannot be asked for input, nor turn a slider."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(getattr(shell, "kernel", None), "_allow_stdin", True)


def _controls(entry):
    """What can be set, by the block's name for it: a Knob, or a tuple of choices, the default first."""
    choices = {}
    for name, choice in (pair for form in entry.forms for pair in form.choices):
        choices[name] = (*choices.get(name, ()), choice)
    return {**choices, **{knob.name: knob for knob in entry.knobs}}


def _start(name, control, start):
    """The value that a control starts with."""
    if not isinstance(control, Knob):
        return start.get(name, control[0])  # the block says what is wrong with another
    value = start.get(name, control.default)
    if not isinstance(value, Real) or not control.low <= value <= control.high:
        raise ValueError(f"{name} is a number from {control.low:g} to {control.high:g}, not {value!r}")
    return float(value)


def _block(entry, settings):
    block = get_activation(entry.name, **settings)
    block.cast("float64")
    return block


def _label(entry, controls, settings):
    """Name with the knobs, and with a choice that is not the default: "Swish, β = 3", "GELU, tanh"."""
    said = [entry.title]
    for name, control in controls.items():
        if isinstance(control, Knob):
            said.append(f"{control.letter} = {_number(settings[name], 4)}")
        elif settings[name] != control[0]:
            said.append(settings[name])
    return ", ".join(said)


def _number(value, digits=6):
    return f"{value + 0.0:.{digits}g}".replace("-", "−")


def _step(knob):
    """A power of ten that goes 25 times or more into the knob's way."""
    return 10.0 ** math.floor(math.log10((knob.high - knob.low) / 25))
