"""RSET, NOOP, VRFY, HELP, QUIT, and what is known but not offered (RFC 5321 4.1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.smtp import replies

if TYPE_CHECKING:
    from gateway.smtp.session import Session


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
