"""What happens to the disk under the store and the spool."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

from gateway.processes.life import FATAL
from tests.faults.disks import MIB, LossyDisk, SmallDisk, closing
from tests.faults.site import Site
from tests.faults.traffic import Traffic
from tests.peers import Postgres

PAGE = 4096
POSTGRES_PAGE = 8192
SECTOR = 512
REFUSED = "is damaged"  # what the gateway says of such a store
MET = b"the database is damaged"  # and of a value or a page that it needs
OF_PENDING = "effect JOIN delivery ON delivery.id = delivery_id WHERE stage IN ('ACCEPTED', 'PLANNED')"
VALUES = (
    ("delivery", "envelope", "delivery WHERE stage = 'ACCEPTED'"),
    ("delivery", "plan", "delivery WHERE stage = 'PLANNED'"),
    ("delivery", "trace", "delivery WHERE trace IS NOT NULL"),
    ("effect", "body", OF_PENDING),
)
IN_USE = " UNION ALL ".join(
    f"SELECT pg_relation_filepath('{table}'), CAST({table}.ctid AS text) FROM {tables}"
    " WHERE stage IN ('ACCEPTED', 'PLANNED')"
    for table, tables in (
        ("delivery", "delivery"),
        ("effect", "effect JOIN delivery ON delivery.id = delivery_id"),
        ("raw", "raw JOIN delivery ON raw.id = raw_id"),
        ("mention", "mention JOIN delivery USING (seq)"),
    )
)
ANY = "SELECT pg_relation_filepath('thread'), CAST(ctid AS text) FROM thread"
Ground = tuple[Postgres | None, list[SmallDisk | LossyDisk]]
"""The database server to use, and the disks below it and below the data folder."""


def small(stack: contextlib.ExitStack, folder: Path, postgres: Postgres | None) -> Ground:
    """Store and spool on disks that can be filled: PostgreSQL's own data too."""
    disks: list[SmallDisk | LossyDisk] = [SmallDisk(folder / "data", 48 * MIB)]
    stack.enter_context(closing(disks[0]))
    if postgres:
        cluster = Path(tempfile.mkdtemp(prefix="gateway-pg-"))  # where its own account may enter
        cluster.chmod(0o755)
        stack.callback(shutil.rmtree, cluster, ignore_errors=True)
        disks.append(SmallDisk(cluster, 160 * MIB))
        stack.enter_context(closing(disks[1]))
        postgres = Postgres(cluster, durable=True)
        stack.callback(postgres.stop)
    return postgres, disks


def lossy(stack: contextlib.ExitStack, folder: Path, postgres: Postgres | None) -> Ground:
    """Store and spool on a disk whose power can be cut; PostgreSQL answers for its own."""
    disk = LossyDisk(folder / "data")
    stack.enter_context(closing(disk))
    return postgres, [disk]


def as_they_are(stack: contextlib.ExitStack, folder: Path, postgres: Postgres | None) -> Ground:
    return postgres, []


def full(site: Site, traffic: Traffic) -> None:
    """Not a block is left; then there is room again."""
    while not traffic.is_over:
        site.pause(1, 2)
        for disk in (disks := [disk for disk in site.disks if isinstance(disk, SmallDisk)]):
            disk.fill()
        site.pause(1.5, 2.5)
        for disk in disks:
            disk.free()
        if site.postgres and not site.postgres.is_up():
            site.postgres.start()


def read_only(site: Site, traffic: Traffic) -> None:
    """Nothing below the data folder can be changed, as after a remount for errors."""
    while not traffic.is_over:
        site.pause(1, 2)
        for shim in site.shims:
            shim.read_only(True)
        site.pause(1.5, 2.5)
        for shim in site.shims:
            shim.read_only(False)


def sync_fails(site: Site, traffic: Traffic) -> None:
    """fsync answers EIO for a while."""
    while not traffic.is_over:
        site.pause(1, 2)
        for shim in site.shims:
            shim.sync_fails(True)
        site.pause(1, 2)
        for shim in site.shims:
            shim.sync_fails(False)


def power(site: Site, traffic: Traffic) -> None:
    """The power is cut: all stands still in one moment, and what was not synced is gone. Then the machine starts again.

    The disk alone will not do: a sync that runs while ext4 is shut down may succeed and have done nothing."""
    (disk,) = site.disks
    assert isinstance(disk, LossyDisk)
    while not traffic.is_over:
        site.pause(1, 2.5)
        for gateway in site.gateways:
            gateway.freeze()
        disk.cut()
        with site.stopped():
            site.let_go()
            disk.restore()
    site.let_go()


