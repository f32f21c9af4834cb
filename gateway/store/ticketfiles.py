"""Which files a ticket has: each content once, and whose upload it is."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, select

from gateway.store.prepared import Prepared, is_any, numbered
from gateway.store.schema import file

_KEY = (file.c.desk, file.c.ticket_id, file.c.sha256)
_NEW = (*_KEY, file.c.delivery_id, file.c.document_id, file.c.file_id, file.c.name)
_OF_TICKET = (file.c.desk == bindparam("desk"), file.c.ticket_id == bindparam("ticket_id"))


def _insertion(dialect: Any) -> Any:
    return dialect.insert(file).values({column.name: bindparam(column.name) for column in _NEW})


def _upload(dialect: Any) -> Any:
    statement = _insertion(dialect)
    document = {name: statement.excluded[name] for name in ("document_id", "file_id", "delivery_id")}
    return statement.on_conflict_do_update(index_elements=_KEY, set_=document)


_RESERVE = Prepared(lambda dialect: _insertion(dialect).on_conflict_do_nothing())
_UPLOADED = Prepared(_upload)
_OWNER = Prepared(
    lambda _: select(file.c.delivery_id, file.c.document_id).where(*_OF_TICKET, file.c.sha256 == bindparam("sha256"))
)


@cache
def _of(count: int) -> Prepared:
    return Prepared(lambda _: select(file).where(*_OF_TICKET, is_any(file.c.sha256, count)))


def of(connection: Connection, desk: str, ticket_id: str, hashes: Collection[str]) -> dict[str, dict[str, Any]]:
    """Which of these contents the ticket has, or another delivery is about to upload."""
    if not hashes:
        return {}
    ticket = {"desk": desk, "ticket_id": ticket_id}
    rows = _of(len(hashes)).rows(connection, {**ticket, **numbered(list(hashes))})
    return {row["sha256"]: row for row in rows}


def reserve(connection: Connection, desk: str, ticket_id: str, sha256: str, delivery_id: str, name: str) -> bool:
    """Take the upload of a content for a ticket. False when it is taken or there already."""
    content = {"desk": desk, "ticket_id": ticket_id, "sha256": sha256}
    new = {**content, "delivery_id": delivery_id, "document_id": "", "file_id": "", "name": name}
    _RESERVE.change(connection, new)
    (owner,) = _OWNER.rows(connection, content)
    return bool(owner["delivery_id"] == delivery_id and owner["document_id"] == "")


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
    content = {"desk": desk, "ticket_id": ticket_id, "sha256": sha256, "name": name, "delivery_id": delivery_id}
    _UPLOADED.change(connection, {**content, "document_id": document_id, "file_id": file_id})
