"""How the compiled kernels are built, kept and trusted, and what happens where they cannot be.

A cache of its own for each test; what is built is copied from the session's, and one test compiles.
"""

import _ctypes
import contextlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gluon_activations import functional, fused, ops
from gluon_activations.fused import _build

import mxnet as mx

ROOT = Path(__file__).parent.parent
SAID = "no compiled kernels, so activations are composed: "


@pytest.fixture(scope="module")
def library():
    """The session's library, as built."""
    path = _build.built() if fused.available() else None
    if path is None:
        pytest.skip(f"nothing has been built: {fused.why_not()}")
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache, for this process and those that it starts."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.delenv("GLUON_ACTIVATIONS_FUSED", raising=False)
    return tmp_path / "cache" / "gluon_activations"


def put(library, folder, name=None):
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy = folder / (name or library.name)
    shutil.copy(library, copy)
    copy.chmod(0o600)
    return copy


def script(path, text):
    """A program in place of a compiler."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


PARTS = 'for last; do :; done; case "$last" in *.so) {library} ;; *) {part} ;; esac'


def stand_in(library, path, wait=0):
    """A compiler that only takes its time, and has the library ready."""
    return script(path, f"echo run >> {path}.log\n" + PARTS.format(
        library=f"sleep {wait}; cp {library} $last", part="touch $last"))  # fmt: skip


IMPORTS = """
import warnings
warnings.simplefilter('ignore')
from gluon_activations import SiLU, array, fused
import mxnet as mx
"""


def start(code, cwd=ROOT, **environment):
    """Begin to run Python with the package imported and every warning of ours shown."""
    code = f"{IMPORTS}\n{code}"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines(process):
    out, error = process.communicate(timeout=100)
    assert process.returncode == 0, f"{process.returncode}: {error}"
    return out.splitlines()


ENABLE = """
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    print(fused.enable())
print(*(str(one.message).replace(chr(10), ' ') for one in caught if 'kernels' in str(one.message)), sep='|')
print(fused.why_not())
print(fused.available(), fused.enabled(), fused.level(), len(fused.formulas()))
print(round(float(SiLU()(array([1.0])).asnumpy()[0]), 5), type(SiLU()(array([1.0])).asnumpy()).__name__)
"""


def enabled(**environment):
    return lines(start(ENABLE, **environment))


def assert_composed(told, why):
    """Not at work, for one reason that is said once, and what is computed is right."""
    at_work, warning, reason, state, value = told
    assert at_work == "False" and why in reason and warning == SAID + reason
    assert state == "False False None 0" and value == "0.73106 ndarray"


def assert_compiled(told):
    at_work, warning, reason, state, value = told
    assert (at_work, warning, reason, value) == ("True", "", "None", "0.73106 ndarray")
    assert state.startswith("True True ") and int(state.split()[-1]) >= 25


# -- where they cannot be built ------------------------------------------------------------------------------


@pytest.mark.once
def test_without_the_compiler_that_is_asked_for(folder):
    assert_composed(enabled(CXX="/nonexistent"), "there is no compiler '/nonexistent'")
    assert not folder.exists()


def test_without_any_compiler(folder, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(_build.Unavailable, match=r"^there is no C\+\+ compiler \(g\+\+, clang\+\+\)$"):
        _build.build()


@pytest.mark.parametrize("text, why", [
    ("echo 'note: no' >&2; echo 'a.cc:1:2: error: no such thing' >&2; exit 1", "a.cc:1:2: error: no such thing"),
    ("echo 'fatal error: error writing to a.s: No space left on device' >&2; exit 1", "No space left on device"),
    ("for n in 1 2; do echo \"a.cc:$n: error: of $n\" >&2; done; exit 1", "a.cc:1: error: of 1"),
    ("exit 3", "exit status 3"),
    ("kill -9 $$", "exit status -9"),
])  # fmt: skip
def test_a_compiler_that_fails(folder, tmp_path, monkeypatch, text, why):
    monkeypatch.setenv("CXX", script(tmp_path / "compiler", text))
    with pytest.raises(_build.Unavailable, match="^compiler cannot compile the kernels: .*" + why + "$"):
        _build.build()
    assert [path.name for path in folder.iterdir()] == ["lock"]  # nothing half made is left


@pytest.mark.once
def test_a_compiler_that_fails_is_told(folder, tmp_path):
    compiler = script(tmp_path / "compiler", "echo 'a: error: b' >&2; exit 1")
    assert_composed(enabled(CXX=compiler), "compiler cannot compile the kernels: a: error: b")


@pytest.mark.once
@pytest.mark.parametrize("home", ["/dev/null/x", "file"])
def test_a_home_that_cannot_be_written_to(folder, tmp_path, home, monkeypatch):
    (tmp_path / "file").write_text("")
    place = tmp_path / home
    told = enabled(XDG_CACHE_HOME=str(place), CXX=script(tmp_path / "compiler", "exit 1"))
    assert_composed(told, f"the kernels cannot be built in {place / 'gluon_activations'}: Not a directory")


@pytest.mark.once
def test_a_disk_that_is_full(folder, tmp_path):
    """A file system of some kilobytes, where one may be mounted."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        fill = PARTS.format(library="head -c 200000 /dev/zero > $last || exit 1", part="touch $last")
        assert_composed(enabled(CXX=script(tmp_path / "compiler", fill)), "cannot compile the kernels: ")
        assert [path.name for path in folder.iterdir()] == ["lock"]
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.once
def test_a_compiler_that_makes_no_library(folder, tmp_path):
    fake = script(tmp_path / "compiler", PARTS.format(library="echo 0 > $last", part="touch $last"))
    assert_composed(enabled(CXX=fake), "does not load: ")


