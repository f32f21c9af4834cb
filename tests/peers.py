"""Servers that tests start themselves, on loopback, stopped by their process id."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from tests.harness import free_port
from tests.waiting import PATIENCE


class Missing(Exception):
    """The server's programs are not on this machine."""


def _postgres_bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [
        Path(path) for path in [shutil.which("initdb")] if path
    ]
    if not found:
        raise Missing("PostgreSQL's initdb is not on this machine (Debian: apt-get install postgresql)")
    return found[-1].resolve().parent


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: an account to run it under, None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise Missing("PostgreSQL refuses to run as root and there is no account postgres or nobody")


def copy(data: Path, to: Path) -> None:
    """The files of a cluster, with their owner."""
    subprocess.run(["cp", "-a", str(data), str(to)], check=True, timeout=PATIENCE)


class Postgres:
    """A throw-away cluster, in a folder of its own or the given one; its pages have sums.

    It does not sync unless ``durable``: nobody cuts the power of the tests, and after a fall the server would
    first sync every file of every database, which takes minutes where there are hundreds of them."""

    def __init__(self, folder: Path | None = None, *, durable: bool = False, like: Path | None = None) -> None:
        """``like``: the files of a cluster that was halted, to copy instead of making them anew."""
        self.bin = _postgres_bin()
        self.durable = durable
        self.user = _unprivileged()
        self.folder = folder or Path(tempfile.mkdtemp(prefix="gateway-pg-"))
        self.port = free_port()
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self.data = self.folder / "data"
        self.is_copy = like is not None
        if like:
            copy(like, self.data)
        else:
            self._run("initdb", "-D", str(self.data), "-U", "gateway", "-A", "trust", "--no-sync", "--wal-segsize=4", "--data-checksums")
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.bin / program), *arguments],
            user=self.user,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout.decode(errors='replace')}")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        options += f" -c shared_buffers=64MB -c max_connections=60 -c fsync={'on' if self.durable else 'off'} -c autovacuum=off"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.data), "-o", options, "-l", log, "-w", "start")
        self.pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def database(self, name: str, template: str = "template1") -> str:
        """Create a database as a copy of ``template``; its URL for the gateway."""
        at = f"gateway@127.0.0.1:{self.port}"
        with psycopg.connect(f"postgresql://{at}/postgres", autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
        return f"postgresql+psycopg://{at}/{name}"

    def halt(self) -> None:
        """An orderly stop; the files are whole."""
        self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop")

    def restart(self) -> None:
        """As after a fall of the server: sessions are cut, nothing is flushed, the log is replayed."""
        self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")
        self.start()

    def is_up(self) -> bool:
        """Whether the server runs: it ends itself when it cannot write its log."""
        return subprocess.run([str(self.bin / "pg_ctl"), "-D", str(self.data), "status"], user=self.user, cwd=self.folder,
                              capture_output=True, check=False).returncode == 0  # fmt: skip

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)
        end = time.monotonic() + PATIENCE
        while (self.data / "postmaster.pid").exists() and time.monotonic() < end:
            time.sleep(0.02)
        shutil.rmtree(self.folder, ignore_errors=True)
