"""What the desk says of booked time, and what it leaves unsaid."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.desk.algapsa.timesheet import booked

UNTOUCHED = {"entries": [], "ownEntryCount": 0, "othersEntryCount": 0, "totalMinutes": 0}


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [
        (UNTOUCHED, False),
        ({**UNTOUCHED, "ownEntryCount": 1}, True),
        ({**UNTOUCHED, "othersEntryCount": 2, "totalMinutes": 75}, True),
        ({**UNTOUCHED, "othersEntryCount": 1}, True),  # a timer runs
        ({**UNTOUCHED, "entries": [{"notes": "?"}]}, False),
        ({"entries": [], "totalMinutes": 0}, None),
        ({"ownEntryCount": 0}, None),
        ({"ownEntryCount": 3}, None),
        ({**UNTOUCHED, "othersEntryCount": None}, None),
        ({**UNTOUCHED, "othersEntryCount": "0"}, None),
        ({**UNTOUCHED, "ownEntryCount": False}, None),
        ({**UNTOUCHED, "ownEntryCount": -1}, None),
        ([], None),
        ([{"entry_id": "1"}], None),
        (None, None),
        ("", None),
    ],
)
def test_counts_alone_say_whether_time_was_booked(sheet: Any, expected: bool | None) -> None:
    assert booked(sheet) is expected
