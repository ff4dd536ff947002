"""Names elsewhere: frameworks.json, and the ways through it; `make frameworks` compares it with the others."""

import ast
from dataclasses import FrozenInstanceError
from urllib.parse import urlsplit

import numpy
import pytest
from matplotlib import pyplot

from benchmarks import frameworks as compared
from gluon_activations import (
    CATALOG,
    _elsewhere,
    activations,
    array,
    catalog,
    elsewhere,
    gain,
    get_activation,
    initializer,
    replace_activations,
    visualize_activation,
)
from gluon_activations._elsewhere import REQUIRED, Theirs, frameworks
from gluon_activations.catalog import _block_of, _parameters
from tools import measured

import mxnet as mx
from mxnet.gluon import nn

HOSTS = {"torch": "docs.pytorch.org", "keras": "keras.io", "jax": "docs.jax.dev"}
ENTRIES = [
    pytest.param(held, entry, id=f"{key} {entry.ours[0].name} {place}")
    for key, held in frameworks().items()
    for place, entry in enumerate(held.entries)
]
CALLS = [
    pytest.param(key, entry, theirs, id=f"{key}:{path}")
    for key, held in frameworks().items()
    for path, (entry, theirs) in held.calls.items()
]


def given(theirs):
    """Parameters that have no default, and some number for each."""
    missing = [name for name, default in theirs.defaults.items() if default is REQUIRED]
    return {name: 0.25 * (place + 1) for place, name in enumerate(missing)}


def same(one, other):
    return type(one) is type(other) and one._shown == other._shown


@pytest.mark.parametrize("framework, entry", ENTRIES)
def test_an_entry_names_ours_and_theirs(framework, entry):
    assert bool(entry.theirs) != bool(entry.write)
    for form in entry.ours:
        assert form.terms.keys() <= _parameters(_block_of(form.name)).keys()
        for theirs in entry.theirs:
            assert form.used <= theirs.defaults.keys()
    assert entry.note == entry.note.strip() and (not entry.note or entry.note.endswith("."))


@pytest.mark.parametrize("key, entry, theirs", CALLS)
def test_a_call_is_one_of_the_framework_and_has_a_page_where_there_are_any(key, entry, theirs):
    tree = ast.parse(theirs.code, mode="eval").body
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert names - {"x", *theirs.defaults} == {key}
    assert isinstance(tree, (ast.Call, ast.Subscript)) and theirs.call(theirs.defaults | given(theirs))
    address = urlsplit(frameworks()[key].link(theirs.path))
    assert address.netloc == HOSTS.get(key, "") and "{" not in address.geturl()


@pytest.mark.parametrize("key, held", frameworks().items())
def test_a_name_is_said_once(key, held):
    paths = [theirs.path for entry in held.entries for theirs in entry.theirs]
    assert len(paths) == len({*paths}) and not {path.rpartition(".")[2] for path in paths} & {*held.none}
    assert not held.other or held.other in frameworks()


@pytest.mark.parametrize("key, entry, theirs", CALLS)
def test_every_name_makes_a_block_and_the_block_leads_back(key, entry, theirs):
    block = get_activation(f"{key}:{theirs.path}", **given(theirs))
    assert same(block, get_activation(f"{key}:{theirs.name}", **given(theirs)))
    back = Theirs(elsewhere(block)[key])
    parameters = {name: value for name, value in back.defaults.items() if value is not REQUIRED}
    assert same(get_activation(f"{key}:{back.path}", **parameters), block)


@pytest.mark.parametrize(
    "name, parameters, wanted",
    [
        ("jax:gelu", {}, ("gelu", {"approximate": "tanh"})),
        ("jax:nn.gelu", {"approximate": False}, ("gelu", {"approximate": "none"})),
        ("keras:leaky_relu", {}, ("leaky_relu", {"alpha": 0.2})),
        ("keras:LeakyReLU", {}, ("leaky_relu", {"alpha": 0.3})),
        ("keras:relu", {"negative_slope": 0.5}, ("leaky_relu", {"alpha": 0.5})),
        ("keras:relu", {"max_value": 3}, ("hard_tanh", {"min_val": 0.0, "max_val": 3.0})),
        ("torch:nn.functional.hardtanh_", {"min_val": -2.0, "inplace": True}, ("hard_tanh", {"min_val": -2.0})),
        ("torch:PReLU", {"num_parameters": 3}, ("prelu", {"in_channels": 3})),
        ("torch:Softmax", {}, ("softmax", {})),
        ("torch:Softmax", {"dim": 1}, ("softmax", {"axis": 1})),
        ("torch:Softmax2d", {}, ("softmax", {"axis": -3})),
        ("timm:leaky_relu", {"negative_slope": 0.1}, ("leaky_relu", {"alpha": 0.1})),
        ("transformers:gelu_new", {}, ("gelu", {"approximate": "tanh"})),
    ],
)
def test_their_defaults_and_the_names_of_their_parameters(name, parameters, wanted):
    ours, options = wanted
    assert same(get_activation(name, **parameters), get_activation(ours, **options))


