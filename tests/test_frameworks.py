"""The form of docs/data/frameworks.yml; benchmarks/frameworks.py checks what it says, where the frameworks are."""

import ast
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from gluon_activations import CATALOG

FACTS = yaml.safe_load((Path(__file__).parent.parent / "docs" / "data" / "frameworks.yml").read_text("utf-8"))
HOSTS = {"PyTorch": "docs.pytorch.org", "Keras": "keras.io", "JAX": "docs.jax.dev"}
MODULES = {"PyTorch": "torch", "Keras": "keras", "JAX": "jax"}
CODES = ("call", "function", "same_as_ours")
ENTRIES = [
    pytest.param(title, entry, id=f"{name} {title}") for name, of in FACTS.items() for title, entry in of.items()
]


def test_it_names_activations_of_the_catalog_each_in_every_framework():
    assert set(FACTS) <= set(CATALOG)  # one that is new need not be here yet
    assert all(list(entries) == list(HOSTS) for entries in FACTS.values())


@pytest.mark.parametrize("title, entry", ENTRIES)
def test_an_entry_has_a_call_or_says_what_to_write(title, entry):
    assert {"call", "link"} <= set(entry) <= {*CODES, "link", "function_link", "note"}
    assert entry["call"] or (entry["same_as_ours"] and entry["note"])
    assert ("function" in entry) == ("function_link" in entry)
    assert all(entry[key] for key in entry if key != "call")


@pytest.mark.parametrize("title, entry", ENTRIES)
def test_links_lead_to_the_documentation_of_the_framework(title, entry):
    for key in {"link", "function_link"} & set(entry):
        address = urlsplit(entry[key])
        assert (address.scheme, address.netloc) == ("https", HOSTS[title])


@pytest.mark.parametrize("title, entry", ENTRIES)
def test_code_is_one_call_of_the_framework(title, entry):
    for key in set(CODES) & set(entry):
        if entry[key]:
            call = ast.parse(entry[key], mode="eval").body
            names = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
            assert isinstance(call, ast.Call) and names - {"x"} == {MODULES[title]}
            assert key != "function" or "x" in names
