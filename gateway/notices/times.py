"""Moments as vendors write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime

_CALENDAR = re.compile(r"(\d{8}T\d{6})(Z?)$")
_EPOCH = re.compile(r"\d{9,10}(?:\.\d{1,6})?$|\d{13}$")
_UNIVERSAL = re.compile(r"\s*(?:\b(?:UTC|GMT)|(?<=\d)Z)\)?$", re.IGNORECASE)
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
    if match := _CALENDAR.match(text):
        found = _tried(lambda: datetime.strptime(match[1], "%Y%m%dT%H%M%S"))
        return found.replace(tzinfo=UTC) if found and match[2] else found
    universal = _UNIVERSAL.search(text)
    bare = text[: universal.start()] if universal else text
    for shape in formats:
        found = _tried(lambda shape=shape: datetime.strptime(bare, shape)) or _tried(
            lambda shape=shape: datetime.strptime(text, shape)
        )
        if found is not None:
            return found.replace(tzinfo=found.tzinfo or UTC) if universal else found
    found = _tried(lambda: datetime.fromisoformat(bare))
    if found is not None:
        return found.replace(tzinfo=found.tzinfo or UTC) if universal else found
    return _tried(lambda: parsedate_to_datetime(text))


def _tried(read: object) -> datetime | None:
    try:
        return read()  # type: ignore[operator,no-any-return]
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
