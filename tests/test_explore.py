"""The sliders, by the curves that they draw: against the formulas of the catalog, computed by ``latex``.

The list of MXNet 2.0.0b1 has no ipywidgets, so what runs there is the picture alone. Tests that turn a
slider start with the value there, and draw the same.
"""

import base64
import importlib.util
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from gluon_activations.visualize import GREY, PALETTE
from mxnet.gluon import nn

import gluon_activations
from gluon_activations import CATALOG, activations, explore
from tests.conftest import LINE
from tools import latex

SLIDERS = LINE == "1.9"
WIDGET = "application/vnd.jupyter.widget-view+json"
NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
TURNED = [name for name in activations() if CATALOG[name].forms]


@pytest.fixture(autouse=True)
def no_figure_and_no_setting():
    before = plt.rcParams.copy()
    yield
    assert plt.get_fignums() == [] and plt.rcParams == before


def turned(names, to, **options):
    """The explorer after its controls were turned, or, without any, started there."""
    if not SLIDERS:
        return explore(names, **to, **options)
    view = explore(names, **options)
    for row in view.controls:
        for name in row.keys() & to.keys():
            row[name].value = to[name]
    return view


def lines(view, color):
    return [line for line in view.figure.axes[0].lines if line.get_color() == color]


def exactly(name, form, x, **settings):
    """Value and slope by the formula, of which ``tests/test_catalog.py`` says that it is right."""
    letters = {knob.symbol.lstrip("\\"): settings.get(knob.name, knob.default) for knob in CATALOG[name].knobs}
    return [float(latex.evaluate(text, float(x), **letters)) for text in (form.formula, form.derivative)]


def between(knob, share):
    return min(knob.low + share * (knob.high - knob.low), knob.high)


def ways(name, *shares):
    """Each form of an activation, with its knobs turned so far from low to high."""
    entry = CATALOG[name]
    for form, share in itertools.product(entry.forms, shares if entry.knobs else [0]):
        yield form, {**dict(form.choices), **{knob.name: between(knob, share) for knob in entry.knobs}}


def written(number):
    return f"{number + 0.0:.6g}".replace("-", "−")


def test_the_line_at_hand_has_ipywidgets_or_not():
    assert (importlib.util.find_spec("ipywidgets") is not None) == SLIDERS


@pytest.mark.parametrize("name", activations())
def test_each_knob_is_a_slider_and_each_choice_a_menu(name):
    view = explore(name)
    if not SLIDERS:
        assert view.controls == []
        return
    entry, (row, last) = CATALOG[name], view.controls
    choices = {
        key: [dict(form.choices)[key] for form in entry.forms] for form in entry.forms for key, _ in form.choices
    }
    assert list(row) == [*choices, *(knob.name for knob in entry.knobs)]
    for knob in entry.knobs:
        slider = row[knob.name]
        assert (slider.min, slider.max, slider.value) == (knob.low, knob.high, knob.default)
        assert slider.description == knob.letter and slider.continuous_update and slider.readout
        assert 25 <= (slider.max - slider.min) / slider.step < 251
    for key, options in choices.items():
        assert (row[key].options, row[key].value, row[key].description) == (tuple(options), options[0], key)
    x = last["x"]
    assert (x.min, x.max, x.value, x.step, x.description) == (-6, 6, 1, 0.1, "x")


@pytest.mark.parametrize("name", TURNED)
def test_turning_a_control_draws_what_the_formula_says(arrays, name):
    for form, to in ways(name, 0, 0.37, 1):
        view = turned(name, to, ctx=arrays.device)
        value, slope = lines(view, PALETTE[0])[:2]
        places = range(4, 501, 31)
        exact = [exactly(name, form, value.get_xdata()[i], **to) for i in places]
        drawn = [(value.get_ydata()[i], slope.get_ydata()[i]) for i in places]
        np.testing.assert_allclose(drawn, exact, rtol=2e-6, atol=1e-6)
        low, high = view.figure.axes[0].get_ylim()
        assert low < value.get_ydata().min() and value.get_ydata().max() < high


@pytest.mark.parametrize("name", TURNED)
def test_what_is_read_at_x_has_six_digits(name):
    for (form, to), x in zip(ways(name, 0.37, 0.9), (-0.7, -5.3, 2.9)):
        view = turned(name, {**to, "x": x})
        value, slope = exactly(name, form, x, **to)
        said, hint = str(view).splitlines()
        assert said.endswith(f": value {written(value)}, gradient {written(slope)} at x = {written(x)}")
        assert hint.startswith("Sliders appear") and "ipywidgets" in hint
        dots = lines(view, PALETTE[0])[2]
        np.testing.assert_allclose(dots.get_xydata(), [(x, value), (x, slope)], rtol=1e-6, atol=1e-9)
        if SLIDERS:
            assert view._text.value == said


