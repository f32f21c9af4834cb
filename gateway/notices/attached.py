"""Values out of calendars, JSON and XML. What is no such file holds no values; nothing here raises.

Source: RFC 5545 (folding, escapes), RFC 8259. XML with a document type is not read: it may hold entities.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.model.email import DataFile

MOST_TEXT = 64 * 1024
MOST_VALUES = 500
MOST_NODES = 20_000
_ESCAPE = re.compile(r"\\([\\;,nN])")
_ZONE = re.compile(r"(?:^|;)TZID=\"?/?([\w+/-]{1,60})\"?(?:;|$)", re.IGNORECASE)
_LOCAL = re.compile(r"\d{8}T\d{6}")


class Attached:
    """The data files of a mail, each kind worked out when it is first asked for."""

    def __init__(self, files: tuple[DataFile, ...], body: str) -> None:
        self._files = files
        self._body = body
        self._calendar: dict[str, list[str]] | None = None
        self._json: list[Any] | None = None
        self._xml: list[ElementTree.Element] | None = None

    def tables(self) -> list[str]:
        """The CSV files."""
        return [file.text for file in self._files if file.kind == "csv"]

    def calendar(self, name: str) -> list[str]:
        """The values of a property of events, or of the calendar (METHOD)."""
        if self._calendar is None:
            self._calendar = {}
            for file in self._files:
                if file.kind == "calendar":
                    _properties(file.text[:MOST_TEXT], self._calendar)
        return self._calendar.get(name.strip().upper(), [])

    def json(self, path: str) -> list[str]:
        """The values at a path: names and numbers with dots between, * for any. A body that begins with a
        brace is JSON too, whatever stands below."""
        if self._json is None:
            texts = [file.text for file in self._files if file.kind == "json"] or [self._body]
            self._json = [found for text in texts if (found := _decoded(text)) is not None]
        return [text for root in self._json for text in _at(root, path.split("."))][:MOST_VALUES]

    def xml(self, path: str) -> list[str]:
        """The values at a path of element names without namespaces; @name at its end is an attribute."""
        if self._xml is None:
            roots = [_parsed(file.text) for file in self._files if file.kind == "xml"]
            self._xml = [root for root in roots if root is not None]
        steps = path.split(".")
        return [text for root in self._xml for text in _under(root, steps)][:MOST_VALUES]


def _properties(text: str, into: dict[str, list[str]]) -> None:
    within = ""  # a component whose times are none of an event
    for line in re.sub(r"\n[ \t]", "", text).split("\n"):
        name, value = _property(line)
        if name in ("BEGIN", "END") and value.upper() in ("VTIMEZONE", "VALARM"):
            within = value if name == "BEGIN" else ""
        if name and value and not within:
            found = into.setdefault(name, [])
            if len(found) < MOST_VALUES:
                found.append(value)


def _property(line: str) -> tuple[str, str]:
    quoted = False
    for index, char in enumerate(line[:2000]):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            value = _ESCAPE.sub(lambda match: " " if match[1] in "nN" else match[1], line[index + 1 :]).strip()
            name, _, parameters = line[:index].partition(";")
            return name.strip().upper(), _universal(value, parameters)
    return "", ""


def _universal(value: str, parameters: str) -> str:
    """A local time with its TZID in UTC, "" where that is no zone which is known; any other value as it is."""
    zone = _ZONE.search(parameters)
    if zone is None or not _LOCAL.fullmatch(value):
        return value
    try:
        local = datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=ZoneInfo(zone[1]))
        return local.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    except (ValueError, OverflowError, OSError, ZoneInfoNotFoundError):
        return ""


def _decoded(text: str) -> Any:
    start = text[:MOST_TEXT].lstrip()
    if not start.startswith(("{", "[")):
        return None
    try:
        return json.JSONDecoder().raw_decode(start)[0]
    except (ValueError, RecursionError):
        return None


def _at(value: Any, path: list[str]) -> Iterator[str]:
    """Breadth first, so that a path costs what it meets and no more."""
    level = [value]
    for step in path:
        below: list[Any] = []
        for node in level:
            if isinstance(node, list):
                below += (
                    node if step == "*" else [node[int(step)]] if step.isdecimal() and int(step) < len(node) else []
                )
            elif isinstance(node, dict):
                below += node.values() if step == "*" else [node[step]] if step in node else []
            if len(below) > MOST_NODES:
                break
        level = below
    for node in level:
        if isinstance(node, bool) or node is None:
            yield str(node).lower() if node is not None else ""
        elif isinstance(node, str | int | float):
            yield str(node)


def _parsed(text: str) -> ElementTree.Element | None:
    if "<!doctype" in text.lower() or "<!entity" in text.lower():
        return None
    try:
        return ElementTree.fromstring(text.strip().encode("utf-8", "replace"))  # noqa: S314 - small, without a DTD
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def _under(root: ElementTree.Element, path: list[str]) -> Iterator[str]:
    level = [root] if _local(root) == path[0] else []
    for step in path[1:]:
        if step.startswith("@"):
            yield from (
                value
                for element in level
                for key, value in element.attrib.items()
                if key.rpartition("}")[2] == step[1:]
            )
            return
        level = [child for element in level for child in element if step in ("*", _local(child))][:MOST_NODES]
    for element in level:
        if element.text and element.text.strip():
            yield " ".join(element.text.split())


def _local(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]
