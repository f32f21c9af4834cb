"""What the SMTP session knows of a mail (RFC 5321), apart from its content."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from gateway.model.plain import by_field

Verdict = Literal["pass", "fail", "none", "unknown"]
"""What is known of the sender: proven, disproven, not claimed, or nobody looked."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """``mail_from`` is "" for the null sender; ``rcpt_to`` as the peer gave it; ``time`` in seconds
    since the epoch; ``peer`` an IP address; ``auth`` the login or "". ``verdict`` is about the From
    address ``verdict_for`` and no other. ``quarantine`` names why the edge asks for quarantine, else "";
    ``internal`` is JSON about a mail that the gateway made itself, "" for all others;
    ``notes`` are words for what was odd on the wire (bare-lf, nul, unscanned), blank-separated.
    ``spam`` (yes, no or ""), ``spam_score`` and ``scl`` are a trusted relay's filter's; None: it said nothing."""

    mail_from: str
    rcpt_to: str
    peer: str = ""
    helo: str = ""
    tls: bool = False
    auth: str = ""
    time: float = 0.0
    verdict: Verdict = "unknown"
    verdict_reason: str = ""
    verdict_for: str = ""
    quarantine: str = ""
    notes: str = ""
    listener: str = ""
    spam: str = ""
    spam_score: float | None = None
    scl: int | None = None
    internal: str = ""

    def as_json(self) -> str:
        """As it is stored."""
        return json.dumps(by_field(self))
