"""Mail that was accepted and is not in the store yet, for whoever asks after it.

That is a moment, or as long as the worker or the store is away. What is known of a mail by then is its envelope and its
header, read as the listener reads it. Where mail is accepted on another machine, its arrivals are read there only.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from gateway.config.settings import ConfigError, Settings
from gateway.mail import glance
from gateway.mail.head import split_head, with_line_feeds
from gateway.mail.ids import from_fields
from gateway.match.tokens import joined
from gateway.model.quantity import counted
from gateway.operate import arrivals, finding, running, said
from gateway.operate.finding import Findings, Found
from gateway.operate.said import Became
from gateway.operate.searching import Search
from gateway.store import headings
from gateway.store.arrivalrow import Arrived
from gateway.store.arrivals import ArrivalsDamaged, Waiting
from gateway.store.operator import NotPossible, is_number, message_id_of
from gateway.upkeep.headings import texts_of

MOST = 2_000
"""The newest mails, that are looked through for words."""
MOST_NAMED = 3
MOMENT = 5.0  # seconds that a mail takes where all is well
PATIENCE = 3.0  # seconds for the gateway to say how it is


@dataclass(frozen=True, slots=True)
class Arriving:
    """A mail for one mailbox. ``trouble`` says why it could not be taken into the store, "" where nothing stands in its
    way but time."""

    id: str
    at: float
    sender: str
    recipient: str
    subject: str
    message_id: str
    size: int
    trouble: str


class NotYet(NotPossible):
    """The mails that somebody named were accepted and are not in the store yet; the text says why."""

    def __init__(self, name: str, mails: Sequence[Arriving], why: str, now: float) -> None:
        first, others = mails[0], ", and others have this name too" if len(mails) > 1 else ""
        super().__init__(
            f"{name}: it was accepted {said.span(max(0.0, now - first.at))} ago, from {first.sender} for"
            f" {first.recipient}{others}, and is not in the store yet: {why}"
        )
        self.mails = tuple(mails)
        self.why = why


def look(settings: Settings, name: str, now: float) -> NotYet | None:
    """The mails that wait under this name (an id, its beginning, or a Message-ID), None for none."""
    name = name.strip()
    if not name or is_number(name):  # which is given in the store
        return None
    if message_id := message_id_of(name):
        local = message_id.rpartition("@")[0]  # the domain may be in other letters
        found = [mail for mail, _, _ in _read(settings, _as_bytes(local)) if mail.message_id == message_id]
    else:
        found = [mail for mail, _, _ in _read(settings, _as_bytes(name)) if mail.id.startswith(name)]
    return NotYet(name, found[:MOST_NAMED], why(settings, found[0], now), now) if found else None


def beside(settings: Settings, names: Sequence[str], now: float) -> list[str]:
    """While the store does not answer: what of these mails waits for it, else how much does."""
    if waits := [str(found) for name in names if (found := look(settings, name, now))]:
        return waits
    count = _waiting(settings).deliveries
    return [f"{counted(count, 'accepted mail waits', 'accepted mails wait')} for it"] if count else []


def late(settings: Settings, now: float) -> str:
    """What of the accepted mail should be in the store by now, in a sentence; "" for nothing."""
    waits, said_of = _waiting(settings), []
    if waits.deliveries and now - waits.oldest >= MOMENT:
        count = counted(waits.deliveries, "accepted mail is", "accepted mails are")
        said_of.append(
            f"{count} not in the store yet, the oldest for {said.span(now - waits.oldest)}: {_how_it_is(settings)}"
        )
    if waits.aside:
        count = counted(waits.aside, "accepted mail")
        said_of.append(f"{count} could not be taken into the store: gateway verify says why")
    return "; ".join(said_of)


def _waiting(settings: Settings) -> Waiting:
    """Nothing where the arrivals cannot be read: ``verify`` says why."""
    with contextlib.suppress(ArrivalsDamaged, sqlite3.Error):
        return arrivals.waiting_of(settings)
    return Waiting()


def find(
    look_at: Callable[[Callable[[Connection], Findings]], Findings],
    settings: Settings,
    search: Search,
    now: float,
    zone: tzinfo | None,
    most: int = 50,
) -> Findings:
    """``finding.find``, with what is not in the store yet; ``look_at`` runs it there."""
    waiting = [] if search.before or search.refused_before else _fitting(settings, search)[:most]  # before the store

    def both(connection: Connection) -> Findings:
        known = finding.numbers(connection, [mail.id for mail in waiting])
        left = [mail for mail in waiting if mail.id not in known]
        found = finding.find(connection, search, now, zone, most)
        return replace(found, arriving=tuple(_listed(settings, left, now)))

    return look_at(both)


def why(settings: Settings, mail: Arriving, now: float) -> str:
    """Why it is not in the store yet."""
    if mail.trouble:
        return f"it could not be taken in ({mail.trouble}); it is kept, and tried again at the next start"
    if now - mail.at < MOMENT:
        return "that takes a moment; ask again"
    return _how_it_is(settings)


def _how_it_is(settings: Settings) -> str:
    """What the gateway says of itself that keeps mail from the store."""
    listen = settings.http.listen
    try:
        body = json.loads(running.answer(settings, "/readyz", PATIENCE, settings.http.token()))
    except (running.Silent, ValueError, ConfigError):
        return f"no gateway answers at {listen}: does it run?"
    if reasons := body.get("worker", body.get("reasons")):
        return f"the worker is away ({', '.join(map(str, reasons))})"
    return "the worker has not come to it; its log says more"


# -- reading --------------------------------------------------------------------------------------


_Read = tuple[Arriving, dict[str, Any], tuple[str, ...]]
"""A mail, the row that it will have as far as a search looks at it, and the texts by whose words it is found."""


def _read(settings: Settings, within: bytes = b"") -> Iterator[_Read]:
    """The newest that wait, the newest first; ``within``: of those only that have it in an id or their header. Nothing
    where the arrivals cannot be read: ``verify`` says why."""
    with contextlib.suppress(ArrivalsDamaged, sqlite3.Error, OSError):
        if (file := arrivals.opened(settings)) is None:
            return
        with contextlib.closing(file):
            for mail, trouble in islice(file.newest_first(headings.HEAD, within), MOST):
                yield from _of(mail, trouble, file.folder)


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _of(mail: Arrived, trouble: str, folder: Path) -> Iterator[_Read]:
    """One for each of its mailboxes."""
    data = mail.data or b""
    if mail.path is not None:
        with contextlib.suppress(OSError), (folder / mail.path).open("rb") as large:  # gone: it is in the store by now
            data = large.read(headings.HEAD)
    head = split_head(with_line_feeds(data))
    ids = from_fields(head.fields)
    envelope = mail.envelope
    mail_from, subject = envelope.mail_from if envelope else "", glance.subject(*head.values("subject")[:1])
    for recipient in mail.recipients:
        arriving = Arriving(
            recipient.id, mail.at, ids.author or mail_from or "(nobody)", recipient.mailbox, subject, ids.message_id,
            mail.size, trouble,
        )  # fmt: skip
        row = {
            "id": recipient.id,
            "mailbox": recipient.mailbox,
            "sender": ids.author,
            "subject": subject,
            "message_id": ids.message_id,
            "envelope": replace(envelope, rcpt_to=recipient.rcpt_to).as_json() if envelope else "{}",
        }
        yield arriving, row, tuple(texts_of(row, head))


def _fitting(settings: Settings, search: Search) -> list[Arriving]:
    """Those that a search means."""
    if search.number or search.refusal or search.reason or search.ticket or search.state not in ("", "waiting"):
        return []
    wanted = headings.phrases(search.words, whole=False)
    return [
        mail
        for mail, row, texts in _read(settings)
        if (not search.since or search.since <= mail.at <= search.until)
        and headings.has_all(joined(texts, headings.MOST_WORDS), wanted)
        and finding.fits(row, search)
    ]


def _listed(settings: Settings, mails: Sequence[Arriving], now: float) -> Iterator[Found]:
    """As lists show them."""
    late = [mail for mail in mails if now - mail.at >= MOMENT and not mail.trouble]
    slow = why(settings, late[0], now) if late else ""  # the same for all of them
    for mail in sorted(mails, key=lambda mail: -mail.at):
        words = slow if mail in late else why(settings, mail, now)
        became = Became(f"accepted, and not in the store yet: {words}", "waits")
        yield Found(0, 0, mail.at, mail.sender, mail.recipient, mail.subject, became, id=mail.id)
