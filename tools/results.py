"""Compute the tables of the page on choosing an activation anew: make results.

    notebooks/results/tuning.csv    every activation at every learning rate
    notebooks/results/chosen.csv    every activation at its best one, on seeds that no rate was chosen by
    notebooks/results/longer.csv    a few of them in the CNN, trained four times as long
    notebooks/results/cost.csv      what an epoch costs, measured in one process when all else is done
    notebooks/results/tasks.csv     the nets and settings of tools.tasks
    notebooks/results/verdicts.csv  what compare() says of each of tools.tasks, with all that a verdict stands on
    notebooks/results/runs.csv      every training behind the verdicts, without the losses of single samples
    notebooks/results/curves.csv    the smallest loss so far on the part set apart, mean over the runs

notebooks/results/first.csv is kept from an earlier time: the test accuracies of another run of all this, with
other weights and rates tuned anew, which no command brings back.
Runs that are there already (build/results/) are not repeated, so that an interruption costs nothing.
"""

import inspect
import statistics
import time
from pathlib import Path

import numpy
from sklearn.model_selection import ParameterGrid

from gluon_activations import activations
from gluon_activations._arrays import numpy_arrays
from gluon_activations._compare import compare
from gluon_activations._protocol import protocol
from gluon_activations.training import MODELS, best_rates, cnn, load_data, mlp, read_csv, sweep, train, write_csv
from tools.tasks import TASKS

import mxnet as mx

ROOT = Path(__file__).resolve().parent.parent
TABLES = ROOT / "notebooks" / "results"
KEPT = ROOT / "build" / "results"

RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
EPOCHS = {"mlp": 30, "cnn": 15}
BATCH_SIZE = 64
TUNING_SEEDS = range(3)
SEEDS = range(100, 110)
LONGER = ("relu", "tanh", "hard_tanh"), 60  # which, and for how many epochs
APART = ("samples", "losses", "right", "curve", "tried")  # of a run, what is too long for a table
COLUMNS = ["model", "activation", "learning_rate", "epochs", "batch_size", "seed", "valid", "test", "loss"]


def tuning_configurations(model, names):
    """Every activation at every learning rate."""
    choices = {"activation": names, "learning_rate": RATES, "model": [model]}
    return ParameterGrid({**choices, "epochs": [EPOCHS[model]], "batch_size": [BATCH_SIZE]})


def longer(chosen):
    """The configurations of the longer training: the same rates."""
    names, epochs = LONGER
    return [{**row, "epochs": epochs} for row in chosen if row["model"] == "cnn" and row["activation"] in names]


def costs(names, rounds=7):
    """Seconds for an epoch of training, the median of some rounds in which the activations take turns."""
    rows = []
    for model, make in (("mlp", mlp), ("cnn", cnn)):
        data = load_data("digits", images=model == "cnn")
        nets = {name: make(name) for name in names}
        seconds = {name: [] for name in nets}
        for turn in range(rounds + 1):
            for name, net in nets.items():
                net.hybridize()
                start = time.perf_counter()
                train(net, data.x_train, data.y_train, epochs=1, learning_rate=0.0, batch_size=BATCH_SIZE)
                if turn:  # the first one builds the graph
                    seconds[name].append(time.perf_counter() - start)
        rows += [
            {"model": model, "activation": name, "seconds": round(statistics.median(times), 5)}
            for name, times in seconds.items()
        ]
    return rows


def measured():
    """The activations that a table of the two nets holds anything of."""
    tables = [read_csv(TABLES / f"{name}.csv") for name in ("tuning", "chosen", "cost", "longer", "first")]
    return {row["activation"] for table in tables for row in table}


def unmeasured():
    """The activations of the catalog that no table holds yet: they want a `make results`."""
    known = measured()
    return [name for name in activations("elements") if name not in known]


