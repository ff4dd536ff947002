"""Run the tests of the package on every Python found, with both lines of MXNet, and print a table.

    python -m tools.matrix            # all of tests/, some ten minutes a cell
    python -m tools.matrix --short    # what may depend on Python and NumPy; MXNet 1.9.1

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
from pathlib import Path

from tools.environment import NEWEST, OLDEST, ROOT

PLACE = Path(ROOT, "build", "matrix")
LINES = {"mxnet1": "1.9.1", "mxnet2": "2.0.0b1"}
KEPT = ("~/.pyenv/versions/*/bin/python", "~/.local/share/uv/python/*/bin/python3")
SHORT = ("tests/test_numpy_for_mxnet.py", "tests/test_arrays.py", "tests/test_parameters.py", "tests/test_onnx.py")
SAY = "import sys, numpy; print('%d.%d.%d' % sys.version_info[:3], numpy.__version__)"


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
    candidates += [sys.executable] + [str(path) for place in KEPT for path in Path.home().glob(place[2:])]
    found = {}
    for python in filter(None, candidates):
        has = version(python)
        if has and f"{has[0]}.{has[1]}" in wanted() and has > found.get(f"{has[0]}.{has[1]}", ((),))[0]:
            found[f"{has[0]}.{has[1]}"] = has, python
    return {minor: found[minor][1] for minor in wanted() if minor in found}


def cell(python, minor, line, tests):
    """Make the environment and run the tests there: the NumPy, and how it went."""
    place = PLACE / f"{minor}-{line}"
    start = time.monotonic()
    made = subprocess.run([python, "-m", "tools.environment", str(place), f"requirements/{line}.txt"], cwd=ROOT)
    if made.returncode:
        return "", "no environment", time.monotonic() - start
    inside = str(place / "bin" / "python")
    subprocess.run([inside, "-W", "ignore", "-m", "gluon_activations.fused", "--quiet"], cwd=ROOT)
    numpy = subprocess.run([inside, "-c", SAY], capture_output=True, text=True).stdout.split()[-1]
    command = [inside, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *tests]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    (PLACE / f"{minor}-{line}.log").write_text(told.stdout + told.stderr)
    last = told.stdout.strip().splitlines()[-1] if told.stdout.strip() else "nothing ran"
    return numpy, re.sub(r" in .*", "", last.strip("= ")), time.monotonic() - start


def main():
    """Run every cell; exit with 1 if one is not green."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a few files, on MXNet 1.9.1")
    parser.add_argument("--only", default="", metavar="3.13", help="this Python alone")
    asked = parser.parse_args()
    found = pythons()
    lines = ["mxnet1"] if asked.short or platform.machine() != "x86_64" else [*LINES]
    print(f"{'Python':<8}{'MXNet':<9}{'NumPy':<9}{'seconds':>7}  tests", flush=True)
    good = True
    for minor in wanted():
        if asked.only not in ("", minor):
            continue
        if minor not in found:
            print(f"{minor:<8}not found", flush=True)
            continue
        for line in lines:
            numpy, verdict, seconds = cell(found[minor], minor, line, SHORT if asked.short else ["tests"])
            good &= "passed" in verdict and "failed" not in verdict and "error" not in verdict
            print(f"{minor:<8}{LINES[line]:<9}{numpy:<9}{seconds:>7.0f}  {verdict}", flush=True)
    sys.exit(not good)


if __name__ == "__main__":
    main()
