"""One seeded run: mails with replies and files arrive while the gateway is killed and the desk lies."""

from __future__ import annotations

import os
import random
import smtplib
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from gateway.desk.simulator import Faults, Seed, Simulator
from tests.crash.judge import Sent, verdict
from tests.harness import GatewayProcess, config_text, free_port, mail

TIMEOUT = 0.75
SETTLE = 3.0  # as 30 s to 120 s
LATE = 1.0  # as 40 s

DESK_FAULTS = [
    {"kind": "write", "do": "drop", "p": 0.05},
    {"kind": "write", "do": "answer", "status": 500, "commit": True, "p": 0.03},
    {"kind": "write", "do": "answer", "status": 503, "body": "html", "commit": True, "p": 0.03},
    {"kind": "write", "do": "answer", "status": 500, "commit": False, "p": 0.02},
    {"kind": "write", "do": "slow", "seconds": LATE, "p": 0.04},
    {"kind": "write", "do": "refuse", "p": 0.02},
    {"kind": "readback", "do": "answer", "status": 500, "p": 0.1},
    {"kind": "any", "do": "limit", "seconds": 1, "p": 0.01},
]


def run(
    folder: Path,
    *,
    mails: int = 200,
    seed: int = 1,
    kills: int = 6,
    sabotage: str = "",
    faults: list[dict[str, object]] | None = None,
    store_url: str = "",
    wait: float = 120,
) -> list[str]:
    """Send, kill, restart, drain, judge. Returns the faults found."""
    rng = random.Random(seed)
    threads = max(1, mails // 4)
    rules = DESK_FAULTS if faults is None else faults
    with Simulator(Seed(rate_limit={"mode": "off"}), Faults(rules, seed=seed)) as simulator:
        smtp, http = free_port(), free_port()
        more = {"desk": f"timeout = {TIMEOUT}\nsettle = {SETTLE}\nrate = 0", "store": "spool_over = 20000"}
        if store_url:
            more["store_url"] = store_url
            more["work"] = "lease = 5"  # only its own end frees a claim there: others may share the store
        text = config_text(simulator.api, simulator.key, folder, smtp, http, **more)
        gateway = GatewayProcess(folder, text, smtp, http)
        if sabotage:
            gateway.command = [
                sys.executable, "-m", "tests.crash.sabotage", sabotage, "serve", "--config", str(gateway.config)
            ]  # fmt: skip
        gateway.start()
        sent: list[Sent] = []
        try:
            stop = threading.Event()
            killer = threading.Thread(target=_kill, args=(gateway, random.Random(seed + 1), kills, stop))
            killer.start()
            with ThreadPoolExecutor(8) as pool:
                plans = [(f"thread-{n}", mails // threads, rng.random()) for n in range(threads)]
                for done in pool.map(lambda plan: _converse(gateway, *plan), plans):
                    sent += done
            stop.set()
            killer.join()
            sums = gateway.drained(wait)
        finally:
            gateway.kill()
        return verdict(simulator, sent, sums)


def _kill(gateway: GatewayProcess, rng: random.Random, kills: int, stop: threading.Event) -> None:
    """kill -9 at random points, then start again."""
    for _ in range(kills):
        if stop.wait(rng.uniform(0.3, 1.5)):
            return
        gateway.kill()
        time.sleep(rng.uniform(0, 0.2))
        gateway.start()


def _converse(gateway: GatewayProcess, name: str, count: int, draw: float) -> list[Sent]:
    """One conversation: a mail, then replies to it and to one another, some with files."""
    rng = random.Random(f"{name}{draw}")
    subject = f"Problem of {name}"
    sent: list[Sent] = []
    ids: list[str] = []
    files: list[bytes] = []
    for number in range(count):
        token = f"token-{name}-{number}"
        message_id = f"<{token}-{draw}@acme.example>"
        answered = rng.choice(ids) if ids else ""
        one = mail(
            subject if number == 0 else f"Re: {subject}",
            f"{token}\n\nIt does not work.",
            message_id=message_id,
            reply_to=answered,
            references=" ".join(ids) if ids else "",
        )
        digests = []
        for at in range(rng.choice((0, 0, 1, 2))):
            content = rng.choice(files) if files and rng.random() < 0.3 else os.urandom(rng.choice((10, 3000, 60_000)))
            files.append(content)
            digests.append(sha256(content).hexdigest())
            one.add_attachment(content, maintype="application", subtype="octet-stream", filename=f"f{at}.bin")
        _deliver(gateway, one.as_bytes())
        ids.append(message_id)
        sent.append(Sent(token, name, number, digests))
        time.sleep(rng.uniform(0, 0.02))
    return sent


def _deliver(gateway: GatewayProcess, raw: bytes, wait: float = 60) -> None:
    """As an MTA would: the same bytes again until there is a 250."""
    end = time.monotonic() + wait
    while True:
        try:
            gateway.send(raw, sender="alice@acme.example")
            return
        except (OSError, smtplib.SMTPException):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)

