"""What the SMTP session knows of a mail (RFC 5321), apart from its content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["pass", "fail", "none", "unknown"]
"""What is known of the sender: proven, disproven, not claimed, or nobody looked."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """``mail_from`` is "" for the null sender; ``rcpt_to`` as the peer gave it; ``time`` in seconds
    since the epoch; ``peer`` an IP address; ``auth`` the login or ""."""

    mail_from: str
    rcpt_to: str
    peer: str = ""
    helo: str = ""
    tls: bool = False
    auth: str = ""
    time: float = 0.0
    verdict: Verdict = "unknown"
    verdict_reason: str = ""
