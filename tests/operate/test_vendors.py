"""Vendors' problems: when they close, and ending what belongs to something that is gone."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from gateway.operate import vendors
from gateway.store import acts, expectations
from gateway.store.acts import Actor
from gateway.store.operator import NotPossible
from tests.scenarios.vendors import NAGIOS, Machine, is_open, opened, problem_rows

LEA = Actor("lea", "page", "192.0.2.7")


async def test_what_is_over_says_when_it_closes_and_what_is_gone_is_ended(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage)
    for server in ("web01/HTTP", "web02/HTTP"):
        await machine.service("CRITICAL", server)
    await machine.service("OK", "web02/HTTP")
    found = await stage.store.read(partial(vendors.vendors, settings=stage.settings, now=stage.now))
    number = found.opened[0]["number"]
    when = found.closes[found.closing[0]["id"]]
    words = await stage.store.write(partial(vendors.end, name=number, actor=LEA, why="scrapped", now=stage.now))
    after = await stage.store.read(partial(vendors.vendors, settings=stage.settings, now=stage.now))
    with pytest.raises(NotPossible, match="no open problem has"):
        await stage.store.write(partial(vendors.end, name=number, actor=LEA, why="", now=stage.now))
    (written,) = await stage.store.read(partial(acts.newest, most=5))
    was_open = is_open(stage, 1)
    await machine.service("CRITICAL", "web01/HTTP")
    again = [row for row in await problem_rows(stage) if row["object"].startswith("web01") and row["state"] == "open"]
    tickets = len(stage.simulator.desk.tickets)
    await stage.close()

    assert [row["object"] for row in found.opened] == ["web01"]
    assert stage.now < when <= stage.now + 3600
    assert "web01" in words and number in words
    assert not after.opened
    assert (written["who"], written["what"], written["why"], written["address"]) == (
        "lea",
        "end",
        "scrapped",
        "192.0.2.7",
    )
    assert number in written["detail"]
    assert was_open, "the ticket is the technicians'"
    assert len(again) == 1
    assert tickets == 2, "what writes again is open again, on the ticket that is there"


async def test_a_planned_closing_of_an_ended_problem_closes_nothing(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage)
    await machine.service("CRITICAL")
    await machine.service("OK", work=None)
    await stage.work(0)
    (row,) = await problem_rows(stage)
    await stage.store.write(partial(vendors.end, name=row["id"][:8], actor=LEA, why="", now=stage.now))
    await stage.work(4 * 3600)
    stays = is_open(stage, 1)
    await stage.close()

    assert stays


async def test_what_is_gone_is_no_longer_expected(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    await stage.store.write(
        partial(expectations.look_for, desk="default", source="nagios", name="daily", object_="nas", now=1.0)
    )
    words = await stage.store.write(
        partial(vendors.forget, notice="nagios", object_="nas", actor=LEA, why="sold", now=stage.now)
    )
    with pytest.raises(NotPossible, match="expects no mail"):
        await stage.store.write(
            partial(vendors.forget, notice="nagios", object_="nas", actor=LEA, why="", now=stage.now)
        )
    (written,) = await stage.store.read(partial(acts.newest, most=5))
    await stage.close()

    assert words == "nagios: nas"
    assert (written["what"], written["detail"]) == ("forget", "nagios, nas")


async def test_a_closing_that_cannot_be_read_hides_no_other(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage)
    for server in ("web01/HTTP", "web02/HTTP"):
        await machine.service("CRITICAL", server)
        await machine.service("OK", server)
    await stage.store.write(
        lambda c: c.exec_driver_sql(
            "UPDATE effect SET body = CAST(x'ff00ff' AS TEXT) WHERE rowid IN"
            " (SELECT rowid FROM effect WHERE kind = 'close' AND state = 'TODO' LIMIT 1)"
        )
    )
    closes = await stage.store.read_to_show(vendors.closing_at)
    await stage.close()

    assert len(closes) == 1


async def test_an_id_of_which_several_begin_so_names_them(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, NAGIOS)
    machine = Machine(stage)
    for server in ("web01/HTTP", "web02/HTTP"):
        await machine.service("CRITICAL", server)
    await stage.store.write(lambda c: c.exec_driver_sql("UPDATE problem SET id = 'abcdef' || substr(id, 7)"))
    with pytest.raises(NotPossible, match=r"give the id of one: abcdef\w{6}, abcdef\w{6}"):
        await stage.store.write(partial(vendors.end, name="abcdef", actor=LEA, why="", now=stage.now))
    await stage.close()
