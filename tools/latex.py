"""The reader of LaTeX: computes with the catalog's formulas as they are printed, so that wrong signs are seen.

The catalog uses a small part of LaTeX: fractions, roots (also with an index), powers, absolute values, indicators
and a few functions of x. It is turned into Python here and evaluated by mpmath.
"""

import ast
import functools
import re

import mpmath
from mpmath import mpf

_NAMES = {
    "exp": mpmath.exp,
    "ln": mpmath.log,
    "tanh": mpmath.tanh,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "erf": mpmath.erf,
    "sqrt": mpmath.sqrt,
    "pi": mpmath.pi,
    "Max": lambda *args: max(map(mpf, args)),
    "Min": lambda *args: min(map(mpf, args)),
    "Abs": abs,
    "one": lambda condition: mpf(bool(condition)),
}


def evaluate(formula, x, letters=None):
    """Value of a LaTeX formula at ``x`` and these values of its letters, by their LaTeX."""
    letters = {name(letter): mpf(value) for letter, value in (letters or {}).items()}
    return eval(to_python(formula), {"__builtins__": {}}, {**_NAMES, **letters, "x": mpf(x)})


def name(letter):
    """What a letter is called in Python, where ``lambda`` is a keyword and so loses its b."""
    return letter.lstrip("\\").replace("lambda", "lamda")


@functools.cache
def to_python(formula):
    """The formula as a Python expression in x; ValueError names what in it is not understood."""
    text = formula.replace(r"\,", " ")
    text = re.sub(r"\\mathbf\{1\}\[(.*?)\]", r"one(\1)", text)
    text = re.sub(r"\|(.*?)\|", r"Abs(\1)", text)
    text = text.replace(r"\leq", "<=").replace(r"\geq", ">=")
    text = re.sub(r"\\(alpha|beta|theta|lambda|mu|sigma|omega)\b", lambda letter: f"{name(letter[1])} ", text)
    text = text.replace(r"\mathrm{erf}", "erf").replace(r"\pi", "pi")
    before = None
    while text != before:
        before = text
        text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1) / (\2))", text)
        text = re.sub(r"\\sqrt\{([^{}]*)\}", r"sqrt(\1)", text)
        text = re.sub(r"\\sqrt\[([^][{}]*)\]\{([^{}]*)\}", r"((\2) ** (1 / (\1)))", text)
        text = re.sub(r"(?<![a-z])e\^\{([^{}]*)\}", r"exp(\1)", text)
        text = re.sub(r"\^\{([^{}]*)\}", r"**(\1)", text)
    text = text.replace("^", "**")
    text = re.sub(r"\\(max|min)\b", lambda match: match[1].capitalize(), text)
    text = re.sub(r"\\(ln|tanh|sin|cos)\b", r"\1", text)
    strange = re.search(r"\\(?:[A-Za-z]+|.)|[^A-Za-z0-9\s.+\-*/(),<>=]", text)
    if strange:
        raise ValueError(
            f"tools/latex.py does not understand {strange[0]} in {formula} (before {text[strange.end() :]!r})"
        )
    python = _multiply(text)
    try:
        ast.parse(python, mode="eval")
    except SyntaxError as error:
        raise ValueError(f"tools/latex.py cannot read {formula}, which becomes {python}: {error.msg}") from None
    return python


def _multiply(text):
    """Write out the products that LaTeX leaves to the eye: ``2 x``, ``x (1 + …)``, ``) one(``."""
    tokens = re.findall(r"\d+\.?\d*|[A-Za-z]+|\*\*|<=|>=|\S", text)
    functions = {name for name, value in _NAMES.items() if callable(value) and name != "pi"}
    out = []
    for token in tokens:
        if out and _ends_factor(out[-1], functions) and _starts_factor(token):
            out.append("*")
        out.append(f"mpf('{token}')" if token[0].isdigit() else token)
    return " ".join(out)


def _ends_factor(token, functions):
    return token == ")" or token.startswith("mpf(") or (token[0].isalpha() and token not in functions)


def _starts_factor(token):
    return token == "(" or token[0].isalnum()


_NAMES["mpf"] = mpf
