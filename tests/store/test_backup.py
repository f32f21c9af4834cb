"""What a backup holds, what restore refuses, and what verify finds."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.config.load import parse
from gateway.config.settings import Settings
from gateway.model.effects import TicketBody
from gateway.operate import arrivals, backup, synced, verify
from gateway.operate.backup import BackupFailed, BadBackup
from gateway.operate.restore import NotRestored, restore
from gateway.store import deliveries, effects, migrate
from gateway.store.arrivals import ArrivalsFile
from gateway.store.engine import Store, make_engine
from gateway.store.raw import RawMail
from gateway.store.schema import metadata
from gateway.store.stage import EffectState, Stage
from tests.peers import Postgres
from tests.store.test_arrivals import mail as arrived
from tests.store.test_contract import NOW, claim, new


def settings(folder: Path, **more: str) -> Settings:
    return parse(
        {
            "desk": {"url": "http://127.0.0.1:9/api/v1", "api_key": "k"},
            "store": {"url": f"sqlite:///{folder}/gateway.db", **more},
            "mailbox": [{"address": "a@b.example"}],
        },
        {},
    )


@pytest.fixture
async def kept(tmp_path: Path, migrated_file: Path) -> Settings:
    """A store with a small mail under work, a large one that is done, and one that waits."""
    configured = settings(tmp_path / "here")
    configured.store.spool_dir.mkdir(parents=True)
    (tmp_path / "here" / "gateway.db").write_bytes(migrated_file.read_bytes())
    (configured.store.spool_dir / "large.eml").write_bytes(b"large mail")
    store = Store(configured.store.url)
    await store.write(lambda c: deliveries.accept(c, [new("1", "<1@x>")], b"small", None, 5, sha256(b"small").digest()))
    await store.write(
        lambda c: deliveries.accept(c, [new("2", "<2@x>")], None, "large.eml", 10, sha256(b"large mail").digest())
    )
    await store.write(lambda c: deliveries.accept(c, [new("3", "<3@x>")], b"waits", None, 5, sha256(b"waits").digest()))
    under_work, large = await claim(store, limit=2)

    def plan(c: object) -> None:
        for each in (under_work, large):
            effects.add(c, each, 1, [TicketBody(title="", ids={}, description="", facts={})])  # type: ignore[arg-type]
            deliveries.advance(c, each, Stage.PLANNED, now=NOW)  # type: ignore[arg-type]

    await store.write(plan)
    done = (await store.read(lambda c: effects.of(c, large.id, 1)))[0]
    await store.write(lambda c: effects.set_state(c, done, EffectState.DONE, remote_id="T1"))
    moved = await store.read(lambda c: c.exec_driver_sql("SELECT seq FROM delivery WHERE raw_id = 2").scalar_one())
    await store.write(
        lambda c: c.exec_driver_sql(f"UPDATE delivery SET stage = 'DONE', ticket_id = 'T1' WHERE seq = {moved}")
    )
    await store.write(lambda c: deliveries.settle_ids(c, large.seq, large.id, NOW))
    store.close()
    return configured


def faults(configured: Settings) -> list[str]:
    return [fault for finding in verify.verify(configured) for fault in finding.faults]


def test_there_and_back_again(kept: Settings, tmp_path: Path) -> None:
    for name in ("folder", "file.tar"):
        made = backup.make(kept, tmp_path / name)
        assert made.sums["accepted"] == 3
        assert [name for name, _, _ in made.files] == ["database.sqlite", "spool/large.eml"]
        there = settings(tmp_path / f"there-{name}")
        restore(there, tmp_path / name)
        assert faults(there) == []
        assert (there.store.spool_dir / "large.eml").read_bytes() == b"large mail"
        with sqlite3.connect(tmp_path / f"there-{name}" / "gateway.db") as connection:
            assert connection.execute("SELECT at, since FROM restored").fetchall() == [(made.at, made.since)]
            assert connection.execute("SELECT count(*) FROM delivery WHERE lease_until > 0").fetchone() == (0,)
    assert not list(tmp_path.glob("*.partial"))


def test_a_backup_gets_a_place_of_its_own(kept: Settings, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "x").touch()
    with pytest.raises(BackupFailed, match="is there already"):
        backup.make(kept, tmp_path / "taken")


def test_a_file_that_is_not_there_is_told(kept: Settings, tmp_path: Path) -> None:
    (kept.store.spool_dir / "large.eml").unlink()
    assert backup.make(kept, tmp_path / "b").missing == ["large.eml"]


@contextmanager
def closing_engine(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    yield engine
    engine.dispose()


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda b: flip(b / "database.sqlite"), "database.sqlite: damaged"),
        (lambda b: flip(b / "spool/large.eml"), "spool/large.eml: damaged"),
        (lambda b: (b / "spool/large.eml").unlink(), "spool/large.eml: No such file"),
        (lambda b: (b / "spool/more.eml").touch(), "spool/more.eml: not in the manifest"),
        (lambda b: (b / "manifest.json").unlink(), "no manifest.json"),
        (lambda b: (b / "manifest.json").write_text("{"), "cannot be read"),
        (lambda b: change(b / "manifest.json", format=3), "format 3"),
        (lambda b: change(b / "manifest.json", format=3, more="of a later version"), "format 3 of gateway"),
        (lambda b: change(b / "manifest.json", files=[["../x", 1, "y"]]), "'../x' is not a name"),
        (lambda b: change(b / "manifest.json", schema="9999"), "schema 9999 of gateway"),
        (lambda b: change(b / "manifest.json", database="postgresql"), "is of postgresql"),
    ],
)  # fmt: skip
def test_a_damaged_backup_is_refused_and_nothing_is_touched(
    kept: Settings, tmp_path: Path, damage: Callable[[Path], None], said: str
) -> None:
    backup.make(kept, tmp_path / "b")
    damage(tmp_path / "b")
    with pytest.raises((BadBackup, NotRestored), match=said):
        restore(settings(tmp_path / "there"), tmp_path / "b")
    assert not (tmp_path / "there" / "gateway.db").exists()


def test_a_tar_file_that_is_cut_off_is_refused(kept: Settings, tmp_path: Path) -> None:
    backup.make(kept, tmp_path / "b.tar")
    data = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(data[: len(data) // 2])
    with pytest.raises(BadBackup):
        restore(settings(tmp_path / "there"), tmp_path / "b.tar")


@pytest.mark.parametrize("form", ["gz", "bz2", "xz"])
def test_a_tar_file_that_was_compressed_and_is_damaged_is_refused(kept: Settings, tmp_path: Path, form: str) -> None:
    backup.make(kept, tmp_path / "b")
    for damage in (lambda data: data[: len(data) // 2], lambda data: data[:200] + b"\xff" * 20 + data[220:]):
        with tarfile.open(tmp_path / f"b.tar.{form}", f"w:{form}") as archive:  # type: ignore[call-overload]
            archive.add(tmp_path / "b", arcname=".")
        data = (tmp_path / f"b.tar.{form}").read_bytes()
        (tmp_path / f"b.tar.{form}").write_bytes(damage(data))
        with pytest.raises(BadBackup):
            restore(settings(tmp_path / "there"), tmp_path / f"b.tar.{form}")


def _added(archive: tarfile.TarFile, name: str, kind: bytes = tarfile.REGTYPE) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd" if kind != tarfile.REGTYPE else ""
    archive.addfile(info)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", tarfile.REGTYPE),
        ("spool/../../outside", tarfile.REGTYPE),
        ("/tmp/outside", tarfile.REGTYPE),
        ("spool/1.eml", tarfile.SYMTYPE),
        ("spool/1.eml", tarfile.LNKTYPE),
        ("spool/1.eml", tarfile.FIFOTYPE),
    ],
)
def test_a_tar_file_writes_nothing_outside_and_makes_no_links(
    kept: Settings, tmp_path: Path, name: str, kind: bytes
) -> None:
    backup.make(kept, tmp_path / "b")
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        _added(archive, name, kind)
        archive.add(tmp_path / "b", arcname=".")
    with pytest.raises(BadBackup, match="is no file of a backup"):
        restore(settings(tmp_path / "there"), tmp_path / "b.tar")
    assert not any(tmp_path.rglob("outside"))


UNREADABLE = Path("/proc/self/mem")
"""A file that opens, and of which reading fails as on a bad disk (EIO)."""


def test_a_file_that_cannot_be_read_is_told_and_the_rest_is_there(kept: Settings, tmp_path: Path) -> None:
    large = kept.store.spool_dir / "large.eml"
    large.unlink()
    large.symlink_to(UNREADABLE)

    assert backup.make(kept, tmp_path / "b").missing == ["large.eml"]
    there = settings(tmp_path / "there")
    restore(there, tmp_path / "b")
    assert faults(there) == ["mail 2: large.eml: No such file or directory"]


def test_a_file_of_the_arrivals_may_go_while_they_are_copied(
    kept: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is imported at that moment: the database, copied later, has it."""
    configured = settings(tmp_path / "here", accept="arrivals")
    folder = configured.store.arrivals_dir
    assert folder is not None
    file = ArrivalsFile(folder)
    file.append([replace(arrived(1), data=None, path="1.eml")])
    file.close()
    (folder / "1.eml").write_bytes(b"x")
    copyfile = shutil.copyfile

    def gone(source: Path, target: Path) -> None:
        source.unlink()
        copyfile(source, target)

    monkeypatch.setattr(arrivals.shutil, "copyfile", gone)
    assert backup.make(configured, tmp_path / "b").arriving == 1


