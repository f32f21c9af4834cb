"""Kept mail of machines that no profile read: what profiles could be drafted from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from gateway.model.email import MACHINES, Email
from gateway.store.raw import RawMail
from gateway.store.reading import looking
from gateway.store.schema import delivery, notice, raw
from gateway.work.parser import Parser, ParserBroken, ParserDied

MOST_SENDERS = 20
MOST_MAILS = 100  # of a sender, the newest
MOST_BYTES = 1 << 20
MOST_OTHERS = 500


def kept(connection: Connection, mails: RawMail, since: float, sender: str, least: int) -> list[bytes]:
    """The mails, as they came, of senders with at least so many; of one ``sender`` whoever seems to write."""
    read = select(notice.c.delivery_id).where(notice.c.delivery_id == delivery.c.id).exists()
    wanted = [delivery.c.accepted_at >= since, delivery.c.sender != "", ~read]
    wanted.append(delivery.c.sender == sender.lower() if sender else delivery.c["class"].in_(MACHINES))
    count = func.count()
    most = select(delivery.c.sender).where(*wanted).group_by(delivery.c.sender).having(count >= least)
    senders = connection.execute(most.order_by(count.desc(), delivery.c.sender).limit(MOST_SENDERS)).scalars().all()
    out: list[bytes] = []
    for address in senders:
        out += _newest(connection, mails, [*wanted, delivery.c.sender == address], MOST_MAILS)
    return out


def others(connection: Connection, mails: RawMail, since: float) -> list[bytes]:
    """Kept mail of any sender, the newest: what a draft is tried on for wrong ends."""
    return _newest(connection, mails, [delivery.c.accepted_at >= since], MOST_OTHERS)


def _newest(connection: Connection, mails: RawMail, wanted: Sequence[Any], most: int) -> list[bytes]:
    query = select(raw).join(delivery, delivery.c.raw_id == raw.c.id).where(*wanted, raw.c.size <= MOST_BYTES)
    with looking():
        rows = connection.execute(query.order_by(delivery.c.seq.desc()).limit(most)).mappings().all()
    return [mail for row in rows if (mail := mails.read_or_none(row)) is not None]


async def read_all(mails: Sequence[bytes]) -> list[Email]:
    """Mails read in the parser's child; those over which it dies or stalls are left out."""
    parser, out = Parser(), []
    try:
        for mail in mails:
            try:
                out.append(await parser.read(mail))
            except (ParserDied, ParserBroken):
                continue
    finally:
        await parser.close()
    return out
