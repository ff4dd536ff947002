"""The repository as a newcomer meets it: README, lists, environments, links."""

import ast
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

import gluon_activations
from gluon_activations import CATALOG
from gluon_activations.catalog import FAMILIES
from tests.conftest import LINE
from tools import environment, readme
from tools.chapters import CHAPTERS
from tools.check_dist import examples

ROOT = Path(__file__).parent.parent
TEXTS = [*ROOT.glob("*.md")]  # the tests of the site look at those of docs/
LISTS = sorted((ROOT / "requirements").glob("*.txt"))


def tracked():
    """The files that a clone holds, or all of them outside a clone."""
    git = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    names = git.stdout.split("\0")[:-1] if git.returncode == 0 else []
    found = [ROOT / name for name in names] or [p for p in ROOT.rglob("*") if ".venv" not in str(p)]
    return [path for path in found if path.is_file()]


def test_the_list_of_the_readme_is_current():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    if text != readme.with_list(text):
        listed = text.partition(readme.START)[2].partition(readme.END)[0]
        missing = [entry.title for entry in CATALOG.values() if not re.search(rf"\b{entry.title}\b", listed)]
        assert missing, "run `make figures`"
        pytest.skip(f"not in the list yet (make figures): {', '.join(missing)}")


DIAGNOSIS = """0 Dense zeros: 0.0 saturated: None
0.act ReLU zeros: 0.5\\d* saturated: 0.5\\d*
1 Dense zeros: 0.0 saturated: None
1.act Sigmoid zeros: 0.0 saturated: 0.0
dead units: \\[\\[\\]\\]
The net ends in Sigmoid, and SoftmaxCrossEntropyLoss applies a softmax to that.*"""


@pytest.mark.parametrize(
    "which, prints",
    [
        (0, r"\[-0.1588\d*\s+0.\s+0.841\d*\s*\]\n\[-0.2\]"),
        (1, r"\(2, 10\)"),
        (2, "27 ReLUs replaced\nmobilenet-silu.onnx"),
        (3, "0.6468"),
        (4, DIAGNOSIS),
    ],
)
def test_the_examples_of_the_readme_run_as_they_stand(which, prints, tmp_path):
    if which == 2 and LINE == "2.0":
        pytest.skip("ONNX export is for 1.9, and docs/use.md says so")
    assert len(examples()) == 5
    assert len(examples()[which].strip().splitlines()) <= 14
    command = [sys.executable, "-c", examples()[which]]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert re.fullmatch(prints, done.stdout.strip()), done.stdout


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    heads = {_anchor(head) for head in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match("https?:", target):
            continue
        file, _, anchor = target.partition("#")
        assert not file or (path.parent / file).exists(), target
        assert file or anchor in heads, target


def _anchor(head):
    return re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_lists_are_exact_and_hashed(path):
    lines = path.read_text().splitlines()
    names = [line for line in lines if line and line[0] not in " #"]
    asked = re.findall(
        r"^[\w-]+", Path(str(path).replace("-numpy2", "")).with_suffix(".in").read_text(), re.MULTILINE
    )
    assert len(asked) > 3 and {*asked} - {"-r"} <= {line.partition("==")[0] for line in names}
    for line in names:
        assert re.match(r"[\w.-]+==\S+ (; .* )?\\$", line), line
    assert sum("--hash=sha256:" in line for line in lines) >= len(names)


def test_no_file_names_a_package_index():
    host = re.compile(
        "|".join(["pypi" + r"\.org", "pythonhosted", "--(extra-)?index" + "-url", "find" + "-links [^-]"])
    )
    for path in tracked():
        if path.suffix in (".png", ".ipynb") or path.name in ("Makefile", Path(__file__).name):
            continue
        assert not host.search(path.read_text(encoding="utf-8", errors="ignore")), path


def test_what_is_installed_is_what_is_listed():
    path = Path(environment.fitting(str(ROOT / "requirements" / f"mxnet{LINE[0]}.txt")))
    for line in path.read_text().splitlines():
        if not line or line[0] in " #":
            continue
        wanted = Requirement(line.rstrip(" \\"))
        if wanted.marker is None or wanted.marker.evaluate():
            if wanted.name == "mxnet" and os.environ.get("CTX", "cpu") != "cpu":
                continue  # a GPU build is another package
            assert importlib.metadata.version(wanted.name) in wanted.specifier, wanted.name


def test_conda_gets_the_list_that_make_installs():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    python = next(line for line in conda["dependencies"] if str(line).startswith("python="))
    version = tuple(map(int, python.partition("=")[2].split(".")))
    assert environment.OLDEST <= version <= environment.NEWEST
    (pip,) = [entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict)]
    assert pip == ["--requirement requirements/mxnet1.txt"]
    makefile = (ROOT / "Makefile").read_text()
    assert "requirements/$(LIST_$@).txt" in makefile and "LIST_$(MXNET1) := mxnet1\n" in makefile


