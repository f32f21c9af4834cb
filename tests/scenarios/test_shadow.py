"""A desk in shadow: everything is decided, nothing is sent, and the switch to live never does a planned effect twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from gateway.desk.algapsa.client import Client
from gateway.desk.algapsa.desk import AlgaDesk
from gateway.model.effects import CommentBody
from gateway.operate import comparison
from gateway.operate import shadow as beside
from gateway.operate.comparison import (
    ELSEWHERE,
    ONLY_HERE,
    ONLY_THERE,
    OTHER_BOARD,
    OTHER_CLIENT,
    OTHER_READERS,
    OTHER_TICKET,
    SAME,
)
from gateway.simulator import Seed, Simulator, comments
from gateway.simulator.inbound import COMMENT, TICKET, Provider, Taken, receive
from gateway.store import counts, effects, mapping, shadow
from gateway.store.schema import delivery, ticket
from gateway.store.stage import EffectState
from tests.scenarios.clients import compose
from tests.scenarios.scripts import ALICE, BOB, EVE, GIL, TESS
from tests.scenarios.stage import SALES, M, Stage, answer, close, later, settings_for

DAY = 86_400.0


def configured(mode: str) -> dict[str, Any]:
    data = settings_for()
    data["domain"] = [{"domain": "globex-labs.example", "client": "Globex"}]
    return {**data, "desk": {**data["desk"], "mode": mode}}


async def opened(folder: Path, migrated: Path, mode: str = "shadow", before: Stage | None = None) -> Stage:
    stage = Stage(folder, migrated, configured(mode), before)
    if before is None:
        keys = [{"key": "demo-desk-key", "user": "gateway@msp.example"}, {"key": "native", "user": "tess@msp.example"}]
        stage.simulator = Simulator(Seed(rate_limit={"mode": "off"}, keys=keys), clock=stage.clock)
        stage.clients["default"]._http.transport = httpx.ASGITransport(app=stage.simulator.app)
    else:
        stage.simulator.desk.clock = stage.clock
        stage.sent, stage.bytes, stage.ids, stage.order = before.sent, before.bytes, before.ids, before.order
    now = stage.now
    if mode == "shadow":
        await stage.store.write(lambda c: shadow.begin(c, "default", now))
    await stage.open()
    return stage


def reader(stage: Stage) -> Client:
    """A client of the desk with a key of its own."""
    return Client(
        "native",
        "http://desk/api/v1",
        "native",
        rate=0,
        clock=stage.clock,
        transport=httpx.ASGITransport(app=stage.simulator.app),
    )


class Native:
    """The desk reads the same mailbox by itself; and people make tickets there."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.took: dict[str, Taken] = {}

    @property
    def provider(self) -> Provider:
        catalog = self.stage.directories["default"].catalog
        assert catalog is not None
        place = catalog.destinations["support@msp.example"]
        return Provider(
            "support@msp.example",
            place.board_id,
            place.status_id,
            place.priority_id or "",
            catalog.client_id("Unknown Senders") or "",
        )

    def take(self, key: str) -> Taken:
        self.took[key] = taken = receive(self.stage.simulator.desk, self.provider, self.stage.bytes[key])
        if taken.ticket_id and taken.ticket_id not in self.stage.order:
            self.stage.order.append(taken.ticket_id)
        return taken

    async def both(self, mail: M) -> None:
        """A mail that comes here and there."""
        await self.stage.accept(mail)
        self.take(mail.key)
        await self.stage.work(60)

    async def ticket(self, title: str, client: str = "Acme") -> str:
        """Made by hand."""
        catalog = self.stage.directories["default"].catalog
        assert catalog is not None
        desk, place = reader(self.stage), self.provider
        outcome = await desk.create_ticket(
            {
                "title": title,
                "board_id": place.board,
                "status_id": place.status,
                "priority_id": place.priority,
                "client_id": catalog.client_id(client),
            }
        )
        await desk.close()
        return str(outcome.data["ticket_id"])  # type: ignore[union-attr]


async def compared(stage: Stage) -> comparison.Comparison:
    since, until = stage.now - 20 * DAY, stage.now + 1
    catalog = stage.directories["default"].catalog
    assert catalog is not None
    desk = reader(stage)
    mails = await stage.store.read(lambda c: beside.planned(c, "default", 0.0, until))
    there = await comparison.read(AlgaDesk(desk), mails, since)
    await desk.close()
    return comparison.compare(mails, there, catalog.names(), since, until)


