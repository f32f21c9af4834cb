"""Where mail lies: every form of file in which people keep it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.mail.limits import HEADER_BLOCK
from gateway.operate.trial.places import NoMail, all_files, content, files_of, places_of

DAY = 1_780_000_000.0


def mail(subject: str, *more: str, text: str = "Hello.") -> bytes:
    return "\n".join([f"Subject: {subject}", "From: ann@acme.example", *more, "", text, ""]).encode()


def subjects(file: Path) -> list[str]:
    return [place.head.values("subject")[0].decode() for place in places_of(file)]


def whole(file: Path) -> list[bytes]:
    return [content(file, place.offset, place.size) for place in places_of(file)]


MBOXES = {
    "plain": (
        b"From ann Mon Jun  1 10:00:00 2026\n" + mail("one") + b"\nFrom bob Mon Jun  1 11:00:00 2026\n" + mail("two"),
        ["one", "two"],
    ),
    "takeout": (
        b"From 1793245@xxx Mon Jun 01 10:00:00 +0000 2026\r\n"
        + mail("one").replace(b"\n", b"\r\n")
        + b"\r\nFrom 1793246@xxx Mon Jun 01 11:00:00 +0000 2026\r\n"
        + mail("two"),
        ["one", "two"],
    ),
    "takeout, and a text that tells of a time": (
        b"From 1793245@xxx Mon Jun 01 10:00:00 +0000 2026\r\n"
        + mail("one", text="See below.\n\nFrom Monday 10:00 on it is closed.\n\nFrom: Bob\nSent: 10:00")
        + b"\r\nFrom 1793246@xxx Thu Jan 01 00:00:00 +0000 1970\r\n"
        + mail("two"),
        ["one", "two"],
    ),
    "a line of a megabyte, without an end and with one": (
        b"From ann Mon Jun  1 10:00:00 2026\n"
        + mail("one", text="x" * HEADER_BLOCK + "\nFrom ann Mon Jun  1 10:00:00 2026\n" + "y" * 3 * HEADER_BLOCK)
        + b"\nFrom bob Mon Jun  1 11:00:00 2026\n"
        + mail("two"),
        ["one", "two"],
    ),
    "a sentence that begins with From": (
        b"From ann Mon Jun  1 10:00:00 2026\n"
        + mail("one", text="See below.\n\nFrom Monday on it works.\n\nFrom here to there."),
        ["one"],
    ),
    "no empty line between": (
        b"From a Mon Jun  1 10:00:00 2026\n"
        + mail("one").rstrip(b"\n")
        + b"\nFrom b Mon Jun  1 10:00:00 2026\nno header",
        ["one"],
    ),
    "no line at the end": (b"From a Mon Jun  1 10:00:00 2026\n" + mail("one").rstrip(b"\n"), ["one"]),
}


@pytest.mark.parametrize("name", MBOXES)
def test_an_mbox_has_these_mails(name: str, tmp_path: Path) -> None:
    data, expected = MBOXES[name]
    file = tmp_path / "box"
    file.write_bytes(data)

    assert subjects(file) == expected


def test_a_mail_of_an_mbox_is_as_it_came(tmp_path: Path) -> None:
    file = tmp_path / "box"
    file.write_bytes(
        b"From a Mon Jun  1 10:00:00 2026\n" + mail("one", text=">From me\n>>From you\n> From nobody") + b"\n"
    )

    (raw,) = whole(file)
    assert raw.endswith(b"\r\n\r\nFrom me\r\n>From you\r\n> From nobody\r\n\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_a_single_mail_keeps_its_quotes(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail("one", text=">From a quoted line"))

    assert b"\r\n>From a quoted line\r\n" in whole(tmp_path / "a.eml")[0]


def test_a_folder_holds_maildirs_mboxes_and_single_mails(tmp_path: Path) -> None:
    for name in (
        "cur/1:2,S",
        "new/2",
        "tmp/3",
        ".Archive/cur/4",
        "sub/5.eml",
        "sub/notes.txt",
        "sub/picture.png",
        "sub/.hidden",
        "sub/x.pst",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(mail(name))
    for folder in (tmp_path / "tmp", tmp_path / ".Archive" / "new", tmp_path / ".Archive" / "tmp"):
        folder.mkdir(exist_ok=True)
    (tmp_path / "sub" / "notes.txt").write_text("no header here\n")
    (tmp_path / "sub" / "picture.png").write_bytes(b"\x89PNG\r\n")
    (tmp_path / "sub" / "x.pst").write_bytes(mail("no"))
    (tmp_path / "loop").symlink_to(tmp_path)

    found = [str(file.relative_to(tmp_path)) for file in files_of(tmp_path)]
    assert sorted(found) == [".Archive/cur/4", "cur/1:2,S", "new/2", "sub/5.eml"]
    assert len(all_files([tmp_path, tmp_path / "sub"])) == 4  # each once


WHEN = {
    "the last server's word": (
        [
            "Received: from a by mx; Mon, 01 Jun 2026 10:00:00 +0000",
            "Received: from b by a; Mon, 01 Jun 2026 09:00:00 +0000",
            "Date: Tue, 01 Jan 2030 00:00:00 +0000",
        ],
        1_780_308_000.0,
    ),
    "its sender's, where no server wrote": (["Date: Mon, 01 Jun 2026 12:00:00 +0200"], 1_780_308_000.0),
    "a date that is none": (["Date: yesterday"], DAY),
    "a date before there was mail": (["Date: Thu, 01 Jan 1970 00:00:00 +0000"], DAY),
    "none at all": ([], DAY),
}


@pytest.mark.parametrize("name", WHEN)
def test_when_a_mail_came(name: str, tmp_path: Path) -> None:
    headers, expected = WHEN[name]
    file = tmp_path / "a.eml"
    file.write_bytes(mail("one", *headers))
    os.utime(file, (DAY, DAY))

    assert [place.at for place in places_of(file)] == [expected]


def test_an_mbox_says_when_a_mail_came_that_does_not(tmp_path: Path) -> None:
    file = tmp_path / "box"
    file.write_bytes(b"From x@xxx Mon Jun 01 10:00:00 +0000 2026\n" + mail("one"))

    assert [place.at for place in places_of(file)] == [1_780_308_000.0]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.pst", b"!BDN", "readpst"),
        ("takeout.zip", b"PK", "unpack"),
        ("a.txt", b"just words\n", "neither an mbox nor a mail"),
    ],
)
def test_what_cannot_be_tried_says_what_to_do(name: str, data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(NoMail, match=words):
        all_files([tmp_path / name])
    with pytest.raises(NoMail, match="no such"):
        all_files([tmp_path / "other"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoMail, match="no mail was found"):
        all_files([tmp_path / "empty"])
