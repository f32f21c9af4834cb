"""Machines that write, and what a stage says of the problems they report."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from gateway.store import problems
from tests.headers import POLICY
from tests.scenarios.play import aligned, changes_nothing, unknown_keys, written
from tests.scenarios.stage import SUPPORT, M, Stage, settings_for

MONITOR = "Acme <nagios@mon.msp.example>"
BACKUP = "Acme <veeam@mon.msp.example>"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
_numbers = itertools.count(1)


def configured(*notices: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A configuration with these notices; every sender is known by its verdict."""
    named = [{"senders": ["mon.msp.example"], **notice} for notice in notices]
    return {**settings_for(), "notice": tuple(named), **more}


NAGIOS = {"profile": "nagios"}
VEEAM = {"profile": "veeam"}


async def opened(folder: Path, migrated: Path | str, *notices: dict[str, Any], **more: Any) -> Stage:
    stage = Stage(folder, migrated, configured(*notices, **more))
    await stage.open()
    return stage


class Machine:
    """Sends notices to a stage. ``proven`` is what the verdict says; ``dated`` whether there is a Date."""

    def __init__(self, stage: Stage, sender: str = MONITOR, proven: bool = True, dated: bool = True) -> None:
        self.stage = stage
        self.sender = sender
        self.proven = proven
        self.dated = dated

    async def says(
        self, subject: str, body: str = "", *, after: float = 1.0, at: float | None = None, work: float | None = 1.0,
        files: dict[str, bytes] | None = None, sender: str = "",
    ) -> str:  # fmt: skip
        """One mail: the key by which to ask what became of it. ``work`` seconds are worked on at once."""
        key = f"notice-{next(_numbers)}"
        mail = EmailMessage(POLICY)
        mail["From"], mail["To"], mail["Subject"] = sender or self.sender, SUPPORT, subject
        mail["Message-ID"] = f"<{key}@mon.msp.example>"
        if self.dated:
            mail["Date"] = format_datetime(datetime.fromtimestamp(self.stage.now + after if at is None else at, UTC))
        mail.set_content(body or subject)
        for name, content in (files or {}).items():
            mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        verdict = "pass" if self.proven else "none"
        await self.stage.accept(M(key, sender or self.sender, raw=mail.as_bytes(), verdict=verdict, after=after))
        if work is not None:
            await self.stage.work(work)
        return key

    async def service(self, state: str, what: str = "web01/HTTP", **more: Any) -> str:
        """A service notification of Nagios: CRITICAL, WARNING or OK."""
        kind = "RECOVERY" if state == "OK" else "PROBLEM"
        return await self.says(f"** {kind} Service Alert: {what} is {state} **", **more)


def is_open(stage: Stage, number: int) -> bool:
    status = stage.simulator.desk.statuses[stage.ticket(number)["status_id"]]
    return not status["is_closed"]


def notes(stage: Stage, number: int) -> list[str]:
    """The comments of a ticket, as text."""
    return [str(comment["note"]) for comment in stage.comments(number)]


async def problem_rows(stage: Stage) -> list[dict[str, Any]]:
    rows = await stage.store.read(lambda c: problems.listing(c, None, 1000))
    return [dict(row) for row in rows]


async def write(stage: Stage, number: int, text: str = "I look at it.") -> None:
    """A technician comments."""
    outcome = await stage.clients["default"].add_comment(
        stage.order[number - 1], {"comment_text": text, "is_internal": True, "suppressContactNotifications": True}
    )
    assert type(outcome).__name__ == "Good", outcome


def priority(stage: Stage, number: int) -> str:
    return str(stage.simulator.desk.priorities[stage.ticket(number)["priority_id"]]["priority_name"])


def set_priority(stage: Stage, number: int, name: str) -> None:
    """A technician sets the priority."""
    rows = stage.simulator.desk.priorities
    stage.ticket(number)["priority_id"] = next(key for key, row in rows.items() if row["priority_name"] == name)


def set_status(stage: Stage, number: int, name: str) -> None:
    """A technician sets the status."""
    ticket = stage.ticket(number)
    rows = stage.simulator.desk.statuses.values()
    ticket["status_id"] = next(
        row["status_id"] for row in rows if row["name"] == name and row["board_id"] == ticket["board_id"]
    )


def add_client(stage: Stage, name: str) -> None:
    """The desk has one more client."""
    desk = stage.simulator.desk
    row = next(iter(desk.clients.values()))
    new = desk.new_id()
    desk.clients[new] = {**row, "client_id": new, "client_name": name}
    desk.client_facts[new] = {"email": f"office@{desk.new_id()}.example", "phone": None, "location": None}


def maintenance(number: str, begin: float, end: float, *objects: str) -> tuple[str, str]:
    """Subject and text of planned work."""
    return maintenance_of(number, [(begin, end)], *objects)


def maintenance_of(number: str, windows: Sequence[tuple[float, float]], *objects: str) -> tuple[str, str]:
    """Subject and text of planned work that has several windows."""
    lines = [f"Maintenance ID: {number}"]
    for moments in windows:
        begin, end = (datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M UTC") for moment in moments)
        lines += [f"Start: {begin}", f"End: {end}"]
    lines += [f"Circuit ID: {object_}" for object_ in objects]
    return f"Planned maintenance {number}", "\n".join([*lines, "Status: CONFIRMED"])


def incident(tenant: str, status: str) -> tuple[str, str]:
    """Subject and text of a mail about an incident of Microsoft 365."""
    lines = ["Title: Some users cannot send mail", "Service: Exchange Online", "Issue ID: EX734521"]
    lines += ["Classification: Incident", f"Status: {status}", f"Tenant: {tenant}", f"Organization: {tenant}"]
    return "Incident: EX734521 - Some users cannot send mail", "\n".join(lines)


M365 = {"profile": "m365-health", "senders": ["mon.msp.example", "microsoft.com"]}


def forward(
    sender: str, text: str = "", verdict: str = "pass", key: str = "fwd", tenant: str = "", by: str = "microsoft.com"
) -> M:
    """A notice of Microsoft 365 that somebody sends on, with words of their own above."""
    subject, body = incident(tenant, "Service degradation")
    original = f"From: Microsoft 365 <o365mc@{by}>\nDate: Sun, 22 Nov 2026 09:30\nSubject: {subject}\n\n{body}"
    words = f"{text or 'Please have a look.'}\n\n---------- Forwarded message ---------\n{original}"
    return M(key, sender, f"Fwd: {subject}", words, verdict=verdict)


async def finish(stage: Stage) -> None:
    """At the end of a scenario: nothing is pending, the desk refused nothing and knew every key, its viewer shows what
    was written, and deciding it all again under the same configuration changes nothing."""
    await stage.work()
    faults = await changes_nothing(stage)
    faults += [f"a key that the desk does not know: {name}" for name in unknown_keys(stage)]
    faults += [f"the desk's viewer would read again: {text[:200]}" for text in written(stage) if not aligned(text)]
    await stage.close()
    assert faults == [], faults
