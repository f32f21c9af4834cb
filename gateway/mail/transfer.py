"""Content-Transfer-Encoding undone, leniently: what a decoder passes over is told, not lost.

Source: RFC 2045 6.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

from .delimiters import WORDS

_PIECES = 10_000
_SHORT = 64 * 1024
_FOREIGN = re.compile(rb"[^A-Za-z0-9+/=\s]")
_PADDING = re.compile(rb"=[=\s]*+")
# A further piece of base64: lines of its own, no blanks in them.
_FOLLOWING = re.compile(rb"[A-Za-z0-9+/]++(?:\r?\n[A-Za-z0-9+/]++)*+(?:=[=\s]*+|\s*+\Z)")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Bytes without their transfer encoding; ``damage`` says why some characters are not in them ("" where all
    are), and ``tail`` is what stands behind the end of base64 (list software adds its footer there as it is)."""

    data: bytes
    damage: str = ""
    tail: bytes = b""


def decode_transfer(data: bytes | memoryview, encoding: str) -> Decoded:
    """Content-Transfer-Encoding undone, leniently."""
    if encoding in ("base64", "base-64", "b"):
        return decode_base64(data)
    if encoding in ("quoted-printable", "quotedprintable", "quoted_printable", "quoted printable", "q"):
        raw = bytes(data)
        if b" \n" in raw or b" \r\n" in raw or b"\t\n" in raw or b"\t\r\n" in raw:
            # Blanks before a line end were added on the way (RFC 2045 6.7 rule 3).
            raw = b"\n".join(
                line[:-1].rstrip(b" \t") + b"\r" if line.endswith(b"\r") else line.rstrip(b" \t")
                for line in raw.split(b"\n")
            )
        return Decoded(binascii.a2b_qp(raw))
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        from .uu import decode_body

        decoded = decode_body(bytes(data))
        return Decoded(decoded) if decoded is not None else Decoded(bytes(data), "uuencoded text not understood")
    return Decoded(bytes(data))


_SOFT_BREAK = re.compile(rb"=\r?\n")
_NO_ESCAPE = re.compile(rb"=(?![0-9A-F]{2}|\r?\n)")
_OCTET = re.compile(rb"=[0-9A-F]{2}")
_ALL_BASE64 = re.compile(rb"\s*+(?:[A-Za-z0-9+/]{40,100}\r?\n)*+[A-Za-z0-9+/]{1,1000}={0,2}\s*+")


def unlabelled(data: bytes) -> bytes | None:
    """Text that is encoded without a label that says so, decoded; None for all other text. Of quoted-printable each
    equals sign is an escape and a line is broken softly; base64 is nothing but that, and text within."""
    if not data.isascii():
        return None
    if _SOFT_BREAK.search(data) and len(_OCTET.findall(data)) > 1 and not _NO_ESCAPE.search(data):
        return binascii.a2b_qp(data)
    if len(data) >= 40 and _ALL_BASE64.fullmatch(data) and len(data.translate(None, b" \t\r\n")) % 4 == 0:
        decoded = binascii.a2b_base64(data)
        try:
            text = decoded.decode("utf-8")
        except UnicodeDecodeError:
            return None
        return decoded if " " in text and text.replace("\n", "").replace("\r", "").isprintable() else None
    return None


def decode_base64(data: bytes | memoryview) -> Decoded:
    """Base64 in one piece or in several that are each padded; what follows the last is the ``tail``."""
    padding = _PADDING.search(data)
    if padding is None or padding.end() == len(data):
        return _decode_piece(data)
    pieces, end = [_decode_piece(data[: padding.end()])], padding.end()
    while end < len(data) and len(pieces) < _PIECES and data[end - 1] in b"\r\n":
        following = _FOLLOWING.match(data, end)
        if following is None or sum(map(len, following[0].split())) % 4:
            break
        pieces.append(_decode_piece(following[0]))
        end = following.end()
    damage = next((piece.damage for piece in pieces if piece.damage), "")
    tail = bytes(data[end:])
    return Decoded(b"".join(piece.data for piece in pieces), damage, tail if WORDS.search(tail) else b"")


def _decode_piece(data: bytes | memoryview) -> Decoded:
    try:
        decoded = binascii.a2b_base64(data)
    except (binascii.Error, ValueError):
        # Cut off within a group of four.
        kept = re.sub(rb"[^A-Za-z0-9+/]", b"", bytes(data))
        kept = kept[: len(kept) - 1] if len(kept) % 4 == 1 else kept
        decoded = binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))
    return Decoded(decoded, "declared base64, is not" if _left_out(data, len(decoded)) else "")


def _left_out(data: bytes | memoryview, decoded: int) -> bool:
    """Whether the lenient decoder passed over characters that are no base64. A long text is only looked
    through where it is longer than line breaks explain."""
    if len(data) > _SHORT and len(data) < decoded * 4 / 3 * 1.06:
        return False
    return _FOREIGN.search(data) is not None
