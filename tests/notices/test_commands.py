"""The commands that look at profiles: list, show, try, propose from files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.config import profiles
from gateway.notices import fixtures
from tests.notices.test_configuration import HEAD, PROFILE

OFF = PROFILE.replace('state = "open"', 'state = "close"')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gateway.toml").write_text(HEAD + '[[notice]]\nprofile = "veeam"\nnetworks = ["192.0.2.0/24"]\n')
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / "own.toml").write_text(OFF)
    return tmp_path


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["notices", *words, "-c", str(folder / "gateway.toml")])


def test_list(folder: Path) -> None:
    rows = {row["profile"]: row for row in json.loads(run(folder, "list", "--json").stdout)}

    assert rows.keys() == {*profiles.shipped(), "own"}
    assert (rows["veeam"]["notice"], rows["veeam"]["proven by"]) == ("veeam", "networks 192.0.2.0/24")
    assert (rows["own"]["origin"], rows["own"]["notice"]) == ("own", "(off)")
    assert "Uptime Kuma" in run(folder, "list").stdout


def test_show_runs_the_fixtures(folder: Path) -> None:
    shown = run(folder, "show", "own")
    shipped = run(folder, "show", "veeam")

    assert shown.exit_code == 1
    assert f"{folder}/notices/own.toml:15: fixture 'down': state is 'open' instead of 'close'" in shown.stdout
    assert (shipped.exit_code, "0 that do not come out" in shipped.stdout) == (0, True)
    assert run(folder, "show", "nothing").exit_code == 2


def test_try(folder: Path) -> None:
    veeam = profiles.read(profiles.SHIPPED / "veeam.toml").profile
    (folder / "veeam.eml").write_bytes(fixtures.mail_of(veeam.fixture[0], folder))
    (folder / "other.eml").write_bytes(b"From: ann@acme.example\nSubject: \x1b[31mHello\n\nHello\n")

    (read,) = json.loads(run(folder, "try", "veeam", str(folder / "veeam.eml"), "--json").stdout)
    own = run(folder, "try", str(folder / "notices" / "own.toml"), str(folder / "other.eml"))
    other = run(folder, "try", "veeam", str(folder / "other.eml"))

    assert (read["notice"]["state"], read["notice"]["object"]) == ("open", "Daily Servers")
    assert own.exit_code == 1 and "not read  host, state" in own.stdout
    assert other.exit_code == 1 and "is no mail of the product" in other.stdout
    assert "\x1b" not in other.stdout


def test_try_uses_the_senders_of_the_notice_and_says_what_decided(folder: Path) -> None:
    more = '[[notice]]\nprofile = "words"\nname = "switches"\nsenders = ["sw@acme.example"]\n'
    (folder / "gateway.toml").write_text((folder / "gateway.toml").read_text() + more)
    mails = {
        "up.eml": "From: sw@acme.example\nSubject: Online shop line is up\n\nx\n",
        "far.eml": "From: other@acme.example\nSubject: Online shop line is up\n\nx\n",
        "doubt.eml": "From: sw@acme.example\nSubject: Report: OK\n\nPort 4 failed.\n",
    }
    for name, mail in mails.items():
        (folder / name).write_text(mail)

    up, far, doubt = (run(folder, "try", "switches", str(folder / name)) for name in mails)

    assert up.exit_code == 0 and "close by 'is up' in subject" in up.stdout
    assert "'Online' (close): not where a machine puts a state" in up.stdout
    assert far.exit_code == 1 and "from sw@acme.example" in far.stdout
    assert "'Port 4 failed.' in the mail: not surely over" in doubt.stdout and "update" in doubt.stdout


def test_propose_from_files(folder: Path) -> None:
    for number, state in enumerate(("down", "up", "down")):
        (folder / f"{number}.eml").write_bytes(
            f"From: box@acme.example\nSubject: Line {number} is {state}\n\nx\n".encode()
        )
    files = [str(path) for path in sorted(folder.glob("*.eml"))]

    drafted = run(folder, "propose", *files, "--least", "3")
    none = run(folder, "propose", *files, "--least", "4")

    assert drafted.stdout.startswith("# -- box-at-acme-example.toml: 2 open, 0 update, 1 close")
    assert 'close = ["is up"]' in drafted.stdout
    assert "3 mails: no sender has 4 or more" in none.stdout
