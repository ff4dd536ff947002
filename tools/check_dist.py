"""Try what `make dist` wrote as its users will: look into it, and install it on each Python, into nothing.

    python -m tools.check_dist           # every Python found
    python -m tools.check_dist 3.13      # this one

On each Python the wheel stands beside MXNet 1.9.1, on Python 3.13 with NumPy 2, and the examples of README and
docs/use.md run. The cell for hosted notebooks is run where NumPy alone is installed, the newest that there is, and
imported already.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.dist import OUT, ROOT, run
from tools.matrix import pythons

PLACE = ROOT / "build" / "check-dist"
# MXNet asks for NumPy below 2, which Python 3.13 does not have: so without what it asks for, and that beside it.
MXNET = ("--no-deps", "mxnet==1.9.1")
BESIDE = ("graphviz<0.9", "requests<3")


def examples():
    """The examples of README and docs/use.md that run by themselves."""
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/use.md"))
    return re.findall(r"<!-- example:.*?-->\n```python\n(.*?)```", text, re.DOTALL)


def environment(python, place, *wanted):
    """A new environment, and what pip installs there, one after the other."""
    shutil.rmtree(place, ignore_errors=True)
    run(python, "-m", "venv", place)
    inside = place / "bin" / "python"
    for packages in wanted:
        run(inside, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *packages)
    return inside


def hosted(wheel):
    """The first cell for a hosted notebook, as docs/run.md has it, for this wheel."""
    text = (ROOT / "docs" / "run.md").read_text(encoding="utf-8")
    ((cell),) = re.findall(r"<!-- hosted:.*?-->\n```python\n(.*?)```", text, re.DOTALL)
    changed = re.sub(r'(?m)^wanted = ".*"$', f"wanted = {wheel!r}", cell)
    assert changed != cell, cell
    return f"import numpy\n{changed}\nprint(mxnet.nd.ones((numpy.int64(2), 3)).shape, numpy.__version__)"


def tried(python):
    """The NumPy, and what the examples print, in a folder where nothing of the repository is."""
    said = [output(python, "import numpy; print(numpy.__version__)")]
    return said + [output(python, example) for example in examples()]


def output(python, code):
    """What a piece of Python prints; its end if it fails."""
    done = subprocess.run([python, "-W", "ignore", "-c", code], cwd=PLACE, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{python} fails on\n{code}\n{done.stderr}")
    return done.stdout.strip()


def main(*wanted):
    """Check both files, then try the wheel."""
    files = sorted(map(str, OUT.iterdir()))
    wheels = [file for file in files if file.endswith(".whl")]
    if len(files) != 2 or len(wheels) != 1:
        sys.exit(
            f"build/dist/ holds {', '.join(map(repr, files)) or 'nothing'}, not a wheel and an sdist: make dist"
        )
    run(sys.executable, "-m", "twine", "check", "--strict", *files)
    run(Path(sys.executable).parent / "check-wheel-contents", *wheels)
    found = pythons()
    for minor in wanted or found:
        if minor not in found:
            sys.exit(f"There is no Python {minor} here, but {', '.join(found)}.")
        for file in files:
            python = environment(found[minor], PLACE / minor, MXNET, [*BESIDE, f"{file}[visualize,onnx]"])
            numpy, *printed = tried(python)
            what = f"Python {minor}, NumPy {numpy}, {Path(file).name}"
            print(f"{what}: {len(printed)} examples run", flush=True)
        printed = output(environment(found[minor], PLACE / "hosted", ["numpy"]), hosted(wheels[0]))
        print(f"  the cell for hosted notebooks: {printed}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
