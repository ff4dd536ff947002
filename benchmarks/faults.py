"""Where MXNet's own operators give wrong numbers, measured, and what to use instead.

    python -m benchmarks.faults measure    # on one line of MXNet; writes docs/data/faults-<line>.json
    python -m benchmarks.faults frameworks path/to/python    # at the same places in PyTorch, which that Python has
    python -m benchmarks.faults report     # writes the tables of docs/errors_in_mxnet.md from these files

tests/test_measured.py measures each number again.
"""

import os
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mpmath
import numpy as np

import gluon_activations
from benchmarks import bench, turns
from tests.references import RECORDS, exact
from tools import measured
from tools.measured import LINE, LINES
from tools.wording import UNMEASURED, number

import mxnet as mx
from mxnet.gluon import Block, loss, nn

PAGE = Path(__file__).resolve().parent.parent / "docs" / "errors_in_mxnet.md"
END = "<!-- end of the table -->\n"
MANY = 3000
inf, nan = float("inf"), float("nan")


@dataclass(frozen=True)
class Fault:
    """One number that MXNet gets wrong.

    What is evaluated is an expression in x, or a block or function of it. In both, y is an array
    of zeros.
    """

    code: str  # what you write
    what: str  # "value", "gradient", or "sum": that of the values at MANY equal inputs
    dtype: str
    x: float
    truth: str  # the function, by its name in tests/references.py or in OTHERS below
    repair: str  # what to use instead
    page: str = ""  # where it is shown; else a test pins it
    lines: tuple[str, ...] = ("1.9", "2.0")  # where it is wrong; on the other line it is right, or missing
    convention: bool = False  # not wrong, but another choice than elsewhere

    @property
    def key(self):
        """Name of the record in the files."""
        return f"{self.code} {self.what} {self.dtype} {self.x}"


_LOSS = "(y - 1) * log_sigmoid(-x) - y * log_sigmoid(x)"
_P1, _P2, _P3, _P4 = "01_sigmoids", "02_rectifiers", "03_exponential_units", "04_smooth_gates"
_P6 = "06_match_the_output_layer"

FAULTS = (
    Fault("nn.SELU()", "gradient", "float32", -1.0, "selu", "SELU()", _P3),
    Fault("nn.SELU()", "gradient", "float32", -5.0, "selu", "SELU()", _P3),
    Fault("nn.SELU()", "gradient", "float32", -10.0, "selu", "SELU()", _P3),
    Fault("nn.ELU()", "value", "float32", -1e-6, "elu", "ELU()", _P3),
    Fault("nn.Activation('softrelu')", "value", "float32", -20.0, "softplus", "Softplus()", _P2),
    Fault("nn.Activation('relu')", "value", "float32", nan, "relu", "ReLU()", _P2),
    Fault("nn.LeakyReLU(0.01)", "value", "float64", -1.0, "leaky_relu", "LeakyReLU()", _P2),
    Fault("nn.PReLU()", "value", "float64", -0.1, "prelu", "PReLU()", _P2),
    Fault("nn.Activation('log_sigmoid')", "value", "float32", 20.0, "log_sigmoid", "LogSigmoid()", _P1, ("2.0",)),
    Fault("nn.Activation('log_sigmoid')", "value", "float16", -100.0, "log_sigmoid", "LogSigmoid()", "", ("2.0",)),
    Fault("nn.Activation('sigmoid')", "gradient", "float32", 20.0, "sigmoid", "Sigmoid()", _P1),
    Fault("nn.Activation('sigmoid')", "value", "float32", -87.3, "sigmoid", "Sigmoid()"),
    Fault("nn.Activation('tanh')", "gradient", "float32", 20.0, "tanh", "Tanh()", _P1),
    Fault("nn.Activation('softsign')", "value", "float32", inf, "softsign", "Softsign()", _P1),
    Fault("SigmoidBCELoss()(x, y)", "gradient", "float32", 0.0, "softplus", _LOSS, _P1),
    Fault("SigmoidBCELoss()(x, y)", "value", "float32", -20.0, "softplus", _LOSS, _P1),
    Fault("nn.GELU()", "value", "float32", -6.0, "gelu", "GELU()(x.astype('float64'))", _P4),
    Fault("nn.GELU()", "value", "float64", -5.0, "gelu", "GELU()", _P4),
    Fault("nn.GELU()", "value", "float32", -inf, "gelu", "GELU()", _P4),
    Fault("nn.Swish()", "value", "float32", -inf, "swish", "Swish()", _P4),
    Fault("nn.SiLU()", "value", "float32", -inf, "silu", "SiLU()", _P4, ("2.0",)),
    Fault("nn.Activation('mish')", "value", "float32", -20.0, "mish", "Mish()", _P4, ("2.0",)),
    Fault("nn.Activation('mish')", "gradient", "float32", 1e14, "mish", "Mish()", _P4, ("2.0",)),
    Fault("npx.erf", "gradient", "float64", 0.0, "erf", "ops.erf"),
    Fault("npx.softmax", "sum", "float16", 0.0, "one", "Softmax()", _P6, ("1.9",)),
    Fault("np.maximum(x, 0)", "gradient", "float32", 0.0, "relu", "ReLU()", _P2, convention=True),
    Fault("nd.hard_sigmoid", "value", "float32", 1.0, "hard_sigmoid", "HardSigmoid()", _P1, convention=True),
    Fault("npx.leaky_relu", "value", "float32", -1.0, "leaky_relu", "LeakyReLU()", _P2, convention=True),
)


