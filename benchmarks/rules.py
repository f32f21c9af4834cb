"""Rules: CPU of a decision with 60 of them, hostile patterns and bodies, and ``whatif`` over kept mail."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, literal, select, text

from gateway.config.load import parse
from gateway.decide.rules import route
from gateway.mail.read import read
from gateway.match.conditions import View
from gateway.model.envelope import Envelope
from gateway.model.plan import Trace
from gateway.model.questions import Facts
from gateway.store.schema import delivery, effect
from gateway.work.rules import resolved

MOST_MS = 1.0
MOST_STALL_MS = 250.0
MOST_OF_WHATIF_MS = 6.0  # seconds depend on what else the machine does
MADE = 500  # kept mails that are worked on; making all of them takes too long
ALICE = "Alice Archer <alice@acme.example>"


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
    kinds: list[Callable[[int], dict[str, Any]]] = [
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
        {"name": f"h{n}", "when": [{"field": "body", "regex": pattern}], "priority": "P"}
        for n, pattern in enumerate(patterns)
    ]


def cpu() -> float:
    """Seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


async def kept(mails: int, folder: Path, migrated: Path) -> dict[str, float]:
    """What ``whatif`` takes over so many kept mails, for the first time and again, when a rule was added and a mailbox
    was changed. Some are made as always, the others are copies of their rows."""
    from tests.scenarios.stage import M, Stage, settings_for

    config: dict[str, Any] = {
        **settings_for(),
        "rule": [{**rule, "priority": "High"} for rule in sixty()],
        "guard": {"tickets_per_hour": 0, "comments_per_hour": 0},
    }
    stage = Stage(folder, migrated, config)
    await stage.open()
    made = min(mails, MADE)
    for number in range(made):
        files = {"report.pdf": b"%PDF-1.4" + b"x" * 20_000} if number % 10 == 0 else {}
        reply = f"m{number - 1}" if number % 3 == 2 else ""
        await stage.accept(M(f"m{number}", ALICE, f"Problem {number}", text="words " * 100, files=files, reply=reply))
        if number % 50 == 49:
            await stage.work()
    await stage.work()
    for copy in range(1, mails // made):
        await stage.store.write(partial(copied, copy=copy))
    new = {"name": "seven", "when": [{"field": "body", "contains": "words"}, SEVENS], "priority": "Low"}
    settings = stage.settings.model_copy(update={"rule": parse({**config, "rule": [new, *config["rule"]]}, {}).rule})
    found = {}
    for when in ("the first time", "again"):
        report, took, used = await tried(stage, settings)
        assert report.mails == mails // made * made, report
        changed = report.mails * sum("7" in str(number) and number % 3 != 2 for number in range(made)) // made
        assert report.counts == {"priority": changed}, report.counts
        found[f"whatif over {mails} mails, {when}, s"] = took
        found[f"whatif over {mails} mails, {when}, ms CPU a mail"] = 1000 * used / mails
    await stage.close()
    return found


MANY = 1_000_000
SEVENS = {"field": "subject", "contains": "7"}


async def tried(stage: Any, settings: Any) -> tuple[Any, float, float]:
    """The report of ``whatif``, as the command makes it, with its seconds, and those of CPU with all children."""
    from gateway.operate.preview.whatif import replay_at_once
    from gateway.work.parser import Parser

    def look(operation: Any) -> Any:
        with stage.store.engine.connect() as connection:
            return operation(connection)

    started, used = time.monotonic(), cpu()
    parser = Parser(own=settings.own_addresses())
    report = await replay_at_once(look, parser, stage.directories, settings, 0.0)
    took = time.monotonic() - started
    await parser.close()
    return report, took, cpu() - used


def copied(connection: Connection, copy: int) -> None:
    """The deliveries that were made, with their effects, once more under other ids; each mail with a header of its
    own, so that what was read of one is not that of another."""
    moved = copy * MANY
    line = f"X-Copy: {copy}\r\n"
    connection.execute(
        text(
            "INSERT INTO raw (id, data, path, size, sha256) "
            "SELECT id + :moved, CAST(:line || data AS BLOB), path, size + :more, sha256 FROM raw WHERE id <= :made"
        ),
        {"moved": moved, "line": line, "more": len(line), "made": MADE},
    )
    for table, key in ((delivery, "id"), (effect, "delivery_id")):
        columns = [column.name for column in table.columns if column.name != "seq"]
        other = literal(f"{copy:04d}").concat(func.substr(table.c[key], 5))
        new = {key: other, "raw_id": delivery.c.raw_id + moved}
        values = [new.get(column, table.c[column]) for column in columns]
        first = select(delivery.c.id).where(delivery.c.seq <= MADE)
        connection.execute(insert(table).from_select(columns, select(*values).where(table.c[key].in_(first))))


def main(mails: int = 10_000) -> dict[str, float]:
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
        of_whatif = asyncio.run(kept(mails, folder, migrated))
    assert found["60 rules, 2 kB body, ms"] <= MOST_MS
    assert max(found["60 rules, 1 MB body, ms"], found["5 hostile patterns, 1 MB body, ms"]) <= MOST_STALL_MS
    assert of_whatif[f"whatif over {mails} mails, the first time, ms CPU a mail"] <= MOST_OF_WHATIF_MS
    return found | of_whatif


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:])), indent=1))
