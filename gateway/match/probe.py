"""The id of a probe: its form, so that others are not looked up, and 128 bits that nobody can guess.

It is the Message-ID, and stands in a field of its own as well, as some servers give each mail an id of theirs.
"""

from __future__ import annotations

import re
import secrets

_ID = re.compile(r"probe\.[0-9a-f]{32}@[^@\s]{1,255}")
PREFIX = "probe."
FIELD = "X-Gateway-Probe"


def make_id(sender: str) -> str:
    """A new one, without its brackets, in the domain of the sender."""
    return f"{PREFIX}{secrets.token_hex(16)}@{sender.rpartition('@')[2].lower()}"


def may_be(message_id: str) -> bool:
    """Whether it has the form of one; whether it is one, the store knows."""
    return _ID.fullmatch(message_id) is not None
