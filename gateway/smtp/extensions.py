"""The SMTP extensions: what EHLO says of each, and its parameters of MAIL and RCPT.

A new parameter is an entry here; what it says goes into the transaction and the envelope.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from gateway.smtp.parameters import Parameters

Check = Callable[[str], bool]
"""Whether the value of a parameter is understood; "" for one without a value."""

NO_PARAMETERS: Mapping[str, Check] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Offer:
    """What a session can do now. ``max_size`` is in octets; ``tls`` and ``login``: whether they can still begin."""

    max_size: int
    tls: bool
    login: bool


class Extension(NamedTuple):
    """``keyword`` makes the line of EHLO, "" while the extension is not offered."""

    keyword: Callable[[Offer], str]
    mail: Mapping[str, Check] = NO_PARAMETERS
    rcpt: Mapping[str, Check] = NO_PARAMETERS


def _always(keyword: str) -> Callable[[Offer], str]:
    return lambda offer: keyword


def _is_size(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 20


def _is_body(value: str) -> bool:
    return value.upper() in ("7BIT", "8BITMIME")


def _is_empty(value: str) -> bool:
    return not value


def _is_return(value: str) -> bool:
    return value.upper() in ("FULL", "HDRS")


def _is_short(value: str) -> bool:
    return len(value) <= 500


def _is_any(value: str) -> bool:
    return True


EXTENSIONS = (
    Extension(lambda offer: f"SIZE {offer.max_size}", {"SIZE": _is_size}),  # RFC 1870
    Extension(_always("8BITMIME"), {"BODY": _is_body}),  # RFC 6152
    Extension(_always("SMTPUTF8"), {"SMTPUTF8": _is_empty}),  # RFC 6531
    Extension(lambda offer: "STARTTLS" if offer.tls else ""),  # RFC 3207
    Extension(lambda offer: "AUTH PLAIN LOGIN" if offer.login else "", {"AUTH": _is_short}),  # RFC 4954
    Extension(_always("PIPELINING")),  # RFC 2920
    Extension(_always("ENHANCEDSTATUSCODES")),  # RFC 2034
    Extension(_always("CHUNKING")),  # RFC 3030
    Extension(_always("HELP")),  # RFC 5321 4.1.1.8
    # RFC 3461: not offered, since no notices are sent; taken all the same, for peers send it.
    Extension(_always(""), {"RET": _is_return, "ENVID": _is_short}, {"NOTIFY": _is_any, "ORCPT": _is_any}),
)
MAIL_PARAMETERS = {name: check for extension in EXTENSIONS for name, check in extension.mail.items()}
RCPT_PARAMETERS = {name: check for extension in EXTENSIONS for name, check in extension.rcpt.items()}


def keywords(offer: Offer) -> list[str]:
    """The lines of EHLO after the host name."""
    return [keyword for extension in EXTENSIONS if (keyword := extension.keyword(offer))]


def unknown_parameter(parameters: Parameters, checks: Mapping[str, Check]) -> str:
    """The name of the first parameter that no extension has, "" when all are known."""
    return next((name for name, _ in parameters if name not in checks), "")


def wrong_parameter(parameters: Parameters, checks: Mapping[str, Check]) -> str:
    """The name of the first parameter whose value is not understood, "" when all are."""
    return next((name for name, value in parameters if not checks[name](value)), "")
