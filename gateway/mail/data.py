"""Small files that machines write for machines: their text travels with the parsed mail.

Calendars, JSON, XML and CSV, at most ``FILES`` of ``SIZE`` bytes each, and the tables of a spreadsheet, as CSV; others
stay files alone.
"""

from __future__ import annotations

from gateway.model.email import Attachment, DataFile

from . import sheets
from .attached import File
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
    known = [(kind, file) for file in content.files if (kind := _kind(file.meta))][:FILES]
    out = [DataFile(kind, file.meta.filename, clean(text)) for kind, file in known for text in _texts(file)]
    return tuple(out[:FILES])


def _kind(meta: Attachment) -> str:
    """The kind of a file that is small enough, "" for others."""
    if meta.sniffed == sheets.TYPE:
        return "csv" if meta.size <= sheets.MOST_FILE else ""
    if not 0 < meta.size <= SIZE:
        return ""
    kind = KINDS.get(meta.content_type, "")
    if not kind and meta.content_type in _UNTYPED:
        kind = next((kind for ending, kind in ENDINGS.items() if meta.filename.lower().endswith(ending)), "")
    if not kind and meta.content_type.endswith(("+json", "+xml")):
        kind = meta.content_type.rpartition("+")[2]
    return kind


def _texts(file: File) -> list[str]:
    if file.meta.sniffed == sheets.TYPE:
        return sheets.tables(file.payload())
    return [decode(file.payload(), file.part.params.get("charset", "utf-8"))[0]]
