"""What `gateway check` finds: the mailboxes with the desk's names, what keeps the gateway from starting, and notes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gateway.config.load import files_with_secrets
from gateway.config.locations import Fault
from gateway.config.reading import no_folder
from gateway.config.rooted import sqlite_file
from gateway.config.settings import Settings
from gateway.desk.catalog import Destination, UnknownName
from gateway.desk.directory import Directory
from gateway.desk.outcome import NotSent, Refused, Unknown
from gateway.operate.preview import fanout, namecheck, noticecheck, rightcheck, sightcheck, startcheck
from gateway.store import private
from gateway.templates import BadTemplate, Templates
from gateway.work.desks import make_directory

SOON = 2.0  # seconds for the virus scanner to take a connection


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox: where its tickets go, or why none can be made."""

    desk: str
    address: str
    place: Destination | None = None
    wrong: tuple[str, ...] = ()


@dataclass(slots=True)
class Checked:
    """``faults`` keep mail from becoming tickets, or the gateway from starting; ``notes`` are worth knowing.
    ``serves``: as which processes it runs."""

    serves: str
    boxes: list[Box] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.faults and not any(box.wrong for box in self.boxes)


async def check(settings: Settings, config_file: Path | None = None) -> Checked:
    """Look at everything that can be looked at beside a running gateway; asks the desks, writes nothing there."""
    found = Checked(serves=_processes(settings))
    if await asyncio.to_thread(startcheck.is_running, settings):
        found.notes.append("the gateway is running: its ports were not tried")
        found.faults += startcheck.faults(settings, listens=False, ports=False)
    else:
        found.faults += startcheck.faults(settings)
    found.faults += noticecheck.check_profiles(settings)
    found.faults += _templates(settings)
    for name in settings.desks:
        await _desk(settings, name, found)
    found.notes += [
        *_rules(settings),
        *_unproven(settings),
        *await _scanner(settings),
        *_shared_spool(settings),
        *_loose(settings, config_file),
    ]
    return found


async def _desk(settings: Settings, name: str, found: Checked) -> None:
    if settings.desks[name].unreadable_key():
        return  # startcheck says so
    directory = make_directory(settings, name)
    try:
        answered = await directory.refresh()
        catalog = directory.catalog
        if catalog is not None:
            found.notes += [
                f"desk {name}: {what} could not be read, mail goes on without: {why}"
                for what, why in catalog.missing.items()
            ]
            found.faults += namecheck.check(settings, name, directory)
            found.notes += fanout.preview(settings, name, catalog)
            found.faults += await sightcheck.check(settings, name, directory)
            faults, notes = await rightcheck.check(settings, name, directory)
            found.faults += faults
            found.notes += notes
        if not answered:
            found.faults.append(_silent(settings, name, directory))
        for number, box in enumerate(settings.mailbox):
            if box.desk == name:
                found.boxes.append(_box(settings, number, directory, answered))
    finally:
        await directory.desk.close()


def _box(settings: Settings, number: int, directory: Directory, answered: bool) -> Box:
    box = settings.mailbox[number]
    if not answered or directory.catalog is None:
        return Box(box.desk, box.address, wrong=("its names could not be read (see below)",))
    if wrong := directory.catalog.faults.get(box.address, ()):
        return Box(box.desk, box.address, wrong=tuple(_placed(settings, number, fault) for fault in wrong))
    return Box(box.desk, box.address, directory.destination(box.address))


def _placed(settings: Settings, number: int, fault: UnknownName) -> str:
    """What is wrong with a name of a mailbox, with its place."""
    key = "fallback_client" if fault.kind == "client" else fault.kind
    return f"{settings.locations.of('mailbox', number, key)}: {fault}"


def _silent(settings: Settings, name: str, directory: Directory) -> Fault:
    """Why the desk gave no names, and what to do."""
    address, away = urlsplit(str(settings.desks[name].url)), directory.away
    url = address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()  # without a login that stands in it
    what = {
        Refused: f"{url} refuses the key: {away}",
        NotSent: f"{url} cannot be reached: {away}; are host and port right, and does the desk run?",
    }.get(type(away), f"{url} does not answer as AlgaPSA does: {away}")
    if isinstance(away, Refused) and away.status == 403:
        what = (
            f"{url}: the key's user lacks a right: {away}; boards, statuses and priorities are read by the right to "
            """read tickets (docs/install.md "The desk's user")"""
        )
    if isinstance(away, Unknown) and away.status == 404:
        what = f"there is no AlgaPSA API at {url} (404): the address ends in /api/v1"
    return Fault(settings.desk_place(name, "api_key_file" if isinstance(away, Refused) else "url"), what)


def _templates(settings: Settings) -> Iterator[Fault]:
    for number, box in enumerate(settings.mailbox):
        where = settings.locations.of("mailbox", number, "templates")
        if box.templates and (why := no_folder(box.templates)):
            yield Fault(where, f"templates: {why}")
            continue
        try:
            Templates(box.templates).check()
        except BadTemplate as error:
            yield Fault(where, f"templates: {error}")


def _processes(settings: Settings) -> str:
    count = settings.listener_processes
    listeners = "a listener" if count == 1 else f"{count} listeners"
    return f"{listeners}, a worker and the pages, each a process ([smtp] processes)" if count else "one process"


def _rules(settings: Settings) -> Iterator[str]:
    seen: dict[str, int] = {}
    for number, rule in enumerate(settings.rule):
        where = settings.locations.of("rule", number, "name")
        if (first := seen.setdefault(rule.name, number + 1)) <= number:
            yield (
                f"{where}: rule {first} is called {rule.name!r} as well: "
                "stories and `gateway rules` do not tell them apart"
            )
        if rule.go_on and rule.sets_nothing:
            yield f"{where}: rule {rule.name!r} sets nothing and goes on: it has no effect"


def _unproven(settings: Settings) -> Iterator[str]:
    smtp = settings.smtp
    if not (smtp.authserv_ids or smtp.tenant or smtp.verdict.direct):
        yield (
            "nothing verifies senders: anybody may write in the name of your staff and of your customers "
            '(docs/install.md "Who verifies the senders")'
        )


async def _scanner(settings: Settings) -> list[str]:
    scanner = settings.smtp.scanner
    if not scanner.clamd:
        return []
    try:
        async with asyncio.timeout(SOON):
            if scanner.clamd.startswith("unix:"):
                _, writer = await asyncio.open_unix_connection(scanner.clamd.removeprefix("unix:"))
            else:
                host, _, port = scanner.clamd.rpartition(":")
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            writer.close()
    except (OSError, TimeoutError) as error:
        then = "all mail is deferred (451)" if scanner.away == "defer" else "files are held"
        return [f"the virus scanner {scanner.clamd} does not answer ({error or 'no answer'}): until it does, {then}"]
    return []


def _shared_spool(settings: Settings) -> Iterator[str]:
    if settings.store.url.startswith("postgresql") and not settings.store.objects:
        yield f"several processes: {settings.store.spool_dir} has to be a folder that all of them share"


def _loose(settings: Settings, config_file: Path | None) -> list[str]:
    """Files with mail or secrets that others than their owner may read."""
    keys = [desk.api_key_file for desk in settings.desks.values() if desk.api_key_file]
    private_key = [settings.smtp.tls_key] if settings.smtp.tls_key else []
    store = private.of_store(sqlite_file(settings.store.url), settings.store.spool_dir)
    return private.loose([*store, *keys, *private_key, *files_with_secrets(settings, config_file)])
