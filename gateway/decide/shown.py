"""What of a reply its comment shows: the new words, and those of its quotes that the ticket does not show yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from gateway.decide.context import DecisionContext
from gateway.mail.look import Look, by_rules, candidates, look
from gateway.model.email import Block, Email, Passage
from gateway.model.questions import Ticket, UnknownIn, Unshown


@dataclass(frozen=True, slots=True)
class Shown:
    """``hidden`` lines were cut."""

    blocks: tuple[Block, ...]
    hidden: int = 0


def shown(context: DecisionContext, ticket: Ticket, present: Mapping[str, str]) -> Shown:
    """``present`` are the files, by sha256, that the ticket has already."""
    email = context.email
    if email.forwarded is not None:
        return Shown(email.blocks)
    if not candidates(email.reply.passages):
        return Shown(email.reply.blocks)
    unshown: Unshown | None = context.facts.ask(UnknownIn(ticket.ticket_id, email.digest))
    seen = looked(email, unshown, present)
    _tell(context, unshown, seen)
    hidden = sum(count for why, count in seen.counts().items() if why != "signature")
    return Shown(email.reply.blocks if unshown is None or _is_new(seen) else seen.blocks, hidden)


def looked(email: Email, unshown: Unshown | None, present: Mapping[str, str]) -> Look:
    """What is shown of a reply, and what is cut with the reason. ``unshown`` None: the rules alone decide."""
    passages = email.reply.passages
    if unshown is None:
        return by_rules(passages)
    missing = dict(unshown.missing)
    for i in chain.from_iterable(candidates(passages)):
        if (picture := _picture(passages[i])) is not None:
            missing[i] = int(email.attachments[picture].sha256 not in present)
    return look(passages, missing, unshown.is_whole)


def _picture(passage: Passage) -> int | None:
    """The attachment that a passage shows."""
    for block in passage.blocks:
        url = str((block.get("props") or {}).get("url", ""))
        if block["type"] == "image" and url.startswith("attachment:"):
            return int(url.removeprefix("attachment:"))
    return None


def _is_new(seen: Look) -> bool:
    """Whether nothing but new words is shown."""
    return all(passage.role == "new" for passage in seen.shown)


def _tell(context: DecisionContext, unshown: Unshown | None, seen: Look) -> None:
    counts = ", ".join(f"{count} {_REASONS[why]}" for why, count in seen.counts().items())
    if unshown is None:
        context.trace.add("quote", "what the ticket shows is not known", f"by its marks alone: {counts or 'all shown'}")
        return
    looked_at = f"compared with {unshown.comments} comments and {unshown.mails} mails of the ticket"
    found = f"shown: {seen.found} lines that it does not show" if seen.found else ""
    cut = f"not shown: {counts}" if counts else ""
    context.trace.add("quote", looked_at, "; ".join(filter(None, (cut, found))) or "all shown")


_REASONS: Mapping[str, str] = {
    "quoted": "lines that are quoted",
    "introduction": "lines that say whose words follow",
    "on the ticket": "lines that are on the ticket",
    "frame": "lines of the desk's own mail",
    "older mail": "lines of older mail",
    "signature": "lines of a signature",
}
