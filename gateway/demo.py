"""``gateway demo``: a simulated desk, the gateway as a process, and a dozen mails over SMTP.

Prints one line a mail (what came in, what it became, why) and the sums. The exit code is not 0 when
anything is not as it should be.
"""

from __future__ import annotations

import contextlib
import json
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, RowMapping

from gateway.model.quantity import counted
from gateway.simulator import Seed, Simulator
from gateway.simulator.state import LOUD
from gateway.store import imports
from gateway.store.counts import sums
from gateway.store.engine import make_engine
from gateway.store.stage import PENDING

BOX = "support@msp.example"
PATIENCE = 50.0
LARGE = 15 * 1024 * 1024  # bytes of a file that makes a mail of 20 MB
FIRST_ID = "<first.1@acme.example>"

CONFIG = """
[desk]
url = "{api}"
api_key = "{key}"

[smtp]
listen = "127.0.0.1:{smtp}"
hostname = "gateway.demo"

[http]
listen = "127.0.0.1:{http}"

[console]
listen = "127.0.0.1:{console}"

[store]
url = "sqlite:///{folder}/gateway.db"
min_free = 0

[log]
level = "warning"
format = "text"

[[mailbox]]
address = "{box}"
board = "Support"
status = "New"
priority = "Medium"
fallback_client = "Unknown Senders"
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One mail of the demo: ``becomes`` is the stage and reason, or the SMTP code of a refusal."""

    name: str
    becomes: str
    mail: Callable[[], bytes]
    sender: str = "alice@acme.example"
    to: str = BOX


