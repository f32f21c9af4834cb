"""Calendar objects as people read them."""

from __future__ import annotations

import pytest

from gateway.mail import calendar
from gateway.mail.read import read


def ics(method: str, *lines: str, kind: str = "VEVENT") -> bytes:
    middle = "".join(f"{line}\r\n" for line in lines)
    return f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:{kind}\r\n{middle}END:{kind}\r\nEND:VCALENDAR\r\n".encode()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("DECLINED", "Declined"),
        ("ACCEPTED", "Accepted"),
        ("TENTATIVE", "Tentatively accepted"),
        ("DELEGATED", "Delegated"),
        ("NEEDS-ACTION", "Answer to an invitation"),
    ],
)
def test_an_answer_says_what_was_answered_and_why(status: str, words: str) -> None:
    data = ics("REPLY", "SUMMARY:Visit", f"ATTENDEE;PARTSTAT={status};CN=Ann:mailto:ann@a.example",
               "COMMENT:We are closed\\, come on Friday.\\nAt ten.")  # fmt: skip
    found = calendar.read(data, "utf-8")
    assert found.is_answer
    assert found.lines[0] == f"{words}: Visit"
    assert found.lines[1].startswith("Ann (ann@a.example)")
    assert found.lines[2:] == ["We are closed, come on Friday.", "At ten."]


def test_a_proposal_says_who_when_and_why() -> None:
    data = ics("COUNTER", "SUMMARY:Visit", "ATTENDEE;PARTSTAT=TENTATIVE:mailto:ann@a.example", "COMMENT:Ten is better",
               "DTSTART:20261203T100000Z", "DTEND:20261203T110000Z")  # fmt: skip
    found = calendar.read(data, "utf-8")
    assert not found.is_answer
    assert found.lines == [
        "Other time proposed: Visit",
        "ann@a.example: tentatively accepted",
        "Ten is better",
        "When: 2026-12-03 10:00 UTC to 11:00 UTC",
    ]


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202"), "When: 2026-12-01 (all day)"),
        (("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261204"), "When: 2026-12-01 to 2026-12-03 (all day)"),
        (("DTSTART;VALUE=DATE:20261201",), "When: 2026-12-01 (all day)"),
        (("DTSTART;VALUE=DATE:20261201", "DURATION:P2D"), "When: 2026-12-01 to 2026-12-02 (all day)"),
        (("DTSTART:20261201T230000Z", "DURATION:PT2H"), "When: 2026-12-01 23:00 UTC to 2026-12-02 01:00 UTC"),
        (("DTSTART;TZID=Europe/Berlin:20261201T090000", "DURATION:PT1H30M"),
         "When: 2026-12-01 09:00 (Europe/Berlin) to 10:30 (Europe/Berlin)"),
        (("DTSTART;TZID=Europe/Berlin:20261024T220000", "DURATION:PT12H"),
         "When: 2026-10-24 22:00 (Europe/Berlin) to 2026-10-25 09:00 (Europe/Berlin)"),
        (("DTSTART;TZID=Europe/Berlin:20260328T220000", "DURATION:P1D"),
         "When: 2026-03-28 22:00 (Europe/Berlin) to 2026-03-29 22:00 (Europe/Berlin)"),
        (("DTSTART;TZID=../../etc/passwd:20261024T220000", "DURATION:PT12H"),
         "When: 2026-10-24 22:00 (../../etc/passwd) to 2026-10-25 10:00 (../../etc/passwd)"),
        (('DTSTART;TZID="(UTC+01:00) Amsterdam, Berlin":20261201T090000',),
         "When: 2026-12-01 09:00 ((UTC+01:00) Amsterdam, Berlin)"),
        (("DTSTART:20261301T090000",), "When: 20261301T090000"),
        (("DTSTART:99991231T090000Z", "DURATION:P99999D"), "When: 9999-12-31 09:00 UTC"),
        (("URL:https://meet.example/1",), "Link: https://meet.example/1"),
        (("X-MICROSOFT-SKYPETEAMSMEETINGURL:https://teams.example/1",), "Link: https://teams.example/1"),
        (("CONFERENCE;VALUE=URI;FEATURE=VIDEO:https://video.example/2",), "Link: https://video.example/2"),
        (("RECURRENCE-ID:20261208T090000Z",), "Of the series, only: 2026-12-08 09:00 UTC"),
        (('ORGANIZER;CN="Berg: Ann ^\'Annie^\'":mailto:a@b.example',), 'Organizer: Berg: Ann "Annie" (a@b.example)'),
        (("STATUS:CANCELLED",), "Status: cancelled"),
        (("COMMENT:Bring the keys",), "Comment: Bring the keys"),
    ],
)  # fmt: skip
def test_when_where_and_who(lines: tuple[str, ...], shown: str) -> None:
    assert calendar.read(ics("REQUEST", *lines), "utf-8").lines == ["Invitation: (no title)", shown]


