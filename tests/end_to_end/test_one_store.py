"""One configuration is one store, from whatever folder a command is called; and nobody else reads it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from gateway.config.load import load
from gateway.config.rooted import rooted
from gateway.config.settings import ConfigError
from tests import commands

DESK = '[desk]\nurl = "http://127.0.0.1:9/api/v1"\napi_key_file = "desk-key"\n'
BOX = '[[mailbox]]\naddress = "support@msp.example"\n'
READING = [
    ["sums"],
    ["queue", "list"],
    ["queue", "show", "01a2"],
    ["queue", "list", "--held-files"],
    ["thread", "show", "TIC001"],
    ["notices", "problems"],
    ["notices", "review"],
    ["verify"],
    ["explain", "mail.eml", "--offline"],
    ["whatif"],
    ["check"],
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a configuration whose paths are relative."""
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "desk-key").write_text("key")
    (folder / "gateway.toml").write_text(DESK + BOX)
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the operator happens to be."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "mail.eml").write_text("From: a@acme.example\nSubject: x\n\nx\n")
    monkeypatch.chdir(folder)
    return folder


def files(*folders: Path) -> set[str]:
    return {str(path) for folder in folders for path in folder.rglob("*")}


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_what_only_reads_makes_no_file(command: list[str], home: Path, elsewhere: Path) -> None:
    before = files(home, elsewhere)

    done = commands.run(*command, "--config", str(home / "gateway.toml"))

    assert files(home, elsewhere) == before
    assert "Traceback" not in done.stderr
    if command[0] not in ("explain", "check", "whatif"):
        assert done.returncode == 1
        assert f"{home}/gateway.db does not exist" in done.stderr


def test_the_store_is_beside_the_configuration_wherever_the_command_is_called(home: Path, elsewhere: Path) -> None:
    config = str(home / "gateway.toml")
    (elsewhere / "link.toml").symlink_to(config)

    made = commands.run("migrate", "--config", config)
    seen = commands.run("sums", "--json", "--config", os.path.relpath(config))
    by_environment = commands.run("sums", "--json", GATEWAY_CONFIG=config)

    assert made.returncode == 0, made.stderr
    assert (home / "gateway.db").exists() and files(elsewhere) == {str(elsewhere / n) for n in ("mail.eml", "link.toml")}
    assert json.loads(seen.stdout)["accepted"] == json.loads(by_environment.stdout)["accepted"] == 0


def test_every_path_counts_from_there(home: Path, elsewhere: Path) -> None:
    (home / "gateway.toml").write_text(
        f'{DESK}[store]\nurl = "sqlite:///data/g.db"\n[smtp]\ntls_cert = "c.pem"\ntls_key = "/abs/k.pem"\n'
        f'{BOX}templates = "mine"\n'
    )

    found = load(home / "gateway.toml", {})

    assert found.store.url == f"sqlite:///{home}/data/g.db"
    assert found.store.spool_dir == home / "data" / "g.db.spool"
    assert found.desks["default"].api_key_file == home / "desk-key" and found.desks["default"].key() == "key"
    assert (found.smtp.tls_cert, found.smtp.tls_key) == (home / "c.pem", Path("/abs/k.pem"))
    assert found.mailbox[0].templates == home / "mine"
    assert rooted(found, Path("/other")) == found


def test_postgresql_has_its_spool_there_too(home: Path, elsewhere: Path) -> None:
    url = "postgresql+psycopg://user:secret@host/database"
    (home / "gateway.toml").write_text(f'{DESK}[store]\nurl = "{url}"\n{BOX}')

    found = load(home / "gateway.toml", {})

    assert (found.store.url, found.store.spool_dir) == (url, home / "spool")


def test_a_store_that_an_earlier_version_left_elsewhere_is_not_left_behind(home: Path, elsewhere: Path) -> None:
    (elsewhere / "gateway.db").touch()

    with pytest.raises(ConfigError, match=f'write url = "sqlite:///{elsewhere}/gateway.db"'):
        load(home / "gateway.toml", {})
    (home / "gateway.db").touch()
    assert load(home / "gateway.toml", {}).store.url == f"sqlite:///{home}/gateway.db"


def test_a_backup_of_nothing_says_so(home: Path, elsewhere: Path, tmp_path: Path) -> None:
    config = str(home / "gateway.toml")
    none = commands.run("backup", str(tmp_path / "one"), "--config", config)
    commands.run("migrate", "--config", config)
    warned = commands.run("backup", str(tmp_path / "two"), "--config", config)
    failed = commands.run("backup", str(tmp_path / "three"), "--fail-empty", "--config", config)

    assert (none.returncode, (tmp_path / "one").exists()) == (1, False)
    assert none.stderr.startswith(f"no backup: {home}/gateway.db does not exist")
    assert (warned.returncode, (tmp_path / "two").exists()) == (0, True)
    assert "holds no mail" in warned.stderr
    assert failed.returncode == 1


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_what_it_makes_is_private_whatever_the_umask(mask: int, home: Path, tmp_path: Path) -> None:
    config = str(home / "gateway.toml")
    (home / "desk-key").chmod(0o600)
    before = os.umask(mask)
    try:
        commands.run("migrate", "--config", config)
        commands.run("backup", str(tmp_path / "copy"), "--config", config)
    finally:
        os.umask(before)

    made = [home / "gateway.db", *(tmp_path / "copy").rglob("*"), tmp_path / "copy"]
    assert len(made) > 3
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_check_warns_of_what_others_may_read(home: Path, elsewhere: Path) -> None:
    config = str(home / "gateway.toml")
    commands.run("migrate", "--config", config)
    (home / "gateway.db").chmod(0o644)
    (home / "desk-key").chmod(0o640)
    loose = commands.run("check", "--config", config).stdout
    for name in ("gateway.db", "desk-key"):
        (home / name).chmod(0o600)
    tight = commands.run("check", "--config", config).stdout

    assert f"{home}/gateway.db has mode 0644" in loose and f"{home}/desk-key has mode 0640" in loose
    assert "has mode" not in tight
