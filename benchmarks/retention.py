"""Deleting 100,000 mails beside accepting: how long an accept takes with and without, and the size of the file.

`python -m benchmarks.retention [--rows N]`; SQLite, and PostgreSQL where it is.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from functools import partial
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, insert, update

from gateway.config.retention import RetentionSettings
from gateway.config.settings import StoreSettings
from gateway.model.envelope import Envelope
from gateway.model.ids import uuid7
from gateway.store import deliveries
from gateway.store.deliveries import NewDelivery
from gateway.store.engine import Store
from gateway.store.migrate import migrate
from gateway.store.raw import RawMail
from gateway.store.schema import delivery, effect, event
from gateway.upkeep.retention import Pruner
from tests.peers import Missing, Postgres

MAIL = b"x" * 4096
EVERY = 0.005  # seconds between two accepts
LIMITS = RetentionSettings.model_construct(done=1, suppressed=1, quarantined=1, traces=1, events=1, rows=1, every=1)


def show(text: str) -> None:
    print(text, flush=True)


def _new(number: int, now: float) -> deliveries.NewDelivery:
    key = sha256(str(number).encode()).digest()
    envelope = Envelope("a@b.example", "box@b.example", time=now)
    return deliveries.NewDelivery(uuid7(now), "default", "box@b.example", envelope, f"<{number}@x>", (), key, now + 1)


def _fill(store: Store, first: int, count: int, now: float) -> None:
    for start in range(first, first + count, 5000):

        def fill(c: Connection, start: int = start) -> None:
            ids = []
            for number in range(start, min(start + 5000, first + count)):
                ids += _accept(c, _new(number, now))
            c.execute(insert(event), [{"delivery_id": id_, "at": now, "what": "x", "detail": ""} for id_ in ids])
            row = {"generation": 1, "idx": 0, "desk": "default", "kind": "ticket", "body": "b" * 2000, "state": "DONE"}
            c.execute(insert(effect), [{**row, "delivery_id": id_, "marker": id_} for id_ in ids])
            c.execute(
                update(delivery)
                .where(delivery.c.stage == "ACCEPTED")
                .values(stage="DONE", due_at=now, trace="t" * 1500, plan="p" * 500)
            )

        store.write_sync(fill)


def _accept(connection: Connection, new: NewDelivery) -> list[str]:
    return deliveries.accept(connection, [new], MAIL, None, len(MAIL), bytes(32))


async def _accepts(store: Store, stop: asyncio.Event, first: int) -> list[float]:
    took, number = [], first
    while not stop.is_set():
        began = time.perf_counter()
        new = _new(number, time.time() + 3600)
        await store.write(partial(_accept, new=new))
        took.append(time.perf_counter() - began)
        number += 1
        await asyncio.sleep(EVERY)
    return took


def _say(what: str, took: list[float]) -> str:
    cut = statistics.quantiles(took, n=100)
    return (
        f"{what:10} {len(took):6} accepts, median {cut[49] * 1000:5.1f} ms, p99 {cut[98] * 1000:5.1f} ms,"
        f" longest {max(took) * 1000:5.1f} ms"
    )


async def measure(url: str, rows: int, folder: Path) -> None:
    store = Store(url)
    migrate(store.engine)
    now = time.time()

    def sizes() -> str:
        if not store.sqlite:
            return ""
        found = [f"{(folder / name).stat().st_size / 1e6:.0f}" for name in ("g.db", "g.db-wal")]
        return f"file {found[0]} MB, WAL {found[1]} MB"

    _fill(store, 0, rows, now)
    show(f"filled: {sizes()}")
    stop = asyncio.Event()
    alone = asyncio.create_task(_accepts(store, stop, 10_000_000))
    await asyncio.sleep(5)
    stop.set()
    show(_say("alone", await alone))
    stop = asyncio.Event()
    beside = asyncio.create_task(_accepts(store, stop, 20_000_000))
    began = time.monotonic()
    counts = await Pruner(store, RawMail(StoreSettings(spool=folder)), LIMITS, lambda: now + 60).round()
    took = time.monotonic() - began
    stop.set()
    show(_say("deleting", await beside))
    show(f"deleted in {took:.0f} s: {counts}")
    show(f"after: {sizes()}")
    await asyncio.to_thread(_fill, store, 30_000_000, rows, now)
    show(f"filled again: {sizes()}")
    await asyncio.to_thread(store.close)


def main() -> None:
    rows = int(sys.argv[sys.argv.index("--rows") + 1]) if "--rows" in sys.argv else 100_000
    with tempfile.TemporaryDirectory() as name:
        show("SQLite")
        asyncio.run(measure(f"sqlite:///{name}/g.db", rows, Path(name)))
    try:
        postgres = Postgres(durable=True)
    except Missing as missing:
        print(f"PostgreSQL not measured: {missing}")
        return
    try:
        with tempfile.TemporaryDirectory() as name:
            url = postgres.database("retention")
            show("PostgreSQL")
            asyncio.run(measure(url, rows, Path(name)))
    finally:
        postgres.stop()


if __name__ == "__main__":
    main()