# -- what is in the cache --------------------------------------------------------------------------------------


def test_what_is_built_is_loaded_on_import_and_said(folder, library):
    put(library, folder)
    assert lines(start("print(fused.enabled(), fused.why_not())")) == ["True None"]
    assert lines(start("print(fused.enabled(), fused.why_not())", GLUON_ACTIVATIONS_FUSED="0")) == [
        "False the environment variable GLUON_ACTIVATIONS_FUSED says so"
    ]
    assert_compiled(enabled(CXX="/nonexistent"))  # no compiler is needed any more


def test_nothing_is_built_by_an_import(folder, tmp_path):
    compiler = script(tmp_path / "compiler", "touch $0.was-run; exit 1")
    said = lines(start("print(fused.enabled(), fused.why_not())", CXX=compiler))
    assert said == ["False they have not been built: run python -m gluon_activations.fused"]
    assert not folder.exists() and not (tmp_path / "compiler.was-run").exists()


def test_a_library_that_is_not_whole_is_removed_and_built_anew(folder, library, tmp_path, monkeypatch):
    cut = put(library, folder)
    cut.write_bytes(library.read_bytes()[:-1000])
    monkeypatch.setenv("CXX", stand_in(library, tmp_path / "compiler"))
    (why,) = lines(start("print(fused.why_not())"))
    assert why.startswith(str(cut)) and "was not whole and has been removed" in why and not cut.exists()
    cut.write_bytes(library.read_bytes()[:5000])
    cut.chmod(0o600)
    told = lines(start("print(fused.why_not())" + ENABLE))
    assert_compiled(told[1:])
    assert (tmp_path / "compiler.log").exists()


@pytest.mark.parametrize("which", ["folder", "library"])
@pytest.mark.parametrize("how", ["group", "others", "owner"])
def test_what_others_may_have_written_is_not_trusted(folder, library, which, how):
    copy = put(library, folder)
    assert _build.built() == copy
    touched = {"folder": folder, "library": copy}[which]
    if how == "owner":
        if os.geteuid():
            pytest.skip("only root gives files away")
        os.chown(touched, 12345, -1)
    else:
        touched.chmod(0o700 | {"group": 0o020, "others": 0o002}[how])
    with pytest.raises(
        _build.Unavailable, match=f"^{touched} belongs to another user, or others may write to it$"
    ):
        _build.built()
    assert copy.exists()


def test_what_others_may_read_is_trusted(folder, library):
    copy = put(library, folder)
    for part in (folder, copy):
        part.chmod(0o755)
    assert _build.built() == copy


