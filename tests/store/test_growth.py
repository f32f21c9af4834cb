"""What a mail asks of the store costs the same however much else is there: by the steps of SQLite's machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from gateway.mail.ending import Name as Signer
from gateway.match.names import Name
from gateway.model.effects import ReopenBody
from gateway.model.envelope import Envelope
from gateway.store import claims, endings, mapping, order, posted, senders
from gateway.store.engine import Store
from gateway.store.mapping import key
from gateway.store.schema import delivery, effect, ending, mention, participant, thread, ticket
from gateway.store.schema import posted as posted_table
from tests.store.test_contract import DESK, NOW
from tests.store.test_storms import steps

FEW, MANY = 120, 1200
BOX, THREAD, TICKET = "support@msp.example", "thread@acme.example", "T-1"
ALICE = Name("alice@acme.example", "dmarc")
Ask = Callable[..., object]


def mails(count: int, **values: Any) -> list[dict[str, Any]]:
    """So many rows; a value may be a function of the number, from 1."""
    usual = {
        "seq": lambda number: number,
        "id": lambda number: f"mail-{number}",
        "raw_id": 1,
        "desk": DESK,
        "mailbox": BOX,
        "envelope": Envelope("ann@acme.example", BOX, time=NOW - 60).as_json(),
        "message_id": lambda number: f"{number}@acme.example",
        "accepted_at": NOW - 60,
        "sender": ALICE.address,
        "sender_domain": "acme.example",
        "proof": ALICE.proof,
        "subject": lambda number: f"Printer {number}",
        "stage": "ACCEPTED",
        "due_at": NOW - 60,
    }
    return [
        {name: value(number) if callable(value) else value for name, value in {**usual, **values}.items()}
        for number in range(1, count + 1)
    ]


def put(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    connection.execute(insert(table), rows)


def became(connection: Connection, count: int, stage: str = "QUARANTINED", **values: Any) -> None:
    """Mail that came in this hour and is over, three of which became tickets."""
    outcomes = {"outcome": lambda number: "ticket" if number <= 3 else "quarantine", "class": ""}
    put(connection, delivery, mails(count, stage=stage, **outcomes, **values))


def of_one_sender(connection: Connection, count: int) -> None:
    became(connection, count)


def tickets_of_one_sender(connection: Connection, count: int) -> None:
    """As many as no limit keeps short, about as many matters."""
    matters = {"matter": lambda number: f"printer {number}", "class": "", "outcome": "ticket"}
    put(connection, delivery, mails(count, stage="DONE", **matters))


def of_one_domain(connection: Connection, count: int) -> None:
    became(connection, count, "SUPPRESSED", sender=lambda number: f"person{number}@acme.example")


def not_due(connection: Connection, count: int) -> None:
    """All wait for later but the last one."""
    later = {"due_at": lambda number: NOW + 100 + number if number < count else NOW, "waits_for": "earlier"}
    put(connection, delivery, mails(count, asleep=lambda number: number < count, **later))


def held_by_a_window(connection: Connection, count: int) -> None:
    """Of as many senders: the turn of each would come."""
    put(
        connection,
        delivery,
        mails(count, asleep=True, due_at=NOW + 900, sender=lambda number: f"m{number}@acme.example"),
    )


def in_one_thread(connection: Connection, count: int) -> None:
    """None of those behind is planned but the last one."""
    put(connection, delivery, mails(count, stage=lambda number: "PLANNED" if number == count else "ACCEPTED"))
    ids = [{"key": key(DESK, THREAD), "seq": number, "planned": None} for number in range(1, count + 1)]
    ids[-1]["planned"] = ids[-1]["key"]
    put(connection, mention, ids)


def on_one_ticket(connection: Connection, count: int) -> None:
    """Comments of years, of as many people, and a reply that is planned."""
    people = {"sender": lambda number: f"person{number}@acme.example", "ticket_id": TICKET, "board_id": "B"}
    put(connection, delivery, mails(count, stage="DONE", outcome="comment", posted=True, accepted_at=1.0, **people))
    put(
        connection,
        delivery,
        mails(
            1, seq=count + 1, id="reply", stage="PLANNED", outcome="comment", **{**people, "sender": "bob@acme.example"}
        ),
    )
    names = [f"person{number}@acme.example" for number in range(1, count + 1)]
    put(
        connection,
        participant,
        [{"desk": DESK, "ticket_id": TICKET, "address": name, "role": "sender"} for name in names],
    )
    threads = {"board_id": "B", "ticket_id": TICKET, "known": "received"}
    put(
        connection,
        thread,
        [{"key": key(DESK, name), "message_id": name, "delivery_id": name, **threads} for name in names],
    )
    effects = {"generation": 1, "idx": 0, "desk": DESK, "body": "{}", "marker": "", "state": "DONE", "sent_at": 1.0}
    put(
        connection,
        effect,
        [{"delivery_id": f"mail-{number}", "kind": "comment", **effects} for number in range(1, count + 1)],
    )
    put(
        connection,
        effect,
        [{"delivery_id": "mail-1", **effects, "kind": ReopenBody.kind, "idx": 1, "sent_at": NOW - 5}],
    )
    put(
        connection,
        posted_table,
        [
            {"desk": DESK, "ticket_id": TICKET, "delivery_id": f"mail-{number}", "prints": b"1" * 8}
            for number in range(1, count + 1)
        ],
    )
    ends = {"desk": DESK, "domain": "acme.example", "ticket_id": TICKET, "prints": b"1" * 8}
    put(
        connection,
        ending,
        [{"sender": name, "delivery_id": f"mail-{number}", **ends} for number, name in enumerate(names)],
    )
    put(
        connection,
        ticket,
        [
            {
                "desk": DESK,
                "ticket_id": TICKET,
                "number": "TIC1",
                "board_id": "B",
                "client_id": "C",
                "contact_id": "",
                "fallback": False,
            }
        ],
    )


def in_the_mapping(connection: Connection, count: int) -> None:
    """Tickets of one client."""
    whose = {"desk": DESK, "board_id": "B", "client_id": "C", "contact_id": "", "fallback": False}
    put(
        connection,
        ticket,
        [{"ticket_id": f"T-{number}", "number": f"TIC{number}", **whose} for number in range(1, count + 1)],
    )
    known = {"board_id": "B", "known": "received", "delivery_id": "mail"}
    put(
        connection,
        thread,
        [
            {"key": key(DESK, f"{number}@x"), "message_id": f"{number}@x", "ticket_id": f"T-{number}", **known}
            for number in range(1, count + 1)
        ],
    )


def taken(connection: Connection, count: int) -> None:
    assert len(claims.claim(connection, DESK, 16, now=NOW, lease=30.0, name="worker")) <= 1  # of all that waits


HOUR: dict[str, Ask] = {
    "recent mail of the sender": lambda c, count: senders.recent(c, DESK, ALICE, NOW),
    "tickets about the same matter": lambda c, count: senders.rounds(c, DESK, ALICE, "printer", NOW),
}
CLAIM: dict[str, Ask] = {
    "a claim": taken,
    "for which calls mail waits": lambda c, count: claims.waiting_boxes(c, DESK),
    "when the next is due": lambda c, count: claims.next_due(c, [DESK], NOW),
}
KINDS: dict[Callable[[Connection, int], None], dict[str, Ask]] = {
    of_one_sender: {**HOUR, **CLAIM, "copies": lambda c, count: mapping.copies(c, DESK, "1@acme.example", "mail-2")},
    tickets_of_one_sender: {
        "tickets about the same matter": lambda c, count: senders.rounds(c, DESK, ALICE, "printer 7", NOW),
    },
    of_one_domain: HOUR,
    not_due: CLAIM,
    held_by_a_window: CLAIM,
    in_one_thread: {
        "who is ahead of the first": lambda c, count: order.blockers(c, DESK, 1, {THREAD}),
        "who is ahead of the first, by the header": lambda c, count: order.blockers_by_header(c, 1),
        "whose notice is ahead of the first": lambda c, count: order.ahead(c, DESK, 1, [THREAD]),
        "which other is planned": lambda c, count: order.planned(c, DESK, 1, [THREAD]),
        "who is ahead of one in the middle": lambda c, count: order.blockers(c, DESK, count // 2, {THREAD}),
    },
    on_one_ticket: {
        "reopens": lambda c, count: mapping.reopens(c, DESK, TICKET, NOW - 3600),
        "earlier mail on the ticket": lambda c, count: order.earlier_on_ticket(c, DESK, TICKET, count + 2),
        "who takes part": lambda c, count: mapping.part_in(c, DESK, TICKET, f"person{count}@acme.example"),
        "the ticket of an id": lambda c, count: mapping.lookup_known(c, DESK, ["person1@acme.example"], ALICE.address),
        "what was posted": lambda c, count: posted.prints_of(c, DESK, TICKET),
        "what stood at the end": lambda c, count: endings.of(c, DESK, Signer(ALICE.address, "acme.example"), TICKET, "reply"),
        "an ending to keep": lambda c, count: posted.add(c, DESK, TICKET, "reply", b"1" * 8),
    },
    in_the_mapping: {
        "the tickets of ids": lambda c, count: mapping.lookup_known(c, DESK, ["1@x", "2@x"], ALICE.address),
        "a ticket by its number": lambda c, count: mapping.ticket_by_number(c, DESK, "TIC7"),
        "a ticket": lambda c, count: mapping.get_ticket(c, DESK, "T-7"),
        "a reservation": lambda c, count: mapping.reserve(c, DESK, "B", "mail-0", [("new@x", "received"), ("1@x", "referenced")]),
    },
}  # fmt: skip


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.__name__.replace("_", " "))
def stores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two with mail of a kind, of one few and of the other many, and the kind."""
    from tests.schema import migrated_file

    folder, made = tmp_path_factory.mktemp("growth"), {}
    for count in (FEW, MANY):
        file = folder / f"{count}.db"
        file.write_bytes(migrated_file().read_bytes())
        made[count] = Store(f"sqlite:///{file}")
        with made[count].engine.begin() as connection:
            request.param(connection, count)
    yield request.param, made
    for store in made.values():
        store.close()


def test_it_costs_the_same(stores: Any) -> None:
    kind, made = stores
    grown = {}
    for name, ask in KINDS[kind].items():
        few, many = (steps(made[count], partial(ask, count=count)) for count in (FEW, MANY))
        if many > 1.5 * few + 100:
            grown[name] = few, many

    assert grown == {}
