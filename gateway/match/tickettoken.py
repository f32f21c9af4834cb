"""The token of a ticket in the local part of a mailbox's address: support+TOKEN@msp.example. Whoever has the address
may write to the ticket (docs/mail-rules.md "Threading")."""

from __future__ import annotations

import secrets

from gateway.match import domains

LENGTH = 20
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def new() -> str:
    """A token that nobody guesses: 100 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def of(recipient: str) -> str:
    """The token in an address, "" when what is there has not the shape of one."""
    tag = domains.tag_of(recipient)
    return tag if len(tag) == LENGTH and tag.isalnum() else ""
