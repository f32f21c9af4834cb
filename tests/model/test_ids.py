"""Delivery ids."""

from __future__ import annotations

import uuid

from gateway.model.ids import uuid7


def test_version_variant_and_time() -> None:
    made = uuid.UUID(uuid7(1_800_000_000.123))

    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == 1_800_000_000_123


def test_unique_and_ordered_by_time() -> None:
    ids = [uuid7(1_800_000_000 + n / 1000) for n in range(1000)]

    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
    assert len({uuid7(1.0) for _ in range(1000)}) == 1000