def _mail(subject: str, text: str, sender: str = "Alice Archer <alice@acme.example>", **headers: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = sender, f"Support <{BOX}>", subject
    message["Date"] = "Sun, 22 Nov 2026 08:30:00 +0100"
    for name, value in {"Message-ID": f"<{zlib.crc32(subject.encode())}@acme.example>", **headers}.items():
        if name in message:
            del message[name]
        message[name] = value
    message.set_content(text)
    return message


def _new() -> bytes:
    message = _mail(
        "The printer on floor 2 prints blank pages",
        "Hello,\n\nsince this morning every page comes out blank. A photo and the log are attached.\n\nAlice",
        **{"Message-ID": FIRST_ID},
    )
    message.add_attachment(_picture(40), maintype="image", subtype="png", filename="blank page.png")
    message.add_attachment("09:01 drum 0%\n09:02 page 1 ok\n", filename="printer.log")
    return message.as_bytes()


def _reply() -> bytes:
    text = (
        "It works again after a restart, but the log still complains.\n\nAlice\n\n"
        "On Sun, 22 Nov 2026 at 09:00, Support <support@msp.example> wrote:\n"
        "> Have you tried to turn it off and on again?\n>\n> Support\n"
    )
    message = _mail(
        "Re: The printer on floor 2 prints blank pages",
        text,
        **{"Message-ID": "<reply.1@acme.example>", "In-Reply-To": FIRST_ID, "References": FIRST_ID},
    )
    message.add_attachment("09:01 drum 0%\n09:02 page 1 ok\n", filename="printer.log")
    return message.as_bytes()


def _forward() -> bytes:
    text = (
        "Is this about our backup?\n\n---------- Forwarded message ---------\n"
        "From: Veeam Backup <backup@vendor.example>\nDate: Sun, 22 Nov 2026 at 03:12\n"
        "Subject: [Failed] Backup job nightly (3 objects)\nTo: Bob Baker <bob@acme.example>\n\n"
        "Job nightly finished with status Failed.\nObjects: 3, failed: 1 (SRV-FILE01).\n"
    )
    return _mail("Fwd: [Failed] Backup job nightly (3 objects)", text, "Bob Baker <bob@acme.example>").as_bytes()


def _html() -> bytes:
    message = _mail("Screenshot of the error", "See the picture.", "Gil Glover <gil@globex.example>")
    message.add_alternative(
        "<html><body><p>When I click <b>Save</b> I get this:</p><p><img src='cid:shot@globex'></p>"
        "<table border=1><tr><th>Version</th><th>Result</th></tr><tr><td>4.1</td><td>works</td></tr>"
        "<tr><td>4.2</td><td>fails</td></tr></table></body></html>",
        subtype="html",
    )
    html = message.get_payload()[1]  # type: ignore[index]
    html.add_related(_picture(60), "image", "png", cid="<shot@globex>", filename="shot.png")  # type: ignore[union-attr]
    return message.as_bytes()


def _charset() -> bytes:
    return (
        b"From: J\xfcrgen M\xfcller <juergen@initech.example>\r\nTo: support@msp.example\r\n"
        b"Subject: =?iso-8859-1?Q?St=F6rung_im_B=FCro?=\r\nMessage-ID: <8bit@initech.example>\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        b"Gr\xfc\xdfe aus dem B\xfcro \x96 hier geht nichts mehr. Preis: 20 \x80\r\n"
    )


def _vacation() -> bytes:
    headers = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"}
    return _mail("Automatic reply: out of office", "I am back on Monday.", **headers).as_bytes()


def _twice() -> bytes:
    return _mail("VPN drops every hour", "Every hour, on the hour.", "Ina Initech <ina@initech.example>").as_bytes()


def _stranger() -> bytes:
    headers = {"Message-ID": "<evil@stranger.example>", "In-Reply-To": FIRST_ID}
    return _mail(
        "Re: The printer on floor 2 prints blank pages",
        "Please send the admin password to me.",
        "Mallory <mallory@stranger.example>",
        **headers,
    ).as_bytes()


def _number() -> bytes:
    return _mail("12345", "12345").as_bytes()


def _large() -> bytes:
    message = _mail("The video of the fault", "20 MB, sorry.", "Bob Baker <bob@acme.example>")
    message.add_attachment(_large_file(), maintype="video", subtype="mp4", filename="fault.mp4")
    return message.as_bytes()


def _large_file() -> bytes:
    return sha256(b"demo").digest() * (LARGE // 32)


def _picture(side: int) -> bytes:
    """A small PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    rows = b"".join(b"\0" + b"".join(bytes((x * 4, y * 4, 160)) for x in range(side)) for y in range(side))
    size = side.to_bytes(4, "big")
    header = chunk(b"IHDR", size + size + b"\x08\x02\x00\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


CASES = (
    Case("a new mail with two attachments", "DONE ticket", _new),
    Case("a reply to it, one file again", "DONE comment", _reply),
    Case("a forwarded vendor notice", "DONE ticket", _forward, "bob@acme.example"),
    Case("an HTML mail with an inline picture", "DONE ticket", _html, "gil@globex.example"),
    Case("a broken charset", "DONE ticket", _charset, "juergen@initech.example"),
    Case("a vacation reply", "SUPPRESSED vacation", _vacation, ""),
    Case("a mail", "DONE ticket", _twice, "ina@initech.example"),
    Case("the same mail again", "redelivered", _twice, "ina@initech.example"),
    Case(
        "a stranger replies into the first ticket",
        "QUARANTINED unverified-sender",
        _stranger,
        "mallory@stranger.example",
    ),
    Case("a body that is a number", "DONE ticket", _number),
    Case("a mail to an unknown address", "550", _number, to="nobody@msp.example"),
    Case("a mail of 20 MB", "DONE ticket", _large, "bob@acme.example"),
)


def run(keep: bool = False) -> int:
    """Run the demo; the exit code. ``keep`` leaves the gateway and the desk up until Ctrl-C, to look at their pages."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: nothing of it stays behind
    with tempfile.TemporaryDirectory(prefix="gateway-demo-") as name, Simulator(Seed()) as simulator:
        folder = Path(name)
        ports = _free_port(), _free_port(), _free_port()
        config = folder / "gateway.toml"
        config.write_text(
            CONFIG.format(
                api=simulator.api,
                key=simulator.key,
                smtp=ports[0],
                http=ports[1],
                console=ports[2],
                folder=folder,
                box=BOX,
            )
        )
        print(f"desk {simulator.url}/_sim/tickets, gateway on 127.0.0.1:{ports[0]}\n")
        with _gateway(config, ports[1]):
            faults = _deliver_all(ports[0], folder, simulator)
            for fault in faults:
                print(f"NOT AS IT SHOULD BE: {fault}")
            print("\nall as it should be" if not faults else "", flush=True)
            if keep:
                _stay(config, simulator)
    return 1 if faults else 0


def _stay(config: Path, simulator: Simulator) -> None:
    """Until Ctrl-C, with the ways in."""
    print(f"the desk: {simulator.url}/_sim/tickets\nthe console (Ctrl-C ends):", flush=True)
    subprocess.run([sys.executable, "-m", "gateway", "console", "--config", str(config)], check=False)  # noqa: S603
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _gateway(config: Path, port: int) -> Iterator[None]:
    """Running, with its store: a listener answers before the worker has made that. ``port`` is the pages'."""
    process = subprocess.Popen([sys.executable, "-m", "gateway", "serve", "--config", str(config)])  # noqa: S603
    try:
        end = time.monotonic() + PATIENCE
        while not _works(port):
            if time.monotonic() > end or process.poll() is not None:
                raise RuntimeError("the gateway did not start")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _works(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            return not json.loads(answer.read()).get("worker")
    except OSError:
        return False


def _deliver_all(port: int, folder: Path, simulator: Simulator) -> list[str]:
    """Send every case, wait for its end, print its line. Returns what is not as it should be."""
    engine = make_engine(f"sqlite:///{folder}/gateway.db")
    faults = []
    seen: set[str] = set()
    for case in CASES:
        answer = _send(port, case)
        code, _, kept = answer.partition(" ")
        delivery_id = kept.rsplit(" ", 1)[-1]
        if code != "250":
            became, why = code, kept
        elif (row := _await_end(engine, delivery_id)) is None:
            became, why = "pending", delivery_id
        elif row["id"] in seen:
            became, why = "redelivered", f"already kept as {row['id']}"
        else:
            seen.add(row["id"])
            became, why = _outcome(row, simulator)
        good = became == case.becomes
        print(f"{'ok ' if good else 'BAD'} {case.name:42} -> {became:32} {why}")
        if not good:
            faults.append(f"{case.name}: {became} instead of {case.becomes}")
    engine.dispose()
    return faults + _check(simulator, folder, seen)


def _send(port: int, case: Case) -> str:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.demo", timeout=30) as client:
        client.ehlo()
        client.mail(case.sender)
        code, text = client.rcpt(case.to)
        if code == 250:
            code, text = client.data(case.mail())
    return f"{code} {text.decode()}"


def _await_end(engine: Engine, delivery_id: str) -> RowMapping | None:
    """The delivery, or the one that a redelivery leads to, at its end; None when that takes too long."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with engine.connect() as connection:
            row = imports.row_of(connection, delivery_id)
        if row is not None and row["stage"] not in PENDING:
            return row
        time.sleep(0.02)
    return None


def _outcome(row: Any, simulator: Simulator) -> tuple[str, str]:
    """What a delivery became, and why in one sentence."""
    trace = json.loads(row["trace"]) if row["trace"] else {}
    if row["stage"] != "DONE":
        return f"{row['stage']} {row['reason']}", row["detail"]
    ticket = simulator.desk.tickets[row["ticket_id"]]
    steps = [step for step in trace["steps"] if step["rule"] in ("sender", "requester")]
    why = f"{steps[-1]['found']}, {steps[-1]['result']}" if steps else ""
    return f"DONE {trace['outcome']}", f"{ticket['ticket_number']}: {why}"


def _check(simulator: Simulator, folder: Path, kept: set[str]) -> list[str]:
    """The sums, and what the desk has."""
    desk = simulator.desk
    engine = make_engine(f"sqlite:///{folder}/gateway.db")
    with engine.connect() as connection:
        found = sums(connection)
    engine.dispose()
    print(
        f"\naccepted {found.accepted} = done {found.done} + suppressed {found.suppressed} + quarantined "
        f"{found.quarantined} + pending {found.pending}; redelivered {found.redelivered}"
    )
    comments = counted(sum(map(len, desk.comments.values())), "comment")
    files = counted(sum(map(len, desk.documents.values())), "document")
    calls = counted(desk.counted(), "counted call")
    print(f"the desk has {counted(len(desk.tickets), 'ticket')}, {comments}, {files}, after {calls}")
    faults = []
    if found.accepted != found.done + found.suppressed + found.quarantined or found.accepted != len(kept):
        faults.append("the sums do not agree")
    documents = [desk.file_of(content) for ones in desk.documents.values() for content in ones]
    if _large_file() not in documents:
        faults.append("the file of 20 MB is not at the desk byte for byte")
    if len(documents) != 4:
        faults.append(f"{len(documents)} documents instead of 4")
    faults += [f"the desk refused {call.method} {call.path}: {call.status}" for call in desk.refusals]
    faults += [f"the desk would have mailed {mail.to}: {mail.why}" for mail in desk.mails if mail.why in LOUD]
    return faults
