"""The site's own pictures of each activation, a large and a small one, transparent for either theme."""

import matplotlib
import numpy

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.colors import to_rgb

from gluon_activations import CATALOG, array, evaluate, visualize_activation
from gluon_activations.plots import DASHED, color_of, mark, panels
from gluon_activations.plots.style import finish
from tools.wording import number

from . import vectors
from .properties import is_curve

# Text stays text, and the same picture is the same file each time.
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "gluon_activations", "font.family": "sans-serif"}
SAVE = {"transparent": True, "metadata": {"Date": None, "Creator": None}}


def write(folder, folder_of_small):
    """Draw all of them into two folders."""
    folder_of_small.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        for name in CATALOG:
            large(name).savefig(folder / f"{name}.svg", **SAVE)
            small(name).savefig(folder_of_small / f"{name}.svg", **SAVE)
            plt.close("all")


def large(name):
    """Value and gradient, with kinks and minimum marked."""
    figure, ax = panels()
    _draw(ax, CATALOG[name], 6, points=1201, size=6)
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, -4), min(high, 6.3))
    return figure


def small(name):
    """The same without words, for a list of pictures."""
    figure, ax = plt.subplots(figsize=(1.6, 1.2), layout="constrained")
    reach = 8 if max(map(abs, CATALOG[name].kinks or ()), default=0) > 4 else 4
    _draw(ax, CATALOG[name], reach, points=201, size=4, linewidth=1.8)
    ax.get_legend().remove()
    ax.set(ylim=(-reach / 2, reach), xlabel="", ylabel="", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return figure


def _draw(ax, entry, reach, points, size, linewidth=2):
    color, xlim = color_of(entry), (-reach, reach)
    if is_curve(entry):
        visualize_activation(entry.name, xlim=xlim, points=points, ax=ax, color=color, linewidth=linewidth)
        mark(ax, entry, color, size)
        return
    x = numpy.linspace(*xlim, points)
    for curve, strength in zip(vectors.curves(entry, x)[0], (1, 0.65, 0.3)):
        look = {"color": [strength * part for part in to_rgb(color)], "linewidth": linewidth}
        ax.plot(x, curve.value, label=curve.label, **look)
        ax.plot(x, curve.slope, linestyle=DASHED, **look)
    finish(ax, xlim, "value and gradient")
    ax.legend(frameon=False)


def words(name):
    """What the picture shows, for those who do not see it."""
    entry, places = CATALOG[name], numpy.array([-4.0, 0.0, 4.0])
    if not is_curve(entry):
        curves, what = vectors.curves(entry, places)
        read = "; ".join(
            f"{curve.label}: {_three(curve.value)}, gradient {_three(curve.slope)}" for curve in curves
        )
        return f"{what}, where x is −4, 0 and 4: {read}."
    value, slope = (_three(part.asnumpy()) for part in evaluate(name, array(places)))
    text = f"{entry.title} at −4, 0 and 4 is {value}"
    if entry.minimum:
        text += f", with its minimum {number(entry.minimum[1], 3)} at {number(entry.minimum[0], 3)}"
    return f"{text}; its gradient there is {slope}."


def _three(values):
    first, second, third = (number(value, 3) for value in values)
    return f"{first}, {second} and {third}"
