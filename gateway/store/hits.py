"""Which rules and domains of the configuration counted for which mail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from gateway.model.ids import uuid7
from gateway.model.plan import Hit
from gateway.store import dialects, inflow
from gateway.store.prepared import Prepared
from gateway.store.pruning import Dropped
from gateway.store.schema import delivery, hit, notice


@dataclass(frozen=True, slots=True)
class Count:
    """How many mails, and the last of them: its number and when it came (seconds since the epoch), 0 for none."""

    mails: int = 0
    last: int = 0
    at: float = 0.0


_ADD = Prepared(lambda dialect: dialect.insert(hit).on_conflict_do_nothing())


def add(connection: Connection, seq: int, hits: Iterable[Hit]) -> None:
    """What counted for this mail; deciding it anew adds to it."""
    rows = [{"kind": found.kind, "name": found.name, "seq": seq} for found in hits]
    if rows:
        _ADD.each(connection, rows, ("kind", "name", "seq"))


def counted(connection: Connection, since: float) -> dict[tuple[str, str], Count]:
    """By kind and name, for mail since then; vendors' notices as kind "notice"."""
    found = {**_of_configuration(connection, since), **_of_notices(connection, since)}
    last = [count.last for count in found.values()]
    came = select(delivery.c.seq, delivery.c.accepted_at).where(delivery.c.seq.in_(last))
    at = {row[0]: float(row[1]) for row in connection.execute(came)}
    return {key: Count(count.mails, count.last, at.get(count.last, 0.0)) for key, count in found.items()}


def _of_configuration(connection: Connection, since: float) -> dict[tuple[str, str], Count]:
    later = delivery.c.id >= uuid7(since)[:13]
    first = connection.execute(select(delivery.c.seq).where(later).order_by(delivery.c.id).limit(1)).scalar()
    if first is None:
        return {}
    query = select(hit.c.kind, hit.c.name, func.count(), func.max(hit.c.seq)).where(hit.c.seq >= first)
    rows = connection.execute(query.group_by(hit.c.kind, hit.c.name))
    return {(row[0], row[1]): Count(row[2], row[3]) for row in rows}


def _of_notices(connection: Connection, since: float) -> dict[tuple[str, str], Count]:
    profile = dialects.without_index(notice.c.profile)
    query = select(profile, func.count(), func.max(notice.c.delivery_id))
    query = query.where(*inflow.told_since(notice, since))
    rows = connection.execute(query.group_by(profile)).all()
    of_ids = select(delivery.c.id, delivery.c.seq).where(delivery.c.id.in_([row[2] for row in rows]))
    seqs = {row[0]: row[1] for row in connection.execute(of_ids)}
    return {("notice", row[0]): Count(row[1], seqs.get(row[2], 0)) for row in rows}


def drop(connection: Connection, before: float, limit: int) -> Dropped:
    """Forget some of those of mail that came before."""
    older = delivery.c.id < uuid7(before)[:13]
    last = connection.execute(select(delivery.c.seq).where(older).order_by(delivery.c.id.desc()).limit(1)).scalar()
    old = select(hit.c.seq).where(hit.c.seq <= (last or 0)).distinct().order_by(hit.c.seq).limit(limit)
    seqs = list(connection.execute(old).scalars())
    connection.execute(delete(hit).where(hit.c.seq.in_(seqs)))
    return Dropped(len(seqs))
