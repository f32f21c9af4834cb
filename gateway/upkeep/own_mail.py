"""A mail of the gateway's own, about mail that does not come: kept like any other, and a notice like any vendor's."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from sqlalchemy import Connection

from gateway.model.envelope import Envelope
from gateway.model.ids import uuid7
from gateway.model.ownnotice import OwnNotice
from gateway.model.spans import DAY
from gateway.outgoing.written import message_id, written
from gateway.store import deliveries
from gateway.store.deliveries import NewDelivery

REMEMBER = 90 * DAY


def keep(connection: Connection, mailbox: str, desk: str, about: OwnNotice, words: str, key: str, now: float) -> None:
    """Accept a mail to the mailbox with the title and the facts of ``about``. Of one ``key`` there is one."""
    own_id = message_id(key, f"missing.{mailbox.rpartition('@')[2]}")
    raw = written(mailbox, mailbox, about.title, words, key, now, headers={"Message-ID": f"<{own_id}>"})
    new = NewDelivery(
        id=uuid7(now),
        desk=desk,
        mailbox=mailbox,
        envelope=Envelope("", mailbox, time=now, internal=about.as_json()),
        message_id=own_id,
        mention_keys=(),
        dedupe_key=_dedupe_key(key),
        remember_until=now + REMEMBER,
    )
    deliveries.accept(connection, [new], raw, None, len(raw), sha256(raw).digest())


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that ``began`` then, told by a mail and, when it is over, by another. Of one ``key`` and begin there is
    one, whatever else changes."""

    source: str
    name: str
    key: str
    began: float
    desk: str
    mailbox: str
    client: str = ""

    def begin(self, connection: Connection, title: str, words: str, now: float) -> None:
        self._keep(connection, "open", title, words, now)

    def end(self, connection: Connection, title: str, words: str, now: float) -> None:
        """Says nothing where the begin was told in the log alone: the configuration may have changed since."""
        if deliveries.is_seen(connection, _dedupe_key(self._key("open"))):
            self._keep(connection, "close", title, words, now)

    def _keep(
        self, connection: Connection, state: Literal["open", "close"], title: str, words: str, now: float
    ) -> None:
        about = OwnNotice(source=self.source, expectation=self.name, title=title, client=self.client, state=state)
        keep(connection, self.mailbox, self.desk, about, words, self._key(state), now)

    def _key(self, state: str) -> str:
        return f"{self.source}\0{state}\0{self.key}\0{self.began:.3f}"


def _dedupe_key(key: str) -> bytes:
    return sha256(f"missing\0{key}".encode()).digest()
