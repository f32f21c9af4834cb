"""The decision's look-ups with 10 thousand and with 10 million mapped ids.

Prints the median time of one look-up of 5 ids (2 known) with tickets and participants joined, in turn
on a small and a large table, and the ratio. ``python -m benchmarks.lookups [ROWS]``.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from gateway.store import mapping
from gateway.store.engine import make_engine
from gateway.store.migrate import migrate
from tests.peers import Missing, Postgres

SMALL, LARGE = 10_000, 10_000_000
ROUNDS, EACH = 40, 50
BATCH = 200_000


def rows(count: int) -> Iterator[tuple[bytes, str, str, str, str, str]]:
    for number in range(count):
        message_id = f"{number:x}.mail@acme.example"
        yield (mapping.key("default", message_id), "board", message_id, f"ticket-{number // 4}", "received", "d")


def fill(engine: Engine, count: int) -> None:
    if engine.dialect.name == "sqlite":
        raw = engine.raw_connection()
        cursor = raw.cursor()
        cursor.execute("PRAGMA synchronous=OFF")
        cursor.execute("BEGIN")
        ordered = sorted(rows(count))  # a B-tree fills fastest in order
        cursor.executemany("INSERT INTO thread VALUES (?,?,?,?,?,?)", ordered)
        cursor.execute("COMMIT")
        raw.close()
    else:
        with engine.connect() as connection:
            driver: Any = connection.connection.dbapi_connection
            with driver.cursor() as cursor, cursor.copy("COPY thread FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["bytea", "text", "text", "text", "varchar", "varchar"])
                for row in rows(count):
                    copy.write_row(row)
            driver.commit()
            connection.execute(text("ANALYZE thread"))
            connection.commit()


def measure(engine: Engine, count: int, seed: int) -> float:
    """Median microseconds of a look-up."""
    rng = random.Random(seed)
    times = []
    with engine.connect() as connection:
        for _ in range(EACH):
            known = [f"{rng.randrange(count):x}.mail@acme.example" for _ in range(2)]
            ids = [*known, *(f"never-{rng.random()}@x.example" for _ in range(3))]
            began = time.perf_counter()
            found = mapping.lookup_known(connection, "default", ids, "ann@acme.example")
            times.append(time.perf_counter() - began)
            assert len(found) == len(set(known))
    return statistics.median(times) * 1e6


def compare(name: str, engines: tuple[Engine, Engine], large: int) -> str:
    for engine, count in zip(engines, (SMALL, large), strict=True):
        migrate(engine)
        fill(engine, count)
    small, big = [], []
    for number in range(ROUNDS):
        small.append(measure(engines[0], SMALL, number))
        big.append(measure(engines[1], large, number))
    few, many = statistics.median(small), statistics.median(big)
    return f"{name:12} {few:7.0f} us with {SMALL:,} ids, {many:7.0f} us with {large:,} ids, ratio {many / few:.2f}"


def main(large: int = LARGE, show: Callable[[str], None] = print) -> None:
    with tempfile.TemporaryDirectory() as folder:
        engines = tuple(make_engine(f"sqlite:///{Path(folder)}/{name}.db") for name in ("small", "large"))
        show(compare("SQLite", (engines[0], engines[1]), large))
        for engine in engines:
            engine.dispose()
    try:
        postgres = Postgres(durable=True)
    except Missing as missing:
        show(f"PostgreSQL   not measured: {missing}")
        return
    try:
        engines = tuple(make_engine(postgres.database(name)) for name in ("small", "large"))
        show(compare("PostgreSQL", (engines[0], engines[1]), large))
        for engine in engines:
            engine.dispose()
    finally:
        postgres.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE)
