"""The pages, as sources: frame, rhythm, alt text, outputs, links. What they print is nbval's part."""

import ast
import json
import re
from pathlib import Path

import pytest

from tools import folds

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
PAGES = sorted(NOTEBOOKS.glob("*.ipynb"))
FRAME = ["## Summary", "## In practice", "## On your own", "## Further reading"]


@pytest.fixture(params=PAGES, ids=lambda path: path.stem)
def cells(request):
    page = json.loads(request.param.read_text(encoding="utf-8"))
    return [{**cell, "source": "".join(cell["source"])} for cell in page["cells"]]


def code(cells):
    return [cell for cell in cells if cell["cell_type"] == "code"]


def prose(cells):
    return "\n\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")


def draws(cell):
    return any("image/png" in output.get("data", {}) for output in cell["outputs"])


def test_all_pages_are_there():
    assert [int(path.stem[:2]) for path in PAGES] == [*range(16)]


def test_the_frame(cells):
    text = prose(cells)
    assert re.match(r"# [A-Z]", cells[0]["source"])
    for part in ("**You will**", "**You need**", *FRAME):
        assert part in text, part
    places = [text.index(part) for part in FRAME]
    assert places == sorted(places)
    own = text[places[2] : places[3]]
    assert own.count("<details") == own.count("</details>") >= 3
    assert "<summary>Answer" in own


def test_the_set_up_is_folded(cells):
    """Parameters, which a run may set, then imports and what the whole page uses."""
    first, second = code(cells)[:2]
    assert "parameters" in first["metadata"]["tags"]
    names = [line.split(" = ")[0] for line in first["source"].splitlines() if not line.startswith("#")]
    assert names == ["ctx", "seed", "epochs", "fast"]
    assert 'ctx = "cpu"' in first["source"] and "fast = False" in first["source"]
    assert [folds.kind(cell)[0] for cell in (first, second)] == ["Set-up", "Set-up"]
    assert "context(ctx)" in second["source"]


def test_the_package_comes_before_mxnet(cells):
    """Or the page does not run on today's NumPy."""
    imported = re.findall(r"^(?:import|from) (mxnet|gluon_activations)\b", code(cells)[1]["source"], re.MULTILINE)
    assert {*imported} == {"mxnet", "gluon_activations"} and imported[0] == "gluon_activations"


def test_the_answer_comes_first(cells):
    """A picture, then what to remember."""
    picture = next(place for place, cell in enumerate(cells) if cell["cell_type"] == "code" and cell["outputs"])
    assert draws(cells[picture]) and picture <= 5
    remember = cells[picture + 1]["source"]
    assert "**Three sentences to remember" in remember and re.findall(r"^(\d)\. ", remember, re.MULTILINE) == [
        "1",
        "2",
        "3",
    ]


def test_folds_are_as_their_first_lines_say(cells):
    for cell in cells:
        before = json.dumps(cell["metadata"], sort_keys=True)
        folds.fold(cell)
        assert json.dumps(cell["metadata"], sort_keys=True) == before, "run python -m tools.folds"


def test_what_only_asserts_is_folded(cells):
    for cell in folds.visible({"cells": cells}):
        if "answer" not in cell["metadata"].get("tags", []):
            asserts = sum(line.startswith("assert ") for line in folds.lines(cell))
            assert cell["outputs"] or not asserts, cell["source"]


def test_what_is_read_is_short(cells):
    found = folds.measures({"cells": cells})
    assert found["words"] <= 3500 and found["widest"] <= 88, found
    assert found["median"] <= 4 and found["longest"] <= 15, found
    assert found["silent"] <= 0.05 * found["visible"], [
        cell["source"] for cell in folds.silent(folds.visible({"cells": cells}))
    ]


def test_numbers_and_no_bare_truth(cells):
    for cell in folds.visible({"cells": cells}):
        for output in cell["outputs"]:
            text = "".join(output.get("text", output.get("data", {}).get("text/plain", "")))
            assert not re.search(r"(?<!\w=)\b(True|False)\b", text), cell["source"]  # but an option=True


def test_a_sentence_before_each_cell_and_after_each_picture(cells):
    for before, cell, after in zip(cells, cells[1:], [*cells[2:], None]):
        if cell["cell_type"] == "code" and not folds.kind(cell):
            assert before["cell_type"] == "markdown", cell["source"]
        if cell["cell_type"] == "code" and draws(cell):
            assert after and after["cell_type"] == "markdown", cell["source"]


def test_a_picture_comes_without_what_its_last_call_returned(cells):
    for cell in code(cells):
        returned = [output["data"] for output in cell["outputs"] if output["output_type"] == "execute_result"]
        assert not (draws(cell) and any("image/png" not in data for data in returned)), cell["source"]


