"""Rules: CPU of a decision with 60 of them, hostile patterns and bodies, and ``whatif``: mails a second."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from gateway.config import parse
from gateway.decide.conditions import View
from gateway.decide.facts import Facts
from gateway.decide.plan import Trace
from gateway.decide.rules import route
from gateway.envelope import Envelope
from gateway.mail.read import read
from gateway.rules import resolved

MOST_MS = 1.0
MOST_STALL_MS = 250.0


def settings(rules: list[dict[str, Any]]) -> Any:
    return parse(
        {
            "desk": {"url": "http://desk/api/v1", "api_key": "k"},
            "mailbox": [{"address": "support@msp.example"}],
            "rule": rules,
        },
        {},
    )


def sixty() -> list[dict[str, Any]]:
    """Rules of every kind, none of which matches."""
    kinds = [
        lambda n: {"field": "subject", "contains": f"nothing {n}"},
        lambda n: {"field": "subject", "regex": rf"(?P<a>[A-Z]+)-{n}(?P<b>\d+)$"},
        lambda n: {"field": "from", "glob": f"*@customer{n}.example"},
        lambda n: {"field": "body", "contains": f"serial number {n}"},
        lambda n: {"field": "body", "regex": rf"Host: (?P<host>\S+) rack {n}"},
        lambda n: {"any": [{"field": "header:x-site", "equals": f"s{n}"}, {"field": "attachment", "glob": f"*.x{n}"}]},
    ]
    return [{"name": f"r{n}", "when": [kinds[n % len(kinds)](n)], "priority": "P"} for n in range(60)]


def mail(body: str) -> Any:
    text = f"From: ann@acme.example\nTo: support@msp.example\nSubject: The printer burns again\n\n{body}\n"
    return read(text.encode()).email


def cost(rules: list[dict[str, Any]], body: str, times: int) -> float:
    """Milliseconds of CPU that the rules take for one mail."""
    ready = resolved(settings(rules), "default", None)
    email, envelope = mail(body), Envelope("ann@acme.example", "support@msp.example", time=1.8e9)
    started = time.process_time()
    for _ in range(times):
        route(ready, View(email, envelope), Facts({}), Trace())
    return (time.process_time() - started) / times * 1000


def hostile() -> list[dict[str, Any]]:
    patterns = ["(a+)+$", "(a|aa)+$", "(.*)*x", "(?P<x>(a*)*)b", "([a-z]+ ?)+!$"]
    return [
        {"name": f"h{n}", "when": [{"field": "body", "regex": one}], "priority": "P"} for n, one in enumerate(patterns)
    ]


async def kept(mails: int, folder: Path, migrated: Path) -> float:
    """Seconds of ``whatif`` over so many kept mails, without the parser's children."""
    from gateway.whatif import replay
    from tests.scenarios.stage import M, Stage, settings_for

    stage = Stage(
        folder,
        migrated,
        {
            **settings_for(),
            "rule": [{**one, "priority": "High"} for one in sixty()],
            "guard": {"tickets_per_hour": 0, "comments_per_hour": 0},
        },
    )
    await stage.open()
    for number in range(mails):
        await stage.accept(
            M(f"m{number}", "Alice Archer <alice@acme.example>", f"Problem {number}", text="words " * 100)
        )
        if number % 50 == 49:
            await stage.work()
    await stage.work()

    def look(operation: Any) -> Any:
        with stage.store.engine.connect() as connection:
            return operation(connection)

    started = time.monotonic()
    report = await replay(look, stage.planner.parser, stage.directories, stage.settings, 0.0)
    took = time.monotonic() - started
    await stage.close()
    assert report.mails == mails and not report.changes, report
    return took


def main(mails: int = 1000) -> dict[str, float]:
    import structlog

    from gateway.store.engine import make_engine
    from gateway.store.migrate import migrate

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    found = {
        "60 rules, 2 kB body, ms": cost(sixty(), "lines of words here " * 100, 300),
        "60 rules, 1 MB body, ms": cost(sixty(), "lines of words here " * 50_000, 5),
        "5 hostile patterns, 1 MB body, ms": cost(hostile(), "a" * 1_000_000, 3),
    }
    with tempfile.TemporaryDirectory() as name:
        migrated = Path(name) / "migrated.db"
        engine = make_engine(f"sqlite:///{migrated}")
        migrate(engine)
        engine.dispose()
        folder = Path(name) / "stage"
        folder.mkdir()
        took = asyncio.run(kept(mails, folder, migrated))
        found["whatif, mails a second"] = mails / took
    assert found["60 rules, 2 kB body, ms"] <= MOST_MS
    assert max(found["60 rules, 1 MB body, ms"], found["5 hostile patterns, 1 MB body, ms"]) <= MOST_STALL_MS
    assert found["whatif, mails a second"] >= 10_000 / 60
    return found


if __name__ == "__main__":
    print(json.dumps(main()))
