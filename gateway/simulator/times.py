"""Times as the desk writes and reads them: ISO 8601 with milliseconds and a Z."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import formatdate

# zod's datetime(): any number of fraction digits, only Z for the zone
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z")


def iso(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def http_date(seconds: float) -> str:
    return formatdate(seconds, usegmt=True)


def parse_iso(text: str) -> float | None:
    """Seconds of a time that the desk accepts, else None."""
    if not _DATETIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()
    except ValueError:
        return None
