"""Who goes first when there are fewer calls than mail: mailboxes in turn, tickets before replies before files."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from sqlalchemy import select, update

from gateway.model.waiting import Waits
from gateway.store import claims, deliveries
from gateway.store.claims import Turns
from gateway.store.deliveries import Delivery
from gateway.store.engine import Store
from gateway.store.schema import delivery
from gateway.work.seats import Slots
from tests.store.test_contract import DESK, NOW, accept, new


async def flood(store: Store, **mails: int) -> None:
    """So many mails of each mailbox, one mailbox after the other."""
    for box, count in mails.items():
        for number in range(count):
            await accept(store, new(f"{box} {number}", mailbox=f"{box}@b.example"))


async def take(store: Store, places: int, turns: Turns | None = None, **most: int) -> list[Delivery]:
    return await store.write(
        lambda c: claims.claim(c, DESK, places, now=NOW, lease=10, name="me", most=most, turns=turns)
    )


def boxes(taken: list[Delivery]) -> Counter[str]:
    return Counter(delivery.mailbox.partition("@")[0] for delivery in taken)


async def needing(store: Store, needs: str) -> None:
    """All pending mail waits for such a call."""
    await store.write(lambda c: c.execute(update(delivery).values(needs=needs)))


async def test_a_flood_in_one_mailbox_leaves_places_for_the_others(store: Store) -> None:
    await flood(store, flood=50, quiet=2, other=3)

    assert boxes(await take(store, 16)) == {"flood": 11, "quiet": 2, "other": 3}


async def test_with_one_call_at_a_time_the_mailboxes_take_turns(store: Store) -> None:
    await flood(store, flood=20, quiet=3, other=3)
    await needing(store, "ticket")
    turns = Turns()

    order = [boxes(await take(store, 16, turns, ticket=1)) for _ in range(9)]

    assert [next(iter(turn)) for turn in order] == ["flood", "other", "quiet"] * 3


async def test_of_a_mailbox_the_oldest_goes_first(store: Store) -> None:
    await flood(store, one=5)

    taken = [*await take(store, 2), *await take(store, 9)]

    assert [delivery.seq for delivery in taken] == sorted(delivery.seq for delivery in taken)
    assert len(taken) == 5


async def from_senders(store: Store, *senders: str) -> None:
    """A mail of each, in this order, to the same mailbox."""
    for number, sender in enumerate(senders):
        await accept(store, replace(new(f"{number} of {sender}"), sender=sender))


async def senders(store: Store, taken: list[Delivery]) -> list[str]:
    rows = await store.read(lambda c: c.execute(select(delivery.c.seq, delivery.c.sender)).all())
    by_seq = {seq: sender.partition("@")[0] for seq, sender in rows}
    return [by_seq[mail.seq] for mail in taken]


async def test_a_storm_of_one_sender_holds_up_no_other(store: Store) -> None:
    """Half of the places go by age, half by senders; a place that no sender wants goes by age."""
    await from_senders(store, *["storm@a.example"] * 40, "ann@b.example", "zoe@b.example")

    taken = Counter(await senders(store, await take(store, 16)))

    assert taken == {"storm": 14, "ann": 1, "zoe": 1}


async def test_with_one_call_at_a_time_the_senders_take_turns(store: Store) -> None:
    await from_senders(store, *["storm@a.example"] * 20, "ann@b.example", "zoe@b.example")
    await needing(store, "ticket")
    turns = Turns()

    order = [(await senders(store, await take(store, 16, turns, ticket=1)))[0] for _ in range(8)]

    assert order[1::2][:3] == ["ann", "storm", "zoe"]
    assert order[::2] == ["storm"] * 4


async def test_many_senders_keep_nobody_out(store: Store) -> None:
    """Whoever writes under ever new names has half of the places at most."""
    await from_senders(store, "zoe@b.example", *(f"a{number:02}@storm.example" for number in range(40)))

    assert (await senders(store, await take(store, 2)))[0] == "zoe"


async def test_mail_of_a_sender_that_is_not_due_or_taken_waits(store: Store) -> None:
    await from_senders(store, *["storm@a.example"] * 6, "ann@b.example", "zoe@b.example")
    await store.write(lambda c: c.execute(update(delivery).where(delivery.c.sender > "y").values(due_at=NOW + 5)))
    turns = Turns()

    taken = [*await take(store, 4, turns), *await take(store, 16, turns)]

    assert Counter(await senders(store, taken)) == {"storm": 6, "ann": 1}


async def test_mail_without_a_clear_sender_goes_by_its_age(store: Store) -> None:
    await from_senders(store, *[""] * 6, "ann@b.example")

    assert Counter(await senders(store, await take(store, 4))) == {"": 3, "ann": 1}
    assert Counter(await senders(store, await take(store, 9))) == {"": 3}


async def test_no_more_is_taken_of_a_need_than_there_are_calls(store: Store) -> None:
    await flood(store, one=5)
    await needing(store, "file")
    await flood(store, two=2)

    taken = await take(store, 16, ticket=0, reply=0, file=1)

    assert boxes(taken) == {"two": 2, "one": 1}
    assert boxes(taken[:2]) == {"two": 2}  # files come last


async def test_tickets_that_wait_for_a_call_go_before_mail_that_was_not_read_yet(store: Store) -> None:
    await flood(store, planned=3)
    await needing(store, "ticket")
    await flood(store, new=20)

    assert boxes(await take(store, 4, ticket=2)) == {"planned": 2, "new": 2}


async def test_what_a_mail_needs_is_forgotten_when_it_goes_on(store: Store) -> None:
    await flood(store, one=1)
    (delivery,) = await take(store, 1)
    await store.write(lambda c: deliveries.defer(c, delivery, NOW, Waits(), now=NOW, needs="file"))
    assert await take(store, 1, file=0) == []
    (delivery,) = await take(store, 1, file=1)
    await store.write(lambda c: deliveries.defer(c, replace(delivery), NOW, Waits(), now=NOW))

    assert len(await take(store, 1, file=0)) == 1


def test_files_may_take_half_of_the_places_and_each_desk_has_its_own() -> None:
    slots = Slots(4)
    for number in range(3):
        slots.take(f"mail {number}", "one")

    assert [slots.to_files(f"mail {number}") for number in range(3)] == [True, True, False]
    assert (slots.free("one"), slots.free("two"), slots.free_for_files("one")) == (1, 4, 0)
    slots.leave("mail 0")
    assert slots.to_files("mail 2")
