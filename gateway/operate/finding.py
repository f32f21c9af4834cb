"""What became of a mail that somebody asks after: one search over all that was accepted, and what was refused.

Everything is found within an index; newest first. What somebody types is read in ``searching``.
"""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import partial
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, false, func, or_, select

from gateway.match.tokens import joined, tokens
from gateway.model.ids import uuid7
from gateway.model.reasons import Reason
from gateway.operate import said
from gateway.operate.said import Became
from gateway.operate.searching import Search
from gateway.store import headings, inflow, refusals, waiting
from gateway.store.constants import on_ticket
from gateway.store.inflow import MARGIN
from gateway.store.reading import garbled, looking
from gateway.store.schema import delivery, ticket
from gateway.store.stage import OPEN, Stage

STAGES: dict[str, tuple[Stage, ...]] = {
    "waiting": OPEN,
    "held": (Stage.QUARANTINED,),
    "none": (Stage.SUPPRESSED,),
    "done": (Stage.DONE,),
    "ticket": (Stage.DONE,),
    "comment": (Stage.DONE,),
}
LOOKED_AT = 2_000
"""Mails with the words of a search that are looked at for what narrows it, before somebody asks for older ones."""
FEW, FEW_STATES = 5_000, frozenset({"waiting", "held", "none"})
"""A state that has so few mails is looked through for the words instead, and which may."""
AT_ONCE = 500
LAST = 1 << 62


@dataclass(frozen=True, slots=True)
class Found:
    """One mail. ``number`` is its short number, 0 for one that was refused, of which ``refusal`` is the number, and for
    one that is not in the store yet, which has its ``id`` alone."""

    number: int
    refusal: int
    at: float
    sender: str
    recipient: str
    subject: str
    became: Became
    id: str = ""
    reason: str = ""
    desk: str = ""
    ticket_id: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """``mails`` newest first, ``arriving`` those that are not in the store yet; ``more`` says that older ones were left
    out or not looked at, ``since`` that mail before it cannot be found by words yet (0.0 for all can). ``reached`` is
    the number down to which mail was looked at and ``reached_at`` when that came; both 0 for all."""

    mails: tuple[Found, ...]
    more: bool = False
    since: float = 0.0
    reached: int = 0
    reached_at: float = 0.0
    arriving: tuple[Found, ...] = ()


# -- looking --------------------------------------------------------------------------------------


