"""What is deleted when its time is over, and what never is; on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from gateway.config.retention import RetentionSettings
from gateway.config.settings import StoreSettings
from gateway.mail.ending import Name, Seen
from gateway.model.effects import TicketBody
from gateway.model.ids import uuid7
from gateway.model.plan import Hit
from gateway.model.spans import DAY
from gateway.store import counts, deliveries, effects, endings, hits, mapping, operator, posted, pruning
from gateway.store.engine import Store
from gateway.store.operator import NotPossible
from gateway.store.pruning import Elsewhere
from gateway.store.raw import RawMail
from gateway.store.schema import carried, delivery, effect, event, hit, metadata, raw, seen, thread
from gateway.store.stage import EffectState, Stage
from gateway.upkeep.retention import Busy, Pruner, SpoolGuard
from tests.store.test_contract import NOW, claim, new, sums
from tests.waiting import PATIENCE

LIMITS = RetentionSettings.model_construct(done=10, suppressed=5, quarantined=20, traces=30, events=40, rows=50, ids=60, every=0.01)


async def accept(store: Store, text: str, spool: Path, *, large: bool = False, boxes: int = 1) -> list[str]:
    path = f"{text}.eml" if large else None
    if path:
        (spool / path).write_bytes(b"raw")
    news = [new(text, f"<{text}@y>", mailbox=f"box{n}@b.example", remember=25) for n in range(boxes)]
    return await store.write(lambda c: deliveries.accept(c, news, None if path else b"raw", path, 3, bytes(32)))


async def end(store: Store, delivery_id: str, stage: Stage, reason: str = "") -> None:
    """Bring a delivery to its end at NOW, with a trace, an effect and an event."""
    found = next(each for each in await claim(store) if each.id == delivery_id)

    def move(c: Connection) -> None:
        effects.add(c, found, 1, [TicketBody(title="words", ids={}, description="", facts={})])
        mapping.map_ids(c, "default", "board", found.id, "T1", [(f"{found.id}@y", "received")])
        deliveries.advance(c, found, Stage.PLANNED, now=NOW, trace="{}", plan="{}")
        planned = replace(found, stage=Stage.PLANNED)
        if stage is Stage.SUPPRESSED:
            deliveries.advance(c, planned, Stage.ACCEPTED, now=NOW)
            planned = found
        deliveries.move(c, planned, stage, now=NOW, reason=reason)
        if stage is Stage.DONE:
            c.execute(update(effect).where(effect.c.delivery_id == found.id).values(state=EffectState.DONE.value))

    await store.write(move)


def keeper(store: Store, spool: Path, after: float, limits: RetentionSettings = LIMITS) -> Pruner:
    return Pruner(store, RawMail(StoreSettings(spool=spool)), limits, lambda: NOW + after)


async def rows(store: Store, table: Any) -> int:
    return int(await store.read(lambda c: c.execute(select(func.count()).select_from(table)).scalar_one()))


async def test_raw_mail_goes_by_what_it_became(store: Store, tmp_path: Path) -> None:
    for stage in (Stage.DONE, Stage.SUPPRESSED, Stage.QUARANTINED):
        for large in (False, True):
            (delivery_id,) = await accept(store, f"{stage}{large}", tmp_path, large=large)
            await end(store, delivery_id, stage)
    counted = []
    for after in (4, 6, 11, 21):
        await keeper(store, tmp_path, after).round()
        counted.append((await rows(store, raw), len(list(tmp_path.glob("*.eml")))))

    assert counted == [(6, 3), (4, 2), (2, 1), (0, 0)]
    assert await sums(store) == (6, 2, 2, 2, 0, 0)


async def test_open_mail_and_held_files_are_never_deleted(store: Store, tmp_path: Path) -> None:
    await accept(store, "pending", tmp_path)
    (held,) = await accept(store, "held", tmp_path)
    await store.write(lambda c: operator.hold(c, held, now=NOW))
    (files,) = await accept(store, "files", tmp_path)
    await end(store, files, Stage.DONE)
    await store.write(
        lambda c: c.execute(update(effect).where(effect.c.delivery_id == files).values(state="HELD", kind="document"))
    )

    await keeper(store, tmp_path, 1000).round()

    assert await rows(store, raw) == 3
    assert await rows(store, delivery) == 3
    assert await rows(store, event) >= 1


async def test_a_mail_to_two_mailboxes_goes_with_the_last_of_them(store: Store, tmp_path: Path) -> None:
    first, second = await accept(store, "both", tmp_path, large=True, boxes=2)
    claimed = {delivery.id: delivery for delivery in await claim(store)}
    for delivery_id, stage in ((first, Stage.SUPPRESSED), (second, Stage.QUARANTINED)):
        await store.write(
            lambda c, delivery_id=delivery_id, stage=stage: deliveries.move(c, claimed[delivery_id], stage, now=NOW)
        )

    await keeper(store, tmp_path, 6).round()
    assert (tmp_path / "both.eml").exists()
    await store.write(lambda c: operator.release(c, second, now=NOW))  # it can still be released

    await store.write(lambda c: c.execute(update(delivery).values(stage=Stage.QUARANTINED.value, due_at=NOW)))
    await keeper(store, tmp_path, 21).round()
    assert not (tmp_path / "both.eml").exists()
    assert await rows(store, raw) == 0


async def test_what_is_gone_cannot_be_released(store: Store, tmp_path: Path) -> None:
    (delivery_id,) = await accept(store, "gone", tmp_path)
    await end(store, delivery_id, Stage.QUARANTINED, "unverified-sender")
    await keeper(store, tmp_path, 21).round()

    with pytest.raises(NotPossible, match="not kept any more"):
        await store.write(lambda c: operator.release(c, delivery_id, now=NOW))
    await store.write(lambda c: operator.drop(c, delivery_id, now=NOW))  # but it can be given up


async def test_traces_events_rows_ids_and_digests_go_in_turn(store: Store, tmp_path: Path) -> None:
    (delivery_id,) = await accept(store, "all", tmp_path)
    await end(store, delivery_id, Stage.DONE, "r")

    async def state(after: float) -> dict[str, Any]:
        await keeper(store, tmp_path, after).round()
        bodies = await store.read(lambda c: c.execute(select(effect.c.body)).scalars().all())
        found = {table.name: await rows(store, table) for table in (raw, delivery, event, thread, seen)}
        return {**found, "bodies": bodies}

    assert await state(11) == {"raw": 0, "delivery": 1, "event": 2, "thread": 1, "seen": 1, "bodies": [WORDS]}
    assert await state(31) == {"raw": 0, "delivery": 1, "event": 2, "thread": 1, "seen": 0, "bodies": ["{}"]}
    assert await state(41) == {"raw": 0, "delivery": 1, "event": 0, "thread": 1, "seen": 0, "bodies": ["{}"]}
    assert await state(51) == {"raw": 0, "delivery": 0, "event": 0, "thread": 1, "seen": 0, "bodies": []}
    assert await state(61) == {"raw": 0, "delivery": 0, "event": 0, "thread": 0, "seen": 0, "bodies": []}
    assert await sums(store) == (1, 1, 0, 0, 0, 0)
    assert ("DONE", "box0@b.example", "r", 1) in await store.read(counts.census)


WORDS = '{"title": "words", "ids": {}, "description": "", "facts": {}, "watchers": []}'


async def test_the_sums_are_true_whatever_was_deleted(store: Store, tmp_path: Path) -> None:
    for n in range(30):
        (delivery_id,) = await accept(store, f"m{n}", tmp_path)
        if n % 3:
            await end(store, delivery_id, (Stage.DONE, Stage.SUPPRESSED, Stage.QUARANTINED)[n % 7 % 3], f"r{n % 2}")
        if n % 5 == 0:
            await accept(store, f"m{n}", tmp_path)
    before = await sums(store), sorted(await store.read(counts.census))
    for after in range(0, 100, 9):
        await keeper(store, tmp_path, after).round()
        assert (await sums(store), sorted(await store.read(counts.census))) == before
    assert await rows(store, delivery) == 10
    assert await rows(store, carried) > 1


async def test_which_rules_counted_goes_with_the_mail(store: Store, tmp_path: Path) -> None:
    (delivery_id,) = await accept(store, "ruled", tmp_path)
    await end(store, delivery_id, Stage.DONE)
    await store.write(lambda c: hits.add(c, 1, [Hit("rule", "printers")]))
    await keeper(store, tmp_path, 100).round()
    assert await rows(store, delivery) == 0 and await rows(store, hit) == 0


async def test_the_end_of_a_mail_whose_original_went_is_told(store: Store, tmp_path: Path) -> None:
    (delivery_id,) = await accept(store, "quick", tmp_path)
    await end(store, delivery_id, Stage.DONE)
    await keeper(store, tmp_path, 11).round()
    found = await store.read(lambda c: deliveries.end(c, delivery_id))
    assert await rows(store, raw) == 0 and found["ticket_id"] == "" and found["size"] is None
    assert await store.read(lambda c: deliveries.end(c, "gone")) == {}


async def test_for_ever_means_for_ever(store: Store, tmp_path: Path) -> None:
    (delivery_id,) = await accept(store, "kept", tmp_path)
    await end(store, delivery_id, Stage.DONE)
    never = RetentionSettings(done=0, suppressed=0, quarantined=0, traces=0, events=0, rows=0, ids=0, refusals=0, prints=0)
    counts = await keeper(store, tmp_path, 10_000 * DAY, never).round()

    assert counts == {"hits": 0, "probes": 0, "seen": 1, "readings": 0, "redeliveries": 0}


def test_rows_do_not_go_before_what_belongs_to_them() -> None:
    with pytest.raises(ValueError, match="rows: 50d is shorter than traces"):
        RetentionSettings(done=DAY, suppressed=DAY, quarantined=DAY, traces=60 * DAY, rows=50 * DAY)
    with pytest.raises(ValueError, match=r"shorter than done \(0, for ever\)"):
        RetentionSettings(done=0)


async def test_one_replica_deletes_at_a_time(store: Store) -> None:
    if store.sqlite:
        pytest.skip("a SQLite file has one process")
    with store.engine.connect() as other:
        pruning.alone(other)
        with pytest.raises(Elsewhere):
            await store.write(lambda c: pruning.drop_seen(c, NOW, b"", 10))
    await store.write(lambda c: pruning.drop_seen(c, NOW, b"", 10))


async def test_nothing_is_deleted_while_a_backup_copies(store: Store, tmp_path: Path) -> None:
    (delivery_id,) = await accept(store, "copied", tmp_path, large=True)
    await end(store, delivery_id, Stage.DONE)
    with SpoolGuard(tmp_path).copying(), pytest.raises(Busy):
        await keeper(store, tmp_path, 1000).round()
    await keeper(store, tmp_path, 1000).round()
    assert not (tmp_path / "copied.eml").exists()


async def test_the_keeper_goes_on_until_it_is_stopped(store: Store, tmp_path: Path) -> None:
    heard: list[tuple[str, int]] = []
    stop = asyncio.Event()
    (delivery_id,) = await accept(store, "kept", tmp_path)
    await end(store, delivery_id, Stage.DONE)
    mine = keeper(store, tmp_path, 11)
    mine.deleted = lambda what, count: heard.append((what, count))
    task = asyncio.create_task(mine.run(stop))
    while not heard:
        await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(task, PATIENCE)

    assert ("raw_done", 1) in heard


async def test_the_batches_are_read_from_an_index(store: Store) -> None:
    """A scan of all deliveries for each batch would hold up accepting."""
    statements = []

    def explained(c: Connection) -> str:
        original = c.execute

        class Spy:
            dialect = c.dialect

            def execute(self, statement: Any, *given: Any) -> Any:
                statements.append(statement)
                return original(statement, *given)

        pruning.drop_ended(Spy(), Stage.DONE, NOW, 10)  # type: ignore[arg-type]
        query = next(statement for statement in statements if "FROM delivery" in str(statement))
        text = str(query.compile(c.engine, compile_kwargs={"literal_binds": True}))
        if not store.sqlite:
            c.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN " if store.sqlite else "EXPLAIN "
        return " ".join(str(row) for row in c.exec_driver_sql(explain + text.replace("%", "%%")).all())

    assert "delivery_kept" in await store.write(explained)


def test_every_table_is_thought_of() -> None:
    """A new table needs a word in docs/decisions/011 about how long its rows are kept."""
    text = (Path(__file__).parents[2] / "docs" / "decisions" / "011-retention.md").read_text("utf-8")
    assert not [name for name in metadata.tables if f"`{name}`" not in text]


async def test_fingerprints_of_what_was_posted_go_with_their_time(store: Store, tmp_path: Path) -> None:
    def post(connection: Connection, ticket_id: str, *ages: float) -> None:
        for age in ages:
            posted.add(connection, "main", ticket_id, uuid7(NOW - age), bytes([int(age)]) * 14)

    await store.write(lambda c: post(c, "T1", 60, 30, 0))
    await keeper(store, tmp_path, 10, LIMITS.model_copy(update={"prints": 50})).round()
    assert await store.read(lambda c: posted.prints_of(c, "main", "T1")) == [bytes(14), bytes([30]) * 14]


async def test_of_a_ticket_the_newest_mails_are_known(store: Store) -> None:
    def post(connection: Connection) -> None:
        for number in range(posted.MAILS + 9):
            posted.add(connection, "main", "T1", uuid7(NOW + number), bytes([number]))
        for _ in range(2):
            posted.add(connection, "main", "T1", last, b"xy")

    last = uuid7(NOW + 200)
    await store.write(post)
    known = await store.read(lambda c: posted.prints_of(c, "main", "T1"))
    assert (known[0], known[1], len(known)) == (b"xyxy", bytes([posted.MAILS + 8]), posted.MAILS)


async def test_of_a_sender_the_newest_mails_are_known_and_all_go_with_their_time(store: Store, tmp_path: Path) -> None:
    me = Name("proven ann@acme.example", "proven acme.example")

    def post(connection: Connection) -> None:
        for number, name in enumerate(ids):
            endings.add(connection, "main", name, Seen(me.sender, me.domain, f"T{number}", bytes([number]) * 8))
        endings.add(connection, "main", uuid7(NOW - 70), Seen("proven bob@acme.example", me.domain, "T1", b"old bob "))
        endings.add(connection, "main", last, Seen(me.sender, me.domain, "T2", b"again   "))

    ids = [uuid7(NOW - 20 + number) for number in range(endings.MINE + 3)]
    last = ids[-1]
    await store.write(post)
    seen = await store.read(lambda c: endings.of(c, "main", me, "", "none"))
    assert len(seen) == endings.MINE + 1
    assert {mail.ticket_id for mail in seen if mail.sender == me.sender} == {"T2", *(f"T{number}" for number in range(3, endings.MINE + 2))}
    assert [mail.prints for mail in await store.read(lambda c: endings.of(c, "main", Name(), "T2", "none"))] == [b"again   "]
    assert await store.read(lambda c: endings.of(c, "main", Name(), "T2", last)) == []
    assert await store.read(lambda c: endings.of(c, "other", me, "T2", "none")) == []
    await keeper(store, tmp_path, 10, LIMITS.model_copy(update={"prints": 50})).round()
    assert {mail.sender for mail in await store.read(lambda c: endings.of(c, "main", me, "", "none"))} == {me.sender}
    await store.write(lambda c: endings.forget(c, "main", last))
    assert await store.read(lambda c: endings.of(c, "main", me, "T2", "none")) == []