def test_a_disk_that_is_full_leaves_the_store_as_it_is(
    kept: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup.make(kept, tmp_path / "b")

    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(synced, "copy", full)
    with pytest.raises(NotRestored, match="No space left"):
        restore(kept, tmp_path / "b", overwrite=True)

    assert faults(kept) == []
    assert not list(kept.store.spool_dir.parent.glob("*restoring*")) and not list(tmp_path.rglob("*.before-*"))


def test_what_cannot_be_set_aside_leaves_the_store_as_it_is(kept: Settings, tmp_path: Path) -> None:
    backup.make(kept, tmp_path / "b")
    here = kept.store.spool_dir.parent
    (here / "gateway.db.before-now").mkdir()

    with pytest.raises(NotRestored):
        restore(kept, tmp_path / "b", overwrite=True, stamp="now")

    assert faults(kept) == [] and not (here / "gateway.db.spool.before-now").exists()
    restore(kept, tmp_path / "b", overwrite=True, stamp="later")
    assert faults(kept) == []


def test_what_sqlite_kept_of_a_database_that_is_gone_does_not_come_into_the_new_one(
    kept: Settings, tmp_path: Path
) -> None:
    backup.make(kept, tmp_path / "b")
    here = kept.store.spool_dir.parent
    (here / "gateway.db").unlink()
    for suffix in ("-wal", "-shm", "-journal"):
        (here / f"gateway.db{suffix}").write_bytes(b"of the old one")
    restore(kept, tmp_path / "b", overwrite=True, stamp="now")
    assert not (here / "gateway.db-journal").exists() and (here / "gateway.db.before-now-journal").exists()
    assert faults(kept) == []


def test_links_to_another_disk_stay_links(kept: Settings, tmp_path: Path) -> None:
    backup.make(kept, tmp_path / "b")
    here, disk = kept.store.spool_dir.parent, tmp_path / "disk"
    disk.mkdir()
    for name in ("gateway.db", "gateway.db.spool"):
        (here / name).rename(disk / name)
        (here / name).symlink_to(disk / name)

    restore(kept, tmp_path / "b", overwrite=True, stamp="now")

    assert all((here / name).is_symlink() for name in ("gateway.db", "gateway.db.spool"))
    assert (disk / "gateway.db.before-now").exists() and (disk / "gateway.db.spool" / "large.eml").exists()
    assert faults(kept) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_puts_back_belongs_to_whom_the_folder_belongs(kept: Settings, tmp_path: Path) -> None:
    """The gateway runs as another user, which has to write it."""
    backup.make(kept, tmp_path / "b")
    (tmp_path / "there").mkdir()
    os.chown(tmp_path / "there", 4321, 4321)
    there = settings(tmp_path / "there", accept="arrivals")

    restore(there, tmp_path / "b")
    backup.make(there, tmp_path / "c")  # which makes the guard of the spool

    made = {path.relative_to(tmp_path / "there"): path.stat() for path in (tmp_path / "there").rglob("*")}
    assert {Path("gateway.db"), Path("gateway.db.lock"), Path("gateway.db.spool/.guard")} <= set(made)
    assert {stat.st_uid for stat in made.values()} == {4321}


def test_a_backup_of_an_earlier_schema_replaces_a_database_of_this_one(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its schema does not have is not left over for the migrations to stumble on."""
    url = postgres.database("earlier")
    configured, scripts = settings(tmp_path, url=url, spool=str(tmp_path / "spool")), tmp_path / "migrations"
    configured.store.spool_dir.mkdir()
    shutil.copytree(migrate.HERE, scripts)
    for file in (scripts / "versions").glob("00*.py"):
        if file.name > "0011":
            file.unlink()
    with closing_engine(url) as engine:
        migrate.migrate(engine, scripts)
    made = backup.make(configured, tmp_path / "b")
    with closing_engine(url) as engine:
        migrate.migrate(engine)

    restore(configured, tmp_path / "b", overwrite=True)

    assert made.schema == "0010"
    assert faults(configured) == []


def test_who_is_connected_to_the_database_is_waited_for_a_moment(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that has just been stopped may still be there for PostgreSQL."""
    url = postgres.database("connected")
    configured = settings(tmp_path, url=url, spool=str(tmp_path / "spool"))
    configured.store.spool_dir.mkdir()
    with closing_engine(url) as engine:
        migrate.migrate(engine)
    backup.make(configured, tmp_path / "b")

    with closing_engine(url) as engine:
        other = engine.connect()
        with pytest.raises(NotRestored, match="1 other connections"):
            restore(configured, tmp_path / "b", overwrite=True)
        monkeypatch.setattr(time, "sleep", lambda seconds: other.invalidate())
        restore(configured, tmp_path / "b", overwrite=True)
        other.close()

    assert faults(configured) == []


def test_a_store_that_holds_mail_is_set_aside_only_when_asked(kept: Settings, tmp_path: Path) -> None:
    backup.make(kept, tmp_path / "b")
    with pytest.raises(NotRestored, match="--overwrite"):
        restore(kept, tmp_path / "b")
    restore(kept, tmp_path / "b", overwrite=True, stamp="now")
    here = kept.store.spool_dir.parent
    assert (here / "gateway.db.before-now").exists()
    assert (here / "gateway.db.spool.before-now" / "large.eml").exists()
    assert faults(kept) == []


def test_a_gateway_that_runs_is_not_restored(kept: Settings, tmp_path: Path) -> None:
    backup.make(kept, tmp_path / "b")
    store = Store(kept.store.url)
    try:
        with pytest.raises(NotRestored, match="stop the gateway first"):
            restore(kept, tmp_path / "b", overwrite=True)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("DELETE FROM raw WHERE id = 1", "is PLANNED and has no mail"),
        ("DELETE FROM raw WHERE id = 2", "is DONE and has no mail"),
        ("UPDATE raw SET data = NULL WHERE id = 1", "neither in the database nor in the spool"),
        ("UPDATE raw SET data = CAST('smal' AS BLOB) WHERE id = 1", "4 bytes, 5 were accepted"),
        ("UPDATE raw SET sha256 = zeroblob(32) WHERE id = 1", "not the bytes that were accepted"),
        ("UPDATE raw SET path = 'other.eml' WHERE id = 2", "other.eml: No such file"),
        ("DELETE FROM delivery WHERE seq = 3", "3 deliveries were accepted, 2 are known"),
        ("UPDATE delivery SET stage = 'LIMBO' WHERE seq = 3", "a delivery has a stage that is none"),
        ("UPDATE effect SET state = 'SENT' WHERE state = 'DONE'", "is DONE, its effect 0 (ticket) is SENT"),
        ("UPDATE effect SET remote_id = '' WHERE state = 'DONE'", "is DONE and has no id of the desk"),
        ("UPDATE delivery SET stage = 'ACCEPTED', ticket_id = '' WHERE seq = 2", "is not planned, its effect 0"),
        ("UPDATE delivery SET generation = 2 WHERE seq = 1", "is PLANNED and has no effects"),
        ("UPDATE delivery SET ticket_id = '' WHERE seq = 2", "leads to no ticket"),
        ("INSERT INTO effect SELECT 'x', 1, 0, desk, kind, body, marker, state, '', '', '', 0, 0, 0, 0, 0, 0"
         " FROM effect LIMIT 1", "1 rows of effect belong to no delivery"),
        ("INSERT INTO mention (key, seq) SELECT key, 99 FROM mention LIMIT 1", "waited for by mail that ended"),
        ("INSERT INTO thread VALUES (x'00', 'b', '<y>', '', 'referenced', 'x')", "1 ids are reserved"),
        ("UPDATE alembic_version SET version_num = '0000'", "run `gateway migrate`"),
    ],
)  # fmt: skip
def test_verify_finds(kept: Settings, damage: str, said: str) -> None:
    assert faults(kept) == []
    with sqlite3.connect(kept.store.spool_dir.parent / "gateway.db") as connection:
        connection.execute(damage)
    assert any(said in fault for fault in faults(kept)), faults(kept)


