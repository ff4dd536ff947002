"""The mathematics on a page of the atlas: formulas, and the facts that follow from them."""

import math
from fractions import Fraction

import numpy

from gluon_activations import array, derivative, evaluate
from tools.wording import interval, number


def is_curve(entry):
    """Whether it acts on each element by itself, so that it has a curve and the facts of one."""
    return entry.acts_on == "elements"


def formulas(entry):
    """Formula and derivative, as they are by default and with the parameters left open."""
    text = _equations(entry)
    if entry.constants:
        values = " and ".join(rf"${letter} \approx {value:.10f}$" for letter, value in entry.constants.items())
        text += f"\n\nwith {values}."
    lettered = {name: parameter for name, parameter in entry.parameters.items() if parameter.letter}
    values = ", ".join(f"${p.letter} = {default(p)}$ (`{name}`)" for name, p in lettered.items())
    if lettered and entry.forms:
        left = "it" if len(lettered) == 1 else "them"
        text += f"\n\nThat is for the default, {values}. With {left} left open:\n\n{_equations(entry.forms[0])}"
    elif lettered:
        text += f"\n\nBy default, {values}."
    for form in entry.forms[1:]:
        chosen = ", ".join(f'`{key}="{value}"`' for key, value in form.choices)
        text += f"\n\nWith {chosen}:\n\n{_equations(form)}"
    return text


def _equations(form):
    """Formula and derivative, of an entry or of one of its forms; what acts on vectors may have no derivative."""
    left = "f(x)_i" if "_i" in form.formula else "f(x)"
    text = f"$${left} = {form.formula}$$"
    return f"{text}\n\n$$f'(x) = {form.derivative}$$" if form.derivative else text


def default(parameter):
    """A default as one writes it: 0.01, or 1/6."""
    if not isinstance(parameter.default, float):
        return repr(parameter.default).replace("'", '"')
    text = f"{parameter.default:.4g}"
    return text if float(text) == parameter.default else str(Fraction(parameter.default).limit_denominator(100))


def table(entry):
    """The facts of a curve, and what it does at its kinks."""
    why = "layers with it keep the mean square of normal inputs ([why](../notebooks/07_follow_the_gradient.ipynb))"
    rows = {
        "range": interval(entry),
        "minimum": _minimum(entry),
        "monotonic": "yes" if entry.monotonic else "no",
        "centred on zero": "yes: an odd function" if entry.zero_centred else "no",
        "jumps" if jumps(entry) else "kinks": ", ".join(f"x = {number(x)}" for x in entry.kinks) or "none",
        "steepest slope": _steepest(entry),
        "gain": f"{number(entry.gain, 10)}: {why}",
    }
    text = "| property | value |\n|---|---|\n" + "\n".join(f"| {what} | {value} |" for what, value in rows.items())
    return f"{text}\n\n{_kinks(entry)}" if entry.kinks else text


def _kinks(entry):
    """The slope on both sides of each kink, and the one that is given at it; of a jump the values, too."""
    at = numpy.array(entry.kinks, "float32")
    beside = 2.0**-20 * numpy.maximum(1, abs(at))
    places = {"on its left": at - beside, "on its right": at + beside, "given by ours": at}
    found = {where: evaluate(entry.name, array(xs)) for where, xs in places.items()}
    columns = {f"value {where}": value for where, (value, _) in found.items()} if jumps(entry) else {}
    columns |= {f"slope {where}": slope for where, (_, slope) in found.items()}
    own = entry.builtin and entry.builtin.make()
    if own:
        columns[f"slope given by `{entry.builtin.code}`"] = derivative(own, array(at))
    head = f"| {'jump' if jumps(entry) else 'kink'} | {' | '.join(columns)} |\n|{'---|' * (1 + len(columns))}"
    cells = zip(*(column.asnumpy() + 0.0 for column in columns.values()))
    rows = [f"| x = {number(x)} | {' | '.join(map(number, row))} |" for x, row in zip(at, cells)]
    return "\n".join([head, *rows])


def jumps(entry):
    """Whether its kinks are jumps of the value."""
    return bool(entry.kinks) and math.isinf(entry.lipschitz)


def _steepest(entry):
    if math.isinf(entry.lipschitz):
        return f"∞ ({'a jump' if jumps(entry) else 'it grows without end'})"
    return number(entry.lipschitz, 10)


def _minimum(entry):
    if entry.minimum:
        return "{1} at x = {0}".format(*(number(v, 10) for v in entry.minimum))
    return without_minimum(entry)


def without_minimum(entry):
    """What is said of the lowest value of an activation that has it at no single point."""
    low = entry.range[0]
    if math.isinf(low):
        return "none: it falls without end"
    if not entry.attained[0]:
        return f"none: it only comes near {number(low)}"
    return f"{number(low)}, {'all along a flat piece' if entry.monotonic else 'at many places'}"
