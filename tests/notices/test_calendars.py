"""Windows out of calendars: what their events say, in the words of several products, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gateway.match.recurrence import occurrences
from gateway.model.window import Instance, Maintenance, instance_of
from gateway.notices.calendars import MOST_EVENTS, read

BERLIN = ZoneInfo("Europe/Berlin")
SPAN = ("DTSTART:20261205T210000Z", "DTEND:20261206T010000Z")
LIKE = Maintenance("", "", "default", "", "", "", client="Acme", origin="calendar", calendar="changes")
OUTLOOK = """BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def calendar(*lines: str, head: str = "", uid: str = "1@x") -> str:
    event = "\n".join(("BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT"))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{head}{event}\nEND:VCALENDAR\n".replace("\n", "\r\n")


def times(text: str, since: str = "2026-10-01", until: str = "2026-12-31") -> list[str]:
    """All windows of a calendar as UTC times."""
    found = read(text, LIKE, BERLIN, named=True)
    assert not found.troubles, found.troubles
    moments = [datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() for day in (since, until)]
    spans = sorted(span for event in found.events for span in occurrences(event.said, *moments))
    return [" ".join(datetime.fromtimestamp(at, UTC).strftime("%d.%m.%H:%M") for at in span) for span in spans]


@pytest.mark.parametrize(
    ("lines", "head", "expected"),
    [
        (("DTSTART:20261205T210000Z", "DTEND:20261206T010000Z"), "", ["05.12.21:00 06.12.01:00"]),
        (("DTSTART:20261205T220000", "DURATION:PT4H"), "", ["05.12.21:00 06.12.01:00"]),  # the calendar's own zone
        (("DTSTART;TZID=America/New_York:20261205T160000", "DTEND;TZID=America/New_York:20261205T200000"), "",
         ["05.12.21:00 06.12.01:00"]),
        (("DTSTART;TZID=W. Europe Standard Time:20261205T220000", "DTEND;TZID=W. Europe Standard Time:20261206T020000"),
         OUTLOOK, ["05.12.21:00 06.12.01:00"]),
        (("DTSTART;VALUE=DATE:20261205", "DTEND;VALUE=DATE:20261206"), "", ["04.12.23:00 05.12.23:00"]),
        (("DTSTART;VALUE=DATE:20261205",), "", ["04.12.23:00 05.12.23:00"]),
        (("DTSTART;TZID=Europe/Berlin:20261017T220000", "DTEND;TZID=Europe/Berlin:20261018T040000",
          "RRULE:FREQ=WEEKLY;COUNT=3"), "",
         ["17.10.20:00 18.10.02:00", "24.10.20:00 25.10.03:00", "31.10.21:00 01.11.03:00"]),  # the clock changes
        (("DTSTART;TZID=Europe/Berlin:20261017T220000", "DTEND;TZID=Europe/Berlin:20261018T040000",
          "RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/Berlin:20261024T220000"), "",
         ["17.10.20:00 18.10.02:00", "31.10.21:00 01.11.03:00"]),
        (("DTSTART;TZID=Europe/Berlin:20261024T220000", "DURATION:PT6H"), "", ["24.10.20:00 25.10.02:00"]),
        (("DTSTART;TZID=Europe/Berlin:20261024T233000", "DURATION:PT3H"), "", ["24.10.21:30 25.10.00:30"]),  # 02:30 comes twice
        (("DTSTART;TZID=Europe/Berlin:20261024T220000", "DURATION:P1D"), "", ["24.10.20:00 25.10.21:00"]),
        (("DTSTART;TZID=Europe/Berlin:20261024T220000", "DURATION:PT6H", "RRULE:FREQ=WEEKLY;COUNT=2"), "",
         ["24.10.20:00 25.10.03:00", "31.10.21:00 01.11.03:00"]),
        (("DTSTART:20261205T210000Z", "DTEND:20261206T010000Z", "DESCRIPTION:what we do:", "  BEGIN:VEVENT is a word"), "",
         ["05.12.21:00 06.12.01:00"]),
    ],
    ids=["utc", "floating", "named zone", "zone of Outlook", "a day", "a day without an end", "weekly", "but one day", "hours, the clock changes", "a time that comes twice", "a day, the clock changes", "hours weekly", "folded"],
)  # fmt: skip
def test_the_times_of_an_event(lines: tuple[str, ...], head: str, expected: list[str]) -> None:
    assert times(calendar("SUMMARY:Patches", *lines, head=head)) == expected