def truth(fault):
    """The right number, exact to fifty digits."""
    others = {"erf": mpmath.erf, "one": lambda x: mpmath.mpf(1)}
    x, slope = float(np.dtype(fault.dtype).type(fault.x)), fault.what == "gradient"
    if fault.truth in RECORDS:
        return exact(fault.truth, x)[slope]
    return mpmath.diff(others[fault.truth], x) if slope else others[fault.truth](mpmath.mpf(x))


def got(fault, code):
    """The number that the code gives; None where this line of MXNet lacks the operator."""
    x = mx.np.full((1, MANY if fault.what == "sum" else 1), fault.x, dtype=fault.dtype)
    if code.startswith("nd."):
        x = x.as_nd_ndarray()
    x.attach_grad()
    try:
        with mx.autograd.record():
            y = _evaluate(code, x)
        y.backward()
        found = (x.grad if fault.what == "gradient" else y).asnumpy()
    except (AttributeError, mx.base.MXNetError):
        return None
    return float(found.astype("float64").sum())


def _evaluate(code, x):
    names = {**vars(gluon_activations), "nn": nn, "nd": mx.nd, "np": mx.np, "npx": mx.npx}
    names.update(log_sigmoid=gluon_activations.functional.log_sigmoid)
    names.update(x=x, y=mx.np.zeros(x.shape), SigmoidBCELoss=loss.SigmoidBCELoss)
    found = eval(code, names)
    if re.search(r"\bx\b", code):
        return found
    if isinstance(found, Block):
        found.initialize()
        found.cast(x.dtype)
    return found(x)


def measure():
    """All numbers on the MXNet at hand, written to docs/data/faults-<line>.json."""
    mx.npx.set_np()
    os.environ.pop("MXNET_SAFE_ACCUMULATION", None)  # numbers are those of a fresh installation
    measured.write("faults", LINE, {fault.key: record(fault) for fault in FAULTS})


def record(fault):
    """What one fault is on the MXNet at hand: MXNet's number, the truth, and that of the repair."""
    return {"mxnet": got(fault, fault.code), "ours": got(fault, fault.repair), "truth": float(truth(fault))}


# In PyTorch, what has no name of ours; the rest is in the table of names.
IN_TORCH = {
    "nn.PReLU()": "torch.nn.functional.prelu(x, torch.full((1,), 0.25, dtype=x.dtype))",
    "npx.erf": "torch.special.erf(x)",
    "npx.softmax": f"torch.softmax(x.expand({MANY}), 0).sum()[None]",
    "SigmoidBCELoss()(x, y)": "torch.nn.functional.binary_cross_entropy_with_logits(x, 0 * x.detach())[None]",
}


def measure_frameworks(python):
    """PyTorch's numbers at the same places, in docs/data/faults-frameworks.json, by a Python that has it."""
    rows, worker = {}, turns.Worker(python, "elsewhere", "torch", threads=1)
    with tempfile.TemporaryDirectory() as folder:
        inputs, results = f"{folder}/inputs.npy", f"{folder}/results.npy"
        for fault in FAULTS:
            np.save(inputs, np.array([fault.x], fault.dtype))
            code = IN_TORCH.get(fault.code) or bench.calls()["PyTorch"][fault.truth]
            worker.ask("values", code, inputs, results)
            value, slope = np.load(results).astype("float64").ravel()
            found = {"torch": float(slope if fault.what == "gradient" else value), "truth": float(truth(fault))}
            rows[fault.key] = found
    versions = worker.ask("versions")
    worker.close()
    measured.write("faults", "frameworks", {"versions": versions, **rows})


def read(line):
    """The records of one line of MXNet, or of the "frameworks"."""
    return measured.read("faults", line)


