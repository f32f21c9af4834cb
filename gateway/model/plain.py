"""A dataclass as JSON has it. dataclasses.asdict copies all that it holds, which every mail would pay for."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any


def by_field(value: Any) -> dict[str, Any]:
    """The values of a dataclass by name, in order; ``default`` of json.dumps. Raises TypeError for anything else."""
    kind: Any = type(value)
    return {name: getattr(value, name) for name in _names(kind)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
