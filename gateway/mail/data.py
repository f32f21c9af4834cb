"""Small files that machines write for machines: their text travels with the parsed mail.

Calendars, JSON, XML and CSV, at most ``FILES`` of ``SIZE`` bytes each; others stay files alone.
"""

from __future__ import annotations

from gateway.model.email import DataFile

from .charset import decode
from .clean import clean
from .content import Content

FILES = 5
SIZE = 64 * 1024
KINDS = {
    "text/calendar": "calendar",
    "application/ics": "calendar",
    "application/json": "json",
    "text/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
    "text/csv": "csv",
    "application/csv": "csv",
}
ENDINGS = {".ics": "calendar", ".json": "json", ".xml": "xml", ".csv": "csv"}
_UNTYPED = ("application/octet-stream", "text/plain", "application/vnd.ms-excel")


def files(content: Content) -> tuple[DataFile, ...]:
    """The data files of a mail, in their order."""
    out: list[DataFile] = []
    for file in content.files:
        meta = file.meta
        kind = KINDS.get(meta.content_type, "")
        if not kind and meta.content_type in _UNTYPED:
            kind = next((kind for ending, kind in ENDINGS.items() if meta.filename.lower().endswith(ending)), "")
        if not kind and meta.content_type.endswith(("+json", "+xml")):
            kind = meta.content_type.rpartition("+")[2]
        if kind and 0 < meta.size <= SIZE:
            text = decode(file.payload(), file.part.params.get("charset", "utf-8"))[0]
            out.append(DataFile(kind, meta.filename, clean(text)))
            if len(out) == FILES:
                break
    return tuple(out)
