"""ONNX files of activations, run by ONNX Runtime and by onnx's evaluator; and what export refuses."""

import sys

import numpy as np
import pytest

from gluon_activations import (
    GELU,
    GLU,
    XIELU,
    AlphaDropout,
    LeakyReLU,
    LogSoftmax,
    Maxout,
    PReLU,
    RReLU,
    Sine,
    Snake,
    Softmax,
    Softmin,
    Sparsemax,
    Swish,
    activations,
    get_activation,
)
from gluon_activations._arrays import is_numpy_kind, numpy_arrays
from gluon_activations.onnx import export, register
from gluon_activations.onnx._recipes import RECIPES
from tests.conftest import LINE, Arrays
from tests.references import RECORDS, VECTORS, ulps, values_and_slopes

from mxnet.gluon import HybridBlock, nn

XS = np.array(
    [-1e4, -80, -20, -5, -2.5, -1, -1e-3, -1e-6, 0, 1e-6, 1e-3, 1, 2.5, 5, 20, 80, 1e4, -np.inf, np.inf, np.nan],
    dtype="float32",
)


def both_ways():
    return pytest.mark.parametrize("dynamic", [False, True], ids=["fixed", "dynamic"])


class Reversed(HybridBlock):
    """Three arrays in and four out, in another order than its graph has."""

    def hybrid_forward(self, F, x, y, z):
        last = z * 3
        return last + 1, [x - 2, y * 5], last


class Inverse(HybridBlock):
    """An operator for which nobody has written a converter."""

    def hybrid_forward(self, F, x):
        return (F.np if is_numpy_kind(x) else F).arcsinh(x)


class Written(HybridBlock):
    """A formula, as somebody writes it."""

    def __init__(self, formula):
        super().__init__()
        self.formula = formula

    def hybrid_forward(self, F, x, *others):
        return self.formula(F.np if is_numpy_kind(x) else F, x, *others)


# Formulas that end in numbers, of one array; in what both kinds of array have, and NumPy too.
FORMULAS = {
    "power": lambda F, x: (1 + x * x) ** (-1 / 3),
    "whole power": lambda F, x: x**3,
    "power of a number": lambda F, x: 2.0**x,
    "power of an array": lambda F, x: (x * x) ** x,
    "quotient": lambda F, x: 1 / (1 - x),
    "negative": lambda F, x: -x,
    "remainder": lambda F, x: x % 2,
    "remainder of a negative": lambda F, x: x % -1.5,
    "remainder of a number": lambda F, x: 2 % x,
    "remainder of an array": lambda F, x: x % (x - 0.25),
    "equal": lambda F, x: (x == 1) * x,
    "not equal": lambda F, x: (x != 1) * x,
    "greater": lambda F, x: (x > 1) * x,
    "at least": lambda F, x: (x >= 1) * x,
    "less": lambda F, x: (x < 1) * x,
    "at most": lambda F, x: (x <= 1) * x,
    "arrays: equal": lambda F, x: (x == F.abs(x)) * x,
    "arrays: not equal": lambda F, x: (x != F.abs(x)) * x,
    "arrays: greater": lambda F, x: (x > x * x) * x,
    "arrays: at least": lambda F, x: (x >= x * x) * x,
    "arrays: less": lambda F, x: (x < x * x) * x,
    "arrays: at most": lambda F, x: (x <= x * x) * x,
    "hyperbola": lambda F, x: F.arctanh(x / 9),
    **{name: lambda F, x, name=name: getattr(F, name)(x) for name in (
        "cos", "tan", "arctan", "sinh", "cosh", "ceil", "floor", "trunc", "fix", "cbrt", "negative", "abs", "sin",
        "exp", "expm1", "sign", "square", "tanh",
    )},
    **{name: lambda F, x, name=name: getattr(F, name)(x * x) for name in (
        "log", "log2", "log10", "log1p", "sqrt", "reciprocal",
    )},
    **{name: lambda F, x, name=name: getattr(F, name)(x / 8) for name in ("arcsin", "arccos")},
}  # fmt: skip
NUMPY_FORMULAS = {
    "number where not": lambda F, x: F.where(x > 0.25, x, 0.5),
    "number where": lambda F, x: F.where(x > 0.25, 0.5, x),
    "numbers": lambda F, x: F.where(x > 0.25, 0.5, -2.0) * x,
    "smallest": lambda F, x: F.min(x, axis=-1, keepdims=True) * x,
    "product": lambda F, x: F.prod(x, axis=-1, keepdims=True) * x,
    "copy": lambda F, x: F.copy(x) * x,
    "ends": lambda F, x: F.clip(x, -1, 1) + F.maximum(x, 0) + F.minimum(x, 0.5),
}
LEGACY_FORMULAS = {
    "rsqrt": (lambda F, x: F.rsqrt(x * x), lambda x: 1 / np.abs(x)),
    "rcbrt": (lambda F, x: F.rcbrt(x), lambda x: 1 / np.cbrt(x)),
}

