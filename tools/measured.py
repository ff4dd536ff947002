"""The measured numbers in docs/data/: one JSON file for each kind and line of MXNet (or set of rows)."""

import json
import math
from pathlib import Path

import numpy_for_mxnet  # noqa: F401

import mxnet

DATA = Path(__file__).resolve().parent.parent / "docs" / "data"
LINES = {"1.9": "1.9.1", "2.0": "2.0.0b1"}
LINE = mxnet.__version__[:3]  # the one at hand
NUMBERS = ("inf", "-inf", "nan")
CENTRE = 20  # the errors are counted for abs(x) up to here, and for all x


def write(kind, line, rows):
    """Keep rows as JSON, sorted, one line for each. JSON has no infinity and no nan: they are strings in it."""
    lines = [f" {json.dumps(key)}: {json.dumps(_strings(rows[key]), allow_nan=False)}" for key in sorted(rows)]
    (DATA / f"{kind}-{line}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def read(kind, line):
    """The rows; none where nothing of this kind has been measured yet."""
    path = DATA / f"{kind}-{line}.json"
    return _numbers(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _strings(value):
    if isinstance(value, dict):
        return {key: _strings(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strings(part) for part in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _numbers(value):
    if isinstance(value, dict):
        return {key: _numbers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_numbers(part) for part in value]
    return float(value) if isinstance(value, str) and value in NUMBERS else value
