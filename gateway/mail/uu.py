"""Uuencoded files in text (RFC-less, POSIX uuencode), by one pass over the lines."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

_BEGIN = re.compile(r"begin(?:-base64)? [0-7]{3,4} (\S.{0,250})$")


@dataclass(frozen=True, slots=True)
class UuFile:
    filename: str
    data: bytes


def _line(raw: bytes) -> bytes | None:
    try:
        return binascii.a2b_uu(raw)
    except (binascii.Error, ValueError):
        # Broken padding of old encoders: take the length that the first byte promises.
        if not raw:
            return None
        count = (((raw[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(raw[:count])
        except (binascii.Error, ValueError):
            return None


def decode_body(data: bytes) -> bytes | None:
    """A whole part in uuencode, its begin line optional."""
    out = bytearray()
    started = False
    for raw in data.splitlines():
        if not started and (raw.startswith(b"begin ") or not raw.strip()):
            continue
        started = True
        if raw.strip() in (b"end", b"`", b""):
            break
        piece = _line(raw)
        if piece is None:
            return None
        out += piece
    return bytes(out) if started else None


def extract(text: str) -> tuple[str, list[UuFile]]:
    """The text without its uuencoded blocks, and the files. A block that does not decode stays text."""
    if "\nbegin " not in "\n" + text or "\nend" not in text:
        return text, []
    kept: list[str] = []
    files: list[UuFile] = []
    lines = text.split("\n")
    # Without an "end" below there is no block; known beforehand, so that many "begin" lines stay linear.
    last_end = max((number for number, line in enumerate(lines) if line.strip() == "end"), default=-1)
    index = 0
    while index < len(lines):
        match = _BEGIN.match(lines[index]) if lines[index].startswith("begin") and index < last_end else None
        if match is None:
            kept.append(lines[index])
            index += 1
            continue
        out = bytearray()
        position = index + 1
        good = False
        while position < len(lines):
            line = lines[position]
            if line.strip() == "end":
                good = True
                break
            piece = _line(line.rstrip("\r").encode("latin-1", "replace")) if line.strip() else b""
            if piece is None or len(line) > 100:
                break
            out += piece
            position += 1
        if not good or not out:
            kept.append(lines[index])
            index += 1
            continue
        files.append(UuFile(match[1].strip(), bytes(out)))
        index = position + 1
    return "\n".join(kept), files