def test_verify_finds_a_page_that_rotted(kept: Settings) -> None:
    file = kept.store.spool_dir.parent / "gateway.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'delivery_sender'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    data = bytearray(file.read_bytes())
    data[(page - 1) * size : (page - 1) * size + 200] = b"\xff" * 200
    file.write_bytes(data)
    try:
        assert faults(kept)
    except Exception as error:
        assert "malformed" in str(error)


def test_verify_finds_what_the_disk_does_not_give_out(kept: Settings) -> None:
    large = kept.store.spool_dir / "large.eml"
    large.unlink()
    large.symlink_to(UNREADABLE)
    (kept.store.spool_dir / "nobody.eml").symlink_to("nowhere")  # as a file that is gone when it is looked at
    with sqlite3.connect(kept.store.spool_dir.parent / "gateway.db") as connection:
        connection.execute("UPDATE raw SET size = 0 WHERE id = 2")
    assert faults(kept) == ["mail 2: large.eml: Input/output error"]


def test_mail_that_retention_deletes_meanwhile_is_no_fault(kept: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = verify._measured

    def late(look: Any, row: Any) -> Any:
        if row["path"]:
            with sqlite3.connect(kept.store.spool_dir.parent / "gateway.db") as connection:
                connection.execute("DELETE FROM raw WHERE id = 2")
            (kept.store.spool_dir / row["path"]).unlink()
        return measured(look, row)

    monkeypatch.setattr(verify, "_measured", late)
    assert faults(kept) == []


def test_a_quick_look_does_not_read_the_mails(kept: Settings) -> None:
    with sqlite3.connect(kept.store.spool_dir.parent / "gateway.db") as connection:
        connection.execute("UPDATE raw SET data = CAST('SMALL' AS BLOB) WHERE id = 1")
        connection.execute("UPDATE raw SET data = CAST('wait' AS BLOB) WHERE id = 3")
    (kept.store.spool_dir / "large.eml").write_bytes(b"LARGE MAIL")
    quick = [fault for finding in verify.verify(kept, quick=True) for fault in finding.faults]
    assert quick == ["mail 3: 4 bytes, 5 were accepted"]
    assert len(faults(kept)) == 3


def test_verify_reads_postgresql(store: Store, tmp_path: Path) -> None:
    if store.sqlite:
        pytest.skip("SQLite has tests of its own")
    found = verify.verify(settings(tmp_path, url=store.url, spool=str(tmp_path)))
    assert [finding.faults for finding in found] == [[]] * len(verify.CHECKS)
    assert metadata.tables


async def test_mail_in_an_object_store_comes_along(tmp_path: Path, migrated_file: Path) -> None:
    here = settings(tmp_path / "here", objects=f"file://{tmp_path}/objects")
    here.store.spool_dir.mkdir(parents=True)
    (tmp_path / "here" / "gateway.db").write_bytes(migrated_file.read_bytes())
    (here.store.spool_dir / "1.eml").write_bytes(b"large mail")
    path = await RawMail(here.store).put(here.store.spool_dir / "1.eml")
    store = Store(here.store.url)
    await store.write(
        lambda c: deliveries.accept(c, [new("1", "<1@x>")], None, path, 10, sha256(b"large mail").digest())
    )
    store.close()
    assert faults(here) == []

    backup.make(here, tmp_path / "b")
    there = settings(tmp_path / "there")
    restore(there, tmp_path / "b")

    assert faults(there) == []
    assert [file.read_bytes() for file in there.store.spool_dir.glob("*.eml")] == [b"large mail"]
    for file in (tmp_path / "objects").rglob("*.eml"):
        file.unlink()
    assert "FileNotFoundError" in faults(here)[0]
    assert backup.make(here, tmp_path / "c").missing == [path]