@pytest.mark.parametrize("name", sorted(set(activations()) - set(TURNED)))
def test_an_activation_without_knobs_has_x_alone(arrays, name):
    view = turned(name, {"x": -1.5}, ctx=arrays.device)
    value, slope = (
        written(float(latex.evaluate(f, -1.5))) for f in (CATALOG[name].formula, CATALOG[name].derivative)
    )
    assert str(view).splitlines()[0] == f"{CATALOG[name].title}: value {value}, gradient {slope} at x = −1.5"
    assert not grey(view)


@pytest.mark.parametrize("name", TURNED)
def test_the_y_axis_stands_still_and_holds_all(name):
    view, limits = explore(name), set()
    for share in (0.0, 0.1, 0.3, 0.6, 1.0):
        to = {knob.name: between(knob, share) for knob in CATALOG[name].knobs}
        if SLIDERS:
            for key, value in to.items():
                view.controls[0][key].value = value
        else:
            view = explore(name, **to)
        low, high = view.figure.axes[0].get_ylim()
        limits.add((low, high))
        assert all(
            low < line.get_ydata().min() and line.get_ydata().max() < high for line in lines(view, PALETTE[0])
        )
    assert len(limits) == 1


def grey(view):
    """The lines of default parameters: grey as the zero lines are, and dashed."""
    return [line for line in lines(view, GREY) if line.get_linestyle() == "--"]


def legend(view):
    return [text.get_text() for text in view.figure.axes[0].get_legend().get_texts()]


def test_a_grey_line_compares_with_the_default_once_it_differs():
    assert grey(explore("swish")) == [] and legend(explore("swish")) == [
        "Swish, β = 1 activation",
        "",
        "Swish, β = 1 gradient",
    ]
    view = turned("swish", {"beta": 3})
    (line,) = grey(view)
    x = line.get_xdata()
    np.testing.assert_allclose(line.get_ydata(), x / (1 + np.exp(-x)), rtol=1e-6, atol=1e-12)
    assert legend(view) == ["Swish, β = 3 activation", "Swish, β = 1 (default)", "Swish, β = 3 gradient"]
    keys = view.figure.axes[0].get_legend().legend_handles
    assert [key.get_color() for key in keys] == [PALETTE[0], GREY, PALETTE[0]]
    assert [key.get_linestyle() for key in keys] == ["-", "--", "--"]
    if SLIDERS:
        view.controls[0]["beta"].value = 1.0
        assert grey(view) == []
    both = turned(["gelu", "hard_tanh", "relu"], {"approximate": "tanh", "min_val": -2.5})
    assert len(grey(both)) == 2 and legend(both) == [
        "GELU, tanh activation",
        "HardTanh, a = −2.5, b = 1 activation",
        "ReLU activation",
        "at default parameters",
        "GELU, tanh gradient",
        "HardTanh, a = −2.5, b = 1 gradient",
        "ReLU gradient",
    ]


def test_nothing_is_cut_off_with_the_longest_names():
    names = ["hard_tanh", "hard_sigmoid", "leaky_relu", "prelu"]
    view = explore(names, min_val=-2.345, max_val=3.456, slope=0.1234, alpha=0.1234)
    view.figure.canvas.draw()
    box = view.figure.axes[0].get_legend().get_window_extent()
    assert box.x0 >= 0 and box.x1 <= view.figure.bbox.x1 and box.y1 <= view.figure.bbox.y1
    assert box.y0 >= view.figure.axes[0].bbox.y1


def test_several_activations_have_their_own_knobs():
    view = explore(["swish", "softplus", "gelu", "swish"], beta=2, x=-2)
    assert len(str(view).splitlines()) == 5
    if SLIDERS:
        assert [list(row) for row in view.controls] == [["beta"], ["beta"], ["approximate"], ["beta"], ["x"]]
        assert view.controls[1]["beta"].description == "Softplus β" and view.controls[4]["x"].description == "x"
        view.controls[3]["beta"].value = 5
        titles = [said.partition(":")[0] for said in str(view).splitlines()[:-1]]
        assert titles == ["Swish, β = 2", "Softplus, β = 2", "GELU", "Swish, β = 5"]
    assert [len(lines(view, color)) for color in PALETTE[:5]] == [3, 3, 3, 3, 0]


@pytest.mark.parametrize("names, options, error, message", [
    ("swich", {}, ValueError, "no activation is called 'swich'; nearest: swish"),
    ([], {}, ValueError, "one to 4 activations, not 0"),
    (["relu"] * 5, {}, ValueError, "one to 4 activations, not 5"),
    (nn.LeakyReLU(0.1), {}, TypeError, "a sequence of names, not LeakyReLU"),
    ([nn.ELU()], {}, TypeError, "a sequence of names, not .ELU"),
    ("swish", {"alpha": 1}, TypeError, "explore starts swish with beta, x; not alpha"),
    (["relu", "gelu"], {"beta": 1}, TypeError, "explore starts relu, gelu with approximate, x; not beta"),
    ("swish", {"beta": 11}, ValueError, "beta is a number from 0 to 10, not 11"),
    ("swish", {"beta": float("nan")}, ValueError, "beta is a number from 0 to 10, not nan"),
    ("swish", {"beta": "3"}, ValueError, "beta is a number from 0 to 10, not '3'"),
    ("swish", {"x": 7}, ValueError, "x is a number from -6 to 6, not 7"),
    ("swish", {"x": 0, "xlim": (1, 3)}, ValueError, "x is a number from 1 to 3, not 0"),
    ("gelu", {"approximate": "erf"}, ValueError, "approximate is one of 'none', 'tanh', 'sigmoid', not 'erf'"),
    ("relu", {"xlim": (1, -1)}, ValueError, r"low < high, not \(1, -1\)"),
    ("relu", {"points": 1}, ValueError, "2 or more, not 1"),
    ("relu", {"ctx": "tpu"}, ValueError, "not 'tpu'"),
])  # fmt: skip
def test_explore_refuses(names, options, error, message):
    with pytest.raises(error, match=message):
        explore(names, **options)


