"""The help of all commands, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
import typer
from click.testing import CliRunner

from gateway import cli

COMMANDS = typer.main.get_command(cli.app)


def paths(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from paths(below, *path, name)


@pytest.mark.parametrize("path", [*paths(COMMANDS)], ids=" ".join)
def test_names_of_tables_stand_in_it(path: tuple[str, ...]) -> None:
    """A bracket begins a style there, and "[[rule]]" was "[]"."""
    shown = CliRunner().invoke(COMMANDS, [*path, "--help"])
    assert shown.exit_code == 0
    assert "[]" not in shown.output
