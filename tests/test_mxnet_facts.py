"""What the pages say about MXNet's own operators, so that they may say it.

Each test pins a fault or a habit of MXNet 1.9.1 or 2.0.0b1, most of them with the upstream
thread. Should a release mend one, its test fails, and the page has to change.
"""

import numpy as np
import pytest

from gluon_activations._arrays import initialize_on
from tests.conftest import KINDS, LINE
from tests.references import RECORDS, exact

import mxnet as mx
from mxnet.gluon import HybridBlock, nn


def test_selu_has_a_wrong_gradient(arrays):
    """From apache/mxnet PR #12059 on; PR #17696, which would have mended it, was never merged."""
    xs = np.array([-1.0, -5.0, -20.0])
    for dtype in ("float32", "float64"):
        value, slope = arrays.value_and_slope(nn.SELU(), xs, dtype)
        np.testing.assert_allclose(slope, [0.5904, -0.0767, -0.0891], atol=5e-5)
        np.testing.assert_allclose(value, [float(exact("selu", x)[0]) for x in xs], rtol=1e-6)
    assert [round(float(exact("selu", x)[1]), 5) for x in xs] == [0.64677, 0.01185, 0.0]


def test_softrelu_is_negative_in_its_left_tail(arrays):
    """PR #16428 claims a wrong gradient; the value is what goes wrong."""
    xs = np.linspace(-80, -10, 7001, dtype="float32")
    value, _ = arrays.value_and_slope(nn.Activation("softrelu"), xs)
    assert value.min() < -1e-6
    error = np.abs(value - RECORDS["softplus"].float64(xs.astype(float))[0])
    assert 5e-6 < error.max() < 1e-5


@pytest.mark.skipif(LINE == "1.9", reason="1.9 has no log_sigmoid")
def test_log_sigmoid_is_positive_at_20(arrays):
    """The backward pass had another fault, issue #20371."""
    value, _ = arrays.value_and_slope(nn.Activation("log_sigmoid"), [20.0])
    assert value[0] > 1e-6
    assert np.isneginf(arrays.value_and_slope(nn.Activation("log_sigmoid"), [-100.0], "float16")[0][0])


def test_gelu_has_float32_accuracy_in_float64(arrays):
    """From PR #14449 on, which answered issue #12984."""
    value, _ = arrays.value_and_slope(nn.GELU(), [-5.0, -8.0], "float64")
    assert abs(value[0] / float(exact("gelu", -5.0)[0]) - 1) > 0.03
    assert value[1] == 0 or abs(value[1] / float(exact("gelu", -8.0)[0]) - 1) > 0.5


@pytest.mark.skipif(LINE == "1.9", reason="1.9 has no mish")
def test_mish_loses_its_tail_and_has_an_infinite_gradient(arrays):
    """From PR #20320 on; PR #20339 added the threshold for its overflow."""
    value, slope = arrays.value_and_slope(nn.Activation("mish"), [-20.0, 1e14])
    assert value[0] == 0 and np.isinf(slope[1])


def test_relu_turns_nan_into_0_in_float32_on_the_cpu(arrays):
    if arrays.device.device_type != "cpu":
        pytest.skip("other devices have other kernels")
    assert arrays.value_and_slope(nn.Activation("relu"), [np.nan])[0][0] == 0
    assert np.isnan(arrays.value_and_slope(nn.Activation("relu"), [np.nan], "float64")[0][0])


def test_the_gradient_of_sigmoid_loses_its_right_tail(arrays):
    slope = arrays.value_and_slope(nn.Activation("sigmoid"), [10.0, 20.0])[1]
    assert 2e-4 < abs(slope[0] / float(exact("sigmoid", 10.0)[1]) - 1) < 2e-3
    assert slope[1] == 0


def test_infinities_that_become_nan(arrays):
    assert np.isnan(arrays.value_and_slope(nn.Activation("softsign"), [-np.inf, np.inf])[0]).all()
    assert np.isnan(arrays.value_and_slope(nn.Swish(), [-np.inf])[0][0])


