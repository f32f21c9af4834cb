"""What became of a mail that somebody asks after: one search over all that was accepted, and what was refused.

A search is words, each of which may be quoted to keep them in a row, and narrowing words such as ``from:acme``,
``is:held``, ``10:14``, ``yesterday``, ``#412``. Everything is found within an index; newest first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, tzinfo
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, and_, false, func, or_, select

from gateway.match.tokens import tokens
from gateway.model.ids import uuid7
from gateway.model.reasons import Reason
from gateway.operate import said
from gateway.operate.said import Became
from gateway.store import headings, refusals, waiting
from gateway.store.reading import garbled, looking
from gateway.store.schema import delivery, ticket
from gateway.store.stage import OPEN, Stage

State = Literal["", "waiting", "held", "none", "done", "refused"]
STAGES: dict[str, tuple[Stage, ...]] = {
    "waiting": OPEN,
    "held": (Stage.QUARANTINED,),
    "none": (Stage.SUPPRESSED,),
    "done": (Stage.DONE,),
}
NEARBY = 300.0
"""Seconds before and after a time of the day that somebody names."""
LOOKED_AT = 5_000
"""Mails with the words of a search that are looked at for what narrows it."""
AT_ONCE = 500
LAST = 1 << 62
MARGIN = 3600.0
"""Seconds by which the order of acceptance may differ from the times of acceptance."""


class NotUnderstood(ValueError):
    """The search says something that means nothing; the text says what is understood."""


@dataclass(frozen=True, slots=True)
class Search:
    """``texts`` are looked for everywhere; the rest narrows. ``since`` and ``until`` are seconds since the epoch,
    ``before`` is a number: only older mail."""

    texts: tuple[str, ...] = ()
    number: int = 0
    sender: str = ""
    mailbox: str = ""
    subject: str = ""
    ticket: str = ""
    reason: str = ""
    state: State = ""
    since: float = 0.0
    until: float = 0.0
    before: int = 0

    @property
    def narrows(self) -> bool:
        """Whether it says more than words and numbers."""
        return bool(self.sender or self.mailbox or self.subject or self.reason or self.state)


@dataclass(frozen=True, slots=True)
class Found:
    """One mail. ``number`` is its short number, 0 for one that was refused; ``refusal`` is that one's."""

    number: int
    refusal: int
    at: float
    sender: str
    recipient: str
    subject: str
    became: Became
    id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """``mails`` newest first; ``more`` says that older ones were left out, ``since`` that mail before it cannot be
    found by words yet (0.0 for all can)."""

    mails: tuple[Found, ...]
    more: bool = False
    since: float = 0.0


# -- what somebody types --------------------------------------------------------------------------

_WORD = re.compile(r'"([^"]*)"|(\S+)')
_NUMBER = re.compile(r"#(\d{1,15})")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?:-(\d{1,2}):(\d\d))?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FIELDS = {"from": "sender", "to": "mailbox", "mailbox": "mailbox", "subject": "subject", "ticket": "ticket"}
_STATES: dict[str, State] = {
    "waiting": "waiting", "pending": "waiting", "held": "held", "quarantined": "held", "none": "none",
    "suppressed": "none", "done": "done", "refused": "refused",
}  # fmt: skip


def read(text: str, now: float, zone: tzinfo | None) -> Search:
    """A search as it is typed. Raises NotUnderstood."""
    found = Search()
    days: list[datetime] = []
    clocks: list[tuple[time, time | None]] = []
    for match in _WORD.finditer(text):
        word = match[1] or match[2] or ""
        field, colon, value = word.partition(":")
        if match[1] is not None:
            found = replace(found, texts=(*found.texts, word))
        elif number := _NUMBER.fullmatch(word):
            found = replace(found, number=int(number[1]))
        elif clock := _CLOCK.fullmatch(word):
            clocks.append(_clocks(clock))
        elif _DAY.fullmatch(word) or word in ("today", "yesterday"):
            days.append(_day(word, now, zone))
        elif colon and field in _FIELDS and value:
            narrowing: dict[str, Any] = {_FIELDS[field]: value}
            found = replace(found, **narrowing)
        elif field == "is" and colon:
            found = replace(found, state=_state(value))
        elif field == "reason" and colon:
            found = replace(found, reason=_reason(value))
        else:
            found = replace(found, texts=(*found.texts, word))
    since, until = _window(days, clocks, now, zone)
    return replace(found, since=since, until=until)


