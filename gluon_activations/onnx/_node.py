"""What a recipe writes with, and how MXNet's exporter calls a recipe."""

from __future__ import annotations

from typing import Any

import numpy
from onnx import helper, numpy_helper

from .._wording import in_a_line


class Node:
    """Calling it adds a node of ONNX and gives the name of its output."""

    def __init__(self, name: str, facts: dict[str, Any]) -> None:
        self._name = name
        self._facts = facts
        self.made: list[Any] = []

    def __call__(self, kind: str, *operands: Any, **attributes: Any) -> str:
        """Add a node; an operand is a name or a constant."""
        (name,) = self.several(1, kind, *operands, **attributes)
        return name

    def several(self, count: int, kind: str, *operands: Any, **attributes: Any) -> list[str]:
        """Add a node of several outputs, which is not the last one, and give their names."""
        inputs = [operand if isinstance(operand, str) else self._constant(operand) for operand in operands]
        name = f"{self._name}_{len(self.made)}"
        outputs = [f"{name}_{number}" for number in range(count)]
        self.made.append(helper.make_node(kind, inputs, outputs, name=name, **attributes))
        return outputs

    def shape(self, x: str) -> tuple[int, ...]:
        """Shape of an input."""
        return tuple(self._facts[x][0])

    def dtype(self, x: str) -> Any:
        """The dtype of an input."""
        return numpy.dtype(self._facts[x][1])

    def _constant(self, value: Any) -> str:
        dtype = "float32" if isinstance(value, float) else "int64"
        value = value if isinstance(value, numpy.ndarray) else numpy.array(value, dtype)
        return self("Constant", value=numpy_helper.from_array(value))


def converter(recipe: Any, facts: dict[str, list[Any]]) -> Any:
    """A function as MXNet's exporter wants it, from a recipe; ``facts`` are shapes and dtypes by node."""

    def convert(description: Any, **kwargs: Any) -> Any:
        name, inputs, known = description["name"], [], {}
        for number, output, *_ in description["inputs"]:
            x = kwargs["outputs_lookup"][number][output].name
            inputs.append(x)
            known[x] = facts[kwargs["mx_graph"][number]["name"]][output]
        node = Node(name, known)
        result = recipe(node, description.get("attrs", {}), *inputs)
        made = node.made
        if not made or [result] != made[-1].output:
            if result not in {*inputs, *(name for each in made for name in each.output)}:
                raise TypeError(
                    f"the recipe for {description['op']} returns the name of its output, not {in_a_line(result)}"
                )
            node("Identity", result)
        made[-1].output[:] = [name]  # the exporter looks for the result under this name
        (_, dtype), *_ = facts[name]
        return made, (dtype,)

    return convert
