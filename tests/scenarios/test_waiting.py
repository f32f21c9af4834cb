"""Each way in which mail waits, and what its row then says: to the queue's lists and to the metric alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from gateway.desk.outcome import Unknown
from gateway.desk.pacing import LocalPacing
from gateway.model.waiting import Waiting
from gateway.store import operator, waiting
from gateway.store.reading import Unavailable
from gateway.store.schema import delivery
from gateway.upkeep.desk_states import DeskStates
from gateway.work.parser import ParserDied
from tests.scenarios.scripts import ALICE
from tests.scenarios.stage import M, Stage, settings_for

Act = Callable[[Stage, pytest.MonkeyPatch], Awaitable[None]]


async def step(stage: Stage) -> None:
    """Everything that is due is taken once, and no time passes."""
    for claimed in await stage.worker._claim():
        await stage.worker._work(claimed)


async def wait_of(stage: Stage, key: str = "a") -> waiting.Wait | None:
    row = await stage.row(key)
    states = await stage.store.read(waiting.desks)
    found = waiting.of_row(row, states, stage.now)
    counted = await stage.store.read(lambda c: waiting.counted(c, stage.now))
    if found is not None:
        assert counted[found.waits.kind] >= 1, "the metric says the same"
    return found


@pytest.fixture
async def stage(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path, migrated_file)
    await made.open()
    yield made
    await made.close()


async def the_desk_is_away(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    stage.directories["default"].desk.breaker.bad("ConnectError", stage.now, down=True)
    await told(stage)


async def the_key_is_refused(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    stage.directories["default"].desk.breaker.refuse_key("401 UNAUTHORIZED: Invalid API key", stage.now)
    await told(stage)


async def told(stage: Stage) -> None:
    states = DeskStates(stage.store, stage.directories, stage.clock)
    await states.record()
    await states.record()


async def no_call_is_left(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    pacing = LocalPacing(60, 10, stage.now)
    for _ in range(10):
        await pacing.take(stage.now, "read-back")  # type: ignore[arg-type]
    patch.setattr(stage.worker, "_room", lambda: {"default": (1, {})})
    stage.clients["default"].pacing = pacing


async def the_answer_is_lost(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    stage.simulator.faults.set([{"kind": "create_ticket", "do": "answer", "status": 502, "body": "html"}])


async def the_answer_is_odd(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    async def odd(*given: Any) -> Unknown:
        return Unknown("200 of another shape: data: Input should be a valid list", 200, alive=True)

    patch.setattr(stage.directories["default"].desk, "contacts_of_domain", odd)


async def the_parser_dies(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    async def dies(*given: Any) -> None:
        raise ParserDied("no answer within 20 s")

    patch.setattr(stage.planner.parser, "read", dies)


async def something_fails(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    async def fails(*given: Any) -> None:
        raise RuntimeError("words")

    patch.setattr(stage.planner, "plan", fails)


async def a_page_is_gone(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    async def unavailable(*given: Any) -> None:
        raise Unavailable("invalid page in block 3")

    patch.setattr(stage.planner, "plan", unavailable)


async def an_operator_holds_it(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    await stage.store.write(lambda c: operator.hold(c, stage.ids["a"], now=stage.now))


async def nothing_happens(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(stage.worker, "_room", dict)


async def it_is_taken(stage: Stage, patch: pytest.MonkeyPatch) -> None:
    await stage.worker._claim()


@pytest.mark.parametrize(
    ("act", "kind", "words"),
    [
        (the_desk_is_away, Waiting.DESK, "the desk, which is away: ConnectError"),
        (the_key_is_refused, Waiting.KEY, "a key that the desk takes: 401 UNAUTHORIZED: Invalid API key"),
        (no_call_is_left, Waiting.RATE, "the desk's rate limit to leave a call for a reply"),
        (
            the_answer_is_lost,
            Waiting.READ_BACK,
            "a look whether the desk has the ticket, to which it gave no clear answer",
        ),
        (the_answer_is_odd, Waiting.ANSWER, "an answer of the desk that can be used: 200 of another shape"),
        (the_parser_dies, Waiting.PARSER, "another try at reading it: no answer within 20 s"),
        (something_fails, Waiting.FAILURE, "another try after a failure: RuntimeError: words"),
        (a_page_is_gone, Waiting.STORE, "a part of the database that cannot be read: invalid page in block 3"),
        (an_operator_holds_it, Waiting.OPERATOR, "an operator, who held it"),
        (nothing_happens, Waiting.WORKER, "a worker: nothing else is in its way"),
        (it_is_taken, Waiting.WORK, "its end: it is being worked on"),
    ],
    ids=lambda value: value.__name__ if callable(value) and not isinstance(value, str) else "",
)
async def test_mail_says_what_it_waits_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, act: Act, kind: Waiting, words: str
) -> None:
    await stage.accept(M("a", ALICE))
    await act(stage, monkeypatch)
    await step(stage)

    found = await wait_of(stage)

    assert found is not None and found.waits.kind is kind
    assert str(found.waits).startswith(words)
    assert 0 < found.since <= stage.now


async def test_a_reply_names_the_mail_it_is_behind(stage: Stage) -> None:
    await stage.accept(M("a", ALICE))
    await stage.accept(M("b", ALICE, reply="a"))
    stage.simulator.faults.set([{"kind": "create_ticket", "do": "answer", "status": 502, "body": "html"}])
    await step(stage)

    found = await wait_of(stage, "b")

    assert found is not None and found.waits.kind is Waiting.EARLIER
    assert found.waits.on == stage.ids["a"]
    assert found.until > stage.now


async def test_mail_of_a_mailbox_that_cannot_work_says_what_is_wrong(tmp_path: Path, migrated_file: Path) -> None:
    made = Stage(tmp_path, migrated_file, settings_for(status="Nowhere"))
    await made.open()
    await made.accept(M("a", ALICE))
    await step(made)

    found = await wait_of(made)

    assert found is not None and found.waits.kind is Waiting.NAMES
    assert "status 'Nowhere': the desk does not have it" in str(found.waits)
    await made.close()


async def test_since_counts_from_the_first_time(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.accept(M("a", ALICE))
    began = stage.now
    await something_fails(stage, monkeypatch)
    await step(stage)
    stage.now += 60
    await step(stage)

    found = await wait_of(stage)

    assert found is not None and found.since == began
    assert found.until > stage.now


async def test_what_it_waits_for_goes_with_what_it_waits_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.accept(M("a", ALICE))
    with monkeypatch.context() as patch:
        await something_fails(stage, patch)
        await step(stage)
    await stage.work()

    assert await wait_of(stage) is None
    assert (await stage.row("a"))["waits_for"] == ""


async def test_a_desk_that_is_back_is_waited_for_no_more(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.accept(M("a", ALICE))
    breaker = stage.directories["default"].desk.breaker
    states = DeskStates(stage.store, stage.directories, stage.clock)
    breaker.bad("ConnectError", stage.now, down=True)
    await states.record()
    since = stage.now
    await states.record()
    stage.now += 0.5
    await states.record()
    breaker.good()
    for _ in range(2):
        await states.record()

    state = (await stage.store.read(waiting.desks))["default"]
    assert (state.waits.kind, state.since) == (Waiting.NOTHING, stage.now)
    assert since < state.since
    found = await wait_of(stage)
    assert found is not None and found.waits.kind is Waiting.WORKER


async def test_a_word_of_a_newer_version_is_none(stage: Stage) -> None:
    await stage.accept(M("a", ALICE))
    await stage.store.write(lambda c: c.execute(update(delivery).values(waits_for="comet", due_at=stage.now + 9)))

    found = await wait_of(stage)

    assert found is not None and found.waits.kind is Waiting.WORKER


async def test_a_reply_that_waits_asks_the_desk_less_and_less(tmp_path: Path, migrated_file: Path) -> None:
    """The comment of the first reply has no answer yet. The second one names the same mail, which we do not know, and
    has waited for the first as long as it may."""
    data = settings_for()
    data["desk"]["settle"] = "25m"
    stage = Stage(tmp_path, migrated_file, data)
    await stage.open()
    await stage.accept(M("a"))
    await stage.work()
    stage.simulator.faults.set([{"kind": "comment", "do": "answer", "status": 502, "commit": False, "times": 1}])
    for key in ("b", "c"):
        await stage.accept(M(key, subject="Re: Printer", reply="a", refs=["a", "<elsewhere@acme.example>"]))
    await stage.work(within=605)
    before = len(stage.simulator.desk.calls)
    await stage.work(within=605)
    asked = [call for call in stage.simulator.desk.calls[before:] if call.kind == "search"]
    assert 10 <= len(asked) <= 70
    await stage.work()
    assert [await stage.outcome(key) for key in ("b", "c")] == ["comment 1", "comment 1"]
    await stage.close()
