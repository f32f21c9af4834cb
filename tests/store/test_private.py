"""The database, its log files and the spool are of their owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from gateway.config.load import files_with_secrets, load
from gateway.store import private
from gateway.store.engine import Store, make_engine
from gateway.store.migrate import migrate


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_database_and_its_log_files(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = Store(f"sqlite:///{tmp_path}/g.db")
        migrate(store.engine)
        found = {path.name: mode(path) for path in tmp_path.iterdir() if path.name != "g.db.lock"}
        store.close()
    finally:
        os.umask(before)

    assert found == {"g.db": 0o600, "g.db-wal": 0o600, "g.db-shm": 0o600}


def test_what_is_there_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "g.db"
    file.write_bytes(b"")
    file.chmod(0o640)
    make_engine(f"sqlite:///{file}").dispose()

    assert mode(file) == 0o640


def test_a_store_of_an_earlier_version_is_closed_to_everybody(tmp_path: Path) -> None:
    database, spool = tmp_path / "g.db", tmp_path / "g.db.spool"
    spool.mkdir()
    for name in ("g.db", "g.db-wal", "g.db-shm"):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o644)
    spool.chmod(0o755)
    changed = private.close(private.of_store(database, spool))

    assert {path.name: mode(path) for path in changed} == {
        "g.db": 0o640, "g.db-wal": 0o640, "g.db-shm": 0o640, "g.db.spool": 0o750
    }  # fmt: skip
    assert [line.split()[0] for line in private.loose(changed)] == [str(path) for path in changed]


def test_a_configuration_that_holds_a_key_is_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(CONFIG.replace("KEY", 'api_key = "s3cret-of-the-desk"'))
    assert files_with_secrets(load(file, {}), file) == [file]

    (tmp_path / "key").write_text("s3cret-of-the-desk")
    calendar = '[[calendar]]\nname = "works"\nclient = "*"\ntoken = "s3cretOfTheCalendar"\n'
    file.write_text(CONFIG.replace("KEY", f'api_key_file = "{tmp_path}/key"') + calendar)
    assert files_with_secrets(load(file, {}), file) == [file]

    file.write_text(CONFIG.replace("KEY", f'api_key_file = "{tmp_path}/key"'))
    assert files_with_secrets(load(file, {}), file) == []

    file.write_text(CONFIG.replace("KEY", ""))
    assert files_with_secrets(load(file, {"GATEWAY_DESK_API_KEY": "s3cret-of-the-desk"}), file) == []


CONFIG = """
[desk]
url = "https://desk.example/api/v1"
KEY

[[mailbox]]
address = "support@msp.example"
board = "Support"
fallback_client = "Acme"
"""
