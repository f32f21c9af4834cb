"""Durations of calendars: days are those of the calendar, hours pass on no clock. Source: RFC 5545, 3.3.6."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


def end_of(begin: datetime, days: timedelta, hours: timedelta, zone: tzinfo) -> datetime:
    """The end, in UTC, of what begins at a local time of ``zone`` and lasts for ``days`` and then ``hours``: four hours
    in the night in which the clock goes back end three hours later by the clock. Raises OverflowError."""
    return (begin + days).replace(tzinfo=zone).astimezone(UTC) + hours
