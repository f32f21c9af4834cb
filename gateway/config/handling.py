"""What becomes of notices: the keys that a profile and a ``[[notice]]`` share."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from gateway.config.types import Seconds, Section, Span, span_text
from gateway.model.notice import Handling

_DEFAULT = Handling()


class HandlingPart(Section):
    """What becomes of the notices, and where their tickets go."""

    close: bool | None = Field(None, description="a recovery may close an untouched ticket; default: it may")
    hold: Span | None = Field(
        None, description=f"how long a recovery must last before the ticket closes; default: {span_text(_DEFAULT.hold)}"
    )
    reopen: Span | None = Field(
        None,
        description="how long after closing a recurrence reopens the ticket, 0 = never; "
        f"default: {span_text(_DEFAULT.reopen)}",
    )
    cadence: tuple[Annotated[int, Field(ge=1)], ...] | None = Field(
        None,
        description="the occurrences that get a comment; beyond the last, each multiple of it; "
        f"default: {', '.join(map(str, _DEFAULT.cadence))}",
    )
    flaps: Annotated[int, Field(ge=0)] | None = Field(
        None, description=f"how many changes are flapping, 0 = never; default: {_DEFAULT.flaps}"
    )
    flap_window: Seconds | None = Field(
        None, description=f"the time in which they are counted; default: {span_text(_DEFAULT.flap_window)}"
    )
    storm: Annotated[int, Field(ge=0)] | None = Field(
        None, description=f"how many new problems are a storm, 0 = never; default: {_DEFAULT.storm}"
    )
    storm_window: Seconds | None = Field(
        None, description=f"the time in which they are counted; default: {span_text(_DEFAULT.storm_window)}"
    )
    files: bool | None = Field(None, description="upload the files of later mails too; default: yes")
    bundle: Literal["", "link_only", "sync_updates"] | None = Field(
        None, description="how tickets of several clients about one incident are bundled; empty = not"
    )
    fan_out: bool | None = Field(None, description="later updates on the master are mailed to the clients' contacts")
    announce: bool | None = Field(
        None, description="let the desk mail the client about a new ticket; else it is made elsewhere and moved"
    )
    move_after: Span | None = Field(
        None,
        description="when a ticket is moved to its client, once the desk's mailer is done with it; "
        f"default: {span_text(_DEFAULT.move_after)}",
    )
    asset: bool | None = Field(
        None,
        description="the object, and what is read as hostname, host, serial, serial_number or asset_tag, is a "
        "device: link the one asset of the client that is called so to the ticket",
    )
    windows: bool | None = Field(None, description="maintenance windows hold its new problems; default: they do")
    board: str = Field("", description="board of the tickets; the mailbox's when empty")
    status: str = Field("", description="their status; needs board")
    priority: str = Field("", description="their priority, unless the severity gives another")
    category: str = Field("", description="their category, by name or id; needs board")

    @field_validator("cadence")
    @classmethod
    def _rising(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if value is not None and (not value or list(value) != sorted(set(value))):
            raise ValueError("expected rising numbers")
        return value

    @model_validator(mode="after")
    def _fits(self) -> HandlingPart:
        if self.status and not self.board:
            raise ValueError("status: expected board as well: a status belongs to a board")
        if self.category and not self.board:
            raise ValueError("category: expected board as well")
        return self

    def over(self, base: Handling) -> Handling:
        """``base`` with what is said here."""
        said = {field.name: getattr(self, field.name) for field in fields(Handling)}
        return replace(base, **{name: value for name, value in said.items() if value is not None})
