"""What the gateway itself has to tell as a notice: it travels as JSON in the envelope of a mail of its own."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnNotice:
    """``source`` names who speaks, ``expectation`` what it is about, and ``object`` which of many. ``client`` is the
    client's name, ``client_id`` its id where that is known. ``key`` tells problems apart; "" for the one of a missing
    mail. ``word`` is what a person reads as the state."""

    source: str
    expectation: str
    title: str
    object: str = ""
    client: str = ""
    client_id: str = ""
    state: Literal["open", "close"] = "open"
    key: str = ""
    condition: str = "missing mail"
    word: str = ""

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> OwnNotice:
        """Rows of earlier versions lack some keys. Raises ValueError, TypeError."""
        return cls(**json.loads(text))
