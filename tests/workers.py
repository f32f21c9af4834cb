"""Tests in several processes: ``pytest --workers 6``.

They are forked once all tests are collected. Processes that each import and collect ten thousand tests take six seconds
of a processor each, and thirteen in a new clone, whose tests have not been compiled yet.

The tests of a file run in one process, in their order. Files are given out in the order of collection, the next one to
whoever has nothing left.
"""

from __future__ import annotations

import io
import os
import signal
import time
from collections import deque
from contextlib import suppress
from itertools import groupby
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, cast
from warnings import WarningMessage

import pytest

END = 60.0  # seconds that a process may take to end, when it has no tests left


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--workers", type=int, default=0, help="run the tests in so many processes")


def pytest_configure(config: pytest.Config) -> None:
    if count := config.getoption("--workers"):
        config.pluginmanager.register(Forking(config, count))


class Worker:
    """What is known of a process that was forked."""

    def __init__(self, number: int, pid: int) -> None:
        self.number = number
        self.pid = pid
        self.shall_end = False
        self.code = pytest.ExitCode.OK  # with which it is to end
        self.error = ""  # in the tests' machinery
        self.tests: deque[int] = deque()  # of its file, by their places, the one that runs first


class Forking:
    """Gives tests out and hears what became of them."""

    def __init__(self, config: pytest.Config, count: int) -> None:
        self._config = config
        self._count = count
        self._started = 0
        self._files: deque[list[int]] = deque()
        self._workers: dict[Connection, Worker] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if self._config.option.collectonly or session.testsfailed:
            return None
        files = groupby(range(len(session.items)), key=lambda place: session.items[place].path)
        self._files.extend(list(places) for _, places in files)
        while self._files or self._workers:
            while self._files and len(self._workers) < self._count:
                if (channel := self._fork()) is not None:
                    return Working(session, channel).run()
            for ready in wait(list(self._workers)):
                self._hear(session, cast(Connection, ready))
            if session.shouldfail:
                self._stop()
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        return True

    def _fork(self) -> Connection | None:
        """In the process that is forked, its way to this one."""
        ours, theirs = Pipe()
        self._started += 1
        if pid := os.fork():
            theirs.close()
            self._workers[ours] = Worker(self._started, pid)
            return None
        for channel in (ours, *self._workers):
            channel.close()
        _come_apart(self._config, self._started)
        return theirs

    def _hear(self, session: pytest.Session, channel: Connection) -> None:
        worker = self._workers[channel]
        try:
            kind, said = channel.recv()
        except (EOFError, ConnectionResetError):
            self._ended(session, channel)
            return
        hook = self._config.hook
        if kind == "wants":
            self._give(channel, self._files.popleft() if self._files else [])
        elif kind == "report":
            report = hook.pytest_report_from_serializable(config=self._config, data=said)
            worker.code = pytest.ExitCode.TESTS_FAILED if report.failed else worker.code
            hook.pytest_runtest_logreport(report=report)
        elif kind == "warning":
            hook.pytest_warning_recorded.call_historic(kwargs=said)
        elif kind == "error":
            worker.error = said
        elif kind == "begin":
            hook.pytest_runtest_logstart(**said)
        else:
            hook.pytest_runtest_logfinish(**said)
            worker.tests.popleft()

    def _give(self, channel: Connection, tests: list[int]) -> None:
        """Without tests it ends."""
        worker = self._workers[channel]
        worker.shall_end = not tests
        worker.tests.extend(tests)
        with suppress(BrokenPipeError):  # heard of next
            channel.send(tests)

    def _stop(self) -> None:
        self._files.clear()
        for channel, worker in self._workers.items():
            if not worker.shall_end:
                self._give(channel, [])

    def _ended(self, session: pytest.Session, channel: Connection) -> None:
        """What ran when it ended has failed; what it had left is for another."""
        worker = self._workers.pop(channel)
        channel.close()
        code = _code_of(worker.pid)
        if worker.shall_end and code == worker.code:
            return
        words = f"worker {worker.number} ended with {code}\n{worker.error}"
        if worker.shall_end or not worker.tests:
            raise RuntimeError(words)
        item = session.items[worker.tests.popleft()]
        failed = pytest.TestReport(item.nodeid, item.location, {}, "failed", words, "call")
        self._config.hook.pytest_runtest_logreport(report=failed)
        if worker.tests:
            self._files.appendleft(list(worker.tests))


class Working:
    """Runs what it is given, in the process that was forked."""

    _runs = False

    def __init__(self, session: pytest.Session, channel: Connection) -> None:
        self._session = session
        self._channel = channel
        session.testsfailed = 0  # of its own
        session.config.pluginmanager.register(self)
        self._runs = True  # warnings of before, of which it is told when it is registered, have been told

    def run(self) -> bool:
        while places := self._next_file():
            items = [self._session.items[place] for place in places]
            for item, following in zip(items, [*items[1:], self._session], strict=True):  # what is the session's stays
                if self._channel.poll():  # it shall end
                    return True
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        return True

    def _next_file(self) -> list[int]:
        try:
            self._channel.send(("wants", None))
            places: list[int] = self._channel.recv()
        except (EOFError, OSError):  # whoever gave them out is gone
            return []
        return places

    def _tell(self, kind: str, **said: Any) -> None:
        self._channel.send((kind, said))

    def pytest_internalerror(self, excrepr: object) -> None:
        self._channel.send(("error", str(excrepr)))

    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        self._tell("begin", nodeid=nodeid, location=location)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        config = self._session.config
        self._channel.send(("report", config.hook.pytest_report_to_serializable(config=config, report=report)))

    def pytest_runtest_logfinish(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        self._tell("end", nodeid=nodeid, location=location)

    def pytest_warning_recorded(self, warning_message: WarningMessage, when: str, nodeid: str, location: Any) -> None:
        if not self._runs:
            return
        warning_message.source = None  # whatever it is, it stays here
        self._tell("warning", warning_message=warning_message, when=when, nodeid=nodeid, location=location)


def _come_apart(config: Any, number: int) -> None:
    """A process writes into files and folders of its own, and nothing onto the screen."""
    config.workerinput = {"workerid": f"gw{number}"}  # plugins see that another process tells what became of it
    config.get_terminal_writer()._file = io.StringIO()
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    capture.suspend_global_capture()
    config.option.basetemp = config._tmp_path_factory.getbasetemp() / f"worker{number}"
    config._tmp_path_factory = pytest.TempPathFactory.from_config(config, _ispytest=True)


def _code_of(pid: int) -> int:
    """How a process ended that is about to: it has END seconds."""
    end = time.monotonic() + END
    while not (found := os.waitpid(pid, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    return os.waitstatus_to_exitcode(found[1])
