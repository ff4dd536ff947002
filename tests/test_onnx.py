"""ONNX files, run by onnx's reference evaluator."""

import sys

import mxnet as mx
import numpy as np
import pytest
from mxnet.gluon import nn
from mxnet.gluon.model_zoo import vision

import gluon_activations.onnx
from gluon_activations import (
    GELU,
    GLU,
    AlphaDropout,
    LeakyReLU,
    LogSoftmax,
    Maxout,
    PReLU,
    Softmax,
    Swish,
    activations,
    get_activation,
    replace_activations,
)
from tests.conftest import LINE
from tests.references import RECORDS, VECTORS, ulps, values_and_slopes

XS = np.array(
    [-1e4, -80, -20, -5, -2.5, -1, -1e-3, -1e-6, 0, 1e-6, 1e-3, 1, 2.5, 5, 20, 80, 1e4, -np.inf, np.inf, np.nan],
    dtype="float32",
)

if LINE == "1.9":
    import onnx
    import onnx.reference

    def run(path, x):
        with np.errstate(all="ignore"):
            return onnx.reference.ReferenceEvaluator(str(path)).run(
                None, {"data": np.asarray(x, dtype="float32")}
            )[0]

    @pytest.mark.parametrize("name", activations("elements"))
    def test_every_activation(arrays, name, tmp_path):
        block, record = get_activation(name), RECORDS[name]
        block.initialize()
        x = XS[None]
        path = gluon_activations.onnx.export(block, str(tmp_path / "net.onnx"), x.shape)
        exported, own = run(path, x)[0], block(arrays(x)).asnumpy()[0]
        for point, got, ours, value in zip(XS, exported, own, list(values_and_slopes(name, XS))[0]):
            if record.absolute or np.isnan(ours) or abs(ours) < 1e-30:
                np.testing.assert_allclose(got, ours, rtol=1e-6, atol=2e-6)
            else:
                assert ulps(got, value, "float32") <= 8, f"{name}({point}): {got}, not {float(value)}"

    @pytest.mark.parametrize("name", activations("vectors"))
    def test_what_acts_on_vectors(arrays, name, tmp_path):
        block = get_activation(name, **VECTORS[name].options)
        block.initialize()
        x = np.random.randn(2, 6).astype("float32") * 3
        path = gluon_activations.onnx.export(block, str(tmp_path / "net.onnx"), x.shape)
        np.testing.assert_allclose(run(path, x), block(arrays(x)).asnumpy(), rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("make", [
        lambda: GELU("tanh"),
        lambda: GELU("sigmoid"),
        lambda: Swish(3.0),
        lambda: Swish(-2.0),
        lambda: Swish(0.5, learnable=True),
        lambda: Swish(0.5, learnable=True, in_channels=4),
        lambda: GLU("sigmoid"),
        lambda: GLU("gelu", axis=1),
        lambda: Maxout(3, 2),
        lambda: Softmax(temperature=2.0),
        lambda: LogSoftmax(axis=1, temperature=2.0),
        lambda: PReLU(4, alpha=-0.5),
        lambda: PReLU(alpha=2),
        lambda: LeakyReLU(0.3),
        lambda: AlphaDropout(0.3),
    ])  # fmt: skip
    def test_other_blocks_and_forms(arrays, make, tmp_path):
        block = make()
        block.initialize()
        x = np.random.randn(2, 4, 6).astype("float32")
        expected = block(arrays(x)).asnumpy()
        path = gluon_activations.onnx.export(block, str(tmp_path / "net.onnx"), x.shape)
        np.testing.assert_allclose(run(path, x), expected, rtol=1e-5, atol=1e-6)

    def test_a_net_with_every_activation(arrays, tmp_path):
        net = nn.HybridSequential()
        for name in activations("elements"):
            net.add(nn.Dense(5), get_activation(name))
        net.initialize()
        net.hybridize()
        x = np.random.randn(3, 4).astype("float32")
        expected = net(arrays(x)).asnumpy()
        path = gluon_activations.onnx.export(net, str(tmp_path / "net.onnx"), x.shape)
        np.testing.assert_allclose(run(path, x), expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(net(arrays(x)).asnumpy(), expected)  # still of the session's kind

    def test_reshapes_that_onnx_has_no_code_for(arrays):
        def node(*operands):
            return operands

        assert gluon_activations.onnx._reshape(node, {"newshape": "(-2, -2, -1)"}, "x") == (
            "Reshape",
            "x",
            [0, 0, -1],
        )
        for wrong in ("(-3,)", "(2, 0)", "(-4, 1)"):
            with pytest.raises(NotImplementedError, match="has no ONNX form here"):
                gluon_activations.onnx._reshape(node, {"newshape": wrong}, "x")

    def test_a_fixed_batch_unless_told_otherwise(arrays, tmp_path):
        for options, length in (({}, 3), ({"dynamic": True}, 0)):
            path = gluon_activations.onnx.export(Swish(), str(tmp_path / "net.onnx"), (3, 4), **options)
            (data,) = (given for given in onnx.load(path).graph.input if given.name == "data")
            assert data.type.tensor_type.shape.dim[0].dim_value == length

    def test_any_batch_if_dynamic(arrays, tmp_path):
        net = nn.HybridSequential()
        net.add(nn.Dense(5), get_activation("mish"))
        net.initialize()
        path = gluon_activations.onnx.export(net, str(tmp_path / "net.onnx"), (1, 4), dynamic=True)
        x = np.random.randn(7, 4).astype("float32")
        np.testing.assert_allclose(run(path, x), net(arrays(x)).asnumpy(), rtol=1e-5, atol=1e-6)

    def test_a_model_of_the_zoo(arrays, tmp_path):
        with mx.util.np_shape(arrays.kind == "np"):  # legacy shapes, where 0 means "not known yet"
            net = vision.mobilenet0_25(classes=3)
            net.initialize()
            replace_activations(net, "silu")
            x = np.random.randn(1, 3, 32, 32).astype("float32")
            expected = net(arrays(x)).asnumpy()
            path = gluon_activations.onnx.export(net, str(tmp_path / "net.onnx"), x.shape)
        np.testing.assert_allclose(run(path, x), expected, rtol=1e-3, atol=1e-5)

    def test_the_file_names_the_operators_that_are_in_it(arrays, tmp_path):
        before = onnx.defs.onnx_opset_version(), onnx.checker.DEFAULT_CONTEXT.opset_imports
        path = gluon_activations.onnx.export(LogSoftmax(), str(tmp_path / "net.onnx"), (2, 3))
        model = onnx.load(path)
        assert [imported.version for imported in model.opset_import] == [13]
        onnx.checker.check_model(model)
        assert before == (onnx.defs.onnx_opset_version(), onnx.checker.DEFAULT_CONTEXT.opset_imports)

    def test_refuses(arrays, tmp_path, monkeypatch):
        with pytest.raises(TypeError, match="HybridBlock, not 'net'"):
            gluon_activations.onnx.export("net", str(tmp_path / "x"), (1, 2))
        net = nn.Dense(2, in_units=2)
        net.initialize()
        net.cast("float64")
        with pytest.raises(TypeError, match="float32, not float64"):
            gluon_activations.onnx.export(net, str(tmp_path / "x"), (1, 2))
        monkeypatch.setitem(sys.modules, "onnx.mapping", None)
        monkeypatch.delattr(onnx, "mapping")
        with pytest.raises(ImportError, match="onnx 1.14 to 1.16"):
            gluon_activations.onnx.export(Swish(), str(tmp_path / "x"), (1, 2))

else:

    def test_says_where_it_works(tmp_path):
        with pytest.raises(RuntimeError, match="ONNX export works on MXNet 1.9"):
            gluon_activations.onnx.export(Swish(), str(tmp_path / "net.onnx"), (1, 2))
