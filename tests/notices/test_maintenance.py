"""Planned work in the words of carriers, data centres and hosters: when, of what, and what is over.

Labels and subjects are in the form in which they write; names and numbers are invented.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache

import pytest

from gateway.config import profiles
from gateway.config.fixture import FilePart, FixturePart
from gateway.mail.read import read as read_mail
from gateway.model.notice import Notice
from gateway.notices import fixtures
from tests.notices.test_closes import ends, problem_that

PROFILE = profiles.read(profiles.SHIPPED / "maintenance.toml").profile


@cache
def read(subject: str, body: str = "", html: str = "", calendar: str = "") -> Notice:
    files = (FilePart(filename="m.ics", content_type="text/calendar", text=calendar),) if calendar else ()
    part = FixturePart(name="x", sender="noc@line.example", subject=subject, body=body, html=html, attachments=files)
    notice = fixtures.notice_of(read_mail(fixtures.mail_of(part, profiles.SHIPPED)).email, PROFILE)
    assert notice is not None, subject
    return notice


def hours(begin: str, end: str) -> tuple[float, float]:
    return datetime.fromisoformat(f"{begin}+00:00").timestamp(), datetime.fromisoformat(f"{end}+00:00").timestamp()


NIGHT = hours("2026-11-25T01:00", "2026-11-25T05:00")
TELEPHONE = "<table><tr><th>Reference number</th><td>PN234567</td></tr><tr><th>Maintenance Window</th><td>25/11/2026 01:00:00(GMT) to 25/11/2026 05:00:00(GMT)</td></tr><tr><th>Service(s) Impacted</th><td>SNG SYD EPL 9001234</td></tr></table>"
ANNOUNCED: dict[str, tuple[str, str, str, tuple[float, float], tuple[str, ...]]] = {
    "a day, and hours in a zone behind one label": ("***Acme***LONG TTN-0001234567 Planned MAINTENANCE NOTIFICATION***", "Maintenance Ticket #: TTN-0001234567\nMaintenance Window: 20:00 - 00:00 Eastern\n1st Activity Date: 24-Nov-2026\n\nCircuit Id | Expected Impact\n/OGYX/123456/ /ZYO / | Hard Down\n", "", NIGHT, ("/OGYX/123456/ /ZYO /",)),
    "a number in brackets, services with an equals sign": ("LINE Work Announcement TT#(4567890)", "Start: 2026-11-25 01:00 GMT\nEnd: 2026-11-25 05:00 GMT\nLINE Service = LINE/00123456; Customer = Acme\nLINE Service = LINE/00123457; Customer = Acme\n", "", NIGHT, ("LINE/00123456", "LINE/00123457")),
    "a table with the window in one cell": ("Line - Planned Maintenance Notification PN234567", "", TELEPHONE, NIGHT, ("SNG SYD EPL 9001234",)),
    "a day of the week": ("Planned maintenance core router", "Maintenance reference: MNT-2026-0815\nStart: Wed 2026-11-25 02:00 CET\nEnd: Wed 2026-11-25 06:00 CET\nAffected services: SIP-1234\n", "", NIGHT, ("SIP-1234",)),
    "half a day": ("Scheduled Maintenance CHG0077", "Change ID: CHG0077\nStart: 11/24/2026 08:00 PM Eastern Time\nEnd: 11/25/2026 12:00 AM Eastern Time\nCircuit ID: 23.KFGS.001234..SW\n", "", NIGHT, ("23.KFGS.001234..SW",)),
    "the month before the day, in 24 hours": ("Scheduled Maintenance CHG0079", "Change ID: CHG0079\nStart: 11/25/2026 01:00 UTC\nEnd: 11/25/2026 05:00 UTC\n", "", NIGHT, ()),
    "a day apart from its hours": ("Network maintenance notice", "EVENT ID: COLO42-NM\nDATE: 25 Nov 2026\nWINDOW START TIME: 1:00 AM UTC\nESTIMATED END TIME: 5:00 AM UTC\n", "", NIGHT, ()),
    "local time of a country": ("Planned Work Notification C0012345", "Planned Work reference number: C0012345\nStart date and time: 25/11/2026 01:00 (local UK time)\nEnd date and time: 25/11/2026 05:00 (local UK time)\nCircuit reference(s): CAL1234567\n", "", NIGHT, ("CAL1234567",)),
    "after midnight": ("Planned maintenance CHG0078", "Change ID: CHG0078\nMaintenance window: 2026-11-24 23:00 - 05:00 UTC\n", "", hours("2026-11-24T23:00", "2026-11-25T05:00"), ()),
    "the night in which the clocks change": ("Geplante Wartungsarbeiten W-1", "Wartungsnummer: W-1\nWartungsfenster: 24.10.2026 23:00 - 05:00 (CET)\n", "", hours("2026-10-24T21:00", "2026-10-25T04:00"), ()),
    "German": ("Ankündigung: Geplante Wartungsarbeiten im Rechenzentrum", "Wartungsnummer: W-2026-4711\nBeginn: 25.11.2026 02:00 MEZ\nEnde: 25.11.2026 06:00 MEZ\nBetroffene Dienste: RZ-FSN-12\n", "", NIGHT, ("RZ-FSN-12",)),
    "German, a line": ("Ankündigung geplanter Arbeiten 20261125-4711", "Vorgangsnummer: 20261125-4711\nBeginn der Arbeiten: 25.11.2026, 02:00 Uhr (MEZ)\nEnde der Arbeiten: Mittwoch, 25.11.2026 um 06:00 Uhr (MEZ)\nLeitungsnummer: 33S/211-0815/4711-42\n", "", NIGHT, ("33S/211-0815/4711-42",)),
    "Swiss": ("Ankündigung Wartungsarbeiten CHG000123456", "Ticketnummer: CHG000123456\nWartungsfenster: 25.11.2026 02:00 - 25.11.2026 06:00 (MEZ)\nBetroffene Services: SDX-123456\n", "", NIGHT, ("SDX-123456",)),
    "French": ("Travaux programmés TRX-20261125", "Référence : TRX-20261125\nDébut : mer. 25/11/2026 à 02:00 CET\nFin : 25/11/2026 06:00 CET\nServices impactés : LNK-4711\n", "", NIGHT, ("LNK-4711",)),
    "Spanish": ("Trabajos programados TP-4711", "Referencia: TP-4711\nInicio: 25/11/2026 02:00 CET\nFin: 25/11/2026 06:00 CET\nCircuitos afectados: MAD-BCN-001\n", "", NIGHT, ("MAD-BCN-001",)),
    "Italian": ("Lavori programmati LP-4711", "Riferimento: LP-4711\nInizio: 25/11/2026 02:00 CET\nFine: 25/11/2026 06:00 CET\nCircuiti interessati: MIL-ROM-001\n", "", NIGHT, ("MIL-ROM-001",)),
    "Dutch": ("Gepland onderhoud ONH-4711", "Referentie: ONH-4711\nBegin: 25-11-2026 02:00 CET\nEinde: 25-11-2026 06:00 CET\nGetroffen diensten: AMS-001\n", "", NIGHT, ("AMS-001",)),
    "moved": ("Cancelled and rescheduled: maintenance CHG0105", "Change ID: CHG0105\nStart: 2026-11-25 01:00 UTC\nEnd: 2026-11-25 05:00 UTC\n", "", NIGHT, ()),
}  # fmt: skip


@pytest.mark.parametrize("name", ANNOUNCED)
def test_work_that_is_announced(name: str) -> None:
    subject, body, html, window, circuits = ANNOUNCED[name]
    notice = read(subject, body, html)

    assert (notice.state, notice.window, notice.objects, notice.failed) == ("planned", window, circuits, ())


NIGHTS = (hours("2026-11-25T06:01", "2026-11-25T11:00"), hours("2026-11-26T06:01", "2026-11-26T11:00"))
OF_SEVERAL = {
    "a night and a line each": """Maintenance Ticket #: TTN-0004711
