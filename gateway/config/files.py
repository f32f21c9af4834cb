"""Rules for files as the configuration writes them.

Refused: unknown keys, an ending with a dot or a star, a rule that no file can reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.types import Section, Size
from gateway.match.conditions import glob
from gateway.match.files import FileRule


def _ending(text: str) -> str:
    ending = text.lower().removeprefix(".")
    if not ending or any(c in ending for c in ".*?/ "):
        raise ValueError(f"{text!r}: expected the ending of a file's name, for example pdf; filename takes * and ?")
    return ending


def _type(text: str) -> str:
    if text.count("/") != 1 and text != "*":
        raise ValueError(f"{text!r}: expected a media type, for example application/pdf or image/*")
    return text.lower()


class FileSettings(Section):
    """What becomes of files: the first rule whose conditions all hold decides."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = Field(description="name in traces and on tickets")
    action: Literal["allow", "rename", "hold", "drop"] = Field(
        description="upload; upload as text under a neutral name; keep until an operator releases it; do not upload"
    )
    type: tuple[Annotated[str, AfterValidator(_type)], ...] = Field(
        (), min_length=1, description="media types by content, * and ? allowed; any one of a list, as below"
    )
    extension: tuple[Annotated[str, AfterValidator(_ending)], ...] = Field(
        (), min_length=1, description="endings of the name"
    )
    filename: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (), min_length=1, description="the whole name, with * and ?"
    )
    program: bool | None = Field(None, description="by content or name it is a program or script")
    page: bool | None = Field(None, description="a browser would run it, by content, name or label (HTML, XML)")
    macros: bool | None = Field(None, description="an Office file with macros")
    disguised: bool | None = Field(None, description="a second ending hides what it is (invoice.pdf.exe)")
    holds_program: bool | None = Field(None, description="an archive, or attached mail, with a program or script in it")
    encrypted: bool | None = Field(None, description="an archive or Office file with a password")
    closed: bool | None = Field(None, description="an archive that cannot be read completely (7z, rar, damaged)")
    deeper: Annotated[int, Field(ge=0)] | None = Field(None, description="archives nested deeper than this")
    more_files: Annotated[int, Field(ge=0)] | None = Field(None, description="more files in an archive than this")
    larger: Size | None = Field(None, description="larger than this")

    def rule(self) -> FileRule:
        """As deciding takes it, its patterns compiled."""
        return FileRule(
            name=self.name,
            action=self.action,
            types=tuple(glob(pattern) for pattern in self.type),
            extensions=frozenset(self.extension),
            globs=tuple(glob(pattern.casefold()) for pattern in self.filename),
            **{key: getattr(self, key) for key in SAID},
        )

    def conditions(self) -> set[tuple[str, object]]:
        return {(key, getattr(self, key)) for key in (*LISTS, *SAID) if getattr(self, key) not in (None, ())}


LISTS = ("type", "extension", "filename")
SAID = (
    "program", "page", "macros", "disguised", "holds_program", "encrypted", "closed", "deeper", "more_files", "larger",
)  # fmt: skip


def shadowed(found: Sequence[FileSettings]) -> list[tuple[int, str]]:
    """Rules that no file can reach: an earlier one takes whatever they could take."""
    return [
        (number, f"can never match: rule {earlier.name!r} takes all of it")
        for number, rule in enumerate(found)
        for earlier in found[:number]
        if earlier.conditions() <= rule.conditions()
    ]
