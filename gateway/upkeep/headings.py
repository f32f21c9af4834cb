"""Reads the headers of new mail, so that it can be found by their words.

What is read: who wrote it and to whom, the subject, its ids, and the ids by which the relays before us logged it.
A mail whose bytes are in an object store is found by what its row says.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from gateway.mail import glance
from gateway.mail.head import Head, split_head
from gateway.match.tokens import joined
from gateway.periodic import wait
from gateway.store import headings
from gateway.store.engine import Store
from gateway.store.headings import HEAD, MOST_WORDS
from gateway.store.raw import OBJECT, RawMail
from gateway.store.reading import Unreadable, garbled, parsed

EVERY = 2.0  # seconds
BATCH = 200
REST = 0.05  # seconds between two batches
HOPS = 3  # Received lines that are read
SHOWN = ("from", "reply-to", "to", "cc", "subject")
_QUEUE_ID = re.compile(rb"\bid\s+<?([A-Za-z0-9._-]{4,80})")


class HeadingReader:
    def __init__(self, store: Store, raws: RawMail) -> None:
        self._store = store
        self._raws = raws

    async def run(self, stop: asyncio.Event) -> None:
        """Read what is new, and by and by what is old, until ``stop``."""
        while not stop.is_set():
            await wait(stop, REST if await self.batch() == BATCH else EVERY)

    async def batch(self) -> int:
        """Read a batch. Returns how many mails it had."""

        def look(connection: Any) -> list[tuple[int, str]]:
            return [(row["seq"], words_of(row, self._raws)) for row in headings.unindexed(connection, BATCH)]

        words = await self._store.read_to_show(look)
        if words:
            await self._store.write(partial(headings.write, words=words))
        return len(words)


def words_of(row: Any, raws: RawMail) -> str:
    """The words of a row of ``headings.unindexed``."""
    return joined(texts_of(row, _head(row, raws)), MOST_WORDS)


def texts_of(row: Any, head: Head) -> Iterator[str]:
    """The texts by whose words a mail is found: of its row (id, mailbox, envelope, sender, subject, message_id) and its
    header."""
    envelope = _envelope(row)
    yield from _readable(row, "sender", "subject", "message_id")
    yield from (str(envelope.get(name) or "") for name in ("mail_from", "rcpt_to", "peer", "auth"))
    for name in SHOWN:
        yield from (glance.subject(value) for value in head.values(name)[:1])
    for value in head.values("received")[:HOPS]:
        yield from (found[1].decode("ascii") for found in _QUEUE_ID.finditer(value))
    yield from _readable(row, "id", "mailbox")


def _readable(row: Any, *names: str) -> Iterator[str]:
    yield from (row[name] for name in names if not garbled([row[name]]))


def _envelope(row: Any) -> dict[str, Any]:
    try:
        return parsed(row["envelope"], "delivery.envelope")
    except Unreadable:
        return {}


def _head(row: Any, raws: RawMail) -> Head:
    data: bytes = b""
    if row["path"] and not row["path"].startswith(OBJECT):
        with contextlib.suppress(OSError), (raws.spool / row["path"]).open("rb") as file:
            data = file.read(HEAD)
    elif row["head"] is not None and not garbled([row["head"]]):
        data = bytes(row["head"])
    return split_head(data)
