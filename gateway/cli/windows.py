"""Maintenance windows: which there are, what they hold and held, and what one would have held."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from gateway import log
from gateway.cli.shared import (
    ByOption,
    ConfigOption,
    JsonOption,
    cell,
    change_store,
    fail,
    fail_without,
    on_store,
    operator_name,
    print_json,
    settings_of,
    table,
    time_before,
)
from gateway.config.types import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.config.settings import Settings
    from gateway.operate.preview.windowtry import Tried
    from gateway.operate.windows import Said

app = typer.Typer(no_args_is_help=True, help="List and set maintenance windows, in which new problems are held.")

NameArgument = Annotated[str, typer.Argument(help="The window's name or id, as `list` shows it.")]
WhyOption = Annotated[str, typer.Option("--why", help="For the history.")]
ClientOption = Annotated[str, typer.Option(help='Whose problems are held: a client by name, "*" for all.')]
ObjectOption = Annotated[
    list[str] | None, typer.Option("--object", help="Only of this device or job; a pattern with *; may be repeated.")
]
NoticeOption = Annotated[list[str] | None, typer.Option("--notice", help=r"Only of this [\[notice]]; may be repeated.")]
BeginOption = Annotated[str, typer.Option(help='Time in `timezone`: "2026-12-05 22:00".')]
RepeatOption = Annotated[
    str, typer.Option(help="daily, weekly, monthly, yearly, or a rule of RFC 5545: FREQ=MONTHLY;BYDAY=2TU.")
]
ZoneOption = Annotated[str, typer.Option("--timezone", help="Zone of the times; default: the configuration's.")]
DeskOption = Annotated[str, typer.Option("--desk", help="The desk, where there are several.")]


def _local(moment: float, settings: Settings) -> str:
    """In the configuration's zone, in which windows are said."""
    from gateway.operate import said

    return said.when(moment, time.time(), ZoneInfo(settings.timezone))


