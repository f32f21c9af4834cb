"""Finding one mail among a million: the milliseconds of a search, on both databases.

``python -m benchmarks.find [ROWS]``. The searches are those that people make; a rare word and a frequent one are there.
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

from sqlalchemy import Engine, text

from gateway.match.tokens import joined
from gateway.model.ids import uuid7
from gateway.operate import finding, searching
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
)  # fmt: skip


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
        cursor = raw.cursor()
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
        driver = connection.connection.dbapi_connection
        assert driver is not None
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


def measure(engine: Engine, count: int) -> dict[str, float]:
    """Median milliseconds of each search, its reading and its rows included."""
    now = START + count * EVERY
    found = {}
    for typed in SEARCHES:
        times = []
        for _ in range(ROUNDS):
            with engine.connect() as connection:
                began = time.perf_counter()
                finding.find(connection, searching.read(typed, now, UTC), now, UTC, 50)
                times.append(time.perf_counter() - began)
        found[typed] = statistics.median(times) * 1e3
    return found


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
    for typed, milliseconds in measure(engine, count).items():
        show(f"{engine.dialect.name:12} {count:,} mails  {typed:28} {milliseconds:8.1f} ms")
    engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE)
