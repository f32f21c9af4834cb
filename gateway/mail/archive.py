"""What is in an archive or an attached mail: for the policy on files, and for people.

Promised: never raises; inflates at most ``limits.INFLATED`` bytes for a whole mail, which are needed for
compressed files and for one archive within another; a directory larger than ``limits.DIRECTORY`` is not read.
What claims to be an archive, by content, label or name, and cannot be read whole is ``closed``: formats that the
standard library does not know (7z, rar, cab, …), damaged ones, and those that two programs may read differently.
"""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from gateway.match.files import PROGRAM_TYPES, ending_of
from gateway.match.invisible import without_invisible
from gateway.model.email import Inside

from . import limits, office, zips
from .clean import clean_line
from .mime import Tree
from .sniff import OLE, ZIP, type_of

ENCRYPTED, MACROS, CLOSED, PROGRAM = "encrypted", "macros", "closed", "program"
CLOSED_TYPES = frozenset(
    "application/x-7z-compressed application/vnd.rar application/vnd.ms-cab-compressed application/zstd "
    "application/x-arj application/x-ace-compressed application/x-lzh-compressed application/x-archive "
    "application/x-compress application/x-lzip".split()
)
ENDINGS = frozenset(
    "zip zipx jar tar gz tgz taz bz2 tbz tbz2 xz txz lzma lz z 7z rar cab arj ace lzh lha zst tzst".split()
)
LABELS = CLOSED_TYPES | frozenset(
    "application/zip application/x-zip-compressed application/x-zip application/gzip application/x-gzip "
    "application/x-tar application/x-bzip2 application/x-xz application/x-rar-compressed application/x-rar".split()
)
_MESSAGES = ("message/rfc822", "message/global")
MESSAGES_DEEP = 5
_SHUT = Inside(marks=(CLOSED,))


