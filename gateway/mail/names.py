"""File names fit for people: no path, no bidi tricks, unique, an extension, never random.

Source: docs/mail-rules.md "Files", RFC 2183 2.3, docs/algapsa.md "Documents" (no backslash, no path parts, no very
long extension).
"""

from __future__ import annotations

import mimetypes
import re
from functools import cache
from urllib.parse import unquote_to_bytes

import puremagic

from gateway.match.files import MACRO_ENDINGS, PAGES, PROGRAMS, SHOWN_ENDINGS, XML
from gateway.match.invisible import without_invisible
from gateway.match.title import first_utf16, utf16

from . import limits
from .clean import clean_line

_BAD = re.compile(r"[/\\\x00-\x1f]")
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
# What Python's own table lacks. That of the machine (/etc/mime.types) is not asked: a file has one name everywhere.
_MORE = {
    f"{_OFFICE}.wordprocessingml.document": ".docx",
    f"{_OFFICE}.wordprocessingml.template": ".dotx",
    f"{_OFFICE}.spreadsheetml.sheet": ".xlsx",
    f"{_OFFICE}.spreadsheetml.template": ".xltx",
    f"{_OFFICE}.presentationml.presentation": ".pptx",
    f"{_OFFICE}.presentationml.slideshow": ".ppsx",
    "application/vnd.ms-word.document.macroenabled.12": ".docm",
    "application/vnd.ms-excel.sheet.macroenabled.12": ".xlsm",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": ".xlsb",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12": ".pptm",
    "application/vnd.ms-outlook": ".msg",
    "application/vnd.ms-project": ".mpp",
    "application/vnd.visio": ".vsd",
    "application/vnd.ms-visio.drawing": ".vsdx",
    f"{_OPEN}.text": ".odt",
    f"{_OPEN}.spreadsheet": ".ods",
    f"{_OPEN}.presentation": ".odp",
    f"{_OPEN}.graphics": ".odg",
    "application/x-7z-compressed": ".7z",
    "application/vnd.rar": ".rar",
    "application/x-rar-compressed": ".rar",
    "application/gzip": ".gz",
    "application/x-bzip2": ".bz2",
    "application/x-xz": ".xz",
    "application/sql": ".sql",
    "application/yaml": ".yaml",
    "text/markdown": ".md",
    "image/vnd.dwg": ".dwg",
    "image/avif": ".avif",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "audio/amr": ".amr",
    "video/ogg": ".ogv",
    "video/x-matroska": ".mkv",
    "video/x-ms-wmv": ".wmv",
}
EXTENSIONS = {
    **_MORE,
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/pjpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/svg+xml": ".svg",
    "image/webp": ".webp",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/msword": ".doc",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "application/ics": ".ics",
    "text/csv": ".csv",
    "text/xml": ".xml",
    "application/xml": ".xml",
    "application/json": ".json",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
    "text/rfc822-headers": ".txt",
    "application/pgp-signature": ".asc",
    "application/pgp-encrypted": ".asc",
    "application/pgp-keys": ".asc",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/ms-tnef": ".dat",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
    "text/x-amp-html": ".amp.html",
}
GENERIC = frozenset(
    {"", "application/octet-stream", "application/binary", "binary/octet-stream", "application/unknown"}
)


@cache
def _types() -> mimetypes.MimeTypes:
    """Python's own table and ours. Made when a file asks for it: Python reads the machine's table on the way."""
    types = mimetypes.MimeTypes()
    for kind, ending in _MORE.items():
        types.add_type(kind, ending)
    return types


@cache
def _known() -> frozenset[str]:
    """Endings that mean something."""
    return frozenset(
        [*_types().types_map[True], *_types().types_map[False], *EXTENSIONS.values()]
        + [f".{ending}" for ending in PROGRAMS | PAGES | XML | MACRO_ENDINGS | SHOWN_ENDINGS]
    )


