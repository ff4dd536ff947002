"""What others install: the sdist holds all that kernels are built from, and what the wheel carries is used."""

import os
import platform
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from gluon_activations.fused import _build
from tools import dist

ROOT = Path(__file__).parent.parent
FILES = (
    "numpy_for_mxnet.py",
    "pyproject.toml",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "CITATION.cff",
)


@pytest.fixture
def source(tmp_path):
    """The package and what describes it, without kernels."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / dist.PACKAGE, tmp_path / "source" / dist.PACKAGE, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / "source")
    return tmp_path / "source"


@pytest.fixture
def unpacked(source):
    """The package with kernels in it, as the wheel is unpacked."""
    if _build.built() is None:
        pytest.skip("no kernels have been built")
    dist.carry(source / dist.PACKAGE)
    return source


def run(folder, code, **environment):
    """What Python prints where a folder holds the package, the cache is empty and there is no compiler."""
    place = {"XDG_CACHE_HOME": str(folder / "cache"), "CXX": "/nonexistent", "GLUON_ACTIVATIONS_FUSED": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=folder,
        env={**os.environ, **place, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "kernels" not in done.stderr, done.stderr
    return done.stdout.splitlines()


SAY = """
from gluon_activations import SiLU, array, fused
from gluon_activations.fused import _build
print(fused.__file__, _build.carried(), fused.enabled(), fused.why_not(), sep='\\n')
print(round(float(SiLU()(array([1.0])).asnumpy()[0]), 5))
"""


def test_kernels_that_the_wheel_carries_are_at_work(unpacked):
    fused = unpacked / dist.PACKAGE / "fused"
    carried = fused / _build.where_carried().name
    assert run(unpacked, SAY) == [str(fused / "__init__.py"), str(carried), "True", "None", "0.73106"]
    assert run(unpacked, SAY, GLUON_ACTIVATIONS_FUSED="0")[2] == "False"
    assert carried.stat().st_mode & 0o004  # whoever installs it


def test_kernels_for_another_mxnet_or_machine_are_passed_over(unpacked, monkeypatch):
    fused = unpacked / dist.PACKAGE / "fused"
    monkeypatch.setattr(_build, "HERE", fused)
    carried = _build.carried()
    assert carried
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(_build.mx, "__version__", "9.9")
        assert _build.carried() is None
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(_build.platform, "machine", lambda: "pdp11")
        assert _build.carried() is None
    carried.rename(fused / f"mxnet-9.9-{platform.machine()}.so")
    none = "they have not been built: run python -m gluon_activations.fused"
    assert run(unpacked, SAY)[1:] == ["None", "False", none, "0.73106"]


def test_a_checkout_carries_no_kernels():
    """They would be used in place of those of its sources."""
    assert list((ROOT / dist.PACKAGE).rglob("*.so")) == []


def test_sdist_and_wheel_hold_the_whole_package(source):
    held = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
    sources = {f"{dist.PACKAGE}/fused/{name}" for name in _build.SOURCES}
    assert sources < held
    library = f"{dist.PACKAGE}/fused/{_build.where_carried().name}"
    (source / library).write_bytes(b"")
    (source / "tests").mkdir()
    (source / "tests" / "test_some.py").touch()  # which setuptools would take by itself

    # Called as tools.dist has it called, but for the package build, which is in another environment.
    code = "from setuptools import build_meta as b; b.build_{}('out', {})"
    options = {"--build-option": f"--plat-name=linux_{platform.machine()}"}
    for kind in (("sdist", {}), ("wheel", options)):
        subprocess.run([sys.executable, "-c", code.format(*kind)], cwd=source, check=True, capture_output=True)
    (sdist,), (wheel,) = ((source / "out").glob(ending) for ending in ("*.tar.gz", "*.whl"))
    with tarfile.open(sdist) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    assert held <= names and not {name for name in names if name.startswith("tests")}
    with zipfile.ZipFile(wheel) as file:
        names = {*file.namelist()}
    assert {name for name in held if name.startswith(dist.PACKAGE)} | {library, "numpy_for_mxnet.py"} <= names
    assert wheel.name.endswith(f"-py3-none-linux_{platform.machine()}.whl")
