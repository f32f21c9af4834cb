"""What is used of each answer of the desk, and of which type it has to be.

An answer that fits is handed on as it came, with all its other keys. One that does not is Unknown as a whole: of a
list in which one row is odd nothing can be said with certainty, and an effect is looked for in lists.
Required is what identifies a row; everything else may be absent or null, as the desk's own answers have it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

Id = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
Short = Annotated[str, StringConstraints(max_length=300)]
Each = TypeVar("Each")
Rows = Annotated[list[Each], Field(fail_fast=True)]
Shape = Callable[[Any], str]
"""Says what of ``data`` does not fit: its place and what was expected there, "" when all does."""


class Row(BaseModel):
    """What is used of a row; its other keys are handed on unread."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Board(Row):
    board_id: Id
    board_name: str
    is_inactive: bool | None = None
    is_default: bool | None = None
    default_priority_id: Id | None = None
    inbound_reply_reopen_enabled: bool | None = None
    inbound_reply_reopen_cutoff_hours: int | float | None = None
    inbound_reply_reopen_status_id: Id | None = None


class Status(Row):
    status_id: Id
    name: str
    is_closed: bool | None = None
    is_default: bool | None = None
    order_number: int | float | None = None


class Priority(Row):
    priority_id: Id
    priority_name: str


class Category(Row):
    category_id: Id
    category_name: str
    board_id: Id | None = None
    parent_category: Id | None = None


class Client(Row):
    client_id: Id
    client_name: str
    is_inactive: bool | None = None


class User(Row):
    user_id: Id
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    user_type: Short | None = None
    is_inactive: bool | None = None


class FurtherAddress(Row):
    email_address: str | None = None


class Contact(Row):
    contact_name_id: Id
    client_id: Id | None = None
    full_name: str | None = None
    email: str | None = None
    additional_email_addresses: Rows[FurtherAddress] | None = None
    is_inactive: bool | None = None


class Ticket(Row):
    ticket_id: Id
    ticket_number: Short | None = None
    board_id: Id | None = None
    status_id: Id | None = None
    priority_id: Id | None = None
    client_id: Id | None = None
    contact_name_id: Id | None = None
    master_ticket_id: Id | None = None
    status_is_closed: bool | None = None
    is_closed: bool | None = None
    closed_at: Short | None = None
    entered_at: Short | None = None
    attributes: dict[str, Any] | None = None


class Comment(Row):
    comment_id: Id
    created_at: Short | None = None
    is_internal: bool | None = None
    metadata: dict[str, Any] | None = None


class Document(Row):
    document_id: Id
    document_name: str | None = None
    file_id: Id | None = None
    file_size: int | Short | None = None
    updated_at: Short | None = None


class Asset(Row):
    asset_id: Id
    client_id: Id | None = None
    name: str | None = None
    asset_tag: str | None = None
    serial_number: str | None = None


class AssetLink(Row):
    asset_id: Id


class Tagged(Row):
    entity_id: Id


class Found(Row):
    id: Id
    parentId: Id | None = None
    title: str | None = None
    subtitle: str | None = None
    updatedAt: Short | None = None


class FoundPage(Row):
    results: Rows[Found]
    nextCursor: Annotated[str, StringConstraints(max_length=2000)] | None = None


class Pagination(Row):
    hasNext: bool | None = None


class Envelope(Row):
    """What stands around ``data``."""

    pagination: Pagination | None = None


def _shape(expected: Any) -> Shape:
    adapter: TypeAdapter[Any] = TypeAdapter(expected)

    def misfit(data: Any) -> str:
        try:
            adapter.validate_python(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(str(step) for step in first["loc"][:4]) or "data"
            return f"{place}: {first['msg']}"[:200]
        return ""

    return misfit


def anything(data: Any) -> str:
    """Of this answer nothing is used."""
    return ""


envelope = _shape(Envelope)
board_list = _shape(Rows[Board])
status_list = _shape(Rows[Status])
priority_list = _shape(Rows[Priority])
category_list = _shape(Rows[Category])
client_list = _shape(Rows[Client])
user_list = _shape(Rows[User])
contact = _shape(Contact)
contact_list = _shape(Rows[Contact])
ticket = _shape(Ticket)
ticket_list = _shape(Rows[Ticket])
comment = _shape(Comment)
comment_list = _shape(Rows[Comment])
document = _shape(Document)
document_list = _shape(Rows[Document])
asset_list = _shape(Rows[Asset])
asset_link = _shape(AssetLink)
tagged = _shape(Tagged)
found_page = _shape(FoundPage)
mapping = _shape(dict[str, Any])
