"""The mapping table and what belongs to it: tickets, participants, files.

An id that was received or sent is never displaced by one that was only referenced.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, bindparam, delete, func, or_, select, true, update

from gateway.model.effects import ReopenBody
from gateway.model.email import lower_ascii
from gateway.model.questions import Ticket
from gateway.store import dialects
from gateway.store.constants import constant, on_ticket
from gateway.store.prepared import Prepared, is_any, numbered
from gateway.store.schema import delivery, effect, file, participant, thread, ticket, token, unreachable
from gateway.store.stage import Stage


def key(desk: str, message_id: str) -> bytes:
    """The 16 byte key under which an id is found."""
    return blake2b(f"{desk}\0{message_id}".encode(errors="surrogateescape"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Mapping:
    """One row of the mapping table."""

    message_id: str
    ticket_id: str  # "" while reserved
    board_id: str
    known: str  # received, sent, referenced, number
    delivery_id: str


# Statements are built once: building one costs more than running it.


def _insert(connection: Connection, table: Any) -> Any:
    return dialects.insert(connection.dialect.name, table)


def lookup(connection: Connection, desk: str, message_ids: Collection[str]) -> list[Mapping]:
    """The rows of these ids, reservations too."""
    if not message_ids:
        return []
    rows = connection.execute(
        select(thread.c.message_id, thread.c.ticket_id, thread.c.board_id, thread.c.known, thread.c.delivery_id).where(
            thread.c.key.in_([key(desk, message_id) for message_id in message_ids])
        )
    )
    return [Mapping(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Known:
    """A mapping with what we know of its ticket, and as what the sender takes part in it, "" for not at all."""

    mapping: Mapping
    ticket: dict[str, Any] | None
    part: str


_KNOWN = (
    select(
        thread.c.message_id,
        thread.c.ticket_id,
        thread.c.board_id,
        thread.c.known,
        thread.c.delivery_id,
        ticket.c.ticket_id.label("has_ticket"),
        ticket.c.number,
        ticket.c.board_id.label("ticket_board"),
        ticket.c.client_id,
        ticket.c.contact_id,
        ticket.c.fallback,
        participant.c.role,
    )
    .outerjoin(ticket, (ticket.c.desk == bindparam("k_desk")) & (ticket.c.ticket_id == thread.c.ticket_id))
    .outerjoin(
        participant,
        (participant.c.desk == bindparam("k_desk"))
        & (participant.c.ticket_id == thread.c.ticket_id)
        & (participant.c.address == bindparam("k_sender")),
    )
)


@cache
def _known(count: int) -> Prepared:
    return Prepared(lambda _: _KNOWN.where(is_any(thread.c.key, count)))


def lookup_known(connection: Connection, desk: str, message_ids: Collection[str], sender: str) -> list[Known]:
    """``lookup`` with the tickets and the sender's part in them, in one query."""
    if not message_ids:
        return []
    keys = [key(desk, message_id) for message_id in message_ids]
    known = []
    for row in _known(len(keys)).rows(connection, {"k_desk": desk, "k_sender": sender, **numbered(keys)}):
        mapping = Mapping(row["message_id"], row["ticket_id"], row["board_id"], row["known"], row["delivery_id"])
        known.append(Known(mapping, row if row["has_ticket"] else None, row["role"] or ""))
    return known


MOST_COPIES = 50
_COPIES = Prepared(
    lambda _: (
        select(
            delivery.c.id,
            delivery.c.seq,
            delivery.c.stage,
            delivery.c.reason,
            delivery.c.digest,
            delivery.c.board_id,
            delivery.c.ticket_id,
            delivery.c.mailbox,
        )
        .where(
            delivery.c.message_id == bindparam("k_message_id"),
            delivery.c.desk == bindparam("k_desk"),
            delivery.c.id != bindparam("k_id"),
        )
        .order_by(delivery.c.seq.desc())
        .limit(bindparam("k_most"))
    )
)


