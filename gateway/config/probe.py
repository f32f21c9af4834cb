"""A probe: a mail of the gateway's own that is sent through a server and expected back in a mailbox."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gateway.config.smarthost import SmarthostSettings
from gateway.config.types import MailAddress, Name, Span


class ProbeSettings(SmarthostSettings):
    """A mail that is sent again and again, from outside to a mailbox, to see whether mail arrives."""

    name: Name = Field(description="what it is called")
    to: MailAddress = Field(description="the address that customers write to, at the provider or here")
    mailbox: MailAddress | None = Field(
        None, description="the mailbox of the gateway in which it arrives; that of `to` when absent"
    )
    every: Annotated[Span, Field(ge=60)] = Field(900, description="time between two of them")
    within: Annotated[Span, Field(ge=1)] = Field(600, description="how soon it must be here")
    tell: Literal["ticket", "log", "off"] = Field(
        "ticket", description="what to do when it does not come in time: a ticket, a line in the log, nothing"
    )

    @property
    def arrives_at(self) -> str:
        return self.mailbox or self.to

    @model_validator(mode="after")
    def _can_be_sent(self) -> ProbeSettings:
        if not self.host or not self.sender:
            raise ValueError("expected host and from: through which server and in whose name it is sent")
        return self
