"""The simulated desk answers as the real one did: status, headers, shape and error code.

All of it must agree.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest

import tests.contract.replay as replay
from tests.contract.second import NOT_SIMULATED, left_out

NOT_PLAYED = 31


@pytest.fixture(scope="module")
def outcomes() -> list[replay.Outcome]:
    groups: dict[str, list[replay.Exchange]] = defaultdict(list)
    for exchange in replay.exchanges():
        if exchange.group != "second" or not left_out(exchange):
            groups[exchange.group].append(exchange)
    return [outcome for group, wanted in groups.items() for outcome in replay.replay(group, wanted)]


def test_the_share_that_agrees(outcomes: list[replay.Outcome], capsys: pytest.CaptureFixture[str]) -> None:
    differ = {outcome.exchange.name: outcome.differences for outcome in outcomes if outcome.differences}
    share = 1 - len(differ) / len(outcomes)
    errors = [outcome.same_error for outcome in outcomes if outcome.same_error is not None]
    with capsys.disabled():
        print(
            f"\nrecorded exchanges: {len(outcomes)}, agreeing in status, headers, shape and code: {share:.1%}; "
            f"error answers equal word for word: {sum(errors)} of {len(errors)}"
        )
        for name, differences in differ.items():
            print(f"  {name}: {'; '.join(differences)}")
    assert len(outcomes) == 585 + 298 + 14 - NOT_PLAYED
    assert differ == {}


def test_what_is_not_simulated_is_named_and_counted() -> None:
    """So that a recording that fits one of the reasons by chance is seen."""
    reasons = Counter(
        why for exchange in replay.exchanges() if exchange.group == "second" and (why := left_out(exchange))
    )

    assert sum(reasons.values()) == NOT_PLAYED
    assert set(reasons) == {why for _, why in NOT_SIMULATED}


def test_error_answers_are_the_same_word_for_word(outcomes: list[replay.Outcome]) -> None:
    assert [outcome.exchange.name for outcome in outcomes if outcome.same_error is False] == []
