"""Where values stand: labels, tables, files, times."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest

from gateway.mail import wire
from gateway.mail.data import FILES, SIZE
from gateway.mail.read import read as read_mail
from gateway.model.email import DataFile
from gateway.notices import html_rows, labels, times
from gateway.notices.attached import Attached
from tests.pace import processor_time

LABELS = [
    ("Host: web01", "Host", "web01"),
    ("  HOST:   web01  ", "host", "web01"),
    ("*Host:* web01", "Host", "web01"),
    ("- Host: web01", "Host", "web01"),
    ("Host\tweb01", "Host", "web01"),
    ("Host | web01", "Host", "web01"),
    ("Host: | web01", "Host", "web01"),
    ("Host = web01", "Host", "web01"),
    ("Host ......: web01", "Host", "web01"),
    ("> Host: web01", "Host", "web01"),
    ("Host:\nweb01", "Host", "web01"),
    ("Host\n\nweb01", "Host", "web01"),
    ("Host: https://web01/x", "Host", "https://web01/x"),
    ("Page: 10:30", "Page", "10:30"),
    ("https://web01/x: y", "https", ""),
    ("at 10:30 Host: web01", "at 10", ""),
    ("Host | Service | State\nweb01 | HTTP | DOWN", "Host", ""),
    ("Common name: *.acme.example", "Common name", "*.acme.example"),
    ("*Host: web01*", "Host", "web01"),
    ("Priority | ***\nGroup | Acme", "Priority", "***"),
    ("Priority ***\nGroup Acme", "Priority", ""),
]


@pytest.mark.parametrize(("text", "name", "value"), LABELS)
def test_a_value_by_its_label(text: str, name: str, value: str) -> None:
    assert next(iter(labels.read(text).values(name)), "") == value


def test_cells_by_their_heading() -> None:
    text = "Affected:\n\nCircuit ID | Site\nA-1 | Berlin\nA-2 | Rome\n\nwords between\n\nCircuit ID | Site\nB-1 | Oslo"

    assert labels.read(text).column("circuit id") == ["A-1", "A-2", "B-1"]
    assert labels.read("", ["Circuit ID,Site\nA-1,Berlin\n\nA-2"]).column("Circuit ID") == ["A-1", "A-2"]
    assert labels.read("", ["OCN\tCircuit ID\n1\tC-1"]).column("Circuit ID") == ["C-1"]
    assert labels.read("", ["Kunde;Circuit ID\nA, B;C-1"]).column("Circuit ID") == ["C-1"]
    assert labels.read("Ref: | 1\nName | Circuit ID | End\nAcme | C-1 | Rome").column("Circuit ID") == ["C-1"]


JSON = '{"a": {"b": [{"c": 1}, {"c": true}]}, "n": null, "t": "x"} and words behind it'
PATHS = [
    ("a.b.0.c", ["1"]),
    ("a.b.*.c", ["1", "true"]),
    ("t", ["x"]),
    ("a", []),
    ("a.b.7.c", []),
    ("t.u", []),
    ("*.b.0.c", ["1"]),
]


@pytest.mark.parametrize(("path", "values"), PATHS)
def test_json(path: str, values: list[str]) -> None:
    assert Attached((DataFile("json", "a.json", JSON),), "").json(path) == values
    assert Attached((), JSON).json(path) == values


XML = '<?xml version="1.0"?><r xmlns="urn:x"><e id="7"><v> one </v></e><e id="8"><v>two</v></e></r>'


@pytest.mark.parametrize(
    ("path", "values"), [("r.e.v", ["one", "two"]), ("r.e.@id", ["7", "8"]), ("r.*.v", ["one", "two"]), ("x", [])]
)
def test_xml(path: str, values: list[str]) -> None:
    assert Attached((DataFile("xml", "a.xml", XML),), "").xml(path) == values


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("xml", '<!DOCTYPE r [<!ENTITY a "aaaa">]><r>&a;</r>'),
        ("xml", "<r>"),
        ("xml", "<r>" * 20_000),
        ("json", "{"),
        ("json", "[" * 60_000),
        ("json", "[]"),
        ("calendar", "r:" * 30_000),
        ("csv", '"\n' * 30_000),
    ],
)
def test_what_is_no_such_file_holds_nothing(kind: str, text: str) -> None:
    attached = Attached((DataFile(kind, "f", text),), "")

    assert (attached.json("r"), attached.xml("r"), attached.calendar("DTSTART")) == ([], [], [])
    labels.read("", attached.tables())


def test_a_calendar_with_folded_lines_and_parameters() -> None:
    text = 'BEGIN:VEVENT\nX-A;P="a:b":one\\, t\n wo\nX-A:three\nDTSTART;TZID=Europe/Berlin:20261122T100000\nEND:VEVENT'
    attached = Attached((DataFile("calendar", "a.ics", text),), "")

    assert attached.calendar("x-a") == ["one, two", "three"]
    assert attached.calendar("DTSTART") == ["20261122T090000Z"]


BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = [
    ("2026-11-22T10:00:00Z", (), None, "2026-11-22T10:00:00"),
    ("2026-11-22 10:00:00 +0100", (), None, "2026-11-22T09:00:00"),
    ("2026-11-22 10:00 UTC", (), None, "2026-11-22T10:00:00"),
    ("20261122T100000Z", (), None, "2026-11-22T10:00:00"),
    ("20261122T100000", (), BERLIN, "2026-11-22T09:00:00"),
    ("2026-07-22 10:00", (), BERLIN, "2026-07-22T08:00:00"),
    ("Sun, 22 Nov 2026 10:00:00 +0100", (), None, "2026-11-22T09:00:00"),
    ("Sun, 22 Nov 2026 10:00:00 GMT", (), None, "2026-11-22T10:00:00"),
    ("1795341600", (), None, "2026-11-22T10:00:00"),
    ("1795341600000", (), None, "2026-11-22T10:00:00"),
    ("22.11.2026 10:00", ("%d.%m.%Y %H:%M",), BERLIN, "2026-11-22T09:00:00"),
    ("Sun Nov 22 10:00:03 UTC 2026", ("%a %b %d %H:%M:%S %Y",), None, "2026-11-22T10:00:03"),
    ("22 Nov 2026 10:00 GMT+5", ("%d %b %Y %H:%M",), BERLIN, "2026-11-22T05:00:00"),
    ("2026-11-22 10:00:00 UTC-03:30", (), BERLIN, "2026-11-22T13:30:00"),
    ("11/22/26 05:00 ET", ("%m/%d/%y %H:%M",), None, "2026-11-22T10:00:00"),
    ("22-Nov-2026 10:00 ( GMT )", ("%d-%b-%Y %H:%M",), None, "2026-11-22T10:00:00"),
    ("10:00pm CT 11/3/2026", ("%I:%M%p %m/%d/%Y",), None, "2026-11-04T04:00:00"),
    ("10:00pm IST 11/3/2026", ("%I:%M%p %m/%d/%Y",), None, ""),
    ("22-Nov-2026 10:00 IST", ("%d-%b-%Y %H:%M",), None, ""),
    ("Wed 2026-11-25 02:00 CET", ("%Y-%m-%d %H:%M",), None, "2026-11-25T01:00:00"),
    ("Mittwoch, 25.11.2026, 02:00 Uhr (MEZ)", ("%d.%m.%Y %H:%M",), None, "2026-11-25T01:00:00"),
    ("25/11/2026 à 02:00 Central European Time (CET)", ("%d/%m/%Y %H:%M",), None, "2026-11-25T01:00:00"),
    ("25/07/2026 00:01 (local UK time)", ("%d/%m/%Y %H:%M",), None, "2026-07-24T23:01:00"),
    ("25/11/2026 02:00 Middle Earth Time (IST)", ("%d/%m/%Y %H:%M",), BERLIN, ""),
    ("2026-11-22 10:00", (), None, ""),
    ("tomorrow", (), BERLIN, ""),
    ("99999999999999", (), BERLIN, ""),
    ("", (), BERLIN, ""),
]


@pytest.mark.parametrize(("text", "formats", "zone", "moment"), MOMENTS)
def test_moments(text: str, formats: tuple[str, ...], zone: ZoneInfo | None, moment: str) -> None:
    found = times.moment(text, formats, zone)

    assert (datetime.fromtimestamp(found, UTC).strftime("%Y-%m-%dT%H:%M:%S") if found else "") == moment


@pytest.mark.parametrize(
    ("day", "clock", "text"),
    [
        ("25.11.2026 01:00 CET", "05:00", "25.11.2026 05:00 CET"),
        ("25.11.2026 01:00 CET", "05:00 UTC", "25.11.2026 05:00 UTC"),
        ("11/25/2026 12:01 AM", "6:00 AM", "11/25/2026 6:00 AM"),
        ("25 Nov 2026", "4:00 AM UTC", "25 Nov 2026 4:00 AM UTC"),
        ("25.11.2026 01:00", "26.11.2026 05:00", "26.11.2026 05:00"),
        ("25.11.2026 01:00", "05:00 on 26.11.2026", "05:00 on 26.11.2026"),
        ("", "05:00", "05:00"),
    ],
)
def test_a_clock_alone_is_of_the_day_beside_it(day: str, clock: str, text: str) -> None:
    assert times.on(day, clock) == text


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("05/06/2026 01:00 UTC", "2026-06-05"),  # both lie ahead: as the formats say
        ("06/05/2026 01:00 UTC", "2026-05-06"),
        ("05/11/2026 01:00 UTC", "2026-05-11"),
        ("11/05/2026 01:00 UTC", "2026-05-11"),
        ("05/13/2026 01:00 UTC", "2026-05-13"),
        ("05/02/2026 01:00 UTC", "2026-05-02"),
        ("28/04/2026 01:00 UTC", "2026-04-28"),
        ("01/02/2026 01:00 UTC", "2026-02-01"),  # neither does: as the formats say
        ("05/05/2026 01:00 UTC", "2026-05-05"),
        ("13/13/2026 01:00 UTC", ""),
    ],
)
def test_day_and_month_of_planned_work_are_those_that_lie_ahead(text: str, day: str) -> None:
    """Of the mail, where a text may mean two days."""
    mailed = datetime(2026, 5, 1, 12, tzinfo=UTC).timestamp()
    found = times.moment(text, ("%d/%m/%Y %H:%M",), None, mailed)

    assert (datetime.fromtimestamp(found, UTC).strftime("%Y-%m-%d") if found else "") == day


def test_day_and_month_stay_in_their_order_where_nothing_tells() -> None:
    half = ("%m/%d/%Y %I:%M %p",)
    mailed = datetime(2026, 5, 1, 12, tzinfo=UTC).timestamp()

    assert times.moment("05/13/2026 01:00 UTC", ("%d/%m/%Y %H:%M",)) == 0.0
    assert datetime.fromtimestamp(times.moment("11/05/2026 01:00 AM UTC", half, None, mailed), UTC).month == 11


def test_a_day_later_is_by_the_clock() -> None:
    """Also in the night in which the clocks change."""
    found = times.moment("24.10.2026 05:00", ("%d.%m.%Y %H:%M",), BERLIN, later=1)

    assert datetime.fromtimestamp(found, UTC) == datetime(2026, 10, 25, 4, tzinfo=UTC)


def test_a_time_without_a_year_is_the_nearest() -> None:
    new_year = datetime(2026, 12, 31, 12, tzinfo=UTC).timestamp()

    for text, year in (("02 JAN 10:00 UTC", 2027), ("30 DEC 10:00 UTC", 2026)):
        found = times.moment(text, ("%d %b %H:%M",), None, new_year)
        assert datetime.fromtimestamp(found, UTC).year == year
    assert times.moment("02 JAN 10:00 UTC", ("%d %b %H:%M",), None) == 0.0


def test_the_times_of_a_calendar_are_of_its_events() -> None:
    zone = "BEGIN:VTIMEZONE\nTZID:Europe/Rome\nBEGIN:STANDARD\nDTSTART:16011028T020000\nEND:STANDARD\nEND:VTIMEZONE\n"
    event = "BEGIN:VEVENT\nDTSTART;TZID=Europe/Rome:20260701T100000\nDTEND;TZID=Nowhere:20260701T110000\nEND:VEVENT"
    attached = Attached((DataFile("calendar", "a.ics", zone + event),), "")

    assert attached.calendar("DTSTART") == ["20260701T080000Z"]
    assert attached.calendar("DTEND") == []


def test_small_files_for_machines_travel_with_the_mail() -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "a@vendor.example", "Files"
    mail.set_content("See the files.")
    mail.add_attachment(b'{"a": 1}', maintype="application", subtype="json", filename="a.json")
    mail.add_attachment(b"<a/>", maintype="application", subtype="octet-stream", filename="a.XML")
    mail.add_attachment(b"x" * (SIZE + 1), maintype="text", subtype="csv", filename="large.csv")
    mail.add_attachment(b"BEGIN:VCALENDAR", maintype="text", subtype="calendar", filename="a.ics")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    for number in range(FILES):
        mail.add_attachment(b"a;b\n", maintype="text", subtype="csv", filename=f"{number}.csv")

    email = read_mail(mail.as_bytes()).email

    assert [(file.kind, file.filename) for file in email.data] == [
        ("json", "a.json"), ("xml", "a.XML"), ("calendar", "a.ics"), ("csv", "0.csv"), ("csv", "1.csv")
    ]  # fmt: skip
    assert wire.load(wire.dump(email)).data == email.data
    assert len(email.attachments) == 5 + FILES


def test_rows_of_tables_that_lay_out() -> None:
    html = (
        "<table><tr><td>Site<td>&nbsp;<td>Smith &amp; Co</tr><TR><TD>Device</TD><TD><b>web</b>01</TD></TR></table><p>below</p>"
        "<table><tr><th>A</th><th>B</th><th>C</th></tr><tr><td>1</td><td>2 | 3</td><td>4</td></tr></table>"
        '<tr style="display:none"><td>Status</td><td>resolved</td></tr>'
    )

    assert html_rows.rows(html, "Site Smith & Co\nDevice web01\nA B C\n1 2 3 4").split("\n") == [
        "Site | Smith & Co", "Device | web01", "A | B | C", "1 | 2 3 | 4"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "html", ["<tr>" * 100_000, "<tr><td>" * 60_000, "<td " * 100_000, "<tr><td>a<td>" + "a" * 300_000, "<" * 200_000]
)
def test_hostile_tables_are_quick(html: str) -> None:
    with processor_time() as spent:
        html_rows.rows(html, "a" * 100_000)

    assert spent.seconds < 0.5
