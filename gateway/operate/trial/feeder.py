"""What can be done of a trial's mail before its turn, as it depends on no other mail: it comes in, it is read, and a
profile that is not on may know it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from gateway.config.settings import Settings
from gateway.operate.trial import places
from gateway.operate.trial.fits import Fit, Fits
from gateway.operate.trial.given import Found, ReadBefore
from gateway.operate.trial.incoming import Door, Incoming
from gateway.operate.trial.state import Waiting
from gateway.work.parser import ParserBroken, ParserDied


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail that is ready for its turn: the delivery that it would make, its bytes with their sha256, and what was
    read of it. Its files are in ``folder``."""

    waiting: Waiting
    incoming: Incoming
    raw: bytes = b""
    digest: bytes = b""
    folder: Path = Path()
    read: Found | None = None
    fit: Fit | None = None


class Feeder:
    """``work`` is the folder of the mails' files. Raises OSError where a file of mail is gone."""

    def __init__(self, settings: Settings, door: Door, parser: ReadBefore, work: Path) -> None:
        self.door, self.parser, self.work = door, parser, work
        self.fits = Fits({notice.profile for notice in settings.notice})

    async def feed(self, mails: Iterable[Waiting]) -> list[Ready]:
        """Several mails at once, in their order."""
        return await asyncio.gather(*map(self._feed, mails))

    async def _feed(self, waiting: Waiting) -> Ready:
        raw = places.content(Path(waiting.path), waiting.offset, waiting.size)  # no thread: nobody else waits
        incoming = await self.door.open(raw, waiting.at)
        if incoming.new is None:
            return Ready(waiting, incoming)
        folder = self.work / incoming.new.id
        read: Found
        fit = None
        try:
            read = await self.parser.read(raw, folder)
            fit = self.fits.find(read, incoming.new.envelope)
        except (ParserDied, ParserBroken) as error:
            read = error
        return Ready(waiting, incoming, raw, sha256(raw).digest(), folder, read, fit)
