"""What activations are called elsewhere: calls of other frameworks turned into ours, and ours into theirs.

``frameworks.json`` holds for each framework a list of entries. An entry says that a call of ours (``ours``, or the
first of several that fits) computes what calls of theirs (``theirs``) do, or, where they have none, an expression
(``write``); and in a ``note`` what still differs. Each call is written as its user would write it:

* ``torch.nn.Softplus(beta=1.0, threshold=20.0)`` has its own defaults; a name without one has to be given; with
  ``x`` it is a function, without it makes a layer. A registry's name is its first argument, or in square brackets.
* ``softplus(beta=beta)`` gives our parameter the value of theirs that is called so; a constant is just that; and
  ``{False: 'none', True: 'tanh'}[approximate]`` translates values. Parameters of theirs that it does not name have
  to keep their defaults, and so have ours on the way back.

``links`` are pages of their documentation, by the path of a call or of its module; what is ``without effect`` here
is taken and left out; ``no activations`` are the other names that their modules export, by what they are; who has
nothing of its own is served by the framework named in ``else``. ``make frameworks`` holds all of it against them.
"""

from __future__ import annotations

import ast
import difflib
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ._arrays import plain
from ._wording import in_a_line

REQUIRED: Any = object()  # the default of a parameter that has none


@dataclass(frozen=True)
class Ours:
    """A call of ours, whose parameters are constants or come from theirs."""

    name: str
    terms: Mapping[str, ast.expr]

    @classmethod
    def parse(cls, code: str) -> Ours:
        """The call as the file has it."""
        call = _expression(code)
        if isinstance(call, ast.Call):
            return cls(ast.unparse(call.func), {str(keyword.arg): keyword.value for keyword in call.keywords})
        return cls(code, {})

    @functools.cached_property
    def used(self) -> set[str]:
        """The parameters of theirs that it names."""
        return {name for term in self.terms.values() for name in _names(term)}

    def options(self, theirs: Mapping[str, Any], whose: str) -> dict[str, Any]:
        """Our parameters for theirs."""
        return {name: _value(term, theirs, whose) for name, term in self.terms.items()}

    def inverse(self, options: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any] | None:
        """Their parameters for ours; None if they have no such."""
        found: dict[str, Any] = {}
        for name, value in options.items():
            solved = (
                _solved(self.terms[name], value) if name in self.terms else {} if value == defaults[name] else None
            )
            if solved is None:
                return None
            found |= solved
        return found


def _expression(code: str) -> ast.expr:
    return ast.parse(code, mode="eval").body


def _names(term: ast.AST) -> list[str]:
    return [node.id for node in ast.walk(term) if isinstance(node, ast.Name)]


def _value(term: ast.expr, theirs: Mapping[str, Any], whose: str) -> Any:
    """What a parameter of ours is: a constant, one of theirs, or what stands for it in a table."""
    if isinstance(term, ast.Subscript):
        (name,), table = _names(term), ast.literal_eval(term.value)
        if theirs[name] not in table:
            raise ValueError(
                f"{whose}'s {name} is one of {', '.join(map(repr, table))}, not {in_a_line(theirs[name])}"
            )
        return table[theirs[name]]
    return theirs[term.id] if isinstance(term, ast.Name) else ast.literal_eval(term)


def _solved(term: ast.expr, value: Any) -> dict[str, Any] | None:
    """Which of their parameters makes one of ours this value; None if none does."""
    if isinstance(term, ast.Name):
        return {term.id: value}
    if isinstance(term, ast.Subscript):
        (name,), turned = _names(term), {held: key for key, held in ast.literal_eval(term.value).items()}
        return {name: turned[value]} if value in turned else None
    return {} if ast.literal_eval(term) == value else None