def own(stack: contextlib.ExitStack, folder: Path, postgres: Postgres | None) -> Ground:
    """A PostgreSQL that others do not share."""
    if postgres:
        postgres = Postgres(durable=True)
        stack.callback(postgres.stop)
    return postgres, []


def corrupt(site: Site, traffic: Traffic) -> None:
    """A sector of the stopped store turns to garbage, then values of pending mail, then a sector of a spool file.
    Where the gateway refuses the store the operator puts back a copy; where PostgreSQL does not give the page out
    the gateway runs on for a while, and then the operator puts back the page."""
    while True:
        site.pause(1, 2)
        if site.postgres:
            _damage_page(site, site.postgres)
        else:
            _damage_database(site)
            site.pause(0.5, 1)
            _damage_values(site)
        site.pause(0.5, 1)
        with site.stopped():
            spool = sorted(site.spool_of_pending())
            if spool:
                _garble_any(site, site.rng.choice(spool), SECTOR)
        if traffic.is_over:
            break
    site.met = sum(gateway.log.read_bytes().count(MET) for gateway in site.gateways)
    if fallen := site.endings().get(FATAL):
        site.notes.append(f"a gateway ended by itself {fallen} times")


def _damage_page(site: Site, postgres: Postgres) -> None:
    """On which mail lies that is under work, if there is any."""
    with site.stopped():
        with site.engine().connect() as connection:
            rows = connection.exec_driver_sql(IN_USE).all() or connection.exec_driver_sql(ANY).all()
        site.let_go()
        postgres.halt()
        name, place = site.rng.choice(rows)
        file, page = postgres.folder / "data" / name, int(place.strip("()").split(",")[0])
        before = file.read_bytes()
        at = page * POSTGRES_PAGE + site.rng.randrange(POSTGRES_PAGE // SECTOR) * SECTOR
        _garble(site, file, at)
        postgres.start()
    for gateway in site.gateways:
        site.await_open(gateway)
    site.pause(2, 4)
    with site.stopped():
        site.let_go()
        postgres.halt()
        with file.open("r+b") as handle:
            handle.seek(at)
            handle.write(before[at : at + SECTOR])
        postgres.start()
    site.restored += 1


def _damage_values(site: Site) -> None:
    """Where no check of the file finds it."""
    with site.stopped():
        site.let_go()
        with contextlib.closing(sqlite3.connect(site.data / "gateway.db")) as connection, connection:
            for table, column, which in VALUES:
                query = f"SELECT {table}.rowid FROM {which} ORDER BY {table}.rowid"
                if rows := [path for (path,) in connection.execute(query)]:
                    garbage = bytes(site.rng.randrange(0x80, 0x100) for _ in range(16))
                    change = f"UPDATE {table} SET {column} = substr({column}, 1, 40) || CAST(? AS TEXT) WHERE rowid = ?"
                    connection.execute(change, (garbage, site.rng.choice(rows)))


def _damage_database(site: Site) -> None:
    """What got 250 meanwhile is in the arrivals, which stay where they are."""
    (gateway,) = site.gateways
    database, copy = site.data / "gateway.db", site.folder / "copy"
    with site.stopped():
        site.let_go()
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(database, copy)
        _garble_any(site, database, PAGE)
        before = len(gateway.log.read_bytes())
    end = time.monotonic() + 30
    while time.monotonic() < end and not gateway.is_up():
        if REFUSED.encode() in gateway.log.read_bytes()[before:]:
            with site.stopped():
                for beside in ("-wal", "-shm"):
                    database.with_name(database.name + beside).unlink(missing_ok=True)
                shutil.copy(copy, database)
            site.restored += 1
            break
        time.sleep(0.05)
    copy.unlink()


def _garble_any(site: Site, file: Path, unit: int) -> None:
    """One sector of a unit (a page, or a sector itself) of the file."""
    size = file.stat().st_size
    at = site.rng.randrange(max(1, size // unit)) * unit + site.rng.randrange(unit // SECTOR) * SECTOR
    _garble(site, file, min(at, max(0, size - SECTOR)))


def _garble(site: Site, file: Path, at: int) -> None:
    with file.open("r+b") as handle:
        handle.seek(at)
        handle.write(site.rng.randbytes(min(SECTOR, file.stat().st_size)))
        handle.flush()
        os.fsync(handle.fileno())
