"""Gateway processes that share one PostgreSQL database and one spool."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from gateway.simulator import Simulator
from tests.harness import EAGER, GatewayProcess, config_text, free_port
from tests.waiting import PATIENCE, until


class Replica(GatewayProcess):
    """``gateway serve --role ROLE``; ``name`` is its GATEWAY_NAME."""

    def __init__(self, folder: Path, simulator: Simulator, url: str, role: str = "all", name: str = "", **more: str) -> None:
        home = folder / f"{role}-{os.urandom(3).hex()}"
        home.mkdir()
        smtp, http = free_port(), free_port()
        more.setdefault("store", f'spool = "{folder}/spool"')
        more.setdefault("work", f"lease = 2\n{EAGER}")
        text = config_text(simulator.api, simulator.key, home, smtp, http, store_url=url, **more)
        super().__init__(home, text, smtp, http)
        self.role = role
        self.environment = {"GATEWAY_NAME": name}
        self.command += ["--role", role]
        self.url = url

    @property
    def port(self) -> int:
        return self.http_port if self.role == "worker" else self.smtp_port

    def start(self, wait: float = PATIENCE) -> Replica:
        super().start(wait)
        return self

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def await_log(self, words: str) -> None:
        until(lambda: words in self.log.read_text(errors="replace"), tell=self.tail)


def counts(simulator: Simulator) -> dict[str, Any]:
    """Titles of the tickets with how often each is there."""
    titles: dict[str, Any] = {}
    for ticket in list(simulator.desk.tickets.values()):
        titles[ticket["title"]] = titles.get(ticket["title"], 0) + 1
    return titles


HANGS = {"kind": "create_ticket", "do": "hang", "seconds": 300, "times": 1}
PATIENT = "timeout = 300\nsettle = 6\nrate = 0"
"""A desk whose answer is waited for longer than a slow machine takes to start another process."""


def await_creates(desk: Simulator) -> None:
    """Until the desk was asked to create a ticket."""
    until(lambda: any(call.method == "POST" and call.path.endswith("/tickets") for call in list(desk.desk.calls)))
