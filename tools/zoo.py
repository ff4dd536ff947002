"""Look into every net of the model zoo, and swap its activations: `python -m tools.zoo [NAME ...]`.

With `--gluoncv` into ten nets of GluonCV instead, where that can be imported. Nothing is downloaded: the
nets have random weights, and random numbers in their batch normalisations. "activations" are blocks of a known
type; "saturated", the calls of layers that count as activations, somebody's own among them; "replaced", places, of
which one block may have several. "repaired" is how far `repair()` moves outputs and gradients, eagerly or
hybridized; "ONNX", how far ONNX Runtime is from MXNet with a file for this batch or for any, before and after
"replaced". Each is the largest difference, relative to the largest output or gradient.
"""

import argparse
import contextlib
import functools
import io
import os
import tempfile
import time
import warnings
from collections import Counter

import numpy as np

from gluon_activations import (
    array,
    check_output,
    dead_units,
    gradient_statistics,
    initializer,
    layer_statistics,
    onnx,
    repair,
    replace_activations,
)
from gluon_activations.catalog import _name_of
from gluon_activations.nets._walk import arrays_in, walk

import mxnet as mx
from mxnet.gluon import loss, nn
from mxnet.gluon.model_zoo import vision

ZOO = sorted(
    name
    for name, make in vars(vision).items()
    if callable(make) and name.islower() and not name.startswith(("get_", "_")) and not isinstance(make, type)
)
# One of each kind: classifiers, a detector of one shot, masks, key points.
GLUONCV = (
    "resnet18_v1b",
    "mobilenetv3_small",
    "googlenet",
    "xception",
    "se_resnext50_32x4d",
    "resnest14",
    "cifar_wideresnet16_10",
    "ssd_512_mobilenet1.0_voc",
    "fcn_resnet50_voc",
    "simple_pose_resnet18_v1b",
)
SCALES, SHIFTS = ("gamma", "_var"), ("beta", "_mean", "bias")
COLUMNS = (
    "net",
    "size",
    "activations",
    "layers",
    "saturated",
    "gradients",
    "zero regions",
    "output",
    "repaired",
    "ONNX",
    "replaced",
    "ONNX, replaced",
    "seconds",
)


