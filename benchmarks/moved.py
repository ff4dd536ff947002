"""What ONNX Runtime and PyTorch make of the net of page 13, and which activation the models of today start with.

    .venv/bin/python -m benchmarks.moved net          the page's net, trained; its file; ONNX Runtime
    python -m benchmarks.moved frameworks             PyTorch, transformers, timm

The second runs in an environment with torch and numpy; what wants transformers, timm or onnx2torch (with onnx and
onnxruntime) is left out where they are missing. The code that moves the net is the page's own: it stands there in
cells tagged "net" and "torch", and is executed from there.

What is there already is compared, and what has changed beyond rounding is written, said, and ends in status 1.
"""

import argparse
import datetime
import importlib
import importlib.metadata
import inspect
import json
import os
import pkgutil
import re
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "notebooks" / "13_move_a_net.ipynb"
FOLDER = ROOT / "notebooks" / "elsewhere"
MODELS = ROOT / "docs" / "data" / "models.json"
TOLERANCE = 1e-5


def from_the_page(tag, **names):
    """The names that the page's cells with this tag define."""
    for cell in json.loads(PAGE.read_text(encoding="utf-8"))["cells"]:
        if tag in cell["metadata"].get("tags", []):
            exec("".join(cell["source"]), names)
    return names


def store(file, **arrays):
    """Write or add to a file of arrays; yield what differs from those that it held."""
    old = dict(np.load(file)) if file.exists() else {}
    largest, new = 0.0, arrays.keys() - old.keys()
    for name in sorted(arrays.keys() & old.keys()):
        was, now = old[name], np.asarray(arrays[name])
        if now.dtype.kind == "f" and was.shape == now.shape:
            off = float(abs(was - now).max())
        else:
            off = 0.0 if np.array_equal(was, now) else np.inf
        largest = max(largest, off)
        if off <= TOLERANCE:
            arrays[name] = was  # so that rounding changes no file
        else:
            yield f"{file.name}: {name} has changed by {off:.0e}"
    print(f"{file.name}: {len(arrays)} arrays, {len(new)} of them new, the others off by at most {largest:.0e}")
    if any(arrays[name] is not old.get(name) for name in arrays):
        file.parent.mkdir(exist_ok=True)
        np.savez_compressed(file, **{**old, **arrays})


# -- with MXNet 1.9 --------------------------------------------------------------------------


def net():
    """Train the page's net, export it, and run the file."""
    import gluon_activations as package
    from gluon_activations import onnx, training

    import mxnet as mx

    page = from_the_page("net", **{**vars(package), "mx": mx, "nn": mx.gluon.nn, "training": training})
    mx.npx.set_np()
    data = training.load_data(images=True)
    trained = page["trained"](data, seed=0, epochs=8, device=package.context("cpu"))
    print(f"accuracy {training.accuracy(trained, data.x_test, data.y_test):.4f}")
    FOLDER.mkdir(exist_ok=True)
    path = onnx.export(trained, str(FOLDER / "digits.onnx"), (1, 1, 8, 8), dynamic=True)
    x, weights = data.x_test[:32], page["weights_of"](trained)
    outputs = {"mxnet": trained(package.array(x)).asnumpy(), "onnxruntime": run(path, x)}
    yield from store(FOLDER / "digits.npz", x=x, y=data.y_test[:32], **weights, **outputs)
    yield from write_json(FOLDER / "gelu.json", gelu_in_files(package.GELU, onnx.export))


def run(model, x):
    """The output of ONNX Runtime, without its remarks."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options).run(None, {"data": x})[0]


AT = [-8.0, -5.0, -3.0, -1.0, 1.0, 3.0]


def gelu_in_files(block, export):
    """GELU in float32 in the three ways in which a file of ONNX can say it, as ONNX Runtime computes them."""
    import onnx
    import onnxruntime
    from onnx import parser

    x = np.array(AT, "float32")
    node = parser.parse_model(GELU % (9, 20, "output = Gelu(data)"))
    tanh = parser.parse_model(GELU % (3, 8, TANH))
    with tempfile.TemporaryDirectory() as folder:
        erf = run(export(block(), os.path.join(folder, "erf.onnx"), x.shape), x)
    outputs = {"Gelu": run(node.SerializeToString(), x), "Erf": erf, "Tanh": run(tanh.SerializeToString(), x)}
    schemas = [schema for schema in onnx.defs.get_all_schemas_with_history() if schema.domain == ""]
    return {
        "versions": {module.__name__: module.__version__ for module in (onnx, onnxruntime)},
        "since": {
            name: min(schema.since_version for schema in schemas if schema.name == name)
            for name in ("Tanh", "Erf", "Gelu")
        },
        "x": AT,
        **{name: [float(f"{value:.4g}") for value in y] for name, y in outputs.items()},
    }


GELU = """<ir_version: %d, opset_import: ["" : %d]>
gelu (float[N] data) => (float[N] output) { %s }"""
TANH = """
    a = Constant <value = float {0.7978845608028654}> ()
    b = Constant <value = float {0.044715}> ()
    half = Constant <value = float {0.5}> ()
    one = Constant <value = float {1}> ()
    square = Mul(data, data)
    cube = Mul(square, data)
    small = Mul(b, cube)
    inner = Add(data, small)
    scaled = Mul(a, inner)
    tanh = Tanh(scaled)
    above = Add(one, tanh)
    twice = Mul(data, above)
    output = Mul(half, twice)
