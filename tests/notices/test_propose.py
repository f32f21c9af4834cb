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


LABELLED = [
    labelled("web01", "Disk", "CRITICAL"),
    labelled("web02", "Disk", "OK"),
    labelled("web01", "Disk", "OK"),
    labelled("web01", "Load", "CRITICAL"),
]
SUBJECTS = [
    mail("Tunnel Hamburg is down"),
    mail("Tunnel Hamburg is back up"),
    mail("Tunnel Rome is down"),
    mail('Report "of" the week'),
]


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
    assert (critical.object, critical.condition, critical.state, critical.clients) == (
        "web01",
        "Disk",
        "open",
        ("Smith, Jones & Co",),
    )
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
    assert [proposal.sender for proposal in propose([*LABELLED, mail("x", sender="ann@acme.example")])] == [
        "box@acme.example"
    ]


@pytest.mark.parametrize(
    "odd",
    [
        'quote " and \\ and #',
        "{braces} [x] ***",
        "emoji 🔴 down",
        "# comment\ttab",
        "é" * 300,
        "🔔 \u26a0\ufe0f Bell",
        "e\u0301 ☎ – ¿",
    ],
)
def test_odd_words_make_a_draft_all_the_same(odd: str, tmp_path: Path) -> None:
    mails = [mail(f"{odd} {number} failed", f"Host: {odd}\nStatus: {odd}\n{odd}") for number in range(3)]

    (draft,) = propose(mails)

    assert fixtures.run(profile(draft, tmp_path)) == []


def test_subjects_that_a_label_does_not_tell_apart_are_part_of_the_key(tmp_path: Path) -> None:
    mails = [
        mail(f"{what} on node-4: {state}", "Host: node-4")
        for what in ("Disk full", "Fan loud")
        for state in ("failed", "OK")
    ]

    (draft,) = propose(mails)
    disk, disk_well, fan, fan_well = notices(mails, profile(draft, tmp_path))

    assert draft.warnings == ()
    assert disk.key == disk_well.key != fan.key == fan_well.key


def test_two_jobs_that_only_the_text_tells_apart_are_warned_of(tmp_path: Path) -> None:
    mails = [mail(f"Backup of node-4 {state}", f"Task {task}\nEnded 10:0{number}") for number, (task, state) in
             enumerate([("alpha", "failed"), ("beta", "failed"), ("alpha", "OK"), ("alpha", "failed")])]  # fmt: skip

    (draft,) = propose(mails)
    loaded = profile(draft, tmp_path)

    assert len(draft.warnings) == 1 and "Task alpha / Task beta" in draft.warnings[0]
    assert f"# {draft.warnings[0]}" in draft.text
    assert loaded.profile.handling().close is False


def test_a_result_of_several_words_is_a_state(tmp_path: Path) -> None:
    mails = [mail("Job finished", f"Task: {task}\nResult: {result}") for task in ("alpha", "beta")
             for result in ("failed with 2 errors", "success")]  # fmt: skip

    (draft,) = propose(mails)
    alpha, well, beta, _ = notices(mails, profile(draft, tmp_path))

    assert (alpha.state, well.state) == ("open", "close")
    assert alpha.key == well.key != beta.key


def test_an_end_in_other_words_than_the_problem_is_about_the_same(tmp_path: Path) -> None:
    subjects = ("Pool tank is degraded", "Pool tank is back to normal", "Pool tank will be back to normal soon")
    mails = [mail(subject) for subject in subjects]

    degraded, normal, soon = notices(mails, profile(propose(mails)[0], tmp_path))

    assert degraded.key == normal.key != soon.key
    assert (normal.state, soon.state) == ("close", "update")


def test_other_counts_and_times_are_no_other_problem() -> None:
    mails = [mail(f"Backup of node-4 {state} ({number} files)", f"Host: node-4\nEnded 10:0{number}") for number, state in
             enumerate(("failed", "OK", "failed"))]  # fmt: skip

    assert propose(mails)[0].warnings == ()


def test_a_draft_is_tried_on_the_mail_of_others() -> None:
    box = [mail(f"Line Rome is {state}", f"Host: rome-1\nStatus: {state}") for state in ("down", "up", "down")]
    other = mail("Line Rome is up", "Host: rome-1\nStatus: up", sender="other@globex.example")

    (alone,) = propose(box)
    (tried,) = propose(box, others=[other])

    assert alone.warnings == ()
    assert "other@globex.example would end a problem" in tried.warnings[0]


def lantern(device: str, test: str, event: str) -> Email:
    return mail(
        f"Lantern notice for {device}",
        f"Lantern\n\nDevice: {device}\nTest: {test}\nEvent: {event}\nDuration: 3 minutes",
    )


def test_a_label_that_says_up_and_down_is_the_state(tmp_path: Path) -> None:
    """Though it is called "Event", as what is wrong is elsewhere."""
    tests = [("sw1", "Ping"), ("sw1", "HTTP"), ("nas7", "Disk 1"), ("nas7", "Disk 2")]
    box = [lantern(device, test, event) for device, test in tests for event in ("down", "up")]
    (draft,) = propose([*box, mail("Lantern licence")])
    loaded = profile(draft, tmp_path)
    read = notices(box, loaded)

    assert (fixtures.run(loaded), draft.warnings) == ([], ())
    assert [notice.state for notice in read] == ["open", "close"] * 4
    assert [notice.condition for notice in read[::2]] == ["Ping", "HTTP", "Disk 1", "Disk 2"]
    assert len({notice.key for notice in read}) == 4


def test_a_mail_of_several_is_said_to_be_one(tmp_path: Path) -> None:
    box = [
        mail(f"Beacon summary: {n} changes", f"web0{n} - DOWN since 06:00\ndb0{n} - UP again\nfs0{n} - DOWN")
        for n in range(2, 6)
    ]
    (draft,) = propose(box)
    loaded = profile(draft, tmp_path)

    assert "tells of several" in draft.warnings[0] and "fs02" in draft.warnings[0]
    assert not loaded.profile.handling().close
    assert {notice.state for notice in notices(box, loaded)} == {"update"}
