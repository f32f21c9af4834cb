"""Finding one mail among a million: the milliseconds of a search, on both databases.

``python -m benchmarks.find [ROWS]``. The searches are those that people make, and the worst that somebody could: words
that are in all mail, beginnings of many words, words of no mail, states with few mails, the fiftieth page. Beside the
time of the clock stands that of the processors, PostgreSQL's among it, which counts on a machine that is busy.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from benchmarks.processes import seconds_of
from gateway.match.tokens import joined
from gateway.model.ids import uuid7
from gateway.model.refusal import Refusal
from gateway.operate import finding, searching
from gateway.store import refusals
from gateway.store.engine import make_engine
from gateway.store.migrate import migrate
from tests.peers import Missing, Postgres

LARGE = 1_000_000
ROUNDS = 5
START = 1_790_000_000.0
EVERY = 10.0  # seconds between two mails
ENVELOPE = json.dumps({"mail_from": "x@y.example", "rcpt_to": "support@msp.example", "peer": "192.0.2.7"})
COLUMNS = (
    "seq", "id", "raw_id", "desk", "mailbox", "envelope", "message_id", "accepted_at", "sender", "sender_domain",
    "subject", "stage", "reason", "outcome", "due_at", "ticket_id", "plan", "trace",
)  # fmt: skip
SEARCHES = (
    "user77@client3.example", "user77", "printer", "printer backup", "support@msp.example", "4F2C1A1388",
    "nothing like it", "printer is:none", "from:client3 backup", "is:none", "reason:vacation", "yesterday printer",
    "is:comment", "today is:ticket", "from:user77@client3.example", "from:client399", "subject:printer",
    "from:client3 word77",
    # the worst
    "word", "word1 word2", "4f2", "a", "example", "msp example", "printer server backup", '"example user"',
    "support msp example client3 user77", "from:support", "subject:example", "subject:support printer",
    "from:nobody@nowhere.example printer", "printer is:held", "reason:bounce printer", "printer is:waiting",
    "word77 2026-10-01", "to:support word77", "is:refused", "is:refused mallory", "user77@client3.example is:none",
    "<4f2c@client3.example>", "1.2.3.4", "%", "_", '"', "*", "Störung", "印刷", "ticket:ticket-77",
)  # fmt: skip
PAGES = ("printer", "support@msp.example", "is:none")
PAGE = 50
REFUSED = 50_000


def rows(count: int) -> Iterator[tuple[tuple[Any, ...], str]]:
    """The columns of a delivery, and its words."""
    rng = random.Random(7)
    words = [f"word{number}" for number in range(20_000)]
    words += "printer server backup failed outlook vpn password invoice mail login".split() * 200
    for number in range(1, count + 1):
        at = START + number * EVERY
        domain = f"client{rng.randrange(400)}.example"
        sender = f"user{rng.randrange(5000)}@{domain}"
        subject = " ".join(rng.choice(words) for _ in range(6))
        message_id = f"{number:x}.{rng.randrange(1 << 40):x}@{domain}"
        posted = "comment" if number % 4 else "ticket"
        ended = ("DONE", "", posted) if number % 10 else ("SUPPRESSED", "vacation", "suppress")
        row = (
            number, uuid7(at), number, "default", "support@msp.example", ENVELOPE, message_id, at, sender, domain,
            subject, *ended, at, f"ticket-{number // 4}" if number % 10 else "", "p" * 300, "t" * 300,
        )  # fmt: skip
        yield row, joined([sender, subject, message_id, "support@msp.example", "192.0.2.7", f"4F2C1A{number:x}"], 150)


def fill(engine: Engine, count: int) -> None:
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        cursor: Any = raw.cursor()  # takes rows as they are made
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.execute("BEGIN")
        places = ",".join("?" * len(COLUMNS))
        insert = f"INSERT INTO delivery ({','.join(COLUMNS)}) VALUES ({places})"
        cursor.executemany(insert, (row for row, _ in rows(count)))
        cursor.executemany(
            "INSERT INTO heading (seq, words) VALUES (?, ?)", ((row[0], words) for row, words in rows(count))
        )
        cursor.execute("COMMIT")
        raw.close()
        return
    with engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        with driver.cursor() as cursor:
            with cursor.copy(f"COPY delivery ({','.join(COLUMNS)}) FROM STDIN") as copy:
                for row, _ in rows(count):
                    copy.write_row(row)
            with cursor.copy("COPY heading (seq, words) FROM STDIN") as copy:
                for row, words in rows(count):
                    copy.write_row((row[0], words))
        driver.commit()
        connection.execute(text("ANALYZE"))
        connection.commit()


def refuse(engine: Engine, now: float) -> None:
    """As many refusals as are kept."""
    with engine.begin() as connection:
        for at in range(0, REFUSED, 1000):
            some = (
                Refusal(
                    now - number, "mx", f"198.51.100.{number % 250}", "mx.acme.example", f"x{number}@acme.example",
                    f"nobody{number}@msp.example", 550, "no-mailbox", "There is no such mailbox here",
                    enhanced="5.1.1", session=f"{number:06x}", subject="The printer prints blank pages",
                )
                for number in range(REFUSED - at, REFUSED - at - 1000, -1)
            )  # fmt: skip
            refusals.add(connection, list(some))


def measure(engine: Engine, count: int) -> dict[str, tuple[float, float]]:
    """Median milliseconds of each search by the clock, and those of the processors, its reading and its rows
    included."""
    now = START + count * EVERY
    found = {}
    for typed in (*SEARCHES, *PAGES):
        times, used = [], []
        page = PAGE if typed in PAGES and typed in found else 1
        with engine.connect() as connection:
            spent = spending(connection)
            for _ in range(ROUNDS):
                search = searching.read(typed, now, UTC)
                for _ in range(1, page):
                    search = finding.further(search, finding.find(connection, search, now, UTC, 50))
                began, before = time.perf_counter(), spent()
                finding.find(connection, search, now, UTC, 50)
                times.append(time.perf_counter() - began)
                used.append(spent() - before)
        name = f"{typed}, page {page}" if page > 1 else typed
        found[name] = statistics.median(times) * 1e3, statistics.mean(used) * 1e3
    return found


def spending(connection: Connection) -> Callable[[], float]:
    """Seconds of the processors that this process, and the database's for it, have used."""
    if connection.dialect.name == "sqlite":
        return time.process_time
    pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return lambda: time.process_time() + seconds_of(pid)


def main(count: int = LARGE, show: Callable[[str], None] = print) -> None:
    with tempfile.TemporaryDirectory() as folder:
        report(make_engine(f"sqlite:///{Path(folder)}/found.db"), count, show)
    try:
        server = Postgres()
    except Missing as missing:
        show(f"PostgreSQL   not measured: {missing}")
        return
    try:
        report(make_engine(server.database("found")), count, show)
    finally:
        server.stop()


def report(engine: Engine, count: int, show: Callable[[str], None]) -> None:
    migrate(engine)
    fill(engine, count)
    refuse(engine, START + count * EVERY)
    for typed, (milliseconds, used) in measure(engine, count).items():
        show(f"{engine.dialect.name:12} {count:,} mails  {typed:36} {milliseconds:8.1f} ms, {used:6.1f} used")
    engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE)
