"""The simulated desk answers as the real one did: status, headers, shape and error code.

All of it must agree.
"""

from __future__ import annotations

from collections import defaultdict

import pytest

import tests.contract.replay as replay


@pytest.fixture(scope="module")
def outcomes() -> list[replay.Outcome]:
    groups: dict[str, list[replay.Exchange]] = defaultdict(list)
    for exchange in replay.exchanges():
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
    assert len(outcomes) > 580
    assert differ == {}


def test_error_answers_are_the_same_word_for_word(outcomes: list[replay.Outcome]) -> None:
    assert [outcome.exchange.name for outcome in outcomes if outcome.same_error is False] == []
