"""A month of simulated life: people, robots, reports and absences; what became of each mail, and which words are seen.

``python -m tests.conversations.month`` plays it and writes month.md.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import structlog

from gateway.blocks import words
from gateway.mail.known import squeezed
from gateway.store.engine import make_engine
from gateway.store.migrate import migrate
from tests.conversations.play import ANSWERS, ASKED, OPENING, WAYS, Case, reply_of
from tests.conversations.programs import HTML, TEXT, Part, Reply
from tests.headers import POLICY
from tests.scenarios.scripts import dsn
from tests.scenarios.stage import SUPPORT, M, Stage, answer

DAY = 86400.0
INSIDE = ("between", "coloured", "in a cell")
LOGO = b"\x89PNG\r\n\x1a\n the logo of "


@dataclass(frozen=True)
class Person:
    """Who writes with which program in which language, signs how, and is proven or not."""

    name: str
    address: str
    program: str
    language: str
    company: str = ""
    is_proven: bool = True

    @property
    def card(self) -> str:
        return f"{self.name}\n{self.company}, Harbour Street\nT +44 20 7946 0{len(self.name):02d}{len(self.company)}" if self.company else ""

    @property
    def legal(self) -> str:
        return f"{self.company} is registered in the harbour of its town under the number 4711; this message and its attachments are for the addressee alone." if self.company else ""


PEOPLE = (
    Person("Alice Archer", "alice@acme.example", "outlook", "en", "Acme Ltd"),
    Person("Bob Baker", "bob@acme.example", "outlook web", "en", "Acme Ltd"),
    Person("Carol Castle", "carol@acme.example", "iphone", "fr", "Acme Ltd"),
    Person("Gil Glover", "gil@globex.example", "gmail", "en", "Globex Corporation", is_proven=False),
    Person("Hana Huber", "hana@globex.example", "thunderbird", "de", "Globex Corporation", is_proven=False),
    Person("Jan Jansen", "jan@klant.example", "apple mail", "nl", "Klant BV"),
    Person("Maria Mancini", "maria@cliente.example", "yahoo", "it", "Cliente Spa"),
    Person("Ola Nowak", "ola@freemail.test", "mutt", "pl"),
    Person("Pablo Perez", "pablo@freemail.test", "roundcube text", "es"),
    Person("Yuki Yamada", "yuki@kyaku.example", "samsung", "ja", "Kyaku KK"),
    Person("Walter Wolf", "walter@kunde.example", "gmx", "de", "Kunde GmbH", is_proven=False),
    Person("Zoe Zeller", "zoe@kunde.example", "outlook text", "de", "Kunde GmbH"),
)
ROBOTS = (
    ("monitor", "Site Watch <noreply@sitewatch.example>", "DOWN: shop {n}", "Reason: HTTP 503 Service Unavailable, {n}", {}, "ticket"),
    ("backup", "Backup <backup@nas.example>", "Backup {n} finished", "Volume D: has 550 GB of 2 TB left, {n}.", {"Auto-Submitted": "auto-generated"}, "ticket"),
    ("newsletter", "News <news@vendor.example>", "Offers {n}", "Buy {n} now.", {"List-Id": "<news.vendor.example>", "Precedence": "bulk"}, "ticket"),
    ("absence of a stranger", "Sue Sun <sue@supplier.example>", "Automatic reply: order {n}", "I am away until Monday.", {"Auto-Submitted": "auto-replied (vacation)"}, "suppress vacation"),
    ("a receipt", "Sue Sun <sue@supplier.example>", "Read: order {n}", "It was read.", {"Content-Type": 'multipart/report; report-type=disposition-notification; boundary="x"'}, "suppress receipt"),
)  # fmt: skip
SAYS = ("The device {n} shows a red light since this morning.", "Since {n} o'clock nobody can print the invoices.", "Please have a look at number {n}, it is urgent.")


@dataclass
class Found:
    """What was counted: mails by kind and what became of them; people's mail that was not posted; words that are
    missing, by mail."""

    became: dict[str, Counter[str]] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)
    lost: dict[str, list[str]] = field(default_factory=dict)
    surprises: list[str] = field(default_factory=list)
    logos: Counter[str] = field(default_factory=Counter)
    spared_lines: int = 0

    def count(self, kind: str, outcome: str) -> None:
        self.became.setdefault(kind, Counter())[outcome.partition(" ")[0] if not outcome.startswith("suppress") else outcome] += 1


class Life:
    """Days at a desk, the same for the same seed."""

    def __init__(self, stage: Stage, seed: int = 11) -> None:
        self.stage = stage
        self.random = random.Random(seed)
        self.found = Found()
        self.number = 100
        self.signed: dict[str, str] = {}
        self.answered: set[int] = set()
        self.tickets: list[tuple[Person, int, str]] = []
        """Who opened which ticket, and the id of that mail."""

    async def day(self) -> None:
        things = [self._opens] * 2 + [self._replies] * 5 + [self._robot] * 3 + [self._absence, self._thanks, self._report, self._colleague]
        self.random.shuffle(things)
        for thing in things:
            self.stage.now += self.random.uniform(600, 3600)
            await thing()
        self.stage.now += DAY / 2

    # -- people ---------------------------------------------------------------------------------------

    async def _opens(self) -> None:
        who = self.random.choice(PEOPLE)
        said = [*OPENING[:2], self._news()]
        reply = Reply([*map(Part, said), *self._signature(who)], (), (), who.language)
        body = _body(who, reply, answers=False)
        outcome, ticket, message_id = await self._send("a new matter", who, f"Problem {self.number}", body)
        if outcome.startswith("ticket"):
            self.tickets.append((who, ticket, message_id))
        self._seen(who, ticket, said, self._description(ticket), message_id)

    async def _replies(self) -> None:
        if not self.tickets:
            return
        who, ticket, _ = self.random.choice(self.tickets[-6:])
        await answer(ticket, "\n".join(ASKED[who.language]))(self.stage)
        ways = [way for way in WAYS if who.program not in TEXT or way not in ("coloured", "in a cell")]
        # Nobody answers the same question in its lines twice: the second time it is a quote of the first.
        way = self.random.choice([way for way in ways if way not in INSIDE or ticket not in self.answered])
        self.answered |= {ticket} if way in INSIDE else set()
        await self._reply(who, ticket, way)

    async def _colleague(self) -> None:
        """Somebody of the same company goes on."""
        if not self.tickets:
            return
        who, ticket, _ = self.random.choice(self.tickets[-6:])
        others = [other for other in PEOPLE if other.company == who.company and other is not who and who.company]
        if others and who.company in ("Acme Ltd", "Globex Corporation"):
            await self._reply(self.random.choice(others), ticket, "above")

    async def _reply(self, who: Person, ticket: int, way: str) -> None:
        news = self._news()
        said = [news, *ANSWERS[who.language]]
        plain = reply_of(Case(who.program, way, who.language, by_desk=self.random.random() < 0.6))
        below = way == "below"
        reply = replace(
            plain,
            above=[*plain.above, *([] if below else [Part(news), *self._signature(who)])],
            below=[*plain.below, *([Part(news), *self._signature(who)] if below else [])],
        )
        root = f"<ticket-{self.stage.order[ticket - 1]}@msp.example>"
        before = len(self.stage.comments(ticket))
        outcome, place, message_id = await self._send("a reply", who, "Re: Printer", _body(who, reply), root)
        comments = self.stage.comments(ticket)[before:]
        text = "\n".join(words(comment["note"]) for comment in comments)
        if outcome.startswith("ticket"):  # by somebody who may not write to it
            ticket, text = place, self._description(place)
        self.found.spared_lines += "of a signature not shown" in text
        self._seen(who, ticket, said, text, message_id)

    async def _thanks(self) -> None:
        if not self.tickets:
            return
        who, ticket, message_id = self.random.choice(self.tickets[-6:])
        before = len(self.stage.comments(ticket))
        _, _, mine = await self._send("a thank-you", who, "Re: Printer", EmailText("Thank you very much!"), f"<{message_id}>")
        self._seen(replace(who, company=""), ticket, ["Thank you very much"], words(self.stage.comments(ticket)[-1]["note"]) if len(self.stage.comments(ticket)) > before else "", mine)

    def _news(self) -> str:
        self.number += 1
        return self.random.choice(SAYS).format(n=f"{self.number}x{self.random.randrange(999)}")

    def _signature(self, who: Person) -> list[Part]:
        if not who.company or self.random.random() < 0.2:
            return []
        html = "<p>" + who.card.replace("\n", "<br>") + '<br><img src="cid:logo@x" width=90></p>'
        return [Part(who.card, html=html), Part(who.legal)]

    def _description(self, ticket: int) -> str:
        return words(self.stage.ticket(ticket)["attributes"]["description"]) if ticket else ""

    def _seen(self, who: Person, ticket: int, said: list[str], text: str, name: str) -> None:
        """Whether all words of the mail are seen: its own in its own text, a card on the ticket, legal words at the desk."""
        have = squeezed(text)
        missing = [word for line in said for word in line.split() if squeezed(word) not in have]
        if ticket:
            shown = squeezed(self._description(ticket) + "".join(words(comment["note"]) for comment in self.stage.comments(ticket)))
            signed = self.signed.get(name, "")
            missing += [line for line in who.card.split("\n") if line and line in signed and squeezed(line) not in shown]
            everywhere = (self._description(number) for number in range(1, len(self.stage.order) + 1))
            if who.legal and who.legal in signed and squeezed(who.legal) not in shown and not any(squeezed(who.legal) in squeezed(each) for each in everywhere):
                missing.append(who.legal)
        if missing:
            self.found.lost[name] = missing

    # -- machines -------------------------------------------------------------------------------------

    async def _robot(self) -> None:
        kind, sender, subject, text, headers, expected = self.random.choice(ROBOTS)
        self.number += 1
        key = f"m{self.number}"
        raw = b""
        if "receipt" in kind:
            raw = RECEIPT.format(n=self.number).replace("\n", "\r\n").encode()
        mail = M(key, sender, subject.format(n=self.number), text=text.format(n=self.number), headers=dict(headers) if not raw else {}, raw=raw)
        await self._machine(kind, mail, expected)

    async def _absence(self) -> None:
        if not self.tickets:
            return
        who, _, message_id = self.random.choice(self.tickets)
        self.number += 1
        headers = {"Auto-Submitted": "auto-replied", "In-Reply-To": f"<{message_id}>"}
        mail = M(f"m{self.number}", f"{who.name} <{who.address}>", "Automatic reply: Printer", text="I am away.", headers=headers, verdict=_verdict(who))
        await self._machine("an absence in the thread", mail, "internal")

    async def _report(self) -> None:
        if not self.tickets:
            return
        who, _, message_id = self.random.choice(self.tickets)
        self.number += 1
        known = self.random.random() < 0.5
        about = f"<{message_id}>" if known else f"<nobody{self.number}@else.example>"
        mail = M(f"m{self.number}", "", raw=dsn(about, who.address, self.number))
        await self._machine("a report", mail, "internal" if known else "suppress bounce")

    async def _machine(self, kind: str, mail: M, expected: str) -> None:
        await self.stage.accept(mail)
        await self.stage.work()
        outcome = await self.stage.outcome(mail.key)
        self.found.count(kind, outcome)
        if not outcome.startswith(expected):
            self.found.surprises.append(f"{kind}: {outcome} instead of {expected}")

    # -- sending --------------------------------------------------------------------------------------


    async def _send(self, kind: str, who: Person, subject: str, body: EmailText | EmailHtml, root: str = "") -> tuple[str, int, str]:
        """What became of it, the number of its ticket and its Message-ID."""
        self.number += 1
        key = f"m{self.number}"
        message_id = f"{key}@{who.address.partition('@')[2]}"
        mail = EmailMessage(POLICY)
        mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = f"{who.name} <{who.address}>", SUPPORT, subject, f"<{message_id}>"
        mail["Date"] = format_datetime(datetime.fromtimestamp(self.stage.now, UTC))
        if root:
            mail["In-Reply-To"] = root
        body.put(mail, who)
        self.signed[message_id] = body.text
        uploads = len(self._documents())
        await self.stage.accept(M(key, mail["From"], raw=mail.as_bytes(), verdict=_verdict(who), mail_from=who.address))
        await self.stage.work()
        outcome = await self.stage.outcome(key)
        self.found.count(kind, outcome)
        if outcome.startswith(("suppress", "quarantine")):
            self.found.withheld.append(f"{kind} of {who.name}: {outcome}")
            return outcome, 0, message_id
        if "cid:" in body.text:
            self.found.logos["uploaded" if len(self._documents()) > uploads else "known"] += 1
        return outcome, int(outcome.split()[1]), message_id

    def _documents(self) -> list[Any]:
        return [row for rows in self.stage.simulator.desk.documents.values() for row in rows]


@dataclass(frozen=True)
class EmailText:
    text: str

    def put(self, mail: EmailMessage, who: Person) -> None:
        mail.set_content(self.text)


@dataclass(frozen=True)
class EmailHtml:
    html: str
    signed: str

    @property
    def text(self) -> str:
        return f"{self.html}\n{self.signed}"

    def put(self, mail: EmailMessage, who: Person) -> None:
        mail.set_content(self.html, subtype="html")
        if "cid:" in self.html:
            mail.add_related(LOGO + who.company.encode(), "image", "png", cid="<logo@x>", filename="logo.png")


def _body(who: Person, reply: Reply, answers: bool = True) -> EmailText | EmailHtml:
    parts = [*reply.above, *reply.below]
    signed = "\n".join(part.text for part in parts)
    if who.program in TEXT:
        return EmailText(TEXT[who.program](reply) if answers else "\n\n".join(part.text for part in parts))
    return EmailHtml(HTML[who.program](reply) if answers else f"<div>{reply.html(parts)}</div>", signed)


def _verdict(who: Person) -> str:
    return "pass" if who.is_proven else "none"


RECEIPT = """From: Sue Sun <sue@supplier.example>
To: support@msp.example
Subject: Read: order {n}
Message-ID: <read{n}@supplier.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary="x"