def copies(connection: Connection, desk: str, message_id: str, delivery_id: str) -> list[dict[str, Any]]:
    """The newest MOST_COPIES other deliveries whose mail has this Message-ID, in order of acceptance."""
    if not message_id:
        return []
    parameters = {"k_message_id": message_id, "k_desk": desk, "k_id": delivery_id, "k_most": MOST_COPIES}
    return _COPIES.rows(connection, parameters)[::-1]


class Reserved(Exception):
    """Another delivery reserved one of the ids in between: decide again."""


_ROW: dict[str, Any] = {
    name: bindparam(name) for name in ("key", "board_id", "message_id", "ticket_id", "known", "delivery_id")
}
_TAKEN = (
    select(thread.c.delivery_id)
    .join(delivery, delivery.c.id == thread.c.delivery_id)
    .where(
        thread.c.board_id == bindparam("k_board"),
        thread.c.ticket_id == constant(""),
        thread.c.delivery_id != bindparam("k_id"),
        delivery.c.stage == constant(Stage.PLANNED),
    )
    .limit(1)
)


@cache
def _taken(count: int) -> Prepared:
    return Prepared(lambda _: _TAKEN.where(is_any(thread.c.key, count)))


_RESERVE = Prepared(lambda dialect: dialect.insert(thread).values(_ROW).on_conflict_do_nothing())


def _mapped(dialect: Any, known: str) -> Any:
    """An id gets its ticket, unless another has it; one that was received or sent displaces what was only referenced,
    and one that was reused, which leads nowhere, whatever was known of it."""
    free: Any = thread.c.ticket_id == constant("")
    if known != "referenced":
        free = or_(free, thread.c.known == "referenced")
    if known == "reused":
        free = true()
    statement = dialect.insert(thread).values(_ROW)
    new = {name: statement.excluded[name] for name in ("ticket_id", "known", "delivery_id")}
    return statement.on_conflict_do_update(index_elements=[thread.c.key, thread.c.board_id], set_=new, where=free)


@cache
def _map(known: str) -> Prepared:
    return Prepared(partial(_mapped, known=known))


def _once(table: Table) -> Prepared:
    """Insert a row unless its key is there."""
    names = [column.name for column in table.columns]
    return Prepared(
        lambda dialect: dialect.insert(table).values({name: bindparam(name) for name in names}).on_conflict_do_nothing()
    )


_ADD_TICKET, _ADD_PARTICIPANT = _once(ticket), _once(participant)


def _rows(desk: str, board_id: str, delivery_id: str, ticket_id: str, ids: Iterable[tuple[str, str]]) -> list[Any]:
    return [
        {
            "key": key(desk, message_id),
            "board_id": board_id,
            "message_id": message_id,
            "ticket_id": ticket_id,
            "known": known,
            "delivery_id": delivery_id,
        }
        for message_id, known in ids
    ]


def reserve(connection: Connection, desk: str, board_id: str, delivery_id: str, ids: Sequence[tuple[str, str]]) -> None:
    """Insert a row without a ticket for each (message id, known) that has none yet.

    Raises Reserved when another delivery holds a row without a ticket: its unique key is the lock."""
    if not ids:
        return
    rows = _rows(desk, board_id, delivery_id, "", ids)
    _RESERVE.each(connection, rows)
    parameters = {**numbered([row["key"] for row in rows]), "k_board": board_id, "k_id": delivery_id}
    other = _taken(len(rows)).run(connection, parameters)
    if other is not None:
        raise Reserved(other)


def map_ids(
    connection: Connection,
    desk: str,
    board_id: str,
    delivery_id: str,
    ticket_id: str,
    ids: Iterable[tuple[str, str]],
) -> None:
    """Point ids at a ticket. An id that was received or sent displaces one that was referenced or
    reserved, never the other way."""
    for row in _rows(desk, board_id, delivery_id, ticket_id, ids):
        _map(row["known"]).change(connection, row)


def learn(connection: Connection, desk: str, board_id: str, delivery_id: str, ticket_id: str, message_id: str) -> None:
    """An id that the desk sent leads to the ticket, unless it leads anywhere already."""
    for row in _rows(desk, board_id, delivery_id, ticket_id, [(message_id, "sent")]):
        _RESERVE.change(connection, row)


