"""RSET, NOOP, VRFY, HELP, QUIT, and what is known but not offered (RFC 5321 4.1.1)."""

from __future__ import annotations

from gateway.smtp import replies
from gateway.smtp.dialogue import Dialogue
from gateway.smtp.replies import Reply


def rset(dialogue: Dialogue, arg: str) -> Reply:
    if arg:
        return replies.SYNTAX.fill(usage="RSET")
    dialogue.transaction.forget()
    return replies.OK


def noop(dialogue: Dialogue, arg: str) -> Reply:
    return replies.OK


def vrfy(dialogue: Dialogue, arg: str) -> Reply:
    return replies.NOT_VERIFIED if arg else replies.SYNTAX.fill(usage="VRFY address")


def not_offered(dialogue: Dialogue, arg: str) -> Reply:
    return replies.NOT_OFFERED


def help_(dialogue: Dialogue, arg: str) -> Reply:
    return replies.HELP


def quit_(dialogue: Dialogue, arg: str) -> Reply:
    return replies.SYNTAX.fill(usage="QUIT") if arg else replies.BYE
