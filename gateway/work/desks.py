"""The desks of the configuration, each as a client with its catalog: the place that knows which product they are."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from gateway.config.settings import Settings
from gateway.desk.algapsa import product as algapsa
from gateway.desk.directory import Directory
from gateway.desk.outcome import Outcome
from gateway.desk.port import Desk
from gateway.desk.product import Product
from gateway.metrics import Metrics
from gateway.store.budget import Limit
from gateway.store.engine import Store
from gateway.work.budget import SharedPacing
from gateway.work.rules import boards_named


def product_of(settings: Settings, name: str) -> Product:
    """The product of which a desk of the configuration is."""
    return algapsa


def make_directory(
    settings: Settings,
    name: str,
    clock: Callable[[], float] = time.time,
    metrics: Metrics | None = None,
    store: Store | None = None,
) -> Directory:
    """The client of one configured desk with its catalog; its budget is shared through the ``store`` where
    that is for several processes, and a desk in shadow keeps there what would be written. Raises ConfigError for a key
    file."""
    own = settings.desks[name]

    def observe(route: str, outcome: Outcome, seconds: float) -> None:
        if metrics is not None:
            metrics.desk_calls.labels(name, route, type(outcome).__name__.lower()).inc()
            metrics.desk_seconds.labels(name, route).observe(seconds)

    product = product_of(settings, name)
    make = product.live if own.mode == "live" or store is None else partial(product.rehearsed, store=store)
    desk = make(
        name,
        str(own.url),
        own.key(),
        timeout=own.timeout,
        rate=own.rate,
        burst=own.burst,
        pacing=SharedPacing(store, Limit(name, own.rate, own.burst), clock())
        if store is not None and not store.sqlite and own.rate
        else None,
        clock=clock,
        observe=observe,
    )
    return directory_of(settings, name, desk)


@asynccontextmanager
async def desks_read(settings: Settings, *names: str) -> AsyncIterator[dict[str, Directory]]:
    """These desks, or all, once they were asked for their lists; ``away`` of one says why it gave none. Raises
    ConfigError for a key file."""
    directories = {name: make_directory(settings, name) for name in names or settings.desks}
    try:
        for directory in directories.values():
            await directory.refresh()
        yield directories
    finally:
        for directory in directories.values():
            await directory.desk.close()


def directory_of(settings: Settings, name: str, desk: Desk, kind: type[Directory] = Directory) -> Directory:
    """What the configuration wants to know of the desk, around a client of it."""
    boxes = [box for box in settings.mailbox if box.desk == name]
    mapped = any(domain.desk == name for domain in settings.domain)
    own = settings.desks[name]
    return kind(desk, own, boxes, boards_named(settings), settings.aliases, clients_needed=mapped)


def rehearsed_desk(settings: Settings, name: str, store: Store) -> Desk:
    """A configured desk to which nothing is written. Raises ConfigError for a key file."""
    own = settings.desks[name]
    return product_of(settings, name).rehearsed(
        name, str(own.url), own.key(), store=store, timeout=own.timeout, rate=own.rate, burst=own.burst
    )