def test_x_starts_inside_of_what_is_drawn():
    for xlim, x in (((-3, -2), "−2"), ((2, 3), "2"), ((-1, 5), "1")):
        view = explore("relu", xlim=xlim, points=11)
        assert str(view).splitlines()[0].endswith(f"at x = {x}")
        assert view.figure.axes[0].get_xlim() == xlim and len(lines(view, PALETTE[0])[0].get_xdata()) == 11


def test_a_bundle_holds_picture_words_and_widget():
    view = turned("swish", {"beta": 3})
    bundle = view._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"text/plain", "image/png"} | ({WIDGET} if SLIDERS else set())
    assert bundle["text/plain"] == repr(view) == repr(explore("swish", beta=3))
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert bundle["image/png"] == explore("swish", beta=3)._repr_mimebundle_()["image/png"]
    assert bundle["image/png"] != explore("swish")._repr_mimebundle_()["image/png"]
    if SLIDERS:
        assert base64.b64encode(view._image.value).decode() == bundle["image/png"]


def test_without_ipywidgets_there_is_the_same_picture(monkeypatch):
    whole = explore("swish", beta=3)._repr_mimebundle_()
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    view = explore("swish", beta=3)
    assert view.controls == []
    assert view._repr_mimebundle_() == {key: whole[key] for key in ("image/png", "text/plain")}
    assert "pip install ipywidgets" in str(view)


def test_what_a_slider_rounds_when_it_appears_is_not_taken_for_a_turn():
    if not SLIDERS:
        return  # nothing there rounds
    view = explore("hard_sigmoid")
    slider, picture = view.controls[0]["slope"], view._image.value
    slider.value = 0.17  # as the browser does to 1/6
    assert "s = 0.1667" in str(view) and view._image.value == picture
    view.controls[1]["x"].value = 2
    assert "s = 0.1667" in str(view) and view._image.value != picture
    slider.value = 0.18
    assert "s = 0.18" in str(view)
    slider.value = 0.17
    assert "s = 0.17:" in str(view)


SHOW = "from gluon_activations import explore; explore('swish', beta=3)"


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_program_that_runs_a_notebook_gets_the_picture_alone(monkeypatch, by_hand):
    from jupyter_client.manager import start_new_kernel

    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    messages = []
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        client.execute_interactive(SHOW, allow_stdin=by_hand, output_hook=messages.append, timeout=120)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    (shown,) = [message["content"] for message in messages if message["header"]["msg_type"] == "execute_result"]
    assert set(shown["data"]) == {"text/plain", "image/png"} | ({WIDGET} if SLIDERS and by_hand else set())
    assert shown["data"]["text/plain"].startswith("Swish, β = 3: value 0.952574, gradient 1.0881 at x = 1\n")
    opened = {
        message["header"]["msg_type"] for message in messages if message["header"]["msg_type"] == "comm_open"
    }
    assert opened == ({"comm_open"} if SLIDERS and by_hand else set())


def test_without_a_kernel_there_are_sliders(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert bool(explore("relu").controls) == SLIDERS


def test_the_pages_hold_neither_widgets_nor_their_state():
    explored = 0
    for path in NOTEBOOKS.glob("*.ipynb"):
        page = json.loads(path.read_text(encoding="utf-8"))
        assert "widgets" not in page["metadata"], path.name
        for cell in page["cells"]:
            explored += "explore(" in "".join(cell["source"]) and cell["cell_type"] == "code"
            assert all(WIDGET not in output.get("data", {}) for output in cell.get("outputs", [])), path.name
    assert explored >= 2


def test_explore_is_a_function_under_every_import_and_loads_little():
    code = """import sys, gluon_activations.explore, gluon_activations
from gluon_activations.explore import explore
assert explore is gluon_activations.explore
print(*{"matplotlib", "ipywidgets"} & set(sys.modules))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
    assert "explore" in dir(gluon_activations) and callable(gluon_activations.explore)


def test_without_matplotlib_the_error_says_what_to_install():
    code = """import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "matplotlib":
            raise ModuleNotFoundError("No module named 'matplotlib'", name=name)
sys.meta_path.insert(0, Missing())
from gluon_activations import explore
explore()"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert re.search("ModuleNotFoundError: pictures need matplotlib: pip install matplotlib", done.stderr)
