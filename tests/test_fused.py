"""The compiled kernels: digits, levels, threads, gradients, and that what is saved runs without them."""

import json
import os
import resource
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mpmath import mp, mpf

import gluon_activations as ga
from gluon_activations import GLU, PReLU, SiLU, Swish, activations, functional, fused, get_activation
from gluon_activations.fused import _graphs, _operators
from tests.conftest import LINE
from tests.references import RECORDS, exact, slope_of, ulps

import mxnet as mx
from mxnet.gluon import HybridBlock, SymbolBlock, nn

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(not fused.available(), reason=f"no compiled kernels: {fused.why_not()}")

DTYPES = ("float16", "float32", "float64")
COMPILED = [name for name in activations("elements") if not RECORDS[name].composed]
CASES = [(name, options) for name in COMPILED for options in ((), *RECORDS[name].variants)]
GATES = functional.glu.declared.parameters["activation"].options
LEARNED = (
    lambda channels=1: PReLU(channels, alpha=-0.3),
    lambda channels=1: Swish(0.7, learnable=True, in_channels=channels),
)
DEVICE = "device" if LINE == "2.0" else "ctx"


def made(block, dtype="float32", device=None):
    block.initialize(**{DEVICE: device or mx.cpu()})
    block.cast(dtype)
    return block


def of(name, options, dtype="float32"):
    return made(get_activation(name, **dict(options)), dtype)


def run(block, xs, dtype="float32", upstream=None):
    """Value and gradients, that of the array first."""
    x = ga.array(xs, dtype)
    x.attach_grad()
    with mx.autograd.record():
        y = block(x)
    y.backward(None if upstream is None else ga.array(upstream, dtype))
    parameters = [p.grad().asnumpy() for p in block.collect_params().values()]
    return [y.asnumpy(), x.grad.asnumpy(), *parameters]


def elsewhere(call, *arguments, **environment):
    """Run a function of this file in a process of its own."""
    code = f"from tests import test_fused; test_fused.{call}(*{arguments!r})"
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr


def test_what_has_a_kernel():
    assert {*COMPILED} == {*fused._library.formulas} & {*activations("elements")}


# -- digits --------------------------------------------------------------------------------------------------


@cache
def sweep():
    """Finite numbers of float32, one in 10007 of all."""
    xs = np.arange(0, 2**32, 10007, dtype="uint32").view("float32")
    return xs[np.isfinite(xs)]


def reference(name, options, xs):
    """Value and slope, relative to them to some 1e-15: by SciPy or, of a variant, by mpmath."""
    if not options:
        with np.errstate(all="ignore"):
            return RECORDS[name].float64(xs)
    return np.array([[float(part) for part in true(name, options, float(x))] for x in xs]).T


@cache
def turns(name, options):
    """Where the slope passes through 0 smoothly (as mpmath numbers), and where it jumps."""
    xs = np.linspace(-9, 9, 1801) + 0.0043
    slopes = reference(name, options, xs)[1]
    zeros, jumps = [], []
    for low, high, left, right in zip(xs, xs[1:], slopes, slopes[1:]):
        if abs(right - left) > 0.05:
            where = jump(name, options, low, high)
            jumps += [where] if where is not None else []
        elif left * right < 0:
            low, high = mpf(low), mpf(high)
            while high - low > 1e-30:
                middle = (low + high) / 2
                low, high = (middle, high) if true(name, options, middle)[1] * left > 0 else (low, middle)
            zeros.append(low)
    return zeros, jumps


def jump(name, options, low, high):
    """Where the slope jumps between two points, to twelve digits; None where it is only steep."""
    ends = [(mpf(x), slope_of(formula_of(name, options), mpf(x))) for x in (low, high)]
    for _ in range(50):
        middle = (ends[0][0] + ends[1][0]) / 2
        found = (middle, slope_of(formula_of(name, options), middle))
        ends = max(([ends[0], found], [found, ends[1]]), key=lambda pair: abs(pair[1][1] - pair[0][1]))
        if abs(ends[1][1] - ends[0][1]) < 0.04:
            return None
    return round(float(ends[0][0]), 12) + 0.0


def formula_of(name, options):
    return RECORDS[name].variants[options] if options else RECORDS[name].formula


def true(name, options, x):
    """Value and slope as mpmath numbers; a slope at a kink is the record's."""
    if not options and x in RECORDS[name].kinks:
        return exact(name, float(x))
    formula = formula_of(name, options)
    return formula(mpf(x)), slope_of(formula, mpf(x))


