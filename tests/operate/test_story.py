"""One mail as a story."""

from __future__ import annotations

from datetime import UTC

from gateway.model.effects import BODIES
from gateway.operate import story
from gateway.operate.access import Access
from gateway.work.effects import KINDS
from tests.scenarios.stage import Stage


def test_every_effect_has_words() -> None:
    assert all(KINDS[kind].did for kind in BODIES)


async def test_what_happened(stage: Stage, access: Access) -> None:
    told = {
        name: access.look(lambda c, name=name: story.tell(c, name, stage.settings.retention, stage.now, UTC))
        for name in ("1", "#3", stage.ids["again"], "<printer@acme.example>")
    }

    assert [line.words for line in told["1"].happened][1:] == ["made ticket TIC001001"]
    assert told["<printer@acme.example>"].mail.number == 1
    assert [mail.number for mail in told[stage.ids["again"]].neighbours] == [1]
    held = told["#3"]
    assert held.remedy == "Look at the sender; release it as a new ticket, or drop it."
    assert [act.name for act in held.acts] == ["release", "let-in", "drop"]
    assert held.rules[-1].follows == "quarantine"
    assert round(held.goes_away - stage.now) == round(stage.settings.retention.quarantined - 3)
