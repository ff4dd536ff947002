"""Compute the tables of the page on choosing an activation anew: make results.

    notebooks/results/tuning.csv    every activation at every learning rate
    notebooks/results/chosen.csv    every activation at its best one, on seeds that no rate was chosen by
    notebooks/results/cost.csv      what an epoch costs, measured in one process when all else is done

Runs that are there already (build/results/) are not repeated, so that an interruption costs nothing.
"""

import statistics
import time
from itertools import groupby
from pathlib import Path

import mxnet as mx

from gluon_activations import activations
from gluon_activations.training import MODELS, cnn, grid, load_data, mlp, sweep, train, write_csv

ROOT = Path(__file__).resolve().parent.parent
TABLES = ROOT / "notebooks" / "results"
JOURNALS = ROOT / "build" / "results"

RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
EPOCHS = {"mlp": 30, "cnn": 15}
BATCH_SIZE = 64
TUNING_SEEDS = range(3)
SEEDS = range(100, 110)


def best_rates(records):
    """The configuration with the highest mean validation accuracy for each model and activation."""

    def score(runs):
        return statistics.mean(run["valid"] for run in runs)

    def place(run):
        return run["model"], run["activation"], run["learning_rate"]

    cells = [list(runs) for _, runs in groupby(records, place)]
    best = {}
    for runs in cells:
        model, activation, _ = place(runs[0])
        if (model, activation) not in best or score(runs) > score(best[model, activation]):
            best[model, activation] = runs
    settings = ["model", "activation", "learning_rate", "epochs", "batch_size"]
    return [{name: runs[0][name] for name in settings} for runs in best.values()]


def costs(rounds=7):
    """Seconds for an epoch of training, the median of some rounds in which the activations take turns."""
    rows = []
    for model, make in (("mlp", mlp), ("cnn", cnn)):
        data = load_data("digits", images=model == "cnn")
        nets = {name: make(name) for name in activations()}
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


def main():
    """Write the three tables."""
    mx.npx.set_np()
    for folder in (TABLES, JOURNALS):
        folder.mkdir(parents=True, exist_ok=True)
    tuning, chosen = [], []
    for model in MODELS:
        print(f"{model}: every activation at {len(RATES)} learning rates", flush=True)
        choices = {"activation": activations(), "learning_rate": RATES}
        settings = {"epochs": [EPOCHS[model]], "batch_size": [BATCH_SIZE]}
        configurations = grid(model=[model], **choices, **settings)
        found = sweep(configurations, TUNING_SEEDS, file=JOURNALS / f"tuning_{model}.jsonl")
        tuning += found
        print(f"{model}: every activation at its best one, on {len(SEEDS)} other seeds", flush=True)
        chosen += sweep(best_rates(found), SEEDS, file=JOURNALS / f"chosen_{model}.jsonl")
    write_csv(tuning, TABLES / "tuning.csv")
    write_csv(chosen, TABLES / "chosen.csv")
    print("the cost of an epoch")
    write_csv(costs(), TABLES / "cost.csv")


if __name__ == "__main__":
    main()
