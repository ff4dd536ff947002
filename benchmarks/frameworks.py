"""Whether frameworks.json is right: all that PyTorch, JAX, Keras, timm and transformers export, beside ours.

    make frameworks

Ours is what ``get_activation`` makes of a name of theirs, on MXNet in the environment of the tests: what a reader
gets, whose numbers tests/references.py has judged already. Theirs is computed in a process and an environment of
its own (`benchmarks.registries`). Compared are value and slope in float64 at 400 points and in both tails, with
their defaults and two other settings of their parameters, and by themselves the infinities and the kinks. It ends
with status 1 if a name is neither mapped nor listed as no activation, if a default is another, or if something
differs and the note does not say so, in these words:

* "slope 0 at -3", "value nan at -inf": at a kink or an infinity, with the defaults;
* "up to 2e-09 in value", "up to 1e-05 in slope": elsewhere, as a part of our value where that is above 1.

A note that says so without need is wrong, too.
"""

import ast
import datetime
import math
import re
import sys

import numpy as np

from benchmarks.elsewhere import weights
from benchmarks.turns import Worker
from gluon_activations import CATALOG, array, evaluate, get_activation
from gluon_activations._elsewhere import REQUIRED, _expression, _names, frameworks
from gluon_activations._parameters import Integer, Number
from gluon_activations.catalog import _block_of, _name_of, _parameters
from tools import measured

TAILS = np.logspace(-3, 3, 18)
POINTS = np.concatenate([-TAILS[::-1], np.linspace(-24, 24, 404), TAILS])  # no kink is among them
SHAPES = {2: (110, 4), 4: (110, 2, 2, 1)}  # an even number of rows and columns, as a gate wants
TOLERANCE = 1e-10
BACKENDS = {"jax": "JAX", "torch": "PyTorch"}  # of Keras
_NUMBER = r"(nan|-?inf|-?\d+(?:\.\d+)?(?:e[+-]\d+)?)"
SAID = {
    "special": re.compile(rf"(?:value|slope) {_NUMBER} at {_NUMBER}"),
    "bound": re.compile(rf"up to {_NUMBER} in (value|slope)"),
}
MODELS = ("bert", "gpt2", "distilbert", "t5", "llama", "gemma", "vit", "clip", "phi", "nemotron")


# -- what is compared --------------------------------------------------------------------------


def samples(parameter):
    """Two values of a parameter of ours: powers of 2, which also those operators keep that hold float32."""
    if isinstance(parameter, Number):
        low, high = parameter.turn or (0.0, 1.0)
        low = max(low, 0) if high > 0 else low  # some take no others
        shares = (0.6, 0.9) if isinstance(parameter.above, str) else (0.3, 0.6)  # above another
        return [_power_of_2(low + share * (high - low)) for share in shares]
    if isinstance(parameter, Integer):
        return [0, 1] if parameter.at_least == -math.inf else [SHAPES[2][1], parameter.at_least]
    return [parameter.default] * 2


def _power_of_2(number):
    return math.copysign(2.0 ** round(math.log2(abs(number))), number)


def settings(form):
    """Two settings of their parameters for a form of ours."""
    found = {}, {}
    for name, term in form.terms.items():
        for which, values in enumerate(found):
            if isinstance(term, ast.Name):
                values[term.id] = samples(_parameters(_block_of(form.name))[name])[which]
            elif isinstance(term, ast.Subscript):
                table = [*ast.literal_eval(term.value)]
                values[_names(term)[0]] = table[which % len(table)]
    return found


def called(key, entry, theirs):
    """Code and block of a call, with defaults and with other settings; and whether those are the defaults."""
    name = f"{key}:{theirs.path}"
    needed = {name for name, default in theirs.defaults.items() if default is REQUIRED}
    first = {name: value for name, value in settings(entry.ours[0])[0].items() if name in needed}
    for given in (first, *(given for form in entry.ours for given in settings(form))):
        yield theirs.call(given), get_activation(name, **given), given == first


