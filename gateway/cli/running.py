"""Serving, checking, and the desk that is simulated."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
)
from gateway.config import settings as config
from gateway.config.load import load
from gateway.priority import be_nice
from gateway.processes.life import run_loop
from gateway.startup import uncollected

if TYPE_CHECKING:
    from gateway.desk.catalog import Destination
    from gateway.operate.preview.check import Box, Checked

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
    if role == "all" and (settings := settings_of(config_file)).listener_processes:
        _supervise(settings, config_file)
    else:
        _serve(config_file, role)


def _serve(
    config_file: Path | None, role: str, run_folder: Path | None = None, settings: config.Settings | None = None
) -> None:
    """``run_folder``: of a worker whose listeners are processes beside it. ``settings``: when read already."""
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
    settings = settings or settings_of(config_file)
    log.setup(settings.log.level, settings.log.format)
    _can_start(settings, role, run_folder)
    if role == "worker":
        be_nice(settings.work.nice)

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


def _can_start(settings: config.Settings, role: str, run_folder: Path | None) -> None:
    """What would fail later, and less clearly, is said before anything is opened. A worker beside listeners has no
    ports: its supervisor holds them."""
    from gateway.operate.preview import startcheck

    listens, works = role != "worker", role != "smtp"
    found = startcheck.faults(settings, listens=listens, works=works, ports=run_folder is None, database=False)
    if found:
        fail("\n".join(f"cannot start: {fault}" for fault in found), USAGE)


def _supervise(settings: config.Settings, config_file: Path | None) -> None:
    """Listeners and a worker as processes of their own. Whether they can start is asked in a process, too: they are
    forked from this one, and shall not have what that takes."""
    with uncollected():
        from gateway.processes import supervisor

    def checked() -> None:
        with _ending_the_process():
            _can_start(settings, "all", None)

    def work(folder: Path, is_first: bool) -> None:
        with _ending_the_process():
            _serve(config_file, "worker", folder, settings if is_first else None)

    log.setup(settings.log.level, settings.log.format)
    _, status = os.waitpid(supervisor.forked("check", checked), 0)
    if code := os.waitstatus_to_exitcode(status):
        raise typer.Exit(code)
    try:
        if code := supervisor.run(settings, work):
            raise typer.Exit(code)
    except OSError as error:
        fail(f"cannot start: {error}")


@contextlib.contextmanager
def _ending_the_process() -> Iterator[None]:
    """Where no command is around: its end is the process's."""
    try:
        yield
    except typer.Exit as end:
        sys.exit(end.exit_code)


@app.command()
def check(
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
    ids: Annotated[bool, typer.Option("--ids", help="Print the desk's ids as well.")] = False,
    probe: Annotated[
        str,
        typer.Option(
            metavar="RELAY", help="Send this relay (host or host:port) a forged mail, to see if it is believed."
        ),
    ] = "",
) -> None:
    """Check the configuration: its names and keys at the desk, and whether `serve` can start here."""
    from gateway.config.locations import Fault
    from gateway.operate.preview.check import check as look

    settings = settings_of(config_file)
    log.setup("critical", "text")
    found = asyncio.run(look(settings, config_file))
    probed, is_good = _probe(config_file, settings, probe) if probe else ("", True)
    if not is_good:
        found.faults.append(Fault("probe", probed))
    if as_json:
        rows = [_ids_row(box) for box in found.boxes]
        faults = [{"where": fault.where, "result": fault.what} for fault in found.faults]
        serves = {"where": "smtp.processes", "serves": found.serves}
        print_json(
            [*rows, serves, *faults, *({"where": "", "note": note} for note in found.notes), *_probed_row(probed)]
        )
    else:
        for line in _lines(found, len(settings.desks) > 1, ids):
            typer.echo(cell(line))
        if probed and is_good:
            typer.echo(cell(f"ok     probe: {probed}"))
    if not found.is_good:
        raise typer.Exit(FAULT)


def _lines(found: Checked, names_desks: bool, ids: bool) -> list[str]:
    """One line for a mailbox, a fault or a note, each with its kind first."""
    lines = []
    for box in found.boxes:
        name = f"{box.address} at {box.desk}" if names_desks else box.address
        lines += [f"fault  {name}: {wrong}" for wrong in box.wrong]
        if place := box.place:
            where = f"{place.board} / {place.status} / {place.priority}"
            lines.append(f"ok     {name} -> {where}, {_otherwise(place)}")
            if ids:
                lines.append(f"       board {place.board_id}, status {place.status_id}, priority {place.priority_id}")
    lines.append(f"ok     serves as {found.serves}")
    lines += [f"fault  {fault}" for fault in found.faults]
    lines += [f"note   {note}" for note in found.notes]
    wrong = len(found.faults) + sum(len(box.wrong) for box in found.boxes)
    lines.append(f"{wrong} fault{'s' if wrong > 1 else ''}" if wrong else "ok")
    return lines


def _otherwise(place: Destination) -> str:
    """What becomes of mail from people whom the desk does not know."""
    return f"else {place.client}" if place.client_id else "and mail of unknown senders is quarantined"


def _ids_row(box: Box) -> dict[str, str]:
    row = dict.fromkeys(("board", "status", "priority", "fallback client"), "")
    if place := box.place:
        row = {
            "board": f"{place.board} = {place.board_id}",
            "status": f"{place.status} = {place.status_id}",
            "priority": f"{place.priority} = {place.priority_id}",
            "fallback client": f"{place.client} = {place.client_id}" if place.client_id else "(none: quarantine)",
        }
    return {"desk": box.desk, "mailbox": box.address, **row, "result": "; ".join(box.wrong) or "ok"}


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
    why = f" ({found.reason})" if found.reason else ""
    return f"the forged mail was not believed: verdict {found.verdict}{why}", True


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
