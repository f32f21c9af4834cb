"""What an answer of the desk means: only its own JSON error is a refusal."""

from __future__ import annotations

import json

import pytest

from gateway.desk.algapsa.answer import classify
from gateway.desk.outcome import Good, Refused, Throttled, Unknown


def body(value: object) -> bytes:
    return json.dumps(value).encode()


def error(code: str, details: object = None) -> bytes:
    return body({"error": {"code": code, "message": "words", "details": details}})


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (200, body({"data": []}), Good),
        (201, body({"data": {"ticket_id": "x"}}), Good),
        (201, b"<html>proxy</html>", Unknown),
        (200, b"", Unknown),
        (200, body([1]), Unknown),
        (201, body({"ok": True}), Unknown),
        (400, error("VALIDATION_ERROR"), Refused),
        (401, error("UNAUTHORIZED"), Refused),
        (401, body({"error": "Unauthorized: API key missing"}), Unknown),
        (403, error("FORBIDDEN"), Refused),
        (404, error("NOT_FOUND"), Refused),
        (404, b"<html>no such route</html>", Unknown),
        (405, b"", Unknown),
        (409, error("CONFLICT"), Refused),
        (422, error("UNPROCESSABLE"), Refused),
        (429, error("RATE_LIMITED"), Throttled),
        (429, b"<html>slow down</html>", Unknown),
        (500, error("INTERNAL_ERROR"), Unknown),
        (502, b"Bad gateway", Unknown),
        (503, error("UNAVAILABLE"), Unknown),
    ],
)
def test_judge(status: int, content: bytes, kind: type) -> None:
    assert type(classify(status, content, None)) is kind


@pytest.mark.parametrize(
    ("header", "details", "seconds"),
    [
        ("7", None, 7.0),
        (None, None, 1.0),
        ("soon", None, 1.0),
        ("7", {"retry_after_ms": 250}, 0.25),
        ("0", None, 1.0),
    ],
)
def test_how_long_a_429_asks_to_wait(header: str | None, details: object, seconds: float) -> None:
    assert classify(429, error("RATE_LIMITED", details), header) == Throttled(seconds)


def test_a_refusal_reads_as_a_sentence() -> None:
    outcome = classify(400, error("VALIDATION_ERROR", [{"path": ["title"], "message": "Required"}]), None)

    assert str(outcome) == '400 VALIDATION_ERROR: words ([{"path": ["title"], "message": "Required"}])'
