"""One seeded run: mail flows, a fault does its work, all comes to its end, the judge looks."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from tests.faults import results
from tests.faults.judge import Verdict, judge, leads, stages
from tests.faults.kinds import KINDS, Kind
from tests.faults.results import Run
from tests.faults.site import Site
from tests.peers import Postgres

MAILS = 100
DRAIN = 120.0
REPLICAS = 3


def run(
    kind: Kind | str,
    folder: Path,
    seed: int,
    postgres: Postgres | None = None,
    *,
    mails: int = MAILS,
    seconds: float | None = None,
    sabotage: str = "",
    roles: tuple[str, ...] = (),
    processes: int | None = None,
    drain: float = DRAIN,
) -> Run:
    """Send, disturb, drain, judge. ``roles`` of the gateways in turn; with ``processes`` that listen there is one gateway,
    as those with arrivals of their own keep no order between them. Raises Missing where the fault cannot be made on this
    machine."""
    kind = KINDS[kind] if isinstance(kind, str) else kind
    began = time.monotonic()
    store = "postgresql" if postgres else "sqlite"
    with contextlib.ExitStack() as stack:
        postgres, disks = kind.ground(stack, folder, postgres)
        site = stack.enter_context(
            Site(
                folder,
                seed,
                postgres,
                replicas=REPLICAS if postgres and not processes else 1,
                shim=kind.needs_shim,
                host=kind.host,
                sabotage=sabotage,
                settings=kind.settings(stack),
                roles=roles,
                processes=processes,
                disks=disks,
                quick=kind.quick,
            )
        )
        traffic = kind.traffic(site.doors, seed, mails, kind.seconds if seconds is None else seconds, kind.copies)
        kind.begin(site)
        traffic.start()
        kind.disturb(site, traffic)
        sent = traffic.finish()
        verdict, sums = Verdict(), {}
        try:
            site.drained(drain)
            site.await_quiet(kind.is_quiet, drain)
            sums = site.drained(drain)
        except AssertionError as error:
            verdict.other.append(str(error))
        found, first = stages(site.engine()), leads(site.engine())
        for mail in sent:
            mail.ids = {first.get(delivery_id, delivery_id) for delivery_id in mail.ids}
        judged = kind.judged(site, sent, found) if kind.judged else judge(site.simulator, sent, found, kind.quarantine)
        judged.other += [*verdict.other, *(f"a mail was not taken: {refusal}" for refusal in traffic.refusals)]
        judged.other += site.notes
        return Run(
            kind.name,
            store,
            seed,
            results.ROLES if roles else results.SEVERAL if processes else results.ONE,
            len(sent),
            sums.get("done", 0),
            sums.get("quarantined", 0),
            sums.get("suppressed", 0),
            sums.get("redelivered", 0),
            sum(site.endings().values()),
            round(time.monotonic() - began, 1),
            judged,
            f"put back {site.restored} times, met {site.met} times" if site.restored or site.met else "",
        )
