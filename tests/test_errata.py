"""The page of errors: every claim has a check that holds, or is history with its papers."""

import linecache
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "what_tutorials_get_wrong.md").read_text(encoding="utf-8")
CHECK = re.compile(r"(?ms)^:::\{dropdown\} Check it\n```\{code-block\} python\n(.*?)^```\n:::$")
PAPER = re.compile(r"\]\(https://(doi\.org|arxiv\.org/abs)/")
ITEMS = dict(re.findall(r"(?ms)^### ([^\n]*)\n(.*?)(?=^##|\Z)", TEXT))
CHECKS = {head: code for head, body in ITEMS.items() for code in CHECK.findall(body)}


def test_nothing_is_overlooked():
    assert len(ITEMS) == len(re.findall("^###", TEXT, re.MULTILINE)) >= 26
    assert len(CHECKS) == TEXT.count("{dropdown}") == TEXT.count("```{code-block}")


@pytest.mark.parametrize("head", ITEMS)
def test_an_item_has_a_check_or_papers(head):
    if head in CHECKS:
        assert re.search(r"^\s*assert ", CHECKS[head], re.MULTILINE)
    else:
        assert PAPER.search(ITEMS[head])


@pytest.mark.parametrize("arrays", ["np"], indirect=True)
@pytest.mark.parametrize("head", CHECKS)
def test_a_check_holds(head, arrays, monkeypatch):
    monkeypatch.chdir(ROOT)
    linecache.cache[head] = (len(CHECKS[head]), None, CHECKS[head].splitlines(True), head)  # for the traceback
    exec(compile(CHECKS[head], head, "exec"), {"__name__": "check"})


def test_links_lead_to_pages():
    for target in re.findall(r"\]\(([^)]*)\)", TEXT):
        assert target.startswith("https://") or (ROOT / "docs" / target).exists(), target
