"""The numbers of the start page, counted while the site is built."""

import ast
import json
from pathlib import Path

from benchmarks import faults
from gluon_activations import CATALOG
from gluon_activations._elsewhere import frameworks
from tests import references
from tools.measured import LINES

ROOT = Path(__file__).resolve().parents[2]


def asserts():
    """How many assertions the pages make, which run in every test."""
    found = 0
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                source = "".join(line for line in cell["source"] if not line.lstrip().startswith(("%", "!")))
                found += sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(source)))
    return found


def numbers():
    """Each number with what it counts, and the page that shows it."""
    wrong = sum(not fault.convention for fault in faults.FAULTS)
    names = sum(len(entry.theirs) for framework in frameworks().values() for entry in framework.entries)
    return [
        (len(CATALOG), "activations, each a page of the atlas", "atlas/index.md"),
        (asserts(), f"checks on the pages, run on {len(LINES)} versions of MXNet", "run.md"),
        (
            references.mp.dps,
            "digits of the arithmetic that every block is compared with",
            "use.md#how-right-it-is",
        ),
        (wrong, "wrong numbers found in MXNet, each with its repair", "errors_in_mxnet.md"),
        (names, f"names in {len(frameworks())} other frameworks, compared with their own code", "atlas/index.md"),
    ]


def row():
    """The numbers as a row of links, in MyST."""
    return "\n".join(["{.numbers}", *(f"* [**{number:,}** {what}]({page})" for number, what, page in numbers())])
