"""What the store promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Connection, RowMapping

from gateway.config.load import parse
from gateway.model.effects import CommentBody, DocumentBody, MissingBody, TicketBody
from gateway.model.envelope import Envelope
from gateway.model.ids import uuid7
from gateway.model.waiting import Waits
from gateway.operate.access import Access
from gateway.store import claims, counts, deliveries, effects, mapping, operator, order, pruning, ticketfiles
from gateway.store.deliveries import Delivery, LostClaim, NewDelivery
from gateway.store.engine import Store
from gateway.store.operator import NotPossible
from gateway.store.stage import EffectState, IllegalTransition, Stage
from gateway.store.writer import StoreFailed
from tests import schema
from tests.scenarios.stage import settings_for

NOW = 1_800_000_000.0
DESK = "default"
Act = Callable[[Connection], None]


def new(content: str, *ids: str, now: float = NOW, remember: float = 60.0, mailbox: str = "a@b.example") -> NewDelivery:
    return NewDelivery(
        id=uuid7(now),
        desk=DESK,
        mailbox=mailbox,
        envelope=Envelope("x@y.example", mailbox, time=now),
        message_id=ids[0] if ids else "",
        mention_keys=tuple(mapping.key(DESK, message_id) for message_id in ids),
        dedupe_key=sha256(f"{mailbox}{content}".encode()).digest(),
        remember_until=now + remember,
    )


async def accept(store: Store, *news: NewDelivery) -> list[str]:
    return await store.write(lambda c: deliveries.accept(c, news, b"raw", None, 3, sha256(b"raw").digest()))


async def claim(store: Store, now: float = NOW, lease: float = 10.0, limit: int = 10) -> list[Delivery]:
    return await store.write(lambda c: claims.claim(c, DESK, limit, now=now, lease=lease, name="a worker"))


PLANNED = {
    "ticket": TicketBody(title="", ids={}, description="", facts={}),
    "comment": CommentBody(blocks=[], facts={}),
    "document": DocumentBody(part="1", name="a.pdf", content_type="application/pdf"),
    "missing": MissingBody(metadata={}),
}


async def plan(store: Store, delivery: Delivery, *kinds: str) -> Delivery:
    def keep(c: Connection) -> None:
        effects.add(c, delivery, 1, [PLANNED[kind] for kind in kinds])
        deliveries.advance(c, delivery, Stage.PLANNED, now=NOW)
        deliveries.defer(c, replace(delivery, stage=Stage.PLANNED), NOW, Waits(), now=NOW)

    await store.write(keep)
    return (await claim(store))[0]


async def sums(store: Store) -> tuple[int, ...]:
    found = await store.read(counts.sums)
    return (found.accepted, found.done, found.suppressed, found.quarantined, found.pending, found.redelivered)


async def test_what_a_snapshot_misses_as_its_table_was_made_anew_is_no_damage(store: Store) -> None:
    """As a migration of another gateway may do on PostgreSQL."""
    if store.sqlite:
        pytest.skip("SQLite has one gateway, which migrates before it reads")
    await accept(store, new("kept"))
    raw_id = (await claim(store))[0].raw_id
    with store.engine.connect() as migration:
        migration.exec_driver_sql("ALTER TABLE raw RENAME TO former")
        migration.exec_driver_sql("CREATE TABLE raw AS SELECT * FROM former")
        reading = asyncio.create_task(store.read(lambda c: deliveries.content(c, raw_id)))
        while not migration.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar():
            await asyncio.sleep(0.01)
        migration.commit()

    assert (await reading)["data"] == b"raw"


@pytest.fixture(params=["sqlite", "sqlite in the loop", "postgresql"])
def store(request: pytest.FixtureRequest, migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    """An open store with the schema and no rows, of each kind and with each writer."""
    if request.param == "postgresql":
        store = Store(schema.emptied(request.getfixturevalue("postgres")))
    else:
        shutil.copy(migrated_file, tmp_path / "gateway.db")
        store = Store(f"sqlite:///{tmp_path}/gateway.db", in_loop=request.param == "sqlite in the loop")
    yield store
    store.close()


class TestAccept:
    async def test_the_same_bytes_again_are_one_delivery(self, store: Store) -> None:
        first = await accept(store, new("one"))
        again = await accept(store, new("one"))

        assert first == again
        assert await sums(store) == (1, 0, 0, 0, 1, 1)

    async def test_the_same_bytes_after_the_memory_ends_are_another_mail(self, store: Store) -> None:
        first = await accept(store, new("one", remember=60))
        later = await accept(store, new("one", now=NOW + 61))

        assert first != later

    async def test_each_mailbox_gets_a_delivery(self, store: Store) -> None:
        ids = await accept(store, new("one", mailbox="a@b.example"), new("one", mailbox="c@d.example"))

        assert len(set(ids)) == 2

    async def test_concurrent_equal_mails_make_one_delivery(self, store: Store) -> None:
        ids = await asyncio.gather(*(accept(store, new("one")) for _ in range(20)))

        assert len({delivery_id for (delivery_id,) in ids}) == 1
        assert (await sums(store))[5] == 19

    async def test_who_comes_after_its_end_does_not_wait_for_ever(self, store: Store) -> None:
        store.close()
        with pytest.raises(StoreFailed):
            await store.write(lambda c: None)
        with pytest.raises(StoreFailed):
            store.write_sync(lambda c: None)

    async def test_a_failed_operation_harms_no_other_of_its_batch(self, store: Store) -> None:
        def fail(_: Connection) -> None:
            raise ValueError("mine")

        results = await asyncio.gather(
            accept(store, new("one")), store.write(fail), accept(store, new("two")), return_exceptions=True
        )

        assert isinstance(results[1], ValueError)
        assert (await sums(store))[0] == 2


class TestClaim:
    async def test_oldest_first_and_each_once(self, store: Store) -> None:
        ids = [(await accept(store, new(str(n))))[0] for n in range(5)]

        first, rest = await claim(store, limit=2), await claim(store)

        assert [delivery.id for delivery in first] == ids[:2]
        assert [delivery.id for delivery in rest] == ids[2:]
        assert await claim(store) == []

    async def test_a_lease_ends_by_itself_and_counts_as_an_interruption(self, store: Store) -> None:
        await accept(store, new("one"))
        (first,) = await claim(store, lease=10)

        assert await claim(store, now=NOW + 9) == []
        (second,) = await claim(store, now=NOW + 11)

        assert (second.interrupts, second.fence) == (1, first.fence + 1)

    async def test_the_old_claim_can_change_nothing(self, store: Store) -> None:
        await accept(store, new("one"))
        (old,) = await claim(store, lease=1)
        (young,) = await claim(store, now=NOW + 2)

        with pytest.raises(LostClaim):
            await store.write(lambda c: deliveries.move(c, old, Stage.SUPPRESSED, now=NOW))
        await store.write(lambda c: deliveries.move(c, young, Stage.SUPPRESSED, now=NOW))

    async def test_a_deferred_delivery_is_not_due(self, store: Store) -> None:
        await accept(store, new("one"))
        (delivery,) = await claim(store)
        await store.write(lambda c: deliveries.defer(c, delivery, NOW + 30, Waits(), now=NOW))

        assert await claim(store, now=NOW + 29) == []
        assert await store.read(lambda c: claims.next_due(c, [DESK], NOW)) == NOW + 30
        (again,) = await claim(store, now=NOW + 30)
        assert again.interrupts == 0

    async def test_a_desk_that_is_down_keeps_its_mail(self, store: Store) -> None:
        await accept(store, new("one"))

        taken = await store.write(lambda c: claims.claim(c, "other", 9, now=NOW, lease=9))

        assert taken == []

    async def test_stages_move_by_the_table_only(self, store: Store) -> None:
        await accept(store, new("one"))
        (delivery,) = await claim(store)

        with pytest.raises(IllegalTransition):
            await store.write(lambda c: deliveries.move(c, delivery, Stage.DONE, now=NOW))


class TestEffects:
    async def test_sent_is_committed_under_the_fence(self, store: Store) -> None:
        await accept(store, new("one"))
        delivery = await plan(store, (await claim(store))[0], "ticket")
        (effect,) = await store.read(lambda c: effects.of(c, delivery.id, 1))

        await store.write(lambda c: effects.mark_sent(c, delivery, effect, NOW + 1, 10))

        (effect,) = await store.read(lambda c: effects.of(c, delivery.id, 1))
        assert (effect.state, effect.sends, effect.sent_at) == (EffectState.SENT, 1, NOW + 1)
        with pytest.raises(LostClaim):
            await store.write(lambda c: effects.mark_sent(c, delivery, effect, NOW + 1, 10))

    async def test_a_worker_that_stalled_past_its_lease_does_not_send(self, store: Store) -> None:
        await accept(store, new("one"))
        delivery = await plan(store, (await claim(store))[0], "ticket")
        (effect,) = await store.read(lambda c: effects.of(c, delivery.id, 1))

        with pytest.raises(LostClaim):
            await store.write(lambda c: effects.mark_sent(c, delivery, effect, NOW + 11, 10))

        (effect,) = await store.read(lambda c: effects.of(c, delivery.id, 1))
        assert effect.state is EffectState.TODO

    async def test_markers_are_derived(self, store: Store) -> None:
        await accept(store, new("one"))
        delivery = await plan(store, (await claim(store))[0], "ticket", "document")

        found = await store.read(lambda c: effects.of(c, delivery.id, 1))

        assert [effect.marker for effect in found] == [f"{delivery.id}/1/0", f"{delivery.id}/1/1"]


class TestThreads:
    async def test_a_reply_waits_for_the_earlier_mail_of_its_thread(self, store: Store) -> None:
        await accept(store, new("first", "a@x"))
        await accept(store, new("reply", "b@x", "a@x"))
        parent, reply = await claim(store)

        blockers = await store.read(lambda c: order.blockers(c, DESK, reply.seq, {"b@x", "a@x"}))
        none = await store.read(lambda c: order.blockers(c, DESK, parent.seq, {"a@x"}))

        assert [blocker.id for blocker in blockers] == [parent.id]
        assert none == []

    async def test_nobody_waits_for_suppressed_mail(self, store: Store) -> None:
        await accept(store, new("first", "a@x"))
        await accept(store, new("reply", "b@x", "a@x"))
        parent, reply = await claim(store)
        await store.write(lambda c: deliveries.move(c, parent, Stage.SUPPRESSED, now=NOW))

        assert await store.read(lambda c: order.blockers(c, DESK, reply.seq, {"a@x"})) == []

    async def test_a_planned_mail_blocks_an_earlier_one(self, store: Store) -> None:
        await accept(store, new("first", "a@x"))
        (early,) = await claim(store)
        await accept(store, new("second", "b@x", "a@x"))
        (late,) = await claim(store)
        late = await plan(store, late, "ticket")

        (blocker,) = await store.read(lambda c: order.blockers(c, DESK, early.seq, {"a@x"}))
        without_patience = await store.read(lambda c: order.blockers(c, DESK, early.seq, {"a@x"}, False))
        await store.write(lambda c: effects.mark_first_sent(c, late, NOW))
        (of_a_ticket,) = await store.read(lambda c: order.blockers(c, DESK, early.seq, {"a@x"}, False))

        assert (blocker.id, without_patience, of_a_ticket.id) == (late.id, [], late.id)

    async def test_two_plans_cannot_reserve_one_id(self, store: Store) -> None:
        await accept(store, new("one"))
        await accept(store, new("two"))
        first, second = await claim(store)

        def reserve(c: Connection, who: Delivery) -> None:
            mapping.reserve(c, DESK, "board", who.id, [("root@x", "referenced")])
            deliveries.advance(c, who, Stage.PLANNED, now=NOW)

        await store.write(lambda c: reserve(c, first))
        with pytest.raises(mapping.Reserved):
            await store.write(lambda c: reserve(c, second))

    async def test_received_displaces_referenced_and_never_the_other_way(self, store: Store) -> None:
        def point(ticket: str, known: str) -> None:
            store.write_sync(lambda c: mapping.map_ids(c, DESK, "board", "d", ticket, [("id@x", known)]))

        point("T1", "referenced")
        point("T2", "received")
        point("T3", "referenced")

        (row,) = await store.read(lambda c: mapping.lookup(c, DESK, ["id@x"]))
        assert (row.ticket_id, row.known) == ("T2", "received")

    async def test_a_desk_sees_its_own_ids_only(self, store: Store) -> None:
        store.write_sync(lambda c: mapping.map_ids(c, "other", "board", "d", "T1", [("id@x", "received")]))

        assert await store.read(lambda c: mapping.lookup(c, DESK, ["id@x"])) == []

    async def test_a_file_is_taken_once(self, store: Store) -> None:
        def take(delivery: str) -> bool:
            return store.write_sync(lambda c: ticketfiles.reserve(c, DESK, "T1", "hash", delivery, "a.pdf"))

        assert take("one")
        assert not take("two")


class TestOperator:
    async def test_release_resumes_the_plan_when_part_of_it_was_sent(self, store: Store) -> None:
        await accept(store, new("one"))
        delivery = await plan(store, (await claim(store))[0], "ticket")
        (effect,) = await store.read(lambda c: effects.of(c, delivery.id, 1))
        await store.write(lambda c: effects.mark_sent(c, delivery, effect, NOW + 1, 10))
        await store.write(lambda c: deliveries.move(c, delivery, Stage.QUARANTINED, now=NOW, reason="api-rejected"))

        await store.write(lambda c: operator.release(c, delivery.id[:20], now=NOW))

        (again,) = await claim(store)
        assert (again.stage, again.generation) == (Stage.PLANNED, 1)

    async def test_release_decides_anew_when_nothing_was_sent(self, store: Store) -> None:
        await accept(store, new("one"))
        (delivery,) = await claim(store)
        await store.write(lambda c: deliveries.move(c, delivery, Stage.QUARANTINED, now=NOW, reason="unknown-sender"))

        await store.write(lambda c: operator.release(c, delivery.id, now=NOW))

        (again,) = await claim(store)
        assert (again.stage, again.generation) == (Stage.ACCEPTED, 2)

    async def test_what_the_stage_does_not_allow_is_refused(self, store: Store) -> None:
        await accept(store, new("one"))
        delivery = await plan(store, (await claim(store))[0], "ticket")

        with pytest.raises(NotPossible, match="cannot be set aside"):
            await store.write(lambda c: operator.drop(c, delivery.id, now=NOW))
        with pytest.raises(NotPossible, match="is on its way already: only mail that was set aside"):
            await store.write(lambda c: operator.release(c, delivery.id, now=NOW))
        await store.write(lambda c: deliveries.move(c, delivery, Stage.DONE, now=NOW))
        with pytest.raises(NotPossible, match="is posted already: only mail that was set aside"):
            await store.write(lambda c: operator.release(c, delivery.id, now=NOW))
        with pytest.raises(NotPossible, match="no mail has"):
            await store.write(lambda c: operator.release(c, "nothing", now=NOW))

    async def test_held_mail_is_not_worked_on_and_counts_as_pending(self, store: Store) -> None:
        (delivery_id,) = await accept(store, new("one"))
        await store.write(lambda c: operator.hold(c, delivery_id, now=NOW))

        assert await claim(store) == []
        assert (await sums(store))[4] == 1


class TestActsAtOnce:
    """An act that meets another, or a worker, at one mail: one of them comes first, and the other sees what it did."""

    async def meet(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, act: Act, other: Act
    ) -> tuple[dict[str, str], str]:
        """What became of both, where ``other`` begins once ``act`` has looked at the mail; and its stage."""
        lea, max_ = (Access(parse({**settings_for(), "store": {"url": store.url}}, {})) for _ in range(2))
        became: dict[str, str] = {}

        def run(who: str, access: Access, operation: Act) -> None:
            try:
                access.change(operation)
                became[who] = "did it"
            except (LostClaim, NotPossible) as error:
                became[who] = type(error).__name__

        thread = threading.Thread(target=run, args=("other", max_, other))
        looked = operator._sent

        def begin(connection: Connection, row: RowMapping) -> bool:
            found = looked(connection, row)
            if thread.ident is None:
                thread.start()
                thread.join(0.2)
            return found

        monkeypatch.setattr(operator, "_sent", begin)
        await asyncio.to_thread(run, "act", lea, act)
        await asyncio.to_thread(thread.join)
        lea.close()
        max_.close()
        (row,) = await store.read(lambda c: operator.listing(c, None, 1))
        return became, row["stage"]

    async def test_a_button_that_is_pressed_twice_does_it_once(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await accept(store, new("first", "first@x.example"))
        (claimed,) = await claim(store)
        await store.write(lambda c: deliveries.move(c, claimed, Stage.QUARANTINED, now=NOW, reason="unknown-sender"))

        def release(connection: Connection) -> None:
            operator.release(connection, claimed.id, now=NOW)

        assert await self.meet(store, monkeypatch, release, release) == (
            {"act": "did it", "other": "NotPossible"},
            "ACCEPTED",
        )

    async def test_what_is_dropped_is_not_sent(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        await accept(store, new("first", "first@x.example"))
        (claimed,) = await claim(store)

        def send(connection: Connection) -> None:
            effects.add(connection, claimed, claimed.generation, [PLANNED["ticket"]])
            deliveries.advance(connection, claimed, Stage.PLANNED, now=NOW)
            effects.mark_first_sent(connection, claimed, NOW)

        def drop(connection: Connection) -> None:
            operator.drop(connection, claimed.id, now=NOW)

        assert await self.meet(store, monkeypatch, drop, send) == (
            {"act": "did it", "other": "LostClaim"},
            "SUPPRESSED",
        )

    @pytest.mark.parametrize("drops", [pruning.drop_ended, pruning.drop_traces])
    async def test_what_goes_on_keeps_its_mail_though_its_time_is_over(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, drops: Callable[..., object]
    ) -> None:
        """An operator lets it go on while retention looks for what is old."""
        await accept(store, new("first", "first@x.example"))
        (claimed,) = await claim(store)
        await store.write(lambda c: deliveries.move(c, claimed, Stage.SUPPRESSED, now=NOW, reason="bounce", trace="{}"))

        def release(connection: Connection) -> None:
            operator.release(connection, claimed.id, now=NOW)

        def drop(connection: Connection) -> None:
            drops(connection, Stage.SUPPRESSED, NOW + 60, 10)

        became, stage = await self.meet(store, monkeypatch, release, drop)
        (row,) = await store.read(lambda c: operator.listing(c, None, 1))

        assert (became["act"], stage) == ("did it", "ACCEPTED")
        assert (row["kept"], row["traced"], row["trace"]) == (True, True, "{}")
