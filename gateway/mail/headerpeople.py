"""The people of a header line as a mail program shows it above a forwarded mail."""

from __future__ import annotations

import re

from gateway.model.email import Address

from . import limits
from .author import canonical_address
from .clean import clean_line
from .headers import decode_words

_MAILTO = re.compile(
    r"<mailto:([^<>\n]{1,400})>|\[mailto:([^\[\]\n]{1,400})\]|\(mailto:([^()\n]{1,400})\)", re.IGNORECASE
)
ANGLED = re.compile(r"[<\[(]{1,2}\s{0,3}([^\s<>\[\]()]{1,200}@[^\s<>\[\]()]{1,253})\s{0,3}[>\])]{0,2}")
BARE = re.compile(r"[^\s<>\[\]();,\"']{1,200}@[^\s<>\[\]();,\"']{1,253}")


def shown_people(value: str) -> tuple[Address, ...]:
    """The people of a header line as a mail program shows it."""
    text = decode_words(value[:20_000]) if "=?" in value else value[:20_000]
    found: list[Address] = []
    for piece in _pieces(text):
        item = _without_links(piece).strip(" \t\u00a0,;")
        if not item:
            continue
        match = ANGLED.search(item)
        if match is not None:
            name = item[: match.start()].strip(" \t\u00a0\"'*,<")
            address = match[1]
        else:
            plain = BARE.search(item)
            if plain is None:
                found.append(Address("", clean_line(item.strip("\"'*<> "))))
                continue
            address = plain.group()
            name = item[: plain.start()].strip(" \t\u00a0\"'*,<:")
        address = address.strip(".'*<>\"")
        name = clean_line(name)
        if name.lower() == address.lower() or ("@" in name and name.strip("'\"<>").lower() == address.lower()):
            name = ""
        found.append(Address(canonical_address(address), name))
        if len(found) >= limits.ADDRESSES:
            break
    return tuple(found)


def _without_links(piece: str) -> str:
    """ "Ann <a@b.c<mailto:a@b.c>>", "Ann [mailto:a@b.c]", "Ann<mailto:a@b.c>": the address once."""
    bare_piece = _MAILTO.sub("", piece)
    if "@" in bare_piece:
        return bare_piece
    return _MAILTO.sub(lambda match: f" <{match[1] or match[2] or match[3]}> ", piece)


def _pieces(text: str) -> list[str]:
    """At semicolons where there are any, else at commas; not in quotes, nor between "Last, First" and its
    address."""
    out: list[str] = []
    current: list[str] = []
    quoted = addressed = False
    separators = ";" if ";" in text else ",，、"
    parts_names = separators == ";" or "@" not in text
    for char in text:
        quoted ^= char == '"'
        # A comma inside a name: no address yet, and one comes later.
        if char in separators and not quoted and (addressed or parts_names):
            out.append("".join(current))
            current = []
            addressed = False
            continue
        addressed = addressed or char == "@"
        current.append(char)
    out.append("".join(current))
    return out
