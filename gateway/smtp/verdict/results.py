"""Authentication-Results: what a trusted relay found out about the sender (RFC 8601).

Only headers with a configured authserv-id count, and of those only the topmost ones: they stand near
the top, and together between the same two Received lines. All others are ignored, whoever wrote them.
Linear, never raises.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.mail.headers import RawHeader

LONGEST = 16 * 1024
MOST_RESULTS = 50
NO_ID = "-"  # in the configuration: headers that name no authserv-id


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result with its properties ("header.d") and the text of its comments."""

    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """One parsed header."""

    authserv_id: str
    results: tuple[Result, ...]


def parse_stamp(raw: bytes) -> Stamp:
    """One header's value. What is not understood is left out."""
    parts = _split(raw[:LONGEST].decode("ascii", "replace"))
    head, _ = parts[0]
    authserv_id = ""
    if head and not any("=" in word for word in head):
        authserv_id = head[0].lower().rstrip(".")
        parts = parts[1:]
    results = [one for words, comment in parts[:MOST_RESULTS] if (one := _result(words, comment))]
    return Stamp(authserv_id, tuple(results))


def _split(text: str) -> list[tuple[list[str], str]]:
    """The parts between semicolons: their words, and what their comments say."""
    parts: list[tuple[list[str], str]] = []
    word: list[str] = []
    words: list[str] = []
    comment: list[str] = []
    depth = 0
    quoted = False
    skip = False

    def end_word() -> None:
        if word:
            words.append("".join(word))
            word.clear()

    def end_part() -> None:
        end_word()
        parts.append((_joined(words), "".join(comment)))
        words.clear()
        comment.clear()

    for c in text:
        if skip:
            skip = False
            (comment if depth else word).append(c)
        elif c == "\\" and (quoted or depth):
            skip = True
        elif quoted:
            if c == '"':
                quoted = False
            else:
                word.append(c)
        elif depth:
            depth += (c == "(") - (c == ")")
            comment.append(c if depth else " ")
        elif c == '"':
            quoted = True
        elif c == "(":
            depth = 1
            end_word()
        elif c == ";":
            end_part()
        elif c in " \t\r\n":
            end_word()
        else:
            word.append(c)
    end_part()
    return parts


def _joined(words: Sequence[str]) -> list[str]:
    """Blanks around "=" taken out."""
    out: list[str] = []
    for word in words:
        if out and (word.startswith("=") or out[-1].endswith("=")):
            out[-1] += word
        else:
            out.append(word)
    return out


_METHOD = re.compile(r"([a-z0-9-]{1,40})(?:/[0-9]{1,4})?=([a-z]{1,40})", re.IGNORECASE)


def _result(words: Sequence[str], comment: str) -> Result | None:
    match = _METHOD.fullmatch(words[0]) if words else None
    if match is None:
        return None
    properties: dict[str, str] = {}
    for word in words[1:]:
        name, separator, value = word.partition("=")
        if separator:
            properties.setdefault(name.lower(), value.lower())
    return Result(match.group(1).lower(), match.group(2).lower(), properties, comment[:500])


def trusted_results(fields: Sequence[RawHeader], authserv_ids: frozenset[str], depth: int) -> list[Result] | None:
    """The results of the topmost trusted headers, None without one."""
    found: list[Result] | None = None
    received = 0
    for name, raw in fields:
        title = name.lower()
        if title == "received":
            received += 1
            if found is not None or received > depth:
                break
        elif title == "authentication-results":
            stamp = parse_stamp(raw)
            if (stamp.authserv_id or NO_ID) in authserv_ids:
                found = [*(found or []), *stamp.results]
    return found
