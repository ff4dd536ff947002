"""What else each activation is called: here, in other frameworks and by people, and which page that leads to."""

import functools
import json
import re
from dataclasses import dataclass

from gluon_activations import CATALOG, _elsewhere
from tools import measured


@dataclass(frozen=True)
class Synonym:
    """Another name of an activation, with the parameters that it stands for and who has it."""

    text: str
    name: str  # in the catalog
    options: dict
    whose: tuple = ()  # titles of frameworks; none where it is only spoken

    @property
    def code(self):
        """What makes the block of it."""
        given = [f"{name}={json.dumps(v) if isinstance(v, str) else v}" for name, v in self.options.items()]
        return f"get_activation({', '.join([json.dumps(self.name), *given])})"


def key(text):
    """What two spellings of a name have in common: hard_swish, Hardswish and "hard swish" are one."""
    return re.sub(r"[\W_]", "", text.lower())


@functools.cache
def synonyms():
    """All of them, by what they are called; none that is just another spelling of the activation's own name."""
    found = {}
    for text, name, options, whose in (*_aliases(), *_exported(), *_spoken()):
        if key(text) not in (key(name), key(CATALOG[name].title)):
            first = found.setdefault((key(text), name), Synonym(text, name, options))
            titles = dict.fromkeys((*first.whose, *whose))
            found[key(text), name] = Synonym(first.text, name, first.options, tuple(titles))
    return sorted(found.values(), key=lambda one: key(one.text))


def _aliases():
    for name, entry in CATALOG.items():
        for alias in entry.aliases:
            yield alias, name, {}, ()


def _exported():
    """Names that a framework has, with its defaults where those are not ours; only of what has a page."""
    for framework in _elsewhere.frameworks().values():
        for name, entry in CATALOG.items():
            for _, theirs, options in framework.named(name):
                other = {key: value for key, value in options.items() if value != entry.parameters[key].default}
                yield theirs.name, name, other, (framework.title,)


def _spoken():
    for text, code in json.loads((measured.DATA / "synonyms.json").read_text(encoding="utf-8")).items():
        call = _elsewhere.Ours.parse(code)
        yield text, call.name, call.options({}, text), ()


def index(name):
    """Entries for the site's search, which puts them first: an activation's own name, and all others."""
    texts = [name, *(one.text for one in synonyms() if one.name == name)]
    return "\n\n".join(f"```{{index}} ! single: {text.replace('_', ' ')}\n```" for text in texts)


def line(name):
    """What one activation is also called; nothing if that is nothing."""
    groups = {}
    for one in synonyms():
        if one.name == name:
            groups.setdefault(one.code, []).append(one)
    said = [
        ", ".join(map(_said, found)) + (f": here `{code}`" if found[0].options else "")
        for code, found in sorted(groups.items(), key=lambda group: len(group[1][0].options))
    ]
    return f"**Also called** {'; '.join(said)}." if said else ""


def _said(one):
    return f"{_shown(one)} ({', '.join(one.whose)})" if one.whose else _shown(one)


def _shown(one):
    """A name: as code where somebody types it."""
    typed = one.whose or one.text in CATALOG[one.name].aliases
    return f"`{one.text}`" if typed else one.text


def table():
    """All names in the order of the alphabet, each with the page that it leads to."""
    rows = ["| also called | by | here | as a block |", "|---|---|---|---|"]
    own = {key(name): name for name in CATALOG}
    for one in synonyms():
        page = f"[{CATALOG[one.name].title}]({one.name}.md)"
        if key(one.text) in own:
            page += f"; not [{CATALOG[own[key(one.text)]].title}]({own[key(one.text)]}.md)"
        rows.append(f"| {_shown(one)} | {', '.join(one.whose) or '–'} | {page} | `{one.code}` |")
    return "\n".join(rows)
