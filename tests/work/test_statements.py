"""What a mail asks of the database: by an index that leads to few rows, however much mail waits, and planned once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from gateway.store.prepared import Prepared
from tests.scenarios.stage import M, Stage

ALICE = "Alice Archer <alice@acme.example>"
OF_ALL = re.compile(r"SCAN (?:delivery|mention|effect|thread|raw|ticket)\b|USING INDEX delivery_stage\b")
PLANNED_ANEW = re.compile(r"WHERE.*(?:stage IN \(\?|effect\.state (?:=|IN) \(?\?)", re.DOTALL)


async def statements(folder: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The statements of a ticket and its reply, and how SQLite carries each out."""
    stage = Stage(folder, migrated_file)
    seen: dict[str, Any] = {}

    @event.listens_for(stage.store.engine, "before_cursor_execute")
    def see(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        seen.setdefault(statement, parameters[0] if many else parameters)

    bound = Prepared.bound

    def see_prepared(*given: Any) -> Any:
        statement, parameters = bound(*given)
        seen.setdefault(statement, parameters)
        return statement, parameters

    monkeypatch.setattr(Prepared, "bound", see_prepared)
    await stage.open()
    await stage.accept(M("first", ALICE, "The printer burns", text="It does."))
    await stage.work(within=1)
    await stage.accept(M("second", ALICE, "Re: The printer burns", text="Still.", reply="first"))
    await stage.work(within=1)
    asked = [statement for statement in seen if statement.split()[0] in ("SELECT", "UPDATE", "DELETE", "WITH")]
    with stage.store.engine.connect() as connection:
        plans = [
            (
                statement,
                " ".join(map(str, connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", seen[statement]))),
            )
            for statement in asked
        ]
    await stage.close()
    return plans


async def test_a_mail_does_not_walk_through_what_waits(
    tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = await statements(tmp_path, migrated_file, monkeypatch)

    assert len(plans) > 30
    assert not [(statement, plan) for statement, plan in plans if OF_ALL.search(plan)]
    assert not [statement for statement, _ in plans if PLANNED_ANEW.search(statement)]
