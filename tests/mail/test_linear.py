"""What once took long for its size: linear now, and what is real is still read."""

from __future__ import annotations

import struct

import pytest

from gateway.mail.headerpeople import shown_people
from gateway.mail.mime import parse_typed
from gateway.mail.read import read
from gateway.mail.tnef import unpack
from tests.pace import processor_time
from tests.sizes import size

HEAD = b"From: a@b.example\nSubject: x\nContent-Type: text/plain; charset=utf-8\n\n"
SIZE = size(32, 256) * 1024


def item(name: int, data: bytes, level: int = 1) -> bytes:
    return struct.pack("<BHHI", level, name, 6, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def tnef(*items: bytes) -> bytes:
    return b"\x78\x9f\x3e\x22\x01\x00" + item(0x9007, struct.pack("<II", 1252, 0)) + b"".join(items)


def properties(count: int, data: bytes) -> bytes:
    return struct.pack("<I", count) + data


SHORT = struct.pack("<HHHH", 2, 0x1234, 7, 0)
BODY = struct.pack("<HHII", 0x1E, 0x1000, 1, 12) + b"Hello Ann.\0\0"
NAMED = struct.pack("<HH16sIIHH", 2, 0x8001, b"g" * 16, 0, 1, 7, 0)
EMBEDDED = b"\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"


def embedded(inner: bytes) -> bytes:
    data = EMBEDDED + inner
    return struct.pack("<HHII", 0x0D, 0x3701, 1, len(data)) + data + b"\0" * (-len(data) % 4)


BOMBS = {
    "many properties": tnef(item(0x9003, properties(30_000, SHORT * 30_000))),
    "more said than there": tnef(item(0x9003, properties(0xFFFFFFFF, SHORT))),
    "more said, and jumped over": tnef(item(0x9003, properties(200_000, BODY + b"\0" * 250_000))),
    "many values": tnef(item(0x9003, properties(1, struct.pack("<HHI", 0x1002, 0x1234, 0xFFFFFFFF) + b"ab"))),
    "many texts": tnef(item(0x9003, properties(1, struct.pack("<HHI", 0x1E, 0x1000, 0xFFFFFFFF) + b"ab"))),
    "many recipients": tnef(item(0x9004, properties(0xFFFFFFFF, properties(0, b"")))),
    "recipients of nothing": tnef(item(0x9004, properties(60_000, properties(0, b"") * 60_000))),
    "a recipient that is no property": tnef(item(0x9004, properties(2, properties(1, b"\xff\xff" * 8) + b"\xff" * 40))),
    "many objects": tnef(*[item(0x8008, b"x")] * 20_000),
    "in each other": tnef(item(0x9002, b"x" * 14, 2), item(0x9005, properties(1, embedded(tnef(item(0x9003, properties(0xFFFFFFFF, SHORT))))), 2)),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_hostile_winmail_is_a_file_at_once(bomb: bytes) -> None:
    with processor_time() as spent:
        unpack(bomb)

    assert spent.seconds < 2


def test_a_plain_winmail_is_unpacked() -> None:
    found = unpack(tnef(item(0x9003, properties(3, SHORT + NAMED + BODY))))

    assert found
    assert found.text.startswith("Hello Ann.")


LINES = {
    "dates": b"2026-01-01 10:00:\n", "numbers": b"1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1:\n", "verbs": b"1 1 1 1 1 1 1 1 1 wrote x:\n",
    "sentences": b"Aaaaaaaa. B 1:00 wrote x y z 1:00 :\n", "other letters": "é 2026-01-01 10:00 wrote x\n".encode(),
    "addresses": b"a@b.example:\n", "blanks of Notes": b"\t" * 280 + b"cc!\n" + b"\t" * 280 + b"Subject x\n",
    "real ones": b"On Mon, 1 Jan 2026 at 10:00, Ann <ann@x.example> wrote:\n",
}  # fmt: skip


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_lines_that_look_like_attributions(line: bytes) -> None:
    raw = HEAD + line * (SIZE // len(line))
    with processor_time() as spent:
        read(raw)

    assert spent.seconds < 1 + 3 * SIZE / 262_144  # half of it on a machine of its own


BLANKS = {
    "tabs": "text/plain;" + "\t" * 60_000 + "x", "folds": "text/plain;" + "\n " * 30_000 + "x", "behind a name": "text/plain; a" + " " * 60_000 + "b",
    "between names": "text/plain; " + ("a" + " " * 50) * 1200, "in a value": "text/plain; a=" + " " * 60_000, "signs": "text/plain" + ";" * 60_000,
    "a quote that does not end": 'text/plain; a="' + "\\a" * 30_000, "many quotes": "text/plain; " + 'a="' * 20_000,
}  # fmt: skip


@pytest.mark.parametrize("value", BLANKS.values(), ids=BLANKS)
def test_parameters_with_blanks_without_end(value: str) -> None:
    raw = f"From: a@b.example\nSubject: x\nContent-Type: {value}\nContent-Disposition: {value}\n\nhi\n".encode()
    with processor_time() as spent:
        read(raw)

    assert spent.seconds < 1


@pytest.mark.parametrize(
    "value",
    [
        'text/plain; charset="utf-8"; name="a  b.txt"', 'text/plain;charset=utf-8;name="a  b.txt"', 'text/plain ; charset = utf-8 ; name = "a  b.txt"',
        'text/plain; charset="utf-8" name="a  b.txt"', 'text/plain;; \tcharset=utf-8;\n\t name="a  b.txt"', 'text/plain; "x" junk charset=utf-8; name="a  b.txt"; x',
    ],
)  # fmt: skip
def test_parameters_as_programs_write_them(value: str) -> None:
    kind, found = parse_typed(value.encode())
    assert (kind.strip(), found["charset"], found["name"]) == ("text/plain", "utf-8", "a b.txt")


def test_an_attribution_below_many_lines_that_look_like_one() -> None:
    text = (
        b"12:00:01 server wrote 512 bytes to disk 1\n" * 1200
        + b"\nOn Mon, 2 Nov 2026 at 10:00, Ann <ann@x.example> wrote:\n> Old.\n"
    )

    assert "Old." not in read(HEAD + text).email.reply.text


@pytest.mark.parametrize("people", ["," * 19_000 + "@", "a," * 9_000 + "@b", "Berg, Bo <bo@x.example>, " * 700, "é" * 19_000 + ",@"])
def test_the_people_of_a_header_line_as_it_is_shown(people: str) -> None:
    with processor_time() as spent:
        shown_people(people)

    assert spent.seconds < 0.5


def test_a_comma_within_a_name_parts_nobody() -> None:
    found = shown_people("Berg, Bo <bo@x.example>, Archer, Ann <ann@x.example>, cy@x.example")
    assert [(person.name, person.address) for person in found] == [
        ("Berg, Bo", "bo@x.example"),
        ("Archer, Ann", "ann@x.example"),
        ("", "cy@x.example"),
    ]