def taken(xs):
    """Without subnormal numbers where MXNet takes them for 0."""
    return xs[(xs == 0) | (np.abs(xs) >= np.finfo(xs.dtype).tiny)] if LINE == "2.0" else xs


def around(x, count, dtype):
    """The ``count`` numbers of a dtype on either side of one."""
    step = np.dtype(dtype).type
    found = [step(x)]
    for _ in range(count):
        found = [np.nextafter(found[0], step(-np.inf)), *found, np.nextafter(found[-1], step(np.inf))]
    return found


@pytest.mark.parametrize("name", COMPILED)
def test_there_is_a_kernel_or_a_word_why_not(name):
    assert name in fused.formulas(), "no FORMULA of this name: write one, or say in the record why not, composed=…"


@pytest.mark.once  # the arithmetic is that of one source
@pytest.mark.parametrize("name, options", CASES, ids=str)
def test_float32_is_right_to_half_a_unit(name, options):
    step = 997 if options else 1  # mpmath takes its time
    assert_half_a_unit(name, options, step, lambda xs: run(of(name, options), xs))


def assert_half_a_unit(name, options, step, computed):
    """To 0.51 units, since what is rounded at the end has itself some 2^-35 of error; ``computed(xs)`` is it."""
    zeros, jumps = turns(name, options)
    windows = [around(x, 200, "float32") for x in (0, *map(float, zeros), *jumps)]
    xs = taken(np.concatenate([sweep()[::step], *windows]).astype("float32"))
    info = np.finfo("float32")
    truth = reference(name, options, xs.astype("float64"))
    chosen = np.isin(xs, jumps) if options else np.zeros(len(xs), bool)
    if chosen.any():  # the slope at a kink is a choice, and that of the composed formula
        with fused.disabled():
            truth[1][chosen] = run(of(name, options), xs[chosen])[1]
    for got, expected in zip(computed(xs), truth):
        with np.errstate(all="ignore"):
            unit = np.spacing(np.maximum(np.abs(expected.astype("float32")), info.tiny)).astype("float64")
            off = np.abs(got - expected) / unit
        near = np.min([np.abs(xs - float(zero)) < 1e-4 for zero in zeros] or np.zeros((1, len(xs))), axis=0) > 0
        checked = (np.abs(expected) >= info.tiny) & (np.abs(expected) <= info.max) & ~near
        assert np.all(off[checked] <= 0.51), (
            f"at {xs[checked][np.nanargmax(off[checked])]}: {np.nanmax(off[checked])}"
        )
        small = np.abs(expected) < info.tiny
        assert np.all(np.abs(got[small]) <= info.tiny) and np.all(
            np.isinf(got[np.abs(expected) > info.max * 1.001])
        )
    for zero in zeros:
        xs = np.array([*around(float(zero), 25, "float32"), *around(float(zero), 200, "float32")[::9]], "float32")
        for x, *both in zip(xs, *computed(xs)):
            for got, expected in zip(both, true(name, options, float(x))):
                assert ulps(got, expected, "float32") <= 0.51, f"at {x!r}"


def numbers_that_float32_does_not_hold():
    """Options for which a kink, if it has one, is where no number of float32 or float16 is."""
    for name in COMPILED:
        declared = getattr(functional, name).declared
        for key, number in [(key, number) for key in declared.parameters for number in (0.1, 0.3, -0.1, 0.7)]:
            try:
                declared.bind((), {key: number})
            except (TypeError, ValueError):
                continue
            yield name, key, number


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name, key, number", numbers_that_float32_does_not_hold())
def test_a_kink_that_a_dtype_does_not_hold_is_where_the_composed_formula_has_it(name, key, number, dtype):
    at = np.array([number, 0.5 / number, 1.0])
    xs = np.concatenate([at, -at]).astype(dtype)
    function = getattr(functional, name)
    got = run(made(get_activation(lambda x: function(x, **{key: number})), dtype), xs, dtype)
    with fused.disabled():
        expected = run(made(get_activation(lambda x: function(x, **{key: number})), dtype), xs, dtype)
    bound = 4e-3 if dtype == "float16" else 1e-5
    for one, other in zip(got, expected):
        np.testing.assert_allclose(one, other, rtol=bound, atol=bound)


