"""The catalog of a desk: of a large one, under its rate limit, without a right."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gateway.config.settings import DeskSettings, MailboxSettings
from gateway.desk.algapsa.client import Desk
from gateway.desk.directory import Directory
from gateway.simulator import Seed, Simulator

CLIENTS = 5_000


def directory(simulator: Simulator, **limits: Any) -> Directory:
    desk = Desk("d", "http://desk/api/v1", "demo-desk-key", transport=httpx.ASGITransport(app=simulator.app), **limits)
    box = MailboxSettings(address="support@msp.example", fallback_client=f"Client {CLIENTS}")
    return Directory(desk, DeskSettings(url="http://desk/api/v1", api_key="k"), [box])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def large() -> Seed:
    clients = [{"name": f"Client {n}", "inactive": n % 10 == 0 and n < CLIENTS} for n in range(1, CLIENTS + 1)]
    return Seed(clients=clients, contacts=[], rate_limit={"mode": "enforce", "burst": 120, "per_minute": 60})


async def test_five_thousand_clients(large: Seed) -> None:
    """50 calls of 120 that may go at once, at start and each hour; no mail waits for it."""
    simulator = Simulator(large)
    one = directory(simulator, rate=60, burst=120)

    assert await one.refresh()
    assert one.catalog is not None
    assert one.client_named("client 4999")
    assert len(one.catalog.inactive_clients) == CLIENTS // 10 - 1
    assert simulator.desk.counted() < 60
    await one.desk.close()


async def test_an_inactive_client_is_no_fallback() -> None:
    simulator = Simulator(Seed(clients=[{"name": f"Client {CLIENTS}", "inactive": True}], contacts=[]))
    one = directory(simulator)

    assert await one.refresh()
    assert one.catalog is not None
    assert one.catalog.faults == {"support@msp.example": f"client 'Client {CLIENTS}' is inactive"}


async def test_a_catalog_larger_than_the_budget_waits_page_by_page(
    large: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page is asked for twice, however often the limit stops it."""
    simulator = Simulator(large)
    one = directory(simulator, rate=60, burst=120)
    slept: list[float] = []
    left = one.desk.pacing.take

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    refused = iter([0.0] * 20 + [0.5, 0.5] + [0.0] * 10 + [0.5])

    async def take(*given: Any, **named: Any) -> float:
        return next(refused, 0.0) or await left(*given, **named)

    monkeypatch.setattr(one.desk.pacing, "take", take)
    monkeypatch.setattr(one.desk, "_sleep", sleep)

    assert await one.refresh()
    assert slept == [0.5, 0.5, 0.5]
    assert simulator.desk.counted() < 60
    await one.desk.close()
