"""A row of which a part is damaged: that delivery is set aside with the place named, and the others go on."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from gateway.config.load import load
from gateway.operate.verify import verify
from gateway.store import claims, counts, deliveries, effects, mapping, operator, order, pruning
from gateway.store.engine import Store
from gateway.store.reading import Garbled, Unreadable
from gateway.store.schema import delivery, metadata
from gateway.store.stage import EffectState, Stage
from tests.harness import config_text
from tests.store.test_contract import DESK, NOW, accept, claim, new, plan

GARBAGE = "CAST(x'c3ff8041fe' AS TEXT)"
ON_SQLITE = (
    (f"envelope = {GARBAGE}", "delivery.envelope"),
    (f"plan = {GARBAGE}", "delivery.plan"),
    (f"message_id = {GARBAGE}", "delivery.message_id"),
    (f"ticket_id = {GARBAGE}", "delivery.ticket_id"),
    ("plan = x'7b7d'", "delivery.plan"),
    ("plan = 7", "delivery.plan"),
    ("accepted_at = 'yesterday'", "delivery.accepted_at"),
    ("posted = 'no'", "delivery.posted"),
    ("generation = 1.5", "delivery.generation"),
    ("tries = x'00'", "delivery.tries"),
)
ON_BOTH = (
    ('envelope = \'{"mail_from": "a@b\'', "delivery.envelope"),
    ('envelope = \'{"where": "elsewhere"}\'', "delivery.envelope"),
    ("envelope = '17'", "delivery.envelope"),
    ("plan = '{\"ids\": ['", "delivery.plan"),
    ("plan = '[]'", "delivery.plan"),
)


@pytest.fixture
def on_sqlite(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    """PostgreSQL takes no such values."""
    shutil.copy(migrated_file, tmp_path / "gateway.db")
    store = Store(f"sqlite:///{tmp_path}/gateway.db")
    yield store
    store.close()


def change(store: Store, sql: str, **values: object) -> None:
    """As the disk would: past everything that looks."""
    with store.engine.begin() as connection:
        connection.execute(text(sql), values)


class TestDelivery:
    @pytest.mark.parametrize(("damage", "where"), ON_SQLITE)
    async def test_is_set_aside_where_a_value_is_none(self, on_sqlite: Store, damage: str, where: str) -> None:
        await self.set_aside(on_sqlite, damage, where)

    @pytest.mark.parametrize(("damage", "where"), ON_BOTH)
    async def test_is_set_aside_where_json_is_none(self, store: Store, damage: str, where: str) -> None:
        await self.set_aside(store, damage, where)

    @staticmethod
    async def set_aside(store: Store, damage: str, where: str) -> None:
        bad, good = await accept(store, new("bad", "<bad@x>")) + await accept(store, new("good", "<bad@x>"))
        change(store, f"UPDATE delivery SET {damage} WHERE id = :id", id=bad)

        taken = await claim(store)

        assert [delivery.id for delivery in taken] == [good]
        row = await store.read_to_show(lambda c: operator.find(c, bad))
        assert (row["stage"], row["reason"], row["detail"]) == ("QUARANTINED", "damaged", f"{where} cannot be read")
        history = await store.read(lambda c: operator.history(c, bad))
        assert [(event["what"], event["detail"]) for event in history] == [
            ("ACCEPTED -> QUARANTINED", f"damaged: {where} cannot be read")
        ]
        assert await store.read(lambda c: order.blockers_by_header(c, taken[0].seq)) == []  # nobody waits for it

    async def test_is_claimed_by_nobody_again(self, store: Store) -> None:
        (bad,) = await accept(store, new("bad"))
        change(store, "UPDATE delivery SET envelope = '' WHERE id = :id", id=bad)

        assert [await claim(store, now=NOW + later) for later in (0, 100)] == [[], []]

    async def test_loses_the_worker_that_had_it(self, store: Store) -> None:
        await accept(store, new("bad"))
        (delivery,) = await claim(store)
        change(store, "UPDATE delivery SET envelope = ''")
        await claim(store, now=NOW + 100)

        with pytest.raises(deliveries.LostClaim):
            await store.write(lambda c: deliveries.move(c, delivery, Stage.SUPPRESSED, now=NOW))

    async def test_whose_trace_is_damaged_is_worked_on(self, on_sqlite: Store) -> None:
        (delivery_id,) = await accept(on_sqlite, new("one"))
        change(on_sqlite, f"UPDATE delivery SET trace = {GARBAGE}")

        assert [each.id for each in await claim(on_sqlite)] == [delivery_id]

    async def test_can_be_listed_released_and_dropped(self, on_sqlite: Store) -> None:
        (bad,) = await accept(on_sqlite, new("bad"))
        change(on_sqlite, f"UPDATE delivery SET envelope = {GARBAGE}, subject = {GARBAGE}")
        await claim(on_sqlite)

        (listed,) = await on_sqlite.read_to_show(lambda c: operator.listing(c, [Stage.QUARANTINED], 10))
        assert (listed["id"], listed["subject"]) == (bad, "delivery.subject cannot be read")
        assert isinstance(listed["envelope"], Garbled)
        await on_sqlite.write(lambda c: operator.release(c, bad, now=NOW))
        assert await claim(on_sqlite) == []
        await on_sqlite.write(lambda c: operator.drop(c, bad, now=NOW))
        assert (await on_sqlite.read(counts.sums)).suppressed == 1

    async def test_is_counted_whatever_is_damaged(self, on_sqlite: Store) -> None:
        await accept(on_sqlite, new("one"), new("two", mailbox="c@d.example"))
        change(on_sqlite, f"UPDATE delivery SET reason = {GARBAGE} WHERE seq = 1")

        assert (await on_sqlite.read(counts.sums)).accepted == 2

    async def test_does_not_keep_retention_from_others(self, on_sqlite: Store) -> None:
        ids = await accept(on_sqlite, new("one"), new("two", mailbox="c@d.example"))
        change(on_sqlite, f"UPDATE delivery SET stage = 'SUPPRESSED', kept = 0, traced = 0, plan = {GARBAGE}")
        change(on_sqlite, "UPDATE delivery SET kept = 'x' WHERE seq = 1")

        assert (await on_sqlite.write(lambda c: pruning.drop_rows(c, NOW + 1, 0, 10))).count == 1
        assert await on_sqlite.read(lambda c: c.execute(select(delivery.c.id)).scalars().all()) == ids[:1]


class TestEffect:
    @pytest.mark.parametrize(
        ("damage", "where"),
        [
            (f"body = {GARBAGE}", "effect.body"),
            ("body = '{\"request\": '", "effect.body"),
            ("body = '[1]'", "effect.body"),
            (f"state = {GARBAGE}", "effect.state"),
            ("state = 'SEN'", "effect.state"),
            (f"remote = {GARBAGE}", "effect.remote"),
            ("marker = 'other'", "effect.marker"),
            ("sent_at = 'now'", "effect.sent_at"),
        ],
    )
    async def test_is_not_read_by_halves(self, on_sqlite: Store, damage: str, where: str) -> None:
        await accept(on_sqlite, new("one"))
        delivery = await plan(on_sqlite, (await claim(on_sqlite))[0], "ticket", "document")
        change(on_sqlite, f"UPDATE effect SET {damage} WHERE idx = 1")

        with pytest.raises(Unreadable, match=f"^{where} cannot be read$"):
            await on_sqlite.read(lambda c: effects.of(c, delivery.id, 1))

    async def test_that_is_looked_at_later_gives_way_to_others(self, store: Store) -> None:
        await accept(store, new("one"))
        delivery = await plan(store, (await claim(store))[0], "ticket", "comment")
        for each in await store.read(lambda c: effects.of(c, delivery.id, 1)):
            await store.write(lambda c, e=each: effects.set_state(c, e, EffectState.DONE, watch_at=NOW))
        change(store, "UPDATE effect SET body = '{' WHERE idx = 0")

        taken = await store.write(lambda c: effects.take_watches(c, NOW, NOW + 300, 10))

        assert [each.idx for each in taken] == [1]
        assert await store.read(effects.next_watch) == NOW + 300
        assert ("no late look", "damaged: effect.body cannot be read") in [
            (each["what"], each["detail"]) for each in await store.read(lambda c: operator.history(c, delivery.id))
        ]


async def test_what_leads_to_a_ticket_is_not_guessed(on_sqlite: Store) -> None:
    ids = [("<a@x>", "received")]
    await on_sqlite.write(lambda c: mapping.map_ids(c, DESK, "board", "delivery", "ticket", ids))
    change(on_sqlite, f"UPDATE thread SET ticket_id = {GARBAGE}")

    for ask in (mapping.lookup, lambda c, desk, ids: mapping.lookup_known(c, desk, ids, "a@b.example")):
        with pytest.raises(Unreadable, match=r"thread\.ticket_id"):
            await on_sqlite.read(lambda c, ask=ask: ask(c, DESK, ["<a@x>"]))


async def test_who_runs_the_store_is_told_and_nothing_ends(on_sqlite: Store) -> None:
    await accept(on_sqlite, new("one"))
    on_sqlite.close()
    told: list[Unreadable] = []
    ended: list[BaseException] = []
    store = Store(on_sqlite.url, ended.append, on_damage=told.append)
    change(store, f"UPDATE delivery SET subject = {GARBAGE}")
    query = select(delivery.c.subject)

    results = await asyncio.gather(
        store.read(lambda c: c.execute(query).all()),
        store.write(lambda c: c.execute(query).all()),
        store.write(lambda c: claims.free(c)),
        return_exceptions=True,
    )

    assert [str(result) for result in results] == ["delivery.subject cannot be read"] * 2 + ["0"]
    assert (len(told), ended) == (2, [])
    store.close()


async def test_verify_names_the_place(on_sqlite: Store, tmp_path: Path) -> None:
    await accept(on_sqlite, new("one"))
    delivery = await plan(on_sqlite, (await claim(on_sqlite))[0], "ticket")
    change(on_sqlite, f"UPDATE delivery SET trace = '{{', subject = {GARBAGE}")
    change(on_sqlite, "UPDATE effect SET faults = 'many'")
    file = tmp_path / "gateway.toml"
    file.write_text(config_text("http://127.0.0.1:1", "k" * 20, tmp_path, 1025, 1080, store_url=on_sqlite.url))

    found = {each.what: each.faults for each in verify(load(file))}

    assert found["values"] == [
        "delivery 1: delivery.subject cannot be read",
        "delivery 1: delivery.trace cannot be read",
        f"effect {delivery.id}, 1, 0: effect.faults cannot be read",
    ]


def test_every_column_is_read_with_care() -> None:
    """A kind of column that nobody looks at would be a way around."""
    kinds = {type(column.type).__name__ for table in metadata.tables.values() for column in table.columns}
    assert kinds == {"Checked"}
