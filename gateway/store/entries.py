"""Ways into the console: links that work once, and sessions: of who came by a link, who logged in here, and who did at
an identity provider; and the browsers in which somebody logged in here. The store has hashes of what opens them,
nothing else."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from sqlalchemy import Connection, delete, insert, select

from gateway.store.schema import entry

Kind = Literal["link", "session", "login", "oidc", "browser"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is in: ``role`` is look, act or administer."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A link or session that is not over. ``grants``: by what an identity provider said has its person a role."""

    kind: Kind
    visitor: Visitor
    grants: tuple[str, ...] = ()


def make(
    connection: Connection, kind: Kind, visitor: Visitor, address: str, now: float, seconds: float,
    grants: tuple[str, ...] = (),
) -> str:  # fmt: skip
    """A new link or session: what opens it, told once. What is over is forgotten."""
    connection.execute(delete(entry).where(entry.c.until < now))
    value = secrets.token_urlsafe(32)
    row = {"hash": _hash(value), "kind": kind, "who": visitor.name, "role": visitor.role, "address": address}
    connection.execute(insert(entry), {**row, "made_at": now, "until": now + seconds, "grants": json.dumps(grants)})
    return value


def opened(connection: Connection, kinds: tuple[Kind, ...], value: str, now: float) -> Entry | None:
    """What it opens, if it is of one of these kinds; None when it is over or was never made."""
    query = select(entry).where(entry.c.hash == _hash(value), entry.c.kind.in_(kinds), entry.c.until >= now)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    return Entry(row["kind"], Visitor(row["who"], row["role"]), tuple(json.loads(row["grants"] or "[]")))


def use(connection: Connection, value: str, now: float) -> Visitor | None:
    """Whom a link lets in; it does so once."""
    found = opened(connection, ("link",), value, now)
    gone = connection.execute(delete(entry).where(entry.c.hash == _hash(value), entry.c.kind == "link"))
    return found.visitor if found and gone.rowcount else None


def end(connection: Connection, value: str) -> str:
    """A session is over. Returns its kind, "" where there was none."""
    gone = delete(entry).where(entry.c.hash == _hash(value)).returning(entry.c.kind)
    return str(connection.execute(gone).scalar() or "")


def _hash(value: str) -> bytes:
    return sha256(value.encode()).digest()
