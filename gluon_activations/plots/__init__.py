"""Every picture: activations, nets, and knobs to turn, in one style.

Functions draw into the Axes that they are given, or make a figure, and return it. They
change no setting of the reader's session.
"""

try:
    import matplotlib  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "matplotlib":
        raise
    raise ModuleNotFoundError("pictures need matplotlib: pip install matplotlib", name="matplotlib") from None

from .activations import compare_activations, gallery, mark, visualize_activation
from .cards import card
from .colors import color_of
from .comparisons import plot_comparison
from .nets import plot_dead_units, plot_gradient_statistics, plot_histograms, plot_layer_statistics, plot_output
from .sliders import explore
from .style import DASHED, DOTTED, GREY, PALETTE, panels, tidy

__all__ = [
    "DASHED",
    "DOTTED",
    "GREY",
    "PALETTE",
    "card",
    "color_of",
    "compare_activations",
    "explore",
    "gallery",
    "mark",
    "panels",
    "plot_comparison",
    "plot_dead_units",
    "plot_gradient_statistics",
    "plot_histograms",
    "plot_layer_statistics",
    "plot_output",
    "tidy",
    "visualize_activation",
]
