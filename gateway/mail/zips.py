"""Whether all readers of a zip file see the same files in it: the directory and what lies before it must agree.

Some programs go by the directory at the end, others by the headers before each file. Where the two differ, what was
looked at is not what somebody opens. Source: PKWARE APPNOTE 4.3.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Sequence

_LOCAL = struct.Struct("<4s5H3I2H")
_END = struct.Struct("<4s4H2IH")
_DESCRIPTOR = 24
"""The most octets of a data descriptor, which may stand behind a file's data."""


def is_whole(data: bytes, entries: Sequence[zipfile.ZipInfo]) -> bool:
    """``entries`` are all of the directory; False where another reader may see other files."""
    end = data.rfind(b"PK\x05\x06")
    if end < 0 or end + _END.size > len(data):
        return False
    comment = _END.unpack_from(data, end)[-1]
    if data[end + _END.size + comment :].strip(b"\0\r\n \t"):
        return False
    if len({entry.filename.casefold() for entry in entries}) < len(entries):
        return False
    at = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if not at <= entry.header_offset <= at + _DESCRIPTOR or entry.header_offset + _LOCAL.size > len(data):
            return False
        sign, *_, name_length, extra_length = _LOCAL.unpack_from(data, entry.header_offset)
        name_at = entry.header_offset + _LOCAL.size
        if sign != b"PK\x03\x04" or not _same(data[name_at : name_at + name_length], entry):
            return False
        at = name_at + name_length + extra_length + entry.compress_size
    directory = data.find(b"PK\x01\x02", at) if entries else end
    return at <= directory <= at + _DESCRIPTOR


def _same(name: bytes, entry: zipfile.ZipInfo) -> bool:
    return name.decode("utf-8" if entry.flag_bits & 0x800 else "cp437", "replace") == entry.orig_filename
