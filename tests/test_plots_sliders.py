"""The sliders, by the curves that they draw: against the formulas of the catalog, computed by ``tools.latex``.

The list of MXNet 2.0.0b1 has no ipywidgets, so what runs there is the picture alone.
"""

import base64
import importlib.util
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import gluon_activations
from gluon_activations import CATALOG, activations, explore
from gluon_activations.plots import DOTTED, GREY, PALETTE, color_of
from tests.conftest import LINE
from tools import latex

SLIDERS = LINE == "1.9"
WIDGET = "application/vnd.jupyter.widget-view+json"
NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
CURVES = activations("elements")
TURNED = [name for name in CURVES if CATALOG[name].knobs]
only_with_sliders = pytest.mark.skipif(not SLIDERS, reason="the list of MXNet 2.0.0b1 has no ipywidgets")


@pytest.fixture(autouse=True)
def no_setting_is_left():
    before = plt.rcParams.copy()
    yield
    assert plt.rcParams == before


class Shell:
    """A notebook's shell, for a cell that somebody runs or a program does."""

    def __init__(self, **content):
        self.content, self.shown = content, []
        self.display_formatter = self

    def get_parent(self):
        return {"content": self.content}

    def format(self, thing):
        self.shown.append(thing)
        return {WIDGET: {"model_id": "1"}, "text/plain": "VBox(…)"}, {}


@pytest.fixture
def notebook(monkeypatch):
    """Shows an explorer as a notebook that somebody runs: the bundle, the controls, and what they display."""
    import IPython

    shown, shell = [], Shell(allow_stdin=True)

    def show(view):
        monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
        monkeypatch.setattr(IPython.display, "display", lambda data, raw: shown.append((data, raw)))
        bundle = view._repr_mimebundle_(include=None, exclude=None)
        return bundle, shell.shown[-1] if shell.shown else None, shown

    return show


def lines(view, color):
    return [line for line in view.figure.axes[0].lines if line.get_color() == color]


def legend(view):
    return [text.get_text() for text in view.figure.axes[0].get_legend().get_texts()]


def exactly(name, form, x, **settings):
    """Value and slope by the formula, of which ``tests/test_catalog.py`` says that it is right."""
    knobs = CATALOG[name].knobs.values()
    letters = {knob.letter: settings.get(knob.name, knob.default) for knob in knobs if knob.letter}
    letters.update(CATALOG[name].constants)
    return [float(latex.evaluate(text, float(x), letters)) for text in (form.formula, form.derivative)]


def ways(name, *shares):
    """Each form of an activation, with its sliders turned so far from low to high."""
    entry = CATALOG[name]
    sliders = [knob for knob in entry.knobs.values() if knob.letter]
    for form, share in itertools.product(entry.forms, shares if sliders else [0]):
        turned = {k.name: min(k.turn[0] + share * (k.turn[1] - k.turn[0]), k.turn[1]) for k in sliders}
        yield form, {**dict(form.choices), **turned}


def test_the_line_at_hand_has_ipywidgets_or_not():
    assert (importlib.util.find_spec("ipywidgets") is not None) == SLIDERS


@pytest.mark.once
@only_with_sliders
@pytest.mark.parametrize("name", CURVES)
def test_each_knob_is_a_slider_or_a_menu(notebook, name):
    entry = CATALOG[name]
    bundle, panel, shown = notebook(explore(name))
    assert bundle[WIDGET] == {"model_id": "1"} and bundle["text/plain"] == str(explore(name))
    *controls, x, output = panel.children
    assert type(output).__name__ == "Output" and len(shown) == 1
    assert [control.description for control in controls] == [f"{entry.title} {key}" for key in entry.knobs]
    for control, knob in zip(controls, entry.knobs.values()):
        assert control.value == knob.default and control.style.description_width == "initial"
        if knob.turn:
            assert (control.min, control.max, control.step) == (*knob.turn, 0.01)
        else:
            assert control.options == tuple(knob.options)
    assert (x.description, x.min, x.max, x.step, x.value) == ("x", -6, 6, 0.01, 1)


@only_with_sliders
def test_turning_a_control_shows_the_picture_anew(notebook, monkeypatch):
    view = explore(["swish", "gelu"], beta=2, x=-2)
    before = view._repr_mimebundle_()
    bundle, panel, shown = notebook(view)
    assert bundle["image/png"] == before["image/png"] == shown[0][0]["image/png"]
    beta, approximate, x, _ = panel.children
    assert (beta.value, approximate.value, x.value) == (2, "none", -2)
    beta.value = 3
    assert legend(view)[:3] == legend(explore("swish", beta=3, x=-2))
    approximate.value = "tanh"
    assert legend(view)[3] == "GELU, approximate=tanh activation"
    x.value = 0.5
    assert legend(view)[5].endswith("at x = 0.5") and len(shown) == 4
    data, raw = shown[-1]
    assert raw and data == {"image/png": data["image/png"], "text/plain": str(view)}
    monkeypatch.undo()
    turned = explore(["swish", "gelu"], beta=3, approximate="tanh", x=0.5)
    assert data == {**turned._repr_mimebundle_(), "text/plain": str(view)}
    _, panel, _ = notebook(view)  # shown once more, it stands as it was left
    assert [control.value for control in panel.children[:3]] == [3, "tanh", 0.5]


