"""``Email`` over the pipe between the parser's child and the gateway: JSON, quick both ways.

The child only writes: to import what checks the values took a quarter of its start.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pydantic_core import to_json

from gateway.model.email import Email

if TYPE_CHECKING:
    from pydantic import TypeAdapter


def dump(email: Email) -> bytes:
    return to_json(email)


def load(data: bytes) -> Email:
    """Raises pydantic.ValidationError."""
    return _checked().validate_json(data)


@cache
def _checked() -> TypeAdapter[Email]:
    from pydantic import TypeAdapter

    return TypeAdapter(Email)