async def live(
    stage: Stage, folder: Path, migrated: Path, take_up: float | None = None, real: dict[str, shadow.Real] | None = None
) -> tuple[Stage, shadow.Left]:
    """The gateway stops, the shadow ends, and it starts again."""
    settings, now = stage.settings, stage.now
    left = await stage.store.write(lambda c: beside.end(c, settings, "default", now, take_up, real or {}))
    await stage.close()
    return await opened(folder, migrated, "live", stage), left


def made_by_us(stage: Stage) -> list[str]:
    return [
        row["title"] for row in stage.simulator.desk.tickets.values() if "email_gateway" in (row["attributes"] or {})
    ]


DIFFER = {
    "thanks": OTHER_READERS,
    "absence": OTHER_READERS,
    "alone": ONLY_THERE,
    "mapped": OTHER_CLIENT,
    "sales": OTHER_BOARD,
    "numbered": ELSEWHERE,
    "crossed": OTHER_TICKET,
    "technician": ONLY_THERE,  # nobody proved that she wrote it
    "here": ONLY_HERE,
    "here-too": ONLY_HERE,
    "there": ONLY_THERE,
    "there-too": ONLY_THERE,
    **{f"stranger{day}": ONLY_THERE for day in range(14)},  # the desk's own mail asks nobody who he is
}
"""The mails of the two weeks that both do not take alike."""


async def two_weeks(stage: Stage, native: Native) -> None:
    """Conversations with the desk's own mails among them, and each day something that both take differently or not."""
    for day in range(14):
        await native.both(M(f"new{day}", ALICE, f"Printer {day}", after=DAY / 4))
        await native.both(M(f"colleague{day}", BOB, f"Re: Printer {day}", reply=f"new{day}", after=3600))
        number = stage.order.index(native.took[f"new{day}"].ticket_id) + 1
        stage.now += 3600
        await answer(number, f"Please restart it, as on day {day}.", "alice@acme.example")(stage)
        await native.both(
            M(f"answer{day}", ALICE, "", "It prints again, but slowly.", reply="alice@acme.example", after=3600)
        )
        await native.both(M(f"stranger{day}", EVE, f"Password {day}", "Send me the password.", reply=f"new{day}"))
        stage.now += DAY / 4
    await native.both(M("thanks", ALICE, "Re: Printer 5", "Thank you!", reply="new5"))
    await native.both(
        M(
            "absence",
            BOB,
            "Automatic reply: Printer 6",
            "I am away.",
            reply="new6",
            headers={"Auto-Submitted": "auto-replied"},
        )
    )
    await native.both(
        M("alone", GIL, "Automatic reply: away", "I am away.", headers={"Auto-Submitted": "auto-replied"})
    )
    await native.both(M("mapped", "Lou <lou@globex-labs.example>", "Microscope"))
    await native.both(M("unknown", "Una <una@nobody.example>", "A question"))
    await native.both(M("sales", GIL, "An offer", to=SALES))
    number = stage.simulator.desk.tickets[native.took["new7"].ticket_id]["ticket_number"]
    tokens = stage.simulator.desk.tokens
    other = next(token for token, ticket_id in tokens.items() if ticket_id == native.took["new2"].ticket_id)
    await native.both(M("crossed", ALICE, "Both again", f"See below.\n\n[ALGA-REPLY-TOKEN {other} ]", reply="new1"))
    await native.both(M("numbered", ALICE, f"[Ticket #{number}] Printer 7", "It is broken again.", verdict="pass"))
    await native.both(M("technician", TESS, "Fwd: Printer 8", "I look after it.", reply="new8"))
    await close(stage.order.index(native.took["new9"].ticket_id) + 1)(stage)
    stage.now += 3600
    await native.both(M("closed", ALICE, "Re: Printer 9", "It is broken again.", reply="new9"))
    await stage.accept(M("here", GIL, "Nobody there"))
    await stage.accept(M("here-too", BOB, "Re: Printer 10", "And the scanner?", reply="new10"))
    for key, sender, subject, to in (("there", GIL, "Nobody here", ""), ("there-too", BOB, "Re: Printer 11", "new11")):
        message = compose(stage, M(key, sender, subject, reply=to))
        stage.bytes[key] = message.as_bytes()
        native.take(key)
    await native.ticket("Called us by phone", "Globex")
    comments.write_comment(
        stage.simulator.desk,
        native.took["new12"].ticket_id,
        "I called her.",
        internal=True,
        user_id=next(iter(stage.simulator.desk.users)),
    )
    await stage.work()


