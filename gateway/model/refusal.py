"""A mail, or a peer, that a listener refused: what an operator may ask for later."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """``at`` in seconds since the epoch. ``subject``, ``message_id`` and ``size`` (bytes) are known only where the
    content came; ``reason`` is the one of ``smtp.replies``, ``said`` what the peer was told after ``code`` and
    ``enhanced`` (5.1.1). ``times`` counts the refusals that this one stands for, itself among them; ``session`` has the
    ids of their sessions, as replies and log have them, the first few with blanks between."""

    at: float
    listener: str
    peer: str
    helo: str
    mail_from: str
    rcpt_to: str
    code: int
    reason: str
    said: str
    subject: str = ""
    message_id: str = ""
    size: int = 0
    times: int = 1
    enhanced: str = ""
    session: str = ""
