"""What is known of a mail, or of a peer, at the moment of a refusal."""

from __future__ import annotations

from gateway.mail import glance
from gateway.model.refusal import Refusal
from gateway.smtp.dialogue import Dialogue
from gateway.smtp.replies import Reply, plain


def refusal_of(dialogue: Dialogue, reply: Reply) -> Refusal:
    """What is known of a mail, or of a peer, that gets this reply."""
    client, transaction, arrival = dialogue.client, dialogue.transaction, dialogue.transaction.arrival
    sender = transaction.mail_from
    named = [recipient.address for recipient in transaction.recipients]
    mail = arrival.mail if arrival is not None else None
    return Refusal(
        at=dialogue.server.clock(),
        listener=dialogue.policy.name,
        peer=client.address,
        helo=plain(client.hello)[:255],
        mail_from=plain(reply.about if sender is None else sender)[:320],
        rcpt_to=plain(reply.about if sender is not None and reply.about else ", ".join(named))[:1000],
        code=reply.code,
        enhanced=reply.enhanced,
        session=dialogue.session,
        reason=reply.reason,
        said=reply.words[:400],
        subject=glance.subject(*mail.split().values("subject")[:1]) if mail else "",
        message_id=mail.ids().message_id[:320] if mail else "",
        size=arrival.size if arrival is not None else 0,
    )