"""


def write_json(file, new):
    """Write JSON; yield what differs from what was there, dates and versions apart."""
    old = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
    plain = [
        {key: value for key, value in (each or {}).items() if key not in ("date", "versions")}
        for each in (old, new)
    ]
    if plain[0] != plain[1]:
        text = json.dumps(new, indent=1, ensure_ascii=False)
        text = re.sub(r"\n   *(?! *\{)", " ", re.sub(r"\n +\]", "\n ]", text)) if "columns" in new else text
        file.write_text(text + "\n", encoding="utf-8")
        if old is not None:
            yield f"{file.name} has changed: see git diff"
    print(f"{file.name}: {'as it was' if plain[0] == plain[1] else 'written'}")


# -- in the frameworks' environment ----------------------------------------------------------


def frameworks():
    """What PyTorch computes, and what transformers and timm start with."""
    warnings.filterwarnings("ignore")
    os.environ["TRANSFORMERS_VERBOSITY"] = "critical"
    yield from in_pytorch()
    for part, wants in (
        (through_onnx2torch, ["onnx2torch"]),
        (layer, ["transformers"]),
        (models, ["transformers", "timm"]),
    ):
        try:
            for name in wants:
                importlib.import_module(name)
        except ImportError as error:
            print(f"{part.__name__} is left out: {error}")
            continue
        yield from part()


def in_pytorch():
    """The page's net by the page's own translation."""
    import torch

    kept = np.load(FOLDER / "digits.npz")
    page = from_the_page("torch")
    weights = {name: kept[name] for name in kept if "." in name}
    with torch.no_grad():
        y = page["in_torch"](weights)(torch.tensor(kept["x"])).numpy()
    yield from store(FOLDER / "digits.npz", torch=y)


def through_onnx2torch():
    """The file by onnx2torch, which wants the shape of each intermediate result to be written in it."""
    import onnx
    import onnx2torch
    import torch
    from onnxruntime.tools.symbolic_shape_infer import SymbolicShapeInference

    model, x = onnx.load(FOLDER / "digits.onnx"), torch.tensor(np.load(FOLDER / "digits.npz")["x"])
    try:
        onnx2torch.convert(model)
        print("onnx2torch takes the file as it is: page 13 says that it does not")
    except NotImplementedError as error:
        print("onnx2torch, of the file as it is:", error)
    with torch.no_grad():
        y = onnx2torch.convert(SymbolicShapeInference.infer_shapes(model, auto_merge=True)).eval()(x).numpy()
    yield from store(FOLDER / "digits.npz", onnx2torch=y)


def layer():
    """A layer of ALBERT, small, with weights drawn at random: what it holds, takes and gives."""
    import torch
    from transformers import AlbertConfig
    from transformers.models.albert.modeling_albert import AlbertLayer

    config = AlbertConfig(hidden_size=16, num_attention_heads=2, intermediate_size=32, attn_implementation="eager")
    there, file = AlbertLayer(config).eval(), FOLDER / "layer.npz"
    if file.exists():
        kept = {name: torch.tensor(value) for name, value in np.load(file).items() if value.dtype.kind == "f"}
        x = kept["x"]
        there.load_state_dict({name: value for name, value in kept.items() if name not in ("x", "y")})
    else:
        torch.manual_seed(0)
        x = torch.randn(2, 5, 16)
        for parameter in there.parameters():  # none keeps a value that a mistake would not show in
            torch.nn.init.normal_(parameter, std=0.5)
    with torch.no_grad():
        y = there(x)
        y = y[0] if isinstance(y, tuple) else y
    names = ("hidden_act", "hidden_size", "num_attention_heads", "intermediate_size", "layer_norm_eps")
    said = json.dumps({name: getattr(config, name) for name in names})
    weights = {name: value.numpy() for name, value in there.state_dict().items()}
    yield from store(file, config=said, x=x.numpy(), y=y.numpy(), **weights)


# Where a configuration says which activation its layers have.
KEYS = (
    *("dense_act_fn", "hidden_act", "hidden_activation", "activation_function"),
    *("ff_activation", "activation", "afn"),
)
# What transformers' documentation says of a release: the day, and the commit at which it says so.
RELEASED = {
    "llama": ("2023-02-27", "02bf324a787fb476074c448db8fb0b6cb3ef8394"),
    "nemotron": ("2024-02-26", "162e3fa2e5204d4503ca95146357aad3cecd69cc"),
    "apertus": ("2025-09-02", "05971510cc607c37824f51ccfd1bb47d03159f53"),
}


def models():
    """Each family of transformers and timm, with the activation that its configuration starts with."""
    new = {
        "date": datetime.date.today().isoformat(),
        "versions": {name: importlib.metadata.version(name) for name in ("transformers", "timm")},
        "columns": {
            "activation": "its name there, for get_activation: the default of the configuration or of act_layer",
            "gated": "whether a feed-forward layer has a gate, by the shapes of its weights; null: not read",
            "year": "transformers: the copyright line above the configuration; timm: the module's first arXiv id",
        },
        "released": {
            family: {
                "date": day,
                "source": f"huggingface/transformers@{commit}:docs/source/en/model_doc/{family}.md",
            }
            for family, (day, commit) in RELEASED.items()
        },
        "transformers": [*of_transformers()],
        "timm": [*of_timm()],
    }
    yield from write_json(MODELS, new)


def of_transformers():
    """The configurations of transformers that name an activation."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    for family in sorted(CONFIG_MAPPING.keys()):
        try:
            config = CONFIG_MAPPING[family]()
        except Exception as error:  # one without defaults
            print(f"{family} is left out: {type(error).__name__}")
            continue
        name = next((value for key in KEYS if isinstance(value := getattr(config, key, None), str)), None)
        if name:
            source = inspect.getsource(inspect.getmodule(type(config)))
            year = re.search(r"Copyright (?:\(c\) )?(20\d\d)", source)
            year = int(year[1]) if year and int(year[1]) >= 2018 else None  # transformers is no older
            yield {"family": family, "activation": name, "gated": gated(config), "year": year}


