"""The migrations make exactly the schema of the code, and going twice changes nothing."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from gateway.store.engine import Store
from gateway.store.migrate import current, head, migrate
from gateway.store.schema import metadata


def test_the_migrated_database_is_the_schema(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(store: Store) -> None:
    migrate(store.engine)

    assert current(store.engine) == head()
