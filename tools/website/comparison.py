"""All activations side by side: what they are, what they cost, how right they are."""

from benchmarks import bench
from gluon_activations import CATALOG
from tools.wording import VECTORS, interval, number

from . import tables, ulps
from .errors import units
from .properties import is_curve, jumps

HEADS = (
    *("activation", "range", "minimum", "monotonic", "smooth", "centred on zero", "gain", "steepest slope"),
    *("ns for one element", "error of ours", "error of MXNet 1.9.1"),
)
CAPTION = (
    "Click a head to sort. The time is that of a forward and a backward pass of ours, compiled, over {size} "
    "elements on two threads; the error is the largest of value and gradient in float32, in units in the last "
    "place."
)


def table():
    """The table, for the list of all pages."""
    times = bench.read("1.9")
    rows = [_row(entry, times) for entry in CATALOG.values()]
    return tables.sortable(HEADS, rows, CAPTION.format(size=bench.power(bench.MANY)))


def _row(entry, times):
    first = (f'<a href="{entry.name}.html">{entry.title}</a>', entry.title.lower())
    if not is_curve(entry):
        return [first, VECTORS, *["–"] * (len(HEADS) - 2)]
    of = {(system.file, system.whose): rows for system, rows in ulps.of(entry.name).items()}
    seconds = times.get(f"{entry.name} {bench.MANY} 2 both", {}).get("fused eager")
    return [
        first,
        (interval(entry), entry.range[0]),
        (f"{number(entry.minimum[1])} at {number(entry.minimum[0])}", entry.minimum[1]) if entry.minimum else "–",
        "yes" if entry.monotonic else "no",
        _smooth(entry),
        "yes" if entry.zero_centred else "no",
        (number(entry.gain), entry.gain),
        (number(entry.lipschitz), entry.lipschitz),
        f"{1e9 * seconds / bench.MANY:.2f}" if seconds else "–",
        _error(of.get(("1.9", "ours"))),
        _error(of.get(("1.9", "mxnet"))),
    ]


def _smooth(entry):
    if not entry.kinks:
        return "yes"
    places = " and ".join(map(number, entry.kinks))
    return f"{'jump' if jumps(entry) else 'kink'}{'s' * (len(entry.kinks) > 1)} at {places}"


def _error(rows):
    if not rows:
        return "–"
    error = max(row["worst"][0] for row in rows.values())
    return units(error), error
