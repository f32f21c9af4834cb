"""A calendar object as lines that a person reads: what, when, where, who, who answered what, whether it is off.

Read leniently and in one pass over at most 200 kB, the first three events. Source: RFC 5545 (folding within octets,
parameters, text escapes, a date's end that is no part of it), RFC 5546 (METHOD), RFC 6868, RFC 7986 (CONFERENCE).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from . import html
from .calendarevent import (
    Event,
    address_of,
    begin_of,
    end_of,
    field_of,
    moment_of,
    names_of,
    parameter,
    person_of,
    times_of,
    unescaped,
)
from .charset import decode
from .charsets import codec
from .clean import clean, clean_line
from .lines import render, squeeze
from .transfer import decode_transfer

TYPES = frozenset(("text/calendar", "application/ics", "text/x-vcalendar"))
_COMPONENTS = frozenset(("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"))
_MOST = 200_000
_EVENTS = 3
_PEOPLE = 20
_METHODS = {
    "REQUEST": "Invitation",
    "CANCEL": "Cancelled",
    "REPLY": "Answer to an invitation",
    "COUNTER": "Other time proposed",
    "DECLINECOUNTER": "Proposed time declined",
    "REFRESH": "Asked for the current invitation",
    "PUBLISH": "Event",
}
_LATER = frozenset(("CANCEL", "REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH"))
"""What is said of an event that was told before; an invitation that changed has a SEQUENCE (RFC 5546 2.1.4)."""
_ANSWERS = {
    "ACCEPTED": "Accepted",
    "DECLINED": "Declined",
    "TENTATIVE": "Tentatively accepted",
    "DELEGATED": "Delegated",
    "COMPLETED": "Completed",
    "IN-PROCESS": "Begun",
}
_LINKS = ("URL", "CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL", "X-GOOGLE-CONFERENCE", "X-ZOOM-JOIN-URL")
_FOLD = re.compile(rb"\n[ \t]")
_HTML = re.compile(r"(?:<!doctype html|<html|<body|<p>|<div|<br|<span|<b>)", re.IGNORECASE)
_QUOTED_PRINTABLE = "QUOTED-PRINTABLE"


@dataclass(frozen=True, slots=True)
class Accepted:
    """An invitation that one person accepts, as a program may speak of it: what it is about (titles, places, texts),
    ``who`` accepts by name and address, all ``people`` in the same way, the times as (year, month, day, hour, minute),
    and what the person wrote to it."""

    titles: tuple[str, ...]
    who: tuple[str, ...]
    people: tuple[str, ...]
    texts: tuple[str, ...]
    times: tuple[tuple[int, int, int, int, int], ...]
    is_utc: bool
    comments: tuple[str, ...]


@dataclass(slots=True)
class Shown:
    """``lines`` for people; ``is_answer`` where the object says no more than what somebody answered, and the lines say
    all of it; ``accepted`` where that is yes; ``files`` that stand in the object itself. ``uid`` is what the event is
    called by all mail about it, "" where there are several; ``is_later`` where it was told before."""

    lines: list[str] = field(default_factory=list)
    is_answer: bool = False
    accepted: Accepted | None = None
    files: list[tuple[str, bytes]] = field(default_factory=list)
    uid: str = ""
    is_later: bool = False


def read(data: bytes, charset: str, method: str = "") -> Shown:
    """``method`` is what the mail says the object is for, where the object does not."""
    shown = Shown()
    event = Event()
    depth = events = 0
    told: list[Event] = []
    method = method.upper()
    for line in _lines(data[:_MOST], charset):
        name, params, value = field_of(line)
        if name == "METHOD":
            method = value.upper()
        elif name == "BEGIN" and value.upper() in _COMPONENTS:
            event, depth = Event(), 1
        elif name == "BEGIN":
            depth += bool(depth)
        elif name == "END" and depth:
            depth -= 1
            events += depth == 0
            if depth == 0 and events <= _EVENTS:
                told.append(event)
                shown.lines.extend(([""] if shown.lines else []) + _shown(method, event))
                shown.files += event.files
        elif depth == 1 and name:
            _take(event, name, params, value)
    is_whole = depth == 0 and events <= _EVENTS and len(data) <= _MOST
    shown.is_answer = method == "REPLY" and bool(shown.lines) and is_whole
    shown.accepted = _accepted(told) if shown.is_answer else None
    uids = {event.text("UID") for event in told}
    shown.uid = uids.pop() if len(uids) == 1 else ""
    shown.is_later = method in _LATER or any(event.text("SEQUENCE").strip("0") for event in told)
    return shown


def answered_by(data: bytes, charset: str, method: str = "") -> frozenset[str]:
    """The addresses, in lower case, of those who answer an invitation; none of an object that is no answer."""
    fields = [field_of(line) for line in _lines(data[:_MOST], charset)]
    said = next((value for name, _, value in fields if name == "METHOD"), method).upper()
    people = (address_of(value).lower() for name, _, value in fields if name == "ATTENDEE")
    return frozenset(people) if said in ("REPLY", "COUNTER") else frozenset()


def _lines(data: bytes, charset: str) -> list[str]:
    """The lines as they were before they were folded: between octets (3.1), so within characters too."""
    data = data.replace(b"\r\n", b"\n")
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    if not codec(charset or "utf-8").startswith(("utf-16", "utf-32")):
        data = _FOLD.sub(b"", data)
    text = re.sub(r"\n[ \t]", "", clean(decode(data, charset)[0]))
    if _QUOTED_PRINTABLE in text:
        text = re.sub(r"=\n", "", text)
    return text.split("\n")


def _take(event: Event, name: str, params: str, value: str) -> None:
    if _QUOTED_PRINTABLE in params.upper():
        # vCalendar 1.0, the standard before.
        octets = decode_transfer(value.encode("utf-8", "replace"), "quoted-printable").data
        value = clean(decode(octets, parameter(params, "CHARSET"))[0]).replace("\n", "\\n")
    if name == "ATTENDEE":
        if len(event.people) < _PEOPLE:
            event.people.append((params, value))
    elif name == "COMMENT":
        if len(event.comments) < _PEOPLE:
            event.comments.append(unescaped(value).strip()[:5000])
    elif name == "ATTACH":
        if len(event.files) + len(event.elsewhere) < _PEOPLE:
            event.attach(params, value)
    elif name in ("RDATE", "EXDATE"):
        event.dates.setdefault(name, []).extend((params, date) for date in value.split(",")[:_PEOPLE])
    else:
        event.fields.setdefault(name, (params, value))


def _accepted(events: list[Event]) -> Accepted | None:
    """The invitation of these events; None where not one person says yes to all of it."""
    if any(len(event.people) != 1 or _status(event.people[0][0]) != "ACCEPTED" for event in events):
        return None
    people = [person for event in events for person in event.people]
    organizers = [event.fields["ORGANIZER"] for event in events if "ORGANIZER" in event.fields]
    moments = [moment for event in events for moment in times_of(event)]
    comments = [comment for event in events for comment in event.comments]
    comments += [parameter(params, "X-RESPONSE-COMMENT") for params, _ in people]
    return Accepted(
        titles=_filled(event.text("SUMMARY") for event in events),
        who=_filled(text for person in people for text in names_of(*person)),
        people=_filled(text for person in (*people, *organizers) for text in names_of(*person)),
        texts=_filled(event.text(name) for event in events for name in ("LOCATION", "DESCRIPTION", *_LINKS)),
        times=tuple(moment.when.timetuple()[:5] for moment in moments),
        is_utc=any(moment.zone == " UTC" for moment in moments),
        comments=_filled(comments),
    )


def _filled(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip()[:5000] for text in texts if text.strip()))


def _status(params: str) -> str:
    return parameter(params, "PARTSTAT").upper()


def _when(event: Event) -> str:
    start = begin_of(event)
    if start is None:
        return event.text("DTSTART")
    end = end_of(event, start)
    text = str(start)
    if end is not None and end.when != start.when:
        same_day = end.when.date() == start.when.date() and not end.is_date
        text += f" to {end.when:%H:%M}{end.zone}" if same_day else f" to {end}"
    return text + (" (all day)" if start.is_date else "")


def _answer(params: str) -> str:
    return _ANSWERS.get(_status(params), "")


def _answers(event: Event) -> list[str]:
    """Who answered what, and the words to it."""
    out = []
    for params, value in event.people:
        answer = _answer(params)
        out.append(f"{person_of(params, value)}: {answer.lower()}" if answer else person_of(params, value))
        if to := parameter(params, "DELEGATED-TO"):
            out[-1] += f" to {person_of('', to)}"
        if words := clean_line(parameter(params, "X-RESPONSE-COMMENT")):
            out.append(words)
    return [*out, *event.comments]


def _shown(method: str, event: Event) -> list[str]:
    is_answer = method in ("REPLY", "COUNTER")
    title = _METHODS.get(method, clean_line(method[:40].title()) or "Event")
    if method == "REPLY" and len(event.people) == 1:
        title = _answer(event.people[0][0]) or title
    out = [f"{title}: {event.text('SUMMARY') or '(no title)'}", *(_answers(event) if is_answer else [])]
    due = moment_of(event.fields.get("DUE"))
    of = moment_of(event.fields.get("RECURRENCE-ID"))
    organizer = event.fields.get("ORGANIZER")
    link = next((event.text(name) for name in _LINKS if event.text(name)), "")
    people = [] if is_answer else [person_of(*person) for person in event.people]
    facts = (
        ("When", _when(event)),
        ("Due", str(due) if due else event.text("DUE")),
        ("Of the series, only", str(of) if of else event.text("RECURRENCE-ID")),
        ("Repeats", _repeats(event.text("RRULE"))),
        ("Also", _dates(event, "RDATE")),
        ("Not", _dates(event, "EXDATE")),
        ("Where", event.text("LOCATION")),
        ("Link", link[:2000]),
        ("Files", ", ".join(event.elsewhere)),
        ("Organizer", person_of(*organizer) if organizer else ""),
        ("Contact", event.text("CONTACT")),
        ("Attendees", ", ".join(people)),
        ("Status", "cancelled" if event.text("STATUS") == "CANCELLED" else ""),
    )
    out += [f"{name}: {value}" for name, value in facts if value]
    out += [f"Comment: {comment}" for comment in event.comments if comment and not is_answer]
    description = _description(event)
    if description:
        out += ["", *description[:5000].split("\n")]
    return [line for text in out for line in text.split("\n")]


_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_DAYS = {"MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday",
         "SU": "Sunday"}  # fmt: skip


def _repeats(rule: str) -> str:
    """A recurrence rule in words; as it is written where it says more than days of the week, how often and until when.
    Source: RFC 5545, 3.3.10."""
    parts = dict(part.partition("=")[::2] for part in rule.upper().split(";") if part)
    unit, interval = _UNITS.get(parts.pop("FREQ", "")), parts.pop("INTERVAL", "1")
    days = [_DAYS.get(day, "") for day in parts.pop("BYDAY", "").split(",") if day]
    count, end = parts.pop("COUNT", ""), parts.pop("UNTIL", "")
    until = moment_of(("", end)) if end else None
    parts.pop("WKST", "")
    if not unit or parts or not all(days) or not interval.isdecimal() or bool(end) != bool(until):
        return rule
    said = [f"every {unit}" if interval == "1" else f"every {interval} {unit}s"]
    said[0] += f" on {' and '.join(days)}" if days else ""
    said += [f"{count} times"] if count else []
    said += [f"until {until}"] if until else []
    return ", ".join(said)


def _dates(event: Event, name: str) -> str:
    """Further days of a series, or those that are left out."""
    dates = event.dates.get(name, [])[:_PEOPLE]
    return ", ".join(str(moment_of(date) or clean_line(date[1])) for date in dates)


def _description(event: Event) -> str:
    """The text, which some programs write as HTML, there or in a field of its own."""
    _, plain = event.fields.get("DESCRIPTION", ("", ""))
    text = unescaped(plain).strip()
    if not text:
        _, page = event.fields.get("X-ALT-DESC", ("", ""))
        text = unescaped(page).strip()
    return render(squeeze(html.to_lines(text).lines), targets=True) if _HTML.match(text) else text
