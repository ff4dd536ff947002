"""The measured numbers of the site, measured again: docs/data/faults-*.json and accuracy-*.json."""

import re
import sys
from dataclasses import replace
from math import inf
from pathlib import Path

import mxnet as mx
import numpy as np
import pytest

from gluon_activations import CATALOG
from tests.conftest import LINE
from tests.references import ulps

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import accuracy  # noqa: E402
import faults  # noqa: E402

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


@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: fault.key)
def test_a_number_of_the_table_comes_out_again(fault):
    again = faults.record(fault)
    for name, value in faults.read(LINE)[fault.key].items():
        assert again[name] is None if value is None else again[name] == near(value, 5e-4), name


@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: fault.key)
def test_what_the_table_calls_wrong_is_wrong_and_what_is_to_be_used_instead_is_right(fault):
    right = faults.truth(fault)
    for row in (faults.read(LINE)[fault.key], faults.record(fault)):
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
def test_the_files_hold_the_faults_of_the_list(line):
    keys = [fault.key for fault in faults.FAULTS]
    assert list(faults.read(line)) == sorted(set(keys)) and len(set(keys)) == len(keys)


def test_the_tables_of_the_page_are_current():
    assert faults.with_tables(PAGE) == PAGE, "run `make errors`"


@pytest.mark.parametrize("name", CATALOG)
def test_a_fault_that_the_catalog_names_is_in_the_table(name):
    builtin = CATALOG[name].builtin
    if builtin and builtin.fault:
        found = [fault for fault in faults.FAULTS if fault.code == builtin.code]
        assert found and {line for fault in found for line in fault.lines} == set(builtin.lines)


def test_the_page_names_pages_and_tests_that_exist():
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", PAGE)
    assert named and all(f"def {name}(" in tests for name in named)


def test_the_example_of_the_page(capsys):
    (code,) = re.findall(r"<!-- example:.*?-->\n```python\n(.*?)```", PAGE, re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out == "selu 1\nsoftplus 1\n"


# -- the largest errors ----------------------------------------------------------------------


@pytest.mark.parametrize("line", faults.LINES)
def test_the_accuracy_of_every_activation_is_there(line):
    rows = accuracy.read(line)
    wanted = {
        f"{name} {whose} {dtype} {what}"
        for name, entry in CATALOG.items()
        for whose in accuracy.makers(entry, line)
        for dtype in ("float32", "float16")
        for what in ("value", "slope")
    }
    assert set(rows) == wanted and list(rows) == sorted(rows)
    assert all(0 <= centre <= worst <= inf and np.isfinite(x) for centre, worst, x in rows.values())


@pytest.mark.parametrize("name", CATALOG)
def test_the_largest_error_comes_out_again(name):
    rows = {key: row for key, row in accuracy.read(LINE).items() if key.split()[0] == name}
    assert rows
    for key, (_, worst, x) in rows.items():
        _, whose, dtype, what = key.split()
        block = accuracy.makers(CATALOG[name], LINE)[whose]()
        error = float(accuracy.errors(CATALOG[name], block, np.array([x], dtype))[what].item())
        assert error == worst or max(error, worst) < 1 or worst / 2 <= error <= worst * 2, (key, error, worst)
