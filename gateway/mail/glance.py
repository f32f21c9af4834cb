"""The subject at a glance, for a mail that is kept and not read yet.

Cheap and bounded, for the listener runs it: nothing is guessed and nothing is looked far into. Once the mail is read
its subject takes the place of this.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from quopri import decodestring

from gateway.match.invisible import one_line

from .charsets import codec

SCAN = 1000
"""Bytes of the header that are looked at."""
LENGTH = 255

_WORD = re.compile(rb"=\?([A-Za-z0-9._-]{1,40})(?:\*[A-Za-z0-9-]{1,20})?\?([bBqQ])\?([^?]{0,800})\?=")
_BETWEEN_WORDS = re.compile(rb"(?<=\?=)[ \t\r\n]+(?==\?)")
_TEXTS = (
    "utf-8", "us-ascii", "iso-8859-", "windows-125", "cp125", "koi8-", "iso-2022-jp", "shift_jis", "euc-", "gb", "big5",
)  # fmt: skip


def subject(raw: bytes = b"") -> str:
    """The value of a Subject field as one printable line of at most LENGTH characters."""
    scanned = _BETWEEN_WORDS.sub(b"", raw[:SCAN])
    out, end = [], 0
    for word in _WORD.finditer(scanned):
        out += [_text(scanned[end : word.start()], "utf-8"), _decoded(word)]
        end = word.end()
    out.append(_text(scanned[end:], "utf-8"))
    return one_line("".join(out))[:LENGTH]


def _decoded(word: re.Match[bytes]) -> str:
    label, payload = word[1].decode("ascii").lower(), word[3]
    if not label.startswith(_TEXTS):
        return word[0].decode("ascii", "replace")
    try:
        data = b64decode(payload + b"==") if word[2] in b"bB" else decodestring(payload, header=True)
    except (Error, ValueError):
        return word[0].decode("ascii", "replace")
    return _text(data, label)


def _text(data: bytes, charset: str) -> str:
    try:
        return data.decode(codec(charset) or "utf-8", "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")
