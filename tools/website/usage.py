"""How to put an activation into a net, on its page of the atlas."""

import inspect
import math
import re

from gluon_activations import functional
from tools.wording import letter, minus

from .properties import default, is_curve


def code(entry):
    """Code that makes a net with it, and its parameters."""
    title = entry.block.__name__
    needed = [name for name, parameter in entry.parameters.items() if _is_required(parameter)]
    call = f"{title}({', '.join(f'{name}=4' for name in needed)})"
    uses, more = [title], ""
    if has_initialiser(entry):
        uses.append("initializer")
        more += f'\nnet.initialize(initializer("{entry.name}"))'
    if is_curve(entry):
        uses.append("visualize_activation")
        more += f'\nvisualize_activation("{entry.name}")'
    text = (
        f"```python\nfrom gluon_activations import {', '.join(uses)}\nfrom mxnet.gluon import nn\n\n"
        f"net = nn.HybridSequential()\nnet.add(nn.Dense(64), {call}){more}\n```"
    )
    if entry.parameters:
        given = "".join(f", {name}={_value(parameter)}" for name, parameter in entry.parameters.items())
        build = f'get_activation("{entry.name}"{given})'
        text += f"\n\nBy name, with its parameter{'s' if len(entry.parameters) > 1 else ''}: `{build}`."
        rows = [_described(name, parameter) for name, parameter in entry.parameters.items()]
        text += "\n\n| parameter | default | what it is |\n|---|---|---|\n" + "\n".join(rows)
    if hasattr(functional, entry.name):
        text += f"\n\nAs a function of an array: {{py:func}}`gluon_activations.functional.{entry.name}`."
    return text


def has_initialiser(entry):
    """Whether weights can be made to suit it: not where no gradient comes through, nor where it grows too fast."""
    return is_curve(entry) and math.isfinite(entry.lipschitz)


def _is_required(parameter):
    return parameter.default is inspect.Parameter.empty


def _value(parameter):
    return 4 if _is_required(parameter) else default(parameter)


def _described(name, parameter):
    sign = letter(parameter.letter)
    shown = f"`{name}`, {sign}" if sign and sign != name else f"`{name}`"
    given = "has to be given" if _is_required(parameter) else f"`{default(parameter)}`"
    about = re.sub(r"``(.*?)``", r"`\1`", " ".join(parameter.about.split())).replace("|", r"\|")
    return f"| {shown} | {given} | {minus(about)} |"