@pytest.mark.parametrize("shell", [Shell(allow_stdin=False), Shell(), None, object()])
def test_a_program_that_runs_a_notebook_gets_the_picture_alone(monkeypatch, shell):
    import IPython

    view = explore("swish", beta=3)
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    bundle = view._repr_mimebundle_()
    assert set(bundle) == {"image/png", "text/plain"} and bundle["text/plain"] == str(view)
    png = base64.b64decode(bundle["image/png"])
    assert png.startswith(b"\x89PNG") and bundle == explore("swish", beta=3)._repr_mimebundle_()
    width, height = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))
    assert (width, height) == (7 * 160, 3.9 * 160)


def test_without_ipywidgets_there_is_the_same_picture(notebook, monkeypatch):
    whole = explore("swish", beta=3)._repr_mimebundle_()
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    bundle, _, _ = notebook(explore("swish", beta=3))
    assert bundle == whole


SHOW = "from gluon_activations import explore; explore('swish', beta=3)"


@pytest.mark.parametrize("by_hand", [True, False])
def test_in_a_kernel(monkeypatch, by_hand):
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
    assert re.match(r"Swish, beta=3(\.0)? activation\n", shown["data"]["text/plain"])
    opened = any(message["header"]["msg_type"] == "comm_open" for message in messages)
    assert opened == (SLIDERS and by_hand)


@pytest.mark.parametrize("name", CURVES)
def test_what_is_drawn_is_what_the_formula_says(arrays, name):
    entry = CATALOG[name]
    forms = ways(name, 0, 0.37, 1) if entry.forms else [(entry, {})]
    for (form, to), x in zip(forms, itertools.cycle([-0.7, -5.3, 2.9])):
        view = explore(name, **to, x=x, ctx=arrays.device)
        value, slope, dots = lines(view, color_of(name))
        places = range(4, 501, 31)
        exact = [exactly(name, form, value.get_xdata()[i], **to) for i in places] if entry.forms else None
        if exact:
            drawn = [(value.get_ydata()[i], slope.get_ydata()[i]) for i in places]
            np.testing.assert_allclose(drawn, exact, rtol=1e-5, atol=2e-6)
        low, high = view.figure.axes[0].get_ylim()
        assert low < value.get_ydata().min() and value.get_ydata().max() < high
        read = exactly(name, form, x, **to)
        np.testing.assert_allclose(dots.get_xydata(), [(x, read[0]), (x, read[1])], rtol=1e-5, atol=1e-6)
        assert (dots.get_marker(), dots.get_linestyle(), dots.get_clip_on()) == ("o", "None", False)
        said = re.fullmatch(r"value (\S+), gradient (\S+) at x = (\S+)", legend(view)[2]).groups()
        np.testing.assert_allclose(np.array(said, float), [*read, x], rtol=6e-4, atol=1e-6)


@pytest.mark.once
@pytest.mark.parametrize("name", CURVES)
def test_the_y_axis_stands_still_and_holds_all(name):
    limits, reach = set(), []
    for _, to in ways(name, 0, 0.1, 0.6, 1) if CATALOG[name].forms else [(None, {}), (None, {"x": 2})]:
        view = explore(name, **to, points=101)
        limits.add(view.figure.axes[0].get_ylim())
        for line in lines(view, color_of(name))[:2]:
            reach += [line.get_ydata().min(), line.get_ydata().max()]
    ((low, high),) = limits
    # Several knobs together may reach farther than each by itself, and one a little farther on its way.
    alone = np.array([1.05 * min(0, *reach) - 0.05, 1.05 * max(reach) + 0.05])
    farther = 0.2 * np.ptp(alone) if len(CATALOG[name].knobs) > 1 else 0.01 * np.ptp(alone)
    assert alone[0] - farther <= low <= alone[0] + 1e-6 and alone[1] - 1e-6 <= high <= alone[1] + farther


def test_a_grey_line_compares_with_the_default(arrays):
    view = explore("swish", beta=3, points=41)
    line, _, _ = lines(view, GREY)
    x = line.get_xdata()
    np.testing.assert_allclose(line.get_ydata(), x / (1 + np.exp(-x)), rtol=1e-5, atol=1e-6)
    assert line.get_linestyle() == DOTTED and line.get_zorder() == 1 and len(x) == 41
    assert len(legend(view)) == 3


