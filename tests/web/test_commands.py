"""Commands behind the pages: whatever one says, its page has an answer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.web.console import commands
from gateway.web.console.commands import Commands
from tests.waiting import PATIENCE


def saying(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Commands:
    """Commands that are this shell script."""
    program = folder / "gateway"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(commands.sys, "executable", str(program))
    return Commands("gateway.toml")


@pytest.mark.parametrize(("script", "found", "said"), [
    ("""echo '{"good": true}'; echo why >&2""", {"good": True}, "why"),
    ("""printf 'one\\n\\n  \\ntwo' >&2""", None, "one\ntwo"),
    ("exit 3", None, "it ended without an answer, or with one that is too long to show"),
    ("printf '\\377\\n' >&2", None, "\N{REPLACEMENT CHARACTER}"),
])  # fmt: skip
async def test_what_it_says_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, found: object, said: str
) -> None:
    async with asyncio.timeout(PATIENCE):
        assert await saying(tmp_path, monkeypatch, script).ask("whatif") == (found, said)


async def test_too_much_does_not_hold_it_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "MOST_OUTPUT", 1 << 20)
    behind = saying(tmp_path, monkeypatch, "head -c 8000000 /dev/zero; echo done >&2")

    behind.try_on_kept("lea", "")
    assert behind.run is not None and behind.run.task is not None
    async with asyncio.timeout(PATIENCE):
        await behind.run.task

    assert (behind.run.is_over, behind.run.found, behind.run.wrong) == (True, None, "done")


async def test_a_line_without_end_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "head -c 3000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo end >&2"
    async with asyncio.timeout(PATIENCE):
        _, said = await saying(tmp_path, monkeypatch, script).ask("whatif")

    assert len(said) < 10_000 and said.endswith("\nend")
