"""The library of compiled kernels: where it is, whether it can be trusted, and how it is built."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mxnet as mx

try:
    import fcntl
except ImportError:  # not on this system, for which MXNet has no library of extensions either
    fcntl = None  # type: ignore[assignment]

HERE = Path(__file__).parent
KEPT = 4  # libraries for one MXNet and machine: of several versions of this package, or several compilers
SOURCES = ("kernels.cc", "operators.cc", "kernels.h", "vectors.h", "precision.h", "coefficients.h", "formulas.h")
_OPTIONS = ("-std=c++17", "-O3", "-fPIC", "-fno-math-errno", "-fno-trapping-math")
# Each level of processors is compiled for on its own, and chosen when the library is loaded.
_LEVELS = {
    "avx512": ("-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mavx512cd", "-mfma"),
    "avx2": ("-mavx2", "-mfma", "-mbmi2"),
    "portable": (),
}


class Unavailable(Exception):
    """Why there are no kernels, in one line."""


def where_carried() -> Path:
    """Where a wheel carries the library for this MXNet and machine, if it does."""
    return HERE / f"mxnet-{mx.__version__}-{platform.machine()}.so"


def carried() -> Path | None:
    """The library that the wheel carries for this MXNet and machine."""
    return where_carried() if where_carried().exists() else None


# A 64-bit, little-endian ELF file: where its table of parts is, how long each entry, how many; how it begins;
# and of an entry, where its part begins and how long that is.
_HEAD, _ELF, _PART = struct.Struct("<32xQ14xHH6x"), b"\x7fELF\x02\x01", struct.Struct("<8xQ16xQ")


def is_whole(path: Path) -> bool:
    """Whether a library has all the parts that it says it has: to load one that is cut off ends the process.

    One in the cache is compared with its digest before; what a wheel carries has none.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size or not head.startswith(_ELF):
            return True  # to load it says what is wrong, or this system has other libraries
        place, size, count = _HEAD.unpack(head)
        file.seek(place)
        table = file.read(size * count)
    length = path.stat().st_size
    return len(table) == size * count and all(
        sum(_PART.unpack_from(table, size * i)) <= length for i in range(count)
    )


def cache() -> Path:
    """The user's own folder of built libraries."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base, "gluon_activations")


def compiler() -> str | None:
    """The C++ compiler: what ``CXX`` names, or the system's."""
    wish = os.environ.get("CXX")
    return shutil.which(wish) if wish else next(filter(None, map(shutil.which, ("g++", "clang++", "c++"))), None)


def built() -> Path | None:
    """A library in the cache that was built from these sources for this MXNet, and is whole and the user's own.

    Raises
    ------
    Unavailable
        If there is one that is not to be trusted.
    """
    folder, start = cache(), _key()
    found = sorted(folder.glob(f"{start}-*.so")) if folder.is_dir() else []
    made = _compiler_key()
    found.sort(key=lambda path: f"-{made}-" in path.name)  # another compiler's will do
    if not found:
        return None
    path = found[-1]
    try:
        for part in (folder, path):
            status = part.stat()
            if status.st_uid != os.geteuid() or status.st_mode & 0o022:
                raise Unavailable(f"{part} belongs to another user, or others may write to it")
        content = path.read_bytes()
    except FileNotFoundError:  # another process has removed it meanwhile
        return None
    if _digest(content) != path.stem.rpartition("-")[2]:
        path.unlink(missing_ok=True)
        raise Unavailable(
            f"{path} was not whole and has been removed; gluon_activations.fused.enable() builds anew"
        )
    return path


def build() -> Path:
    """Compile the kernels into the cache, unless another process has done so in the meantime.

    Of the libraries for the same MXNet and machine, whatever they were built from, the ``KEPT`` newest stay in the
    cache; older ones are removed. A process that has loaded one keeps it, and a package whose own is gone, because
    as many others have been built since, builds it anew. So is removed what a build has left that was killed.

    Raises
    ------
    Unavailable
        If there is no compiler, or the folder cannot be written to, or compilation fails.
    """
    using = compiler()
    if using is None:
        wish = os.environ.get("CXX")
        raise Unavailable(f"there is no compiler {wish!r}" if wish else "there is no C++ compiler (g++, clang++)")
    folder = cache()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(folder):
            done = built()
            if done:
                return done
            with tempfile.TemporaryDirectory(dir=folder) as place:
                library = _compiled(Path(place), using)
                digest = _digest(library.read_bytes())
                library.chmod(0o600)
                target = folder / f"{_key()}-{_compiler_key()}-{digest}.so"
                os.replace(library, target)
            _tidy(folder, target)
            return target
    except OSError as error:
        raise Unavailable(f"the kernels cannot be built in {folder}: {error.strerror or error}") from None


def _tidy(folder: Path, made: Path) -> None:
    """Remove what nobody will ask for, now that ``made`` is there and no other process builds."""
    alike = made.name.rsplit("-", 3)[0]
    with contextlib.suppress(OSError):  # what stays is in nobody's way
        others = sorted({*folder.glob(f"{alike}-*.so")} - {made}, key=lambda path: path.lstat().st_mtime)
        for path in others[: 1 - KEPT]:
            path.unlink()
        for place in folder.glob(f"{tempfile.gettempprefix()}*"):
            shutil.rmtree(place)


def _compiled(place: Path, using: str) -> Path:
    """The library, compiled in a folder."""
    mxnet = Path(mx.__file__).parent
    loops = (HERE / "kernels.cc", f'-DFORMULAS="{HERE / "formulas.h"}"')
    levels = _LEVELS if platform.machine() == "x86_64" else {"portable": ()}
    parts = {level: (*loops, *flags, f"-DLEVEL={level}") for level, flags in levels.items()}
    parts["operators"] = (HERE / "operators.cc", "-fopenmp", f"-I{mxnet / 'include'}")
    # What MXNet asks for error messages is in operators.cc, and has another name here.
    renamed = [f"-D{name}=mxnets_own{name}" for name in ("_msgSize", "_msgGet")]
    parts["lib_api"] = (mxnet / "src" / "lib_api.cc", "-w", f"-I{mxnet / 'include'}", *renamed)

    def run(name: str) -> str:
        made = str(place / f"{name}.o")
        _call([using, *_OPTIONS, f"-ffile-prefix-map={HERE}=fused", "-c", *map(str, parts[name]), "-o", made])
        return made

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(run, parts))
    library = place / "fused.so"
    _call([using, "-shared", "-fopenmp", *objects, "-o", str(library)])
    return library


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower() or "fatal" in line.lower()]
        said = (lines or done.stderr.splitlines() or [f"exit status {done.returncode}"])[0]
        raise Unavailable(f"{Path(command[0]).name} cannot compile the kernels: {said.strip()}")


def _key() -> str:
    """What a library is built from and for."""
    mxnet = Path(mx.__file__).parent
    files = [
        *(HERE / name for name in SOURCES),
        mxnet / "include" / "mxnet" / "lib_api.h",
        mxnet / "src" / "lib_api.cc",
    ]
    content = b"".join(path.read_bytes() for path in files) + repr((_OPTIONS, _LEVELS)).encode()
    return f"mxnet-{mx.__version__}-{platform.machine()}-{_digest(content)[:16]}"


def _compiler_key() -> str | None:
    using = compiler()
    if using is None:
        return None
    status = os.stat(os.path.realpath(using))
    return _digest(f"{os.path.realpath(using)} {status.st_size} {int(status.st_mtime)}".encode())[:8]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process builds in this folder meanwhile."""
    with open(folder / "lock", "w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
