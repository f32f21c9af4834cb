"""A calendar object as lines that a person reads: what, when, where, who, who answered what, whether it is off.

Read leniently and in one pass over at most 200 kB, the first three events. Source: RFC 5545 (folding within octets,
parameters, text escapes, a date's end that is no part of it), RFC 5546 (METHOD), RFC 6868, RFC 7986 (CONFERENCE).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .charset import decode
from .charsets import codec
from .clean import clean, clean_line

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
_ANSWERS = {
    "ACCEPTED": "Accepted",
    "DECLINED": "Declined",
    "TENTATIVE": "Tentatively accepted",
    "DELEGATED": "Delegated",
    "COMPLETED": "Completed",
    "IN-PROCESS": "Begun",
}
_LINKS = ("URL", "CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL", "X-GOOGLE-CONFERENCE", "X-ZOOM-JOIN-URL")
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z?))?$")
_DURATION = re.compile(r"P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:\d{1,6}S)?)?$")
_ESCAPE = re.compile(r"\\([\\;,nN])")
_CARET = re.compile(r"\^(['n^])")
_FOLD = re.compile(rb"\r?\n[ \t]")


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
    """``lines`` for people; ``is_answer`` where the object says no more than what somebody answered; ``accepted`` where
    that is yes."""

    lines: list[str] = field(default_factory=list)
    is_answer: bool = False
    accepted: Accepted | None = None


@dataclass(slots=True)
class _Event:
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)
    people: list[tuple[str, str]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        return clean_line(_text(self.fields[name][1])) if name in self.fields else ""


def read(data: bytes, charset: str) -> Shown:
    data = data[:_MOST]
    if not codec(charset or "utf-8").startswith(("utf-16", "utf-32")):
        # Lines are folded between octets, so within characters too (3.1).
        data = _FOLD.sub(b"", data)
    text = clean(decode(data, charset or "utf-8")[0])
    shown = Shown()
    method = ""
    event = _Event()
    depth = events = 0
    answered: list[_Event] = []
    for line in re.sub(r"\n[ \t]", "", text).split("\n"):
        name, params, value = _field(line)
        if name == "METHOD":
            method = value.upper()
        elif name == "BEGIN" and value.upper() in ("VEVENT", "VTODO"):
            event, depth = _Event(), 1
        elif name == "BEGIN":
            depth += bool(depth)
        elif name == "END" and depth:
            depth -= 1
            if depth == 0 and events < _EVENTS:
                events += 1
                answered.append(event)
                shown.lines.extend(([""] if shown.lines else []) + _shown(method, event))
        elif depth == 1 and name == "ATTENDEE" and len(event.people) < _PEOPLE:
            event.people.append((params, value))
        elif depth == 1 and name == "COMMENT" and len(event.comments) < _PEOPLE:
            event.comments.append(_text(value).strip()[:5000])
        elif depth == 1 and name:
            event.fields.setdefault(name, (params, value))
    shown.is_answer = method == "REPLY" and bool(shown.lines)
    shown.accepted = _accepted(answered) if shown.is_answer else None
    return shown


def _accepted(events: list[_Event]) -> Accepted | None:
    """The invitation of these events; None where not one person says yes to all of it."""
    if any(len(event.people) != 1 or _status(event.people[0][0]) != "ACCEPTED" for event in events):
        return None
    people = [person for event in events for person in event.people]
    organizers = [event.fields["ORGANIZER"] for event in events if "ORGANIZER" in event.fields]
    moments = [moment for event in events for moment in _times(event)]
    comments = [comment for event in events for comment in event.comments]
    comments += [_parameter(params, "X-RESPONSE-COMMENT") for params, _ in people]
    return Accepted(
        titles=_filled(event.text("SUMMARY") for event in events),
        who=_filled(text for person in people for text in _names(*person)),
        people=_filled(text for person in (*people, *organizers) for text in _names(*person)),
        texts=_filled(event.text(name) for event in events for name in ("LOCATION", "DESCRIPTION", *_LINKS)),
        times=tuple(moment.when.timetuple()[:5] for moment in moments),
        is_utc=any(moment.zone == " UTC" for moment in moments),
        comments=_filled(comments),
    )


def _times(event: _Event) -> list[_Moment]:
    start = _moment(event.fields.get("DTSTART"))
    return [moment for moment in (start, start and _end(event, start)) if moment]


def _filled(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip()[:5000] for text in texts if text.strip()))


def _status(params: str) -> str:
    return _parameter(params, "PARTSTAT").upper()


def _names(params: str, value: str) -> tuple[str, str]:
    return clean_line(_parameter(params, "CN")), _address(value)


def _field(line: str) -> tuple[str, str, str]:
    # The value begins at the first colon outside quotes.
    quoted = False
    for index, char in enumerate(line[:2000]):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            name, _, params = line[:index].partition(";")
            return name.strip().upper(), params, line[index + 1 :].strip()
    return "", "", ""


def _text(value: str) -> str:
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def _parameter(params: str, name: str) -> str:
    found = re.search(rf'(?:^|;)\s{{0,5}}{name}=(?:"([^"]{{1,200}})"|([^";:]{{1,200}}))', params, re.IGNORECASE)
    value = (found[1] or found[2]) if found else ""
    return _CARET.sub(lambda match: {"'": '"', "n": " ", "^": "^"}[match[1]], value)


def _person(params: str, value: str) -> str:
    name, address = _parameter(params, "CN"), _address(value)
    return clean_line(f"{name} <{address}>" if name and name != address else address)


def _address(value: str) -> str:
    return clean_line(value[7:] if value.lower().startswith("mailto:") else value)


@dataclass(frozen=True, slots=True)
class _Moment:
    when: datetime
    is_date: bool
    zone: str

    def __str__(self) -> str:
        return f"{self.when:%Y-%m-%d}" if self.is_date else f"{self.when:%Y-%m-%d %H:%M}{self.zone}"


def _moment(found: tuple[str, str] | None) -> _Moment | None:
    match = _DATE.match(found[1]) if found else None
    if found is None or match is None:
        return None
    year, month, day, hour, minute, _, utc = match.groups()
    try:
        when = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0))
    except ValueError:
        return None
    zone = _parameter(found[0], "TZID")
    return _Moment(when, not hour, " UTC" if utc else f" ({clean_line(zone)})" if zone else "")


def _end(event: _Event, start: _Moment) -> _Moment | None:
    """The last day of dates (their end is the day after), else the end."""
    end = _moment(event.fields.get("DTEND"))
    duration = _DURATION.match(event.text("DURATION"))
    try:
        if end is None and duration:
            weeks, days, hours, minutes = (int(number or 0) for number in duration.groups())
            length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
            end = _Moment(start.when + length, start.is_date, start.zone)
        if end is not None and end.is_date and end.when > start.when:
            end = _Moment(end.when - timedelta(days=1), True, "")
    except OverflowError:
        return None
    return end


def _when(event: _Event) -> str:
    start = _moment(event.fields.get("DTSTART"))
    if start is None:
        return event.text("DTSTART")
    end = _end(event, start)
    text = str(start)
    if end is not None and end.when != start.when:
        same_day = end.when.date() == start.when.date() and not end.is_date
        text += f" to {end.when:%H:%M}{end.zone}" if same_day else f" to {end}"
    return text + (" (all day)" if start.is_date else "")


def _answer(params: str) -> str:
    return _ANSWERS.get(_status(params), "")


def _shown(method: str, event: _Event) -> list[str]:
    is_answer = method in ("REPLY", "COUNTER")
    title = _METHODS.get(method, clean_line(method[:40].title()) or "Event")
    if method == "REPLY" and len(event.people) == 1:
        title = _answer(event.people[0][0]) or title
    out = [f"{title}: {event.text('SUMMARY') or '(no title)'}"]
    if is_answer:
        for params, value in event.people:
            answer = _answer(params)
            out.append(f"{_person(params, value)}: {answer.lower()}" if answer else _person(params, value))
    for comment in event.comments if is_answer else []:
        out += [*comment.split("\n")]
    due = _moment(event.fields.get("DUE"))
    of = _moment(event.fields.get("RECURRENCE-ID"))
    organizer = event.fields.get("ORGANIZER")
    link = next((event.text(name) for name in _LINKS if event.text(name)), "")
    people = [] if is_answer else [_person(*person) for person in event.people]
    facts = (
        ("When", _when(event)),
        ("Due", str(due) if due else event.text("DUE")),
        ("Of the series, only", str(of) if of else event.text("RECURRENCE-ID")),
        ("Repeats", event.text("RRULE")),
        ("Where", event.text("LOCATION")),
        ("Link", link[:2000]),
        ("Organizer", _person(*organizer) if organizer else ""),
        ("Attendees", ", ".join(people)),
        ("Status", "cancelled" if event.text("STATUS") == "CANCELLED" else ""),
    )
    out += [f"{name}: {value}" for name, value in facts if value]
    out += [f"Comment: {comment}" for comment in event.comments if comment and not is_answer]
    description = _text(event.fields["DESCRIPTION"][1]).strip() if "DESCRIPTION" in event.fields else ""
    if description:
        out += ["", *description[:5000].split("\n")]
    return [line for piece in out for line in piece.split("\n")]
