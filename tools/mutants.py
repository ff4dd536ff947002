"""Change the package in one small place at a time, and see whether its tests notice: make mutants.

cosmic-ray makes the changes: a number plus and minus one, an operator or a comparison for its opposite and its
neighbour, True for False, a condition negated, a decorator or a minus sign gone, a loop that never runs. The tests
of a module are tests/test_<module>.py and what tests/mutants.toml adds: files, and options of pytest that choose
among their tests. That file also sets the environment in which a module is tried, and lists the mutants that no
test can see, by the text of their line; they count as survivors all the same.
"""

import argparse
import ast
import fnmatch
import functools
import importlib
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import toml
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from tqdm import tqdm

from tools.forks import Forks, Job

ENOUGH = 0.95
AT_A_TIME = 2
LONGEST = 1800  # seconds that the tests of one module may take, on a machine that has other things to do too
ROOT = Path(__file__).resolve().parent.parent
# One thread each, no threads of MXNet's that a fork would lose, no plugins that every process would look for.
SETTINGS = {
    "MXNET_ENGINE_TYPE": "NaiveEngine",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
# An operator becomes its opposite or a neighbour, not each of the eleven others that cosmic-ray knows.
SWAPS = {
    "Binary": "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Div Mod_Mul Pow_Mul LShift_RShift RShift_LShift "
    "BitOr_BitAnd BitAnd_BitOr BitXor_BitAnd",
    "Comparison": "Eq_NotEq NotEq_Eq Is_IsNot IsNot_Is Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt",
    "Unary": "Delete_USub Delete_Invert Delete_Not",
}
OPERATORS = [f"Replace{kind}Operator_{swap}" for kind, swaps in SWAPS.items() for swap in swaps.split()] + [
    *("NumberReplacer", "AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr"),
    *("ReplaceOrWithAnd", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ExceptionReplacer"),
    *("RemoveDecorator", "ZeroIterationForLoop"),
]
ARITHMETIC = {"arith_expr", "term", "power", "expr", "xor_expr", "and_expr", "shift_expr"}


@dataclass(frozen=True)
class Mutant:
    """One change of a module."""

    module: str
    source: str
    operator: str
    occurrence: int
    line: int
    within: str  # name of the function or class around it
    begins: int  # line where the function begins in which it runs, 0 for the import

    def changed(self):
        """The module's source with the change, or None if that is the same program or none."""
        try:
            text = mutate_code(self.source, get_operator(f"core/{self.operator}")(), self.occurrence)
            return None if ast.dump(ast.parse(text)) == ast.dump(ast.parse(self.source)) else text
        except (SyntaxError, AttributeError):  # the second from cosmic-ray, of an exception with a dot in its name
            return None

    @functools.cached_property
    def difference(self):
        """The lines before and after, joined, without indentation and comments."""
        a, b = self.source.splitlines(), (self.changed() or self.source).splitlines()
        head = len(os.path.commonprefix([a, b]))
        tail = len(os.path.commonprefix([a[head:][::-1], b[head:][::-1]]))
        parts = ([line.strip() for line in text[head : len(text) - tail]] for text in (a, b))
        return [" ".join(line for line in part if line and line[0] != "#") for part in parts]

    def is_meant_by(self, entry):
        """Whether an entry of the list means this mutant, wherever its line is and whatever its spaces."""
        if (entry["module"], entry.get("within", self.within)) != (self.module, self.within):
            return False
        line, mutant = ("".join(entry[text].split()) for text in ("line", "mutant"))
        if "".join(self.source.splitlines()[self.line - 1].split()) not in line:
            return False  # known at once; what the change looks like takes a while
        return tuple("".join(text.split()) for text in self.difference) == (line, mutant)

    def place(self):
        """What mutants are sorted by."""
        return self.line, OPERATORS.index(self.operator), self.occurrence


def mutants_of(module, source):
    """All mutants of a module, from its first line to its last."""
    found, nodes = [], list(ast_nodes(get_ast(source)))
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        places = [node for node in nodes for _ in operator.mutation_positions(node)]
        for occurrence, node in enumerate(places):
            around = list(_around(node))
            if not any(map(_is_inert, around, [None, *around])) and not _is_made_twice(node, name):
                within = next((n.name.value for n in around if n.type in ("funcdef", "classdef")), "")
                found.append(Mutant(module, source, name, occurrence, node.start_pos[0], within, _begins(around)))
    return sorted(found, key=Mutant.place)


def _around(node):
    while node is not None:
        yield node
        node = node.parent


def _begins(around):
    """Where the function begins, with its decorators, in whose body the innermost of these nodes is."""
    for below, node in zip(around, around[1:]):
        if node.type == "funcdef" and below.type != "parameters":
            return (node.parent if node.parent.type == "decorated" else node).start_pos[0]
    return 0


def _is_inert(node, below):
    """Whether nothing runs in a node's child ``below``: a type, an overload, what is for type checkers alone."""
    if node.type == "operator":
        return node.parent.type not in ARITHMETIC  # the * and / among parameters
    if node.type == "if_stmt":
        return node.children[1].get_code().strip().endswith("TYPE_CHECKING")
    if node.type == "decorated":
        return node.children[0].get_code().strip().endswith("overload")
    if node.type == "funcdef":
        return below is not None and below is node.annotation
    return node.type == "tfpdef" or (node.type == "annassign" and below is node.children[1])


def _is_made_twice(node, operator):
    """Whether the negation of a condition is also made by negating its comparison or dropping its ``not``."""
    if operator != "AddNot":
        return False
    condition = node.children[2 if node.type == "test" else 1]
    first = condition.children[0] if condition.type in ("or_test", "and_test") else condition
    return first.type == "not_test" or (first.type == "comparison" and "in" not in first.children[1].get_code())


class Study:
    """The mutants of some modules, and which of them survive their tests."""

    def __init__(self, root, only=(), sample=None, unlisted=False):
        self.root = Path(root).resolve()
        self.config = toml.loads((self.root / "tests" / "mutants.toml").read_text(encoding="utf-8"))
        self.package = self.root / self.config["package"]
        self.unseen = [{**entry, "mutant": m} for entry in self.config.get("unseen", []) for m in entry["mutants"]]
        self.mutants, self.broken, self.killed, self.survived = {}, {}, {}, {}
        self.sampled, self.left_out = {}, {}
        for path in sorted(self.package.rglob("*.py")):
            module = path.relative_to(self.package).with_suffix("").as_posix()
            if not only or any(part in module for part in only):
                found = mutants_of(module, path.read_text(encoding="utf-8"))
                if unlisted:
                    kept = [mutant for mutant in found if not any(map(mutant.is_meant_by, self.unseen))]
                    self.left_out[module], found = len(found) - len(kept), kept
                self.mutants[module] = found
                if sample is not None and len(found) > sample:
                    self.sampled[module] = len(found)
                    self.mutants[module] = sorted(random.Random(0).sample(found, sample), key=Mutant.place)
                self.killed[module], self.survived[module] = 0, []

    def tests(self, module):
        """The files that test a module, and pytest's options that choose among their tests."""
        added = self.config.get("tests", {}).get(module, [])
        names = [_own(module), *(name for name in added if not name.startswith("-"))]
        paths = [path for name in names for path in sorted((self.root / "tests").glob(name))]
        files = dict.fromkeys(path.relative_to(self.root).as_posix() for path in paths)
        return (*files, *(name for name in added if name.startswith("-"))) if files else ()

    def environment(self, module):
        """The variables that are set for the tests of a module; of the patterns that fit it, later ones win."""
        fitting = (
            variables
            for pattern, variables in self.config.get("environment", {}).items()
            if fnmatch.fnmatchcase(module, pattern)
        )
        return tuple(sorted({name: value for variables in fitting for name, value in variables.items()}.items()))

    def run(self, forks):
        """Try every mutant on the tests of its module, once these have passed on the module as it stands."""
        seconds = {}

        def passed(job, status, took, log):
            seconds[job.suite] = took
            if status:
                self.broken[job.suite] = log

        def tried(job, status, took, log):
            bar.update()
            if status == 0:
                self.survived[job.about.module].append(job.about)
            elif status != forks.NO_RUN:
                self.killed[job.about.module] += 1

        suites = {
            module: (self.tests(module), self.environment(module))
            for module, found in self.mutants.items()
            if found and self.tests(module)
        }
        forks.run([Job(*suite, LONGEST) for suite in sorted(set(suites.values()))], passed)
        limits = {suite: self.config.get("patience", 10) + 5 * took for suite, took in seconds.items()}
        jobs = [
            Job(*suite, limits[suite], self.path(module), mutant.changed, mutant.begins, mutant)
            for module, suite in suites.items()
            if suite in limits and suite not in self.broken
            for mutant in self.mutants[module]
        ]
        with tqdm(total=len(jobs), unit="mutant", smoothing=0.05, disable=None) as bar:
            forks.run(jobs, tried)

    def path(self, module):
        """A module's file, from the root."""
        return (self.package / f"{module}.py").relative_to(self.root).as_posix()

    def report(self):
        """Print the table and the survivors, and return whether all modules have a good score."""
        for (tests, _), log in self.broken.items():
            print(
                f"These fail on the package as it stands, so they kill nothing: {', '.join(tests)}\n{log[-3000:]}"
            )
        untested = [module for module, mutants in self.mutants.items() if mutants and not self.tests(module)]
        for module in untested:
            print(f"{module} has no tests: write tests/{_own(module)}, or name others in tests/mutants.toml")
        for module, count in self.sampled.items():
            print(f"{module}: a sample of {len(self.mutants[module])} of its {count} mutants, the same each time")
        good = not self.broken and not untested
        found = [mutant for module in self.survived for mutant in sorted(self.survived[module], key=Mutant.place)]
        reasons = {m: entry["why"] for entry in self.unseen for m in found if m.is_meant_by(entry)}
        for module, count in self.left_out.items():
            if count:
                print(f"{module}: {count} more are on the list of those that no test can see, and were not tried")
        print(f"{'module':<24}{'mutants':>8}{'killed':>8}{'survived':>10}{'of these listed':>17}{'score':>9}")
        for module, killed in self.killed.items():
            survived = len(self.survived[module])
            listed = sum(mutant.module == module for mutant in reasons)
            score = killed / (killed + survived) if killed + survived else None
            text = "-" if score is None else f"{score:.1%}"
            print(f"{module:<24}{killed + survived:>8}{killed:>8}{survived:>10}{listed:>17}{text:>9}")
            good = good and (score is None or score >= ENOUGH)
        for mutant in found:
            before, after = mutant.difference
            print(f"\n{self.path(mutant.module)}:{mutant.line}{mutant.within and ' in ' + mutant.within}")
            print(f"  - {before}\n  + {after}")
            if mutant in reasons:
                print(f"  cannot be seen: {reasons[mutant]}")
        for entry in self.unseen:
            tried = entry["module"] in self.mutants and not self.left_out and entry["module"] not in self.sampled
            if tried and not any(mutant.is_meant_by(entry) for mutant in found):
                print(f"\nlisted, but no survivor: {entry['module']}: {entry['line']} -> {entry['mutant']}")
        return good


def _own(module):
    """The name of the file that tests a module and nothing else."""
    return "test_" + "_".join(part.strip("_") for part in module.split("/")) + ".py"


def main():
    """Study the modules asked for; exit with 1 if one of them has too low a score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("only", nargs="*", help="only modules whose name holds this, as catalog or nets/")
    parser.add_argument("--sample", type=int, help="of each module no more mutants than so many, drawn by lot")
    parser.add_argument("--unlisted", action="store_true", help="leave out what the list says no test can see")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (default: this one)")
    asked = parser.parse_args()
    start = time.monotonic()
    os.environ.update(SETTINGS)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    study = Study(asked.root, asked.only, asked.sample, asked.unlisted)
    if not study.mutants:
        sys.exit(f"No module's name holds {' or '.join(asked.only)}")
    for name in study.config.get("preload", []):
        importlib.import_module(name)
    place = study.root / "build" / "mutants"
    place.mkdir(parents=True, exist_ok=True)
    complete = True
    try:
        with tempfile.TemporaryDirectory(dir=place) as folder:
            study.run(Forks(study.root, [Path(folder) / str(number) for number in range(AT_A_TIME)]))
    except KeyboardInterrupt:
        complete = False
        print("Interrupted: this is what was tried so far.")
    good = study.report() and complete
    minutes, seconds = divmod(round(time.monotonic() - start), 60)
    print(f"\n{minutes} min {seconds} s")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
