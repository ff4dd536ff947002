"""The site's own pictures of each curve, a large and a small one, transparent for either theme."""

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

from gluon_activations import CATALOG, activations, array, evaluate, visualize_activation
from gluon_activations.plots import family_color, mark, panels
from tools.wording import number

# Text stays text, and the same picture is the same file each time.
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "gluon_activations", "font.family": "sans-serif"}
SAVE = {"transparent": True, "metadata": {"Date": None, "Creator": None}}


def write(folder, folder_of_small):
    """Draw all of them into two folders."""
    folder_of_small.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        for name in activations("elements"):
            large(name).savefig(folder / f"{name}.svg", **SAVE)
            small(name).savefig(folder_of_small / f"{name}.svg", **SAVE)
            plt.close("all")


def large(name):
    """Value and gradient, with kinks and minimum marked."""
    figure, ax = panels()
    visualize_activation(name, xlim=(-6, 6), points=1201, ax=ax, color=family_color(CATALOG[name]))
    mark(ax, CATALOG[name], family_color(CATALOG[name]), 6)
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, -4), min(high, 6.3))
    return figure


def small(name):
    """The same without words, for a list of pictures."""
    figure, ax = plt.subplots(figsize=(1.6, 1.2), layout="constrained")
    reach = 8 if max(map(abs, CATALOG[name].kinks), default=0) > 4 else 4
    visualize_activation(
        name, xlim=(-reach, reach), points=201, ax=ax, color=family_color(CATALOG[name]), linewidth=1.8
    )
    ax.get_legend().remove()
    ax.set(ylim=(-reach / 2, reach), xlabel="", ylabel="", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    mark(ax, CATALOG[name], family_color(CATALOG[name]), 4)
    return figure


def words(name):
    """What the picture shows, for those who do not see it."""
    entry = CATALOG[name]
    xs = array([-4.0, 0.0, 4.0])
    value, slope = ([number(v, 3) for v in part.asnumpy()] for part in evaluate(name, xs))
    text = f"{entry.title} is {value[0]} at −4, {value[1]} at 0 and {value[2]} at 4"
    if entry.minimum:
        text += f", with its minimum {number(entry.minimum[1], 3)} at {number(entry.minimum[0], 3)}"
    return f"{text}; its gradient there is {slope[0]}, {slope[1]} and {slope[2]}."
