"""DATA and BDAT (RFC 5321 4.1.1.4, RFC 3030)."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from gateway.intake.accept import DiskFull
from gateway.smtp import replies
from gateway.smtp.arrival import Arrival
from gateway.smtp.content import Chunk, Dotted, Dropped
from gateway.smtp.dialogue import Answer, Ask, Dialogue, Receive, Wait
from gateway.smtp.handover import hand_over
from gateway.smtp.pace import Pace
from gateway.smtp.replies import Reply, in_words

log = structlog.get_logger("smtp")


def data(dialogue: Dialogue, arg: str) -> Answer:
    """DATA (RFC 5321 4.1.1.4): the content follows after 354."""
    transaction = dialogue.transaction
    if not transaction.is_ready:
        return replies.RCPT_FIRST
    if transaction.arrival is not None:
        return replies.NOT_BETWEEN_CHUNKS
    if arg:
        return replies.SYNTAX.fill(usage="DATA")
    if not (arrival := _begin(dialogue)):
        return replies.DISK
    return Receive(Dotted(arrival), lambda: _whole(dialogue, arrival), replies.START_CONTENT)


def bdat(dialogue: Dialogue, arg: str) -> Answer:
    """A chunk. Its octets are read in every case, or they would be taken for commands."""
    words = arg.split()
    good = 1 <= len(words) <= 2 and words[0].isascii() and words[0].isdigit() and len(words[0]) <= 12
    if not good or (len(words) == 2 and words[1].upper() != "LAST"):
        return replies.SYNTAX.fill(usage="BDAT size [LAST]").ending()  # nobody knows where the chunk ends
    size, is_last = int(words[0]), len(words) == 2
    transaction, settings = dialogue.transaction, dialogue.server.settings
    if not transaction.is_ready:
        return Receive(Dropped(size, Pace(settings)), lambda: replies.RCPT_FIRST)
    arrival = transaction.arrival or _begin(dialogue)
    if arrival is None:
        transaction.forget()
        return Receive(Dropped(size, Pace(settings)), lambda: replies.DISK)
    then = (lambda: _whole(dialogue, arrival)) if is_last else (lambda: _part(dialogue, arrival, size))
    return Receive(Chunk(size, arrival, is_last), then)


def _begin(dialogue: Dialogue) -> Arrival | None:
    server, policy = dialogue.server, dialogue.policy
    try:
        mail = server.acceptor.begin()
    except (DiskFull, OSError) as error:
        log.error("disk full", detail=str(error))
        return None
    pace = Pace(server.settings)
    dialogue.transaction.arrival = Arrival(mail, policy.max_size, server.in_flight, policy.bare_line_ends, pace)
    return dialogue.transaction.arrival


def _part(dialogue: Dialogue, arrival: Arrival, size: int) -> Answer:
    if arrival.trouble:
        refusal = arrival.trouble.fill(limit=in_words(dialogue.policy.max_size))

        async def refuse(ask: Ask) -> Sequence[Reply]:
            return [refusal]

        return Wait(refuse)
    return replies.CHUNK_OK.fill(size=size)


def _whole(dialogue: Dialogue, arrival: Arrival) -> Wait:
    async def conclude(ask: Ask) -> Sequence[Reply]:
        return await hand_over(dialogue, arrival)

    return Wait(conclude)
