"""``make campaign``: the crash test over many seeds, on SQLite and on PostgreSQL in turn.

    python -m tests.crash [--seeds N] [--first N] [--mails N]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.campaign import run
from tests.peers import Missing, Postgres


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=20)
    options.add_argument("--first", type=int, default=1)
    options.add_argument("--mails", type=int, default=200)
    given = options.parse_args()
    postgres = _postgres()
    bad = 0
    try:
        for seed in range(given.first, given.first + given.seeds):
            store = "postgresql" if postgres and seed % 2 == 0 else "sqlite"
            url = postgres.database(f"seed{seed}") if postgres and store == "postgresql" else ""
            began = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                faults = run(Path(folder), mails=given.mails, seed=seed, store_url=url)
            bad += bool(faults)
            print(f"seed {seed:4} {store:10} {len(faults)} faults, {time.monotonic() - began:.0f} s", flush=True)
            for fault in faults[:10]:
                print(f"    {fault}")
    finally:
        if postgres:
            postgres.stop()
    print(f"{given.seeds - bad} of {given.seeds} runs without a fault")
    return 1 if bad else 0


def _postgres() -> Postgres | None:
    try:
        return Postgres()
    except Missing as missing:
        print(f"SQLite only: {missing}")
        return None


if __name__ == "__main__":
    sys.exit(main())
