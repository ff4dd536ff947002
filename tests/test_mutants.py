"""The mutation tester, on a package of three functions whose tests see all, some or none of its mutants."""

import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("cosmic_ray", reason="cosmic-ray is in the main environment alone")
toml = pytest.importorskip("toml")

ROOT = Path(__file__).parent.parent

STRONG = """
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    LIMIT = 5


@overload
def sign(x: "int | None") -> "int | None": ...
def sign(x, *, zero: 1 | 2 = 0) -> 3 | 4:
    '''Sign of x, 1 or -1.'''
    return -1 if x < 0 else 1 if x > 0 else zero
"""
STRONG_TEST = """
import pytest
from toy.strong import sign

@pytest.mark.parametrize("x, y", [(-3, -1), (-1, -1), (-0.5, -1), (0, 0), (0.5, 1), (1, 1), (3, 1)])
def test_sign(x, y):
    assert sign(x) == y
"""
WEAK = """
def countdown(n):
    while n > 0:
        n -= 1
        n = n + 0
    return n
"""
WEAK_TEST = """
from toy.inner.weak import countdown

def test_countdown():
    assert countdown(2) == 0
"""
LIST = """
package = "toy"
patience = 1

[tests]
untested = ["test_strong.py"]

[[unseen]]
module = "inner/weak"
within = "countdown"
line = "n = n+0"
mutants = ["n = n - 0", "n = n * 7"]
why = "nothing is added"
"""


@pytest.fixture
def toy(tmp_path):
    def write(name, text):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    for name, text in {
        "toy/__init__.py": "",
        "toy/strong.py": STRONG,
        "toy/untested.py": "double = 2\n",
        "toy/inner/__init__.py": "",
        "toy/inner/weak.py": WEAK,
        "tests/test_strong.py": STRONG_TEST,
        "tests/test_inner_weak.py": WEAK_TEST,
        "tests/mutants.toml": LIST,
        "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n",
    }.items():
        write(name, text)

    def start(*options):
        command = [sys.executable, "-m", "tools.mutants", "--root", str(tmp_path), *options]
        # What a shell starts in the background, as a run of all tests may be, does not hear a Ctrl-C.
        heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=ROOT, text=True, preexec_fn=heard, **streams)

    def run(*options):
        process = start(*options)
        out, err = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    run.write, run.start, run.root = write, start, tmp_path
    return run


def survivors(text):
    """Each survivor's place, its line before and after, and the reason if there is one."""
    found = re.findall(
        r"^(toy/\S+)( in \w+)?\n  - (.*)\n  \+ (.*)\n(?:  cannot be seen: (.*)\n)?", text, re.MULTILINE
    )
    return [(place, " ".join(a.split()), " ".join(b.split()), why) for place, _, a, b, why in found]


def test_the_table_of_a_package(toy):
    """Types, overloads, what is for type checkers and the star among parameters give no mutants; a loop that
    never ends, as with ``n -= 0``, is killed."""
    done = toy()
    assert done.returncode == 1, done.stderr
    assert [line.split() for line in done.stdout.splitlines()[1:6]] == [
        ["__init__", "0", "0", "0", "0", "-"],
        ["inner/__init__", "0", "0", "0", "0", "-"],
        ["inner/weak", "9", "6", "3", "1", "66.7%"],
        ["strong", "15", "15", "0", "0", "100.0%"],
        ["untested", "2", "0", "2", "0", "0.0%"],
    ]
    assert survivors(done.stdout) == [
        ("toy/inner/weak.py:4", "n -= 1", "n -= 2", ""),
        ("toy/inner/weak.py:5", "n = n + 0", "n = n - 0", "nothing is added"),
        ("toy/inner/weak.py:5", "n = n + 0", "n = n + -1", ""),
        ("toy/untested.py:1", "double = 2", "double = 3", ""),
        ("toy/untested.py:1", "double = 2", "double = 1", ""),
    ]
    assert "\nlisted, but no survivor: inner/weak: n = n+0 -> n = n * 7\n" in done.stdout
    assert toy().stdout.splitlines()[:-1] == done.stdout.splitlines()[:-1]  # the last one says how long it took


def test_an_exception_with_a_dot_in_its_name_is_no_mutant(toy):
    toy.write("toy/strong.py", "import os\n\ntry:\n    one = os.name\nexcept (os.error, KeyError):\n    raise\n")
    toy.write("tests/test_strong.py", "def test_nothing():\n    import toy.strong\n")
    assert survivors(toy("strong").stdout) == [
        ("toy/strong.py:5", "except (os.error, KeyError):", "except (os.error, CosmicRayTestingException):", "")
    ]


def test_the_working_tree_stays_as_it_is(toy):
    before = {path: path.read_text() for path in toy.root.rglob("*") if path.is_file()}
    toy()
    assert {path: path.read_text() for path in toy.root.rglob("*") if path.is_file()} == before
    assert list((toy.root / "build" / "mutants").iterdir()) == []


def test_the_list_of_the_package_is_of_lines_that_there_are():
    listed = toml.loads((ROOT / "tests" / "mutants.toml").read_text(encoding="utf-8"))
    for entry in listed["unseen"]:
        source = (ROOT / listed["package"] / f"{entry['module']}.py").read_text(encoding="utf-8")
        assert "".join(entry["line"].split()) in "".join(source.split()), entry["line"]


