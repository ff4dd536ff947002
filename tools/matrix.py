"""Run the tests of the package on every Python found, with both lines of MXNet, and print a table.

    python -m tools.matrix            # all of tests/, some six minutes a cell
    python -m tools.matrix --short    # what may depend on Python and NumPy; MXNet 1.9.1, all Pythons but this

Pythons are looked for by name on the path and where pyenv and uv keep theirs; the newest of each minor version
is taken. Environments are kept in build/matrix/.
"""

import argparse
import platform
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.environment import NEWEST, OLDEST, ROOT

PLACE = Path(ROOT, "build", "matrix")
LINES = {"mxnet1": "1.9.1", "mxnet2": "2.0.0b1", "matrix": "1.9.1"}  # what is in which list
KEPT = (".pyenv/versions/*/bin/python", ".local/share/uv/python/*/bin/python3")  # below the home folder
SHORT = (
    "tests/test_numpy_for_mxnet.py",
    "tests/test_arrays.py",
    "tests/test_parameters.py",
    "tests/test_functional.py",
    "tests/test_repository.py::test_the_examples_of_the_readme_run_as_they_stand",
)
AT_A_TIME = 2


def wanted():
    """The minor versions that the project supports, oldest first."""
    return [f"{OLDEST[0]}.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1)]


def version(python):
    """The version of a Python, as numbers, or None if it does not run (a version manager's shim may not)."""
    try:
        said = subprocess.run(
            [python, "-c", "import sys; print(*sys.version_info[:3])"], capture_output=True, text=True
        )
    except OSError:
        return None
    return tuple(map(int, said.stdout.split())) if said.returncode == 0 else None


def pythons():
    """For each minor version the newest Python found, by minor version."""
    candidates = [shutil.which(f"python{minor}") for minor in wanted()]
    candidates += [sys.executable] + [str(path) for place in KEPT for path in Path.home().glob(place)]
    versions = {python: has for python in filter(None, candidates) if (has := version(python))}
    # Of two alike the one that was found first, by its name.
    newest = {
        minor_of(has): python for python, has in sorted(reversed(versions.items()), key=lambda found: found[1])
    }
    return {minor: newest[minor] for minor in wanted() if minor in newest}


def minor_of(version):
    """As in 3.13."""
    return f"{version[0]}.{version[1]}"


def cell(python, minor, line, tests):
    """Make the environment and run the tests there: whether all is well, and the row of the table."""
    place = PLACE / f"{minor}-{line}"
    start = time.monotonic()
    inside = str(place / "bin" / "python")
    made = say(python, "-m", "tools.environment", str(place), f"requirements/{line}.txt")
    good, numpy, verdict = made.returncode == 0, "", "no environment: " + "; ".join(made.stdout.splitlines()[-1:])
    if good:
        say(inside, "-W", "ignore", "-m", "gluon_activations.fused", "--quiet")
        numpy = say(inside, "-c", "import numpy; print(numpy.__version__)").stdout.strip()
        told = say(inside, "-W", "ignore", "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *tests)
        (PLACE / f"{minor}-{line}.log").write_text(told.stdout)
        verdict = re.sub(r" in .*", "", told.stdout.strip().rpartition("\n")[2].strip("= "))
        good = told.returncode == 0
        if not good:
            failures = [said for said in told.stdout.splitlines() if re.match("E  |FAILED|ERROR", said)]
            log = f"{PLACE.relative_to(ROOT)}/{minor}-{line}.log"
            verdict = "\n".join([f"{verdict}: see {log}", *failures])
    seconds = f"{time.monotonic() - start:.0f}"
    return good, row(minor, LINES[line], numpy, seconds, verdict)


def say(*command):
    """Run a command in the checkout, and keep what it says."""
    options = {"cwd": ROOT, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.run(command, **options)


def row(python, mxnet="", numpy="", seconds="", tests=""):
    """A line of the table."""
    return f"{python:<8}{mxnet:<9}{numpy:<9}{seconds:>7}  {tests}"


def main():
    """Run every cell; exit with 1 if one is not green."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a few files, on MXNet 1.9.1")
    parser.add_argument("--only", choices=wanted(), help="this Python alone")
    asked = parser.parse_args()
    found = pythons()
    here = minor_of(sys.version_info) if asked.short and not asked.only else ""
    lines = ["matrix"] if asked.short else ["mxnet1", "mxnet2"] if platform.machine() == "x86_64" else ["mxnet1"]
    minors = [asked.only] if asked.only else wanted()
    PLACE.mkdir(parents=True, exist_ok=True)
    print(row("Python", "MXNet", "NumPy", "seconds", "tests"), flush=True)
    green = True
    with ThreadPoolExecutor(AT_A_TIME if asked.short else 1) as pool:
        cells = {
            minor: [
                pool.submit(cell, found[minor], minor, line, SHORT if asked.short else ["tests"]) for line in lines
            ]
            for minor in minors
            if minor in found and minor != here
        }
        for minor in minors:
            if minor not in cells:
                print(row(minor, tests="all of them in make test" if minor == here else "not found"), flush=True)
            for job in cells.get(minor, ()):
                good, line = job.result()
                green &= good
                print(line, flush=True)
    sys.exit(not green)


if __name__ == "__main__":
    main()
