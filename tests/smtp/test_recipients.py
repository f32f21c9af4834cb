"""Which recipients are ours, rule by rule, and what the mailbox's state answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.mailbox import MailboxSettings
from gateway.intake.mailboxes import Mailboxes
from gateway.store.engine import Store
from tests.smtp.serving import peer, serving

SUPPORT = MailboxSettings(address="support@msp.example", aliases=("help@msp.example", "@acme-support.example"))
SALES = MailboxSettings(address="sales@msp.example", tags=False)
OLD = MailboxSettings(address="old@msp.example", disabled="closed")
PAUSED = MailboxSettings(address="paused@msp.example", disabled="pause")
BOXES = (SUPPORT, SALES, OLD, PAUSED)


@pytest.mark.parametrize(
    ("address", "mailbox", "rule"),
    [
        ("support@msp.example", SUPPORT, "mailbox"),
        ("SUPPORT@MSP.Example", SUPPORT, "mailbox"),
        ("help@msp.example", SUPPORT, "alias"),
        ("support+a1b2@msp.example", SUPPORT, "tag"),
        ("help+x@msp.example", SUPPORT, "tag"),
        ("anything@acme-support.example", SUPPORT, "domain"),
        ("postmaster@acme-support.example", SUPPORT, "postmaster"),
        ("Postmaster", SUPPORT, "postmaster"),
        ("postmaster@msp.example", SUPPORT, "postmaster"),
        ("old@msp.example", OLD, "mailbox"),
        ("sales+x@msp.example", None, ""),
        ("nobody@msp.example", None, ""),
        ("support@elsewhere.example", None, ""),
        ("support", None, ""),
        ("@msp.example", None, ""),
        ("", None, ""),
    ],
)
def test_rules(address: str, mailbox: MailboxSettings | None, rule: str) -> None:
    match = Mailboxes(BOXES).match(address)

    assert (match.mailbox, match.rule) == (mailbox, rule) if match else (mailbox is None and rule == "")


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("help@msp.example", "250 2.1.5"),
        ("x@acme-support.example", "250 2.1.5"),
        ("old@msp.example", "550 5.2.1"),
        ("paused@msp.example", "450 4.2.1"),
        ("nobody@msp.example", "550 5.1.1"),
        ("ann@elsewhere.example", "550 5.7.1"),
        ("ann%elsewhere.example@msp.example", "550 5.1.1"),
    ],
)
async def test_answers(kept: Store, tmp_path: Path, address: str, answer: str) -> None:
    async with serving(kept, tmp_path, boxes=BOXES) as listener, peer(listener) as client:
        await client.say("EHLO x")
        await client.say("MAIL FROM:<>")
        assert (await client.say(f"RCPT TO:<{address}>")).startswith(answer)
