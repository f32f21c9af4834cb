"""What the configuration names and the desk does not have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.scenarios.play import play
from tests.scenarios.scripts import ALICE, Scenario
from tests.scenarios.scripts_requesters import PRINTER, rule, ruled
from tests.scenarios.stage import M

NAMES: list[tuple[str, dict[str, Any]]] = [
    ("rule not used", ruled(rule(PRINTER, board="Nowhere"))),
    ("rule not used", ruled(rule(PRINTER, board="Support", status="Nowhere"))),
    ("rule not used", ruled(rule(PRINTER, priority="Nowhere"))),
    ("priority not used", ruled(importance={"high": "Nowhere"})),
    ("priority not used", ruled(priorities=["Low", "Nowhere"])),
]


@pytest.mark.parametrize(("event", "config"), NAMES)
async def test_it_is_told_once_in_the_log_and_mail_goes_on(
    event: str, config: dict[str, Any], tmp_path: Path, migrated_file: Path
) -> None:
    mails = [(M("a", ALICE, "printer"), "ticket 1"), (M("b", ALICE, "printer again"), "ticket 2")]
    with capture_logs() as logged:
        assert (
            await play(Scenario("names", mails, config=config), tmp_path, migrated_file, is_decided_again=False) == []
        )
    told = [line for line in logged if line["log_level"] == "error"]
    assert [line["event"] for line in told] == [event]
    assert "'Nowhere'" in told[0]["why"]
