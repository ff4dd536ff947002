"""What page 13 reads: written by benchmarks/moved.py, by the page's own code, and the same in each framework."""

import json

import numpy as np
import pytest

from benchmarks import moved
from gluon_activations import get_activation

DIGITS = dict(np.load(moved.FOLDER / "digits.npz"))
MODELS = json.loads(moved.MODELS.read_text(encoding="utf-8"))
FAMILIES = MODELS["transformers"] + MODELS["timm"]


@pytest.mark.parametrize("framework", ["onnxruntime", "torch", "onnx2torch"])
def test_every_framework_gave_the_same_scores(framework):
    assert DIGITS[framework].shape == DIGITS["mxnet"].shape == (32, 10)
    assert abs(DIGITS[framework] - DIGITS["mxnet"]).max() < 1e-5 * abs(DIGITS["mxnet"]).max()


def test_the_code_that_moves_the_net_is_the_pages():
    page = moved.from_the_page("torch")
    assert page["renamed"]("2.alpha") == "2.weight" and page["renamed"]("8.bias") == "8.bias"
    assert {"build", "trained", "weights_of"} <= moved.from_the_page("net").keys()


def test_the_layer_is_whole():
    layer = dict(np.load(moved.FOLDER / "layer.npz"))
    config = json.loads(str(layer["config"]))
    assert config["hidden_act"] == "gelu_new" and layer["x"].shape == layer["y"].shape
    assert layer["ffn.weight"].shape == (config["intermediate_size"], config["hidden_size"])


def test_the_files_are_small():
    assert sum(file.stat().st_size for file in moved.FOLDER.iterdir()) < 80_000 > moved.MODELS.stat().st_size


def test_a_family_stands_once_with_what_is_known_of_it():
    for rows in (MODELS["transformers"], MODELS["timm"]):
        names = [row["family"] for row in rows]
        assert len({*names}) == len(names) > 40
    for row in FAMILIES:
        assert list(row) == ["family", "activation", "gated", "year"]
        assert row["gated"] in (True, False, None)
        assert row["year"] is None or 2012 <= row["year"] <= int(MODELS["date"][:4])
    assert {*MODELS["released"]} <= {row["family"] for row in MODELS["transformers"]}


def test_what_has_changed_is_said(tmp_path, capsys):
    file = tmp_path / "a.npz"
    assert not list(moved.store(file, x=np.ones(3), name="a"))
    assert not list(moved.store(file, x=np.ones(3) + 1e-7, y=np.zeros(2)))
    assert (np.load(file)["x"] == 1).all() and (np.load(file)["y"] == 0).all()
    assert list(moved.store(file, x=np.ones(3) + 0.5)) == ["a.npz: x has changed by 5e-01"]
    assert list(moved.store(file, x=np.ones(4), name="b")) == [
        "a.npz: name has changed by inf",
        "a.npz: x has changed by inf",
    ]
    assert "1 of them new" in capsys.readouterr().out


def test_a_date_alone_is_no_change(tmp_path):
    file = tmp_path / "a.json"
    assert not list(moved.write_json(file, {"date": "2020-01-01", "x": [1]}))
    assert not list(moved.write_json(file, {"date": "2021-01-01", "x": [1]}))
    assert "2020" in file.read_text()
    assert list(moved.write_json(file, {"date": "2021-01-01", "x": [2]})) == ["a.json has changed: see git diff"]


class Weights:
    """A module of PyTorch, as far as has_gate asks."""

    def __init__(self, **shapes):
        self.shapes = shapes

    def named_parameters(self, recurse):
        return ((name, np.zeros(shape)) for name, shape in self.shapes.items() if not recurse)

    def named_children(self):
        return []


@pytest.mark.parametrize(
    "shapes, gate",
    [
        ({"up": (8, 4), "down": (4, 8)}, False),
        ({"gate": (8, 4), "up": (8, 4), "down": (4, 8)}, True),
        ({"both": (16, 4), "down": (4, 8)}, True),
        ({"experts": (3, 16, 4), "down": (3, 4, 8)}, True),
        ({"query": (4, 4), "key": (4, 4), "value": (4, 4)}, False),
        ({"bias": (4,)}, False),
    ],
)
def test_a_gate_is_seen_by_its_shapes(shapes, gate):
    assert moved.has_gate(Weights(**shapes)) == gate


@pytest.mark.parametrize("framework", ["transformers", "timm"])
def test_every_name_of_a_family_is_known_here(framework):
    for name in {row["activation"] for row in MODELS[framework]}:
        assert get_activation(f"{framework}:{name}")
