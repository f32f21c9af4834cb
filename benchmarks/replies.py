"""Replies: CPU of what their quotes and signatures cost, beside the reading of the same mail without it.

``without`` reads a mail, ``with`` also tells its passages apart, compares them with what its ticket shows and what its
sender signs with, and keeps the prints of it, in a transaction that there is anyway; both in turn, so that a busy
machine slows them alike.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from email.message import EmailMessage
from functools import partial
from itertools import chain
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import Connection, select

from gateway.decide.shown import looked
from gateway.decide.signing import known_of
from gateway.mail import fingerprints, reply, wire
from gateway.mail.ending import Name, Seen, ending_of, prints_of
from gateway.mail.fingerprints import Fingerprints
from gateway.mail.known import KnownWords, _squeezed_line, squeezed
from gateway.mail.look import unknown_in
from gateway.mail.read import read
from gateway.model.email import Email
from gateway.model.ids import uuid7
from gateway.model.questions import Unshown
from gateway.store import endings, posted
from gateway.store.engine import Store, make_engine
from gateway.store.migrate import migrate

MOST_MS = 2.0
ROUNDS = 60
LEGAL = "This message and its attachments are confidential and intended for the addressee alone, whoever else has it."
SIGNATURE = f"Kind regards,\nAlice Archer\nOffice Manager, Acme Ltd\n5 Harbour Street\nT +44 20 7946 0105\n\n{LEGAL}"
ME = Name("proven alice@acme.example", "proven acme.example")
EACH = 8  # mails of a ticket


def comment(number: int, lines: int) -> str:
    said = [
        f"Line {line} of comment {number}: we looked at the printer on floor {number * line % 97} once more."
        for line in range(lines)
    ]
    return "\n".join(["Hello Alice,", *said, "Kind regards, Tin of the service desk"])


def mail(comments: list[str], as_html: bool) -> bytes:
    """A reply to the last comment, below which the older ones stand, as Outlook writes it."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "Alice Archer <alice@acme.example>",
        "support@msp.example",
        "Re: Printer",
    )
    message["Message-ID"], message["In-Reply-To"] = "<r@acme.example>", "<t@msp.example>"
    fields = (
        "From: Support <support@msp.example>",
        "Sent: Saturday, 28 November 2026 04:26",
        "To: Alice",
        "Subject: Printer",
    )
    parts = [["It is in room 312, and it is red again.", "", *SIGNATURE.split("\n")]]
    parts += [[*fields, "", *text.split("\n")] for text in comments]
    lines = list(chain.from_iterable(parts))
    if as_html:
        message.set_content("".join(f"<p class=MsoNormal>{line or '&nbsp;'}</p>" for line in lines), subtype="html")
    else:
        message.set_content("\n".join(lines))
    return message.as_bytes()


def plain(raw: bytes, store: Store) -> Email:
    """The mail read and sent through the pipe of the child, and a transaction, as without all of it."""
    with patch.object(reply, "passages", lambda *_: ()):
        email = wire.load(wire.dump(read(raw).email))
    store.write_sync(lambda c: c.execute(select(1)).scalar())
    return email


def whole(raw: bytes, notes: list[str], store: Store, number: int) -> Email:
    """The same with its passages told apart, compared and kept; nothing is remembered from the round before."""
    _squeezed_line.cache_clear()
    email = wire.load(wire.dump(read(raw).email))
    passages, ticket = email.reply.passages, f"T{number // EACH}"
    kept = store.read_sync(lambda c: posted.prints_of(c, "main", ticket))
    seen = store.read_sync(lambda c: endings.of(c, "main", ME, ticket, "other"))
    missing = unknown_in(passages, KnownWords(notes, Fingerprints(kept)))
    signed = known_of(email, ending_of(email, email.sender, ticket, ME, seen), {})
    shown = looked(email, Unshown(missing, len(notes), len(kept), True), {}, signed.passages)
    prints = fingerprints.of(squeezed(passage.text) for passage in shown.shown)
    name = uuid7(1.8e9 + number)

    def keep(connection: Connection) -> None:
        posted.add(connection, "main", ticket, name, prints)
        endings.add(connection, "main", name, Seen(ME.sender, ME.domain, ticket, prints_of(email)))

    store.write_sync(keep)
    return email


def cost(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return 1000 * (time.process_time() - started)


def main(rounds: int = ROUNDS) -> dict[str, float]:
    """Milliseconds of CPU a reply, medians."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'gateway.db'}"
        engine = make_engine(url)
        migrate(engine)
        engine.dispose()
        store = Store(url)
        try:
            for name, quoted, lines, as_html in (
                ("text, 1 kB quoted", 1, 12, False),
                ("HTML, 1 kB quoted", 1, 12, True),
                ("HTML, 10 kB quoted", 5, 24, True),
                ("HTML, 40 kB quoted", 10, 48, True),
            ):
                notes = [comment(number, lines) for number in range(10)]
                raw = mail(notes[:quoted], as_html)
                times: dict[str, list[float]] = {"without": [], "with": []}
                for number in range(rounds):
                    times["without"].append(cost(partial(plain, raw, store)))
                    times["with"].append(cost(partial(whole, raw, notes, store, number)))
                before, after = (statistics.median(times[kind]) for kind in ("without", "with"))
                found |= {f"{name}, without, ms": before, f"{name}, with, ms": after, f"{name}, ratio": after / before}
        finally:
            store.close()
    return found


if __name__ == "__main__":
    for name, value in main().items():
        print(f"{name:42} {value:10.2f}")
