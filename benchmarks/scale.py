"""Growing: replicas on one PostgreSQL, recovery with a long queue, and a soak.

``python -m benchmarks.scale [accept drain wake budget recovery soak …]``: all but the soak by default. The desk is
a simulator in a process of its own; everything shares the cores of this machine, so each line says how much
of them was used.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import smtplib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, text

from benchmarks.drain import NO_GUARD, cpu, post
from benchmarks.processes import TICK, memory
from gateway.model.envelope import Envelope
from gateway.model.ids import uuid7
from gateway.store import deliveries, mapping, notify
from gateway.store.deliveries import NewDelivery
from gateway.store.engine import make_engine
from gateway.store.migrate import migrate
from tests.harness import BOX, ONE_PROCESS, GatewayProcess, config_text, free_port, mail
from tests.peers import Postgres

CORES = os.cpu_count() or 1
NO_LIMITS = """
[smtp.limits]
mails_per_sender = 0
mails_per_sender_domain = 0
"""


class Desk:
    """The simulator as a process. ``latency``: seconds that every answer takes."""

    def __init__(self, limit: dict[str, object] | None = None, latency: float = 0.0) -> None:
        self.folder = tempfile.TemporaryDirectory()
        seed = Path(self.folder.name) / "seed.json"
        seed.write_text(json.dumps({"rate_limit": limit or {"mode": "off"}}))
        command = [sys.executable, "-m", "gateway.simulator", "--listen", "127.0.0.1:0", "--quiet"]
        self.process = subprocess.Popen([*command, "--seed-file", str(seed)], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = self.process.stdout.readline().split()[-1]
        if latency:
            post(f"{self.url}/_sim/faults", [{"kind": "any", "do": "slow", "seconds": latency}])

    def ask(self, what: str) -> dict[str, int]:
        with urllib.request.urlopen(f"{self.url}/_sim/{what}") as answer:
            return dict(json.loads(answer.read()))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


class Replica(GatewayProcess):
    """``gateway serve`` with a role."""

    def __init__(self, folder: Path, simulator: Desk, url: str, role: str = "all", **more: str) -> None:
        home = folder / f"{role}-{os.urandom(3).hex()}"
        home.mkdir()
        smtp, http = free_port(), free_port()
        more = {"desk": "rate = 0", "guard": NO_GUARD, "work": "", "store": f'spool = "{folder}/spool"', **more}
        config = config_text(f"{simulator.url}/api/v1", "demo-desk-key", home, smtp, http, store_url=url, **more)
        super().__init__(home, config.replace("[http]", NO_LIMITS + "\n[http]"), smtp, http)
        self.command += ["--role", role]
        self.url = url
        self.role = role

    @property
    def port(self) -> int:
        return self.http_port if self.role == "worker" else self.smtp_port

    def start(self, wait: float = 120) -> GatewayProcess:
        return super().start(wait)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def await_desk(self) -> None:
        """Until the worker knows its desk."""
        while not json.loads(self.get("/readyz")[1])["desks"]["default"]["up"]:
            time.sleep(0.05)

    def ended(self) -> float:
        """How many deliveries this process brought to an end."""
        _, page = self.get("/metrics")
        return sum(
            float(line.rsplit(" ", 1)[1])
            for line in page.splitlines()
            if line.startswith("gateway_deliveries_ended_total{")
        )


def busy() -> float:
    """CPU seconds of the whole machine."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    return (sum(map(int, fields)) - int(fields[3]) - int(fields[4])) / TICK


def fill(url: str, mails: int, sender: str = "alice@acme.example", batch: int = 500) -> None:
    """Accept mails straight into the store, without a word to the workers."""
    engine = make_engine(url)
    migrate(engine)
    now = time.time()

    def accept(connection: Connection, number: int) -> None:
        message = mail(f"Mail {number}", "It does not work.\n" * 20, sender=sender)
        raw = message.as_bytes().replace(b"\n", b"\r\n")
        message_id = str(message["Message-ID"]).strip("<>")
        new = NewDelivery(
            id=uuid7(now),
            desk="default",
            mailbox=BOX,
            envelope=Envelope(sender, BOX, peer="192.0.2.1", time=now),
            message_id=message_id,
            mention_keys=(mapping.key("default", message_id),),
            dedupe_key=sha256(raw).digest(),
            remember_until=now + 3600,
        )
        deliveries.accept(connection, [new], raw, None, len(raw), sha256(raw).digest())

    with engine.connect() as connection:
        for start in range(0, mails, batch):
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.begin()
                connection.info[notify.NOTIFIED] = True
            for number in range(start, min(mails, start + batch)):
                accept(connection, number)
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("COMMIT")
            else:
                connection.commit()
    engine.dispose()


