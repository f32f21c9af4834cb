"""The words by which mail is found: one row for each delivery, written after it was accepted.

Accepting does not wait for it: a background part reads the headers of what is new, and whoever searches reads what
is newer than the index himself. After an upgrade the index grows backwards, the newest mail first.
Each database searches by its own means (FTS5, tsvector); both are given words as ``match.tokens`` makes them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    RowMapping,
    Text,
    and_,
    bindparam,
    column,
    delete,
    exists,
    func,
    literal,
    select,
    table,
    text,
)

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
NEWEST, MOST_READ = 20_000, 100_000
"""Mails that are read before the index is asked, and at most in one search."""
COMMON = 0.3
"""Of the mail; the index is not asked for what more has: it would narrow little, and costs most."""
MOST_BY_INDEX = 50_000
"""Mails that the index may find: all of them have to be put in order."""


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


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row, of which the last may go on if ``goes_on``."""

    words: tuple[str, ...]
    goes_on: bool

    @property
    def within(self) -> str:
        """As it stands among words that have a blank before and behind each."""
        return f" {' '.join(self.words)}{'' if self.goes_on else ' '}"

    @property
    def each_within(self) -> list[str]:
        """The same of each word by itself."""
        ends = [" "] * (len(self.words) - 1) + ["" if self.goes_on else " "]
        return [f" {word}{end}" for word, end in zip(self.words, ends, strict=True)]

    def between(self, rare: Collection[str]) -> list[Phrase]:
        """What is left of it where only words are kept that are among these, as ``each_within`` has them."""
        found: list[Phrase] = []
        for is_kept, group in groupby(zip(self.words, self.each_within, strict=True), lambda pair: pair[1] in rare):
            if is_kept:
                words, within = zip(*group, strict=True)
                found.append(Phrase(words, not within[-1].endswith(" ")))
        return found


_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def phrases(texts: Sequence[str], *, whole: bool) -> list[Phrase]:
    """What to look for. With ``whole`` an address is taken to be all there: it ends with its domain."""
    found = [(text, tuple(tokens(text))) for text in texts]
    return [
        Phrase(words, len(words[-1]) >= PREFIX and not (whole and _ADDRESS.fullmatch(text)))
        for text, words in found
        if words
    ]


def newest(
    connection: Connection, wanted: Sequence[Phrase], low: int, high: int, most: int
) -> Iterator[tuple[list[int], int]]:
    """The numbers from ``low`` to ``high`` of mail that has all these phrases among its words, the newest first, as far
    as they are asked for, ``most`` in all; with each batch the number down to which all mail was looked at.

    The newest mail is read before the index is asked: what is frequent is found there at once, and an index has to put
    all of it in order first. What an index is no help with is read on, as far as MOST_READ."""
    begin, window, read, few = min(high, extent(connection).high) + 1, NEWEST, 0, list(wanted)
    while begin > low:
        begin, end = max(low, begin - window), begin - 1
        found = _read_through(connection, wanted, begin, end, most)
        most, read = most - len(found), read + end - begin + 1
        yield found, begin if most else found[-1]
        if not most or begin == low:
            return
        if read == NEWEST:
            few = _for_index(connection, wanted, begin, end)
        window = 2 * window * most // max(1, len(found))  # in which the rest should be
        if few and window > MOST_READ:
            break
        window = min(window, MOST_READ - read)
        if window <= 0:
            return
    found = _by_index(connection, few, wanted, low, begin - 1, most)
    yield found, low if len(found) < most else found[-1]


def are_there(connection: Connection, wanted: Sequence[Phrase]) -> bool:
    """Whether any mail at all has these phrases, as far as ``newest`` looks."""
    last = 1 << 62
    indexed = (seqs for seqs, _ in newest(connection, wanted, 0, last, 1))
    return any(indexed) or bool(unindexed_after(connection, wanted, 0, last, 1))


def _read_through(connection: Connection, wanted: Sequence[Phrase], low: int, high: int, most: int) -> list[int]:
    has_all = (_has(connection, heading.c.words, phrase.within) for phrase in wanted)
    query = select(heading.c.seq).where(heading.c.seq.between(low, high), *has_all)
    return list(connection.execute(query.order_by(heading.c.seq.desc()).limit(most)).scalars())


def _has(connection: Connection, words: ColumnElement[str], within: str) -> ColumnElement[bool]:
    found = func.instr if connection.dialect.name == "sqlite" else func.strpos
    return found(literal(" ").concat(words).concat(" "), within) > 0


