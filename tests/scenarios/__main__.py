"""``python -m tests.scenarios``: every scenario with its rows as a table."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import structlog

from gateway.store.engine import make_engine
from gateway.store.migrate import migrate
from tests.scenarios.play import play
from tests.scenarios.scripts_all import ALL


async def main() -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        migrated = Path(name) / "migrated.db"
        engine = make_engine(f"sqlite:///{migrated}")
        migrate(engine)
        engine.dispose()
        for number, scenario in enumerate(ALL):
            folder = Path(name) / str(number)
            folder.mkdir()
            faults = await play(scenario, folder, migrated)
            bad += bool(faults)
            outcomes = ", ".join(row[1] for row in scenario.rows if isinstance(row, tuple))
            print(f"{'ok ' if not faults else 'BAD'} {scenario.name:72} {outcomes[:90]}")
            for fault in faults:
                print(f"      {fault}")
    print(f"{len(ALL) - bad} of {len(ALL)} scenarios")
    return 1 if bad else 0


sys.exit(asyncio.run(main()))
