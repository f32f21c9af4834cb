"""winmail.dat unpacked into a body and files; None where it cannot be, and then it stays a file.

Source: MS-OXTNEF, through tnefparse.
"""

from __future__ import annotations

import logging
import struct
from dataclasses import dataclass, field
from typing import Any

from . import limits, rtf, tnefitems
from .charset import decode

_SIGNATURE = b"\x78\x9f\x3e\x22"
_PROPERTIES = (0x9003, 0x9005)
_RECIPIENTS = 0x9004
_SIZES = {0x2: 2, 0xB: 2, 0x3: 4, 0x4: 4, 0xA: 4, 0x5: 8, 0x6: 8, 0x7: 8, 0x14: 8, 0x40: 8, 0x48: 16}
_OF_ANY_SIZE = (0x0, 0xD, 0x1E, 0x1F, 0x102)
_EMBEDDED = b"\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"
_CODE_PAGE = 0x9007
_LONG_NAME = 0x3707
_CODE_PAGES = {936: "gb18030", 20866: "koi8-r", 21866: "koi8-u", 28591: "iso-8859-1", 28592: "iso-8859-2",
               50220: "iso-2022-jp", 51932: "euc-jp", 51949: "euc-kr", 54936: "gb18030", 65001: "utf-8"}  # fmt: skip
_DEEPEST = 5
_NOWHERE = -1
_MOST_OBJECTS = 1_000
_MOST_VALUES = 20_000
_MOST_COPIED = 1 << 31  # bytes: the library copies the rest of the data at each object


@dataclass(slots=True)
class Tnef:
    """``item`` are the facts of a meeting, a task or a contact. ``is_whole``: nothing else is in the container, so
    that it need not be kept. ``label`` names the charset of ``html``."""

    item: list[str] = field(default_factory=list)
    is_whole: bool = True
    label: str = ""
    html: bytes = b""
    html_text: str = ""
    text: str = ""
    files: list[tuple[str, bytes]] = field(default_factory=list)


def unpack(data: bytes) -> Tnef | None:
    """What a winmail.dat holds (MS-OXTNEF), None where it cannot be read."""
    if not data.startswith(_SIGNATURE) or not _is_modest(data):
        return None
    logging.getLogger("tnefparse").disabled = True  # it has a line for each property that it skips
    try:
        from tnefparse import TNEF

        source: Any = TNEF(data, do_checksum=False)
    except Exception:  # a third party's parser on hostile bytes
        return None
    found = Tnef(label=_label(source.objects))
    found.is_whole = len(source.attachments) <= limits.UNPACKED and tnefitems.is_letter(source.objects)
    found.item = tnefitems.lines(source.objects, source.mapiprops)
    total = 0
    for attachment in list(source.attachments)[: limits.UNPACKED]:
        try:
            content = bytes(attachment.data or b"")
        except Exception:  # as above
            found.is_whole = False
            continue
        total += len(content)
        if total > limits.UNPACKED_BYTES:
            return None
        found.is_whole = found.is_whole and bool(content)
        found.files.append((_name(attachment, found.label), content))
    try:
        html = source.htmlbody
        found.html_text = html if isinstance(html, str) else ""
        found.html = bytes(html) if isinstance(html, bytes | bytearray) else b""
    except Exception:  # as above
        found.html = b""
    body = _attribute(source, "body")
    found.text = body.rstrip("\0") if isinstance(body, str) else _text(body, found.label)
    if not found.html and not found.html_text:
        packed = _attribute(source, "rtfbody")
        if packed:
            text, is_html = rtf.read(packed if isinstance(packed, bytes) else str(packed).encode("latin-1", "replace"))
            if is_html:
                found.html_text = text
            elif not found.text.strip():
                found.text = text
    return found


def _label(objects: Any) -> str:
    """The charset of the container: its code page is a number of Windows."""
    for item in objects:
        if item.name == _CODE_PAGE and isinstance(item.data, bytes | bytearray) and len(item.data) >= 4:
            number = int.from_bytes(item.data[:4], "little")
            return _CODE_PAGES.get(number, f"cp{number}" if number < 100_000 else "")
    return ""