def test_of_the_libraries_of_several_compilers_that_of_the_one_at_hand_is_taken(folder, library):
    start_of_name, _, digest = library.name.rsplit("-", 2)
    own, before, after = (
        put(library, folder, name)
        for name in (library.name, f"{start_of_name}-0000000-{digest}", f"{start_of_name}-zzzzzzzz-{digest}")
    )
    assert _build.built() == own
    own.unlink()
    assert _build.built() in (before, after)  # another's will do


def test_a_link_to_a_library_of_others_is_not_loaded(folder, library, tmp_path):
    copy = put(library, tmp_path / "theirs")
    copy.chmod(0o666)
    folder.mkdir(mode=0o700, parents=True)
    (folder / library.name).symlink_to(copy)
    assert_composed(enabled(CXX="/nonexistent"), "belongs to another user, or others may write to it")


@pytest.mark.parametrize("where, what, other", [
    (_build.mx, "__version__", "9.9"),
    (_build.platform, "machine", lambda: "pdp11"),
])  # fmt: skip
def test_another_mxnet_or_machine_finds_nothing(folder, library, monkeypatch, where, what, other):
    put(library, folder)
    assert _build.built()
    monkeypatch.setattr(where, what, other)
    assert _build.built() is None


def test_a_change_of_the_sources_finds_nothing(folder, library, tmp_path, monkeypatch):
    put(library, folder)
    there = tmp_path / "copy"
    shutil.copytree(_build.HERE, there)
    monkeypatch.setattr(_build, "HERE", there)
    assert _build.built() and {*_build.SOURCES} == {path.name for path in there.glob("*.[ch]*")}
    for name in _build.SOURCES:
        text = (there / name).read_bytes()
        (there / name).write_bytes(text + b" ")
        assert _build.built() is None
        (there / name).write_bytes(text)
    assert _build.built()


@pytest.mark.parametrize("what", ["_OPTIONS", "_LEVELS"])
def test_another_option_of_the_compiler_finds_nothing(folder, library, monkeypatch, what):
    put(library, folder)
    own = getattr(_build, what)
    more = (*own, "-O1") if isinstance(own, tuple) else {**own, "portable": ("-O1",)}
    monkeypatch.setattr(_build, what, more)
    assert _build.built() is None


def test_a_gradient_that_was_asked_to_add_up_before_the_kernels_were_enabled(folder, library):
    put(library, folder)
    code = """
x = mx.nd.array([1.0])
x.attach_grad(grad_req="add")
fused.enable()
for _ in range(3):
    with mx.autograd.record():
        y = functional.identity(x)
    y.backward()
print(fused.enabled(), x.grad.asscalar())
"""
    text = "from gluon_activations import functional, fused\nimport mxnet as mx\n" + code
    assert lines(start(text, GLUON_ACTIVATIONS_FUSED="0")) == ["True 3.0"]


def test_a_library_that_is_none_does_no_harm(folder, library):
    """Right name, right digest, and no library, or one of something else."""
    key = library.name.rsplit("-", 1)[0]
    foreign = Path(_ctypes.__file__).read_bytes()
    for content in (b"nothing", foreign):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        path = folder / f"{key}-{_build._digest(content)}.so"
        path.write_bytes(content)
        path.chmod(0o600)
        assert_composed(enabled(CXX="/nonexistent"), f"{path} does not load: ")


