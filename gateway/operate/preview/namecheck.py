"""Whether the desk has the names that rules, notices and windows of the configuration need."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.config.settings import Settings
from gateway.desk.directory import Directory
from gateway.model.window import ANY
from gateway.operate.preview import noticecheck
from gateway.work import rules
from gateway.work.rules import Fault


def check(settings: Settings, name: str, directory: Directory) -> list[Fault]:
    """The faults of a desk whose catalog was read."""
    catalog = directory.catalog
    assert catalog is not None
    return [
        *rules.check(settings, name, catalog),
        *noticecheck.check(settings, name, catalog),
        *_windows(settings, name, directory),
    ]


def _windows(settings: Settings, name: str, directory: Directory) -> Iterator[Fault]:
    """A window of a client that the desk lacks holds nothing, which nobody would see before the night it is for."""
    for section, scopes in (("window", settings.window), ("calendar", settings.calendar)):
        for number, scope in enumerate(scopes):
            client = scope.client
            if scope.desk == name and client not in ("", ANY) and not directory.client_called(client):
                where = settings.locations.of(section, number, "client")
                yield Fault(where, f"client: the desk has no active client {client!r}: it would hold nothing")
