"""What the explorer's page is fed with: the catalog in JavaScript."""

import json

from gluon_activations import CATALOG, activations
from gluon_activations.catalog import FAMILIES, Form
from gluon_activations.plots import PALETTE, color_of
from tools.wording import letter

from . import javascript

# No element of softmax depends on one score alone; of two scores, x and 0, it is a curve.
SOFTMAX = {
    "title": "Softmax of (x, 0)",
    "forms": (Form(r"\frac{1}{1 + e^{-x / T}}", r"\frac{e^{-x / T}}{T (1 + e^{-x / T})^2}"),),
}


def curves():
    """All that can be drawn, by name: the curves of the catalog, and the softmax."""
    found = {}
    for name in (*activations("elements"), "softmax"):
        entry = CATALOG[name]
        facts = {
            "title": entry.title,
            "family": entry.family,
            "color": color_of(entry),
            "page": f"atlas/{name}.html",
            "parameters": entry.parameters,
            "constants": entry.constants,
            "forms": entry.forms or (Form(entry.formula, entry.derivative),),
        }
        found[name] = facts | (SOFTMAX if name == "softmax" else {})
    return found


def knobs(curve):
    """The parameters of a curve that can be turned, by name."""
    return {name: parameter for name, parameter in curve["parameters"].items() if parameter.turn}


def write(folder):
    """Write the script that the page loads before its own."""
    folder.mkdir(parents=True, exist_ok=True)
    found = curves()
    families = [family for family in FAMILIES if any(curve["family"] == family for curve in found.values())]
    lines = [f"  {json.dumps(name)}: {_curve(curve)}," for name, curve in found.items()]
    (folder / "activations.js").write_text(
        "// Written by tools/website/explorer.py from the catalog.\n"
        f"const FAMILIES = {json.dumps(families)};\n"
        f"const PALETTE = {json.dumps(PALETTE)};\n"
        "const ACTIVATIONS = {\n" + "\n".join(lines) + "\n};\n",
        encoding="utf-8",
    )


EMBEDDED = """```{{raw}} html
<link rel="stylesheet" href="{root}_static/explorer/explorer.css">
<div class="explorer-small" data-curve="{name}">
  <p><a href="{root}explorer.html#curve={name}">{words} in the explorer</a></p>
</div>
<script defer src="{root}_static/explorer/embed.js"></script>
```"""


def embedded(name, words="Compare it, zoom, and chain it into a deep net", root="../"):
    """A small explorer of one curve, for its page of the atlas or in the ``root``; nothing where it has no curve.

    Without scripts it is the link alone; its own scripts are fetched when it comes into view.
    """
    return EMBEDDED.format(name=name, words=words, root=root) if name in curves() else ""


def _curve(curve):
    turned = knobs(curve)
    sliders = [
        {
            "name": name,
            "symbol": letter(knob.letter),
            "default": knob.default,
            "low": knob.turn[0],
            "high": knob.turn[1],
        }
        for name, knob in turned.items()
    ]
    letters = {letter: repr(value) for letter, value in curve["constants"].items()}
    for name, parameter in curve["parameters"].items():
        if parameter.letter:
            letters[parameter.letter] = f"p.{name}" if name in turned else repr(parameter.default)
    forms = []
    for form in curve["forms"]:
        value, gradient = (javascript.function(text, letters) for text in (form.formula, form.derivative))
        choices = json.dumps(dict(form.choices))
        forms.append(f"{{ choices: {choices}, value: {value}, gradient: {gradient} }}")
    facts = {key: curve[key] for key in ("title", "family", "color", "page")} | {"knobs": sliders}
    return json.dumps(facts, ensure_ascii=False)[:-1] + f', "forms": [{", ".join(forms)}] }}'
