"""The float64 references against those in fifty digits."""

import numpy as np
import pytest
from tests.references import FLOAT64, REFERENCES, SLOPES_AT_KINKS, exact

XS = [
    -700.0,
    -80.0,
    -20.5,
    -8.0,
    -5.0,
    -3.5,
    -1.7,
    -1.0,
    -0.3,
    -1e-3,
    -1e-9,
    1e-9,
    1e-3,
    0.3,
    1.0,
    2.5,
    5.5,
    20.5,
    80.0,
]


def test_the_same_names():
    assert set(FLOAT64) == set(REFERENCES)


@pytest.mark.parametrize("name", REFERENCES)
def test_float64_agrees_with_fifty_digits(name):
    with np.errstate(all="ignore"):
        got = FLOAT64[name](np.array(XS))
    for x, *pair in zip(XS, *got):
        for g, e in zip(pair, exact(name, x)):
            assert abs(g - e) <= 1e-13 * abs(e) + 1e-300, f"{name}({x})"
    for kink, slope in SLOPES_AT_KINKS.get(name, {}).items():
        assert abs(FLOAT64[name](np.array([kink]))[1][0] - float(slope)) < 1e-15
