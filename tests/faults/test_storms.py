"""The short form of the storms."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import storms
from tests.peers import Missing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # a busy machine starts processes slowly


def test_poison_is_quarantined_while_other_mail_flows(tmp_path: Path) -> None:
    found = storms.poison(tmp_path, 1, others=20)

    assert found.verdict.all() == []
    assert found.quarantined == 3


def test_one_sender_is_held_back_and_others_are_not(tmp_path: Path) -> None:
    found = storms.one_sender(tmp_path, 1, mails=90, tickets=20, mails_per_sender=60, others=4)

    assert found.verdict.all() == []


def test_what_waited_for_a_day_drains_within_the_desks_limit(tmp_path: Path) -> None:
    try:
        found = storms.outage(tmp_path, 1, mails=40, rate=240)
    except Missing as missing:
        pytest.skip(f"NOT TESTED: {missing}")

    assert found.verdict.all() == []


def test_a_slow_desk_is_not_a_dead_one(tmp_path: Path) -> None:
    assert storms.slow(tmp_path, 1, mails=30, scale=1 / 28).verdict.all() == []
