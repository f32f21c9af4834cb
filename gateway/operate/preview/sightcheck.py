"""Whether a desk's lists show the tickets that the gateway made there: part of ``gateway check``."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from gateway.config.locations import Fault
from gateway.config.settings import Settings
from gateway.desk.directory import Directory
from gateway.desk.readback import NotRead
from gateway.desk.sight import Made
from gateway.store import mapping
from gateway.store.engine import make_engine

MOST_CLIENTS = 10


async def check(settings: Settings, name: str, directory: Directory) -> list[Fault]:
    """A fault for the clients whose tickets no list shows. Nothing is told before the gateway made its first one."""
    try:
        for made in _made(settings, name):
            await directory.sight.shows(made)
    except NotRead as error:
        return [Fault(f"desk {name}", f"whether the key sees the tickets that it makes is not known: {error}")]
    clients = directory.blind_to()
    if not clients:
        return []
    what = f"its lists do not show the tickets that the key makes for {', '.join(clients)}"
    return [Fault(f"desk {name}", f"{what}: let the key's user see all clients")]


def _made(settings: Settings, name: str) -> list[Made]:
    """A ticket of each of some clients, from the store; none when there is no store yet, or it cannot be read."""
    url = make_url(settings.store.url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return []
    engine = make_engine(settings.store.url)
    try:
        with engine.connect() as connection:
            return [Made(*row) for row in mapping.one_ticket_of_each_client(connection, name, MOST_CLIENTS)]
    except DBAPIError:
        return []
    finally:
        engine.dispose()
