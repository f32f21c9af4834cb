"""A desk in shadow: everything is decided, nothing is sent, and the switch to live never does a planned effect twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from gateway.desk.algapsa.client import Desk
from gateway.operate import shadow as beside
from gateway.operate.shadow import ELSEWHERE, ONLY_HERE, ONLY_THERE, OTHER_CLIENT, SAME
from gateway.simulator import Seed, Simulator
from gateway.store import counts, effects, shadow
from gateway.store.schema import delivery
from gateway.store.stage import EffectState
from tests.scenarios.scripts import ALICE, BOB, GIL
from tests.scenarios.stage import M, Stage, later, settings_for

DAY = 86_400.0


def configured(mode: str) -> dict[str, Any]:
    data = settings_for()
    return {**data, "desk": {**data["desk"], "mode": mode}}


async def opened(folder: Path, migrated: Path, mode: str = "shadow", before: Stage | None = None) -> Stage:
    stage = Stage(folder, migrated, configured(mode), before)
    if before is None:
        keys = [{"key": "demo-desk-key", "user": "gateway@msp.example"}, {"key": "native", "user": "tess@msp.example"}]
        stage.simulator = Simulator(Seed(rate_limit={"mode": "off"}, keys=keys), clock=stage.clock)
        stage.directories["default"].desk._http._transport = httpx.ASGITransport(app=stage.simulator.app)
    else:
        stage.simulator.desk.clock = stage.clock
        stage.sent, stage.bytes, stage.ids, stage.order = before.sent, before.bytes, before.ids, before.order
    now = stage.now
    if mode == "shadow":
        await stage.store.write(lambda c: shadow.begin(c, "default", now))
    await stage.open()
    return stage


def reader(stage: Stage) -> Desk:
    """A client of the desk with a key of its own."""
    return Desk("native", "http://desk/api/v1", "native", rate=0, clock=stage.clock, transport=httpx.ASGITransport(app=stage.simulator.app))


class Native:
    """The desk's own mail: tickets that somebody else than the gateway makes."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    async def ticket(self, title: str, client: str = "Acme") -> str:
        catalog = self.stage.directories["default"].catalog
        assert catalog is not None
        place = catalog.destinations["support@msp.example"]
        desk = reader(self.stage)
        outcome = await desk.create_ticket(
            {"title": title, "board_id": place.board_id, "status_id": place.status_id, "priority_id": place.priority_id, "client_id": catalog.client_id(client)}
        )
        await desk.close()
        return str(outcome.data["ticket_id"])  # type: ignore[union-attr]


async def compared(stage: Stage) -> beside.Comparison:
    since, until = 0.0, stage.now + 1
    catalog = stage.directories["default"].catalog
    assert catalog is not None
    desk = reader(stage)
    rows = await beside.real_tickets(desk, stage.now - 20 * DAY, until)
    await desk.close()
    mails = await stage.store.read(lambda c: beside.planned(c, "default", since, until))
    return beside.compare(mails, rows, catalog.names(), stage.now - 20 * DAY, until)


async def live(stage: Stage, folder: Path, migrated: Path, take_up: float | None = None, real: dict[str, shadow.Real] | None = None) -> tuple[Stage, shadow.Left]:
    """The gateway stops, the shadow ends, and it starts again."""
    settings, now = stage.settings, stage.now
    left = await stage.store.write(lambda c: beside.end(c, settings, "default", now, take_up, real or {}))
    await stage.close()
    return await opened(folder, migrated, "live", stage), left


def made_by_us(stage: Stage) -> list[str]:
    return [row["title"] for row in stage.simulator.desk.tickets.values() if "email_gateway" in (row["attributes"] or {})]


