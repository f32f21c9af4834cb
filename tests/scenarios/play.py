"""Playing one scenario."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.operate.preview.whatif import replay
from gateway.simulator import comments, tickets
from gateway.simulator.state import LOUD
from gateway.store import counts
from tests.scenarios.scripts import Scenario
from tests.scenarios.stage import M, Stage, settings_for

KNOWN_KEYS = {
    kind: {name for name, *_ in fields}
    for kind, fields in (
        ("comment", comments._CREATE),
        ("create_ticket", tickets._CREATE),
        ("update_ticket", tickets._UPDATE),
        ("status", tickets._STATUS),
    )
}


async def play(scenario: Scenario, folder: Path, migrated: Path, *, is_decided_again: bool = True) -> list[str]:
    """Play it; what did not become what it should."""
    stage = Stage(folder, migrated, {**settings_for(**scenario.mailbox), **scenario.config})
    await stage.open()
    faults = []
    try:
        for row in scenario.rows:
            if not isinstance(row, tuple):
                await row(stage)
                continue
            mail, expected = row
            await stage.accept(fill(mail, stage))
            await stage.work()
            if (became := await stage.outcome(mail.key)) != expected:
                faults.append(f"{mail.key}: {became} instead of {expected}")
        if scenario.check is not None and not scenario.check(stage):
            faults.append("the check at the end failed")
        if is_decided_again:
            faults += await changes_nothing(stage)
        if len(found := refused(stage)) != scenario.refuses:
            faults += [f"the desk refused {refusal.method} {refusal.path}: {refusal.status}" for refusal in found]
        faults += [f"the desk's viewer would read again: {text[:200]}" for text in written(stage) if not aligned(text)]
        faults += [f"a key that the desk does not know: {name}" for name in unknown_keys(stage)]
        faults += [f"the desk mailed {mail.to}: {mail.why}" for mail in stage.simulator.desk.mails if mail.why in LOUD]
    finally:
        await stage.close()
    return faults


async def changes_nothing(stage: Stage) -> list[str]:
    """Deciding everything again under the same configuration changes nothing, and does nothing."""
    calls = len(stage.simulator.desk.calls)

    def read(operation: Any) -> Any:
        with stage.store.engine.connect() as connection:
            return operation(connection)

    report = await replay(read, stage.planner.parser, stage.directories, stage.settings, 0.0)
    faults = [f"{change.delivery} decided again: {change.words()}" for change in report.changes]
    if report.mails + report.left_out != read(counts.sums).accepted:
        faults.append(f"{report.mails} mails were decided again")
    if report.asked or len(stage.simulator.desk.calls) != calls:
        faults.append(f"deciding again asked {report.asked} questions and made calls")
    return faults


def written(stage: Stage) -> list[str]:
    """Every description and comment of the gateway at the desk."""
    desk = stage.simulator.desk
    tickets = [
        ticket["attributes"] for ticket in desk.tickets.values() if "email_gateway" in (ticket["attributes"] or {})
    ]
    comments = [
        comment for each in desk.comments.values() for comment in each if "email_gateway" in (comment["metadata"] or {})
    ]
    return [ticket["description"] for ticket in tickets] + [comment["note"] for comment in comments]


def unknown_keys(stage: Stage) -> set[str]:
    """Keys of requests that the desk drops in silence: a stricter one would refuse them."""
    found = set()
    for call in stage.simulator.desk.calls:
        if known := KNOWN_KEYS.get(call.kind):
            found |= {f"{call.kind}: {name}" for name in json.loads(call.body or b"{}") if name not in known}
    return found


def aligned(text: str) -> bool:
    """Whether the first block carries what keeps the desk's viewer from reading it as Markdown."""
    return bool(json.loads(text)[0]["props"]["textAlignment"] == "left")


def refused(stage: Stage) -> list[Any]:
    """What the desk refused, but for questions about tickets that are gone."""
    return [refusal for refusal in stage.simulator.desk.refusals if refusal.status != 404]


def fill(mail: M, stage: Stage) -> M:
    """{1} in a text or header is the id of the first ticket."""

    def put(text: str) -> str:
        for number, ticket_id in enumerate(stage.order, 1):
            text = text.replace("{" + str(number) + "}", ticket_id)
        return text

    headers = {name: put(value) for name, value in mail.headers.items()}
    return replace(mail, text=put(mail.text), html=put(mail.html), headers=headers)
