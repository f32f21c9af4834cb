"""RSET, NOOP, VRFY, HELP, QUIT, and what is known but not offered (RFC 5321 4.1.1)."""

from __future__ import annotations

from gateway.smtp import replies
from gateway.smtp.dialogue import Dialogue
from gateway.smtp.replies import Reply


def rset(dialogue: Dialogue, arg: str) -> Reply:
    """RSET (RFC 5321 4.1.1.5): a mail under way is forgotten."""
    if arg:
        return replies.SYNTAX.fill(usage="RSET")
    dialogue.transaction.forget()
    return replies.OK


def noop(dialogue: Dialogue, arg: str) -> Reply:
    """NOOP (RFC 5321 4.1.1.9)."""
    return replies.OK


def vrfy(dialogue: Dialogue, arg: str) -> Reply:
    """VRFY (RFC 5321 3.5.3): 252, which tells nothing of who has a mailbox."""
    return replies.NOT_VERIFIED if arg else replies.SYNTAX.fill(usage="VRFY address")


def not_offered(dialogue: Dialogue, arg: str) -> Reply:
    """A command that is known, and that no peer needs here (EXPN)."""
    return replies.NOT_OFFERED


def help_(dialogue: Dialogue, arg: str) -> Reply:
    """HELP (RFC 5321 4.1.1.8)."""
    return replies.HELP


def quit_(dialogue: Dialogue, arg: str) -> Reply:
    """QUIT (RFC 5321 4.1.1.10): the session is over after the reply."""
    return replies.SYNTAX.fill(usage="QUIT") if arg else replies.BYE