@pytest.mark.parametrize(
    "name, parameters, error, words",
    [
        ("tf:relu", {}, ValueError, "a framework is one of torch, jax, keras, timm, transformers, not 'tf'"),
        ("torch:Gelu_", {}, ValueError, "no activation of PyTorch is called 'Gelu_'; nearest: GELU, gelu, .*"),
        ("jax:zzzz", {}, ValueError, "no activation of JAX is called 'zzzz'; nearest: sigmoid, .*, glu.*"),
        ("torch:nn.CrossEntropyLoss", {}, ValueError, "torch:nn.CrossEntropyLoss is no activation but a loss"),
        ("torch:GELU", {"alpha": 1}, TypeError, "torch:GELU takes the parameters: approximate; not alpha"),
        ("jax:relu", {"b": 1, "a": 1}, TypeError, "jax:relu takes the parameters: none; not a, b"),
        (
            "torch:nn.Threshold",
            {"value": 1},
            TypeError,
            "torch:nn.Threshold takes the parameters: threshold, value; and threshold must be given",
        ),
        (
            "jax:gelu",
            {"approximate": "tanh"},
            ValueError,
            "jax:gelu's approximate is one of False, True, not 'tanh'",
        ),
        (
            "torch:Softplus",
            {"threshold": 30},
            ValueError,
            r"torch:Softplus can be one of torch.nn.Softplus\(beta=1.0\) here, not .*Softplus\(threshold=30\)",
        ),
        (
            "torch:ELU",
            {"alpha": "a"},
            TypeError,
            "torch:ELU is elu here: elu's alpha is a finite number .*, not 'a'",
        ),
        ("torch:ELU", {"alpha": 0}, ValueError, "torch:ELU is elu here: elu's alpha is a finite number .*, not 0"),
    ],
)
def test_an_error_says_in_one_line_what_is_allowed_and_what_came(name, parameters, error, words):
    with pytest.raises(error, match=f"^{words}$"):
        get_activation(name, **parameters)


@pytest.mark.parametrize("name, entry", CATALOG.items())
def test_code_of_elsewhere_is_one_expression_of_the_framework(name, entry):
    defaults = {key: parameter.default for key, parameter in entry.parameters.items()}
    for key, code in _elsewhere.theirs(name, defaults, defaults, None).items():
        names = {node.id for node in ast.walk(ast.parse(code or key)) if isinstance(node, ast.Name)}
        assert names - {"x", "a", "b"} == {key if key in names else frameworks()[key].other}


def test_elsewhere_fills_parameters_in_and_says_what_differs():
    found = elsewhere("softplus", beta=2)
    assert list(found) == ["torch", "jax", "keras", "timm", "transformers"]
    assert found["torch"] == found["timm"] == "torch.nn.Softplus(beta=2.0)"
    assert found["jax"] == "jax.nn.softplus(2.0 * x) / 2.0" and not found.notes["jax"]
    assert "threshold" in found.notes["torch"] and found.notes["timm"].startswith(
        "timm has none; this is PyTorch's. "
    )


def test_a_call_of_its_own_comes_before_one_that_can_also_do_it_and_that_before_what_is_written():
    assert elsewhere("leaky_relu", alpha=0.25)["keras"] == "keras.layers.LeakyReLU(negative_slope=0.25)"
    assert elsewhere("hard_tanh", min_val=0.0)["keras"] == "keras.layers.ReLU(max_value=1.0)"
    assert elsewhere("hard_tanh", min_val=-2.0)["keras"] == "keras.ops.clip(x, -2.0, 1.0)"


