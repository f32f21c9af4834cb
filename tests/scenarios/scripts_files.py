"""What becomes of files: the policy as shipped and as operators write it, and what is held."""

from __future__ import annotations

import gzip
import json
import re
from email.message import EmailMessage
from typing import Any

from gateway.blocks.plain import plain
from gateway.desk.outcome import Refused
from gateway.intake.scanner import Scan, ScannerAway
from gateway.store import heldfiles
from gateway.upkeep.rescan import Rescanner
from tests.mail.test_archives import locked, mailed, zipped
from tests.scenarios.scripts import ALICE, BOB, Scenario
from tests.scenarios.scripts_requesters import description
from tests.scenarios.stage import SUPPORT, Act, M, Stage

EXE = b"MZ\x90\0\x03\0\0\0"
PAGE = b"<html><script>alert(document.domain)</script></html>"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(17)
UNSCANNED = {"notes": "bare-lf unscanned"}


def release_files(key: str) -> Act:
    """The operator lets the held files go."""

    async def act(stage: Stage) -> None:
        now = stage.now
        await stage.store.write(lambda c: heldfiles.release(c, stage.ids[key], now=now))
        await stage.work()

    return act


def drop_files(key: str) -> Act:
    async def act(stage: Stage) -> None:
        now = stage.now
        await stage.store.write(lambda c: heldfiles.drop(c, stage.ids[key], now=now))

    return act


class Found:
    """A scanner that finds these words; "" for one that is away; files over ``largest`` are too large."""

    def __init__(self, words: bytes, largest: int = 1 << 20) -> None:
        self.words, self.largest = words, largest

    async def scan(self, file: Any) -> Scan:
        if not self.words:
            raise ScannerAway("away")
        with file.open() as handle:
            data = handle.read(self.largest)
        return Scan("Test.Virus" if self.words in data else "", file.size <= self.largest)


def scan(words: bytes, largest: int = 1 << 20) -> Act:
    """The scanner is asked about what waits."""

    async def act(stage: Stage) -> None:
        scanner: Any = Found(words, largest)
        try:
            await Rescanner(stage.planner, scanner, stage.clock).scan_waiting()
        except ScannerAway:
            pass
        await stage.work()

    return act


def files(stage: Stage, number: int = 1) -> list[tuple[str, str]]:
    """Name and type of the ticket's documents."""
    rows = stage.simulator.desk.documents.get(stage.order[number - 1], [])
    return [(row["document_name"], row["mime_type"]) for row in rows]


def names(stage: Stage, number: int = 1) -> list[str]:
    return [name for name, _ in files(stage, number)]


def notes(stage: Stage, number: int = 1) -> str:
    return "\n".join(comment["note"] for comment in stage.comments(number) if comment["is_internal"])


def told(stage: Stage, number: int = 1) -> list[str]:
    """What internal comments say of held files: who let which go, and what is not here."""
    return [
        re.sub(r"(these files of the mail|them).*: (?=\S)|These files .*\n", "", text) for text in texts(stage, number)
    ]


def texts(stage: Stage, number: int) -> list[str]:
    """The internal comments of a ticket as plain text."""
    return [plain(json.loads(comment["note"])) for comment in stage.comments(number) if comment["is_internal"]]


