"""Probes: sent, back, missing and told, back again; never a ticket."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.config.load import parse
from gateway.config.settings import ConfigError
from gateway.operate.today import today
from gateway.store import inflow, probes
from gateway.store.probes import Probe
from gateway.upkeep.probes import Probes
from tests.outgoing.smarthost import Relay, relay
from tests.scenarios.stage import SUPPORT, M, Stage, settings_for
from tests.sizes import size

EVERY, WITHIN = 900.0, 600.0


class Watched:
    """A desk with a probe, whose mail goes to a relay and from there where the test wants it."""

    def __init__(self, stage: Stage, server: Relay) -> None:
        self.stage = stage
        self.server = server
        self.shown: dict[str, tuple[float, bool]] = {}
        self.probes = self.started()
        self.carried = 0
        self.changes: Callable[[bytes], bytes] = lambda raw: raw

    def started(self) -> Probes:
        return Probes(self.stage.store, self.stage.settings, self.stage.clock, show=self.show)

    def show(self, name: str, took: float, missing: bool) -> None:
        self.shown[name] = (took, missing)

    async def carry(self, after: float = 5.0, **more: Any) -> None:
        """What the relay took arrives at the gateway."""
        for raw in self.server.taken[self.carried :]:
            self.carried += 1
            raw = self.changes(raw)
            await self.stage.accept(M(f"probe{self.carried}", "probe@elsewhere.example", raw=raw, after=after, **more))
        await self.stage.work(0)

    async def until(self, seconds: float, carries: bool = True) -> int:
        """Let time go by; how many mails were made."""
        end, told = self.stage.now + seconds, 0
        while self.stage.now < end:
            self.stage.now += 60
            told += await self.probes.check()
            if carries:
                await self.carry()
            else:
                await self.stage.work(0)
        return told

    @property
    def titles(self) -> list[str]:
        return [ticket["title"] for ticket in self.stage.simulator.desk.tickets.values()]


@pytest.fixture
async def watched(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Watched]:
    async with relay() as server:
        probe = {
            "name": "outside",
            "host": f"127.0.0.1:{server.port}",
            "from": "probe@elsewhere.example",
            "tls": "none",
            "timeout": 60,
            "to": SUPPORT,
            "every": EVERY,
            "within": WITHIN,
        }
        stage = Stage(tmp_path, migrated_file, {**settings_for(), "probe": [probe]})
        stage.now += EVERY - stage.now % EVERY
        await stage.open()
        yield Watched(stage, server)
        await stage.close()


async def test_one_that_comes_back_is_no_ticket_and_shows_how_long_it_took(watched: Watched) -> None:
    assert await watched.until(EVERY * 3) == 0

    assert len(watched.server.taken) == 4 and watched.titles == []
    assert await watched.stage.outcome("probe1") == "suppress probe"
    assert watched.shown["outside"] == (5.0, False)
    day = await watched.stage.store.read(lambda c: today(c, watched.stage.settings, "", watched.stage.now, None))
    (tried,) = day.probes
    assert tried.took == 5.0 and tried.missing == "" and len(tried.last) == 4


def with_another_id(raw: bytes) -> bytes:
    return re.sub(rb"(?mi)^Message-ID: .*$", b"Message-ID: <0102-77@email.relay.example>\r", raw)


def with_a_banner(raw: bytes) -> bytes:
    head, _, body = raw.partition(b"\r\n\r\n")
    head = re.sub(rb"(?mi)^Subject: ", b"Subject: [EXTERNAL] ", head)
    return head + b"\r\n\r\nCAUTION: this mail is from outside.\r\n" + body + b"\r\n-- \r\nScanned.\r\n"


@pytest.mark.parametrize("changes", [with_another_id, with_a_banner])
async def test_one_that_is_changed_on_its_way_is_known(watched: Watched, changes: Callable[[bytes], bytes]) -> None:
    watched.changes = changes
    assert await watched.until(EVERY * 3) == 0

    assert watched.titles == [] and watched.shown["outside"] == (5.0, False)
    _, came = await watched.stage.store.read(lambda c: inflow.after(c, 0, 0))
    assert came == {}  # it is no mail of others


async def test_one_that_comes_twice_came_when_it_came_first(watched: Watched) -> None:
    await watched.until(60)
    watched.carried, watched.changes = 0, with_another_id
    await watched.until(300)
    assert watched.titles == [] and watched.shown["outside"] == (5.0, False)


@pytest.mark.parametrize(("minutes", "tells"), [(5, 0), (20, 1)])
async def test_a_server_that_takes_it_later_is_asked_again(watched: Watched, minutes: int, tells: int) -> None:
    """Greylisting; what is not taken in time is told with the server's words."""
    watched.server.says["RCPT"] = "451 4.7.1 greylisted, come back"
    assert await watched.until(minutes * 60) == tells
    assert all("does not arrive" in title for title in watched.titles) and len(watched.titles) == tells
    del watched.server.says["RCPT"]
    assert await watched.until(EVERY * 2) == tells
    assert watched.shown["outside"][1] is False and len(watched.titles) == tells
    assert len(set(watched.server.taken)) == len(watched.server.taken) == 3  # each once


