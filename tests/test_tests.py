"""A test of the tests: none knows an activation by its name to spare it, and none returns early."""

import ast
from pathlib import Path

import pytest

from gluon_activations import CATALOG

HERE = Path(__file__).parent
FILES = sorted({*HERE.glob("test_*.py"), *(HERE.parent / "docs" / "tests").glob("*.py")} - {Path(__file__)})
NAMES = {*CATALOG, *(entry.title for entry in CATALOG.values())}


def strings(condition):
    """Texts that a condition compares with: one, or those of a tuple, list or set."""
    compared = [side for node in ast.walk(condition) if isinstance(node, ast.Compare) for side in node.comparators]
    sets = [node for node in [condition, *compared] if isinstance(node, (ast.Tuple, ast.List, ast.Set))]
    parts = [*compared, *(part for each in sets for part in each.elts)]
    return {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def conditions(tree):
    """Expressions by which a program decides what it does, or what it leaves out."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.IfExp, ast.While)):
            yield node.test
        elif isinstance(node, ast.comprehension):
            yield from node.ifs
        elif (
            isinstance(node, ast.Assert) and isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.Or)
        ):
            yield node.test  # assert this, or that it is one of those
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            yield node.right  # all but these


def exemptions(source):
    """Lines at which a test decides by the name of an activation, or looks something up by it."""
    tree = ast.parse(source)
    for condition in conditions(tree):
        if strings(condition) & NAMES:
            yield condition.lineno
    for node in ast.walk(tree):
        # A table of activations belongs into their records.
        if (
            isinstance(node, ast.Dict)
            and len({k.value for k in node.keys if isinstance(k, ast.Constant)} & NAMES) > 1
        ):
            yield node.lineno


def early_returns(source):
    """Lines at which a test ends without a word."""
    for test in ast.walk(ast.parse(source)):
        if isinstance(test, ast.FunctionDef) and test.name.startswith("test_"):
            inner = [n for n in ast.walk(test) if isinstance(n, (ast.FunctionDef, ast.Lambda)) and n is not test]
            own = {id(node) for part in inner for node in ast.walk(part)}
            yield from (n.lineno for n in ast.walk(test) if isinstance(n, ast.Return) and id(n) not in own)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_test_knows_a_name_to_spare_it(path):
    assert list(exemptions(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_test_returns_early(path):
    assert list(early_returns(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("source", [
    "if name == 'gelu':\n    pass",
    "names = [name for name in names if name not in ('identity', 'binary_step')]",
    "bound = 4 if name != 'silu' else 8",
    "assert entry.papers or name in ('identity', 'log_sigmoid')",
    "rest = set(names) - {'softmax'}",
    "REPELLING = {'gelu': 20, 'mish': 8}",
])  # fmt: skip
def test_an_exemption_is_found(source):
    assert list(exemptions(source)) == [1]


def test_what_is_none_is_let_through():
    assert not list(
        exemptions("assert name_of(block) == 'relu'\nx = get('gelu', {'gelu': 1})\nif kind == 'np': x")
    )
    assert list(early_returns("def test_a():\n    if x:\n        return\n    f = lambda: 1")) == [3]
    assert not list(early_returns("def test_a():\n    def f():\n        return 1\n"))
