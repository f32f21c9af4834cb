"""A desk that cannot be asked, for a process that has only its lists."""

from __future__ import annotations

from gateway.desk.algapsa.calls import Call
from gateway.desk.algapsa.client import Client
from gateway.desk.outcome import Outcome, Unasked


class UnaskedClient(Client):
    """Every call raises Unasked."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "http://unasked.invalid", "none")

    async def _call(self, call: Call) -> Outcome:
        raise Unasked(call.name)
