"""Taking a changed configuration while the gateway runs: all that is right of it at once, or nothing and why not.

Asked for by SIGHUP and by ``gateway reload``. First everything is tried that can be wrong: the file, the profiles'
fixtures, templates, certificates, keys, and the names that the desks have to know. Then, in one turn of the loop, the
parts go on by it. What is under way ends as it was decided.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import structlog

from gateway.app.work import Work
from gateway.config.changes import Changes, changes
from gateway.config.settings import ConfigError, Settings
from gateway.desk.directory import Directory
from gateway.metrics import Metrics
from gateway.smtp.server import check_certificate
from gateway.templates import BadTemplate, Templates
from gateway.work.desks import directory_of, make_directory

log = structlog.get_logger("gateway")

MOST_WORDS = 2000


class NotTaken(Exception):
    """The new configuration is refused; the text says why, a line for each fault."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """``why`` it was refused, () when it was taken; then what of it is in force, what waits for a restart, and what
    could not be checked."""

    why: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def state(self) -> dict[str, Any]:
        return {"good": not self.why, **asdict(self)}


@dataclass(frozen=True, slots=True)
class _Desk:
    """A desk as the new configuration wants it; ``key`` is another than before, "" for the same."""

    name: str
    directory: Directory
    key: str


class Reload:
    """``read`` reads the configuration (raises ConfigError), ``take`` makes the other parts of the process go on by it;
    without ``work`` nothing is decided here."""

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Settings],
        work: Work | None,
        take: Callable[[Settings], None],
        metrics: Metrics,
    ) -> None:
        self.settings = settings
        self.read = read
        self.work = work
        self.take = take
        self.metrics = metrics
        self._alone = asyncio.Lock()

    async def __call__(self) -> Reloaded:
        async with self._alone:
            try:
                done = await self._try()
            except (ConfigError, BadTemplate, NotTaken) as error:
                done = Reloaded(why=tuple(str(error)[:MOST_WORDS].splitlines()))
        outcome = "refused" if done.why else "taken"
        self.metrics.reloads.labels(outcome).inc()
        self.metrics.refused_configuration.set(bool(done.why))
        if done.why:
            log.error("configuration refused, the old one stays", why="; ".join(done.why))
        else:
            log.info("configuration taken", changed=done.taken, needs_restart=done.restart, notes=done.notes)
        return done

    async def _try(self) -> Reloaded:
        """Raises ConfigError, BadTemplate, NotTaken."""
        new = await asyncio.to_thread(self.read)
        found = changes(self.settings, new)
        settings = found.settings
        check_certificate(settings.smtp)
        for folder in {box.templates for box in settings.mailbox}:
            Templates(folder).check()
        if self.work is None:
            return self._taken(found, [], [])
        # They read mail: imported when a file is taken, not at every start.
        from gateway.operate.preview import namecheck, noticecheck

        faults = list(map(str, await asyncio.to_thread(noticecheck.check_profiles, settings)))
        desks: list[_Desk] = []
        notes: list[str] = []
        try:
            for name in settings.desks:
                desks.append(desk := self._desk(settings, name, self.work.directories[name]))
                if await desk.directory.refresh():
                    # A mailbox that cannot work could not before, either: it does not count.
                    faults += map(str, namecheck.check(settings, name, desk.directory))
                elif desk.key and desk.directory.desk.breaker.key_refused:
                    faults.append(f"desk {name} refuses the new key: {desk.directory.desk.breaker.reason}")
                else:
                    notes.append(namecheck.NOT_CHECKED.format(name))
            if faults:
                raise NotTaken("\n".join(dict.fromkeys(faults)))
            return self._taken(found, desks, notes)
        finally:
            for desk in desks:
                if desk.key:
                    await desk.directory.desk.close()

    def _desk(self, settings: Settings, name: str, live: Directory) -> _Desk:
        """Raises ConfigError for a key file."""
        key = settings.desks[name].key()
        if live.desk.has_key(key):
            return _Desk(name, directory_of(settings, name, live.desk), "")
        return _Desk(name, make_directory(settings, name, live.desk.clock), key)

    def _taken(self, found: Changes, desks: list[_Desk], notes: list[str]) -> Reloaded:
        """From here on nothing fails and nothing waits."""
        keys = []
        for desk in desks:
            assert self.work is not None
            live = self.work.directories[desk.name]
            live.adopt(desk.directory)
            if desk.key:
                live.desk.use_key(desk.key)
                keys.append(f"key of desk {desk.name}")
        self.settings = found.settings
        if self.work is not None:
            self.work.take(found.settings)
        self.take(found.settings)
        return Reloaded((), (*found.taken, *keys), found.restart, tuple(notes))
