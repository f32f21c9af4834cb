"""The mail to a sender of whose mail no decision speaks: it waits for a desk that is away, or the desk refused it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import Settings
from gateway.decide import acknowledge
from gateway.decide.context import MailboxPolicy
from gateway.desk.directory import Directory, NoCatalog
from gateway.model.email import Email
from gateway.model.reasons import Reason
from gateway.store.deliveries import Delivery
from gateway.store.letters import Letter
from gateway.store.raw import Damaged
from gateway.store.reading import Unreadable
from gateway.templates import BadTemplate
from gateway.work.acknowledging import Acknowledger
from gateway.work.context import Policies
from gateway.work.notices import resolved_notice
from gateway.work.parser import ParserBroken, ParserBusy, ParserDied

STAYED_HERE = (Reason.API_REJECTED, Reason.DESK_REFUSED, Reason.RETRIES_EXHAUSTED)
"""Why mail that can be read is quarantined on its way, and surely not at the desk."""


class Reads(Protocol):
    """Where mail is read again: the planner."""

    settings: Settings
    acknowledger: Acknowledger
    policies: Policies
    mailboxes: dict[str, MailboxSettings]

    async def raw(self, delivery: Delivery) -> bytes | Path: ...

    async def email(self, delivery: Delivery) -> Email: ...


async def held(planner: Reads, delivery: Delivery, directories: Mapping[str, Directory], reason: str) -> Letter | None:
    """What the sender of mail is told that is quarantined on its way to the desk."""
    directory = directories.get(delivery.desk)
    if directory is None or reason not in STAYED_HERE:
        return None
    try:
        return await letter(planner, delivery, directory, "held")
    except ParserBusy:
        return None


async def letter(planner: Reads, delivery: Delivery, directory: Directory, occasion: str) -> Letter | None:
    """What the sender is told, None for silence: as acknowledge.SILENCES say, and of a vendor's notice, of what an
    operator released, and of what cannot be read. Raises ParserBusy."""
    box = planner.mailboxes.get(delivery.mailbox)
    if box is None or occasion not in box.acknowledge or delivery.released or delivery.moved_to or delivery.posted:
        return None
    if planner.acknowledger.silence(delivery, directory.desk.rehearses):
        return None
    try:
        email = await planner.email(delivery)
    except (ParserDied, ParserBroken, Damaged, Unreadable, OSError):
        return None
    catalog = directory.catalog
    if resolved_notice(email, delivery.envelope, box, planner.policies.sources, catalog) is not None:
        return None
    staff = frozenset(catalog.staff) if catalog else frozenset()
    told = acknowledge.unplanned(email, delivery.envelope, _policy(planner, box, directory), staff, occasion)
    if told is None:
        return None
    told = await planner.acknowledger.translated(told, email, delivery.mailbox)
    try:
        return planner.acknowledger.letter(told, delivery)
    except BadTemplate:  # the configuration was checked; a template of a mailbox may have changed since
        return None


def _policy(planner: Reads, box: MailboxSettings, directory: Directory) -> MailboxPolicy:
    """What the configuration says; the desk's ids, which it may not have told, count for nothing here."""
    try:
        return planner.policies.policy(box, directory)
    except NoCatalog:
        return planner.policies.policy(box, None)
