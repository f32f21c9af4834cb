"""The console's door: a link that logs in once, the hash of a password."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from gateway.cli.shared import USAGE, ByOption, ConfigOption, change_store, fail, operator_name, settings_of
from gateway.config.console import Role
from gateway.model.spans import HOUR

if TYPE_CHECKING:
    from sqlalchemy import Connection

app = typer.Typer(invoke_without_command=True, help="Open the pages in a browser.")


@app.callback()
def console(
    context: typer.Context,
    config_file: ConfigOption = None,
    role: Annotated[str, typer.Option(help="What the visitor may do: look, act or administer.")] = "administer",
    by: ByOption = None,
    trial: Annotated[
        Path | None,
        typer.Option(help="Show the report of the trial in this folder; needs no configuration and no gateway."),
    ] = None,
    port: Annotated[
        int,
        typer.Option(min=0, max=65_535, help="With --trial: where to listen on this machine; default: a free port."),
    ] = 0,
) -> None:
    """Print a link to the console that logs in once, within an hour."""
    from gateway.store import acts, entries

    if context.invoked_subcommand:
        return
    if trial is not None:
        _show(trial, port)
        return
    settings = settings_of(config_file)
    if settings.console.listen is None:
        fail('the console is off: set [console] listen, for example listen = "127.0.0.1:8026", and restart', USAGE)
    if role not in get_args(Role):
        fail(f"{role}: expected one of {', '.join(get_args(Role))}", USAGE)
    name, now = operator_name(by), time.time()

    def make(connection: Connection) -> str:
        acts.add(connection, acts.Actor(name), "make a link", now, detail=role)
        return entries.make(connection, "link", entries.Visitor(name, role), "", now, HOUR)

    typer.echo(f"{settings.console.address}/enter?link={change_store(config_file, make)}")


def _show(folder: Path, port: int) -> None:
    """Until Ctrl-C, to browsers of this machine."""
    import socket

    from gateway.operate.trial.kept import NoReport
    from gateway.processes.life import run_loop
    from gateway.web.console.trials import alone
    from gateway.web.health import server

    try:
        path, pages = alone(folder)
        listener = socket.create_server(("127.0.0.1", port))
    except NoReport as error:
        fail(str(error), USAGE)
    except OSError as error:
        fail(f"port {port}: {error.strerror}")
    name = f"127.0.0.1:{listener.getsockname()[1]}"
    serving = server(pages, name)

    async def serve() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, lambda: setattr(serving, "should_exit", True))
        typer.echo(f"http://{name}{path}\nCtrl-C ends it.")
        await serving.serve([listener])

    with listener:
        run_loop(serve())


@app.command()
def password() -> None:
    """Ask for a password and print its hash, for a console.users table."""
    from gateway.smtp.auth import hash_password

    typer.echo(hash_password(typer.prompt("Password", hide_input=True, confirmation_prompt=True)))
