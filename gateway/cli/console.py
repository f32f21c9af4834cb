"""The console's door: a link that logs in once, the hash of a password."""

from __future__ import annotations

import time
from typing import Annotated, get_args

import typer

from gateway.cli.shared import USAGE, ByOption, ConfigOption, change_store, fail, operator_name, settings_of
from gateway.config.console import Role

app = typer.Typer(invoke_without_command=True, help="Open the pages in a browser.")

HOUR = 3600.0


@app.callback()
def console(
    context: typer.Context,
    config_file: ConfigOption = None,
    role: Annotated[str, typer.Option(help="What the visitor may do: look, act or administer.")] = "administer",
    by: ByOption = None,
) -> None:
    """Print a link to the console that logs in once, within an hour."""
    from gateway.store import acts, entries

    if context.invoked_subcommand:
        return
    settings = settings_of(config_file)
    if settings.console.listen is None:
        fail('the console is off: set [console] listen, for example listen = "127.0.0.1:8026", and restart', USAGE)
    if role not in get_args(Role):
        fail(f"{role}: expected one of {', '.join(get_args(Role))}", USAGE)
    name, now = operator_name(by), time.time()

    def make(connection: object) -> str:
        acts.add(connection, acts.Actor(name), "make a link", now, detail=role)  # type: ignore[arg-type]
        return entries.make(connection, "link", entries.Visitor(name, role), "", now, HOUR)  # type: ignore[arg-type]

    typer.echo(f"{settings.console.address}/enter?link={change_store(config_file, make)}")


@app.command()
def password() -> None:
    """Ask for a password and print its hash, for a console.users table."""
    from gateway.smtp.auth import hash_password

    typer.echo(hash_password(typer.prompt("Password", hide_input=True, confirmation_prompt=True)))
