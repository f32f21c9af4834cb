"""Mails read ahead of their turn, so that the parser's children work while the one before is decided."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping

from gateway.config.settings import StoreSettings
from gateway.model.email import Email
from gateway.operate.trial import places, state
from gateway.store.engine import Store
from gateway.store.raw import RawMail
from gateway.work.parser import Parser, ParserBusy

TURN = 0.02  # seconds after which large mail asks again for its turn


class ReadAhead(Parser):
    """The parser, which finds ready what ``begin`` was told of."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.last: Email | None = None
        self._begun: dict[Path, asyncio.Task[Email]] = {}

    def begin(self, mail: bytes, into: Path) -> None:
        self._begun[into] = asyncio.create_task(self._patiently(mail, into))

    async def read(self, mail: bytes | Path, into: Path | None = None, peer: str = "") -> Email:
        """``last`` is what was read at the last turn."""
        self.last = None
        begun = self._begun.pop(into, None) if into is not None else None
        self.last = await begun if begun else await self._patiently(mail, into)
        return self.last

    async def forget(self, into: Path) -> None:
        """The mail has no turn after all."""
        if begun := self._begun.pop(into, None):
            begun.cancel()
            await asyncio.gather(begun, return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, into, ignore_errors=True)

    async def _patiently(self, mail: bytes | Path, into: Path | None) -> Email:
        while True:
            try:
                return await super().read(mail, into)
            except ParserBusy:
                await asyncio.sleep(TURN)

    async def close(self) -> None:
        for task in self._begun.values():
            task.cancel()
        await asyncio.gather(*self._begun.values(), return_exceptions=True)
        await super().close()


class MailInPlace(RawMail):
    """The bytes of mail where they lie: a row's ``path`` is the number of the trial's mail."""

    def __init__(self, settings: StoreSettings, store: Store) -> None:
        super().__init__(settings)
        self.store = store
        self.held: dict[int, bytes] = {}

    async def get(self, row: RowMapping | Mapping[str, Any], folder: Path) -> bytes | Path:
        """Raises OSError when the file is no longer there."""
        if not row["path"]:  # the gateway's own word about a mail that is missing
            return bytes(row["data"])
        number = int(row["path"])
        if number not in self.held:
            place = await self.store.read(lambda c: state.place_of(c, number))
            return await asyncio.to_thread(places.content, Path(place.path), place.offset, place.size)
        return self.held[number]
