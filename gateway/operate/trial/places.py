"""Where the mails of a path lie: mbox files, Maildirs, folders of single mails, as many programs keep and export them.

Reads each file once, a block at a time: a mail is known by its file, offset and size, and by the time at which it
arrived. Sources: RFC 4155 (mbox), the Maildir page of qmail.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path

from gateway.mail.head import Head, split_head, with_line_feeds
from gateway.mail.limits import HEADER_BLOCK
from gateway.model.spans import DAY
from gateway.operate.trial.forms import (
    BARE_LINE,
    BEGINNING,
    BOM,
    CUT,
    EMLX,
    EMPTY,
    LOCKED,
    MBOX_LINE,
    Form,
    Unread,
    form_of,
    is_cut,
    is_mbox,
)

TAKEOUT_LINE = re.compile(rb"From \d{1,25}@xxx ")
"""How a mail begins in Gmail's export, where the line has a form that no text has."""
PATCH = re.compile(rb"From [0-9a-f]{40} Mon Sep 17 00:00:00 2001")
BEHIND = re.compile(rb"[!-9;-~]{1,76}:|>?From ")
"""What stands behind such a line: a header, or older lines of its kind."""
QUOTED = re.compile(rb"(?m)^>(>*From )")
FLAGS = re.compile(r"[:;!]2,([A-Za-z]{0,20})$")
"""What the name of a file in a Maildir says of its mail; where names have no colon, behind another mark."""
EARLIEST = 315_532_800.0
"""1980: no mail is older."""
LATEST = DAY
"""Seconds from now: no mail that lies here came later, whatever the clock of who wrote it."""
TREE = frozenset({"cur", "new", "tmp"})


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


@dataclass(slots=True)
class Files:
    """The files that hold mail, each once and in order: those that can be read as they are, and archives. ``unread``
    counts those that cannot, or perhaps not whole, by what they are."""

    mail: dict[Path, None] = field(default_factory=dict)
    archives: dict[Path, None] = field(default_factory=dict)
    unread: Counter[Unread] = field(default_factory=Counter)


def find(paths: Iterable[Path]) -> Files:
    """The files of several paths. Raises NoMail where one cannot be tried, or nothing in it."""
    found = Files()
    for path in paths:
        if not path.exists():
            raise NoMail(f"{path}: there is no such file or folder")
        here = Files()
        for file in _within(path, here) if path.is_dir() else [path]:
            _sort(here, file)
        if not here.mail and not here.archives:
            raise NoMail(_why_none(path, here))
        found.mail |= here.mail
        found.archives |= here.archives
        found.unread += here.unread
    return found


def _sort(found: Files, file: Path) -> None:
    form = form_of(file)
    if isinstance(form, Unread):
        found.unread[form] += 1
    elif form is Form.ARCHIVE:
        found.archives[file.absolute()] = None
    elif form is not None:
        found.mail[file.absolute()] = None
        if form is Form.MBOX and is_cut(file):
            found.unread[CUT] += 1


def _why_none(path: Path, here: Files) -> str:
    if here.unread:
        unread = here.unread.most_common(1)[0][0]
        return f"{path} {'holds' if path.is_dir() else 'is'} {unread}"
    if path.is_file() and not path.stat().st_size:
        return f"{path} is {EMPTY}"
    return f"{path}: no mail was found below it" if path.is_dir() else f"{path} is neither an mbox nor a mail"


def _within(folder: Path, found: Files) -> Iterator[Path]:
    def locked(error: OSError) -> None:
        found.unread[LOCKED] += 1

    for at, folders, names in os.walk(folder, onerror=locked):
        folders[:] = sorted(name for name in folders if name != "tmp" or not set(folders) >= TREE)
        for name in sorted(names):
            file = Path(at) / name
            if not name.startswith(".") and file.is_file() and not file.is_symlink():
                yield file


