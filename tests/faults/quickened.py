"""``python -m tests.faults.quickened serve …``: the gateway with shorter intervals where no configuration sets them.

What waits for minutes beside the mail (letters, probes, summaries) comes to its end within a run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway import cli
from gateway.outgoing import sender
from gateway.store import letters
from gateway.upkeep import probes, windows
from gateway.work import notices

OFTEN = 0.5  # seconds; as 5, 10 and 15
LEASE = 4.0  # as 900
PROBES_EVERY = 2.0  # as 60 and more
MOVED_AFTER = 1.0  # as 300


def quicken() -> None:
    sender.EVERY = probes.EVERY = windows.EVERY = OFTEN
    letters.LEASE, letters.FIRST_WAIT, letters.LONGEST_WAIT = LEASE, OFTEN, LEASE
    for name, own in notices.OWN.items():
        notices.OWN[name] = replace(own, handling=replace(own.handling, move_after=MOVED_AFTER))
    take = probes.Probes.take

    def often(self: probes.Probes, settings: Any) -> None:
        take(self, settings)
        self.probes = tuple(probe.model_copy(update={"every": PROBES_EVERY}) for probe in self.probes)

    probes.Probes.take = often  # type: ignore[method-assign]


if __name__ == "__main__":
    quicken()
    cli.main()
