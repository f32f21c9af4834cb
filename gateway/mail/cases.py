"""``gateway parse FILE…`` and ``gateway parse --cases -``: one JSON object a mail.

A case is ``{"id", "path", "as": "message" | "text" | "html", "subject"?, "own_addresses"?}``. Also
``python -m gateway.mail.cases [parse] --cases - | FILE…``.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gateway.model.email import Address, Email, Forwarded

from .read import Reading, read

_HEAD = {
    "text": b"MIME-Version: 1.0\nContent-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\n",
    "html": b"MIME-Version: 1.0\nContent-Type: text/html\nContent-Transfer-Encoding: 8bit\n\n",
}


def parse_cases(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if not line.strip():
            continue
        case = json.loads(line)
        try:
            raw = as_message(Path(case["path"]).read_bytes(), case.get("as", "message"))
            yield {"id": case.get("id"), **timed(raw, case.get("own_addresses") or (), case.get("subject"))}
        except OSError as error:
            yield {"id": case.get("id"), "error": str(error)}


def as_message(raw: bytes, kind: str) -> bytes:
    """A bare text or HTML file as a mail."""
    return _HEAD.get(kind, b"") + raw


def parse_files(paths: Iterable[str | Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        try:
            yield {"path": str(path), **timed(Path(path).read_bytes())}
        except OSError as error:
            yield {"path": str(path), "error": str(error)}


def timed(raw: bytes, own_addresses: Iterable[str] = (), subject: str | None = None) -> dict[str, Any]:
    start = time.perf_counter()
    reading = read(raw, own_addresses=tuple(own_addresses), subject=subject)
    seconds = time.perf_counter() - start
    return {**fields(reading), "seconds": round(seconds, 6)}


def fields(reading: Reading) -> dict[str, Any]:
    email: Email = reading.email
    return {
        "subject": email.subject,
        "from": _person(email.shown_from),
        "to": [_person(person) for person in email.to],
        "cc": [_person(person) for person in email.cc],
        "message_id": email.header("message-id").strip("<> ") or email.message_id,
        "date": email.date,
        "text": email.text,
        "html": email.html,
        "reply": {
            "text": email.reply.text,
            "without_quotes": email.reply.without_quotes,
            "without_signature": email.reply.without_signature,
            "signature": email.reply.signature,
            "quoted": email.reply.quoted,
            "confidence": email.reply.confidence,
            "method": email.reply.method,
        },
        "forwarded": _forwarded(email.forwarded),
        "auto": {
            "is_auto": email.auto.is_auto,
            "kind": email.auto.kind,
            "is_bounce": email.auto.kind == "bounce",
            "reasons": list(email.auto.reasons),
            "bounce": _bounce(email),
        },
        "attachments": [
            {
                "filename": file.filename,
                "content_type": file.content_type,
                "size": file.size,
                "sha256": file.sha256,
                "inline": file.inline,
                "content_id": file.content_id,
            }
            for file in email.attachments
        ],
        "defects": list(email.defects),
    }


def _person(address: Address | None) -> dict[str, str] | None:
    return {"name": address.name, "address": address.address} if address else None


def _bounce(email: Email) -> dict[str, str] | None:
    report = email.auto.bounce
    if report is None:
        return None
    return {
        "recipient": report.recipient,
        "status": report.status,
        "action": report.action,
        "diagnostic": report.diagnostic,
        "original_message_id": report.original_message_id,
    }


def _forwarded(found: Forwarded | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "from": _person(found.sender),
        "to": [_person(person) for person in found.to],
        "cc": [_person(person) for person in found.cc],
        "subject": found.subject,
        "date": found.date,
        "text": found.text,
        "above": found.above,
        "attached": found.attached,
        "chain": [_forwarded(inner) for inner in found.chain],
    }


def main(arguments: list[str]) -> int:
    words = [word for word in arguments if word != "parse"]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if words[:1] == ["--cases"]:
        feed = sys.stdin if words[1:2] in ([], ["-"]) else Path(words[1]).read_text("utf-8").splitlines()
        results = parse_cases(feed)
    else:
        results = parse_files(words)
    for result in results:
        print(json.dumps(result, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
