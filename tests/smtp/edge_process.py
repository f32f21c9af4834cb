"""The edge and its arrivals in a process of its own: ``python -m tests.smtp.edge_process PORT FOLDER SETTINGS``."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from tests import commands
from tests.harness import free_port
from tests.waiting import PATIENCE


async def serve(port: int, folder: Path, settings: dict[str, Any]) -> None:
    from gateway.config.mailbox import MailboxSettings
    from gateway.config.settings import StoreSettings
    from gateway.config.smtp import SmtpSettings
    from gateway.intake.arrivals import Arrivals, ArrivalsAcceptor
    from gateway.intake.mailboxes import Mailboxes
    from gateway.smtp.server import Listener

    acceptor = ArrivalsAcceptor(Arrivals(folder / "arrivals"), StoreSettings(min_free=0))
    smtp = SmtpSettings.model_validate({"listen": f"127.0.0.1:{port}", "hostname": "gw.test", **settings})
    listener = Listener(acceptor, smtp, Mailboxes((MailboxSettings(address="support@msp.example"),)))
    await listener.start()
    await asyncio.Event().wait()


class EdgeProcess:
    """Started at once; ``stop`` when done."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.port = free_port()
        self.folder = folder
        self.log = folder / "edge.log"
        arguments = [str(self.port), str(folder), json.dumps(settings)]
        self.process = commands.start("tests.smtp.edge_process", arguments, os.environ, self.log, self.log)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    self.stop()
                    raise
                time.sleep(0.05)

    def status(self, name: str) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        return 0

    @property
    def megabytes(self) -> float:
        return self.status("VmRSS") / 1024

    @property
    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()


if __name__ == "__main__":
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])))