def _for_index(connection: Connection, wanted: Sequence[Phrase], low: int, high: int) -> list[Phrase]:
    """What the index is asked for, going by this stretch of mail: of each phrase what stands between words that much of
    it has, the phrase itself where only all of its words together are rare, and nothing where too much has all that."""

    def shares(parts: Sequence[Sequence[str]]) -> list[float]:
        """Of the mail of the stretch, how much has all of each."""
        has = (and_(*(_has(connection, heading.c.words, word) for word in words)) for words in parts)
        counted = select(func.count(), *(func.count().filter(has_all) for has_all in has))
        total, *counts = connection.execute(counted.where(heading.c.seq.between(low, high))).one()
        return [count / max(1, total) for count in counts]

    words = list(dict.fromkeys(word for phrase in wanted for word in phrase.each_within))
    shares_of = dict(zip(words, shares([[word] for word in words]), strict=True))
    rare = {word: share for word, share in shares_of.items() if share <= COMMON}
    few = [part for phrase in wanted for part in phrase.between(rare)]
    if common := [phrase for phrase in wanted if len(phrase.words) > 1 and not phrase.between(rare)]:
        together = shares([phrase.each_within for phrase in common])
        few += [phrase for phrase, share in zip(common, together, strict=True) if share <= COMMON]
    if not few:
        return []
    if rare and min(rare.values()) * high <= MOST_BY_INDEX:
        return few
    (share,) = shares([[word for part in few for word in part.each_within]])
    return few if share * high <= MOST_BY_INDEX else []


def _by_index(
    connection: Connection, few: Sequence[Phrase], wanted: Sequence[Phrase], low: int, high: int, most: int
) -> list[int]:
    """``few`` by the index, and all of them by reading what that finds."""
    if connection.dialect.name == "sqlite":
        number, words, order = _FTS5.c.rowid, _FTS5.c.words, _FTS5.c.rowid.desc()
        matches = text("heading_words MATCH :wanted").bindparams(wanted=_fts5(few))
    else:
        # sorted by what is no column: that cannot be read along the numbers
        number, words, order = heading.c.seq, heading.c.words, (heading.c.seq + 0).desc()
        matches = text("heading_words @@ to_tsquery('simple', :wanted)").bindparams(wanted=_tsquery(few))
    has_all = (_has(connection, words, phrase.within) for phrase in wanted)
    query = select(number).where(matches, number.between(low, high), *has_all).order_by(order).limit(most)
    return list(connection.execute(query).scalars())


_FTS5 = table("heading_words", column("rowid", Integer), column("words", Text))


def _fts5(wanted: Sequence[Phrase]) -> str:
    return " AND ".join(f'"{" ".join(phrase.words)}"{" *" if phrase.goes_on else ""}' for phrase in wanted)


def _tsquery(wanted: Sequence[Phrase]) -> str:
    return " & ".join(f"({' <-> '.join(phrase.words)}{':*' if phrase.goes_on else ''})" for phrase in wanted)


def among(connection: Connection, wanted: Sequence[Phrase], seqs: Sequence[int]) -> set[int]:
    """Those of these mails that have all phrases among their words."""
    rows = connection.execute(select(heading.c.seq, heading.c.words).where(heading.c.seq.in_(seqs)))
    return {seq for seq, words in rows if has_all(words, wanted)}


def has_all(words: str, wanted: Sequence[Phrase]) -> bool:
    """Whether the words of a mail, with blanks between them, have these phrases among them."""
    return all(phrase.within in f" {words} " for phrase in wanted)


def unindexed_after(connection: Connection, wanted: Sequence[Phrase], low: int, high: int, most: int) -> list[int]:
    """The same as ``newest`` of mail that is newer than the index, by what its row says."""
    columns = (delivery.c.seq, delivery.c.sender, delivery.c.subject, delivery.c.message_id, delivery.c.envelope)
    begin = max(low, extent(connection).high - OVERLAP)
    query = select(*columns, delivery.c.mailbox).where(delivery.c.seq.between(begin, high), _NOT_THERE)
    query = query.order_by(delivery.c.seq.desc())
    with looking():
        rows = connection.execute(query.limit(NEWEST)).all()
    found = [seq for seq, *texts in rows if has_all(joined(map(str, texts), MOST_WORDS), wanted)]
    return found[:most]


_NOT_THERE = ~exists().where(heading.c.seq == delivery.c.seq)
