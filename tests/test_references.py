"""The float64 references against those in fifty digits."""

from math import inf

import numpy as np
import pytest
from tests.references import RECORDS, exact, ulps

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


@pytest.mark.parametrize("name", RECORDS)
def test_float64_agrees_with_fifty_digits(name):
    with np.errstate(all="ignore"):
        got = RECORDS[name].float64(np.array(XS))
    for x, *pair in zip(XS, *got):
        for g, e in zip(pair, exact(name, x)):
            assert abs(g - e) <= 1e-13 * abs(e) + 1e-300, f"{name}({x})"
    for kink, slope in RECORDS[name].kinks.items():
        assert abs(RECORDS[name].float64(np.array([kink]))[1][0] - float(slope)) < 1e-15


def test_ulps_measures_units_in_the_last_place():
    assert ulps(np.float32(1 + 2**-23), 1, "float32") == 1
    assert ulps(inf, 1, "float32") == inf and ulps(inf, inf, "float32") == 0
    assert ulps(inf, 1e39, "float32") == 0 and ulps(-inf, 1e39, "float32") == inf
    assert ulps(3.4e38, 1e39, "float32") == inf
