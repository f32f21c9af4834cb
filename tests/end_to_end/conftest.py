"""A desk and a gateway for a module of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.simulator import Seed, Simulator
from tests.harness import GatewayProcess, gateway


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(Seed(rate_limit={"mode": "off"})) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def running(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    with gateway(tmp_path_factory.mktemp("gateway"), simulator) as running:
        yield running
