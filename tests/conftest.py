"""What the tests share: the kinds of array of the MXNet at hand, and the device."""

import os

import numpy_for_mxnet  # noqa: F401  before anything imports MXNet

# isort: split
import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

from gluon_activations import context, fused
from gluon_activations._arrays import GLUON_2

import mxnet as mx

LINE = "2.0" if GLUON_2 else "1.9"
KINDS = ("np",) if GLUON_2 else ("nd", "np")


def pytest_report_header():
    return f"mxnet {mx.__version__}, arrays: {', '.join(KINDS)}, device: {_device()}"


def _device():
    asked = os.environ.get("CTX") or "cpu"
    if LINE == "2.0" and not mx.runtime.Features().is_enabled("CUDA"):
        asked = "cpu"  # 2.0.0b1 was published for the CPU only
    try:
        return context(asked)
    except (RuntimeError, ValueError) as error:
        pytest.exit(str(error), returncode=2)


def pytest_configure():
    """Kernels that are asked for by name are there: no test is left out because they do not load."""
    if os.environ.get("GLUON_ACTIVATIONS_FUSED") == "1" and not fused.available():
        pytest.exit(f"no compiled kernels: {fused.why_not()}", returncode=2)


class Arrays:
    """Makes arrays of one kind, and runs a block on them forwards and backwards."""

    def __init__(self, kind):
        self.kind = kind
        self.device = _device()

    def __call__(self, values, dtype="float32"):
        new = mx.np.array if self.kind == "np" else mx.nd.array
        return new(np.asarray(values), dtype=dtype, ctx=self.device)

    def value_and_slope(self, block, values, dtype="float32"):
        x = self(values, dtype)
        x.attach_grad()
        with mx.autograd.record():
            y = block(x)
        y.backward()
        assert y.dtype == x.dtype and y.shape == x.shape
        return y.asnumpy(), x.grad.asnumpy()


@pytest.fixture(params=KINDS)
def arrays(request):
    """Arrays of each kind that this MXNet has, with NumPy's shapes (so () and empty are allowed)."""
    is_np = request.param == "np"
    with mx.util.np_shape(True), mx.util.np_array(is_np):
        if is_np and LINE == "1.9":
            mx.npx.set_np()
        try:
            yield Arrays(request.param)
        finally:
            if is_np and LINE == "1.9":
                mx.npx.reset_np()


# Where the environment says that there are to be no kernels, no test says that there are none.
WAYS = ("compiled", "composed") if fused.asked_for("GLUON_ACTIVATIONS_FUSED", "1") else ("composed",)


@pytest.fixture(params=WAYS)
def way(request):
    """How formulas are computed: by the kernels, and by MXNet's own operators."""
    if request.param == "composed":
        with fused.disabled():
            yield request.param
    elif fused.enabled():
        yield request.param
    else:
        pytest.skip(f"no compiled kernels: {fused.why_not()}")


@pytest.fixture(autouse=True)
def seeded():
    mx.random.seed(7)
    np.random.seed(7)


@pytest.fixture(autouse=True)
def no_figure_is_left():
    """A figure that stays open would be found by a test that comes later, and be blamed on that."""
    yield
    assert plt.get_fignums() == []


@pytest.fixture
def closed_figures():
    """For those who draw: what they leave open is closed behind them."""
    yield
    plt.close("all")
