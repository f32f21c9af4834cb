"""The console: pages in a browser for those who look at mail and act on it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gateway.config.types import HostPort, Name, Network, Seconds, Section

Role = Literal["look", "act", "administer"]


class ConsoleUser(Section):
    """Somebody who may log in to the console."""

    name: Name = Field(description="the login")
    role: Role = Field("look", description="look: read; act: release, drop, move as well; administer: all")
    password_hash: str = Field("", description="made by `gateway console password`; empty: through the proxy only")


class ConsoleSettings(Section):
    """Pages in a browser. Off unless ``listen`` is set; `gateway console` prints a link that logs in once."""

    listen: HostPort | None = Field(None, description="address and port of the pages, for example 127.0.0.1:8026")
    url: Annotated[str, Field(pattern="^(https?://[^/]+)?$")] = Field(
        "", description="how browsers reach it, for example https://mail.msp.example; http:// and listen when empty"
    )
    session: Seconds = Field(12 * 3600, description="how long a login lasts")
    header: Annotated[str, Field(pattern="^[A-Za-z0-9-]*$")] = Field(
        "", description="header in which a proxy names who logged in there"
    )
    proxies: tuple[Network, ...] = Field((), description="networks of the proxies whose header is believed")
    header_role: Role | Literal[""] = Field("", description="role of who comes through the proxy and is no user here")
    users: tuple[ConsoleUser, ...] = Field((), description="who may log in")

    @property
    def address(self) -> str:
        """How browsers reach it."""
        return self.url or f"http://{self.listen}"

    @model_validator(mode="after")
    def _fits(self) -> ConsoleSettings:
        if bool(self.header) != bool(self.proxies):
            raise ValueError(
                "header: expected proxies as well, the networks whose header is believed, and the other way"
            )
        names = [user.name for user in self.users]
        if len(set(names)) < len(names):
            raise ValueError("users: expected each name once")
        return self
