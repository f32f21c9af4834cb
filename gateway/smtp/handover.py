"""A whole mail: judge it, keep it, reply. From the 250 on it is ours to deliver (RFC 5321 4.2.5)."""

from __future__ import annotations

import structlog

from gateway.intake.accept import NotKept, Recipient
from gateway.model.envelope import Envelope
from gateway.smtp import replies
from gateway.smtp.arrival import Arrival
from gateway.smtp.dialogue import Dialogue
from gateway.smtp.judge import Judgement, judge, name_of
from gateway.smtp.replies import Reply, in_words, plain
from gateway.smtp.spam import Spam, spam_of
from gateway.smtp.verdict.verdict import Peer

log = structlog.get_logger("smtp")


async def hand_over(dialogue: Dialogue, arrival: Arrival) -> list[Reply]:
    """The replies: one, or with LMTP one for each accepted recipient (RFC 2033 4.2)."""
    arrival.finish()
    server, policy, transaction = dialogue.server, dialogue.policy, dialogue.transaction
    peer = _peer(dialogue)
    accepted_for = transaction.accepted_for
    found = await judge(server, peer, arrival, transaction.recipients, policy.is_lmtp)
    server.judged(found.verdict.verdict, policy.name)
    if found.virus:
        log.warning("malware refused", virus=found.virus, peer=peer.address, session=dialogue.session)
    answers = await _keep(dialogue, arrival, found, peer)
    if policy.is_lmtp:
        said = [answers[at] for at in accepted_for]
    else:
        # A mail that any mailbox took is taken: the peer must not send it again.
        said = [next((reply for reply in answers if not reply.reason), answers[0])]
    for _ in (reply for reply in said if not reply.reason):
        server.count("250")
    values = {"limit": in_words(policy.max_size), "why": found.verdict.reason}
    return [reply.fill(**values) if reply.reason else reply for reply in said]


def _peer(dialogue: Dialogue) -> Peer:
    server, policy, client = dialogue.server, dialogue.policy, dialogue.client
    return Peer(
        address=client.address,
        helo=client.hello,
        mail_from=dialogue.transaction.mail_from or "",
        login=client.login,
        is_relay=policy.is_local or server.relays.holds(client.address),
        is_vouched=bool(policy.vouched) and policy.vouched.holds(client.address),
    )


async def _keep(dialogue: Dialogue, arrival: Arrival, found: Judgement, peer: Peer) -> list[Reply]:
    """The reply for each recipient."""
    server, mail = dialogue.server, arrival.mail
    taken = [recipient for recipient, refusal in zip(found.recipients, found.refusals, strict=True) if refusal is None]
    if not taken:
        mail.discard()
        return [refusal for refusal in found.refusals if refusal is not None]
    name = name_of(peer, found.verdict)
    if refusal := server.limits.sender(name):
        mail.discard()
        return [reply or refusal for reply in found.refusals]
    envelope = _envelope(dialogue, arrival, found, peer)
    # From here on the acceptor answers for the file: a row may refer to it.
    dialogue.transaction.arrival = None
    try:
        ids = await server.acceptor.accept(mail, envelope, taken)
    except (NotKept, OSError) as error:
        log.error("not accepted", peer=peer.address, error=type(error).__name__, exc_info=error)
        server.limits.not_taken(name)
        return [refusal or replies.STORE for refusal in found.refusals]
    finally:
        arrival.release()
    _log(dialogue, ids, taken, mail.size, found)
    kept = iter(ids)
    return [refusal or replies.KEPT.fill(delivery=next(kept)) for refusal in found.refusals]


def _envelope(dialogue: Dialogue, arrival: Arrival, found: Judgement, peer: Peer) -> Envelope:
    spam = spam_of(arrival.mail.fields()) if peer.is_relay else Spam()
    return Envelope(
        mail_from=peer.mail_from,
        rcpt_to="",
        peer=peer.address,
        helo=peer.helo,
        tls=dialogue.client.is_tls,
        auth=peer.login,
        time=dialogue.server.clock(),
        verdict=found.verdict.verdict,
        verdict_reason=plain(found.verdict.reason),
        verdict_for=found.verdict.sender,
        notes=" ".join(found.notes),
        listener=dialogue.policy.name,
        spam=spam.flag,
        spam_score=spam.score,
        scl=spam.scl,
    )


def _log(dialogue: Dialogue, ids: list[str], taken: list[Recipient], size: int, found: Judgement) -> None:
    for delivery_id, recipient in zip(ids, taken, strict=True):
        log.info(
            "accepted",
            delivery=delivery_id,
            mailbox=recipient.mailbox.address,
            size=size,
            peer=dialogue.client.address,
            session=dialogue.session,
            verdict=found.verdict.verdict,
            notes=" ".join(found.notes),
        )
