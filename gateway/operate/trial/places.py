"""Where the mails of a path lie: mbox files, Maildirs, folders of single mails, Gmail's and Outlook's exports.

Reads each file once, a block at a time: a mail is known by its file, offset and size, and by the time at which it
arrived. Refused with what to do: archives, PST files. Sources: RFC 4155 (mbox), the Maildir page of qmail.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from gateway.mail.head import Head, split_head, with_line_feeds
from gateway.mail.limits import HEADER_BLOCK

MBOX_LINE = re.compile(rb"From \S.{0,200}?(?:[012]?[0-9]:[0-5][0-9]|(?:19|20)[0-9]{2})")
"""How a mail begins in an mbox, behind an empty line; in a text "From " is followed by something else, or quoted."""
TAKEOUT_LINE = re.compile(rb"From \d{1,25}@xxx ")
"""The same in Gmail's export, where it has a form that no text has."""
QUOTED = re.compile(rb"(?m)^>(>*From )")
FIELD = re.compile(rb"[!-9;-~]{1,76}:[ \t]")
EARLIEST = 315_532_800.0
"""1980: no mail is older."""
TREE = frozenset({"cur", "new", "tmp"})
REFUSED = {
    ".pst": "an Outlook data file: turn it into mails with `readpst -e -o FOLDER FILE`, then try the folder",
    ".ost": "an Outlook data file: turn it into mails with `readpst -e -o FOLDER FILE`, then try the folder",
    ".zip": "an archive: unpack it first",
    ".tgz": "an archive: unpack it first",
    ".gz": "compressed: unpack it first",
}


class NoMail(Exception):
    """The path cannot be tried; the text says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """A mail: ``size`` bytes of the file from ``offset`` on. ``at`` is when it arrived, in seconds since the epoch;
    ``head`` is its header."""

    offset: int
    size: int
    at: float
    head: Head


def files_of(path: Path) -> Iterator[Path]:
    """The files that may hold mail, in order. Raises NoMail."""
    if path.is_dir():
        yield from _within(path)
        return
    if not path.is_file():
        raise NoMail(f"{path}: there is no such file or folder")
    if why := REFUSED.get(path.suffix.lower()):
        raise NoMail(f"{path} is {why}")
    if not is_mbox(path) and not _is_mail(path):
        raise NoMail(f"{path} is neither an mbox nor a mail")
    yield path


def _within(folder: Path) -> Iterator[Path]:
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "tmp" or not set(folders) >= TREE)
        for name in sorted(names):
            file = Path(at) / name
            if not name.startswith(".") and file.is_file() and not file.is_symlink() and _holds_mail(file):
                yield file


def _holds_mail(file: Path) -> bool:
    return file.suffix.lower() not in REFUSED and (is_mbox(file) or _is_mail(file))


def is_mbox(file: Path) -> bool:
    return MBOX_LINE.match(_beginning(file)) is not None


def _is_mail(file: Path) -> bool:
    """Whether it begins with a header field."""
    return FIELD.match(_beginning(file)) is not None


def _beginning(file: Path) -> bytes:
    with file.open("rb") as handle:
        return handle.read(300)


def places_of(file: Path) -> Iterator[Place]:
    """The mails of a file, in their order there. Raises OSError."""
    if is_mbox(file):
        yield from _in_mbox(file)
        return
    with file.open("rb") as handle:
        head = split_head(with_line_feeds(handle.read(HEADER_BLOCK)))
    stat = file.stat()
    yield Place(0, stat.st_size, arrived(head, stat.st_mtime), head)


def _in_mbox(file: Path) -> Iterator[Place]:
    """Only the header of the mail under way is held."""
    changed = file.stat().st_mtime
    began, offset, is_empty = -1, 0, True
    header: list[bytes] = []
    room = 0
    stamp = b""
    begins = TAKEOUT_LINE if TAKEOUT_LINE.match(_beginning(file)) else MBOX_LINE
    is_whole = True  # the line before is: the rest of a very long one begins nothing
    with file.open("rb", buffering=1 << 20) as handle:
        while line := handle.readline(HEADER_BLOCK):
            if is_empty and begins.match(line):
                if began >= 0:
                    yield _place(began, offset, stamp, header, changed)
                stamp, header, room = line, [], HEADER_BLOCK
                began = offset + len(line)
            elif room > 0:
                header.append(line)
                room = 0 if not line.strip(b"\r\n") else room - len(line)
            offset += len(line)
            is_empty = is_whole and not line.strip(b"\r\n")
            is_whole = line.endswith(b"\n")
        if began >= 0:
            yield _place(began, offset, stamp, header, changed)


def _place(began: int, end: int, stamp: bytes, header: list[bytes], changed: float) -> Place:
    head = split_head(b"".join(header))
    return Place(began, end - began, arrived(head, _date(stamp.partition(b" ")[2].partition(b" ")[2]) or changed), head)


def content(file: Path, offset: int, size: int) -> bytes:
    """A mail as it came over the wire: lines end with CRLF, and what an mbox quotes is as it was. Raises OSError."""
    with file.open("rb") as handle:
        handle.seek(offset)
        raw = handle.read(size)
    if offset:  # behind a line of an mbox
        raw = QUOTED.sub(rb"\1", raw)
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def arrived(head: Head, otherwise: float) -> float:
    """When the mail came: as the last server wrote it, else as its sender did, else ``otherwise``."""
    received = [value.rpartition(b";")[2] for value in head.values("received")[:1]]
    for value in (*received, *head.values("date")[:1]):
        if moment := _date(value):
            return moment
    return otherwise


def _date(value: bytes) -> float:
    """A date of a header in seconds, 0 for none that can be."""
    try:
        moment = parsedate_to_datetime(value.decode("ascii", "replace").strip()).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return moment if moment >= EARLIEST else 0.0


def all_files(paths: Iterable[Path]) -> list[Path]:
    """The files of several paths, each once, in order. Raises NoMail when one holds none."""
    found: dict[Path, None] = {}
    for path in paths:
        here = list(files_of(path))
        if not here:
            raise NoMail(f"{path}: no mail was found below it")
        found.update(dict.fromkeys(file.absolute() for file in here))
    return list(found)
