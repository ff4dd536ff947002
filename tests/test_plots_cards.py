"""The summary cards: what they say of the slopes is what the references say."""

import re

import numpy as np
import pytest

from gluon_activations import CATALOG, activations
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


def test_every_line_has_as_many_cells_as_its_head():
    tables = [part.splitlines() for part in card(*activations()).data.split("\n\n")]
    for head, *lines in tables:
        assert {line.count("|") for line in lines} == {head.count("|")}
        assert len(lines) == 1 + len(CATALOG)
    assert "| [0, ∞) | 1 | 1.414 |" in tables[0][2 + activations().index("relu")]


def test_a_card_of_nothing_known():
    with pytest.raises(ValueError, match="nearest: gelu"):
        card("gelo")
