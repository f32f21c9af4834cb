"""What the planner finds ready when a mail of a trial has its turn: its bytes, and what was read of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping

from gateway.config.settings import Settings, StoreSettings
from gateway.model.email import Email
from gateway.operate.trial import places, state
from gateway.store.engine import Store
from gateway.store.raw import RawMail
from gateway.work.parser import Parser, ParserBroken, ParserBusy, ParserDied

TURN = 0.02  # seconds after which large mail asks again for its turn

Found = Email | ParserDied | ParserBroken
"""What came of reading a mail."""


class ReadBefore(Parser):
    """The parser, which has what it was ``given``. Nobody is kept waiting by it but who asks: it is never busy."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            children=settings.parser.children,
            deadline=settings.parser.deadline,
            memory=settings.parser.memory,
            own=settings.own_addresses(),
        )
        self.given: dict[Path, Found | None] = {}
        """By the folder of the mail's files; each is good for once."""

    async def read(self, mail: bytes | Path, into: Path | None = None, peer: str = "") -> Email:
        if into is not None and (found := self.given.pop(into, None)) is not None:
            if isinstance(found, Email):
                return found
            raise found
        while True:
            try:
                return await super().read(mail, into)
            except ParserBusy:
                await asyncio.sleep(TURN)


class MailInPlace(RawMail):
    """The bytes of mail where they lie: a row's ``path`` is the number of the trial's mail."""

    def __init__(self, settings: StoreSettings, store: Store) -> None:
        super().__init__(settings)
        self.store = store
        self.given: dict[int, bytes] = {}

    async def get(self, row: RowMapping | Mapping[str, Any], folder: Path) -> bytes | Path:
        """Raises OSError when the file is no longer there."""
        if not row["path"]:  # the gateway's own word about a mail that is missing
            return bytes(row["data"])
        number = int(row["path"])
        if number not in self.given:
            place = await self.store.read(lambda c: state.place_of(c, number))
            return await asyncio.to_thread(places.content, Path(place.path), place.offset, place.size)
        return self.given[number]
