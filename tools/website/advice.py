"""What a page of the atlas begins with: when to use an activation, when not, and which models do."""

import functools
import json

from gluon_activations import CATALOG, _elsewhere
from tools import measured
from tools.wording import minus

GATED = "glu"  # what a feed-forward layer with a gate is


@functools.cache
def _read(name):
    return json.loads((measured.DATA / f"{name}.json").read_text(encoding="utf-8"))


def given(name):
    """When to use an activation and when to avoid it; nothing of one that has no advice yet."""
    advice = CATALOG[name].advice if name in CATALOG else {}
    return f"**Use when** {minus(advice['use'])}\n\n**Avoid when** {minus(advice['avoid'])}" if advice else ""


@functools.cache
def users():
    """For each activation the families of models that have it by default: framework, their name for it, row."""
    found = {}
    for framework in _read("models")["versions"]:
        for row in _read("models")[framework]:
            name, _ = _elsewhere.ours(f"{framework}:{row['activation']}", {})
            for each in (name, GATED) if row["gated"] else (name,):
                found.setdefault(each, []).append((framework, row["activation"], row))
    return found


USED = """**Used in** {counts}, {what} (read on {date}).

:::{{dropdown}} Which families, by year
The year is, for transformers, that of the copyright line above the configuration, and for timm that of the first
arXiv number in the module.

| year | name there | families |
|---|---|---|
{rows}
:::"""
NONE = "**Used in** none of {counts} that name an activation as their default (read on {date})."
DEFAULT = "as the default of their configuration"
GATE = (
    "which have a gate in the feed-forward layer, by the shapes of its weights; the name is that of its activation"
)


def used(name):
    """Which families of models have an activation by default; nothing of what a configuration never names."""
    found = users().get(name)
    if not found:
        return _unused() if name in CATALOG and CATALOG[name].acts_on == "elements" else ""
    counts = []
    for framework, version in _read("models")["versions"].items():
        count = sum(theirs == framework for theirs, _, _ in found)
        counts += [f"{count} model {'families' if count > 1 else 'family'} of {framework} {version}"] * bool(count)
    return USED.format(
        counts=" and ".join(counts),
        what=GATE if name == GATED else DEFAULT,
        date=_read("models")["date"],
        rows="\n".join(_by_year(found)),
    )


def _unused():
    versions = _read("models")["versions"].items()
    read = [f"the {len(_read('models')[framework])} families of {framework} {v}" for framework, v in versions]
    return NONE.format(counts=" and ".join(read), date=_read("models")["date"])


def _by_year(found):
    families = {}
    for framework, theirs, row in found:
        families.setdefault((row["year"] or 0, framework, theirs), []).append(row["family"].replace("_", r"\_"))
    for (year, framework, theirs), names in sorted(families.items()):
        yield f"| {year or 'not said'} | {framework}: `{theirs}` | {', '.join(sorted(names, key=str.lower))} |"
