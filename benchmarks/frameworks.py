"""The activations of PyTorch, Keras and JAX, as docs/data/frameworks.yml has them, beside our references.

    python -m benchmarks.frameworks

in an environment of one's own with torch, keras, jax, numpy, scipy, mpmath and pyyaml. MXNet is not needed, and a
framework that is missing is left out. Keras runs on JAX, or on what KERAS_BACKEND names: jax or torch.

All is computed in float64, so that what differs is the definition and not the rounding; slopes at kinks are
compared by themselves. The script ends with status 1 if a call does not exist, if a default is not the one in the
file, if a curve is ours where the file says another or the reverse, or if a slope at a kink is not ours and the
note does not say so.
"""

import ast
import importlib
import inspect
import os
import sys
from pathlib import Path

import numpy as np
import yaml

from benchmarks.elsewhere import called
from tests.references import RECORDS

ROOT = Path(__file__).resolve().parent.parent
FACTS = ROOT / "docs" / "data" / "frameworks.yml"
GRID = np.arange(-24, 24 + 1 / 64, 1 / 64)  # exact numbers, with every kink among them
TOLERANCE = 1e-6
MODULES = {"PyTorch": "torch", "Keras": "keras", "JAX": "jax"}


def load():
    """The frameworks that there are, told to compute in float64: {name of the module: the module}."""
    os.environ["JAX_ENABLE_X64"] = "1"
    os.environ.setdefault("KERAS_BACKEND", "jax")
    found = {}
    for title, name in MODULES.items():
        try:
            found[name] = importlib.import_module(name)
            print(title, found[name].__version__)
        except ImportError as error:
            print(f"{title} is left out: {error}")
    if "torch" in found:
        found["torch"].set_default_dtype(found["torch"].float64)
    if "keras" in found:
        found["keras"].config.set_floatx("float64")
        print("Keras runs on", found["keras"].backend.backend())
    return found


def curve(code, modules, engine):
    """Value and slope on the grid: of the expression if x stands in it, or of the layer that it makes."""
    function = called(code, modules)
    if engine == "torch":
        torch = importlib.import_module("torch")
        x = torch.tensor(GRID, requires_grad=True)
        y = function(x)
        if y.requires_grad:  # if not, it is constant to autograd
            y.sum().backward()
        return y.detach().numpy(), np.zeros_like(GRID) if x.grad is None else x.grad.numpy()
    jax = importlib.import_module("jax")
    x = jax.numpy.asarray(GRID)
    function(x)  # here a layer of Keras makes its parameters
    y, pull = jax.vjp(function, x)
    return np.asarray(y), np.asarray(pull(jax.numpy.ones_like(y))[0])


def wrong_defaults(code, modules):
    """Arguments in a call that are not the defaults of what it calls."""
    call = ast.parse(code, mode="eval").body
    called = eval(ast.unparse(call.func), dict(modules))
    try:
        parameters = inspect.signature(called).parameters
    except ValueError:  # compiled, and documented by its signature first
        text = called.__doc__[called.__doc__.index("(") + 1 :]
        parameters = inspect.signature(eval(f"lambda {text[: text.index(')')]}: None")).parameters
    for keyword in call.keywords:
        default = parameters[keyword.arg].default if keyword.arg in parameters else inspect.Parameter.empty
        if default is inspect.Parameter.empty or default != ast.literal_eval(keyword.value):
            yield f"{ast.unparse(keyword)} is not a default"


def largest(error):
    """The largest error on the grid, and where."""
    return f"{error.max():.0e} at {GRID[error.argmax()]:<10g}" if error.max() else f"{'0':>3}{'':18}"


def problems(name, key, code, entry, modules, engine):
    """Print the line of one call, and yield what is wrong with it."""
    if key != "same_as_ours":
        yield from wrong_defaults(code, modules)
    kinks = {x: float(slope) for x, slope in RECORDS[name].kinks.items()}
    (value, slope), (got, found) = RECORDS[name].float64(GRID), curve(code, modules, engine)
    errors = np.abs(got - value), np.where(np.isin(GRID, list(kinks)), 0, np.abs(found - slope))
    at_kinks = {x: float(found[GRID == x][0]) + 0.0 for x in kinks}
    others = [f"{at_kinks[x]:.4g} at {x:g}" for x in kinks if abs(at_kinks[x] - kinks[x]) > TOLERANCE]
    on_purpose = key != "same_as_ours" and "same_as_ours" in entry
    marks = ["another curve, as stated"] * on_purpose + [f"slope {', '.join(others)}"] * bool(others)
    print(f"{name:13}{code:78}{largest(errors[0])}{largest(errors[1])}{'; '.join(marks)}".rstrip())
    if on_purpose == (max(error.max() for error in errors) <= TOLERANCE):
        yield f"the file says that its curve is {'another' if on_purpose else 'ours'}"
    if not on_purpose:
        yield from (f"no note has its slope {text}" for text in others if text not in entry.get("note", ""))


def main():
    """Print the table; stop with status 1 if the file is wrong anywhere."""
    modules, wrong = load(), []
    print(f"\n{'activation':13}{'call':78}{'value off by':21}{'slope off by':21}notes")
    for name, entries in yaml.safe_load(FACTS.read_text(encoding="utf-8")).items():
        for title, entry in entries.items():
            if MODULES[title] not in modules:
                continue
            engine = modules["keras"].backend.backend() if title == "Keras" else MODULES[title]
            for key in ("call", "function", "same_as_ours"):
                if entry.get(key):
                    try:
                        found = list(problems(name, key, entry[key], entry, modules, engine))
                    except Exception as error:  # whatever a framework raises
                        found = [f"{type(error).__name__}: {error}"]
                    wrong += [f"{name}: {entry[key]}: {problem}" for problem in found]
    sys.exit("\n".join(["", *wrong]) if wrong else 0)


if __name__ == "__main__":
    main()
