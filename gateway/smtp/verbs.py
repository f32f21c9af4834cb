"""The commands of a session but for the mail's content and the login, each a function of the session.

Sources: RFC 5321 4.1, RFC 2033 4.1, RFC 3207, RFC 3463 for the enhanced codes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

from gateway.config.settings import MailboxSettings
from gateway.intake.accept import Recipient
from gateway.smtp import replies
from gateway.smtp.content import bdat, data
from gateway.smtp.extensions import (
    MAIL_PARAMETERS,
    RCPT_PARAMETERS,
    Offer,
    keywords,
    unknown_parameter,
    wrong_parameter,
)
from gateway.smtp.login import auth
from gateway.smtp.parameters import declared_size, path_of
from gateway.smtp.replies import Reply, in_words, plain

if TYPE_CHECKING:
    from gateway.smtp.session import Session

log = structlog.get_logger("smtp")

Verb = Callable[["Session", str], Awaitable[None]]

MAIL_USAGE = "MAIL FROM:<address>"
RCPT_USAGE = "RCPT TO:<address>"


async def ehlo(session: Session, arg: str) -> None:
    name = "LHLO" if session.policy.is_lmtp else "EHLO"
    if not arg:
        return await session.refuse(replies.SYNTAX, usage=f"{name} hostname")
    session.drop_mail()
    session.session.host_name = plain(arg[:255])
    session.session.extended_smtp = True
    offer = Offer(
        session.policy.max_size,
        tls=session.policy.tls in ("offer", "require") and not session.is_tls,
        login=bool(session.context.users) and session.is_tls and not session.login,
    )
    lines = [session.hostname, *keywords(offer)]
    session.say("\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"]))
    return None


async def helo(session: Session, arg: str) -> None:
    if not arg:
        return await session.refuse(replies.SYNTAX, usage="HELO hostname")
    session.drop_mail()
    session.session.host_name = plain(arg[:255])
    session.session.extended_smtp = False
    return session.say(f"250 {session.hostname}")


async def starttls(session: Session, arg: str) -> None:
    if arg:
        return await session.refuse(replies.SYNTAX, usage="STARTTLS")
    if session.is_tls or session.policy.tls not in ("offer", "require"):
        return await session.refuse(replies.NOT_OFFERED)
    if session.has_input:  # CVE-2011-0411: commands smuggled in before TLS
        await session.refuse(replies.TLS_INJECTION)
        session.is_ending = True
        return None
    session.drop_mail()
    await session.push("220 2.0.0 Ready to start TLS")
    await session.upgrade()
    return None


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


async def rset(session: Session, arg: str) -> None:
    if arg:
        return await session.refuse(replies.SYNTAX, usage="RSET")
    session.drop_mail()
    return session.say("250 2.0.0 OK")


async def noop(session: Session, arg: str) -> None:
    session.say("250 2.0.0 OK")


async def vrfy(session: Session, arg: str) -> None:
    if not arg:
        return await session.refuse(replies.SYNTAX, usage="VRFY address")
    return session.say("252 2.5.2 Send a mail and it will be seen")


async def not_offered(session: Session, arg: str) -> None:
    await session.refuse(replies.NOT_OFFERED)


async def help_(session: Session, arg: str) -> None:
    session.say("214 2.0.0 See RFC 5321")


async def quit_(session: Session, arg: str) -> None:
    if arg:
        return await session.refuse(replies.SYNTAX, usage="QUIT")
    session.say("221 2.0.0 Bye")
    session.is_ending = True
    return None


VERBS: dict[bytes, Verb] = {
    b"EHLO": ehlo,
    b"LHLO": ehlo,
    b"HELO": helo,
    b"STARTTLS": starttls,
    b"AUTH": auth,
    b"MAIL": mail,
    b"RCPT": rcpt,
    b"DATA": data,
    b"BDAT": bdat,
    b"RSET": rset,
    b"NOOP": noop,
    b"VRFY": vrfy,
    b"EXPN": not_offered,
    b"HELP": help_,
    b"QUIT": quit_,
}
