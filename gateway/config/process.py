"""How a process logs, and its children that read mail."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateway.config.types import Section, Size, Wait


class ParserSettings(Section):
    """The child processes that read mail."""

    children: Annotated[int, Field(ge=1, le=16)] = Field(2, description="child processes")
    deadline: Wait = Field(20, description="how long a child may read one mail")
    memory: Annotated[Size, Field(ge=64 * 1024 * 1024)] = Field(512 * 1024 * 1024, description="memory of a child")


class LogSettings(Section):
    """Logging."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="lowest level that is logged")
    format: Literal["json", "text"] = Field("json", description="how lines are written")