def _state(value: str) -> State:
    try:
        return _STATES[value]
    except KeyError:
        raise NotUnderstood(f"is:{value}: expected one of {', '.join(_STATES)}") from None


def _reason(value: str) -> str:
    try:
        return Reason.named(value).value
    except KeyError:
        known = ", ".join(sorted(reason.value for reason in Reason))
        raise NotUnderstood(f"reason:{value}: expected one of {known}") from None


def _clocks(match: re.Match[str]) -> tuple[time, time | None]:
    try:
        return time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4])) if match[3] else None
    except ValueError as error:
        raise NotUnderstood(f"{match[0]} is no time of the day") from error


def _day(word: str, now: float, zone: tzinfo | None) -> datetime:
    today = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    if word in ("today", "yesterday"):
        return today - timedelta(days=word == "yesterday")
    try:
        return datetime.fromisoformat(word).replace(tzinfo=today.tzinfo)
    except ValueError as error:
        raise NotUnderstood(f"{word} is no day") from error


def _window(
    days: Sequence[datetime], clocks: Sequence[tuple[time, time | None]], now: float, zone: tzinfo | None
) -> tuple[float, float]:
    """From when to when: of a time without a day, the last time that the clock showed it."""
    if not days and not clocks:
        return 0.0, 0.0
    if not clocks:
        return min(days).timestamp(), (max(days) + timedelta(days=1)).timestamp()
    start, end = clocks[0]
    day = days[0] if days else _day("today", now, zone)
    begin = datetime.combine(day.date(), start, day.tzinfo)
    if not days and begin.timestamp() > now:
        begin -= timedelta(days=1)
    if end is None:
        return begin.timestamp() - NEARBY, begin.timestamp() + NEARBY
    close = datetime.combine(begin.date(), end, day.tzinfo)
    if close < begin:
        close += timedelta(days=1)
    return begin.timestamp(), close.timestamp() + 60


# -- looking --------------------------------------------------------------------------------------


