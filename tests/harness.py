"""Real parts for tests: a simulated desk, a gateway process, and mail sent by a real client."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from gateway.simulator import Simulator
from gateway.store import imports
from gateway.store.engine import make_engine
from gateway.store.reading import looking
from gateway.store.stage import PENDING
from tests import commands, schema
from tests.commands import Forked
from tests.headers import POLICY
from tests.sizes import size
from tests.waiting import PATIENCE

BOX = "support@msp.example"
PYTHON = [sys.executable, "-m"]
BEFORE_PYTHON = {"LD_PRELOAD"}
ONE_PROCESS = "processes = 0"
FORM = size("", ONE_PROCESS)
"""Below [smtp]: the short form of the tests takes a gateway as it comes, the long one all in one process."""
EAGER = "nice = 0"
"""Below [work]: tests on a busy machine want a worker that does not go behind the others."""


PORTS = range(12_000, 32_000)
"""Below those from which the kernel takes one for whoever connects: between its choice and its use nobody gets it."""
_begin = os.getpid() * 997 % len(PORTS)  # processes of tests that run beside each other begin far from each other
_ports = itertools.cycle((*PORTS[_begin:], *PORTS[:_begin]))


def free_port() -> int:
    """One that nobody listens at, another one each time: a gateway is given two before it uses the first."""
    for port in _ports:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("never")


def config_text(api: str, key: str, folder: Path, smtp_port: int, http_port: int, **more: str) -> str:
    """gateway.toml for a test: a simulated desk, one mailbox. ``more``: section name to extra lines."""
    desk = more.get("desk", "timeout = 20\nsettle = 6\nrate = 0")
    smtp = more.get("smtp", "")
    form = "" if "processes =" in smtp else FORM
    return f"""
[desk]
url = "{api}"
api_key = "{key}"
{desk}

[smtp]
listen = "127.0.0.1:{smtp_port}"
hostname = "gateway.test"
{form}
{smtp}

[http]
listen = "127.0.0.1:{http_port}"

[store]
url = "{more.get("store_url", f"sqlite:///{folder}/gateway.db")}"
min_free = 0
{more.get("store", "")}

[work]
{more.get("work", EAGER)}

[guard]
{more.get("guard", "")}

{more.get("extra", "")}
[log]
level = "{more.get("log", "info")}"
format = "text"