def written(entry):
    """Code and block of an expression, for our defaults and for other settings of what stands in it."""
    (form,), text = entry.ours, entry.write.code
    parameters = _parameters(_block_of(form.name))
    first = {term.id: parameters[name].default for name, term in form.terms.items() if isinstance(term, ast.Name)}
    for given in ({}, *settings(form)):
        values = first | {name: value for name, value in given.items() if name in _names(_expression(text))}
        yield entry.write.filled(values), get_activation(form.name, **form.options(values, text)), not given


def curves(worker, key, code, block, default):
    """The largest differences, {"value": (how much, where), …}, and what is another at kinks and infinities."""
    entry = CATALOG.get(_name_of(block))  # what is random in training has none, and a kink at 0
    vectors, kinks = (entry.acts_on == "vectors", entry.kinks) if entry else (False, (0.0,))
    shape = SHAPES[4 if block._shown.get("axis", -1) < -2 else 2]
    theirs, mine = (
        worker.ask("curve", key, code, POINTS.tolist(), shape, vectors),
        ours(block, POINTS, shape, vectors),
    )
    found = {}
    for what, got, wanted in zip(("value", "slope"), theirs, mine):
        off = difference(got, wanted)
        where = POINTS[off.argmax()] if len(off) == len(POINTS) else math.nan
        found[what] = float(f"{off.max():.2g}"), float(f"{where:.4g}")
    if vectors or not default:
        return found, []
    special = np.array([-math.inf, *kinks, math.inf])
    theirs = worker.ask("curve", key, code, special.tolist(), (len(special), 1), False)
    pairs = zip(("value", "slope"), theirs, ours(block, special, (len(special), 1), False))
    return found, [
        f"{what} {got[place] + 0.0:.4g} at {special[place]:g}"
        for what, got, wanted in pairs
        for place in np.flatnonzero(difference(got, wanted) > TOLERANCE)
    ]


def ours(block, xs, shape, weighted):
    """Value and slope of a block, as `benchmarks.registries` gives those of theirs."""
    block.cast("float64")
    block.initialize(force_reinit=True)
    x = array(xs.reshape(shape), dtype="float64")
    value, slope = evaluate(block, x)
    if weighted:
        counts = array(weights(value.shape, True), dtype="float64")
        slope = evaluate(lambda z: block(z) * counts, x)[1]
    return value.asnumpy().ravel(), slope.asnumpy().ravel()


def difference(got, wanted):
    """How far each number is off, as a part of the right one where that is above 1."""
    with np.errstate(invalid="ignore"):
        off = np.abs(np.array(got) - wanted) / np.maximum(1, np.abs(wanted))
        off = np.where(np.isinf(wanted), math.inf, off)
    alike = (np.array(got) == wanted) | (np.isnan(got) & np.isnan(wanted))
    return np.where(alike, 0, np.where(np.isnan(off), math.inf, off))


# -- what the file says ------------------------------------------------------------------------


def unsaid(note, results):
    """What was found and is not in a note, and what is in a note and was not found."""
    special, bounds = {text for _, texts, _ in results for text in texts}, worst(results)
    said = {match[0] for match in SAID["special"].finditer(note.lower())}
    yield from (f"no note says: {text}" for text in sorted(special - said))
    yield from (f"the note says without need: {text}" for text in sorted(said - special))
    stated = {what: float(bound) for bound, what in SAID["bound"].findall(note)}
    for what in ("value", "slope"):
        bound, (off, _) = stated.get(what, TOLERANCE), bounds[what]
        if off > bound or (what in stated and off < bound / 10):
            yield f"off by up to {off:.2g} in {what}, and the note says {stated.get(what, 'nothing')}"


def names(worker, framework):
    """How many names there are, are mapped and are listed as none; and what is wrong with the lists."""
    found, wrong, mapped = worker.ask("exported", framework.key), [], 0
    for path in found:
        try:
            framework.find(path)
            mapped += 1
        except ValueError as error:
            if path.rpartition(".")[2] not in framework.none:
                wrong.append(f"{path} is new: {error}")
    gone = set(framework.none) - {path.rpartition(".")[2] for path in found}
    wrong += [f"{name} is listed as no activation and is not there" for name in sorted(gone)]
    return {"names": len(found), "mapped": mapped, "none": len(found) - mapped}, wrong


