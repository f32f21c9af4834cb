"""A ticket that an operator names, asked for at the desk of a mail: also one that the gateway did not make."""

from __future__ import annotations

from sqlalchemy import Connection

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import Settings
from gateway.config.types import did_you_mean
from gateway.desk.outcome import DeskAway
from gateway.operate.access import Access
from gateway.store import mapping, operator
from gateway.store.operator import NotPossible
from gateway.work.desks import make_directory
from gateway.work.lookup import Found, ticket_at


def page_of(settings: Settings, desk: str, ticket_id: str) -> str:
    """Where a ticket is opened in a browser, "" where that is not known."""
    return settings.desks[desk].ticket_page(ticket_id) if desk in settings.desks else ""


async def ticket_at_desk(access: Access, settings: Settings, mail: str, name: str) -> tuple[str, Found]:
    """The desk of the mail, and its ticket with this number or id. Raises NotPossible, ConfigError."""
    desk_name = str(access.look(lambda c: operator.find(c, mail)["desk"]))
    if desk_name not in settings.desks:
        raise NotPossible(f"{mail}: its desk {desk_name} is not configured")
    desk = make_directory(settings, desk_name).desk
    try:
        found = await ticket_at(desk, name)
    except DeskAway as away:
        raise NotPossible(f"the desk cannot be asked for ticket {name} ({away.outcome}); nothing was changed") from away
    finally:
        await desk.close()
    if found is None:
        raise NotPossible(f"the desk has no ticket {name}; nothing was changed")
    return desk_name, found


def mailbox_of(connection: Connection, settings: Settings, ticket_id: str, named: str) -> MailboxSettings:
    """The mailbox to which mail with a token of the ticket is written: the ``named`` one, else that of the ticket's
    newest mail, else the first of its desk. Raises NotPossible where there is none that leads to the ticket."""
    desks = mapping.desks_with(connection, ticket_id, settings.desks)
    boxes = {box.address: box for box in settings.mailbox}
    if named and named not in boxes:
        raise NotPossible(f"{named} is not a mailbox of the configuration{did_you_mean(named, boxes)}")
    if not named and len(desks or settings.desks) > 1:
        known = "several desks have it" if desks else "the gateway has no mail of it, and there are several desks"
        raise NotPossible(f"ticket {ticket_id}: {known}: name a mailbox with --mailbox")
    fitting = [
        box for box in settings.mailbox if box.tags and (not desks or box.desk in desks) and named in ("", box.address)
    ]
    if not fitting:
        of_desk = f"the ticket is on desk {desks[0]}, and " if desks else ""
        none = f"{named} takes none" if named else "no mailbox takes any"
        raise NotPossible(f"{of_desk}{none} of its mail at addresses with a tag (tags = true)")
    newest = mapping.last_mailbox(connection, ticket_id)
    return next((box for box in fitting if box.address == newest), fitting[0])
