"""What runs an ONNX file: ONNX Runtime, and onnx's own evaluator, written in NumPy."""

import numpy as np
import onnx
import onnx.reference
import onnxruntime
from onnx.reference.op_run import OpRun


class BatchNormalization(OpRun):
    """As the standard has it; the evaluator's own takes mean and variance of the batch, up to opset 13."""

    def _run(self, x, *others, epsilon=None, **training):
        gamma, beta, mean, variance = (each.reshape(-1, *[1] * (x.ndim - 2)) for each in others)
        return (((x - mean) / np.sqrt(variance + np.float32(epsilon)) * gamma + beta).astype(x.dtype),)


def _runtime(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def _evaluator(path):
    return onnx.reference.ReferenceEvaluator(path, new_ops=[BatchNormalization])


RUNTIMES = {"ONNX Runtime": _runtime, "onnx's evaluator": _evaluator}


def outputs(path, *xs):
    """What each runtime makes of a file, as pairs of its name and the list of outputs."""
    names = ["data"] if len(xs) == 1 else [f"data{i}" for i in range(len(xs))]
    for name, make in RUNTIMES.items():
        with np.errstate(all="ignore"):
            yield name, make(path).run(None, dict(zip(names, xs)))


def check(path):
    """Raise an error unless a file is valid and holds what its opset has."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    (opset,) = model.opset_import
    assert (opset.domain, opset.version, model.ir_version) == ("", 13, 7)
    for node in model.graph.node:
        assert node.name, f"a {node.op_type} without a name"
        # As of the newest opset up to this one; there is none for a younger operator.
        assert onnx.defs.get_schema(node.op_type, max_inclusive_version=13).since_version <= 13
    weights = {weight.name for weight in model.graph.initializer}
    assert not weights & {given.name for given in model.graph.input}, "a weight is an input"
    return model