def forget_ticket(connection: Connection, desk: str, ticket_id: str) -> None:
    """The desk no longer has the ticket: nothing threads into it any more."""
    # Two desks may know one ticket id (a copy for trials): the key says whose row it is.
    its = on_ticket(thread.c.ticket_id, ticket_id)
    rows = connection.execute(select(thread.c.key, thread.c.message_id).where(its)).all()
    mine = [row.key for row in rows if bytes(row.key) == key(desk, row.message_id)]
    connection.execute(delete(thread).where(its, thread.c.key.in_(mine)))
    connection.execute(delete(ticket).where(ticket.c.desk == desk, ticket.c.ticket_id == ticket_id))
    connection.execute(delete(file).where(file.c.desk == desk, file.c.ticket_id == ticket_id))


def forget_delivery(connection: Connection, delivery_id: str) -> None:
    """The ids that the delivery made known lead nowhere any more: it belongs to another ticket."""
    connection.execute(delete(thread).where(thread.c.delivery_id == delivery_id))


def add_ticket(connection: Connection, **values: Any) -> None:
    """Remember a ticket; a ticket that is known already stays as it is."""
    _ADD_TICKET.change(connection, values)


def update_ticket(connection: Connection, desk: str, known: Ticket) -> None:
    """What the desk says of a ticket counts from now on."""
    values = {name: getattr(known, name) for name in ("board_id", "client_id", "contact_id", "fallback")}
    mine = (ticket.c.desk == desk, ticket.c.ticket_id == known.ticket_id)
    connection.execute(update(ticket).where(*mine).values(values))


def forget_participants(connection: Connection, desk: str, ticket_id: str) -> None:
    """Nobody takes part in the ticket because of its earlier mail."""
    mine = (participant.c.desk == desk, participant.c.ticket_id == ticket_id)
    connection.execute(delete(participant).where(*mine))


def get_ticket(connection: Connection, desk: str, ticket_id: str) -> RowMapping | None:
    query = select(ticket).where(ticket.c.desk == desk, ticket.c.ticket_id == ticket_id)
    return connection.execute(query).mappings().first()


def add_participants(connection: Connection, desk: str, ticket_id: str, people: Iterable[tuple[str, str]]) -> None:
    """Remember (address, role) as seen on accepted mail of the ticket."""
    rows = [{"desk": desk, "ticket_id": ticket_id, "address": lower_ascii(a), "role": role} for a, role in people if a]
    if rows:
        _ADD_PARTICIPANT.each(connection, rows)


def part_in(connection: Connection, desk: str, ticket_id: str, address: str) -> str:
    """The role of the address on accepted mail of the ticket, "" for none."""
    query = select(participant.c.role).where(
        participant.c.desk == desk,
        participant.c.ticket_id == ticket_id,
        participant.c.address == lower_ascii(address),
    )
    return str(connection.execute(query).scalar() or "")


def make_token(connection: Connection, desk: str, ticket_id: str, value: str, now: float) -> None:
    """Remember a token, hashed: who reads the database cannot write to tickets."""
    digest = blake2b(value.encode(), digest_size=32).digest()
    connection.execute(_insert(connection, token).values(hash=digest, desk=desk, ticket_id=ticket_id, made_at=now))


def ticket_of_token(connection: Connection, desk: str, value: str) -> str:
    """The ticket of a token, "" when it is not one of ours."""
    digest = blake2b(value.encode(), digest_size=32).digest()
    query = select(token.c.ticket_id).where(token.c.hash == digest, token.c.desk == desk)
    return str(connection.execute(query).scalar() or "")


def ticket_by_number(connection: Connection, desk: str, number: str) -> RowMapping | None:
    """A ticket that the gateway knows, by its number."""
    query = select(ticket).where(ticket.c.desk == desk, ticket.c.number == number)
    return connection.execute(query).mappings().first()


