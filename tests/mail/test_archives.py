"""What files are by content, and what archives hold: of good ones, hostile ones and bombs."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail import limits
from gateway.mail.archive import Looker
from gateway.mail.read import read
from gateway.mail.sniff import type_of
from gateway.model.email import Inside
from tests.pace import processor_time


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method, compresslevel=1) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def locked(files: dict[str, bytes]) -> bytes:
    """The same with the mark of encryption on each entry."""
    data = bytearray(zipped(files))
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(sign)
        while start >= 0:
            data[start + at] |= 1
            start = data.find(sign, start + 4)
    return bytes(data)


def tarred(names: list[str], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    return out.getvalue()


def gzip_named(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(name, "wb", fileobj=out) as file:
        file.write(content)
    return out.getvalue()


def twice(name: str) -> bytes:
    """Two files of one name: which of them is unpacked depends on the program."""
    return zipped({name: b"x", name[:-1] + "_": b"y"}).replace((name[:-1] + "_").encode(), name.encode())


def renamed_before(here: bytes, there: bytes) -> bytes:
    """The header before the file says another name than the directory."""
    return zipped({there.decode(): b"x"}).replace(there, here, 1)


def hidden_before(name: str) -> bytes:
    """A file that stands before those of the directory, and that only readers of a stream see."""
    first, second = zipped({name: b"x"}), zipped({"a.txt": b"y"})
    return first[: first.index(b"PK\x01\x02")] + second


def streamed(name: str) -> bytes:
    """As programs write a zip to a pipe: the sizes stand behind each file."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.out = b""

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.out += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:  # type: ignore[arg-type]
        archive.writestr(name, b"x")
    return pipe.out


