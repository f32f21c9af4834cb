"""What became of a request to the desk.

    Outcome
    |-- Good        the desk did it and said so
    |-- Refused     the desk's own JSON error: it did not do it, and will not
    |-- Throttled   429: it did not do it, try after ``after`` seconds
    |-- NotSent     the request never left: nothing happened
    '-- Unknown     anything else: it may have happened, or may still happen

Only the desk's own JSON error counts as a refusal (DESIGN "Exactly once"): a proxy's HTML, a 5xx,
a reset or an unreadable 2xx says nothing about what the desk did.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

REFUSALS = frozenset({400, 401, 403, 404, 405, 409, 422})


@dataclass(frozen=True, slots=True)
class Good:
    status: int
    data: Any
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refused:
    status: int
    code: str
    message: str
    details: Any = None

    def __str__(self) -> str:
        text = f"{self.status} {self.code}: {self.message}"
        if self.details:
            text += f" ({json.dumps(self.details, ensure_ascii=False)[:500]})"
        return text


@dataclass(frozen=True, slots=True)
class Throttled:
    after: float


@dataclass(frozen=True, slots=True)
class NotSent:
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    reason: str
    status: int = 0


Outcome = Good | Refused | Throttled | NotSent | Unknown


def judge(status: int, content: bytes, retry_after: str | None) -> Outcome:
    """Read an answer. ``retry_after`` is the header's value."""
    try:
        body = json.loads(content)
    except ValueError:
        return Unknown(f"{status} without JSON", status)
    if not isinstance(body, dict):
        return Unknown(f"{status} without an object", status)
    error = body.get("error")
    if 200 <= status < 300:
        return Good(status, body["data"], body) if "data" in body else Unknown(f"{status} without data", status)
    if not isinstance(error, dict) or not error.get("code"):
        return Unknown(f"{status} without error code", status)
    if status == 429:
        return Throttled(_seconds(retry_after, error))
    if status in REFUSALS:
        return Refused(status, str(error["code"]), str(error.get("message", "")), error.get("details"))
    return Unknown(f"{status} {error['code']}: {error.get('message', '')}"[:300], status)


def _seconds(retry_after: str | None, error: dict[str, Any]) -> float:
    details = error.get("details")
    if isinstance(details, dict) and isinstance(details.get("retry_after_ms"), int | float):
        return max(0.05, float(details["retry_after_ms"]) / 1000)
    try:
        return max(1.0, float(retry_after or 1))
    except ValueError:
        return 1.0
