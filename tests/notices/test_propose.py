"""A profile drafted from mails: it reads them, tells problems apart, and says what it does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import profiles
from gateway.mail.read import read as read_mail
from gateway.model.email import Email
from gateway.model.notice import Notice
from gateway.notices import fixtures
from gateway.notices.propose import Draft, propose


def mail(subject: str, body: str = "x", sender: str = "Box <box@acme.example>") -> Email:
    return read_mail(f"From: {sender}\nTo: a@msp.example\nSubject: {subject}\n\n{body}\n".encode()).email


def labelled(host: str, check: str, status: str) -> Email:
    body = f"Hello,\n\nCustomer: Smith, Jones & Co\nHost: {host}\nCheck: {check}\nStatus: {status}\nPriority: High\nTime: 10:00"
    return mail(f"Observer message for {host}", body)


LABELLED = [labelled("web01", "Disk", "CRITICAL"), labelled("web02", "Disk", "OK"), labelled("web01", "Disk", "OK"), labelled("web01", "Load", "CRITICAL")]
SUBJECTS = [mail("Tunnel Hamburg is down"), mail("Tunnel Hamburg is back up"), mail("Tunnel Rome is down"), mail("Report \"of\" the week")]


def profile(draft: Draft, folder: Path) -> profiles.Loaded:
    (folder / "draft.toml").write_text(draft.text)
    return profiles.read(folder / "draft.toml", own=True)


def notices(mails: list[Email], loaded: profiles.Loaded) -> list[Notice]:
    found = [fixtures.notice_of(mail, loaded.profile) for mail in mails]
    return [notice for notice in found if notice is not None]


def test_labels_become_fields(tmp_path: Path) -> None:
    (draft,) = propose(LABELLED)
    loaded = profile(draft, tmp_path)
    critical, other, ok, load_ = notices(LABELLED, loaded)

    assert fixtures.run(loaded) == []
    assert (critical.object, critical.condition, critical.state, critical.clients) == ("web01", "Disk", "open", ("Smith, Jones & Co",))
    assert (ok.state, other.state, load_.state) == ("close", "close", "open")
    assert critical.key == ok.key
    assert len({critical.key, other.key, load_.key}) == 3
    assert draft.told == {"open": 2, "update": 0, "close": 2, "ignore": 0}


def test_without_labels_the_subject_is_read(tmp_path: Path) -> None:
    (draft,) = propose(SUBJECTS)
    loaded = profile(draft, tmp_path)
    down, up, rome, report = notices(SUBJECTS, loaded)

    assert fixtures.run(loaded) == []
    assert (down.state, up.state, rome.state, report.state) == ("open", "close", "open", "update")
    assert down.key == up.key != rome.key
    assert 'without a word that is known: Report "of" the week' in draft.text


def test_it_says_when_nothing_is_ever_over() -> None:
    (draft,) = propose([mail(f"Backup {name} failed") for name in "abc"])

    assert "# No mail says that a problem is over" in draft.text


def test_few_mails_are_no_pattern() -> None:
    assert propose(LABELLED[:2]) == []
    assert [proposal.sender for proposal in propose([*LABELLED, mail("x", sender="ann@acme.example")])] == ["box@acme.example"]


@pytest.mark.parametrize("odd", ['quote " and \\ and #', "{braces} [x] ***", "emoji 🔴 down", "# comment\ttab", "é" * 300])
def test_odd_words_make_a_draft_all_the_same(odd: str, tmp_path: Path) -> None:
    mails = [mail(f"{odd} {number} failed", f"Host: {odd}\nStatus: {odd}\n{odd}") for number in range(3)]

    (draft,) = propose(mails)

    assert fixtures.run(profile(draft, tmp_path)) == []