def points(name, options):
    """Points for float64: both tails, tiny ones, and what lies at turns."""
    random = np.random.RandomState(7)
    zeros, jumps = turns(name, options)
    close = [1e-14, 1e-9, 1e-4, 0.1, 0.49, 0.51, 0.74, 0.76]
    return np.unique(np.concatenate([
        random.uniform(-3, 3, 60), random.uniform(-40, 40, 60), random.uniform(-750, 40, 60),
        random.uniform(-38.6, -36, 9), random.uniform(-716, -706, 25), [-1e4, 1e4],
        *([-tiny, tiny] for tiny in 10.0 ** -np.arange(1, 308, 18)),
        *(around(float(zero), 3, "float64") for zero in zeros),
        *(side for x in jumps for side in (around(x, 3, "float64")[:3], around(x, 3, "float64")[4:])),
        *([kink] for kink in RECORDS[name].kinks if not options),
        *(float(zero) + sign * np.array(close) for zero in zeros for sign in (-1, 1)),
    ]))  # fmt: skip


@pytest.mark.once  # the arithmetic is that of one source
@pytest.mark.parametrize("name, options", CASES, ids=str)
def test_float64_is_right_to_some_units(name, options):
    assert_some_units(name, options, lambda xs: run(of(name, options, "float64"), xs, "float64"))


def assert_some_units(name, options, computed):
    """To 4 units, values and slopes, also left of the minimum of a smooth gate, where two terms cancel."""
    xs = taken(points(name, options))
    info = np.finfo("float64")
    for x, *both in zip(xs, *computed(xs)):
        at_zero = any(abs(x - zero) < 1e-15 for zero in turns(name, options)[0])
        for got, expected, units in zip(both, true(name, options, float(x)), (4, 4)):
            if info.tiny <= abs(expected) <= info.max:
                off = ulps(got, expected, "float64")
                held = (
                    at_zero and abs(float(got) - expected) <= 1e-32
                )  # to the digits of the two numbers it is held in
                assert off <= units or held, f"at {x!r}: {off} units"
            else:
                assert abs(got) <= info.tiny or abs(expected) > info.max and np.isinf(got), f"at {x!r}: {got}"


# Steepness and z = beta x of a gate: from where the slope by beta is large to where it is 0, and in between.
STEEP = [1, 1e-10, 1e10, 1e-150, 1e-160, 1e100, 1e-200, 1e300, *(10.0**-k for k in range(290, 308)), 2.3e-308]
FROM_ZERO = [5e-3, 0.3, 3, 30, 300, 599, 601, 700, 709, 745, 1000, 1400, 1418, 1490, 1510, 1700, 2000, 2100, 2300]


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("dtype, units", [("float32", 0.51), ("float64", 4)])
def test_the_gradient_by_a_learned_number_is_right_to_some_units(dtype, units, each):
    """Of swish, where x^2 is so large that it outweighs a gate that float64 cannot hold."""
    info = np.finfo(dtype)
    pairs = [
        (sign * beta, side * z / beta)
        for beta in STEEP for z in FROM_ZERO for side in (-1, 1) for sign in (-1, 1)
        if info.tiny < beta < info.max and info.tiny < z / beta < info.max
    ]  # fmt: skip
    betas, xs = np.array(pairs, dtype).T
    got = [slope_by(*pair, dtype) for pair in zip(betas, xs)] if not each else slope_by(betas, xs, dtype)
    assert len(pairs) > 200
    for beta, x, slope in zip(betas, xs, got):
        with mp.workdps(2000):
            expected = mpf(float(x)) ** 2 / (2 + 2 * mp.cosh(mpf(float(beta)) * mpf(float(x))))
        if info.tiny <= expected <= info.max:
            assert ulps(slope, expected, dtype) <= units, f"beta={beta!r}, x={x!r}: {slope!r}, not {expected}"
        else:
            assert np.isinf(slope) if expected > 1 else abs(slope) <= info.tiny, f"beta={beta!r}, x={x!r}"


def slope_by(betas, xs, dtype):
    """The gradients of swish by beta: of one number, or of several that lie side by side."""
    x, beta = ga.array(np.reshape(xs, (1, -1)), dtype), ga.array(np.reshape(betas, -1), dtype)
    beta.attach_grad()
    with mx.autograd.record():
        y = functional.swish(x, beta, per_channel=beta.size > 1)
    y.backward()
    return beta.grad.asnumpy() if beta.size > 1 else beta.grad.asnumpy()[0]


# -- levels and threads --------------------------------------------------------------------------------------

SHAPES = [(4001, 5), (40, 5), (30, 5, 211), (3, 5, 31, 29), (3, 5, 2, 11, 31), (3, 5, 1, 1, 1), (2, 5, 20011)]
TO_CUT = [(34,), (6, 4, 5, 8), (2, 17001), (17001, 2), (3, 2, 9001)]


