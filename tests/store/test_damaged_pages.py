"""A PostgreSQL that does not give a page of the deliveries out: the others go on, and a backup puts it right."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.config.load import parse
from gateway.config.settings import Settings
from gateway.operate import backup
from gateway.operate.restore import restore
from gateway.operate.verify import verify
from gateway.store import claims, claims_by_page, counts, deliveries
from gateway.store.deliveries import Delivery
from gateway.store.engine import Store, make_engine
from gateway.store.migrate import migrate
from gateway.store.reading import Unavailable, Unreadable
from gateway.work.leases import Leases
from tests import schema
from tests.peers import Missing, Postgres
from tests.store.test_contract import DESK, NOW, new

PAGE = 8192
MAILS = 120


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """One that is stopped in between."""
    try:
        server = schema.server()
    except Missing as missing:
        pytest.skip(f"NOT TESTED ON POSTGRESQL: {missing}")
    yield server
    server.stop()


@pytest.fixture
def configured(postgres: Postgres, tmp_path: Path) -> Settings:
    """A store with mail on several pages."""
    url = postgres.database("damaged")
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    (tmp_path / "spool").mkdir()
    store = Store(url)
    news = [new(str(number), f"<{number}@x>") for number in range(MAILS)]
    store.write_sync(
        lambda c: [deliveries.accept(c, [delivery], b"raw", None, 3, sha256(b"raw").digest()) for delivery in news]
    )
    store.close()
    data = {
        "desk": {"url": "http://127.0.0.1:9/api/v1", "api_key": "k"},
        "store": {"url": url, "spool": str(tmp_path / "spool")},
        "mailbox": [{"address": "a@b.example"}],
    }
    return parse(data, {})


def break_page(postgres: Postgres, url: str, page: int) -> set[int]:
    """Returns the deliveries that lie on it, by seq."""
    engine = make_engine(url)
    with engine.connect() as connection:
        on_it = text("SELECT seq FROM delivery WHERE CAST(ctid AS text) LIKE :page")
        lost = set(connection.execute(on_it, {"page": f"({page},%"}).scalars())
        name = connection.execute(text("SELECT pg_relation_filepath('delivery')")).scalar_one()
    engine.dispose()
    postgres.halt()
    with (postgres.folder / "data" / name).open("r+b") as handle:
        handle.seek(page * PAGE + 512)
        handle.write(b"\xaa" * 512)
    postgres.start()
    return lost


def take(store: Store) -> list[Delivery]:
    given = {"now": NOW, "lease": 100.0, "name": "a worker", "most": {}}
    try:
        return store.write_sync(lambda c: claims.claim(c, DESK, 1000, **given))
    except Unavailable:
        return store.write_sync(lambda c: claims_by_page.claim(c, DESK, 1000, **given, damaged=[]))


async def test_mail_on_other_pages_goes_on_and_a_backup_puts_it_right(
    postgres: Postgres, configured: Settings, tmp_path: Path
) -> None:
    url = configured.store.url
    backup.make(configured, tmp_path / "backup")
    lost = break_page(postgres, url, 1)
    told: list[Unreadable] = []
    ended: list[BaseException] = []
    store = Store(url, ended.append, on_damage=told.append)

    taken = take(store)
    more = take(store)
    with pytest.raises(Unavailable, match="invalid page"):
        await store.read(counts.sums)
    leases = Leases(store, 100.0, "a worker", lambda: NOW)
    kept = await leases._renewed({delivery.seq: delivery.fence for delivery in taken[:3]} | {min(lost): 1}, NOW)
    store.close()
    faults = {finding.what: finding.faults for finding in verify(configured)}
    restore(configured, tmp_path / "backup", overwrite=True)

    assert {delivery.seq for delivery in taken} == set(range(1, MAILS + 1)) - lost
    assert 0 < len(lost) < MAILS / 2
    assert [delivery.seq for delivery in taken] == sorted(delivery.seq for delivery in taken)
    assert (more, ended) == ([], [])
    assert kept == {delivery.seq for delivery in taken[:3]}
    assert told
    assert any(fault.startswith("delivery: invalid page in block 1") for fault in faults["database"])
    assert all(finding.good for finding in verify(configured))
    again = Store(url)
    assert again.read_sync(counts.sums).pending == MAILS
    again.close()
