"""Gateway commands for the tests, each in a process of its own, forked from one that has the code loaded:
importing it takes longer than most commands.

``python -m tests.commands`` is that process: a request and an answer are a line of JSON each.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from functools import cache
from pathlib import Path
from typing import Any

WAIT = 60  # seconds for a command
KILLED = -signal.SIGALRM


class _Server:
    """One for each process of the tests."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        atexit.register(self._end)

    def ask(self, request: dict[str, Any]) -> int:
        assert self._process.stdin and self._process.stdout
        with self._turn:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def _end(self) -> None:
        with self._process:
            pass


_server = cache(_Server)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``gateway`` with these arguments. Raises subprocess.TimeoutExpired."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        code = _server().ask({
            "arguments": arguments, "environment": {**os.environ, **environment}, "folder": str(Path.cwd()), "out": str(out), "err": str(err)
        })  # fmt: skip
        if code == KILLED:
            raise subprocess.TimeoutExpired(arguments, WAIT)
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())


def main() -> None:
    import gateway.app
    import gateway.cli
    import gateway.operate.backup
    import gateway.operate.preview.explain
    import gateway.operate.preview.noticecheck
    import gateway.operate.preview.whatif
    import gateway.operate.trial.page
    import gateway.operate.trial.run  # noqa: F401

    for line in sys.stdin:
        if (child := os.fork()) == 0:
            _child(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _child(request: dict[str, Any]) -> None:
    """Never returns."""
    from gateway import cli

    code: Any = 1
    signal.alarm(WAIT)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT, 0o600), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["gateway", *request["arguments"]]
    try:
        cli.main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    main()
