"""``gateway trial``: mail that lies in files goes the way of live mail, against a store and a desk of its own.

The mails are taken in the order in which they came. Nothing is written at the desk (``Product.rehearsed``). What was
done is kept in the folder of the trial, so that it can be stopped at any moment and goes on where it was. Memory does
not grow with the mail.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import Settings, StoreSettings
from gateway.desk.port import Desk
from gateway.desk.trial import Taken
from gateway.operate.progress import Progress, unseen
from gateway.operate.trial import places, state
from gateway.operate.trial.forms import Unread
from gateway.operate.trial.incoming import Door
from gateway.operate.trial.store import TrialStore
from gateway.operate.trial.unpack import Stopped, unpack
from gateway.operate.trial.way import Way
from gateway.store.migrate import migrate
from gateway.work.desks import product_of
from gateway.work.rules import boards_named

DATABASE = "trial.db"


WANTED = ("the configuration", "--mailbox", "--believe", "--since", "--offline", "what is tried")
"""What a trial goes on with as it began."""


class NotTheSame(Exception):
    """The folder has a trial of other mail, or under another configuration; the text says what differs."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be tried. ``authserv_ids`` stand in the provider's Authentication-Results; ``offline``: no desk."""

    paths: tuple[Path, ...]
    folder: Path
    home: MailboxSettings
    authserv_ids: tuple[str, ...] = ()
    since: float = 0.0
    offline: bool = False


class Trial:
    """A trial under way. ``stop`` ends it after the mail that is being tried."""

    def __init__(
        self,
        settings: Settings,
        wanted: Wanted,
        progress: Progress = unseen,
        stop: asyncio.Event | None = None,
    ) -> None:
        folder = wanted.folder
        (folder / "spool").mkdir(0o700, parents=True, exist_ok=True)
        kept = StoreSettings(url=f"sqlite:///{folder / DATABASE}", spool=folder / "spool", min_free=0)
        self.settings = settings.model_copy(update={"store": kept})
        self.wanted = wanted
        self.progress = progress
        self.stop = stop or asyncio.Event()
        self.store = TrialStore(kept.url)
        migrate(self.store.engine)
        state.create(self.store.engine)
        self.store.open()
        self.unread: Counter[Unread] = Counter()
        """Files that hold mail and cannot be read, by what they are."""
        self.door = Door(self.settings, wanted.home, wanted.authserv_ids)

    # -- before -----------------------------------------------------------------------------------

    async def prepare(self, real: Callable[[str], Desk]) -> None:
        """Find the mails and take the desks' lists, unless that was done. ``real`` makes a desk of the configuration.
        Raises NoMail, NotTheSame, DeskAway, OSError."""
        await self._same()
        await self._find()
        unread = {str(what): count for what, count in self.unread.items()}
        await self.store.write(partial(state.put, name="unread", value=unread))
        for name in self.settings.desks:
            if await self.store.read(partial(state.get, name=f"desk {name}")) is None:
                taken = await self._take(name, real)
                await self.store.write(partial(state.put, name=f"desk {name}", value=taken))
        self.store.checkpoint()

    async def _same(self) -> None:
        """The trial that is kept here is this one. One that has not begun, as its desk could not be read or lacked a
        name of the configuration, may become another."""
        said = self.settings.model_dump(mode="json", exclude={"store", "http", "log", "parser"})
        wanted = [
            sha256(repr(said).encode()).hexdigest(), self.wanted.home.address, list(self.wanted.authserv_ids),
            self.wanted.since, self.wanted.offline, [str(path.absolute()) for path in self.wanted.paths],
        ]  # fmt: skip
        known = await self.store.read(lambda c: state.get(c, "wanted"))
        if known == wanted:
            return
        if known is not None and await self.store.read(state.has_begun):
            changed = ", ".join(what for what, was, now in zip(WANTED, known, wanted, strict=True) if was != now)
            raise NotTheSame(f"the trial in {self.wanted.folder} began with other values for: {changed}")
        await self.store.write(state.forget)
        await self.store.write(lambda c: state.put(c, "wanted", wanted))

    async def _take(self, name: str, real: Callable[[str], Desk]) -> Taken:
        if self.wanted.offline:
            return product_of(self.settings, name).taken_by_name(self.settings, name)
        desk = real(name)
        named = (*boards_named(self.settings), *(box.board or "" for box in self.settings.mailbox))
        boards = {board.casefold() for board in named}
        try:
            return await desk.take_lists(boards, lambda words: self.progress(words, 0, 0))
        finally:
            await desk.close()

    async def _find(self) -> None:
        """Every mail's place, time, and whether it came to us at all."""
        found = 0
        for file in await asyncio.to_thread(self._files):
            stat = file.stat()
            signed = (stat.st_size, stat.st_mtime_ns)
            known = await self.store.read(partial(state.known_file, path=str(file)))
            if known is None:
                self.progress("finding mail", found, 0)
                found += await self.store.write(partial(self._add, file=file, signed=signed))
                self.store.checkpoint()
            elif known != signed:
                raise NotTheSame(f"{file} has changed since the trial began")
            if self.stop.is_set():
                return

    def _files(self) -> list[Path]:
        """The files that hold mail; archives are unpacked into the folder of the trial."""
        found = places.find(self.wanted.paths)
        self.unread = found.unread
        for archive in found.archives:
            into = self.wanted.folder.absolute() / "unpacked" / sha256(str(archive).encode()).hexdigest()[:16]
            try:
                self.unread += unpack(archive, into, lambda what, done: self.progress(what, done, 0), self.stop.is_set)
            except Stopped:
                break
            taken_out = places.find([into])
            found.mail |= taken_out.mail
            self.unread += taken_out.unread
        return list(found.mail)

    def _add(self, connection: Connection, file: Path, signed: tuple[int, int]) -> int:
        rows = ((place.offset, place.size, place.at, self._left_out(file, place)) for place in places.places_of(file))
        return state.add_file(connection, str(file), *signed, rows)

    def _left_out(self, file: Path, place: places.Place) -> str:
        if place.at < self.wanted.since:
            return "before the time that is tried"
        if place.size > self.settings.smtp.max_size:
            return "refused: larger than smtp.max_size"
        return places.marked(file) or self.door.left_out(place.head)

    # -- the way of the mails ---------------------------------------------------------------------

    async def run(self) -> bool:
        """Try all mails. Returns whether that is done; False when ``stop`` came before. Raises as live work does."""
        way = Way(self.settings, self.store, self.door, self.stop, self.progress)
        try:
            await way.open()
            return await way.through()
        finally:
            await way.close()

    async def close(self) -> None:
        self.store.close()
