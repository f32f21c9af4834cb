"""What a decision knows without asking: the mailbox's policy with the desk's ids, and the operator's words.

One function for live mail, ``gateway explain`` and ``gateway whatif``: what they show is what happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import Settings
from gateway.decide.closed import Closing
from gateway.decide.context import DeliveryContext, Guard, MailboxPolicy
from gateway.decide.requester import RequesterPolicy
from gateway.desk.catalog import Catalog, UnknownName, reopen_statuses
from gateway.desk.directory import Directory
from gateway.desk.records import Board, Status
from gateway.match import domains
from gateway.match.gratitude import words_of
from gateway.match.ours import Ours
from gateway.model.notice import ResolvedNotice
from gateway.model.release import Release
from gateway.model.waiting import Waiting
from gateway.model.window import MaintenanceCalendar
from gateway.store.deliveries import Delivery
from gateway.templates import Templates
from gateway.work.calendars import mailed
from gateway.work.rules import importance, resolved
from gateway.work.sources import sources
from gateway.work.windows import Schedule

log = structlog.get_logger("work")


class Policies:
    """What the configuration says of mailboxes, worked out once for each catalog of a desk."""

    def __init__(self, settings: Settings) -> None:
        self.shipped = Templates()
        guard = settings.guard
        self.settings = settings
        self.own = Ours(settings.own_addresses())
        self.templates = {box.address: templates_of(box, self.shipped) for box in settings.mailbox}
        self.guard = Guard(
            tickets=guard.tickets_per_hour,
            comments=guard.comments_per_hour,
            answers=guard.answers,
            domain_tickets=guard.domain_tickets_per_hour,
            domain_comments=guard.domain_comments_per_hour,
            own=guard.own_per_hour,
            rounds=guard.same_subject_per_hour,
        )
        self.sources = sources(settings)
        self.schedule = Schedule(settings)
        self.calendars = mailed(settings)
        self._known: dict[str, tuple[Catalog | None, MailboxPolicy]] = {}

    def policy(self, box: MailboxSettings, directory: Directory | None) -> MailboxPolicy:
        """The mailbox's policy, made once for each catalog. Without a desk names stand for ids. Raises NoCatalog."""
        catalog = directory.catalog if directory else None
        known = self._known.get(box.address)
        if known is not None and known[0] is catalog:
            return known[1]
        values = _online(box, self.settings, directory) if directory else _offline(box, self.settings)
        policy = MailboxPolicy(
            own=self.own,
            templates=self.templates[box.address],
            attach_original=box.attach_original,
            holds_internal_files=box.internal_files == "hold",
            guard=self.guard,
            double_send=box.double_send,
            colleagues=box.colleagues,
            acknowledge=frozenset(box.acknowledge),
            letters_from=domains.of(self.settings.smarthost.sender or ""),
            **values,
        )
        self._known[box.address] = (catalog, policy)
        return policy


def templates_of(box: MailboxSettings, shipped: Templates) -> Templates:
    """The mailbox's own templates, else the shipped ones."""
    return Templates(box.templates) if box.templates else shipped


def context_of(
    delivery: Delivery,
    box: MailboxSettings,
    directory: Directory | None,
    policies: Policies,
    notice: ResolvedNotice | None,
    tell: bool = False,
    calendar: MaintenanceCalendar | None = None,
) -> DeliveryContext:
    """What a decision about the delivery knows. ``directory`` None: there is no desk to ask. Raises NoCatalog."""
    release = Release(delivery.overruled, delivery.released_by, delivery.audience, delivery.admits, delivery.whole)
    return DeliveryContext(
        id=delivery.id,
        number=delivery.seq,
        policy=policies.policy(box, directory),
        moved_to=delivery.moved_to,
        moved_from=delivery.taken_from,
        released=delivery.released,
        release=release,
        files_released=delivery.files_released,
        continues=delivery.continues,
        notice=None if release.unsuppressed else notice,
        tell=tell,
        is_held=delivery.waits_for == Waiting.WINDOW,
        calendar=calendar,
    )


def _online(box: MailboxSettings, settings: Settings, directory: Directory) -> dict[str, Any]:
    place = directory.destination(box.address)
    catalog = directory.catalog
    assert catalog is not None
    mapped = {}
    for entry in settings.domain:
        if entry.desk == box.desk:
            try:
                mapped[entry.domain] = catalog.client_id(entry.client)
            except UnknownName as error:
                log.error("domain not used", domain=entry.domain, why=str(error))
    return {
        "destination": {"board_id": place.board_id, "status_id": place.status_id, "priority_id": place.priority_id},
        "closings": closings_of(box, settings, catalog),
        "fallbacks": frozenset(place.client_id for place in catalog.destinations.values()) - {""},
        "staff_names": frozenset(word for person in catalog.staff.values() for word in words_of(person.name)),
        **_policies(box, settings, catalog, place.client_id, mapped),
    }


def _offline(box: MailboxSettings, settings: Settings) -> dict[str, Any]:
    mapped = {entry.domain: f"client {entry.client}" for entry in settings.domain if entry.desk == box.desk}
    fallback = f"client {box.fallback_client}" if box.fallback_client else ""
    return {
        "destination": {
            "board_id": f"board {box.board or '(default)'}",
            "status_id": f"status {box.status or '(default)'}",
            "priority_id": f"priority {box.priority or '(default)'}",
        },
        **_policies(box, settings, None, fallback, mapped),
    }


def _policies(
    box: MailboxSettings, settings: Settings, catalog: Catalog | None, fallback: str, mapped: dict[str, str]
) -> dict[str, Any]:
    return {
        "requesters": RequesterPolicy(fallback, mapped, box.infer_client, box.contacts),
        "forwarders": frozenset(box.forwarders),
        "lists": frozenset(box.lists),
        "forms": frozenset(box.reply_to),
        "watch_cc": box.watch_cc,
        "rules": resolved(settings, box.desk, catalog),
        "importance": importance(settings, catalog),
        "zone": ZoneInfo(settings.timezone),
        "files": tuple(rule.rule() for rule in (*box.file, *settings.file)),
    }


def closings_of(box: MailboxSettings, settings: Settings, catalog: Catalog) -> dict[str, Closing]:
    """What a reply to a closed ticket does, by the board on which the ticket is: as a mailbox of that board says, this
    one first; else, and where the mailbox leaves it to the board, as the board itself says."""
    of_board: dict[str, MailboxSettings] = {}
    for mailbox in (box, *settings.mailbox):
        if mailbox.desk == box.desk and (place := catalog.destinations.get(mailbox.address)):
            of_board.setdefault(place.board_id, mailbox)
    return {board_id: _closing_of(of_board.get(board_id), board_id, catalog) for board_id in catalog.statuses}


def _closing_of(box: MailboxSettings | None, board_id: str, catalog: Catalog) -> Closing:
    statuses = catalog.statuses[board_id]
    own = closing_on(catalog.boards[board_id], statuses)
    if box is None or box.closed == "board":
        return own
    status = next(iter(reopen_statuses(catalog.boards[board_id], statuses, box.reopen_status)), "")
    return Closing(box.closed, box.reopen_window, status if box.closed == "reopen" else "")


def closing_on(board: Board, statuses: Sequence[Status]) -> Closing:
    """What the board itself says."""
    if not board.reopens:
        return Closing("comment", board.reopen_window)
    return Closing("reopen", board.reopen_window, next(iter(reopen_statuses(board, statuses)), ""))
