"""The catalog's formulas as JavaScript, for the explorer: what is printed is what is drawn.

LaTeX becomes Python (by ``tools/latex.py``, which the tests compute with), Python becomes
JavaScript. On the way a few forms are put into the shape that keeps their digits.
"""

import ast

from tools import latex

_FUNCTIONS = {"Max": "Math.max", "Min": "Math.min", "Abs": "Math.abs", "sqrt": "Math.sqrt", "ln": "Math.log"}
_FUNCTIONS |= {"tanh": "Math.tanh", "sin": "Math.sin", "cos": "Math.cos", "exp": "exp"}
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


def function(formula, letters=None):
    """A JavaScript arrow function (x, p) of one LaTeX formula; ``letters`` are what its letters stand for."""
    names = {latex.name(letter): meant for letter, meant in (letters or {}).items()}
    names |= {"pi": "Math.PI", "x": "x"}
    try:
        tree = ast.parse(latex.to_python(formula), mode="eval").body
        return f"(x, p) => {_Translator(names).visit(tree)}"
    except (ValueError, KeyError, AttributeError) as error:
        advice = "teach tools/latex.py and tools/website/javascript.py"
        raise ValueError(f"the explorer cannot write {formula} in JavaScript ({error}): {advice}") from None


class _Translator(ast.NodeVisitor):
    def __init__(self, names):
        self.names = names

    def visit_Name(self, node):
        return self.names[node.id]

    def visit_UnaryOp(self, node):
        return f"-({self.visit(node.operand)})"

    def visit_Compare(self, node):
        left, right = self.visit(node.left), self.visit(node.comparators[0])
        return f"{left} {_COMPARISONS[type(node.ops[0])]} {right}"

    def visit_Call(self, node):
        name, (argument, *rest) = node.func.id, node.args
        if name == "mpf":
            return str(ast.literal_eval(argument))
        if name == "one":
            return f"({self.visit(argument)} ? 1 : 0)"
        if name == "ln" and _is_one_plus(argument, "exp"):
            return f"softplus({self.visit(argument.right.args[0])})"
        return f"{_FUNCTIONS[name]}({', '.join(self.visit(part) for part in (argument, *rest))})"

    def visit_BinOp(self, node):
        left, right = node.left, node.right
        if isinstance(node.op, ast.Pow):
            return f"(({self.visit(left)}) ** {self.visit(right)})"
        if isinstance(node.op, ast.Mult) and _is_call(right, "one"):
            # Not a product: infinity times 0 would be no number.
            return f"({self.visit(right.args[0])} ? {self.visit(left)} : 0)"
        if isinstance(node.op, ast.Div) and _is_tanh(left, right):
            return f"Math.tanh({self.visit(left.left.args[0])})"
        if _is_one_plus(node, "erf"):
            return f"erfc(-({self.visit(right.args[0])}))"
        if _is_one_plus(node, "tanh"):
            return f"(2 * sigmoid(2 * ({self.visit(right.args[0])})))"
        if isinstance(node.op, ast.Sub) and _is_call(right, "tanh") and ast.dump(right.args[0]) == ast.dump(left):
            return f"lessTanh({self.visit(left)})"
        if isinstance(node.op, ast.Sub) and _is_one(right) and _is_call(left, "exp"):
            return f"Math.expm1({self.visit(left.args[0])})"
        if isinstance(node.op, ast.Sub) and _is_one(left) and _is_power_of(right, "tanh"):
            return f"(Math.cosh({self.visit(right.left.args[0])}) ** -2)"
        return f"({self.visit(left)} {_OPERATORS[type(node.op)]} {self.visit(right)})"

    def generic_visit(self, node):
        raise KeyError(ast.dump(node))


def _is_call(node, name):
    return isinstance(node, ast.Call) and node.func.id == name


def _is_one(node):
    return _is_call(node, "mpf") and node.args[0].value == "1"


def _is_power_of(node, name):
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and _is_call(node.left, name)


def _is_tanh(above, below):
    """Whether a quotient is that of e^x - e^-x and e^x + e^-x, whose numerator has no digits near 0."""
    parts = [part for node in (above, below) if isinstance(node, ast.BinOp) for part in (node.left, node.right)]
    if len(parts) < 4 or not all(_is_call(part, "exp") for part in parts):
        return False
    first, second, *others = (ast.dump(part.args[0]) for part in parts)
    turned = ast.dump(ast.UnaryOp(ast.USub(), parts[0].args[0]))
    return isinstance(above.op, ast.Sub) and [first, second] == others and second == turned


def _is_one_plus(node, name):
    """Whether a node is 1 + name(…)."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Add)
        and _is_one(node.left)
        and _is_call(node.right, name)
    )
