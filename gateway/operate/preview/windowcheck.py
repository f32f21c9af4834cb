"""Whether the desk has the clients whose problems windows and calendars hold. One of a client that it lacks would hold
nothing, which nobody would see before the night it is for."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.config.settings import Settings
from gateway.desk.directory import Directory
from gateway.model.window import ANY
from gateway.work.rules import Fault


def check(settings: Settings, name: str, directory: Directory) -> Iterator[Fault]:
    """The faults of one desk, whose catalog was read."""
    for section, scopes in (("window", settings.window), ("calendar", settings.calendar)):
        for number, scope in enumerate(scopes):
            client = scope.client
            if scope.desk == name and client not in ("", ANY) and not directory.client_called(client):
                where = settings.locations.of(section, number, "client")
                yield Fault(where, f"client: the desk has no active client {client!r}: it would hold nothing")
