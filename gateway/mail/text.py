"""Plain text bodies: format=flowed undone, characters cleaned. Source: RFC 3676."""

from __future__ import annotations

from .clean import clean
from .symbols import without_private


def unflow(text: str, delsp: bool) -> str:
    """Soft line breaks joined, space stuffing undone; quote depth keeps lines of different depth apart."""
    out: list[str] = []
    current: list[str] = []
    depth = 0
    for line in text.split("\n"):
        bare = line.lstrip(">")
        level = len(line) - len(bare)
        content = bare[1:] if bare.startswith(" ") else bare
        soft = content.endswith(" ") and content not in ("-- ",)
        if current and level != depth:
            _emit(out, current, depth)
            current = []
        if content == "-- " and current:
            _emit(out, current, depth)
            current = []
        depth = level
        current.append(content[:-1] if soft and delsp else content)
        if not soft:
            _emit(out, current, depth)
            current = []
    if current:
        _emit(out, current, depth)
    return "\n".join(out)


def _emit(out: list[str], pieces: list[str], depth: int) -> None:
    text = "".join(pieces)
    if text != "-- ":
        text = text.rstrip(" ")
    out.append((">" * depth + " " + text if text else ">" * depth) if depth else text)


def body_text(text: str, params: dict[str, str]) -> str:
    text = without_private(clean(text))
    if params.get("format", "").lower() == "flowed":
        text = unflow(text, params.get("delsp", "").lower() == "yes")
    return text
