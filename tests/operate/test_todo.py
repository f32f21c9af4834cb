"""What waits for a person: mail without a ticket, of people who wrote before."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, update

from gateway.operate import todo
from gateway.store.engine import Store
from gateway.store.schema import delivery
from tests.store.test_contract import NOW, accept, new

HOUR = 3600.0
PERSON, MACHINE, AWAY = ("DONE", "human", ""), ("DONE", "bulk", ""), ("SUPPRESSED", "vacation", "vacation")
MAILS = (  # the sender, what became of it, hours ago
    ("ann@acme.example", PERSON, 9),
    ("ann@acme.example", AWAY, 8),
    ("late@acme.example", AWAY, 8),
    ("late@acme.example", PERSON, 7),
    ("monitor@acme.example", MACHINE, 9),
    ("monitor@acme.example", AWAY, 8),
    ("busy@acme.example", PERSON, 9),
    *(("busy@acme.example", MACHINE, 8 - number / 10) for number in range(4)),
    ("busy@acme.example", AWAY, 2),
    ("busy@acme.example", AWAY, 1),
)


async def test_people_are_those_who_wrote_before(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the mail, and among the last that its sender wrote, however much a machine of that address sends."""
    await accept(store, *(new(f"m{number}", now=NOW - HOUR + number) for number in range(len(MAILS))))
    changed = update(delivery).where(delivery.c.seq == bindparam("number")).values(
        sender=bindparam("by"), stage=bindparam("became"), reason=bindparam("why"), accepted_at=bindparam("at"),
        **{"class": bindparam("kind")},
    )  # fmt: skip
    rows = [
        {"number": number, "by": sender, "became": stage, "kind": kind, "why": reason, "at": NOW - hours * HOUR}
        for number, (sender, (stage, kind, reason), hours) in enumerate(MAILS, 1)
    ]
    await store.write(lambda c: c.execute(changed, rows) and None)

    assert await store.read_to_show(lambda c: todo.doubted(c, NOW)) == 3
    monkeypatch.setattr(todo, "LOOKED_BACK", 5)
    assert await store.read_to_show(lambda c: todo.doubted(c, NOW)) == 2, "the last of the busy one is too far from it"
