"""Ways into the console: links that work once, and sessions: of who came by a link, and of who logged in. The store has
hashes of what opens them, nothing else."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from sqlalchemy import Connection, delete, insert, select

from gateway.store.schema import entry

Kind = Literal["link", "session", "login"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is in: ``role`` is look, act or administer."""

    name: str
    role: str


def make(connection: Connection, kind: Kind, visitor: Visitor, address: str, now: float, seconds: float) -> str:
    """A new link or session: what opens it, told once. What is over is forgotten."""
    connection.execute(delete(entry).where(entry.c.until < now))
    value = secrets.token_urlsafe(32)
    row = {"hash": _hash(value), "kind": kind, "who": visitor.name, "role": visitor.role, "address": address}
    connection.execute(insert(entry), {**row, "made_at": now, "until": now + seconds})
    return value


def visitor(connection: Connection, kinds: tuple[Kind, ...], value: str, now: float) -> tuple[Kind, Visitor] | None:
    """Of which of these kinds it is and whom it lets in, None when it is over or was never made."""
    query = select(entry.c.kind, entry.c.who, entry.c.role).where(
        entry.c.hash == _hash(value), entry.c.kind.in_(kinds), entry.c.until >= now
    )
    row = connection.execute(query).first()
    return (row[0], Visitor(row[1], row[2])) if row else None


def use(connection: Connection, value: str, now: float) -> Visitor | None:
    """Whom a link lets in; it does so once."""
    found = visitor(connection, ("link",), value, now)
    gone = connection.execute(delete(entry).where(entry.c.hash == _hash(value), entry.c.kind == "link"))
    return found[1] if found and gone.rowcount else None


def end(connection: Connection, value: str) -> None:
    """A session is over."""
    connection.execute(delete(entry).where(entry.c.hash == _hash(value)))


def _hash(value: str) -> bytes:
    return sha256(value.encode()).digest()
