"""``make campaign``: every kind of fault on both stores, and the storms.

    python -m tests.faults [--kind NAME]… [--store sqlite|postgresql] [--form FORM] [--seed N] [--mails N] [--seconds N] [--again]

A batch ends after ``--seconds``; the next call goes on where it stopped. Results are kept by seed and code
version in tests/faults/results.jsonl; docs/faults.md is made from them (``make docs``). With ``--seed`` that
one is run again and nothing is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tests.faults import campaign, results, storms
from tests.faults.kinds import ALL, AS_ONE, AS_SEVERAL, POSTGRESQL, SQLITE
from tests.peers import Missing, Postgres

BATCH = 440.0  # seconds until no further run is begun
MORE = {"mixed": 3, "scarce": 3, "kill": 2, "late": 2, "acknowledge": 2, "probes": 2, "windows": 2}  # seeds; else one
IN_ROLES = 3  # every so many runs on PostgreSQL have listeners and workers apart
ROLES = ("smtp", "worker", "worker")


@dataclass(frozen=True)
class Planned:
    kind: str
    store: str
    seed: int
    roles: tuple[str, ...] = ()
    processes: int = AS_ONE

    @property
    def form(self) -> str:
        return results.ROLES if self.roles else results.SEVERAL if self.processes else results.ONE

    @property
    def key(self) -> results.Key:
        return self.kind, self.store, self.seed, self.form


def plan() -> Iterator[Planned]:
    """All runs, each kind on one store after the other. The first seed has each form of the kind, the others its first."""
    on_postgres = 0
    for kind in ALL:
        for seed in range(1, MORE.get(kind.name, 1) + 1):
            for store in kind.stores:
                for processes in kind.forms(store)[: None if seed == 1 else 1]:
                    is_shared = store == POSTGRESQL and not processes
                    roles = ROLES if is_shared and on_postgres % IN_ROLES == IN_ROLES - 1 else ()
                    on_postgres += is_shared
                    yield Planned(kind.name, store, seed, roles, processes)
    for storm in storms.ALL:
        yield Planned(storm.name, SQLITE, 1, processes=AS_SEVERAL)
        yield Planned(storm.name, POSTGRESQL, 1)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kind", action="append", choices=[planned.kind for planned in plan()], metavar="NAME")
    options.add_argument("--store", choices=(SQLITE, POSTGRESQL))
    options.add_argument("--form", choices=(results.SEVERAL, results.ONE, results.ROLES))
    options.add_argument("--seed", type=int)
    options.add_argument("--mails", type=int, default=campaign.MAILS)
    options.add_argument("--seconds", type=float, default=BATCH)
    options.add_argument("--again", action="store_true", help="also what was run with this code")
    given = options.parse_args()
    logging.getLogger("uvicorn.error").disabled = True  # the desk's own view of the faults
    code = results.code_version()
    ran = set() if given.again or given.seed else {run.key for ran_on, run in results.load() if ran_on == code}
    wanted = [
        planned
        for planned in dict.fromkeys(plan())
        if (not given.kind or planned.kind in given.kind)
        and given.store in (None, planned.store)
        and given.form in (None, planned.form)
        and planned.key not in ran
    ]
    if given.seed:
        wanted = list(dict.fromkeys(replace(planned, seed=given.seed, roles=()) for planned in wanted))
    print(f"{len(wanted)} runs to go with gateway/ {code[: results.SHORT]}", flush=True)
    end = time.monotonic() + given.seconds
    bad = left = 0
    with Servers() as servers:
        for planned in wanted:
            if time.monotonic() > end:
                left += 1
                continue
            bad += not _run(planned, servers, given.mails, None if given.seed else code)
    print(f"{bad} runs with a fault, {left} to go")
    return 1 if bad else 0


def _kept_logs(folder: Path) -> Path:
    """A copy of what the gateways of a run have logged, which stays."""
    kept = Path(tempfile.mkdtemp(prefix="gateway-faults-logs-"))
    for log in folder.rglob("*.log"):
        shutil.copy(log, kept / "-".join(log.relative_to(folder).parts))
    return kept


def _run(planned: Planned, servers: Servers, mails: int, code: str | None) -> bool:
    """Whether nothing was wrong. What cannot be made on this machine is said and left out."""
    with tempfile.TemporaryDirectory(prefix="gateway-faults-") as folder:
        try:
            postgres = servers.postgres() if planned.store == POSTGRESQL else None
            if planned.kind in storms.BY_NAME:
                run = storms.BY_NAME[planned.kind].run(Path(folder), planned.seed, postgres)
            else:
                run = campaign.run(
                    planned.kind,
                    Path(folder),
                    planned.seed,
                    postgres,
                    mails=mails,
                    roles=planned.roles,
                    processes=planned.processes,
                )
        except Missing as missing:
            print(f"{planned.kind:10} {planned.store:10} NOT RUN: {missing}", flush=True)
            return True
        except Exception as error:  # the other runs are worth having
            print(
                f"{planned.kind:10} {planned.store:10} seed {planned.seed} ended: {type(error).__name__}: {error}",
                flush=True,
            )
            return False
        wrong = run.verdict.all()
        if wrong:
            print(f"    the gateways' logs: {_kept_logs(Path(folder))}", flush=True)
    print(
        f"{run.kind:10} {run.store:10} seed {run.seed} {run.form} {run.mails} mails, {run.done} done, "
        f"{run.restarts} restarts, {run.seconds:.0f} s: {len(wrong)} faults {run.note}",
        flush=True,
    )
    for text in wrong[:10]:
        print(f"    {text[:2000]}")
    if code:
        results.keep(run, code)
    return not wrong


class Servers(contextlib.ExitStack):
    """PostgreSQL, started when it is first wanted."""

    _postgres: Postgres | None = None

    def postgres(self) -> Postgres:
        """Raises Missing."""
        if self._postgres is None:
            self._postgres = Postgres(durable=True)
            self.callback(self._postgres.stop)
        return self._postgres


if __name__ == "__main__":
    sys.exit(main())
