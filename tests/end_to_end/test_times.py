"""Times at a shell are those of the reader's clock, and where they could be another's they say whose."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.cli import app
from tests.commands import run
from tests.harness import config_text
from tests.scenarios.stage import START
from tests.web.conftest import MAILS, filled
from tests.web.test_console import commands

ZONE = "Asia/Kolkata"  # half an hour beside every other clock: a minute tells whose time it is
PRINT_TIMES = (
    ("audit",),
    ("find", "printer"),
    ("find", "is:refused"),
    ("notices", "expected"),
    ("notices", "problems"),
    ("notices", "review"),
    ("queue", "list"),
    ("queue", "list", "--json"),
    ("queue", "show", "1"),
    ("rules",),
    ("show", "1"),
    ("show", "refused:1"),
    ("silence",),
    ("silence", "--json"),
    ("sums",),
    ("thread", "show", "TIC001001"),
    ("today",),
    ("todo",),
    ("verify",),
    ("windows", "list"),
    ("windows", "proposed"),
    ("windows", "show"),
)
ELSEWHERE = {
    "they act, and say what they did": {
        *(f"queue {act}" for act in ("release", "let-in", "drop", "move", "hold", "retry", "show-all", "release-files",
          "drop-files", "undo")),
        "thread move", "thread token", "notices end", "notices forget", "windows add", "windows end", "windows move",
        "windows cancel", "console", "console password", "reload", "backup", "restore", "migrate", "shadow end",
    },
    "they look at mail with a desk, and print its own dates": {
        "explain", "parse", "trial", "whatif", "rules try", "rules check", "notices propose", "notices try",
        "notices show", "notices list", "notices drift", "windows try", "shadow report", "shadow compare", "check",
    },
    "they run": {"serve", "demo", "simulator"},
}  # fmt: skip
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s*(\S*)")
OFFSET = re.compile(r"\+05:30\b|IST\b|Z\b|UTC\b")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Path:
    folder = tmp_path_factory.mktemp("times")
    filled(folder, migrated_file, MAILS)
    (folder / "gateway.toml").write_text(config_text("http://127.0.0.1:1/api/v1", "key", folder, 2525, 8025))
    return folder


def printed(folder: Path, *command: str) -> str:
    """What a command says to a reader in India."""
    done = run(*command, "--config", str(folder / "gateway.toml"), TZ=ZONE)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("command", PRINT_TIMES, ids=" ".join)
def test_times_are_the_readers(command: tuple[str, ...], folder: Path) -> None:
    output = printed(folder, *command)

    for moment in MOMENT.finditer(output):
        assert OFFSET.match(moment[1] or moment[0][-6:]) or OFFSET.search(moment[0]), moment[0]
    utc = {datetime.fromtimestamp(START + 60 * minute, UTC).strftime("%H:%M") for minute in range(30)}
    for clock in re.finditer(r"(?<![\d:])(\d\d:\d\d)(?::\d\d)?(?!\d)\s*(\S*)", output):
        assert clock[1] not in utc or OFFSET.match(clock[2]), f"UTC, and it does not say so: {clock[0]}"


def test_a_command_prints_the_readers_time(folder: Path) -> None:
    here = datetime.fromtimestamp(START, ZoneInfo(ZONE)).strftime("%Y-%m-%d %H:%M")
    for command in (
        ("queue", "list", "--json"),
        ("queue", "show", "1"),
        ("thread", "show", "TIC001001"),
        ("show", "1"),
    ):
        assert here in printed(folder, *command), command


def test_every_command_is_known_here() -> None:
    known = {" ".join(part for part in command[:2] if part.isalpha()) for command in PRINT_TIMES}
    known = {name if name in commands(app) else name.split()[0] for name in known}
    assert known | set().union(*ELSEWHERE.values()) == commands(app), (
        "does it print times? Then put it into PRINT_TIMES"
    )
