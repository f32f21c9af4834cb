"""A stage for scenarios: the real store, planner, executor and worker on a simulated desk, in one
process, with a clock that the scenario moves. Only SMTP and the parser's child are left out.
"""

from __future__ import annotations

import asyncio
import pickle
import shutil
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from gateway.config.load import parse
from gateway.config.settings import Settings
from gateway.desk.algapsa.client import Client
from gateway.desk.algapsa.desk import AlgaDesk
from gateway.desk.algapsa.rehearsal import RehearsedClient
from gateway.desk.catalog import Catalog
from gateway.desk.directory import Directory
from gateway.mail import glance
from gateway.mail.head import split_head
from gateway.mail.ids import scan_ids
from gateway.mail.read import Reading, read
from gateway.model.effects import CommentBody
from gateway.model.email import Email
from gateway.model.envelope import Envelope
from gateway.model.ids import uuid7
from gateway.simulator import Seed, Simulator, notification
from gateway.simulator.comments import write_comment
from gateway.store import claims, deliveries, effects, mapping, operator
from gateway.store.engine import Store
from gateway.store.raw import RawMail
from gateway.store.schema import delivery
from gateway.store.stage import PENDING
from gateway.upkeep.expectations import Expectations
from gateway.work.executor import Executor
from gateway.work.leases import Leases
from gateway.work.planner import Planner
from gateway.work.rules import boards_named
from gateway.work.worker import Worker

SUPPORT = "support@msp.example"
SALES = "sales@msp.example"
START = 1_795_000_000.0
PATIENCE = 3 * 3600.0


_lists_read: dict[str, bytes] = {}


@lru_cache(64)
def _reading(mail: bytes, own: tuple[str, ...]) -> Reading:
    """A mail is read each time that it is decided, explained or decided on trial; the same each time."""
    return read(mail, own_addresses=own)


class LocalParser:
    """The parser without its child."""

    def __init__(self, own: Iterable[str]) -> None:
        self.own = tuple(own)

    def _reading(self, mail: bytes | Path) -> Reading:
        return _reading(mail if isinstance(mail, bytes) else mail.read_bytes(), self.own)

    async def read(self, mail: bytes | Path, into: Path | None = None, peer: str = "") -> Email:
        reading = self._reading(mail)
        if into is not None and reading.email.attachments:
            into.mkdir(parents=True, exist_ok=True)
            for index, attachment in enumerate(reading.email.attachments):
                if attachment.size:
                    (into / str(index)).write_bytes(reading.payload(index))
        return reading.email

    async def file(self, mail: bytes | Path, index: int, into: Path) -> None:
        into.write_bytes(self._reading(mail).payload(index))


@dataclass
class M:
    """A mail of a script. ``reply`` and ``refs`` name earlier mails by key, or are ids themselves."""

    key: str
    sender: str = "Alice Archer <alice@acme.example>"
    subject: str = ""
    text: str = "It does not work."
    reply: str = ""
    refs: Sequence[str] = ()
    client: str = "gmail"
    to: str = SUPPORT
    cc: str = ""
    rcpt: str = ""
    verdict: str = "unknown"
    mail_from: str | None = None
    html: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    message_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 1.0
    raw: bytes = b""
    edge: dict[str, Any] = field(default_factory=dict)  # what else the edge says: notes, spam_score
    same_as: str = ""  # the same bytes as an earlier mail, with a Received line of its own


Act = Callable[["Stage"], Awaitable[None]]


def settings_for(**mailbox: Any) -> dict[str, Any]:
    """A configuration with a support and a sales mailbox."""
    support = {
        "address": SUPPORT,
        "board": "Support",
        "status": "New",
        "priority": "Medium",
        "fallback_client": "Unknown Senders",
        **mailbox,
    }
    sales = {**support, "address": SALES, "board": "Sales"}
    return {"desk": {"url": "http://desk/api/v1", "api_key": "demo-desk-key", "rate": 0}, "mailbox": [support, sales]}


