"""Telling the running gateway to take its configuration."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any

import typer

from gateway.cli.shared import ConfigOption, JsonOption, cell, fail, print_json
from gateway.config import settings as config
from gateway.config import syntax
from gateway.config.load import file_of, load
from gateway.config.reading import NoSecret, secret_in
from gateway.config.types import reachable

app = typer.Typer()

REFUSED = "refused: the old configuration stays in force"
PATIENCE = 330.0  # seconds: the desks are asked for the names that the configuration has


@app.command()
def reload(config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Reload the configuration of the running gateway. If it is wrong, say why and keep the old one."""
    file = file_of(config_file)
    listen, token = _door(file)
    try:
        said = _ask(listen, token)
    except (OSError, http.client.HTTPException, ValueError) as error:
        try:
            load(file)
        except config.ConfigError as wrong:  # so wrong that it does not even say where the gateway is
            fail(f"{wrong}\n{REFUSED}")
        fail(f"no gateway answers at {listen}, the [http] listen of {file} ({error}); nothing was changed")
    if as_json:
        print_json(said)
    else:
        _tell(said)
    if not said["good"]:
        raise typer.Exit(1)


def _tell(said: dict[str, Any]) -> None:
    for why in said.get("why", ()):
        typer.echo(cell(why), err=True)
    if not said["good"]:
        typer.echo(REFUSED, err=True)
        return
    for note in said.get("notes", ()):
        typer.echo(cell(note))
    taken, restart = said.get("taken", ()), said.get("restart", ())
    typer.echo(cell(f"taken: {', '.join(taken)}" if taken else "taken: nothing has changed"))
    if restart:
        typer.echo(cell(f"takes a restart: {', '.join(restart)}"))


def _ask(listen: str, token: str) -> dict[str, Any]:
    """Raises OSError, HTTPException, ValueError for what is no answer."""
    headers = {"x-gateway-command": "reload"} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection = http.client.HTTPConnection(*reachable(listen), timeout=PATIENCE)
    try:
        connection.request("POST", "/reload", headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status not in (200, 409):
        raise ValueError(f"{answer.status} {text.strip()[:200]}")
    return dict(json.loads(text))


def _door(file: Path) -> tuple[str, str]:
    """Where the gateway answers and with which token, also from a file that is not right."""
    section: dict[str, Any] = {}
    try:
        found = syntax.read(file)[0].get("http")
        section = found if isinstance(found, dict) else {}
        token_file = section.get("token_file")
        token = secret_in(file.parent / str(token_file)) if token_file else ""
    except (syntax.NotToml, NoSecret):
        token = ""
    default = str(config.HttpSettings.model_fields["listen"].default)
    listen = section.get("listen", default)
    return (listen if isinstance(listen, str) and ":" in listen else default), token
