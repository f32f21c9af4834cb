"""MAIL and RCPT (RFC 5321 4.1.1.2, 4.1.1.3)."""

from __future__ import annotations

from gateway.config.mailbox import MailboxSettings
from gateway.intake.accept import Recipient
from gateway.smtp import replies
from gateway.smtp.context import ServerContext
from gateway.smtp.dialogue import Dialogue, Transaction
from gateway.smtp.extensions import MAIL_PARAMETERS, RCPT_PARAMETERS, unknown_parameter, wrong_parameter
from gateway.smtp.parameters import declared_size, path_of
from gateway.smtp.replies import Reply, in_words

MAIL_SYNTAX = replies.SYNTAX.fill(usage="MAIL FROM:<address>")
RCPT_SYNTAX = replies.SYNTAX.fill(usage="RCPT TO:<address>")
DISABLED = {"pause": replies.PAUSED, "closed": replies.CLOSED}


def mail(dialogue: Dialogue, arg: str) -> Reply:
    """MAIL (RFC 5321 4.1.1.2): a mail begins, unless it must wait, is too large or may not come from here."""
    server, client, policy = dialogue.server, dialogue.client, dialogue.policy
    if not client.hello:
        return replies.HELLO_FIRST.fill(hello="LHLO" if policy.is_lmtp else "EHLO")
    if server.draining:
        return replies.DRAINING
    if policy.needs_login and not client.login:
        return replies.AUTH_FIRST
    path, parameters = path_of("FROM:", arg)
    if path is None:
        return MAIL_SYNTAX
    if dialogue.transaction.mail_from is not None:
        return replies.NESTED
    if unknown := unknown_parameter(parameters, MAIL_PARAMETERS):
        return replies.PARAMETER.fill(name=unknown)
    if wrong := wrong_parameter(parameters, MAIL_PARAMETERS):
        return replies.BAD_PARAMETER.fill(name=wrong)
    size = declared_size(parameters)
    if size > policy.max_size:
        return replies.TOO_LARGE.fill(limit=in_words(policy.max_size)).on(path)
    if path and not _may_write_as(server, client.login, path):
        return replies.SENDER_NOT_YOURS.on(path)
    if server.overload.reason:
        return replies.OVERLOAD.on(path)
    if server.acceptor.full:
        return replies.ARRIVALS.on(path)
    if not server.in_flight.has_room(size):
        return replies.IN_FLIGHT.on(path)
    if not client.is_exempt and (refusal := server.limits.mail(client.address)):
        return refusal.on(path)
    dialogue.transaction.mail_from = path
    return replies.SENDER_OK


def _may_write_as(server: ServerContext, login: str, path: str) -> bool:
    return not login or not server.users.is_bound(login) or server.users.may_write_as(login, path)


def rcpt(dialogue: Dialogue, arg: str) -> Reply:
    """RCPT (RFC 5321 4.1.1.3): one more recipient, if it is a mailbox of ours that takes mail."""
    server, client, transaction = dialogue.server, dialogue.client, dialogue.transaction
    if transaction.mail_from is None:
        return replies.MAIL_FIRST
    path, parameters = path_of("TO:", arg)
    if not path:
        return RCPT_SYNTAX
    if unknown := unknown_parameter(parameters, RCPT_PARAMETERS):
        return replies.PARAMETER.fill(name=unknown)
    if transaction.arrival is not None:
        return replies.NOT_BETWEEN_CHUNKS
    if len(transaction.accepted_for) >= server.settings.max_recipients:
        return replies.TOO_MANY_RECIPIENTS.on(path)
    if not client.is_exempt and (refusal := server.limits.recipient(client.address)):
        return refusal.on(path)
    found = _recipient(server, path)
    if isinstance(found, Reply):
        if found is replies.NO_MAILBOX and not client.is_exempt:  # somebody may be trying out names
            client.unknown_recipients += 1
            server.limits.unknown(client.address)
        return found.on(path)
    _add(transaction, Recipient(found, path))
    return replies.RECIPIENT_OK


def _recipient(server: ServerContext, path: str) -> MailboxSettings | Reply:
    match = server.mailboxes.match(path)
    if match is None:
        return replies.NO_MAILBOX if server.mailboxes.is_ours(path) else replies.NO_RELAY
    return DISABLED.get(match.mailbox.disabled, match.mailbox)


def _add(transaction: Transaction, new: Recipient) -> None:
    """Each mailbox once."""
    boxes = [recipient.mailbox.address for recipient in transaction.recipients]
    if new.mailbox.address not in boxes:
        transaction.recipients.append(new)
        boxes.append(new.mailbox.address)
    transaction.accepted_for.append(boxes.index(new.mailbox.address))
