"""The summary cards: what they say of the slopes is what the references say."""

import re
from dataclasses import replace

import numpy as np
import pytest

from gluon_activations import CATALOG, activations, array
from gluon_activations.plots import card, cards
from tests.references import RECORDS

X = np.linspace(-9.875, 10.5, 20001)


def slopes(name):
    with np.errstate(all="ignore"):
        return RECORDS[name].float64(X)[1] + np.zeros_like(X)


@pytest.mark.parametrize("name", activations("elements"))
def test_how_it_fails_is_said_from_its_slopes(name):
    said, slope = cards.failure(CATALOG[name]), slopes(name)
    still = np.convolve(slope == 0, [1, 1], "valid") == 2  # 0 at two neighbours, so on an interval
    assert ("no gradient" in said) == still.any()
    for start, end in re.findall(r"between ([-\d.]+) and ([-\d.]+)", said.replace("−", "-")):
        assert (slope[(X > float(start) + 0.02) & (X < float(end) - 0.02)] == 0).all()
    for side, edge in re.findall(r"(below|above) (-?[\d.]+)", said.replace("−", "-")):
        beyond = X < float(edge) - 0.02 if side == "below" else X > float(edge) + 0.02
        assert (slope[beyond] == 0).all() and (slope[~beyond] != 0).any()
    left, right = (0 < abs(slope[place]) < 0.01 for place in (0, -1))
    assert ("fades" in said) == (left or right) and ("both tails" in said) == (left and right)
    assert ("is negative" in said or "changes its sign" in said) == (slope < -1e-9).any()
    assert ("without end" in said or "jumps" in said) == (CATALOG[name].lipschitz == np.inf and slope.any())


@pytest.mark.parametrize(
    "name, costs, fails",
    [
        ("relu6", "no special function", "no gradient below 0 and above 6"),
        ("soft_shrink", "no special function", "no gradient between −0.5 and 0.5"),
        (
            "mish",
            "exp, ln, tanh",
            "the gradient fades far left; left of −1.19 the slope is negative: descent drives a unit further out",
        ),
        ("binary_step", "no special function", "no gradient anywhere"),
        ("threshold", "no special function", "no gradient below 1; it jumps"),
        ("exponential", "exp", "the gradient fades far left; the slope grows without end"),
        ("leaky_relu", "no special function", "passes a gradient everywhere"),
        ("sine", "sine", "the slope changes its sign"),
        ("gelu", "erf", "the gradient fades far left; left of −0.752 the slope is negative"),
        ("squareplus", "sqrt", "the gradient fades far left"),
        ("snake", "sine", "passes a gradient everywhere"),
        ("softmax", "exp", "–"),
    ],
)
def test_a_line_of_the_card(name, costs, fails):
    entry = CATALOG[name]
    facts, words = (part.splitlines()[2:] for part in card(entry.title, "identity").data.split("\n\n"))
    assert len(facts) == len(words) == 2
    assert facts[0].endswith(f" | {costs} |") and facts[0].startswith(f"| **{entry.title}** | $")
    assert f" | {fails}" in words[0]
    for text in entry.advice.values():
        assert text.replace("-", "−") in words[0].replace("-", "−")


LAST = 10.5  # the last place where a slope is looked at


@pytest.mark.parametrize("slope, said", [
    (lambda x: np.where(abs(x) <= 0.5, 0, 1), "no gradient between −0.5 and 0.5"),
    (lambda x: np.where(abs(x) <= 1 / 64, 0, 1), "no gradient between −0.01562 and 0.01562"),
    (lambda x: np.where(x == 0, 0, 1), "passes a gradient everywhere"),
    (lambda x: np.where(x > LAST - 0.01, 0, 1), "no gradient above 10.5"),
    (lambda x: np.where(x > LAST, 0, 1), "passes a gradient everywhere"),
    (lambda x: np.where(x == x[0], 0.009, 1), "the gradient fades far left"),
    (lambda x: np.where(x == x[-1], 0.009, 1), "the gradient fades far right"),
    (lambda x: np.where(x == x[1], 0.009, 1), "passes a gradient everywhere"),
    (lambda x: np.where(x == x[-2], 0.009, 1), "passes a gradient everywhere"),
    (lambda x: np.where(abs(x) > 9, 0.009, 1), "the gradient fades in both tails"),
    (lambda x: np.where(abs(x) > 9, 0.01, 1), "passes a gradient everywhere"),
    (lambda x: np.where(abs(x) > 9, 0.009, 0), "no gradient between −9 and 9; the gradient fades in both tails"),
])  # fmt: skip
def test_what_slopes_say(monkeypatch, slope, said):
    monkeypatch.setattr(cards, "derivative", lambda name, x: array(slope(x.asnumpy()), dtype="float64"))
    assert cards.failure(replace(CATALOG["tanh"], kinks=())) == said


@pytest.mark.parametrize("kink, edge", [(0.5 + 1 / 64, "0.5156"), (0.5 + 1.1 / 64, "0.5")])
def test_an_edge_is_called_by_the_kink_beside_it(monkeypatch, kink, edge):
    monkeypatch.setattr(cards, "derivative", lambda name, x: array(x.asnumpy() > 0.5, dtype="float64"))
    assert cards.failure(replace(CATALOG["tanh"], kinks=(kink,))) == f"no gradient below {edge}"


@pytest.mark.parametrize("steepest, said", [(1.9, "it jumps"), (2, "the slope grows without end")])
def test_without_a_steepest_slope_it_jumps_or_grows(monkeypatch, steepest, said):
    slopes = np.where(X < 0, -1, steepest)
    monkeypatch.setattr(cards, "derivative", lambda name, x: array(slopes, dtype="float64"))
    assert cards.failure(replace(CATALOG["tanh"], lipschitz=np.inf)) == said


def test_every_line_has_as_many_cells_as_its_head():
    tables = [part.splitlines() for part in card(*activations()).data.split("\n\n")]
    for head, *lines in tables:
        assert {line.count("|") for line in lines} == {head.count("|")}
        assert len(lines) == 1 + len(CATALOG)
    assert "| [0, ∞) | 1 | 1.414 |" in tables[0][2 + activations().index("relu")]


def test_a_card_of_nothing_known():
    with pytest.raises(ValueError, match="nearest: gelu"):
        card("gelo")
