"""What one does with somebody's net: look into it, say what ails it, swap its activations.

All look from outside, by Gluon's forward hooks, and leave the net as it was: hooks gone, graph and
hybridization kept, parameters, gradients and running statistics untouched. What is not a block cannot
be seen: an operator inside a block's own forward pass, as the ReLU after the sum in the model zoo's
ResNets, or the inside of a net imported as one ``SymbolBlock``.
"""

from .dead import dead_units
from .diagnose import diagnose
from .output import check_output
from .replace import replace_activations
from .statistics import gradient_statistics, layer_statistics

__all__ = [
    "check_output",
    "dead_units",
    "diagnose",
    "gradient_statistics",
    "layer_statistics",
    "replace_activations",
]
