"""What became of a request to the desk.

    Outcome
    |-- Good        the desk did it and said so
    |-- Refused     the desk's own JSON error: it did not do it, and will not
    |-- Throttled   429: it did not do it, try after ``after`` seconds
    |-- NotSent     the request never left: nothing happened
    '-- Unknown     anything else: it may have happened, or may still happen

Only the desk's own JSON error counts as a refusal: a proxy's HTML, a 5xx, a reset, or a 2xx without the shape that
its call has says nothing about what the desk did.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from gateway.desk import shapes
from gateway.desk.body import Malformed, parsed
from gateway.desk.shapes import Shape

LONGEST_PAUSE = 3600.0  # seconds that a 429 may ask for: who asks for more is not believed
MOST_WORDS = 2000  # characters of an error that are kept
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

    def __str__(self) -> str:
        return f"rate limit, to be tried in {self.after:.1f} s"


@dataclass(frozen=True, slots=True)
class NotSent:
    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Unknown:
    """``alive``: it was the desk itself that answered, only not as this call's answers are."""

    reason: str
    status: int = 0
    alive: bool = False

    def __str__(self) -> str:
        return self.reason


Outcome = Good | Refused | Throttled | NotSent | Unknown


def classify(status: int, content: bytes, retry_after: str | None, shape: Shape = shapes.anything) -> Outcome:
    """Read an answer. ``retry_after`` is the header's value, ``shape`` what ``data`` has to be like."""
    fine = 200 <= status < 300
    try:
        body = parsed(content)
    except Malformed as malformed:
        return Unknown(f"{status} {malformed}", status, alive=fine and malformed.by_desk)
    if not isinstance(body, dict):
        return Unknown(f"{status} without an object", status, alive=fine)
    if fine:
        return _good(status, body, shape)
    error = body.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if not isinstance(error, dict) or not isinstance(code, str) or not code:
        return Unknown(f"{status} without error code", status)
    code, message, details = code[:MOST_WORDS], str(error.get("message", ""))[:MOST_WORDS], error.get("details")
    if status == 429:
        return Throttled(_seconds(retry_after, details))
    if status in REFUSALS:
        return Refused(status, code, message, details)
    return Unknown(f"{status} {code}: {message}"[:300], status)


def _good(status: int, body: dict[str, Any], shape: Shape) -> Outcome:
    if "data" not in body:
        return Unknown(f"{status} without data", status, alive=True)
    if misfit := shapes.envelope(body) or shape(body["data"]):
        return Unknown(f"{status} of another shape: {misfit}", status, alive=True)
    return Good(status, body["data"], body)


def _seconds(retry_after: str | None, details: Any) -> float:
    """How long a 429 asks to wait: its own figure in milliseconds, else the header's in seconds, else one."""
    if isinstance(details, dict) and (given := _number(details.get("retry_after_ms"))) is not None:
        return min(LONGEST_PAUSE, max(0.05, given / 1000))
    given = _number(retry_after)
    return min(LONGEST_PAUSE, max(1.0, 1.0 if given is None else given))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
