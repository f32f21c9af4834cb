"""What the commands have in common: options, output, the store."""

from __future__ import annotations

import json
import shutil
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from gateway import log
from gateway.config import settings as config
from gateway.config import types
from gateway.config.load import load

if TYPE_CHECKING:
    from gateway.config.mailbox import MailboxSettings
    from gateway.desk.directory import Directory
    from gateway.operate.access import Access
    from gateway.operate.act import Act
    from gateway.operate.preview.replay import Read
    from gateway.work.lookup import Found
    from gateway.work.parser import Parser

T = TypeVar("T")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="The configuration; default: GATEWAY_CONFIG, else ./gateway.toml.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DeliveryArgument = Annotated[str, typer.Argument(help="The mail's number (412), id, or Message-ID.")]
ByOption = Annotated[
    str | None, typer.Option("--by", help="Who gives the command, for the history; default: the user of this shell.")
]
AudienceOption = Annotated[
    bool | None,
    typer.Option(
        "--public/--internal",
        help="Who may read the mail on the ticket; default: internal if the sender has nothing to do with the ticket.",
        show_default=False,
    ),
]
A_FILE_OF_RULES = r"A file with [\[rule]], [\[domain]], [\[notice]] or [\[file]]"
"""In a text of help a bracket would begin a style."""
TextOption = Annotated[
    Path | None,
    typer.Option("--text", help=f"{A_FILE_OF_RULES} to try as a part of it; - is standard input."),
]
BindOption = Annotated[
    bool | None,
    typer.Option(
        "--bind/--no-bind",
        help="Whether the sender may write to the ticket from now on; default when releasing: no.",
        show_default=False,
    ),
]

USAGE, FAULT = 2, 1
NO_EDGE = 250  # columns of what is no terminal
FEW_COLUMNS = 3  # that are read well in any width


def fail(text: str, code: int = FAULT) -> NoReturn:
    """End the command with these words on standard error. Raises typer.Exit."""
    typer.echo(text, err=True)
    raise typer.Exit(code)


def settings_of(path: Path | None) -> config.Settings:
    """The configuration; ends the command with USAGE where it is not right."""
    try:
        return load(path)
    except config.ConfigError as error:
        fail(str(error), USAGE)


def text_of(file: Path) -> str:
    """The text of a file, without a mark of UTF-8 as Windows writes it; of standard input for "-"."""
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read: {error}", USAGE)


def with_text(settings: config.Settings, file: Path | None) -> config.Settings:
    """The configuration with the text of the file in it."""
    from gateway.operate.preview.pasted import pasted

    if file is None:
        return settings
    try:
        return pasted(settings, text_of(file)).settings
    except config.ConfigError as error:
        fail(str(error))


def with_profile(settings: config.Settings, file: Path, sender: str) -> config.Settings:
    """The configuration with the profile of the file on, for mail of the sender."""
    from gateway.operate.preview.pasted import with_profile as profile_on

    try:
        return profile_on(settings, text_of(file), sender)
    except config.ConfigError as error:
        fail(str(error))


def store_name(settings: config.Settings) -> str:
    """The database's address without its password."""
    from gateway.store.engine import name_of

    return name_of(settings.store.url)


def print_json(value: Any) -> None:
    """As JSON, with what a terminal would obey escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    typer.echo("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))


def edge() -> int:
    """The columns of the terminal. A pipe has no edge to wrap at."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else NO_EDGE


def table(columns: list[str], rows: list[list[Any]]) -> None:
    """Print rows below their headings, or one below the other where they are too many for the terminal's width; what
    comes from a mail is made harmless."""
    cells = [[cell(value) for value in row] for row in rows]
    width = edge()
    if len(columns) > FEW_COLUMNS and _breadth(columns, cells) > width:
        _records(columns, cells)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, no_wrap=column == "id", overflow="fold")
    for row in cells:
        made.add_row(*map(Text, row))
    Console(width=width).print(made)


def _breadth(columns: list[str], cells: list[list[str]]) -> int:
    """Characters of the widest line."""
    return sum(max(map(len, column)) + 1 for column in zip(columns, *cells, strict=True))