[[mailbox]]
address = "{BOX}"
board = "Support"
status = "New"
priority = "Medium"
fallback_client = "Unknown Senders"
{more.get("mailbox", "")}
"""


class GatewayProcess:
    """``gateway serve`` as a process of its own: forked from one that is loaded, or, where something has to be there
    before Python is, started as an operator would."""

    def __init__(self, folder: Path, text: str, smtp: int, http: int, command: list[str] | None = None) -> None:
        self.folder = folder
        self.smtp_port = smtp
        self.http_port = http
        self.config = folder / "gateway.toml"
        self.config.write_text(text)
        self.config.chmod(0o600)  # it holds a key
        self.log = folder / "gateway.log"
        self.command = command or [sys.executable, "-m", "gateway", "serve", "--config", str(self.config)]
        self.environment: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | Forked | None = None
        self.url = next(
            line.split('"')[1] for line in text.splitlines() if line.startswith("url = ") and "http" not in line
        )
        self._engine: Engine | None = None

    def start(self, wait: float = PATIENCE) -> GatewayProcess:
        """Its store has the schema already. A busy machine takes its time to import what a process needs."""
        schema.put(self.url)
        self.launch()
        try:
            self.await_port(wait)
        except RuntimeError:
            self.kill()
            raise
        return self

    def launch(self) -> None:
        environment = {**os.environ, **self.environment}
        if self.command[:2] == PYTHON and not BEFORE_PYTHON & self.environment.keys():
            self.process = commands.start(self.command[2], self.command[3:], environment, self.log, self.log)
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=environment)

    @property
    def port(self) -> int:
        """The one that answers when the process has started."""
        return self.smtp_port

    def await_port(self, wait: float = PATIENCE) -> None:
        """Until mail can be sent, the pages answer and the worker works."""
        end = time.monotonic() + wait
        while time.monotonic() < end:
            if self.process and self.process.poll() is not None:
                raise RuntimeError(f"the gateway ended: {self.tail()}")
            if self.is_up():
                return
            time.sleep(0.01)
        raise RuntimeError(f"the gateway did not start: {self.tail()}")

    def is_up(self) -> bool:
        """Whether a peer is greeted, the pages answer and the worker, where it is a process of its own, works."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.5):
            return not json.loads(self.get("/readyz")[1]).get("worker")
        return False

    def processes(self) -> dict[str, int]:
        """Those that run, by name: the first is "gateway", then where it has several its listeners, the worker and the
        pages, and the parsers."""
        found: dict[str, int] = {}
        waiting = [self.process.pid] if self.process and self.process.poll() is None else []
        while waiting:
            number = waiting.pop()
            with contextlib.suppress(OSError):
                name = Path(f"/proc/{number}/comm").read_text().strip()
                name = "parser" if b"gateway.mail.child" in Path(f"/proc/{number}/cmdline").read_bytes() else name
                found["gateway" if not found else name if name not in found else f"{name}-{number}"] = number
                for task in Path(f"/proc/{number}/task").iterdir():
                    waiting += map(int, (task / "children").read_text().split())
        return found

    def kill(self) -> None:
        """And wait until all its processes have ended: those beneath it do so by themselves."""
        there = self.processes()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()
        while running := [number for number in there.values() if state_of(number) not in "ZX"]:
            for number in running:
                if state_of(number) == "T":  # one that stands still cannot end by itself
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(number, signal.SIGKILL)
            time.sleep(0.002)
        self._close()

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def stop(self, wait: float = PATIENCE) -> int:
        self._close()
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(wait)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A gateway command on this configuration."""
        return commands.run(*arguments, GATEWAY_CONFIG=str(self.config))

    def sums(self) -> dict[str, int]:
        done = self.run("sums", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def imported(self, answer: str, wait: float = PATIENCE) -> str:
        """The id of the mail with this 250, once it is in the store: a 250 says that it is in the arrivals."""
        self._row(answer, wait, lambda row: True)
        return answer.rsplit(" ", 1)[-1]

    def became(self, answer: str, wait: float = PATIENCE) -> dict[str, Any]:
        """What became of the mail with this 250: the delivery's row, once it is at its end."""
        return self._row(answer, wait, lambda row: row["stage"] not in PENDING)

    def _row(self, answer: str, wait: float, is_wanted: Callable[[Any], bool]) -> dict[str, Any]:
        delivery_id = answer.rsplit(" ", 1)[-1]
        end = time.monotonic() + wait
        while True:
            row = None
            with contextlib.suppress(OperationalError), self.engine().connect() as connection, looking():
                row = imports.row_of(connection, delivery_id)  # there may be no store yet
            if row is not None and is_wanted(row):
                return dict(row)
            if time.monotonic() > end:
                known = f"{row['stage']} ({row['detail']})" if row else "not in the store"
                raise AssertionError(f"still {known}:\n{self.tail()}")
            time.sleep(0.02)

    def engine(self) -> Engine:
        if self._engine is None:
            self._engine = make_engine(self.url)
        return self._engine

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def drained(self, wait: float = PATIENCE) -> dict[str, int]:
        """Wait until nothing is pending; the sums."""
        end, pause = time.monotonic() + wait, 0.05
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                _, page = self.get("/metrics")
                states = {
                    line.split('"')[1]: float(line.rsplit(" ", 1)[1])
                    for line in page.splitlines()
                    if line.startswith("gateway_deliveries{")
                }
                if states.get("accepted") and states.get("pending") == 0:
                    return {key: int(value) for key, value in states.items()}
            time.sleep(pause)
            pause = min(2 * pause, 0.8)  # the page costs the gateway more than a mail does
        raise AssertionError(f"still pending after {wait} s:\n{self.tail()}")

    def smtp(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.smtp_port, local_hostname="client.test", timeout=PATIENCE)

    def send(self, mail: EmailMessage | bytes, sender: str = "", to: str | list[str] = BOX) -> str:
        """Send one mail; the text of the 250."""
        raw = re.sub(rb"(?<!\r)\n", b"\r\n", mail if isinstance(mail, bytes) else mail.as_bytes())
        sender = sender or (str(mail["From"]).rpartition("<")[2].strip("<> ") if not isinstance(mail, bytes) else "")
        with self.smtp() as client:
            client.ehlo()
            client.mail(sender)
            for address in [to] if isinstance(to, str) else to:
                code, text = client.rcpt(address)
                if code != 250:
                    raise smtplib.SMTPRecipientsRefused({address: (code, text)})
            code, text = client.data(raw)
            if code != 250:
                raise smtplib.SMTPDataError(code, text)
            return text.decode()


def state_of(number: int) -> str:
    """The letter of a process's state, "X" for one that is gone."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


@contextlib.contextmanager
def gateway(folder: Path, simulator: Simulator, **more: str) -> Iterator[GatewayProcess]:
    """A running gateway on a simulated desk."""
    smtp, http = free_port(), free_port()
    text = config_text(simulator.api, simulator.key, folder, smtp, http, **more)
    process = GatewayProcess(folder, text, smtp, http).start()
    try:
        yield process
    finally:
        process.kill()


def mail(
    subject: str,
    text: str = "Hello",
    *,
    sender: str = "Ann Lee <ann@acme.example>",
    to: str = BOX,
    message_id: str = "",
    reply_to: str = "",
    references: str = "",
    **headers: Any,
) -> EmailMessage:
    """A plain mail as a person's client would send it."""
    message = EmailMessage(POLICY)
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = message_id or f"<{os.urandom(8).hex()}@acme.example>"
    if reply_to:
        message["In-Reply-To"] = reply_to
        message["References"] = references or reply_to
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message
