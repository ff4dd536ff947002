"""MXNet on the NumPy that is here: the same answers as on NumPy 1.23, for which MXNet was made.

Below NumPy 1.24 the calls are MXNet's own; `make matrix` runs this file on every Python, and so on NumPy 2.
"""

import ast
import importlib.util
import inspect
import os
import pickle
import subprocess
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

import numpy_for_mxnet

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn, rnn

ROOT = Path(__file__).parent.parent
MODERN = numpy_for_mxnet.NUMPY >= (1, 24)

# -- names that are gone -----------------------------------------------------------------------


@pytest.fixture
def bare():
    """A stand-in for a NumPy that has removed every one of the names."""
    return types.ModuleType("bare")


def test_everything_is_given_back_to_a_numpy_that_lacks_it(bare):
    added = numpy_for_mxnet.names(bare)
    assert {"bool", "int", "PZERO", "NINF", "product", "in1d", "msort", "trapz", "npv", "compat"} <= set(added)
    assert bare.bool is np.bool_ and bare.int is int and bare.float is float and bare.object is object
    assert bare.str is str and bare.complex is complex and bare.compat.basestring is str
    assert (str(bare.PZERO), str(bare.NZERO)) == ("0.0", "-0.0")
    assert -np.inf == bare.NINF and np.inf == bare.PINF == bare.Inf and np.isnan(bare.NaN) and np.isnan(bare.NAN)
    assert bare.product([2, 3]) == 6 and bare.alltrue([True]) and bare.sometrue([False, True])
    assert bare.round_(1.6) == 2
    assert bare.in1d([[1, 2]], [2]).tolist() == [False, True]
    assert bare.msort(np.array([[2, 1], [1, 2]])).tolist() == [[1, 1], [2, 2]]
    for name in ("mirr", "npv", "pmt", "ppmt", "pv", "rate"):
        with pytest.raises(
            NotImplementedError, match=rf"^numpy\.{name} left NumPy in 1\.20: use .*numpy-financial"
        ):
            getattr(bare, name)(0.1, [1, 2])


def test_what_is_there_is_left_alone(bare):
    bare.bool = "mine"
    assert "bool" not in numpy_for_mxnet.names(bare)
    assert bare.bool == "mine"
    assert numpy_for_mxnet.names(bare) == []


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
        added = numpy_for_mxnet.names(served)
    assert "bool" not in added and "bool" not in vars(served) and "NaN" in added


def read_of_numpy(path):
    """Each name that a file reads of NumPy, as numpy.a.b, wherever it reads it."""
    tree = ast.parse(path.read_text())
    known = {}
    for node in ast.walk(tree):
        for alias in node.names if isinstance(node, ast.Import) else ():
            if alias.name.split(".")[0] == "numpy":
                known[alias.asname or "numpy"] = alias.name if alias.asname else "numpy"
    for node in ast.walk(tree):
        parts, inner = [], node
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if parts and isinstance(inner, ast.Name) and inner.id in known:
            yield ".".join([known[inner.id], *reversed(parts)])


def there(name):
    """Whether a dotted name leads somewhere, by attributes or by modules to import."""
    place, *parts = name.split(".")
    found = importlib.import_module(place)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in parts:
            place += f".{part}"
            try:
                found = getattr(found, part)
            except AttributeError:
                if not isinstance(found, types.ModuleType) or importlib.util.find_spec(place) is None:
                    return False
                found = importlib.import_module(place)
    return True


def test_every_name_that_mxnet_reads_is_there():
    """In its sources, also inside of functions that no test calls."""
    left = {"mirr", "npv", "pmt", "ppmt", "pv", "rate"} if not MODERN else set()  # MXNet does without them there
    names = {name for path in Path(mx.__file__).parent.rglob("*.py") for name in read_of_numpy(path)}
    assert len(names) > 150
    assert {name for name in names if not there(name)} <= {f"numpy.{name}" for name in left}


# -- text for the engine -----------------------------------------------------------------------