def rules(tzid: str, standard: str = "+0100", summer: str = "+0200", freq: str = "YEARLY") -> str:
    """A zone that a program defines itself."""
    own = OUTLOOK.replace("W. Europe Standard Time", tzid).replace("+0100", "A").replace("+0200", "B")
    return own.replace("A\n", f"{standard}\n").replace("B\n", f"{summer}\n").replace("YEARLY", freq)


CLOCKS_CHANGE = ["20.10.20:00 21.10.00:00", "27.10.21:00 28.10.01:00"]
NAMES = (
    ("W. Europe Standard Time", rules("W. Europe Standard Time"), CLOCKS_CHANGE),
    ("W. Europe Standard Time", "", CLOCKS_CHANGE),
    ("Customized Time Zone", rules("Customized Time Zone"), CLOCKS_CHANGE),
    ("Customized Time Zone", rules("Customized Time Zone", "+0530", "+0530"), ["20.10.16:30 20.10.20:30", "27.10.16:30 27.10.20:30"]),
    ('"(UTC+01:00) Amsterdam, Berlin, Bern"', rules("(UTC+01:00) Amsterdam\\, Berlin\\, Bern"), CLOCKS_CHANGE),
    ("tzone://Microsoft/Custom", rules("tzone://Microsoft/Custom"), CLOCKS_CHANGE),
    ("/mozilla.org/20050126_1/Europe/Berlin", "", CLOCKS_CHANGE),
    ("Berlin Office", rules("Berlin Office", "-0500", "-0500"), ["21.10.03:00 21.10.07:00", "28.10.03:00 28.10.07:00"]),
)  # fmt: skip


def test_a_zone_is_what_its_rules_say_whatever_its_name() -> None:
    """Of a series too; and a name means in one calendar what it means there."""
    for tzid, head, expected in NAMES:
        span = (f"DTSTART;TZID={tzid}:20261020T220000", f"DTEND;TZID={tzid}:20261021T020000")
        series = calendar("SUMMARY:Patches", *span, "RRULE:FREQ=WEEKLY;COUNT=2", head=head)
        assert times(series) == expected, tzid
        left_out = series.replace("COUNT=2", f"COUNT=2\r\nEXDATE;TZID={tzid}:20261027T220000")
        assert times(left_out) == expected[:1], tzid


def test_a_mark_before_a_calendar_is_no_part_of_it() -> None:
    assert times("\ufeff" + calendar(*SPAN)) == ["05.12.21:00 06.12.01:00"]


def test_a_calendar_may_say_which_zone_its_times_are_in() -> None:
    text = calendar("DTSTART:20261205T160000", "DTEND:20261205T200000", head="X-WR-TIMEZONE:America/New_York\n")
    assert times(text) == ["05.12.21:00 06.12.01:00"]
    fixed = read(text, LIKE, BERLIN, named=True, fixed=True)
    assert [event.said.zone for event in fixed.events] == ["Europe/Berlin"]


def test_what_is_off_need_not_say_when_it_would_have_been() -> None:
    head = "METHOD:cancel\n"
    for lines in ((), ("DTSTART:20261205T210000Z",), ("RECURRENCE-ID:20261205T210000Z",), SPAN):
        found = read(calendar(*lines, head=head), LIKE, BERLIN, named=True)
        assert [event.is_cancelled for event in found.events] == [True] and not found.troubles, lines


