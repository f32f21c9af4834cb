"""What the listeners refused, for who asks later what became of a mail.

Bounded whatever comes: of refusals alike only the first of a span is kept and the others are counted on it; a network
and a span have a most, beyond which only the count by reason goes on. Nothing here waits for the store: ``taken``
hands over what came since it was last called.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from gateway.match.names import network_of
from gateway.model.refusal import Refusal

SPAN = 600.0  # seconds
PER_NETWORK, PER_SPAN = 60, 600  # refusals that are kept each by itself
MOST_SESSIONS = 10  # whose ids are kept of refusals alike
NOT_ABOUT_MAIL = frozenset({"command", "line", "syntax", "order", "parameter", "tls", "auth", "draining", "timeout"})
"""Reasons that a peer mends by itself, before there is a mail."""

_Key = tuple[str, str, str, str]


class Refusals:
    """The refusals since the last ``taken``."""

    def __init__(self) -> None:
        self._until = 0.0
        self._kept: dict[_Key, Refusal] = {}
        self._told: set[_Key] = set()
        self._of_network: Counter[tuple[str, str]] = Counter()

    def add(self, refusal: Refusal) -> None:
        """One more refusal; of those alike in a span only the count grows."""
        if refusal.reason in NOT_ABOUT_MAIL and not refusal.mail_from:
            return
        if not 0 <= self._until - refusal.at <= SPAN:  # also when the clock was put back
            self._until = refusal.at + SPAN
            self._told.clear()
            self._of_network.clear()
        network = network_of(refusal.peer)
        key = (network, refusal.reason, refusal.mail_from, refusal.rcpt_to)
        if key not in self._told:
            if len(self._told) >= PER_SPAN or self._of_network[network, refusal.reason] >= PER_NETWORK:
                key = ("", refusal.reason, "", "")
                refusal = replace(refusal, peer="", helo="", mail_from="", rcpt_to="", subject="", message_id="")
            else:
                self._of_network[network, refusal.reason] += 1
        self._told.add(key)
        if (before := self._kept.get(key)) is not None:
            refusal = replace(before, times=before.times + 1, session=_sessions(before.session, refusal.session))
        self._kept[key] = refusal

    def taken(self) -> list[Refusal]:
        """What came since the last call, the oldest first."""
        kept, self._kept = list(self._kept.values()), {}
        return kept


def _sessions(known: str, session: str) -> str:
    ids = known.split()
    return known if not session or session in ids or len(ids) >= MOST_SESSIONS else f"{known} {session}".strip()
