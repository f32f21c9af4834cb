"""A second product of a desk, as small as one can be: tickets and comments in dictionaries, in plain words and with ids of
its own. And a gateway around it, which knows nothing of the other product."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from gateway import blocks as rich
from gateway.config.load import parse
from gateway.desk import records
from gateway.desk.breaker import Breaker
from gateway.desk.directory import Directory
from gateway.desk.outcome import Good, Outcome, Refused, Unknown
from gateway.desk.pacing import PATIENCE, LocalPacing
from gateway.desk.permit import FREE, Permit
from gateway.desk.readback import Aim
from gateway.mail import glance
from gateway.mail.head import split_head
from gateway.mail.ids import scan_ids
from gateway.mail.read import read
from gateway.model.effects import TicketBody
from gateway.model.email import Email
from gateway.model.envelope import Envelope
from gateway.model.ids import uuid7
from gateway.store import claims, deliveries, mapping
from gateway.store.engine import Store
from gateway.store.raw import RawMail
from gateway.work.executor import Executor
from gateway.work.leases import Leases
from gateway.work.planner import Planner
from gateway.work.worker import Worker

BOX = "help@msp.example"
ANN = "Ann Archer <ann@acme.example>"
SETTINGS = {
    "desk": {"url": "http://notebook/", "api_key": "none", "rate": 0},
    "mailbox": [{"address": BOX, "fallback_client": "Walk-ins"}],
}


@dataclass
class Page:
    """A ticket of the notebook."""

    number: str
    marker: str
    title: str
    words: str
    owner: str
    person: str
    open: bool = True
    notes: list[tuple[str, str, bool]] = field(default_factory=list)  # marker, words, internal


class Notebook:
    """What of ``gateway.desk.port.Desk`` such mail needs. It ``forgets`` so many answers to writes: what was asked for is
    done, and nobody is told."""

    rehearses = False

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.name, self.clock = "default", clock
        self.breaker, self.pacing = Breaker(), LocalPacing(0, 1, clock())
        self.pages: dict[str, Page] = {}
        self.asked: list[str] = []
        self.forgets = 0

    async def close(self) -> None:
        """Nothing is open."""

    def _said(self, data: Any) -> Outcome:
        if self.forgets:
            self.forgets -= 1
            return Unknown("the line is dead")
        return Good(200, data, {})

    # -- names and people -------------------------------------------------------------------------

    async def boards(self) -> Outcome:
        return Good(
            200, [records.Board("desk", "The desk", is_default=True, default_priority_id="usual", reopens=True)], {}
        )

    async def statuses(self, board_id: str, vital: bool = True, patience: float = PATIENCE) -> Outcome:
        return Good(200, [records.Status("open", "Open"), records.Status("done", "Done", is_closed=True)], {})

    async def priorities(self) -> Outcome:
        return Good(200, [records.Priority("usual", "Usual")], {})

    async def clients(self, vital: bool = True) -> Outcome:
        return Good(200, [records.Client("acme", "Acme"), records.Client("others", "Walk-ins")], {})

    async def staff(self) -> Outcome:
        return Good(200, [records.Person("tess", "Tess", "tess@msp.example")], {})

    async def categories(self) -> Outcome:
        return Good(200, [], {})

    async def contacts(self, address: str, patience: float = 0.0) -> Outcome:
        ann = records.Contact("ann", "acme", "Ann Archer", "ann@acme.example")
        return Good(200, [ann] if address in ann.address else [], {})

    async def contacts_of_domain(self, domain: str, patience: float = 0.0) -> Outcome:
        return await self.contacts(f"@{domain}")

    # -- tickets ----------------------------------------------------------------------------------

    def _ticket(self, id_: str) -> records.Ticket:
        page = self.pages[id_]
        status = "open" if page.open else "done"
        where = {"board_id": "desk", "status_id": status, "client_id": page.owner, "contact_id": page.person}
        return records.Ticket(id_, page.number, page.title, is_closed=not page.open, **where)

    async def ticket(self, ticket_id: str, patience: float = 0.0) -> Outcome:
        self.asked.append("ticket")
        return (
            Good(200, self._ticket(ticket_id), {}) if ticket_id in self.pages else Refused(404, "GONE", "no such page")
        )

    async def tickets_by_number(self, number: str) -> Outcome:
        self.asked.append("by number")
        return Good(200, [self._ticket(id_) for id_, page in self.pages.items() if number in page.number], {})

    async def last_comments(self, ticket_id: str, count: int, within: float) -> Outcome:
        self.asked.append("last comments")
        notes = self.pages[ticket_id].notes[-count:]
        return Good(200, [records.Comment(marker, text=words) for marker, words, _ in reversed(notes)], {})

    async def create_ticket(
        self, body: TicketBody, marker: str, contact_id: str = "", permit: Permit = FREE
    ) -> Outcome:
        permit.check()
        page = Page(
            number=f"N{len(self.pages) + 1}",
            marker=marker,
            title=body.title,
            words=rich.words(body.description),
            owner=body.ids["client_id"],
            person=body.ids.get("contact_id", ""),
        )
        self.pages[f"page-{len(self.pages) + 1}"] = page
        (remote,) = await self.find_tickets(marker, 0.0)
        return self._said(remote)

    async def add_comment(
        self,
        ticket_id: str,
        blocks: Sequence[Any],
        facts: Mapping[str, Any],
        marker: str,
        permit: Permit = FREE,
        *,
        internal: bool = True,
        mailed: bool = False,
        by_customer: bool = False,
    ) -> Outcome:
        permit.check()
        self.pages[ticket_id].notes.append((marker, rich.words(rich.dumps(list(blocks))), internal))
        return self._said(records.Remote(marker))

    async def set_status(self, ticket_id: str, status_id: str, permit: Permit = FREE) -> Outcome:
        permit.check()
        self.pages[ticket_id].open = status_id == "open"
        return self._said(None)

    async def find_tickets(
        self, marker: str, sent_at: float, aim: Aim = Aim.ADOPT, not_before: float = 0.0
    ) -> list[records.Remote]:
        pages = self.pages.items()
        return [records.Remote(id_, page.number, page.owner) for id_, page in pages if page.marker == marker]

    async def find_comments(self, ticket_id: str, marker: str, sent_at: float) -> list[records.Remote]:
        return [records.Remote(found) for found, _, _ in self.pages[ticket_id].notes if found == marker]


class Reader:
    """The parser without its child."""

    async def read(self, mail: bytes | Path, into: Path | None = None, peer: str = "") -> Email:
        return read(mail if isinstance(mail, bytes) else mail.read_bytes(), own_addresses=(BOX,)).email


class House:
    """A gateway at a notebook, with a clock that goes on to what is due; ``store`` has the schema."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.now = 1_795_000_000.0
        self.settings = parse({**SETTINGS, "store": {"url": f"sqlite:///{folder}/gateway.db", "min_free": 0}}, {})
        self.store = store
        self.notebook = Notebook(self.clock)
        desk: Any = self.notebook
        self.directory = Directory(desk, self.settings.desks["default"], self.settings.mailbox)
        parser: Any = Reader()
        leases = Leases(self.store, 300, "house", self.clock)
        self.planner = Planner(
            *(self.store, parser, {"default": self.directory}, self.settings, leases),
            *(RawMail(self.settings.store), self.clock),
        )
        self.worker = Worker(Executor(self.planner))

    def clock(self) -> float:
        return self.now

    async def accept(self, id_: str, subject: str, text: str, answers: Iterable[str] = ()) -> None:
        """A mail of Ann's."""
        self.now += 1
        answered = " ".join(f"<{known}@acme.example>" for known in answers)
        head = [f"From: {ANN}", f"To: {BOX}", f"Subject: {subject}", f"Message-ID: <{id_}@acme.example>"]
        head += [f"In-Reply-To: {answered}", f"References: {answered}"] if answered else []
        raw = ("\r\n".join(head) + f"\r\n\r\n{text}\r\n").encode()
        ids, digest = scan_ids("\r\n".join(head).encode() + b"\r\n"), sha256(raw).digest()
        named = [name for name in (ids.message_id, *ids.in_reply_to, *ids.references) if name]
        new = deliveries.NewDelivery(
            id=uuid7(self.now),
            desk="default",
            mailbox=BOX,
            envelope=Envelope("ann@acme.example", BOX, peer="192.0.2.1", time=self.now, verdict="pass"),
            message_id=ids.message_id,
            mention_keys=tuple(dict.fromkeys(mapping.key("default", name) for name in named)),
            dedupe_key=digest,
            remember_until=self.now + 86_400,
            sender=ids.author,
            subject=glance.subject(*split_head(raw).values("subject")[:1]),
        )
        await self.store.write(lambda c: deliveries.accept(c, [new], raw, None, len(raw), digest))

    async def work(self) -> None:
        """Until nothing is due."""
        if self.directory.catalog is None:
            assert await self.directory.refresh()
            self.directory.up_since = self.now
        while await self.worker.work_off() or await self._wait():
            pass

    async def _wait(self) -> bool:
        due = await self.store.read(lambda c: claims.next_due(c, ["default"], self.now))
        self.now = max(self.now, due or 0.0)
        return due is not None
