"""Run tests in copies of a folder, each time in a process forked from one that has imported the slow libraries."""

import collections
import contextlib
import gc
import importlib.util
import json
import os
import resource
import shutil
import signal
import sys
import threading
import time
import traceback
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

LATE = -signal.SIGKILL
FEW = 5  # functions of tests that are tried before all tests are collected, which may take seconds


@dataclass(frozen=True)
class Job:
    """Tests to run once the files of a copy are changed, for at most some seconds."""

    tests: tuple  # files, and options that choose among their tests
    environment: tuple  # pairs of a variable and its value
    limit: float
    path: str = ""  # of the file that is changed; nothing for a survey of the tests as they are
    change: Optional[Callable[[], Optional[str]]] = None  # gives the file's new text, or None for no run
    line: int = 0  # where the function begins that is changed; 0 for what runs at the import
    about: Any = None

    @property
    def suite(self):
        """What has to pass before a change of a file can be blamed."""
        return self.tests, self.environment


class Watch:
    """What pytest tells of a run. Tests that failed most so far come first, then quick ones."""

    def __init__(self, failures, seconds, wanted):
        self.failures, self.seconds, self.wanted, self.failed = failures, seconds, wanted, None
        self.done = set()

    def promising(self, tests):
        """The functions of tests in some files that are likely to fail, or nothing where these are all."""
        found = [test for test in self.seconds if test.partition("::")[0] in tests and self.wanted(test)]
        found.sort(key=lambda test: (-self.failures[_function(test)], -self.failures[test], self.seconds[test]))
        functions = [*dict.fromkeys(map(_function, found))]
        return functions[:FEW] if len(functions) > FEW else []

    def pytest_collection_modifyitems(self, items):
        """Choose the tests and put them into their order. One that the survey did not see always runs."""
        items[:] = [
            item
            for item in items
            if (self.wanted(item.nodeid) or item.nodeid not in self.seconds) and item.nodeid not in self.done
        ]
        items.sort(key=lambda item: (-self.failures[item.nodeid], self.seconds.get(item.nodeid, 0)))

    def pytest_runtest_logreport(self, report):
        """Note what has run, and the first test that failed."""
        self.done.add(report.nodeid)
        self.failed = self.failed or (report.nodeid if report.failed else None)

    def pytest_sessionfinish(self, session):
        """A run in which no test is left is as good as one that passes."""
        if session.testscollected == 0 and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK

    def report(self):
        """What is worth keeping."""
        return {"failures": [*{self.failed, _function(self.failed)}] if self.failed else []}


def _function(test):
    """The function of a test, without its parameters."""
    return test.partition("[")[0]


class Survey:
    """How long each test takes and which functions it calls, by the place where these begin in their file.

    A function that is called outside of tests (at an import, in a fixture) has the caller "". What a test calls in
    other processes cannot be seen: such a test is among the callers of "".
    """

    def __init__(self, folder):
        self.folder, self.now = f"{folder}{os.sep}", ""
        self.seconds, self.callers = {}, collections.defaultdict(set)

    def trace(self, frame, event, argument):
        """Note a call, as ``sys.settrace`` tells of it."""
        name = frame.f_code.co_filename
        if name.startswith(self.folder):
            self.callers[f"{name[len(self.folder) :]}:{frame.f_code.co_firstlineno}"].add(self.now)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item):
        """Know which test runs."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.now = item.nodeid
        yield
        self.now = ""
        alive = [path for path in Path("/proc/self/task").glob("*/children") if path.read_text()]
        if alive or resource.getrusage(resource.RUSAGE_CHILDREN) != before:
            self.callers[""].add(item.nodeid)

    def pytest_runtest_logreport(self, report):
        """Note how long a test took."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration

    def report(self):
        """What is worth keeping."""
        return {"seconds": self.seconds, "callers": {key: sorted(tests) for key, tests in self.callers.items()}}


class Forks:
    """Runs jobs, as many at a time as there are copies of the folder, and learns in which order tests run best."""

    NO_RUN = 77

    def __init__(self, root, copies):
        self.copies = [Path(copy) for copy in copies]
        self.failures, self.seconds, self.callers = collections.Counter(), {}, {}
        # One copy is never changed, as people may work in the folder meanwhile.
        self.original = self.copies[0].with_name("original")
        shutil.copytree(
            root, self.original, ignore=shutil.ignore_patterns(".git", ".venv*", "build", "__pycache__")
        )
        for copy in self.copies:
            shutil.copytree(self.original, copy)
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
            shutil.copy2(self.original / job.path, copy / job.path)
        report = copy / "report.json"
        if report.exists():
            found = json.loads(report.read_text())
            report.unlink()
            self.failures.update(found.get("failures", ()))
            self.seconds.update(found.get("seconds", {}))
            self.callers.setdefault(job.suite, found.get("callers"))

    def _wanted(self, job):
        """Whether a test may notice the change, as a function of its id."""
        callers = self.callers[job.suite]
        found = callers.get(f"{job.path}:{job.line}", []) if job.line else [""]
        return {*found, *callers.get("", [])}.__contains__ if "" not in found else lambda test: True

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
        # For the processes that tests start; in this one pytest's own setting, pythonpath, does it.
        os.environ["PYTHONPATH"] = str(copy)
        os.environ.update(job.environment)
        sys.modules["__main__"] = types.ModuleType("__main__")
        for name in [name for name in sys.modules if name.partition(".")[0] == "tools"]:
            del sys.modules[name]
        if job.path:
            watch = Watch(self.failures, self.seconds, self._wanted(job))
        else:
            watch = Survey(copy)
            sys.settrace(watch.trace)
            threading.settrace(watch.trace)
        options = ["-x", "-q", "--tb=short", "-p", "no:cacheprovider"]
        status, first = 0, watch.promising(job.tests) if job.path else []
        if first:
            chosen = [option for option in job.tests if option.startswith("-")]
            status = pytest.main([*options, *chosen, *first], plugins=[watch])
        status = status or pytest.main([*options, *job.tests], plugins=[watch])
        sys.settrace(None)
        (copy / "report.json").write_text(json.dumps(watch.report()))
        return int(status)


def _kill(pid, reap=True):
    """End a process and all that it started."""
    for kill in (os.killpg, os.kill) if reap else (os.killpg,):
        with contextlib.suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)
    if reap:
        os.waitpid(pid, 0)
