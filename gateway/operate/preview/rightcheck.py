"""Whether the key may write what the gateway writes, without writing: part of ``gateway check``.

Each right is asked for by a call about what does not exist (``Desk.try_right``): nothing can come into being, and no
right is said to be missing that is there.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.config.locations import Fault
from gateway.config.settings import Settings
from gateway.desk.directory import Directory
from gateway.desk.outcome import Good, Refused
from gateway.desk.port import Right

WITHOUT: Mapping[Right, str] = {
    Right.READ_CONTACTS: "mail waits",
    Right.CREATE_TICKETS: "mail waits",
    Right.UPDATE_TICKETS: "replies wait",
    Right.CREATE_CONTACTS: "a new sender has none (`contacts`)",
}
"""What becomes of mail without each right."""


async def check(settings: Settings, name: str, directory: Directory) -> tuple[list[Fault], list[str]]:
    """What the key's user may not do, and what is worth knowing. Nothing where the desk is in shadow."""
    if settings.desks[name].mode != "live":
        return [], []
    creates = any(box.contacts != "never" for box in settings.mailbox if box.desk == name)
    faults, notes = [], []
    for right, without in WITHOUT.items():
        if right is Right.CREATE_CONTACTS and not creates:
            continue
        outcome = await directory.desk.try_right(right)
        if isinstance(outcome, Refused) and outcome.status == 403:
            lacks = f"the key's user may not {right} ({outcome.message}): without it {without}"
            words = f"""{lacks} (docs/install.md "The desk's user")"""
            faults.append(Fault(settings.desk_place(name, "api_key_file"), words))
        elif not isinstance(outcome, (Good, Refused)):
            notes.append(f"desk {name}: whether the key's user may {right} is not known: {outcome}")
    return faults, notes
