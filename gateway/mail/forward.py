"""The forwarded mail in a mail. First version: none."""

from __future__ import annotations

from collections.abc import Sequence

from .lines import Line
from .model import Forwarded


def find(lines: Sequence[Line], subject: str = "") -> Forwarded | None:
    return None
