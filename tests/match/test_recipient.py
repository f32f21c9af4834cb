"""Which address a mail was sent to, where its envelope names the mailbox alone."""

from __future__ import annotations

import pytest

from gateway.config.mailbox import MailboxSettings
from gateway.mail.read import read
from gateway.match.ours import Ours
from gateway.match.recipient import as_addressed
from gateway.model.envelope import Envelope

BOX = "alerts@msp.example"


@pytest.mark.parametrize(
    ("rcpt", "to", "expected"),
    [
        (BOX, ["alerts+acme@msp.example"], "alerts+acme@msp.example"),
        (BOX, [BOX, "Alerts+Acme@MSP.example"], "alerts+acme@msp.example"),
        (BOX, ["alerts+acme@msp.example", "alerts+globex@msp.example"], BOX),  # which of them it is here for
        ("alerts+globex@msp.example", ["alerts+acme@msp.example"], "alerts+globex@msp.example"),
        (BOX, ["support+acme@msp.example", "alerts+acme@elsewhere.example", "alerts@msp.example"], BOX),
        (BOX, [], BOX),
    ],
)
def test_the_tagged_address_in_the_header(rcpt: str, to: list[str], expected: str) -> None:
    email = read(f"To: {', '.join(to[:1])}\nCc: {', '.join(to[1:])}\n\nx\n".encode()).email
    ours = Ours(MailboxSettings(address=BOX, board="Support").taken_addresses)

    assert as_addressed(email, Envelope("", rcpt), ours).rcpt_to == expected


def test_where_tags_are_off_it_is_somebody_else() -> None:
    email = read(b"To: alerts+acme@msp.example\n\nx\n").email
    ours = Ours(MailboxSettings(address=BOX, board="Support", tags=False).taken_addresses)

    assert as_addressed(email, Envelope("", BOX), ours).rcpt_to == BOX
