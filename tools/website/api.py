"""The API reference: one page for each module that has public names, from their docstrings.

What is public is what a module's ``__all__`` says; of a module with an underscore, what the package offers of it.
"""

import importlib
import inspect

import gluon_activations

# In the order of a reader who goes from a block to a net.
TITLES = {
    "blocks": "Blocks",
    "functional": "Functions",
    "catalog": "Catalog and lookups",
    "_evaluate": "Value and gradient",
    "initialize": "Weights to begin with",
    "nets": "Look into a net, and change it",
    "plots": "Pictures",
    "training": "Train",
    "_compare": "Compare",
    "onnx": "Export to ONNX",
    "fused": "Compiled kernels",
    "_repair": "Repair MXNet itself",
    "_context": "Devices",
    "_arrays": "Arrays",
}
MODULES = {name: importlib.import_module(f"gluon_activations.{name}") for name in TITLES}
# What is no function and no class has no docstring.
CONSTANTS = {
    "CATALOG": "The facts: an :class:`~gluon_activations.catalog.Activation` for each name.",
    "DASHED": "How the line of a gradient is drawn.",
    "DOTTED": "How a limit or a default is drawn.",
    "GREY": "The colour of what is not the subject: lines at 0, limits.",
    "PALETTE": "Colours that are told apart by every kind of colour vision.",
    "DATA_SETS": "What :func:`~gluon_activations.training.load_data` has.",
    "MODELS": "The nets of :func:`~gluon_activations.training.experiment`.",
}


def public():
    """Every public name with its dotted path, by module: ``GELU``, ``functional.gelu``."""
    found = {}
    for owner, module in MODULES.items():
        offered = [name for name in gluon_activations.__all__ if _home(name) == module.__name__]
        found[owner] = dict(_offered(owner, name) for name in (offered if owner[0] == "_" else module.__all__))
    return found


def _home(name):
    return getattr(getattr(gluon_activations, name), "__module__", None)


def _offered(owner, name):
    """How a name of a module is asked for, and its path."""
    where = name if name in gluon_activations.__all__ and owner != "functional" else f"{owner}.{name}"
    return where, f"gluon_activations.{where}"


def links():
    """What the prose of a page may call a public name, with the path of each."""
    found = public()
    # Not the records of the catalog: `Activation("relu")` is Gluon's.
    records = {name for name, path in found["catalog"].items() if inspect.isclass(resolve(path))}
    names = {name: path for of_one in found.values() for name, path in of_one.items() if name not in records}
    return names | {name.removeprefix("plots."): path for name, path in found["plots"].items()}


def write(stage):
    """Write the pages into the staged sources."""
    folder = stage / "api"
    folder.mkdir(exist_ok=True)
    listed = ["# API reference", "", "Everything that is public in `gluon_activations`, from the docstrings.", ""]
    found = public()
    for owner, names in found.items():
        links = ", ".join(f"{{py:obj}}`{name} <{path}>`" for name, path in names.items())
        listed.append(f"* [{TITLES[owner]}]({owner.lstrip('_')}.md): {links}")
        (folder / f"{owner.lstrip('_')}.md").write_text(_page(owner, names), encoding="utf-8")
    listed += ["", "```{toctree}", ":hidden:", "", *(owner.lstrip("_") for owner in found), "```", ""]
    (folder / "index.md").write_text("\n".join(listed), encoding="utf-8")


def _page(owner, names):
    about = " ".join(inspect.getdoc(MODULES[owner]).split("\n\n")[0].split())
    parts = [f"# {TITLES[owner]}", "", about, "", "```{eval-rst}"]
    for path in names.values():
        thing = resolve(path)
        if inspect.isclass(thing):
            members = ["   :members:", "   :undoc-members:"] if owner == "catalog" else []
            parts += [f".. autoclass:: {path}", *members, ""]
        elif callable(thing):
            parts += [f".. autofunction:: {path}", ""]
        else:
            parts += [f".. py:data:: {path}", *_value(thing), "", f"   {CONSTANTS[path.rpartition('.')[2]]}", ""]
    return "\n".join([*parts, "```", ""])


def _value(thing):
    """The line that shows a constant, unless that is long."""
    return [f"   :value: {thing!r}"] if len(repr(thing)) < 100 else []


def resolve(path):
    """What a dotted path leads to."""
    thing = gluon_activations
    for part in path.split(".")[1:]:
        thing = getattr(thing, part)
    return thing
