"""What the sections of the configuration share: their base and the types of their keys."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _host_port(text: str) -> str:
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError("expected host:port, for example 127.0.0.1:2525")
    return text


def _mail_address(text: str) -> str:
    local, separator, domain = text.rpartition("@")
    if not (separator and local and domain) or any(c in text for c in " <>,;\r\n\t"):
        raise ValueError("expected a mail address, for example support@msp.example")
    return f"{local}@{domain}".lower()


def _alias(text: str) -> str:
    if text.startswith("@") and len(text) > 1 and "@" not in text[1:]:
        return text.lower()
    return _mail_address(text)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError as error:
        raise ValueError("expected a network, for example 192.0.2.0/24") from error


def _listen(text: str) -> str:
    if text.startswith("unix:/") or (text.startswith("systemd:") and len(text) > len("systemd:")):
        return text
    return _host_port(text)


HostPort = Annotated[str, AfterValidator(_host_port)]
Listen = Annotated[str, AfterValidator(_listen)]
Count = Annotated[int, Field(ge=0)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Alias = Annotated[str, AfterValidator(_alias)]
Fate = Literal["accept", "quarantine", "refuse"]
Network = Annotated[str, AfterValidator(_network)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Seconds = Annotated[float, Field(gt=0)]
