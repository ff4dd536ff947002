"""Execute the notebooks, two at a time, and say how each one fared.

Results go to build/notebooks/; the committed pages stay as they are, unless
--in-place asks for their outputs to be renewed.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError
from tqdm import tqdm

from gluon_activations import context

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
RESULTS = ROOT / "build" / "notebooks"
AT_A_TIME = 2
LINE = "{:<28}{:>8.1f}  {}"
HEAD = f"{'notebook':<28}{'seconds':>8}  verdict"


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ctx", default="cpu", help='device: "cpu", "gpu" or "gpu(1)" (default: cpu)')
    parser.add_argument("--fast", action="store_true", help="the short form of every page")
    parser.add_argument("--only", default="", metavar="NN", help="only pages whose name holds this, as 04")
    parser.add_argument("--seeds", type=int, default=0, metavar="N", help="run each page at seeds 0 to N - 1")
    parser.add_argument("--in-place", action="store_true", help="renew the outputs of the committed pages")
    return parser.parse_args()


def run(name, parameters, position):
    """Execute one page into build/notebooks/ and return (title, seconds, verdict)."""
    # One thread for each of the two kernels, which also fixes the order of every sum.
    os.environ.update(OMP_NUM_THREADS="1", JUPYTER_PREFER_ENV_PATH="1")
    start = time.monotonic()
    title = f"{name}-{parameters['seed']}" if "seed" in parameters else name
    # In a log, one line a page instead of a bar.
    bar = sys.stderr.isatty() and {"desc": f"{title:<24}", "position": position, "leave": True, "file": sys.stderr}
    verdict = "ok"
    try:
        papermill.execute_notebook(
            str(NOTEBOOKS / f"{name}.ipynb"),
            str(RESULTS / f"{title}.ipynb"),
            parameters=parameters,
            kernel_name="python3",
            cwd=str(NOTEBOOKS),
            progress_bar=bar,
        )
    except PapermillExecutionError as error:
        first_line = (str(error.evalue).splitlines() or [""])[0]
        verdict = f"In [{error.exec_count}] of build/notebooks/{title}.ipynb: {error.ename}: {first_line}"
    except Exception as error:  # a dead kernel, a broken file: a verdict too, not the end of the others
        verdict = f"{type(error).__name__}: {error}"
    return title, time.monotonic() - start, verdict


def renew(name):
    """Put the outputs of an executed page into the committed one, without the run's own traces."""
    page = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    executed = nbformat.read(RESULTS / f"{name}.ipynb", as_version=4)
    cells = [cell for cell in executed.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    count = 0
    for cell, ran in zip(page.cells, cells):
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            cell.outputs = joined(ran.outputs)
            for output in cell.outputs:
                if "execution_count" in output:
                    output["execution_count"] = count
    page.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(page, NOTEBOOKS / f"{name}.ipynb")


def joined(outputs):
    """The outputs, with what was printed in pieces put together, as the pieces depend on the moment."""
    whole = []
    for output in outputs:
        last = whole[-1] if whole else {}
        if output.output_type == "stream" and last.get("name") == output.name:
            last.text += output.text
        else:
            whole.append(output)
    return whole


def main():
    """Run the pages asked for; exit with 1 if one fails."""
    asked = arguments()
    names = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb") if asked.only in path.stem)
    if not names:
        known = ", ".join(sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")))
        sys.exit(f"No notebook's name holds {asked.only!r}; there are: {known}")
    try:
        context(asked.ctx)
    except (RuntimeError, ValueError) as error:
        sys.exit(str(error))
    RESULTS.mkdir(parents=True, exist_ok=True)
    parameters = {} if asked.in_place else {"ctx": asked.ctx, "fast": asked.fast}
    seeds = [{"seed": seed} for seed in range(asked.seeds)] or [{}]
    jobs = [(name, {**parameters, **seed}) for name in names for seed in seeds]
    # Beside bars, the table is printed at the end; in a log, each of its lines when its page is done.
    bars, rows = sys.stderr.isatty(), []
    if not bars:
        print(HEAD, flush=True)
    # One lock for the bars of both processes, so that neither writes into the other's line.
    with ProcessPoolExecutor(AT_A_TIME, initializer=tqdm.set_lock, initargs=(tqdm.get_lock(),)) as pool:
        for job in as_completed([pool.submit(run, *job, place) for place, job in enumerate(jobs)]):
            rows.append(job.result())
            if not bars:
                print(LINE.format(*rows[-1]), flush=True)
    if bars:
        print("\n" * len(jobs), file=sys.stderr)
        print(HEAD, *(LINE.format(*row) for row in sorted(rows)), sep="\n")
    for name, _, verdict in rows:
        if asked.in_place and verdict == "ok":
            renew(name)
    failed = sum(verdict != "ok" for _, _, verdict in rows)
    print(f"{len(rows) - failed} of {len(rows)} ok; results in {RESULTS.relative_to(ROOT)}/")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
