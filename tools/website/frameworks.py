"""What activations are called in other frameworks, on the pages of the atlas: what is said, what was measured."""

import math

from gluon_activations import CATALOG, _elsewhere
from tools.wording import UNMEASURED, minus, number


def table(entry, compared):
    """Of one activation what each framework calls it, what differs, and by how much."""
    defaults = {name: parameter.default for name, parameter in entry.parameters.items()}
    same, rows = _elsewhere.theirs(entry.name, defaults, defaults, None), []
    for key, framework in _elsewhere.frameworks().items():
        calls = framework.named(entry.name)
        lines = [_call(framework, theirs.code, options, defaults) for _, theirs, options in calls] or ["has none"]
        notes = [found.note for found, _, _ in calls]
        if same[key] and (calls or not framework.other) and not any(_same(defaults, call[2]) for call in calls):
            lines.append(f"for the curve of this page: {_call(framework, same[key])}")
            notes.append(same.notes[key])
        lines += [minus(note) for note in dict.fromkeys(notes) if note]
        rows.append(f"| {framework.title} | {'<br>'.join(lines)} | {_off(framework, calls, compared)} |")
    return "| framework | name and defaults | largest difference |\n|---|---|---|\n" + "\n".join(rows)


def _off(framework, calls, compared):
    """The largest differences of calls of a framework from ours, and where."""
    rows = [compared.get(f"{framework.key} {theirs.path}") for _, theirs, _ in calls]
    if not rows or not all(rows):
        return "–"
    parts = []
    for what in ("value", "slope"):
        off, where = max((row[what] for row in rows), key=lambda pair: pair[0])
        at = f" at {number(where)}" if off and not math.isnan(where) else ""
        parts.append(f"{what} {number(off, 1)}{at}")
    return "<br>".join(parts)


OVERVIEW = """The largest difference from ours of all that a framework has under any name, in float64, at 400
points and in both tails, with its defaults and two other settings of its parameters; as a part of our value where
that is above 1. Slopes at kinks, infinities and the reasons stand on the pages. Measured on {date} with {versions}
(`make frameworks`).

| activation | {titles} |
{rule}
{rows}

Of the names that they export where activations are, the others are no activations:

| framework | names | activations | others |
|---|---|---|---|
{counts}

What configurations of transformers ask for by default, and how far ours of that name is off:

| model | its name | ours | value | slope |
|---|---|---|---|---|
{models}"""


def overview(compared):
    """What was found of all activations in all frameworks."""
    if not compared:
        return f"{UNMEASURED.capitalize()} (`make frameworks`)."
    held = _elsewhere.frameworks()
    rows = [
        " | ".join([f"| [{entry.title}]({name}.md)", *(_off(f, f.named(name), compared) for f in held.values())])
        for name, entry in CATALOG.items()
    ]
    counts = [
        f"| {f.title} | {compared[key]['names']:g} | {compared[key]['mapped']:g} | {compared[key]['none']:g} |"
        for key, f in held.items()
    ]
    models = [
        f"| {kind} | `{row['activation']}` | `{row['ours']}` | "
        + " | ".join(number(row[what][0], 1) for what in ("value", "slope"))
        + " |"
        for kind, row in compared["models"].items()
    ]
    machine = compared["machine"]
    return OVERVIEW.format(
        date=machine["date"],
        versions=", ".join(f"{held[key].title} {machine['versions'][key]}" for key in held),
        titles=" | ".join(f.title for f in held.values()),
        rule="|" + "---|" * (len(held) + 1),
        rows="\n".join(f"{row} |" for row in rows),
        counts="\n".join(counts),
        models="\n".join(models),
    )


def _call(framework, code, options=(), defaults=()):
    """Code of a framework, with its page, and what of our parameters is then not our default."""
    link = framework.link(_elsewhere.Theirs(code).path)
    other = [f"{name}={options[name]!r}" for name in options if not _same(defaults, {name: options[name]})]
    here = f": here `{', '.join(other)}`" if other and _elsewhere.REQUIRED not in dict(options).values() else ""
    return (f"[`{code}`]({link})" if link else f"`{code}`") + here


def _same(defaults, options):
    return {**defaults, **options} == defaults
