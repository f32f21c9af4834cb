"""Whether the sender is told what became of a mail, where the desk is silent (RFC 3834).

An acknowledgement answers a person, at the address that is proven, about a mail to one of our mailboxes. Every doubt is
silence: an answer to a machine begins a loop, one to a forged address bothers somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.decide import sender
from gateway.decide.context import DecisionContext, MailboxPolicy
from gateway.decide.files import INTERNAL, UNSCANNED, Fate
from gateway.decide.sender import Sender
from gateway.mail.auto import enveloped
from gateway.match import domains, title
from gateway.match.noreply import takes_no_answers
from gateway.model.effects import AcknowledgeBody
from gateway.model.email import Email, lower_ascii
from gateway.model.envelope import Envelope
from gateway.model.plan import Decision
from gateway.model.reasons import Reason
from gateway.model.spans import DAY

LOOPS = (Reason.RATE_LIMITED, Reason.LOOP_SUSPECTED)
MOST_REFERENCES = 20
MOST_FILES = 10
OLD = 2 * DAY
"""Seconds between writing and arriving after which mail is of an older time: of a mailbox that is emptied into ours."""

_ROBOTS = re.compile(
    r"(?:listserv|majordomo|owner-.*|.*-(?:owner|request|bounces?|return)|bounces?(?:[-+=].*)?|null|nobody|devnull|"
    r"root|daemon|cron|uucp|www-data|apache|mailer|newsletter|notif(?:y|ications?)|alerts?|(?:mail)?(?:ro)?bot|"
    r"auto[-_.]?(?:repl(?:y|ies)|respon(?:der|se)|answer|confirm|mat(?:ed|ic)|mail(?:er)?))(?:[-_.+].*)?"
)
_OWN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A mail whose sender might be told."""

    email: Email
    envelope: Envelope
    sender: Sender
    policy: MailboxPolicy

    def header(self, name: str) -> str:
        return self.email.header(name).strip().lower()


def _is_a_machines(asked: Asked) -> bool:
    submitted = asked.header("Auto-Submitted").partition(";")[0].strip()
    return asked.email.auto.is_auto or submitted not in ("", "no")


def _is_a_lists(asked: Asked) -> bool:
    bulk = any(
        asked.header(name).startswith(("bulk", "list", "junk", "auto_reply")) for name in ("Precedence", "X-Precedence")
    )
    return bulk or any(
        name.lower().startswith(("list-", "mailing-list", "feedback-id")) for name, _ in asked.email.headers
    )


def _asks_for_silence(asked: Asked) -> bool:
    wanted = {word.strip() for word in asked.header("X-Auto-Response-Suppress").split(",")}
    return bool(wanted & {"all", "autoreply"}) or bool(asked.header("X-Loop"))


def _is_a_robots(asked: Asked) -> bool:
    addresses = (asked.envelope.mail_from, asked.sender.address)
    return any(
        takes_no_answers(address) or _ROBOTS.fullmatch(lower_ascii(address).rpartition("@")[0]) for address in addresses
    )


def _is_ours(asked: Asked) -> bool:
    return asked.sender.is_ours or asked.sender.is_staff or bool(asked.envelope.internal)


def _is_for_somebody_else(asked: Asked) -> bool:
    """A form, and a list that says who wrote: not they have asked."""
    policy = asked.policy
    return domains.among(asked.sender.address, policy.forms) or domains.among(asked.sender.address, policy.lists)


def _is_elsewhere(asked: Asked) -> bool:
    return lower_ascii(asked.envelope.mail_from) != asked.sender.address


def _is_not_to_us(asked: Asked) -> bool:
    return not any(person.key in asked.policy.own for person in (*asked.email.to, *asked.email.cc))


def _answers_us(asked: Asked) -> bool:
    """Whether it answers an acknowledgement: their Message-IDs have a form and a domain of their own."""
    named = (*asked.email.in_reply_to, *asked.email.references)
    split = [message_id.rpartition("@") for message_id in named]
    return any(domain == asked.policy.letters_from and _OWN_ID.fullmatch(local) for local, _, domain in split)