def test_the_drawing_of_the_rooms_shows_the_floors_that_make_lint_checks():
    contract = re.search(
        r"^layers = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.DOTALL | re.MULTILINE
    )
    drawn, drawing = [], (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for number, room in re.findall(r"^│ (..) │ (\w+) +│", drawing, re.MULTILINE):
        drawn += [set()] if number.strip() else []
        drawn[-1].add(room)
    assert len(drawn) > 5
    assert drawn == [set(floor.split(" | ")) for floor in re.findall(r'"(.*?)"', contract[1])]


# -- modules ---------------------------------------------------------------------------------

MODULES = [path for path in tracked() if path.suffix == ".py"]
EDIT = re.compile(r"\bsys\.path\s*(\.\w|\[|\+?=(?!=))|from sys import.*\bpath\b|\baddsitedir\b|PYTHONPATH\s*\+?=")


def test_no_file_edits_the_path_of_imports():
    assert len(MODULES) > 50
    texts = [path for path in tracked() if path.suffix != ".png" and path != Path(__file__)]
    assert [path for path in texts if EDIT.search(path.read_text(encoding="utf-8", errors="ignore"))] == []


@pytest.mark.parametrize(
    "code, edits",
    [
        ("sys.path.insert(0, 'tools')", True),
        ("sys.path += ['tools']", True),
        ("sys.path[:0] = ['tools']", True),
        ("from sys import argv, path", True),
        ("PYTHONPATH=. python", True),
        ("assert sys.path == before", False),
        ("os.path.join(sys.prefix, 'tools')", False),
    ],
)
def test_an_edit_of_the_path_is_seen(code, edits):
    assert bool(EDIT.search(code)) == edits


def shadowing(paths):
    """Modules that would stand in the way of the standard library's where their folder is on the path.

    Those of the package are only ever imported through it.
    """
    names = {path: path.parent.name if path.name == "__init__.py" else path.stem for path in paths}
    return [path for path, name in names.items() if name in sys.stdlib_module_names]


@pytest.mark.skipif(sys.version_info < (3, 10), reason="this Python has no list of its modules")
def test_no_module_has_the_name_of_one_of_the_standard_library():
    ours = [path for path in MODULES if ROOT / "gluon_activations" not in path.parents]
    assert len(ours) > 30 and shadowing(ours) == []
    assert shadowing([Path("tools/site.py"), Path("json/__init__.py"), Path("tools/readme.py")]) == [
        Path("tools/site.py"),
        Path("json/__init__.py"),
    ]


def test_each_family_has_a_page():
    assert set(CHAPTERS) == {*FAMILIES}
    for page in CHAPTERS.values():
        assert (ROOT / "notebooks" / f"{page}.ipynb").exists()


def test_what_the_makefile_calls_is_there():
    called = re.findall(r"-m ((?:tools|benchmarks)\.\w+)", (ROOT / "Makefile").read_text())
    assert len(called) > 10
    for name in called:
        assert importlib.util.find_spec(name), name


def test_versions_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == gluon_activations.__version__
    assert f'version = "{gluon_activations.__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert importlib.metadata.version("gluon-activations") == gluon_activations.__version__
    assert f"## {gluon_activations.__version__} " in (ROOT / "CHANGELOG.md").read_text()


# -- tools/environment.py --------------------------------------------------------------------


def test_any_python_3_reads_it():
    for name in ("__init__.py", "environment.py"):
        ast.parse((ROOT / "tools" / name).read_text(encoding="utf-8"), feature_version=(3, 4))


def test_a_python_that_is_too_old(monkeypatch):
    monkeypatch.setattr(environment.sys, "version_info", (3, 8, 18))
    with pytest.raises(
        SystemExit, match=r"^Python 3\.9 to 3\.13 is needed.*PYTHON=python3\.\d+ after the make target\.$"
    ):
        environment.check_machine()


def test_a_python_that_is_newer_than_any_tried(monkeypatch, capsys):
    monkeypatch.setattr(environment.sys, "version_info", (3, 14, 0))
    environment.check_machine()
    assert "is newer than what was tried, Python 3.9 to 3.13: it may work." in capsys.readouterr().out
    assert environment.fitting(str(ROOT / "requirements/mxnet1.txt")).endswith("mxnet1-numpy2.txt")


def test_each_python_has_its_list(monkeypatch):
    for version, ending in (
        ((3, 9, 18), "mxnet1.txt"),
        ((3, 12, 1), "mxnet1.txt"),
        ((3, 13, 0), "mxnet1-numpy2.txt"),
    ):
        monkeypatch.setattr(environment.sys, "version_info", version)
        assert environment.fitting(str(ROOT / "requirements/mxnet1.txt")).endswith(f"/{ending}")
        assert environment.fitting(str(ROOT / "requirements/dist.txt")).endswith("/dist.txt")


def test_the_site_wants_a_newer_python(monkeypatch):
    monkeypatch.setattr(environment.sys, "version_info", (3, 10, 4))
    with pytest.raises(SystemExit, match=r"^Python 3\.11 to 3\.13 is needed, and .* PYTHON=python3\.1\d after"):
        environment.main("unused", "requirements/docs.txt", "3.11")


def test_a_machine_without_wheels(monkeypatch):
    monkeypatch.setattr(environment.platform, "system", lambda: "Windows")
    with pytest.raises(SystemExit, match="no wheel for Windows .* container, such as that of the Dockerfile"):
        environment.check_machine()


def test_a_python_without_venv(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match="has no venv module: install it .* PYTHON="):
        environment.check_machine()


def test_an_environment_is_built_once_and_anew_for_another_list(monkeypatch, tmp_path, capsys):
    built = []

    def build(command):
        (tmp_path / "env").mkdir()
        built.append(command)

    monkeypatch.setattr(environment.subprocess, "check_call", build)
    monkeypatch.setattr(environment, "install", lambda python, requirements: None)
    wanted = tmp_path / "list.txt"
    wanted.write_text("a==1")
    for _ in range(2):
        environment.main(str(tmp_path / "env"), str(wanted))
    assert len(built) == 1
    wanted.write_text("a==2")
    environment.main(str(tmp_path / "env"), str(wanted))
    assert len(built) == 2


def test_a_half_built_environment_is_not_used(monkeypatch, tmp_path, capsys):
    def fail(python, requirements):
        raise SystemExit("no network")

    env, wanted = tmp_path / "env", tmp_path / "list.txt"
    wanted.write_text("a==1")
    built = []
    monkeypatch.setattr(environment.subprocess, "check_call", lambda command: (env.mkdir(), built.append(1)))
    monkeypatch.setattr(environment, "install", fail)
    for _ in range(2):
        with pytest.raises(SystemExit, match="no network"):
            environment.main(str(env), str(wanted))
    assert len(built) == 2 and not (env / "complete").exists()


def test_run_notebooks_says_what_is_missing():
    def run(*options):
        command = [sys.executable, "-m", "tools.run_notebooks", *options]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)

    pytest.importorskip("papermill", reason="the pages are executed in the main environment alone")
    import mxnet as mx

    assert "cpux" in run("--ctx", "cpux").stderr
    unknown = run("--only", "77")
    assert unknown.returncode == 1 and "No notebook's name holds '77'; there are: 00_start_here" in unknown.stderr
    if mx.context.num_gpus() == 0:
        gpu = run("--ctx", "gpu")
        assert gpu.returncode == 1
        assert re.fullmatch(r"there is no gpu: [^\n]*\n", gpu.stderr)