@app.command("list")
def list_windows(config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List current and coming windows, and how many problems each holds."""
    from gateway.operate.windows import listed

    settings, now = settings_of(config_file), time.time()
    rows = on_store(config_file, lambda connection: listed(connection, settings, now))
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    columns = ["window", "from", "to", "now", "client", "objects", "notices", "repeats", "by"]
    shown = [
        [
            row.name,
            _local(row.begins, settings),
            _local(row.ends, settings) + (" (moved)" if row.moved else ""),
            f"holds {row.held}" if row.held else "open" if row.running else "",
            row.client,
            ", ".join(row.objects) or "all",
            ", ".join(row.profiles) or "all",
            row.repeat,
            row.origin,
        ]
        for row in rows
    ]
    table(columns, shown)
    if not rows:
        typer.echo("no window takes place now or later")


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="The window's name or id; all when absent.")] = "",
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what windows hold, and what they held in the last 30 days."""
    from gateway.model.quantity import counted
    from gateway.operate.windows import held

    settings, now = settings_of(config_file), time.time()
    found = on_store(config_file, lambda connection: held(connection, now, name))
    if as_json:
        print_json([asdict(told) for told in found])
        return
    for told in found:
        state = "its summary was written" if told.told_at else "its summary is still to come"
        typer.echo(cell(f"{told.name}: {_local(told.begins, settings)} to {_local(told.ends, settings)}; {state}"))
        for problem in told.problems:
            ticket = f"ticket {problem.number}" if problem.number else "held"
            goes_on = ticket if problem.goes_on else "over"
            notices = counted(problem.notices, "notice")
            typer.echo(cell(f"  {problem.what}: {notices} since {_local(problem.first, settings)}, {goes_on}"))
    if not found:
        typer.echo("no window held anything")


@app.command("proposed")
def proposed_windows(config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List planned work that vendors announced, each with the command that makes it a window. Changes nothing."""
    from gateway.operate.planned import proposed
    from gateway.operate.windows import listed

    settings, now = settings_of(config_file), time.time()
    names = asyncio.run(_names(settings))
    found = on_store(config_file, lambda c: proposed(c, settings, now, names, listed(c, settings, now)))
    if as_json:
        print_json([{**asdict(work), "command": work.command} for work in found])
        return
    for work in found:
        typer.echo(cell(f"{work.name}, ticket {work.ticket}: {work.begin} to {work.end} {work.zone}"))
        typer.echo(f"    {work.command}")
    if not found:
        typer.echo("no vendor announced work on objects that it named and that no window has")


async def _names(settings: Settings) -> dict[str, dict[str, str]]:
    """The names that the desks' ids have; of a desk that does not answer none."""
    from gateway.work.desks import desks_read

    log.setup("error", "text")
    async with desks_read(settings) as directories:
        return {name: directory.catalog.names() for name, directory in directories.items() if directory.catalog}


def _said(
    settings: Settings, name: str, begin: str, end: str, client: str, objects: list[str] | None,
    notices: list[str] | None, repeat: str, timezone: str, desk: str, grace: float = 0.0,
) -> Said:  # fmt: skip
    from gateway.operate.windows import Said

    return Said(
        name, begin, end, client, tuple(objects or ()), tuple(notices or ()), repeat,
        timezone or settings.timezone, grace, desk,
    )  # fmt: skip


def _change(config_file: ConfigOption, by: str | None, act: Callable[..., str]) -> None:
    from gateway.store.acts import Actor

    settings, now, actor = settings_of(config_file), time.time(), Actor(operator_name(by))
    typer.echo(change_store(config_file, lambda connection: act(connection, settings, actor, now)))


@app.command("add")
def add_window(
    name: Annotated[str, typer.Argument(help="Its name.")],
    begin: BeginOption,
    end: BeginOption,
    client: ClientOption = "",
    objects: ObjectOption = None,
    notices: NoticeOption = None,
    repeat: RepeatOption = "",
    timezone: ZoneOption = "",
    grace: Annotated[
        int, typer.Option(min=0, max=int(LONGEST), help="Seconds to wait after the end for news of recovery.")
    ] = 0,
    desk: DeskOption = "default",
    why: WhyOption = "",
    by: ByOption = None,
    config_file: ConfigOption = None,
) -> None:
    """Add a window, once or recurring."""
    from gateway.operate.windows import add

    said = _said(settings_of(config_file), name, begin, end, client, objects, notices, repeat, timezone, desk, grace)
    _change(config_file, by, lambda c, settings, actor, now: add(c, settings, said, actor, now, why))


@app.command("end")
def end_window(name: NameArgument, why: WhyOption = "", by: ByOption = None, config_file: ConfigOption = None) -> None:
    """End a window now: problems that are still open become tickets."""
    from gateway.operate.windows import end

    _change(config_file, by, lambda c, settings, actor, now: end(c, settings, name, actor, now, why))


@app.command("move")
def move_window(
    name: NameArgument,
    until: Annotated[str, typer.Option(help='Time in `timezone`: 03:00, or "2026-12-06 03:00".')],
    why: WhyOption = "",
    by: ByOption = None,
    config_file: ConfigOption = None,
) -> None:
    """Move the end of a window, earlier or later, for this one time."""
    from gateway.operate.windows import move

    _change(config_file, by, lambda c, settings, actor, now: move(c, settings, name, until, actor, now, why))


@app.command("cancel")
def cancel_window(
    name: NameArgument, why: WhyOption = "", by: ByOption = None, config_file: ConfigOption = None
) -> None:
    """Cancel a window that a command or a calendar made, with all its later times."""
    from gateway.operate.windows import cancel

    _change(config_file, by, lambda c, settings, actor, now: cancel(c, settings, name, actor, now, why))


@app.command("try")
def try_window(
    begin: BeginOption,
    end: BeginOption,
    client: ClientOption = "",
    objects: ObjectOption = None,
    notices: NoticeOption = None,
    repeat: RepeatOption = "",
    timezone: ZoneOption = "",
    since: Annotated[str, typer.Option(help="How far back: 30d, 12h.")] = "30d",
    desk: DeskOption = "default",
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which of the past notices a window would have held. Changes nothing."""
    from gateway.operate.preview.windowtry import attempt
    from gateway.operate.windows import understood
    from gateway.store.operator import NotPossible

    settings, now = settings_of(config_file), time.time()
    said = _said(settings, "(tried)", begin, end, client, objects, notices, repeat, timezone, desk)
    try:
        meant = understood(settings, said)
    except NotPossible as error:
        fail(str(error))
    client_id = _client_id(settings, desk, meant.client)
    begins = time_before(since)
    unheld = {notice.called for notice in settings.notice if notice.windows is False}

    def may_hold(name: str) -> bool:
        return name not in unheld

    found = on_store(config_file, lambda c: attempt(c, meant, client_id, begins, now, may_hold))
    _tell(found, since, as_json)


def _tell(found: Tried, since: str, as_json: bool) -> None:
    if as_json:
        print_json(asdict(found))
        return
    from gateway.model.quantity import counted

    times, notices = counted(found.times, "time"), counted(found.notices, "notice")
    problems = counted(found.problems, "problem")
    typer.echo(f"It would have taken place {times} in {since}, and held {notices} of {problems}.")
    typer.echo(f"Tickets: {found.tickets} fewer in it, {found.later} at its end.")
    if found.names:
        typer.echo(cell(f"Of: {', '.join(found.names[:20])}"))


def _client_id(settings: Settings, desk: str, name: str) -> str:
    """The client's id, as the desk has it."""
    from gateway.model.window import ANY
    from gateway.work.desks import desks_read

    if name == ANY:
        return ANY
    log.setup("error", "text")

    async def look() -> str:
        async with desks_read(settings, desk) as directories:
            fail_without(directories)
            return directories[desk].client_called(name)

    return asyncio.run(look()) or fail(f"the desk has no client {name!r}")
