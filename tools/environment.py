"""Create or refresh a virtual environment from an exact, hashed list.

    python3 -m tools.environment .venv requirements/mxnet1.txt
    python3 -m tools.environment .venv-docs requirements/docs.txt 3.11    # this Python or a later one

Python 3.13 and later take the list beside it, of NumPy 2 (requirements/mxnet1-numpy2.txt), where there is one.
The environment is rebuilt when its list, its Python or its place changes. The
stamp is written last, so a half-built environment is never taken for a whole one.
This file runs on any Python 3, also one that is too old or too new to go on.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST, NEWEST, NUMPY2 = (3, 9), (3, 13), (3, 13)
PLATFORMS = ("Linux x86_64", "Linux aarch64", "Darwin x86_64")


def check_machine(oldest=OLDEST):
    """Stop with one sentence if this Python cannot carry the environment."""
    here = "%s %s" % (platform.system(), platform.machine())
    if here not in PLATFORMS:
        sys.exit(
            "MXNet has no wheel for %s (only for %s): run these commands in a Linux "
            "container, such as that of the Dockerfile here." % (here, ", ".join(PLATFORMS))
        )
    tried = "Python %d.%d to %d.%d" % (oldest + NEWEST)
    if sys.version_info[:2] < oldest:
        names = ["python3.%d" % minor for minor in range(NEWEST[1], oldest[1] - 1, -1)]
        found = [name for name in names if works(name)] or names[:1]
        sys.exit(
            "%s is needed, and %s is %s: run again with PYTHON=%s after the make target."
            % (tried, sys.executable, platform.python_version(), found[0])
        )
    if sys.version_info[:2] > NEWEST:
        print("%s is newer than what was tried, %s: it may work." % (platform.python_version(), tried))
    try:
        import ensurepip  # noqa: F401  Debian ships python3 without it
        import venv  # noqa: F401
    except ImportError:
        sys.exit(
            "%s has no venv module: install it (on Debian and Ubuntu: apt-get install "
            "python3-venv) or name another Python with PYTHON=/path/to/python3." % sys.executable
        )


def works(name):
    """Whether a command of this name runs (a version manager's shim may not)."""
    with open(os.devnull, "w") as nowhere:
        try:
            return subprocess.call([name, "-c", ""], stdout=nowhere, stderr=nowhere) == 0
        except OSError:
            return False


def fitting(requirements):
    """The list for this Python: the one of NumPy 2 where there is no NumPy 1."""
    newer = "%s-numpy2%s" % os.path.splitext(requirements)
    return newer if sys.version_info[:2] >= NUMPY2 and os.path.exists(newer) else requirements


def fingerprint(requirements):
    """What the environment was made from, and where."""
    made_from = [sys.version.encode(), ROOT.encode()]
    for path in (requirements, os.path.join(ROOT, "gluon_activations", "__init__.py")):
        with open(path, "rb") as file:
            made_from += [line for line in file if path == requirements or line.startswith(b"__version__")]
    return hashlib.sha256(b"\0".join(made_from)).hexdigest()


def install(python, requirements):
    """Install the list and the package itself, with a running count."""
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--no-compile"]
    command = pip + ["--require-hashes", "--only-binary", ":all:", "-r", requirements]
    # ansicolors (Python 3.9 only) is pure Python but has wheels too, so no compiler is asked for.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, universal_newlines=True)
    count = 0
    for line in process.stdout:
        if line.startswith("Collecting "):
            count += 1
            show("  %3d %s" % (count, line.split()[1].split("==")[0]))
        elif line.startswith("Installing collected"):
            show("  unpacking %d packages" % len(line.split(",")), end="\n")
    if process.wait():
        sys.exit("The list %s could not be installed: see pip's message above." % requirements)
    own = pip + ["--quiet", "--no-build-isolation", "--no-index", "--editable", ROOT]
    if subprocess.call(own):
        sys.exit("gluon_activations itself could not be installed: see pip's message above.")


def show(text, end=""):
    """One line that renews itself on a terminal; only the last on a pipe."""
    if sys.stdout.isatty():
        sys.stdout.write("\r%-60s%s" % (text, end))
    elif end:
        sys.stdout.write(text + end)
    sys.stdout.flush()


def main(directory, requirements, oldest="%d.%d" % OLDEST):
    """Build the environment unless the one that is there was made from the same."""
    check_machine(tuple(map(int, oldest.split("."))))
    requirements = fitting(requirements)
    stamp = os.path.join(directory, "complete")
    wanted = fingerprint(requirements)
    try:
        with open(stamp) as file:
            if file.read() == wanted:
                return
    except OSError:
        pass
    print("Creating %s with Python %s from %s, once:" % (directory, platform.python_version(), requirements))
    sys.stdout.flush()
    shutil.rmtree(directory, ignore_errors=True)
    subprocess.check_call([sys.executable, "-m", "venv", directory])
    install(os.path.join(directory, "bin", "python"), requirements)
    with open(stamp, "w") as file:
        file.write(wanted)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("\nInterrupted: the environment will be built afresh next time.")