def numbers(*shape, seed=7):
    return np.random.RandomState(seed).standard_normal(shape) * 4


def results(path=None):
    """Everything there is to compute, by what it is."""
    found = {}

    def keep(what, block, xs, dtype):
        upstream = numbers(*block(ga.array(xs, dtype)).shape, seed=8)
        found.update({f"{what} {dtype} {i}": part for i, part in enumerate(run(block, xs, dtype, upstream))})

    for dtype in DTYPES:
        for name, options in CASES:
            xs = np.concatenate([numbers(17000), np.linspace(-100, 100, 999), [np.inf, -np.inf]])
            keep(f"{name} {options}", of(name, options, dtype), xs, dtype)
        for i, make in enumerate(LEARNED):
            for shape in SHAPES:
                keep(f"learned {i} {shape}", made(make(shape[1]), dtype), numbers(*shape), dtype)
                keep(f"one learned {i} {shape}", made(make(), dtype), numbers(*shape), dtype)
        for gate in GATES:
            for shape in TO_CUT:
                for axis in (axis for axis in range(-len(shape), len(shape)) if shape[axis] % 2 == 0):
                    keep(f"{gate} {shape} {axis}", GLU(gate, axis), numbers(*shape), dtype)
    if path:
        np.savez(path, **found, level=fused.level())
    return found


@cache
def composed():
    with fused.disabled():
        return results()


BOUNDS = {"float16": (2e-2, 1e-3), "float32": (1e-4, 1e-5), "float64": (1e-9, 1e-12)}


def assert_close(got, expected, what):
    dtype = next(dtype for dtype in DTYPES if dtype in what)
    relative, absolute = BOUNDS[dtype]
    size = np.abs(expected[np.isfinite(expected)]).max(initial=1)
    np.testing.assert_allclose(got, expected, relative, absolute * size, err_msg=what)


@pytest.mark.once  # the arithmetic is that of one source
@pytest.mark.parametrize("level", ["avx512", "avx2", "portable"])
def test_every_level_computes_the_same_with_one_thread_and_with_two(level, tmp_path):
    found = []
    for threads in ("1", "2"):
        path = str(tmp_path / f"{threads}.npz")
        elsewhere("results", path, GLUON_ACTIVATIONS_LEVEL=level, OMP_NUM_THREADS=threads)
        found.append(dict(np.load(path)))
    one, two = found
    if one.pop("level") != level:
        pytest.skip(f"this processor has no {level}")
    assert two.pop("level") == level and one.keys() == two.keys() == composed().keys()
    for what, expected in composed().items():
        np.testing.assert_array_equal(one[what], two[what], what)
        assert one[what].dtype == expected.dtype and one[what].shape == expected.shape
        finite = np.isfinite(expected)  # what an overflow on the way makes of the composed ones is theirs
        assert_close(one[what][finite], expected[finite], what)


def test_an_unknown_level_is_the_portable_one(tmp_path):
    elsewhere("check_level", "portable", GLUON_ACTIVATIONS_LEVEL="abacus")


def check_level(expected):
    assert fused.level() == expected


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name, options", CASES, ids=str)
def test_a_number_has_its_bits_wherever_it_stands(name, options, dtype):
    block, xs = of(name, options, dtype), numbers(70)
    whole = run(block, xs, dtype)[:2]
    for part in [*(slice(n) for n in range(1, 70)), *(slice(n, None) for n in range(1, 10))]:
        for got, expected in zip(run(block, xs[part], dtype), whole):
            np.testing.assert_array_equal(got, expected[part], f"{part}")


# -- arrays and gradients ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, options", CASES, ids=str)
def test_views(arrays, name, options):
    block, x = of(name, options), arrays(numbers(12, 6))
    whole = block(x).asnumpy()
    x.attach_grad()
    for view in (lambda x: x[3:7], lambda x: x.T, lambda x: x[:, 2:5], lambda x: x[::2], lambda x: x[5]):
        with mx.autograd.record():
            y = block(view(x))
        y.backward()
        np.testing.assert_array_equal(y.asnumpy(), view(whole))
        slope, touched = run(block, x.asnumpy())[1], np.zeros((12, 6))
        view(touched)[...] = 1
        np.testing.assert_array_equal(x.grad.asnumpy(), slope * touched)


MODES = {
    "eager": None,
    "graph": {},
    "static memory": {"static_alloc": True},
    "static": {"static_alloc": True, "static_shape": True},
}
KEEPING_SHAPE = {
    "fixed": lambda: get_activation("mish"),
    **{f"learned {i}": make for i, make in enumerate(LEARNED)},
    **{f"learned {i} per channel": lambda make=make: make(6) for i, make in enumerate(LEARNED)},
}
BLOCKS = {**KEEPING_SHAPE, "glu": lambda: GLU("silu", 1)}


