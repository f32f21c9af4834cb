"""``Email`` over the pipe between the parser's child and the gateway: JSON, quick both ways."""

from __future__ import annotations

from pydantic import TypeAdapter

from gateway.model.email import Email

_EMAIL = TypeAdapter(Email)


def dump(email: Email) -> bytes:
    return _EMAIL.dump_json(email)


def load(data: bytes) -> Email:
    return _EMAIL.validate_json(data)