def tickets_of_client(connection: Connection, desk: str, client_id: str, limit: int) -> list[tuple[str, str]]:
    """(id, number) of tickets that the gateway made for the client."""
    query = select(ticket.c.ticket_id, ticket.c.number)
    query = query.where(ticket.c.desk == desk, ticket.c.client_id == client_id, ticket.c.number != "").limit(limit)
    return [(ticket_id, number) for ticket_id, number in connection.execute(query)]


def one_ticket_of_each_client(connection: Connection, desk: str, limit: int) -> list[tuple[str, str, str]]:
    """(id, number, client) of a ticket that the gateway made for each of so many clients."""
    query = select(func.min(ticket.c.ticket_id)).where(ticket.c.desk == desk, ticket.c.number != "")
    chosen = query.group_by(ticket.c.client_id).limit(limit)
    rows = select(ticket.c.ticket_id, ticket.c.number, ticket.c.client_id)
    rows = rows.where(ticket.c.desk == desk, ticket.c.ticket_id.in_(chosen))
    return [(ticket_id, number, client_id) for ticket_id, number, client_id in connection.execute(rows)]


_REOPENS = Prepared(
    lambda _: (
        select(func.count())
        .select_from(effect)
        .join(delivery, delivery.c.id == effect.c.delivery_id)
        .where(
            effect.c.kind == constant(ReopenBody.kind),
            effect.c.sent_at >= bindparam("k_since"),
            dialects.without_index(delivery.c.ticket_id) == bindparam("k_ticket"),
            delivery.c.desk == bindparam("k_desk"),
        )
    )
)


def reopens(connection: Connection, desk: str, ticket_id: str, since: float) -> int:
    """How often a reply reopened the ticket since then: of all that were reopened, which are few."""
    return int(_REOPENS.run(connection, {"k_desk": desk, "k_ticket": ticket_id, "k_since": since}))


def mark_unreachable(connection: Connection, desk: str, address: str, status: str, now: float) -> None:
    """A report said for good that the address cannot be reached."""
    statement = _insert(connection, unreachable).values(desk=desk, address=address, status=status, at=now)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[unreachable.c.desk, unreachable.c.address], set_={"status": status, "at": now}
        )
    )


def tickets_with_number(connection: Connection, number: str) -> list[str]:
    """The ids of the tickets with this number, on any desk."""
    return list(connection.execute(select(ticket.c.ticket_id).where(ticket.c.number == number)).scalars())


def desks_with(connection: Connection, ticket_id: str, desks: Iterable[str]) -> list[str]:
    """Those of the desks of which the gateway knows a ticket with this id."""
    query = select(ticket.c.desk).where(ticket.c.desk.in_(list(desks)), ticket.c.ticket_id == ticket_id)
    return list(connection.execute(query).scalars())


def last_mailbox(connection: Connection, ticket_id: str) -> str:
    """The mailbox into which the newest mail on a ticket came, "" for none."""
    query = select(delivery.c.mailbox).where(on_ticket(delivery.c.ticket_id, ticket_id))
    return str(connection.execute(query.order_by(delivery.c.seq.desc()).limit(1)).scalar() or "")


def overview(connection: Connection, ticket_id: str, desks: Iterable[str]) -> dict[str, list[RowMapping]]:
    """Everything that leads to a ticket of one of these desks: ids, people, mails."""
    ids = select(thread.c.message_id, thread.c.known, thread.c.delivery_id)
    ids = ids.where(on_ticket(thread.c.ticket_id, ticket_id))
    people = select(participant.c.address, participant.c.role)
    people = people.where(participant.c.desk.in_(list(desks)), participant.c.ticket_id == ticket_id)
    mails = select(
        delivery.c.id, delivery.c.accepted_at, delivery.c.sender, delivery.c.subject, delivery.c.stage
    ).where(on_ticket(delivery.c.ticket_id, ticket_id))
    return {
        "ids": list(connection.execute(ids).mappings()),
        "people": list(connection.execute(people).mappings()),
        "mails": list(connection.execute(mails.order_by(delivery.c.seq)).mappings()),
    }
