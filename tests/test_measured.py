"""The measured numbers of the site, measured again: docs/data/faults-*.json and accuracy-*.json."""

import re
from dataclasses import replace
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest

from benchmarks import accuracy, faults
from gluon_activations import CATALOG, activations, fused
from tests.conftest import LINE
from tests.references import ulps
from tools import measured

import mxnet as mx

ROOT = Path(__file__).parent.parent
PAGE = faults.PAGE.read_text(encoding="utf-8")
# What the page promises of the numbers that are to be used instead.
DIGITS = {"float16": 1e-3, "float32": 1e-6, "float64": 1e-6}


@pytest.fixture(autouse=True)
def as_measured(monkeypatch):
    monkeypatch.delenv("MXNET_SAFE_ACCUMULATION", raising=False)
    mx.npx.set_np()
    yield
    if LINE == "1.9":
        mx.npx.reset_np()


def near(number, rel):
    return pytest.approx(float(number), rel=rel, abs=0, nan_ok=True)


# -- the errors found in MXNet ---------------------------------------------------------------


def of_the_file(fault):
    """What was measured of a fault on the MXNet at hand."""
    if fault.key not in faults.read(LINE):
        pytest.skip(f"{fault.key}: not measured yet (make errors)")
    return faults.read(LINE)[fault.key]


@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: fault.key)
def test_a_number_of_the_table_comes_out_again(fault):
    again = faults.record(fault)
    for name, value in of_the_file(fault).items():
        assert again[name] is None if value is None else again[name] == near(value, 5e-4), name


@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: fault.key)
def test_what_the_table_calls_wrong_is_wrong_and_what_is_to_be_used_instead_is_right(fault):
    right = faults.truth(fault)
    for row in (of_the_file(fault), faults.record(fault)):
        if LINE in fault.lines:
            assert ulps(row["mxnet"], right, fault.dtype) > 10
        elif row["mxnet"] is not None:
            assert row["mxnet"] == near(right, DIGITS[fault.dtype])
        assert row["ours"] == near(right, DIGITS[fault.dtype])
        assert row["truth"] == near(right, 1e-15)


@pytest.mark.parametrize("fault", [fault for fault in faults.FAULTS if fault.what != "sum"], ids=lambda f: f.key)
def test_what_is_to_be_used_instead_is_right_elsewhere_too(fault):
    for x in (-2.5, -1.0, -0.1, 0.5, 2.0):
        for what in ("value", "gradient"):
            there = replace(fault, x=x, what=what)
            rel = 1e-3 if fault.dtype == "float16" else 1e-5
            assert faults.got(there, fault.repair) == near(faults.truth(there), rel), (x, what)


@pytest.mark.parametrize("line", faults.LINES)
def test_the_files_hold_faults_of_the_list(line):
    keys, found = [fault.key for fault in faults.FAULTS], [*faults.read(line)]
    assert found == sorted(found) and {*found} <= {*keys} and len({*keys}) == len(keys)


def test_a_fault_that_is_not_measured_yet_is_said_in_the_table(monkeypatch):
    new = replace(faults.FAULTS[0], x=-3.25)
    monkeypatch.setattr(faults, "FAULTS", (new,))
    (row,) = [line for table in faults.tables().values() for line in table.splitlines() if new.code in line]
    assert row.count("| not measured yet ") == 4


def test_numbers_of_pytorch_are_at_the_same_places_and_of_the_version_that_is_named():
    rows = faults.read("frameworks")
    versions = rows.pop("versions")
    assert f"PyTorch {versions['PyTorch']} is right" in PAGE and {*rows} <= {one.key for one in faults.FAULTS}
    for fault in faults.FAULTS:
        assert rows[fault.key]["truth"] == near(faults.truth(fault), 1e-15)


@pytest.mark.parametrize("path", sorted(measured.DATA.glob("*-*.*.json")), ids=lambda path: path.stem)
def test_what_is_read_and_written_again_is_the_same(path, monkeypatch, tmp_path):
    kind, line = path.stem.split("-")
    rows = measured.read(kind, line)
    monkeypatch.setattr(measured, "DATA", tmp_path)
    measured.write(kind, line, rows)
    assert (tmp_path / path.name).read_text(encoding="utf-8") == path.read_text(encoding="utf-8")


KIND = [(-1, 1, "sign"), (0.98, 1, "size"), (0, 0.5, "size"), (nan, 1, "nan"), (0, nan, "nan"), (inf, 1, "nan")]


