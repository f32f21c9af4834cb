"""MAIL and RCPT (RFC 5321 4.1.1.2, 4.1.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.config.settings import MailboxSettings
from gateway.intake.accept import Recipient
from gateway.smtp import replies
from gateway.smtp.extensions import MAIL_PARAMETERS, RCPT_PARAMETERS, unknown_parameter, wrong_parameter
from gateway.smtp.parameters import declared_size, path_of
from gateway.smtp.replies import Reply, in_words

if TYPE_CHECKING:
    from gateway.smtp.session import Session


MAIL_USAGE = "MAIL FROM:<address>"
RCPT_USAGE = "RCPT TO:<address>"


async def mail(session: Session, arg: str) -> None:
    context = session.context
    if not session.session.host_name:
        return await session.refuse(replies.HELLO_FIRST, hello="LHLO" if session.policy.is_lmtp else "EHLO")
    if context.draining:
        return await session.refuse(replies.DRAINING)
    if session.policy.needs_login and not session.login:
        return await session.refuse(replies.AUTH_FIRST)
    path, parameters = path_of("FROM:", arg)
    if path is None:
        return await session.refuse(replies.SYNTAX, usage=MAIL_USAGE)
    if session.mail_from is not None:
        return await session.refuse(replies.NESTED)
    if unknown := unknown_parameter(parameters, MAIL_PARAMETERS):
        return await session.refuse(replies.PARAMETER, name=unknown)
    if wrong := wrong_parameter(parameters, MAIL_PARAMETERS):
        return await session.refuse(replies.BAD_PARAMETER, name=wrong)
    size = declared_size(parameters)
    if size > session.policy.max_size:
        return await session.refuse(replies.TOO_LARGE, limit=in_words(session.policy.max_size))
    if (
        session.login
        and path
        and context.users.is_bound(session.login)
        and not context.users.may_write_as(session.login, path)
    ):
        return await session.refuse(replies.SENDER_NOT_YOURS, about=path)
    if context.overload.reason:
        return await session.refuse(replies.OVERLOAD)
    if not context.in_flight.has_room(size):
        return await session.refuse(replies.IN_FLIGHT)
    if not session.is_exempt and (refusal := context.limits.mail(session.peer)):
        return await session.refuse(refusal)
    session.mail_from = path
    return session.say("250 2.1.0 Sender OK")


async def rcpt(session: Session, arg: str) -> None:
    if session.mail_from is None:
        return await session.refuse(replies.MAIL_FIRST)
    path, parameters = path_of("TO:", arg)
    if not path:
        return await session.refuse(replies.SYNTAX, usage=RCPT_USAGE)
    if unknown := unknown_parameter(parameters, RCPT_PARAMETERS):
        return await session.refuse(replies.PARAMETER, name=unknown)
    if session.arrival is not None:
        return await session.refuse(replies.NOT_BETWEEN_CHUNKS)
    if len(session.accepted_for) >= session.context.settings.max_recipients:
        return await session.refuse(replies.TOO_MANY_RECIPIENTS)
    if not session.is_exempt and (refusal := session.context.limits.recipient(session.peer)):
        return await session.refuse(refusal)
    found = _recipient(session, path)
    if isinstance(found, Reply):
        await session.refuse(found, about=path)
        return await _unknown(session) if found is replies.NO_MAILBOX else None
    at = next(
        (at for at, recipient in enumerate(session.recipients) if recipient.mailbox is found), len(session.recipients)
    )
    if at == len(session.recipients):
        session.recipients.append(Recipient(found, path))
    session.accepted_for.append(at)
    return session.say("250 2.1.5 Recipient OK")


def _recipient(session: Session, path: str) -> MailboxSettings | Reply:
    match = session.context.mailboxes.match(path)
    if match is None:
        return replies.NO_MAILBOX if session.context.mailboxes.is_ours(path) else replies.NO_RELAY
    disabled = {"pause": replies.PAUSED, "closed": replies.CLOSED}
    return disabled.get(match.mailbox.disabled, match.mailbox)


async def _unknown(session: Session) -> None:
    """Somebody may be trying out names."""
    if session.is_exempt:
        return
    session.unknown_recipients += 1
    session.context.limits.unknown(session.peer)
    most = session.context.limits.settings.unknown_per_session
    if most and session.unknown_recipients >= most:
        await session.refuse(replies.HARVESTING._replace(code=421))
