"""The desk's HTML of rich text, with what it does not escape."""

from __future__ import annotations

import json
from html import escape
from typing import Any


def description_html(attributes: Any) -> str:
    text = attributes.get("description") if isinstance(attributes, dict) else None
    return content_html(text) if isinstance(text, str) and text else "<p></p>"


def content_html(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return f"<p>{escape(text)}</p>"
    if not isinstance(value, list):
        return f"<p>{escape(text)}</p>"
    return "".join(f"<p>{escape(str(block))}</p>" for block in value)


def is_empty(text: str) -> bool:
    """A comment without words: blank, or JSON that is no text (numbers, true, lists of nothing)."""
    from gateway.desk.simulator.text import trim

    if not trim(text):
        return True
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return (
        not value
        or not isinstance(value, list | str)
        or (isinstance(value, list) and not all(isinstance(item, dict) for item in value))
    )


def comment_length(text: str) -> int:
    from gateway.desk.simulator.text import trim, units

    return units(trim(text))