def numbers(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """The numbers of deliveries by their ids."""
    query = select(delivery.c.id, delivery.c.seq).where(delivery.c.id.in_(ids))
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def find(connection: Connection, search: Search, now: float, zone: tzinfo | None, most: int = 50) -> Findings:
    """The newest ``most`` mails of a search, what was refused among them."""
    is_of_refused = search.state == "refused" or bool(search.refusal)
    rows, reached = ([], 0) if is_of_refused else _accepted(connection, search, most + 1)
    accepted, refused = described(connection, rows, now, zone), _refused(connection, search, now, most + 1)
    mails = list(heapq.merge(accepted, refused, key=lambda mail: -mail.at))  # each in its order: pages go by that
    low = headings.extent(connection).low
    is_more = len(mails) > most
    return Findings(
        tuple(mails[:most]),
        is_more or bool(reached),
        _indexed_since(connection, low) if search.words else 0.0,
        0 if is_more else reached,
        0.0 if is_more or not reached else _came(connection, reached),
    )


def further(search: Search, found: Findings) -> Search:
    """The search that goes on where these findings end."""
    before = [mail.number for mail in found.mails if mail.number][-1:] or [search.before]
    refused = [mail.refusal for mail in found.mails if mail.refusal][-1:] or [search.refused_before]
    return replace(search, before=found.reached or before[0], refused_before=refused[0])


def _indexed_since(connection: Connection, low: int) -> float:
    """When the oldest mail came that can be found by its words; 0.0 when none is older."""
    older = connection.execute(select(func.max(delivery.c.seq)).where(delivery.c.seq < low)).scalar()
    if older is None:
        return 0.0
    return _came(connection, low)


def _came(connection: Connection, number: int) -> float:
    """When the mail with this number came."""
    return float(connection.execute(select(delivery.c.accepted_at).where(delivery.c.seq == number)).scalar() or 0.0)


def _accepted(connection: Connection, search: Search, most: int) -> tuple[list[RowMapping], int]:
    """The rows of mail that was accepted, and the number down to which it was looked at, 0 for all."""
    narrowed = _narrowed(search)
    low, high = _numbers(connection, search)
    if search.number:
        return _rows(connection, [delivery.c.seq == search.number], most), 0
    tickets = _tickets(connection, search)
    if search.ticket:
        return _rows(connection, [_on(tickets), delivery.c.seq <= high, *narrowed], most), 0
    if not any(any(tokens(text)) for text in search.words):
        return _newest(connection, search, low, high, most), 0
    within = delivery.c.seq.between(low, high)
    of_tickets = _rows(connection, [_on(tickets), within, *narrowed], most) if tickets else []
    rows, reached = _with_words(connection, search, _fitting(of_tickets, search), low, high, most)
    return sorted(rows, key=lambda row: row["seq"], reverse=True)[:most], reached


def _with_words(
    connection: Connection, search: Search, rows: list[RowMapping], low: int, high: int, most: int
) -> tuple[list[RowMapping], int]:
    """``rows``, and those with the words until there are ``most``; down to which number, 0 for all. An address is
    looked for as it stands, and only if no mail has it as the beginning of one."""
    few = _few(connection, search, low, high)
    look = partial(_having, connection, search, rows=rows, few=few, low=low, high=high, most=most)
    whole, begun = (headings.phrases(search.words, whole=is_whole) for is_whole in (True, False))
    found, reached, are_there = look(whole)
    if are_there or reached or whole == begun:
        return found, reached
    others, others_reached, are_there = look(begun)
    addresses = [phrase for phrase in whole if phrase not in begun]
    if are_there and not headings.are_there(connection, addresses):
        return others, others_reached
    return found, reached


def _having(
    connection: Connection,
    search: Search,
    wanted: Sequence[headings.Phrase],
    rows: Sequence[RowMapping],
    few: Sequence[int] | None,
    low: int,
    high: int,
    most: int,
) -> tuple[list[RowMapping], int, bool]:
    """``rows``, and those with these phrases until there are ``most``, among a ``few`` if there are so many; down to
    which number, 0 for all, and whether any mail has the phrases, wanted otherwise or not."""
    narrowed, reached, are_there, rows = _narrowed(search), low, False, list(rows)
    at_most = LOOKED_AT if narrowed or search.words != search.texts else most
    seen = {row["seq"] for row in rows}
    fresh = set(headings.unindexed_after(connection, wanted, low, high, at_most))
    if few is None:
        batches = headings.newest(connection, wanted, low, high, at_most)
    else:
        batches = _among(connection, wanted, few, low)
    for batch, down_to in batches:
        reached = down_to
        ordered = sorted({*batch, *fresh} - seen, reverse=True)
        are_there = are_there or bool(ordered)
        for start in range(0, len(ordered), AT_ONCE):
            some = ordered[start : start + AT_ONCE]
            rows += _fitting(_rows(connection, [delivery.c.seq.in_(some), *narrowed], AT_ONCE), search)
            if len(rows) >= most:
                return rows, 0, True
        seen.update(ordered)
    return rows, reached if reached > low else 0, are_there


def _few(connection: Connection, search: Search, low: int, high: int) -> list[int] | None:
    """All mails in the state that is looked for, if they are few: it is quicker to look for the words among them."""
    if not search.reason and search.state not in FEW_STATES:
        return None
    query = select(delivery.c.seq).where(*_narrowed(search), delivery.c.seq.between(low, high)).limit(FEW + 1)
    found = list(connection.execute(query).scalars())
    return sorted(found, reverse=True) if len(found) <= FEW else None


def _among(
    connection: Connection, wanted: Sequence[headings.Phrase], seqs: Sequence[int], low: int
) -> Iterator[tuple[list[int], int]]:
    """Those with the words, some at a time; at least one batch, as of ``headings.newest``."""
    for start in range(0, max(1, len(seqs)), AT_ONCE):
        some = seqs[start : start + AT_ONCE]
        found = headings.among(connection, wanted, some)
        yield [seq for seq in some if seq in found], low


def _fitting(rows: Sequence[RowMapping], search: Search) -> list[RowMapping]:
    """Those that have the words where the search wants them. Case and marks are as in the index, whatever the database
    makes of them."""
    return [row for row in rows if fits(row, search)]


def fits(row: Mapping[Any, Any], search: Search) -> bool:
    """Whether this mail has the words of ``from:``, ``to:`` and ``subject:`` there."""
    return all(_has(wanted, values) for wanted, values in _fields(row, search) if wanted)


def _fields(row: Mapping[Any, Any], search: Search) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (
        (search.sender, (row["sender"], _mail_from(row))),
        (search.mailbox, (row["mailbox"],)),
        (search.subject, (row["subject"],)),
    )


def _has(wanted: str, values: Sequence[str]) -> bool:
    phrase = f" {joined([wanted], headings.MOST_WORDS)}"
    return any(phrase in f" {joined([value], headings.MOST_WORDS)}" for value in values)


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
    if search.state in STAGES:
        conditions.append(stage_of.in_([stage.value for stage in STAGES[search.state]]))
    if search.state in ("ticket", "comment"):
        conditions.append(delivery.c.outcome == search.state)
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
        to_id = uuid7(search.until + MARGIN)[:13]
        last = select(delivery.c.seq).where(delivery.c.id <= to_id).order_by(delivery.c.id.desc()).limit(1)
        low = inflow.first(connection, search.since)
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
        and_(on_ticket(delivery.c.ticket_id, id_), *([delivery.c.desk == desk] if desk else []))
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
            sender=row["sender"] or _mail_from(row) or "(nobody)",
            recipient=row["mailbox"],
            subject=row["subject"],
            became=said.became(
                row, numbers.get((row["desk"], row["ticket_id"]), ""), waiting.of_row(row, desks, now), now, zone
            ),
            id=row["id"],
            reason=row["reason"],
            desk=row["desk"],
            ticket_id=row["ticket_id"],
        )
        for row in rows
    ]


