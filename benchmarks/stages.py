"""Processor time of a mail by stage: ``python -m benchmarks.stages [MAILS [SENDERS]]``; ``make bench`` keeps it for
docs/cpu.svg.

New tickets of an hour, of one sender or of several in turn, are worked off by the parts of a worker in this process,
into a desk in a process of its own. Each stage is measured by the processor time of the thread that runs it, step by
step of its coroutines, so other work on the machine counts for little. A stage within another counts once, for itself.
The whole is that of as many mails without the meter, whose looks at the clock take a sixth of a worker's time; "other"
is what the stages leave of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Generator, Iterator
from email.policy import SMTP
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, func, select

from benchmarks.drain import NO_GUARD
from benchmarks.processes import seconds_of
from gateway import log
from gateway.app.work import Work
from gateway.config.load import parse
from gateway.config.settings import Settings
from gateway.desk import body
from gateway.desk.algapsa.calls import Calls
from gateway.intake.register import deliveries_of
from gateway.mail import wire
from gateway.mail.head import split_head, with_line_feeds
from gateway.metrics import Metrics
from gateway.model.envelope import Envelope
from gateway.model.ids import uuid7
from gateway.processes.life import run_loop
from gateway.store import deliveries
from gateway.store.arrivalrow import ArrivedFor
from gateway.store.deliveries import NewDelivery
from gateway.store.engine import Store
from gateway.store.migrate import migrate
from gateway.store.raw import RawMail
from gateway.store.restoring import Restored
from gateway.store.schema import delivery
from gateway.store.writer import Transactions
from gateway.work import parser, planner
from gateway.work.parser import Parser
from tests.harness import BOX, config_text, free_port, mail

MAILS = 500
DECIDING = ("decide", "context_of", "resolved_notice", "calendar_of")  # as the planner calls them
WRITING = ("begin_at_once", "run", "commit")
STAGES = ("read", "decide", "store", "HTTP", "JSON", "log", "other")
ALICE = "alice@acme.example"


class Meter:
    """Adds up what each stage takes; one clock a thread."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._thread = threading.local()

    @contextlib.contextmanager
    def span(self, stage: str) -> Iterator[None]:
        outer = getattr(self._thread, "within", None)
        within = self._thread.within = [0.0]  # seconds of the stages inside this one
        began = time.thread_time()
        try:
            yield
        finally:
            took = time.thread_time() - began
            self.seconds[stage] += took - within[0]
            self._thread.within = outer
            if outer is not None:
                outer[0] += took

    def function(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*given: Any, **named: Any) -> Any:
            with self.span(stage):
                return function(*given, **named)

        return measured

    def coroutine(self, stage: str, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def measured(*given: Any, **named: Any) -> Any:
            return await _Steps(self, stage, function(*given, **named))

        return measured


class _Steps:
    """An awaitable of which each step between two waits is measured."""

    def __init__(self, meter: Meter, stage: str, awaited: Awaitable[Any]) -> None:
        self.meter, self.stage, self.awaited = meter, stage, awaited

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self.awaited.__await__()
        given: Any = None
        step: Callable[[Any], Any] = lambda _: next(steps)  # noqa: E731
        while True:
            try:
                with self.meter.span(self.stage):
                    waits_for = step(given)
            except StopIteration as done:
                return done.value
            try:
                given = yield waits_for
                step = lambda _: next(steps)  # noqa: E731
            except BaseException as error:
                given = error
                step = steps.throw


@contextlib.contextmanager
def measured(meter: Meter) -> Iterator[None]:
    """The stages as they are called in the gateway."""
    places: list[tuple[Any, str, Callable[..., Any]]] = [
        (Parser, "_ask", meter.coroutine("read", Parser._ask)),
        (parser, "load", meter.function("read", wire.load)),
        *((planner, name, meter.function("decide", getattr(planner, name))) for name in DECIDING),
        *((Transactions, name, meter.function("store", getattr(Transactions, name))) for name in WRITING),
        (Store, "read_sync", meter.function("store", Store.read_sync)),
        (Calls, "_call", meter.coroutine("HTTP", Calls._call)),
        (json, "dumps", meter.function("JSON", json.dumps)),
        (json, "loads", meter.function("JSON", json.loads)),
        (body, "parsed", meter.function("JSON", body.parsed)),
    ]
    before = [getattr(where, name) for where, name, _ in places]
    for where, name, function in places:
        setattr(where, name, function)
    try:
        yield
    finally:
        for (where, name, _), function in zip(places, before, strict=True):
            setattr(where, name, function)


@contextlib.contextmanager
def logged(meter: Meter) -> Iterator[None]:
    """The log of a gateway at its usual level, thrown away behind its last step."""
    before = structlog.get_config()
    with open(os.devnull, "w") as nowhere:
        log.setup("info", "json")
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=nowhere), cache_logger_on_first_use=False)
        usual = structlog.get_config()["wrapper_class"]
        proxied = usual._proxy_to_logger
        usual._proxy_to_logger = meter.function("log", proxied)
        try:
            yield
        finally:
            del usual._proxy_to_logger
            structlog.configure(**before)


