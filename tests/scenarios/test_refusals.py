"""A refusal about one record is final for that record; the key is another matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.desk.breaker import PAUSE_FOR_KEY
from gateway.desk.sight import Sight
from gateway.operate.preview import sightcheck
from gateway.store import effects
from gateway.upkeep.late_look import LateLook
from tests.scenarios.scripts import ALICE
from tests.scenarios.stage import M, Stage, close, settings_for
from tests.scenarios.test_faults import picture, states

GIL = "Gil Glover <gil@globex.example>"
FORBIDDEN = {"do": "answer", "status": 403}


async def staged(folder: Path, migrated: Path, **mailbox: Any) -> Stage:
    stage = Stage(folder, migrated, settings_for(**mailbox))
    await stage.open()
    return stage


def hide(stage: Stage, *clients: str, guarded: bool = True) -> None:
    """The key does not see the tickets of these clients any more."""
    desk = stage.simulator.desk
    ids = {row["client_id"] for row in desk.clients.values() if row["client_name"] in clients}
    desk.keys[stage.simulator.key].update(hidden=ids, guarded=guarded)


def role(stage: Stage, name: str) -> None:
    """The role of the key's user."""
    stage.simulator.desk.keys[stage.simulator.key]["user"]["roles"][0]["role_name"] = name


def key_refused(stage: Stage) -> bool:
    return stage.directories["default"].desk.breaker.key_refused


def neutral_calls(stage: Stage) -> int:
    return sum(call.query == "limit=1" and call.path.endswith("/tickets") for call in stage.simulator.desk.calls)


async def test_a_ticket_that_is_not_for_this_key_stops_its_own_mail_only(tmp_path: Path, migrated_file: Path) -> None:
    stage = await staged(tmp_path, migrated_file)
    await stage.accept(M("first", ALICE))
    await stage.work()
    hide(stage, "Acme")

    began = stage.now
    await stage.accept(M("reply", ALICE, reply="first"))
    await stage.accept(M("other", GIL, "Other"))
    await stage.work()

    assert await stage.outcome("reply") == "quarantine desk-refused"
    assert await stage.outcome("other") == "ticket 2"
    assert "Permission denied: Cannot read ticket" in (await stage.row("reply"))["detail"]
    assert stage.ticket(1)["ticket_id"] in (await stage.row("reply"))["detail"]
    assert not key_refused(stage)
    assert stage.now - began < PAUSE_FOR_KEY
    await stage.close()


async def test_many_refusals_cost_one_neutral_call(tmp_path: Path, migrated_file: Path) -> None:
    stage = await staged(tmp_path, migrated_file)
    await stage.accept(M("first", ALICE))
    await stage.work()
    hide(stage, "Acme")

    for number in range(20):
        await stage.accept(M(f"reply {number}", ALICE, reply="first", after=0.1))
    await stage.work()

    assert {await stage.outcome(f"reply {number}") for number in range(20)} == {"quarantine desk-refused"}
    assert neutral_calls(stage) == 1
    await stage.close()


@pytest.mark.parametrize(
    ("kind", "mail", "became"),
    [
        ("create_ticket", M("a", ALICE), {"ticket": "TODO"}),
        (
            "document",
            M("a", ALICE, files={"a.bin": b"x"}),
            {"ticket": "DONE", "document": "REFUSED", "missing": "DONE"},
        ),
        (
            ["update_ticket", "read_ticket"],
            M("a", ALICE, raw=picture()),
            {"ticket": "DONE", "document": "DONE", "pictures": "SKIPPED", "missing": "SKIPPED"},
        ),
    ],
)
async def test_each_effect_is_refused_alone(
    tmp_path: Path, migrated_file: Path, kind: Any, mail: M, became: dict[str, str]
) -> None:
    stage = await staged(tmp_path, migrated_file)
    stage.simulator.faults.set([{"kind": kind, **FORBIDDEN, "times": 1}])

    await stage.accept(mail)
    await stage.accept(M("b", GIL, "Other"))
    await stage.work()

    assert await states(stage, "a") == became
    assert (await stage.outcome("a")).startswith("ticket" if "TODO" not in became.values() else "quarantine desk-ref")
    assert (await stage.outcome("b")).startswith("ticket")
    assert not key_refused(stage)
    await stage.close()


async def test_a_status_that_may_not_be_set_is_left(tmp_path: Path, migrated_file: Path) -> None:
    stage = await staged(tmp_path, migrated_file, closed="reopen")
    await stage.accept(M("a", ALICE))
    await stage.work()
    await close(1)(stage)
    stage.simulator.faults.set([{"kind": "status", **FORBIDDEN}])

    await stage.accept(M("b", ALICE, reply="a"))
    await stage.work()

    assert await states(stage, "b") == {"comment": "DONE", "reopen": "SKIPPED", "still_closed": "DONE"}
    assert not key_refused(stage)
    await stage.close()


