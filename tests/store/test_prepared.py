"""Statements on the driver's cursor: what the driver raises comes as SQLAlchemy would raise it, so that the store's
rules for it hold."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from gateway.store import deliveries
from gateway.store.engine import Store
from gateway.store.prepared import Prepared, is_any, numbered
from gateway.store.reading import Garbled, Unreadable
from gateway.store.schema import desk_state, event
from gateway.store.writer import StoreFailed

INSERT = Prepared(
    lambda dialect: dialect.insert(desk_state).values(
        {name: bindparam(name) for name in ("desk", "waits_for", "waits_on", "since")}
    )
)
UPDATE = Prepared(lambda _: update(desk_state).where(desk_state.c.desk == bindparam("k_desk")))
ROWS = Prepared(lambda _: select(desk_state).where(desk_state.c.desk == bindparam("k_desk")))
IN_THE_WAY = Prepared(lambda _: text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$"))
LOSE = Prepared(lambda _: text("SELECT pg_terminate_backend(pg_backend_pid())"))
ROW = {"desk": "default", "waits_for": "", "waits_on": "a secret", "since": 0.0}


async def test_a_row_that_is_there_harms_no_other_operation_and_shows_no_value(store: Store) -> None:
    await store.write(lambda c: INSERT.change(c, ROW))

    again, noted = await asyncio.gather(
        store.write(lambda c: INSERT.change(c, ROW)),
        store.write(lambda c: deliveries.note(c, "a", 1.0, "seen")),
        return_exceptions=True,
    )

    assert isinstance(again, IntegrityError)
    assert "a secret" not in str(again)
    assert noted is None
    assert await store.read(lambda c: c.execute(select(event.c.what)).scalar()) == "seen"


async def test_an_update_counts_its_rows_and_changes_the_columns_that_are_named(store: Store) -> None:
    other = {**ROW, "desk": "other"}
    await store.write(lambda c: INSERT.each(c, [ROW, other]))

    new = {"waits_on": "more", "k_desk": "default"}
    assert await store.write(lambda c: UPDATE.change(c, new, columns=["waits_on"])) == 1
    assert await store.write(lambda c: UPDATE.change(c, {**new, "k_desk": "none"}, columns=["waits_on"])) == 0

    query = select(desk_state.c.desk, desk_state.c.waits_on).order_by(desk_state.c.desk)
    assert await store.read(lambda c: c.execute(query).all()) == [("default", "more"), ("other", "a secret")]


async def test_a_value_that_cannot_be_read_is_named_unless_somebody_only_looks(store: Store) -> None:
    if not store.sqlite:
        pytest.skip("PostgreSQL keeps no text that is none")
    await store.write(lambda c: INSERT.change(c, ROW))
    await store.write(lambda c: c.exec_driver_sql("UPDATE desk_state SET waits_on = x'ff'"))

    with pytest.raises(Unreadable, match=r"desk_state\.waits_on"):
        await store.read(lambda c: ROWS.rows(c, {"k_desk": "default"}))
    (row,) = await store.read_to_show(lambda c: ROWS.rows(c, {"k_desk": "default"}))
    assert (row["desk"], isinstance(row["waits_on"], Garbled)) == ("default", True)


async def test_rows_come_as_sqlalchemy_gives_them(store: Store) -> None:
    await store.write(lambda c: INSERT.each(c, [ROW, {**ROW, "desk": "other"}]))

    def both(connection: Connection) -> tuple[Any, Any]:
        query = select(desk_state).order_by(desk_state.c.desk)
        given = Prepared(lambda _: query.where(is_any(desk_state.c.desk, 2)))
        return given.rows(connection, numbered(["default", "other"])), connection.execute(query).mappings().all()

    rows, expected = await store.read(both)
    assert rows == [dict(row) for row in expected]
    assert len(rows) == 2


async def test_what_stood_in_the_way_of_another_process_runs_again(store: Store) -> None:
    if store.sqlite:
        pytest.skip("SQLite has one writer")
    tries = []

    def operation(connection: Connection) -> None:
        tries.append(connection)
        if len(tries) < 3:
            IN_THE_WAY.change(connection, {})

    await store.write(operation)

    assert len(tries) == 3


async def test_a_lost_connection_ends_the_store(store: Store) -> None:
    if store.sqlite:
        pytest.skip("SQLite has no connection to lose")
    seen: list[BaseException] = []
    other = Store(store.url, on_fatal=seen.append)

    with pytest.raises(StoreFailed):
        await other.write(lambda c: LOSE.run(c, {}))

    other.close()
    assert [isinstance(error, DBAPIError) and error.connection_invalidated for error in seen] == [True]
