"""The content of an opaque S/MIME signature (CMS SignedData), unwrapped and not trusted.

A forward walk over BER, definite and indefinite lengths, constructed octet strings. Encrypted content is told
apart, never opened. Source: RFC 5652 5, X.690.
"""

from __future__ import annotations

_SIGNED = bytes.fromhex("06092a864886f70d010702")
_ENVELOPED = (bytes.fromhex("06092a864886f70d010703"), bytes.fromhex("060b2a864886f70d0109100117"))
_DATA = bytes.fromhex("06092a864886f70d010701")
_DEPTH = 20


def kind(data: bytes) -> str:
    """ "signed", "encrypted" or ""."""
    head = data[:64]
    if _SIGNED in head:
        return "signed"
    return "encrypted" if any(oid in head for oid in _ENVELOPED) else ""


def content(data: bytes) -> bytes | None:
    """The signed mail, or None."""
    at = data.find(_DATA, 0, 4096)
    if kind(data) != "signed" or at < 0:
        return None
    position = at + len(_DATA)
    header = _header(data, position)
    if header is None or header[0] != 0xA0:
        return None
    out: list[bytes] = []
    _octets(data, header[1], header[2], out, 0)
    return b"".join(out) or None


def _header(data: bytes, at: int) -> tuple[int, int, int] | None:
    """Tag, start of the content and its end (-1 when indefinite)."""
    if at + 2 > len(data):
        return None
    tag, first = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        return None
    start = at + 2
    if first < 0x80:
        return tag, start, min(start + first, len(data))
    if first == 0x80:
        return tag, start, -1
    count = first & 0x7F
    if count > 6 or start + count > len(data):
        return None
    size = int.from_bytes(data[start : start + count], "big")
    return tag, start + count, min(start + count + size, len(data))


def _octets(data: bytes, start: int, end: int, out: list[bytes], depth: int) -> int:
    """Collects the octet strings from ``start``; returns where they ended."""
    position = start
    limit = end if end >= 0 else len(data)
    while position < limit:
        if data[position : position + 2] == b"\x00\x00" and end < 0:
            return position + 2
        header = _header(data, position)
        if header is None or depth > _DEPTH:
            return limit
        tag, begin, stop = header
        if tag == 0x04 and stop >= 0:
            out.append(data[begin:stop])
            position = stop
        elif tag in (0x24, 0xA0, 0x30):
            position = _octets(data, begin, stop, out, depth + 1)
        elif stop >= 0:
            position = stop
        else:
            return limit
        position = max(position, begin)
    return position
