"""The table over Pythons: which are found, what a row says, when it fails; and the list of licences."""

import subprocess
import sys

import pytest

from tools import check_dist, licences, matrix


def finished(stdout, returncode=0):
    return subprocess.CompletedProcess([], returncode, stdout)


def test_the_newest_of_each_minor_version_that_runs_is_taken(monkeypatch, tmp_path):
    there = {"python3.9": (3, 9, 1), "python3.12": None, "python3.13": (3, 13, 0), sys.executable: (3, 13, 2)}
    for name, has in (
        ("3.9.18", (3, 9, 18)),
        ("3.12.1", (3, 12, 1)),
        ("3.14.0", (3, 14, 0)),
        ("2.7.18", (2, 7, 18)),
    ):
        place = tmp_path / ".pyenv" / "versions" / name / "bin" / "python"
        place.parent.mkdir(parents=True)
        place.touch()
        there[str(place)] = has
    monkeypatch.setattr(matrix.Path, "home", lambda: tmp_path)
    monkeypatch.setattr(matrix.shutil, "which", lambda name: name if name in there else None)
    monkeypatch.setattr(matrix, "version", there.get)
    found = matrix.pythons()
    assert [*found] == ["3.9", "3.12", "3.13"] and found["3.13"] == sys.executable
    assert "3.9.18" in found["3.9"] and "3.12.1" in found["3.12"]


def test_what_does_not_run_is_no_python(tmp_path):
    shim = tmp_path / "python3.13"
    shim.write_text("#!/bin/sh\necho 'the command exists in these versions: 3.13.0' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert matrix.version(str(shim)) is None and matrix.version(str(tmp_path / "none")) is None
    assert matrix.version(sys.executable) == sys.version_info[:3]


@pytest.mark.parametrize("last, returncode, says", [
    ("==== 42 passed, 1 skipped in 3.1s ====", 0, "42 passed, 1 skipped"),
    (
        "E   AssertionError\nx.py:5: AssertionError\nFAILED tests/x.py::test\n1 failed, 41 passed in 3.1s", 1,
        "1 failed, 41 passed: see build/matrix/3.9-mxnet1.log\nE   AssertionError\nFAILED tests/x.py::test",
    ),
    ("", 4, ": see build/matrix/3.9-mxnet1.log"),
])  # fmt: skip
def test_a_cell(monkeypatch, tmp_path, last, returncode, says):
    def say(*command):
        if "pytest" in command:
            return finished(f"...\n{last}\n", returncode)
        return finished("2.5.5\n" if "-c" in command else "")

    monkeypatch.setattr(matrix, "say", say)
    monkeypatch.setattr(matrix, "PLACE", tmp_path / "build" / "matrix")
    monkeypatch.setattr(matrix, "ROOT", str(tmp_path))
    matrix.PLACE.mkdir(parents=True)
    good, row = matrix.cell("python3.9", "3.9", "mxnet1", ["tests"])
    assert good is (returncode == 0) and row.split()[:3] == ["3.9", "1.9.1", "2.5.5"] and row.endswith(says)
    assert last in (matrix.PLACE / "3.9-mxnet1.log").read_text()


def test_an_environment_that_cannot_be_made_is_a_failure(monkeypatch, tmp_path):
    monkeypatch.setattr(matrix, "say", lambda *command: finished("much\nThe list could not be installed.\n", 1))
    good, row = matrix.cell("python3.9", "3.9", "mxnet1", ["tests"])
    assert not good and row.endswith("no environment: The list could not be installed.")


@pytest.mark.parametrize("good", [True, False])
def test_the_table_says_what_is_absent(monkeypatch, tmp_path, capsys, good):
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    other, absent = [minor for minor in matrix.wanted() if minor != here][:2]
    monkeypatch.setattr(matrix, "PLACE", tmp_path)
    monkeypatch.setattr(matrix, "pythons", lambda: {other: "python", here: "python"})
    monkeypatch.setattr(matrix, "cell", lambda python, minor, line, tests: (good, f"{minor} {line} {len(tests)}"))
    monkeypatch.setattr(sys, "argv", ["matrix", "--short"])
    with pytest.raises(SystemExit) as end:
        matrix.main()
    printed = capsys.readouterr().out
    assert bool(end.value.code) is not good
    assert f"{other} matrix {len(matrix.SHORT)}\n" in printed and f"{here} matrix" not in printed
    assert [line.split() for line in printed.splitlines() if line.startswith(absent)] == [[absent, "not", "found"]]


def test_one_python_alone_is_run_in_short_form_too(monkeypatch, tmp_path, capsys):
    here = matrix.minor_of(sys.version_info)
    monkeypatch.setattr(matrix, "PLACE", tmp_path)
    monkeypatch.setattr(matrix, "pythons", lambda: {here: "python"})
    monkeypatch.setattr(matrix, "cell", lambda python, minor, line, tests: (True, f"{minor} {line}"))
    monkeypatch.setattr(sys, "argv", ["matrix", "--short", "--only", here])
    with pytest.raises(SystemExit):
        matrix.main()
    assert capsys.readouterr().out.splitlines()[1:] == [f"{here} matrix"]
    monkeypatch.setattr(sys, "argv", ["matrix", "--only", "3.8"])
    with pytest.raises(SystemExit):
        matrix.main()
    assert "choose from" in capsys.readouterr().err


def test_the_cell_for_hosted_notebooks_installs_this_wheel():
    cell = check_dist.hosted("/some/gluon.whl")
    assert cell.startswith("import numpy\n") and "wanted = '/some/gluon.whl'\n" in cell
    compile(cell, "cell", "exec")


def test_every_package_has_a_licence():
    rows = licences.rows()
    assert len(rows) > 50 and {"numpy", "mxnet"} <= {name for name, *_ in rows}
    assert all(version and licence for _, version, licence in rows)
    assert "gluon-activations" not in {name for name, *_ in rows}


@pytest.mark.parametrize("about, says", [
    ({"License-Expression": "MIT", "License": "no"}, "MIT"),
    ({"Classifier": ["License :: OSI Approved :: BSD License", "Topic :: X"], "License": "no"}, "BSD License"),
    ({"Classifier": ["License :: OSI Approved"], "License": " Apache 2.0 "}, "Apache 2.0"),
    ({"License": "a whole\ntext"}, "see its own files"),
    ({"License": "x" * 61}, "see its own files"),
    ({}, "see its own files"),
])  # fmt: skip
def test_where_a_licence_is_said(about, says):
    class Metadata(dict):
        def get_all(self, name, other):
            return self.get(name, other)

    assert licences.licence(Metadata(about)) == says
