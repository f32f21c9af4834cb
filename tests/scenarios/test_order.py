"""Any order of a thread's mails, with duplicates, crashes and two workers, ends in one ticket with each
mail exactly once."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.desk.pacing import Urgency
from gateway.store import claims, operator
from gateway.store.deliveries import LostClaim
from gateway.work.worker import Worker
from tests.scenarios.scripts import ALICE, BOB
from tests.scenarios.scripts_copies import FOOTER, LETTER, raw
from tests.scenarios.stage import M, Stage, settings_for
from tests.scenarios.vendors import NAGIOS, Machine, is_open, opened
from tests.sizes import size

# A thread: each mail answers an earlier one and names all ids above it, as mail programs do.
PARENTS = {"m0": None, "m1": "m0", "m2": "m0", "m3": "m1", "m4": "m3"}


def thread() -> list[M]:
    mails = []
    for key, parent in PARENTS.items():
        chain, up = [], parent
        while up:
            chain.insert(0, f"<{up}@acme.example>")
            up = PARENTS[up]
        mails.append(
            M(
                key,
                ALICE if len(mails) % 2 == 0 else BOB,
                "Order",
                text=f"words-of-{key}",
                message_id=f"<{key}@acme.example>",
                reply=f"<{parent}@acme.example>" if parent else "",
                refs=chain,
                files={f"{key}.bin": key.encode()},
                after=0.5,
            )
        )
    return mails


class Crash(Exception):
    """The process dies here."""


class Crashing:
    """Lets the desk's answer be lost, or the process die before or after a store write, at given points."""

    def __init__(self, stage: Stage, points: set[int]) -> None:
        self.points, self.count = points, 0
        write, call = stage.store.write, stage.clients["default"]._call

        async def crashing_write(operation: object) -> object:
            self.tick()
            result = await write(operation)  # type: ignore[arg-type]
            self.tick()
            return result

        async def crashing_call(*arguments: object, **keywords: object) -> object:
            result = await call(*arguments, **keywords)  # type: ignore[arg-type]
            self.tick()
            return result

        stage.store.write = crashing_write  # type: ignore[method-assign, assignment]
        stage.clients["default"]._call = crashing_call  # type: ignore[method-assign, assignment]

    def tick(self) -> None:
        self.count += 1
        if self.count in self.points:
            raise Crash


async def accept(stage: Stage, mail: M) -> None:
    """As an MTA: the same bytes again until there is an answer."""
    while True:
        try:
            await stage.accept(mail)
            return
        except Crash:
            mail = replace(mail, raw=stage.bytes[mail.key], same_as="", after=0.0)


async def live(stage: Stage, workers: list[Worker]) -> None:
    """Two workers until nothing is pending; a crash frees all claims, as a restart does."""
    for _ in range(500):
        try:
            if any(await asyncio.gather(*(turn(stage, worker) for worker in workers))):
                continue
        except Crash:
            stage.store.write_sync(claims.free)
            continue
        due = await stage.store.read(lambda c, now=stage.now: claims.next_due(c, ["default"], now))
        if due is None:
            return
        stage.now = due
    raise AssertionError("never finished")


async def turn(stage: Stage, worker: Worker) -> bool:
    """Two mails at most; whether there was any."""
    now = stage.now
    taken = await stage.store.write(lambda c: claims.claim(c, "default", 2, now=now, lease=300, name="stage"))
    worker.leases.took(taken, worker.leases.uptime())
    for delivery in taken:
        try:
            _, step = outcome = await worker._step(delivery)
            await worker._apply(outcome[0], step)
        except LostClaim:
            continue
    return bool(taken)


