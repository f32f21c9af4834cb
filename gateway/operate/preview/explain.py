"""``gateway explain``: the decision about a mail, with its trace and no side effects.

Runs the same pure decision as live traffic. What the store or the desk cannot answer is shown as an
open question, and the decision goes on as if there were nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import Settings
from gateway.decide.closed import Closing
from gateway.decide.context import DeliveryContext
from gateway.decide.policy import decide
from gateway.decide.shown import NO_QUOTE, looked
from gateway.decide.signing import Known, known_of
from gateway.desk.directory import Directory, NoCatalog
from gateway.desk.outcome import DeskAway
from gateway.mail.ending import Ending
from gateway.mail.head import split_head, with_line_feeds
from gateway.mail.read import read
from gateway.model import questions as ask
from gateway.model.email import Email
from gateway.model.envelope import Envelope, Verdict
from gateway.model.notice import ResolvedNotice
from gateway.model.plan import Decision
from gateway.smtp.spam import Spam, spam_of
from gateway.store.deliveries import Delivery
from gateway.store.engine import make_engine
from gateway.store.stage import Stage
from gateway.work.answers import Answers
from gateway.work.calendars import calendar_of
from gateway.work.context import Policies, context_of
from gateway.work.effects import KINDS
from gateway.work.notices import resolved_notice
from gateway.work.sources import sources

EMPTY: dict[type[ask.Question], Any] = {
    ask.Copies: [],
    ask.TicketsOf: [],
    ask.TicketFacts: None,
    ask.PartIn: "",
    ask.ContactsOf: [],
    ask.ClientsOfDomain: (),
    ask.ClientNamed: "",
    ask.FilesOn: {},
    ask.UnknownIn: None,
    ask.EndingOf: Ending(),
    ask.Staff: False,
    ask.TicketOfToken: "",
    ask.TicketByNumber: None,
    ask.SameSubject: "",
    ask.StateOf: ask.TicketState("", "", False, "", "", "", ""),  # as if it were open
    ask.AddressesOf: (),
    ask.IsTouched: False,
    ask.WordsAdded: (),
    ask.ProbeSent: False,
    ask.IsReused: False,
    ask.Rounds: 0,
    ask.ClosingOn: Closing(),
    ask.Reopens: 0,
    ask.RecentMails: ask.Recent(0, 0, 0),
    ask.ProblemsOf: [],
    ask.OpenOfObject: [],
    ask.PartsDecided: (),
    ask.Changes: 0,
    ask.NewProblems: 0,
    ask.OpenParts: 0,
    ask.PlannedWork: [],
    ask.WindowsAt: [],
    ask.OfIncident: [],
    ask.ClientIn: ask.NamedClient("", "nobody to ask"),
    ask.NamesIn: (),
}


async def explain(
    settings: Settings,
    file: Path,
    box: MailboxSettings,
    directory: Directory | None,
    *,
    sender: str | None = None,
    recipient: str = "",
    relayed: bool = False,
    peer: str = "",
    verdict: Verdict = "unknown",
) -> dict[str, Any]:
    """Decide about the mail in ``file``, for the mailbox, at its address or at ``recipient``. Without ``directory`` the
    desk is not asked; ``relayed``: as if it came from a trusted relay, whose spam filter is believed. ``peer`` and
    ``verdict`` are as the edge would have found. Raises OSError when the file cannot be read."""
    raw = file.read_bytes()
    email = read(raw, own_addresses=settings.own_addresses()).email
    spam = spam_of(split_head(with_line_feeds(raw)).fields) if relayed else Spam()
    envelope = Envelope(
        mail_from=_mail_from(sender, email),
        rcpt_to=recipient or box.address,
        peer=peer,
        verdict=verdict,
        time=time.time(),
        spam=spam.flag,
        spam_score=spam.score,
        scl=spam.scl,
    )
    delivery = _delivery(box, envelope, email)
    resolved = resolved_notice(email, envelope, box, sources(settings), directory.catalog if directory else None)
    policies = Policies(settings)
    context = _context(delivery, box, directory, policies, resolved)
    context = replace(context, calendar=calendar_of(email, envelope, box, policies.calendars))
    source = Answers(
        delivery, directory, lambda operation: _on_database(settings, operation), policies.schedule, time.time, email
    )
    answers: dict[ask.Question, Any] = {}
    unanswered: list[ask.Question] = []
    while not isinstance(result := decide(email, envelope, context, answers), Decision):
        for question in result:
            try:
                answers[question] = await source.answer(question)
            except (LookupError, DeskAway):
                unanswered.append(question)
                answers[question] = EMPTY[type(question)]
    return {
        "file": str(file),
        "mailbox": box.address,
        "mail": {
            "from": email.sender.address if email.sender else "",
            "subject": email.subject,
            "message_id": email.message_id,
            "class": email.auto.kind,
            "attachments": [attachment.filename for attachment in email.attachments],
            "defects": list(email.defects),
        },
        "cut": [{"why": why, "text": text} for why, text in _cut(email, answers, result)],
        "steps": [asdict(step) for step in result.trace],
        "unanswered": [{"asked": question.kind, **asdict(question)} for question in unanswered],
        "outcome": result.outcome,
        "reason": result.reason,
        "detail": result.detail,
        "effects": [KINDS[effect.kind].describe(effect) for effect in result.plan.effects] if result.plan else [],
        "names": directory.catalog.names() if directory and directory.catalog else {},
    }


def _cut(email: Email, answers: Mapping[ask.Question, Any], decision: Decision) -> list[tuple[str, str]]:
    """The lines of a reply that its comment does not show, each with the reason."""
    if decision.outcome != "comment" or email.forwarded is not None:
        return []
    present: dict[str, str] = {}
    unshown, signed = NO_QUOTE, Known()
    for question, answer in answers.items():
        if isinstance(question, ask.FilesOn):
            present |= answer
        elif isinstance(question, ask.UnknownIn):
            unshown = answer
        elif isinstance(question, ask.EndingOf):
            signed = known_of(email, answer, present)
    return [*looked(email, unshown, present, signed.passages).cut]


def _mail_from(sender: str | None, email: Email) -> str:
    return sender if sender is not None else email.sender.address if email.sender else ""


def _context(
    delivery: Delivery,
    box: MailboxSettings,
    directory: Directory | None,
    policies: Policies,
    resolved: ResolvedNotice | None,
) -> DeliveryContext:
    """What live mail is decided with, or its names where the desk is not there to tell the ids."""
    with contextlib.suppress(NoCatalog):
        return context_of(delivery, box, directory, policies, resolved, tell=True)
    return context_of(delivery, box, None, policies, resolved, tell=True)


def _delivery(box: MailboxSettings, envelope: Envelope, email: Email) -> Delivery:
    """The mail as if it had just been accepted, after all others."""
    return Delivery(
        seq=1 << 62,
        id="explain",
        raw_id=0,
        desk=box.desk,
        mailbox=box.address,
        envelope=envelope,
        message_id=email.message_id,
        accepted_at=envelope.time,
        stage=Stage.ACCEPTED,
        fence=0,
    )


async def _on_database(settings: Settings, operation: Callable[[Connection], Any]) -> Any:
    """Run an operation on the database, if it is there. Raises LookupError."""
    engine = make_engine(settings.store.url, create=False)
    try:
        with engine.connect() as connection:
            return operation(connection)
    except DBAPIError as error:
        raise LookupError(str(error.orig)) from error
    finally:
        engine.dispose()