async def test_two_weeks_beside_the_desks_own_mail(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file)
    native = Native(stage)
    for day in range(14):
        await stage.accept(M(f"same{day}", ALICE, f"Printer {day}", after=DAY / 3))
        await native.ticket(f"Printer {day}")
        await stage.accept(M(f"reply{day}", BOB, f"Re: Printer {day}", reply=f"same{day}", after=DAY / 3))
        await stage.work(DAY / 4)
    await stage.accept(M("client", GIL, "Whose is it"))
    await native.ticket("Whose is it", "Initech")
    await stage.accept(M("reply", ALICE, "Printer 3 again", reply="same3"))
    await native.ticket("Printer 3 again")
    await stage.accept(M("here", GIL, "Nobody there"))
    await stage.accept(M("away", GIL, "Automatic reply: away", headers={"Auto-Submitted": "auto-replied"}))
    await native.ticket("Automatic reply: away", "Globex")
    await native.ticket("Called us by phone", "Globex")
    await stage.work()

    found = await compared(stage)
    assert found.counts == {SAME: 14, OTHER_CLIENT: 1, ELSEWHERE: 1, ONLY_HERE: 1, ONLY_THERE: 2}
    assert {(each.kind, each.subject) for each in found.differences} == {
        (OTHER_CLIENT, "Whose is it"),
        (ELSEWHERE, "Printer 3 again"),
        (ONLY_HERE, "Nobody there"),
        (ONLY_THERE, "Automatic reply: away"),
        (ONLY_THERE, "Called us by phone"),
    }
    (away,) = [each for each in found.differences if each.subject.startswith("Automatic")]
    assert away.here == "suppressed: vacation" and "Globex" in away.there
    assert not made_by_us(stage) and not any(stage.simulator.desk.comments.values())
    sums = await stage.store.read(counts.sums)
    assert sums.accepted == sums.done + sums.suppressed == 32
    names = stage.directories["default"].catalog.names()  # type: ignore[union-attr]
    fortnight = beside.summary(await stage.store.read(lambda c: beside.planned(c, "default", 0, stage.now + 1)), names)
    assert fortnight.became == {"ticket": 16, "comment": 15, "suppressed": 1}
    assert fortnight.clients == {"Acme": 14, "Globex": 2} and fortnight.reasons == {"vacation": 1}
    await stage.close()


async def test_live_from_now_on_replies_go_to_the_desks_own_tickets(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file)
    await stage.accept(M("first", ALICE, "Printer"))
    await stage.work()
    own = await Native(stage).ticket("Printer")
    real = (await compared(stage)).real
    stage, left = await live(stage, tmp_path, migrated_file, real=real)
    await stage.accept(M("reply", ALICE, "Re: Printer", reply="first"))
    await stage.accept(M("new", ALICE, "Another thing"))
    await stage.work()

    assert left == shadow.Left(0, 0)
    assert made_by_us(stage) == ["Another thing"]
    assert len(stage.simulator.desk.comments[own]) == 1
    assert (await stage.row("reply"))["ticket_id"] == own and not (await stage.row("reply"))["rehearsed"]
    await stage.close()


async def test_without_the_desks_ticket_a_reply_makes_one(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file)
    await stage.accept(M("first", ALICE, "Printer"))
    await stage.work()
    stage, _ = await live(stage, tmp_path, migrated_file)
    await stage.accept(M("reply", ALICE, "Re: Printer", reply="first"))
    await stage.work()

    assert made_by_us(stage) == ["Printer"]
    await stage.close()


async def test_mail_that_is_taken_up_is_posted_once(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file)
    await stage.accept(M("old", ALICE, "Old"))
    await stage.work()
    await later(DAY)(stage)
    moment = stage.now
    await stage.accept(M("first", ALICE, "Printer", files={"a.txt": b"log"}))
    await stage.accept(M("reply", BOB, "Re: Printer", reply="first"))
    await stage.accept(M("away", GIL, "Automatic reply: away", headers={"Auto-Submitted": "auto-replied"}))
    await stage.work()
    stage, left = await live(stage, tmp_path, migrated_file, take_up=moment)
    await stage.work()
    await stage.accept(M("more", ALICE, "Re: Printer", reply="reply"))
    await stage.work()

    assert left.taken_up == 2
    assert made_by_us(stage) == ["Printer"] and len(stage.comments(1)) == 2
    assert [len(rows) for rows in stage.simulator.desk.documents.values()] == [1]
    again = await stage.store.write(lambda c: beside.end(c, stage.settings, "default", stage.now, 0.0, {}))
    await stage.work()
    assert again == shadow.Left() and made_by_us(stage) == ["Printer"]
    await stage.close()