def settings_of(tasks):
    """How each task is set, in words and numbers: what is not said is compare()'s own default."""
    default = {name: parameter.default for name, parameter in inspect.signature(compare).parameters.items()}
    for name in tasks:
        task = TASKS[name]
        options = {**default, "optimizer": "sgd", **task.options}
        row = {"task": name, "net": task.title, "rates": ", ".join(map(str, options["tune"]["learning_rate"]))}
        row.update(
            (key, options[key]) for key in ("optimizer", "batch_size", "epochs", "patience", "folds", "repeats")
        )
        yield row


def run_of(task, record):
    """The row of a run: the means of what it measured on its samples."""
    row = {name: value for name, value in record.items() if name not in APART}
    right = {} if record["right"] is None else {"accuracy": float(numpy.mean(record["right"]))}
    return {"task": task, **row, "test_loss": float(numpy.mean(record["losses"])), **right}


def curves_of(task, records):
    """The mean curve of each activation, each run's best so far: what would be tested if it ended there."""
    for name in dict.fromkeys(record["activation"] for record in records):
        mine = [record["curve"] for record in records if record["activation"] == name and not record["again"]]
        longest = max(map(len, mine))
        best = [numpy.minimum.accumulate(curve + [min(curve)] * (longest - len(curve))) for curve in mine]
        for epoch, loss in enumerate(numpy.mean(best, 0)):
            yield {"task": task, "activation": name, "epoch": epoch, "loss": float(f"{loss:.6g}")}


def again(row):
    """What a row of runs.csv measured, measured again."""
    task = TASKS[row["task"]]
    call = inspect.signature(compare).bind(task.build, task.data(), task.activations, **task.options)
    call.apply_defaults()
    with numpy_arrays():
        run = protocol(**call.arguments)
        return run(**{name: row[name] for name in ("activation", "again", "fold", "seed")})


def compare_all(tasks):
    """Write what compare() finds on each task; a task whose runs are there already costs nothing."""
    write_csv([*settings_of(tasks)], TABLES / "tasks.csv")
    verdicts, runs, curves = [], [], []
    for name in tasks:
        task = TASKS[name]
        print(f"{name}: {task.title}", flush=True)
        found = compare(task.build, task.data(), task.activations, folder=KEPT, **task.options)
        print(found, flush=True)
        about = {"task": name, "reference": found.reference, "margin": found.margin}
        of = {"loss": found.loss, **({} if found.accuracy is None else {"accuracy": found.accuracy})}
        verdicts += [{**about, "activation": found.reference, **of, "verdict": "reference"}]
        verdicts += [{**about, **row} for row in found.rows] + [{**about, **found.check, "verdict": "itself"}]
        runs += [run_of(name, record) for record in found.runs]
        curves += curves_of(name, found.runs)
    for name, rows in (("verdicts", verdicts), ("runs", runs), ("curves", curves)):
        write_csv(rows, TABLES / f"{name}.csv")


def main():
    """Write the tables."""
    mx.npx.set_np()
    TABLES.mkdir(parents=True, exist_ok=True)
    names = activations("elements")
    tuning, chosen = [], []
    for model in MODELS:
        print(f"{model}: every activation at {len(RATES)} learning rates", flush=True)
        found = sweep(tuning_configurations(model, names), TUNING_SEEDS, folder=KEPT)
        tuning += found
        print(f"{model}: every activation at its best one, on {len(SEEDS)} other seeds", flush=True)
        best = best_rates(found)
        chosen += sweep(best, SEEDS, folder=KEPT)
    print(f"{model}: some of them for {LONGER[1]} epochs", flush=True)
    late = sweep(longer(best), SEEDS, folder=KEPT)
    for name, rows in (("tuning", tuning), ("chosen", chosen), ("longer", late)):
        write_csv([{column: row[column] for column in COLUMNS} for row in rows], TABLES / f"{name}.csv")
    print("the cost of an epoch")
    write_csv(costs(names), TABLES / "cost.csv")
    compare_all(TASKS)


if __name__ == "__main__":
    main()
