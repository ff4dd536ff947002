"""The twin of the exercises: no answer is left in it, and its checks cannot pass without one."""

import ast
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import exercises  # noqa: E402


@pytest.fixture
def page():
    return nbformat.read(exercises.PAGE, as_version=4)


@pytest.fixture
def twin():
    return exercises.without_answers(nbformat.read(exercises.PAGE, as_version=4))


def tagged(page, tag):
    return [cell for cell in page.cells if tag in cell.metadata.get("tags", [])]


def names(source, kind):
    return {
        node.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, kind)
    }


def defined(source):
    made = [node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    return names(source, ast.Store) | {node.name for node in made}


def test_no_answer_is_left(page, twin):
    assert len(tagged(page, "answer")) >= 40
    assert not tagged(twin, "answer")
    text = "\n".join(cell.source for cell in twin.cells)
    assert "<details" not in text and "Answer</summary>" not in text
    for cell in tagged(page, "answer"):
        assert cell.source not in text
    assert all(not cell.outputs for cell in twin.cells if cell.cell_type == "code")


def test_answers_are_folded(page):
    for cell in tagged(page, "answer"):
        if cell.cell_type == "code":
            assert "hide-cell" in cell.metadata["tags"] and cell.metadata["jupyter"]["source_hidden"]
        else:
            assert cell.source.startswith("<details>") and cell.source.rstrip().endswith("</details>")


def test_a_place_for_each_answer_and_all_checks_stay(page, twin):
    checks = [cell.source for cell in tagged(page, "check")]
    assert checks == [cell.source for cell in tagged(twin, "check")]
    assert len(checks) >= 24
    assert sum(cell.source == exercises.PLACE for cell in twin.cells) >= len(checks)


def test_a_check_fails_without_its_answer(page):
    given = set()
    for cell in page.cells:
        if cell.cell_type == "code" and not {"answer", "check"} & set(cell.metadata.get("tags", [])):
            given |= defined(cell.source)
    answers = set()
    for cell in page.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "code" and "answer" in tags:
            answers |= defined(cell.source)
        elif "check" in tags:
            assert "assert" in cell.source
            assert names(cell.source, ast.Load) & (answers - given), cell.source
            answers = set()


def test_links_lead_to_the_pages(twin):
    text = "\n".join(cell.source for cell in twin.cells if cell.cell_type == "markdown")
    assert "](../../notebooks/0" in text
    assert "](0" not in text


def test_the_twin_is_a_notebook(twin, tmp_path, monkeypatch, capsys):
    nbformat.validate(twin)
    monkeypatch.setattr(exercises, "TWIN", tmp_path / "twin.ipynb")
    monkeypatch.setattr(exercises, "ROOT", tmp_path)
    exercises.main()
    assert "twin.ipynb: the exercises without their answers" in capsys.readouterr().out
    assert nbformat.read(tmp_path / "twin.ipynb", as_version=4).cells
    with pytest.raises(SystemExit, match="twin.ipynb is there already, perhaps with your answers"):
        exercises.main()
