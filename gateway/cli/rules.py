"""Rules, domains and notices: which are in force and how often they counted, and trying others before they do."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gateway import log
from gateway.cli.shared import (
    A_FILE_OF_RULES,
    ConfigOption,
    DeliveryArgument,
    JsonOption,
    TextOption,
    cell,
    fail,
    on_kept_mail,
    on_store,
    print_json,
    settings_of,
    table,
    text_of,
    with_text,
)
from gateway.config import settings as config

app = typer.Typer(invoke_without_command=True, help="Show the rules, check and try new ones.")


@app.callback()
def rules(
    context: typer.Context,
    config_file: ConfigOption = None,
    never: Annotated[bool, typer.Option("--never", help="Only those that matched no mail in 30 days.")] = False,
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
        ["", "name", "does", "mails in 30 days", "the last", "where"],
        [
            [row.kind, row.name, row.does, row.count.mails or "never",
             f"{said.when(row.count.at, now, None)} #{row.count.last}" if row.count.last else "", row.where]
            for row in rows
        ],
    )  # fmt: skip


@app.command("check")
def check_text(
    file: Annotated[Path, typer.Argument(help=f"{A_FILE_OF_RULES}; - is standard input.")],
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a piece of configuration, its examples and its names at the desks, and say where to put it."""
    from gateway.operate.preview import namecheck, noticecheck
    from gateway.operate.preview.pasted import pasted

    settings = settings_of(config_file)
    log.setup("error", "text")
    try:
        found = pasted(settings, text_of(file))
    except config.ConfigError as error:
        _checked([], str(error).splitlines(), [], as_json)
        return
    faults = [str(fault) for fault in noticecheck.check_profiles(found.settings)]
    at_desks, notes = asyncio.run(namecheck.at_desks(found.settings))
    faults += [fault.what for fault in at_desks]
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
    """Decide a kept mail again by the configuration as its file is now, or with a piece added. Changes nothing."""
    from gateway.operate.preview.whatif import again
    from gateway.store import operator

    settings = with_text(settings_of(config_file), text)
    row = on_store(config_file, lambda connection: operator.find(connection, mail), [mail])
    seq, its_desk = int(row["seq"]), {row["desk"]} & {*settings.desks}  # another may be away
    found = on_kept_mail(settings, lambda read, parser, desks: again(read, parser, desks, settings, seq), *its_desk)
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
