"""The polynomials of the compiled kernels, fitted by mpmath to the formulas of tests/references.py.

make coefficients    writes gluon_activations/fused/coefficients.h
"""

from __future__ import annotations

import functools
from typing import Any, Callable

import mpmath
from mpmath import mp, mpf

from tests.references import RECORDS, SELU_ALPHA, SELU_LAMBDA, normal_cdf, slope_of

SHORT, LONG = (mpf("0.125"), 7), (mpf("0.75"), 24)  # how far from a root, and in how many terms

# Activations whose slope is 0 at a point that is no round number, and where it is roughly.
ROOTS: dict[str, tuple[Callable[[Any], Any], float]] = {
    "silu": (RECORDS["silu"].formula, -1.28),
    "gelu": (RECORDS["gelu"].formula, -0.75),
    "gelu_tanh": (RECORDS["gelu"].variants[(("approximate", "tanh"),)], -0.75),
    "mish": (RECORDS["mish"].formula, -1.19),
    "tanh_exp": (RECORDS["tanh_exp"].formula, -1.07),
}


def polynomial(name: str, about: str, function: Callable[[Any], Any], low: Any, high: Any, terms: int) -> str:
    """A line with the coefficients of a fit, the constant first."""
    numbers = mpmath.chebyfit(function, [low, high], terms)[::-1]
    return f"// {about}\nCOEFFICIENTS({name}, {', '.join(float(number).hex() for number in numbers)})\n"


def constant(name: str, about: str, number: Any) -> str:
    """A line with a number as the sum of two of float64."""
    high = float(number)
    return f"// {about}\nCONSTANT({name}, {high.hex()}, {float(number - mpf(high)).hex()})\n"


def root(name: str, function: Callable[[Any], Any], near: float) -> list[str]:
    """Where a slope is 0, and the slope over the distance from there."""
    slope = functools.partial(slope_of, function)
    zero = mpmath.findroot(slope, (near - 0.01, near + 0.01))

    def over_distance(d: Any) -> Any:
        return slope(zero + d) / d if d else mpmath.diff(slope, zero)

    lines = [constant(f"{name.upper()}_ROOT", f"where the slope of {name} is 0", zero)]
    for kind, (radius, terms) in (("SHORT", SHORT), ("LONG", LONG)):
        about = f"the slope of {name} over d, the distance from its root, where abs(d) <= {mpmath.nstr(radius)}"
        lines.append(polynomial(f"{name.upper()}_{kind}", about, over_distance, -radius, radius, terms))
    return lines


def tail(t: Any) -> Any:
    """What is left of a normal tail when its steep factors are gone."""
    x = 4 * (1 + t) / (1 - t)
    return mpmath.exp(x * x / 2) * normal_cdf(-x) * (x + 4)


def main() -> None:
    """Print the file."""
    half = mpmath.log(2) / 2
    scale = mpmath.sqrt(8 / mp.pi)
    lines = [
        "// Written by tools/coefficients.py (make coefficients).\n",
        polynomial(
            "EXPM1",
            "(exp(r) - 1) / r where abs(r) <= log(2) / 2",
            lambda r: mpmath.expm1(r) / r if r else mpf(1),
            -half,
            half,
            7,
        ),
        polynomial(
            "LOG1P",
            "log(1 + e) / e where 0 <= e <= 1",
            lambda e: mpmath.log1p(e) / e if e else mpf(1),
            mpf(0),
            mpf(1),
            13,
        ),
        polynomial(
            "TAIL",
            "(x + 4) exp(x^2 / 2) Phi(-x) of t = (x - 4) / (x + 4), where 0 <= x <= 14",
            tail,
            mpf(-1),
            mpf(10) / 18,
            13,
        ),
        *(line for name, found in ROOTS.items() for line in root(name, *found)),
        constant("GELU_SCALE", "sqrt(8 / pi)", scale),
        constant("GELU_CUBE", "sqrt(8 / pi) 0.044715", scale * mpf("0.044715")),
        constant("GELU_GATE", "the third form of GELU", mpf("1.702")),
        constant("NORMAL_SCALE", "1 / sqrt(2 pi)", 1 / mpmath.sqrt(2 * mp.pi)),
        constant("QUARTER_PI", "pi / 4", mp.pi / 4),
        constant("SQRT_HALF", "sqrt(1 / 2)", mpmath.sqrt(mpf("0.5"))),
        constant("SELU_LAMBDA", "of Klambauer et al. 2017", SELU_LAMBDA),
        constant("SELU_LAMBDA_ALPHA", "minus the limit of SELU", SELU_LAMBDA * SELU_ALPHA),
    ]
    print("\n".join(lines), end="")


if __name__ == "__main__":
    main()