def test_several_activations_have_their_own_colours_and_legend():
    view = explore(["swish", "softplus", "gelu", "mish"], beta=2)
    assert [len(lines(view, color_of(name))) for name in ("swish", "softplus", "gelu", "mish", "relu")] == [
        3,
        3,
        3,
        3,
        0,
    ]
    assert [len(lines(explore(["gelu", "gelu"]), color)) for color in (color_of("gelu"), PALETTE[0])] == [3, 3]
    names = ["Swish, beta=2", "Softplus, beta=2", "GELU, approximate=none", "Mish"]
    assert legend(view)[::3] == [f"{name} activation" for name in names]
    assert str(view) == "\n".join(legend(view))
    np.testing.assert_allclose(view.figure.get_size_inches(), (7, 4.8))
    box = view.figure.axes[0].get_legend()
    assert not box.get_frame_on() and box._ncols == 2
    assert {text.get_fontsize() for text in box.get_texts()} == {7.5}
    view.figure.canvas.draw()
    corner, ax = box.get_window_extent(), view.figure.axes[0].bbox
    assert ax.x0 <= corner.x0 < ax.x0 + 20 and ax.y1 <= corner.y0 < ax.y1 + 20
    assert legend(explore("hard_swish", x=-5))[2] == "value 0, gradient 0 at x = -5"


def test_nothing_is_cut_off_with_the_longest_names():
    names = ["hard_tanh", "hard_sigmoid", "leaky_relu", "prelu"]
    view = explore(names, min_val=-2.345, max_val=3.456, slope=0.1234, alpha=0.1234, x=-1.23)
    view.figure.draw_without_rendering()
    box = view.figure.axes[0].get_legend().get_window_extent()
    assert box.x0 >= 0 and box.x1 <= view.figure.bbox.x1 and box.y1 <= view.figure.bbox.y1
    assert box.y0 >= view.figure.axes[0].bbox.y1


@pytest.mark.parametrize("names, options, error, message", [
    ("swich", {}, ValueError, "no activation is called 'swich'; nearest: swish"),
    ([], {}, ValueError, "one to 4 activations, not 0"),
    (["relu"] * 5, {}, ValueError, "one to 4 activations, not 5"),
    ("softmax", {}, ValueError, "Softmax cannot be drawn"),
    ("swish", {"alpha": 1}, TypeError, "explore turns Swish beta, x, but nothing called alpha"),
    ("swish", {"learnable": True}, TypeError, "nothing called learnable"),
    ("swish", {"beta": float("nan")}, ValueError, "swish's beta is"),
    ("swish", {"beta": "3"}, TypeError, "swish's beta is"),
    ("gelu", {"approximate": "erf"}, ValueError, "approximate is one of 'none', 'tanh', 'sigmoid', not 'erf'"),
    ("relu", {"xlim": (1, -1)}, ValueError, r"low < high, not \(1, -1\)"),
    ("relu", {"xlim": 3}, ValueError, "low < high, not 3"),
    ("relu", {"points": 1}, ValueError, "2 or more, not 1"),
    ("relu", {"ctx": "tpu"}, ValueError, "not 'tpu'"),
])  # fmt: skip
def test_explore_refuses(names, options, error, message):
    with pytest.raises(error, match=message):
        explore(names, **options)
    plt.close("all")


def test_x_starts_inside_of_what_is_drawn():
    for xlim, x in (((-3, -2), "-2"), ((2, 3), "2"), ((-1, 5), "1")):
        view = explore("relu", xlim=xlim, points=11)
        assert legend(view)[2].endswith(f"at x = {x}")
        assert view.figure.axes[0].get_xlim() == xlim and len(lines(view, color_of("relu"))[0].get_xdata()) == 11
    assert len(lines(explore(), color_of("swish"))[0].get_xdata()) == 501 and "Swish, beta=1" in str(explore())


def test_the_pages_hold_neither_widgets_nor_their_state():
    explored = 0
    for path in NOTEBOOKS.glob("*.ipynb"):
        page = json.loads(path.read_text(encoding="utf-8"))
        assert "widgets" not in page["metadata"], path.name
        for cell in page["cells"]:
            explored += "explore(" in "".join(cell["source"]) and cell["cell_type"] == "code"
            assert all(WIDGET not in output.get("data", {}) for output in cell.get("outputs", [])), path.name
    assert explored >= 2


def test_explore_is_a_function_and_loads_nothing_before_it_is_asked_for():
    code = """import sys, gluon_activations
print(*{"matplotlib", "ipywidgets"} & set(sys.modules))
from gluon_activations.plots import explore
import gluon_activations.plots.sliders
assert explore is gluon_activations.explore and callable(explore) and "ipywidgets" not in sys.modules"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
    assert "explore" in gluon_activations.plots.__all__ and "explore" not in dir(gluon_activations)


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
