"""Moments as vendors write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from functools import partial

_CALENDAR = re.compile(r"(\d{8}T\d{6})(Z?)$")
_EPOCH = re.compile(r"\d{9,10}(?:\.\d{1,6})?$|\d{13}$")
_UNIVERSAL = re.compile(r"\s*\(?(?:\b(?:UTC|GMT)\b(?![+-]\d)|(?<=\d)Z(?!\w))\)?", re.IGNORECASE)
_OFFSET = re.compile(r"\s?\b(?:UTC|GMT)\s?([+-])(\d{1,2})(?::?(\d{2}))?\b", re.IGNORECASE)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()


def moment(text: str, formats: Sequence[str] = (), zone: tzinfo | None = None) -> float:
    """Seconds since the epoch, 0.0 when it is not understood, or names no zone and none is given."""
    text = " ".join(text[:100].split())
    if not text:
        return 0.0
    if _EPOCH.match(text):
        return _sane(float(text) / (1000 if len(text) == 13 else 1))
    found = _read(text, formats)
    if found is None:
        return 0.0
    if found.tzinfo is None:
        if zone is None:
            return 0.0
        found = found.replace(tzinfo=zone)
    try:
        return _sane(found.timestamp())
    except (OverflowError, ValueError):
        return 0.0


def _sane(seconds: float) -> float:
    return seconds if 0 < seconds < _LATEST else 0.0


def _read(text: str, formats: Sequence[str]) -> datetime | None:
    """A moment, without a zone where the text names none."""
    if match := _CALENDAR.match(text):
        text, formats = match[1] + match[2], ("%Y%m%dT%H%M%S",)
    text = _OFFSET.sub(lambda match: f" {match[1]}{match[2]:>02}{match[3] or '00'}", text)
    bare = _UNIVERSAL.sub("", text)
    shapes = [zoned for shape in formats for zoned in (shape, f"{shape} %z")]
    ways: list[Callable[[str], datetime]] = [partial(_by_shape, shape) for shape in shapes]
    for way in (*ways, datetime.fromisoformat):
        if found := _tried(way, bare):
            return found.replace(tzinfo=found.tzinfo or UTC) if bare != text else found
    return _tried(parsedate_to_datetime, text)


def _by_shape(shape: str, text: str) -> datetime:
    return datetime.strptime(text, shape)


def _tried(way: Callable[[str], datetime], text: str) -> datetime | None:
    try:
        return way(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
