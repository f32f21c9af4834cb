"""EHLO, LHLO, HELO and STARTTLS (RFC 5321 4.1.1.1, RFC 2033 4.1, RFC 3207)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.smtp import replies
from gateway.smtp.extensions import Offer, keywords
from gateway.smtp.replies import plain

if TYPE_CHECKING:
    from gateway.smtp.session import Session


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