@contextlib.contextmanager
def desk() -> Iterator[str]:
    """A desk without limits, as a process. Yields its address."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as seed:
        json.dump({"rate_limit": {"mode": "off"}}, seed)
        seed.flush()
        command = [sys.executable, "-m", "gateway.simulator", "--listen", "127.0.0.1:0", "--seed-file", seed.name]
        process = subprocess.Popen([*command, "--quiet"], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()
            process.wait()


async def worked(url: str, folder: Path, mails: int, senders: int, meter: Meter | None = None) -> tuple[float, float]:
    """Seconds of processor time of the worker and of its parsers for all mails; the ``meter`` looks at the stages."""
    text = config_text(
        f"{url}/api/v1", "demo-desk-key", folder, free_port(), free_port(), desk="rate = 0", guard=NO_GUARD
    )
    settings = parse(tomllib.loads(text), {})
    store = Store(settings.store.url, in_loop=True)
    migrate(store.engine)
    work = Work(
        settings,
        store,
        RawMail(settings.store),
        name="stages",
        restored=Restored(),
        clock=time.time,
        metrics=Metrics(),
    )
    directory = work.directories["default"]
    assert await directory.refresh()
    directory.up_since = time.time()
    await work.parser.warm()
    await accept(settings, store, 20, senders)
    await done(work, store, 20)  # what is made at the first use is made
    await accept(settings, store, mails, senders)
    own, children = time.process_time(), parsers(work.parser)
    if meter is not None:
        meter.seconds.clear()
    with measured(meter) if meter else contextlib.nullcontext():
        await done(work, store, mails + 20)
    own, children = time.process_time() - own, parsers(work.parser) - children
    await work.close()
    store.close()
    return own, children


def parsers(parser: Parser) -> float:
    """CPU seconds of the parser's children."""
    return sum(seconds_of(child.process.pid) for child in parser._idle)


async def accept(settings: Settings, store: Store, mails: int, senders: int) -> None:
    """Mails as the importer puts them into the store."""
    for number in range(mails):
        sender = ALICE if senders == 1 else f"p{number % senders}@c{number % senders}.example"
        message = mail(f"Mail {number}", "It does not work.\n" * 20, sender=sender).as_bytes(policy=SMTP)
        arrived = [ArrivedFor(uuid7(time.time()), "default", BOX, BOX, "")]
        envelope = Envelope(sender, BOX, peer="127.0.0.1", time=time.time())
        digest = sha256(message).digest()
        news = deliveries_of(split_head(with_line_feeds(message)), digest, envelope, arrived, settings.work)
        await store.write(partial(keep, news=news, message=message, digest=digest))


def keep(connection: Connection, news: list[NewDelivery], message: bytes, digest: bytes) -> None:
    deliveries.accept(connection, news, message, None, len(message), digest)


async def done(work: Work, store: Store, mails: int) -> None:
    """Until so many tickets are made."""
    running = asyncio.create_task(work.worker.run())
    query = select(func.count()).where(delivery.c.stage == "DONE")
    while await store.read(lambda c: c.execute(query).scalar_one()) < mails:
        await asyncio.sleep(0.1)
        assert not running.done(), running.exception()
    await work.worker.stop()
    await running
    work.worker._stopping = False


def measure(mails: int = MAILS, senders: int = 1) -> dict[str, float]:
    """Milliseconds of processor time of a mail by stage, of the whole worker, and of its parsers."""
    with desk() as url:
        with tempfile.TemporaryDirectory() as folder, logged(Meter()):
            own, children = run_loop(worked(url, Path(folder), mails, senders))
        meter = Meter()
        with tempfile.TemporaryDirectory() as folder, logged(meter):
            run_loop(worked(url, Path(folder), mails, senders, meter))
    spent = {stage: 1000 * meter.seconds[stage] / mails for stage in STAGES[:-1]}
    spent["other"] = 1000 * own / mails - sum(spent.values())
    return {**spent, "worker": 1000 * own / mails, "parsers": 1000 * children / mails}


if __name__ == "__main__":
    print(json.dumps({stage: round(ms, 2) for stage, ms in measure(*map(int, sys.argv[1:])).items()}))
