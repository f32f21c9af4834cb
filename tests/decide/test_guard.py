"""Too much of one sender or one domain."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.stage import M, Stage, settings_for


async def outcomes(folder: Path, migrated: Path, guard: dict[str, int], senders: list[str]) -> list[str]:
    data = settings_for()
    data["guard"] = guard
    stage = Stage(folder, migrated, data)
    await stage.open()
    found = []
    for number, sender in enumerate(senders):
        await stage.accept(M(f"m{number}", sender, f"Number {number}"))
        await stage.work()
        found.append(await stage.outcome(f"m{number}"))
    await stage.close()
    return found


@pytest.mark.parametrize(
    ("guard", "senders", "last"),
    [
        ({"tickets_per_hour": 2}, ["a@x.example", "a@x.example", "a@x.example"], "quarantine rate-limited"),
        ({"tickets_per_hour": 2}, ["a@x.example", "a@x.example", "b@x.example"], "ticket 3"),
        ({"domain_tickets_per_hour": 2}, ["a@x.example", "b@x.example", "c@x.example"], "quarantine rate-limited"),
        ({"domain_tickets_per_hour": 2}, ["a@x.example", "b@y.example", "c@x.example"], "ticket 3"),
        ({"domain_tickets_per_hour": 2}, ["a@gmail.com", "b@gmail.com", "c@gmail.com"], "ticket 3"),
        ({"tickets_per_hour": 0}, ["a@x.example", "a@x.example", "a@x.example"], "ticket 3"),
    ],
)
async def test_the_last_of_three(
    tmp_path: Path, migrated_file: Path, guard: dict[str, int], senders: list[str], last: str
) -> None:
    assert (await outcomes(tmp_path, migrated_file, guard, senders))[-1] == last