async def truth(stage: Stage, native: Native) -> dict[str, str]:
    """What both did with each mail, from the gateway's queue and from what the desk's own mail answered."""
    rows = {key: await stage.row(key) for key in stage.ids}
    real = {
        row["ticket_id"]: native.took[key].ticket_id
        for key, row in rows.items()
        if row["outcome"] == "ticket" and key in native.took and native.took[key].what == TICKET
    }
    found = {}
    for key in {*rows, *native.took}:
        took, row = native.took.get(key, Taken("")), rows.get(key)
        if row is None:
            found[key] = ONLY_THERE
            continue
        kinds = await stage.store.read(
            lambda c, row=row: effects.of_type(effects.of(c, row["id"], row["generation"]), CommentBody)
        )
        if row["stage"] != "DONE" and took.what not in (TICKET, COMMENT):
            continue
        if row["stage"] != "DONE":
            found[key] = ONLY_THERE
        elif took.what not in (TICKET, COMMENT):
            found[key] = ONLY_HERE
        elif took.what != row["outcome"]:
            found[key] = ELSEWHERE
        elif took.what == COMMENT and real.get(row["ticket_id"], row["ticket_id"]) != took.ticket_id:
            found[key] = OTHER_TICKET
        elif took.what == COMMENT and kinds[0].body.internal:
            found[key] = OTHER_READERS
        elif took.what == TICKET:
            kept = await stage.store.read(
                lambda c, row=row: c.execute(
                    select(ticket.c.client_id, ticket.c.board_id).where(ticket.c.ticket_id == row["ticket_id"])
                ).one()
            )
            own = stage.simulator.desk.tickets[took.ticket_id]
            found[key] = (
                OTHER_CLIENT
                if kept.client_id != own["client_id"]
                else OTHER_BOARD
                if kept.board_id != own["board_id"]
                else SAME
            )
        else:
            found[key] = SAME
    return found


async def test_two_weeks_beside_the_desks_own_mail(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file)
    native = Native(stage)
    await two_weeks(stage, native)
    before = len(stage.simulator.desk.calls)
    found = await compared(stage)
    calls = stage.simulator.desk.calls[before:]
    expected = await truth(stage, native)

    told = Counter(expected.values())
    told[ONLY_THERE] += 1  # the call by phone
    assert found.counts + found.comments == told, found.differences
    listed = {each.subject: each.kind for each in found.differences}
    assert len(listed) == len(found.differences)
    subjects = {key: (await stage.row(key))["subject"] for key in stage.ids} | {
        "there": "Nobody here",
        "there-too": "Printer 11",
    }
    assert listed == {subjects[key]: kind for key, kind in expected.items() if kind != SAME} | {
        "Called us by phone": ONLY_THERE
    }
    assert {key: kind for key, kind in expected.items() if kind != SAME} == DIFFER
    assert not made_by_us(stage)
    assert {call.method for call in calls} == {"GET"}
    counted = [call for call in calls if call.counted]
    assert len(counted) == 2 and len(calls) <= 2 + len(stage.simulator.desk.tickets)
    await stage.close()


async def old_ticket(stage: Stage, native: Native, key: str) -> str:
    """A ticket that the desk's own mail made a month ago; its number."""
    stage.sent[key] = compose(stage, M(key, ALICE, f"Printer {key}"))
    stage.bytes[key] = stage.sent[key].as_bytes()
    taken = native.take(key)
    await later(30 * DAY)(stage)
    return str(stage.simulator.desk.tickets[taken.ticket_id]["ticket_number"])


