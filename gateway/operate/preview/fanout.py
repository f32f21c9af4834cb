"""Who is mailed when a vendor's news goes out to the clients of bundled tickets: shown before it happens."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from gateway.config.settings import Settings
from gateway.desk.catalog import Catalog
from gateway.model.problem import Problem
from gateway.store import problems
from gateway.store.engine import NoDatabase, make_engine
from gateway.work.sources import sources


def preview(settings: Settings, desk: str, catalog: Catalog) -> list[str]:
    """A line for each notice that fans out, with the clients that its next news would be mailed to."""
    out = []
    names = {client.id: client.name for client in catalog.clients}
    for source in sources(settings).all:
        if source.desk != desk or not (source.handling.fan_out and source.handling.bundle):
            continue
        found = [
            f"{names.get(part.client_id, part.client_id)} ({part.number})" for part in _bundled(settings, source.name)
        ]
        whom = ", ".join(found) or "nobody at the moment"
        out.append(
            f"notice {source.name} fans out: its news is mailed to the contact of each bundled ticket, else to the "
            f"client's own address: {whom}"
        )
    return out


def _bundled(settings: Settings, name: str) -> list[Problem]:
    """The open problems whose tickets are bundled; none where the database cannot be read."""
    try:
        engine = make_engine(settings.store.url, create=False)
    except NoDatabase:
        return []
    try:
        with engine.connect() as connection:
            return problems.bundled(connection, name)
    except DBAPIError:
        return []
    finally:
        engine.dispose()
