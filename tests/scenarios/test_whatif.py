"""Another configuration over kept mail: what would have changed is counted and listed, and nothing is done.
(That the same configuration changes nothing is looked at after every scenario.)"""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.config.load import parse
from gateway.desk.directory import Directory
from gateway.operate.preview import whatif
from gateway.operate.preview.deciders import Deciders
from gateway.operate.preview.kept import batches
from gateway.operate.preview.whatif import Report, replay
from gateway.simulator import timesheet
from gateway.work.rules import boards_named
from tests.scenarios.scripts import ALICE, EVE, GIL
from tests.scenarios.stage import M, Stage, settings_for
from tests.scenarios.vendors import BACKUP, DAY, HOUR, Machine, opened, write


async def tried(stage: Stage, processes: int = 0, **changes: Any) -> Report:
    """What the changed configuration would make of the stage's mail; by several processes, twice: once when nothing
    was read before."""
    data = {**settings_for(), "store": {"url": stage.settings.store.url, "min_free": 0}, **changes}
    settings = parse(data, {})
    old = stage.directories["default"]
    directory = Directory(old.desk, old.settings, list(settings.mailbox), boards_named(settings))
    assert await directory.refresh()

    def read(operation: Any) -> Any:
        with stage.store.engine.connect() as connection:
            return operation(connection)

    parser, directories = stage.planner.parser, {"default": directory}
    if not processes:
        return await replay(read, parser, directories, settings, 0.0)
    with Deciders(settings, directories, processes, b"this program") as deciders:
        first, again = [await replay(read, parser, directories, settings, 0.0, deciders=deciders) for _ in range(2)]
    assert first == again
    return again