def main():
    """Print a row for each net."""
    parser = argparse.ArgumentParser(prog="python -m tools.zoo")
    parser.add_argument("names", nargs="*", help="nets of the zoo; by default all")
    parser.add_argument("--gluoncv", action="store_true", help="ten nets of GluonCV, or those named")
    given = parser.parse_args()
    find = of_gluoncv if given.gluoncv else lambda name: getattr(vision, name)()
    names = given.names or (GLUONCV if given.gluoncv else ZOO)
    print(f"MXNet {mx.__version__}\n\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for name in names:
        print(f"| {' | '.join(map(str, row(name, find(name))))} |", flush=True)


def of_gluoncv(name):
    """A net of GluonCV without the weights that it would download."""
    from gluoncv.model_zoo import get_model

    try:
        return get_model(name, pretrained_base=False)
    except TypeError:  # it has no base
        return get_model(name)


def row(name, net):
    """What was found in a net, swapped, and run."""
    start = time.perf_counter()
    mx.random.seed(0)
    np.random.seed(0)
    for parameter in found_in(net, *SCALES, *SHIFTS):
        parameter.init = "zeros"  # until unsettle(); some have none, and a vector has no fan-in
    net.initialize(initializer("relu"))
    x = fitting(net)
    if x is None:
        return [name, "does not run"] + ["–"] * (len(COLUMNS) - 2)
    unsettle(net)
    blocks = {id(block): block for _, block in walk(net)}.values()
    found = Counter(filter(None, map(_name_of, blocks)))
    layers = tried(lambda: layer_statistics(net, x))
    judged = layers if isinstance(layers, str) else [r for r in layers if r["saturated"] is not None]
    # As in training: what a detector does to its boxes afterwards has no gradient, and MXNet dies of asking.
    gradients = tried(lambda: gradient_statistics(net, x, None, lambda out, y: mean_of(out), train_mode=True))
    dead = tried(lambda: dead_units(net, x))
    output = tried(lambda: check_output(net, loss.SoftmaxCrossEntropyLoss(), x))
    moved = tried(lambda: moved_by_repair(net, x))
    exported = in_onnx(net, x)
    # A gate stays below 1, or a deep net overflows.
    replaced = tried(lambda: replace_activations(net, "silu", replaces=[*found.keys() - {"sigmoid"}]))
    runs = np.isfinite(next(arrays_in(net(x))).asnumpy()).all()
    return [
        name,
        x.shape[-1],
        ", ".join(f"{count} {kind}" for kind, count in found.items()) or "none",
        *map(told, (layers, judged, gradients, dead)),
        output if isinstance(output, str) else "right" if not output else output[0].split(", and")[0],
        moved,
        exported,
        f"{replaced}{'' if runs else ', and gives nan'}",
        in_onnx(net, x),
        f"{time.perf_counter() - start:.0f}",
    ]


def fitting(net):
    """A batch of the smallest size that a net takes; None if it takes none."""
    for size in (32, 64, 224, 299, 512):
        x = array(np.random.RandomState(0).randn(2, 3, size, size))
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # MXNet prints which shapes do not fit
                next(arrays_in(net(x))).wait_to_read()
        except Exception:  # too small
            continue
        return x
    return None


def found_in(net, *endings):
    """The parameters of a net whose names end so."""
    return [parameter for name, parameter in net.collect_params().items() if name.endswith(endings)]


def unsettle(net):
    """Random numbers in place of zeros and ones, which would hide a fault in what adds and scales."""
    random = np.random.RandomState(0)
    for endings, low, high in ((SCALES, 0.5, 1.5), (SHIFTS, -0.2, 0.2)):
        for parameter in found_in(net, *endings):
            parameter.set_data(array(random.uniform(low, high, parameter.shape)))


def moved_by_repair(net, x):
    """How far outputs and gradients move when MXNet's own activations become ours."""
    for _, block in walk(net):
        if isinstance(block, nn.BatchNorm):  # of two numbers it makes -1 and 1, whichever is a trifle larger
            block._kwargs["use_global_stats"] = True
    moved = []
    for hybrid in (False, True):
        net.hybridize(hybrid)
        own = a_step(net, x)
        with repair(verbose=False):
            net.hybridize(hybrid)  # a graph that ran before would stay as it is
            moved.append([distance(ours, theirs) for ours, theirs in zip(a_step(net, x), own)])
    net.hybridize(False)
    outputs, gradients = np.max(moved, axis=0)
    return f"{outputs:.0e}, {gradients:.0e}" if outputs or gradients else "same bits"


def a_step(net, x):
    """Outputs and gradients in training."""
    mx.random.seed(0)  # of dropout
    with mx.autograd.record():
        out = net(x)
        mean_of(out).backward()
    learned = [p for p in net.collect_params().values() if p.grad_req != "null"]
    return [each.asnumpy() for each in arrays_in(out)], [p.grad().asnumpy() for p in learned]


def in_onnx(net, x):
    """How far ONNX Runtime is from MXNet: with a file for this batch, and with one for any."""
    found = [tried(functools.partial(run_in_onnx, net, x, dynamic)) for dynamic in (False, True)]
    if not any(isinstance(each, str) for each in found):
        return f"{np.max(found):.0e}"
    return "; ".join(f"{how}: {each:{'' if isinstance(each, str) else '.0e'}}"
                     for how, each in zip(("fixed", "dynamic"), found))  # fmt: skip


def run_in_onnx(net, x, dynamic):
    """How far the outputs of a file are from those of its net."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    with tempfile.TemporaryDirectory() as folder:
        shape = (1 if dynamic else len(x), *x.shape[1:])
        path = onnx.export(net, os.path.join(folder, "net.onnx"), shape, dynamic=dynamic)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return distance(session.run(None, {"data": x.asnumpy()}), [y.asnumpy() for y in arrays_in(net(x))])


def distance(found, wanted):
    """The largest difference of two lists of arrays, relative to the largest number."""
    if [each.shape for each in found] != [each.shape for each in wanted]:
        raise ValueError("other shapes")
    differences = [abs(a - b).max() for a, b in zip(found, wanted) if a.size]
    return np.max(differences) / max(abs(each).max() for each in wanted if each.size)


def mean_of(out):
    """One number of all that a net gives: a loss that every output reaches."""
    return sum(each.mean() for each in arrays_in(out))


def tried(run):
    """What a function returned, or its error in a few words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return run()
        except Exception as error:
            return f"{type(error).__name__}: {str(error).splitlines()[0][:60]}"


def told(found):
    """How many records there are, or the error."""
    return found if isinstance(found, str) else len(found)


if __name__ == "__main__":
    main()
