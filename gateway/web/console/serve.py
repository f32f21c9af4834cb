"""The console as a part of the gateway: a server of its own, beside health and metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import time
from typing import Any

import structlog

from gateway.config.settings import Settings
from gateway.store.engine import name_of
from gateway.web.console.app import application
from gateway.web.console.console import Console
from gateway.web.health import server

log = structlog.get_logger("console")


class Pages:
    """The pages, until ``stop``."""

    def __init__(self, settings: Settings, reload: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        self._settings = settings
        self._reload = reload
        self._console: Console | None = None

    def take(self, settings: Settings) -> None:
        """Go on by another configuration: other people may come in."""
        self._settings = settings
        if self._console is not None:
            self._console.settings = settings

    async def run(self, stop: asyncio.Event) -> None:
        settings = self._settings
        assert settings.console.listen
        console = self._console = Console(settings, name_of(settings.store.url), time, self._reload)
        serving = server(application(console), settings.console.listen)
        log.info("console", address=settings.console.address)
        work = asyncio.create_task(serving.serve())
        await asyncio.wait([work, asyncio.ensure_future(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        serving.should_exit = True
        await work
        await console.close()
