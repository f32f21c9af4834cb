"""What is in an archive, from its directory alone: for the policy on files, and for people.

Promised: never raises; inflates at most ``limits.INFLATED`` bytes for a whole mail, which are needed for
compressed tars and for one archive within another; a directory larger than ``limits.DIRECTORY`` is not read.
Formats that the standard library does not know (7z, rar, cab, …) are recognised, and nobody looks in.
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

from gateway.model.email import Inside

from . import limits
from .clean import clean_line, without_bidi
from .mime import Tree
from .sniff import HEAD, OLE, ZIP, type_of

ENCRYPTED, MACROS, CLOSED = "encrypted", "macros", "closed"
CLOSED_TYPES = frozenset(
    "application/x-7z-compressed application/vnd.rar application/vnd.ms-cab-compressed application/zstd "
    "application/x-arj application/x-ace-compressed application/x-lzh-compressed application/x-iso9660-image "
    "application/x-archive".split()
)
ENDINGS = tuple(
    ".zip .jar .tar .gz .tgz .bz2 .tbz .tbz2 .xz .txz .7z .rar .cab .arj .ace .lzh .lha .iso .img .zst".split()
)
_MESSAGES = ("message/rfc822", "message/global")
_SHUT = Inside(marks=(CLOSED,))


class Looker:
    """Looks into the files of one mail, within its budget."""

    def __init__(self) -> None:
        self.left = limits.INFLATED

    def look(self, data: bytes, kind: str, declared: str, name: str) -> tuple[str, Inside | None]:
        """The type, told more exactly by what is in the file, and what that is: None for what holds no files."""
        if declared in _MESSAGES:
            return declared, self._careful(partial(self._message, data))
        if kind == ZIP:
            found = self._careful(partial(self._zip, data))
            return _office(found)
        if kind == OLE:
            locked = "EncryptedPackage".encode("utf-16-le") in data
            return kind, Inside(marks=(ENCRYPTED,)) if locked else None
        return kind, self._listed(data, kind, name)

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

    def _zip(self, data: bytes, depth: int = 1) -> Inside:
        if (size := _directory_size(data)) > limits.DIRECTORY:
            return Inside(count=size // 46, depth=depth, marks=(CLOSED,))
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            marks = [ENCRYPTED] if any(one.flag_bits & 1 for one in entries) else []
            names = [_name(one.filename) for one in entries[: limits.LISTED]]
            if any(one.endswith("vbaProject.bin") for one in names):
                marks.append(MACROS)
            found = Inside(tuple(names), len(entries), depth, tuple(marks))
            inner = [one for one in entries[: limits.LISTED] if _is_archive(one.filename)]
            if inner and depth > 1:
                return replace(found, depth=depth + 1)
            for one in inner:
                found = self._with(found, _name(one.filename), self._inner(archive, one))
            return found

    def _inner(self, archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> Inside:
        """One archive within another."""
        readable = one.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not one.flag_bits & 1
        if not readable or one.file_size > self.left:
            return replace(_SHUT, depth=2)
        with archive.open(one) as file:
            data = file.read(min(one.file_size, self.left) + 1)
        self.left -= len(data)
        return self._within(data, one.filename)

    def _within(self, data: bytes, name: str) -> Inside:
        kind = type_of(data)
        if kind == ZIP:
            return self._careful(partial(self._zip, data, 2))
        found = self._listed(data, kind, name)
        return replace(found, depth=found.depth + 1) if found else Inside(depth=1)

    def _with(self, outer: Inside, name: str, inner: Inside) -> Inside:
        room = limits.LISTED - len(outer.names)
        names = tuple(f"{name}/{one}" for one in inner.names[: max(0, room)])
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
                for one in archive:
                    if len(names) >= limits.LISTED:
                        return Inside(tuple(names), limits.LISTED + 1, depth, marks)
                    if not one.isdir():
                        names.append(_name(one.name))
                        depth = max(depth, 2 if _is_archive(one.name) else 1)
        except tarfile.ReadError:
            marks = (CLOSED,)
        return Inside(tuple(names), len(names), depth, marks)

    def _compressed(self, data: bytes, kind: str, name: str) -> Inside:
        """A compressed tar, or one file that is named like its archive."""
        most = min(self.left, limits.INFLATED_ONE)
        content = _INFLATE[kind](data, most) if most > 0 else b""
        self.left -= len(content)
        if type_of(content[: 2 * HEAD]) == "application/x-tar":
            return self._tar(content, whole=len(content) < most)
        stem = name.rpartition(".")[0] or name
        return Inside((_name(stem),), 1, 2 if _is_archive(stem) else 1)

    def _message(self, data: bytes) -> Inside:
        """The files of an attached mail."""
        found = Inside(depth=0)
        for part in Tree(data).root.walk():
            name = part.disposition_params.get("filename") or part.params.get("name") or ""
            if not name or part.multipart:
                continue
            found = self._with(found, _name(name), Inside(depth=0))
            found = replace(found, names=(*found.names, _name(name))[: limits.LISTED], count=found.count + 1)
            if _is_archive(name):
                inner = self._within(part.payload(), name)
                found = self._with(found, _name(name), replace(inner, depth=inner.depth - 1))
        return found


_OOXML = {
    "word/": "wordprocessingml.document",
    "xl/": "spreadsheetml.sheet",
    "ppt/": "presentationml.presentation",
}


def _directory_size(data: bytes) -> int:
    """The size of a zip's directory as its end record says; unknown (zip64) counts as too large."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - 65_557))
    return int.from_bytes(data[at + 12 : at + 16], "little") if at >= 0 else 0


def _office(found: Inside) -> tuple[str, Inside | None]:
    """Office files and programs are zips too: nobody wants to see what these are made of."""
    names = set(found.names)
    marks = Inside(marks=found.marks) if found.marks else None
    if "[Content_Types].xml" in names:
        for folder, kind in _OOXML.items():
            if any(one.startswith(folder) for one in names):
                return f"application/vnd.openxmlformats-officedocument.{kind}", marks
    if "mimetype" in names and "META-INF/manifest.xml" in names:
        return "application/vnd.oasis.opendocument", marks
    if "AndroidManifest.xml" in names:
        return "application/vnd.android.package-archive", found
    if "META-INF/MANIFEST.MF" in names:
        return "application/java-archive", found
    return ZIP, found


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
}


def _is_archive(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def _name(text: str) -> str:
    return without_bidi(clean_line(text))[-limits.INNER_NAME :]  # its ending says what it is