class Looker:
    """Looks into the files of one mail, within its budget."""

    def __init__(self) -> None:
        self.left = limits.INFLATED

    def look(self, data: bytes, kind: str, declared: str, name: str) -> tuple[str, Inside | None]:
        """The type, told more exactly by what is in the file, and what that is: None for what holds no files."""
        if declared in _MESSAGES or kind in _MESSAGES:
            return declared if declared in _MESSAGES else kind, self._careful(partial(self._message, data))
        if kind == ZIP:
            return self._zip_or_office(data)
        if kind == OLE:
            locked = "EncryptedPackage".encode("utf-16-le") in data
            return kind, Inside(marks=(ENCRYPTED,)) if locked else None
        found = self._listed(data, kind, name)
        claims = is_archive(name) or declared in LABELS
        return kind, _SHUT if found is None and claims and kind not in PROGRAM_TYPES else found

    def _zip_or_office(self, data: bytes) -> tuple[str, Inside | None]:
        """Office files and programs are zips too: nobody wants to see what a document is made of."""
        try:
            found, names = self._zip(data)
        except Exception:  # the reader raises whatever a hostile directory makes it raise
            return ZIP, _SHUT
        if CLOSED in found.marks:
            return ZIP, found
        if kind := office.kind_of(names):
            return kind, Inside(marks=found.marks) if found.marks else None
        plain = {name.casefold() for name in names}
        if "androidmanifest.xml" in plain:
            return "application/vnd.android.package-archive", found
        if "meta-inf/manifest.mf" in plain:
            return "application/java-archive", found
        return ZIP, found

    def _listed(self, data: bytes, kind: str, name: str) -> Inside | None:
        if kind in CLOSED_TYPES:
            return _SHUT
        if kind == "application/x-tar":
            return self._careful(partial(self._tar, data))
        if kind in _INFLATE:
            return self._careful(partial(self._compressed, data, kind, name))
        return None

    def _careful(self, look: Callable[[], Inside]) -> Inside:
        try:
            return look()
        except Exception:  # the readers raise whatever a hostile directory makes them raise
            return _SHUT

    # -- formats ----------------------------------------------------------------------------------

    def _zip(self, data: bytes, depth: int = 1) -> tuple[Inside, tuple[str, ...]]:
        """What a zip holds, and all of its names as they stand in it."""
        if (size := _directory_size(data)) > limits.DIRECTORY:
            return Inside(count=size // 46, depth=depth, marks=(CLOSED,)), ()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            every = archive.infolist()
            entries = [entry for entry in every if not entry.is_dir()]
            raw = tuple(entry.orig_filename for entry in entries)
            tests = (
                (ENCRYPTED, any(entry.flag_bits & 1 for entry in entries)),
                (MACROS, office.has_macros(raw)),
                (CLOSED, not zips.is_whole(data, every)),
            )
            names = tuple(_name(name) for name in raw[: limits.LISTED])
            found = Inside(names, len(entries), depth, tuple(mark for mark, holds in tests if holds))
            inner = [entry for entry in entries[: limits.LISTED] if is_archive(entry.filename)]
            if inner and depth > 1:
                return replace(found, depth=depth + 1), raw
            for entry in inner:
                found = self._with(found, _name(entry.filename), self._inner(archive, entry))
            return found, raw

    def _inner(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Inside:
        """One archive within another."""
        if entry.flag_bits & 1:
            return Inside(depth=1)  # the one around it is marked as encrypted
        readable = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if not readable or entry.file_size > self.left:
            return replace(_SHUT, depth=2)
        with archive.open(entry) as file:
            data = file.read(min(entry.file_size, self.left) + 1)
        self.left -= len(data)
        return self._within(data, entry.filename)

    def _within(self, data: bytes, name: str) -> Inside:
        kind = type_of(data)
        if kind == ZIP:
            return self._careful(lambda: self._zip(data, 2)[0])
        found = self._listed(data, kind, name)
        if found is None:
            return _SHUT if is_archive(name) else Inside(depth=1)
        return replace(found, depth=found.depth + 1)

    def _with(self, outer: Inside, name: str, inner: Inside) -> Inside:
        room = limits.LISTED - len(outer.names)
        names = tuple(f"{name}/{each}" for each in inner.names[: max(0, room)])
        return Inside(
            (*outer.names, *names),
            outer.count + inner.count,
            max(outer.depth, inner.depth),
            tuple(dict.fromkeys((*outer.marks, *inner.marks))),
        )

    def _tar(self, data: bytes, whole: bool = True) -> Inside:
        names: list[str] = []
        depth, marks = 1, () if whole else (CLOSED,)
        try:
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
                for entry in archive:
                    if len(names) >= limits.LISTED:
                        return Inside(tuple(names), limits.LISTED + 1, depth, marks)
                    if not entry.isdir():
                        names.append(_name(entry.name))
                        depth = max(depth, 2 if is_archive(entry.name) else 1)
        except tarfile.ReadError:
            marks = (CLOSED,)
        return Inside(tuple(names), len(names), depth, marks)

    def _compressed(self, data: bytes, kind: str, name: str) -> Inside:
        """A compressed tar, or one file: named like its archive, or as the archive itself says."""
        most = min(self.left, limits.INFLATED_ONE)
        content = _INFLATE[kind](data, most) if most > 0 else b""
        self.left -= len(content)
        whole = len(content) < most
        if (held := type_of(content)) == "application/x-tar":
            return self._tar(content, whole)
        stem = name.rpartition(".")[0] or name
        names = tuple(dict.fromkeys(_name(each) for each in (stem, _gzip_name(data)) if each))
        marks = (PROGRAM,) if held in PROGRAM_TYPES else () if content or not data else (CLOSED,)
        found = Inside(names, len(names), 1, marks)
        if held == ZIP or held in CLOSED_TYPES or held in _INFLATE or any(is_archive(each) for each in names):
            inner = self._within(content, stem) if whole else replace(_SHUT, depth=2)
            return self._with(found, names[0], inner)
        return found

    def _message(self, data: bytes, deep: int = 1) -> Inside:
        """The files of an attached mail, and of the mails attached to it."""
        found = Inside(depth=0)
        for part in Tree(data).root.walk():
            if part.multipart:
                continue
            name = part.disposition_params.get("filename") or part.params.get("name") or ""
            if part.content_type in _MESSAGES:
                shut = deep >= MESSAGES_DEEP
                inner = replace(_SHUT, depth=0) if shut else self._message(part.payload(), deep + 1)
                found = self._with(found, _name(name) or "message.eml", inner)
                continue
            payload = part.payload()
            if type_of(payload) in PROGRAM_TYPES:
                found = replace(found, marks=tuple(dict.fromkeys((*found.marks, PROGRAM))))
            if name:
                found = replace(found, names=(*found.names, _name(name))[: limits.LISTED], count=found.count + 1)
            if is_archive(name):
                inner = self._within(payload, name)
                found = self._with(found, _name(name), replace(inner, depth=inner.depth - 1))
        return found


def _directory_size(data: bytes) -> int:
    """The size of a zip's directory as its end record says; unknown (zip64) counts as too large."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - 65_557))
    return int.from_bytes(data[at + 12 : at + 16], "little") if at >= 0 else 0


def _gzip_name(data: bytes) -> str:
    """The name that a gzip file gives what it holds (RFC 1952 2.3), "" for none; some programs unpack under it."""
    if not data.startswith(b"\x1f\x8b") or len(data) < 10 or not data[3] & 8:
        return ""
    at = 10
    if data[3] & 4:
        at += 2 + int.from_bytes(data[10:12], "little")
    return data[at : at + limits.INNER_NAME].partition(b"\0")[0].decode("latin-1")


def _inflate_gzip(data: bytes, most: int) -> bytes:
    return zlib.decompressobj(31).decompress(data, most)


def _inflate_bz2(data: bytes, most: int) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, most)


def _inflate_xz(data: bytes, most: int) -> bytes:
    return lzma.LZMADecompressor(memlimit=limits.XZ_MEMORY).decompress(data, most)


_INFLATE: dict[str, Callable[[bytes, int], bytes]] = {
    "application/gzip": _inflate_gzip,
    "application/x-bzip2": _inflate_bz2,
    "application/x-xz": _inflate_xz,
    "application/x-lzma": _inflate_xz,
}


def is_archive(name: str) -> bool:
    """Whether a file calls itself an archive."""
    return ending_of(name) in ENDINGS


def _name(text: str) -> str:
    return without_invisible(clean_line(text))[-limits.INNER_NAME :]  # its ending says what it is
