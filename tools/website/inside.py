"""What MXNet itself has of an activation, and what is wrong with it, on its page of the atlas."""

from tools.wording import UNMEASURED, minus, number


def builtin(entry, faults):
    """What Gluon has for it, and its wrong numbers."""
    builtin = entry.builtin
    if builtin is None:
        operator = _examples(f"nd.{entry.name}", faults["1.9"])
        only = f"; there is an operator, `nd.{entry.name}`, with other defaults" if operator else ""
        return f"Gluon has no block for it{only}.{operator}"
    where = "on both lines" if len(builtin.lines) > 1 else f"on {builtin.lines[0]} only"
    if not builtin.fault:
        return f"`{builtin.code}`, {where}. No fault was found in it."
    fault = f"Wrong: {minus(builtin.fault)} ([all errors found in MXNet](../errors_in_mxnet.md))."
    # Its wrong numbers on the first line of MXNet that has it.
    examples = (
        _examples(builtin.code, faults[builtin.lines[0]]) or f" Its numbers are {UNMEASURED} (`make errors`)."
    )
    return f"`{builtin.code}`, {where}. {fault}{examples}"


def _examples(code, faults):
    """A table of the numbers that some code of MXNet's gets wrong."""
    rows = []
    for key, numbers in sorted(faults.items(), key=_place):
        if key.startswith(f"{code} "):
            what, dtype, x = key.removeprefix(f"{code} ").split()
            got, truth = numbers["mxnet"], numbers["truth"]
            digits = 10 if abs(got - truth) < 1e-3 * abs(truth) else 4
            rows.append(
                f"| {what} at {number(float(x))}, {dtype} | {number(got, digits)} | {number(truth, digits)} |"
            )
    return "\n\n| for example | it gives | the truth |\n|---|---|---|\n" + "\n".join(rows) if rows else ""


def _place(item):
    """Values before gradients, and from 0 outwards."""
    what, _, x = item[0].split()[-3:]
    return what != "value", abs(float(x))
