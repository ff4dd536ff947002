"""The five frameworks, asked by `benchmarks.frameworks`: what they export, with which defaults, what it computes.

    python -m benchmarks.registries THREADS

in the environment of requirements/frameworks.txt, which has neither MXNet nor this package. All is computed in
float64, so that what differs is the definition and not the rounding. Keras runs on what KERAS_BACKEND names.
"""

import ast
import inspect
import os
import sys

import numpy as np

os.environ["JAX_ENABLE_X64"] = "1"
os.environ.setdefault("KERAS_BACKEND", "jax")

import jax  # noqa: E402
import keras  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from timm.layers import create_act  # noqa: E402

from benchmarks import turns  # noqa: E402
from benchmarks.elsewhere import called, weights  # noqa: E402

MODULES = {"torch": torch, "jax": jax, "keras": keras, "timm": timm, "transformers": transformers}
REQUIRED = "has to be given"
CONFIGURED = ("hidden_act", "activation_function", "hidden_activation", "activation", "dense_act_fn")


def versions():
    """What is at work."""
    found = {name: module.__version__.partition("+")[0] for name, module in MODULES.items()}
    return {**found, "Keras runs on": keras.backend.backend()}


def exported(key):
    """The names that a framework exports where activations are, by path; of a registry its keys."""
    if key == "timm":
        tables = [
            held for name, held in vars(create_act).items() if name[:5] == "_ACT_" and isinstance(held, dict)
        ]
        return sorted({name for table in tables for name in table})
    if key == "transformers":
        return [*transformers.activations.ACT2CLS]
    places = {
        "torch": {"torch.nn": torch.nn, "torch.nn.functional": torch.nn.functional},
        "jax": {"jax.nn": jax.nn},
        "keras": {"keras.activations": keras.activations, "keras.layers": keras.layers},
    }[key]
    return [
        f"{path}.{name}"
        for path, module in places.items()
        for name in dir(module)
        if not name.startswith("_") and (path != "keras.layers" or _of_activations(getattr(module, name)))
    ]


def _of_activations(layer):
    """Whether a layer of Keras is from the folder of activations."""
    return ".layers.activations." in f"{getattr(layer, '__module__', '')}."


def defaults(code):
    """The parameters behind the array of what a code calls, {name: default}."""
    tree = ast.parse(code, mode="eval").body
    if not isinstance(tree, ast.Call):
        return {}  # an object that is there already
    made = ast.unparse(tree.func)
    if made.endswith("create_act_layer"):
        made = f"timm.layers.get_act_layer({ast.unparse(tree.args[0])})"
    parameters = list(_parameters(eval(made, dict(MODULES))).values())
    at_x = any(isinstance(argument, ast.Name) and argument.id == "x" for argument in tree.args)
    plain = [p for p in parameters[at_x:] if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) and p.name[0] != "_"]
    return {p.name: _plain(p.default) for p in plain}


def _parameters(function):
    try:
        return inspect.signature(function).parameters
    except ValueError:  # compiled, and documented by its signature first
        text = function.__doc__[function.__doc__.index("(") + 1 :]
        return inspect.signature(eval(f"lambda {text[: text.index(')')]}: None")).parameters


def _plain(default):
    if default is inspect.Parameter.empty:
        return REQUIRED
    return default if default is None or isinstance(default, (bool, int, float, str)) else repr(default)


def curve(key, code, xs, shape, weighted):
    """Value and slope at numbers, as an array of a shape; ``weighted`` is the gradient of a weighted sum."""
    x, at_torch = (
        np.array(xs).reshape(shape),
        key != "jax" and (key != "keras" or keras.backend.backend() == "torch"),
    )
    value, slope = (_torch if at_torch else _jax)(code, x, weighted)
    return value.ravel().tolist(), slope.ravel().tolist()


def _torch(code, x, weighted):
    x = torch.tensor(x, requires_grad=True)
    try:
        y = _made(code)(x)
    except TypeError:  # numbers that are to be arrays
        y = _made(ast.unparse(_Arrays().visit(ast.parse(code, mode="eval"))))(x)
    value = y.detach().numpy()
    if y.requires_grad:  # if not, it is constant to autograd
        y.backward(torch.tensor(weights(value.shape, weighted)))
    return value, np.zeros(x.shape) if x.grad is None else x.grad.numpy()


def _made(code):
    function = called(code, MODULES)
    return function.eval().double() if isinstance(function, torch.nn.Module) else function


class _Arrays(ast.NodeTransformer):
    def visit_Constant(self, node):
        """A number becomes an array."""
        return ast.parse(f"torch.tensor([{node.value}])", mode="eval").body


def _jax(code, x, weighted):
    x, function = jax.numpy.asarray(x), called(code, MODULES)
    function(x)  # here a layer of Keras makes its parameters
    y, pull = jax.vjp(function, x)
    return np.asarray(y), np.asarray(pull(jax.numpy.asarray(weights(y.shape, weighted), y.dtype))[0])


def configured(kind):
    """What the configuration of a kind of model calls its activation, by default."""
    held = transformers.AutoConfig.for_model(kind)
    parts = [held, *(part for part in vars(held).values() if isinstance(part, transformers.PretrainedConfig))]
    return next(getattr(part, name) for part in parts for name in CONFIGURED if hasattr(part, name))


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[-1]))
    torch.set_default_dtype(torch.float64)
    keras.config.set_floatx("float64")
    asked = {"versions": versions, "exported": exported, "defaults": defaults, "curve": curve}
    turns.serve(None, **asked, configured=configured)
