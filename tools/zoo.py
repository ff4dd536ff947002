"""Look into every net of the model zoo, and swap its activations: `python -m tools.zoo [NAME ...]`.

With `--gluoncv` into ten nets of GluonCV instead, where that can be imported. Nothing is downloaded: the
nets have random weights. "activations" are blocks of a known type; "saturated", the calls of layers that count as
activations, somebody's own among them; "replaced", places, of which one block may have several.
"""

import argparse
import contextlib
import io
import time
import warnings
from collections import Counter

import numpy as np

from gluon_activations import (
    array,
    check_output,
    dead_units,
    gradient_statistics,
    layer_statistics,
    replace_activations,
)
from gluon_activations.catalog import _name_of
from gluon_activations.nets._walk import arrays_in, walk

import mxnet as mx
from mxnet.gluon import loss
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
COLUMNS = (
    "net",
    "size",
    "activations",
    "layers",
    "saturated",
    "gradients",
    "zero regions",
    "output",
    "replaced",
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
    net.initialize()
    x = fitting(net)
    if x is None:
        return [name, "does not run"] + ["–"] * (len(COLUMNS) - 2)
    blocks = {id(block): block for _, block in walk(net)}.values()
    found = Counter(filter(None, map(_name_of, blocks)))
    layers = tried(lambda: layer_statistics(net, x))
    judged = layers if isinstance(layers, str) else [r for r in layers if r["saturated"] is not None]
    # As in training: what a detector does to its boxes afterwards has no gradient, and MXNet dies of asking.
    gradients = tried(lambda: gradient_statistics(net, x, None, lambda out, y: mean_of(out), train_mode=True))
    dead = tried(lambda: dead_units(net, x))
    output = tried(lambda: check_output(net, loss.SoftmaxCrossEntropyLoss(), x))
    replaced = tried(lambda: replace_activations(net, "silu", replaces=list(found)))
    runs = np.isfinite(next(arrays_in(net(x))).asnumpy()).all()
    return [
        name,
        x.shape[-1],
        ", ".join(f"{count} {kind}" for kind, count in found.items()) or "none",
        *map(told, (layers, judged, gradients, dead)),
        output if isinstance(output, str) else "right" if not output else output[0].split(", and")[0],
        f"{replaced}{'' if runs else ', and gives nan'}",
        f"{time.perf_counter() - start:.0f}",
    ]


def fitting(net):
    """A batch of the smallest size that a net takes; None if it takes none."""
    for size in (32, 64, 224, 299, 512):
        x = array(np.random.RandomState(0).randn(1, 3, size, size))
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # MXNet prints which shapes do not fit
                next(arrays_in(net(x))).wait_to_read()
        except Exception:  # too small
            continue
        return x
    return None


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
