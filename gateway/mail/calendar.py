"""A calendar invitation as lines that a person reads: what, when, where, who, and whether it is called off.

Source: RFC 5545 (folding, parameters, text escapes), RFC 5546 (METHOD).
"""

from __future__ import annotations

import re

from .clean import clean, clean_line

_METHODS = {
    "REQUEST": "Invitation",
    "CANCEL": "Cancelled",
    "REPLY": "Answer to an invitation",
    "COUNTER": "Other time proposed",
    "PUBLISH": "Event",
}
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z?))?$")
_ESCAPE = re.compile(r"\\([\\;,nN])")


def lines(text: str) -> list[str]:
    """At most the first three events."""
    unfolded = re.sub(r"\n[ \t]", "", clean(text[:200_000]))
    out: list[str] = []
    method = "Event"
    event: dict[str, tuple[str, str]] = {}
    people: list[str] = []
    depth = events = 0
    for line in unfolded.split("\n"):
        name, params, value = _field(line)
        if name == "METHOD":
            method = _METHODS.get(value.upper(), value.title())
        elif name == "BEGIN" and value.upper() in ("VEVENT", "VTODO"):
            event, people, depth = {}, [], 1
        elif name == "BEGIN":
            depth += bool(depth)
        elif name == "END" and depth:
            depth -= 1
            if depth == 0 and events < 3:
                events += 1
                out.extend(([""] if out else []) + _shown(method, event, people))
        elif depth == 1 and name == "ATTENDEE" and len(people) < 20:
            people.append(_person(params, value))
        elif depth == 1 and name:
            event.setdefault(name, (params, value))
    return out


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


def _person(params: str, value: str) -> str:
    name = re.search(r'CN="?([^";:]{1,200})', params)
    address = value[7:] if value.lower().startswith("mailto:") else value
    return clean_line(f"{name[1]} <{address}>" if name and name[1] != address else address)


def _when(field: tuple[str, str] | None) -> str:
    if field is None:
        return ""
    params, value = field
    match = _DATE.match(value)
    if match is None:
        return clean_line(value)
    year, month, day, hour, minute, _, utc = match.groups()
    zone = re.search(r'TZID="?([^";:]{1,80})', params)
    text = f"{year}-{month}-{day}"
    if hour:
        text += f" {hour}:{minute}" + (" UTC" if utc else f" ({zone[1]})" if zone else "")
    return text


def _shown(method: str, event: dict[str, tuple[str, str]], people: list[str]) -> list[str]:
    def get(name: str) -> str:
        return clean_line(_text(event[name][1])) if name in event else ""

    out = [f"{method}: {get('SUMMARY') or '(no title)'}"]
    start, end = _when(event.get("DTSTART")), _when(event.get("DTEND"))
    if start:
        out.append(
            f"When: {start}" + (f" to {end[11:] if end[:10] == start[:10] and len(end) > 10 else end}" if end else "")
        )
    if get("RRULE"):
        out.append(f"Repeats: {get('RRULE')}")
    if get("LOCATION"):
        out.append(f"Where: {get('LOCATION')}")
    if "ORGANIZER" in event:
        out.append(f"Organizer: {_person(*event['ORGANIZER'])}")
    if people:
        out.append("Attendees: " + ", ".join(people))
    if get("STATUS") == "CANCELLED":
        out.append("Status: cancelled")
    description = _text(event["DESCRIPTION"][1]).strip() if "DESCRIPTION" in event else ""
    if description:
        out += ["", *description[:5000].split("\n")]
    return out
