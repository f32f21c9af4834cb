"""What the relay's spam filter wrote into a mail: SpamAssassin, Rspamd, Microsoft.

Promised: linear, never raises; of several values the worst counts, so that a sender who adds a good one
gains nothing. Whether a peer is believed at all is the caller's business. Sources: SpamAssassin's
Mail::SpamAssassin::Conf (X-Spam-*), Rspamd's milter_headers, Microsoft's "Anti-spam message headers" (SCL).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.mail.head import RawHeader

LONGEST = 4096
MOST_LEVELS = 1_000
_NUMBER = r"([+-]?[0-9]{1,5}(?:\.[0-9]{1,6})?)"
_STATUS = re.compile(rf"\s*(yes|no)\b(?:.*?\b(?:score|hits)=\s*{_NUMBER})?", re.IGNORECASE | re.DOTALL)
_FIRST = re.compile(rf"\s*{_NUMBER}(?![0-9.])")
_RSPAMD = re.compile(rf"\s*\w+:\s*(true|false)\b[^\[]{{0,40}}\[\s*{_NUMBER}\s*/", re.IGNORECASE)
_SCL = re.compile(r"(?:^|;)\s*SCL:\s*(-?[0-9])\s*(?=;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Spam:
    """``flag``: "yes", "no" or "" when nothing says so; ``score`` as the filter counts (SpamAssassin and
    Rspamd: more is worse); ``scl`` Microsoft's level, -1 to 9."""

    flag: str = ""
    score: float | None = None
    scl: int | None = None


def spam_of(fields: Sequence[RawHeader]) -> Spam:
    """What the header says."""
    flags: set[str] = set()
    scores: list[float] = []
    levels: list[int] = []
    for name, raw in fields:
        text = raw[:LONGEST].decode("ascii", "replace").strip()
        match name.lower():
            case "x-spam-flag":
                flags.add(text.lower())
            case "x-spam-score":
                scores += _numbers(_FIRST.match(text))
            case "x-spam-status":
                if found := _STATUS.match(text):
                    flags.add(found[1].lower())
                    scores += [float(found[2])] if found[2] else []
            case "x-spamd-result":
                if found := _RSPAMD.match(text):
                    flags.add("yes" if found[1].lower() == "true" else "no")
                    scores.append(float(found[2]))
            case "x-ms-exchange-organization-scl":
                levels += [int(number) for number in _numbers(_FIRST.match(text)) if -1 <= number <= 9]
            case "x-forefront-antispam-report":
                levels += [int(level) for level in _SCL.findall(text)] if len(levels) < MOST_LEVELS else []
    flag = next((word for word in ("yes", "no") if word in flags), "")
    return Spam(flag, max(scores, default=None), max(levels, default=None))


def _numbers(found: re.Match[str] | None) -> Iterable[float]:
    return [float(found[1])] if found else []