def test_text_is_as_numpy_1_wrote_it():
    text = numpy_for_mxnet._AsBefore
    assert (
        text((np.int64(4), 2)) == "(4, 2)"
        and text([np.float64(0.1)]) == "[0.1]"
        and text({"a": np.int32(1)}) == "{'a': 1}"
    )
    assert (
        text(np.float32(0.1)) == "0.1"
        and text([np.float32(0.1)]) == "[0.1]"
        and text((np.bool_(True),)) == "(True,)"
    )
    assert text("np.int64(4)") == "np.int64(4)" and text(None) == "None" and text() == "" and type(text(3)) is str
    assert isinstance("a", text) and not isinstance(3, text)


@pytest.mark.skipif(numpy_for_mxnet.NUMPY < (2, 0), reason="NumPy 1 writes plain numbers")
def test_the_users_own_printing_stays():
    nd.ones((np.int64(2), 2))
    assert repr((np.int64(4),)) == "(np.int64(4),)"


# -- calls, with NumPy's numbers where people have them from -------------------------------------

N, F = np.int64, np.float64


def trained(optimizer, **options):
    """What two steps make of a weight of ones."""
    net = nn.Dense(2, in_units=3)
    net.initialize(mx.init.One())
    trainer = gluon.Trainer(net.collect_params(), optimizer, options)
    for _ in range(2):
        with autograd.record():
            loss = net(mx.np.ones((2, 3))).sum()
        loss.backward()
        trainer.step(2)
    (weight,) = set(net.weight.data().asnumpy().round(4).ravel().tolist())
    return pytest.approx(weight, abs=1e-3)


def convolved(hybridized):
    net = nn.Conv2D(N(4), (N(3), N(3)), strides=(N(1), N(1)), in_channels=N(2))
    net.initialize()
    if hybridized:
        net.hybridize()
    return net(mx.np.ones((1, 2, 5, 5))).shape


def assigned(array):
    array[np.int32(1)] = 1
    array[N(0) : N(1), N(2)] = np.float32(5)
    array[(N(2), N(2))] = F(3)
    return array.asnumpy().tolist()


def drawn(initializer):
    weight = mx.np.zeros((4, 6))
    initializer(mx.init.InitDesc("a_weight"), weight)
    return weight.shape, bool((weight.asnumpy() != 0).any())


def added_up(*losses):
    """The sum that a metric makes of losses in float32."""
    metric = (getattr(mx, "metric", None) or gluon.metric).Loss()
    for loss in losses:
        metric.update(None, [nd.array([loss])] if hasattr(mx, "metric") else [mx.np.array([loss])])
    return metric.get()[1] * len(losses)


def packed(label, content):
    return mx.recordio.pack(mx.recordio.IRHeader(0, label, 1, 0), content)


def counted(samples):
    return mx.test_utils.chi_square_check(samples, [(0, 0.5), (0.5, 1)], [0.5, 0.5])[1].tolist()


def recorded(flag):
    x = mx.np.ones((2,))
    x.attach_grad()
    with autograd.record(train_mode=flag):
        training, y = autograd.is_training(), (x * x).sum()
    y.backward(retain_graph=flag, train_mode=flag)
    (grad,) = autograd.grad(y, [x], retain_graph=flag, train_mode=flag)
    return training, x.grad.asnumpy().tolist(), grad.asnumpy().tolist()


def measured(name):
    """What a metric says in print, and what several of them do."""
    legacy, metrics = hasattr(mx, "metric"), getattr(mx, "metric", None) or gluon.metric
    one, several = metrics.create(name), metrics.create([name, name])
    new = nd.array if legacy else mx.np.array
    for metric in (one, several):
        metric.update([new([[1.0], [3.0]])], [new([[1.5], [2.5]])])
    return f"{one.get()} {several.get()} {one.get_name_value()}"


def executed(is_train):
    x = mx.sym.var("x").square()
    bound = (x.bind if hasattr(x, "bind") else x._bind)(mx.cpu(), {"x": nd.ones(2)})
    return bound.forward(is_train=is_train)[0].shape


def without_a_warning(call):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "Please import `csr_matrix`", DeprecationWarning)  # of SciPy
        return call()


