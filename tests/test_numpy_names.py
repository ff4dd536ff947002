"""The names that MXNet reads from NumPy."""

import types
import warnings

import numpy as np
import pytest

from gluon_activations import _numpy_names


@pytest.fixture
def bare():
    """A stand-in for a NumPy that has removed every one of the names."""
    return types.ModuleType("bare")


def test_everything_is_given_back_to_a_numpy_that_lacks_it(bare):
    added = _numpy_names.restore(bare)
    assert {"bool", "PZERO", "NINF", "product", "in1d", "msort", "trapz", "npv"} <= set(added)
    assert bare.bool is np.bool_
    assert (str(bare.PZERO), str(bare.NZERO)) == ("0.0", "-0.0")
    assert -np.inf == bare.NINF and np.isnan(bare.NaN) and str(bare.NZERO) == "-0.0"
    assert bare.product([2, 3]) == 6 and bare.alltrue([True]) and bare.sometrue([False, True])
    assert bare.in1d([[1, 2]], [2]).tolist() == [False, True]
    assert bare.msort(np.array([[2, 1], [1, 2]])).tolist() == [[1, 1], [2, 2]]
    with pytest.raises(NotImplementedError, match="numpy-financial"):
        bare.npv(0.1, [1, 2])


def test_what_is_there_is_left_alone(bare):
    bare.bool = "mine"
    assert "bool" not in _numpy_names.restore(bare)
    assert bare.bool == "mine"
    assert _numpy_names.restore(bare) == []


def test_what_is_still_served_is_left_alone():
    """NumPy 1.20 to 1.23 answers for numpy.bool by a function of the module, with a warning."""
    served = types.ModuleType("served")

    def answer(name):
        if name != "bool":
            raise AttributeError(name)
        warnings.warn("deprecated", DeprecationWarning, stacklevel=2)
        return bool

    served.__getattr__ = answer
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        added = _numpy_names.restore(served)
    assert "bool" not in added and "bool" not in vars(served) and "NaN" in added


def test_every_name_mxnet_reads_is_there():
    for name in ("bool", "product", "in1d", "msort", "round_", "trapz", "NaN"):
        assert _numpy_names._answers(np, name), name
