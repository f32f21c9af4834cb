"""EHLO, LHLO, HELO and STARTTLS (RFC 5321 4.1.1.1, RFC 2033 4.1, RFC 3207)."""

from __future__ import annotations

from gateway.smtp import replies
from gateway.smtp.dialogue import Answer, Dialogue, StartTls
from gateway.smtp.extensions import Offer, keywords
from gateway.smtp.replies import Reply, plain


def ehlo(dialogue: Dialogue, arg: str) -> Reply:
    """EHLO and LHLO (RFC 5321 4.1.1.1, RFC 2033 4.1): the extensions; a mail under way is forgotten."""
    if not arg:
        return replies.SYNTAX.fill(usage=f"{'LHLO' if dialogue.is_lmtp else 'EHLO'} hostname")
    _greeted(dialogue, arg)
    client, policy = dialogue.client, dialogue.policy
    offer = Offer(
        policy.max_size,
        tls=policy.tls in ("offer", "require") and not client.is_tls,
        login=bool(dialogue.server.users) and client.is_tls and not client.login,
    )
    return replies.HELLO._replace(text="\n".join([dialogue.server.hostname, *keywords(offer)]))


def helo(dialogue: Dialogue, arg: str) -> Reply:
    """HELO (RFC 5321 4.1.1.1): as EHLO, and no extension is named."""
    if not arg:
        return replies.SYNTAX.fill(usage="HELO hostname")
    _greeted(dialogue, arg)
    return replies.HELLO._replace(text=dialogue.server.hostname)


def _greeted(dialogue: Dialogue, name: str) -> None:
    dialogue.transaction.forget()
    dialogue.client.hello = plain(name[:255])


def starttls(dialogue: Dialogue, arg: str) -> Answer:
    """STARTTLS (RFC 3207 4): the handshake follows after 220."""
    if arg:
        return replies.SYNTAX.fill(usage="STARTTLS")
    if dialogue.client.is_tls or dialogue.policy.tls not in ("offer", "require"):
        return replies.NOT_OFFERED
    return StartTls(replies.TLS_READY)