class Stage:
    """One scenario under way."""

    def __init__(
        self, folder: Path, migrated: Path | str, data: dict[str, Any] | None = None, before: Stage | None = None
    ) -> None:
        """``migrated`` is a file with the schema, to copy, or the address of a database that has it. ``before`` was
        closed in this folder: the gateway starts again, with its database and the same desk."""
        url = str(migrated)
        if isinstance(migrated, Path):
            url = f"sqlite:///{folder}/gateway.db"
            if before is None:
                shutil.copy(migrated, folder / "gateway.db")
        data = data or settings_for()
        data["store"] = {"url": url, "spool": folder / "gateway.db.spool", "min_free": 0}
        self.settings: Settings = parse(data, {})
        self.now = before.now if before else START
        self.peer = "192.0.2.1"
        self.simulator = before.simulator if before else Simulator(Seed(rate_limit={"mode": "off"}), clock=self.clock)
        self.store = Store(self.settings.store.url, in_loop=True)
        self.sent: dict[str, EmailMessage] = {}
        self.bytes: dict[str, bytes] = {}
        self.ids: dict[str, str] = {}
        self.numbers: dict[str, str] = {}
        self.order: list[str] = []
        self.clients: dict[str, Client] = {}  # of the desks, by name
        self.directories = {name: self._directory(name) for name in self.settings.desks}
        (folder / "gateway.db.spool").mkdir(exist_ok=True)
        parser: Any = LocalParser(self.settings.own_addresses())
        leases = Leases(self.store, 300, "stage", self.clock)
        self.planner = Planner(
            self.store,
            parser,
            self.directories,
            self.settings,
            leases,
            RawMail(self.settings.store),
            self.clock,
        )
        self.executor = Executor(self.planner)
        self.worker = Worker(self.executor)
        self.expectations = Expectations(self.store, self.settings, self.planner.policies.sources, self.clock)

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Time goes on by what others do."""
        until = self.now + seconds
        while self.now < until:
            await asyncio.sleep(0)

    def _directory(self, name: str) -> Directory:
        own = self.settings.desks[name]
        transport = httpx.ASGITransport(app=self.simulator.app)
        make = Client if own.mode == "live" else partial(RehearsedClient, store=self.store)
        self.clients[name] = make(
            name,
            "http://desk/api/v1",
            own.key(),
            rate=own.rate,
            burst=own.burst,
            clock=self.clock,
            sleep=self.sleep,
            transport=transport,
        )
        boxes = [box for box in self.settings.mailbox if box.desk == name]
        return Directory(AlgaDesk(self.clients[name]), own, boxes, boards_named(self.settings), self.settings.aliases)

    async def open(self) -> None:
        for directory in self.directories.values():
            await self._read_lists(directory)
            directory.up_since = self.now

    async def _read_lists(self, directory: Directory) -> None:
        """From the desk, unless one that is alike was read before: a tenth of a scenario."""
        desk, asked = self.simulator.desk, (directory.settings, directory._mailboxes, directory._boards)
        lists = (desk.boards, desk.statuses, desk.priorities, desk.clients, desk.users, desk.categories, desk.keys)
        alike = repr((asked, directory._clients_needed, lists, self.simulator.faults.rules))
        if alike in _lists_read:
            catalog: Catalog = pickle.loads(_lists_read[alike])
            directory.catalog = replace(catalog, at=self.now)
            return
        assert await directory.refresh()
        assert directory.catalog is not None
        _lists_read[alike] = pickle.dumps(directory.catalog)  # a copy of it takes a tenth of deepcopy's time

    async def close(self) -> None:
        for directory in self.directories.values():
            await directory.desk.close()
        self.store.close()

    # -- mail in ----------------------------------------------------------------------------------

    def id_of(self, name: str) -> str:
        return str(self.sent[name]["Message-ID"]) if name in self.sent else name

    async def accept(self, mail: M) -> str:
        """What the edge does with a mail: the delivery's id."""
        from tests.scenarios.clients import compose

        self.now += mail.after
        if mail.same_as:
            raw = b"Received: from other by route; " + mail.key.encode() + b"\r\n" + self.bytes[mail.same_as]
        elif mail.raw:
            raw = mail.raw
        else:
            message = compose(self, mail)
            self.sent[mail.key] = message
            raw = message.as_bytes()
        self.bytes[mail.key] = raw
        ids = scan_ids(raw[: raw.find(b"\n\n") + 1] if b"\r\n\r\n" not in raw else raw[: raw.find(b"\r\n\r\n") + 2])
        sender = mail.mail_from if mail.mail_from is not None else mail.sender.rpartition("<")[2].strip("<> ")
        named = [named_id for named_id in (ids.message_id, *ids.in_reply_to, *ids.references) if named_id]
        rcpt = mail.rcpt or mail.to.partition(",")[0].rpartition("<")[2].strip("<> ")
        local, _, domain = rcpt.lower().rpartition("@")
        box = next(b for b in self.settings.mailbox if b.address == f"{local.partition('+')[0]}@{domain}")
        verdict: Any = mail.verdict
        new = deliveries.NewDelivery(
            id=uuid7(self.now),
            desk=box.desk,
            mailbox=box.address,
            envelope=Envelope(sender, rcpt, peer=self.peer, time=self.now, verdict=verdict, **mail.edge),
            message_id=ids.message_id,
            mention_keys=tuple(dict.fromkeys(mapping.key(box.desk, named_id) for named_id in named)),
            dedupe_key=sha256(sender.encode() + box.address.encode() + raw).digest(),
            remember_until=self.now + 86400,
            sender="" if mail.verdict == "fail" else ids.author,
            subject=glance.subject(*split_head(raw).values("subject")[:1]),
        )
        (self.ids[mail.key],) = await self.store.write(
            lambda c: deliveries.accept(c, [new], raw, None, len(raw), sha256(raw).digest())
        )
        row = await self.row(mail.key)
        self.numbers[mail.key] = f"#{row['seq']}"
        return self.ids[mail.key]

    async def work(self, within: float | None = None) -> None:
        """Work until nothing is pending, moving the clock to whatever is due next; ``within`` seconds only."""
        end = self.now + (PATIENCE if within is None else within)
        names = list(self.directories)
        while True:
            taken = await self.worker._claim()
            for claimed in taken:
                await self.worker._work(claimed)
            if taken:
                continue
            due = await self.store.read(lambda c, now=self.now: claims.next_due(c, names, now))
            if due is None or (within is not None and due > end):
                break
            assert due < end, "never finished"
            self.now = due
        for ticket_id in self.simulator.desk.tickets:
            if ticket_id not in self.order:
                self.order.append(ticket_id)

    # -- what became of it ------------------------------------------------------------------------

    async def row(self, key: str) -> dict[str, Any]:
        id_ = self.ids[key]
        query = select(delivery).where(delivery.c.id == id_)
        return dict(await self.store.read(lambda c: c.execute(query).mappings().one()))

    async def outcome(self, key: str) -> str:
        """In the words of a script: "ticket 1", "comment 1 reopened", "quarantine unverified-sender"."""
        row = await self.row(key)
        if row["stage"] == "SUPPRESSED":
            return f"suppress {row['reason']}"
        if row["stage"] == "QUARANTINED":
            return f"quarantine {row['reason']}"
        assert row["stage"] not in PENDING or row["posted"]
        place = self.order.index(row["ticket_id"]) + 1
        done = await self.store.read(lambda c: effects.of(c, row["id"], row["generation"]))
        words = "ticket" if row["outcome"] == "ticket" else "comment"
        comments = [made for made in effects.of_type(done, CommentBody) if words == "comment"]
        if comments and comments[0].body.internal:
            words = "internal"
        reopened = (
            " reopened"
            if any(effect.kind in ("status", "reopen") and effect.state == "DONE" for effect in done)
            else ""
        )
        return f"{words} {place}{reopened}"

    def ticket(self, number: int) -> dict[str, Any]:
        return self.simulator.desk.tickets[self.order[number - 1]]

    def comments(self, number: int) -> list[dict[str, Any]]:
        return self.simulator.desk.comments.get(self.order[number - 1], [])

    def client_of(self, number: int) -> str:
        return str(self.simulator.desk.clients[self.ticket(number)["client_id"]]["client_name"])


