"""Archives of mail as they come, such as Takeout's zip or tgz, and mbox files that are packed with gzip.

Only what holds mail is taken out, under names of ours: those of an archive reach no path. What it takes is bounded by
the disk, of which some is left. Sources: zipfile and tarfile of the standard library, RFC 1952.
"""

from __future__ import annotations

import gzip
import json
import shutil
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, cast

from gateway.operate.trial.forms import BEGINNING, EVERY_UNREAD, PACKED, Form, Unread, form_of_bytes
from gateway.operate.trial.places import FLAGS, NoMail

BLOCK = 1 << 20
LEFT_FREE = 512 * BLOCK
"""Bytes of the disk that stay free."""
GZIP = b"\x1f\x8b"
WHOLE = "whole"
Member = tuple[str, Callable[[], IO[bytes]]]


class Stopped(Exception):
    """The operator ended it before all was taken out."""


def unpack(archive: Path, into: Path, tell: Callable[[str, int], None], stopped: Callable[[], bool]) -> Counter[Unread]:
    """Take the mail out, unless that was done. ``tell`` is told how far it is. What was begun and not finished begins
    anew. Returns what of it cannot be read. Raises NoMail, Stopped, OSError."""
    if (into / WHOLE).exists():
        kept: dict[str, int] = json.loads((into / WHOLE).read_bytes())
        return Counter({what: kept[what.what] for what in EVERY_UNREAD if what.what in kept})
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(0o700, parents=True)
    unread: Counter[Unread] = Counter()
    taken = 0
    with _damage_told(archive):
        for number, (name, opened) in enumerate(_members(archive)):
            for written in _taken_out(name, opened, into / f"{number:07d}", unread):
                if stopped():
                    raise Stopped
                taken += written
                tell(f"unpacking {archive.name}, MB", taken // BLOCK)
    if not taken:
        raise NoMail(f"{archive} holds {unread.most_common(1)[0][0] if unread else 'no mail'}")
    (into / WHOLE).write_text(json.dumps({what.what: count for what, count in unread.items()}))
    return unread


@contextmanager
def _damage_told(archive: Path) -> Iterator[None]:
    """Raises NoMail, which says what is wrong with the archive and what to do."""
    try:
        yield
    except tarfile.ReadError:
        raise NoMail(f"{archive} is damaged (its end is missing): fetch it again") from None
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise NoMail(f"{archive} is damaged ({error}): fetch it again") from None
    except NotImplementedError:
        raise NoMail(f"{archive} is {PACKED}") from None
    except RuntimeError:  # of zipfile
        raise NoMail(f"{archive} is locked with a password: unpack it first, then try what was in it") from None


def _taken_out(name: str, opened: Callable[[], IO[bytes]], to: Path, unread: Counter[Unread]) -> Iterator[int]:
    """One file of an archive, if it is mail: the bytes of each block. What holds mail and cannot be read is counted."""
    with opened() as source:
        begins = source.read(BEGINNING)
        form = form_of_bytes(begins, name)
        if isinstance(form, Unread) or form is Form.ARCHIVE:
            unread[PACKED if form is Form.ARCHIVE else form] += 1
        elif form is not None:
            flags = FLAGS.search(name)
            yield from _copied(begins, source, to.with_name(f"{to.name}{flags[0] if flags else ''}"))


def _copied(begins: bytes, source: IO[bytes], to: Path) -> Iterator[int]:
    """Write a file block by block: the bytes of each. Raises NoMail."""
    with to.open("xb") as out:
        while begins:
            if shutil.disk_usage(to.parent).free < LEFT_FREE + len(begins):
                raise NoMail(f"the disk of {to.parent} has no room to unpack it: name another folder with --folder")
            out.write(begins)
            yield len(begins)
            begins = source.read(BLOCK)


def _members(archive: Path) -> Iterator[Member]:
    """The files in an archive, with their names in it."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                if not info.is_dir():
                    yield info.filename, partial(packed.open, info)
        return
    try:
        tar = tarfile.open(archive, "r|gz")  # noqa: SIM115 - closed below
    except tarfile.ReadError:
        if not _is_gzip(archive):
            raise
        yield archive.name.removesuffix(".gz"), lambda: cast(IO[bytes], gzip.GzipFile(archive))
        return
    with tar:
        for member in tar:
            source = tar.extractfile(member) if member.isreg() else None
            if source is not None:
                yield member.name, lambda source=source: source  # type: ignore[misc]


def _is_gzip(archive: Path) -> bool:
    with archive.open("rb") as handle:
        return handle.read(len(GZIP)) == GZIP
