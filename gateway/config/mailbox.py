"""A mailbox: an address that takes mail, where its tickets go, and how it treats senders."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from gateway.config.acknowledge import Language, Occasion
from gateway.config.files import FileSettings
from gateway.config.types import Alias, Fate, MailAddress, Name, Section, Span

DEFAULT_DESK = "default"


class MailboxSettings(Section):
    """An address that accepts mail and where its tickets go."""

    address: MailAddress = Field(description="the recipient")
    desk: Name = Field(DEFAULT_DESK, description="name of the desk, with several desks")
    board: Name | None = Field(None, description="board of new tickets; the desk's default board when absent")
    status: Name | None = Field(None, description="status of new tickets; the board's default when absent")
    priority: Name | None = Field(None, description="priority of new tickets; the board's default when absent")
    fallback_client: Name | None = Field(None, description="client for senders that the desk does not know")
    closed: Literal["reopen", "new_linked", "comment", "board"] = Field(
        "board",
        description="what a reply to a closed ticket of its board does: reopen, new_linked, comment, as the board says",
    )
    reopen_window: Span = Field(
        14 * 86400,
        description="how long after closing a reply reopens the ticket; later: a new, linked ticket",
    )
    reopen_status: Name | None = Field(None, description="status of a reopened ticket; the board's when absent")
    double_send: Span = Field(
        0, description="within this time, mails with the same sender and subject join one ticket; 0 = off"
    )
    contacts: Literal["never", "mapped", "always"] = Field(
        "never", description="create a contact for a new sender with a pass: never, for mapped domains, or always"
    )
    colleagues: bool = Field(
        True,
        description="with infer_client: people of that domain, with a pass, may answer in all tickets of the client",
    )
    infer_client: bool = Field(True, description="use the client that all contacts of the sender's domain belong to")
    lists: tuple[Alias, ...] = Field(
        (),
        description="mailing lists (or @domain) that may say who wrote a mail, with a pass; our own addresses may too",
    )
    reply_to: tuple[Alias, ...] = Field(
        (), description="web forms (or @domain) whose requester is the person in Reply-To"
    )
    watch_cc: bool = Field(False, description="put contacts of the client in Cc on the ticket's watch list")
    forwarders: tuple[MailAddress, ...] = Field(
        (), description="addresses whose forwards count as the original sender's mail, even without a verdict"
    )
    templates: Path | None = Field(
        None, description="folder of your own templates; the shipped ones are used for the rest"
    )
    attach_original: bool = Field(False, description="upload the original mail as original.eml")
    internal_files: Literal["hold", "upload"] = Field(
        "hold",
        description="what to do with files of internal comments, as the ticket's customer can open all its files",
    )
    aliases: tuple[Alias, ...] = Field((), description="other addresses of it; @domain for a whole domain")
    tags: bool = Field(True, description='accept "+tag" in the local part')
    file: tuple[FileSettings, ...] = Field((), description="what becomes of its files, before [[file]]")
    silence: Literal["ticket", "log", "off"] = Field(
        "ticket", description="what to do when nothing comes for longer than ever: a ticket, a line in the log, nothing"
    )
    acknowledge: tuple[Occasion, ...] = Field(
        (),
        description="when a proven sender is told what became of a mail: stranger (a ticket of the fallback client), "
        "held (quarantined), away (waits for the desk), files (held or refused), new-ticket (a reply that began one)",
    )
    language: Language = Field("en", description="language of acknowledgements where the mail does not tell its own")
    disabled: Literal["", "pause", "closed"] = Field(
        "", description="refuse mail for now (paused, 450) or for good (closed, 550)"
    )
    on_fail: Fate = Field("quarantine", description="what to do with mail whose verdict is fail")
    on_none: Fate = Field("accept", description="what to do with mail whose verdict is none")
    on_unknown: Fate = Field("accept", description="what to do with mail whose verdict is unknown")

    @property
    def taken_addresses(self) -> tuple[str, ...]:
        """What match.ours.Ours needs to know its addresses and aliases, with their tags."""
        named = (self.address, *self.aliases)
        return (*named, *(name.replace("@", "+@") for name in named if self.tags and name[0] != "@"))
