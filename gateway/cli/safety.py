"""Backups, the way back, and whether the store is whole."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.shared import (
    FAULT,
    ConfigOption,
    JsonOption,
    cell,
    change_store,
    fail,
    operator_name,
    print_json,
    settings_of,
    store_name,
    when,
)

app = typer.Typer()

Source = Annotated[Path, typer.Argument(help="The folder or .tar file that `gateway backup` made.")]


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="A new folder, or a new file that ends in .tar.")],
    config_file: ConfigOption = None,
    fail_empty: Annotated[
        bool, typer.Option("--fail-empty", help="Exit with 1 if the store holds no mail: for cron.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Back up the database and the spool. The gateway may be running."""
    from gateway.model.quantity import counted
    from gateway.operate.backup import BackupFailed, make

    settings = settings_of(config_file)
    try:
        found = make(settings, target)
    except BackupFailed as error:
        fail(f"no backup: {error}")
    deliveries = counted(found.sums["accepted"], "delivery", "deliveries")
    if as_json:
        print_json({**asdict(found), "files": len(found.files)})
    else:
        size = sum(size for _, size, _ in found.files)
        typer.echo(f"{target}: {deliveries}, {counted(len(found.files), 'file')}, {size} bytes")
    _note_backup(config_file, target)
    if not found.sums["accepted"]:
        typer.echo(f"WARNING: {cell(store_name(settings))} holds no mail: is it the gateway's?", err=True)
        if fail_empty:
            raise typer.Exit(FAULT)
    if found.missing:
        mails = counted(len(found.missing), "file of a mail", "files of mails")
        fail(f"NOT COMPLETE: {mails} cannot be read: {', '.join(found.missing[:5])}")


def _note_backup(config_file: Path | None, target: Path) -> None:
    """Write down that there is one, for `gateway today`."""
    from gateway.store import acts

    actor, now = acts.Actor(operator_name(None)), time.time()
    change_store(config_file, lambda c: acts.add(c, actor, "backup", now, detail=str(target)))


@app.command()
def restore(
    source: Source,
    config_file: ConfigOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a store that holds mail; SQLite's file is set aside.")
    ] = False,
) -> None:
    """Restore a backup into the configured store. The gateway must be stopped."""
    from gateway.model.quantity import counted
    from gateway.operate.backup import BadBackup
    from gateway.operate.restore import NotRestored
    from gateway.operate.restore import restore as put_back

    try:
        found = put_back(settings_of(config_file), source, overwrite=overwrite)
    except BadBackup as error:
        fail(f"the backup is not usable, nothing was changed: {error}")
    except NotRestored as error:
        fail(f"not restored: {error}")
    open_ones = found.sums["pending"] + found.sums["quarantined"]
    deliveries = counted(found.sums["accepted"], "delivery", "deliveries")
    typer.echo(f"restored {deliveries} of {when(found.since)}, {open_ones} of them open")
    typer.echo("mail that was accepted after the backup is not in it; open mail is looked for at the desk before")
    typer.echo("anything is sent")


@app.command()
def verify(
    config_file: ConfigOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Do not read the contents of the mails.")] = False,
    against_desk: Annotated[
        bool, typer.Option("--against-desk", help="Also read the newest tickets and comments at the desks.")
    ] = False,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many tickets and comments to read at each desk.")
    ] = 50,
    as_json: JsonOption = False,
) -> None:
    """Check that the store is intact: database, mails, files, sums, effects. Changes nothing."""
    from sqlalchemy.exc import DBAPIError

    from gateway.config.settings import ConfigError
    from gateway.operate import verify as looking
    from gateway.operate import verify_desk
    from gateway.store.engine import NoDatabase

    settings = settings_of(config_file)
    try:
        found = looking.verify(settings, quick=quick)
        if against_desk:
            found += verify_desk.against_desk(settings, limit)
    except (NoDatabase, ConfigError) as error:
        fail(str(error))
    except DBAPIError as error:
        fail(f"{settings.store.url.split('@')[-1]}: {error.orig}")
    if as_json:
        print_json([{**asdict(finding), "good": finding.good} for finding in found])
    else:
        for finding in found:
            typer.echo(f"{'ok ' if finding.good else 'BAD'} {finding.what:10} {cell(finding.looked)}")
            for fault in finding.faults[: looking.MOST]:
                typer.echo(f"    {cell(fault)}")
            if len(finding.faults) > looking.MOST:
                typer.echo(f"    and {len(finding.faults) - looking.MOST} more")
            for note in finding.notes[: looking.MOST]:
                typer.echo(f"    note: {cell(note)}")
    if not all(finding.good for finding in found):
        raise typer.Exit(FAULT)