def clean_name(name: str) -> str:
    """A name without path or characters that a file system or a desk reads otherwise; "" for none. Of what is no path
    nothing is lost ("Offer 3/2026.pdf")."""
    name = without_invisible(_unescaped(clean_line(name))).strip()
    if len(name) > 2 and name[0] == name[-1] == "'":
        name = name[1:-1]
    if _PATH.match(name):
        name = re.split(r"[/\\]", name)[-1]
    name = _BAD.sub("_", name).strip(" .") if not name.startswith(".") else _BAD.sub("_", name).rstrip(" .")
    return shorten(name)


_PATH = re.compile(r"(?:[A-Za-z]:)?[/\\]|(?:\.{1,2}|~)[/\\]|(?!\d{1,4}/\d{1,2}/\d)(?:[^/\\ ]{1,80}[/\\]){2}")
"""A date with slashes is no path."""
_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2}|[^%\s])+")
_NUMBERED = re.compile(r"&#(\d{2,7});")


def _unescaped(name: str) -> str:
    """Names that a program escaped as for a link or a page."""
    if "%" in name and _ESCAPED.fullmatch(name):
        try:
            return clean_line(unquote_to_bytes(name).decode("utf-8"))
        except UnicodeDecodeError:
            return name
    if "&#" in name:
        return clean_line(_NUMBERED.sub(lambda found: _char(int(found[1])), name))
    return name


def _char(code: int) -> str:
    return chr(code) if 0x20 <= code < 0x110000 and not 0xD800 <= code < 0xE000 else "_"


_INVENTED = re.compile(r"ATT\d{5,8}\.(?:txt|html?)", re.IGNORECASE)


def is_no_name(name: str) -> bool:
    """A name that Exchange gives to words that have none."""
    return bool(_INVENTED.fullmatch(name))


_ENDING = re.compile(r"\.(?=[\d_-]{0,9}[^\W\d_])[\w-]{1,10}|\.0\d\d")
_CERTAIN = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif"}


def with_ending(name: str, content_type: str, sniffed: str, head: bytes) -> str:
    """The name with an ending that programs know: what stands behind its last dot may be a number or a word."""
    bare = name.strip(".")
    ending = bare[bare.rfind(".") :] if "." in bare else ""
    if not _ENDING.fullmatch(ending):
        return name + extension_of(content_type, head)
    certain = _CERTAIN.get(sniffed, "")
    if not certain or ending.lower() in _known():
        return name
    return name + certain


def shorten(name: str) -> str:
    if utf16(name) <= limits.FILENAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 12:
        stem, dot, extension = name, "", ""
    return first_utf16(stem, limits.FILENAME - 30) + "…" + dot + extension


def extension_of(content_type: str, head: bytes) -> str:
    """From the declared type, else from what the bytes look like."""
    if content_type not in GENERIC:
        known = EXTENSIONS.get(content_type)
        if known:
            return known
        guessed = _types().guess_extension(content_type, strict=False)
        if guessed:
            return guessed
    return sniff(head)


def guessed_type(name: str) -> str:
    """The media type of a file of which only the name is known."""
    return _types().guess_type(clean_name(name), strict=False)[0] or "application/octet-stream"


def sniff(head: bytes) -> str:
    if len(head) < 4:
        return ""
    try:
        found = puremagic.from_string(head[:4096])
    except Exception:  # puremagic raises for anything that it does not know
        return ""
    return str(found) if 2 <= len(str(found)) <= 6 else ""


def invented(content_type: str, extension: str) -> str:
    """A name for a part that has none: what it is, the same at each reading."""
    main = content_type.partition("/")[0]
    word = {"image": "image", "audio": "audio", "video": "video", "text": "text", "message": "message"}.get(
        main, "file"
    )
    if content_type == "text/calendar":
        word = "invitation"
    return f"{word}{extension}"


class Namer:
    """Unique names in one mail."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._next: dict[str, int] = {}

    def unique(self, name: str) -> str:
        key = name.casefold()
        if key not in self._used:
            self._used.add(key)
            return name
        stem, dot, extension = name.rpartition(".")
        if not dot or not stem:
            stem, dot, extension = name, "", ""
        number = self._next.get(key, 2)
        while True:
            candidate = f"{stem} ({number}){dot}{extension}"
            number += 1
            if candidate.casefold() not in self._used:
                self._next[key] = number
                self._used.add(candidate.casefold())
                return candidate
