"""Whether the desk has the names that rules, notices and windows of the configuration need."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.config.locations import Fault
from gateway.config.settings import Settings
from gateway.desk.directory import Directory
from gateway.model.window import ANY
from gateway.operate.preview import noticecheck
from gateway.work import rules
from gateway.work.desks import desks_read

NOT_CHECKED = "desk {} does not answer: whether it has the names was not checked"


def check(settings: Settings, name: str, directory: Directory) -> list[Fault]:
    """The faults of a desk whose catalog was read."""
    catalog = directory.catalog
    assert catalog is not None
    return [
        *rules.check(settings, name, catalog),
        *noticecheck.check(settings, name, catalog),
        *_windows(settings, name, directory),
    ]


async def at_desks(settings: Settings) -> tuple[list[Fault], list[str]]:
    """The faults of all desks, and a note for each that does not answer. Raises ConfigError for a key file."""
    faults: list[Fault] = []
    notes: list[str] = []
    async with desks_read(settings) as directories:
        for name, directory in directories.items():
            if directory.catalog is None:
                notes.append(NOT_CHECKED.format(name))
            else:
                faults += check(settings, name, directory)
    return faults, notes


def _windows(settings: Settings, name: str, directory: Directory) -> Iterator[Fault]:
    """A window of a client that the desk lacks holds nothing, which nobody would see before the night it is for."""
    for section, scopes in (("window", settings.window), ("calendar", settings.calendar)):
        for number, scope in enumerate(scopes):
            client = scope.client
            if scope.desk == name and client not in ("", ANY) and not directory.client_called(client):
                where = settings.locations.of(section, number, "client")
                yield Fault(where, f"client: the desk has no active client {client!r}: it would hold nothing")