def marked(file: Path) -> str:
    """Why a mail of a Maildir is none that came, by what its name says; "" when it did."""
    flags = FLAGS.search(file.name)
    if flags is None:
        return ""
    return "a draft" if "D" in flags[1] else "deleted" if "T" in flags[1] else ""


def _beginning(file: Path) -> bytes:
    with file.open("rb") as handle:
        return handle.read(BEGINNING)


def places_of(file: Path) -> Iterator[Place]:
    """The mails of a file, in their order there. Raises OSError."""
    begins = _beginning(file)
    if is_mbox(begins):
        yield from _in_mbox(file)
        return
    stat = file.stat()
    counted = EMLX.match(begins)
    offset = counted.end() if counted else len(BOM) if begins.startswith(BOM) else 0
    size = min(int(counted[1]), stat.st_size - offset) if counted else stat.st_size - offset
    with file.open("rb") as handle:
        handle.seek(offset)
        head = split_head(with_line_feeds(handle.read(min(size, HEADER_BLOCK)).lstrip(b"\r\n")))
    yield Place(offset, size, arrived(head, stat.st_mtime), head)


def _in_mbox(file: Path) -> Iterator[Place]:
    """Only the header of the mail under way is held."""
    changed = file.stat().st_mtime
    began, end = -1, 0
    header: list[bytes] = []
    room = 0
    stamp = b""
    for offset, line, begins in _lines(file):
        if begins:
            if began >= 0:
                yield _place(began, offset, stamp, header, changed)
            stamp, header, room = line, [], HEADER_BLOCK
            began = offset + len(line)
        elif room > 0:
            header.append(line)
            room = 0 if not line.strip(b"\r\n") else room - len(line)
        end = offset + len(line)
    if began >= 0:
        yield _place(began, end, stamp, header, changed)


def _lines(file: Path) -> Iterator[tuple[int, bytes, bool]]:
    """The lines of an mbox with where they stand, and whether each begins a mail: its form is that of the file's first
    line, an empty line is before it and a header behind it. Of a very long line there are several parts."""
    first = _beginning(file)
    mark = next(mark for mark in (TAKEOUT_LINE, MBOX_LINE, BARE_LINE) if mark.match(first))
    needs_empty = mark is not BARE_LINE
    offset, is_empty, is_whole = 0, True, True
    with file.open("rb", buffering=1 << 20) as handle:
        line = handle.readline(HEADER_BLOCK)
        while line:
            following = handle.readline(HEADER_BLOCK)
            can_begin = is_empty if needs_empty else is_whole
            begins = can_begin and line.startswith(b"From ") and _is_mark(mark, line, following)
            yield offset, line, begins
            offset += len(line)
            is_empty = is_whole and not line.strip(b"\r\n")
            is_whole = line.endswith(b"\n")
            line = following


def _is_mark(mark: re.Pattern[bytes], line: bytes, following: bytes) -> bool:
    """Whether a line parts two mails. A patch in a text has such a line as well, with one and the same time in all."""
    if not mark.match(line) or PATCH.match(line):
        return False
    return mark is TAKEOUT_LINE or BEHIND.match(following) is not None


def _place(began: int, end: int, stamp: bytes, header: list[bytes], changed: float) -> Place:
    head = split_head(b"".join(header))
    return Place(began, end - began, arrived(head, _date(stamp.partition(b" ")[2].partition(b" ")[2]) or changed), head)


def content(file: Path, offset: int, size: int) -> bytes:
    """A mail as it came over the wire: lines end with CRLF, and what an mbox quotes is as it was. Raises OSError."""
    with file.open("rb") as handle:
        is_quoted = offset > 0 and is_mbox(handle.read(BEGINNING))
        handle.seek(offset)
        raw = handle.read(size)
    raw = QUOTED.sub(rb"\1", raw) if is_quoted else raw.lstrip(b"\r\n")
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
    return moment if EARLIEST <= moment <= time.time() + LATEST else 0.0
