"""A ticket as the desk's own mail would leave it: who wrote, tags, devices, and the SLA clock of a desk that pauses by
status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.desk.records import Asset
from gateway.simulator import Seed, Simulator
from gateway.work.effects.link_asset import called
from tests.scenarios.scripts import ALICE, GIL, TESS
from tests.scenarios.stage import SUPPORT, M, Stage, close, settings_for
from tests.scenarios.vendors import MINUTE, NAGIOS, Machine, opened

ASSETS = [
    {"tag": "ACME-SRV-01", "name": "File server", "serial": "SN-1001", "client": "Acme"},
    {"tag": "ACME-PC-07", "name": "acme-pc-07.acme.example", "serial": "SN-1007", "client": "Acme"},
    {"tag": "ACME-PC-070", "name": "Other", "serial": "SN-10070", "client": "Acme"},
    {"tag": "TWIN", "name": "one", "serial": "S1", "client": "Acme"}, {"tag": "T2", "name": "twin", "serial": "S2", "client": "Acme"},
    {"tag": "GLOBEX-PC", "name": "globex-pc", "serial": "SN-2001", "client": "Globex"},
    {"id": "aaaaaaaa-0000-4000-8000-000000000001", "tag": "SHARED", "name": "a", "serial": "A1", "client": "Acme"},
    {"id": "aaaaaaaa-0000-4000-8000-000000000002", "tag": "SHARED", "name": "b", "serial": "B1", "client": "Globex"},
]  # fmt: skip
RULE = {
    "name": "device", "on": "any", "when": [{"field": "subject", "regex": r"on (?P<host>\S+)$"}], "asset": "{host}", "tags": ["from-mail", "host {host}"],
}  # fmt: skip


async def staged(folder: Path, migrated: Path, *rules: dict[str, Any], **mailbox: Any) -> Stage:
    stage = Stage(folder, migrated, {**settings_for(**mailbox), "rule": list(rules)})
    seeded = Simulator(Seed(rate_limit={"mode": "off"}, assets=ASSETS), clock=stage.clock)
    stage.simulator.desk.assets.update(seeded.desk.assets)
    await stage.open()
    return stage


def linked(stage: Stage, number: int = 1) -> list[str]:
    desk = stage.simulator.desk
    return [desk.assets[asset]["asset_tag"] for asset in desk.asset_links.get(stage.order[number - 1], {})]


def tags(stage: Stage, number: int = 1) -> list[str]:
    return list(stage.simulator.desk.tags.get(stage.order[number - 1], {}))


@pytest.mark.parametrize(
    ("host", "tag"),
    [
        ("ACME-SRV-01", "ACME-SRV-01"), ("acme-srv-01", "ACME-SRV-01"), ("SN-1001", "ACME-SRV-01"), ("acme-pc-07.acme.example", "ACME-PC-07"),
        ("ACME-PC-07", "ACME-PC-07"), ("ACME-PC", ""), ("twin", ""), ("GLOBEX-PC", ""), ("SHARED", "SHARED"), ("nowhere", ""), ("%", ""), ("___", ""), ("S1", ""),
    ],
)  # fmt: skip
async def test_the_one_device_of_the_client_or_none(host: str, tag: str, tmp_path: Path, migrated_file: Path) -> None:
    stage = await staged(tmp_path, migrated_file, RULE)
    await stage.accept(M("a", ALICE, f"Disk is full on {host}"))
    await stage.work()

    assert await stage.outcome("a") == "ticket 1"
    assert linked(stage) == ([tag] if tag else [])
    assert all(stage.simulator.desk.assets[asset]["client_id"] == stage.ticket(1)["client_id"] for asset in stage.simulator.desk.asset_links.get(stage.order[0], {}))
    await stage.close()


NAMED = {
    "name": "device", "on": "any", "asset": ["{host}", "{serial}", "{label}"], "when": [
        {"any": [{"field": "subject", "regex": r"on (?P<host>\S+)"}, {"field": "subject", "regex": "."}]},
        {"any": [{"field": "subject", "regex": r"serial (?P<serial>\S+)"}, {"field": "subject", "regex": "."}]},
        {"any": [{"field": "subject", "regex": r"label (?P<label>\S+)"}, {"field": "subject", "regex": "."}]},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "tag"),
    [
        ("on ACME-SRV-01 serial SN-1001", "ACME-SRV-01"), ("on nowhere serial SN-1001", "ACME-SRV-01"), ("serial SN-1007 label ACME-PC-07", "ACME-PC-07"), ("label ACME-SRV-01", "ACME-SRV-01"),
        ("on ACME-SRV-01 serial SN-1007", ""), ("on GLOBEX-PC serial SN-2001", ""), ("on ACME-SRV-01 serial SN-2001", "ACME-SRV-01"), ("on twin serial SN-1001", ""), ("nothing", ""),
    ],
)  # fmt: skip
async def test_several_names_of_a_device_mean_the_same_or_none(words: str, tag: str, tmp_path: Path, migrated_file: Path) -> None:
    stage = await staged(tmp_path, migrated_file, NAMED)
    await stage.accept(M("a", ALICE, f"Disk is full {words}"))
    await stage.work()

    assert await stage.outcome("a") == "ticket 1"
    assert linked(stage) == ([tag] if tag else [])
    await stage.close()


async def test_the_object_of_a_notice_once_the_ticket_is_its_clients(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "asset": True})
    asset = {"tag": "web01", "name": "Web server", "serial": "W1", "client": "Acme"}
    stage.simulator.desk.assets.update(Simulator(Seed(assets=[asset]), clock=stage.clock).desk.assets)
    assert await stage.outcome(await Machine(stage).service("CRITICAL", work=10 * MINUTE)) == "ticket 1"

    assert stage.client_of(1) == "Acme" and linked(stage) == ["web01"]
    await stage.close()


@pytest.mark.parametrize(
    ("assets", "tag"),
    [
        ([{"tag": "P-17", "name": "Battery of the server room", "serial": "AS1234567890", "client": "Acme"}], "P-17"),
        ([{"tag": "P-17", "name": "UPS-RACK1", "serial": "as1234567890", "client": "Acme"}], "P-17"),
        ([{"tag": "P-17", "name": "UPS-RACK1", "serial": "S1", "client": "Acme"}, {"tag": "P-18", "name": "b", "serial": "AS1234567890", "client": "Acme"}], ""),
        ([{"tag": "P-17", "name": "UPS-RACK1", "serial": "AS1234567890", "client": "Globex"}], ""),
    ],
)  # fmt: skip
async def test_a_notice_may_call_its_device_by_the_serial_number(assets: list[dict[str, Any]], tag: str, tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, {"profile": "apc-ups", "asset": True, "aliases": {"Server room Acme": "Acme"}})
    stage.simulator.desk.assets.update(Simulator(Seed(assets=assets), clock=stage.clock).desk.assets)
    body = "Name     : UPS-RACK1\nLocation : Server room Acme\nSerial Number : AS1234567890\nCode     : 0x0109\n\nWarning - UPS: On battery power."
    said = await Machine(stage).says("UPS-RACK1: Warning - UPS: On battery power in response to an input power problem.", body, work=10 * MINUTE)

    assert await stage.outcome(said) == "ticket 1" and stage.client_of(1) == "Acme"
    assert linked(stage) == ([tag] if tag else [])
    await stage.close()


async def test_what_is_there_already_is_done(tmp_path: Path, migrated_file: Path) -> None:
    """A second mail names the same device and tags: the desk answers 409, and nothing is missing."""
    stage = await staged(tmp_path, migrated_file, RULE)
    await stage.accept(M("a", ALICE, "Disk is full on ACME-SRV-01"))
    await stage.work()
    await stage.accept(M("b", ALICE, "Re: Disk is full on ACME-SRV-01", reply="a"))
    await stage.work()

    assert [await stage.outcome("a"), await stage.outcome("b")] == ["ticket 1", "comment 1"]
    assert (linked(stage), tags(stage)) == (["ACME-SRV-01"], ["from-mail", "host ACME-SRV-01"])
    assert {refusal.status for refusal in stage.simulator.desk.refusals} == {409}
    await stage.close()


async def test_a_ticket_that_moved_gets_no_device_of_its_old_client(tmp_path: Path, migrated_file: Path) -> None:
    stage = await staged(tmp_path, migrated_file, RULE)
    await stage.accept(M("a", ALICE, "Disk is full"))
    await stage.work()
    desk = stage.simulator.desk
    stage.ticket(1)["client_id"] = next(key for key, row in desk.clients.items() if row["client_name"] == "Globex")
    await stage.accept(M("b", ALICE, "Re: Disk is full on ACME-SRV-01", reply="a"))
    await stage.work()

    assert await stage.outcome("b") == "comment 1"
    assert linked(stage) == []
    await stage.close()


async def test_calls_of_the_budget(tmp_path: Path, migrated_file: Path) -> None:
    """Tags cost none, a device three: whose the ticket is, the search, the link."""
    stage = await staged(tmp_path, migrated_file, RULE)
    counts = []
    for mail in (M("x", ALICE, "Known now"), M("a", ALICE, "Slow"), M("b", ALICE, "Full on ACME-SRV-01"), M("c", ALICE, "Full on nothing-of-ours")):
        before = stage.simulator.desk.counted()
        await stage.accept(mail)
        await stage.work()
        counts.append(stage.simulator.desk.counted() - before)

    assert counts[1:] == [1, 1 + 3, 1 + 2]
    await stage.close()


def test_called_compares_for_equality_and_client() -> None:
    assets = [Asset("1", "c", ("PC",)), Asset("2", "d", ("PC",)), Asset("3", "", ("PC",))]
    assert called("pc", "c", assets) == {"1"}
    assert called("pc", "", assets) == set()
    assert called("p", "c", assets) == set()


async def test_what_a_customer_wrote_was_received_by_mail(tmp_path: Path, migrated_file: Path) -> None:
    stage = await staged(tmp_path, migrated_file)
    for mail in (
        M("a", ALICE, cc="bob@acme.example"), M("b", ALICE, reply="a"), M("c", TESS, reply="a", to="alice@acme.example", cc=SUPPORT, rcpt=SUPPORT, verdict="pass"),
        M("d", TESS, reply="a", verdict="pass"), M("e", ALICE, reply="a", headers={"Auto-Submitted": "auto-replied"}),
    ):  # fmt: skip
        await stage.accept(mail)
        await stage.work()

    sources = [comment["metadata"].get("responseSource", "") for comment in stage.comments(1)]
    assert sources == ["inbound_email", "", "", ""]
    assert all("email" not in comment["metadata"] for comment in stage.comments(1))
    bodies = [json.loads(call.body) for call in stage.simulator.desk.calls if call.kind == "comment"]
    assert all(body["suppressContactNotifications"] and "suppressInternalNotifications" not in body for body in bodies)
    await stage.close()


async def test_a_desk_that_pauses_by_status_goes_on_with_an_answer(tmp_path: Path, migrated_file: Path) -> None:
    """The technician's status pauses; the rule's status on replies resumes. Another client's mail does neither."""
    rule = {"name": "resume", "on": "reply", "board": "Support", "status": "In Progress", "when": [{"field": "subject", "regex": "."}]}
    stage = await staged(tmp_path, migrated_file, rule)
    await stage.accept(M("a", ALICE))
    await stage.work()
    desk = stage.simulator.desk
    waiting = next(key for key, row in desk.statuses.items() if row["name"] == "Waiting for Customer" and row["board_id"] == stage.ticket(1)["board_id"])
    stage.ticket(1)["status_id"] = waiting
    await stage.accept(M("g", GIL, reply="a"))
    await stage.work()
    assert stage.ticket(1)["status_id"] == waiting
    await stage.accept(M("b", ALICE, reply="a"))
    await stage.work()

    assert desk.statuses[stage.ticket(1)["status_id"]]["name"] == "In Progress"
    await stage.close()


async def test_a_closed_ticket_is_found_by_its_number_without_a_counted_call(tmp_path: Path, migrated_file: Path) -> None:
    stage = await staged(tmp_path, migrated_file, closed="reopen")
    await stage.accept(M("a", ALICE))
    await stage.work()
    await close(1)(stage)
    before = stage.simulator.desk.counted()
    await stage.accept(M("b", ALICE, "Re: [Ticket #TIC001001] Problem a", verdict="pass"))
    await stage.work()

    assert await stage.outcome("b") == "comment 1 reopened"
    assert stage.simulator.desk.counted() == before
    await stage.close()