@pytest.mark.parametrize("theirs, truth, kind", [*KIND, (0, 1e-9, "tail"), (0.999, 1, "digits")])
def test_how_bad_a_wrong_number_is(theirs, truth, kind):
    fault, right = faults.FAULTS[0], {"mxnet": truth, "truth": truth}
    assert faults.kind(fault, [{"mxnet": theirs, "truth": truth}] * 2) == kind
    assert faults.kind(replace(fault, lines=("1.9",)), [{"mxnet": theirs, "truth": truth}, right]) == kind
    assert faults.kind(fault, [None, right]) is None


def test_the_tables_of_the_page_are_current():
    assert faults.with_tables(PAGE) == PAGE, "run `make errors`"


@pytest.mark.parametrize("name", [name for name in CATALOG if getattr(CATALOG[name].builtin, "fault", "")])
def test_a_fault_that_the_catalog_names_is_in_the_table(name):
    builtin = CATALOG[name].builtin
    found = [fault for fault in faults.FAULTS if fault.code == builtin.code]
    if not found:
        pytest.skip(f"{name}: MXNet's fault is not measured yet (make errors)")
    assert {line for fault in found for line in fault.lines} == set(builtin.lines)


def test_the_page_names_pages_and_tests_that_exist():
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGE):
        assert target.startswith("https://") or (ROOT / "docs" / target).exists(), target
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", PAGE)
    assert named and all(f"def {name}(" in tests for name in named)


def test_the_example_of_the_page(capsys):
    (code,) = re.findall(r"<!-- example:.*?-->\n```python\n(.*?)```", PAGE, re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out == "selu 1\nsoftplus 1\n"


# -- the largest errors ----------------------------------------------------------------------


@pytest.mark.parametrize("line", faults.LINES)
def test_the_file_of_accuracy_holds_errors_of_the_catalog(line):
    rows = accuracy.read(line)
    assert {*rows} <= accuracy.wanted(line) and list(rows) == sorted(rows)
    assert all(0 <= centre <= worst <= inf and np.isfinite(x) for centre, worst, x in rows.values())


def test_the_file_of_frameworks_holds_errors_of_the_catalog():
    rows = accuracy.read("frameworks")
    assert {*rows.pop("versions")} == {*accuracy.FRAMEWORKS.values()} and list(rows) == sorted(rows)
    wanted = {
        f"{name} {whose} float32 {what}"
        for name in activations("elements")
        for whose in accuracy.FRAMEWORKS
        for what in ("value", "slope")
    }
    assert {*rows} <= wanted
    assert all(0 <= centre <= worst <= inf and np.isfinite(x) for centre, worst, x in rows.values())


@pytest.mark.parametrize("line", faults.LINES)
def test_what_is_compiled_is_right_to_half_a_unit(line):
    compiled = {(name, "ours") for name in fused.formulas()}
    errors = {key: row[1] for key, row in accuracy.read(line).items() if tuple(key.split()[:2]) in compiled}
    assert len(errors) > 100 and {key: error for key, error in errors.items() if error > 0.51} == {}


def test_what_is_not_measured_yet_is_listed(monkeypatch, tmp_path, capsys):
    name, *others = activations("elements")
    rows = {line: accuracy.read(line) for line in faults.LINES}
    few = {line: {key: row for key, row in of.items() if key.split()[0] != name} for line, of in rows.items()}
    monkeypatch.setattr(accuracy, "read", {**few, "frameworks": {}}.__getitem__)
    monkeypatch.setattr(accuracy, "TABLE", tmp_path / "accuracy.md")
    assert f"{name} ours" in accuracy.missing(LINE)
    accuracy.report()
    said = capsys.readouterr().out
    assert said == accuracy.TABLE.read_text(encoding="utf-8") + "\n"
    assert (
        f"| {name} | not measured yet |" in said
        and f"Not measured yet: {', '.join(accuracy.missing(LINE))}." in said
    )


@pytest.mark.parametrize("name", activations("elements"))
def test_the_largest_error_comes_out_again(name):
    rows = {key: row for key, row in accuracy.read(LINE).items() if key.split()[0] == name}
    if not rows:
        pytest.skip(f"{name}: not measured yet (make accuracy)")
    for key, (_, worst, x) in rows.items():
        _, whose, dtype, what = key.split()
        if whose == "ours" and not fused.enabled():
            pytest.skip(f"no compiled kernels: {fused.why_not()}")
        error = float(accuracy.errors(CATALOG[name], whose, np.array([x], dtype))[what].item())
        assert error == worst or max(error, worst) < 1 or worst / 2 <= error <= worst * 2, (key, error, worst)
