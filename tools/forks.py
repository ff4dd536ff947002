"""Run tests in copies of a folder, each time in a process forked from one that has imported the slow libraries."""

import collections
import contextlib
import gc
import importlib.util
import json
import os
import shutil
import signal
import sys
import time
import traceback
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

LATE = -signal.SIGKILL


@dataclass(frozen=True)
class Job:
    """Tests to run once the files of a copy are changed, for at most some seconds."""

    tests: tuple
    limit: float
    path: str = ""
    change: Optional[Callable[[], Optional[str]]] = None  # gives the file's new text, or None for no run
    about: Any = None


class Watch:
    """What pytest tells of a run. Tests that failed most so far come first, then quick ones."""

    def __init__(self, failures, seconds):
        self.failures, self.seconds, self.failed = failures, seconds, None

    def pytest_collection_modifyitems(self, items):
        """Put the tests into their order."""
        items.sort(key=lambda item: (-self.failures[item.nodeid], self.seconds.get(item.nodeid, 0)))

    def pytest_runtest_logreport(self, report):
        """Note how long a test took, and the first that failed."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        self.failed = self.failed or (report.nodeid if report.failed else None)


class Forks:
    """Runs jobs, as many at a time as there are copies of the folder, and learns in which order tests run best."""

    NO_RUN = 77

    def __init__(self, root, copies):
        self.root, self.copies = Path(root), [Path(copy) for copy in copies]
        self.failures, self.seconds = collections.Counter(), {}
        for copy in self.copies:
            shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".git", ".venv*", "build", "__pycache__"))
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            pytest.main(["--version", "--noconftest", "-c", os.devnull])  # imports what pytest is made of
        gc.freeze()  # what is here by now is never garbage

    def run(self, jobs, done):
        """Run the jobs, and call ``done(job, status, seconds, log)`` as each ends, or has to: then it is LATE."""
        jobs, free, running = iter(jobs), list(self.copies), {}
        try:
            while True:
                while free:
                    job = next(jobs, None)
                    if job is None:
                        break
                    copy = free.pop()
                    running[self._fork(job, copy)] = job, copy, time.monotonic()
                if not running:
                    return
                for pid, (job, copy, start) in list(running.items()):
                    ended, status = os.waitpid(pid, os.WNOHANG)
                    took = time.monotonic() - start
                    if ended or took > job.limit:
                        del running[pid]
                        _kill(pid, reap=not ended)
                        free.append(copy)
                        self._clear(job, copy)
                        log = (copy / "log").read_text(encoding="utf-8", errors="replace")
                        done(job, os.waitstatus_to_exitcode(status) if ended else LATE, took, log)
                time.sleep(0.005)
        finally:
            for pid in running:
                _kill(pid)

    def _clear(self, job, copy):
        """Put the copy into its first state, and keep what the run has told."""
        if job.path:
            shutil.copy2(self.root / job.path, copy / job.path)
        report = copy / "report.json"
        if report.exists():
            failed, seconds = json.loads(report.read_text())
            report.unlink()
            self.failures.update([failed] if failed else [])
            if not job.path:
                self.seconds.update(seconds)

    def _fork(self, job, copy):
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            return pid
        status = 70
        try:
            os.setpgid(0, 0)  # so that what the tests start ends with them
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            log = os.open(copy / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            for stream, target in enumerate((os.open(os.devnull, os.O_RDONLY), log, log)):
                os.dup2(target, stream)
            status = self._test(job, copy)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _test(self, job, copy):
        if job.path:
            text = job.change()
            if text is None:
                return self.NO_RUN
            (copy / job.path).write_text(text, encoding="utf-8")
            # Else the last mutant would run again, if it is of the same second and size.
            Path(importlib.util.cache_from_source(copy / job.path)).unlink(missing_ok=True)
        sys.dont_write_bytecode = False
        os.chdir(copy)
        os.environ["PYTHONPATH"] = str(copy)
        sys.path[:] = [str(copy), *(path for path in sys.path if path not in ("", str(self.root)))]
        sys.modules["__main__"] = types.ModuleType("__main__")
        for name in [name for name in sys.modules if name.partition(".")[0] == "tools"]:
            del sys.modules[name]
        watch = Watch(self.failures, dict(self.seconds) if job.path else {})
        options = ["-x", "-q", "--tb=short", "-p", "no:cacheprovider"]
        status = pytest.main([*options, *job.tests], plugins=[watch])
        (copy / "report.json").write_text(json.dumps([watch.failed, watch.seconds]))
        return int(status)


def _kill(pid, reap=True):
    """End a process and all that it started."""
    for kill in (os.killpg, os.kill) if reap else (os.killpg,):
        with contextlib.suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)
    if reap:
        os.waitpid(pid, 0)