def quantized():
    from mxnet.contrib import quantization

    net = mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=2, name="fc")
    net = mx.sym.SoftmaxOutput(net, name="softmax")
    data = mx.io.NDArrayIter(np.eye(4, 2), batch_size=N(2))
    weights = {"fc_weight": nd.ones((2, 2)), "fc_bias": nd.zeros(2)}
    options = {"ctx": mx.cpu(), "calib_mode": "entropy", "calib_data": data, "num_calib_examples": 4}
    made, *_ = quantization.quantize_model(net, weights, {}, **options)
    return any("quantize" in name for name in made.get_internals().list_outputs())


X = np.arange(24, dtype="float32").reshape(2, 3, 4)
LEGACY = {
    "ones": (lambda: nd.ones((N(4), 2)).shape, (4, 2)),
    "random": (lambda: nd.random.normal(shape=[N(2), 3]).shape, (2, 3)),
    "reshape": (lambda: nd.array(X).reshape((N(6), N(4))).shape, (6, 4)),
    "reshape, separately": (lambda: nd.array(X).reshape(N(6), N(4)).shape, (6, 4)),
    "transpose": (lambda: nd.array(X).transpose((N(2), N(0), N(1))).shape, (4, 2, 3)),
    "broadcast": (lambda: nd.ones((1, 3)).broadcast_to((N(2), 3)).shape, (2, 3)),
    "expand": (lambda: nd.array(X).expand_dims(N(1)).shape, (2, 1, 3, 4)),
    "sum": (lambda: nd.array(X).sum(axis=(N(0), N(1))).asnumpy().tolist(), X.sum((0, 1)).tolist()),
    "tile": (lambda: nd.tile(nd.array(X), reps=(N(1), N(2), N(1))).shape, (2, 6, 4)),
    "pad": (
        lambda: nd.pad(nd.ones((1, 1, 2, 2)), mode="constant", pad_width=(0, 0, 0, 0, N(1), 1, 1, 1)).shape,
        (1, 1, 4, 4),
    ),
    "slice": (lambda: nd.array(X)[N(1) : N(2), N(0)].asnumpy().tolist(), X[1:2, 0].tolist()),
    "assign": (lambda: assigned(nd.zeros((3, 3))), [[0, 0, 5], [1, 1, 1], [0, 0, 3]]),
    "symbol": (
        lambda: mx.sym.Convolution(
            mx.sym.var("data", shape=(N(1), 2, 5, 5)), kernel=(N(3), N(3)), num_filter=N(4)
        ).infer_shape()[1],
        [(1, 4, 3, 3)],
    ),
    "numbers that do not fit": (lambda: nd.array([-1, 300], dtype="uint8").asnumpy().tolist(), [255, 44]),
    "a function of NumPy": (lambda: bool(np.all(nd.ones((2, 3)) == 1)), True),
    "far too large": (lambda: without_a_warning(lambda: nd.array([1e300]).asscalar()), np.inf),
    "move an axis": (
        lambda: without_a_warning(lambda: nd.moveaxis(nd.ones((2, 3)), N(0), N(1)).shape),
        (3, 2),
    ),
    "an executor": (lambda: executed(np.True_), (2,)),
    "an iterator": (lambda: repr(mx.io.NDArrayIter(X, batch_size=N(2)).provide_data[0].shape), "(2, 3, 4)"),
    "a record": (lambda: mx.recordio.unpack(packed([1.0, 2.0], b"some"))[1], b"some"),
}
BOTH = {
    "convolution": (lambda: convolved(False), (1, 4, 3, 3)),
    "convolution, hybridized": (lambda: convolved(True), (1, 4, 3, 3)),
    "assign": (lambda: assigned(mx.np.zeros((3, 3))), [[0, 0, 5], [1, 1, 1], [0, 0, 3]]),
    "orthogonal": (lambda: drawn(mx.init.Orthogonal()), ((4, 6), True)),
    "xavier": (lambda: drawn(mx.init.Xavier(magnitude=F(2))), ((4, 6), True)),
    "metric": (lambda: added_up(2.0**24, 1.0, 1.0), 2.0**24 + 2),
    "split": (lambda: [part.shape for part in gluon.utils.split_data(mx.np.array(X), N(2))], [(1, 3, 4)] * 2),
    "ones": (lambda: mx.np.ones((N(2), 3)).shape, (2, 3)),
    "uniform": (lambda: mx.np.random.uniform(size=(N(2), 3)).shape, (2, 3)),
    "normal": (lambda: mx.np.random.normal(0, 1, size=(N(2), 3)).shape, (2, 3)),
    "choice": (lambda: mx.np.random.choice(5, size=(N(3),)).shape, (3,)),
    "take": (lambda: mx.np.take(mx.np.arange(5), mx.np.array([9]), mode="clip").item(), 4),
    "sgd": (lambda: trained("sgd", learning_rate=F(0.1), wd=F(0)), 0.8),
    "momentum": (lambda: trained("sgd", learning_rate=F(0.1), momentum=np.float32(0.9)), 0.71),
    "adam": (lambda: trained("adam", learning_rate=np.float32(0.1)), 0.8),
    "chi square": (lambda: counted(lambda count: np.linspace(0.01, 0.99, count)), [500000, 500000]),
    "numbers that do not fit": (lambda: mx.np.array([-1, 300], dtype="uint8").asnumpy().tolist(), [255, 44]),
    "recording": (lambda: recorded(np.True_), (True, [2, 2], [2, 2])),
    "a flag of the session": (lambda: mx.set_np_shape(np.True_), True),
    "a loader": (lambda: len(gluon.data.DataLoader(list(range(1000)), batch_size=np.uint8(200))), 5),
    "uniform, a number of them": (lambda: mx.np.random.uniform(size=N(2)).shape, (2,)),
    "gamma, a number of them": (lambda: mx.np.random.gamma(1.0, size=N(3)).shape, (3,)),
    "small integers": (lambda: repr(rnn.LSTM(np.uint8(100))).partition("-> ")[2], "100, TNC)"),
    "a cell": (lambda: rnn.LSTMCell(np.uint8(100), input_size=N(5)).i2h_weight.shape, (400, 5)),
    "in print": (
        lambda: repr(nn.MaxPool2D(N(2), (N(1), N(1)))).partition(", padding")[0],
        "MaxPool2D(size=(2, 2), stride=(1, 1)",
    ),
    "metrics in print": (lambda: measured("mse"), "('mse', 0.25) (['mse', 'mse'], [0.25, 0.25]) [('mse', 0.25)]"),
    "dropout": (lambda: nn.Dropout(F(0.5), axes=(N(0),))(mx.np.ones((2, 2))).shape, (2, 2)),
}


