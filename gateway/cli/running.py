"""Serving, checking, and the desk that is simulated."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway import log
from gateway.cli.shared import (
    FAULT,
    USAGE,
    ConfigOption,
    JsonOption,
    cell,
    fail,
    on_store,
    print_json,
    settings_of,
    table,
)
from gateway.config import settings as config
from gateway.config.load import load
from gateway.processes.life import run_loop
from gateway.startup import uncollected

if TYPE_CHECKING:
    from gateway.desk.algapsa.catalog import UnknownName

PROBE_WAITS = 60.0  # seconds for a mail by way of the relay

app = typer.Typer()


@app.command()
def serve(
    config_file: ConfigOption = None,
    role: Annotated[
        str,
        typer.Option(
            envvar="GATEWAY_ROLE", help="all; or, with PostgreSQL, smtp (listener only) or worker (no listener)."
        ),
    ] = "all",
) -> None:
    """Run the gateway: accept mail and post it to the desk, until SIGTERM."""
    from gateway.processes.channel import die_with_parent, folder_of_run

    run_folder = folder_of_run()
    if role == "all" and run_folder is None and (settings := settings_of(config_file)).smtp.processes:
        return _supervise(settings, config_file or Path(os.environ.get("GATEWAY_CONFIG") or config.DEFAULT_FILE))
    if run_folder is not None:
        die_with_parent()
    with uncollected():
        from sqlalchemy.exc import DBAPIError

        from gateway.app import Gateway, Role
        from gateway.store.arrivals import ArrivalsDamaged
        from gateway.store.damage import StoreDamaged, unreadable
        from gateway.store.engine import StoreBusy
        from gateway.store.migrate import SchemaTooNew
        from gateway.store.reading import Unreadable

    if role not in list(Role):
        fail(f"role {role!r}: expected one of {', '.join(Role)}", USAGE)
    settings = settings_of(config_file)
    log.setup(settings.log.level, settings.log.format)

    async def run() -> None:
        read = partial(load, config_file)
        await Gateway(settings, role=Role(role), run_folder=run_folder, read=read).run()

    try:
        run_loop(run())
    except (config.ConfigError, StoreBusy, SchemaTooNew) as error:
        fail(str(error), USAGE)
    except (StoreDamaged, ArrivalsDamaged) as error:
        fail(f"cannot start: {error}")
    except (Unreadable, DBAPIError) as error:
        if damage := unreadable(error):
            fail(f"cannot start: the database is damaged ({damage}): see docs/operate.md")
        fail(f"cannot start: the database says: {getattr(error, 'orig', error)}")
    except OSError as error:
        fail(f"cannot start: {error}")


def _supervise(settings: config.Settings, config_file: Path) -> None:
    """Listeners and a worker as processes of their own."""
    with uncollected():
        from gateway.processes import supervisor

    if settings.store.arrivals_dir is None:
        fail("smtp.processes: listeners beside a worker need [store] accept = arrivals", USAGE)
    log.setup(settings.log.level, settings.log.format)
    try:
        supervisor.run(settings, config_file.absolute())
    except OSError as error:
        fail(f"cannot start: {error}")


@app.command()
def check(
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
    probe: Annotated[
        str,
        typer.Option(
            metavar="RELAY", help="Send this relay (host or host:port) a forged mail, to see if it is believed."
        ),
    ] = "",
) -> None:
    """Check the configuration, and its names and keys against the live desks."""
    from gateway.config.load import files_with_secrets
    from gateway.config.rooted import sqlite_file
    from gateway.operate.preview import fanout, noticecheck, sightcheck
    from gateway.store import private
    from gateway.templates import BadTemplate, Templates
    from gateway.work.desks import make_directory
    from gateway.work.rules import Fault
    from gateway.work.rules import check as check_rules

    settings = settings_of(config_file)
    log.setup("error", "text")

    faults: list[Fault] = []
    mailed: list[str] = []
    missing: list[str] = []

    async def ask() -> list[dict[str, str]]:
        rows = []
        faults.extend(noticecheck.check_profiles(settings))
        for folder in {box.templates for box in settings.mailbox}:
            Templates(folder).check()
        for name in settings.desks:
            directory = make_directory(settings, name)
            answered = await directory.refresh()
            if directory.catalog is not None:
                missing.extend(
                    f"desk {name}: {what} could not be read, mail goes on without: {why}"
                    for what, why in directory.catalog.missing.items()
                )
                faults.extend(check_rules(settings, name, directory.catalog))
                faults.extend(noticecheck.check(settings, name, directory.catalog))
                mailed.extend(fanout.preview(settings, name, directory.catalog))
                faults.extend(await sightcheck.check(settings, name, directory))
            for number, box in enumerate(settings.mailbox):
                if box.desk == name:
                    rows.append(_check_row(settings, number, directory, answered))
            await directory.desk.close()
        return rows

    try:
        rows = asyncio.run(ask())
    except (config.ConfigError, BadTemplate) as error:
        fail(str(error), USAGE)
    keys = [desk.api_key_file for desk in settings.desks.values() if desk.api_key_file]
    private_key = [settings.smtp.tls_key] if settings.smtp.tls_key else []
    store = private.of_store(sqlite_file(settings.store.url), settings.store.spool_dir)
    loose = private.loose([*store, *keys, *private_key, *files_with_secrets(settings, config_file)])
    probed, is_good = "", True
    if probe:
        probed, is_good = _probe(config_file, settings, probe)
        if not is_good:
            faults.append(Fault("probe", probed))
    if as_json:
        found = [{"where": fault.where, "result": fault.what} for fault in faults]
        noted = [{"where": "", "missing": line} for line in missing] + [{"where": "", "mode": line} for line in loose]
        print_json([*rows, *found, *noted, *_probed_row(probed)])
    else:
        columns = ["desk", "mailbox", "board", "status", "priority", "fallback client", "result"]
        table(columns, [[row[key] for key in columns] for row in rows])
        for fault in faults:
            typer.echo(cell(f"{fault.where}: {fault.what}"))
        if probed and is_good:
            typer.echo(cell(f"probe: {probed}"))
        if settings.store.url.startswith("postgresql") and not settings.store.objects:
            typer.echo(f"several processes: {settings.store.spool_dir} has to be a folder that all of them share")
        for line in (*missing, *mailed, *loose):
            typer.echo(cell(line))
    if faults or any(row["result"] != "ok" for row in rows):
        raise typer.Exit(FAULT)


def _probed_row(probed: str) -> list[dict[str, str]]:
    return [{"where": "probe", "probe": probed}] if probed else []


def _probe(config_file: Path | None, settings: config.Settings, relay: str) -> tuple[str, bool]:
    """What became of a forged mail by way of the relay, and whether that is as it should be."""
    from gateway.operate import probe

    forged = probe.forgery(settings, secrets.token_hex(8))
    try:
        refusal = probe.offer(relay, forged)
    except OSError as error:
        return f"{relay} cannot be reached: {error}", False
    if refusal:
        return f"{relay} refused the forged mail: {refusal}", True
    end = time.monotonic() + PROBE_WAITS
    while (found := on_store(config_file, lambda connection: probe.arrived(connection, forged))) is None:
        if time.monotonic() > end:
            return f"{relay} took the forged mail, and it is not here after {PROBE_WAITS:.0f} s", False
        time.sleep(1)
    if found.verdict == "pass":
        return (
            f"{relay} passed on a stranger's stamp, and it was believed ({found.reason}): see docs/install.md",
            False,
        )
    if found.passed_on:
        return f"{relay} passed on a stamp that a stranger wrote; it was not believed this time ({found.reason})", False
    return f"the forged mail was not believed: verdict {found.verdict} ({found.reason})", True


def _fault_of(settings: config.Settings, number: int, fault: UnknownName) -> str:
    """What is wrong with a name of a mailbox, with its place."""
    key = "fallback_client" if fault.kind == "client" else fault.kind
    return f"{settings.locations.of('mailbox', number, key)}: {fault}"


def _check_row(settings: config.Settings, number: int, directory: Any, answered: bool) -> dict[str, str]:
    box = settings.mailbox[number]
    row = dict.fromkeys(("board", "status", "priority", "fallback client"), "")
    result = directory.desk.breaker.reason or "the desk did not answer"
    if answered:
        wrong = directory.catalog.faults.get(box.address, ())
        result = "; ".join(_fault_of(settings, number, fault) for fault in wrong) or "ok"
    if result == "ok":
        place = directory.destination(box.address)
        row = {
            "board": f"{place.board} = {place.board_id}",
            "status": f"{place.status} = {place.status_id}",
            "priority": f"{place.priority} = {place.priority_id}",
            "fallback client": f"{place.client} = {place.client_id}" if place.client_id else "(none: quarantine)",
        }
    return {"desk": box.desk, "mailbox": box.address, **row, "result": result}


@app.command()
def migrate(config_file: ConfigOption = None) -> None:
    """Upgrade the database to this version's schema."""
    from gateway.store import migrate as migration
    from gateway.store.engine import make_engine

    engine = make_engine(settings_of(config_file).store.url)
    before = migration.current(engine)
    try:
        migration.migrate(engine)
    except migration.SchemaTooNew as error:
        fail(str(error), USAGE)
    typer.echo(f"schema {before or 'empty'} -> {migration.current(engine)}")


@app.command()
def demo(
    keep: Annotated[
        bool | None,
        typer.Option(help="Leave gateway and desk running, to look at their pages; default: in a terminal."),
    ] = None,
) -> None:
    """Deliver a dozen mails to a simulated desk and show what became of them."""
    from gateway.demo import run

    raise typer.Exit(run(sys.stdout.isatty() if keep is None else keep))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def simulator(context: typer.Context) -> None:
    """Run a simulated AlgaPSA desk."""
    from gateway.simulator.__main__ import main as serve_simulator

    raise typer.Exit(serve_simulator(context.args))
