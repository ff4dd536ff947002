"""Print the list of all that the environments install, with licences: `make licences` writes docs/licences.md.

A package says its licence in one of three places, which are asked in this order: `License-Expression`, the
classifiers, `License`. It is run in the environment of the site, which holds nearly all of the others too.
"""

import re
from importlib.metadata import distributions

HEAD = """# What is installed, and under which licence

The package itself needs NumPy and MXNet; the rest is for pages, tests and site. `make licences` writes this page.

| package | version | licence |
|---|---|---|"""
OWN = "gluon-activations"
LONG = 60  # a text, and no name, if it is longer


def licence(about):
    """The licence of a package, by its metadata."""
    if about.get("License-Expression"):
        return about["License-Expression"]
    named = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier", []) if c.startswith("License :: ")]
    named = [name for name in named if name != "OSI Approved"]
    said = (about.get("License") or "").strip()
    return "; ".join(named) or (said if 0 < len(said) <= LONG and "\n" not in said else "see its own files")


def rows():
    """Each package once, by name."""
    found = {}
    for distribution in distributions():
        about = distribution.metadata
        found[re.sub(r"[-_.]+", "-", about["Name"]).lower()] = (about["Version"], licence(about))
    return [(name, *found[name]) for name in sorted(found) if name != OWN]


if __name__ == "__main__":
    print(HEAD)
    for row in rows():
        print("| " + " | ".join(row) + " |")
