"""Which addresses are ours."""

from __future__ import annotations

import pytest

from gateway.config.load import parse
from gateway.match.ours import Ours

BOXES = [
    {"address": "support@msp.example", "aliases": ["help@msp.example", "@desk.example"]},
    {"address": "sales@msp.example", "tags": False},
]
SETTINGS = parse({"desk": {"url": "http://desk/api/v1", "api_key": "k"}, "mailbox": BOXES}, {})


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("support@msp.example", True), ("Support@MSP.example", True), ("support+web@msp.example", True),
        ("help@msp.example", True), ("help+x@msp.example", True), ("anything@desk.example", True),
        ("any+tag@DESK.example", True), ("sales@msp.example", True), ("sales+x@msp.example", False),
        ("supporter@msp.example", False), ("support@msp.example.evil.example", False), ("x@sub.desk.example", False),
        ("desk.example", False), ("", False), ("@", False), ("+@msp.example", False), ("@desk.example", False),
    ],
)  # fmt: skip
def test_is_ours(address: str, expected: bool) -> None:
    assert (address in Ours(SETTINGS.own_addresses())) is expected
