"""Relative paths of a configuration count from its folder, whatever folder a command is called in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)

SQLITE = "sqlite:///"


def rooted(section: M, folder: Path) -> M:
    """The section with each relative path in it and below it made absolute, SQLite's file among them."""
    return section.model_copy(update={name: _rooted(value, folder) for name, value in section})


def _rooted(value: Any, folder: Path) -> Any:
    match value:
        case Path():
            return folder / value
        case str() if value.startswith(SQLITE):
            file = sqlite_file(value)
            return f"{SQLITE}{folder / file}" if file else value
        case BaseModel():
            return rooted(value, folder)
        case tuple():
            return tuple(_rooted(part, folder) for part in value)
        case dict():
            return {key: _rooted(part, folder) for key, part in value.items()}
    return value


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite database, None for one in memory or another kind of database."""
    file = url.removeprefix(SQLITE)
    return Path(file) if url.startswith(SQLITE) and file and not file.startswith(":") else None
