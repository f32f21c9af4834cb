"""One refusal of a listener: whose mail, what its server was told, and in which session."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.operate import finding
from gateway.operate.finding import Found
from gateway.store import refusals
from gateway.store.operator import NotPossible


@dataclass(frozen=True, slots=True)
class Refused:
    """``mail`` is the row of a list, ``reply`` what the peer was told, ``sessions`` the ids that log and replies have;
    ``times`` counts the refusals alike, ``size`` is in bytes, 0 where no content came."""

    mail: Found
    reply: str
    sessions: tuple[str, ...]
    reason: str
    listener: str
    peer: str
    helo: str
    message_id: str
    size: int
    times: int


def tell(connection: Connection, number: int) -> Refused:
    """The refusal with this number. Raises NotPossible."""
    row = refusals.numbered(connection, number)
    if row is None:
        raise NotPossible(f"refused:{number}: there is no such refusal, or it is not kept any more")
    return Refused(
        mail=finding.as_refused(row),
        reply=finding.reply(row),
        sessions=tuple(str(row["session"]).split()),
        reason=row["reason"],
        listener=row["listener"],
        peer=row["peer"],
        helo=row["helo"],
        message_id=row["message_id"],
        size=row["size"],
        times=row["times"],
    )