def test_a_task_has_a_day_when_it_is_due() -> None:
    data = ics("REQUEST", "SUMMARY:Order toner", "DUE;VALUE=DATE:20261205", kind="VTODO")
    assert calendar.read(data, "utf-8").lines == ["Invitation: Order toner", "Due: 2026-12-05"]


@pytest.mark.parametrize("break_at", [1, 2, 3])
@pytest.mark.parametrize("charset", ["utf-8", "shift_jis", ""])
def test_lines_are_folded_between_octets(break_at: int, charset: str) -> None:
    title = "SUMMARY:サーバー室の点検".encode(charset or "utf-8")
    folded = b"\r\n ".join(title[at : at + break_at] for at in range(0, len(title), break_at))
    data = ics("REQUEST").replace(b"END:VEVENT", folded + b"\r\nEND:VEVENT", 1)
    assert calendar.read(data, charset).lines == ["Invitation: サーバー室の点検"]


def test_a_calendar_of_wide_characters() -> None:
    assert calendar.read(ics("REQUEST", "SUMMARY:Visit").decode().encode("utf-16"), "utf-16").lines == [
        "Invitation: Visit"
    ]


@pytest.mark.parametrize(("method", "files"), [("REPLY", []), ("REQUEST", ["invitation.ics"])])
def test_an_answer_leaves_no_file(method: str, files: list[str]) -> None:
    head = b"From: ann@a.example\r\nTo: help@desk.example\r\nContent-Type: text/calendar; charset=utf-8\r\n\r\n"
    email = read(head + ics(method, "SUMMARY:Visit", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@a.example")).email
    assert [file.filename for file in email.attachments] == files
    assert "Visit" in email.text


ANSWERED = "ATTENDEE;PARTSTAT=TENTATIVE;CN=Ann"


@pytest.mark.parametrize(
    ("method", "lines", "shown"),
    [
        ("REPLY", [ANSWERED + ';X-RESPONSE-COMMENT="Maybe late":mailto:ann@a.example'],
         ["Tentatively accepted: Visit", "Ann (ann@a.example): tentatively accepted", "Maybe late"]),
        ("REPLY", ['ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO="mailto:bo@a.example":mailto:ann@a.example'],
         ["Delegated: Visit", "ann@a.example: delegated to bo@a.example"]),
        # Whole days as Outlook writes them, and days of a series.
        ("REQUEST", ["DTSTART;TZID=W. Europe Standard Time:20261201T000000", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
                     "DTEND;TZID=W. Europe Standard Time:20261202T000000"], ["Invitation: Visit", "When: 2026-12-01 (all day)"]),
        ("REQUEST", ["DTSTART:20261201T090000Z", "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE:20261208T090000Z,20261215T090000Z",
                     "RDATE;VALUE=DATE:20261224"],
         ["Invitation: Visit", "When: 2026-12-01 09:00 UTC", "Repeats: every week, 4 times", "Also: 2026-12-24",
          "Not: 2026-12-08 09:00 UTC, 2026-12-15 09:00 UTC"]),
        ("REQUEST", ["ATTACH:https://files.example/plan.pdf", "CONTACT:Jim\\, 555 123"],
         ["Invitation: Visit", "Files: https://files.example/plan.pdf", "Contact: Jim, 555 123"]),
        # A description as HTML, in its field or beside it.
        ("REQUEST", ["DESCRIPTION:<p>Bring the <b>keys</b></p>"], ["Invitation: Visit", "", "Bring the keys"]),
        ("REQUEST", ["X-ALT-DESC;FMTTYPE=text/html:<html><body>Bring the keys</body></html>"],
         ["Invitation: Visit", "", "Bring the keys"]),
        # The standard before.
        ("PUBLISH", ["DESCRIPTION;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Schl=C3=BC=\nssel=0D=0AKeller"],
         ["Event: Visit", "", "Schlüssel", "Keller"]),
    ],
)  # fmt: skip
def test_further_words_of_programs(method: str, lines: list[str], shown: list[str]) -> None:
    assert calendar.read(ics(method, "SUMMARY:Visit", *lines), "utf-8").lines == shown


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (
            b"BEGIN:VJOURNAL\nSUMMARY:Minutes\nDESCRIPTION:Bring the keys\nEND:VJOURNAL",
            ["Cancelled: Minutes", "", "Bring the keys"],
        ),
        (
            b"BEGIN:VFREEBUSY\nCOMMENT:free after ten\nEND:VFREEBUSY",
            ["Cancelled: (no title)", "Comment: free after ten"],
        ),
        (b"BEGIN:VEVENT\rSUMMARY:Move\rEND:VEVENT", ["Cancelled: Move"]),
        ("BEGIN:VEVENT\nSUMMARY:Übergabe\nEND:VEVENT".encode("latin-1"), ["Cancelled: Übergabe"]),
    ],
)
def test_further_components_and_a_method_of_the_mail(data: bytes, shown: list[str]) -> None:
    assert calendar.read(data, "", "cancel").lines == shown