def in_mode(block, mode):
    net = nn.HybridSequential()
    net.add(block)
    if MODES[mode] is not None:
        net.hybridize(**MODES[mode])
    return made(net)


@pytest.mark.parametrize("of_parameters", ["write", "add", "null"])
@pytest.mark.parametrize("of_array", ["write", "add", "null"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("which", BLOCKS)
def test_each_way_to_ask_for_a_gradient(which, mode, of_array, of_parameters):
    xs = numbers(4, 6, 8)
    with fused.disabled():
        _, slope, *others = run(made(BLOCKS[which]()), xs)
    net = in_mode(BLOCKS[which](), mode)
    parameters = list(net.collect_params().values())
    for parameter in parameters:
        parameter.grad_req = of_parameters
    x = ga.array(xs)
    x.attach_grad(grad_req=of_array)
    asked = [(of_array, x, slope)] + [(of_parameters, p.data(), grad) for p, grad in zip(parameters, others)]
    if all(request == "null" for request, *_ in asked):
        pytest.skip("no gradient is asked for")
    for count in (1, 2, 3):
        with mx.autograd.record():
            y = net(x)
        y.backward()
        for request, array, expected in asked:
            times = {"write": 1, "add": count, "null": 0}[request]
            got = np.zeros_like(expected) if array.grad is None else array.grad.asnumpy()
            np.testing.assert_allclose(got, times * expected, 1e-4, 1e-4)


class Sum(HybridBlock):
    """Many activations of one array, added up: MXNet adds their gradients in place."""

    def __init__(self):
        super().__init__()
        self.parts = nn.HybridSequential()
        self.parts.add(*(make() for _ in range(2) for make in KEEPING_SHAPE.values()))
        self.parts.add(SiLU(), SiLU())

    def added(self, x):
        parts = list(self.parts)
        total = parts[0](x)
        for part in parts[1:]:
            total = total + part(x)
        return total

    if LINE == "2.0":

        def forward(self, x):
            return self.added(x)
    else:

        def hybrid_forward(self, F, x):
            return self.added(x)


@pytest.mark.parametrize("request_", ["write", "add"])
@pytest.mark.parametrize("mode", MODES)
def test_an_array_that_twelve_activations_share(mode, request_):
    assert len(Sum().parts) == 12
    xs = numbers(4, 6, 30)
    with fused.disabled():
        value, slope, *_ = run(made(Sum()), xs)
    net, x = in_mode(Sum(), mode), ga.array(xs)
    x.attach_grad(request_)
    for count in (1, 2, 3):
        with mx.autograd.record():
            y = net(x)
        y.backward()
        np.testing.assert_allclose(y.asnumpy(), value, 1e-4, 1e-4)
        np.testing.assert_allclose(x.grad.asnumpy(), slope * (count if request_ == "add" else 1), 1e-4, 1e-4)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("which", BLOCKS)
def test_several_devices(which, mode):
    devices, net = [mx.cpu(0), mx.cpu(1)], in_mode(BLOCKS[which](), mode)
    net.initialize(**{DEVICE: devices}, force_reinit=True)
    expected = run(made(BLOCKS[which]()), numbers(4, 6, 8))
    for device in devices:
        x = ga.array(numbers(4, 6, 8), ctx=device)
        x.attach_grad()
        with mx.autograd.record():
            y = net(x)
        y.backward()
        learned = [p.grad(device).asnumpy() for p in net.collect_params().values()]
        for got, other in zip([y.asnumpy(), x.grad.asnumpy(), *learned], expected):
            np.testing.assert_array_equal(got, other)


@pytest.mark.parametrize("name, options", CASES, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 0, 2), (2, 1, 2, 1, 3)])
def test_shapes_and_integers(arrays, name, options, shape):
    block = of(name, options)
    value, slope = arrays.value_and_slope(block, np.full(shape, 0.5))
    mx.nd.waitall()
    expected = run(block, [0.5])
    np.testing.assert_array_equal(value, np.full(shape, expected[0]))
    np.testing.assert_array_equal(slope, np.full(shape, expected[1]))
    with pytest.raises(TypeError, match=r"takes float16, float32, float64, not int32: convert[^\n]*$"):
        block(arrays(np.ones(shape), "int32"))


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("operator, options", [
    ("fused_activation", {}),
    ("fused_glu", {}),
    ("fused_glu", {"whole": "1"}),  # which only MXNet's own activations are given
])  # fmt: skip
def test_an_operator_says_which_dtype_it_does_not_take(operator, options, dtype):
    """As a graph asks it, where no block has looked at the array before."""
    said = refused(operator, dtype, **options)
    assert said.splitlines()[-1].endswith(
        f"relu takes float16, float32, float64, not {dtype}: convert with .astype('float32')"
    )
    assert said.count("relu takes") == 1  # nothing of errors before