def numbers(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """The numbers of deliveries by their ids."""
    query = select(delivery.c.id, delivery.c.seq).where(delivery.c.id.in_(ids))
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def find(connection: Connection, search: Search, now: float, zone: tzinfo | None, most: int = 50) -> Findings:
    """The newest ``most`` mails of a search, what was refused among them."""
    rows = _accepted(connection, search, most + 1) if search.state != "refused" else []
    mails = [*described(connection, rows, now, zone), *_refused(connection, search, now, zone, most + 1)]
    mails.sort(key=lambda mail: mail.at, reverse=True)
    low = headings.extent(connection).low
    return Findings(tuple(mails[:most]), len(mails) > most, _indexed_since(connection, low) if search.texts else 0.0)


def _indexed_since(connection: Connection, low: int) -> float:
    """When the oldest mail came that can be found by its words; 0.0 when none is older."""
    older = connection.execute(select(func.max(delivery.c.seq)).where(delivery.c.seq < low)).scalar()
    if older is None:
        return 0.0
    return float(connection.execute(select(delivery.c.accepted_at).where(delivery.c.seq == low)).scalar() or 0.0)


def _accepted(connection: Connection, search: Search, most: int) -> list[RowMapping]:
    narrowed = _narrowed(search)
    low, high = _numbers(connection, search)
    if search.number:
        return _rows(connection, [delivery.c.seq == search.number], most)
    tickets = _tickets(connection, search)
    if search.ticket:
        return _rows(connection, [_on(tickets), delivery.c.seq <= high, *narrowed], most)
    if not any(any(tokens(text)) for text in search.texts):
        return _newest(connection, search, low, high, most)
    wanted = LOOKED_AT if narrowed else most
    texts = [*search.texts, *filter(None, (search.sender, search.mailbox, search.subject))]  # these are words, too
    seqs = {
        *headings.newest(connection, texts, low, high, wanted),
        *headings.unindexed_after(connection, texts, low, high, wanted),
    }
    rows: list[RowMapping] = _rows(connection, [_on(tickets), delivery.c.seq.between(low, high), *narrowed], most)
    seqs -= {row["seq"] for row in rows}
    ordered = sorted(seqs, reverse=True)
    for start in range(0, len(ordered), AT_ONCE):
        rows += _rows(connection, [delivery.c.seq.in_(ordered[start : start + AT_ONCE]), *narrowed], most)
        if len(rows) >= most:
            break
    return sorted(rows, key=lambda row: row["seq"], reverse=True)[:most]


def _newest(connection: Connection, search: Search, low: int, high: int, most: int) -> list[RowMapping]:
    """Without words: what is frequent is found among the newest, what is rare by its index."""
    last = min(high, connection.execute(select(func.max(delivery.c.seq))).scalar() or 0)
    if last - headings.NEWEST > low:
        recent = delivery.c.seq.between(last - headings.NEWEST, high)
        rows = _rows(connection, [recent, *_narrowed(search, func.coalesce(delivery.c.stage, ""))], most)
        if len(rows) == most:
            return rows
    return _rows(connection, [delivery.c.seq.between(low, high), *_narrowed(search)], most)


def _narrowed(search: Search, stage_of: Any = delivery.c.stage) -> list[Any]:
    """``stage_of`` is the column, or what no index of it is read for."""
    conditions: list[Any] = []
    if search.sender:
        conditions.append(
            or_(
                delivery.c.sender.contains(search.sender.lower(), autoescape=True),
                delivery.c.envelope.contains(f'"mail_from": "{search.sender}', autoescape=True),
            )
        )
    if search.mailbox:
        conditions.append(delivery.c.mailbox.contains(search.mailbox.lower(), autoescape=True))
    if search.subject:
        conditions.append(func.lower(delivery.c.subject).contains(search.subject.lower(), autoescape=True))
    if search.state in STAGES:
        conditions.append(stage_of.in_([stage.value for stage in STAGES[search.state]]))
    if search.reason:
        stage = Reason.named(search.reason).becomes.upper()
        conditions += [stage_of == stage, delivery.c.reason == search.reason]
    if search.since:
        conditions.append(delivery.c.accepted_at.between(search.since, search.until))
    return conditions


def _numbers(connection: Connection, search: Search) -> tuple[int, int]:
    """The numbers between which the mail of the search is."""
    low, high = 0, search.before - 1 if search.before else LAST
    if search.since:
        from_id, to_id = uuid7(search.since - MARGIN)[:13], uuid7(search.until + MARGIN)[:13]
        first = select(delivery.c.seq).where(delivery.c.id >= from_id).order_by(delivery.c.id).limit(1)
        last = select(delivery.c.seq).where(delivery.c.id <= to_id).order_by(delivery.c.id.desc()).limit(1)
        low = connection.execute(first).scalar() or LAST
        high = min(high, connection.execute(last).scalar() or 0)
    return low, high


def _tickets(connection: Connection, search: Search) -> list[tuple[str, str]]:
    """The tickets, as (desk, id), whose number or id the search names."""
    names = [search.ticket] if search.ticket else [text for text in search.texts if len(search.texts) == 1]
    names = [name for name in names if any(character.isdigit() for character in name) and len(name) < 40]
    if not names:
        return []
    numbers = [form for name in names for form in (name, name.upper(), name.lower())]
    query = select(ticket.c.desk, ticket.c.ticket_id).where(ticket.c.number.in_(numbers))
    found = [(row[0], row[1]) for row in connection.execute(query)]
    return found or [("", name) for name in names]


def _on(tickets: Sequence[tuple[str, str]]) -> Any:
    """On one of these tickets; "" for any desk."""
    named = [
        and_(delivery.c.ticket_id == id_, delivery.c.ticket_id != "", *([delivery.c.desk == desk] if desk else []))
        for desk, id_ in tickets
    ]
    return or_(*named) if named else false()


def numbered(connection: Connection, numbers: Sequence[int], now: float, zone: tzinfo | None) -> list[Found]:
    """The mails with these numbers."""
    return described(connection, _rows(connection, [delivery.c.seq.in_(numbers)], len(numbers)), now, zone)


COLUMNS = tuple(
    delivery.c[name]
    for name in (
        "seq", "id", "desk", "mailbox", "envelope", "message_id", "accepted_at", "sender", "subject", "outcome",
        "stage", "reason", "detail", "due_at", "lease_until", "waits_for", "waits_on", "waits_since", "ticket_id",
        "kept", "posted",
    )
)  # fmt: skip


def _rows(connection: Connection, conditions: Sequence[Any], most: int) -> list[RowMapping]:
    with looking():
        query = select(*COLUMNS).where(*conditions).order_by(delivery.c.seq.desc()).limit(most)
        return list(connection.execute(query).mappings())


def described(connection: Connection, rows: Sequence[RowMapping], now: float, zone: tzinfo | None) -> list[Found]:
    """These deliveries as a list shows them."""
    numbers = ticket_numbers(connection, rows)
    desks = waiting.desks(connection)
    return [
        Found(
            number=row["seq"],
            refusal=0,
            at=row["accepted_at"] if not garbled([row["accepted_at"]]) else 0.0,
            sender=row["sender"] or _mail_from(row),
            recipient=row["mailbox"],
            subject=row["subject"],
            became=said.became(
                row, numbers.get((row["desk"], row["ticket_id"]), ""), waiting.of_row(row, desks, now), now, zone
            ),
            id=row["id"],
            reason=row["reason"],
        )
        for row in rows
    ]


_MAIL_FROM = re.compile(r'"mail_from": "((?:[^"\\]|\\.)*)"')


def _mail_from(row: RowMapping) -> str:
    found = _MAIL_FROM.search(str(row["envelope"]))
    return found[1] if found and found[1] else "(nobody)"


def ticket_numbers(connection: Connection, rows: Sequence[Any]) -> dict[tuple[str, str], str]:
    """The numbers of the tickets that these deliveries are on, as far as the gateway knows them."""
    ids = {row["ticket_id"] for row in rows if row["ticket_id"]}
    with looking():
        query = select(ticket.c.desk, ticket.c.ticket_id, ticket.c.number).where(ticket.c.ticket_id.in_(ids))
        return {(row[0], row[1]): row[2] for row in connection.execute(query)} if ids else {}


def _refused(connection: Connection, search: Search, now: float, zone: tzinfo | None, most: int) -> list[Found]:
    if search.number or search.ticket or search.reason or search.before or search.state not in ("", "refused"):
        return []
    texts = [*search.texts, *filter(None, (search.sender, search.mailbox, search.subject))]
    until = search.until or now + MARGIN
    return [
        Found(
            number=0,
            refusal=row["id"],
            at=row["at"],
            sender=row["mail_from"] or row["peer"] or "(many)",
            recipient=row["rcpt_to"],
            subject=row["subject"],
            became=Became(f"refused: {row['said']}{_times(row['times'])}", "refused"),
            reason=row["reason"],
        )
        for row in refusals.newest(connection, texts, search.since, until, most)
    ]


def _times(number: int) -> str:
    return f" ({number} times)" if number > 1 else ""
