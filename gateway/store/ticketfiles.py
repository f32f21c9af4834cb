"""Which files a ticket has: each content once, and whose upload it is."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, RowMapping, select

from gateway.store import dialects
from gateway.store.schema import file


def of(connection: Connection, desk: str, ticket_id: str, hashes: Collection[str]) -> dict[str, RowMapping]:
    """Which of these contents the ticket has, or another delivery is about to upload."""
    query = select(file).where(file.c.desk == desk, file.c.ticket_id == ticket_id, file.c.sha256.in_(hashes))
    return {row["sha256"]: row for row in connection.execute(query).mappings()} if hashes else {}


def reserve(connection: Connection, desk: str, ticket_id: str, sha256: str, delivery_id: str, name: str) -> bool:
    """Take the upload of a content for a ticket. False when it is taken or there already."""
    statement = dialects.insert(connection.dialect.name, file).values(
        desk=desk,
        ticket_id=ticket_id,
        sha256=sha256,
        delivery_id=delivery_id,
        document_id="",
        file_id="",
        name=name,
    )
    connection.execute(statement.on_conflict_do_nothing())
    owner = connection.execute(
        select(file.c.delivery_id, file.c.document_id).where(
            file.c.desk == desk, file.c.ticket_id == ticket_id, file.c.sha256 == sha256
        )
    ).one()
    return bool(owner[0] == delivery_id and owner[1] == "")


def uploaded(
    connection: Connection,
    desk: str,
    ticket_id: str,
    sha256: str,
    delivery_id: str,
    name: str,
    document_id: str,
    file_id: str,
) -> None:
    """The desk has the content as this document."""
    values = {"document_id": document_id, "file_id": file_id, "delivery_id": delivery_id}
    statement = dialects.insert(connection.dialect.name, file).values(
        desk=desk, ticket_id=ticket_id, sha256=sha256, name=name, **values
    )
    connection.execute(
        statement.on_conflict_do_update(index_elements=[file.c.desk, file.c.ticket_id, file.c.sha256], set_=values)
    )
