"""The words by which mail is found: one row for each delivery, written after it was accepted.

Accepting does not wait for it: a background part reads the headers of what is new, and whoever searches reads what
is newer than the index himself. After an upgrade the index grows backwards, the newest mail first.
Each database searches by its own means (FTS5, tsvector); both are given words as ``match.tokens`` makes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, bindparam, delete, exists, func, select, text

from gateway.match.tokens import joined, tokens
from gateway.store import dialects
from gateway.store.reading import looking
from gateway.store.schema import delivery, heading, raw

HEAD = 16 * 1024
"""Bytes of a mail in which its header is looked for."""
OVERLAP = 1000
"""Numbers below the newest that are looked at again: transactions may end out of order."""
PREFIX = 3
"""Letters from which on the beginning of a word finds it."""
MOST_WORDS = 150
"""Words of a mail that it is found by."""
NEWEST = 20_000
"""Mails that are looked through before the index of PostgreSQL is asked: a frequent word is found there at once."""
MOST_READ = 100_000
"""Mails that are looked through at most for what should be among them; what is rarer, the index is quick with."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The numbers between which mail is indexed; both 0 when none is. ``low`` 1 or less: nothing older is missing."""

    low: int
    high: int


def extent(connection: Connection) -> Extent:
    # each by itself: SQLite reads the whole table for two in one query
    low, high = (connection.execute(select(end(heading.c.seq))).scalar() for end in (func.min, func.max))
    return Extent(low or 0, high or 0)


_COLUMNS = (
    delivery.c.seq,
    delivery.c.id,
    delivery.c.mailbox,
    delivery.c.envelope,
    delivery.c.message_id,
    delivery.c.sender,
    delivery.c.subject,
    raw.c.path,
    func.substr(raw.c.data, 1, HEAD).label("head"),
)
_JOINED = delivery.outerjoin(raw, raw.c.id == delivery.c.raw_id).outerjoin(heading, heading.c.seq == delivery.c.seq)
_NEW = (
    select(*_COLUMNS)
    .select_from(_JOINED)
    .where(delivery.c.seq > bindparam("after"), heading.c.seq.is_(None))
    .order_by(delivery.c.seq)
    .limit(bindparam("most"))
)
_OLD = (
    select(*_COLUMNS)
    .select_from(_JOINED)
    .where(delivery.c.seq < bindparam("before"), heading.c.seq.is_(None))
    .order_by(delivery.c.seq.desc())
    .limit(bindparam("most"))
)


def unindexed(connection: Connection, most: int) -> list[RowMapping]:
    """Deliveries that have no words yet, with the beginning of their mail: what is new, else what is old."""
    at = extent(connection)
    with looking():
        if not at.high:
            return list(connection.execute(_OLD, {"before": 1 << 62, "most": most}).mappings())
        new = connection.execute(_NEW, {"after": at.high - OVERLAP, "most": most}).mappings().all()
        return list(new or connection.execute(_OLD, {"before": at.low, "most": most}).mappings())


def write(connection: Connection, words: Sequence[tuple[int, str]]) -> None:
    """Keep the words of these deliveries, where no other process has by now."""
    statement = dialects.insert(connection.dialect.name, heading).on_conflict_do_nothing()
    connection.execute(statement, [{"seq": seq, "words": text} for seq, text in words])


def forget(connection: Connection, seqs: Sequence[int]) -> None:
    """The rows of these deliveries are deleted."""
    connection.execute(delete(heading).where(heading.c.seq.in_(seqs)))


# -- searching ------------------------------------------------------------------------------------


def newest(connection: Connection, texts: Sequence[str], low: int, high: int, most: int) -> Iterator[list[int]]:
    """The numbers from ``low`` to ``high`` of mail that has all these texts among its words: each text as words in a
    row, of which the last may go on. The newest first, as far as they are asked for, ``most`` in all."""
    phrases = [words for text in texts if (words := list(tokens(text)))]
    if connection.dialect.name == "sqlite":
        wanted = {"wanted": " AND ".join(map(_fts5, phrases)), "low": low, "high": high, "most": most}
        yield list(connection.execute(_FTS5, wanted).scalars())
        return
    wanted = {"wanted": " & ".join(map(_tsquery, phrases))}
    begin, window = min(high, extent(connection).high) + 1, NEWEST
    while window <= MOST_READ:
        begin, end = max(low, begin - window), begin - 1
        found = list(connection.execute(_RECENT, {**wanted, "low": begin, "high": end, "most": most}).scalars())
        yield found
        most -= len(found)
        if not most or begin == low:
            return
        window = 2 * window * most // max(1, len(found))  # in which the rest should be
    yield list(connection.execute(_ALL, {**wanted, "low": low, "high": begin - 1, "most": most}).scalars())


_FTS5 = text(
    "SELECT rowid FROM heading_words WHERE heading_words MATCH :wanted AND rowid BETWEEN :low AND :high"
    " ORDER BY rowid DESC LIMIT :most"
)
_MATCHES = "heading_words @@ to_tsquery('simple', :wanted) AND seq BETWEEN :low AND :high"
_RECENT = text(f"SELECT seq FROM heading WHERE {_MATCHES} ORDER BY seq DESC LIMIT :most")  # noqa: S608 - no input
_ALL = text(f"SELECT seq FROM heading WHERE {_MATCHES} ORDER BY seq + 0 DESC LIMIT :most")  # noqa: S608 - no input
"""By the index of the words: one that is sorted by what is no column cannot be read along the numbers."""


def _fts5(words: list[str]) -> str:
    return f'"{" ".join(words)}"{" *" if len(words[-1]) >= PREFIX else ""}'


def _tsquery(words: list[str]) -> str:
    return f"({' <-> '.join(words)}{':*' if len(words[-1]) >= PREFIX else ''})"


def unindexed_after(connection: Connection, texts: Sequence[str], low: int, high: int, most: int) -> list[int]:
    """The same of mail that is newer than the index, by what its row says."""
    columns = (delivery.c.seq, delivery.c.sender, delivery.c.subject, delivery.c.message_id, delivery.c.envelope)
    begin = max(low, extent(connection).high - OVERLAP)
    query = select(*columns, delivery.c.mailbox).where(delivery.c.seq.between(begin, high), _NOT_THERE)
    query = query.order_by(delivery.c.seq.desc())
    with looking():
        rows = connection.execute(query.limit(NEWEST)).all()
    phrases = [f" {words}" for text in texts if (words := joined([text], MOST_WORDS))]
    found = []
    for seq, *texts_of in rows:
        words = f" {joined(map(str, texts_of), MOST_WORDS)}"
        if all(phrase in words for phrase in phrases):
            found.append(seq)
    return found[:most]


_NOT_THERE = ~exists().where(heading.c.seq == delivery.c.seq)
