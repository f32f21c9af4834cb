"""The layouts of products at the desk: a ticket for the problem, closed after the hold by its end and by no other,
reopened when it comes back, left open where a technician wrote."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from gateway.config import profiles
from gateway.config.fixture import FixturePart
from gateway.notices import fixtures
from tests.scenarios.stage import M, Stage
from tests.scenarios.vendors import HOUR, MINUTE, finish, is_open, notes, opened, write
from tests.sizes import size

LAYOUTS = [
    ("nagios", "service problem", "service recovery"),
    ("nagios", "host down", "old Nagios, host"),
    ("nagios", "a service on a, of a host b on c", "its recovery"),
    ("nagios", "Checkmk service gets worse", "Checkmk service recovers"),
    ("uptime-kuma", "down", "up"),
    ("uptimerobot", "a table, down", "a table, up"),
    ("uptimerobot", "older layout, down", "older layout, up"),
    ("zabbix", "problem", "resolved"),
    ("zabbix", "a service", "a service is well"),
    ("prtg", "a table with a priority of stars", "its end, from down to up"),
    ("apc-ups", "on battery", "no longer on battery"),
    ("apc-ups", "battery low", "battery no longer low"),
    ("apc-ups", "load too high", "load well again"),
    ("apc-ups", "an older apcupsd, power failure", "an older apcupsd, power is back"),
    ("apc-ups", "apcupsd lost its UPS", "apcupsd found it again"),
    ("veeam", "failed", "success behind a gateway's banner"),
    ("veeam", "Microsoft 365, failed", "Microsoft 365, well, with a time"),
    ("cloudwatch", "alarm", "ok"),
    ("azure-monitor", "fired", "resolved"),
    ("proxmox", "failed", "successful"),
    ("alertmanager", "firing", "resolved"),
    ("site24x7", "trouble", "up"),
    ("healthchecks", "down", "up, while others are down"),
    ("netdata", "attention", "recovered"),
    ("beszel", "down", "up"),
    ("beszel", "too high", "below again"),
    ("jenkins", "failed", "back to normal"),
    ("opsgenie", "raised", "closed"),
    ("maintenance", "a carrier with two lines of times", "cancelled in a sentence"),
]
NAMES = sorted({name for name, _, _ in LAYOUTS})
_numbers = itertools.count(1)


def fixture(profile: str, name: str) -> FixturePart:
    found = profiles.read(profiles.SHIPPED / f"{profile}.toml").profile.fixture
    return next(part for part in found if part.name == name)


async def sends(stage: Stage, profile: str, name: str, after: float = MINUTE, work: float | None = 1.0) -> str:
    """The mail of a fixture as the product's machine sends it: the key by which to ask what became of it."""
    key, sender = f"layout-{next(_numbers)}", f"{profile}@mon.msp.example"
    date = format_datetime(datetime.fromtimestamp(stage.now + after, UTC))
    changed = {"sender": sender, "date": date, "headers": {"Message-ID": f"<{key}@mon.msp.example>"}}
    raw = fixtures.mail_of(fixture(profile, name).model_copy(update=changed), profiles.SHIPPED)
    await stage.accept(M(key, sender, raw=raw, verdict="pass", after=after))
    await stage.work(work) if work is not None else await stage.work()
    return key


async def stage_for(folder: Path, migrated: Path) -> Stage:
    on = [
        {"profile": name, "senders": [f"{name}@mon.msp.example"], "client": "Acme", "storm": 0, "close": True}
        for name in NAMES
    ]
    return await opened(folder, migrated, *on)


async def test_each_layout_opens_closes_and_reopens_its_ticket(tmp_path: Path, migrated_file: Path) -> None:
    stage, some = await stage_for(tmp_path, migrated_file), LAYOUTS[:: size(2, 1)]
    numbers: dict[str, int] = {}
    for layout in some:
        profile, problem, end = layout
        number = len(stage.order) + 1
        assert await stage.outcome(await sends(stage, profile, problem)) == f"ticket {number}", layout
        numbers[" ".join(layout)] = number
    for layout in some:
        profile, problem, end = layout
        number = numbers[" ".join(layout)]
        await sends(stage, profile, end, HOUR, None)
        assert not is_open(stage, number), layout
        assert "Closed: nobody had touched" in notes(stage, number)[-1]
        if number % 4 == 0:
            await sends(stage, profile, problem, HOUR)
            assert is_open(stage, number), layout
    await finish(stage)


async def test_no_end_closes_the_ticket_of_another_layout(tmp_path: Path, migrated_file: Path) -> None:
    """Many are open at once; each end closes one."""
    stage, some = await stage_for(tmp_path, migrated_file), LAYOUTS[1 :: size(4, 2)]
    for profile, problem, _ in some:
        await sends(stage, profile, problem)
    for done, (profile, _, end) in enumerate(some):
        await sends(stage, profile, end, HOUR, None)
        assert [is_open(stage, number + 1) for number in range(len(some))] == [n > done for n in range(len(some))]
    await finish(stage)


async def test_a_ticket_on_which_a_technician_wrote_stays_open(tmp_path: Path, migrated_file: Path) -> None:
    stage = await stage_for(tmp_path, migrated_file)
    for number, (profile, problem, end) in enumerate(LAYOUTS[::6], 1):
        await sends(stage, profile, problem)
        await write(stage, number)
        await sends(stage, profile, end, HOUR, None)

        assert is_open(stage, number)
        assert "Left open: somebody wrote on it" in notes(stage, number)[-1]
    await finish(stage)
