"""Addresses that take no answers: the one list that all readers use."""

from __future__ import annotations

import re

_NO_REPLY = re.compile(r"(?:^|[-_.+=])(?:no|do[-_.]?not|dont)[-_.]?reply", re.IGNORECASE)
_MACHINES = frozenset({"mailer-daemon", "postmaster"})


def takes_no_answers(address: str) -> bool:
    """Whether the local part says that nobody reads what is sent there: noreply, do.not.reply-42, MAILER-DAEMON."""
    local = address.rpartition("@")[0] or address
    return says_so(local) or local.lower() in _MACHINES


def says_so(local: str) -> bool:
    """Whether a local part, or what it has behind a sign, begins with some "no reply": shares-noreply."""
    return bool(_NO_REPLY.search(local))