async def test_a_reply_on_a_ticket_that_nobody_else_touched_is_found_by_the_search(
    tmp_path: Path, migrated_file: Path
) -> None:
    stage = await opened(tmp_path, migrated_file)
    native = Native(stage)
    number = await old_ticket(stage, native, "old")
    await old_ticket(stage, native, "noted")
    await native.both(M("reply", ALICE, "Re: Printer", reply="old"))
    desk, noted = stage.simulator.desk, native.took["noted"].ticket_id
    for _ in range(110):  # more than a page of the search: nor does a technician's note change the time of its ticket
        stage.now += 1
        comments.write_comment(desk, noted, "Called.", internal=True, user_id=next(iter(desk.users)))
    found = await compared(stage)

    assert [(each.kind, each.there) for each in found.differences] == [(ELSEWHERE, f"public comment on {number}")]
    assert not found.unsearched
    await stage.close()


async def test_without_the_search_it_is_said_that_comments_may_be_missing(tmp_path: Path, migrated_file: Path) -> None:
    stage = await opened(tmp_path, migrated_file)
    native = Native(stage)
    await old_ticket(stage, native, "old")
    await native.both(M("reply", ALICE, "Re: Printer", reply="old"))
    stage.simulator.faults.set([{"kind": "search", "do": "answer", "status": 500, "body": "json"}])
    found = await compared(stage)

    assert [(each.kind, each.there) for each in found.differences] == [(ONLY_HERE, "nothing")]
    assert found.unsearched
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


async def test_whoever_wrote_to_the_desks_own_ticket_in_the_shadow_takes_part_in_it_once(
    tmp_path: Path, migrated_file: Path
) -> None:
    """The customer answered the desk's own mail, by its number."""
    stage = await opened(tmp_path, migrated_file)
    await stage.accept(M("first", ALICE, "Printer"))
    await stage.work()
    own = await Native(stage).ticket("Printer")
    people = [("alice@acme.example", "sender"), ("bob@acme.example", "cc")]
    await stage.store.write(lambda c: mapping.add_participants(c, "default", own, people))

    stage, left = await live(stage, tmp_path, migrated_file, real=(await compared(stage)).real)

    parts = await stage.store.read(lambda c: [mapping.part_in(c, "default", own, address) for address, _ in people])
    assert (left, parts) == (shadow.Left(0, 0), ["sender", "cc"])
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
async def test_the_switch_under_load_doubles_and_loses_nothing(
    moment: int, tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway dies in the middle of a rehearsed effect, and comes back live."""
    stage = await opened(tmp_path, migrated_file)
    for number in range(4):
        await stage.accept(M(f"{number}", ALICE, f"Before {number}", files={"a.txt": b"log"} if number % 2 else {}))
    calls = 0
    write = stage.clients["default"]._write  # type: ignore[attr-defined]

    async def dies(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == moment:
            raise asyncio.CancelledError
        return await write(*arguments)

    monkeypatch.setattr(stage.clients["default"], "_write", dies)
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


async def test_tags_and_devices_are_rehearsed_and_a_reply_asks_nothing_that_counts(
    tmp_path: Path, migrated_file: Path
) -> None:
    rule = {
        "name": "all",
        "on": "any",
        "when": [{"field": "subject", "regex": "."}],
        "tags": ["from-mail"],
        "asset": "{subject}",
    }
    stage = Stage(tmp_path, migrated_file, {**configured("shadow"), "rule": [rule]})
    asset = {"tag": "PC-0007", "name": "PC", "serial": "S1", "client": "Acme"}
    stage.simulator = Simulator(Seed(rate_limit={"mode": "off"}, assets=[asset]), clock=stage.clock)
    stage.clients["default"]._http.transport = httpx.ASGITransport(app=stage.simulator.app)
    await stage.open()
    writes = len(stage.simulator.desk.calls)
    await stage.accept(M("a", ALICE, "PC-0007"))
    await stage.work()
    await stage.accept(M("b", ALICE, reply="a"))
    await stage.work()

    kinds = await stage.store.read(
        lambda c: {effect.kind: effect.state for key in ("a", "b") for effect in effects.of(c, stage.ids[key], 1)}
    )
    assert {kinds[kind] for kind in ("ticket", "comment", "tag", "asset")} <= {EffectState.DONE, EffectState.SKIPPED}
    assert kinds["tag"] is EffectState.DONE
    assert {call.method for call in stage.simulator.desk.calls[writes:]} == {"GET"}
    assert not stage.simulator.desk.tickets
    await stage.close()
