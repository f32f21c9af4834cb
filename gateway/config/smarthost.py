"""Mail that the gateway sends itself: through which server, and in whose name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from gateway.config.reading import secret_of
from gateway.config.types import Count, HostPort, MailAddress, Section, Wait


class SmarthostSettings(Section):
    """The server that takes mail of the gateway's own. Nothing is sent unless ``host`` is set."""

    host: HostPort | None = Field(None, description="its name and port, for example mail.msp.example:587")
    sender: MailAddress | None = Field(
        None,
        alias="from",
        description="sender address; no mailbox of the gateway, or a loop could begin",
    )
    tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls, tls from the first byte (port 465), or none; certificates are verified"
    )
    login: str = Field("", description="login name; empty if none is needed")
    password: SecretStr | None = Field(None, description="the login's password")
    password_file: Path | None = Field(None, description="file that holds the password")
    timeout: Wait = Field(60, description="longest wait for each of its answers")
    per_hour: Count = Field(200, description="mails an hour at most; further ones wait; 0 = no limit")

    def secret(self) -> str:
        """The password, "" for none. Raises NoSecret for its file."""
        return secret_of(self.password, self.password_file)

    @model_validator(mode="after")
    def _fits(self) -> SmarthostSettings:
        if self.host and not self.sender:
            raise ValueError("from: expected the address in whose name mail is sent")
        if self.login and (self.password is None) == (self.password_file is None):
            raise ValueError("login: expected exactly one of password and password_file as well")
        if not self.login and (self.password or self.password_file):
            raise ValueError("login: expected the login whose password it is")
        if self.login and self.tls == "none":
            raise ValueError("login: expected tls, or the password would be readable on its way")
        return self
