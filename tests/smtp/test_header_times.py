"""No header keeps the event loop from others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.smtp.headershapes import SHAPES, in_the_loop


@pytest.mark.parametrize("relay", [False, True], ids=["direct", "behind a relay"])
@pytest.mark.parametrize("shape", SHAPES)
async def test_a_header_block_of_256_kb_takes_under_10_ms_of_the_loop(shape: str, relay: bool, tmp_path: Path) -> None:
    best = min([await in_the_loop(SHAPES[shape], tmp_path, relay) for _ in range(5)])

    assert best < 0.010, f"{1000 * best:.1f} ms"