# How bad a wrong number is, the worst first: what it does to a net that meets it.
KINDS = {
    "sign": "the wrong sign: training goes the wrong way",
    "size": "off by more than a hundredth",
    "nan": "nan or ∞ where the truth is a number, or a nan that vanishes",
    "tail": "0 where the truth is small: a logarithm or a quotient of it is infinite",
    "digits": "digits are missing",
}


def kind(fault, records):
    """The worst that a line of MXNet does, by its name in ``KINDS``; None where one is not measured yet."""
    if None in records:
        return None
    found = [_kind(row["mxnet"], row["truth"]) for line, row in zip(LINES, records) if line in fault.lines]
    return min(found, key=[*KINDS].index)


def _kind(theirs, truth):
    if np.isfinite(theirs) != np.isfinite(truth) or np.isnan(truth):
        return "nan"
    if theirs * truth < 0:
        return "sign"
    if theirs == 0 and abs(truth) < 1e-3:
        return "tail"
    return "size" if abs(theirs - truth) > abs(truth) / 100 else "digits"


def tables():
    """The two tables in Markdown, each after its marker: what is wrong, the worst first, and other conventions."""
    records = {line: read(line) for line in LINES}
    measured_of = {fault: [records[line].get(fault.key) for line in LINES] for fault in FAULTS}
    found = {}
    for convention, marker, right in ((False, "wrong numbers", "truth"), (True, "other conventions", "elsewhere")):
        head = ["you write", "what you ask for", *LINES.values(), right, "use instead", "page"]
        chosen = [fault for fault in FAULTS if fault.convention == convention]
        kinds = {fault: kind(fault, measured_of[fault]) for fault in chosen}
        lines = {fault: _cells(fault, measured_of[fault]) for fault in chosen}
        if not convention:
            head = ["wrong in", *head[:2], "PyTorch", *head[2:]]
            chosen.sort(key=lambda fault: [*KINDS, None].index(kinds[fault]))
            for fault in chosen:
                first, whose = kinds[fault] or UNMEASURED, _elsewhere(fault, measured_of[fault])
                lines[fault] = [first, *lines[fault][:2], whose, *lines[fault][2:]]
        rows = ["| " + " | ".join(row) + " |" for row in (head, *(lines[fault] for fault in chosen))]
        rows.insert(1, "|---" * len(head) + "|")
        found[f"<!-- {marker}: make errors -->"] = "\n".join(rows)
    return found


def _elsewhere(fault, records):
    """Whether PyTorch is right where MXNet is wrong: to three digits, and ten times nearer than MXNet."""
    found = read("frameworks").get(fault.key)
    if found is None or None in records:
        return UNMEASURED
    theirs, right = found["torch"], found["truth"]
    if np.isnan(right):
        return "right" if np.isnan(theirs) else "wrong too"
    errors = [abs(row["mxnet"] - right) for line, row in zip(LINES, records) if line in fault.lines]
    near = abs(theirs - right) <= min([1e-3 * abs(right)] + [error / 10 for error in errors if np.isfinite(error)])
    return "right" if near else "wrong too"


def _cells(fault, both):
    where = f"{fault.what} at {_number(fault.x, 4)}, {fault.dtype}"
    if fault.what == "sum":
        where = f"sum over {MANY} equal scores, {fault.dtype}"
    page = f"[{fault.page[:2]}](../notebooks/{fault.page}.ipynb)" if fault.page else "–"
    return [f"`{fault.code}`", where, *_numbers(fault, both), f"`{fault.repair}`", page]


def _numbers(fault, both):
    """What each line of MXNet gives, and the truth, in as many digits as it takes to tell wrong from right."""
    if None in both:
        return [UNMEASURED] * len(both) + ["–"]
    right, theirs = both[0]["truth"], [row["mxnet"] for row in both]
    wrong = [value for line, value in zip(LINES, theirs) if line in fault.lines]
    digits = next(n for n in range(4, 18) if all(_number(value, n) != _number(right, n) for value in wrong))
    return [*("missing" if value is None else _number(value, digits) for value in theirs), _number(right, digits)]


def _number(value, digits):
    return number(value + 0.0, digits).replace("e+", "e")


def with_tables(text):
    """The page with its tables as they should be."""
    for marker, table in tables().items():
        head, rest = text.split(f"{marker}\n")
        text = f"{head}{marker}\n\n{table}\n\n{END}{rest.split(END, 1)[1]}"
    return text


def report():
    """Write the tables into the page."""
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    command, *arguments = sys.argv[1:] or ["report"]
    {"measure": measure, "frameworks": measure_frameworks, "report": report}[command](*arguments)
