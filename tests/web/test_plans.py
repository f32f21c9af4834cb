"""What people look at and do, and how SQLite carries it out: no statement of a page or a command reads through all mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine
from typer.testing import CliRunner

from gateway.cli import app as commands
from gateway.operate.act import ACTS
from gateway.web.console.app import PAGES
from tests.harness import config_text
from tests.web.conftest import COOKIE, Site

SMALL = {
    "act": "what people did, the newest first",
    "carried": "sums", "desk_state": "a row a desk", "expectation": "a row an object", "occurrence": "windows that held something",
    "hit": "of 30 days, all of which count", "effect USING INDEX effect_held": "those with held files",
    "problem USING COVERING INDEX problem_state": "counted", "delivery USING COVERING INDEX delivery_stage": "counted",
}  # fmt: skip
"""What may be read through, and why."""
OF_ALL = re.compile(r"SCAN (?!CONSTANT ROW|\(subquery|anon)(\S+(?: USING (?:COVERING )?INDEX \S+)?)|(AUTOMATIC .*)")
ORDERED = re.compile(r"ORDER BY (delivery\.seq|refusal\.id)(\s+DESC)?\s+LIMIT \?")
SEARCHES = (
    "printer", "is:held", "is:waiting", "is:none", "is:refused", "is:comment", "reason:vacation", "today", "10:14", "ticket:TIC001001",
    "TIC001001", "from:acme", "to:support printer", "x@y.example", "refused:1", "is:held printer", "019f",
)  # fmt: skip
COMMANDS = (
    "queue list", "queue list --stage pending", "queue list --stage done", "queue list --held-files", "queue show 1",
    "queue show 019f0000", "queue show 019f0000-0000-7000-8000-000000000001", "show 1@acme.example", "thread show TIC001001",
    "thread token TIC001001", "sums", "today", "todo", "audit", "rules", "rules --never", "notices problems", "notices review",
    "notices expected", "notices list", "notices end TIC001001", "windows list", "windows show", "silence", "queue retry 3",
)  # fmt: skip


@contextmanager
def seen() -> Iterator[dict[str, Any]]:
    """The statements that are carried out, each with the last values that it was given."""
    statements: dict[str, Any] = {}

    def see(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        statements[statement] = parameters[0] if many else parameters

    event.listen(Engine, "before_cursor_execute", see)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", see)


def through_all(site: Site, statements: dict[str, Any]) -> list[tuple[str, str]]:
    """Those that read through a table or index that grows with the mail."""
    found = []
    with site.console.access._engine.connect() as connection:
        for statement, values in statements.items():
            if statement.split()[0] not in ("SELECT", "UPDATE", "DELETE", "WITH") or "WHERE 0 = 1" in statement:
                continue
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values):
                match = OF_ALL.match(row[3])
                is_in_order = match and match[1] in ("delivery", "refusal") and ORDERED.search(statement)
                if match and match[1] not in SMALL and not is_in_order:
                    found.append((row[3], statement))
    return found


async def test_of_pages(client: httpx.AsyncClient, site: Site) -> None:
    numbers = [str(number) for number in site.numbers.values()]
    client.cookies = {COOKIE: site.opens["administer"]}  # type: ignore[assignment]
    with seen() as statements:
        for method, path, *_ in PAGES:
            if method == "GET" and "html" not in path and "file" not in path and "original" not in path:
                await client.get(path.replace("{number:number}", numbers[0]).replace("{name}", "march"))
        for typed in SEARCHES:
            await client.get("/find", params={"q": typed})
            await client.get("/find", params={"q": typed, "before": "5", "refused": "5"})
        for act in ACTS:
            await client.post("/act", data={"act": act.name, "mail": numbers, "confirmed": "yes", "to": "new"})
        await client.post("/vendors/end", data={"problem": "TIC001001", "why": "gone"})
    assert len(statements) > 80
    assert through_all(site, statements) == []


def test_of_commands(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gateway.toml").write_text(config_text("http://127.0.0.1:1", "key", tmp_path, 1, 2))
    monkeypatch.setenv("GATEWAY_CONFIG", str(tmp_path / "gateway.toml"))
    with seen() as statements:
        done = {words: CliRunner().invoke(commands, words.split()) for words in COMMANDS}

    assert {words: result.exit_code for words, result in done.items() if result.exit_code == 2} == {}
    assert len(statements) > 60
    assert through_all(site, statements) == []
