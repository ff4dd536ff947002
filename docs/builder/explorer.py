"""What the explorer's page is fed with: the catalog in JavaScript, and Vega, which draws."""

import json
import re
from pathlib import Path

import javascript
import vl_convert

from gluon_activations import CATALOG
from gluon_activations.catalog import FAMILIES, Form, Knob

# No element of softmax depends on one score alone; of two scores, x and 0, it is a curve.
SOFTMAX = {
    "name": "softmax",
    "title": "Softmax of (x, 0)",
    "family": "output layer",
    "page": "notebooks/06_match_the_output_layer.html",
    "knobs": (Knob("temperature", "T", 1.0, 0.1, 5.0),),
    "forms": (Form(r"\frac{1}{1 + e^{-x / T}}", r"\frac{e^{-x / T}}{T (1 + e^{-x / T})^2}"),),
}


def curves():
    """All that can be drawn: the catalog, and the softmax."""
    for name, entry in CATALOG.items():
        yield {
            "name": name,
            "title": entry.title,
            "family": entry.family,
            "page": f"atlas/{name}.html",
            "knobs": entry.knobs,
            "forms": entry.forms or (Form(entry.formula, entry.derivative),),
        }
    yield SOFTMAX


def write(folder):
    """Write the two scripts that the page loads before its own."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"  {json.dumps(curve['name'])}: {_curve(curve)}," for curve in curves()]
    (folder / "activations.js").write_text(
        "// Written by docs/builder/explorer.py from the catalog.\n"
        f"const FAMILIES = {json.dumps([*FAMILIES, SOFTMAX['family']])};\n"
        "const ACTIVATIONS = {\n" + "\n".join(lines) + "\n};\n",
        encoding="utf-8",
    )
    # In a function of its own, so that none of its short names meets one of Sphinx's.
    vega = vl_convert.javascript_bundle(f"import * as Vega from '{_module_of_vega()}'; window.vega = Vega;")
    notice = (
        f"/* Vega {vl_convert.get_vega_version()}, University of Washington Interactive Data Lab, BSD-3-Clause */"
    )
    (folder / "vega.js").write_text(f"{notice}\n(function () {{\n{vega}\n}})();\n", encoding="utf-8")


def _module_of_vega():
    """The name under which vl-convert carries Vega: where its own pages would find it. Nothing is fetched."""
    page = vl_convert.vega_to_html({"width": 1, "height": 1}, bundle=False)
    return re.search(r'src="(https:[^"]*/)vega@', page)[1] + f"vega@{vl_convert.get_vega_version()}/+esm"


def _curve(curve):
    knobs = [
        {
            "name": knob.name,
            "symbol": knob.letter,
            "default": knob.default,
            "low": knob.low,
            "high": knob.high,
        }
        for knob in curve["knobs"]
    ]
    forms = []
    for form in curve["forms"]:
        value, gradient = (javascript.function(text, curve["knobs"]) for text in (form.formula, form.derivative))
        choices = json.dumps(dict(form.choices))
        forms.append(f"{{ choices: {choices}, value: {value}, gradient: {gradient} }}")
    facts = {key: curve[key] for key in ("title", "family", "page")} | {"knobs": knobs}
    return json.dumps(facts, ensure_ascii=False)[:-1] + f', "forms": [{", ".join(forms)}] }}'