Maintenance Window

1st Activity Date
25-Nov-2026 01:01 to 25-Nov-2026 06:00 ( Eastern )

 25-Nov-2026 06:01 to 25-Nov-2026 11:00 ( GMT )

2nd Activity Date
26-Nov-2026 01:01 to 26-Nov-2026 06:00 ( Eastern )

 26-Nov-2026 06:01 to 26-Nov-2026 11:00 ( GMT )
""",
    "days with a number": """Ticket Number | 4711
Start Date/Time (UTC) Day 1 | 11/25/2026 06:01 UTC
End Date/Time (UTC) Day 1 | 11/25/2026 11:00 UTC
Start Date/Time (UTC) Day 2 | 11/26/2026 06:01 UTC
End Date/Time (UTC) Day 2 | 11/26/2026 11:00 UTC
""",
    "the same labels again, the later first": """Maintenance ID: MNT-4711
Start: 2026-11-26 06:01 UTC
End: 2026-11-26 11:00 UTC
Start: 2026-11-25 06:01 UTC
End: 2026-11-25 11:00 UTC
""",
}


@pytest.mark.parametrize("name", OF_SEVERAL)
def test_work_of_several_nights_has_a_window_for_each(name: str) -> None:
    notice = read("Planned maintenance notification", OF_SEVERAL[name])

    assert (notice.windows, notice.window) == (NIGHTS, (NIGHTS[0][0], NIGHTS[1][1]))


def test_windows_that_meet_are_one() -> None:
    times = "Start: 2026-11-25 01:00 UTC\nEnd: 2026-11-25 03:00 UTC\nStart: 2026-11-25 02:00 UTC\nEnd: 2026-11-25 05:00 UTC\n"
    notice = read("Planned maintenance CHG0510", f"Change ID: CHG0510\n{times}")

    assert (notice.windows, notice.window) == ((NIGHT,), NIGHT)


MOVED = [
    "Maintenance CHG0501 has been postponed",
    "Rescheduled: Planned maintenance CHG0502",
    "Cancelled and rescheduled: maintenance CHG0503",
    "Wartung CHG0504 verschoben",
    "Travaux programmés CHG0505 : reportés",
    "Trabajos programados CHG0506: aplazados",
    "Onderhoud CHG0507 uitgesteld",
    "Line - Planned Maintenance did not proceed CHG0508",
    "Maintenance CHG0509 is cancelled, more tomorrow",  # an end in doubt takes its times back, and ends nothing
]


@pytest.mark.parametrize("subject", MOVED)
def test_work_that_is_moved_without_new_times(subject: str) -> None:
    """The window that was announced holds no mail any more."""
    notice = read(subject, f"{about(subject)}New times will follow.\n")

    assert (notice.moved, notice.window, notice.state in ("planned", "update")) == (True, None, True)
    assert not read("Planned maintenance CHG0510", "Change ID: CHG0510\nStart: 2026-11-25 01:00 UTC\n").moved


NEWS = [
    "END OF WINDOW NOTIFICATION***Acme***LONG TTN-0001234567 Planned***",
    "START MAINTENANCE NOTIFICATION***Acme***LONG TTN-0001234567 Planned***",
    "LONG TTN-0001234567 EXTENDED",
    "Reminder for planned work PWIC123456",
    "Line - Reminder of Planned Maintenance PN234567",
    "Planned work PWIC123456 is about to start",
    "Line - Planned Maintenance did not proceed PN234568",
    "Rappel : travaux programmés CHG0401",
]
OVER = [
    "COMPLETED MAINTENANCE NOTIFICATION***Acme***LONG TTN-0001234567 Planned***",
    "CANCELLED NOTIFICATION***Acme***LONG TTN-0001234567 Planned***",
    "LINE Work Conclusion TT#(4567890)",
    "LINE Work Cancellation TT#(4567890)",
    "Planned work PWIC123456 has been completed",
    "Cancellation of planned work PWIC123456",
    "Line - Planned Maintenance completed successfully PN234567",
    "Scheduled Maintenance #CHG0402 has been cancelled",
    "Acme Carrier | Completed | CHG0403 maintenance",
    "Wartung CHG0404 erfolgreich abgeschlossen",
    "Stornierung geplanter Arbeiten CHG0405",
    "Travaux programmés CHG0406 : annulés",
    "Les travaux programmés CHG0407 sont terminés",
    "Los trabajos programados CHG0408 han sido cancelados",
    "Lavori programmati CHG0409 completati",
    "Gepland onderhoud CHG0410 is afgerond",
]
NOT_OVER = [
    "Completed? Maintenance CHG0201",
    "Is maintenance CHG0202 completed?",
    "Maintenance CHG0203 to be completed by 05:00",
    "Maintenance CHG0204 will be completed",
    "Completion of maintenance CHG0205 delayed",
    "Maintenance CHG0206 completed with errors",
    "Maintenance CHG0207 completed unsuccessfully",
    "Cancellation request for maintenance CHG0208 rejected",
    "Maintenance CHG0209 almost completed",
    "Maintenance CHG0210 partially cancelled",
    "Maintenance CHG0211 has not been cancelled",
    "Maintenance CHG0212: if it is cancelled we will write",
    "Maintenance CHG0213: tell us until it is completed",
    "Maintenance CHG0214 un-cancelled",
    "Cancelled maintenance CHG0215 is back on",
    "Day 1 of maintenance CHG0216 completed",
    "Maintenance CHG0217: first window closed",
    "Completed part one of maintenance CHG0218",
    "Wartung CHG0219 noch nicht abgeschlossen",
    "Wartung CHG0220 wird abgeschlossen",
    "Wartung CHG0221 mit Fehlern beendet",
    "Travaux programmés CHG0222: non terminés",
    "Trabajos programados CHG0223 no completados",
    "Onderhoud CHG0224 niet afgerond",
]


def about(subject: str) -> str:
    number = next(word.strip("#:()") for word in subject.replace("#(", " ").split() if any(map(str.isdigit, word)))
    return f"Change ID: {number}\n"


def test_each_end_ends_its_own_work_and_no_other() -> None:
    begun = {subject: read("Planned maintenance of Acme Carrier, LONG lines", about(subject)) for subject in OVER}
    for subject in OVER:
        over = read(subject, about(subject))
        assert over.state == "close", subject
        for work in begun.values():
            assert ends(over, problem_that(work)) is (over.object == work.object), (subject, work.object)


@pytest.mark.parametrize("subject", [*NEWS, *NOT_OVER])
def test_what_does_not_end_work(subject: str) -> None:
    begun, later = read("Planned maintenance", about(subject)), read(subject, about(subject))

    assert later.object == begun.object
    assert not ends(replace(later, scope=begun.scope), problem_that(begun))
    assert later.state == "update" or subject in NOT_OVER


CALENDAR = """BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:Work on lines
DTSTART;TZID=Europe/Vienna:20261125T020000
DTEND;TZID=Europe/Vienna:20261125T060000
DTSTAMP:20261120T101010Z
SEQUENCE:0
X-MAINTNOTE-PROVIDER:line.example
X-MAINTNOTE-ACCOUNT:A1
X-MAINTNOTE-MAINTENANCE-ID;X-MAINTNOTE-PRECEDENCE=PRIMARY:M-1
X-MAINTNOTE-OBJECT-ID;ALTREP="https://line.example/?id=lin
 e-1";X-MAINTNOTE-OBJECT-IMPACT=OUTAGE:line-1
