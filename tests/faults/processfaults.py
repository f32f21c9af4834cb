"""What happens to the gateway's own processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.deskfaults import LATE_COMMIT, MIXED
from tests.faults.site import LEASE, Site, Supervised
from tests.faults.traffic import Traffic


def kill(site: Site, traffic: Traffic) -> None:
    """kill -9 at random points, now and then while it starts; the supervisor starts it again."""
    while not traffic.is_over:
        gateway = site.any()
        if site.rng.random() < 0.8:
            site.await_open(gateway)
        site.pause(0.2, 1.2)
        gateway.hit(signal.SIGKILL)


def pause(site: Site, traffic: Traffic) -> None:
    """SIGSTOP for longer than a lease, then SIGCONT, while the desk is late at times."""
    with site.desk(*LATE_COMMIT):
        while not traffic.is_over:
            site.any().stand(site.rng, LEASE * site.rng.uniform(1.1, 1.4))
            site.pause(0.5, 1.5)


def upgrade(site: Site, traffic: Traffic) -> None:
    """A version with a slow migration comes; it is killed in the middle of it, several times."""
    site.pause(1, 2)
    for gateway in site.gateways:
        gateway.halt()
        for _ in range(2):
            interrupt_migration(gateway.config, site.rng.uniform(0, 0.5))
        _next_version(gateway)
        gateway.up()
        site.pause(0.3, 1)
        gateway.hit(signal.SIGKILL)


def parts(site: Site, traffic: Traffic) -> None:
    """Each process is killed by itself: the first, a listener, the worker, the pages, a parser."""
    while not traffic.is_over:
        gateway = site.any()
        site.await_open(gateway)
        site.pause(0.3, 1.2)
        if number := gateway.part(site.rng):
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


def interrupt_migration(config: Path, after: float) -> None:
    """Start the next version's migration and kill it that many seconds after it was half done."""
    command = [sys.executable, "-m", "tests.faults.nextversion", "migrate", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as migration:
        assert migration.stdout
        for line in migration.stdout:  # one that was done before says nothing
            if line.startswith("halfway"):
                time.sleep(after)
                migration.kill()


def _next_version(gateway: Supervised) -> None:
    gateway.command = [sys.executable, "-m", "tests.faults.nextversion", *gateway.command[3:]]


def first_start(site: Site) -> None:
    """The very first start, killed in the middle of making the schema."""
    for gateway in site.gateways:
        for _ in range(2):
            gateway.launch()
            site.pause(0.5, 1.1)
            gateway.kill()
    site.start()


def mixed(site: Site, traffic: Traffic) -> None:
    """A desk that lies, while processes die, stand still, and databases restart."""
    with site.desk(*MIXED):
        while not traffic.is_over:
            gateway = site.any()
            site.await_open(gateway)
            site.pause(0.5, 1.5)
            draw = site.rng.random()
            if draw < 0.1 and site.postgres:
                site.postgres.restart()
            elif draw < 0.2:
                site.simulator.stop()
                site.pause(0.5, 1)
                site.simulator.start()
            elif draw < 0.35:
                gateway.stand(site.rng, site.rng.uniform(1, 2))
            else:
                gateway.hit(signal.SIGKILL)
