"""How much a test does: ``make test`` takes the short form, ``make long`` the full one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, TypeVar

T = TypeVar("T")

LONG = os.environ.get("GATEWAY_TESTS") == "long"


def size(short: T, full: T) -> T:
    """A number, or whatever says how much."""
    return full if LONG else short


def pairs(rows: Iterable[Any], columns: Sequence[Any], short: int) -> list[tuple[Any, Any]]:
    """Every row with every column; in the short form each row with so many of the columns, which take turns, so that
    every column comes about as often."""
    if LONG:
        return list(product(rows, columns))
    each = list(columns)
    return [
        (row, each[(number * short + turn) % len(each)])
        for number, row in enumerate(rows)
        for turn in range(min(short, len(each)))
    ]