def test_whether_a_library_is_whole(library, tmp_path):
    path, content = tmp_path / "cut.so", library.read_bytes()
    for length in (64, 70, 100, 5000, *range(50000, len(content) * 4 // 5, 50000)):
        path.write_bytes(content[:length])
        assert not _build.is_whole(path), length
    for other in (content, b"", b"\x7fELF", content[:63], b"\xcf\xfa\xed\xfe" + content[4:100]):
        path.write_bytes(other)
        assert _build.is_whole(path)  # to load it says what is wrong


def test_a_library_is_whole_to_its_last_byte(tmp_path):
    """Two parts behind a table of them: the first reaches to the end, the second does not."""
    path, head = tmp_path / "made.so", bytearray(64)
    head[:6], head[32:40], head[54:58] = b"\x7fELF\x02\x01", (64).to_bytes(8, "little"), bytes([56, 0, 2, 0])
    table = bytearray(112)
    for place, begins, length in ((0, 176, 24), (56, 180, 4)):
        table[place + 8 : place + 16] = begins.to_bytes(8, "little")
        table[place + 32 : place + 40] = length.to_bytes(8, "little")
    content = bytes(head + table) + b"x" * 24
    for length, whole in (
        (200, True),
        (201, True),
        (199, False),
        (184, False),
        (176, False),
        (175, False),
        (64, False),
    ):
        path.write_bytes(content[:length].ljust(length, b"x"))
        assert _build.is_whole(path) is whole, length


@pytest.mark.parametrize("where", ["cache", "wheel"])
def test_a_library_that_is_cut_off_does_not_end_the_process(folder, library, tmp_path, where):
    """In the cache with the digest of what is left, in a wheel without any: to load it would be a bus error."""
    content = library.read_bytes()
    content = content[: len(content) // 3]
    if where == "wheel":
        package = tmp_path / "gluon_activations"
        shutil.copytree(ROOT / "gluon_activations", package)
        path = package / "fused" / _build.where_carried().name
        path.write_bytes(content)
    else:
        key = library.name.rsplit("-", 1)[0]
        folder.mkdir(mode=0o700, parents=True)
        path = folder / f"{key}-{_build._digest(content)}.so"
        path.write_bytes(content)
        path.chmod(0o600)
    told = lines(start(ENABLE, cwd=tmp_path if where == "wheel" else ROOT, CXX="/nonexistent"))
    assert_composed(told, f"{path} is not whole: install the package anew")


def test_a_library_for_another_mxnet_does_no_harm(folder, library):
    """Right name, right digest, and built against the other line of MXNet."""
    others = [
        path for path in library.parent.glob("mxnet-*.so") if path.name.split("-")[1] != library.name.split("-")[1]
    ]
    if not others:
        pytest.skip("none has been built for another MXNet")
    key = library.name.rsplit("-", 1)[0]
    put(others[-1], folder, f"{key}-{_build._digest(others[-1].read_bytes())}.so")
    told = enabled(CXX="/nonexistent")
    assert told[-1] == "0.73106 ndarray" and told[0] in ("True", "False")


def test_the_oldest_libraries_go_when_another_is_built(folder, library, tmp_path, monkeypatch):
    """Those for the same MXNet and machine, whatever they were built from; and what a killed build has left."""
    start_of_name, _, made, _ = library.name.rsplit("-", 3)
    old = [put(library, folder, f"{start_of_name}-{i:016d}-{made}-{'0' * 32}.so") for i in range(6)]
    others = [
        put(library, folder, f"mxnet-9.9-{_build.platform.machine()}-0-0-0.so"),
        put(library, folder, f"mxnet-{_build.mx.__version__}-pdp11-0-0-0.so"),
        put(library, folder, "notes"),
    ]
    for age, path in enumerate([*others, *old[3:], *old[:3]]):  # the last ones are the oldest
        os.utime(path, (1e9 - age, 1e9 - age))
    (folder / "tmp12345678").mkdir()
    (folder / "tmp12345678" / "avx2.o").write_text("")
    monkeypatch.setenv("CXX", stand_in(library, tmp_path / "compiler"))
    new = _build.build()
    assert {*folder.iterdir()} == {new, folder / "lock", *others, *old[3:]}
    assert len([new, *old[3:]]) == _build.KEPT and _build.build() == _build.built() == new


def test_what_another_process_removes_meanwhile_is_not_there(folder, library, monkeypatch):
    copy = put(library, folder)
    monkeypatch.setattr(
        Path, "read_bytes", lambda path, own=Path.read_bytes: gone(path) if path == copy else own(path)
    )
    assert _build.built() is None


def gone(path):
    raise FileNotFoundError(path)


def test_what_is_not_whole_may_be_removed_by_another_process_first(folder, library, monkeypatch):
    copy, own = put(library, folder), Path.read_bytes

    def half(path):
        content = own(path)
        if path != copy:
            return content
        path.unlink()
        return content[:1000]

    monkeypatch.setattr(Path, "read_bytes", half)
    with pytest.raises(_build.Unavailable, match="was not whole and has been removed"):
        _build.built()


def test_a_system_without_locks_of_files_builds_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    spec = importlib.util.spec_from_file_location("build_elsewhere", _build.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module._alone(tmp_path):
        assert module.fcntl is None and (tmp_path / "lock").exists()


# -- several processes -----------------------------------------------------------------------------------------


@pytest.mark.once
def test_two_processes_build_one_library(folder, library, tmp_path):
    compiler = stand_in(library, tmp_path / "compiler", wait=1)
    both = [start(ENABLE, CXX=compiler) for _ in range(2)]
    for process in both:
        assert_compiled(lines(process))
    assert len(list(folder.glob("*.so"))) == 1 and {path.suffix for path in folder.iterdir()} == {".so", ""}
    runs = (tmp_path / "compiler.log").read_text().split()
    assert len(runs) == len(_build._LEVELS) + 3  # the second found it built
    (made,) = folder.glob("*.so")
    assert made.stat().st_mode & 0o777 == 0o600 and folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.once
def test_a_build_that_was_killed_is_made_up_for(folder, library, tmp_path):
    compiler = stand_in(library, tmp_path / "compiler", wait=30)
    process = start(ENABLE, CXX=compiler)
    event = threading.Event()
    for _ in range(300):
        if (tmp_path / "compiler.log").exists():
            break
        event.wait(0.1)
    process.kill()
    process.communicate()
    assert not list(folder.glob("*.so"))
    assert_compiled(enabled(CXX=stand_in(library, tmp_path / "another")))  # that one may still be running
    assert {path.suffix for path in folder.iterdir()} == {".so", ""}


@pytest.mark.once
def test_the_command_builds_and_says_what_is_at_work(folder, library, tmp_path):
    def command(*options, **environment):
        call = [sys.executable, "-W", "ignore", "-m", "gluon_activations.fused", *options]
        done = subprocess.run(
            call, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0
        return done

    failed = command("--quiet", CXX="/nonexistent")
    assert failed.stdout == "" and "there is no compiler '/nonexistent'." in failed.stderr
    compiler = stand_in(library, tmp_path / "compiler")
    first = command(CXX=compiler)
    assert first.stdout.startswith("Activations are compiled: ") and "once …" in first.stderr
    again = command("--quiet", CXX=compiler)
    assert again.stdout == "" and "once" not in again.stderr


# -- in one process ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not fused.available(), reason=f"no compiled kernels: {fused.why_not()}")
def test_enable_and_disable():
    before = fused.enabled()
    try:
        assert fused.enable() and fused.enabled() and fused.available() and fused.why_not() is None
        assert fused.level() in _build._LEVELS and len(set(fused.formulas())) == len(fused.formulas()) >= 25
        with fused.disabled():
            assert not fused.enabled() and fused.available()
            with contextlib.suppress(KeyError), fused.disabled():
                raise KeyError
            assert not fused.enabled()
        assert fused.enabled()
        fused.disable()
        assert not fused.enabled() and fused.available() and fused.why_not() is None
        with fused.disabled():
            pass
        assert not fused.enabled()
    finally:
        (fused.enable if before else fused.disable)()


@pytest.fixture
def unloaded(monkeypatch):
    """This process as if nothing had been loaded yet; afterwards it is as it was."""
    monkeypatch.setattr(fused, "_library", None)
    monkeypatch.setattr(fused, "_why_not", None)
    monkeypatch.setattr(ops, "compiled", None)
    return monkeypatch


def test_the_warning_is_of_the_line_that_asked(unloaded):
    def none(build_first):
        raise _build.Unavailable("such is life")

    unloaded.setattr(fused, "_loaded", none)
    with pytest.warns(UserWarning, match=f"^{SAID}such is life$") as caught:
        assert fused.enable() is False
    assert [one.filename for one in caught] == [__file__]
    assert fused.why_not() == "such is life" and fused.formulas() == () and fused.level() is None
    assert fused.enable(build_first=False) is False and len(caught) == 1


@pytest.mark.parametrize("kind", [OSError, AttributeError, mx.base.MXNetError])
def test_why_a_library_does_not_load_is_one_line(unloaded, kind, tmp_path):
    def fails(path):
        raise kind("no such symbol\nStack trace:\n  0x7f")

    library = tmp_path / "fused.so"
    library.write_bytes(b"something")
    unloaded.setattr(fused, "carried", lambda: library)
    unloaded.setattr(fused, "Library", fails)
    with pytest.warns(UserWarning):
        assert fused.enable() is False
    assert fused.why_not() == f"{library} does not load: no such symbol"


def test_a_library_that_goes_away_meanwhile_does_no_harm(unloaded, tmp_path):
    unloaded.setattr(fused, "carried", lambda: tmp_path / "gone.so")
    with pytest.warns(UserWarning):
        assert fused.enable() is False
    assert fused.why_not().startswith(f"{tmp_path / 'gone.so'} does not load: [Errno 2] No such file")


class OffByLittle:
    """The library, but for one formula on one side of 0; or without it."""

    def __init__(self, whose, side, library):
        self.whose, self.side, self.library = whose, side, library

    def __call__(self, declared, x, options):
        made = self.library(declared, x, options)
        if made is None or declared.whose != self.whose:
            return made
        part = x[: made.shape[0]]
        return made + (part * self.side > 3) * 0.01 if self.side else None


@pytest.mark.skipif(not fused.available(), reason=f"no compiled kernels: {fused.why_not()}")
@pytest.mark.parametrize("side", [-1, 0, 1])
@pytest.mark.parametrize("whose", functional.__all__)
def test_every_kernel_is_tried_on_both_sides(whose, side):
    library, function = fused._library, getattr(functional, whose)
    try:
        made = library(function.declared, mx.nd.array([-4.0, 4.0]), function.declared.bind((), {}))
    except TypeError:  # it wants a parameter
        made = None
    if made is None or side == 0 or (side > 0 and made.size < 2):  # of halves, the first ends below 0
        fused._try_out(OffByLittle(whose, 0, library))
    else:
        with pytest.raises(_build.Unavailable, match=f"^the kernel of {whose} is off: "):
            fused._try_out(OffByLittle(whose, side, library))


def test_a_kernel_that_is_off_is_not_used(folder, library):
    """As if the processor computed something else than what it was compiled for."""
    put(library, folder)
    code = """
from gluon_activations.fused import _operators
call = _operators.Library.__call__
def off(self, declared, x, options):
    result = call(self, declared, x, options)
    return result if declared.whose != 'mish' else result * 1.001
_operators.Library.__call__ = off
"""
    told = lines(start(code + ENABLE, GLUON_ACTIVATIONS_FUSED="0", CXX="/nonexistent"))
    assert_composed(told, "the kernel of mish is off: the library is not for this machine")


# -- sources -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", _build.SOURCES)
def test_lines_of_the_sources_have_one_width(name):
    """But those of tools/coefficients.py, where a polynomial is a line."""
    lines_of_code = (_build.HERE / name).read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines_of_code if len(line) > 120 and not line.startswith("COEFFICIENTS(")]


# -- levels ------------------------------------------------------------------------------------------------------


@pytest.mark.once
def test_what_is_compiled_for_newer_processors_runs_only_when_it_is_called(tmp_path):
    """Nothing of it is run while the library is loaded, nor may the linker take a function of its for all."""
    compiler, nm = _build.compiler(), shutil.which("nm")
    if compiler is None or nm is None or platform.machine() != "x86_64":
        pytest.skip("this wants a compiler, nm and an x86-64 processor")
    define = ["-DLEVEL=some", f'-DFORMULAS="{_build.HERE / "formulas.h"}"']
    made = str(tmp_path / "made.o")
    flags = ["-std=c++17", "-O0", "-fPIC", *_build._LEVELS["avx512"], *define]
    subprocess.run([compiler, *flags, "-c", str(_build.HERE / "kernels.cc"), "-o", made], check=True)
    lines = subprocess.run([nm, made], capture_output=True, text=True, check=True).stdout.splitlines()
    symbols = [(line.split()[-2], line.split()[-1]) for line in lines]
    assert [name for kind, name in symbols if kind in "TW"] == ["formulas_some"]
    assert not [name for _, name in symbols if name.startswith(("_GLOBAL__sub_I", "_Z41__static_init"))]
    assert len(symbols) > 1000


# -- memory ------------------------------------------------------------------------------------------------------

HARNESS = """
#include <cstdio>
#include <cstring>
#include <vector>
#include "kernels.h"
extern "C" const kernels::Formula* formulas_LEVEL(int*);

template <class T> std::vector<T> numbers(int64_t n) {
  const double some[] = {0.0,   -0.0,   1,      -1,      NAN, INFINITY, -INFINITY, 1e-320, -1e-310, 1e-45,
                         1e38,  -1e38,  1e300,  -1e300,  88,  1.7e308,  -1.7e308,  -88,    104,     -746,
                         65504, 65520,  709,    710,     3,   -1500,    6e-8,      1e4,    -3,      0.5};
  std::vector<T> x(n);  // of exactly this length: one more is out of bounds
  for (int64_t i = 0; i < n; ++i)
    put(x[i], (i * 7 + n) % 3 ? some[(i * 11 + n) % 30] : std::sin(i * 37.0 + n) * 30);
  return x;
}

template <class T> long try_out(const kernels::Loops<T>& loop) {
  long count = 0;
  for (int64_t n : {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 129}) {
    std::vector<T> x = numbers<T>(n), u = numbers<T>(n), g = numbers<T>(n), y(n), z(n);
    std::vector<double> da(n);
    for (double a : {1.0, 0.0, -0.0, 0.01, -1.5, 1e-300, 3e38}) {
      if (a > 0) loop.value(x.data(), y.data(), n, a, a), loop.slope(x.data(), g.data(), y.data(), n, a, a);
      if (loop.by) loop.by(x.data(), g.data(), n, a), loop.value(x.data(), y.data(), n, a, 1);
    }
    loop.gate(u.data(), x.data(), y.data(), n);
    loop.gate_slope(u.data(), x.data(), g.data(), y.data(), z.data(), n);
    if (loop.by) {
      loop.each_value(x.data(), u.data(), y.data(), n);
      loop.each_slope(x.data(), u.data(), g.data(), z.data(), da.data(), n);
    }
    count += n;
  }
  return count;
}

int main() {
  int n;
  const kernels::Formula* formulas = formulas_LEVEL(&n);
  long count = 0;
  for (int i = 0; i < n; ++i)
    count += try_out(formulas[i].single) + try_out(formulas[i].twice) + try_out(formulas[i].half);
  std::printf("%d %ld\\n", n, count);
}
"""


@pytest.mark.once
def test_the_loops_stay_inside_their_arrays_and_inside_the_language(tmp_path):
    compiler = _build.compiler()
    if compiler is None:
        pytest.skip("there is no C++ compiler")
    options = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-sanitize=float-divide-by-zero"]
    (tmp_path / "empty.cc").write_text("int main() {}")
    empty = subprocess.run(
        [compiler, *options, str(tmp_path / "empty.cc"), "-o", str(tmp_path / "empty")], capture_output=True
    )
    if empty.returncode or subprocess.run([str(tmp_path / "empty")]).returncode:
        pytest.skip(f"{compiler} has no sanitizers")
    level = fused.level() or "portable"  # float64 and float16 are computed one by one on every level
    (tmp_path / "main.cc").write_text(HARNESS.replace("LEVEL", level))
    define = [f"-DLEVEL={level}", f'-DFORMULAS="{_build.HERE / "formulas.h"}"', f"-I{_build.HERE}"]
    call = [compiler, "-std=c++17", "-O0", *options, *_build._LEVELS[level], *define]
    sources = [str(_build.HERE / "kernels.cc"), str(tmp_path / "main.cc")]
    subprocess.run([*call, *sources, "-o", str(tmp_path / "main")], check=True)
    done = subprocess.run([str(tmp_path / "main")], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    formulas, count = map(int, done.stdout.split())
    assert formulas >= 25 and count > 10000
