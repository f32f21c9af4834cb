"""Our own look-ups: SPF, DKIM, DMARC and ARC of a mail that came straight to us."""

from __future__ import annotations

from gateway.config import VerdictSettings
from gateway.envelope import Verdict
from gateway.smtp.accept import Incoming
from gateway.smtp.verdict.sender import ascii_domain


class Direct:
    """Judges by the DNS."""

    def __init__(self, settings: VerdictSettings) -> None:
        self._settings = settings

    async def judge(self, peer: object, mail: Incoming, domain: str) -> tuple[Verdict, str]:
        return "unknown", f"not looked up: {ascii_domain(domain)}"