def defaults(worker, framework, theirs):
    """What is wrong with the parameters of a call."""
    there = worker.ask("defaults", theirs.code)
    for name, value in theirs.defaults.items():
        wanted = "has to be given" if value is REQUIRED else value
        if name not in there or there[name] != wanted:
            yield f"{name}={wanted!r} is no default: it is {there.get(name, 'no parameter')!r}"
    for name in sorted(there.keys() - theirs.defaults.keys() - framework.ignored):
        yield f"the file does not know the parameter {name}"


def compared(workers, framework, entry):
    """What was found of each call of an entry, {its path or code: (differences, what is another, by backend)}."""
    lists = {theirs.path: called(framework.key, entry, theirs) for theirs in entry.theirs}
    if entry.write:
        lists[entry.write.code] = written(entry)
    backends = BACKENDS if framework.key == "keras" else [*BACKENDS][:1]
    return {
        label: [
            (*curves(workers[backend], framework.key, code, block, default), backend)
            for code, block, default in codes
            for backend in backends
        ]
        for label, codes in lists.items()
    }


def worst(results):
    """The largest difference of value and slope over settings and backends, and where."""
    return {
        what: max((found[what] for found, *_ in results), key=lambda one: one[0]) for what in ("value", "slope")
    }


def models(worker):
    """What configurations of transformers call their activation, and how far ours of that name is off."""
    for kind in MODELS:
        name = worker.ask("configured", kind)
        block = get_activation(f"transformers:{name}")
        found, _ = curves(worker, "transformers", f"transformers.activations.ACT2FN[{name!r}]", block, False)
        yield kind, {"activation": name, "ours": repr(block), **found}


def main(python):
    """Print the summary and write the results; status 1 if the file is wrong anywhere."""
    workers = {
        backend: Worker(python, "registries", threads=2, KERAS_BACKEND=backend, TQDM_DISABLE="1")
        for backend in BACKENDS
    }
    first, wrong, rows = workers["jax"], [], {}
    for key, framework in frameworks().items():
        rows[key], more = names(first, framework)
        wrong += more
        for theirs in (call for entry in framework.entries for call in entry.theirs):
            wrong += [f"{key}:{theirs.path}: {text}" for text in defaults(first, framework, theirs)]
        for entry in framework.entries:
            results = compared(workers, framework, entry)
            for label, found in results.items():
                special = {text for _, texts, _ in found for text in texts}
                rows[f"{key} {label}"] = {"ours": entry.ours[0].name, **worst(found), "special": sorted(special)}
            wrong += [f"{key}:{label}: {text}" for text in unsaid(entry.note, sum(results.values(), []))]
    rows["models"] = dict(models(first))
    rows["machine"] = {"date": f"{datetime.date.today()}", "versions": first.ask("versions")}
    for worker in workers.values():
        worker.close()
    measured.write("frameworks", "results", rows)
    summary(rows)
    sys.exit("\n".join(["", *wrong]) if wrong else 0)


def summary(rows):
    """Print names and largest differences of what each framework exports, and the models."""
    print(", ".join(f"{name} {version}" for name, version in rows["machine"]["versions"].items()))
    for key, framework in frameworks().items():
        count = rows[key]
        print(f"{key:13}{count['names']:4} names, {count['mapped']} mapped, {count['none']} none", end="")
        for what in ("value", "slope"):
            path = max(framework.calls, key=lambda path: rows[f"{key} {path}"][what][0])
            off, where = rows[f"{key} {path}"][what]
            print(f"; {what} off by up to {off:.0e} at {where:.4g}, {path}", end="")
        print()
    for kind, row in rows["models"].items():
        print(f"{kind:13}{row['activation']:20}{row['ours']:30}{row['value'][0]:8.0e}{row['slope'][0]:8.0e}")


if __name__ == "__main__":
    main(*sys.argv[1:])