@dataclass(frozen=True)
class Theirs:
    """A call of theirs with its defaults, or an expression to write."""

    code: str

    @functools.cached_property
    def _tree(self) -> ast.expr:
        return _expression(self.code)

    @functools.cached_property
    def path(self) -> str:
        """Where it is imported from, ``torch.nn.GELU``; of a registry, the name alone."""
        called = self._tree.func if isinstance(self._tree, ast.Call) else self._tree
        key = called.slice if isinstance(called, ast.Subscript) else next(iter(self._positional), None)
        return str(key.value) if isinstance(key, ast.Constant) else ast.unparse(called)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def _positional(self) -> list[ast.expr]:
        return self._tree.args if isinstance(self._tree, ast.Call) else []

    @functools.cached_property
    def defaults(self) -> dict[str, Any]:
        """Its parameters."""
        given = {argument.id: REQUIRED for argument in self._positional if isinstance(argument, ast.Name)}
        keywords = self._tree.keywords if isinstance(self._tree, ast.Call) else []
        given |= {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in keywords}
        return {name: default for name, default in given.items() if name != "x"}

    def call(self, given: Mapping[str, Any]) -> str:
        """The call with these parameters, each by its name."""
        if not isinstance(self._tree, ast.Call):
            return self.code
        first = [ast.unparse(part) for part in self._positional if not _is_parameter(part)]
        named = [f"{name}={given[name]!r}" for name in self.defaults if name in given]
        return f"{ast.unparse(self._tree.func)}({', '.join(first + named)})"

    def filled(self, given: Mapping[str, Any]) -> str:
        """The expression with values in the place of the parameters."""
        return ast.unparse(_Filled(given).visit(_expression(self.code)))


def _is_parameter(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Name) and argument.id != "x"


class _Filled(ast.NodeTransformer):
    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A parameter becomes its value."""
        return ast.Constant(self.given[node.id]) if node.id in self.given else node


@dataclass(frozen=True)
class Entry:
    """What of ours is what of theirs."""

    ours: tuple[Ours, ...]
    theirs: tuple[Theirs, ...] = ()
    write: Theirs | None = None
    note: str = ""

    @classmethod
    def parse(cls, ours: str | list[str], theirs: Any = (), write: str | None = None, **others: str) -> Entry:
        """An entry as the file has it."""
        forms = tuple(map(Ours.parse, [ours] if isinstance(ours, str) else ours))
        return cls(forms, tuple(map(Theirs, theirs)), Theirs(write) if write else None, **others)

    def fitting(self, values: Mapping[str, Any], defaults: Mapping[str, Any]) -> Ours | None:
        """The first call of ours that says all that differs from their defaults."""
        changed = {name for name, value in values.items() if value != defaults[name]}
        given = {name for name, value in values.items() if value is not None}
        return next((form for form in self.ours if changed <= form.used <= given), None)


@dataclass(frozen=True)
class Framework:
    """One framework of the file."""

    key: str
    title: str
    links: Mapping[str, str]
    ignored: frozenset[str]
    entries: tuple[Entry, ...]
    none: Mapping[str, str]  # what a name that is no activation is
    other: str = ""  # who serves where it has nothing

    @classmethod
    def parse(cls, key: str, held: dict[str, Any]) -> Framework:
        """A framework as the file has it."""
        entries = tuple(Entry.parse(**entry) for entry in held["activations"])
        none = {name: reason for reason, names in held["no activations"].items() for name in names}
        ignored = frozenset(held["without effect"])
        return cls(key, held["title"], held["links"], ignored, entries, none, held.get("else", ""))

    @functools.cached_property
    def calls(self) -> dict[str, tuple[Entry, Theirs]]:
        """All that it exports, by path."""
        return {theirs.path: (entry, theirs) for entry in self.entries for theirs in entry.theirs}

    def link(self, path: str) -> str:
        """The page of its documentation, or nothing."""
        module, _, name = path.rpartition(".")
        return self.links.get(path, self.links.get(module, "")).format(path=path, name=name)

    def find(self, name: str) -> tuple[Entry, Theirs]:
        """The call of this name, with any part of its path before it, or a one-line error."""
        for spelling in (name, name.rstrip("_")):  # what works in place computes the same
            for path, found in self.calls.items():
                if f".{path}".endswith(f".{spelling}"):
                    return found
        last = name.rpartition(".")[2]
        if last in self.none:
            raise ValueError(f"{self.key}:{name} is no activation but {self.none[last]}")
        known = [theirs.name for _, theirs in self.calls.values()]
        alike = difflib.get_close_matches(last.lower(), map(str.lower, known), n=3, cutoff=0.5)
        near = [found for found in known if found.lower() in alike] or known
        raise ValueError(f"no activation of {self.title} is called {in_a_line(name)}; nearest: {', '.join(near)}")

    def named(self, name: str) -> list[tuple[Entry, Theirs, dict[str, Any]]]:
        """The calls that with their defaults are an activation of ours, and our parameters for them."""
        found = []
        for path, (entry, theirs) in self.calls.items():
            form = entry.fitting(theirs.defaults, theirs.defaults)
            if form and form.name == name:
                found.append((entry, theirs, form.options(theirs.defaults, path)))
        return found

    def ours(self, name: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Name and parameters of ours for a call of theirs."""
        (entry, theirs), asked, given = self.find(name), f"{self.key}:{name}", plain(dict(given))
        wrong = given.keys() - theirs.defaults.keys() - self.ignored
        values = theirs.defaults | {key: given[key] for key in theirs.defaults if key in given}
        missing = [key for key, value in values.items() if value is REQUIRED]
        if wrong or missing:
            what = f"not {', '.join(sorted(wrong))}" if wrong else f"and {', '.join(missing)} must be given"
            raise TypeError(f"{asked} takes the parameters: {', '.join(theirs.defaults) or 'none'}; {what}")
        form = entry.fitting(values, theirs.defaults)
        if form is None:
            forms = ", ".join(theirs.call({key: values[key] for key in form.used}) for form in entry.ours)
            raise ValueError(f"{asked} can be one of {forms} here, not {theirs.call(given)}")
        return form.name, form.options(values, asked)

    def theirs(self, name: str, options: Mapping[str, Any], defaults: Mapping[str, Any]) -> tuple[str, str] | None:
        """Code for an activation of ours, and what still differs; None if there is none.

        What a framework exports comes before what one has to write, and the first call of ours in an entry before
        its others.
        """
        found = [
            (entry.write is not None, place, entry, given)
            for entry in self.entries
            for place, form in enumerate(entry.ours)
            if form.name == name and (given := form.inverse(options, defaults)) is not None
        ]
        if not found:
            return None
        written, _, entry, given = min(found, key=lambda one: one[:2])
        return (entry.write.filled(given) if entry.write else entry.theirs[0].call(given)), entry.note


