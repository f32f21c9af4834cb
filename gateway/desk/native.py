"""Tickets and comments that a desk made of mail by its own way, and the mail that each is of."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.mail.ids import is_message_id


@dataclass(frozen=True, slots=True)
class NativeTicket:
    """``mail_ids`` are what stands as the id of the mail of which it was made, in our form: a Message-ID, or a
    provider's own number of it. ``at`` is when it was made (Unix time)."""

    id: str
    number: str
    title: str
    client_id: str
    board_id: str
    contact_id: str
    sender: str
    at: float
    mail_ids: tuple[str, ...]

    @property
    def message_ids(self) -> list[str]:
        return [said for said in self.mail_ids if is_message_id(said)]


@dataclass(frozen=True, slots=True)
class NativeComment:
    """A comment that came by mail. ``message_id`` is empty where the desk kept a provider's number, ``at`` Unix
    time."""

    id: str
    ticket_id: str
    message_id: str
    sender: str
    at: float
    is_internal: bool