def _is_old(asked: Asked) -> bool:
    """Who says nothing of the time is not old; whose clock is that wrong is not told."""
    try:
        written = datetime.fromisoformat(asked.email.date).timestamp()
    except ValueError:
        return False
    return asked.envelope.time - written > OLD


SILENCES: tuple[tuple[str, Callable[[Asked], bool]], ...] = (
    ("the null sender", lambda asked: not asked.envelope.mail_from or not asked.sender.address),
    ("not proven", lambda asked: not asked.sender.proven),
    ("a machine's", _is_a_machines),
    ("a list's", _is_a_lists),
    ("a robot's address", _is_a_robots),
    ("asks for silence", _asks_for_silence),
    ("one of ours", _is_ours),
    ("a form or a list", _is_for_somebody_else),
    ("another envelope sender", _is_elsewhere),
    ("names none of our mailboxes", _is_not_to_us),
    ("answers a mail of the gateway", _answers_us),
    ("spam", lambda asked: asked.envelope.spam == "yes"),
    ("written long ago", _is_old),
)
"""Why nobody is told, the first that holds; docs/acknowledge.md lists them."""


def silence(asked: Asked) -> str:
    """Why the sender is not told, "" when they may be."""
    return next((name for name, holds in SILENCES if holds(asked)), "")


def _files(context: DecisionContext, decision: Decision) -> tuple[str, ...]:
    """The files that their sender believes to be with us, and that are not."""
    if decision.plan is None or context.keeps_files:
        return ()
    fates = zip(context.email.attachments, context.fates(), strict=True)
    return tuple(file.filename for file, fate in fates if _stays_out(fate))[:MOST_FILES]


def _stays_out(fate: Fate) -> bool:
    return bool(fate.dropped) or fate.held not in ("", INTERNAL, UNSCANNED)


OCCASIONS: tuple[tuple[str, Callable[[DecisionContext, Decision], bool]], ...] = (
    ("held", lambda context, decision: decision.outcome == "quarantine" and decision.reason not in LOOPS),
    ("new-ticket", lambda context, decision: decision.outcome == "ticket" and context.follows_closed),
    (
        "stranger",
        lambda context, decision: decision.plan is not None and decision.outcome == "ticket" and decision.plan.fallback,
    ),
    ("files", lambda context, decision: bool(_files(context, decision))),
)


def acknowledgement(context: DecisionContext, decision: Decision) -> AcknowledgeBody | None:
    """The mail to the sender, None for silence; the trace says why."""
    policy, delivery = context.policy, context.delivery
    if not policy.acknowledge or delivery.released or delivery.moved_to or decision.notice_record is not None:
        return None
    occasions = [name for name, holds in OCCASIONS if name in policy.acknowledge and holds(context, decision)]
    if not occasions:
        return None
    asked = Asked(context.email, context.envelope, context.sender, policy)
    if why := silence(asked):
        context.trace.add("acknowledge", occasions[0], f"silence: {why}")
        return None
    context.trace.add("acknowledge", occasions[0], f"a mail to {context.sender.address}")
    return about(context.email, context.sender.address, occasions[0], _files(context, decision))


def about(email: Email, recipient: str, occasion: str, files: Sequence[str] = ()) -> AcknowledgeBody:
    """What the sender of the mail is told, in their thread."""
    return AcknowledgeBody(
        occasion=occasion,
        recipient=recipient,
        subject=title.clean(email.subject),
        about=email.message_id,
        references=(*email.references, *email.in_reply_to)[-MOST_REFERENCES:],
        files=tuple(files),
    )


def unplanned(
    email: Email, envelope: Envelope, policy: MailboxPolicy, staff: Collection[str], occasion: str
) -> AcknowledgeBody | None:
    """The mail to the sender of one that no decision speaks for, as it waits or was set aside on its way; None for
    silence. ``staff`` are the addresses of the desk's technicians, as far as they are known."""
    email, envelope = sender.unlisted(email, envelope, policy.lists, policy.own)
    email = replace(email, auto=enveloped(email.auto, envelope.mail_from))
    address = sender.address_of(email)
    who = Sender(address, sender.verdict_of(email, envelope), address in staff, is_ours=address in policy.own)
    if silence(Asked(email, envelope, who, policy)):
        return None
    return about(email, address, occasion)