def test_a_time_of_a_series_that_was_moved() -> None:
    series = ("DTSTART:20261101T200000Z", "DTEND:20261101T210000Z", "RRULE:FREQ=WEEKLY;COUNT=2")
    moved = "BEGIN:VEVENT\r\nUID:1@x\r\nRECURRENCE-ID:20261108T200000Z\r\nDTSTART:20261109T200000Z\r\nDTEND:20261109T210000Z\r\nEND:VEVENT\r\n"
    text = calendar(*series).replace("END:VCALENDAR", f"{moved}END:VCALENDAR")
    weekly, instead = (event.said for event in read(text, LIKE, BERLIN, named=True).events)
    assert (weekly.uid, weekly.repeat, instead.begin) == ("1@x", "FREQ=WEEKLY;COUNT=2", "2026-11-09 20:00:00")
    assert instance_of(instead.uid) == Instance("1@x", datetime(2026, 11, 8, 20))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (calendar("DTSTART:20261205T210000Z", "DTEND:20261206T010000Z")[:-40], "no whole calendar"),
        ("hello", "no whole calendar"),
        ("BEGIN:VCALENDAR\n" + "BEGIN:VEVENT\n" * 9000 + "END:VEVENT\n" * 9000 + "END:VCALENDAR\n", "no whole calendar"),
        (calendar("DTSTART;TZID=Europe:20261205T210000", "DTEND:20261206T010000Z"), "no whole calendar"),
        (calendar(f"DTSTART;TZID={'x' * 300}:20261205T210000", "DTEND:20261206T010000Z"), "no whole calendar"),
        (calendar("DTSTART:20261205T210000Z"), "it has no end"),
        (calendar("DTEND:20261205T210000Z"), "it has no begin"),
        (calendar("DTSTART:20261205T210000Z", "DTEND:20261206T010000Z", "SEQUENCE:99999999999999999999"), "SEQUENCE"),
        (calendar("DTSTART:20261205T210000Z", "DTEND:20261206T010000Z", "SEQUENCE:-1"), "SEQUENCE"),
        (calendar("DTSTART:20261205T210000Z", "DTEND:20261206T010000Z", "RRULE:WEEKLY"), "recurrence rule"),
        (calendar("DTSTART:20261205T210000Z", "DTEND:20261204T010000Z"), "not after its begin"),
        (calendar("DTSTART:20261205T210000Z", "DTEND:20270305T210000Z"), "longer than 31 days"),
        (calendar("DTSTART:20261205T210000Z", "DTEND:20261205T220000Z", "RRULE:FREQ=SECONDLY"), "expected DAILY"),
        (calendar("DTSTART;TZID=Mars/Base:20261205T210000", "DTEND;TZID=Mars/Base:20261205T220000"), "'Mars/Base' is not known"),
        (calendar("DTSTART;TZID=Ours:20261205T210000", "DURATION:PT1H", head=rules("Ours", freq="SECONDLY")), "'Ours' is not known"),
        (calendar("DTSTART;TZID=Ours:20261205T210000", "DURATION:PT1H", "RRULE:FREQ=DAILY", head=rules("Ours", "+0107", "+0207")),
         "'Ours' is like none that is known"),
        (calendar(*SPAN, head="METHOD:REPLY\n"), "METHOD:REPLY announces nothing"),
        (calendar(*SPAN, head="METHOD:COUNTER\n"), "METHOD:COUNTER announces nothing"),
        (calendar(*SPAN, "RDATE:20261212T210000Z"), "RDATE is not supported"),
        (calendar(*SPAN, "RRULE:FREQ=WEEKLY", "EXRULE:FREQ=MONTHLY"), "EXRULE is not supported"),
        (calendar(*SPAN, "RECURRENCE-ID;RANGE=THISANDFUTURE:20261205T210000Z"), "RANGE=THISANDFUTURE is not supported"),
        (calendar("DTSTART:20261205T210000Z", "DTEND:20261205T220000Z", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), "never comes"),
    ],
)  # fmt: skip
def test_what_gives_no_window(text: str, why: str) -> None:
    found = read(text, LIKE, BERLIN, named=True)
    assert not found.events and why in found.troubles[0]


def test_what_no_database_takes_is_left_out() -> None:
    found = read(calendar("SUMMARY:New\x00 switch", *SPAN, uid="7\x00\udc80"), LIKE, BERLIN, named=True)
    assert [(event.said.name, event.said.uid, event.said.text) for event in found.events] == [
        ("New switch", "7", "New switch")
    ]


def test_a_calendar_without_end_is_read_in_part() -> None:
    event = "BEGIN:VEVENT\r\nUID:{}\r\nDTSTART:20261205T210000Z\r\nDTEND:20261205T220000Z\r\nEND:VEVENT\r\n"
    text = (
        "BEGIN:VCALENDAR\r\n" + "".join(event.format(number) for number in range(MOST_EVENTS + 1)) + "END:VCALENDAR\r\n"
    )
    found = read(text, LIKE, BERLIN, named=False)
    assert len(found.events) == MOST_EVENTS and "only the first" in found.troubles[0]
