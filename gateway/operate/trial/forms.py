"""What a file of mail is, by how it begins and not by its name; and what to do about one that cannot be read.

Sources: RFC 4155 (mbox), Apple's emlx (a count of bytes, the mail, a property list), [MS-PST] and [MS-CFB] for the
first bytes of Outlook's files, Dovecot's dbox format, RFC 1952 and APPNOTE for archives.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePath

BEGINNING = 512
"""Bytes by which a form is known."""
MBOX_LINE = re.compile(rb"From \S.{0,200}?(?:[012]?[0-9]:[0-5][0-9]|(?:19|20)[0-9]{2})")
"""How a mail begins in an mbox, behind an empty line and before its header; in a text "From " is followed by something
else, or quoted."""
BARE_LINE = re.compile(rb"From ?\r?\n")
"""The same in a file of programs that say neither sender nor time, and leave no empty line before it."""
FIELD = re.compile(rb"[!-9;-~]{1,76}:(?:[ \t]|\r?\n[ \t])")
EMLX = re.compile(rb"(\d{1,12})[ \t]*\r?\n(?=[!-9;-~]{1,76}:)")
BOM = b"\xef\xbb\xbf"


class Form(Enum):
    """A file that holds mail: many, one, or one of Apple Mail; or an archive of such files."""

    MBOX = "mbox"
    MAIL = "mail"
    EMLX = "emlx"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True)
class Unread:
    """A kind of file that holds mail and cannot be read here, or not with certainty: what it is, and what to do."""

    what: str
    do: str

    def __str__(self) -> str:
        return f"{self.what}: {self.do}"


OUTLOOK_DATA = Unread(
    "an Outlook data file (.pst, .ost)", "`readpst -e -o FOLDER FILE` turns it into mails; then try the folder"
)
OUTLOOK_MESSAGE = Unread(
    "an Outlook message (.msg)", "`msgconvert *.msg` (Debian: libemail-outlook-message-perl) makes .eml of it"
)
OUTLOOK_MAC = Unread("an export of Outlook for Mac (.olm)", "import it into Apple Mail or Thunderbird, then try that")
OUTLOOK_EXPRESS = Unread("a folder of Outlook Express (.dbx)", "`undbx FILE` makes .eml of it")
NOTES = Unread("a database of HCL Notes (.nsf)", "drag the mails out of Notes, which makes .eml of them")
DBOX = Unread("Dovecot's own format (dbox)", "`doveadm backup -u USER maildir:FOLDER` makes a Maildir of it")
PACKED = Unread("packed in a way that is not known here", "unpack it first, then try what was in it")

EMPTY = Unread("empty (0 bytes)", "it was perhaps not copied whole: fetch it again")
LOCKED = Unread("a file or folder that you may not read", "try it as its owner, or give yourself the right to read it")
CUT = Unread(
    "an mbox that ends within a line",
    "what it has is tried, but more may be missing: compare its size, or fetch it again",
)

EVERY_UNREAD = (
    OUTLOOK_DATA, OUTLOOK_MESSAGE, OUTLOOK_MAC, OUTLOOK_EXPRESS, NOTES, DBOX, PACKED, EMPTY, LOCKED, CUT,
)  # fmt: skip

_BEGINS: tuple[tuple[bytes, Form | Unread], ...] = (
    (b"PK\x03\x04", Form.ARCHIVE),
    (b"\x1f\x8b", Form.ARCHIVE),
    (b"!BDN", OUTLOOK_DATA),
    (b"\xcf\xad\x12\xfe", OUTLOOK_EXPRESS),
    (b"\x1a\x00\x00\x04\x00\x00", NOTES),
    (b"7z\xbc\xaf\x27\x1c", PACKED),
    (b"Rar!", PACKED),
    (b"BZh", PACKED),
    (b"\xfd7zXZ\x00", PACKED),
    (b"\x28\xb5\x2f\xfd", PACKED),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""Word and Excel begin so as well: here the name has to say that it is a message."""
_ZIPPED = frozenset({".docx", ".xlsx", ".pptx", ".odt", ".ods", ".jar", ".epub", ".apk", ".svgz"})
"""Files that are archives and hold no mail."""
_MAIL_NAMES = frozenset({".eml", ".emlx", ".mbox", ".msg"})
_DBOX = re.compile(rb"\d M[0-9a-f]{1,4} C[0-9a-f]{1,8}")


def is_mbox(begins: bytes) -> bool:
    """Whether what begins so holds mails one after the other."""
    return MBOX_LINE.match(begins) is not None or BARE_LINE.match(begins) is not None


def form_of(file: Path) -> Form | Unread | None:
    """None for a file that has nothing to do with mail. Raises OSError."""
    try:
        with file.open("rb") as handle:
            begins = handle.read(BEGINNING)
    except PermissionError:
        return LOCKED
    is_mail = file.suffix.lower() in _MAIL_NAMES or file.parent.name in ("cur", "new")
    return EMPTY if not begins and is_mail else form_of_bytes(begins, file.name)


def is_cut(mbox: Path) -> bool:
    """Whether the file ends within a line, as what writes mbox files leaves none. Raises OSError."""
    with mbox.open("rb") as handle:
        handle.seek(-1, os.SEEK_END)
        return handle.read() != b"\n"


def form_of_bytes(begins: bytes, name: str) -> Form | Unread | None:
    """The same by how the file begins, and by its name where that says more."""
    suffix = PurePath(name).suffix.lower()
    if suffix == ".olm":  # a zip of its own kind
        return OUTLOOK_MAC
    for magic, form in _BEGINS:
        if begins.startswith(magic):
            return None if form is Form.ARCHIVE and suffix in _ZIPPED else form
    if begins.startswith(_OLE):
        return OUTLOOK_MESSAGE if suffix == ".msg" else None
    if _DBOX.match(begins) and PurePath(name).name[:2] in ("m.", "u."):
        return DBOX
    if is_mbox(begins):
        return Form.MBOX
    if EMLX.match(begins):
        return Form.EMLX
    return Form.MAIL if FIELD.match(begins.removeprefix(BOM).lstrip(b"\r\n")) else None
