"""`gateway parse`: one JSON object a mail; and the scores on the corpora, where there are any."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.mail.cases import main, parse_cases, parse_files
from gateway.mail.read import read
from tests.score import __main__ as scores
from tests.score.corpora import KINDS, cases, find

MAILS = Path(__file__).parents[1] / "mails"


def test_cases_are_read_by_their_kind(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("new\n\nBo wrote:\n> old\n", "utf-8")
    (tmp_path / "b.html").write_text("<p>new</p><blockquote type=cite>old</blockquote>", "utf-8")
    feed = [
        json.dumps({"id": "a", "path": str(tmp_path / "a.txt"), "as": "text", "subject": "Re: x"}),
        json.dumps({"id": "b", "path": str(tmp_path / "b.html"), "as": "html"}),
        json.dumps(
            {"id": "c", "path": str(MAILS / "own-mail.eml"), "as": "message", "own_addresses": ["help@desk.example"]}
        ),
        json.dumps({"id": "d", "path": str(tmp_path / "missing"), "as": "text"}),
        "",
    ]
    found = list(parse_cases(feed))
    assert [case["id"] for case in found] == ["a", "b", "c", "d"]
    assert [case["reply"]["text"] for case in found[:2]] == ["new", "new"]
    assert found[0]["subject"] == "Re: x"
    assert found[2]["auto"] == {
        "is_auto": True,
        "kind": "own",
        "is_bounce": False,
        "reasons": found[2]["auto"]["reasons"],
        "bounce": None,
    }
    assert "error" in found[3]


def test_files_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    path = MAILS / "picture-by-content-id.eml"
    assert next(parse_files([path]))["attachments"][0]["inline"] is True
    assert main(["parse", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(path)


def test_no_mail_of_the_corpora_falls_to_the_last_rung() -> None:
    corpora = find()
    if corpora is None:
        pytest.skip("NOT READ: no corpora (set GATEWAY_CORPORA to their folder)")
    for kind in KINDS:
        for case, raw in cases(corpora, kind):
            assert not any("not understood, kept as a file: " in defect for defect in read(raw).email.defects), case[
                "id"
            ]


def test_the_scores_are_as_good_as_the_kept_ones(capsys: pytest.CaptureFixture[str]) -> None:
    if find() is None:
        pytest.skip("NOT SCORED: no corpora (set GATEWAY_CORPORA to their folder)")
    assert scores.main([]) == 0, capsys.readouterr().out[-2000:]
