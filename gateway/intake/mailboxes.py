"""Which recipients are ours: an ordered list of rules, the first that knows the address decides.

Local parts compare without case (RFC 5321 2.4 leaves it to the receiver), international domains in either form (RFC
6531 3.7.3). ``postmaster`` is always taken and goes to the first mailbox (4.5.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.config.mailbox import MailboxSettings
from gateway.mail.author import canonical_address
from gateway.match import domains
from gateway.model.email import lower_ascii

_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Match:
    """A mailbox, and the rule that found it."""

    mailbox: MailboxSettings
    rule: str


def _unquoted(local: str) -> str:
    """A local part in quotes is the same as without (RFC 5321 4.1.2)."""
    return _ESCAPED.sub(r"\1", local[1:-1]) if len(local) > 2 and local[0] == local[-1] == '"' else local


class Mailboxes:
    """The recipients of all configured mailboxes."""

    def __init__(self, mailboxes: Sequence[MailboxSettings]) -> None:
        self._first = mailboxes[0]
        self.match = lru_cache(4096)(self._match)  # most mail is for few addresses
        self._addresses = {box.address: box for box in mailboxes}
        self._aliases = {alias: box for box in mailboxes for alias in box.aliases if alias[0] != "@"}
        self._whole = {alias[1:]: box for box in mailboxes for alias in box.aliases if alias[0] == "@"}
        self.domains = frozenset(
            [address.rpartition("@")[2] for address in (*self._addresses, *self._aliases)] + list(self._whole)
        )
        self.rules: tuple[tuple[str, Callable[[str, str], MailboxSettings | None]], ...] = (
            ("mailbox", self._exact),
            ("alias", self._alias),
            ("tag", self._tag),
            ("postmaster", self._postmaster),
            ("domain", self._domain),
        )

    def _match(self, address: str) -> Match | None:
        """The mailbox of an address and the rule's name, None when no rule knows it."""
        local, _, domain = lower_ascii(canonical_address(address)).rpartition("@")
        if not local:
            return Match(self._first, "postmaster") if domain == "postmaster" else None
        local = _unquoted(local)
        for name, rule in self.rules:
            if box := rule(local, domain):
                return Match(box, name)
        return None

    def find(self, address: str) -> MailboxSettings | None:
        """The mailbox of an address, None when no rule knows it."""
        found = self.match(address)
        return found.mailbox if found else None

    def is_ours(self, address: str) -> bool:
        """Whether the domain is one of our mailboxes'."""
        return domains.of(canonical_address(address)) in self.domains

    def _exact(self, local: str, domain: str) -> MailboxSettings | None:
        return self._addresses.get(f"{local}@{domain}")

    def _alias(self, local: str, domain: str) -> MailboxSettings | None:
        return self._aliases.get(f"{local}@{domain}")

    def _tag(self, local: str, domain: str) -> MailboxSettings | None:
        base, plus, _ = local.partition("+")
        if not plus:
            return None
        box = self._addresses.get(f"{base}@{domain}") or self._aliases.get(f"{base}@{domain}")
        return box if box and box.tags else None

    def _postmaster(self, local: str, domain: str) -> MailboxSettings | None:
        return self._first if local == "postmaster" and domain in self.domains else None

    def _domain(self, local: str, domain: str) -> MailboxSettings | None:
        return self._whole.get(domain)
