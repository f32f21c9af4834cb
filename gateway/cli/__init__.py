"""The commands. No logic: each reads the configuration, calls one part, and prints."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from gateway import __version__
from gateway.cli import (
    console,
    day,
    looking,
    notices,
    problems,
    queue,
    reload,
    rules,
    running,
    safety,
    shadow,
    silence,
    thread,
    trial,
    windows,
)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Turns mail into AlgaPSA tickets, comments and documents.",
)
app.add_typer(day.app)
app.add_typer(running.app)
app.add_typer(reload.app)
app.add_typer(looking.app)
app.add_typer(trial.app)
app.add_typer(silence.app)
app.add_typer(safety.app)
app.add_typer(rules.app, name="rules")
app.add_typer(console.app, name="console")
app.add_typer(queue.app, name="queue")
app.add_typer(thread.app, name="thread")
app.add_typer(shadow.app, name="shadow")
app.add_typer(windows.app, name="windows")
notices.app.add_typer(problems.app)
app.add_typer(notices.app, name="notices")


def main() -> None:
    app()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Turns mail into AlgaPSA tickets, comments and documents."""
    os.umask(0o077)  # whatever the caller's: what the gateway writes is mail, or about mail
