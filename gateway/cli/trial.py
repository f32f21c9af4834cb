"""Trying mail that lies in files: what would become of it, without a desk that notices."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway import log
from gateway.cli.progress import Progress
from gateway.cli.shared import (
    USAGE,
    ConfigOption,
    JsonOption,
    cell,
    fail,
    mailbox_of,
    moment_of,
    print_json,
    settings_of,
    table,
)
from gateway.processes.life import run_loop

if TYPE_CHECKING:
    from gateway.operate.trial.report import Report

app = typer.Typer()

STOPPED = 130  # exit code of what was interrupted
SHOWN = 10  # rows of a table


@app.command()
def trial(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="mbox files, Maildirs, folders of mails, exports of Gmail and other programs, also packed."
        ),
    ],
    config_file: ConfigOption = None,
    folder: Annotated[Path, typer.Option(help="Where the trial is kept, with its report.")] = Path("gateway-trial"),
    mailbox: Annotated[
        str, typer.Option(help="The mailbox for mail that names none of ours; default: the first mailbox.")
    ] = "",
    believe: Annotated[
        list[str] | None,
        typer.Option(
            "--believe",
            metavar="ID",
            help="Believe the Authentication-Results of this server, for example mx.google.com.",
        ),
    ] = None,
    since: Annotated[str, typer.Option(metavar="DATE", help="Only mail that came since this day, YYYY-MM-DD.")] = "",
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the desk anything.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Try the mail in files or folders and show what would become of it. Writes nothing at the desk; a read-only key is
    enough. Ctrl-C stops it; the same command continues."""
    from gateway.desk.outcome import DeskAway
    from gateway.model.quantity import counted
    from gateway.operate.trial import kept
    from gateway.operate.trial.places import NoMail
    from gateway.operate.trial.report import made
    from gateway.operate.trial.run import NotTheSame, Trial, Wanted
    from gateway.operate.trial.way import NotUsable
    from gateway.store.engine import StoreBusy
    from gateway.work.desks import rehearsed_desk

    settings = settings_of(config_file)
    log.setup("error", "text")
    earliest = moment_of(since) if since else 0.0
    wanted = Wanted(tuple(paths), folder, mailbox_of(settings, mailbox), tuple(believe or ()), earliest, offline)

    async def run() -> tuple[Report, bool]:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        under_way = Trial(settings, wanted, Progress(), stop)
        try:
            await under_way.prepare(lambda name: rehearsed_desk(settings, name, under_way.store))
            for what, files in under_way.unread.items():
                typer.echo(f"to look at: {counted(files, 'file')}, {'each ' if files > 1 else ''}{what}", err=True)
            is_done = await under_way.run()
            return under_way.store.read_sync(lambda connection: made(connection, settings)), is_done
        finally:
            await under_way.close()

    try:
        report, is_done = run_loop(run())
    except NotTheSame as error:
        fail(f"{error}: remove the folder, or name another with --folder", USAGE)
    except NoMail as error:
        fail(str(error), USAGE)
    except (NotUsable, StoreBusy) as error:
        fail(str(error))
    except DeskAway as away:
        fail(f"the desk cannot be read: {away.outcome}; --offline tries the mail without it")
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    now = time.time()
    kept.write(report, folder, is_done, now)
    if as_json:
        print_json(kept.values(report, folder, is_done, now))
    else:
        _show(report)
        typer.echo(f"\nreport: {(folder / kept.PAGE).absolute().as_uri()}")
        typer.echo(f"from another machine: gateway console --trial {folder}")
    if not is_done:
        typer.echo("stopped: the same command continues", err=True)
        raise typer.Exit(STOPPED)


def _show(report: Report) -> None:
    from gateway.model.quantity import counted

    sums = report.sums
    typer.echo(
        f"{counted(report.tried, 'mail')}: {counted(report.tickets, 'ticket')} ({report.fewer} fewer than mails), "
        f"{counted(sums['comments'], 'comment')}, {sums['suppressed']} suppressed, {sums['quarantined']} quarantined"
        + (f", {sums['redelivered']} came twice" if sums["redelivered"] else "")
        + (f", {sums['pending']} still wait" if sums["pending"] else "")
    )
    typer.echo(
        f"{counted(report.calls, 'counted call')} to the desk, {report.calls_a_mail:.2f} a mail; "
        f"{report.busiest_hour} in the busiest hour; contacts of {report.lookups} addresses and domains looked for"
    )
    for why, mails in report.left_out.items():
        typer.echo(cell(f"left out: {mails} {why}"))
    for what, files in report.unread.items():
        typer.echo(f"to look at: {counted(files, 'file')}, {'each ' if files > 1 else ''}{what}")
    for what, times in report.unasked.items():
        typer.echo(f"not asked: {what}, {counted(times, 'time')}")
    for title, rows in (("by client", report.by_client), ("by mailbox", report.by_mailbox)):
        _table(
            [title, "mails", "tickets", "comments"],
            [[row.name, row.mails, row.tickets, row.comments] for row in rows],
        )
    _table(
        ["no client has", "mails", "people", "its name is like"],
        [[row.name, row.mails, row.people, row.client or row.advice] for row in report.strangers],
    )
    _table(
        ["notices of", "mails", "problems", "tickets", "not read", "missing"],
        [[row.title, row.mails, row.problems, row.tickets, row.unread, row.missing] for row in report.products],
    )
    _table(
        ["a profile could read", "mails", "problems"],
        [[f"{row.title} ({row.profile})", row.mails, row.problems] for row in report.fits],
    )
    for title, asides in (("quarantined", report.quarantined), ("suppressed", report.suppressed)):
        _table([title, "mails", "what happened"], [[row.reason, row.mails, row.happened] for row in asides])


def _table(columns: list[str], rows: list[list[object]]) -> None:
    if rows:
        typer.echo("")
        table(columns, rows[:SHOWN])
        if len(rows) > SHOWN:
            typer.echo(f"and {len(rows) - SHOWN} more: see the report")