def mailed(files: dict[str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"] = "a@b.example"
    message.set_content("x")
    for name, content in files.items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def look(data: bytes, name: str = "file", declared: str = "") -> tuple[str, Inside | None]:
    return Looker().look(data, type_of(data), declared, name)


OOXML = {"[Content_Types].xml": b"", "word/document.xml": b""}
OPENDOCUMENT = {"mimetype": b"", "content.xml": b"", "META-INF/manifest.xml": b"", "Pictures/1.png": b""}


TYPES = [
    (b"MZ\x90\0\x03", "application/vnd.microsoft.portable-executable"),
    (b"MZ was here", "text/plain"),
    (b"\x7fELF\x02", "application/x-executable"),
    (b"#!/bin/sh\nrm", "text/x-shellscript"),
    (b"L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut"),
    (b"%PDF-1.7\n", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
    (b"Rar!\x1a\x07\x01\0", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c\0\4", "application/x-7z-compressed"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "application/x-ole-storage"),
    (tarred(["a"]), "application/x-tar"),
    (b"  \r\n<!DOCTYPE HTML><p>", "text/html"),
    (b"\xef\xbb\xbf<script>alert(1)</script>", "text/html"),
    ("\ufeff<html>".encode("utf-16-le"), "text/html"),
    (b"<base> is a word", "text/plain"),
    (b'<svg xmlns="http://www.w3.org/2000/svg">', "image/svg+xml"),
    (b"<?xml version='1.0'?><!-- x --><svg onload='x'/>", "image/svg+xml"),
    (b"<?xml version='1.0'?><a xmlns='http://www.w3.org/1999/xhtml'/>", "application/xhtml+xml"),
    (b"<?xml version='1.0'?><?xml-stylesheet href='x'?><a/>", "application/xhtml+xml"),
    (b"<?xml version='1.0'?><any xmlns:h='urn:x'/>", "application/xml"),
    (b"<any xmlns:h='http://www.w3.org/1999/xhtml'><h:script/></any>", "application/xml"),
    (b"<!DOCTYPE any [<!ENTITY x SYSTEM 'y'>]><any/>", "application/xml"),
    ("<?xml version='1.0'?><a/>".encode("utf-16-le"), "application/xml"),
    ("<?xml version='1.0'?><a/>".encode("utf-16-be"), "application/xml"),
    (b"Received: from a by b\r\n for c\r\nFrom: a@b.example\r\n\r\nx", "message/rfc822"),
    (b"To: all\nRegards: Ann\n\nNote: x", "text/plain"),
    (bytes(0x8001) + b"CD001" + bytes(99), "application/x-iso9660-image"),
    (bytes(0x8001) + b"BEA01" + bytes(2043) + b"NSR02" + bytes(99), "application/x-udf-image"),
    (b"vhdxfile" + bytes(99), "application/x-vhdx"),
    (bytes(1024) + b"conectix" + bytes(504), "application/x-vhd"),
    (b"conectix" + bytes(504), "application/x-vhd"),
    (bytes(1024) + b"koly" + bytes(508), "application/x-apple-diskimage"),
    (b"\xeb\x3c\x90MSDOS5.0" + bytes(499) + b"\x55\xaa" + bytes(512), "application/x-raw-disk-image"),
    (b"Hello\nworld\n", "text/plain"),
    (bytes(range(1, 256)), "application/octet-stream"),
]


@pytest.mark.parametrize(("data", "kind"), TYPES, ids=map(str, range(len(TYPES))))
def test_types_by_content(data: bytes, kind: str) -> None:
    assert type_of(data) == kind


ARCHIVES = [
    (zipped({"a.txt": b"x", "dir/": b"", "dir/b.exe": b"x"}), "x.zip", Inside(("a.txt", "dir/b.exe"), 2, 1)),
    (locked({"a.txt": b"x"}), "x.zip", Inside(("a.txt",), 1, 1, ("encrypted",))),
    (zipped({"in.zip": zipped({"e.exe": b"x"})}), "x.zip", Inside(("in.zip", "in.zip/e.exe"), 2, 2)),
    (zipped({"i.zip": zipped({"j.zip": zipped({"k": b""})})}), "x.zip", Inside(("i.zip", "i.zip/j.zip"), 2, 3)),
    (zipped({"i.zip": locked({"e.exe": b""})}), "x.zip", Inside(("i.zip", "i.zip/e.exe"), 2, 2, ("encrypted",))),
    (zipped({"i.tgz": tarred(["b.sh"], "w:gz")}), "x.zip", Inside(("i.tgz", "i.tgz/b.sh"), 2, 2)),
    (zipped({"i.zip": b"no zip"}), "x.zip", Inside(("i.zip",), 1, 1, ("closed",))),
    (b"no zip", "x.zip", Inside(marks=("closed",))),
    (b"no tar", "x.TGZ. ", Inside(marks=("closed",))),
    (gzip.compress(b"MZ" + bytes(300)), "list.csv.gz", Inside(("list.csv",), 1, 1, ("program",))),
    (gzip.compress(zipped({"a.js": b""})), "x.gz", Inside(("x", "x/a.js"), 2, 2)),
    (gzip.compress(gzip.compress(b"MZ" + bytes(300))), "x.gz", Inside(("x", "x/x"), 2, 2, ("program",))),
    (gzip_named("run.exe", b"x"), "list.csv.gz", Inside(("list.csv", "run.exe"), 2, 1)),
    (gzip.compress(b"hello")[:9], "a.txt.gz", Inside(("a.txt",), 1, 1, ("closed",))),
    (lzma.compress(b"hello", lzma.FORMAT_ALONE), "a.txt.lzma", Inside(("a.txt",), 1, 1)),
    (twice("a.txt"), "x.zip", Inside(("a.txt", "a.txt"), 2, 1, ("closed",))),
    (renamed_before(b"a.exe", b"a.txt"), "x.zip", Inside(("a.txt",), 1, 1, ("closed",))),
    (hidden_before("e.exe"), "x.zip", Inside(("a.txt",), 1, 1, ("closed",))),
    (zipped({"a.txt": b"x"}) + zipped({"e.exe": b"x"}), "x.zip", Inside(("e.exe",), 1, 1, ("closed",))),
    (zipped({"a.txt": b"x"}) + b"\r\n", "x.zip", Inside(("a.txt",), 1, 1)),
    (streamed("a.txt"), "x.zip", Inside(("a.txt",), 1, 1)),
    (zipped({"i.7z": b"7z\xbc\xaf\x27\x1c"}), "x.zip", Inside(("i.7z",), 1, 1, ("closed",))),
    (tarred(["a", "b/c.exe"]), "x.tar", Inside(("a", "b/c.exe"), 2, 1)),
    (tarred(["a", "in.zip"], "w:gz"), "x.tgz", Inside(("a", "in.zip"), 2, 2)),
    (tarred(["a"], "w:bz2"), "x.tbz", Inside(("a",), 1, 1)),
    (tarred(["a"], "w:xz"), "x.txz", Inside(("a",), 1, 1)),
    (gzip.compress(b"hello"), "report.csv.gz", Inside(("report.csv",), 1, 1)),
    (b"Rar!\x1a\x07\x01\0", "x.rar", Inside(marks=("closed",))),
    (b"PK\x03\x04 broken", "x.zip", Inside(marks=("closed",))),
    (zipped({"\u202etxt.exe": b""}), "x.zip", Inside(("txt.exe",), 1, 1)),
    (zipped({"a" * 400 + ".exe": b""}), "x.zip", Inside(("a" * (limits.INNER_NAME - 4) + ".exe",), 1, 1)),
    (b"plain text", "a.txt", None),
]


@pytest.mark.parametrize(("data", "name", "expected"), ARCHIVES, ids=map(str, range(len(ARCHIVES))))
def test_what_archives_hold(data: bytes, name: str, expected: Inside | None) -> None:
    assert look(data, name)[1] == expected


@pytest.mark.parametrize(
    ("files", "kind", "inside"),
    [
        (OOXML, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", None),
        ({**OOXML, "word/vbaProject.bin": b""}, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", Inside(marks=("macros",))),
        ({**OOXML, "run-me.exe": b""}, "application/zip", Inside(("[Content_Types].xml", "word/document.xml", "run-me.exe"), 3, 1)),
        ({**OOXML, "word/run-me.exe": b""}, "application/zip", Inside(("[Content_Types].xml", "word/document.xml", "word/run-me.exe"), 3, 1)),
        ({**OOXML, "page.html": b""}, "application/zip", Inside(("[Content_Types].xml", "word/document.xml", "page.html"), 3, 1)),
        ({"[Content_Types].xml": b"", "xl/workbook.xml": b"", "xl/macrosheets/sheet1.xml": b""}, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Inside(marks=("macros",))),
        (OPENDOCUMENT, "application/vnd.oasis.opendocument", None),
        ({**OPENDOCUMENT, "Basic/Standard/Module1.xml": b""}, "application/vnd.oasis.opendocument", Inside(marks=("macros",))),
        ({"META-INF/MANIFEST.MF": b"", "A.class": b""}, "application/java-archive", Inside(("META-INF/MANIFEST.MF", "A.class"), 2, 1)),
    ],
)  # fmt: skip
def test_zips_that_are_more_than_that(files: dict[str, bytes], kind: str, inside: Inside | None) -> None:
    assert look(zipped(files)) == (kind, inside)


def test_an_attached_mail_is_looked_into() -> None:
    data = mailed({"setup.exe": b"x", "s.zip": zipped({"q.js": b""})})

    assert look(data, "m.eml", "message/rfc822") == (
        "message/rfc822",
        Inside(("setup.exe", "s.zip", "s.zip/q.js"), 3, 1),
    )


def test_an_attached_mail_is_known_by_its_content_and_looked_into_to_the_last() -> None:
    inner = mailed({"setup.exe": b"x"})
    outer = EmailMessage()
    outer["From"] = "a@b.example"
    outer["To"] = "c@d.example"
    outer.add_attachment(inner, maintype="application", subtype="octet-stream", filename="note.txt")
    kind, inside = look(mailed({"s.zip": zipped({"q.js": b""})}), "note.txt", "application/octet-stream")
    nested = EmailMessage()
    nested["From"] = "a@b.example"
    nested.set_content("x")
    nested.add_attachment(message_from_bytes(inner, policy=default))

    assert (kind, inside) == ("message/rfc822", Inside(("s.zip", "s.zip/q.js"), 2, 1))
    assert look(nested.as_bytes(), "m.eml", "message/rfc822")[1] == Inside(("message.eml/setup.exe",), 1, 0)
    assert look(mailed({"holiday.jpg": b"MZ" + bytes(300)}), "m.eml", "message/rfc822")[1] == Inside(
        ("holiday.jpg",), 1, 0, ("program",)
    )


def test_an_office_file_with_a_password() -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + "EncryptedPackage".encode("utf-16-le")

    assert look(data)[1] == Inside(marks=("encrypted",))


def zeros() -> bytes:
    return bytes(60_000_000)


BOMBS: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: gzip.compress(zeros(), 1),
    "bzip2": lambda: bz2.compress(zeros(), 1),
    "xz": lambda: lzma.compress(zeros(), preset=0),
    "zip in zip": lambda: zipped(dict.fromkeys([f"{n}.zip" for n in range(4)], zipped({"z": zeros()}))),
    "zip of zips of nothing": lambda: zipped({f"{n}.zip": bytes(4_000_000) for n in range(50)}),
    "many names": lambda: zipped({f"{n}": b"" for n in range(40_000)}, zipfile.ZIP_STORED),
    "tar of many": lambda: gzip.compress(tarred([f"{n}" for n in range(8000)])),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_cost_little(name: str) -> None:
    looker, bomb = Looker(), BOMBS[name]()
    with processor_time() as spent:
        _, found = looker.look(bomb, type_of(bomb), "", "bomb")

    assert spent.seconds < 2
    assert looker.left >= -2
    assert found is not None
    assert len(found.names) <= limits.LISTED
    if "many" in name:
        assert found.count > limits.LISTED


@settings(deadline=None)  # a busy machine is no fault of the reader
@given(
    st.sampled_from([zipped({"a": b"x", "b.zip": zipped({"c": b""})}), tarred(["a"], "w:gz"), tarred(["a"])]), st.data()
)
def test_damage_raises_nothing(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data)))
    for damaged in (data[:at], data[at:], data[:at] + draw.draw(st.binary(max_size=8)) + data[at + 4 :]):
        look(damaged)


def test_the_mail_tells_of_its_files() -> None:
    raw = mailed({"photo.jpg": b"MZ\x90\0", "all.zip": zipped({"a.txt": b"x"})})
    program, archive = read(raw).email.attachments

    assert program.sniffed == "application/vnd.microsoft.portable-executable"
    assert archive.inside == Inside(("a.txt",), 1, 1)
