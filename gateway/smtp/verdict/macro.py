"""Macros of SPF records (RFC 7208 7)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from urllib.parse import quote

from gateway.smtp.verdict.sender import organisational

_MACRO = r"%\{[slodiphcrtvSLODIPHCRTV][0-9]*r?[.\-+,/_=]*\}"
_LITERAL = r"[!-$&-~]"
_STRING = re.compile(rf"(?:{_MACRO}|%%|%_|%-|{_LITERAL})*", re.IGNORECASE)
_END = re.compile(rf"(?:.*{_MACRO}|.*\.(?P<top>[A-Za-z0-9-]+)\.?)", re.IGNORECASE)
_TOP = re.compile(r"(?=.*[A-Za-z-])[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_FOR_EXPLANATIONS = re.compile(r"%\{[crt]", re.IGNORECASE)
_PIECE = re.compile(r"%\{([a-z])([0-9]*)(r?)([.\-+,/_=]*)\}|%([%_-])|([^%]+)|(%)", re.IGNORECASE)
_SENDERS = re.compile(r"%\{[slhip][^}]*\}", re.IGNORECASE)
LONGEST = 10_000


class MacroError(ValueError):
    """A macro that is not allowed here."""


@dataclass(frozen=True, slots=True)
class Context:
    """What macros stand for. ``domain`` is the one being checked, ``sender`` stays."""

    ip: ipaddress.IPv4Address | ipaddress.IPv6Address
    domain: str
    sender: str
    helo: str

    def of(self, domain: str) -> Context:
        """The same for another domain."""
        return replace(self, domain=domain)


def is_macro_string(text: str) -> bool:
    """Whether the text is a macro-string (RFC 7208 7.1)."""
    return _STRING.fullmatch(text) is not None


def is_domain_spec(text: str) -> bool:
    """A macro string that ends in a macro or in a top label that is not a number. The macros c, r and t are
    for explanations only (7.2)."""
    if not text or not is_macro_string(text) or _FOR_EXPLANATIONS.search(text):
        return False
    match = _END.fullmatch(text)
    if match is None:
        return False
    top = match.group("top")
    return top is None or _TOP.fullmatch(top) is not None


def is_senders_choice(text: str) -> bool:
    """Whether it is the sender who chooses whose name servers a domain-spec leads to: by what he calls himself
    (h), by a local part (s, l), by his address and what it points back to (i, p)."""
    chosen = "senders-choice"
    fixed = _SENDERS.sub(chosen, text.rstrip("."))
    fixed = re.sub(r"%\{[^}]*\}|%.", "own.example", fixed)
    return chosen in organisational(fixed.lower())


def expand(text: str, context: Context, name: str | None = None) -> str:
    """Raises MacroError. ``name`` is the validated name of the address, for the macro p."""
    out = []
    for match in _PIECE.finditer(text):
        letter, digits, reverse, delimiters, escaped, literal, _ = match.groups()
        if literal:
            out.append(literal)
        elif escaped:
            out.append({"%": "%", "_": " ", "-": "%20"}[escaped])
        elif letter:
            out.append(_macro(letter, digits, bool(reverse), delimiters, context, name))
        else:
            raise MacroError("a % that begins no macro")
    return "".join(out)[:LONGEST]


def _macro(letter: str, digits: str, reverse: bool, delimiters: str, context: Context, name: str | None) -> str:
    local, _, domain = context.sender.rpartition("@")
    values = {
        "s": context.sender,
        "l": local,
        "o": domain,
        "d": context.domain,
        "i": _dotted(context.ip),
        "p": name or "unknown",
        "v": "in-addr" if context.ip.version == 4 else "ip6",
        "h": context.helo,
    }
    if letter.lower() not in values:
        raise MacroError(f"%{{{letter}}} is for explanations only")
    if digits and int(digits[:6]) == 0:
        raise MacroError("a macro that keeps no part")
    value = values[letter.lower()]
    if digits or reverse or delimiters:
        parts = re.split(f"[{re.escape(delimiters or '.')}]", value)
        if reverse:
            parts.reverse()
        if digits:
            parts = parts[-int(digits[:6]) :]
        value = ".".join(parts)
    return quote(value, safe="-._~") if letter.isupper() else value


def _dotted(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    return str(ip) if ip.version == 4 else ".".join(ip.exploded.replace(":", ""))
