"""What of a reply its comment shows: the new words, and those of its quotes that the ticket does not show yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain

from gateway.decide import signing
from gateway.decide.context import DecisionContext
from gateway.mail.look import Look, by_rules, candidates, look
from gateway.mail.signature import footer
from gateway.model.email import Block, Email, Passage
from gateway.model.quantity import counted
from gateway.model.questions import Question, Ticket, UnknownIn, Unshown


@dataclass(frozen=True, slots=True)
class Shown:
    """``hidden`` quoted lines and lines of a ``signature`` were cut; the files ``known`` by index are not uploaded.
    ``has_words``: more than what the ticket shows, and a signature."""

    blocks: tuple[Block, ...]
    hidden: int = 0
    signature: int = 0
    known: frozenset[int] = frozenset()
    has_words: bool = True


def shown(context: DecisionContext, ticket: Ticket, present: Mapping[str, str]) -> Shown:
    """``present`` are the files, by sha256, that the ticket has already."""
    email = context.email
    if email.forwarded is not None or context.delivery.release.whole:
        return Shown(email.blocks)
    if not email.reply.passages:
        return Shown(email.reply.blocks, has_words=_says([email.reply.text]))
    signed = signing.known(context, ticket.ticket_id, present)
    unshown: Unshown | None = NO_QUOTE
    if candidates(email.reply.passages):
        unshown = context.facts.ask(UnknownIn(ticket.ticket_id, email.digest))
    seen = looked(email, unshown, present, signed.passages)
    _tell(context, unshown, seen, signed)
    counts = seen.counts()
    signature = counts.pop("signature", 0)
    counts.pop("footer", 0)
    says = _has_words(email.reply.passages, unshown, seen)
    return Shown(seen.blocks, sum(counts.values()), signature, signed.files, says)


def _has_words(passages: Sequence[Passage], unshown: Unshown | None, seen: Look) -> bool:
    if unshown is None or _says([passage.text for passage in passages if passage.is_new]):
        return True
    return any(passages[i] in seen.shown for i, _ in unshown.missing)


def _says(texts: Iterable[str]) -> bool:
    """Whether anything stands above the signature, but the footer of an app."""
    lines = [line.strip() for text in texts for line in text.split("\n")]
    above = lines[: lines.index("--")] if "--" in lines else lines
    return any(line and not footer(line) for line in above)


def questions(context: DecisionContext, ticket: Ticket) -> tuple[Question, ...]:
    """What ``shown`` asks."""
    email = context.email
    if email.forwarded is not None or context.delivery.release.whole or not email.reply.passages:
        return ()
    signed = signing.question(context, ticket.ticket_id)
    quoted = (UnknownIn(ticket.ticket_id, email.digest),) if candidates(email.reply.passages) else ()
    return (signed, *quoted) if signed else quoted


NO_QUOTE = Unshown((), is_whole=True)


def looked(email: Email, unshown: Unshown | None, present: Mapping[str, str], signed: Set[int] = frozenset()) -> Look:
    """What is shown of a reply, and what is cut with the reason. ``unshown`` None: the rules alone decide. ``signed``
    are passages that are known of the signature."""
    passages = email.reply.passages
    if unshown is None:
        return by_rules(passages, signed)
    missing = dict(unshown.missing)
    for i in chain.from_iterable(candidates(passages)):
        if (picture := passages[i].picture) >= 0:
            missing[i] = int(email.attachments[picture].sha256 not in present)
    return look(passages, missing, unshown.is_whole, signed)


def _tell(context: DecisionContext, unshown: Unshown | None, seen: Look, signed: signing.Known) -> None:
    counts = ", ".join(f"{count} {_REASONS[why]}" for why, count in seen.counts().items())
    cut = f"not shown: {counts}" if counts else ""
    if unshown is None:
        context.trace.add("quote", "what the ticket shows is not known", f"by its marks alone: {counts or 'all shown'}")
    elif unshown is not NO_QUOTE:
        comments, mails = counted(unshown.comments, "comment"), counted(unshown.mails, "mail")
        looked_at = f"compared with {comments} and {mails} of the ticket"
        found = f"shown: {counted(seen.found, 'line')} that it does not show" if seen.found else ""
        context.trace.add("quote", looked_at, "; ".join(filter(None, (cut, found))) or "all shown")
    elif cut:
        context.trace.add("signature", f"compared with {counted(signed.mails, 'mail')}", cut)


_REASONS: Mapping[str, str] = {
    "quoted": "lines that are quoted",
    "introduction": "lines that say whose words follow",
    "on the ticket": "lines that are on the ticket",
    "frame": "lines of the desk's own mail",
    "older mail": "lines of older mail",
    "signature": "lines of a signature",
    "footer": "lines of an app",
}