# -- what else happens in a script ----------------------------------------------------------------


def close(number: int, ago: float = 0.0) -> Act:
    """A technician closes the ticket, ``ago`` seconds before now."""

    async def act(stage: Stage) -> None:
        ticket = stage.ticket(number)
        catalog = stage.directories["default"].catalog
        assert catalog is not None
        closed = next(status for status in catalog.statuses[ticket["board_id"]] if status.is_closed)
        await stage.directories["default"].desk.set_status(ticket["ticket_id"], closed.id)
        moment = datetime.fromtimestamp(stage.now - ago, UTC)
        stage.ticket(number)["closed_at"] = moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    return act


def answer(number: int, words: str, *people: str) -> Act:
    """A technician answers on the ticket, in the desk's own pages; the desk's mail about it to each of these people is
    known by their address from then on, to be answered."""

    async def act(stage: Stage) -> None:
        stage.now += 1
        desk = stage.simulator.desk
        comment = write_comment(desk, stage.order[number - 1], words, user_id=next(iter(desk.users)))
        for address in people:
            stage.sent[address] = notification.of_comment(desk, comment, address, "msp.example")

    return act


def delete(number: int) -> Act:
    """The ticket is deleted at the desk."""

    async def act(stage: Stage) -> None:
        del stage.simulator.desk.tickets[stage.order[number - 1]]

    return act


