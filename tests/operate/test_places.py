"""Where mail lies: every form of file in which people keep it."""

from __future__ import annotations

import gzip
import io
import os
import random
import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from gateway.mail.head import split_head
from gateway.mail.limits import HEADER_BLOCK
from gateway.operate.trial import forms
from gateway.operate.trial.places import NoMail, content, find, marked, places_of
from gateway.operate.trial.unpack import Stopped, unpack
from tests import rights

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
    "a sentence that begins with From and a year": (
        b"From ann Mon Jun  1 10:00:00 2026\n"
        + mail("one", text="See below.\n\nFrom 2019 on it has been closed.\nSo it was.\n\nFrom Monday 10:00 on it is open again.")
        + b"\nFrom bob Mon Jun  1 11:00:00 2026\n"
        + mail("two"),
        ["one", "two"],
    ),
    "a patch in the text, as git writes it": (
        b"From ann Mon Jun  1 10:00:00 2026\n"
        + mail("one", text="Try this:\n\nFrom " + "8a3f" * 10 + " Mon Sep 17 00:00:00 2001\nFrom: Bob <bob@x.example>\nSubject: [PATCH] Fix\n\n---")
        + b"\nFrom bob Mon Jun  1 11:00:00 2026\n"
        + mail("two"),
        ["one", "two"],
    ),
    "neither sender nor time, and no empty line between": (
        b"From \n" + mail("one", text="Hello.\n\nFrom here on it works.\n>From quoted") + b"From \n" + mail("two") + b"From\n not this",
        ["one", "two"],
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
    (tmp_path / "sub" / "x.pst").write_bytes(b"!BDN" + mail("no"))
    (tmp_path / "loop").symlink_to(tmp_path)

    found = [str(file.relative_to(tmp_path)) for file in find([tmp_path]).mail]
    assert sorted(found) == [".Archive/cur/4", "cur/1:2,S", "new/2", "sub/5.eml"]
    assert len(find([tmp_path, tmp_path / "sub"]).mail) == 4  # each once


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
    "a date in a form of its own": (["Date: 1999/01/31"], DAY),
    "a date that is still to come": (["Date: Mon, 01 Jan 2103 00:00:00 +0000"], DAY),
    "a server's that is still to come": (
        ["Received: from a by b; Mon, 01 Jan 2103 00:00:00 +0000", "Date: Mon, 01 Jun 2026 10:00:00 +0000"],
        1_780_308_000.0,
    ),
    "a server's without a word but the time": (["Received: ; Mon, 01 Jun 2026 10:00:00 +0000"], 1_780_308_000.0),
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


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
EMLX = b"%d      \n%s<?xml version=\"1.0\"?><plist><dict><key>flags</key></dict></plist>\n"


def emlx(subject: str) -> bytes:
    raw = mail(subject, text=">From a quoted line")
    return EMLX % (len(raw), raw)


LAYOUTS: dict[str, tuple[dict[str, bytes], list[str]]] = {
    "Thunderbird's profile": (
        {
            "Inbox": b"From - Mon Jun  1 10:00:00 2026\nX-Mozilla-Status: 0001\n" + mail("one"),
            "Inbox.msf": b"// <!-- <mdb:mork:z v=\"1.4\"/> -->\n< <(a=c)> // (f=iso-8859-1)\n",
            "Inbox.sbd/Clients": b"From - Mon Jun  1 10:00:00 2026\n" + mail("two"),
            "msgFilterRules.dat": b"version=\"9\"\nlogging=\"no\"\n",
        },
        ["one", "two"],
    ),
    "Apple Mail, exported": (
        {"Support.mbox/mbox": b"From ann@acme.example Mon Jun  1 10:00:00 2026\n" + mail("one"), "Support.mbox/table_of_contents": b"\x00\x00\x00\x02x"},
        ["one"],
    ),
    "Apple Mail's own folders": (
        {
            "INBOX.mbox/9A/Data/Messages/1.emlx": emlx("one"),
            "INBOX.mbox/9A/Data/Messages/2.partial.emlx": emlx("two"),
            "INBOX.mbox/Info.plist": b"bplist00\xd1",
        },
        ["one", "two"],
    ),
    "Dovecot's Maildir++": (
        {
            "cur/1.a:2,S": mail("one"), ".Clients.Acme/cur/2.a:2,": mail("two"), ".Clients.Acme/maildirfolder": b"",
            "dovecot-uidlist": b"3 V1780000000 N3 G0\n1 :1.a\n", "dovecot.index.log": b"\x01\x02", "subscriptions": b"V\t2\n\nClients\tAcme\n",
        },
        ["two", "one"],
    ),
    "single mails of Outlook, with CRLF, a mark of their encoding and an empty line": (
        {"a.eml": mail("one").replace(b"\n", b"\r\n"), "b.eml": b"\xef\xbb\xbf" + mail("two"), "c.eml": b"\r\n" + mail("three")},
        ["one", "two", "three"],
    ),
    "readpst": (
        {"Inbox/1.eml": mail("one"), "Calendar/2.ics": b"BEGIN:VCALENDAR\nVERSION:2.0\n", "Contacts/3.vcf": b"BEGIN:VCARD\n"},
        ["one"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_mail_as_programs_keep_it(name: str, tmp_path: Path) -> None:
    files, expected = LAYOUTS[name]
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    found = find([tmp_path])

    assert [subject for file in found.mail for subject in subjects(file)] == expected
    assert not found.unread and not found.archives
    for file in found.mail:
        for raw in whole(file):
            start = raw.partition(b":")[0]
            assert start in (b"Subject", b"X-Mozilla-Status"), "the mail and nothing before it"
            assert b"plist" not in raw and (b"emlx" not in name.encode() or b"\r\n>From a quoted line\r\n" in raw)


UNREAD = {
    "a.pst": (b"!BDNxxxx", forms.OUTLOOK_DATA),
    "renamed.bin": (b"!BDNxxxx", forms.OUTLOOK_DATA),
    "a.msg": (OLE, forms.OUTLOOK_MESSAGE),
    "a.olm": (b"PK\x03\x04", forms.OUTLOOK_MAC),
    "Inbox.dbx": (b"\xcf\xad\x12\xfe", forms.OUTLOOK_EXPRESS),
    "a.nsf": (b"\x1a\x00\x00\x04\x00\x00", forms.NOTES),
    "m.1": (b"2 M1e C5f3a1b2c\n\x01\x02N  ", forms.DBOX),
    "u.7": (b"2 M1e C5f3a1b2c\n\x01\x02N  ", forms.DBOX),
    "a.7z": (b"7z\xbc\xaf\x27\x1c", forms.PACKED),
    "a.mbox.bz2": (b"BZh91AY", forms.PACKED),
    "one.eml": (b"", forms.EMPTY),
    "new/1.a": (b"", forms.EMPTY),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read_is_named_with_what_to_do(name: str, tmp_path: Path) -> None:
    data, unread = UNREAD[name]
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(NoMail) as alone:
        find([tmp_path / name])
    with pytest.raises(NoMail) as below:
        find([tmp_path])
    assert str(alone.value) == f"{tmp_path / name} is {unread}"
    assert str(below.value) == f"{tmp_path} holds {unread}"

    (tmp_path / "letter.doc").write_bytes(OLE)
    (tmp_path / "list.xlsx").write_bytes(b"PK\x03\x04")
    (tmp_path / "a.eml").write_bytes(mail("one"))
    assert find([tmp_path]).unread == {unread: 1}


def test_a_mail_whose_first_field_is_folded_is_a_mail(tmp_path: Path) -> None:
    for name, begins in (("lf", b"Return-Path:\n <ann@acme.example>\n"), ("crlf", b"Return-Path:\r\n\t<ann@acme.example>\r\n")):
        (tmp_path / f"{name}.eml").write_bytes(begins + mail(name))
    (tmp_path / "no.txt").write_bytes(b"Dear-all:\nthis is a list\n")

    assert [subject for file in find([tmp_path]).mail for subject in subjects(file)] == ["crlf", "lf"]


@pytest.mark.parametrize("line", [b">From - Sat Apr 12 2025 15:59:28\n", b"From ann@acme.example Mon Jun  1 10:00:00 2026\n"])
def test_a_second_line_of_its_kind_before_the_header_costs_no_field(line: bytes, tmp_path: Path) -> None:
    """As a program writes it that exports what it imported."""
    (tmp_path / "a.mbox").write_bytes(b"From - Mon Jun  1 10:00:00 2026\n" + line + mail("one", "Received: from a by b; Tue, 2 Jun 2026 10:00:00 +0000"))
    (place,) = places_of(tmp_path / "a.mbox")

    assert place.head.values("subject") == [b"one"] and len(place.head.values("received")) == 1
    assert split_head(content(tmp_path / "a.mbox", place.offset, place.size)).values("subject") == [b"one"]


def test_a_folder_of_an_own_kind_may_be_empty_without_a_word(tmp_path: Path) -> None:
    """Thunderbird keeps empty folders so, and Maildirs have marks."""
    (tmp_path / "Trash").write_bytes(b"")
    (tmp_path / "maildirfolder").write_bytes(b"")
    (tmp_path / "a.eml").write_bytes(mail("one"))

    assert not find([tmp_path]).unread
    with pytest.raises(NoMail, match=r"Trash is empty \(0 bytes\)"):
        find([tmp_path / "Trash"])


def test_an_mbox_that_was_cut_off_is_tried_and_named(tmp_path: Path) -> None:
    data = b"From ann Mon Jun  1 10:00:00 2026\n" + mail("one") + b"\nFrom bob Mon Jun  1 11:00:00 2026\n" + mail("two")
    complete, cut = tmp_path / "whole.mbox", tmp_path / "cut.mbox"
    complete.write_bytes(data)
    cut.write_bytes(data[:-4])
    assert subjects(cut) == ["one", "two"]
    assert find([complete]).unread == {} and find([cut]).unread == {forms.CUT: 1}


def test_what_one_may_not_read_is_named_and_the_rest_is_tried() -> None:
    with rights.open_folder() as root:
        (root / "Clients").mkdir()
        for name in ("a.eml", "locked.eml", "Clients/c.eml"):
            (root / name).write_bytes(mail(name))
        with rights.closed(root / "locked.eml"), rights.closed(root / "Clients"), rights.as_nobody():
            found = find([root])
            with pytest.raises(NoMail, match=r"locked\.eml is a file or folder that you may not read"):
                find([root / "locked.eml"])
            with pytest.raises(NoMail, match="Clients holds a file or folder that you may not read"):
                find([root / "Clients"])

    assert list(found.mail) == [root / "a.eml"] and found.unread == {forms.LOCKED: 2}


def test_what_is_no_mail_at_all_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"just words\n")
    for path, words in ((tmp_path / "a.txt", "neither an mbox nor a mail"), (tmp_path, "no mail was found below it"), (tmp_path / "b", "no such file or folder")):
        with pytest.raises(NoMail, match=words):
            find([path])


@pytest.mark.parametrize(("name", "why"), [("1.a:2,S", ""), ("1.a:2,DS", "a draft"), ("1.a;2,ST", "deleted"), ("1.a", ""), ("TD", "")])
def test_what_a_maildirs_name_says(name: str, why: str) -> None:
    assert marked(Path(name)) == why


# -- archives --------------------------------------------------------------------------------------

TAKEOUT = {
    "Takeout/Mail/All mail Including Spam and Trash.mbox": b"From 1@xxx Mon Jun 01 10:00:00 +0000 2026\r\n" + mail("one") * 40,
    "Takeout/Mail/User Settings/Filters.json": b"{}",
    "Takeout/archive_browser.html": b"<!doctype html>",
    "../../evil.eml": mail("two"),
    "/etc/evil:2,S": mail("three"),
    "old/outlook.pst": b"!BDN",
    "more.zip": b"PK\x03\x04",
}


def packed(kind: str, folder: Path, files: dict[str, bytes]) -> Path:
    file = folder / f"takeout.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
            for name, data in files.items():
                out.writestr(name, data)
    elif kind == "tgz":
        with tarfile.open(file, "w:gz") as tar:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
            link = tarfile.TarInfo("link.eml")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(link)
    else:
        file.write_bytes(gzip.compress(next(iter(files.values()))))
    return file


@pytest.mark.parametrize(("kind", "expected", "unread"), [
    ("zip", ["one", "two", "three"], {forms.OUTLOOK_DATA: 1, forms.PACKED: 1}),
    ("tgz", ["one", "two", "three"], {forms.OUTLOOK_DATA: 1, forms.PACKED: 1}),
    ("mbox.gz", ["one"], {}),
])  # fmt: skip
def test_an_archive_as_it_comes(kind: str, expected: list[str], unread: dict[forms.Unread, int], tmp_path: Path) -> None:
    archive, into, told = packed(kind, tmp_path, TAKEOUT), tmp_path / "into" / "a", []
    assert list(find([archive]).archives) == [archive]
    found = unpack(archive, into, lambda what, done: told.append(what), lambda: False)

    assert [subjects(file)[0] for file in find([into]).mail] == expected
    assert found == unread and told
    assert {file.parent for file in tmp_path.rglob("*") if file.is_file()} == {tmp_path, into}
    before = {file: file.stat().st_mtime_ns for file in into.iterdir()}
    assert unpack(archive, into, lambda what, done: None, lambda: True) == unread  # nothing is done again
    assert {file: file.stat().st_mtime_ns for file in into.iterdir()} == before


@pytest.mark.parametrize("kind", ["zip", "tgz", "mbox.gz"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_an_archive_that_was_cut_off_is_damaged(kind: str, part: float, tmp_path: Path) -> None:
    archive = packed(kind, tmp_path, {"a.mbox": b"From 1@xxx Mon Jun 01 10:00:00 +0000 2026\n" + mail("one", text=random_words(5000))})
    archive.write_bytes(archive.read_bytes()[: int(part * archive.stat().st_size)])
    with pytest.raises(NoMail, match=r"is damaged \((?!.*gzipped).*\): fetch it again"):
        unpack(archive, tmp_path / "into", lambda what, done: None, lambda: False)


def random_words(count: int) -> str:
    chance = random.Random(1)
    return "\n".join(f"{chance.randrange(1 << 60):x}" for _ in range(count))


@pytest.mark.parametrize(("name", "why"), [("17.M1P2.host,S=1:2,S", ""), ("17.M1P2.host:2,ST", "deleted"), ("17.M1P2.host:2,DS", "a draft")])
def test_a_maildir_that_its_server_packs_keeps_what_its_names_say(name: str, why: str, tmp_path: Path) -> None:
    """As Dovecot's zlib plugin does, a file at a time."""
    (tmp_path / "cur").mkdir()
    (tmp_path / "cur" / name).write_bytes(gzip.compress(mail("one")))
    (archive,) = find([tmp_path]).archives
    unpack(archive, tmp_path / "into", lambda what, done: None, lambda: False)
    (file,) = find([tmp_path / "into"]).mail

    assert subjects(file) == ["one"] and marked(file) == why


def test_unpacking_that_was_stopped_begins_anew(tmp_path: Path) -> None:
    archive, into = packed("zip", tmp_path, TAKEOUT), tmp_path / "into"
    with pytest.raises(Stopped):
        unpack(archive, into, lambda what, done: None, lambda: True)
    unpack(archive, into, lambda what, done: None, lambda: False)
    assert [subjects(file)[0] for file in find([into]).mail] == ["one", "two", "three"]


def _with_each_header(archive: bytes, at: int, value: int) -> bytes:
    """A zip of one file with another value in its header, and in the directory, where that stands two bytes later."""
    changed, directory = bytearray(archive), archive.index(b"PK\x01\x02")
    changed[at] = changed[directory + at + 2] = value
    return bytes(changed)


def test_an_archive_that_is_none_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_file = packed("tgz", tmp_path, {"a.mbox": b"From x Mon Jun  1 10:00:00 2026\n" + os.urandom(5000)}).read_bytes()
    whole_zip = packed("zip", tmp_path, {"a.mbox": b"From x Mon Jun  1 10:00:00 2026\n"}).read_bytes()
    cases = {
        "cut.tgz": (whole_file[:-3000], "is damaged .*: fetch it again"),
        "cut.zip": (b"PK\x03\x04" + whole_file, "is damaged|holds no mail"),
        "empty.zip": (packed("zip", tmp_path, {"a.txt": b"words\n"}).read_bytes(), "holds no mail"),
        "outlook.zip": (packed("zip", tmp_path, {"a.pst": b"!BDN"}).read_bytes(), "readpst"),
        "locked.zip": (_with_each_header(whole_zip, 6, 1), "locked with a password"),
        "deflate64.zip": (_with_each_header(whole_zip, 8, 9), "packed in a way that is not known here"),
    }
    for name, (data, words) in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(NoMail, match=words):
            unpack(tmp_path / name, tmp_path / f"into {name}", lambda what, done: None, lambda: False)
    monkeypatch.setattr("shutil.disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 1 << 20))
    with pytest.raises(NoMail, match="no room to unpack it"):
        unpack(packed("zip", tmp_path, TAKEOUT), tmp_path / "full", lambda what, done: None, lambda: False)