if LINE == "1.9":
    import onnx

    from tests.runtimes import check, outputs

    def compare(block, arrays, tmp_path, x, dynamic, expected=None):
        """Export a block and run the file; a dynamic one is made for another batch than it is given."""
        block.initialize()
        own = block(arrays(x)).asnumpy()
        expected = own if expected is None else expected
        example = (1, *x.shape[1:]) if dynamic else x.shape
        path = export(block, str(tmp_path / "net.onnx"), example, dynamic=dynamic)
        check(path)
        for name, (got,) in outputs(path, x):
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6, err_msg=name)

    @both_ways()
    @pytest.mark.parametrize("name", activations("elements"))
    def test_every_activation_in_its_tails(arrays, name, dynamic, tmp_path):
        block, record = get_activation(name), RECORDS[name]
        block.initialize()
        path = export(block, str(tmp_path / "net.onnx"), (1, 3) if dynamic else (1, len(XS)), dynamic=dynamic)
        check(path)
        for runtime, (found,) in outputs(path, XS[None]):
            for x, got, value in zip(XS, found[0], list(values_and_slopes(name, XS))[0]):
                said = f"{name}({x}): {got}, not {float(value)}, says {runtime}"
                if record.absolute and np.isfinite(float(value)):  # GELU: erf gives its left tail no digits
                    assert abs(got - float(value)) <= max(2e-6, 1e-6 * abs(float(value))), said
                else:
                    assert ulps(got, value, "float32") <= 8, said

    @both_ways()
    @pytest.mark.parametrize("name", activations("vectors"))
    def test_what_acts_on_vectors(arrays, name, dynamic, tmp_path):
        x = np.random.randn(2, 6).astype("float32") * 3
        block = get_activation(name, **VECTORS[name].options)
        random = block.collect_params()  # the weights of a layer in it
        expected = None if random else VECTORS[name].function(x.astype("float64"))
        compare(block, arrays, tmp_path, x, dynamic, expected)

    @both_ways()
    @pytest.mark.parametrize("make", [
        lambda: GELU("tanh"),
        lambda: GELU("sigmoid"),
        lambda: Swish(3.0),
        lambda: Swish(-2.0),
        lambda: Swish(0.5, learnable=True),
        lambda: Maxout(3, 2),
        lambda: Maxout(2, 5),
        lambda: Softmax(temperature=2.0),
        lambda: Softmax(axis=1),
        lambda: LogSoftmax(axis=1, temperature=2.0),
        lambda: LogSoftmax(axis=-2),
        lambda: PReLU(alpha=2),
        lambda: LeakyReLU(0.3),
        lambda: AlphaDropout(0.3),
        lambda: RReLU(),
        lambda: Snake(0.5, learnable=True),
        lambda: Snake(2.0, learnable=True, in_channels=4),
        lambda: XIELU(alpha_n=1.2, learnable=True),
        lambda: Sparsemax(axis=1),
        lambda: Sparsemax(axis=-2),
        lambda: Softmin(axis=1),
        lambda: Sine(3.0),
        lambda: nn.LeakyReLU(0.3),
        lambda: nn.PReLU(),
        lambda: nn.ELU(0.5),
        lambda: nn.SELU(),
        lambda: nn.GELU(),
        lambda: nn.Swish(2.0),
        *[lambda kind=kind: nn.Activation(kind) for kind in ("relu", "sigmoid", "tanh", "softrelu", "softsign")],
    ])  # fmt: skip
    def test_other_blocks_and_forms(arrays, make, dynamic, tmp_path):
        compare(make(), arrays, tmp_path, np.random.randn(2, 4, 6).astype("float32") * 2, dynamic)

    @both_ways()
    @pytest.mark.parametrize("axis", [-1, -2, 1, 2])
    @pytest.mark.parametrize("gate", ["sigmoid", "tanh", "relu", "silu", "gelu", "identity"])
    def test_every_gate_and_axis_of_a_glu(arrays, gate, axis, dynamic, tmp_path):
        compare(GLU(gate, axis=axis), arrays, tmp_path, np.random.randn(2, 4, 6).astype("float32"), dynamic)

    CHANNELS = [(2, 3), (2, 3, 3), (2, 3, 4), (2, 3, 4, 3), (2, 3, 4, 5), (2, 3, 2, 2, 3)]

    def slopes(x):
        """One for each channel, in the shape in which NumPy lines them up."""
        return np.array([-0.5, 0.25, 2.0], "float32").reshape(3, *[1] * (x.ndim - 2))

    @both_ways()
    @pytest.mark.parametrize("shape", CHANNELS, ids=str)
    @pytest.mark.parametrize("own", [False, True], ids=["nn.PReLU", "PReLU"])
    def test_a_prelu_per_channel(arrays, own, shape, dynamic, tmp_path):
        x = np.random.randn(*shape).astype("float32")
        block = PReLU(3) if own else nn.PReLU(in_channels=3)
        block.initialize()
        (parameter,) = block.collect_params().values()
        parameter.set_data(arrays(slopes(x).ravel()))
        compare(block, arrays, tmp_path, x, dynamic, np.where(x > 0, x, slopes(x) * x))

    @both_ways()
    @pytest.mark.parametrize("shape", CHANNELS, ids=str)
    def test_a_swish_per_channel(arrays, shape, dynamic, tmp_path):
        x = np.random.randn(*shape).astype("float32")
        block = Swish(learnable=True, in_channels=3)
        block.initialize()
        block.beta.set_data(arrays(slopes(x).ravel()))
        compare(block, arrays, tmp_path, x, dynamic, x / (1 + np.exp(-slopes(x) * x)))

    def test_a_net_with_every_activation(arrays, tmp_path):
        net = nn.HybridSequential()
        for name in activations("elements"):
            net.add(nn.Dense(5), get_activation(name))
        net.initialize()
        net.hybridize()
        x = np.random.randn(3, 4).astype("float32")
        expected = net(arrays(x)).asnumpy()
        path = export(net, str(tmp_path / "net.onnx"), x.shape)
        for _, (got,) in outputs(path, x):
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(net(arrays(x)).asnumpy(), expected)  # still of the session's kind

    def test_shapes_in_the_file(arrays, tmp_path):
        for shape in ((3, 4), [3, 4], np.array([3, 4]), [(3, 4)]):
            for dynamic, lengths in ((False, [3, 4]), (True, [0, 0])):
                model = check(export(Swish(), str(tmp_path / "net.onnx"), shape, dynamic=dynamic))
                for named in (*model.graph.input, *model.graph.output):
                    assert [axis.dim_value for axis in named.type.tensor_type.shape.dim] == lengths
                assert [named.name for named in model.graph.input] == ["data"]
                assert [named.name for named in model.graph.output] == ["output"]

    @both_ways()
    def test_several_inputs_and_outputs_are_in_the_order_of_the_net(arrays, dynamic, tmp_path):
        shapes = [(2, 1), (2, 3), (4,)]
        path = export(Reversed(), str(tmp_path / "net.onnx"), shapes, dynamic=dynamic)
        model = check(path)
        assert [each.name for each in model.graph.input] == ["data0", "data1", "data2"]
        assert [each.name for each in model.graph.output] == ["output0", "output1", "output2", "output3"]
        x, y, z = (np.random.randn(*shape).astype("float32") for shape in shapes)
        for _, got in outputs(path, x, y, z):
            for one, expected in zip(got, (z * 3 + 1, x - 2, y * 5, z * 3)):
                np.testing.assert_allclose(one, expected, rtol=1e-6, atol=1e-6)

    def test_leaves_onnx_and_mxnet_as_they_were(arrays, tmp_path):
        from mxnet.onnx.mx2onnx._export_onnx import MXNetGraph

        before = dict(MXNetGraph.registry_[13]), dict(onnx.checker.DEFAULT_CONTEXT.opset_imports)
        export(LogSoftmax(), str(tmp_path / "net.onnx"), (2, 3))
        with pytest.raises(NotImplementedError):
            export(Inverse(), str(tmp_path / "net.onnx"), (2, 3))
        assert before == (MXNetGraph.registry_[13], onnx.checker.DEFAULT_CONTEXT.opset_imports)

    def test_refuses_a_net(arrays, tmp_path, monkeypatch):
        path = str(tmp_path / "x")
        with pytest.raises(TypeError, match="HybridBlock, not 'net'"):
            export("net", path, (1, 2))
        for dtype in ("float16", "float64"):
            net = nn.Dense(2, in_units=2)
            net.initialize()
            net.cast(dtype)
            with pytest.raises(TypeError, match=f"parameters of the net are float32, not {dtype}: cast it first"):
                export(net, path, (1, 2))
            net = nn.HybridSequential()  # which holds no parameter
            net.add(nn.Flatten(), GELU())
            net.cast(dtype)
            with pytest.raises(TypeError, match=f"computes in float32, not {dtype}: cast it first"):
                export(net, path, (1, 2))
        monkeypatch.setitem(sys.modules, "gluon_activations.onnx._file", None)
        monkeypatch.delattr(sys.modules["gluon_activations.onnx"], "_file")
        with pytest.raises(ImportError, match="onnx 1.14 or later: pip install onnx"):
            export(Swish(), path, (1, 2))
        assert not (tmp_path / "x").exists()

    @pytest.mark.parametrize("shape", [3, "12", (0, 3), (-1, 3), (1.5, 2), [(1, 2), 3], [(1, 2), (0, 1)], None])
    def test_refuses_a_shape(shape, tmp_path):
        with pytest.raises(ValueError, match="input_shape is a tuple of lengths above 0, .* not") as error:
            export(Swish(), str(tmp_path / "x"), shape)
        assert repr(shape) in str(error.value)

    @pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32"), [np.float32]])
    def test_dtypes_may_be_numpys(dtype, arrays, tmp_path):
        path = str(tmp_path / "x")
        export(Swish(), path, (1, 2), dtype=dtype)
        assert onnx.load(path).graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT

    def test_refuses_dtypes_and_inputs(arrays, tmp_path):
        path = str(tmp_path / "x")
        for dtype in ("float16", "float64", "int8", np.float64, None, ["float16"]):
            with pytest.raises(ValueError, match="dtype is one of float32, int32, int64, not"):
                export(Swish(), path, (1, 2), dtype=dtype)
        with pytest.raises(ValueError, match="one for all inputs or a list of one for each, not 2 for 3"):
            export(Reversed(), path, [(1, 2)] * 3, dtype=["float32", "int32"])

        class First(HybridBlock):
            def hybrid_forward(self, F, x, y):
                return x * 2

        with pytest.raises(ValueError, match="each input of the file is one that the net uses, not data1"):
            export(First(), path, [(1, 2), (1, 2)])

    def test_an_operator_is_taught(arrays, tmp_path):
        path, operator = str(tmp_path / "net.onnx"), "_npi_arcsinh" if arrays.kind == "np" else "arcsinh"
        x = np.linspace(-3, 4, 6, dtype="float32")[None]
        lacks = f"nothing says in ONNX's operators what {operator} is: gluon_activations.onnx.register can"
        with pytest.raises(NotImplementedError, match=lacks):
            export(Inverse(), path, x.shape)

        def written_out(node, attributes, x):
            root = node("Sqrt", node("Add", node("Mul", x, x), 1.0))
            return node("Log", node("Add", x, root))

        try:
            for recipe in (lambda node, attributes, x: node("Asinh", x), written_out):
                register(operator, recipe)
                check(export(Inverse(), path, x.shape))
                for _, (got,) in outputs(path, x):
                    np.testing.assert_allclose(got, np.arcsinh(x), rtol=1e-5)
        finally:
            del RECIPES[operator]

    def compare_formula(formula, expected, arrays, tmp_path):
        x = np.array([[-7.0, -3, -1.5, -1], [-0.7, -0.2, 0.3, 0.6], [1, 1.75, 3, 7.5]], "float32")
        path = export(Written(formula), str(tmp_path / "net.onnx"), x.shape)
        check(path)
        true = expected(x.astype("float64"))
        np.testing.assert_allclose(Written(formula)(arrays(x)).asnumpy(), true, rtol=1e-5, atol=1e-6)
        for name, (got,) in outputs(path, x):
            np.testing.assert_allclose(got, true, rtol=1e-5, atol=1e-6, err_msg=name)

    @pytest.mark.parametrize("name", FORMULAS)
    def test_what_a_formula_is_written_with_can_be_exported(arrays, name, tmp_path):
        compare_formula(FORMULAS[name], lambda x: FORMULAS[name](np, x), arrays, tmp_path)

    @pytest.mark.parametrize("name", NUMPY_FORMULAS)
    def test_what_numpy_alone_has_can_be_exported(name, tmp_path):
        arrays = Arrays("np")
        with numpy_arrays():
            compare_formula(NUMPY_FORMULAS[name], lambda x: NUMPY_FORMULAS[name](np, x), arrays, tmp_path)

    def test_a_number_with_an_answer_is_refused_in_a_line(tmp_path):
        with (
            numpy_arrays(),
            pytest.raises(NotImplementedError, match="^a number with .* no ONNX form here: use where$"),
        ):
            export(Written(lambda F, x: (x > 0.25) * 0.5), str(tmp_path / "net.onnx"), (2, 3))

    @pytest.mark.parametrize("name", LEGACY_FORMULAS)
    def test_what_legacy_arrays_alone_have_can_be_exported(name, tmp_path):
        compare_formula(*LEGACY_FORMULAS[name], Arrays("nd"), tmp_path)

    def test_what_a_recipe_may_ask_and_return(arrays, tmp_path, monkeypatch):
        path, operator = str(tmp_path / "net.onnx"), "_npi_arcsinh" if arrays.kind == "np" else "arcsinh"
        x = np.linspace(-3, 4, 6, dtype="float32").reshape(1, 2, 3)
        asked = []

        def same(node, attributes, x):
            asked.append((node.shape(x), node.dtype(x), attributes))
            return x

        def not_the_last(node, attributes, x):
            twice = node("Mul", x, np.array([2.0], "float32"))
            node("Neg", x)
            return twice

        def the_first(node, attributes, x):
            negative = node("Neg", x)
            node("Abs", x)
            return negative

        for recipe, expected in ((same, x), (not_the_last, 2 * x), (the_first, -x)):
            monkeypatch.setitem(RECIPES, operator, recipe)
            check(export(Inverse(), path, x.shape))
            for _, (got,) in outputs(path, x):
                np.testing.assert_array_equal(got, expected)
        assert asked == [((1, 2, 3), np.dtype("float32"), {})]
        monkeypatch.setitem(RECIPES, operator, lambda node, attributes, x: None)
        with pytest.raises(TypeError, match=f"recipe for {operator} returns the name of its output, not None"):
            export(Inverse(), path, x.shape)

    @pytest.mark.parametrize("by_name", [False, True])
    def test_mxnets_own_converter_turns_a_quotient_around(tmp_path, monkeypatch, by_name):
        """It goes by the name of the node, in which it looks for "_rdivscalar"; only ``2 / x`` gives that."""

        class Quotient(HybridBlock):
            def hybrid_forward(self, F, x):
                return F._internal._rdiv_scalar(x, scalar=2.0) if by_name else 2 / x

        x, path = np.array([[1, 2, 4]], dtype="float32"), str(tmp_path / "net.onnx")
        for wanted in (2 / x, x / 2 if by_name else 2 / x):
            for _, (got,) in outputs(export(Quotient(), path, x.shape), x):
                np.testing.assert_allclose(got, wanted, rtol=1e-6)
            monkeypatch.delitem(RECIPES, "_rdiv_scalar", raising=False)  # leaves MXNet's own converter

else:

    def test_says_where_it_works(tmp_path):
        with pytest.raises(RuntimeError, match="ONNX export works on MXNet 1.9"):
            export(Swish(), str(tmp_path / "net.onnx"), (1, 2))


def test_refuses_to_be_taught():
    for operator, recipe, kind, message in (
        (3, len, TypeError, "the operator is its name as a str, not 3"),
        ("log1p", "Log", TypeError, "the recipe for log1p is a function of .*, not 'Log'"),
        ("logp1", len, ValueError, "the operator is one of MXNet's, as 'log1p', not 'logp1'"),
    ):
        before = dict(RECIPES)
        with pytest.raises(kind, match=message):
            register(operator, recipe)
        assert before == RECIPES
