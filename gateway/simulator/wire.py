"""What goes over the wire: a request, an answer, and the desk's two shapes of error.

Source: the recorded exchanges in tests/contract. JSON is written as the desk's server does
it (no spaces, UTF-8), with the two CORS headers and `x-pathname` that every answer carries.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
Issue = dict[str, Any]

_NO_DETAILS = object()
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def dumps(value: object) -> bytes:
    return _encode(value).encode("utf-8", "replace")


def _no_constant(text: str) -> object:
    raise ValueError(f"{text} is not JSON")


def loads(text: str | bytes) -> Any:
    """JSON as a browser reads it: wrong UTF-8 becomes U+FFFD, NaN and Infinity are refused."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


class Problem(Exception):
    """An error answer of the desk itself."""

    def __init__(self, status: int, code: str, message: str, details: object = _NO_DETAILS) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    def answer(self) -> Answer:
        error: Row = {"code": self.code, "message": self.message}
        if self.details is not _NO_DETAILS:
            error["details"] = self.details
        return Answer(self.status, dumps({"error": error}))


def invalid(issues: list[Issue], message: str = "Validation failed") -> Problem:
    return Problem(400, "VALIDATION_ERROR", message, issues)


def invalid_query(issues: list[Issue]) -> Problem:
    return invalid(issues, "Query validation failed")


def not_found(what: str) -> Problem:
    return Problem(404, "NOT_FOUND", f"{what} not found")


def crash() -> Problem:
    """What the desk says wherever its own code threw something it did not expect."""
    return Problem(500, "INTERNAL_ERROR", "An unexpected error occurred")


def misconfigured() -> Problem:
    """The desk's word for an SQL error on a column (unknown sort, tags on PUT)."""
    return Problem(
        500,
        "INTERNAL_CONFIGURATION",
        "The server is misconfigured for this operation. Please contact support.",
    )


@dataclass(slots=True)
class Answer:
    status: int
    body: bytes = b""
    content_type: str | None = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def data(value: object, status: int = 200) -> Answer:
    return Answer(status, dumps({"data": value}))


@dataclass(slots=True)
class Request:
    """One call, after routing. `now` is the desk's clock in seconds."""

    method: str
    path: str
    params: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    now: float
    user: Row = field(default_factory=dict)
    key: Row = field(default_factory=dict)

    def json(self) -> Any:
        return loads(self.body)
