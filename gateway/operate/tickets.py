"""A ticket that an operator names, asked for at the desk of a mail: also one that the gateway did not make."""

from __future__ import annotations

from gateway.config.settings import Settings
from gateway.desk.algapsa.catalog import DeskAway
from gateway.operate.access import Access
from gateway.store import operator
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
