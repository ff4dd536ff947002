"""The page of times: what `make speed` measured on both lines of MXNet."""

from benchmarks.speed import table
from tools.measured import LINES, read

PAGE = """# What being right costs in time

One pass forwards and backwards over float32 numbers on two cores, by the time of MXNet's own ReLU, the floor,
which reads and writes each number once; in brackets by that of MXNet's own block of the same name (`make speed`
measures again). MXNet fuses nothing on a CPU, so each step of a stable formula is a pass over memory: where the
tails do not matter and time does, `CATALOG["tanh"].builtin.make()` gives MXNet's own block.

{tables}
"""


def write(stage):
    """Write the page into the staged sources."""
    tables = [f"## MXNet {LINES[line]}\n\n{table(read('speed', line))}" for line in LINES]
    (stage / "speed.md").write_text(PAGE.format(tables="\n\n".join(tables)), encoding="utf-8")