def refused(operator, dtype, formula="relu", **options):
    """What MXNet says where an operator does not take a dtype."""
    x, options = mx.np.ones((2, 4), dtype=dtype).as_nd_ndarray(), {"formula": formula, **options}
    handle = fused._library._handles[operator].value
    with pytest.raises(mx.base.MXNetError) as raised:
        _operators._imperative_invoke(handle, [x], options.keys(), options.values(), None, False, False)
        mx.nd.waitall()
    return str(raised.value).strip()


def test_errors_leave_no_memory_to_be_taken_by_the_calls_after_them():
    """Of 100 errors, MXNet's own store of messages would have each call copy 100 lines, for good."""
    elsewhere("keep_memory")


def keep_memory():
    x = ga.array(numbers(2, 4))

    def most_memory():
        for _ in range(1000):
            functional.relu(x).wait_to_read()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    refused("fused_activation", "int32")
    before = most_memory()
    for _ in range(100):
        refused("fused_activation", "int32")
    after = most_memory()
    assert after < 1.05 * before, (before, after)


@pytest.mark.parametrize("engine", ["ThreadedEnginePerDevice", "NaiveEngine"])
def test_after_a_fork(engine):
    """OpenMP's threads do not live on in the child, which must not wait for them."""
    elsewhere("fork", OMP_NUM_THREADS="2", MXNET_ENGINE_TYPE=engine)


def fork():
    # No subnormal results: a thread of MXNet 2.x makes them 0, or not.
    # The child calls nothing else: with NaiveEngine 11 of 24 operators of MXNet 1.9.1 hang there, 13 of 2.0.0b1.
    x, upstream = ga.array(numbers(100000).clip(-9, 9)), ga.array(numbers(100000))
    x.attach_grad()

    def computed():
        with mx.autograd.record():
            y = functional.gelu(x)
        y.backward(upstream)
        return y.asnumpy().tobytes() + x.grad.asnumpy().tobytes()

    before = computed()
    child = os.fork()
    if not child:
        status = 1
        signal.alarm(30)  # ends it, should it wait for ever
        try:
            status = int(computed() != before)
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert computed() == before


def test_an_array_is_kept_apart_only_where_gradients_add_up(arrays, monkeypatch):
    monkeypatch.setattr(_operators, "_added_up", False)
    x, none = arrays([1.0, 2.0]), arrays([1.0])
    x.attach_grad("write")
    assert _operators._apart(x) is x and _operators._apart(none) is none and not _operators._added_up
    x.attach_grad("add")
    for _ in range(2):
        assert _operators._apart(x) is not x and _operators._apart(none) is none and _operators._added_up
        x.attach_grad("write")  # nothing tells of it, so the next array may still be one of those


def test_no_array_is_kept_apart_in_a_process_that_adds_no_gradients_up():
    elsewhere("keep_apart")


def keep_apart():
    x = ga.array([1.0])
    x.attach_grad()
    assert _operators._apart(x) is x


def test_what_an_operator_is_given_is_worked_out_once():
    declared = functional.leaky_relu.declared
    found = _operators._translate(declared, 0.3)
    assert found is _operators._translate(declared, 0.3) != _operators._translate(declared, 0.4)
    assert found == ("fused_activation", {"formula": "leaky_relu", "a": "0.3"})


def test_where_there_may_be_a_gpu_the_kernels_work_on_what_is_not_there(arrays, monkeypatch):
    """A graph does not tell where it will run."""
    x, declared = arrays([1.0]), functional.silu.declared
    monkeypatch.setattr(fused._library, "_has_cuda", True)
    assert fused._library(declared, x, {}).asnumpy()[0] == functional.silu(x).asnumpy()[0]
    assert fused._library(declared, mx.sym.var("x"), {}) is None
    monkeypatch.setattr(_operators, "device_of", lambda x: SimpleNamespace(device_type="gpu"))
    assert fused._library(declared, x, {}) is None
    monkeypatch.setattr(fused._library, "_has_cuda", False)
    assert fused._library(declared, x, {}) is not None


