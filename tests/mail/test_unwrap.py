"""Containers: winmail.dat, RTF bodies, uuencode, calendar; what cannot be opened stays a file."""

from __future__ import annotations

import base64
import struct

import pytest

from gateway.mail import calendar, rtf, tnef, uu
from gateway.mail.read import read


def attribute(level: int, tag: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, tag, len(data)) + data + struct.pack("<H", sum(data) % 65536)


def winmail(body: bytes, files: dict[str, bytes]) -> bytes:
    out = (
        b"\x78\x9f\x3e\x22\x01\x00"
        + attribute(1, 0x00089006, b"\0\0\1\0")
        + attribute(1, 0x00069007, b"\xe4\x04\0\0\0\0\0\0")
    )
    out += attribute(1, 0x0002800C, body + b"\0")
    for name, data in files.items():
        out += attribute(2, 0x00069002, b"\1\0" + b"\xff" * 4 + b"\0" * 8)
        out += attribute(2, 0x00018010, name.encode() + b"\0") + attribute(2, 0x0006800F, data)
    return out


def mail(kind: str, data: bytes) -> bytes:
    head = f"From: a@b.example\nMIME-Version: 1.0\nContent-Type: {kind}\nContent-Transfer-Encoding: base64\n\n"
    return head.encode() + base64.encodebytes(data)


def test_winmail_becomes_text_and_files() -> None:
    reading = read(
        mail('application/ms-tnef; name="winmail.dat"', winmail(b"The words.", {"a.txt": b"one", "b.bin": b"\0\1"}))
    )
    assert reading.email.text.strip() == "The words."
    assert [(attachment.filename, attachment.size) for attachment in reading.email.attachments] == [("a.txt", 3), ("b.bin", 2)]
    assert reading.payload(1) == b"\0\1"
    assert "winmail.dat unpacked" in reading.email.defects


@pytest.mark.parametrize(
    "data", [b"", b"\x78\x9f\x3e\x22", b"\x78\x9f\x3e\x22" + b"\xff" * 100, winmail(b"x", {"a": b"y"})[:60], b"no tnef"]
)
def test_broken_winmail_loses_nothing(data: bytes) -> None:
    reading = read(mail("application/ms-tnef", data))
    kept = [attachment.size for attachment in reading.email.attachments]
    assert kept == [len(data)] or "winmail.dat unpacked" in reading.email.defects


def test_tnef_refuses_other_bytes() -> None:
    assert tnef.unpack(b"PK\3\4") is None


@pytest.mark.parametrize(
    ("source", "text", "html"),
    [
        (rb"{\rtf1\ansi\ansicpg1252 Hello \b world\b0\par caf\'e9 \u8364?}", "Hello world\ncafé €", False),
        (rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\*\generator x;}text}", "text", False),
        (rb"{\rtf1\ansi\fromhtml1{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Words{\*\htmltag72 </p>}\htmlrtf\par}\htmlrtf0 }", "<p>Words</p>", True),
        (b"{" * 5000, "", False),
        (rb"\u-1?\'zz", "zz", False),
    ],
)  # fmt: skip
def test_rtf(source: bytes, text: str, html: bool) -> None:
    assert rtf.read(source) == (text, html)


def test_uuencode_that_does_not_decode_stays_text() -> None:
    text = "begin 644 a.txt\nthis is no uuencode at all, it is a sentence that goes on and on\nend"
    assert uu.extract(text) == (text, [])


def test_calendar_reads_like_a_letter() -> None:
    text = "BEGIN:VCALENDAR\nMETHOD:CANCEL\nBEGIN:VEVENT\nSUMMARY:Long\n  title\nDTSTART:20261103\nEND:VEVENT\nEND:VCALENDAR"
    assert calendar.read(text.encode(), "").lines == ["Cancelled: Long title", "When: 2026-11-03 (all day)"]
