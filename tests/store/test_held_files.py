"""Held files in the store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest

from gateway.decide.files import UNSCANNED
from gateway.model.effects import DocumentBody, MissingBody, TicketBody
from gateway.store import deliveries, effects, heldfiles, operator
from gateway.store.deliveries import Delivery
from gateway.store.engine import Store
from gateway.store.operator import NotPossible
from gateway.store.stage import EffectState, Stage
from tests.store.test_contract import NOW, accept, claim, new

FILES = ("a.pdf", "b.pdf")


async def finished(store: Store) -> Delivery:
    """A delivery that is done but for two files that nobody scanned."""
    await accept(store, new("x"))
    (delivery,) = await claim(store)

    def settle(connection: object) -> None:
        held = [
            DocumentBody(part="1", name=name, content_type="application/pdf", sha256=name, index=0, held=UNSCANNED)
            for name in FILES
        ]
        effects.add(connection, delivery, 1, [TicketBody(title="", ids={}, description="", facts={}), *held, MissingBody(metadata={})])  # type: ignore[arg-type]
        deliveries.advance(connection, delivery, Stage.PLANNED, now=NOW, ticket_id="t1", plan="{}")  # type: ignore[arg-type]

    await store.write(settle)
    row = await store.read(lambda c: operator.find(c, delivery.id))
    planned = deliveries.of_row(row)
    for effect in await store.read(lambda c: effects.of(c, delivery.id, 1)):
        if effect.state is EffectState.TODO:
            state = EffectState.SKIPPED if effect.kind == "missing" else EffectState.DONE
            await store.write(lambda c, e=effect, s=state: effects.set_state(c, e, s))
    await store.write(lambda c: deliveries.move(c, planned, Stage.DONE, now=NOW))
    return delivery


async def states(store: Store, delivery: Delivery) -> list[str]:
    return [effect.state.value for effect in await store.read(lambda c: effects.of(c, delivery.id, 1))]


async def test_listed_counted_and_let_go(store: Store) -> None:
    delivery = await finished(store)

    assert await store.read(heldfiles.counted) == {UNSCANNED: 2}
    assert await store.read(lambda c: heldfiles.numbers(c, [delivery.id])) == {delivery.id: 2}
    assert [row["id"] for row in await store.read(lambda c: heldfiles.listing(c, 5))] == [delivery.id]

    await store.write(lambda c: heldfiles.release(c, delivery.id[:20], now=NOW))

    assert await states(store, delivery) == ["DONE", "TODO", "TODO", "SKIPPED", "TODO", "TODO"]
    (again,) = await claim(store)
    assert (again.id, again.stage, again.files_released) == (delivery.id, Stage.PLANNED, True)
    assert again.plan == {"ended": True}
    with pytest.raises(NotPossible, match="once it is posted"):
        await store.write(lambda c: heldfiles.release(c, delivery.id, now=NOW))


async def test_what_the_scanner_says(store: Store) -> None:
    delivery = await finished(store)
    (waiting,) = await store.read(lambda c: heldfiles.waiting(c, UNSCANNED, 0, 5))

    assert await store.write(lambda c: heldfiles.scanned(c, waiting, {1: "", 2: "malware: X"}, NOW))
    assert await states(store, delivery) == ["DONE", "TODO", "REFUSED", "SKIPPED", "TODO", "TODO"]
    *_, released, missing = await store.read(lambda c: effects.of(c, delivery.id, 1))
    assert (released.kind, released.body.documents, released.body.by) == ("released", (1,), "scanner")
    assert (missing.kind, missing.body.documents) == ("missing", (1, 2))
    assert not await store.write(lambda c: heldfiles.scanned(c, waiting, {1: "", 2: ""}, NOW))


async def test_what_was_dropped_meanwhile_stays_dropped(store: Store) -> None:
    delivery = await finished(store)
    (waiting,) = await store.read(lambda c: heldfiles.waiting(c, UNSCANNED, 0, 5))
    await store.write(lambda c: heldfiles.drop(c, delivery.id, now=NOW))

    assert not await store.write(lambda c: heldfiles.scanned(c, waiting, {1: "", 2: ""}, NOW))
    assert await states(store, delivery) == ["DONE", "SKIPPED", "SKIPPED", "SKIPPED"]
    assert await store.read(heldfiles.counted) == {}


async def test_what_is_too_large_is_asked_for_no_more(store: Store) -> None:
    await finished(store)
    (waiting,) = await store.read(lambda c: heldfiles.waiting(c, UNSCANNED, 0, 5))
    for file in waiting.files:
        await store.write(lambda c, f=file: heldfiles.too_large(c, f))

    assert await store.read(lambda c: heldfiles.waiting(c, UNSCANNED, 0, 5)) == []
    assert await store.read(heldfiles.counted) == {heldfiles.TOO_LARGE: 2}