def test_loading_is_silent():
    command = [sys.executable, "-W", "ignore", "-c", "import gluon_activations"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    said = done.stdout + done.stderr  # some lines of MXNet itself, with some of its engines
    assert "operators" not in said and "fused" not in said, said


# -- graphs --------------------------------------------------------------------------------------------------


def graph(symbol):
    return json.loads(_graphs.to_json(symbol, remove_amp_cast=False))


def test_a_graph_in_which_nothing_is_replaced_is_itself():
    for symbol in (mx.sym.exp(mx.sym.var("x")), mx.sym.var("x").as_np_ndarray()):
        assert _graphs.rewrite(symbol, lambda *node: None) is symbol


def test_a_cast_of_amp_s_and_a_second_result_are_kept():
    halves = mx.sym.split(mx.sym.amp_cast(mx.sym.var("x"), dtype="float16"), num_outputs=2, axis=0)
    symbol = mx.sym.exp(mx.sym.log(halves[1]) + halves[0])

    def square(nodes, inputs, node, before):
        return _graphs.splice(nodes, inputs, node["name"], mx.sym.square, False) if node["op"] == "log" else None

    wanted = graph(mx.sym.exp(mx.sym.square(halves[1]) + halves[0]))
    made = graph(_graphs.rewrite(symbol, square))
    assert [node["op"] for node in made["nodes"]] == [node["op"] for node in wanted["nodes"]]
    assert "amp_cast" in operators(made)
    for one, other in zip(made["nodes"], wanted["nodes"]):
        assert one["inputs"] == other["inputs"] and one.get("attrs") == other.get("attrs")
    assert made["heads"] == wanted["heads"] and made["arg_nodes"] == wanted["arg_nodes"]


def test_what_takes_the_place_of_a_node_has_its_name():
    symbol = mx.sym.exp(mx.sym.log(mx.sym.var("x"), name="inner"), name="outer")

    def twice(nodes, inputs, node, before):
        part = lambda x: mx.sym.square(mx.sym.sqrt(x))  # noqa: E731
        return _graphs.splice(nodes, inputs, node["name"], part, False) if node["op"] == "log" else None

    names = [node["name"] for node in graph(_graphs.rewrite(symbol, twice))["nodes"]]
    assert names[0] == "x" and names[1].startswith("inner_") and names[2:] == ["inner", "outer"]


def test_the_methods_that_write_graphs_are_called_as_mxnet_calls_them():
    for method, name in ((mx.sym.Symbol.tojson, "tojson"), (mx.sym.Symbol.save, "save")):
        assert method.__name__ == name and method.__doc__ and method.__module__.startswith("mxnet.")


# -- files ---------------------------------------------------------------------------------------------------


def elementwise():
    """A block for every formula of single elements that has a kernel."""
    for name, options in CASES:
        yield lambda name=name, options=options: get_activation(name, **dict(options))


def nets():
    """A net for everything that has a kernel, with the shape of its array."""
    for make in elementwise():
        yield make, (3, 40)
    for gate in GATES:
        yield (lambda gate=gate: GLU(gate)), (3, 40)
        yield (lambda gate=gate: GLU(gate, 1)), (3, 40, 2)
    for make in LEARNED:
        yield make, (3, 7)
        yield (lambda make=make: make(5)), (3, 5)
        yield (lambda make=make: make(5)), (3, 5, 2, 2)


def export(folder, dtype, index, make, shape):
    net, x = nn.HybridSequential(), ga.array(numbers(*shape), dtype)
    net.add(make())
    made(net, dtype).hybridize()
    value = net(x).asnumpy()
    net.export(str(folder / f"{dtype} {index}"))
    return value


def load(folder, dtype, index):
    start = os.path.join(folder, f"{dtype} {index}")
    held = f"{start}-0000.params"
    with open(f"{start}-symbol.json", encoding="utf-8") as file:
        has_parameters = any(name.rpartition("_")[2] != "data" for name in arguments(json.load(file)))
    return SymbolBlock.imports(f"{start}-symbol.json", ["data"], held if has_parameters else None)


def arguments(graph):
    names = [graph["nodes"][number]["name"] for number in graph["arg_nodes"]]
    return [name for name in names if name != "data"]


def operators(graph):
    for node in graph["nodes"]:
        yield node["op"]
        for inner in node.get("subgraphs", ()):
            yield from operators(inner)


def assert_stock(text):
    """That a written graph holds nothing of ours but names."""
    assert set(operators(json.loads(text))) > {"null"} and '"gluon_activations' not in text
    assert not any("fused" in operator for operator in operators(json.loads(text)))


def compute_files(folder, available):
    """What exported nets give in this process."""
    assert fused.available() == available
    found = {}
    for path in sorted(Path(folder).glob("*-symbol.json")):
        dtype, index = path.name[: -len("-symbol.json")].split()
        shape = json.loads((Path(folder) / "shapes").read_text())[index]
        found[f"{dtype} {index}"] = load(folder, dtype, index)(ga.array(numbers(*shape), dtype)).asnumpy()
    np.savez(os.path.join(folder, "found.npz"), **found)


def test_what_is_exported_runs_where_there_are_no_kernels(tmp_path):
    all_nets = dict(enumerate(nets()))
    (tmp_path / "shapes").write_text(json.dumps({i: shape for i, (_, shape) in all_nets.items()}))
    expected = {f"{d} {i}": export(tmp_path, d, i, *each) for i, each in all_nets.items() for d in DTYPES}
    for path in tmp_path.glob("*-symbol.json"):
        assert_stock(path.read_text())
    elsewhere("compute_files", str(tmp_path), False, GLUON_ACTIVATIONS_FUSED="0")
    found = np.load(tmp_path / "found.npz")
    assert set(found) == set(expected)
    for what, value in expected.items():
        assert found[what].dtype == value.dtype
        assert_close(found[what], value, what)


def test_files_that_keep_the_kernels(tmp_path):
    all_nets = {i: each for i, each in enumerate(nets()) if i % 5 == 0}
    (tmp_path / "shapes").write_text(json.dumps({i: shape for i, (_, shape) in all_nets.items()}))
    with fused.kept_in_files():
        expected = {f"float32 {i}": export(tmp_path, "float32", i, *each) for i, each in all_nets.items()}
    for path in tmp_path.glob("*-symbol.json"):
        assert any("fused" in operator for operator in operators(json.loads(path.read_text())))
    elsewhere("compute_files", str(tmp_path), True)
    found = np.load(tmp_path / "found.npz")
    for what, value in expected.items():
        np.testing.assert_array_equal(found[what], value)


def test_a_symbol_is_written_without_kernels(tmp_path):
    symbol = functional.prelu(functional.silu(mx.sym.var("x")), mx.sym.var("a"))
    symbol.save(str(tmp_path / "symbol.json"))
    for text in (symbol.tojson(), (tmp_path / "symbol.json").read_text()):
        assert_stock(text)
        assert arguments(json.loads(text)) == ["x", "a"]
    with fused.kept_in_files():
        assert list(operators(json.loads(symbol.tojson()))).count("fused_activation") == 2


def test_a_reshape_of_somebody_s_own_is_written():
    """As what keeps gradients apart it has two shapes; that is left out, and this is not."""
    own = mx.sym.Reshape(mx.sym.var("x"), shape=(0, -1), target_shape=(3, 4))
    assert list(operators(json.loads(functional.silu(own).tojson()))).count("Reshape") == 1


if LINE == "1.9":

    class Loop(HybridBlock):
        """An activation inside a loop of a graph."""

        def hybrid_forward(self, F, x):
            return F.contrib.foreach(lambda row, state: (functional.mish(row) + state, state), x, F.zeros((40,)))[
                0
            ]

    def test_a_loop_in_a_graph_is_written_without_kernels(tmp_path):
        (tmp_path / "shapes").write_text('{"0": [3, 40]}')
        value = export(tmp_path, "float32", 0, Loop, (3, 40))
        np.testing.assert_array_equal(value, functional.mish(ga.array(numbers(3, 40))).asnumpy())
        text = (tmp_path / "float32 0-symbol.json").read_text()
        assert_stock(text)
        assert "_foreach" in set(operators(json.loads(text)))
        elsewhere("compute_files", str(tmp_path), False, GLUON_ACTIVATIONS_FUSED="0")
        np.testing.assert_allclose(np.load(tmp_path / "found.npz")["float32 0"], value, 1e-5, 1e-6)

    def test_onnx_files_hold_no_kernels(tmp_path):
        onnx = pytest.importorskip("onnx")
        net = nn.HybridSequential()
        net.add(*(make() for make in elementwise()))
        made(net).hybridize()
        net(ga.array(numbers(3, 40)))
        from gluon_activations.onnx import export as to_onnx

        model = onnx.load(to_onnx(net, str(tmp_path / "net.onnx"), (3, 40)))
        kinds = {(node.domain, node.op_type) for node in model.graph.node}
        assert len(kinds) > 5 and not any(domain or "fused" in kind.lower() for domain, kind in kinds)
