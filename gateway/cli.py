"""The commands. No logic: each reads the configuration, calls one part, and prints."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from gateway import __version__, config, log

T = TypeVar("T")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Turns mail into AlgaPSA tickets, comments and documents.",
)
queue = typer.Typer(no_args_is_help=True, help="Look at kept mail and act on it.")
app.add_typer(queue, name="queue")
thread = typer.Typer(no_args_is_help=True, help="Look at what leads to a ticket and correct it.")
app.add_typer(thread, name="thread")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Default: GATEWAY_CONFIG, else ./gateway.toml.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DeliveryArgument = Annotated[str, typer.Argument(help="The delivery's id, or its beginning if that is unique.")]

USAGE, FAULT = 2, 1


def main() -> None:
    app()


def _fail(text: str, code: int = FAULT) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(code)


def _settings(path: Path | None) -> config.Settings:
    try:
        return config.load(path)
    except config.ConfigError as error:
        _fail(str(error), USAGE)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _table(columns: list[str], rows: list[list[Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=column == "id")
    for row in rows:
        table.add_row(*[_cell(value) for value in row])
    width = None if sys.stdout.isatty() else 250  # a pipe has no edge to wrap at
    Console(width=width).print(table)


def _cell(value: Any) -> str:
    """Text for a terminal: what comes from a mail cannot move the cursor or colour."""
    text = "".join(c if c.isprintable() else "?" for c in str(value))
    return text.replace("[", "\\[")


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if seconds else ""


def _store(path: Path | None, operation: Callable[[Any], T]) -> T:
    """Run an operation on the database, beside a running gateway or without one."""
    from sqlalchemy.exc import DBAPIError

    from gateway.store.engine import make_engine
    from gateway.store.inbox import NotPossible

    settings = _settings(path)
    engine = make_engine(settings.store.url)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            value = operation(connection)
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("COMMIT")
            else:
                connection.commit()
            return value
    except NotPossible as error:
        _fail(str(error))
    except DBAPIError as error:
        _fail(f"{settings.store.url}: {error.orig} (has the gateway run, or `gateway migrate`?)")
    finally:
        engine.dispose()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Turns mail into AlgaPSA tickets, comments and documents."""


# -- running --------------------------------------------------------------------------------------


def _run(work: Coroutine[Any, Any, T]) -> T:
    """asyncio.run on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


@app.command()
def serve(config_file: ConfigOption = None) -> None:
    """Accept mail and work on it until SIGTERM."""
    from gateway.app import Gateway
    from gateway.store.engine import StoreBusy

    settings = _settings(config_file)
    log.setup(settings.log.level, settings.log.format)

    async def run() -> None:
        await Gateway(settings).run()

    try:
        _run(run())
    except (config.ConfigError, StoreBusy) as error:
        _fail(str(error), USAGE)
    except OSError as error:
        _fail(f"cannot start: {error}")


@app.command()
def check(config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check the configuration against the live desks: names to ids."""
    from gateway.app import make_directory
    from gateway.rules import Fault
    from gateway.rules import check as check_rules
    from gateway.templates import BadTemplate, Templates

    settings = _settings(config_file)
    log.setup("error", "text")

    faults: list[Fault] = []

    async def ask() -> list[dict[str, str]]:
        rows = []
        for folder in {box.templates for box in settings.mailbox}:
            Templates(folder).check()
        for name in settings.desks:
            directory = make_directory(settings, name)
            answered = await directory.refresh()
            if directory.catalog is not None:
                faults.extend(check_rules(settings, name, directory.catalog))
            for box in (one for one in settings.mailbox if one.desk == name):
                rows.append(_check_row(name, box, directory, answered))
            await directory.desk.close()
        return rows

    try:
        rows = asyncio.run(ask())
    except (config.ConfigError, BadTemplate) as error:
        _fail(str(error), USAGE)
    if as_json:
        _print_json([*rows, *({"where": one.where, "result": one.what} for one in faults)] if faults else rows)
    else:
        columns = ["desk", "mailbox", "board", "status", "priority", "fallback client", "result"]
        _table(columns, [[row[key] for key in columns] for row in rows])
        for fault in faults:
            typer.echo(f"{fault.where}: {fault.what}")
    if faults or any(row["result"] != "ok" for row in rows):
        raise typer.Exit(FAULT)


def _check_row(desk: str, box: config.MailboxSettings, directory: Any, answered: bool) -> dict[str, str]:
    row = dict.fromkeys(("board", "status", "priority", "fallback client"), "")
    result = directory.desk.breaker.reason or "the desk did not answer"
    if answered:
        result = directory.catalog.faults.get(box.address, "ok")
    if result == "ok":
        place = directory.destination(box.address)
        row = {
            "board": f"{place.board} = {place.board_id}",
            "status": f"{place.status} = {place.status_id}",
            "priority": f"{place.priority} = {place.priority_id}",
            "fallback client": f"{place.client} = {place.client_id}" if place.client_id else "(none: quarantine)",
        }
    return {"desk": desk, "mailbox": box.address, **row, "result": result}


