"""A test of the tests: none knows an activation by its name to spare it, and none returns early."""

import ast
import gc
import sys
from pathlib import Path

import pytest

from gluon_activations import CATALOG

HERE = Path(__file__).parent
FILES = sorted({*HERE.glob("test_*.py"), *(HERE.parent / "docs" / "tests").glob("*.py")} - {Path(__file__)})
NAMES = {*CATALOG, *(entry.title for entry in CATALOG.values())}
METHODS = {"startswith", "endswith", "find", "index", "count", "match", "search", "fullmatch"}


def parsed(source):
    """The syntax tree; CPython 3.11.7 may fail with SystemError where garbage is collected meanwhile."""
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        gc.enable()


def named(tree):
    """What a file calls by a name of its own: literals, such as tuples of texts."""
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    literals = (ast.Constant, ast.Tuple, ast.List, ast.Set)
    held = [(n.value, target) for n in assigned if isinstance(n.value, literals) for target in n.targets]
    return {target.id: value for value, target in held if isinstance(target, ast.Name)}


def strings(condition, literals):
    """Texts that a condition compares with, or asks something of; by names of blocks it asks for their types."""
    asked = [node for node in ast.walk(condition) if isinstance(node, (ast.Compare, ast.Call))]
    sides = [part for node in asked if isinstance(node, ast.Compare) for part in (node.left, *node.comparators)]
    calls = [node for node in asked if isinstance(node, ast.Call)]
    of_texts = [node for node in calls if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS]
    of_types = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id == "isinstance"]
    sides += [condition, *(part for node in of_texts + of_types for part in node.args)]
    sides = [literals.get(side.id, side) if isinstance(side, ast.Name) else side for side in sides]
    parts = [part for side in sides for part in getattr(side, "elts", [side])]
    texts = {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    types = [part for node in of_types for each in node.args[1:] for part in getattr(each, "elts", [each])]
    return texts | {getattr(part, "id", getattr(part, "attr", "")) for part in types}


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
        elif isinstance(node, ast.BinOp):
            # All but these, and a number more for this one.
            yield from [node.right] if isinstance(node.op, ast.Sub) else []
            yield from (side for side in (node.left, node.right) if isinstance(side, ast.Compare))
        elif isinstance(node, getattr(ast, "MatchValue", ())):  # from Python 3.10 on
            yield node.value


def tables(tree):
    """Keys of what is looked up: those of a table, and of one that a name is looked up in where it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            yield node, 2
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            yield node.func.value, 1
        elif isinstance(node, ast.Subscript):
            yield node.value, 1


def keys(table):
    """The texts by which something is found in a table that is written down there."""
    if isinstance(table, ast.Dict):
        return {key.value for key in table.keys if isinstance(key, ast.Constant)}
    if isinstance(table, ast.Call) and isinstance(table.func, ast.Name) and table.func.id == "dict":
        return {keyword.arg for keyword in table.keywords}
    return set()


def exemptions(source):
    """Lines at which a test decides by the name of an activation, or looks something up by it."""
    tree = parsed(source)
    literals = named(tree)
    found = {one.lineno for one in conditions(tree) if strings(one, literals) & NAMES}
    # A table of activations belongs into their records.
    return sorted(found | {table.lineno for table, least in tables(tree) if len(keys(table) & NAMES) >= least})


def early_returns(source):
    """Lines at which a test ends without a word."""
    for test in ast.walk(parsed(source)):
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
    "SPARED = ('gelu', 'mish'); left = [name for name in names if name not in SPARED]",
    "if isinstance(block, GELU): pass",
    "if isinstance(block, (ReLU, GELU)): pass",
    "bound = 4 + 8 * (name == 'gelu')",
    "bound = {'gelu': 20}.get(name, 4)",
    "bound = dict(gelu=20)[name]",
    "if name.startswith('gelu'): pass",
    "if 'GLU' not in repr(block): pass",
    *["match name:\n    case 'gelu': pass"] * (sys.version_info >= (3, 10)),
])  # fmt: skip
def test_an_exemption_is_found(source):
    assert exemptions(source) in ([1], [2])


def test_what_is_none_is_let_through():
    assert not list(
        exemptions("assert name_of(block) == 'relu'\nx = get('gelu', {'gelu': 1})\nif kind == 'np': x")
    )
    assert list(early_returns("def test_a():\n    if x:\n        return\n    f = lambda: 1")) == [3]
    assert not list(early_returns("def test_a():\n    def f():\n        return 1\n"))
