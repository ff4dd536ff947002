"""Programs that measure in turns: each library in a process of its own, and none runs while another does.

A process serves what it is asked for (`serve`), and the one that asks holds it as a `Worker`. Nothing but Python's
own library is needed, so that it runs wherever a framework is.
"""

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Worker:
    """A process with one library and a number of threads, which runs what it is asked for."""

    def __init__(self, python, module, *arguments, threads, **environment):
        # Threads that have nothing to do sleep: otherwise those of one process would be in the way of the next.
        given = {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive", "PYTHONWARNINGS": "ignore"}
        self.process = subprocess.Popen(
            [python, "-m", f"benchmarks.{module}", *arguments, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **given, **environment},
        )

    def ask(self, what, *arguments):
        """The answer of the process to a question."""
        self.process.stdin.write(json.dumps([what, *arguments]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"{' '.join(self.process.args)} ended at {[what, *arguments]}")
        return json.loads(answer)

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.wait()


def serve(make, **others):
    """Answer questions until there are no more.

    ``make`` gives a function to be timed, for what it is told of it; ``others`` are further questions by name.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    made = {}

    def prepare(key, about):
        made[key] = make(**about)
        made[key]()

    def seconds(key, passes):
        run = made[key]
        if passes > 1:
            run()  # wakes threads, fills caches
        start = time.perf_counter()
        for _ in range(passes):
            run()
        return (time.perf_counter() - start) / passes

    def forget():
        made.clear()
        gc.collect()

    known = {"prepare": prepare, "seconds": seconds, "forget": forget, **others}
    for line in sys.stdin:
        what, *arguments = json.loads(line)
        answers.write(json.dumps(known[what](*arguments)) + "\n")
        answers.flush()


def medians(contenders, turns, passes):
    """The median seconds of one pass of each contender, {key: (worker, what it is told)}; they take turns."""
    found = {key: [] for key in contenders}
    for key, (worker, about) in contenders.items():
        worker.ask("prepare", key, about)
    for _ in range(turns):
        for key, (worker, _) in contenders.items():
            found[key].append(worker.ask("seconds", key, passes))
    for worker in {worker for worker, _ in contenders.values()}:
        worker.ask("forget")
    return {key: statistics.median(times) for key, times in found.items()}


def resident():
    """Bytes of this process that lie in memory; Linux alone tells."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