def pending(url: str) -> int:
    engine = make_engine(url)
    with engine.connect() as connection:
        query = "SELECT count(*) FROM delivery WHERE stage IN ('ACCEPTED', 'PLANNED')"
        found = int(connection.execute(text(query)).scalar_one())
    engine.dispose()
    return found


@contextlib.contextmanager
def cluster() -> Iterator[tuple[Postgres, Path]]:
    postgres = Postgres(durable=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-scale-"))
    try:
        yield postgres, folder
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


# -- accepting ------------------------------------------------------------------------------------


def accepting(postgres: Postgres, folder: Path, show: Callable[[str], None], mails: int = 2000) -> None:
    """Accepts with 1, 2 and 3 listeners; the mails are shared between them."""
    desk = Desk()
    try:
        rates: dict[int, list[float]] = {1: [], 2: [], 3: []}
        used: dict[int, list[float]] = {1: [], 2: [], 3: []}
        replicas = [Replica(folder, desk, postgres.database("accept"), "smtp", log="warning")]
        replicas[0].start()
        replicas += [Replica(folder, desk, replicas[0].url, "smtp", log="warning") for _ in range(2)]
        for replica in replicas[1:]:
            replica.start()
        for _ in range(3):
            for count in rates:
                began, before = time.monotonic(), busy()
                sources = [
                    subprocess.Popen(
                        f"smtp-source -s 20 -d -m {mails // count} -l 4096 -f ann{os.urandom(4).hex()}@acme.example "
                        f"-t {BOX} 127.0.0.1:{replica.smtp_port}".split(),
                        stdout=subprocess.DEVNULL,
                    )
                    for replica in replicas[:count]
                ]
                for source in sources:
                    assert source.wait(300) == 0
                seconds = time.monotonic() - began
                rates[count].append(mails / seconds)
                used[count].append((busy() - before) / seconds / CORES)
        for count in rates:
            show(
                f"accept, {count} listeners   {statistics.median(rates[count]):7.0f} mails/s, "
                f"{statistics.median(used[count]):.0%} of {CORES} cores (with senders and database)"
            )
        size = make_engine(replicas[0].url)
        with size.connect() as connection:
            bytes_ = int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
            kept = int(connection.execute(text("SELECT count(*) FROM delivery")).scalar_one())
        size.dispose()
        show(f"database            {bytes_ / kept / 1000:7.1f} kB for each pending mail of 4 kB ({kept} mails)")
        for replica in replicas:
            replica.kill()
    finally:
        desk.stop()


# -- draining -------------------------------------------------------------------------------------


def draining(postgres: Postgres, folder: Path, show: Callable[[str], None], mails: int = 60) -> None:
    """Drain with 1, 2 and 4 workers of 2 places each, every call takes 200 ms: at most 10 mails a second and
    worker, so that the cores of this machine suffice for four."""
    first = 0.0
    for workers in (1, 2, 4):
        url = postgres.database(f"drain{workers}")
        desk = Desk(latency=0.2)
        total = mails * workers
        work = "concurrency = 2"
        replicas = [Replica(folder, desk, url, "worker", work=work, log="warning") for _ in range(workers)]
        try:
            for replica in replicas:
                replica.start()
            for replica in replicas:
                replica.await_desk()
            fill(url, total)
            while pending(url) > total * 0.8 or min(replica.ended() for replica in replicas) < 1:
                time.sleep(0.05)
            left, began, before = pending(url), time.monotonic(), busy()
            while pending(url):
                time.sleep(0.05)
            seconds = time.monotonic() - began
            rate = left / seconds
            first = first or rate
            shares = [replica.ended() for replica in replicas]
            show(
                f"drain, {workers} workers    {rate:7.1f} mails/s, {rate / first:.2f} of one, "
                f"{(busy() - before) / seconds / CORES:.0%} of {CORES} cores, "
                f"share of each {min(shares) / sum(shares):.0%} to {max(shares) / sum(shares):.0%}"
            )
        finally:
            for replica in replicas:
                replica.kill()
            desk.stop()


def waking(postgres: Postgres, folder: Path, show: Callable[[str], None], mails: int = 20) -> None:
    """From accept to plan, when the worker is told of new mail and when the word is lost."""
    desk = Desk()
    url = postgres.database("wake")
    edge, worker = Replica(folder, desk, url, "smtp"), Replica(folder, desk, url, "worker")
    engine = make_engine(url)
    try:
        edge.start()
        worker.start()
        while "listening" not in worker.log.read_text():
            time.sleep(0.05)

        def measure(send: Callable[[int], object], count: int) -> list[float]:
            with engine.begin() as connection:
                since = int(connection.execute(text("SELECT coalesce(max(id), 0) FROM event")).scalar_one())
            for number in range(count):
                send(number)
                time.sleep(0.15)
            while pending(url):
                time.sleep(0.1)
            query = (
                "SELECT min(e.at) - d.accepted_at FROM event e JOIN delivery d ON d.id = e.delivery_id"
                " WHERE e.id > :since GROUP BY d.id, d.accepted_at"
            )
            with engine.begin() as connection:
                return [float(row[0]) for row in connection.execute(text(query), {"since": since})]

        edge.send(mail("First"))
        told = measure(lambda number: edge.send(mail(f"Told {number}")), mails)

        def untold(number: int) -> None:
            fill(url, 1)
            time.sleep(1 + number / mails)

        lost = measure(untold, mails // 2)
        for name, values in (("told", told), ("word lost", lost)):
            median, worst = statistics.median(values), max(values)
            show(f"accept to plan, {name:10} median {median * 1000:6.0f} ms, worst {worst * 1000:6.0f} ms")
    finally:
        engine.dispose()
        edge.kill()
        worker.kill()
        desk.stop()


def budgeting(postgres: Postgres, folder: Path, show: Callable[[str], None], mails: int = 120) -> None:
    """Three workers on one budget: what the desk counted against what it allows."""
    rate, burst = 240, 30
    url = postgres.database("budget")
    desk = Desk({"mode": "enforce", "burst": burst, "per_minute": rate})
    settings = f"rate = {rate}\nburst = {burst}\ntimeout = 10"
    replicas = [Replica(folder, desk, url, "worker", desk=settings, log="warning") for _ in range(3)]
    try:
        began = time.monotonic()
        for replica in replicas:
            replica.start()
        for replica in replicas:
            replica.await_desk()
        fill(url, mails)
        while pending(url):
            time.sleep(0.1)
        seconds = time.monotonic() - began
        sums = desk.ask("sums")
        allowed = burst + seconds * rate / 60
        shares = [replica.ended() for replica in replicas]
        show(
            f"budget, 3 workers   {json.dumps(sums.get('counted'))} counted calls of {allowed:.0f} allowed in "
            f"{seconds:.0f} s, refused by the desk: {json.dumps(sums.get('limited'))}, share of each "
            f"{min(shares) / sum(shares):.0%} to {max(shares) / sum(shares):.0%}"
        )
    finally:
        for replica in replicas:
            replica.kill()
        desk.stop()


# -- recovery -------------------------------------------------------------------------------------


def recovering(postgres: Postgres, folder: Path, show: Callable[[str], None], mails: int = 100_000) -> None:
    """kill -9 with a long queue, then start: when the port answers and when the desk gets the next mail."""
    for name, url in (("SQLite", f"sqlite:///{folder}/recovery.db"), ("PostgreSQL", postgres.database("recovery"))):
        began = time.monotonic()
        fill(url, mails)
        filled = time.monotonic() - began
        desk = Desk()
        replica = Replica(folder, desk, url)
        try:
            replica.start(wait=120)
            while desk.ask("sums")["tickets"] < 50:
                time.sleep(0.05)
            replica.kill()
            before = desk.ask("sums")["tickets"]
            began = time.monotonic()
            replica.start(wait=120)
            port = time.monotonic() - began
            while desk.ask("sums")["tickets"] <= before:
                time.sleep(0.02)
            first = time.monotonic() - began
            time.sleep(5)
            rate = (desk.ask("sums")["tickets"] - before) / (time.monotonic() - began - first)
            show(
                f"recovery, {name:10} port answers after {port:.2f} s, next ticket after {first:.2f} s, then "
                f"{rate:.0f} mails/s, with {mails} pending (filled in {filled:.0f} s)"
            )
        finally:
            replica.kill()
            desk.stop()


# -- soak -----------------------------------------------------------------------------------------


def soak(show: Callable[[str], None], minutes: float = 20, rate: float = 20) -> None:
    """A steady stream for a while: memory, files and the write-ahead log, first and last quarter and slope; of a
    gateway that is one process, all of which is looked at."""
    desk = Desk()
    folder = Path(tempfile.mkdtemp(prefix="bench-soak-"))
    replica = Replica(folder, desk, f"sqlite:///{folder}/gateway.db", log="warning", smtp=ONE_PROCESS)
    stop = threading.Event()
    sent = [0]

    def send() -> None:
        client = smtplib.SMTP("127.0.0.1", replica.smtp_port)
        began = time.monotonic()
        while not stop.is_set():
            number = sent[0]
            text_ = mail(f"Mail {number}", "It does not work.\n" * 20, sender="alice@acme.example").as_bytes()
            client.sendmail("alice@acme.example", [BOX], text_.replace(b"\n", b"\r\n"))
            sent[0] += 1
            if sent[0] % 100 == 0:  # peers come and go
                client.quit()
                client = smtplib.SMTP("127.0.0.1", replica.smtp_port)
            stop.wait(max(0.0, began + sent[0] / rate - time.monotonic()))
        client.quit()

    samples: list[tuple[float, ...]] = []
    try:
        replica.start()
        sender = threading.Thread(target=send)
        sender.start()
        end = time.monotonic() + minutes * 60
        start_cpu, began = cpu(replica), time.monotonic()
        while time.monotonic() < end:
            time.sleep(5)
            wal = folder / "gateway.db-wal"
            samples.append(
                (
                    time.monotonic() - began,
                    memory(replica.pid, "RssAnon") / 1e6,
                    len(list(Path(f"/proc/{replica.pid}/fd").iterdir())),
                    wal.stat().st_size / 1e6 if wal.exists() else 0.0,
                    (folder / "gateway.db").stat().st_size / 1e6,
                    memory(replica.pid, "RssFile") / 1e6,
                )
            )
        seconds = time.monotonic() - began
        spent = sum(cpu(replica)) - sum(start_cpu)
        stop.set()
        sender.join(10)
        left = pending(replica.url)
    finally:
        stop.set()
        replica.kill()
        desk.stop()
        shutil.rmtree(folder, ignore_errors=True)
    samples = samples[len(samples) // 10 :]  # caches fill first
    show(f"soak                {sent[0]} mails in {seconds / 60:.0f} minutes, {left} pending at the end")
    show(f"soak, CPU           {spent / seconds:.0%} of a core, {1000 * spent / sent[0]:.1f} ms a mail with its parser")
    measured = ("memory", "MB"), ("open files", ""), ("WAL", "MB"), ("database", "MB"), ("mapped files", "MB")
    for place, (name, unit) in enumerate(measured, 1):
        values = [sample[place] for sample in samples]
        quarter = max(1, len(values) // 4)
        early, late = statistics.median(values[:quarter]), statistics.median(values[-quarter:])
        slope = statistics.linear_regression([sample[0] / 3600 for sample in samples], values).slope
        show(f"soak, {name:13} {early:.1f} {unit} early, {late:.1f} late, slope {slope:+.1f} {unit} an hour")
    show(f"soak, database      {1000 * (samples[-1][3] + samples[-1][4]) / sent[0]:.1f} kB a mail")


PARTS: dict[str, Callable[[Postgres, Path, Callable[[str], None]], None]] = {
    "accept": accepting,
    "drain": draining,
    "wake": waking,
    "budget": budgeting,
    "recovery": recovering,
}


def main(parts: list[str], show: Callable[[str], None] = print, minutes: float = 20) -> None:
    with cluster() as (postgres, folder):
        for name in parts or PARTS:
            if name in PARTS:
                PARTS[name](postgres, folder, show)
    if "soak" in parts:
        soak(show, minutes)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("parts", nargs="*", choices=[*PARTS, "soak", []])
    options.add_argument("--minutes", type=float, default=20)
    chosen = options.parse_args()
    main(chosen.parts, lambda line: print(line, flush=True), chosen.minutes)
