"""Write the exercises without their answers into build/exercises/: make exercises.

Cells tagged "answer" go, and one empty cell stands where their code was. The cells tagged "check" stay, so
that a reader's own answer is judged by the same asserts.
"""

import re
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "notebooks" / "15_exercises.ipynb"
TWIN = ROOT / "build" / "exercises" / PAGE.name
PLACE = "# Your answer"


def without_answers(page):
    """The page without answers and outputs."""
    cells = []
    for cell in page.cells:
        answer = "answer" in cell.metadata.get("tags", [])
        if cell.cell_type == "markdown" and not answer:
            cell.source = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.DOTALL).strip()
            cell.source = re.sub(r"\]\((\d\d_\w+\.ipynb)", r"](../../notebooks/\1", cell.source)
            cells += [cell] if cell.source else []
        elif cell.cell_type == "code" and not answer:
            cell.outputs, cell.execution_count = [], None
            cells.append(cell)
        elif cell.cell_type == "code" and cells[-1].source != PLACE:
            cells.append(new_code_cell(PLACE, id=cell.id))
    page.cells = cells
    return page


def main():
    """Write the twin and say where it is."""
    if TWIN.exists():
        sys.exit(f"{TWIN.relative_to(ROOT)} is there already, perhaps with your answers: move it away first")
    TWIN.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(without_answers(nbformat.read(PAGE, as_version=4)), TWIN)
    print(f"{TWIN.relative_to(ROOT)}: the exercises without their answers")


if __name__ == "__main__":
    main()