@settings(
    max_examples=size(7, 300),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(
    order=st.permutations(range(len(PARENTS))),
    twice=st.lists(st.integers(0, len(PARENTS) - 1), max_size=2),
    between=st.lists(st.booleans(), min_size=10, max_size=10),
    crashes=st.sets(st.integers(1, 150), min_size=2, max_size=6),
)
def test_one_ticket_with_each_mail_once(
    migrated_file: Path, order: list[int], twice: list[int], between: list[bool], crashes: set[int]
) -> None:
    async def play() -> None:
        with tempfile.TemporaryDirectory() as folder:
            stage = Stage(Path(folder), migrated_file)
            await stage.open()
            worker = stage.worker
            two = Worker(worker.executor)
            mails = thread()
            Crashing(stage, crashes)
            try:
                for at, index in enumerate([*order, *twice]):
                    mail = mails[index]
                    if at >= len(order):
                        mail = M(f"{mail.key}-again-{at}", same_as=mail.key, sender=mail.sender)
                    await accept(stage, mail)
                    if between[at]:
                        await live(stage, [worker, two])
                await live(stage, [worker, two])
                judge(stage)
            finally:
                await stage.close()

    asyncio.run(play())


def judge(stage: Stage) -> None:
    desk = stage.simulator.desk
    assert len(desk.tickets) == 1, [ticket["title"] for ticket in desk.tickets.values()]
    (ticket_id,) = desk.tickets
    texts = [desk.tickets[ticket_id]["attributes"]["description"]]
    texts += [comment["note"] for comment in desk.comments.get(ticket_id, []) if not comment["is_internal"]]
    found = sorted(
        word
        for text in texts
        for word in json.dumps(json.loads(text)).replace('"', " ").split()
        if word.startswith("words-of-")
    )
    assert found == [f"words-of-{key}" for key in PARENTS]
    files = sorted(desk.file_of(document) for document in desk.documents.get(ticket_id, []))
    assert files == [key.encode() for key in PARENTS]
    accepted = stage.store.read_sync(lambda c: operator.listing(c, None, 100))
    assert all(row["stage"] in ("DONE", "SUPPRESSED") for row in accepted)


# -- who is waited for -----------------------------------------------------------------------------

FIRST = M("first", ALICE, "Printer", message_id="<first@acme.example>")
STRANGERS = [
    M(f"eve{n}", "Eve <eve@evil.example>", "Re: Printer", text=f"number {n}", reply="first", after=0.01)
    for n in range(60)
]


async def stage_with_room(folder: Path, migrated: Path) -> Stage:
    """A worker that takes all mail at once."""
    stage = Stage(folder, migrated, {**settings_for(), "work": {"concurrency": 100}})
    await stage.open()
    return stage


async def last_alone(stage: Stage, *mails: M) -> str:
    """All mails are accepted; a worker looks at the last while others hold the rest. What it does."""
    for mail in mails:
        await stage.accept(mail)
    taken = await stage.worker._claim()
    while more := await stage.worker._claim():
        taken += more
    last = next(delivery for delivery in taken if delivery.id == stage.ids[mails[-1].key])
    delivery, step = await stage.worker._step(last)
    await stage.worker._apply(delivery, step)
    return type(step).__name__


WAITED_FOR = {
    "sixty mails of a stranger who names the first mail": (STRANGERS, "Ended"),
    "and uses its very id": ([replace(stranger, message_id="<first@acme.example>") for stranger in STRANGERS[:3]], "Ended"),
    "the customer's own earlier reply": ([M("x", ALICE, reply="first")], "Wait"),
    "a colleague's": ([M("x", BOB, reply="first")], "Wait"),
    "somebody's who was in Cc": ([M("x", "guest@partner.example", reply="first")], "Wait"),
    "in the customer's name, disproven": ([M("x", ALICE, reply="first", verdict="fail")], "Ended"),
}  # fmt: skip


@pytest.mark.parametrize("case", WAITED_FOR)
async def test_who_is_waited_for_on_a_ticket(case: str, tmp_path: Path, migrated_file: Path) -> None:
    mails, expected = WAITED_FOR[case]
    stage = await stage_with_room(tmp_path, migrated_file)
    await stage.accept(replace(FIRST, cc="guest@partner.example"))
    await stage.work()

    assert await last_alone(stage, *mails, M("reply", ALICE, reply="first")) == expected
    await stage.close()


async def test_a_public_provider_makes_no_colleagues(tmp_path: Path, migrated_file: Path) -> None:
    stage = await stage_with_room(tmp_path, migrated_file)
    await stage.accept(replace(FIRST, sender="Ann <ann@gmail.com>"))
    await stage.work()
    eve, reply = M("x", "Eve <eve@gmail.com>", reply="first"), M("reply", "Ann <ann@gmail.com>", reply="first")

    assert await last_alone(stage, eve, reply) == "Ended"
    await stage.close()


async def test_the_mail_itself_is_waited_for_whoever_wrote_it(tmp_path: Path, migrated_file: Path) -> None:
    stage = await stage_with_room(tmp_path, migrated_file)

    assert await last_alone(stage, FIRST, M("reply", "guest@partner.example", reply="first")) == "Wait"
    await stage.close()


async def test_whoever_waits_is_woken_by_any_end(tmp_path: Path, migrated_file: Path) -> None:
    """The mail before is quarantined: the next is due at once, not after its pause."""
    stage = await stage_with_room(tmp_path, migrated_file)
    await stage.accept(FIRST)
    await stage.work()
    eve = [M(f"eve{n}", "Eve <eve@evil.example>", reply="first", text=f"number {n}", after=0.0) for n in range(5)]
    for mail in eve:
        await stage.accept(mail)
    began = stage.now
    await stage.work()

    assert [await stage.outcome(mail.key) for mail in eve] == ["quarantine unverified-sender"] * 5
    assert stage.now == began
    await stage.close()


async def test_a_recovery_that_looked_before_the_ticket_was_planned_waits_for_it(
    tmp_path: Path, migrated_file: Path
) -> None:
    """Two workers: one looks whether anybody goes first, the other begins to make the ticket, the first decides."""
    stage = await opened(tmp_path, migrated_file, {**NAGIOS, "hold": 0, "move_after": 0})
    monitor = Machine(stage)
    down = await monitor.service("CRITICAL", work=None)
    up = await monitor.service("OK", work=None)
    claimed = {mail.id: mail for mail in await stage.worker._claim()}
    looked = stage.planner._blockers

    async def meanwhile(delivery: Any, *about: Any) -> Any:
        found = await looked(delivery, *about)
        if mail := claimed.pop(stage.ids[down], None) if delivery.id == stage.ids[up] else None:
            await stage.worker._work(mail)
        return found

    stage.planner._blockers = meanwhile  # type: ignore[method-assign]
    stage.simulator.faults.set([{"kind": "create_ticket", "do": "refuse", "times": 1}])
    await stage.worker._work(claimed.pop(stage.ids[up]))
    assert (await stage.row(down))["stage"] == "PLANNED" and (await stage.row(up))["stage"] == "ACCEPTED"
    await stage.work()

    assert await stage.outcome(down) == "ticket 1" and not is_open(stage, 1)
    await stage.close()


@pytest.mark.parametrize("ends", ["posted", "held"])
async def test_a_copy_with_more_words_waits_for_the_ticket_of_the_first(
    ends: str, tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the desk leaves no call for a ticket: a second one would hold the same words."""
    stage = Stage(tmp_path, migrated_file)
    await stage.open()
    pacing = stage.directories["default"].desk.pacing

    async def none_is_left(now: float, urgency: Urgency) -> float:
        return 5.0 if urgency is Urgency.TICKET else 0.0

    with monkeypatch.context() as patch:
        patch.setattr(pacing, "take", none_is_left)
        patch.setattr(pacing, "calls", lambda now, urgency: 0 if urgency is Urgency.TICKET else 9)
        await stage.accept(M("a", ALICE, raw=raw()))
        await stage.work(within=1)
        await stage.accept(M("b", ALICE, raw=raw(LETTER + FOOTER)))
        for _ in range(3):
            await stage.work(within=1)
            stage.now += stage.settings.work.wait_for_parent
    assert (await stage.row("a"))["stage"] == "PLANNED"
    assert (await stage.row("b"))["waits_for"] == "earlier"

    if ends == "held":
        await stage.store.write(lambda c: operator.hold(c, stage.ids["a"], now=stage.now))
    await stage.work()
    assert await stage.outcome("b") == ("internal 1" if ends == "posted" else "ticket 1")
    assert len(stage.simulator.desk.tickets) == 1
    await stage.close()
