"""Which rule holds for which file, and how rules for files are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.files import FileSettings
from gateway.config.load import load
from gateway.decide.files import SHIPPED, UNSCANNED, Fate, classify, neutral_name, remarks
from gateway.match.files import FileView
from gateway.model.email import Attachment, Inside
from tests.config.test_rules import HEAD, fault


def file(name: str, sniffed: str = "text/plain", declared: str = "", size: int = 10, inside: Inside | None = None) -> Attachment:
    return Attachment("1", name, declared or "application/octet-stream", size, "", sniffed=sniffed, inside=inside)


@pytest.mark.parametrize(
    ("attachment", "rule"),
    [
        (file("a.txt"), ""),
        (file("a.docx"), ""),
        (file("a.EXE"), "programs"),
        (file("invoice.pdf.js"), "programs"),
        (file("no-ending", "application/x-executable"), "programs"),
        (file("a.lnk"), "programs"),
        (file("office.RDP"), "programs"),
        (file("prices.iqy"), "programs"),
        (file("page.webloc"), "programs"),
        (file("a.html"), "pages"),
        (file("a.jpg", declared="text/html"), "pages"),
        (file("a.jpg", declared="image/svg+xml"), "pages"),
        (file("a.jpg", "text/html"), "pages"),
        (file("a.xml", "application/xml"), "pages"),
        (file("a.bin", declared="application/vnd.invoice+xml"), "pages"),
        (file("a.dat", "application/xml"), "pages"),
        (file("feed.rss"), "pages"),
        (file("track.gpx", "application/xml", declared="application/gpx+xml"), ""),
        (file("logo.svg", "image/svg+xml", declared="image/svg+xml"), ""),
        (file("logo.svg", "text/html"), "pages"),
        (file("logo.png", "image/svg+xml", declared="image/png"), "pages"),
        (file("a.exe. "), "programs"),
        (file("a.exe::$DATA"), "programs"),
        (file("a.exe:$DATA"), "programs"),
        (file("a.exe:"), "programs"),
        (file("x:a.exe"), "programs"),  # a browser saves it as x_a.exe
        (file("invoice.pdf:a.js"), "programs"),
        (file("Re: the .exe.pdf"), ""),
        (file("c:\\dir\\a.Js"), "programs"),
        (file("report.pdf", "application/x-iso9660-image"), "programs"),
        (file("data.bin", "application/x-vhdx"), "programs"),
        (file("a.7z", "application/x-7z-compressed", inside=Inside(marks=("closed",))), "archives that cannot be read"),
        (file("a.gz", "application/gzip", inside=Inside(("a",), 1, 1, ("program",))), "programs in archives"),
        (file("photo.heic", "image/heic", declared="image/heic"), ""),
        (file("table.csv"), ""),
        (file("a.zip", "application/zip", inside=Inside(("b.txt",), 1, 1)), ""),
        (file("a.zip", "application/zip", inside=Inside(("b.txt", "c/D.ExE "), 2, 1)), "programs in archives"),
        (file("a.zip", "application/zip", inside=Inside(("b.zip",), 1, 3)), "archives in archives"),
        (file("a.zip", "application/zip", inside=Inside((), 1001, 1, ("closed",))), "archives of many files"),
        (file("a.cer"), "programs"),
        (file("a.mjs"), "programs"),
        (file("a.p7b"), ""),
    ],
)  # fmt: skip
def test_what_is_shipped(attachment: Attachment, rule: str) -> None:
    assert next((each.name for each in SHIPPED if each.holds(FileView(attachment))), "") == rule


@pytest.mark.parametrize(
    ("conditions", "name", "holds"),
    [
        ({}, "a.txt", True),
        ({"extension": (".PDF", "doc")}, "a.pdf", True),
        ({"extension": ("pdf",)}, "a.pdf.txt", False),
        ({"filename": ("invoice*.pdf",)}, "INVOICE 7.PDF", True),
        ({"type": ("text/*",)}, "a.bin", True),
        ({"type": ("image/*",)}, "a.png", False),
        ({"larger": 10}, "a", False),
        ({"larger": 9, "extension": ("txt",)}, "a.txt", True),
        ({"disguised": True}, "a.pdf.exe", True),
        ({"disguised": True}, "a.min.js", False),
        ({"program": False}, "a.exe", False),
        ({"macros": True}, "a.docm", True),
    ],
)
def test_conditions(conditions: dict[str, object], name: str, holds: bool) -> None:
    rule = FileSettings.model_validate({"name": "r", "action": "hold", **conditions}).rule()

    assert rule.holds(FileView(file(name))) is holds


def test_an_operator_lets_go_what_is_held_and_nothing_else() -> None:
    dropping = FileSettings(name="no zips", action="drop", extension=("zip",)).rule()
    files = [file("a.exe"), file("b.zip"), file("c.html"), file("d.txt")]

    assert classify(files, [dropping], UNSCANNED, False) == [
        Fate(held="programs"), Fate(dropped="no zips"), Fate(held="unscanned", neutral=True), Fate(held="unscanned"),
    ]  # fmt: skip
    assert classify(files, [dropping], UNSCANNED, True) == [Fate(), Fate(dropped="no zips"), Fate(neutral=True), Fate()]


@pytest.mark.parametrize(
    ("name", "declared", "sniffed", "kind"),
    [
        ("a.png", "image/png", "image/png", "image/png"),
        ("a.jpg", "image/jpg", "image/jpeg", "image/jpeg"),
        ("a.pdf", "application/pdf; name=a.pdf", "application/pdf", "application/pdf"),
        ("a.svg", "image/svg+xml", "image/svg+xml", "application/octet-stream"),
        ("a.tiff", "image/tiff", "image/tiff", "application/octet-stream"),
        ("a.heic", "image/heic", "image/heic", "application/octet-stream"),
        ("a.bin", "image/x-anything", "text/plain", "application/octet-stream"),
        ("a.kml", "application/vnd.google-earth.kml+xml", "application/xml", "application/octet-stream"),
        ("a.bin", "no type", "text/plain", "application/octet-stream"),
        ("a.csv", "text/csv", "text/plain", "text/csv"),
    ],
)  # fmt: skip
def test_the_desk_gets_a_bare_type_under_which_nothing_runs(name: str, declared: str, sniffed: str, kind: str) -> None:
    assert FileView(file(name, sniffed, declared)).upload_type == kind


def test_remarks_and_names() -> None:
    archive = file("a.zip", inside=Inside(tuple(f"{n}.txt" for n in range(9)), 20, 1, ("encrypted",)))

    assert remarks(archive, Fate()) == ["encrypted", "holds " + ", ".join(f"{n}.txt" for n in range(8)) + " and 12 more"]
    assert [neutral_name(word) for word in ("a.html", "a.TXT", "a")] == ["a.html.txt", "a.TXT", "a.txt"]


BAD = [
    ('[[file]]\nname = "x"\naction = "burn"\n', 8, "expected allow, rename, hold or drop"),
    ('[[file]]\nname = "x"\naction = "hold"\nextention = ["exe"]\n', 9, "no such key"),
    ('[[file]]\nname = "x"\naction = "hold"\nextension = ["*.exe"]\n', 9, "the ending of a file's name"),
    ('[[file]]\nname = "x"\naction = "hold"\ntype = ["pdf"]\n', 9, "expected a media type"),
    ('[[file]]\nname = "x"\naction = "hold"\n[[file]]\nname = "y"\naction = "drop"\nprogram = true\n', 9, "rule 'x' takes all of it"),
    ('[[mailbox.file]]\nname = "x"\naction = "hold"\nlarger = -1\n', 9, "expected 0 or more"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "words"), BAD, ids=[words for _, _, words in BAD])
def test_a_fault_has_its_file_and_line(text: str, line: int, words: str, tmp_path: Path) -> None:
    said = fault(tmp_path, text)

    assert words in said
    assert f"gateway.toml:{line}:" in said


def test_rules_of_a_mailbox(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(HEAD + '[[mailbox.file]]\nname = "x"\naction = "allow"\n')

    assert load(tmp_path / "gateway.toml", {}).mailbox[0].file[0].name == "x"
