"""A desk in shadow: what was planned, beside what the desk's own mail made; and the way out of it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from gateway import log
from gateway.cli.progress import Progress
from gateway.cli.shared import (
    USAGE,
    ConfigOption,
    JsonOption,
    change_store,
    fail,
    moment_of,
    on_store,
    print_json,
    settings_of,
    table,
    time_before,
    when,
)

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.config.settings import Settings
    from gateway.operate.comparison import Comparison
    from gateway.operate.shadow import Planned

app = typer.Typer(no_args_is_help=True, help="A desk in shadow: reports, comparison, the switch to live.")

DeskOption = Annotated[str, typer.Option("--desk", help="The desk, where there are several.")]
SinceOption = Annotated[str, typer.Option(metavar="SPAN", help="How far back, for example 1d or 14d.")]


@app.command()
def report(
    config_file: ConfigOption = None, desk: DeskOption = "", since: SinceOption = "1d", as_json: JsonOption = False
) -> None:
    """Show what would have been done in that time."""
    from gateway.operate.shadow import summary

    settings = settings_of(config_file)
    name = _desk(settings, desk)
    mails = _planned(config_file, name, time_before(since))
    names = asyncio.run(_names(settings, name))
    found = summary(mails, names)
    if as_json:
        print_json(asdict(found))
        return
    typer.echo(f"{found.mails} mails in shadow")
    table(["would be", "mails"], [[what, count] for what, count in found.became.items()])
    table(["because", "mails"], [[what, count] for what, count in found.reasons.items()])
    table(["tickets for", "mails"], [[what, count] for what, count in found.clients.items()])


@app.command()
def compare(
    config_file: ConfigOption = None,
    desk: DeskOption = "",
    since: SinceOption = "14d",
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option(min=0, max=100_000, help="Show at most so many differences.")] = 50,
) -> None:
    """Lay the desk's tickets and mailed comments of that time beside what was planned: what differs, mail by mail."""
    settings = settings_of(config_file)
    name = _desk(settings, desk)
    found = _compared(config_file, settings, name, time_before(since))
    if as_json:
        print_json(
            {
                "counts": dict(found.counts),
                "comments": dict(found.comments),
                "unread": found.unread,
                "unsearched": found.unsearched,
                "differences": [asdict(each) for each in found.differences],
            }
        )
        return
    kinds = (found.counts + found.comments).most_common()
    table(["", "tickets", "comments"], [[kind, found.counts[kind], found.comments[kind]] for kind, _ in kinds])
    rows = [
        [each.kind, when(each.at), each.sender, each.subject[:60], each.here, each.there]
        for each in found.differences[:limit]
    ]
    table(["difference", "at", "from", "subject", "here", "at the desk"], rows)
    if found.unread:
        typer.echo(f"the comments of {found.unread} tickets were not read: take a shorter --since")
    if found.unsearched:
        typer.echo(f"comments on tickets that nobody else changed may be missing: the search says {found.unsearched}")
    if len(found.differences) > limit:
        typer.echo(f"and {len(found.differences) - limit} more")


@app.command()
def end(
    config_file: ConfigOption = None,
    desk: DeskOption = "",
    take_up: Annotated[
        str, typer.Option("--from", metavar="TIME", help="Post the mail that was accepted since then, for real.")
    ] = "",
    link: Annotated[
        bool, typer.Option("--link/--no-link", help="Replies to mail of the shadow go on the desk's own tickets.")
    ] = True,
) -> None:
    """End the shadow of a desk, while the gateway is stopped and its mode is live again."""
    from gateway.operate.shadow import end as leave
    from gateway.store import shadow

    settings = settings_of(config_file)
    name = _desk(settings, desk)
    if settings.desks[name].mode != "live":
        fail(f"desk {name} is in shadow by the configuration: set its mode to live first", USAGE)
    began = on_store(config_file, lambda connection: shadow.since(connection, name))
    if not began:
        fail(f"desk {name} is not in shadow")
    moment = moment_of(take_up) if take_up else None
    real = _compared(config_file, settings, name, began, comments=False).real if link else {}
    taken = {mail.ticket_id for mail in _planned(config_file, name, moment)} if moment is not None else set()
    kept = {planned: ticket for planned, ticket in real.items() if planned not in taken}
    now = time.time()
    left = change_store(config_file, lambda connection: leave(connection, settings, name, now, moment, kept))
    typer.echo(
        f"desk {name} is live: {left.taken_up} mails are taken up, {left.ended} that were under way ended, "
        f"{len(kept)} conversations go on at the desk's own tickets"
    )


def _desk(settings: Settings, name: str) -> str:
    if not name and len(settings.desks) == 1:
        return next(iter(settings.desks))
    if name not in settings.desks:
        fail(f"--desk: expected one of {', '.join(settings.desks)}", USAGE)
    return name


def _planned(config_file: Path | None, desk: str, since: float) -> list[Planned]:
    from gateway.operate.shadow import planned

    return on_store(config_file, lambda connection: planned(connection, desk, since, time.time()))


async def _names(settings: Settings, desk: str) -> dict[str, str]:
    """The desk's ids with their names; without the desk none."""
    from gateway.work.desks import desks_read

    log.setup("error", "text")
    async with desks_read(settings, desk) as directories:
        catalog = directories[desk].catalog
        return catalog.names() if catalog else {}


def _compared(
    config_file: Path | None, settings: Settings, desk: str, since: float, comments: bool = True
) -> Comparison:
    from gateway.desk.outcome import DeskAway
    from gateway.operate.comparison import There, read, tickets_of
    from gateway.operate.comparison import compare as lay_beside
    from gateway.work.desks import desks_read

    log.setup("error", "text")
    mails = _planned(config_file, desk, since)
    until = time.time()

    async def ask() -> Comparison:
        async with desks_read(settings, desk) as directories:
            directory = directories[desk]
            names = directory.catalog.names() if directory.catalog else {}
            client = directory.desk
            there = await read(client, mails, since, Progress()) if comments else There(await tickets_of(client, since))
            return lay_beside(mails, there, names, since, until)

    try:
        return asyncio.run(ask())
    except DeskAway as away:
        fail(f"the desk cannot be read: {away.outcome}")
