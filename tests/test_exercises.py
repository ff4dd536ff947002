"""The twin of the exercises: no answer is left in it, and its checks cannot pass without one."""

import ast
import contextlib
import io

import matplotlib.pyplot as plt
import nbformat
import pytest

from tests.conftest import LINE
from tools import exercises

import mxnet as mx


@pytest.fixture
def page():
    return nbformat.read(exercises.PAGE, as_version=4)


@pytest.fixture
def twin():
    return exercises.without_answers(nbformat.read(exercises.PAGE, as_version=4))


def tagged(page, tag):
    return [cell for cell in page.cells if tag in cell.metadata.get("tags", [])]


def defined(source):
    """The names that some code gives a value to."""
    nodes = [*ast.walk(ast.parse(source))]
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    made = {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    imported = {
        (alias.asname or alias.name)
        for node in nodes
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    return stored | made | imported


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


@pytest.fixture(scope="module")
def unanswered():
    """What the page defines before each of its checks when nobody answers: its own cells, run in the short form.

    A list of (check, the names of its answer, everything defined).
    """
    page, found, answer, space = nbformat.read(exercises.PAGE, as_version=4), [], set(), {"__name__": "page"}
    mx.npx.set_np()
    for cell in page.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code":
            continue
        if "answer" in tags:
            answer |= defined(cell.source)
        elif "check" in tags:
            found.append((cell.source, answer, {**space}))
            answer = set()
        else:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(cell.source, space)
            if "parameters" in tags:
                space["fast"] = True
    plt.close("all")
    yield found
    if LINE == "1.9":
        mx.npx.reset_np()


def test_a_check_fails_without_its_answer(unanswered):
    assert len(unanswered) >= 24
    for check, answer, space in unanswered:
        with pytest.raises((NameError, AssertionError)) as failure:
            exec(check, space)
        if failure.type is NameError:
            assert str(failure.value).split("'")[1] in answer, check


def test_the_answer_of_another_exercise_does_not_pass_a_check(unanswered):
    """Each check asks for a name that neither the page nor an earlier exercise defines."""
    earlier = set()
    for check, answer, space in unanswered:
        asked = {node.id for node in ast.walk(ast.parse(check)) if isinstance(node, ast.Name)}
        assert asked & answer - earlier - {*space}, check
        earlier |= answer | defined(check)


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
