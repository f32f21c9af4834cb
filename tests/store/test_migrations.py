"""The migrations make exactly the schema of the code; old and new processes get along on one database."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from gateway.store import claims
from gateway.store.engine import Store, make_engine
from gateway.store.migrate import HERE, SchemaTooNew, check, current, head, migrate, revisions
from gateway.store.schema import metadata
from tests import commands
from tests.faults.processfaults import interrupt_migration
from tests.harness import config_text
from tests.peers import Postgres
from tests.store.test_contract import DESK, NOW, accept, new

_numbers = itertools.count(1)

ADDS = f"""
revision = "9001"
down_revision = "{head()}"
works_from = "0001"
def upgrade():
    op.add_column("delivery", sa.Column("mood", sa.Text(), server_default="good", nullable=False))
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    op.create_index("delivery_mood", "delivery", ["mood"])
"""
BREAKS = """
revision = "9002"
down_revision = "9001"
works_from = "9002"
def upgrade():
    op.drop_table("later")
"""


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The migrations of a later version: makes them by name."""
    scripts = tmp_path / "migrations"
    shutil.copytree(HERE, scripts)
    return scripts


def add(scripts: Path, name: str, body: str) -> None:
    (scripts / "versions" / f"{name}.py").write_text(f"import sqlalchemy as sa\nfrom alembic import op\n{body}")


def test_the_migrated_database_is_the_schema(store: Store) -> None:
    with store.engine.connect() as connection:
        opts = {"compare_type": True, "include_name": lambda name, kind, parents: not _of_the_words(name)}
        context = MigrationContext.configure(connection, opts=opts)

        assert compare_metadata(context, metadata) == []


def _of_the_words(name: str | None) -> bool:
    """The index of the words is each database's own."""
    return (name or "").startswith("heading_words")


def test_a_migrations_file_begins_with_its_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(HERE))

    assert [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()] == revisions()[::-1]


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


def test_processes_that_start_together_on_an_empty_database(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.database(f"empty{next(_numbers)}")
    file = tmp_path / "gateway.toml"
    file.write_text(config_text("http://127.0.0.1:9/api/v1", "key", tmp_path, 2525, 8025, store_url=url))
    with ThreadPoolExecutor(2) as together:
        both = [together.submit(commands.run, "migrate", "--config", str(file)) for _ in range(2)]
        done = [process.result() for process in both]

    assert [process.returncode for process in done] == [0, 0]
    assert f"schema empty -> {head()}" in {process.stdout.strip() for process in done}


async def test_old_code_works_while_a_newer_version_adds(store: Store, newer: Path) -> None:
    add(newer, "9001_adds", ADDS)
    done = threading.Event()

    def upgrade() -> None:
        engine = make_engine(store.url)
        migrate(engine, newer)
        engine.dispose()
        done.set()

    thread = threading.Thread(target=upgrade)
    accepted = 0
    thread.start()
    while not done.is_set() or accepted < 20:
        await accept(store, new(f"mail {accepted}"))
        accepted += 1
        await asyncio.sleep(0.005)
    thread.join()
    taken = await store.write(lambda c: claims.claim(c, DESK, accepted, now=NOW, lease=10))

    assert len(taken) == accepted
    assert current(store.engine) == "9001"
    migrate(store.engine)  # as an old process that starts now
    assert current(store.engine) == "9001"
    assert store.read_sync(check)


def test_a_schema_that_old_code_cannot_work_with_is_refused(store: Store, newer: Path) -> None:
    add(newer, "9001_adds", ADDS)
    add(newer, "9002_breaks", BREAKS)
    migrate(store.engine, newer)

    with pytest.raises(SchemaTooNew, match="has schema 9002, which works from version 9002"):
        migrate(store.engine)
    with pytest.raises(SchemaTooNew):
        store.read_sync(check)


def test_a_migration_waits_for_a_lock_without_holding_up_everybody(
    postgres: Postgres, migrated_database: str, newer: Path
) -> None:
    add(newer, "9001_adds", ADDS)
    url = postgres.database(f"locked{next(_numbers)}", migrated_database)
    engine, other = make_engine(url), make_engine(url)
    with other.connect() as busy:
        busy.execute(text("SELECT count(*) FROM delivery"))  # holds a lock until its transaction ends
        thread = threading.Thread(target=lambda: migrate(engine, newer))
        thread.start()
        thread.join(4)
        assert thread.is_alive()
        busy.rollback()
    thread.join(20)

    assert current(engine) == "9001"
    engine.dispose()
    other.dispose()
