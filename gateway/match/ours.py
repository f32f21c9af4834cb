"""Which addresses are ours: mailboxes, their aliases and tags, and whole domains."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from gateway.model.email import lower_ascii


class Ours:
    """Addresses in any case. An entry is an address, ``local+@domain`` for an address with any tag, or
    ``@domain`` for all of a domain."""

    def __init__(self, entries: Iterable[str] = ()) -> None:
        self.entries = frozenset(lower_ascii(entry) for entry in entries)

    def __contains__(self, address: str) -> bool:
        local, _, domain = lower_ascii(address).rpartition("@")
        if not local or not domain:
            return False
        base, plus, _ = local.partition("+")
        return not self.entries.isdisjoint((f"{local}@{domain}", f"@{domain}", f"{base}+@{domain}" if plus else ""))


@lru_cache(maxsize=8)
def ours_of(entries: tuple[str, ...]) -> Ours:
    """The same addresses are asked for with each mail."""
    return Ours(entries)