def test_slopes_at_kinks(arrays):
    maximum = mx.np.maximum if arrays.kind == "np" else mx.nd.maximum
    assert arrays.value_and_slope(nn.Activation("relu"), [0.0])[1][0] == 0
    assert arrays.value_and_slope(lambda x: maximum(x, 0), [0.0])[1][0] == 1
    assert arrays.value_and_slope(nn.LeakyReLU(0.1), [0.0])[1][0] == pytest.approx(0.1)
    assert arrays.value_and_slope(nn.ELU(2.0), [0.0])[1][0] == pytest.approx(2)
    assert arrays.value_and_slope(nn.SELU(), [0.0])[1][0] == pytest.approx(1.7581, abs=1e-4)


def test_elu_loses_its_digits_just_below_0(arrays):
    value, _ = arrays.value_and_slope(nn.ELU(), [-1e-6])
    assert abs(value[0] / float(exact("elu", float(np.float32(-1e-6)))[0]) - 1) > 1e-2


def test_the_gradient_of_erf_has_float32_accuracy_in_float64(arrays):
    erf = mx.npx.erf if arrays.kind == "np" else mx.nd.erf
    slope = arrays.value_and_slope(erf, [0.0], "float64")[1][0]
    assert slope / (2 / np.sqrt(np.pi)) - 1 == pytest.approx(-3.004e-8, abs=1e-11)


def test_leaky_slopes_are_held_in_float32(arrays):
    value, _ = arrays.value_and_slope(nn.LeakyReLU(0.01), [-1.0], "float64")
    assert value[0] == -float(np.float32(0.01)) != -0.01


def test_default_slopes(arrays):
    with pytest.raises(TypeError):
        nn.LeakyReLU()
    leaky, hard = (mx.npx.leaky_relu, None) if arrays.kind == "np" else (mx.nd.LeakyReLU, mx.nd.hard_sigmoid)
    assert leaky(arrays([-1.0]), act_type="leaky").asnumpy()[0] == -0.25
    if hard:
        assert hard(arrays([1.0])).asnumpy()[0] == pytest.approx(0.7)  # 0.2 x + 0.5


def test_default_weights_have_one_spread_whatever_the_fan_in(arrays):
    for fan_in in (10, 1000):
        layer = nn.Dense(1000, in_units=fan_in)
        initialize_on(layer, arrays.device)
        assert layer.weight.data().asnumpy().std() == pytest.approx(0.07 / np.sqrt(3), rel=0.03)


def test_msra_prelu_is_not_he_for_relu(arrays):
    spread = {}
    for name, init in {"default": mx.init.MSRAPrelu(), "he": mx.init.MSRAPrelu("in", 0)}.items():
        layer = nn.Dense(300, in_units=1000, weight_initializer=init)
        initialize_on(layer, arrays.device)
        spread[name] = layer.weight.data().asnumpy().std()
    assert spread["he"] == pytest.approx(np.sqrt(2 / 1000), rel=0.02)
    assert spread["default"] == pytest.approx(np.sqrt(2 / (1 + 0.25**2) / 650), rel=0.02)


def test_integers_give_zeros_without_a_word(arrays):
    sigmoid = mx.npx.sigmoid if arrays.kind == "np" else mx.nd.sigmoid
    assert not sigmoid(arrays([-1, 2], "int32")).asnumpy().any()


def test_dense_takes_no_block_as_its_activation():
    """Issue #8422 asks for it."""
    with pytest.raises((TypeError, AttributeError, mx.base.MXNetError)):
        nn.Dense(1, activation=nn.ELU())(mx.np.ones((1, 1)))


def test_what_1_9_lacks():
    assert hasattr(nn, "SiLU") == (LINE == "2.0")
    assert hasattr(HybridBlock, "hybrid_forward") == (LINE == "1.9")


@pytest.mark.skipif("nd" not in KINDS, reason="2.x has no legacy Symbol to build a graph from")
def test_a_legacy_symbol_does_not_broadcast():
    product = mx.sym.var("x") * mx.sym.var("y")
    with pytest.raises(mx.base.MXNetError):
        product.infer_shape(x=(2, 3), y=(1,))


def test_a_binary_cross_entropy_with_a_wrong_slope_at_0(arrays):
    """SigmoidBCELoss uses relu and abs, whose slopes at 0 are 0: -y instead of 1/2 - y."""
    criterion = mx.gluon.loss.SigmoidBCELoss()
    for target in (0.0, 1.0):
        slope = arrays.value_and_slope(lambda x: criterion(x, arrays([[target]])).reshape((1, 1)), [[0.0]])[1]  # noqa: B023
        assert slope.item() == -target