def test_names_with_their_defaults():
    def found(key, name):
        return [(theirs.name, options) for _, theirs, options in frameworks()[key].named(name)]

    assert found("keras", "leaky_relu") == [("LeakyReLU", {"alpha": 0.3}), ("leaky_relu", {"alpha": 0.2})]
    assert found("torch", "threshold")[0] == ("Threshold", {"threshold": REQUIRED, "value": REQUIRED})
    assert found("torch", "softmax")[0] == ("Softmax", {}) and found("jax", "maxout") == []
    assert ("silu", {}) in found("torch", "silu") and not found("torch", "swish")


def test_the_file_is_read_once_and_stays_as_it_is():
    held = frameworks()["torch"]
    assert frameworks()["torch"] is held
    for part in (held, held.entries[0], held.entries[0].ours[0], held.entries[0].theirs[0]):
        with pytest.raises(FrozenInstanceError):
            part.name = "other"


def test_elsewhere_takes_names_of_other_frameworks_and_blocks():
    assert elsewhere("keras:leaky_relu") == elsewhere("leaky_relu", alpha=0.2)
    assert elsewhere(get_activation("gelu", approximate="sigmoid"))["timm"].endswith("('quick_gelu')")
    assert elsewhere(nn.LeakyReLU(0.25))["jax"] == "jax.nn.leaky_relu(x, negative_slope=0.25)"
    assert elsewhere(nn.LeakyReLU(numpy.float64(0.2)))["torch"] == "torch.nn.LeakyReLU(negative_slope=0.2)"
    assert elsewhere(nn.PReLU())["torch"] == "torch.nn.PReLU(num_parameters=1, init=0.25)"
    for start, number in [(mx.init.Constant(0.125), 0.125), ("zeros", 0.0), (mx.init.One(), 1.0)]:
        learned = nn.PReLU(alpha_initializer=start, in_channels=3)
        assert elsewhere(learned)["torch"] == f"torch.nn.PReLU(num_parameters=3, init={number})"
    with pytest.raises(
        ValueError, match="^PReLU.* starts with numbers that differ, which a call elsewhere cannot say$"
    ):
        elsewhere(nn.PReLU(alpha_initializer=mx.init.Uniform(1)))
    with pytest.raises(ValueError, match=r"not torch.nn.Softplus\(beta=2.0, threshold=10.0\)$"):
        get_activation("torch:Softplus", beta=numpy.float64(2), threshold=numpy.float64(10))
    with pytest.raises(TypeError, match="^elsewhere takes an activation of the catalog, not Dense"):
        elsewhere(nn.Dense(1))


def test_elsewhere_prints_a_row_for_each_and_what_differs_below():
    lines = repr(elsewhere(nn.SELU())).splitlines()
    assert lines[:3] == [
        "PyTorch       torch.nn.SELU()",
        "JAX           jax.nn.selu(x)",
        "Keras         keras.activations.selu(x)",
    ]
    assert lines[-2:] == ["MXNet's own   nn.SELU()", f"{'':14}Wrong: {CATALOG['selu'].builtin.fault}."]
    assert "no counterpart" in repr(elsewhere("prelu", in_channels=2)) and "own" not in repr(
        elsewhere("elu", alpha=2)
    )


def test_a_block_of_another_framework_computes():
    x = array([-1.0, 2.0])
    assert get_activation("keras:LeakyReLU")(x).asnumpy().tolist() == pytest.approx([-0.3, 2.0])


# -- what `make frameworks` finds --------------------------------------------------------------


@pytest.mark.parametrize(
    "note, value, slope, special, says",
    [
        ("", 0.0, 0.0, [], []),
        ("", 1e-11, 2e-9, [], ["off by up to 2e-09 in slope, and the note says nothing"]),
        ("Off by up to 3e-09 in slope.", 0.0, 2e-9, [], []),
        ("Off by up to 1e-09 in slope.", 0.0, 2e-9, [], ["off by up to 2e-09 in slope, and the note says 1e-09"]),
        ("Off by up to 0.5 in value.", 0.01, 0.0, [], ["off by up to 0.01 in value, and the note says 0.5"]),
        ("Off by up to inf in slope.", 0.0, float("inf"), [], []),
        ("", 0.0, 0.0, ["slope 0 at -3"], ["no note says: slope 0 at -3"]),
        ("Slope 0 at -3, where ours is 1/6.", 0.0, 0.0, ["slope 0 at -3"], []),
        ("Value nan at -inf.", 0.0, 0.0, [], ["the note says without need: value nan at -inf"]),
    ],
)
def test_a_note_says_what_was_found_and_no_more(note, value, slope, special, says):
    results = [({"value": (0.0, 1.0), "slope": (slope, 2.0)}, special, "jax")]
    results += [({"value": (value, 1.0), "slope": (0.0, 2.0)}, [], "torch")]
    assert list(compared.unsaid(note, results)) == says