--x
Content-Type: text/plain

It was read.
--x
Content-Type: message/disposition-notification

Final-Recipient: rfc822; sue@supplier.example
Original-Message-ID: <order{n}@msp.example>
Disposition: manual-action/MDN-sent-manually; displayed

--x--
"""


async def live(folder: Path, migrated: Path, days: int, seed: int = 11) -> Found:
    """So many days; what was found."""
    stage = Stage(folder, migrated)
    await stage.open()
    try:
        life = Life(stage, seed)
        for _ in range(days):
            await life.day()
        return life.found
    finally:
        await stage.close()


def page(found: Found, days: int) -> Iterator[str]:
    yield f"# A month\n\n{days} days of twelve people, of robots, reports and absences: `python -m tests.conversations.month` writes this page.\n"
    yield "| mail | so many | became |\n|---|---|---|"
    for kind, became in sorted(found.became.items()):
        yield f"| {kind} | {sum(became.values())} | {', '.join(f'{count} {what}' for what, count in sorted(became.items()))} |"
    yield f"\nPeople's mail that was suppressed or quarantined: {len(found.withheld)}. Mails with words that are missing at the desk: {len(found.lost)}."
    yield f"Replies without a signature that was shown before: {found.spared_lines}. Mails with a logo: {sum(found.logos.values())}, of which {found.logos['known']} were not uploaded again."


async def main(days: int = 30) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as name:
        migrated = Path(name) / "migrated.db"
        engine = make_engine(f"sqlite:///{migrated}")
        migrate(engine)
        engine.dispose()
        found = await live(Path(name), migrated, days)
    text = "\n".join([*page(found, days), ""])
    print(text)
    Path(__file__).with_name("month.md").write_text(text, "utf-8")
    for line in (*found.withheld, *found.surprises, *map(str, found.lost.items())):
        print(line)
    return int(bool(found.withheld or found.lost or found.surprises))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*map(int, sys.argv[1:]))))
