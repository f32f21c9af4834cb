"""The table of faults: what is done, what sender and operator see, what is promised.

docs/faults.md is made from it. A run has one kind; ``mixed`` is several at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import arrivalfaults, databasefaults, deskfaults, diskfaults, namefaults, ownfaults, processfaults
from tests.faults.deskfaults import Bent
from tests.faults.judge import Verdict
from tests.faults.site import Site
from tests.faults.traffic import Sent, Traffic
from tests.peers import Postgres

SQLITE, POSTGRESQL = "sqlite", "postgresql"
AS_ONE, AS_SEVERAL, WITH_MORE = 0, 1, 2
"""Listener processes of a gateway: one process for all, a listener beside a worker, two."""


@dataclass(frozen=True)
class Kind:
    """A fault. ``seconds``: over which mail flows; ``processes``: the forms of the gateway; ``copies``: doors that get each mail at the same moment;
    ``quarantine``: reasons for which mail may end there. What the gateway says of its own accord has a ``traffic`` and
    a judge (``judged``) of its own, and is waited for until ``is_quiet``; ``quick`` where it would take minutes."""

    name: str
    group: str
    disturb: Callable[[Site, Traffic], None]
    done: str
    sender: str
    operator: str
    promise: str
    seconds: float = 10.0
    processes: tuple[int, ...] = (AS_SEVERAL, AS_ONE)
    copies: int = 1
    stores: tuple[str, ...] = (SQLITE, POSTGRESQL)
    needs_shim: bool = False
    host: str = "127.0.0.1"
    quarantine: tuple[str, ...] = ()
    begin: Callable[[Site], None] = Site.start
    ground: Callable[[contextlib.ExitStack, Path, Postgres | None], diskfaults.Ground] = diskfaults.as_they_are
    settings: Callable[[contextlib.ExitStack], dict[str, Any]] = lambda stack: {}
    traffic: type[Traffic] = Traffic
    judged: Callable[[Site, Sequence[Sent], dict[str, tuple[str, str]]], Verdict] | None = None
    is_quiet: Callable[[Site], bool] = lambda site: True
    quick: bool = False

    def forms(self, store: str) -> tuple[int, ...]:
        """On PostgreSQL all is one process, but for a fault that is about several: they have arrivals there."""
        return self.processes if store == SQLITE or AS_ONE not in self.processes else (AS_ONE,)


ONCE = "each mail once, after `settle` at the latest"

ALL = (
    Kind(
        "refuse", "desk", deskfaults.refuse,
        "nobody listens at the desk's port; connections are reset before the request is read",
        "250", "`gateway_desk_up` 0, `/readyz` 200 with the reason; `queue list` grows", "posted when the desk is back",
    ),
    Kind(
        "reset", "desk", Bent(deskfaults.RESET),
        "the answer breaks off in the middle, after the write was stored",
        "250", "`outcome unknown` in the log, then `adopted`", ONCE,
    ),
    Kind(
        "hang", "desk", Bent(deskfaults.HANG),
        "no answer within `timeout`, with and without the write stored",
        "250", "`outcome unknown`, then `adopted`, or a second send after `settle`", ONCE,
    ),
    Kind(
        "late", "desk", Bent(deskfaults.LATE_COMMIT),
        "the write is stored after our deadline and before `settle`",
        "250", "`outcome unknown`, then `adopted`", ONCE,
    ),
    Kind(
        "drop", "desk", Bent(deskfaults.DROP),
        "the write is stored and the connection closed without an answer",
        "250", "`outcome unknown`, then `adopted`", ONCE,
    ),
    Kind(
        "limit", "desk", Bent(deskfaults.STORM, [{"kind": "any", "do": "limit", "seconds": 1}]),
        "429 for a quarter of the calls, at times for all",
        "250", "`deferred … the desk's rate limit`; nothing counts as a failure", "posted when the desk allows it",
    ),
    Kind(
        "scarce", "desk", deskfaults.scarce,
        "650 fresh tickets of other people, hardly a call left, writes without an answer, read-backs "
        "throttled, kill -9",
        "250", "`outcome unknown`, `read-back failed: Throttled`, then `adopted`; the queue goes down all the time",
        "each mail once, within `settle` and two minutes of the last fault", begin=deskfaults.scarce_start,
        settings=deskfaults.scarce_settings,
    ),
    Kind(
        "errors", "desk", Bent(deskfaults.ERRORS, [{"kind": "any", "do": "answer", "status": 503}]),
        "500 and 503, stored or not; at times every call",
        "250", "`outcome unknown`; a run of them is `gateway_desk_up` 0", ONCE,
    ),
    Kind(
        "html", "desk", Bent(deskfaults.HTML, [{"kind": "any", "do": "answer", "status": 502, "body": "html"}]),
        "a proxy's page instead of JSON, with 502 and with 200, stored or not",
        "250", "as errors", ONCE,
    ),
    Kind(
        "key", "desk", deskfaults.key,
        "401 to everything: first while the desk's database is away, then because the key was revoked",
        "250", "`/readyz` 200 and `key_refused`; the desk is asked again every 30 s",
        "no mail is refused or given up for it", seconds=8,
    ),
    Kind(
        "clock", "desk", deskfaults.clock,
        "the desk's clock is up to 40 minutes off; ours differ by up to a minute and are set while they run",
        "250", "`clock was set, or differs from the database's`", ONCE, needs_shim=True,
    ),
    Kind(
        "names", "network", namefaults.trouble,
        "the desk's name does not resolve, for now or at all; the resolver of verdicts is silent",
        "250; verdict `unknown`", "`gateway_desk_up` 0 with the resolver's words", "posted when the name resolves",
        needs_shim=True, host=namefaults.DESK, settings=namefaults.silent_resolver,
    ),
    Kind(
        "kill", "process", processfaults.kill,
        "kill -9 of the first process, with which all end, at random points; started again",
        "no answer or a closed port; sends again and gets 250 with the same id", "`recovered` at start", ONCE,
    ),
    Kind(
        "pause", "process", processfaults.pause,
        "SIGSTOP of a listener or the worker for longer than a lease, then SIGCONT, while the desk is late",
        "no answer from that process", "`claim lost`", "what was taken over is done once", seconds=24,
    ),
    Kind(
        "parts", "process", processfaults.parts,
        "of a gateway with two listeners each process is killed by itself: the first, with which all end, a listener, the "
        "worker, the pages, a parser",
        "no answer, then 250; the port stays open but for the first", "`process ended, starts again` with its name", ONCE,
        processes=(WITH_MORE,),
    ),
    Kind(
        "importer", "process", arrivalfaults.nothing_more,
        "the importer is killed between its two commits: the store has the mail, the arrivals too",
        "250, as the port stays open; with one process no answer or a closed port",
        "`process ended, starts again`, `recovered` at start", ONCE, stores=(SQLITE,), begin=arrivalfaults.between_commits,
    ),
    Kind(
        "locked", "database", arrivalfaults.full,
        "another program holds the store locked until the arrivals are full; kill -9 meanwhile",
        "250, then 451 `arrivals`", "`gateway_arrivals_bytes` grows; `/readyz` 503 once they are full",
        "posted when the store is free", stores=(SQLITE,), settings=arrivalfaults.settings,
    ),
    Kind(
        "arrivals", "disk", arrivalfaults.damaged,
        "values of mails that wait in the arrivals turn to garbage",
        "250", "quarantined as `damaged`", "what is damaged is not posted, all else once", seconds=14,
        stores=(SQLITE,), quarantine=("damaged",),
    ),
    Kind(
        "upgrade", "process", processfaults.upgrade,
        "the first start and a later migration are killed in the middle, then run again; one process after another",
        "250, or a closed port while its process is away", "`gateway migrate` goes on where it can",
        "the schema is whole: the old one or the new one", begin=processfaults.first_start,
    ),
    Kind(
        "full", "disk", diskfaults.full,
        "not a block is left for store and spool (on PostgreSQL: its own disk too), then there is room again",
        "451 or 452, or a closed port", "`cannot go on`, exit code 70, started again; below `min_free`: 452 and `/readyz` 503",
        "no 250 without a kept mail", seconds=14, ground=diskfaults.small,
    ),
    Kind(
        "read-only", "disk", diskfaults.read_only,
        "nothing in the data folder can be changed, open files included",
        "451, or a closed port", "`cannot go on` with the system's words, exit code 70", "no 250 without a kept mail",
        needs_shim=True,
    ),
    Kind(
        "sync", "disk", diskfaults.sync_fails,
        "fsync and fdatasync answer EIO",
        "451", "`cannot go on`, exit code 70: after a failed sync nothing is known",
        "no 250 for what was not synced", needs_shim=True,
    ),
    Kind(
        "power", "disk", diskfaults.power,
        "the disk loses all that was not synced, then the machine starts again",
        "a closed port", "`recovered` at start", "what got 250 is there", seconds=14, ground=diskfaults.lossy,
    ),
    Kind(
        "corrupt", "disk", diskfaults.corrupt,
        "a sector of the stopped store, values of pending mail and a sector of a spool file turn to garbage",
        "SQLite: 250 into the arrivals, with one process a closed port. PostgreSQL: 250, or 451 where the page is needed",
        "SQLite: the worker ends with `is damaged`. A value or a page: `the database is damaged` with its place, and what needs it "
        "waits or is quarantined as `damaged`",
        "never a 250 for what is not kept; what is damaged is not posted", seconds=14, quarantine=("damaged",),
        ground=diskfaults.own,
    ),
    Kind(
        "restart", "database", databasefaults.restart,
        "PostgreSQL is stopped at once (`immediate`) and started again",
        "451, or a closed port", "`cannot go on`, exit code 70, started again", ONCE, stores=(POSTGRESQL,),
    ),
    Kind(
        "pool", "database", databasefaults.exhausted,
        "others hold every connection of PostgreSQL while a replica starts",
        "250 from those that have theirs", "`too many clients`; the starting replica ends and tries again", ONCE,
        stores=(POSTGRESQL,),
    ),
    Kind(
        "twins", "replicas", Bent([]),
        "every mail goes to two replicas at the same moment, and by another way once more",
        "250 with one id for the same bytes", "`redelivered` in the sums; the other way is `duplicate-of`",
        "one ticket or comment", copies=2, stores=(POSTGRESQL,), seconds=8,
    ),
    Kind(
        "acknowledge", "own", ownfaults.acknowledge,
        "a smarthost that takes mail without answering, or not at all; the desk loses answers, kill -9",
        "250, then told what became of the mail", "`not sent` with `unknown`; `gateway show` says so",
        "nobody is told twice, and everybody unless an answer of the smarthost was lost", seconds=14,
        settings=ownfaults.acknowledge_settings, traffic=ownfaults.Strangers, judged=ownfaults.judge_acknowledgements,
        is_quiet=ownfaults.letters_sent, quick=True,
    ),
    Kind(
        "probes", "own", ownfaults.probes,
        "a server that passes probes on, twice at times, and loses those of two names; the desk loses answers, kill -9",
        "250", "a ticket for each probe that is lost", "a probe is never a ticket; what is lost is told once", seconds=14,
        settings=ownfaults.probe_settings, judged=ownfaults.judge_probes, is_quiet=ownfaults.lost_probes_told, quick=True,
    ),
    Kind(
        "windows", "own", ownfaults.maintenance,
        "a maintenance window is ended by a command, another ends by itself; the desk loses answers, kill -9",
        "250", "`window over`, a summary", "what a window held is told once; what is still down has one ticket", seconds=14,
        settings=ownfaults.window_settings, traffic=ownfaults.Machines, judged=ownfaults.judge_windows,
        is_quiet=ownfaults.summaries_told, quick=True,
    ),
    Kind(
        "mixed", "all", processfaults.mixed,
        "a desk that lies, kill -9, SIGSTOP, restarts of desk and database, in one run",
        "250 in the end", "all of the above", "all of the above", seconds=12,
    ),
)  # fmt: skip

KINDS = {kind.name: kind for kind in ALL}
