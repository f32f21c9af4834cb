"""The short form of the campaign: 200 mails, kill -9, a lying desk. And that each guard is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import campaign


def test_every_mail_once_in_its_ticket_in_order(tmp_path: Path) -> None:
    assert campaign.run(tmp_path, mails=200, seed=1) == []


@pytest.mark.parametrize("guard", ["marker", "settle", "reservation", "sent"])
def test_without_a_guard_it_fails(tmp_path: Path, guard: str) -> None:
    """A test that cannot fail proves nothing."""
    assert campaign.run(tmp_path, mails=80, seed=1, kills=1, sabotage=guard, wait=60) != []