def test_every_picture_has_alt_text(cells):
    for cell in code(cells):
        if draws(cell):
            alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt.split()) >= 6, cell["source"]


def test_every_picture_has_a_caption_of_its_own(cells):
    captions = []
    for cell in code(cells):
        if draws(cell):
            mystnb = cell["metadata"].get("mystnb", {})
            captions.append(mystnb.get("figure", {}).get("caption", ""))
            assert len(captions[-1].split()) >= 5, cell["source"]
            assert captions[-1].endswith("."), captions[-1]
            assert captions[-1] != mystnb["image"]["alt"], captions[-1]
    assert len(set(captions)) == len(captions), sorted(captions)


DASH = re.compile(r"[a-zA-Z.]?(--|:|-\.)|dashed|dotted|dashdot")


def own_styles(source):
    """What a cell writes out that ``plots`` is to say: size, density, a dash."""
    found = re.findall(r"\b(?:dpi|figsize|set_dpi|set_size_inches|rcParams|pyplot|plt)\b", source)
    for node in ast.walk(ast.parse(re.sub(r"^%.*", "", source, flags=re.MULTILINE))):
        if isinstance(node, ast.keyword) and node.arg in ("linestyle", "ls", "dashes"):
            found += [ast.unparse(node)] * isinstance(node.value, (ast.Constant, ast.Tuple))
        # The strings that are passed on or kept, not those within a text.
        parts = [node.value] if isinstance(node, ast.keyword) else getattr(node, "elts", [])
        parts = node.args if isinstance(node, ast.Call) else node.values if isinstance(node, ast.Dict) else parts
        strings = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        found += filter(DASH.fullmatch, strings)
    return found


def test_figures_are_of_the_one_style(cells):
    for cell in code(cells):
        assert not own_styles(cell["source"]), cell["source"]


@pytest.mark.parametrize(
    "source",
    [
        "plt.subplots(1, 2)",
        "panels(dpi=160)",
        "panels(1, 2, figsize=(9, 3))",
        'ax.plot(x, y, "--")',
        'ax.plot(x, y, ":", color=PALETTE[1])',
        'ax.plot(x, y, "o-.")',
        'ax.plot(x, y, linestyle="dashed")',
        "ax.plot(x, y, linestyle=(0, (4, 2)))",
        'styles = {"relu": "--"}',
        'for style in ("-", ":"): ax.plot(x, y, linestyle=style)',
    ],
)
def test_a_style_of_its_own_is_seen(source):
    assert own_styles(source)


@pytest.mark.parametrize(
    "source",
    [
        "figure, axes = panels(1, 2, height=5, sharey=True)",
        'ax.plot(x, y, "o-", color=PALETTE[1], linestyle=DASHED)',
        'print(f"{name}:", type(error).__name__ + ":", x[:, 0])',
    ],
)
def test_the_one_style_is_let_pass(source):
    assert not own_styles(source)


def test_outputs_are_whole_and_clean(cells):
    counts = [cell["execution_count"] for cell in code(cells)]
    assert counts == list(range(1, len(counts) + 1))
    for cell in code(cells):
        for output in cell["outputs"]:
            assert output["output_type"] != "error", cell["source"]
            assert output.get("name") != "stderr", cell["source"]


def test_claims_are_asserted(cells):
    asserting = sum("assert" in cell["source"] for cell in code(cells))
    assert asserting >= 8


def test_no_machine_and_no_time_in_outputs(cells):
    for cell in code(cells):
        text = json.dumps(cell["outputs"])
        text = re.sub(r'"image/png": "[^"]*"', "", text)
        assert not re.search(r"0x[0-9a-f]{8}|/home/|/tmp/|/root/|\d{2}:\d{2}:\d{2}", text), cell["source"]


def test_links_lead_somewhere(cells):
    text = prose(cells)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"https?:|#", target):
            assert (NOTEBOOKS / target.split("#")[0]).exists(), target
    for link in re.findall(r"https?://[^\s)>\"]+", text):
        assert link.startswith("https://"), link


def test_mathematics_is_closed(cells):
    for cell in cells:
        if cell["cell_type"] == "markdown":
            text = re.sub(r"`[^`]*`", "", cell["source"])
            assert text.count("$$") % 2 == 0, cell["source"]
            assert text.replace("$$", "").replace(r"\$", "").count("$") % 2 == 0, cell["source"]
            assert not re.search(
                r"(?<!\\)\b(sigmoid|tanh|max|exp)\(", "".join(re.findall(r"\$\$(.*?)\$\$", text, re.DOTALL))
            )
