"""A process that is stopped in a transaction keeps nobody from the rows that it locked."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.store.engine import make_engine
from tests.peers import Postgres
from tests.waiting import until

ROW = text("SELECT id FROM job FOR UPDATE SKIP LOCKED")


def test_a_transaction_that_is_idle_for_too_long_ends(postgres: Postgres) -> None:
    url = postgres.database("idle")
    stopped, other = make_engine(url, idle=2), make_engine(url)
    with other.begin() as connection:
        connection.execute(text("CREATE TABLE job (id int)"))
        connection.execute(text("INSERT INTO job VALUES (1)"))
    with stopped.connect() as holder, other.connect() as waiter:
        assert holder.execute(ROW).all() == [(1,)]
        assert waiter.execute(ROW).all() == []
        until(lambda: waiter.execute(ROW).all() == [(1,)])
        with pytest.raises(DBAPIError):
            holder.execute(text("UPDATE job SET id = 2"))
        holder.invalidate()
    stopped.dispose()
    other.dispose()