_MAIL_FROM = re.compile(r'"mail_from": "((?:[^"\\]|\\.)*)"')


def _mail_from(row: Mapping[Any, Any]) -> str:
    """The envelope's sender, read without the rest of it."""
    found = _MAIL_FROM.search(str(row["envelope"]))
    try:
        return str(json.loads(f'"{found[1]}"')) if found else ""
    except ValueError:  # damaged
        return found[1] if found else ""


def ticket_numbers(connection: Connection, rows: Sequence[Any]) -> dict[tuple[str, str], str]:
    """The numbers of the tickets that these deliveries are on, as far as the gateway knows them."""
    ids = {row["ticket_id"] for row in rows if row["ticket_id"]}
    with looking():
        query = select(ticket.c.desk, ticket.c.ticket_id, ticket.c.number)
        query = query.where(ticket.c.desk.in_({row["desk"] for row in rows}), ticket.c.ticket_id.in_(ids))
        return {(row[0], row[1]): row[2] for row in connection.execute(query)} if ids else {}


def _refused(connection: Connection, search: Search, now: float, most: int) -> list[Found]:
    if search.number or search.ticket or search.reason or search.state not in ("", "refused"):
        return []
    if search.refusal:
        row = refusals.numbered(connection, search.refusal)
        return [as_refused(row)] if row else []
    until, before = search.until or now + MARGIN, search.refused_before or LAST
    return [as_refused(row) for row in refusals.newest(connection, search.words, search.since, until, most, before)]


def as_refused(row: RowMapping) -> Found:
    """A refusal as a list shows it."""
    return Found(
        number=0,
        refusal=row["id"],
        at=row["at"],
        sender=row["mail_from"] or row["peer"] or "(many)",
        recipient=row["rcpt_to"],
        subject=row["subject"],
        became=Became(f"refused: {reply(row)}{_times(row['times'])}", "refused"),
        reason=row["reason"],
    )


def reply(row: RowMapping) -> str:
    """What the peer was told, as a bounce shows it."""
    return " ".join(filter(None, (str(row["code"]), row["enhanced"], row["said"])))


def _times(number: int) -> str:
    return f" ({number} times)" if number > 1 else ""
