"""What the listeners refused, as it is kept: bounded in number here, in time by retention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select

from gateway.match.tokens import joined
from gateway.model.refusal import Refusal
from gateway.store.pruning import Dropped
from gateway.store.reading import looking
from gateway.store.schema import refusal

MOST = 50_000  # rows
MOST_WORDS = 100


def add(connection: Connection, refusals: Sequence[Refusal]) -> None:
    """Keep these, and forget the oldest beyond MOST."""
    connection.execute(insert(refusal), [_row(new) for new in refusals])
    last = connection.execute(select(func.max(refusal.c.id))).scalar_one()
    connection.execute(delete(refusal).where(refusal.c.id <= last - MOST))


def drop(connection: Connection, before: float, limit: int) -> Dropped:
    """Forget some of those that are older."""
    old = select(refusal.c.id).where(refusal.c.at < before).order_by(refusal.c.id).limit(limit)
    return Dropped(connection.execute(delete(refusal).where(refusal.c.id.in_(old.scalar_subquery()))).rowcount)


def newest(
    connection: Connection, texts: Sequence[str], since: float, until: float, most: int, before: int
) -> list[RowMapping]:
    """Those below the number ``before`` that have all these texts among their words, as words in a row of which the
    last may go on; the newest first."""
    query = select(refusal).where(refusal.c.at.between(since, until), refusal.c.id < before)
    for each in texts:
        if words := joined([each], MOST_WORDS):
            query = query.where(refusal.c.words.contains(f" {words}", autoescape=True))
    with looking():
        return list(connection.execute(query.order_by(refusal.c.id.desc()).limit(most)).mappings())


def _row(new: Refusal) -> dict[str, Any]:
    values = asdict(new)
    return {**values, "words": f" {joined((str(values[name]) for name in _TEXTS), MOST_WORDS)}"}


_TEXTS = (
    "reason", "code", "enhanced", "said", "session", "mail_from", "rcpt_to", "subject", "message_id", "peer", "helo",
)  # fmt: skip


def counted(connection: Connection, since: float) -> dict[str, int]:
    """How many refusals since then, by reason."""
    query = select(refusal.c.reason, func.sum(refusal.c.times)).where(refusal.c.at >= since)
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(refusal.c.reason))}


def numbered(connection: Connection, number: int) -> RowMapping | None:
    """The refusal with this number, None when it is not kept any more."""
    with looking():
        return connection.execute(select(refusal).where(refusal.c.id == number)).mappings().first()