@pytest.mark.parametrize("moment", range(1, 7))
async def test_the_switch_under_load_doubles_and_loses_nothing(moment: int, tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway dies in the middle of a rehearsed effect, and comes back live."""
    stage = await opened(tmp_path, migrated_file)
    for number in range(4):
        await stage.accept(M(f"{number}", ALICE, f"Before {number}", files={"a.txt": b"log"} if number % 2 else {}))
    calls = 0
    write = stage.directories["default"].desk._write  # type: ignore[attr-defined]

    async def dies(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == moment:
            raise asyncio.CancelledError
        return await write(*arguments)

    monkeypatch.setattr(stage.directories["default"].desk, "_write", dies)
    with pytest.raises(asyncio.CancelledError):
        await stage.work()
    await stage.accept(M("last", BOB, "Never worked on"))
    stage, left = await live(stage, tmp_path, migrated_file)
    for number in range(3):
        await stage.accept(M(f"after{number}", GIL, f"After {number}"))
    await stage.work()

    assert left.ended >= 1 and made_by_us(stage) == ["After 0", "After 1", "After 2"]
    assert not any(stage.simulator.desk.documents.values())
    sums = await stage.store.read(counts.sums)
    assert (sums.accepted, sums.pending) == (8, 0)
    with stage.store.engine.connect() as connection:
        ids = connection.execute(select(delivery.c.id, delivery.c.generation)).all()
        states = [effect.state for row in ids for effect in effects.of(connection, row.id, row.generation)]
    assert EffectState.SENT not in states and EffectState.TODO not in states
    await stage.close()


async def test_a_desk_goes_into_shadow_only_when_nothing_is_under_way(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file, "live")
    await stage.accept(M("first", ALICE, "Printer"))
    now = stage.now
    with pytest.raises(shadow.UnderWay, match="1 mails are under way"):
        await stage.store.write(lambda c: shadow.begin(c, "default", now))
    await stage.work()
    await stage.store.write(lambda c: shadow.begin(c, "default", now))
    assert made_by_us(stage) == ["Printer"]
    await stage.close()


async def test_tags_and_devices_are_rehearsed_and_a_reply_asks_nothing_that_counts(tmp_path: Path, migrated_file: Path) -> None:
    rule = {"name": "all", "on": "any", "when": [{"field": "subject", "regex": "."}], "tags": ["from-mail"], "asset": "{subject}"}
    stage = Stage(tmp_path, migrated_file, {**configured("shadow"), "rule": [rule]})
    asset = {"tag": "PC-0007", "name": "PC", "serial": "S1", "client": "Acme"}
    stage.simulator = Simulator(Seed(rate_limit={"mode": "off"}, assets=[asset]), clock=stage.clock)
    stage.directories["default"].desk._http._transport = httpx.ASGITransport(app=stage.simulator.app)
    await stage.open()
    writes = len(stage.simulator.desk.calls)
    await stage.accept(M("a", ALICE, "PC-0007"))
    await stage.work()
    await stage.accept(M("b", ALICE, reply="a"))
    await stage.work()

    kinds = await stage.store.read(lambda c: {effect.kind: effect.state for key in ("a", "b") for effect in effects.of(c, stage.ids[key], 1)})
    assert {kinds[kind] for kind in ("ticket", "comment", "tag", "asset")} <= {EffectState.DONE, EffectState.SKIPPED}
    assert kinds["tag"] is EffectState.DONE
    assert {call.method for call in stage.simulator.desk.calls[writes:]} == {"GET"}
    assert not stage.simulator.desk.tickets
    await stage.close()
