"""The compiled kernels for aarch64: compiled and linked for it here, and each number computed by an emulated one.

Debian's packages g++-aarch64-linux-gnu and qemu-user are all that is needed.
"""

import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gluon_activations import fused, get_activation
from gluon_activations.fused import _build, _operators
from tests.test_fused import CASES, DTYPES, assert_half_a_unit, assert_some_units, of, run

COMPILER = shutil.which("aarch64-linux-gnu-g++")
pytestmark = [
    pytest.mark.skipif(not fused.available(), reason=f"no compiled kernels: {fused.why_not()}"),
    pytest.mark.skipif(platform.machine() == "aarch64", reason="this is an aarch64, for which all tests are"),
    pytest.mark.skipif(COMPILER is None, reason="there is no aarch64-linux-gnu-g++"),
]

PROGRAM = """
#include <dlfcn.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>
#include "kernels.h"

template <class T> void compute(const kernels::Loops<T>& loop, double a, double b) {
  std::vector<T> x;
  for (T one; std::fread(&one, sizeof one, 1, stdin);) x.push_back(one);
  std::vector<T> g(x.size()), y(x.size()), dx(x.size());
  for (T& one : g) put(one, 1);
  loop.value(x.data(), y.data(), x.size(), a, b);
  loop.slope(x.data(), g.data(), dx.data(), x.size(), a, b);
  std::fwrite(y.data(), sizeof(T), y.size(), stdout);
  std::fwrite(dx.data(), sizeof(T), dx.size(), stdout);
}

int main(int count, char** given) {
  void* library = dlopen(given[1], RTLD_NOW);
  if (!library) return std::fprintf(stderr, "%s", dlerror()), 1;
  auto level = (const char* (*)())dlsym(library, "gluon_activations_level");
  auto name = (const char* (*)(int))dlsym(library, "gluon_activations_formula");
  if (count == 2) {
    std::printf("%s", level());
    for (int i = 0; name(i); ++i) std::printf(" %s", name(i));
    return 0;
  }
  int n, i = 0;
  auto formulas = ((const kernels::Formula* (*)(int*))dlsym(library, "formulas_portable"))(&n);
  while (std::strcmp(formulas[i].name, given[2])) ++i;
  const double a = std::atof(given[4]), b = std::atof(given[5]);
  if (!std::strcmp(given[3], "float16")) compute(formulas[i].half, a, b);
  if (!std::strcmp(given[3], "float32")) compute(formulas[i].single, a, b);
  if (!std::strcmp(given[3], "float64")) compute(formulas[i].twice, a, b);
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The library for aarch64, as it would be built there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(platform, "machine", lambda: "aarch64")
        return _build._compiled(tmp_path_factory.mktemp("aarch64"), COMPILER)


@pytest.fixture(scope="module")
def emulated(library):
    """A function that runs the program above with arguments and an input."""
    emulator = shutil.which("qemu-aarch64")
    if emulator is None:
        pytest.skip("there is no qemu-aarch64")
    source, program = library.with_name("program.cc"), library.with_name("program")
    source.write_text(PROGRAM)
    subprocess.run([COMPILER, "-std=c++17", "-O1", f"-I{_build.HERE}", source, "-o", program], check=True)
    found = subprocess.run([COMPILER, "-print-file-name=libc.so.6"], capture_output=True, text=True, check=True)
    root = Path(found.stdout.strip()).resolve().parent.parent

    def call(*arguments, given=b""):
        command = [emulator, "-L", root, program, library, *arguments]
        done = subprocess.run(command, input=given, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def test_it_is_linked_for_aarch64_with_symbols_that_old_systems_have(library):
    assert library.read_bytes()[18:20] == b"\xb7\0"  # the machine that a library's head names
    table = subprocess.run(["objdump", "-T", library], capture_output=True, text=True)
    if table.returncode:
        pytest.skip("objdump knows no aarch64")
    versions = {word[7:-1] for word in table.stdout.split() if word.startswith("(GLIBC_")}
    assert max(tuple(map(int, version.split("."))) for version in versions) <= (2, 24)


def test_it_loads_with_every_formula(emulated):
    level, *names = emulated().decode().split()
    assert level == "portable" and set(names) == set(fused.formulas())


def called(name, options):
    """The formula of a case, and its two numbers."""
    block = get_activation(name, **dict(options))
    declared = block.function.declared
    values = declared.bind((), {key: value for key, value in block._shown.items() if key in declared.parameters})
    _, attributes = _operators._translate(declared, *values.values())
    return attributes["formula"], attributes.get("a", "1"), attributes.get("b", "1")


# One case for each formula.
FORMULAS = [*{called(*case)[0]: case for case in reversed(CASES)}.values()]


def computed(emulated, name, options, xs, dtype):
    """Value and slope of a case, there."""
    formula, *numbers = called(name, options)
    got = emulated(formula, dtype, *numbers, given=np.asarray(xs, dtype).tobytes())
    return np.frombuffer(got, dtype).reshape(2, -1)


def test_there_is_a_case_for_each_formula():
    assert {called(*case)[0] for case in FORMULAS} == set(fused.formulas())


@pytest.mark.parametrize("name, options", FORMULAS, ids=str)
def test_float32_is_right_to_half_a_unit(emulated, name, options):
    assert_half_a_unit(name, options, 997, lambda xs: computed(emulated, name, options, xs, "float32"))


@pytest.mark.parametrize("name, options", FORMULAS, ids=str)
def test_float64_is_right_to_some_units(emulated, name, options):
    assert_some_units(name, options, lambda xs: computed(emulated, name, options, xs, "float64"))


@pytest.mark.parametrize("name, options", FORMULAS, ids=str)
def test_float16_is_as_it_is_here(emulated, name, options):
    xs = np.arange(0, 2**16, 7, dtype="uint16").view("float16")
    here = run(of(name, options, "float16"), xs, "float16")
    for got, expected in zip(computed(emulated, name, options, xs, "float16"), here):
        np.testing.assert_array_equal(np.isfinite(got), np.isfinite(expected))
        np.testing.assert_allclose(got, expected, rtol=2**-10, atol=2**-24)


@pytest.mark.parametrize("name, options", FORMULAS, ids=str)
def test_a_number_has_its_bits_wherever_it_stands(emulated, name, options):
    xs = np.random.RandomState(7).standard_normal(37) * 4
    for dtype in DTYPES:
        whole = computed(emulated, name, options, xs, dtype)
        for start in (1, 3, 36):
            part = computed(emulated, name, options, xs[start:], dtype)
            np.testing.assert_array_equal(part, whole[:, start:])
