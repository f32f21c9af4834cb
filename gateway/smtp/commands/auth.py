"""AUTH PLAIN and AUTH LOGIN, over TLS only (RFC 4954, RFC 4616)."""

from __future__ import annotations

import asyncio
import base64
import binascii

import structlog

from gateway.match.names import network_of
from gateway.smtp import replies
from gateway.smtp.auth import decode_plain
from gateway.smtp.dialogue import Answer, Ask, Dialogue, Wait
from gateway.smtp.guessing import TooMany
from gateway.smtp.replies import Reply

log = structlog.get_logger("smtp")

WAIT_AFTER_WRONG = 1.0
ASK_NAME = "VXNlcm5hbWU6"
ASK_PASSWORD = "UGFzc3dvcmQ6"  # noqa: S105 - the challenge "Password:"


def auth(dialogue: Dialogue, arg: str) -> Answer:
    """AUTH (RFC 4954 4): a login over TLS, once in a session, between mails."""
    server, client = dialogue.server, dialogue.client
    if not server.users:
        return replies.NOT_OFFERED
    if not client.is_tls:
        return replies.AUTH_NEEDS_TLS
    if not client.hello:
        return replies.HELLO_FIRST.fill(hello="EHLO")
    if client.login:
        return replies.AUTH_AGAIN
    if dialogue.transaction.mail_from is not None:
        return replies.NESTED
    words = arg.split()
    if not 1 <= len(words) <= 2:
        return replies.SYNTAX.fill(usage="AUTH mechanism [initial response]")
    kind = words[0].upper()
    if kind not in ("PLAIN", "LOGIN"):
        return replies.AUTH_KIND
    if refusal := server.limits.login(client.address):
        return refusal
    first = words[1] if len(words) == 2 else None

    async def log_in(ask: Ask) -> list[Reply]:
        pair = await (_plain(ask, first) if kind == "PLAIN" else _login(ask, first))
        return [pair if isinstance(pair, Reply) else await _check(dialogue, *pair)]

    return Wait(log_in)


async def _check(dialogue: Dialogue, login: str, password: bytes) -> Reply:
    server, client = dialogue.server, dialogue.client
    is_exempt = server.limits.is_exempt(client.address)
    try:
        is_right = await server.users.check(login, password, network_of(client.address), is_exempt=is_exempt)
    except TooMany:
        log.warning("logins are slow", who=login[:100], peer=client.address, session=dialogue.session)
        return replies.AUTH_SLOW
    if is_right:
        client.login = login
        log.info("logged in", login=login, peer=client.address, session=dialogue.session)
        return replies.LOGGED_IN
    log.warning("wrong password", login=login[:100], peer=client.address, session=dialogue.session)
    client.wrong_passwords += 1
    server.limits.wrong_password(client.address)
    await asyncio.sleep(WAIT_AFTER_WRONG if server.limits.settings.tarpit else 0)
    return replies.AUTH_WRONG


async def _plain(ask: Ask, first: str | None) -> tuple[str, bytes] | Reply:
    blob = _decoded(first) if first is not None else await _asked(ask, "")
    pair = decode_plain(blob) if isinstance(blob, bytes) else None
    return pair or _unusable(blob)


async def _login(ask: Ask, first: str | None) -> tuple[str, bytes] | Reply:
    name = _decoded(first) if first is not None else await _asked(ask, ASK_NAME)
    password = await _asked(ask, ASK_PASSWORD) if isinstance(name, bytes) else name
    if not isinstance(name, bytes) or not isinstance(password, bytes):
        return _unusable(name, password)
    return name.decode("utf-8", "replace"), password


def _unusable(*responses: bytes | str) -> Reply:
    return replies.AUTH_ABORTED if "*" in responses else replies.AUTH_SYNTAX


async def _asked(ask: Ask, challenge: str) -> bytes | str:
    """The decoded response, "*" when the peer gives up, "" when it cannot be decoded."""
    line = await ask(replies.CHALLENGE.fill(challenge=challenge))
    return "*" if line == b"*" else _decoded(line.decode("ascii", "replace"))


def _decoded(text: str) -> bytes | str:
    if text == "=":  # RFC 4954 4: an empty response
        return b""
    try:
        return base64.b64decode(text.encode("ascii", "replace"), validate=True)
    except (binascii.Error, ValueError):
        return ""