def test_a_difference_is_a_part_of_what_is_right_and_infinite_where_one_is_no_number():
    nan, inf = float("nan"), float("inf")
    got, wanted = [1.5, 30.0, nan, nan, inf, -inf, 1.0], numpy.array([1.0, 20.0, nan, 1.0, inf, inf, inf])
    assert compared.difference(got, wanted).tolist() == [0.5, 0.5, 0.0, inf, 0.0, inf, inf]


class Asked:
    """A process that exports and knows what it is told."""

    def __init__(self, **answers):
        self.answers = answers

    def ask(self, what, *about):
        return self.answers[what]


OF_ONE = [
    pytest.param(f"{key}:{path.rpartition('.')[2]}", id=f"{key}:{path}")
    for key, held in frameworks().items()
    for path, (entry, theirs) in held.calls.items()
    if not given(theirs) and entry.ours[0].name in activations("elements")
]


@pytest.mark.parametrize("name", OF_ONE)
def test_whatever_takes_our_name_takes_theirs(name):
    """As the block of that name, with their defaults."""
    block = get_activation(name)
    if CATALOG[catalog._name_of(block)].gain:
        assert initializer(name).dumps() == initializer(block).dumps()
    net = nn.HybridSequential()
    net.add(nn.Activation("relu"))
    assert replace_activations(net, name) == 1
    assert type(net[0]) is type(block) and repr(net[0]) == repr(block)
    ax = visualize_activation(name, points=5)
    assert ax.get_legend_handles_labels()[1] == [f"{name} activation", f"{name} gradient"]
    pyplot.close(ax.figure)


def test_a_gain_is_that_of_their_defaults():
    assert gain("keras:leaky_relu") == gain("leaky_relu", alpha=0.2) != gain("leaky_relu")
    assert gain("torch:LeakyReLU", negative_slope=0.3) == gain("leaky_relu", alpha=0.3)


def test_a_wrong_name_of_theirs_changes_nothing():
    net = nn.HybridSequential()
    net.add(nn.Activation("relu"))
    with pytest.raises(ValueError, match="of PyTorch is called 'Hardshrimp'; nearest: Hardsigmoid"):
        replace_activations(net, "torch:Hardshrimp")
    assert type(net[0]) is nn.Activation


def test_a_name_that_is_new_or_gone_is_wrong():
    held = frameworks()["jax"]
    there = [*held.calls, *(f"jax.nn.{name}" for name in held.none)]
    counts, wrong = compared.names(Asked(exported=there), held)
    assert counts == {"names": len(there), "mapped": len(held.calls), "none": len(held.none)} and not wrong
    _, wrong = compared.names(Asked(exported=[*there[:-1], "jax.nn.rule"]), held)
    assert [text.partition(" is ")[0] for text in wrong] == ["jax.nn.rule", there[-1].rpartition(".")[2]]


def test_a_default_that_is_not_theirs_is_wrong():
    held, call = frameworks()["torch"], Theirs("torch.nn.Softplus(beta=1.0, threshold=20.0)")
    found = {"beta": 1.0, "threshold": 20, "inplace": False}
    assert not list(compared.defaults(Asked(defaults=found), held, call))
    assert list(compared.defaults(Asked(defaults={"beta": 2.0, "alpha": 1}), held, call)) == [
        "beta=1.0 is no default: it is 2.0",
        "threshold=20.0 is no default: it is 'no parameter'",
        "the file does not know the parameter alpha",
    ]


def test_what_was_measured_is_what_the_file_has_and_says():
    rows = measured.read("frameworks", "results")
    known = {key: entry for key, entry in _entries() if key in rows}
    assert {*rows} == {*known, *frameworks(), "machine", "models"}
    assert {*frameworks()} <= {*rows["machine"]["versions"]}
    for key, row in known.items():
        assert row.ours[0].name == rows[key]["ours"]
    assert len(rows["models"]) == 10
    assert all(row[what][0] < compared.TOLERANCE for row in rows["models"].values() for what in ("value", "slope"))


def _entries():
    for key, held in frameworks().items():
        for entry in held.entries:
            for code in entry.theirs or (entry.write,):
                yield f"{key} {code.path if entry.theirs else code.code}", entry
