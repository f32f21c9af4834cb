"""Numbers of a query, as JavaScript reads them."""

from __future__ import annotations

import pytest

from gateway.simulator.validate import query_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("7.0", 7),
        ("1e1", 10),
        ("0x10", 16),
        ("+5", 5),
        ("1_000", None),
        ("nan", None),
        ("inf", None),
        ("", None),
    ],
)
def test_a_number(text: str, value: int | None) -> None:
    found, issues = query_number({"limit": text}, "limit", 25, 100)

    assert (found, bool(issues)) == (value or 25, value is None)
