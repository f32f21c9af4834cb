"""JavaScript's and PostgreSQL's idea of text, where it differs from Python's."""

from __future__ import annotations

from typing import Any

from gateway.blocks import trim, units
from gateway.simulator.wire import crash


def column(text: str) -> str:
    """As a text column keeps it: NUL is an error of the database, a lone surrogate U+FFFD."""
    if "\x00" in text:
        raise crash()
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def jsonb(value: Any) -> Any:
    """As a jsonb column keeps it: keys by length, then by bytes; NUL and lone surrogates fail."""
    if isinstance(value, str):
        if "\x00" in value:
            raise crash()
        try:
            value.encode()
        except UnicodeEncodeError:
            raise crash() from None
        return value
    if isinstance(value, dict):
        pairs = [(jsonb(key), jsonb(item)) for key, item in value.items()]
        pairs.sort(key=lambda pair: (len(pair[0].encode()), pair[0].encode()))
        return dict(pairs)
    if isinstance(value, list):
        return [jsonb(item) for item in value]
    return value


__all__ = ["column", "jsonb", "trim", "units"]