@pytest.mark.parametrize("call, expected", LEGACY.values(), ids=LEGACY)
def test_legacy_arrays(call, expected):
    assert call() == expected


@pytest.mark.skipif(not MODERN and not hasattr(mx, "metric"), reason="2.0 itself draws none")
def test_a_batch_of_random_numbers():
    with mx.util.np_shape(True), mx.util.np_array(True):
        assert mx.npx.random.uniform_n(0.0, 1.0, batch_shape=N(2)).shape == (2,)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_rates_of_any_kind_are_computed_with_in_double(kind):
    """As NumPy 1 did: of a float16 and one of Python's numbers it made a float64."""

    def weights(rate, later):
        net = nn.Dense(2, in_units=3)
        net.initialize(mx.init.One())
        trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": rate})
        for _ in range(3):
            with autograd.record():
                loss = net(mx.np.ones((2, 3))).sum()
            loss.backward()
            trainer.step(2)
            trainer.set_learning_rate(later)
        return net.weight.data().asnumpy().tolist()

    with mx.util.np_shape(True), mx.util.np_array(True):
        assert weights(kind(0.1), kind(0.3)) == weights(float(kind(0.1)), float(kind(0.3)))


@pytest.mark.skipif(not hasattr(mx, "metric"), reason="2.0 gives Python's")
def test_what_a_metric_gives_is_still_a_number_of_numpys():
    metric = mx.metric.Loss()
    metric.update(None, [nd.array([1.0, 2.0])])
    (name, value) = metric.get()
    assert isinstance(value, np.float64) and value.round(1) == 1.5 and repr((name, value)) == "('loss', 1.5)"


