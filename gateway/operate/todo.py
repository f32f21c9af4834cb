"""What waits for a person: mail that was held back, what may have been taken for a machine's, held files, problems that
ask for a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, func, select

from gateway.config.retention import RetentionSettings
from gateway.model.reasons import Reason
from gateway.model.release import READ_AS_AUTOMATIC
from gateway.model.spans import DAY
from gateway.operate import finding, said
from gateway.operate.finding import Found
from gateway.operate.story import goes_away
from gateway.store import heldfiles, inflow, problems
from gateway.store.reading import looking
from gateway.store.schema import delivery
from gateway.store.stage import Stage

EACH = 100
"""Mails of a reason that are listed; the count says how many there are."""
DAYS = 7
"""Days back in which suppressed mail is looked at again."""
LOOKED_BACK = 100
"""Mails of its sender among which one of a person is looked for."""


@dataclass(frozen=True, slots=True)
class Group:
    """Mails that wait for the same reason: ``count`` of them, and the oldest of these with when each goes away."""

    name: str
    title: str
    remedy: str
    count: int
    mails: tuple[tuple[Found, float], ...]


@dataclass(frozen=True, slots=True)
class Todo:
    """What waits for a person: ``held`` by reason, the most first; ``doubted`` made no ticket; ``files`` are mails
    whose files wait; ``left_open`` are problems whose tickets stayed open."""

    held: tuple[Group, ...]
    doubted: Group
    files: Group
    left_open: tuple[RowMapping, ...]

    @property
    def groups(self) -> tuple[Group, ...]:
        """Those in which there is any mail."""
        return tuple(group for group in (*self.held, self.doubted, self.files) if group.count)

    @property
    def count(self) -> int:
        return sum(group.count for group in self.groups) + len(self.left_open)


def todo(connection: Connection, retention: RetentionSettings, now: float, zone: tzinfo | None) -> Todo:
    """``zone`` is the reader's, None for this machine's."""
    counts = held_back(connection)
    held = [
        Group(
            reason,
            said.short(reason),
            said.remedy(reason),
            count,
            _mails(connection, [delivery.c.stage == "QUARANTINED", delivery.c.reason == reason], retention, now, zone),
        )
        for reason, count in sorted(counts.items(), key=lambda pair: -pair[1])
    ]
    machines = _doubted(connection, now)
    doubted = Group(
        "not-tickets",
        "no ticket, from people who wrote before",
        "Release what a person wrote.",
        _count(connection, machines),
        _mails(connection, machines, retention, now, zone),
    )
    with_files = finding.described(connection, heldfiles.listing(connection, EACH, oldest=True), now, zone)
    files = Group(
        "held-files",
        "files that wait",
        "Look at the mail; upload the files if they are harmless and wanted, else drop them.",
        heldfiles.holding(connection),
        tuple((mail, 0.0) for mail in with_files),  # they are kept as long as they wait
    )
    return Todo(tuple(held), doubted, files, tuple(problems.left_open(connection, EACH)))


def held_back(connection: Connection) -> dict[str, int]:
    """How many mails are held back, by reason."""
    query = select(delivery.c.reason, func.count()).where(delivery.c.stage == Stage.QUARANTINED.value)
    with looking():
        return {row[0]: int(row[1]) for row in connection.execute(query.group_by(delivery.c.reason))}


def doubted(connection: Connection, now: float) -> int:
    """How many suppressed mails of the last days are from people who wrote before."""
    return _count(connection, _doubted(connection, now))


def _doubted(connection: Connection, now: float) -> list[Any]:
    """Of suppressed mail of the last days what may be a person's."""
    reasons = [reason.value for reason in READ_AS_AUTOMATIC - {Reason.OWN}]
    return [
        delivery.c.stage == Stage.SUPPRESSED.value,
        delivery.c.reason.in_(reasons),
        delivery.c.kept,
        delivery.c.seq >= inflow.first(connection, now - DAYS * DAY),
        delivery.c.accepted_at >= now - DAYS * DAY,
        delivery.c.sender != "",
        _wrote_before(),
    ]


def _wrote_before() -> Any:
    """Whether the sender wrote a mail that was posted, among their last LOOKED_BACK before it: of a machine there may
    be any number, none of them a person's."""
    other = delivery.alias()
    last = (
        select(other.c.stage, other.c["class"])
        .where(other.c.sender == delivery.c.sender, other.c.accepted_at < delivery.c.accepted_at)
        .order_by(other.c.accepted_at.desc())
        .limit(LOOKED_BACK)
        .correlate(delivery)
        .subquery()
    )
    return exists().where(last.c.stage == Stage.DONE.value, last.c["class"] == "human")


def _count(connection: Connection, conditions: Sequence[Any]) -> int:
    return int(connection.execute(select(func.count()).select_from(delivery).where(*conditions)).scalar_one())


def _mails(
    connection: Connection, conditions: Sequence[Any], retention: RetentionSettings, now: float, zone: tzinfo | None
) -> tuple[tuple[Found, float], ...]:
    with looking():
        query = select(*finding.COLUMNS).where(*conditions).order_by(delivery.c.seq).limit(EACH)
        rows = connection.execute(query).mappings().all()
    return _as_mails(connection, rows, retention, now, zone)


def _as_mails(
    connection: Connection, rows: Sequence[RowMapping], retention: RetentionSettings, now: float, zone: tzinfo | None
) -> tuple[tuple[Found, float], ...]:
    found = finding.described(connection, rows, now, zone)
    return tuple((mail, goes_away(row, retention)) for mail, row in zip(found, rows, strict=True))
