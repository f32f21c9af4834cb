"""The syntax of an SPF record (RFC 7208 4.5, 5, 6, 12)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from gateway.smtp.verdict.macro import is_domain_spec, is_macro_string

MOST_TERMS = 500
_MECHANISM = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?=[:/]|$)(.*)", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9._-]*)=(.*)", re.IGNORECASE)
_DUAL_CIDR = re.compile(r"(.*?)(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?")


class RecordError(ValueError):
    """The record is not well-formed."""


@dataclass(frozen=True, slots=True)
class Term:
    """A directive. ``domain`` is a domain-spec, or the network of ip4 and ip6."""

    qualifier: str
    name: str
    domain: str
    prefix4: int
    prefix6: int
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """An SPF record: its directives in order, and the domain of its ``redirect``, "" for none."""

    terms: tuple[Term, ...]
    redirect: str = ""


def parse_record(text: str) -> Record:
    """Raises RecordError for any fault, wherever it stands (4.6)."""
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    words = [word for word in text[len("v=spf1") :].split(" ") if word]
    if len(words) > MOST_TERMS:
        raise RecordError("too many terms")
    for word in words:
        if match := _MECHANISM.fullmatch(word):
            terms.append(_term(match.group(1) or "+", match.group(2).lower(), match.group(3), word))
        elif match := _MODIFIER.fullmatch(word):
            name, value = match.group(1).lower(), match.group(2)
            if name in ("redirect", "exp"):
                if name in modifiers:
                    raise RecordError(f"two {name}")
                if not is_domain_spec(value):
                    raise RecordError(f"{word}: not a domain")
            elif not is_macro_string(value):
                raise RecordError(f"{word}: not understood")
            modifiers[name] = value
        else:
            raise RecordError(f"{word[:100]}: not understood")
    if any(term.name == "all" for term in terms):
        modifiers.pop("redirect", None)  # 6.1
    return Record(tuple(terms), modifiers.get("redirect", ""))


def _term(qualifier: str, name: str, rest: str, text: str) -> Term:
    if name == "all":
        _no(rest, text)
        return Term(qualifier, name, "", 32, 128, text)
    if name in ("ip4", "ip6"):
        return Term(qualifier, name, _network(name, rest, text), 32, 128, text)
    if name in ("include", "exists", "ptr"):
        if not rest and name == "ptr":
            return Term(qualifier, name, "", 32, 128, text)
        if not rest.startswith(":") or not is_domain_spec(rest[1:]):
            raise RecordError(f"{text}: expected a domain")
        return Term(qualifier, name, rest[1:], 32, 128, text)
    match = _DUAL_CIDR.fullmatch(rest)
    assert match
    domain, four, six = match.group(1), match.group(2), match.group(3)
    if domain and (not domain.startswith(":") or not is_domain_spec(domain[1:])):
        raise RecordError(f"{text}: expected a domain")
    prefix4, prefix6 = int(four or 32), int(six or 128)
    if prefix4 > 32 or prefix6 > 128:
        raise RecordError(f"{text}: prefix too long")
    return Term(qualifier, name, domain[1:], prefix4, prefix6, text)


def _no(rest: str, text: str) -> None:
    if rest:
        raise RecordError(f"{text}: takes no value")


def _network(name: str, rest: str, text: str) -> str:
    address, slash, prefix = rest[1:].partition("/")
    try:
        ip = ipaddress.IPv4Address(address) if name == "ip4" else ipaddress.IPv6Address(address)
        if not rest.startswith(":") or "%" in address:
            raise ValueError("no address")
        if slash and not re.fullmatch(r"0|[1-9][0-9]{0,2}", prefix):
            raise ValueError("no prefix")
        return str(ipaddress.ip_network(f"{ip}/{prefix}" if slash else str(ip), strict=False))
    except ValueError as error:
        raise RecordError(f"{text}: not a network") from error
