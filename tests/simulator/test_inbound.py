"""The desk's own inbound mail: as recorded, and as its source says where nothing is recorded."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.simulator import Desk, Seed, notification
from gateway.simulator.comments import write_comment
from gateway.simulator.inbound import COMMENT, KNOWN, SKIPPED, STRANGER, TICKET, Provider, receive

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
    ("sender", "what"),
    [
        ("eve@evil.example", STRANGER),
        ("gil@globex.example", STRANGER),
        ("tess@msp.example", COMMENT),
        ("cc@elsewhere.example", COMMENT),
        (SUPPORT, SKIPPED),
    ],
)
def test_by_ids_alone_only_those_write_who_belong_to_the_ticket(
    sender: str, what: str, desk: Desk, provider: Provider
) -> None:
    receive(desk, provider, mail(Cc="cc@elsewhere.example"))

    assert (
        receive(desk, provider, mail(sender, "Re: Printer", "<2@x.example>", References="<1@acme.example>")).what
        == what
    )


@pytest.mark.parametrize(
    ("board", "fields", "what", "closed"),
    [
        ({}, {}, COMMENT, True),
        ({"inbound_reply_reopen_enabled": True}, {}, COMMENT, False),
        ({"inbound_reply_reopen_enabled": True}, {"Auto-Submitted": "auto-replied"}, COMMENT, True),
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
