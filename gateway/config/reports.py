"""What the gateway tells those who look after it, by mail or as a ticket."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, model_validator

from gateway.config.types import CLOCK, MailAddress, Seconds, Section
from gateway.match.ours import Ours


class ReportSettings(Section):
    """The day in the morning, and at once what is held back. Mail leaves through [smarthost]."""

    to: tuple[MailAddress, ...] = Field((), description="who gets the day by mail, each morning")
    at: Annotated[str, Field(pattern=CLOCK)] = Field("07:30", description="when, by timezone")
    held: Literal["off", "mail", "ticket"] = Field(
        "off", description="how to tell at once that mail is held back: not, by mail, or as one ticket while some is"
    )
    held_to: tuple[MailAddress, ...] = Field((), description="who gets that mail; those of `to` when empty")
    held_every: Seconds = Field(
        1800, description="least time between two such mails or tickets: what comes in between waits"
    )
    held_mailbox: MailAddress | None = Field(
        None, description="mailbox where that ticket is made; the first when empty"
    )

    def held_recipients(self) -> tuple[str, ...]:
        """Who gets a mail when something is held back."""
        return (self.held_to or self.to) if self.held == "mail" else ()

    @model_validator(mode="after")
    def _fits(self) -> ReportSettings:
        if self.held == "mail" and not self.held_recipients():
            raise ValueError("held: expected held_to, or to, as well: who gets the mail")
        return self


def unsendable(reports: ReportSettings, can_send: bool, mailboxes: Collection[str], taken: Ours) -> str:
    """What does not fit the rest of the configuration, "" for nothing; begins with the key. ``taken`` are all addresses
    at which the gateway takes mail."""
    recipients = (*reports.to, *reports.held_recipients())
    if recipients and not can_send:
        return "to: expected [smarthost] host as well, through which mail leaves"
    if ours := [address for address in recipients if address in taken]:
        return f"to: {ours[0]} is a mailbox of the gateway: the mail would come back to it"
    if reports.held_mailbox and reports.held_mailbox not in mailboxes:
        return f"held_mailbox: {reports.held_mailbox} is not configured"
    return ""
