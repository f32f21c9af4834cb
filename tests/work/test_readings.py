"""What was read of kept mail: opened by nobody who has not the mail, and never trusted further than that."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.mail.read import read
from gateway.model.email import Email
from gateway.work import readings
from gateway.work.readings import FILE, KEPT_FOR, KeptReader, Readings, trim

OWN = ["support@msp.example"]
MAIL = b"From: ann@acme.example\nSubject: The secret of the printer\n\nIt burns again.\n"
OTHER = MAIL.replace(b"again", b"still")


class CountedParser:
    """Reads here, and counts."""

    def __init__(self) -> None:
        self.count = 0

    async def read(self, mail: bytes | Path, into: Path | None = None) -> Email:
        self.count += 1
        return read(mail if isinstance(mail, bytes) else mail.read_bytes(), own_addresses=OWN).email


def kept(folder: Path, code: bytes = b"one", own: list[str] = OWN) -> Readings:
    return Readings(folder, code, own)


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Readings]:
    """One mail was read."""
    with closing(kept(tmp_path)) as opened:
        opened.put(MAIL, read(MAIL, own_addresses=OWN).email)
        opened.commit()
        yield opened


async def test_a_mail_is_read_once(tmp_path: Path) -> None:
    parser = CountedParser()
    for _ in range(2):
        with closing(kept(tmp_path)) as opened:
            reader = KeptReader(parser, opened)  # type: ignore[arg-type]
            assert await reader.read(MAIL) == read(MAIL, own_addresses=OWN).email
            opened.commit()
    assert parser.count == 1


def test_the_same_mail_in_a_file_is_the_same(known: Readings, tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(MAIL)
    assert known.get(tmp_path / "mail") == known.get(MAIL) is not None


@pytest.mark.parametrize(
    ("code", "own", "mail"),
    [(b"two", OWN, MAIL), (b"one", [*OWN, "help@msp.example"], MAIL), (b"one", OWN, OTHER)],
    ids=["another program", "other addresses of ours", "another mail"],
)
def test_what_was_read_otherwise_is_not_found(
    known: Readings, tmp_path: Path, code: bytes, own: list[str], mail: bytes
) -> None:
    with closing(kept(tmp_path, code, own)) as other:
        assert other.get(mail) is None


def test_the_file_says_nothing_without_the_mail(known: Readings, tmp_path: Path) -> None:
    known.close()
    content = b"".join(file.read_bytes() for file in tmp_path.glob(f"{FILE}*"))
    assert b"secret" not in content and b"acme" not in content
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_changed_reading_is_read_anew(known: Readings, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as database, database:
        (sealed,) = database.execute("SELECT sealed FROM reading").fetchone()
        database.execute("UPDATE reading SET sealed = ?", (sealed[:40] + bytes([sealed[40] ^ 1]) + sealed[41:],))
    assert known.get(MAIL) is None


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"x" * 5000])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    for _ in range(2):  # what SQLite finds damaged only later goes for the next run
        with closing(kept(tmp_path)) as opened:
            opened.put(MAIL, read(MAIL, own_addresses=OWN).email)
            opened.commit()
    with closing(kept(tmp_path)) as opened:
        assert opened.get(MAIL) is not None


def test_a_folder_that_cannot_be_written_is_as_good_as_none(tmp_path: Path) -> None:
    with closing(kept(tmp_path / "not there")) as opened:
        opened.put(MAIL, read(MAIL).email)
        opened.commit()
        assert opened.get(MAIL) is None


def test_what_is_old_or_too_much_goes(known: Readings, tmp_path: Path) -> None:
    known.put(OTHER, read(OTHER).email)
    known.commit()
    now = time.time()
    assert trim(tmp_path, now) == 0
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        (size,) = database.execute("SELECT max(length(sealed)) FROM reading").fetchone()
    assert trim(tmp_path, now, most=size) == 1
    assert [known.get(MAIL) is None, known.get(OTHER) is None] == [True, False]
    assert trim(tmp_path, now + KEPT_FOR + 60) == 1
    assert not (tmp_path / FILE).exists()


def test_the_program_is_another_when_a_line_of_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mail").mkdir()
    monkeypatch.setattr("gateway.__path__", [str(tmp_path)])
    found = set()
    for text in ("a = 1", "a = 2", "a = 1"):
        (tmp_path / "mail" / "read.py").write_text(text)
        found.add(readings.code())
    assert len(found) == 2
