"""Machines that write, and what a stage says of the problems they report."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from gateway.store import problems
from tests.scenarios.stage import SUPPORT, M, Stage, settings_for

MONITOR = "Acme <nagios@mon.msp.example>"
BACKUP = "Acme <veeam@mon.msp.example>"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
_numbers = itertools.count(1)


def configured(*notices: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A configuration with these notices; every sender is known by its verdict."""
    named = [{"senders": ["mon.msp.example"], **one} for one in notices]
    return {**settings_for(), "notice": tuple(named), **more}


NAGIOS = {"profile": "nagios"}
VEEAM = {"profile": "veeam"}


async def opened(folder: Path, migrated: Path, *notices: dict[str, Any], **more: Any) -> Stage:
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
        mail = EmailMessage()
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
    return [str(one["note"]) for one in stage.comments(number)]


async def problem_rows(stage: Stage) -> list[dict[str, Any]]:
    rows = await stage.store.read(lambda c: problems.listing(c, None, 1000))
    return [dict(row) for row in rows]


async def write(stage: Stage, number: int, text: str = "I look at it.") -> None:
    """A technician comments."""
    outcome = await stage.directories["default"].desk.add_comment(
        stage.order[number - 1], {"comment_text": text, "is_internal": True, "suppressContactNotifications": True}
    )
    assert type(outcome).__name__ == "Good", outcome
