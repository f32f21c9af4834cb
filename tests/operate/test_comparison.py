"""Which ticket or comment of the desk is of which mail, where ids say nothing, and what is read of a desk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.desk.algapsa import native
from gateway.desk.algapsa.desk import AlgaDesk
from gateway.desk.outcome import Good, Outcome, Refused
from gateway.operate import comparison
from gateway.operate.comparison import ELSEWHERE, ONLY_HERE, ONLY_THERE, OTHER_READERS, SAME, There, compare, read
from gateway.operate.shadow import HIDDEN, SHOWN, UNSAID, Further, Planned

NOW = 1_795_000_000.0


def planned(id: str, became: str = "ticket", message_id: str = "", **more: Any) -> Planned:
    values = {
        "sender": "alice@acme.example",
        "subject": "Printer",
        "at": NOW,
        "why": "",
        "ticket_id": f"R{id}",
        "client_id": "acme",
        "board_id": "support",
    }
    return Planned(id=id, message_id=message_id, became=became, **{**values, **more})


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def row(id: str, title: str = "Printer", at: float = NOW, message_id: str = "", **more: Any) -> dict[str, Any]:
    values = {"ticket_id": id, "ticket_number": f"T{id}", "title": title, "client_id": "acme", "board_id": "support"}
    kept = {"email_metadata": {"messageId": message_id}} if message_id else {}
    return {**values, "entered_at": iso(at), "updated_at": iso(at + 9), **kept, **more}


def comment(
    id: str, message_id: str = "", sender: str = "alice@acme.example", at: float = NOW, **more: Any
) -> dict[str, Any]:
    email = {"messageId": message_id, "from": {"email": sender}}
    return {"comment_id": id, "created_at": iso(at), "is_internal": False, "metadata": {"email": email}, **more}


@dataclass
class Lists:
    """A desk that has these tickets with these comments."""

    tickets: list[dict[str, Any]]
    said: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def tickets_touched(self, since: float, page: int) -> Outcome:
        half = self.tickets[(page - 1) * 2 : page * 2 + 1]  # a row moves to the next page meanwhile
        return Good(200, half, {"pagination": {"hasNext": page * 2 < len(self.tickets)}})

    async def comments(self, ticket_id: str, back_to: float) -> Outcome:
        self.asked.append(ticket_id)
        return Good(200, self.said[ticket_id], {}) if ticket_id in self.said else Refused(404, "NOT_FOUND", "gone")

    async def comments_found(self, cursor: str) -> Outcome:
        """None on tickets that nobody touched."""
        return Good(200, {"results": [], "nextCursor": None}, {})


GRAPH = "AAMkAGI2THVSAAA="
CASES: dict[str, tuple[list[Planned], list[dict[str, Any]], dict[str, list[dict[str, Any]]], dict[str, int], dict[str, int]]] = {
    "a provider's own number instead of an id": (
        [planned("1", message_id="a@x"), planned("2", "comment", "b@x", ticket_id="R1", comments=(SHOWN,), at=NOW + 200)],
        [row("9", message_id=GRAPH)],
        {"9": [comment("c1", GRAPH), comment("c2", GRAPH + "2", at=NOW + 210)]},
        {SAME: 1},
        {SAME: 1},
    ),
    "no id at all, the first comment repeats the mail": ([planned("1", message_id="digest.0@invalid.local")], [row("9")], {"9": [comment("c1")]}, {SAME: 1}, {}),
    "a comment by mail that left the time of its ticket as it was": (
        [planned("1", message_id="a@x"), planned("2", "comment", "b@x", ticket_id="R1", comments=(SHOWN,), at=NOW + 200)],
        [row("9", message_id="a@x", updated_at=iso(NOW))],
        {"9": [comment("c1", "a@x"), comment("c2", "b@x", at=NOW + 210)]},
        {SAME: 1},
        {SAME: 1},
    ),
    "two ids are two mails": ([planned("1", message_id="a@x")], [row("9", message_id="<b@x>")], {}, {ONLY_HERE: 1, ONLY_THERE: 1}, {}),
    "one mail to two mailboxes": (
        [planned("1", message_id="a@x", board_id="sales"), planned("2", message_id="a@x")],
        [row("8", message_id="<a@x>"), row("9", message_id="<a@X>", board_id="sales")],
        {},
        {SAME: 2},
        {},
    ),
    "a ticket here, a comment there": ([planned("1", message_id="a@x")], [row("9", at=NOW - 1e6)], {"9": [comment("c1", "<a@x>")]}, {ELSEWHERE: 1}, {}),
    "held back here, a comment there": ([planned("1", "quarantined", "a@x", why="unverified-sender")], [row("9", at=NOW - 1e6)], {"9": [comment("c1", "<a@x>")]}, {}, {ONLY_THERE: 1}),
    "a notice that says nothing new": ([planned("1", "comment", "a@x")], [], {}, {}, {}),
    "the words are no longer kept": ([planned("1", "comment", "a@x", ticket_id="9", comments=(UNSAID,))], [row("9", at=NOW - 1e6)], {"9": [comment("c1", "<a@x>")]}, {}, {SAME: 1}),
    "internal here": ([planned("1", "comment", "a@x", ticket_id="9", comments=(HIDDEN, SHOWN))], [row("9", at=NOW - 1e6)], {"9": [comment("c1", "<a@x>")]}, {}, {OTHER_READERS: 1}),
    "a person's comment": ([], [row("9", at=NOW - 1e6)], {"9": [comment("c1", metadata=None), comment("c2", metadata={"email": "x"})]}, {}, {}),
    "a comment of another time": ([], [row("9", at=NOW - 1e6)], {"9": [comment("c1", "<z@x>", at=NOW - 5e5)]}, {}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_what_belongs_together(name: str) -> None:
    mails, rows, said, tickets, comments = CASES[name]
    desk: Any = Lists(rows, {str(each["ticket_id"]): said.get(each["ticket_id"], []) for each in rows})
    found = compare(mails, await read(AlgaDesk(desk), mails, NOW - 86_400), {}, NOW - 86_400, NOW + 86_400)

    assert (dict(found.counts), dict(found.comments), found.unread) == (tickets, comments, 0)
    assert (
        len(found.differences)
        == sum(tickets.values()) + sum(comments.values()) - found.counts[SAME] - found.comments[SAME]
    )


async def test_reading_is_bounded_and_says_what_was_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "MOST_READ", 3)
    rows = [row(str(number), at=NOW + number) for number in range(5)]
    desk: Any = Lists(rows, {str(number): [] for number in (0, 4)})
    there: There = await read(AlgaDesk(desk), [planned("1", "comment", ticket_id="0")], NOW)

    assert [ticket.id for ticket in there.tickets] == ["0", "1", "2", "3", "4"]
    assert desk.asked == ["0", "4", "3"]  # the planned one, then the newest
    assert there.unread == 1 + 2  # one is gone, two are too many


def test_every_ticket_of_a_mail_of_several_problems_is_compared() -> None:
    """The desk made two tickets of it, of which one is of no problem that we saw."""
    further = (Further("db01 is down", "acme"), Further("web01 is down", "globex"))
    mail = planned("a", message_id="m@x.example", further=further)
    there = There(
        [native.ticket(row(id, message_id="m@x.example", client_id=id)) for id in ("acme", "globex", "initech")]
    )
    found = compare([mail], there, {"acme": "Acme"}, NOW - 60, NOW + 60)

    assert found.counts == {SAME: 2, ONLY_HERE: 1, ONLY_THERE: 1}
    assert [difference.here for difference in found.differences if difference.kind == ONLY_HERE] == [
        "a further ticket for Acme: db01 is down"
    ]