async def test_what_a_decision_asks_may_be_refused_as_well(tmp_path: Path, migrated_file: Path) -> None:
    """A mail that names a ticket of the desk which the gateway did not make."""
    stage = await staged(tmp_path, migrated_file)
    await stage.accept(M("first", GIL))
    await stage.work()
    born = "11111111-1111-4111-8111-111111111111"
    stage.simulator.desk.tickets[born] = {**stage.ticket(1), "ticket_id": born, "ticket_number": "TIC000007"}
    hide(stage, "Globex")

    await stage.accept(M("claim", GIL, reply=f"<ticket-{born}@desk.example>"))
    await stage.accept(M("other", ALICE, "Other"))
    await stage.work()

    assert await stage.outcome("claim") == "quarantine desk-refused"
    assert (await stage.outcome("other")).startswith("ticket")
    assert not key_refused(stage)
    await stage.close()


async def test_a_role_without_rights_pauses_the_desk_and_loses_nothing(tmp_path: Path, migrated_file: Path) -> None:
    stage = await staged(tmp_path, migrated_file)
    await stage.accept(M("first", ALICE))
    await stage.work()
    role(stage, "Nobody")

    await stage.accept(M("reply", ALICE, reply="first", files={"a.bin": b"x"}))
    await stage.accept(M("other", GIL, "Other"))
    await stage.work(within=20)
    assert key_refused(stage)
    assert {(await stage.row(key))["stage"] for key in ("reply", "other")} <= {"ACCEPTED", "PLANNED"}

    role(stage, "Admin")
    stage.now += PAUSE_FOR_KEY
    assert await stage.directories["default"].refresh()
    await stage.work()
    assert await stage.outcome("reply") == "comment 1"
    assert await stage.outcome("other") == "ticket 2"
    assert len(stage.simulator.desk.documents[stage.ticket(1)["ticket_id"]]) == 1
    await stage.close()


async def test_a_comment_that_may_not_be_looked_for_is_never_sent_again(tmp_path: Path, migrated_file: Path) -> None:
    stage = await staged(tmp_path, migrated_file)
    await stage.accept(M("first", ALICE))
    await stage.work()
    stage.simulator.faults.set([{"kind": "comment", "do": "drop", "times": 1}])

    await stage.accept(M("reply", ALICE, reply="first"))
    await stage.work(within=0.5)
    hide(stage, "Acme")
    await stage.work()

    assert await stage.outcome("reply") == "quarantine outcome-unknown"
    assert len(stage.comments(1)) == 1
    (effect,) = await stage.store.read(lambda c: effects.of(c, stage.ids["reply"], 1))
    assert effect.sends == 1
    await stage.close()


async def test_a_role_that_may_read_and_not_create_is_the_keys_affair(tmp_path: Path, migrated_file: Path) -> None:
    """Of the first clients nobody knows whether it is theirs; from the third on the desk waits, and nothing is set aside."""
    stage = await staged(tmp_path, migrated_file)
    role(stage, "Finance")
    senders = {"a": ALICE, "b": GIL, "c": "Eve <eve@nowhere.example>", "d": ALICE, "e": GIL}
    for key, sender in senders.items():
        await stage.accept(M(key, sender, f"Subject {key}"))
        await stage.work(within=1)

    assert [await stage.outcome(key) for key in "ab"] == ["quarantine desk-refused"] * 2
    assert {(await stage.row(key))["stage"] for key in "cde"} <= {"ACCEPTED", "PLANNED"}
    assert key_refused(stage)

    role(stage, "Admin")
    stage.now += PAUSE_FOR_KEY
    assert await stage.directories["default"].refresh()
    await stage.work()
    assert [(await stage.outcome(key)).split()[0] for key in "cde"] == ["ticket"] * 3
    await stage.close()


async def test_one_client_for_whom_nothing_may_be_created_stops_nobody_else(tmp_path: Path, migrated_file: Path) -> None:
    stage = await staged(tmp_path, migrated_file)
    for number in range(4):
        stage.simulator.faults.set([{"kind": "create_ticket", **FORBIDDEN, "times": 1}])
        await stage.accept(M(f"a{number}", ALICE, f"Subject {number}"))
        await stage.work()
        await stage.accept(M(f"b{number}", GIL, f"Other {number}"))
        await stage.work()

    assert [await stage.outcome(f"a{number}") for number in range(4)] == ["quarantine desk-refused"] * 4
    assert not key_refused(stage)
    assert len(stage.simulator.desk.tickets) == 4
    await stage.close()


