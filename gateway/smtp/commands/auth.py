"""AUTH PLAIN and AUTH LOGIN, over TLS only (RFC 4954, RFC 4616)."""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import TYPE_CHECKING

import structlog

from gateway.match.names import network_of
from gateway.smtp import replies
from gateway.smtp.auth import decode_plain
from gateway.smtp.context import Ending

if TYPE_CHECKING:
    from gateway.smtp.session import Session

log = structlog.get_logger("smtp")

WAIT_AFTER_WRONG = 1.0


async def auth(session: Session, arg: str) -> None:
    if not session.context.users:
        return await session.refuse(replies.NOT_OFFERED)
    if not session.is_tls:
        return await session.refuse(replies.AUTH_NEEDS_TLS)
    if not session.session.host_name:
        return await session.refuse(replies.HELLO_FIRST, hello="EHLO")
    if session.login:
        return await session.refuse(replies.AUTH_AGAIN)
    if session.mail_from is not None:
        return await session.refuse(replies.NESTED)
    words = arg.split()
    if not 1 <= len(words) <= 2:
        return await session.refuse(replies.SYNTAX, usage="AUTH mechanism [initial response]")
    kind = words[0].upper()
    if kind not in ("PLAIN", "LOGIN"):
        return await session.refuse(replies.AUTH_KIND)
    if refusal := session.context.limits.login(session.peer):
        return await session.refuse(refusal)
    first = words[1] if len(words) == 2 else None
    pair = await (_plain(session, first) if kind == "PLAIN" else _login(session, first))
    return await _check(session, *pair) if pair else None


async def _check(session: Session, login: str, password: bytes) -> None:
    session.pause_timeout()
    if await session.context.users.check(login, password, network_of(session.peer)):
        session.login = login
        log.info("logged in", login=login, peer=session.peer, session=session.id)
        return session.say("235 2.7.0 Logged in")
    log.warning("wrong password", login=login[:100], peer=session.peer, session=session.id)
    session.wrong_passwords += 1
    session.context.limits.wrong_password(session.peer)
    await asyncio.sleep(WAIT_AFTER_WRONG if session.context.limits.settings.tarpit else 0)
    await session.refuse(replies.AUTH_WRONG)
    most = session.context.limits.settings.logins_per_session
    if most and session.wrong_passwords >= most:
        await session.refuse(replies.TOO_MANY_ERRORS)
    return None


async def _plain(session: Session, first: str | None) -> tuple[str, bytes] | None:
    blob = _decoded(first) if first is not None else await _ask(session, "334 ")
    pair = decode_plain(blob) if isinstance(blob, bytes) else None
    if pair is None:
        await session.refuse(replies.AUTH_ABORTED if blob == "*" else replies.AUTH_SYNTAX)
    return pair


async def _login(session: Session, first: str | None) -> tuple[str, bytes] | None:
    name = _decoded(first) if first is not None else await _ask(session, "334 VXNlcm5hbWU6")
    password = await _ask(session, "334 UGFzc3dvcmQ6") if isinstance(name, bytes) else name
    if not isinstance(name, bytes) or not isinstance(password, bytes):
        await session.refuse(replies.AUTH_ABORTED if "*" in (name, password) else replies.AUTH_SYNTAX)
        return None
    return name.decode("utf-8", "replace"), password


async def _ask(session: Session, challenge: str) -> bytes | str:
    """The decoded response, "*" when the peer gives up, "" when it cannot be decoded."""
    session.say(challenge)
    session.reset_timeout()
    line = await session.read_line()
    if line is None:
        raise Ending("the peer left")
    return "*" if line == b"*" else _decoded(line.decode("ascii", "replace"))


def _decoded(text: str) -> bytes | str:
    if text == "=":  # RFC 4954 4: an empty response
        return b""
    try:
        return base64.b64decode(text.encode("ascii", "replace"), validate=True)
    except (binascii.Error, ValueError):
        return ""