X-MAINTNOTE-STATUS:{status}
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize(
    ("status", "state"),
    [("TENTATIVE", "planned"), ("CONFIRMED", "planned"), ("RE-SCHEDULED", "planned"), ("IN-PROCESS", "update"),
     ("COMPLETED", "close"), ("CANCELLED", "close"), ("NO-CHANGE", "update")],
)  # fmt: skip
def test_the_standard_of_carriers(status: str, state: str) -> None:
    """Whatever the subject says."""
    notice = read("Maintenance cancelled or completed: M-1", calendar=CALENDAR.format(status=status))

    assert (notice.state, notice.object, notice.window, notice.objects) == (state, "M-1", NIGHT, ("line-1",))


def test_a_calendar_of_several_works_is_none_of_them() -> None:
    """An end among them ends nothing, and what is announced beside it is not lost: it is a ticket as a whole."""
    both = CALENDAR.format(status="CANCELLED") + CALENDAR.format(status="CONFIRMED").replace(":M-1", ":M-2")

    notice = read("Maintenance", calendar=both)

    assert (notice.state, notice.parsed, notice.window) == ("update", False, None)
    assert read("Maintenance", calendar=CALENDAR.format(status="CANCELLED") * 2).state == "close"


@pytest.mark.parametrize(
    ("times", "window"),
    [
        ("Start: 2026-11-25 08:00 UTC\nEnd: 2026-11-25 08:00 UTC", None),  # both ends are one
        ("Start: 2026-11-25 14:00 PST\nEnd: 2026-11-25 08:00 UTC", None),  # the zone of one end is wrong
        ("Start: 2026-11-25 01:00 IST\nEnd: 2026-11-25 05:00 IST", None),  # three countries have an IST
        ("Start: 25 Nov\nEnd: 26 Nov", None),
        ("Start: 2026-11-25 01:00\nEnd: 2026-11-25 05:00", NIGHT),  # a page that writes UTC and does not say so
        ("Start: 2026-11-25 01:00+00:00\nEnd: 2026-11-25 06:00+01:00", NIGHT),
    ],
)
def test_a_window_that_cannot_be_is_none(times: str, window: tuple[float, float] | None) -> None:
    """It would hold alerts back at another time; the work is announced all the same."""
    notice = read("Planned maintenance CHG0500", f"Change ID: CHG0500\n{times}\n")

    assert (notice.state, notice.object, notice.window) == ("planned", "CHG0500", window)
