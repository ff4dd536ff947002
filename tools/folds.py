"""What is folded on the pages: a cell's first line says it, and its metadata follow.

    python -m tools.folds          # write the metadata of all pages
    python -m tools.folds --list   # every check, with its sentence
    python -m tools.folds --table  # words, cells, folds, widths of each page

``# Set-up: …`` and ``# Check: …`` fold a cell whole, in JupyterLab and on the site, and ``# Picture: …`` its
source alone; a sentence follows, which the fold shows. A cell with none of them is read as it stands.
"""

import json
import re
import statistics
import sys
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
KINDS = {  # first word: tags, and what the closed fold says
    "Set-up": (["set-up", "hide-cell"], "set-up: {}"),
    "Check": (["proof", "hide-cell"], "check ✓ {}"),
    "Picture": (["picture", "hide-input"], "code: {}"),
}
OURS = {tag for tags, _ in KINDS.values() for tag in tags}
FIRST = re.compile(rf"# ({'|'.join(KINDS)}): (.+)")


def kind(cell):
    """The first word and the sentence of a folded cell; None of another."""
    found = FIRST.match("".join(cell["source"])) if cell["cell_type"] == "code" else None
    return found and found.groups()


def fold(cell):
    """Give a code cell the metadata that its first line asks for; the parts of an exercise have their own."""
    metadata = cell["metadata"]
    if cell["cell_type"] != "code" or "answer" in metadata.get("tags", []):
        return
    tags = [tag for tag in metadata.get("tags", []) if tag not in OURS]
    mystnb = {
        name: value for name, value in metadata.get("mystnb", {}).items() if not name.startswith("code_prompt")
    }
    jupyter = {name: value for name, value in metadata.get("jupyter", {}).items() if name != "source_hidden"}
    if kind(cell):
        word, sentence = kind(cell)
        tags += KINDS[word][0]
        prompt = KINDS[word][1].format(sentence)
        mystnb.update(code_prompt_show=prompt, code_prompt_hide=prompt)
        jupyter["source_hidden"] = True
    for name, value in (("tags", tags), ("mystnb", mystnb), ("jupyter", jupyter)):
        metadata.pop(name, None)
        if value:
            metadata[name] = value


def pages():
    """Every page, as (path, content)."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        yield path, json.loads(path.read_text(encoding="utf-8"))


def prose(page):
    """How many words a reader sees: without formulas, addresses, code and what is folded into an answer."""
    text = "\n".join("".join(cell["source"]) for cell in page["cells"] if cell["cell_type"] == "markdown")
    for pattern in (r"<details.*?</details>", r"\$\$.*?\$\$", r"\$[^$]*\$", r"`[^`]*`", r"\]\([^)]*\)", r"^\|.*$"):
        text = re.sub(pattern, " ", text, flags=re.DOTALL | re.MULTILINE if pattern[0] != "^" else re.MULTILINE)
    return len(re.findall(r"[A-Za-z][\w’'-]*", text))


def lines(cell):
    """The lines of a cell that are not empty."""
    return [line for line in "".join(cell["source"]).splitlines() if line.strip()]


def visible(page):
    """The code cells whose source a reader sees."""
    hidden = {"hide-cell", "hide-input"}
    code = [cell for cell in page["cells"] if cell["cell_type"] == "code"]
    return [cell for cell in code if not hidden & {*cell["metadata"].get("tags", [])}]


def silent(cells):
    """Those that show nothing, but for the parameters."""
    return [cell for cell in cells if not cell["outputs"] and "parameters" not in cell["metadata"].get("tags", [])]


def measures(page):
    """What a page asks of its reader, by name."""
    code, seen = [cell for cell in page["cells"] if cell["cell_type"] == "code"], visible(page)
    lengths = [len(lines(cell)) for cell in code]
    return {
        "words": prose(page),
        "visible": len(seen),
        "folded": len(code) - len(seen),
        "silent": len(silent(seen)),
        "median": statistics.median(lengths),
        "longest": max(lengths),
        "widest": max(len(line) for cell in seen for line in lines(cell)),
        "asserts": sum(len(re.findall(r"^\s*assert\b", "".join(cell["source"]), re.MULTILINE)) for cell in code),
    }


def main(asked):
    """Fold, list or measure."""
    heads = None
    for path, page in pages():
        if "--list" in asked:
            checks = [kind(cell)[1] for cell in page["cells"] if kind(cell) and kind(cell)[0] == "Check"]
            print(path.stem, *(f"  ✓ {check}" for check in checks), sep="\n")
        elif "--table" in asked:
            row = measures(page)
            if heads is None:
                print(f"{'page':<28}", *(f"{name:>8}" for name in row))
                heads = row
            print(f"{path.stem:<28}", *(f"{value:>8}" for value in row.values()))
        else:
            for cell in page["cells"]:
                fold(cell)
            path.write_text(
                json.dumps(page, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
