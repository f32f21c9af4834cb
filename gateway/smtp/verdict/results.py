"""Authentication-Results: what a trusted relay found out about the sender (RFC 8601).

A mail has one stamp: the topmost run of headers with one configured authserv-id, together between the same two
Received lines. All others are ignored, whoever wrote them. A relay quotes the sender in its comments, so a stamp
whose structure is broken says nothing: its ``fault`` says why. Linear, never raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.mail.head import RawHeader

LONGEST = 8 * 1024  # octets of one header, and of all that are looked at
MOST_RESULTS = 50
NO_ID = "-"  # in the configuration: headers that name no authserv-id
NAME = "authentication-results"

_AUTHSERV_ID = re.compile(r"([!-'*+\--:<>-~]{1,255})(?: 1)?")  # a token, and the only version there is
_METHOD = re.compile(r"([a-z0-9-]{1,40})(?:/[0-9]{1,4})?=([a-z]{1,40})", re.IGNORECASE)
_PROPERTY = re.compile(r"([a-z0-9-]{1,40}(?:\.[a-z0-9_-]{1,60})?)=(.*)", re.IGNORECASE | re.DOTALL)


class _Broken(ValueError):
    """The header has no structure that everybody reads alike."""


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result with its properties ("header.d") and the text of its comments."""

    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The results of one relay. With a ``fault`` there are none: words for why they cannot be read."""

    authserv_id: str
    results: tuple[Result, ...]
    fault: str = ""


class _Part(NamedTuple):
    """What stands between two semicolons."""

    words: list[str]
    comment: str


def parse_stamp(raw: bytes) -> Stamp:
    """One header's value, unfolded."""
    authserv_id = _authserv_id(raw)
    try:
        if len(raw) > LONGEST:
            raise _Broken(f"longer than {LONGEST} bytes")
        parts = _parts(raw.decode("utf-8", "replace"))
        if authserv_id:
            parts = parts[1:]
        elif _is_none(parts[0]) or not parts[0].words:
            raise _Broken("neither an authserv-id nor a result at its beginning")
        if len(parts) > MOST_RESULTS:
            raise _Broken("too many results")
        results = tuple(_result(part) for part in parts if part.words and not _is_none(part))
    except _Broken as error:
        return Stamp(authserv_id, (), str(error))
    return Stamp(authserv_id, results)


def _authserv_id(raw: bytes) -> str:
    """As it stands there, in lower case: "" when a result comes first, or something that is no plain token."""
    head = raw[:400].partition(b";")[0].decode("ascii", "replace").strip(" \t")
    match = _AUTHSERV_ID.fullmatch(head)
    return match.group(1).lower() if match and "=" not in head and head.lower() != "none" else ""


def _is_none(part: _Part) -> bool:
    return [word.lower() for word in part.words] == ["none"]


def _parts(text: str) -> list[_Part]:
    """Raises _Broken."""
    parts: list[_Part] = []
    words: list[str] = []
    comments: list[str] = []
    for kind, token in _tokens(text):
        if kind == "end":
            parts.append(_Part(_joined(words), " ".join(comments)))
            words, comments = [], []
        else:
            (comments if kind == "comment" else words).append(token)
    parts.append(_Part(_joined(words), " ".join(comments)))
    return parts


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """("word" | "comment" | "end", text) in order. Raises _Broken."""
    at = 0
    word: list[str] = []
    while at < len(text):
        character = text[at]
        if character in "(); \t\r\n" and word:
            yield "word", "".join(word)
            word.clear()
        if character == "(":
            comment, at = _comment(text, at + 1)
            yield "comment", comment
            continue
        if character == '"':
            quoted, at = _quoted(text, at + 1)
            word.append(quoted)
            continue
        if character == ";":
            yield "end", ""
        elif character in "\\)" or (not character.isprintable() and character not in " \t\r\n"):
            raise _Broken(f"{character!r} outside of comments and quotes")
        elif character not in " \t\r\n":
            word.append(character)
        at += 1
    if word:
        yield "word", "".join(word)


def _comment(text: str, at: int) -> tuple[str, int]:
    """The comment that begins there, and where it ends. Half a quoted string in it is what an envelope
    address leaves there that closed the comment itself. Raises _Broken."""
    depth, quotes = 1, 0
    begin = at
    while at < len(text):
        character = text[at]
        if character == "\\":
            at += 1
        elif character == '"':
            quotes += 1
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if not depth:
                if quotes % 2:
                    raise _Broken("half a quoted string in a comment")
                return text[begin:at], at + 1
        at += 1
    raise _Broken("a comment without end")


def _quoted(text: str, at: int) -> tuple[str, int]:
    """Raises _Broken."""
    out: list[str] = []
    while at < len(text):
        character = text[at]
        if character == '"':
            return "".join(out), at + 1
        if character == "\\":
            at += 1
            character = text[at : at + 1]
        out.append(character)
        at += 1
    raise _Broken("a quoted string without end")


def _joined(words: Sequence[str]) -> list[str]:
    """Blanks around "=" taken out."""
    out: list[str] = []
    for word in words:
        if out and (word.startswith("=") or out[-1].endswith("=")):
            out[-1] += word
        else:
            out.append(word)
    return out


def _result(part: _Part) -> Result:
    """Raises _Broken."""
    match = _METHOD.fullmatch(part.words[0])
    if match is None:
        raise _Broken("a part that is no result")
    properties: dict[str, str] = {}
    for word in part.words[1:]:
        found = _PROPERTY.fullmatch(word)
        if found is None:
            raise _Broken("a word that is no property")
        name, value = found.group(1).lower(), found.group(2).lower()
        if properties.setdefault(name, value) != value:
            raise _Broken(f"two values of {name}")
    return Result(match.group(1).lower(), match.group(2).lower(), properties, part.comment[:500])


def trusted_stamp(fields: Sequence[RawHeader], authserv_ids: frozenset[str], depth: int) -> Stamp | None:
    """The topmost run of trusted headers as one stamp, None without one. ``depth``: the Received lines that may
    stand above it."""
    run: list[Stamp] = []
    received = looked_at = 0
    for name, raw in fields:
        title = name.lower()
        if title == "received":
            received += 1
            if run or received > depth:
                break
        elif title == NAME:
            looked_at += len(raw)
            if looked_at > LONGEST and looked_at > len(raw):
                return Stamp(run[0].authserv_id, (), "too long together") if run else None
            stamp = parse_stamp(raw)
            if run and stamp.authserv_id != run[0].authserv_id:
                break  # somebody else's, or another relay's: what stands below it is not of this run
            if (stamp.authserv_id or NO_ID) in authserv_ids:
                run.append(stamp)
    if not run:
        return None
    return Stamp(
        run[0].authserv_id,
        tuple(result for stamp in run for result in stamp.results),
        next((stamp.fault for stamp in run if stamp.fault), ""),
    )