@app.command()
def migrate(config_file: ConfigOption = None) -> None:
    """Bring the database to this version's schema."""
    from gateway.store import migrate as migration
    from gateway.store.engine import make_engine

    engine = make_engine(_settings(config_file).store.url)
    before = migration.current(engine)
    migration.migrate(engine)
    typer.echo(f"schema {before or 'empty'} -> {migration.head()}")


@app.command()
def demo(keep: Annotated[bool, typer.Option(help="Leave the desk running to look at its pages.")] = False) -> None:
    """Deliver a dozen mails to a simulated desk and show what became of them."""
    from gateway.demo import run

    raise typer.Exit(run(keep))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def simulator(context: typer.Context) -> None:
    """Serve a simulated AlgaPSA desk."""
    from gateway.desk.simulator.__main__ import main as serve_simulator

    raise typer.Exit(serve_simulator(context.args))


# -- looking --------------------------------------------------------------------------------------


@app.command()
def explain(
    file: Path,
    config_file: ConfigOption = None,
    sender: Annotated[str | None, typer.Option("--from", help="MAIL FROM; default: the From header.")] = None,
    recipient: Annotated[str | None, typer.Option("--rcpt", help="RCPT TO; default: the first mailbox.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the desk.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what would become of a mail, and why. Changes nothing."""
    from gateway.app import make_directory
    from gateway.explain import explain as run

    settings = _settings(config_file)
    log.setup("error", "text")

    async def ask() -> dict[str, Any]:
        box = next((one for one in settings.mailbox if one.address == (recipient or "").lower()), settings.mailbox[0])
        directory = None if offline else make_directory(settings, box.desk)
        if directory is not None and not await directory.refresh():
            typer.echo(f"the desk does not answer: {directory.desk.breaker.reason}", err=True)
            directory = None
        try:
            return await run(settings, file, sender, recipient, directory)
        finally:
            if directory is not None:
                await directory.desk.close()

    try:
        found = asyncio.run(ask())
    except OSError as error:
        _fail(f"{file}: {error.strerror}", USAGE)
    except KeyError as error:
        _fail(f"{error.args[0]} is not a mailbox of the configuration", USAGE)
    except config.ConfigError as error:
        _fail(str(error), USAGE)
    if as_json:
        _print_json(found)
        return
    mail = found["mail"]
    typer.echo(f"{_cell(mail['from'])}: {_cell(mail['subject'])} ({mail['class']}), to {found['mailbox']}")
    _table(["rule", "found", "follows"], [[step["rule"], step["found"], step["result"]] for step in found["steps"]])
    for question in found["unanswered"]:
        typer.echo(f"not answered: {question}")
    typer.echo(f"outcome: {found['outcome']} {found['reason']} {found['detail']}".rstrip())
    for effect in found["effects"]:
        typer.echo("  " + ", ".join(f"{key} {_cell(value)}" for key, value in effect.items()))


@app.command()
def whatif(
    since: Annotated[str, typer.Option(help="How far back: 30d, 12h.")] = "30d",
    config_file: Annotated[Path | None, typer.Option("--config", "-c", help="The configuration to try.")] = None,
    store_of: Annotated[
        Path | None, typer.Option("--store-of", help="The configuration whose mail is kept; default: the same.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Changes that are listed.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show what would have become of kept mail under a configuration. Changes nothing."""
    from gateway.app import make_directory
    from gateway.parser import Parser
    from gateway.store.engine import make_engine
    from gateway.whatif import Report, replay

    settings = _settings(config_file)
    kept = _settings(store_of).store if store_of else settings.store
    settings = settings.model_copy(update={"store": kept})
    unit = {"h": 3600.0, "d": 86400.0}.get(since[-1:], 0.0)
    if not unit or not since[:-1].isdigit():
        _fail(f"{since}: expected a number of days or hours, for example 30d", USAGE)
    log.setup("error", "text")
    engine = make_engine(kept.url)

    def read(operation: Callable[[Any], Any]) -> Any:
        with engine.connect() as connection:
            return operation(connection)

    async def run() -> Report:
        directories = {name: make_directory(settings, name) for name in settings.desks}
        parser = Parser(own=[box.address for box in settings.mailbox], memory=settings.parser.memory)
        try:
            for name, directory in directories.items():
                if not await directory.refresh():
                    _fail(f"desk {name} does not answer: {directory.desk.breaker.reason}")
            return await replay(read, parser, directories, settings, time.time() - int(since[:-1]) * unit)
        finally:
            await parser.close()
            for directory in directories.values():
                await directory.desk.close()

    found = asyncio.run(run())
    engine.dispose()
    if as_json:
        changes = [{**vars_of(one), "words": one.words()} for one in found.changes]
        _print_json({"mails": found.mails, "left_out": found.left_out, "unanswered": found.asked, "changes": changes})
        return
    typer.echo(f"{found.mails} mails decided again, {len(found.changes)} would change, {found.left_out} left out")
    if found.asked:
        typer.echo(f"{found.asked} questions had no answer: those mails may differ")
    _table(["what changes", "mails"], [[what, number] for what, number in found.counts.most_common()])
    rows = [[one.delivery, one.sender, one.subject[:60], one.words()] for one in found.changes[:limit]]
    _table(["id", "from", "subject", "change"], rows)


def vars_of(value: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(value)


@app.command()
def sums(config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Count the deliveries by what they became."""
    from dataclasses import asdict

    from gateway.store import inbox

    found = asdict(_store(config_file, inbox.sums))
    if as_json:
        _print_json(found)
    else:
        _table(list(found), [list(found.values())])


@queue.command("list")
def queue_list(
    config_file: ConfigOption = None,
    stage: Annotated[str | None, typer.Option(help="Only this stage, for example quarantined or pending.")] = None,
    limit: int = 50,
    as_json: JsonOption = False,
) -> None:
    """List deliveries, newest first."""
    from gateway.store import inbox
    from gateway.store.stage import PENDING, Stage

    stages: tuple[Stage, ...] | None = None
    if stage is not None:
        try:
            stages = (*PENDING, Stage.HELD) if stage.lower() == "pending" else (Stage(stage.upper()),)
        except ValueError:
            _fail(f"{stage}: expected pending or one of {', '.join(one.lower() for one in Stage)}", USAGE)
    rows = [
        {
            "id": row["id"],
            "accepted": _when(row["accepted_at"]),
            "mailbox": row["mailbox"],
            "from": json.loads(row["envelope"])["mail_from"],
            "stage": row["stage"],
            "reason": row["reason"],
            "detail": row["detail"],
            "ticket": row["ticket_id"],
            "due": _when(row["due_at"]) if row["stage"] in PENDING else "",
        }
        for row in _store(config_file, lambda c: inbox.listing(c, stages, limit))
    ]
    if as_json:
        _print_json(rows)
    else:
        columns = ["id", "accepted", "mailbox", "from", "stage", "reason", "detail"]
        _table(columns, [[row[key] for key in columns] for row in rows])


@queue.command("show")
def queue_show(
    delivery: DeliveryArgument,
    config_file: ConfigOption = None,
    raw: Annotated[bool, typer.Option("--raw", help="Write the original mail to standard output.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show one delivery: its history, its effects and the trace of its decision."""
    from gateway.store import effects, inbox

    def look(connection: Any) -> tuple[Any, Any, Any, Any]:
        row = inbox.find(connection, delivery)
        return (
            row,
            inbox.history(connection, row["id"]),
            effects.all_of(connection, row["id"]),
            inbox.content(connection, row["raw_id"]),
        )

    row, history, done, content = _store(config_file, look)
    if raw:
        data = content["data"]
        if data is None:
            data = (_settings(config_file).store.spool_dir / content["path"]).read_bytes()
        sys.stdout.buffer.write(data)
        return
    trace = json.loads(row["trace"]) if row["trace"] else {}
    if as_json:
        _print_json(
            {
                **{key: row[key] for key in ("id", "mailbox", "desk", "stage", "reason", "detail", "ticket_id")},
                "accepted_at": row["accepted_at"],
                "envelope": json.loads(row["envelope"]),
                "size": content["size"],
                "history": [dict(event) for event in history],
                "effects": [
                    {
                        "kind": one.kind,
                        "state": one.state,
                        "marker": one.marker,
                        "remote_id": one.remote_id,
                        "reason": one.reason,
                        "sends": one.sends,
                    }
                    for one in done
                ],
                "trace": trace,
            }
        )
        return
    typer.echo(f"{row['id']}  {row['stage']} {row['reason']} {_cell(row['detail'])}".rstrip())
    mail_from = json.loads(row["envelope"])["mail_from"]
    typer.echo(
        f"from <{_cell(mail_from)}> to {row['mailbox']}, {content['size']} bytes, ticket {row['ticket_id'] or '-'}"
    )
    _table(["time", "what", "detail"], [[_when(event["at"]), event["what"], event["detail"]] for event in history])
    _table(
        ["effect", "state", "at the desk", "why"], [[one.kind, one.state, one.remote_id, one.reason] for one in done]
    )
    _table(["rule", "found", "follows"], [[s["rule"], s["found"], s["result"]] for s in trace.get("steps", [])])


def _act(config_file: Path | None, delivery: str, to: Any, reason: str = "", target: str | None = None) -> None:
    from gateway.store import inbox

    now = time.time()

    def act(connection: Any) -> str:
        moved_to = _ticket_named(connection, target) if target else ""
        return inbox.operator_move(connection, delivery, to, now=now, reason=reason, moved_to=moved_to)

    typer.echo(_store(config_file, act))


def _ticket_named(connection: Any, name: str) -> str:
    """The id of a ticket given by id or number; "new" stays."""
    import uuid

    from gateway.store import threads

    if name == "new":
        return name
    try:
        return str(uuid.UUID(name))
    except ValueError:
        pass
    found = threads.tickets_with_number(connection, name)
    if len(found) != 1:
        _fail(f"{name}: {'not a ticket that the gateway made' if not found else 'several desks have it'}; give its id")
    return found[0]


@queue.command("retry")
def queue_retry(delivery: DeliveryArgument, config_file: ConfigOption = None) -> None:
    """Try a pending delivery at once."""
    from gateway.store import inbox

    now = time.time()
    typer.echo(_store(config_file, lambda c: inbox.retry_now(c, delivery, now=now)))


@queue.command("release")
def queue_release(
    delivery: DeliveryArgument,
    config_file: ConfigOption = None,
    to: Annotated[str | None, typer.Option("--to", help="A ticket's number or id, or new.")] = None,
) -> None:
    """Let a quarantined or held delivery go on: its plan if part of it was sent, else a new decision
    in which verdicts and rates no longer count."""
    _act(config_file, delivery, None, target=to)


@queue.command("drop")
def queue_drop(delivery: DeliveryArgument, config_file: ConfigOption = None) -> None:
    """Suppress a delivery of which nothing was sent."""
    from gateway.store.stage import Stage

    _act(config_file, delivery, Stage.SUPPRESSED, "dropped")


@queue.command("hold")
def queue_hold(delivery: DeliveryArgument, config_file: ConfigOption = None) -> None:
    """Keep a pending delivery from being worked on."""
    from gateway.store.stage import Stage

    _act(config_file, delivery, Stage.HELD)


@thread.command("show")
def thread_show(ticket: str, config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the ids, people and mails of a ticket, given by number or id."""
    from gateway.store import threads

    def look(connection: Any) -> dict[str, Any]:
        return threads.overview(connection, _ticket_named(connection, ticket))

    found = {kind: [dict(row) for row in rows] for kind, rows in _store(config_file, look).items()}
    if as_json:
        _print_json(found)
        return
    _table(["message id", "known as", "by delivery"], [list(row.values()) for row in found["ids"]])
    _table(["address", "seen as"], [list(row.values()) for row in found["people"]])
    mails = [
        [row["id"], _when(row["accepted_at"]), row["sender"], row["stage"], row["subject"]] for row in found["mails"]
    ]
    _table(["id", "accepted", "from", "stage", "subject"], mails)


@thread.command("move")
def thread_move(
    delivery: DeliveryArgument,
    to: Annotated[str, typer.Option("--to", help="A ticket's number or id, or new.")],
    config_file: ConfigOption = None,
) -> None:
    """Take a mail to another ticket: replies to it follow; the wrong place gets an internal comment."""
    from gateway.store import inbox

    now = time.time()
    typer.echo(_store(config_file, lambda c: inbox.move_to(c, delivery, _ticket_named(c, to), now=now)))


@thread.command("token")
def thread_token(
    ticket: str,
    mailbox: Annotated[str | None, typer.Option(help="The mailbox; default: the first.")] = None,
    config_file: ConfigOption = None,
) -> None:
    """Make an address by which anyone who has it may write to the ticket."""
    import secrets

    from gateway.decide.threading import TOKEN_LENGTH
    from gateway.store import threads

    settings = _settings(config_file)
    box = next((one for one in settings.mailbox if mailbox in (None, one.address)), None)
    if box is None:
        _fail(f"{mailbox} is not a mailbox of the configuration", USAGE)
    value = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz234567") for _ in range(TOKEN_LENGTH))
    now = time.time()
    _store(config_file, lambda c: threads.make_token(c, box.desk, _ticket_named(c, ticket), value, now))
    local, _, domain = box.address.rpartition("@")
    typer.echo(f"{local}+{value}@{domain}")


@app.command()
def parse(
    files: Annotated[list[Path] | None, typer.Argument(help="Mails to read.")] = None,
    cases: Annotated[str | None, typer.Option(help="Read cases as JSON lines from this file, - for stdin.")] = None,
) -> None:
    """Read mails and print what was understood, one JSON object a line."""
    from gateway.mail.cases import parse_cases, parse_files

    if cases is not None:
        lines = sys.stdin if cases == "-" else Path(cases).open(encoding="utf-8")  # noqa: SIM115
        results = parse_cases(lines)
    else:
        results = parse_files(files or [])
    for result in results:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