def _text(value: Any, label: str) -> str:
    return decode(bytes(value).rstrip(b"\0"), label)[0] if isinstance(value, bytes | bytearray) else ""


def _name(attachment: Any, label: str) -> str:
    """The long name, else the short one, which the library takes for UTF-8 and this for the code page."""
    try:
        named = [item.data for item in attachment.mapi_attrs if item.name == _LONG_NAME]
    except Exception:  # as above
        named = []
    for value in (*named, attachment._name):
        name = value if isinstance(value, str) else _text(value, label)
        if name.strip("\0 "):
            return name.strip("\0")
    return ""


def _attribute(source: Any, name: str) -> Any:
    try:
        return getattr(source, name, None)
    except Exception:  # compressed RTF may be broken
        return None


class _TooMuch(Exception):
    """The library would take long: it believes every count, and counts on behind the end of the data."""


def _is_modest(data: bytes, depth: int = 0) -> bool:
    """Whether the library reads the data in time that is linear in them: a walk over what it would read."""
    position, objects, values = 6, 0, 0
    try:
        while position + 12 < len(data):
            name, _, length = struct.unpack_from("<HHI", data, position + 1)
            start, end = position + 9, min(position + 9 + length, len(data))
            position += length + 11
            objects += 1
            if name in _PROPERTIES:
                values += _values(data, start, end, depth)[1]
            elif name == _RECIPIENTS:
                values += _rows(data, start, end, depth)
            if objects > _MOST_OBJECTS or values > _MOST_VALUES or objects * len(data) > _MOST_COPIED:
                return False
    except _TooMuch:
        return False
    return True


def _rows(data: bytes, start: int, end: int, depth: int) -> int:
    position, values = start + 4, 0
    for _ in range(_count(data, start, end)):
        position, more = _values(data, position, end, depth)
        values += more
        if values > _MOST_VALUES or position == _NOWHERE:
            raise _TooMuch
    return values


def _values(data: bytes, start: int, end: int, depth: int) -> tuple[int, int]:
    """Where the properties end that begin at ``start`` (``_NOWHERE`` where the library gives up on them), and how many
    values they have (MS-OXTNEF 2.1.3.4)."""
    position, values = start + 4, 0
    for _ in range(_count(data, start, end)):
        if position + 4 > end:
            return _NOWHERE, values
        kind, name = struct.unpack_from("<HH", data, position)
        position += 4 + (_length_of_name(data, position + 4, end) if name >= 0x8000 else 0)
        several = bool(kind & 0x1000)
        kind &= 0xEFFF
        sized = kind in _OF_ANY_SIZE
        if not sized and kind not in _SIZES:
            return _NOWHERE, values
        count = _count(data, position, end) if several or sized else 1
        position += 4 if several or sized else 0
        values += max(count, 1)
        if values > _MOST_VALUES:
            raise _TooMuch
        for _ in range(count):
            position += _length_of_value(data, position, end, depth) if sized else _SIZES[kind]
        position += 2 if kind in (0x2, 0xB) and max(count, 1) % 2 else 0
    return position, values


def _length_of_name(data: bytes, position: int, end: int) -> int:
    """A named property: its set, and a number or a text."""
    if position + 24 > end:
        raise _TooMuch
    is_text, length = struct.unpack_from("<II", data, position + 16)
    return 24 + (length + -length % 4 if is_text else 0)


def _length_of_value(data: bytes, position: int, end: int, depth: int) -> int:
    length = _count(data, position, end)
    inner = position + 4
    is_embedded = data.startswith(_EMBEDDED, inner)
    if is_embedded and (depth >= _DEEPEST or not _is_modest(data[inner + len(_EMBEDDED) : inner + length], depth + 1)):
        raise _TooMuch
    return 4 + length + -length % 4


def _count(data: bytes, position: int, end: int) -> int:
    """How many octets or things follow. Raises _TooMuch where so many are not there."""
    if position + 4 > end:
        raise _TooMuch
    count = int(struct.unpack_from("<I", data, position)[0])
    if count > end - position:
        raise _TooMuch
    return count
