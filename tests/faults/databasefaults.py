"""What happens to PostgreSQL."""

from __future__ import annotations

import contextlib
import signal

import psycopg

from tests.faults.site import Site
from tests.faults.traffic import Traffic


def restart(site: Site, traffic: Traffic) -> None:
    """Stopped at once, without a word to its sessions, and started again."""
    assert site.postgres
    while not traffic.is_over:
        for gateway in site.gateways:
            site.await_open(gateway)
        site.pause(0.5, 2)
        site.postgres.restart()


def exhausted(site: Site, traffic: Traffic) -> None:
    """Others take every connection that is left; a gateway that starts meanwhile gets none."""
    address = site.url.replace("postgresql+psycopg", "postgresql")
    while not traffic.is_over:
        site.pause(1, 2)
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(psycopg.OperationalError):
                while True:
                    stack.enter_context(contextlib.closing(psycopg.connect(address)))
            site.any().hit(signal.SIGKILL)
            with contextlib.suppress(psycopg.OperationalError):
                while True:  # and those that it had
                    stack.enter_context(contextlib.closing(psycopg.connect(address)))
            site.pause(1.5, 2.5)
