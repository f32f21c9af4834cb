"""Whether the key may write what the gateway writes, without writing: part of ``gateway check``.

Each right is asked for by a call about what does not exist (``desk.algapsa.nowhere``): nothing can come into being, and
no right is said to be missing that is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.config.locations import Fault
from gateway.config.settings import Settings
from gateway.desk.algapsa import nowhere
from gateway.desk.algapsa.client import Desk
from gateway.desk.directory import Directory
from gateway.desk.outcome import Good, Outcome, Refused


@dataclass(frozen=True, slots=True)
class Right:
    """``what`` its user's role lets it do, and what becomes of mail ``without`` it."""

    what: str
    without: str
    ask: Callable[[Desk], Awaitable[Outcome]]


CREATES_CONTACTS = Right("create contacts", "a new sender has none (`contacts`)", nowhere.create_contact)
RIGHTS = (
    Right("read contacts", "mail waits", nowhere.read_contacts),
    Right("create tickets", "mail waits", nowhere.create_ticket),
    Right("update tickets", "replies wait", nowhere.update_ticket),
)


async def check(settings: Settings, name: str, directory: Directory) -> tuple[list[Fault], list[str]]:
    """What the key's user may not do, and what is worth knowing. Nothing where the desk is in shadow."""
    if settings.desks[name].mode != "live":
        return [], []
    creates = any(box.contacts != "never" for box in settings.mailbox if box.desk == name)
    faults, notes = [], []
    for right in (*RIGHTS, *([CREATES_CONTACTS] if creates else ())):
        outcome = await right.ask(directory.desk)
        if isinstance(outcome, Refused) and outcome.status == 403:
            lacks = f"the key's user may not {right.what} ({outcome.message}): without it {right.without}"
            words = f"""{lacks} (docs/install.md "The desk's user")"""
            faults.append(Fault(settings.desk_place(name, "api_key_file"), words))
        elif not isinstance(outcome, (Good, Refused)):
            notes.append(f"desk {name}: whether the key's user may {right.what} is not known: {outcome}")
    return faults, notes
