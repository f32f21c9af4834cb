"""The desk's own inbound mail: as recorded, and as its source says where nothing is recorded."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.simulator import Desk, Seed, notification
from gateway.simulator.comments import write_comment
from gateway.simulator.inbound import COMMENT, KNOWN, SKIPPED, TICKET, Provider, receive
from gateway.simulator.state import watchers

SUPPORT = "support@msp.example"


def mail(
    sender: str = "alice@acme.example",
    subject: str = "Printer",
    id: str = "<1@acme.example>",
    text: str = "Help.",
    **fields: str,
) -> bytes:
    head = {"From": sender, "To": SUPPORT, "Subject": subject, "Message-ID": id, **fields}
    return ("".join(f"{name.replace('_', '-')}: {value}\n" for name, value in head.items()) + f"\n{text}\n").encode()


@pytest.fixture
def desk() -> Desk:
    return Desk(Seed(), clock=lambda: 1_795_000_000.0)


@pytest.fixture
def provider(desk: Desk) -> Provider:
    board = next(iter(desk.boards))
    status = next(row["status_id"] for row in desk.statuses.values() if row["board_id"] == board)
    client = next(row["client_id"] for row in desk.clients.values() if row["client_name"] == "Unknown Senders")
    return Provider(SUPPORT, board, status, next(iter(desk.priorities)), client)


def test_a_ticket_has_its_mail_as_the_first_comment_too(desk: Desk, provider: Provider) -> None:
    taken = receive(desk, provider, mail())
    ticket, (comment,) = desk.tickets[taken.ticket_id], desk.comments[taken.ticket_id]

    assert taken.what == TICKET and ticket["title"] == "Printer" and ticket["ticket_origin"] == "inbound_email"
    assert desk.clients[ticket["client_id"]]["client_name"] == "Acme"
    assert ticket["email_metadata"]["messageId"] == comment["metadata"]["email"]["messageId"] == "<1@acme.example>"
    assert receive(desk, provider, mail()).what == KNOWN and len(desk.tickets) == 1


def test_a_reply_is_a_comment_as_recorded(desk: Desk, provider: Provider) -> None:
    first = receive(desk, provider, mail())
    taken = receive(
        desk,
        provider,
        mail(
            "bob@acme.example", "Re: Printer", "<2@acme.example>", "Mine too.\n> Help.", In_Reply_To="<1@acme.example>"
        ),
    )
    row = desk.comments[first.ticket_id][1]

    assert (taken.what, taken.ticket_id) == (COMMENT, first.ticket_id)
    assert (row["author_type"], row["user_id"], row["is_internal"], row["publish_state"]) == (
        "client",
        None,
        False,
        "published",
    )
    assert row["contact_id"] and "Mine too." in row["note"] and "Help." not in row["note"]
    assert row["metadata"] == {
        "email": {
            "from": "bob@acme.example",
            "provider": "imap",
            "messageId": "<2@acme.example>",
            "providerType": "imap",
        },
        "responseSource": "inbound_email",
    }
    assert desk.tickets[first.ticket_id]["response_state"] == "awaiting_internal"


def test_the_desks_own_mail_is_answered_by_its_id_or_its_token(desk: Desk, provider: Provider) -> None:
    first = receive(desk, provider, mail())
    comment = write_comment(desk, first.ticket_id, "Restart it.", user_id=next(iter(desk.users)))
    sent = notification.of_comment(desk, comment, "alice@acme.example", "msp.example")
    by_id = mail(subject="Re: it", id="<2@x.example>", In_Reply_To=str(sent["Message-ID"]))
    by_token = mail("eve@evil.example", "Re: it", "<3@x.example>", f"Yes.\n\n{sent.get_body(('plain',)).get_content()}")  # type: ignore[union-attr]

    assert [receive(desk, provider, raw).ticket_id for raw in (by_id, by_token)] == [first.ticket_id] * 2


@pytest.mark.parametrize(
    ("sender", "what", "author", "watches"),
    [
        ("Eve <eve@evil.example>", COMMENT, "client", True),
        ("gil@globex.example", COMMENT, "client", True),  # a contact of another client
        ("tess@msp.example", COMMENT, "internal", True),
        ("bob@acme.example", COMMENT, "client", False),
        ("cc@elsewhere.example", COMMENT, "client", True),
        (SUPPORT, SKIPPED, "", False),
    ],
)
def test_whoever_names_a_ticket_writes_on_it_and_watches_it_unless_a_contact_of_its_client(
    sender: str, what: str, author: str, watches: bool, desk: Desk, provider: Provider
) -> None:
    first = receive(desk, provider, mail(Cc="cc@elsewhere.example"))
    taken = receive(desk, provider, mail(sender, "Re: Printer", "<2@x.example>", References="<1@acme.example>"))
    address = sender.removeprefix("Eve <").removesuffix(">")
    rows = desk.comments[first.ticket_id][1:]

    assert taken.what == what
    assert [(row["author_type"], row["is_internal"]) for row in rows] == ([(author, False)] if author else [])
    assert [bool(row["contact_id"]) for row in rows] == ([sender == "bob@acme.example"] if author else [])
    assert (address in watchers(desk.tickets[first.ticket_id])) is watches


def test_a_reply_changes_the_time_of_its_ticket_only_when_somebody_new_watches(desk: Desk, provider: Provider) -> None:
    first = receive(desk, provider, mail(Cc="Carl <cc@elsewhere.example>"))
    ticket = desk.tickets[first.ticket_id]
    told = []
    for number, copies in enumerate(("cc@elsewhere.example", "new@elsewhere.example", "new@elsewhere.example"), 2):
        desk.shift += 60
        receive(desk, provider, mail(id=f"<{number}@acme.example>", In_Reply_To="<1@acme.example>", Cc=copies))
        told.append(ticket["updated_at"])

    assert ticket["entered_at"] == told[0] < told[1] == told[2]
    assert ticket["attributes"]["watch_list"] == [
        {"email": "cc@elsewhere.example", "active": True, "source": "inbound_cc", "name": "Carl"},
        {"email": "new@elsewhere.example", "active": True, "source": "inbound_cc"},
    ]


def test_whoever_stopped_watching_watches_again(desk: Desk, provider: Provider) -> None:
    first = receive(desk, provider, mail(Cc="cc@elsewhere.example"))
    desk.tickets[first.ticket_id]["attributes"]["watch_list"][0]["active"] = False
    receive(desk, provider, mail("cc@elsewhere.example", id="<2@x.example>", In_Reply_To="<1@acme.example>"))

    assert watchers(desk.tickets[first.ticket_id]) == ["cc@elsewhere.example"]


def test_of_two_contacts_of_an_address_the_tickets_own_writes_or_nobody(desk: Desk, provider: Provider) -> None:
    alice, bob = (
        next(row for row in desk.contacts.values() if row["email"] == f"{name}@acme.example")
        for name in ("alice", "bob")
    )
    first = receive(desk, provider, mail())
    bob["_addresses"].append({"normalized_email_address": "alice@acme.example"})
    receive(desk, provider, mail(id="<2@acme.example>", In_Reply_To="<1@acme.example>"))
    desk.tickets[first.ticket_id]["contact_name_id"] = None
    receive(desk, provider, mail(id="<3@acme.example>", In_Reply_To="<1@acme.example>"))

    authors = [row["contact_id"] for row in desk.comments[first.ticket_id]]
    assert authors == [alice["contact_name_id"], alice["contact_name_id"], None]


def test_of_two_tickets_that_are_named_the_oldest_reference_counts(desk: Desk, provider: Provider) -> None:
    old = receive(desk, provider, mail())
    receive(desk, provider, mail(id="<2@acme.example>", subject="Scanner"))
    third = mail(id="<3@acme.example>", subject="Both", References="<1@acme.example> <2@acme.example>")

    assert receive(desk, provider, third).ticket_id == old.ticket_id


def test_a_mail_that_an_earlier_one_named_joins_its_ticket(desk: Desk, provider: Provider) -> None:
    late = receive(desk, provider, mail(id="<2@acme.example>", In_Reply_To="<1@acme.example>"))

    assert receive(desk, provider, mail()).what == COMMENT
    assert [row["metadata"]["email"]["messageId"] for row in desk.comments[late.ticket_id]] == [
        "<2@acme.example>",
        "<1@acme.example>",
    ]


def test_the_desks_own_mail_that_comes_back_without_a_word_is_skipped(desk: Desk, provider: Provider) -> None:
    first = receive(desk, provider, mail())
    comment = write_comment(desk, first.ticket_id, "Restart it.", user_id=next(iter(desk.users)))
    sent = notification.of_comment(desk, comment, "alice@acme.example", "msp.example")
    back = mail("eve@evil.example", "Fwd: it", "<3@x.example>", sent.get_body(("plain",)).get_content())  # type: ignore[union-attr]

    assert receive(desk, provider, back).what == SKIPPED


@pytest.mark.parametrize(
    ("board", "fields", "what", "closed"),
    [
        ({}, {}, COMMENT, True),
        ({"inbound_reply_reopen_enabled": True}, {}, COMMENT, False),
        ({"inbound_reply_reopen_enabled": True}, {"Auto-Submitted": "auto-replied"}, COMMENT, True),
        ({"inbound_reply_reopen_enabled": True}, {"Auto-Submitted": "no"}, COMMENT, False),
        ({"inbound_reply_reopen_enabled": True}, {"Precedence": "bulk"}, COMMENT, True),
        ({"inbound_reply_reopen_enabled": True}, {"X-Auto-Response-Suppress": "OOF"}, COMMENT, True),
        ({"inbound_reply_reopen_enabled": True, "inbound_reply_reopen_cutoff_hours": 1}, {}, TICKET, True),
    ],
)
def test_a_reply_to_a_closed_ticket(
    board: dict[str, Any], fields: dict[str, str], what: str, closed: bool, desk: Desk, provider: Provider
) -> None:
    first = receive(desk, provider, mail())
    desk.boards[provider.board].update(board)
    desk.tickets[first.ticket_id].update(is_closed=True, closed_at="2026-11-18T00:00:00.000Z")
    desk._clock = lambda: 1_794_970_000.0

    assert receive(desk, provider, mail(id="<2@acme.example>", In_Reply_To="<1@acme.example>", **fields)).what == what
    assert desk.tickets[first.ticket_id]["is_closed"] is closed
