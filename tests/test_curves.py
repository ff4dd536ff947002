"""Errors against x: how they are kept, and whether what docs/data/ulps-*.json holds comes out again."""

import contextlib
from math import inf, isnan, nan

import mpmath
import numpy as np
import pytest

from benchmarks import accuracy, curves
from gluon_activations import CATALOG, activations, evaluate, fused
from tests.references import exact, ulps
from tools import measured
from tools.measured import LINE, LINES

import mxnet as mx

FILES = (*LINES, "frameworks")


@pytest.fixture(autouse=True)
def as_measured():
    mx.npx.set_np()
    yield
    if LINE == "1.9":
        mx.npx.reset_np()


def rows_of(file):
    return {key: row for key, row in measured.read("ulps", file).items() if key != "machine"}


# -- how they are kept -------------------------------------------------------------------------


def test_each_number_lies_in_one_step_and_steps_are_in_order():
    xs = np.array([-3e38, -256, -255, -1, -0.99, -2e-38, 0, 2e-38, 0.99, 1, 255, 256, 3e38], np.float32)
    steps = curves.step_of(xs)
    assert (np.diff(steps) >= 0).all() and steps[0] == 0 and steps[-1] == 2 * curves.STEPS - 1
    for x, step in zip(xs, steps):
        low, high = curves.POWERS[[place := max(step - curves.STEPS, curves.STEPS - 1 - step), place + 1]]
        assert x == 0 or 2.0**low <= abs(x) < 2.0**high
    assert (steps >= curves.STEPS).tolist() == (xs >= 0).tolist()


def test_steps_as_text_and_back():
    errors = [0.2, 0.5, 0.7, 1.3, 4.4, 12, 6.4e43, 6.4e43, inf, 3.0]
    wrong = [False] * 6 + [True] * 2 + [False] * 2
    missing = [False] * 9 + [True]
    text = curves.packed(errors, wrong, missing)
    assert text == "0.5*3 1.5 4.5 1e1 6e43!*2 inf nan"
    found = curves.unpacked(text)
    assert [sign for _, sign in found] == wrong
    assert [error for error, _ in found[:-1]] == [0.5, 0.5, 0.5, 1.5, 4.5, 10, 6e43, 6e43, inf]
    assert isnan(found[-1][0])


def test_a_tail_that_underflows_keeps_its_sign_and_a_piece_that_is_0_has_none():
    assert curves.signs(np.array([0, 0, 1e-310, 1.0, -1.0, -1e-310, 0])).tolist() == [1, 1, 1, 1, -1, -1, -1]
    assert curves.signs(np.array([0, 0, 0.1, -0.1, 0])).tolist() == [0, 0, 1, -1, 0]
    assert curves.signs(np.zeros(3)).tolist() == [0, 0, 0]


def test_what_is_kept_of_a_curve():
    xs = np.array([-4, -3, -2, -1, 1, 2, 3, 4], np.float32)
    true = np.array([1, 1, 1, 1, 2, 2, 2, 2.0])
    got = np.array([1, -1, -1, 1, 2, nan, 2, 2.5], np.float32)
    kept = curves.row(xs, got, accuracy.units(got, true, "float32"), true)
    assert kept["wrong"] == [2, -3.0, -2.0] and kept["nan"] == [1, 2.0, 2.0] and kept["worst"] == [inf, 2.0]
    steps = curves.unpacked(kept["errors"])
    assert len(steps) == 2 * curves.STEPS
    marked = [place for place, (_, sign) in enumerate(steps) if sign]
    assert marked == curves.step_of(xs[1:3]).tolist()
    assert steps[curves.step_of(xs[7:])[0]][0] == pytest.approx(0.5 / 2**-22, rel=0.1)


def test_a_wrong_sign_within_the_rounding_of_the_input_is_none():
    xs, true = np.array([-1, 1], np.float32), np.array([-1e-9, 1e-9])
    kept = curves.row(xs, -true, np.array([1.0, 1.5]), true)
    assert "wrong" not in kept and "!" not in kept["errors"]


def test_a_result_too_small_for_a_normal_number_may_be_as_small_and_nothing_else():
    got = np.array([0, 1e-39, 0.1, -0.1, nan], np.float32)
    assert (accuracy.units(got, np.full(5, 2e-40), "float32") > 1e6).tolist() == [False, False, True, True, True]


# -- what was measured -------------------------------------------------------------------------


@pytest.mark.parametrize("file", FILES)
def test_the_file_of_curves_holds_what_there_is(file):
    rows = rows_of(file)
    known = accuracy.FRAMEWORKS if file == "frameworks" else ("ours", "composed", "mxnet")
    assert [*rows] == sorted(rows)
    for key, row in rows.items():
        name, whose, what = key.split()
        assert name in activations("elements") and whose in known and what in ("value", "slope")
        assert len(curves.unpacked(row["errors"])) == 2 * curves.STEPS
        assert ("!" in row["errors"]) == ("wrong" in row) and ("nan" in row["errors"]) == ("nan" in row)
    if file in LINES:
        settled = {key.split()[0] for key in rows}
        wanted = {(n, w) for n in settled for w in curves.makers(CATALOG[n], file)}
        assert {tuple(key.split()[:2]) for key in rows} == wanted


def got(name, whose, xs, part):
    block = accuracy.makers(CATALOG[name], LINE)[whose]()
    block.initialize()
    with fused.disabled() if whose == "composed" else contextlib.nullcontext():
        return evaluate(block, mx.np.array(xs, dtype="float32"))[part == "slope"].asnumpy()


@pytest.mark.parametrize("name", activations("elements"))
def test_the_worst_of_a_curve_and_its_wrong_signs_come_out_again(name):
    rows = {key: row for key, row in rows_of(LINE).items() if key.split()[0] == name}
    if not rows and curves.makers(CATALOG[name], LINE):
        pytest.skip(f"{name}: not measured yet (make curves)")
    for key, row in rows.items():
        _, whose, part = key.split()
        if whose == "ours" and not fused.enabled():
            pytest.skip(f"no compiled kernels: {fused.why_not()}")
        worst, x = row["worst"]
        there = [x, *row.get("wrong", [])[1:]]
        results = got(name, whose, there, part)
        true = [exact(name, float(np.float32(each)))[part == "slope"] for each in there]
        if worst > 100:  # below, the unit beside a zero is another one
            again = ulps(results[0], true[0], "float32")
            assert again > 50, key
        for result, right in zip(results[1:], true[1:]):  # fifty digits have no tail beyond their own
            assert np.sign(result) not in (0, mpmath.sign(right)), key
