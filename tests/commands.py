"""Commands and whole gateways for the tests, each in a process of its own, forked from one that has the code loaded:
importing it takes longer than most commands, and is most of what a gateway's start takes.

``python -m tests.commands SOCKET`` is that process, one for all processes of a run of the tests. Each of them connects to
it, and has a process of its own there that forks. A request is a line of JSON; so are its answers: that a process runs,
and that it ended. Whoever asks is the only one who knows of them: when it ends, so do they. With the last of the
connections it ends itself.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from tests import schema

WAIT = 60  # seconds for a command
LOOK = 0.5  # seconds after which it is seen that a connection has ended
KILLED = -signal.SIGALRM


class Forked:
    """Such a process, as far as tests need it like subprocess.Popen."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.args = arguments
        self.pid = 0
        self.returncode: int | None = None
        self._began, self._ended = threading.Event(), threading.Event()

    def told(self, answer: dict[str, int]) -> None:
        if "pid" in answer:
            self.pid = answer["pid"]
            self._began.set()
        else:
            self.returncode = answer["code"]
            self._ended.set()

    def await_begin(self) -> None:
        if not self._began.wait(WAIT):
            raise subprocess.TimeoutExpired(self.args, WAIT)

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class _Server:
    """One for each process of the tests."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._processes: dict[int, Forked] = {}
        self._connection = _connected()
        self._hearing = threading.Thread(target=self._hear, daemon=True)
        self._hearing.start()
        atexit.register(self._end)

    def start(self, request: dict[str, Any]) -> Forked:
        process = Forked(request["arguments"])
        with self._turn:
            number = len(self._processes)
            self._processes[number] = process
            self._connection.sendall(json.dumps({**request, "number": number}).encode() + b"\n")
        process.await_begin()
        return process

    def _hear(self) -> None:
        with self._connection.makefile() as answers:
            for line in answers:
                answer = json.loads(line)
                self._processes[answer.pop("number")].told(answer)

    def _end(self) -> None:
        self._connection.shutdown(socket.SHUT_WR)
        self._hearing.join()
        self._connection.close()


def _connected() -> socket.socket:
    """To the process that forks, which the first of a run starts."""
    address = schema.folder() / "commands"
    with schema.turn("commands"):
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(address))
        except OSError:
            nothing = subprocess.DEVNULL
            subprocess.run([sys.executable, "-m", "tests.commands", address], check=True, stdin=nothing, stdout=nothing)
            connection.connect(str(address))
    return connection


_server = cache(_Server)


def start(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], out: Path, err: Path, seconds: int = 0
) -> Forked:
    """``python -m module`` with these arguments; ``seconds`` that it may take, 0 for no end. Output is appended."""
    return _server().start({
        "module": module, "arguments": [*arguments], "environment": {**environment}, "seconds": seconds,
        "folder": str(Path.cwd()), "out": str(out), "err": str(err),
    })  # fmt: skip


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``gateway`` with these arguments. Raises subprocess.TimeoutExpired."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        code = start("gateway", arguments, {**os.environ, **environment}, out, err, WAIT).wait()
        if code == KILLED:
            raise subprocess.TimeoutExpired(arguments, WAIT)
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())


# -- the process that is asked --------------------------------------------------------------------


def main(address: str) -> None:
    """Returns as soon as one can connect; what goes on is another process."""
    with socket.socket(socket.AF_UNIX) as door:
        Path(address).unlink(missing_ok=True)  # of one that was killed
        door.bind(address)
        door.listen()
        if os.fork():
            return
        _load()
        _serve(door, Path(address))


def _load() -> None:
    import typer.main

    import gateway.app
    import gateway.cli
    import gateway.operate.access
    import gateway.operate.backup
    import gateway.operate.preview.explain
    import gateway.operate.preview.noticecheck
    import gateway.operate.preview.whatif
    import gateway.operate.trial.page
    import gateway.operate.trial.run
    import gateway.processes.pages
    import gateway.processes.supervisor

    commands = typer.main.get_command(gateway.cli.app)
    typer.main.get_command = lambda _: commands
    with redirect_stdout(StringIO()):
        commands(["--help"], standalone_mode=False)  # loads what is loaded late
        try:
            _work_once()
        except Exception:
            traceback.print_exc()  # tests of what is wrong will say so
    gc.freeze()  # what all share is looked at by none


def _serve(door: socket.socket, address: Path) -> None:
    """A process for each connection, until the last has ended."""
    _fork_while_connected(door, WAIT)  # for whoever asked for this process
    address.unlink(missing_ok=True)  # whoever comes now starts another one
    _fork_while_connected(door, 0)  # for who was connected before


def _fork_while_connected(door: socket.socket, patience: float) -> None:
    """``patience``: seconds for the first."""
    connected: set[int] = set()
    door.settimeout(patience)
    while True:
        with suppress(TimeoutError, BlockingIOError):
            connected.add(_fork_for(door.accept()[0], door))
        connected -= {child for child in connected if os.waitpid(child, os.WNOHANG)[0]}
        if not connected:
            return
        door.settimeout(LOOK)


def _fork_for(connection: socket.socket, door: socket.socket) -> int:
    """The process that forks for this connection: what it reads and writes is its standard input and output."""
    if child := os.fork():
        connection.close()
        return child
    door.close()
    os.dup2(connection.fileno(), 0)
    os.dup2(connection.fileno(), 1)
    connection.close()
    try:
        _Forking().run()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _work_once() -> None:
    """A mail and its reply are worked off: what the first ones of a process compile is there in all that are forked."""
    from gateway.mail import wire
    from gateway.mail.read import read
    from tests import compiled
    from tests.scenarios.stage import M, Stage

    compiled.once()

    async def work(folder: Path) -> None:
        stage = Stage(folder, schema.migrated_file())
        await stage.open()
        for mail in (M("first", subject="Printer"), M("second", reply="first")):
            await stage.accept(mail)
            await stage.work()
            wire.load(wire.dump(read(stage.bytes[mail.key]).email))
        await stage.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(work(Path(folder)))


class _Forking:
    """Forks a process for each line of standard input, and tells what becomes of it, until the input ends."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}  # of the processes that run, by their ids
        self._rest = b""

    def run(self) -> None:
        children, wake = os.pipe()
        for end in (children, wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        with selectors.DefaultSelector() as selector:
            selector.register(0, selectors.EVENT_READ)
            selector.register(children, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if children in ready:
                    os.read(children, 4096)
                    self._reap()
                if 0 in ready and not self._read():
                    return self._kill()

    def _read(self) -> bool:
        """False at the end of the input."""
        data = os.read(0, 1 << 16)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if (child := os.fork()) == 0:
                _child(request)
            self._numbers[child] = request["number"]
            self._tell(child, pid=child)
        return bool(data)

    def _reap(self) -> None:
        for child in list(self._numbers):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                self._tell(child, code=os.waitstatus_to_exitcode(status))
                del self._numbers[child]

    def _tell(self, child: int, **what: int) -> None:
        print(json.dumps({"number": self._numbers[child], **what}), flush=True)

    def _kill(self) -> None:
        for child in self._numbers:
            os.kill(child, signal.SIGKILL)


def _child(request: dict[str, Any]) -> None:
    """Never returns."""
    code: Any = 1
    try:
        _become(request)
        if request["module"] == "gateway":
            from gateway import cli

            cli.main()
        else:
            runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                pass
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _become(request: dict[str, Any]) -> None:
    """A process as if it had been started so."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.alarm(request["seconds"])
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv = [request["module"], *request["arguments"]]


if __name__ == "__main__":
    main(sys.argv[1])
