"""Whether a mail is the desk's own notification: as it was sent, by whomever it was sent on, or carried by a mail that
says nothing besides.

Each mark alone may stand in a customer's reply, which quotes the notification and keeps its References. So several
have to agree: the token and the ticket's id, and three of what a reply does not have.
Source: the desk's mail as it is sent ("Marks in the desk's own mail" in the contract).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.match import prefixes
from gateway.model.email import AutoKind, Automatic, DeskMarks, Forwarded, Notification

from .attribution import attribution
from .headerlines import field_of
from .lines import Line
from .marks import last_id, root_of
from .quote import banner, separator
from .quotelines import quote_depth

_NUMBERED = re.compile(r"(?:\[(?!Ticket #)[^\[\]]{1,60}\]\s{0,3}){0,4}\[Ticket #", re.IGNORECASE)
_UUID_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}@")
_FOOTER = re.compile(r"\s*(?:-- ?\n|[-_=*~]{3,})")
ENOUGH = 3
OTHERS: tuple[AutoKind, ...] = ("bounce", "receipt", "vacation")
"""Kinds of mail that are about a notification."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at. ``lines`` are without the desk's id lines; ``attached`` is the notification that an attached
    message is; ``files`` counts all that is attached: the desk attaches nothing, and a photo is an answer too."""

    headers: Sequence[tuple[str, str]]
    subject: str
    message_id: str
    thread_ids: Sequence[str]
    sender: str
    lines: Sequence[Line]
    text: str
    marks: DeskMarks
    forwarded: Forwarded | None
    attached: Notification | None
    files: int

    def header(self, name: str) -> str:
        return next((value.strip().lower() for key, value in self.headers if key.lower() == name), "")


def find(look: Look) -> Notification | None:
    """The notification that the mail is, or that it carries and nothing else; None for every other mail."""
    return _itself(look) or _attached(look) or _quoted(look)


def own(notification: Notification, automatic: Automatic) -> Automatic:
    """What a notification counts as."""
    return Automatic("own", (f"the desk's notification: {', '.join(notification.signs)}", *automatic.reasons)[:8])


def _itself(look: Look) -> Notification | None:
    if not look.marks.reply_tokens or not look.marks.ticket_ids:
        return None
    roots = [root for message_id in look.thread_ids if (root := root_of(message_id))]
    ticket_id = next((root for root in roots if root in look.marks.ticket_ids), look.marks.ticket_ids[0])
    domains = {message_id.rpartition("@")[2] for message_id in look.thread_ids if root_of(message_id) == ticket_id}
    made_by_desk = bool(_UUID_ID.match(look.message_id)) and look.message_id.rpartition("@")[2] in domains
    signs = (
        ("nothing above its banner", _begins_with_banner(look.lines)),
        ("nothing below its id lines", _ends_with_ids(look.text)),
        ("Auto-Submitted", look.header("auto-submitted").startswith("auto-generated")),
        ("its subject", bool(_NUMBERED.match(look.subject))),
        ("its kind of Message-ID", made_by_desk),
    )
    found = tuple(name for name, holds in signs if holds)
    needed = signs[2:] if look.files else signs
    if sum(holds for _, holds in needed) < ENOUGH:
        return None
    return Notification(ticket_id, look.message_id, look.sender, found)


def _begins_with_banner(lines: Sequence[Line]) -> bool:
    first = next((line for line in lines if not line.blank), None)
    return first is not None and not first.quote and not quote_depth(first.text) and banner(first.text)


def _ends_with_ids(text: str) -> bool:
    """Unquoted, but for a footer of a list."""
    start, end = last_id(text)
    if end == 0 or quote_depth(text[text.rfind("\n", 0, start) + 1 : start]):
        return False
    rest = text[end:]
    return not rest.strip() or bool(_FOOTER.match(rest))


def _attached(look: Look) -> Notification | None:
    """Carried as a message, under no words, or in the report of a journal."""
    carried = look.attached
    if carried is None or look.files != 1 or look.forwarded is None or not look.forwarded.attached:
        return None
    is_journal = any(name.lower() == "x-ms-journal-report" for name, _ in look.headers)
    if look.forwarded.above.strip() and not is_journal:
        return None
    how = "in a journal's report" if is_journal else "attached, without a word"
    return Notification(carried.ticket_id, carried.message_id, carried.sender, (how, *carried.signs))


def _quoted(look: Look) -> Notification | None:
    """Sent on in the text, under no words: a forward, not the reply of somebody who wrote nothing."""
    if not look.marks.reply_tokens or not look.marks.ticket_ids or look.files:
        return None
    is_marked = bool(_NUMBERED.match(look.subject)) or bool(look.header("auto-submitted"))
    sent_on = is_marked or prefixes.is_forward(look.subject)
    if not sent_on or not _says_nothing(look):
        return None
    return Notification(look.marks.ticket_ids[0], "", "", ("sent on, without a word",))


def _says_nothing(look: Look) -> bool:
    forwarded = look.forwarded
    if forwarded is not None and not forwarded.attached:
        first = next((line for line in forwarded.text.split("\n") if line.strip(" >")), "")
        return not forwarded.above.strip() and not forwarded.below.strip() and banner(first)
    filled = [line for line in look.lines if not line.blank]
    said = [line.text for line in filled if not line.quote and not quote_depth(line.text)]
    quoted = next((line.text for line in filled if line.quote or quote_depth(line.text)), "")
    return banner(quoted) and len(said) <= 8 and _is_introduction(said)


def _is_introduction(texts: Sequence[str]) -> bool:
    """Who wrote what follows, and nothing else."""
    if all(separator(text) or field_of(text)[0] for text in texts):
        return True
    return bool(texts) and attribution(texts, len(texts) - 1) == 0