def _records(columns: list[str], cells: list[list[str]]) -> None:
    """Each row as a paragraph: its first cell, and below it what the others are and say."""
    longest = max(map(len, columns[1:]))
    for first, *others in cells:
        typer.echo(first)
        for column, value in zip(columns[1:], others, strict=True):
            if value:
                typer.echo(wrapped(f"  {column:{longest}}  ", value))


def wrapped(beginning: str, words: str, below: str = "") -> str:
    """A beginning and words, which go on below where they began, or behind ``below``, at the terminal's edge."""
    import textwrap

    width = edge()
    if width == NO_EDGE:
        return f"{beginning}{words}"
    lines = textwrap.wrap(
        words, max(width, len(beginning) + 20), initial_indent=beginning,
        subsequent_indent=below or " " * len(beginning), break_on_hyphens=False, break_long_words=False,
    )  # fmt: skip
    return "\n".join(lines) or beginning.rstrip()


def cell(value: Any) -> str:
    """Text for a terminal: what comes from a mail cannot move the cursor or colour."""
    return "".join(c if c.isprintable() else "?" for c in str(value))


def when(seconds: float | str) -> str:
    """A time of the reader's clock with its offset, "2026-11-28 10:14:05+01:00": people and programs read it alike. One
    that the store cannot read says so."""
    if isinstance(seconds, str):
        return seconds
    return datetime.fromtimestamp(seconds).astimezone().isoformat(" ", "seconds") if seconds else ""


def seconds_of(text: str) -> float:
    """A span as the configuration has them: 30d, 12h, 15m."""
    try:
        return types.seconds_of(text)
    except ValueError:
        fail(f"{text}: expected a length of time, for example 30d, 12h or 15m", USAGE)


def time_before(text: str) -> float:
    """The time so long ago, in seconds since the epoch: a span that is longer than that leads to its beginning."""
    return max(0.0, time.time() - seconds_of(text))


