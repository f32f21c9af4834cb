"""The catalog of a desk: of a large one, under its rate limit, without a right."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import DeskSettings
from gateway.desk.algapsa.client import Client
from gateway.desk.algapsa.desk import AlgaDesk
from gateway.desk.directory import Directory
from gateway.simulator import Seed, Simulator

CLIENTS = 5_000


def directory(simulator: Simulator, *, rate: int = 0, burst: int = 0, **names: str) -> Directory:
    transport = httpx.ASGITransport(app=simulator.app)
    client = Client("d", "http://desk/api/v1", "demo-desk-key", transport=transport, rate=rate, burst=burst)
    box = MailboxSettings(**{"address": "support@msp.example", "fallback_client": f"Client {CLIENTS}", **names})
    return Directory(AlgaDesk(client), DeskSettings(url="http://desk/api/v1", api_key="k"), [box])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def large() -> Seed:
    clients = [{"name": f"Client {n}", "inactive": n % 10 == 0 and n < CLIENTS} for n in range(1, CLIENTS + 1)]
    return Seed(clients=clients, contacts=[], rate_limit={"mode": "enforce", "burst": 120, "per_minute": 60})


async def test_five_thousand_clients(large: Seed) -> None:
    """50 calls of 120 that may go at once, at start and each hour; no mail waits for it."""
    simulator = Simulator(large)
    desk_directory = directory(simulator, rate=60, burst=120)

    assert await desk_directory.refresh()
    assert desk_directory.catalog is not None
    assert desk_directory.client_named("client 4999")
    assert len(desk_directory.catalog.inactive_clients) == CLIENTS // 10 - 1
    assert simulator.desk.counted() < 60
    await desk_directory.desk.close()


async def test_an_inactive_client_is_no_fallback() -> None:
    simulator = Simulator(Seed(clients=[{"name": f"Client {CLIENTS}", "inactive": True}], contacts=[]))
    desk_directory = directory(simulator)

    assert await desk_directory.refresh()
    assert desk_directory.catalog is not None
    (fault,) = desk_directory.catalog.faults["support@msp.example"]
    assert str(fault) == f"client 'Client {CLIENTS}' is inactive"


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        ({"board": "Nowhere", "fallback_client": "Nobody"}, ["board", "client"]),
        ({"board": "Nowhere", "status": "No status", "priority": "None"}, ["board", "priority"]),
        ({"status": "Closed", "priority": "None", "fallback_client": "Nobody"}, ["status", "priority", "client"]),
        ({"reopen_status": "No status", "fallback_client": "Nobody"}, ["status", "client"]),
        ({"status": "No status", "reopen_status": "None either"}, ["status", "status"]),
        ({"fallback_client": "Acme"}, []),
    ],
)
async def test_all_wrong_names_of_a_mailbox_are_named(names: dict[str, str], wrong: list[str]) -> None:
    """A status, and a priority that is not named, is the board's: nothing is said of them without one."""
    desk_directory = directory(Simulator(Seed()), **{"fallback_client": "Acme", **names})

    assert await desk_directory.refresh()
    assert desk_directory.catalog is not None
    assert [fault.kind for fault in desk_directory.catalog.faults.get("support@msp.example", ())] == wrong
    assert bool(desk_directory.catalog.destinations) is not bool(wrong)
    await desk_directory.desk.close()


async def test_a_catalog_larger_than_the_budget_waits_page_by_page(
    large: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page is asked for twice, however often the limit stops it."""
    simulator = Simulator(large)
    desk_directory = directory(simulator, rate=60, burst=120)
    slept: list[float] = []
    left = desk_directory.desk.pacing.take

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    refused = iter([0.0] * 20 + [0.5, 0.5] + [0.0] * 10 + [0.5])

    async def take(*given: Any, **named: Any) -> float:
        return next(refused, 0.0) or await left(*given, **named)

    monkeypatch.setattr(desk_directory.desk.pacing, "take", take)
    monkeypatch.setattr(desk_directory.desk.client, "_sleep", sleep)  # type: ignore[attr-defined]

    assert await desk_directory.refresh()
    assert slept == [0.5, 0.5, 0.5]
    assert simulator.desk.counted() < 60
    await desk_directory.desk.close()
