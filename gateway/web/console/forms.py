"""What a page is sent."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.requests import Request

from gateway.store.operator import NotPossible

MOST_FORM = 256 * 1024  # bytes
MOST_DIGITS = 15  # of a number of ours


async def fields_of(request: Request) -> dict[str, list[str]]:
    """The fields of a posted form. Raises NotPossible for what is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_FORM:
            raise NotPossible("the form is too long")
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)


def first(form: Mapping[str, list[str]], name: str) -> str:
    """What was typed into one line, "" for nothing."""
    return form.get(name, [""])[0].strip()


def text_of(form: Mapping[str, list[str]], name: str) -> str:
    """What was typed into several lines, with their blanks; browsers end them with CR LF."""
    return form.get(name, [""])[0].replace("\r\n", "\n")


def number_of(text: str) -> int:
    """The number that stands there, 0 for none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else 0