@functools.cache
def frameworks() -> dict[str, Framework]:
    """All frameworks, by key."""
    held = json.loads(Path(__file__).with_name("frameworks.json").read_text(encoding="utf-8"))
    return {key: Framework.parse(key, about) for key, about in held.items()}


def ours(asked: str, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Name and parameters of ours for ``framework:name`` and parameters of that framework."""
    framework, _, name = asked.partition(":")
    if framework not in frameworks():
        raise ValueError(f"a framework is one of {', '.join(frameworks())}, not {in_a_line(framework)}")
    return frameworks()[framework].ours(name, given)


class Elsewhere(dict[str, Optional[str]]):
    """Code for the same activation, by framework; printed as a table, with what still differs below each row.

    Attributes
    ----------
    notes : dict
        What still differs, in words, by framework; empty where nothing does.
    """

    def __init__(self, found: Mapping[str, tuple[str | None, str]], own: tuple[str, str] | None) -> None:
        super().__init__({key: code for key, (code, _) in found.items()})
        self.notes = {key: note for key, (_, note) in found.items()}
        self._own = own

    def __repr__(self) -> str:
        rows = [(frameworks()[key].title, code or "no counterpart", self.notes[key]) for key, code in self.items()]
        rows += [("MXNet's own", *self._own)] if self._own else []
        return "\n".join(f"{title:13} {code}" + f"\n{'':14}{note}" * bool(note) for title, code, note in rows)


def theirs(
    name: str, options: Mapping[str, Any], defaults: Mapping[str, Any], own: tuple[str, str] | None
) -> Elsewhere:
    """What makes an activation of ours in each framework; ``own`` is MXNet's, and what is wrong with that."""
    return Elsewhere({key: _served(held, name, options, defaults) for key, held in frameworks().items()}, own)


def _served(
    framework: Framework, name: str, options: Mapping[str, Any], defaults: Mapping[str, Any]
) -> tuple[str | None, str]:
    """Code and note of a framework; where it has none, of the one that serves it."""
    found = framework.theirs(name, options, defaults)
    if found or not framework.other:
        return found or (None, "")
    other = frameworks()[framework.other]
    code, note = _served(other, name, options, defaults)
    return code, f"{framework.title} has none; this is {other.title}'s. {note}".strip() if code else ""
