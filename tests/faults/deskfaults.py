"""What a desk does wrong while mail flows. Times as the ratios of site.py."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from typing import Any

import httpx

from gateway.simulator.limits import Bucket, RateLimit
from tests.faults.site import LATE, SETTLE, TIMEOUT, Site
from tests.faults.traffic import Traffic

Rule = dict[str, Any]
TECHNICIAN = "key-of-a-technician"

RESET = [{"kind": "write", "do": "reset", "p": 0.12}, {"kind": "read", "do": "reset", "p": 0.05}]
HANG = [
    {"kind": "write", "do": "hang", "seconds": 2 * TIMEOUT, "p": 0.06},
    {"kind": "write", "do": "stall", "seconds": 2 * TIMEOUT, "p": 0.06},
    {"kind": "readback", "do": "hang", "seconds": 2 * TIMEOUT, "p": 0.06},
]
LATE_COMMIT = [{"kind": "write", "do": "slow", "seconds": LATE, "p": 0.12}]
DROP = [{"kind": "write", "do": "drop", "p": 0.15}]
ERRORS = [
    {"kind": "write", "do": "answer", "status": 500, "commit": True, "p": 0.05},
    {"kind": "write", "do": "answer", "status": 503, "commit": True, "p": 0.05},
    {"kind": "write", "do": "answer", "status": 500, "commit": False, "p": 0.03},
    {"kind": "readback", "do": "answer", "status": 500, "p": 0.1},
]
HTML = [
    {"kind": "write", "do": "answer", "status": 502, "body": "html", "commit": True, "p": 0.06},
    {"kind": "write", "do": "answer", "status": 502, "body": "html", "commit": False, "p": 0.06},
    {"kind": "write", "do": "answer", "status": 200, "body": "html", "commit": True, "p": 0.04},
    {"kind": "readback", "do": "answer", "status": 200, "body": "html", "p": 0.06},
]
STORM = [{"kind": "any", "do": "limit", "seconds": 1, "p": 0.25}]
MIXED = [
    {"kind": "write", "do": "drop", "p": 0.05},
    {"kind": "write", "do": "answer", "status": 500, "commit": True, "p": 0.03},
    {"kind": "write", "do": "answer", "status": 503, "body": "html", "commit": True, "p": 0.03},
    {"kind": "write", "do": "answer", "status": 500, "commit": False, "p": 0.02},
    {"kind": "write", "do": "slow", "seconds": LATE, "p": 0.04},
    {"kind": "write", "do": "refuse", "p": 0.02},
    {"kind": "readback", "do": "answer", "status": 500, "p": 0.1},
    {"kind": "any", "do": "limit", "seconds": 1, "p": 0.01},
]


SCARCE = [
    {"kind": "write", "do": "drop", "p": 0.12},
    {"kind": "list_tickets", "do": "limit", "seconds": 1, "p": 0.3},
    {"kind": "readback", "do": "answer", "status": 500, "p": 0.05},
]
CALLS, AT_ONCE = 300, 20  # calls a minute that the scarce desk allows, and at once
REACHED = 60.0  # seconds after which rules end though the desk was hardly written to


class Bent:
    """The rules hold while mail flows, and until the desk was written to about half of it: a busy machine takes its
    time. Now and then, for ``spell`` seconds, those of ``worst`` hold."""

    def __init__(self, rules: list[Rule], worst: list[Rule] | None = None, spell: float = 1.5) -> None:
        self._rules = rules
        self._worst = worst
        self._spell = spell

    def __call__(self, site: Site, traffic: Traffic) -> None:
        end = time.monotonic() + REACHED
        while not traffic.is_over or (_writes(site) < traffic.mails / 2 and time.monotonic() < end):
            with site.desk(*self._rules):
                site.pause(1.5, 3)
            if self._worst:
                with site.desk(*self._worst):
                    site.pause(self._spell / 2, self._spell)
        with site.desk(*self._rules):
            site.pause(0.5, 1)


def _writes(site: Site) -> int:
    """Requests to the desk that would change something."""
    return sum(call.method != "GET" for call in site.simulator.desk.calls)


def refuse(site: Site, traffic: Traffic) -> None:
    """Nobody listens at the desk's port for a while; between, connections are cut before the request is read."""
    while not traffic.is_over:
        with site.desk({"kind": "any", "do": "refuse", "p": 0.1}):
            site.pause(1, 2)
        site.simulator.stop()
        site.pause(1, 2)
        site.simulator.start()
        site.pause(0.5, 1)


