"""DATA and BDAT: read a mail's content, judge it, keep it, reply.

A mail that comes in too slowly is given up: after ``GRACE`` seconds its average must stay over the floor
rate, and it must be whole within ``data_timeout``. Sources: RFC 5321 4.1.1.4, RFC 3030, RFC 2033 4.2.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from gateway.intake.accept import DiskFull, Recipient
from gateway.model.envelope import Envelope
from gateway.smtp import replies
from gateway.smtp.arrival import Arrival
from gateway.smtp.context import Ending
from gateway.smtp.dotreader import DotReader
from gateway.smtp.judge import Judgement, judge, name_of
from gateway.smtp.replies import Reply, in_words, plain
from gateway.smtp.spam import Spam, spam_of
from gateway.smtp.verdict.verdict import Peer
from gateway.store.engine import StoreFailed
from gateway.store.reading import Unreadable

if TYPE_CHECKING:
    from gateway.smtp.session import Session

log = structlog.get_logger("smtp")

BLOCK = 64 * 1024
GRACE = 60.0


class Pace:
    """Whether the content comes in fast enough."""

    __slots__ = ("_began", "_settings", "_size")

    def __init__(self, session: Session) -> None:
        self._settings = session.context.settings
        self._began = time.monotonic()
        self._size = 0

    def add(self, size: int) -> bool:
        self._size += size
        took = time.monotonic() - self._began
        if took > self._settings.data_timeout:
            return False
        return took < GRACE or self._size >= self._settings.floor_rate * took


async def data(session: Session, arg: str) -> None:
    if not session.recipients or session.mail_from is None:
        return await session.refuse(replies.RCPT_FIRST)
    if session.arrival is not None:
        return await session.refuse(replies.NOT_BETWEEN_CHUNKS)
    if arg:
        return await session.refuse(replies.SYNTAX, usage="DATA")
    if not (arrival := _begin(session)):
        return await session.refuse(replies.DISK)
    session.in_data = True
    try:
        await session.push("354 End data with <CR><LF>.<CR><LF>")
        await _read_dotted(session, arrival)
        await _conclude(session, arrival)
    finally:
        session.in_data = False
        session.drop_mail()
    return _after(session)


async def bdat(session: Session, arg: str) -> None:
    """A chunk. Its octets are read in every case, or they would be taken for commands."""
    words = arg.split()
    good = 1 <= len(words) <= 2 and words[0].isascii() and words[0].isdigit() and len(words[0]) <= 12
    if not good or (len(words) == 2 and words[1].upper() != "LAST"):
        await session.refuse(replies.SYNTAX, usage="BDAT size [LAST]")
        session.is_ending = True  # nobody knows where the chunk ends
        return None
    size, last = int(words[0]), len(words) == 2
    if not session.recipients or session.mail_from is None:
        await _skip(session, size)
        return await session.refuse(replies.RCPT_FIRST)
    if session.arrival is None and not _begin(session):
        await _skip(session, size)
        session.drop_mail()
        return await session.refuse(replies.DISK)
    arrival = session.arrival
    assert arrival is not None
    session.in_data = True
    finished = False
    try:
        await _read_chunk(session, arrival, size)
        if last:
            await _conclude(session, arrival)
        elif arrival.trouble:
            await session.refuse(arrival.trouble, limit=in_words(session.policy.max_size))
        else:
            session.say(f"250 2.0.0 {size} octets")
        finished = True
    finally:
        session.in_data = False
        if last or not finished or arrival.trouble or session.transport is None:
            session.drop_mail()
    return _after(session)


def _begin(session: Session) -> Arrival | None:
    context = session.context
    try:
        mail = context.acceptor.begin()
    except (DiskFull, OSError) as error:
        log.error("disk full", detail=str(error))
        return None
    session.arrival = Arrival(mail, session.policy.max_size, context.in_flight, session.policy.bare_line_ends)
    return session.arrival


async def _read_dotted(session: Session, arrival: Arrival) -> None:
    """Up to CRLF.CRLF."""
    reader = DotReader()
    pace: Pace | None = None
    while True:
        block = await session.read_block(BLOCK)
        arrival.add(reader.feed(block))
        if reader.done:
            break
        session.reset_timeout()
        pace = pace or Pace(session)
        if not pace.add(len(block)):
            await _too_slow(session)
    session.unread(reader.rest)


async def _read_chunk(session: Session, arrival: Arrival, size: int) -> None:
    pace = Pace(session)
    while size:
        session.reset_timeout()
        block = await session.read_block(size)
        size -= len(block)
        arrival.add(block)
        if size and not pace.add(len(block)):
            await _too_slow(session)


async def _skip(session: Session, size: int) -> None:
    pace = Pace(session)
    while size:
        session.reset_timeout()
        block = await session.read_block(size)
        size -= len(block)
        if size and not pace.add(len(block)):
            await _too_slow(session)


async def _too_slow(session: Session) -> None:
    await session.refuse(replies.TOO_SLOW)
    await session.flush()
    raise Ending("too slow")


def _after(session: Session) -> None:
    if session.context.draining:
        session.close_idle()
        session.is_ending = True


# -- judge, keep, reply ------------------------------------------------------------------------------


async def _conclude(session: Session, arrival: Arrival) -> None:
    """The replies to a whole mail: one, or with LMTP one for each recipient (RFC 2033 4.2)."""
    session.pause_timeout()
    arrival.finish()
    context = session.context
    peer = Peer(
        address=session.peer,
        helo=str(session.session.host_name or "")[:255],
        mail_from=session.mail_from or "",
        login=session.login,
        is_relay=session.policy.is_local or context.relays.holds(session.peer),
        is_vouched=bool(session.policy.vouched) and session.policy.vouched.holds(session.peer),
    )
    found = await judge(context, peer, arrival, session.recipients, session.policy.is_lmtp)
    context.judged(found.verdict.verdict, session.policy.name)
    if found.virus:
        log.warning("malware refused", virus=found.virus, peer=session.peer, session=session.id)
    said = await _keep(session, arrival, found, peer)
    if session.policy.is_lmtp:
        for at in session.accepted_for:
            await _reply(session, said[at], found)
    else:
        # A mail that any mailbox took is taken: the peer must not send it again.
        await _reply(session, next((reply for reply in said if isinstance(reply, str)), said[0]), found)


async def _reply(session: Session, reply: str | Reply, found: Judgement) -> None:
    if isinstance(reply, str):
        session.context.count("250")
        session.say(reply)
        return
    values = {"limit": in_words(session.policy.max_size), "why": found.verdict.reason}
    await session.refuse(reply, about=f"from {session.mail_from}", **values)


async def _keep(session: Session, arrival: Arrival, found: Judgement, peer: Peer) -> list[str | Reply]:
    """The reply for each recipient."""
    taken = [recipient for recipient, refusal in zip(found.recipients, found.refusals, strict=True) if refusal is None]
    if not taken:
        arrival.mail.discard()
        return [refusal for refusal in found.refusals if refusal is not None]
    name = name_of(peer, found.verdict)
    if refusal := session.context.limits.sender(name):
        arrival.mail.discard()
        return [reply or refusal for reply in found.refusals]
    spam = spam_of(arrival.mail.fields()) if peer.is_relay else Spam()
    envelope = Envelope(
        mail_from=peer.mail_from,
        rcpt_to="",
        peer=peer.address,
        helo=peer.helo,
        tls=session.is_tls,
        auth=peer.login,
        time=session.context.clock(),
        verdict=found.verdict.verdict,
        verdict_reason=plain(found.verdict.reason),
        verdict_for=found.verdict.sender,
        notes=" ".join(found.notes),
        listener=session.policy.name,
        spam=spam.flag,
        spam_score=spam.score,
        scl=spam.scl,
    )
    mail = arrival.mail
    # From here on the acceptor answers for the file: a row may refer to it.
    if session.arrival is arrival:
        session.arrival = None
    try:
        ids = await session.context.acceptor.accept(mail, envelope, taken)
    except (StoreFailed, Unreadable, OSError) as error:
        log.error("not accepted", peer=session.peer, error=type(error).__name__, exc_info=error)
        session.context.limits.not_taken(name)
        return [refusal or replies.STORE for refusal in found.refusals]
    finally:
        arrival.release()
    _log(session, ids, taken, mail.size, found)
    keep = iter(ids)
    return [refusal or f"250 2.0.0 OK kept as {next(keep)}" for refusal in found.refusals]


def _log(session: Session, ids: list[str], taken: list[Recipient], size: int, found: Judgement) -> None:
    for delivery_id, recipient in zip(ids, taken, strict=True):
        log.info(
            "accepted",
            delivery=delivery_id,
            mailbox=recipient.mailbox.address,
            size=size,
            peer=session.peer,
            session=session.id,
            verdict=found.verdict.verdict,
            notes=" ".join(found.notes),
        )