FEED_FORWARD = re.compile("mlp|ffn|feed_?forward|experts?|densereludense", re.IGNORECASE)


def gated(config):
    """Whether a feed-forward layer has a gate; None if no model can be made of the configuration alone."""
    import torch
    from transformers.models.auto.modeling_auto import MODEL_MAPPING

    try:
        kind = MODEL_MAPPING[type(config)]
        if isinstance(getattr(config, "num_hidden_layers", None), int):
            config.num_hidden_layers = 2
        with torch.device("meta"):  # shapes without numbers
            model = (kind[0] if isinstance(kind, (list, tuple)) else kind)(config)
    except Exception:
        return None
    return any(FEED_FORWARD.search(name) and has_gate(module) for name, module in model.named_modules())


def has_gate(module):
    """Whether one weight takes back what two others, or one of twice the width, give."""
    weights = dict(module.named_parameters(recurse=False))
    weights |= {name: child.weight for name, child in module.named_children() if hasattr(child, "weight")}
    shapes = [tuple(weight.shape[-2:]) for weight in weights.values() if len(weight.shape) in (2, 3)]
    for out, inner in shapes:
        apart = len(shapes) == 3 and shapes.count((inner, out)) == 2
        joined = (2 * inner, out) in shapes or (out, 2 * inner) in shapes
        if out != inner and (apart or joined):
            return True
    return False


def of_timm():
    """The models of timm whose class takes an activation and has a default for it."""
    import timm.models
    from timm.layers import create_act

    names = {}  # of each class in timm's registry, the first
    for name, kind in create_act._ACT_LAYER_DEFAULT.items():
        names.setdefault(kind, name)
    for info in pkgutil.iter_modules(timm.models.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"timm.models.{info.name}")
        papers = re.findall(r"arxiv\.org/(?:abs|pdf)/(\d\d)\d\d\.", module.__doc__ or "")
        for name in sorted({*re.findall(r"build_model_with_cfg\(\s*(\w+)", inspect.getsource(module))}):
            kind = getattr(module, name, None)
            default = inspect.signature(kind).parameters.get("act_layer") if kind else None
            default = default and getattr(default.default, "func", default.default)  # of a partial
            if isinstance(default, (str, type)) and default is not inspect.Parameter.empty:
                label = default if isinstance(default, str) else names.get(default, default.__name__)
                year = 2000 + int(papers[0]) if papers else None
                yield {"family": f"{info.name}.{name}", "activation": label.lower(), "gated": None, "year": year}


def main():
    """Do one part; status 1 if something has changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["net", "frameworks"])
    changed = list({"net": net, "frameworks": frameworks}[parser.parse_args().part]())
    sys.exit("\n".join(changed) if changed else 0)


if __name__ == "__main__":
    main()
