"""What happens to the arrivals and to the importer."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.faults.site import Site
from tests.faults.traffic import Traffic

FULL_AT = 60_000  # bytes of arrivals
HALFWAY = 0.4  # how often the importer dies between its two commits


def settings(stack: contextlib.ExitStack) -> dict[str, str]:
    return {"store": f"arrivals_bytes = {FULL_AT}"}


def between_commits(site: Site) -> None:
    """The gateways run with an importer that often dies after the store has the mail and before it is forgotten."""
    for gateway in site.gateways:
        gateway.command = [sys.executable, "-m", "tests.faults.arrivalfaults", *gateway.command[3:]]
    site.start()


def nothing_more(site: Site, traffic: Traffic) -> None:
    """The importer does its worst by itself, until mail has flowed; then it is as it should be."""
    while not traffic.is_over:
        site.pause(0.2, 0.5)
    for gateway in site.gateways:
        gateway.command = [sys.executable, "-m", "gateway", *gateway.command[3:]]
        gateway.hit(signal.SIGKILL)


@contextlib.contextmanager
def locked(site: Site) -> Iterator[None]:
    """Another program has the store to itself for the block."""
    with contextlib.closing(sqlite3.connect(site.data / "gateway.db", timeout=60, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def full(site: Site, traffic: Traffic) -> None:
    """The store is locked until the arrivals are full; now and then the gateway is killed meanwhile."""
    while not traffic.is_over:
        for gateway in site.gateways:
            site.await_open(gateway)
        with locked(site):
            site.pause(2, 4)
            if site.rng.random() < 0.3:
                site.any().hit(signal.SIGKILL)
        site.pause(0.5, 1.5)


def damaged(site: Site, traffic: Traffic) -> None:
    """While the store is locked arrivals pile up; the gateway is killed, and values of them turn to garbage."""
    while True:
        for gateway in site.gateways:
            site.await_open(gateway)
        with contextlib.ExitStack() as stack:
            with locked(site):
                site.pause(1, 2)
                stack.enter_context(site.stopped())
            site.let_go()
            _garble(site)
        site.pause(0.5, 1)
        if traffic.is_over:
            return


def _garble(site: Site) -> None:
    with contextlib.closing(sqlite3.connect(site.arrivals / "arrivals.db")) as connection, connection:
        for column in ("envelope", "data"):
            query = f"SELECT seq FROM arrival WHERE NOT imported AND {column} IS NOT NULL ORDER BY seq"
            if seqs := [seq for (seq,) in connection.execute(query)]:
                garbage = bytes(site.rng.randrange(0x80, 0x100) for _ in range(16))
                kind = "TEXT" if column == "envelope" else "BLOB"
                change = (
                    f"UPDATE arrival SET {column} = CAST(substr({column}, 1, 40) || CAST(? AS TEXT) AS {kind})"
                    " WHERE seq = ?"
                )
                connection.execute(change, (garbage, site.rng.choice(seqs)))


def main() -> None:
    from gateway import cli
    from gateway.store.arrivals import ArrivalsFile

    forget = ArrivalsFile.forget
    chance = random.Random(Path("/proc/self/stat").read_text())
    os.register_at_fork(after_in_child=chance.seed)

    def dies(file: ArrivalsFile, seq: int) -> Any:
        if chance.random() < HALFWAY:
            os.kill(os.getpid(), signal.SIGKILL)
        return forget(file, seq)

    ArrivalsFile.forget = dies  # type: ignore[method-assign]
    cli.main()


if __name__ == "__main__":
    main()