def test_what_is_given_stays_what_it_is():
    steps, names = [1, 2], ["a"]
    assert mx.lr_scheduler.MultiFactorScheduler(step=steps).step is steps
    assert (getattr(mx, "metric", None) or gluon.metric).Accuracy(output_names=names).output_names is names
    assert pickle.loads(pickle.dumps(mx.set_np_shape)) is mx.util.set_np_shape


def test_what_is_repaired_is_not_repaired_again():
    made, written = nn.Dense.__init__, mx.base.c_array
    numpy_for_mxnet.repair()
    assert nn.Dense.__init__ is made and mx.base.c_array is written
    assert [*inspect.signature(made).parameters][:3] == ["self", "units", "activation"]


@pytest.mark.skipif(not hasattr(mx, "metric"), reason="2.0 calibrates with a DataLoader")
def test_a_net_is_quantised_by_entropy():
    assert quantized()


@pytest.mark.parametrize("call, expected", BOTH.values(), ids=BOTH)
def test_arrays_like_numpys(call, expected):
    with mx.util.np_shape(True), mx.util.np_array(True):
        assert call() == expected


# -- the order of imports ------------------------------------------------------------------------

FIRST = "try:\n    import mxnet\nexcept AttributeError:\n    pass\n"
ORDERS = {
    "mxnet first": f"{FIRST}import numpy_for_mxnet, mxnet",
    "numpy_for_mxnet first": "import numpy_for_mxnet, mxnet",
    "the package first": "import gluon_activations, mxnet",
    "the package after mxnet": f"{FIRST}import gluon_activations, mxnet",
}


def run(code, *places):
    """Another Python that runs some code, where modules in these places come first."""
    path = os.pathsep.join(map(str, [*places, ROOT]))
    command, environment = [sys.executable, "-W", "ignore", "-c", code], {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_each_order_of_imports(order):
    done = run(f"{order}\nimport numpy\nprint(mxnet.nd.ones((numpy.int64(4), 2)).shape)")
    assert done.stdout.strip() == "(4, 2)", done.stderr


@pytest.mark.skipif(MODERN, reason="from NumPy 1.24 on it has work to do")
def test_an_old_numpy_is_left_as_it_is():
    done = run(
        "import mxnet, numpy; before = {*vars(numpy)}; import numpy_for_mxnet; "
        "print({*vars(numpy)} - before, mxnet.nd.ndarray.np is numpy, 'str' in vars(mxnet.symbol.symbol))"
    )
    assert done.stdout.strip() == "set() True False", done.stderr


@pytest.fixture
def lacking(tmp_path):
    """A function that makes a place where MXNet cannot be imported for want of a module."""

    def make(name):
        (tmp_path / "mxnet.py").write_text(f"raise ModuleNotFoundError('none', name={name!r})")
        return tmp_path

    return make


@pytest.mark.skipif(not MODERN, reason="below NumPy 1.24 it does not look for MXNet")
@pytest.mark.parametrize("name, says", [
    ("mxnet", ""),  # the names are there for whoever needs them
    ("distutils", "Python 3.12 dropped distutils, which MXNet reads: pip install setuptools"),
    ("requests", "ModuleNotFoundError: none"),
])  # fmt: skip
def test_what_is_missing_is_said(lacking, name, says):
    done = run("import numpy_for_mxnet", lacking(name))
    assert done.returncode == bool(says) and says in done.stderr and (says or not done.stderr)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python has distutils")
def test_setuptools_is_asked_for_distutils():
    """As in a notebook that has just installed it: without what it does when Python starts."""
    done = run(
        "import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'istutils' not in type(f).__name__]; "
        "import importlib.util; assert importlib.util.find_spec('distutils') is None; "
        "import numpy_for_mxnet, mxnet; print(mxnet.nd.ones((2,)).shape)"
    )
    assert done.stdout.strip() == "(2,)", done.stderr
