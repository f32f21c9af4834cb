"""The people of a header line as a mail program shows it above a forwarded mail."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice

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


# Between who sent a mail and in whose name it is, as Outlook shows them.
_IN_THE_NAME_OF = re.compile(
    r"(?:on behalf of|im auftrag von|de la part de|en nombre de|per conto di|namens|em nome de|w imieniu|от имени)\s",
    re.IGNORECASE,
)


def shown_people(value: str) -> tuple[Address, ...]:
    """The people of a header line as a mail program shows it."""
    found = [person for piece in _pieces(_decoded(value)) for person in _people_of(piece)]
    return tuple(found[: limits.ADDRESSES])


def shown_author(value: str) -> Address | None:
    """Who wrote, of a From as a mail program shows it: the first, unless that one sent it in another's name."""
    people = next((people for piece in _pieces(_decoded(value)) if (people := _people_of(piece))), [])
    behalf = _IN_THE_NAME_OF.match(people[1].name) if len(people) == 2 else None
    if behalf:
        return replace(people[1], name=people[1].name[behalf.end() :])
    return people[0] if people else None


def _decoded(value: str) -> str:
    return decode_words(value[:20_000]) if "=?" in value else value[:20_000]


def _people_of(piece: str) -> list[Address]:
    """The person of a piece of a line; two where words lead from one address to the next."""
    item = _without_links(piece).strip(" \t\u00a0,;")
    if not item:
        return []
    found = list(islice(ANGLED.finditer(item), limits.ADDRESSES)) or list(islice(BARE.finditer(item), 1))
    if not found:
        return [Address("", clean_line(item.strip("\"'*<> ")))]
    people: list[Address] = []
    at = 0
    for match in found:
        address = canonical_address((match[1] if match.re is ANGLED else match.group()).strip(".'*<>\""))
        before = item[at : match.start()].strip(" \t\u00a0\"'*,<" if match.re is ANGLED else " \t\u00a0\"'*,<:")
        at = match.end()
        if people and (address == people[-1].address or not any(map(str.isalpha, before))):
            continue
        people.append(Address(address, _name(before, address)))
    return people


def _name(text: str, address: str) -> str:
    name = clean_line(text)
    is_address = name.lower() == address.lower() or ("@" in name and name.strip("'\"<>").lower() == address.lower())
    return "" if is_address else name


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