@pytest.mark.parametrize("gone", [True, False])
async def test_the_late_look_ends_where_nothing_can_be_seen(tmp_path: Path, migrated_file: Path, gone: bool) -> None:
    stage = await staged(tmp_path, migrated_file)
    await stage.accept(M("first", ALICE))
    await stage.work()
    stage.simulator.faults.set([{"kind": "comment", "do": "drop", "times": 1}])
    await stage.accept(M("reply", ALICE, reply="first"))
    await stage.work()
    assert await stage.outcome("reply") == "comment 1"
    if gone:
        del stage.simulator.desk.tickets[stage.order[0]]
    else:
        hide(stage, "Acme")

    watcher = LateLook(stage.store, stage.directories, stage.clock)
    for _ in range(5):
        stage.now += 3600
        stage.simulator.desk.calls.clear()
        await watcher.check_due()

    assert stage.simulator.desk.calls == []
    await stage.close()


# -- a key that does not see what it makes --------------------------------------------------------


async def looked(stage: Stage) -> dict[str, str]:
    """The clients to whom the desk is blind, after it had time to look."""
    for _ in range(5):
        await stage.directories["default"].sight.try_next()
    return stage.directories["default"].sight.blind


@pytest.mark.parametrize("guarded", [False, True])
async def test_a_narrowed_key_is_seen_at_its_first_ticket(tmp_path: Path, migrated_file: Path, guarded: bool) -> None:
    stage = await staged(tmp_path, migrated_file)
    hide(stage, "Globex", guarded=guarded)
    await stage.accept(M("a", ALICE))
    await stage.work()
    assert not await looked(stage)

    await stage.accept(M("b", GIL, "Other"))
    await stage.work()
    assert list((await looked(stage)).values()) == [stage.ticket(2)["ticket_number"]]
    assert stage.directories["default"].blind_to() == ["Globex"]

    hide(stage)
    stage.now += 60
    assert not await looked(stage)
    await stage.close()


@pytest.mark.parametrize("known", [True, False])
async def test_what_a_blind_desk_did_not_answer_waits_for_a_person(
    tmp_path: Path, migrated_file: Path, known: bool
) -> None:
    """Whether it is known already, or the process is a new one, and finds out before it makes the ticket again."""
    stage = await staged(tmp_path, migrated_file)
    hide(stage, "Globex", guarded=False)
    await stage.accept(M("before", GIL))
    await stage.work()
    if known:
        await looked(stage)
    else:
        stage.directories["default"].sight = Sight(stage.directories["default"].desk)
    stage.simulator.faults.set([{"kind": "create_ticket", "do": "drop", "times": 1}])

    await stage.accept(M("lost", GIL, "Other"))
    await stage.accept(M("fine", ALICE, "Printer"))
    await stage.work()

    assert await stage.outcome("lost") == "quarantine outcome-unknown"
    assert (await stage.outcome("fine")).startswith("ticket")
    assert len(stage.simulator.desk.tickets) == 3
    await stage.close()


async def test_a_desk_that_shows_its_tickets_gets_a_lost_one_again(tmp_path: Path, migrated_file: Path) -> None:
    """Though the only ticket of the client that it could be tried on was deleted."""
    stage = await staged(tmp_path, migrated_file)
    await stage.accept(M("before", GIL))
    await stage.work()
    stage.simulator.desk.tickets.clear()
    stage.simulator.faults.set([{"kind": "create_ticket", "do": "refuse", "times": 1}])

    await stage.accept(M("lost", GIL, "Other"))
    await stage.work()

    assert [row["title"] for row in stage.simulator.desk.tickets.values()] == ["Other"]
    assert not stage.directories["default"].sight.blind
    await stage.close()


async def test_check_tells_of_tickets_that_no_list_shows(tmp_path: Path, migrated_file: Path) -> None:
    stage = await staged(tmp_path, migrated_file)
    directory = stage.directories["default"]
    assert await sightcheck.check(stage.settings, "default", directory) == []
    await stage.accept(M("a", ALICE))
    await stage.accept(M("b", GIL, "Other"))
    await stage.work()
    assert await sightcheck.check(stage.settings, "default", directory) == []

    hide(stage, "Globex", guarded=False)
    (fault,) = await sightcheck.check(stage.settings, "default", directory)

    assert fault.where == "desk default"
    assert "Globex" in fault.what and "Acme" not in fault.what
    await stage.close()