async def test_one_that_does_not_come_is_told_once_and_again_when_it_does(watched: Watched) -> None:
    await watched.until(EVERY * 2)
    watched.carried = 10_000  # the way is blocked
    assert await watched.until(EVERY * 6, carries=False) == 1
    assert watched.titles == ["Probe outside does not arrive"] and watched.shown["outside"][1]

    watched.carried = len(watched.server.taken)  # what was lost stays lost
    assert await watched.until(EVERY * 2) == 1
    assert watched.shown["outside"] == (5.0, False) and len(watched.titles) == 1
    await watched.stage.work()
    assert watched.stage.ticket(1)["closed_at"]


async def test_one_that_comes_late_was_missing_until_another_is_in_time(watched: Watched) -> None:
    assert await watched.until(WITHIN + 120, carries=False) == 1
    await watched.carry()
    assert await watched.probes.check() == 0 and not watched.shown["outside"][1]


async def test_a_server_that_does_not_take_it_is_told_with_its_words(watched: Watched) -> None:
    watched.server.says["RCPT"] = "550 5.7.1 relaying denied"
    assert await watched.until(EVERY) == 1
    assert "relaying denied" in str(watched.stage.ticket(1))
    (tried,) = (
        await watched.stage.store.read(lambda c: today(c, watched.stage.settings, "", watched.stage.now, None))
    ).probes
    assert "relaying denied" in tried.missing


async def test_one_whose_answer_was_lost_counts_when_it_comes(watched: Watched) -> None:
    watched.server.says["content"], watched.server.takes_silently = "gone", True
    assert await watched.until(300) == 0
    assert watched.shown["outside"] == (5.0, False)


async def test_one_that_never_left_because_the_process_died_is_not_missing(watched: Watched) -> None:
    now = watched.stage.now + 60
    died = Probe("outside", int(now - now % EVERY), "probe.1@elsewhere.example", now)
    await watched.stage.store.write(lambda c: probes.begin(c, died))

    assert await watched.until(EVERY * 2 + 120) == 0 and watched.titles == []
    assert watched.shown["outside"] == (5.0, False) and len(watched.server.taken) == 2


async def test_a_ticket_ends_though_it_is_told_in_the_log_by_then(watched: Watched) -> None:
    assert await watched.until(EVERY, carries=False) == 1
    settings = watched.stage.settings
    in_log = settings.probe[0].model_copy(update={"tell": "log"})
    watched.probes.take(settings.model_copy(update={"probe": (in_log,)}))
    watched.carried = len(watched.server.taken)
    await watched.until(EVERY * 2)
    await watched.stage.work()
    assert watched.stage.ticket(1)["closed_at"]


async def test_nothing_is_told_just_after_a_start(watched: Watched) -> None:
    await watched.until(WITHIN / 2, carries=False)
    watched.stage.now += 4 * EVERY  # the gateway was not there
    watched.probes = watched.started()
    assert await watched.until(120, carries=False) == 0


async def test_one_that_is_missing_after_the_time_between_them_became_longer(watched: Watched) -> None:
    settings = watched.stage.settings
    sent = size(12, 60)
    for age in range(sent, 0, -1):
        await watched.probes._send(settings.probe[0], watched.stage.now - age * EVERY)
    await watched.carry()
    assert len(watched.server.taken) == sent
    seldom = settings.model_copy(update={"probe": [settings.probe[0].model_copy(update={"every": 4 * EVERY})]})
    watched.probes.take(seldom)
    assert await watched.until(8 * EVERY, carries=False) == 1
    assert watched.shown["outside"][1]


async def test_replicas_send_one(watched: Watched) -> None:
    other = watched.started()
    await watched.probes.check()
    await other.check()
    assert len(watched.server.taken) == 1


async def test_nobody_else_can_send_one(watched: Watched) -> None:
    """An id of the same form that was never sent is an ordinary mail's."""
    await watched.until(120)
    forged = M("f", "Eve <eve@newco.example>", "Hello", message_id=f"<probe.{'0' * 32}@elsewhere.example>")
    await watched.stage.accept(forged)
    await watched.stage.work()
    assert await watched.stage.outcome("f") == "ticket 1"


async def test_probes_do_not_hide_that_a_mailbox_is_silent(watched: Watched) -> None:
    await watched.until(EVERY * 3)
    _, last = await watched.stage.store.read(lambda c: inflow.after(c, 0, 0.0))
    assert last == {}


async def test_old_ones_are_forgotten(watched: Watched) -> None:
    await watched.until(EVERY * 2)
    assert len(watched.server.taken) == 3
    dropped = await watched.stage.store.write(lambda c: probes.drop(c, watched.stage.now - EVERY - 30, 100))
    assert dropped.count == 1


def test_a_probe_arrives_in_a_mailbox_of_ours() -> None:
    probe = {"name": "x", "host": "mail.example:25", "from": "a@b.example", "to": "help@msp.example"}
    with pytest.raises(ConfigError, match=r"probe.1: mailbox: help@msp.example is no mailbox"):
        parse({**settings_for(), "probe": [probe]}, {})
    assert parse({**settings_for(), "probe": [{**probe, "mailbox": SUPPORT}]}, {}).probe[0].arrives_at == SUPPORT
