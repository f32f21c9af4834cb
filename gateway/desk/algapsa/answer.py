"""What an answer of the desk's API says became of the request.

Only its own JSON error is a refusal: ``{"error": {"code": …, "message": …}}`` with one of a few statuses.
"""

from __future__ import annotations

import math
from typing import Any

from gateway.desk.algapsa import shapes
from gateway.desk.algapsa.shapes import Shape
from gateway.desk.body import Malformed, parsed
from gateway.desk.outcome import Good, Outcome, Refused, Throttled, Unknown
from gateway.model.spans import HOUR

LONGEST_PAUSE = HOUR  # seconds that a 429 may ask for: who asks for more is not believed
MOST_WORDS = 2000  # characters of an error that are kept
REFUSALS = frozenset({400, 401, 403, 404, 405, 409, 422})


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
