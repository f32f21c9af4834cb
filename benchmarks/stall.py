"""The longest stall of the event loop while a mail of 25 MB is accepted and becomes a ticket."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from gateway.simulator import Seed, Simulator
from tests.end_to_end.test_memory import large
from tests.harness import gateway, mail


def longest(page: str) -> float:
    return next(float(line.split()[1]) for line in page.splitlines() if line.startswith("gateway_loop_lag_seconds "))


def main(show: Callable[[str], None] = print) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Simulator(Seed(rate_limit={"mode": "off"})) as simulator,
        gateway(Path(folder), simulator, log="warning") as running,
    ):
        running.became(running.send(mail("Warm", sender="alice@acme.example")))
        worst = []
        for number in range(3):
            running.became(running.send(large(number), "alice@acme.example"), 60)
            worst.append(longest(running.get("/metrics")[1]))
        worst.sort()
        show(f"longest stall under a mail of 25 MB: median {1000 * worst[1]:.0f} ms, worst {1000 * worst[2]:.0f} ms")


if __name__ == "__main__":
    main()