def test_a_file_within_an_invitation_is_a_file() -> None:
    attach = "ATTACH;VALUE=BINARY;ENCODING=BASE64;FMTTYPE=application/pdf;X-FILENAME=plan.pdf:JVBERi0xLjQKJSVFT0YK"
    head = b"Subject: Visit\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n"
    email = read(head + ics("REQUEST", "SUMMARY:Visit", attach)).email
    assert [(file.filename, file.size) for file in email.attachments] == [("plan.pdf", 15), ("invitation.ics", 191)]
    assert "JVBER" not in email.text


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;WKST=SU", "every 2 weeks on Monday and Thursday"),
        ("FREQ=MONTHLY;COUNT=3", "every month, 3 times"),
        ("FREQ=WEEKLY;UNTIL=20261231T170000Z;BYDAY=FR", "every week on Friday, until 2026-12-31 17:00 UTC"),
        ("FREQ=YEARLY;UNTIL=never", "FREQ=YEARLY;UNTIL=never"),
        ("FREQ=MONTHLY;BYDAY=2TU", "FREQ=MONTHLY;BYDAY=2TU"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("=;;FREQ", "=;;FREQ"),
    ],
)
def test_a_recurrence_in_words(rule: str, words: str) -> None:
    lines = calendar.read(ics("REQUEST", "SUMMARY:Visit", f"RRULE:{rule}"), "utf-8").lines
    assert lines == ["Invitation: Visit", f"Repeats: {words}"]


@pytest.mark.parametrize(
    "rest",
    [
        "BEGIN:VEVENT\r\nSUMMARY:Visit\r\nATTENDEE;PARTSTAT=DECLINED:mailto:ann@a.example\r\nEND:VEVENT\r\n",
        "BEGIN:VEVENT\r\nSUMMARY:Cut off",
        "X-PADDING:" + "a" * 200_000,
    ],
    ids=["a fourth event that is declined", "an event that does not end", "more than is looked at"],
)
def test_an_answer_that_is_not_shown_whole_is_kept_as_a_file(rest: str) -> None:
    event = "BEGIN:VEVENT\r\nSUMMARY:Visit\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@a.example\r\nEND:VEVENT\r\n"
    data = f"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n{event * 3}{rest}".encode()
    email = read(b"From: ann@a.example\r\nSubject: Accepted: Visit\r\nContent-Type: text/calendar\r\n\r\n" + data).email
    assert [file.filename for file in email.attachments] == ["invitation.ics"]
    assert not email.gesture


def test_an_answer_that_is_shown_whole_is_none() -> None:
    data = ics("REPLY", "SUMMARY:Visit", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@a.example")
    email = read(b"From: ann@a.example\r\nSubject: Accepted: Visit\r\nContent-Type: text/calendar\r\n\r\n" + data).email
    assert (email.attachments, email.gesture) == ((), "acceptance")


@pytest.mark.parametrize("quote", ["", "On Sun, 22 Nov 2026 at 09:00, Desk <help@desk.example> wrote:\n\n> It is broken.\n",
                                   "From: Desk <help@desk.example>\nSent: Sunday, 22 November 2026 09:00\nTo: Ann\nSubject: Router\n\nIt is broken.\n"])
def test_what_an_invitation_tells_is_no_quote(quote: str) -> None:
    """Reply with a meeting: its time, organizer and people look like the head of a quoted mail."""
    data = ics("REQUEST", "SUMMARY:Router", "DTSTART:20261203T090000Z", "DTEND:20261203T100000Z",
               "ORGANIZER:mailto:ann@a.example", "ATTENDEE:mailto:help@desk.example").decode()  # fmt: skip
    head = "From: ann@a.example\nSubject: RE: Router\nIn-Reply-To: <1@x>\nContent-Type: multipart/alternative; boundary=b\n"
    calendar_part = f"--b\nContent-Type: text/calendar; method=REQUEST\n\n{data}\n--b--\n"
    said = read(f"{head}\n--b\n\nLet us talk.\n\n{quote}\n{calendar_part}".encode()).email.reply

    assert said.text.splitlines()[0] == "Let us talk."
    assert "When: 2026-12-03 09:00 UTC to 10:00 UTC\nOrganizer: ann@a.example\n" in said.text
    assert "It is broken." not in said.text
