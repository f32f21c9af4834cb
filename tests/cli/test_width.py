"""What commands print in a terminal of 80 columns, and in a pipe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.cli import day, shared
from gateway.model.waiting import Waiting
from gateway.operate.finding import Found
from gateway.operate.said import Became, sentence

COLUMNS = ["id", "accepted", "from", "subject", "waits for"]
ROW = ["01a22535-9480-73e3-a97e-1c54dd411f5e", "2026-11-29 02:57:33+00:00", "alice@acme.example", "The printer " * 9, ""]
LONG = "accepted, and not in the store yet: no gateway answers at 127.0.0.1:8025: does it run?"


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "edge", lambda: 80)


def test_a_table_that_is_too_wide_is_a_paragraph_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    shared.table(COLUMNS, [ROW, ROW])

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ROW[0] and lines[1] == "  accepted   2026-11-29 02:57:33+00:00"
    assert all(len(line) <= 80 for line in lines)
    assert not [line for line in lines if "waits for" in line], "what is empty is left out"
    assert " ".join(" ".join(lines).split()).count("The printer") == 18


def test_a_table_that_fits_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    shared.table(COLUMNS, [["1", "today", "ann", "Toner", ""]])

    assert capsys.readouterr().out.splitlines()[1].split() == ["1", "today", "ann", "Toner"]


def test_of_a_few_columns_nothing_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    shared.table(["message id", "known as", "by delivery"], [["x" * 60 + "@acme.example", "received", ROW[0]]])

    said = capsys.readouterr().out
    assert "x" * 30 in said and "…" not in said


def test_a_pipe_has_no_edge(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "edge", lambda: shared.NO_EDGE)
    shared.table(COLUMNS, [ROW])

    assert len(capsys.readouterr().out.splitlines()) == 2
    assert shared.wrapped("  ", LONG * 9) == "  " + LONG * 9


@pytest.mark.parametrize(("more", "last"), [("", "does it run?"), ("goes away on 2027-05-17", "2027-05-17")])
def test_what_became_of_a_mail_is_never_cut(more: str, last: str) -> None:
    mail = Found(7, 0, 1.0, "alice@acme.example", "support@msp.example", "The printer " * 9, Became(LONG, "waits"))
    lines = day._line(mail, 80, 1.0, more).splitlines()

    assert all(len(line) <= 80 for line in lines)
    assert lines[0].endswith("#7") and lines[-1].endswith(last)
    assert " ".join(" ".join(lines[1:]).split()).startswith(f"… {LONG}")
    arriving = replace(mail, number=0, id=ROW[0])
    assert day._line(arriving, 80, 1.0).splitlines()[0].endswith(ROW[0][: day.ENOUGH])


@pytest.mark.parametrize("waiting", Waiting)
def test_of_several_mails_is_said_what_all_of_them_wait_for(waiting: Waiting) -> None:
    assert not set("{}:") & set(waiting.in_general)
    assert bool(waiting.in_general) == bool(waiting)


def test_sentences() -> None:
    assert [sentence(words) for words in ("it runs", "does it run?")] == ["It runs.", "Does it run?"]
