"""Rules, domains and notices: which are in force and how often they counted, and trying others before they do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway import log
from gateway.cli.shared import (
    ConfigOption,
    DeliveryArgument,
    JsonOption,
    TextOption,
    cell,
    fail,
    on_store,
    print_json,
    settings_of,
    table,
    text_of,
    with_text,
)
from gateway.config import settings as config

if TYPE_CHECKING:
    from gateway.operate.preview.whatif import Again

app = typer.Typer(invoke_without_command=True, help="Show the rules, and try others.")


@app.callback()
def rules(
    context: typer.Context,
    config_file: ConfigOption = None,
    never: Annotated[bool, typer.Option("--never", help="Only those that counted for no mail in 30 days.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the rules, domains and notices with how many mails each counted for in 30 days, and the last."""
    from gateway.operate import said
    from gateway.operate.rules import ruled

    if context.invoked_subcommand:
        return
    settings, now = settings_of(config_file), time.time()
    rows = on_store(config_file, lambda connection: ruled(connection, settings, now))
    rows = tuple(row for row in rows if not (never and row.count.mails))
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    if not rows:
        typer.echo("each of them counted" if never else "the configuration has no rules, domains or notices")
        return
    table(
        ["", "name", "does", "mails in 30 days", "the last", "stands at"],
        [
            [row.kind, row.name, row.does, row.count.mails or "never",
             f"{said.when(row.count.at, now, None)} #{row.count.last}" if row.count.last else "", row.where]
            for row in rows
        ],
    )  # fmt: skip


@app.command("check")
def check_text(
    file: Annotated[Path, typer.Argument(help="A file with [[rule]], [[domain]], [[notice]] or [[file]]; - reads it.")],
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a text for the configuration, its examples and the names that the desks have to know; say where it goes."""
    from gateway.operate.preview import noticecheck
    from gateway.operate.preview.pasted import pasted
    from gateway.work.desks import make_directory
    from gateway.work.rules import check

    settings = settings_of(config_file)
    log.setup("error", "text")
    try:
        found = pasted(settings, text_of(file))
    except config.ConfigError as error:
        _checked([], str(error).splitlines(), [], as_json)
        return
    faults = [f"{fault.where}: {fault.what}" for fault in noticecheck.check_profiles(found.settings)]
    notes: list[str] = []

    async def ask() -> None:
        for name in found.settings.desks:
            directory = make_directory(found.settings, name)
            if await directory.refresh() and directory.catalog is not None:
                wrong = [*check(found.settings, name, directory.catalog)]
                wrong += noticecheck.check(found.settings, name, directory.catalog)
                faults.extend(fault.what for fault in wrong)
            else:
                notes.append(f"desk {name} does not answer: whether it has the names was not checked")
            await directory.desk.close()

    asyncio.run(ask())
    _checked(list(found.places), faults, notes, as_json)


def _checked(places: list[str], faults: list[str], notes: list[str], as_json: bool) -> None:
    if as_json:
        print_json({"good": not faults, "faults": faults, "notes": notes, "places": places})
    else:
        for line in (*faults, *notes):
            typer.echo(cell(line), err=True)
        for place in places if not faults else ():
            typer.echo(cell(f"right; {place}"))
    if faults:
        raise typer.Exit(1)


@app.command("try")
def try_on(
    mail: DeliveryArgument, text: TextOption = None, config_file: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Decide a kept mail again, by the configuration as its file is now, or with a text in it. Changes nothing."""
    from gateway.store import operator

    settings = with_text(settings_of(config_file), text)
    log.setup("error", "text")
    seq = on_store(config_file, lambda connection: int(operator.find(connection, mail)["seq"]))
    found = _again(settings, seq)
    if found is None:
        fail(f"#{seq} cannot be decided again: it waits, was moved or dropped, or is not kept any more")
    if as_json:
        print_json(asdict(found))
        return
    table(["rule", "saw", "so"], [list(step) for step in found.steps])
    for key in dict.fromkeys((*found.before, *found.after)):
        before, after = found.before.get(key, "-"), found.after.get(key, "-")
        typer.echo(cell(f"{key}: {before}" if before == after else f"{key}: {before} -> {after}"))
    typer.echo("it would be the same" if found.before == found.after else "it would be different")


def _again(settings: config.Settings, seq: int) -> Again | None:
    from gateway.operate.preview.whatif import again
    from gateway.store.engine import make_engine
    from gateway.work.desks import make_directory
    from gateway.work.parser import Parser

    engine = make_engine(settings.store.url, create=False)

    def read(operation: Callable[[Any], Any]) -> Any:
        with engine.connect() as connection:
            return operation(connection)

    async def run() -> Again | None:
        directories = {name: make_directory(settings, name) for name in settings.desks}
        parser = Parser(own=settings.own_addresses(), memory=settings.parser.memory)
        try:
            for name, directory in directories.items():
                if not await directory.refresh():
                    fail(f"desk {name} does not answer: {directory.desk.breaker.reason}")
            return await again(read, parser, directories, settings, seq)
        finally:
            await parser.close()
            for directory in directories.values():
                await directory.desk.close()

    try:
        return asyncio.run(run())
    finally:
        engine.dispose()