async def test_a_new_rule_shows_what_it_would_do(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    for mail in (M("a", ALICE, "Printer"), M("b", GIL, "Screen"), M("c", ALICE, reply="a"), M("d", EVE, "Win money")):
        await stage.accept(mail)
        await stage.work()
    before = len(stage.simulator.desk.tickets), len(stage.simulator.desk.comments)

    report = await tried(
        stage,
        rule=[
            {
                "name": "p",
                "when": [{"field": "subject", "contains": "printer"}],
                "board": "Sales",
                "priority": "Urgent",
            },
            {"name": "w", "when": [{"field": "subject", "contains": "money"}], "skip": True},
            {"name": "r", "when": [{"field": "from", "contains": "alice"}], "on": "reply", "priority_at_least": "high"},
        ],
        priorities=["Low", "High"],
    )
    await stage.close()

    assert report.mails == 4
    assert len(report.changes) == 3
    assert "priority at least - -> High" in report.changes[1].words()
    assert report.counts["ticket -> suppress skipped-by-rule"] == 1
    assert report.counts["board"] == report.counts["priority"] == 1
    assert "board Support -> Sales" in report.changes[0].words()
    assert (len(stage.simulator.desk.tickets), len(stage.simulator.desk.comments)) == before


async def test_a_mapped_domain_shows_whose_mail_it_would_be(tmp_path: Path, migrated_file: Path) -> None:
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    await stage.accept(M("a", EVE, "Hello"))
    await stage.work()

    report = await tried(stage, domain=[{"domain": "evil.example", "client": "Globex"}])
    await stage.close()

    assert [change.words() for change in report.changes] == ["client Unknown Senders -> Globex"]


@pytest.mark.parametrize(
    ("role", "minutes", "closed", "why", "product"),
    [
        ("Admin", None, 1, "", "psa"),
        ("Admin", 0, 0, "somebody booked time on it", "psa"),
        ("Dispatcher", None, 0, "timeentry:read", "psa"),
        ("Dispatcher", None, 1, "", "algadesk"),
    ],
    ids=["untouched", "a timer runs", "without the right", "nobody can"],
)
async def test_a_look_back_closes_what_nobody_booked_time_on(
    tmp_path: Path, migrated_file: Path, role: str, minutes: int | None, closed: int, why: str, product: str
) -> None:
    stage = await opened(tmp_path, migrated_file)
    stage.simulator.desk.seed.product = product
    for word in ("Failed", "Success"):
        await Machine(stage, BACKUP).says(f"[{word}] Job 1 (3 objects)", "Veeam Backup & Replication", after=HOUR)
    if minutes is not None:
        timesheet.book(stage.simulator.desk, stage.order[0], "tess@msp.example", minutes)
    (key,) = stage.simulator.desk.keys.values()
    key["user"]["roles"][0]["role_name"] = role

    tally = (await tried(stage, notice=({"profile": "veeam", "senders": ["mon.msp.example"]},))).notices["veeam"]
    await stage.close()

    assert tally.closed == closed
    assert [why in left[2] for left in tally.left] == [True] * (1 - closed)


async def test_a_new_profile_over_a_month_of_notices(tmp_path: Path, migrated_file: Path) -> None:
    """Tickets before and after, what would have been closed by its recovery, and what left open and why."""
    stage = await opened(tmp_path, migrated_file)
    backup = Machine(stage, BACKUP)
    nights = 30
    for night in range(nights):
        for job in ("Mail", "Files"):
            failed = night % 10 < 2 if job == "Mail" else night % 10 == 5
            word = "Failed" if failed else "Success"
            await backup.says(f"[{word}] {job} ({night} objects)", "Veeam Backup & Replication", after=DAY / 2)
    made = len(stage.order)
    tenth = next(number for number in range(1, made + 1) if "[Failed] Files" in stage.ticket(number)["title"])
    await write(stage, tenth)
    calls = len(stage.simulator.desk.calls)

    report = await tried(stage, notice=({"profile": "veeam", "senders": ["mon.msp.example"]},))
    methods = {call.method for call in stage.simulator.desk.calls[calls:]}
    await stage.close()

    tally = report.notices["veeam"]
    assert (tally.mails, tally.unread, tally.tickets_before) == (2 * nights, 0, made)
    assert tally.tickets == 6 and tally.tickets < made
    assert tally.closed + len(tally.left) == 6
    assert methods == {"GET"}


def some_rule(chance: random.Random, number: int) -> dict[str, Any]:
    """A rule of any kind, on what the mails of the test have."""
    when = {
        "field": chance.choice(["subject", "body", "from", "requester", "class", "header:x-site", "attachment"]),
        "contains": chance.choice(["a", "printer", "again", "alice", "human", "example", "7"]),
    }
    does = chance.choice(
        (
            *({"priority": "High"}, {"client": "Globex"}, {"tags": ["seen"]}, {"board": "Sales"}, {"internal": True}),
            *({"skip": True}, {"quarantine": True}, {"title": "{subject}!"}),
        )
    )
    ends = "skip" in does or "quarantine" in does
    on = "any" if does.keys() & {"skip", "quarantine", "tags", "internal"} else "new"
    return {"name": f"r{number}", "when": [when], "on": on, "go_on": not ends and chance.random() < 0.7, **does}


async def test_several_processes_find_what_one_does(
    tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a configuration of generated rules, with replies, vendors' notices and a desk that has to be asked."""
    monkeypatch.setattr(whatif, "batches", partial(batches, most=4))
    stage = await opened(tmp_path, migrated_file)
    backup = Machine(stage, BACKUP)
    for number in range(12):
        reply = f"m{number - 1}" if number % 4 == 3 else ""
        who = (ALICE, GIL, EVE)[number % 3]
        await stage.accept(M(f"m{number}", who, f"Printer {number}", text=f"It burns {number}.", reply=reply))
        if number % 3 == 0:
            word = "Failed" if number % 2 else "Success"
            await backup.says(f"[{word}] Job 1 (3 objects)", "Veeam Backup & Replication", after=HOUR)
        await stage.work()
    chance = random.Random(7)
    rules = [some_rule(chance, number) for number in range(8)]
    boxes = [{**box, "infer_client": False, "contacts": "always"} for box in settings_for()["mailbox"]]
    changes = {"rule": rules, "mailbox": boxes, "notice": ({"profile": "veeam", "senders": ["mon.msp.example"]},)}
    alone = await tried(stage, **changes)
    assert await tried(stage, processes=2, **changes) == alone
    assert len(alone.counts) > 2 and alone.notices["veeam"].mails == 4
    await stage.close()
