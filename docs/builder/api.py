"""The API reference: one page for each module that holds public names, from their docstrings."""

import importlib
import inspect

import gluon_activations

# In the order of a reader who goes from a block to a net.
TITLES = {
    "blocks": "Blocks",
    "functional": "Functions",
    "catalog": "Catalog and lookups",
    "visualize": "Pictures of activations",
    "explore": "Knobs in a notebook",
    "replace": "Somebody else's net",
    "initialize": "Weights to begin with",
    "diagnose": "Look into a net",
    "output": "The output layer",
    "visualize_nets": "Pictures of nets",
    "training": "Train and compare",
    "onnx": "Export to ONNX",
    "_context": "Devices",
}
MODULES = {name: importlib.import_module(f"gluon_activations.{name}") for name in TITLES}
# Not offered by the package itself: asked for as ``gluon_activations.training`` and so on.
OWN_DOOR = ("functional", "training", "onnx")
RECORDS = ("Activation", "Knob", "Form", "Builtin", "Paper")


def public():
    """Every public name with its dotted path, by module."""
    names = {name: {} for name in TITLES}
    for name in gluon_activations.__all__:
        owner = getattr(getattr(gluon_activations, name), "__module__", "").rpartition(".")[2]
        if owner in names:
            names[owner][name] = f"gluon_activations.{name}"
    names["catalog"]["CATALOG"] = "gluon_activations.CATALOG"
    names["catalog"] |= {record: f"gluon_activations.catalog.{record}" for record in RECORDS}
    for owner in OWN_DOOR:
        for name, thing in vars(MODULES[owner]).items():
            if inspect.isfunction(thing) and thing.__module__ == MODULES[owner].__name__ and name[0] != "_":
                names[owner][f"{owner}.{name}"] = f"gluon_activations.{owner}.{name}"
    return names


def write(stage):
    """Write the pages into the staged sources."""
    folder = stage / "api"
    folder.mkdir(exist_ok=True)
    listed = ["# API reference", "", "Everything that `import gluon_activations` offers, from the docstrings.", ""]
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
        thing = _resolve(path)
        if path.endswith("CATALOG"):
            parts += [f".. py:data:: {path}", "   :type: dict[str, Activation]", "", "   The facts, by name.", ""]
        elif inspect.isclass(thing):
            members = ["   :members:", "   :undoc-members:"] if owner == "catalog" else []
            parts += [f".. autoclass:: {path}", *members, ""]
        else:
            parts += [f".. autofunction:: {path}", ""]
    return "\n".join([*parts, "```", ""])


def _resolve(path):
    thing = gluon_activations
    for part in path.split(".")[1:]:
        thing = getattr(thing, part)
    return thing