def bundle(child: int, master: int) -> Act:
    """Two tickets become one bundle."""

    async def act(stage: Stage) -> None:
        desk = stage.directories["default"].desk
        outcome = await desk.bundle(stage.order[master - 1], stage.order[child - 1], "link_only")
        assert type(outcome).__name__ == "Good", outcome

    return act


def move(key: str, to: int | str, **said: Any) -> Act:
    """The operator moves a mail."""

    async def act(stage: Stage) -> None:
        target = stage.order[to - 1] if isinstance(to, int) else to
        now = stage.now
        word = operator.Word("lmeier", target, **said)
        await stage.store.write(lambda c: operator.move_to(c, stage.ids[key], word, now=now))
        await stage.work()

    return act


def release(key: str, to: int | str = "", **said: Any) -> Act:
    """The operator releases a mail that was set aside."""

    async def act(stage: Stage) -> None:
        target = stage.order[to - 1] if isinstance(to, int) else to
        now = stage.now
        word = operator.Word("lmeier", target, **said)
        await stage.store.write(lambda c: operator.release(c, stage.ids[key], word, now=now))
        await stage.work()

    return act


def drop(key: str) -> Act:
    """The operator gives a mail up."""

    async def act(stage: Stage) -> None:
        now = stage.now
        await stage.store.write(lambda c: operator.drop(c, stage.ids[key], now=now, by="lmeier"))

    return act


def token(number: int, value: str) -> Act:
    """We gave out an address for the ticket."""

    async def act(stage: Stage) -> None:
        now, ticket_id = stage.now, stage.order[number - 1]
        await stage.store.write(lambda c: mapping.make_token(c, "default", ticket_id, value, now))

    return act


def board(**values: Any) -> Act:
    """What the desk's boards say."""

    async def act(stage: Stage) -> None:
        for board in stage.simulator.desk.boards.values():
            board.update(values)
        await stage.directories["default"].refresh()

    return act


def later(seconds: float) -> Act:
    async def act(stage: Stage) -> None:
        stage.now += seconds

    return act


def stamp(stage: Stage) -> str:
    return format_datetime(datetime.fromtimestamp(stage.now, UTC))
