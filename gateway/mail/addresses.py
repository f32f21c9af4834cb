"""The people in a header field, as a lenient reader sees them: for showing, To and Cc; who wrote is ``author``'s.

One pass over tokens, linear whatever the text. Reads lists, groups, comments, quoted and encoded names, and what
programs write instead of them. Source: RFC 5322 3.4 with its obsolete forms, RFC 2047 5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from gateway.match.domains import LONGEST
from gateway.match.invisible import without_invisible
from gateway.model.email import Address

from . import limits
from .author import canonical_address
from .clean import clean_line
from .headers import decode_words

_REST = r'=\?[^?\s=]{1,80}\?[bBqQ]\?[^?]{0,8000}\?=|<[^<>]*+>|[(,;:]|[^"<>(),;:=]++|.'
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|' + _REST, re.DOTALL)
_UNQUOTED = re.compile(_REST, re.DOTALL)
_PARENTHESIS = re.compile(r"\\.|[()]", re.DOTALL)
_COMMENT = re.compile(r"\([^()]*\)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LOCAL = re.compile(r"[^\s<>()\[\]\",;:]{1,200}\Z")
_DOMAIN = re.compile(r"[^\s<>()\",;:@]++")


def read_addresses(text: str) -> tuple[Address, ...]:
    """The mailboxes of a field's text (charset known, encoded words not yet decoded), at most 1,000. Where the
    field names no address, what it says instead, as one name."""
    text = text[: limits.HEADER_VALUE]
    found = _mailboxes(text) or _loose(decode_words(text))
    return tuple(found[: limits.ADDRESSES])


@dataclass(slots=True)
class _Mailbox:
    """What stood between two separators."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angled: str = ""

    def made(self) -> Address | None:
        text = "".join(self.words).strip()
        comment = " ".join(self.comments)
        if "@" in self.angled:
            return _person(_COMMENT.sub("", self.angled).rpartition(":")[2].strip(), text or comment)
        if text.startswith('"') and '"@' in text and len(text.split()) < 20:
            return _person(text, comment)
        if "@" in text:
            at = text.index("@")
            before, word = _last_word(text[:at])
            word += text[at:].split(maxsplit=1)[0]
            whole = all(word.partition("@")[::2]) and not word.startswith("=?")  # a list within an encoded word
            return _person(word.strip("'."), before or comment) if whole else None
        return None


def _person(address: str, name: str) -> Address | None:
    """None for an address that is longer than any."""
    return Address(canonical_address(address), _name(name)) if len(address) <= limits.ADDRESS else None


def _mailboxes(text: str) -> list[Address]:
    found: list[Address] = []
    closing = _comments(text)
    mailbox = _Mailbox()
    token = _TOKEN
    position = 0
    while position < len(text) and len(found) < limits.ADDRESSES:
        match = token.match(text, position)
        assert match is not None  # the last alternative takes anything
        piece = match[0]
        if piece == '"':
            token = _UNQUOTED  # it is never closed, nor is any after it
        end = closing.get(position, 0) if piece == "(" else 0
        if end:
            mailbox.comments.append(text[position + 1 : end])
            mailbox.words.append(" ")
            position = end + 1
            continue
        if piece in (",", ";"):
            found += [address] if (address := mailbox.made()) else []
            mailbox = _Mailbox()
        elif piece == ":":
            mailbox = _Mailbox()  # the name of a group
        elif piece[0] == "<" and len(piece) > 1 and not mailbox.angled:
            mailbox.angled = piece[1:-1]
        elif not mailbox.angled:
            mailbox.words.append(piece)
        position = match.end()
    found += [address] if (address := mailbox.made()) else []
    return found


def _comments(text: str) -> dict[int, int]:
    """Where the outermost comments begin and end."""
    found: dict[int, int] = {}
    begun: list[int] = []
    for match in _PARENTHESIS.finditer(text):
        if match[0] == "(":
            begun.append(match.start())
        elif match[0] == ")" and begun:
            found[begun.pop()] = match.start()
    return found


def _name(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"' and text.count('"') == 2:
        text = text[1:-1]
    elif '"' in text:
        text = text.replace('\\"', "\0").replace('"', "").replace("\0", '"')
    if "\\" in text:
        text = _ESCAPED.sub(r"\1", text)
    return clean_line(without_invisible(decode_words(text)))[:500]


def _last_word(text: str) -> tuple[str, str]:
    """The text before its last word, and that word, "" where the text ends with a blank."""
    words = text.rsplit(maxsplit=1) if text and not text[-1].isspace() else [text, ""]
    return (words[0], words[1]) if len(words) == 2 else ("", words[0])


def _loose(text: str) -> list[Address]:
    """Any token with an @, the words before it as name; without one, what the field says."""
    found: list[Address] = []
    position = 0
    at = text.find("@")
    while at >= 0 and len(found) < limits.ADDRESSES:
        start = max(position, at - 200)
        local, domain = _LOCAL.search(text[start:at]), _DOMAIN.match(text, at + 1)
        begins = start + local.start() if local else at
        whole = begins == position or _LOCAL.match(text, begins - 1, begins) is None  # part of one is another's
        if local and domain and whole and len(domain[0]) <= LONGEST:
            address = f"{local[0]}@{domain[0]}".strip("'.")
            name = text[position:begins].strip(" \t,;<\"'()")
            found.append(Address(canonical_address(address), clean_line(name)))
        position = domain.end() if domain else at + 1
        if position < len(text) and text[position] in ">)":
            position += 1
        at = text.find("@", position)
    if found or not text.strip():
        return found
    # An address without a domain (<moderator>) is still what the mail says.
    name, bracket, rest = text[:2000].rpartition("<")
    inner = rest.partition(">")[0].strip()
    if bracket and inner and " " not in inner:
        return [Address(inner, clean_line(name.strip(" \"'")))]
    return [Address("", clean_line(text.strip(" \"'<>"))[:200])]
