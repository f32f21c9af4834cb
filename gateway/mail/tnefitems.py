"""Meetings, tasks and contacts of a winmail.dat as lines; their facts lie in attributes, not in the body.

Source: MS-OXTNEF 2.1.3.3, MS-OXOCAL, MS-OXOTASK, MS-OXOCNTC, MS-OXPROPS.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from .clean import clean_line

_CLASS, _START, _END, _SUBJECT = 0x8008, 0x0006, 0x0007, 0x8004
# Class as it is, and as old programs write it.
_TITLES = (
    ("ipm.schedule.meeting.request", "Invitation"),
    ("ipm.microsoft schedule.mtgreq", "Invitation"),
    ("ipm.schedule.meeting.canceled", "Cancelled"),
    ("ipm.microsoft schedule.mtgcncl", "Cancelled"),
    ("ipm.schedule.meeting.resp.pos", "Accepted"),
    ("ipm.microsoft schedule.mtgrespp", "Accepted"),
    ("ipm.schedule.meeting.resp.neg", "Declined"),
    ("ipm.microsoft schedule.mtgrespn", "Declined"),
    ("ipm.schedule.meeting.resp.tent", "Tentatively accepted"),
    ("ipm.microsoft schedule.mtgrespa", "Tentatively accepted"),
    ("ipm.appointment", "Event"),
    ("ipm.task", "Task"),
    ("ipm.contact", "Contact"),
    ("ipm.stickynote", "Note"),
)
_LETTERS = ("", "ipm", "ipm.note", "ipm.microsoft mail.note")
# What a line is called, the tags of properties (tagged ones and the ids of named ones).
_TEXTS = (
    ("Where", (0x8208, 0x0002)),
    ("Name", (0x3001,)),
    ("Company", (0x3A16,)),
    ("Position", (0x3A17,)),
    ("Address", (0x8083, 0x8093)),
    ("Telephone", (0x3A08, 0x3A1C, 0x3A09)),
)
_CONTACT_ONLY = frozenset(("Name", "Company", "Position", "Address", "Telephone"))
_WHOLE_START, _WHOLE_END, _TASK_DUE = 0x820D, 0x820E, 0x8105


def is_letter(objects: Iterable[Any]) -> bool:
    """Whether the container is a mail, of which body and files are all that is to be seen."""
    return _message_class(objects) in _LETTERS


def lines(objects: Iterable[Any], properties: Iterable[Any]) -> list[str]:
    """The facts of an item; [] of a mail and of a kind that is not known."""
    objects = list(objects)
    message_class = _message_class(objects)
    title = next((title for begins, title in _TITLES if message_class.startswith(begins)), "")
    if not title:
        return []
    known = _properties(properties)
    found = {item.name: item.data for item in objects if isinstance(item.data, str | datetime)}
    out = [f"{title}: {_line(found.get(_SUBJECT)) or _line(known.get(0x0037)) or '(no title)'}"]
    when = _when(found.get(_START), found.get(_END), "")
    when = when or _when(known.get(_WHOLE_START), known.get(_WHOLE_END), " UTC")
    if when:
        out.append(f"When: {when}")
    due = known.get(_TASK_DUE)
    if isinstance(due, datetime):
        out.append(f"Due: {due:%Y-%m-%d}")
    for label, tags in _TEXTS:
        values = [text for tag in tags if (text := _line(known.get(tag)))]
        if values and (label not in _CONTACT_ONLY or title == "Contact"):
            out.append(f"{label}: {', '.join(dict.fromkeys(values))}")
    return out


def _message_class(objects: Iterable[Any]) -> str:
    value = next((item.data for item in objects if item.name == _CLASS), "")
    return value.strip("\0 ").lower() if isinstance(value, str) else ""


def _properties(properties: Iterable[Any]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for item in properties:
        with suppress(Exception):  # a third party's reader of hostile bytes
            found.setdefault(item.guid_prop or item.name, item.data)
    return found


def _line(value: Any) -> str:
    return clean_line(value)[:500] if isinstance(value, str) else ""


def _when(start: Any, end: Any, zone: str) -> str:
    if not isinstance(start, datetime):
        return ""
    text = f"{start:%Y-%m-%d %H:%M}{zone}"
    if isinstance(end, datetime) and end != start:
        text += f" to {end:%H:%M}{zone}" if end.date() == start.date() else f" to {end:%Y-%m-%d %H:%M}{zone}"
    return text
