"""The migrations make exactly the schema of the code, and going twice changes nothing."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from gateway.store.engine import Store
from gateway.store.migrate import current, head, migrate
from gateway.store.schema import metadata
from tests.faults.processfaults import interrupt_migration


def test_the_migrated_database_is_the_schema(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(store: Store) -> None:
    migrate(store.engine)

    assert current(store.engine) == head()


def test_a_migration_that_is_killed_leaves_the_schema_that_was_there(store: Store, tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    url = store.engine.url.render_as_string(hide_password=False)
    desk = '[desk]\nurl = "http://127.0.0.1:1/api/v1"\napi_key = "key"\n'
    config.write_text(f'{desk}[store]\nurl = "{url}"\n[[mailbox]]\naddress = "support@msp.example"\n')

    interrupt_migration(config, 0.1)

    assert current(store.engine) == head()
    assert "later" not in inspect(store.engine).get_table_names()
    assert "later" not in {column["name"] for column in inspect(store.engine).get_columns("raw")}
