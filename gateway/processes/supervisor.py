"""One ``gateway serve`` over listeners, a worker and the pages: it holds the ports, forks each, and starts it again.

All share what is imported here, which is what a listener needs; the worker and the pages import the rest themselves.
So there are no threads and no event loop here. The listening sockets are the supervisor's: while a listener starts anew
its connections wait in the kernel, and a worker that ends closes nothing. It accepts no mail and opens no store.
"""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import structlog

from gateway.config.settings import Settings
from gateway.processes import channel, listener
from gateway.processes.life import die
from gateway.smtp.policy import listeners_of
from gateway.smtp.server import bound

log = structlog.get_logger("gateway")

AGAIN = 0.05, 5.0  # seconds to the next start, growing: peers wait in the kernel meanwhile
SETTLED = 10.0  # seconds of life after which a process starts at once again
MORE = 10.0  # seconds over the drain, then SIGKILL
USAGE = 2  # exit code of a process that cannot start for what an administrator told it
STOP = (signal.SIGTERM, signal.SIGINT)
Work = Callable[[Path, bool], None]
SIGNALS = (*STOP, signal.SIGHUP, signal.SIGCHLD)


class Child:
    """A process that is started again when it ends. ``pid``: 0 while it does not run; ``due``: when it starts then, by
    the monotonic clock."""

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self.name = name
        self.pid = 0
        self.due = 0.0
        self.starts = 0
        self._work = work
        self._began = 0.0
        self._pause = AGAIN[0]

    def start(self) -> None:
        self.starts += 1
        self._began = time.monotonic()
        self.pid = forked(self.name, self._work)

    def again(self, code: int) -> None:
        """It ended with that code, or by a signal (negative), and is to start again."""
        now = time.monotonic()
        pause = AGAIN[0] if now - self._began > SETTLED else self._pause
        log.error("process ended, starts again", name=self.name, code=code, after=round(pause, 2))
        self.due = now + pause
        self._pause = min(pause * 2, AGAIN[1])

    def signal(self, number: int) -> None:
        if self.pid:
            os.kill(self.pid, number)  # nobody else waits for it, so the number is still its own


class Supervisor:
    """``worker`` runs the worker, given the folder of the processes and whether it is the first: another reads the
    configuration anew, as it may have been taken since. Raises OSError when a port cannot be had."""

    def __init__(self, settings: Settings, worker: Work) -> None:
        self._settings = settings
        self._folder = _folder()
        self._sockets = {each.name: bound(each) for each in listeners_of(settings.smtp)}
        names = [f"listener-{number}" for number in range(1, settings.listener_processes + 1)]
        self._listeners = [
            Child(name, partial(listener.serve, settings, self._folder, name, self._sockets)) for name in names
        ]
        self._worker = Child(channel.WORKER, partial(self._work, worker))
        self._pages = Child("pages", partial(self._show, names))
        self._is_hung_up = False
        self._code = 0
        self._children = (*self._listeners, self._worker, self._pages)

    def run(self) -> int:
        """Until SIGTERM or SIGINT; then the listeners drain, then the worker. Returns the code to end with: 0, or the
        worker's where it cannot start for a reason that an administrator has to mend. The SIGNALS are blocked."""
        log.info("starting", listeners=len(self._listeners), run=str(self._folder))
        gc.collect()
        gc.freeze()  # or each look for garbage would copy what all share
        while (number := self._next_signal()) not in STOP:
            self._is_hung_up = self._is_hung_up or number == signal.SIGHUP
        log.info("draining")
        self._close_ports()
        for children in (self._listeners, [self._worker], [self._pages]):
            self._end(children, self._settings.smtp.drain + MORE)
        shutil.rmtree(self._folder, ignore_errors=True)
        log.info("stopped")
        return self._code

    def _next_signal(self) -> int | None:
        """Start what is due and wait for a signal; None when something else is due."""
        for child, code in self._ended():
            if child is self._worker and child.starts == 1 and code == USAGE:
                self._code = code
                return signal.SIGTERM
            child.again(code)
        now = time.monotonic()
        for child in self._children:
            if not child.pid and child.due <= now:
                child.start()
        channel.tell_starts(self._folder, {child.name: child.starts for child in self._children})
        if self._is_hung_up and self._pages.pid:
            self._is_hung_up = False
            self._pages.signal(signal.SIGHUP)
        due = [child.due for child in self._children if not child.pid]
        if not due:
            return signal.sigwaitinfo(SIGNALS).si_signo
        told = signal.sigtimedwait(SIGNALS, max(0.0, min(due) - time.monotonic()))
        return told.si_signo if told else None

    def _ended(self) -> list[tuple[Child, int]]:
        """Those that ended since the last call, and how. As process 1 of a container we also bury what others left,
        such as the parsers of a worker that was killed."""
        ended = []
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                for child in self._children:
                    if child.pid == found[0]:
                        child.pid = 0
                        ended.append((child, os.waitstatus_to_exitcode(found[1])))
        return ended

    def _end(self, children: Sequence[Child], seconds: float) -> None:
        """SIGTERM, and after so long SIGKILL."""
        end = time.monotonic() + seconds
        for child in children:
            child.signal(signal.SIGTERM)
        while running := self._running(children):
            if (left := end - time.monotonic()) > 0:
                signal.sigtimedwait([signal.SIGCHLD], left)
                continue
            for child in running:
                child.signal(signal.SIGKILL)
            end = time.monotonic() + seconds

    def _running(self, children: Sequence[Child]) -> list[Child]:
        self._ended()
        return [child for child in children if child.pid]

    def _work(self, worker: Work) -> None:
        self._close_ports()
        worker(self._folder, self._worker.starts == 1)

    def _show(self, names: Sequence[str]) -> None:
        from gateway.processes import pages

        self._close_ports()
        pages.serve(self._settings, self._folder, names)

    def _close_ports(self) -> None:
        for sock in self._sockets.values():
            sock.close()


def _folder() -> Path:
    """For what the processes tell each other: of their own user. Below what systemd made for us, if it did."""
    return Path(tempfile.mkdtemp(prefix="gateway-", dir=os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0] or None))


def forked(name: str, work: Callable[[], None]) -> int:
    """The id of a process that does ``work`` and ends. It ends too when this one does."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    parent = os.getpid()
    if pid := os.fork():
        return pid
    code = 0
    try:
        _become(name, parent)
        work()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:
        die(error, f"{name} cannot go on")
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(code)


def _become(name: str, parent: int) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    # SIGHUP is for the supervisor, and for the pages once they can hear it.
    signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGHUP])
    channel.die_with(parent)
    channel.be_called(name)


def run(settings: Settings, worker: Work) -> int:
    """Serve until SIGTERM. Returns the code to end with. Raises OSError."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # before the ports answer: whoever sees them may send one
    return Supervisor(settings, worker).run()