def looking(key: str, **files: bytes) -> M:
    """A mail that shows its pictures in its text, and that nobody scanned."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = ALICE, SUPPORT, "Look", f"<{key}@acme.example>"
    shown = [name for name in files if name.endswith("png")]
    mail.set_content("".join(f'<p><img src="cid:{name}@x"></p>' for name in shown) or "<p>Look</p>", subtype="html")
    for name, content in files.items():
        cid = f"<{name}@x>" if name in shown else None
        mail.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=name.replace("_", "."), cid=cid
        )
    return M(key, ALICE, raw=mail.as_bytes(), edge=UNSCANNED)


def shown(stage: Stage, number: int = 1) -> int:
    """How many pictures are in their place."""
    return str(stage.ticket(number)["attributes"]["description"]).count("/api/documents/view/")


def refuse(name: str) -> Act:
    """The desk takes no file of this name."""

    async def act(stage: Stage) -> None:
        desk = stage.directories["default"].desk
        upload = desk.upload

        async def refusing(ticket_id: str, path: Any, filename: str, *more: Any) -> Any:
            return (
                Refused(400, "BAD_REQUEST", "no")
                if filename == name
                else await upload(ticket_id, path, filename, *more)
            )

        desk.upload = refusing  # type: ignore[method-assign]

    return act


def says(stage: Stage, *words: str) -> bool:
    text = description(stage, 1)
    return all(word in text for word in words)


ALL = [
    Scenario("a program is held; the mail is posted and says so", [
        (M("a", ALICE, "Setup", files={"setup.exe": EXE, "a.pdf": b"%PDF-1.4"}), "ticket 1"),
    ], check=lambda s: names(s) == ["a.pdf"] and says(s, "setup.exe", "held back: programs", "a.pdf")),
    Scenario("and uploaded once when the operator lets it go, with a word on the ticket", [
        (M("a", ALICE, "Setup", files={"setup.exe": EXE}), "ticket 1"), release_files("a"),
    ], check=lambda s: names(s) == ["setup.exe"] and told(s) == ["An operator released setup.exe"]),
    Scenario("a program whose name says photo is one", [
        (M("a", ALICE, "Photo", files={"photo.jpg": EXE, "run.js": b"x", "x.pdf.scr": b"y"}), "ticket 1"),
    ], check=lambda s: names(s) == []),
    Scenario("held files that are dropped stay in the kept mail", [
        (M("a", ALICE, "Setup", files={"setup.exe": EXE}), "ticket 1"), drop_files("a"), (M("b", ALICE, reply="a"), "comment 1"),
    ], check=lambda s: names(s) == []),
    Scenario("of a reply too: held, and let go", [
        (M("a", ALICE), "ticket 1"), (M("b", BOB, reply="a", files={"fix.bat": b"echo"}), "comment 1"), release_files("b"),
    ], check=lambda s: names(s) == ["fix.bat"] and "held back" in s.comments(1)[0]["note"]),
    Scenario("the same held file of two mails is uploaded once", [
        (M("a", ALICE, files={"fix.bat": b"echo"}), "ticket 1"), (M("b", BOB, reply="a", files={"again.bat": b"echo"}), "comment 1"),
        release_files("a"), release_files("b"),
    ], check=lambda s: names(s) == ["fix.bat"] and told(s) == ["An operator released fix.bat", "An operator released again.bat"]),
    Scenario("what is let go one after the other is told one after the other", [
        (looking("a", a_pdf=b"%PDF-1.4", v_pdf=b"VIRUS", p_png=PNG, q_png=PNG + b"x" * 2000, big_bin=b"x" * 2000), "ticket 1"),
        scan(b"VIRUS", 1000), scan(b"VIRUS", 1000), refuse("big.bin"), release_files("a"),
    ], check=lambda s: names(s) == ["a.pdf", "p.png", "q.png"] and shown(s) == 2 and told(s) == [
        "The malware scanner found a.pdf, p.png", "v.pdf: malware: Test.Virus", "An operator released q.png", "big.bin: 400 BAD_REQUEST: no",
    ]),
    Scenario("a page is uploaded as text, by content, name or label", [
        (M("a", ALICE, "Page", files={"bill.html": PAGE, "logo.svg": b"<svg onload='x'/>", "notes.txt": PAGE + b"1", "data.bin": PAGE + b"2"}), "ticket 1"),
    ], check=lambda s: files(s) == [(f, "application/octet-stream" if f == "logo.svg" else "text/plain") for f in ("bill.html.txt", "logo.svg", "notes.txt", "data.bin.txt")]
        and says(s, "as bill.html.txt")),
    Scenario("archives are listed, encrypted ones marked", [
        (M("a", ALICE, "Zip", files={"a.zip": zipped({f"{n}.txt": b"" for n in range(10)}), "b.zip": locked({"secret.txt": b""}), "c.7z": b"7z\xbc\xaf\x27\x1c"}), "ticket 1"),
    ], check=lambda s: names(s) == ["a.zip", "b.zip"] and says(s, "holds 0.txt, 1.txt", "7.txt and 2 more", "encrypted; holds secret.txt", "c.7z", "held back: archives that cannot be read")),
    Scenario("what a browser or a double click could run is not there to be run", [
        (M("a", ALICE, "Files", files={
            "invoice.xml": b"<order xmlns:h='http://www.w3.org/1999/xhtml'><h:script>alert(1)</h:script></order>",
            "letter.docx": zipped({"[Content_Types].xml": b"", "word/document.xml": b"", "run-me.exe": b""}),
            "backup.bin": bytes(0x8001) + b"CD001" + bytes(9), "track.gpx": b"<?xml version='1.0'?><gpx/>",
            "list.csv.gz": gzip.compress(EXE), "tool.exe ": b"x", "broken.zip": b"PK\x03\x04", "table.csv": b"a;b",
        }), "ticket 1"),
    ], check=lambda s: names(s) == ["invoice.xml.txt", "track.gpx", "table.csv"]
        and says(s, "programs in archives", "archives that cannot be read", "held back: programs")),
    Scenario("a program in an archive, in an archive, or in an attached mail is held", [
        (M("a", ALICE, "Zip", files={"a.zip": zipped({"x/run.exe": b""}), "b.zip": zipped({"c.zip": zipped({"run.vbs": b""})}), "m.eml": mailed({"run.exe": EXE})}), "ticket 1"),
    ], check=lambda s: names(s) == [] and says(s, "held back: programs in archives")),
    Scenario("archives without end are held", [
        (M("a", ALICE, "Zip", files={"a.zip": zipped({"b.zip": zipped({"c.zip": b""})}), "d.zip": zipped({str(n): b"" for n in range(1200)})}), "ticket 1"),
    ], check=lambda s: names(s) == [] and says(s, "archives in archives", "archives of many files")),
    Scenario("the operator's own rules come first, the mailbox's before them", [
        (M("a", ALICE, "Files", files={"ok.ps1": b"ok", "no.exe": EXE, "big.bin": b"x" * 2000, "r.docm": b"r", "other.ps1": b"y"}), "ticket 1"),
    ], mailbox={"file": [{"name": "ours", "filename": ["ok*.ps1"], "action": "allow"}]}, config={"file": [
        {"name": "too big", "larger": 1000, "action": "drop"}, {"name": "macros", "macros": True, "action": "rename"},
        {"name": "no programs", "type": ["application/vnd.microsoft.*"], "action": "drop"},
    ]}, check=lambda s: files(s)[1:] == [("r.docm.txt", "text/plain")] and names(s)[0] == "ok.ps1"
        and says(s, "not uploaded: too big", "not uploaded: no programs", "other.ps1", "held back: programs", "with macros")),
    Scenario("the original mail is held with what it carries", [
        (M("a", ALICE, "Setup", files={"setup.exe": EXE}), "ticket 1"), (M("b", ALICE, "Plain"), "ticket 2"), release_files("a"),
    ], mailbox={"attach_original": True}, check=lambda s: names(s) == ["setup.exe", "original.eml"] and names(s, 2) == ["original.eml"]),
    Scenario("files of a mail that was not scanned wait, its words do not", [
        (M("a", ALICE, "Bill", files={"a.pdf": b"%PDF-1.4", "p.html": PAGE}, edge=UNSCANNED), "ticket 1"), scan(b""),
    ], check=lambda s: names(s) == [] and says(s, "held until it is scanned for malware")),
    Scenario("until the scanner is back", [
        (M("a", ALICE, "Bill", files={"a.pdf": b"%PDF-1.4", "p.html": PAGE, "s.exe": EXE}, edge=UNSCANNED), "ticket 1"), scan(b""), scan(b"VIRUS"), scan(b"VIRUS"),
    ], check=lambda s: names(s) == ["a.pdf", "p.html.txt"] and told(s) == ["The malware scanner found a.pdf, p.html.txt"]),
    Scenario("what it finds is never uploaded, and the ticket says so", [
        (M("a", ALICE, "Bill", files={"a.pdf": b"%PDF-1.4", "b.pdf": b"%PDF VIRUS"}, edge=UNSCANNED), "ticket 1"), scan(b"VIRUS"),
    ], check=lambda s: names(s) == ["a.pdf"] and "b.pdf: malware: Test.Virus" in notes(s)),
    Scenario("what it does not take waits for the operator", [
        (M("a", ALICE, "Bill", files={"a.bin": b"x" * 2000}, edge=UNSCANNED), "ticket 1"), scan(b"VIRUS", 1000), scan(b"VIRUS", 5000), release_files("a"),
    ], check=lambda s: names(s) == ["a.bin"]),
    Scenario("pictures that were held come into their place", [
        (looking("a", p_png=PNG), "ticket 1"), scan(b"VIRUS"),
    ], check=lambda s: names(s) == ["p.png"] and shown(s) == 1),
]  # fmt: skip