def key(site: Site, traffic: Traffic) -> None:
    """First the desk's database is away, then the key is no longer valid."""
    with site.desk({"kind": "any", "do": "database", "seconds": 2.5, "times": 1}):
        site.pause(2.5, 3)
    owner = site.simulator.desk.keys[site.simulator.key]
    before = len(site.simulator.desk.calls)
    owner["state"] = "revoked"
    site.pause(3, 4)
    said = [gateway.get("/readyz") for gateway in site.gateways]
    states = [json.loads(body)["desks"].get("default", {}) for _, body in said]
    known = [state for state in states if state.get("key_refused") and not state["up"]]  # by those who asked the desk
    if any(status != 200 for status, _ in said) or not known:
        site.notes.append(f"/readyz while the key is refused: {said}")
    owner["state"] = "active"
    for call in site.simulator.desk.calls[before:]:
        if call.status == 401:
            call.fault = "key"  # not the client's doing


def clock(site: Site, traffic: Traffic) -> None:
    """The desk's clock is wrong for good; ours differ from one another and are set now and then."""
    site.simulator.desk.shift = site.rng.choice((-1, 1)) * site.rng.uniform(60, 2400)
    while not traffic.is_over:
        for shim in site.shims:
            shim.clock(site.rng.choice((0, site.rng.uniform(-60, 60))))
        with site.desk(*LATE_COMMIT, *DROP):
            site.pause(1, 2.5)
    for shim in site.shims:
        shim.clock(0)


def scarce_settings(_: contextlib.ExitStack) -> dict[str, str]:
    return {"desk": f"timeout = {TIMEOUT}\nsettle = {SETTLE}\nrate = {CALLS}\nburst = {AT_ONCE}"}


def scarce_start(site: Site) -> None:
    """The desk allows few calls, and other people have made more tickets than six pages of a list hold."""
    desk = site.simulator.desk
    desk.limit = RateLimit("enforce", AT_ONCE, CALLS)
    tess = next(row for row in desk.users.values() if row["email"].startswith("tess"))
    desk.keys[TECHNICIAN] = {**desk.keys[site.simulator.key], "user": tess}
    _tickets_of_others(site, 650)
    site.start()


def scarce(site: Site, traffic: Traffic) -> None:
    """Writes without an answer, read-backs that are throttled, a budget that others use up, and gateways that are
    killed and do not know their own user any more. At the end not a call is left."""
    limit, key = site.simulator.desk.limit, site.simulator.key
    while not traffic.is_over:
        with site.desk(*SCARCE):
            site.pause(1, 2)
            limit.buckets[key] = Bucket(0.0, site.simulator.desk.now())
            site.pause(0.5, 1)
        _tickets_of_others(site, 10)
        if site.rng.random() < 0.4:
            site.any().hit(signal.SIGKILL)
    limit.buckets[key] = Bucket(0.0, site.simulator.desk.now())


def _tickets_of_others(site: Site, count: int) -> None:
    """A technician makes tickets by the desk's own API."""
    desk = site.simulator.desk
    board = next(row for row in desk.boards.values() if row["is_default"])["board_id"]
    body = {
        "title": "By telephone",
        "board_id": board,
        "client_id": next(iter(desk.clients)),
        "status_id": next(row["status_id"] for row in desk.statuses.values() if row["board_id"] == board),
        "priority_id": next(iter(desk.priorities)),
    }
    with httpx.Client(base_url=site.simulator.api, headers={"x-api-key": TECHNICIAN}) as client:
        made = 0
        while made < count:
            desk.limit.buckets.pop(TECHNICIAN, None)  # not held to the limit
            try:
                made += client.post("/tickets", json=body).status_code == 201
            except httpx.HTTPError:
                continue  # bent like everybody's


def slow_or_dead(site: Site, seconds: float) -> contextlib.AbstractContextManager[None]:
    """Every answer takes up to ``seconds``, by random shares."""
    shares = [{"kind": "any", "do": "slow", "seconds": seconds * part / 4, "p": 0.25} for part in (1, 2, 3)]
    return site.desk(*shares, {"kind": "any", "do": "slow", "seconds": seconds})
