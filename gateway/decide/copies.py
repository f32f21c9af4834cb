"""The same mail again, by another route or for another mailbox; and another mail under its Message-ID
(docs/mail-rules.md "The same mail twice").
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.decide import floods, reply, threading
from gateway.decide.context import DecisionContext
from gateway.decide.sender import binding
from gateway.decide.today import ticket_of_id
from gateway.mail.ids import derived_message_id
from gateway.model.plan import Decision
from gateway.model.questions import Copies, Copy, IsReused, Mapped, PartIn, Ticket
from gateway.model.reasons import Reason

MOST_READ_AGAIN = 3  # mails under one id that are read again
POSTED = ("DONE", "SUPPRESSED", "PLANNED")


def duplicate(context: DecisionContext) -> Decision | None:
    """A copy of a mail that another delivery already has (another route, another mailbox): `duplicate-of`. Words that
    only the copy has become an internal comment."""
    if not context.email.message_id:
        return None
    known: list[Copy] = context.facts.ask(Copies(context.email.message_id))
    earlier = [copy for copy in known if copy.earlier and copy.digest]
    wanted = context.delivery.release.unsuppressed
    same = context.copies_among(earlier)
    others = [copy for copy in earlier if copy not in same]
    board_id = context.policy.destination["board_id"]
    here = [copy for copy in same if copy.board_id == board_id and copy.stage in POSTED and not wanted]
    if here and (decision := _again(context, here)):
        return decision
    if others or here or (wanted and earlier):
        context.message_id = derived_message_id(context.email.digest)
        context.is_reused = _is_reused(context, others)
        context.trace.add(
            "same Message-ID", "released" if wanted else "other content", f"goes on as <{context.message_id}>"
        )
    return None


def _again(context: DecisionContext, here: Sequence[Copy]) -> Decision | None:
    """The end of a mail that its ticket has already; None where nobody would see the words that only this copy has.
    While the ticket is yet to be made, they wait for it."""
    lines = context.words_added(here)
    if not lines:
        copy = next((copy for copy in here if copy.digest == context.email.digest), here[0])
        how = "same content" if copy.digest == context.email.digest else "the same but for what was added"
        context.trace.add("same Message-ID", f"delivery {copy.delivery_id}, {how}", "suppress")
        return context.end(Reason.DUPLICATE, copy.delivery_id)
    if making := [copy for copy in here if copy.stage == "PLANNED" and not copy.ticket_id]:
        context.trace.add("same Message-ID", f"delivery {making[0].delivery_id} is making the ticket", "wait")
        return Decision("wait", detail=making[0].delivery_id)
    ticket = _ticket_of(context, here)
    if ticket is None:
        return None
    return floods.flood(context) or reply.again(context, ticket, lines)


def _ticket_of(context: DecisionContext, here: Sequence[Copy]) -> Ticket | None:
    """The ticket of the mail, where the copy's sender may write there."""
    for ticket_id in dict.fromkeys(copy.ticket_id for copy in here if copy.ticket_id):
        ticket = ticket_of_id(ticket_id, context.facts, context.policy.nobodys, context.trace)
        if ticket is not None and binding(context.sender, ticket, context.facts):
            return ticket
    return None


def _is_reused(context: DecisionContext, others: Sequence[Copy]) -> bool:
    """Whether the sender, and nobody else, writes mail after mail under this id: else somebody who has seen the id of
    another's mail could make it lead nowhere."""
    facts, who = context.facts, context.sender.address
    if not any(facts.ask(IsReused(copy.delivery_id)) for copy in others[:MOST_READ_AGAIN]):
        return False
    question = threading.mapping_question(context.email, context.envelope, who, context.sender.verdict)
    rows: list[Mapped] = facts.ask(question)
    known = {row.ticket_id for row in rows if row.message_id == context.email.message_id}
    tickets = (known | {copy.ticket_id for copy in others}) - {""}
    return all(facts.ask(PartIn(ticket_id, who)) in ("sender", "aside") for ticket_id in sorted(tickets))