def moment_of(text: str) -> float:
    """A day or a time of the reader's clock, such as 2026-12-01 or 2026-12-01T08:00, or of the offset that it names, in
    seconds."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        fail(f"{text}: expected a day or a time, for example 2026-12-01 or 2026-12-01T08:00", USAGE)


def on_store(path: Path | None, operation: Callable[[Any], T], mails: Sequence[str] = ()) -> T:
    """Look at the database, at one moment of it, beside a running gateway or without one: nothing waits for it. Where
    it does not answer, what waits of ``mails`` for it is said."""
    return with_store(path, lambda access: access.look(operation), mails)


def change_store(path: Path | None, operation: Callable[[Any], T]) -> T:
    """Run an operation on the database that changes it, in one transaction."""
    return with_store(path, lambda access: access.change(operation))


def with_store(path: Path | None, use: Callable[[Access], T], mails: Sequence[str] = ()) -> T:
    """Use the database, and end the command in plain words where it cannot be used, with what waits of ``mails``."""
    from sqlalchemy.exc import DBAPIError

    from gateway.operate.access import Access
    from gateway.store.engine import NoDatabase
    from gateway.store.operator import NotPossible
    from gateway.store.reading import Unreadable

    settings = settings_of(path)
    try:
        access = Access(settings)
    except NoDatabase as error:
        fail(f"{error}{_waiting(settings, mails)}")
    try:
        return use(access)
    except NotPossible as error:
        fail(str(error))
    except Unreadable as error:
        fail(f"{store_name(settings)} is damaged: {error}")
    except DBAPIError as error:
        words = f"{store_name(settings)}: {error.orig} (has the gateway run, or `gateway migrate`?)"
        fail(f"{words}{_waiting(settings, mails)}")
    finally:
        access.close()


def _waiting(settings: config.Settings, mails: Sequence[str]) -> str:
    """What waits for the store that does not answer: of these mails, else in all."""
    from gateway.operate import arriving

    return "".join(f"\n{words}" for words in arriving.beside(settings, mails, time.time()))


def fail_without(directories: Mapping[str, Directory]) -> None:
    """Fails where a desk did not give its lists."""
    from gateway.desk.directory import away_of

    for name in away_of(directories):
        fail(f"desk {name} does not answer: {directories[name].desk.breaker.reason}")


def on_kept_mail(
    settings: config.Settings, decide: Callable[[Read, Parser, Mapping[str, Directory]], Awaitable[T]], *desks: str
) -> T:
    """Decide kept mail again, by these desks or all. Mail of one that is away is left out; fails where all are."""
    import asyncio

    from gateway.desk.directory import away_of
    from gateway.store.engine import NoDatabase, make_engine
    from gateway.work.desks import desks_read
    from gateway.work.parser import Parser

    log.setup("error", "text")
    try:
        engine = make_engine(settings.store.url, create=False)
    except NoDatabase as error:
        fail(str(error))

    def read(operation: Callable[[Any], Any]) -> Any:
        with engine.connect() as connection:
            return operation(connection)

    async def run() -> T:
        parser = Parser(own=settings.own_addresses(), memory=settings.parser.memory)
        try:
            async with desks_read(settings, *desks) as directories:
                if len(away := away_of(directories)) == len(directories):
                    fail_without(directories)
                for name in away:
                    typer.echo(f"desk {name} does not answer: its mail is left out", err=True)
                return await decide(read, parser, directories)
        finally:
            await parser.close()

    try:
        return asyncio.run(run())
    finally:
        engine.dispose()


def ticket_named(connection: Any, name: str) -> str:
    """The id of a ticket given by id or number; "new" stays."""
    from gateway.store import mapping

    if name == "new":
        return name
    try:
        return str(uuid.UUID(name))
    except ValueError:
        pass
    found = mapping.tickets_with_number(connection, name)
    if len(found) != 1:
        fail(f"{name}: {'not a ticket that the gateway made' if not found else 'several desks have it'}; give its id")
    return found[0]


def mailbox_of(settings: config.Settings, address: str) -> MailboxSettings:
    """The mailbox that takes mail to this address, by an alias or a tag too; the first for "". Ends the command where
    there is none."""
    from gateway.intake.mailboxes import Mailboxes

    if not address:
        return settings.mailbox[0]
    if (box := Mailboxes(settings.mailbox).find(address)) is None:
        fail(f"{address} is not a mailbox of the configuration", USAGE)
    return box


def operator_name(by: str | None) -> str:
    """Who gives the command: as said, else the user who became root for it, else the user of the process."""
    import getpass
    import os

    name = by or os.environ.get("SUDO_USER")
    if not name:
        try:
            name = getpass.getuser()
        except (OSError, KeyError):  # a user without a name, as in a container
            name = f"user {os.getuid()}"
    return " ".join(name.split())[:100]


def carry_out(
    act: Act,
    mails: Sequence[str],
    path: Path | None,
    to: str | None = None,
    public: bool | None = None,
    admits: bool | None = None,
    why: str = "",
    by: str | None = None,
) -> None:
    """Do it to each of these mails and say what was done. The desk is asked for a ticket before anything changes."""
    from gateway.operate.acts import Asked, perform_each
    from gateway.store.acts import Actor

    desk, found = _ticket(path, mails[0], to) if to and to != "new" else ("", None)
    asked = Asked(
        Actor(operator_name(by)),
        why,
        found.ticket_id if found else to or "",
        found.number if found else "",
        desk,
        "" if public is None else "public" if public else "internal",
        admits,
    )
    now = time.time()
    results = with_store(path, lambda access: perform_each(access.change, act, mails, asked, now), mails)
    for done in results:
        typer.echo(f"#{done.number} {done.words}" if done.good else done.words, err=not done.good)
    good = sum(done.good for done in results)
    if len(mails) > 1:
        typer.echo(f"{good} of {len(mails)} {act.told}")
    elif good and act.name in UNDO_OFFERED:
        typer.echo(f"take it back with `gateway queue undo {results[0].number}`", err=True)
    if good < len(mails):
        raise typer.Exit(FAULT)


UNDO_OFFERED = ("drop", "hold")


def _ticket(path: Path | None, mail: str, name: str) -> tuple[str, Found]:
    import asyncio

    from gateway.operate.tickets import ticket_at_desk

    settings = settings_of(path)
    try:
        return with_store(path, lambda access: asyncio.run(ticket_at_desk(access, settings, mail, name)), [mail])
    except config.ConfigError as error:
        fail(str(error), USAGE)
