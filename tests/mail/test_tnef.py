"""winmail.dat as it was meant: code pages, names, meetings, tasks and contacts; what was not read whole stays a file."""

from __future__ import annotations

import struct
from uuid import UUID

import pytest

from gateway.mail import tnef
from gateway.mail.read import read
from tests.mail.test_unwrap import attribute, mail

APPOINTMENT = UUID("00062002-0000-0000-c000-000000000046").bytes_le
HEAD = b"\x78\x9f\x3e\x22\x01\x00" + attribute(1, 0x00089006, b"\0\0\1\0")


def page(number: int) -> bytes:
    return attribute(1, 0x00069007, struct.pack("<II", number, 0))


def item(message_class: str, *attributes: bytes, code_page: int = 1252) -> bytes:
    return HEAD + page(code_page) + attribute(1, 0x00078008, message_class.encode() + b"\0") + b"".join(attributes)


def when(tag: int, *parts: int) -> bytes:
    return attribute(1, 0x00030000 | tag, struct.pack("<7H", *parts, 0, 0))


def words(tag: int, text: str, named: bytes = b"") -> bytes:
    data = text.encode("utf-16-le") + b"\0\0"
    name = struct.pack("<HH", 0x1F, 0x8000 if named else tag) + (named + struct.pack("<II", 0, tag) if named else b"")
    return name + struct.pack("<II", 1, len(data)) + data + b"\0" * (-len(data) % 4)


def properties(*found: bytes) -> bytes:
    return attribute(1, 0x00069003, struct.pack("<I", len(found)) + b"".join(found))


def attached(name: bytes, data: bytes = b"content") -> bytes:
    rendering = attribute(2, 0x00069002, b"\1\0" + b"\xff" * 4 + b"\0" * 8)
    return rendering + attribute(2, 0x00018010, name + b"\0") + attribute(2, 0x0006800F, data)


@pytest.mark.parametrize(
    ("code_page", "charset", "name"),
    [
        (932, "cp932", "返品票.xls"),
        (936, "gb18030", "订单.xls"),
        (949, "cp949", "주문서.xls"),
        (1251, "cp1251", "счёт.xls"),
        (1252, "cp1252", "Übersicht.xls"),
        (65001, "utf-8", "Übersicht.xls"),
    ],
)
def test_names_and_body_are_in_the_code_page(code_page: int, charset: str, name: str) -> None:
    body = attribute(1, 0x0002800C, name.encode(charset) + b"\0")
    data = item("IPM.Note", body, attached(name.encode(charset)), code_page=code_page)
    email = read(mail("application/ms-tnef", data)).email
    assert email.text == name
    assert [file.filename for file in email.attachments] == [name]


@pytest.mark.parametrize(
    ("message_class", "title"),
    [
        ("IPM.Microsoft Schedule.MtgReq", "Invitation"),
        ("IPM.Schedule.Meeting.Request", "Invitation"),
        ("IPM.Schedule.Meeting.Canceled", "Cancelled"),
        ("IPM.Microsoft Schedule.MtgRespN", "Declined"),
        ("IPM.Schedule.Meeting.Resp.Tent", "Tentatively accepted"),
    ],
)
def test_a_meeting_has_its_time_and_place(message_class: str, title: str) -> None:
    data = item(
        message_class,
        attribute(1, 0x00018004, b"Rack move\0"),
        when(6, 2026, 12, 1, 9, 0),
        when(7, 2026, 12, 1, 11, 0),
        properties(words(0x8208, "Room 4", APPOINTMENT)),
    )
    email = read(mail('application/ms-tnef; name="winmail.dat"', data)).email
    assert email.text.split("\n") == [f"{title}: Rack move", "When: 2026-12-01 09:00 to 11:00", "Where: Room 4"]
    assert [file.filename for file in email.attachments] == ["winmail.dat"]


def test_a_contact_has_its_addresses() -> None:
    data = item(
        "IPM.Contact",
        properties(
            words(0x3001, "Ann Berg"), words(0x3A16, "Berg Ltd"), words(0x3A08, "030 1"), words(0x3A1C, "0170 2")
        ),
    )
    found = tnef.unpack(data)
    assert found is not None
    assert found.item == ["Contact: (no title)", "Name: Ann Berg", "Company: Berg Ltd", "Telephone: 030 1, 0170 2"]
    assert not found.is_whole


def test_a_task_has_the_day_when_it_is_due() -> None:
    due = struct.pack("<HH", 0x40, 0x8000) + UUID("00062003-0000-0000-c000-000000000046").bytes_le
    due += struct.pack("<II", 0, 0x8105) + struct.pack("<Q", 134_403_840_000_000_000)
    found = tnef.unpack(item("IPM.Task", attribute(1, 0x00018004, b"Order toner\0"), properties(due)))
    assert found is not None
    assert found.item == ["Task: Order toner", "Due: 2026-11-29"]


@pytest.mark.parametrize(
    ("data", "files"),
    [
        (item("IPM.Note", attached(b"a.txt")), ["a.txt"]),
        (item("IPM.Microsoft Mail.Note", attached(b"a.txt")), ["a.txt"]),
        # An embedded thing that was not read, and a kind that nobody knows.
        (item("IPM.Note", attached(b"a.txt", b"")), ["a.txt", "winmail.dat"]),
        (item("IPM.Note.Special", attached(b"a.txt")), ["a.txt", "winmail.dat"]),
    ],
)
def test_the_container_stays_where_not_all_of_it_was_read(data: bytes, files: list[str]) -> None:
    email = read(mail('application/ms-tnef; name="winmail.dat"', data)).email
    assert [file.filename for file in email.attachments] == files
