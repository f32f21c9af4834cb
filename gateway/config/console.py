"""The console: pages in a browser for those who look at mail and act on it."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from gateway.config.reading import secret_of
from gateway.config.types import HEADER_OR_NONE, SITE, HostPort, Name, PasswordHash, Seconds, Section, Trusted

Role = Literal["look", "act", "administer"]


class ConsoleUser(Section):
    """Somebody who may log in to the console."""

    name: Name = Field(description="the login")
    role: Role = Field("look", description="look: read; act: release, drop, move as well; administer: all")
    password_hash: PasswordHash = Field(
        "", description="made by `gateway console password`; empty: through the proxy only"
    )


def is_safe(address: str) -> bool:
    """Whether what is sent there is read by nobody else: https, or a server of this machine."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return bool(parts.hostname)
    try:
        return parts.scheme == "http" and ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    if text and not is_safe(text):
        raise ValueError("expected an address that begins with https://")
    if parts.query or parts.fragment:
        raise ValueError("expected the issuer alone, without ? and #")
    if text.endswith("/.well-known/openid-configuration"):
        raise ValueError("expected the issuer: leave out /.well-known/openid-configuration")
    if parts.path.strip("/").split("/")[0] in ("common", "organizations", "consumers"):
        raise ValueError("that lets in people of every tenant: expected the id of yours in the address")
    return text


class OidcSettings(Section):
    """Logging in at an identity provider (OpenID Connect): Entra ID, Google, Keycloak. Off unless ``issuer`` is set."""

    issuer: Annotated[str, AfterValidator(_issuer)] = Field(
        "", description="the provider, for example https://login.microsoftonline.com/TENANT/v2.0"
    )
    client_id: str = Field("", description="what the provider calls this console")
    client_secret: SecretStr | None = Field(None, description="the secret that the provider gave for it")
    client_secret_file: Path | None = Field(None, description="file that holds it")
    claim: Name = Field(
        "groups",
        description="claim of the token by whose values people have their role; email counts only where the provider "
        "says that it is verified",
    )
    roles: dict[str, Role] = Field(
        {}, description="value of the claim = role; who has several has the highest, who has none is not let in"
    )
    called: Name = Field("preferred_username", description="claim by which people are named in the audit")
    scopes: tuple[Name, ...] = Field(("openid", "profile", "email"), description="scopes that are asked for")
    label: str = Field("", description="what the button says, for example Microsoft; the provider's host when empty")

    @property
    def name(self) -> str:
        """The provider, as the button has it."""
        return self.label or urlsplit(self.issuer).hostname or ""

    def secret(self) -> str:
        """Raises NoSecret for its file."""
        return secret_of(self.client_secret, self.client_secret_file)

    @field_validator("scopes")
    @classmethod
    def _has_openid(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        return scopes if "openid" in scopes else ("openid", *scopes)

    @model_validator(mode="after")
    def _fits(self) -> OidcSettings:
        if not self.issuer:
            return self
        if not self.client_id:
            raise ValueError("client_id: is missing: what the provider calls this console")
        if (self.client_secret is None) == (self.client_secret_file is None):
            raise ValueError("client_secret_file: expected exactly one of client_secret and client_secret_file")
        if not self.roles:
            raise ValueError('roles: expected at least one, for example roles = { "service-desk" = "act" }')
        return self


class ConsoleSettings(Section):
    """Pages in a browser. Off unless ``listen`` is set; `gateway console` prints a link that logs in once."""

    listen: HostPort | None = Field(None, description="address and port of the pages, for example 127.0.0.1:8026")
    url: Annotated[str, Field(pattern=SITE)] = Field(
        "", description="how browsers reach it, for example https://mail.msp.example; http:// and listen when empty"
    )
    session: Seconds = Field(12 * 3600, description="how long a login lasts")
    header: Annotated[str, Field(pattern=HEADER_OR_NONE)] = Field(
        "", description="header in which a proxy names who logged in there"
    )
    proxies: tuple[Trusted, ...] = Field((), description="networks of the proxies whose header is believed")
    header_role: Literal["look", "act", "administer", ""] = Field(
        "", description="role of others whom the proxy names; empty: none"
    )
    users: tuple[ConsoleUser, ...] = Field((), description="who may log in")
    oidc: OidcSettings = OidcSettings()

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
        if self.oidc.issuer and not is_safe(self.address):
            raise ValueError("url: expected https://…, as [console.oidc] sends people back there")
        names = [user.name for user in self.users]
        if len(set(names)) < len(names):
            raise ValueError("users: expected each name once")
        return self