def test_a_listed_mutant_is_known_after_its_line_has_moved(toy):
    toy.write("toy/inner/weak.py", f"FAR = 'away'\n\n\n{WEAK.replace('n = n + 0', 'n  = n + 0  ')}")
    assert ("toy/inner/weak.py:8", "n = n + 0", "n = n - 0", "nothing is added") in survivors(toy("weak").stdout)
    toy.write("toy/inner/weak.py", WEAK.replace("countdown", "other"))
    toy.write("tests/test_inner_weak.py", WEAK_TEST.replace("countdown", "other"))
    assert not any(why for *_, why in survivors(toy("weak").stdout))


def test_enough_is_enough(toy):
    done = toy("strong")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 4


def test_tests_that_fail_as_they_are_kill_nothing(toy):
    toy.write("tests/test_strong.py", STRONG_TEST.replace("(0, 0)", "(0, 5)"))
    done = toy("strong")
    assert done.returncode == 1
    assert "fail on the package as it stands" in done.stdout and "assert 0 == 5" in done.stdout
    assert re.search("strong +0 +0 +0 +0 +-", done.stdout)


def test_a_module_without_tests_is_named(toy):
    toy.write("toy/lonely.py", "one = 1\n")
    done = toy("lonely")
    assert done.returncode == 1 and "lonely has no tests" in done.stdout


def test_the_tests_of_a_module_that_is_not_mapped_are_asked_for(toy):
    toy.write("toy/inner/_lonely.py", "one = 1\n")
    done = toy("lonely")
    told = "inner/_lonely has no tests: write tests/test_inner_lonely.py, or name others in tests/mutants.toml\n"
    assert done.returncode == 1 and done.stdout.startswith(told)


def test_a_sample_is_the_same_each_time_and_is_said(toy):
    first, again = toy("--sample", "5"), toy("--sample", "5")
    assert first.stdout.splitlines()[:-1] == again.stdout.splitlines()[:-1]
    said = [line for line in first.stdout.splitlines() if "sample" in line]
    assert said == [
        f"{module}: a sample of 5 of its {count} mutants, the same each time"
        for module, count in (("inner/weak", 9), ("strong", 15))
    ]
    counts = {
        name: mutants for name, mutants, *_ in re.findall(r"^(\S+) +(\d+) +\d+ ", first.stdout, re.MULTILINE)
    }
    assert 0 < int(counts["inner/weak"]) <= 5 and int(counts["strong"]) <= 5 and counts["untested"] == "2"
    assert "listed, but no survivor" not in first.stdout  # it may not have been drawn
    assert survivors(first.stdout) != survivors(toy("--sample", "4").stdout) or len(survivors(first.stdout)) < 5


def test_what_is_on_the_list_may_be_left_out(toy):
    done = toy("weak", "--unlisted")
    assert "inner/weak: 1 more are on the list" in done.stdout and "no survivor" not in done.stdout
    assert re.search("^inner/weak +8 +6 +2 +0 +75.0%$", done.stdout, re.MULTILINE)


ASKS = """
import os
import pytest
from toy.asks import one

def test_one():
    assert one == 1 or os.environ["LOOK"] == "away"

def test_two():
    raise AssertionError("never chosen")
"""


@pytest.mark.parametrize("inner, survive", [("here", 0), ("away", 2)])
def test_options_and_variables_of_the_tests_of_a_module(toy, inner, survive):
    toy.write("toy/inner/asks.py", "one = 1\n")
    toy.write("tests/test_inner_asks.py", ASKS.replace("toy.", "toy.inner."))
    toy.write("toy/asks.py", "one = 1\n")
    toy.write("tests/test_asks.py", ASKS)
    chosen = '[tests]\nasks = ["-k one"]\n"inner/asks" = ["-k one"]\n'
    looks = f'[environment]\n"*" = {{ LOOK = "here" }}\n"inner/*" = {{ LOOK = "{inner}" }}\n'
    toy.write("tests/mutants.toml", LIST.replace("[tests]\n", f"{looks}\n{chosen}"))
    table = toy("asks").stdout
    assert re.search(r"^asks +2 +2 +0 ", table, re.MULTILINE)
    assert re.search(rf"^inner/asks +2 +{2 - survive} +{survive} ", table, re.MULTILINE)


def test_an_unknown_name(toy):
    done = toy("weaq")
    assert done.returncode == 1 and done.stderr == "No module's name holds weaq\n"


def test_ctrl_c_leaves_nothing_behind(toy):
    toy.write("tests/test_inner_weak.py", WEAK_TEST + "\nimport time\n\ndef test_slow():\n    time.sleep(600)\n")
    process = toy.start("weak")
    folder = toy.root / "build" / "mutants"
    while not list(folder.glob("*/*/log")):
        time.sleep(0.1)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and out.startswith("Interrupted") and re.search("inner/weak +0 +0 +0", out)
    assert list(folder.iterdir()) == []
    mine = [path for path in Path("/proc").glob("[0-9]*/cwd") if str(folder) in os.path.realpath(path)]
    assert mine == []
