"""Without one of its guards the gateway fails the campaign: a test that cannot fail proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.campaign import run
from tests.faults.deskfaults import LATE_COMMIT
from tests.faults.site import SETTLE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a busy machine starts processes slowly


@pytest.mark.parametrize(
    ("guard", "kind", "wrong"),
    [
        ("marker", "drop", "doubled"),
        ("settle", "late", "doubled"),
        ("reservation", "drop", "disordered"),
        ("sent", "drop", "doubled"),
    ],
)
def test_without_a_guard_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guard: str, kind: str, wrong: str
) -> None:
    """Of three seeds one must show it: whether a mail meets the fault is a matter of the moment."""
    monkeypatch.setitem(LATE_COMMIT[0], "seconds", SETTLE)  # a busy machine sends again within it, too
    folders = {seed: tmp_path / str(seed) for seed in (1, 2, 3)}
    for path in folders.values():
        path.mkdir()
    found = (run(kind, folder, seed, mails=60, seconds=2, sabotage=guard, drain=15) for seed, folder in folders.items())

    assert any(getattr(run.verdict, wrong) for run in found)
