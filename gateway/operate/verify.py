"""Whether the store is whole: the database, the mails and their files, the sums, effects against stages.

Reads only, beside a running gateway too: the rows are read from one snapshot. What it finds are faults (something
is lost or contradicts a promise) and notes (harmless). Source: docs/design.md "What it promises".
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, exists, func, not_, or_, select
from sqlalchemy.exc import DBAPIError

from gateway.config.settings import Settings
from gateway.model.quantity import counted
from gateway.operate import arrivals
from gateway.store import counts, migrate
from gateway.store.damage import is_damage, unreadable
from gateway.store.engine import make_engine
from gateway.store.raw import OBJECT, ORPHAN_AGE, RawMail, changed_at
from gateway.store.reading import Checked, Garbled, Json, Unreadable, garbled, looking, parsed
from gateway.store.schema import carried, delivery, effect, event, mention, metadata, raw, thread
from gateway.store.stage import OPEN, UNFINISHED, EffectState, Stage
from gateway.work.effects import KINDS

MOST = 20  # faults of a kind that are named
BATCH = 200
ENDED = [state.value for state in EffectState if state not in UNFINISHED]


@dataclass
class Finding:
    """One thing that was looked at: ``faults`` and ``notes`` name what is wrong with it, ``looked`` says how
    much there was to look at."""

    what: str
    looked: str = ""
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.faults


Check = Callable[["_Look"], Finding]


@dataclass
class _Look:
    settings: Settings
    engine: Engine
    connection: Connection
    raws: RawMail
    deep: bool


def verify(settings: Settings, *, quick: bool = False) -> list[Finding]:
    """Look at everything; ``quick`` leaves the contents of the mails out. Raises NoDatabase, ConfigError and what the
    database says that is no damage."""
    raws = RawMail(settings.store)
    engine = make_engine(settings.store.url, create=False)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            found = []
            for check in CHECKS:
                found.append(_looked(check, _Look(settings, engine, connection, raws, not quick)))
                if found[-1].what == "schema" and not found[-1].good:
                    break  # its tables are not those of this version
            connection.exec_driver_sql("ROLLBACK")
            return found
    finally:
        engine.dispose()


def _looked(check: Check, look: _Look) -> Finding:
    """What the database does not give out is a fault of what was looked at."""
    point = look.connection.begin_nested() if look.engine.dialect.name == "postgresql" else None
    try:
        with looking():
            return check(look)
    except Exception as error:
        if not is_damage(error) and unreadable(error) is None:
            raise
        why = error.orig if isinstance(error, DBAPIError) else unreadable(error)
        return Finding(check.__name__.strip("_"), faults=[str(why).splitlines()[0]])
    finally:
        if point is not None:
            point.rollback()


# -- the database ---------------------------------------------------------------------------------


def _schema(look: _Look) -> Finding:
    there, wanted = migrate.current(look.engine), migrate.head()
    fault = [] if there == wanted else [f"the database has {there or 'no schema'}: run `gateway migrate`"]
    return Finding("schema", f"revision {wanted}", fault)


def _integrity(look: _Look) -> Finding:
    if look.engine.dialect.name == "sqlite":
        rows = [row[0] for row in look.connection.exec_driver_sql("PRAGMA integrity_check(20)")]
        return Finding("database", "integrity_check", [] if rows == ["ok"] else [str(row) for row in rows])
    has = look.connection.exec_driver_sql("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'").first()
    if has is None:
        faults = [fault for table in metadata.sorted_tables if (fault := _unread_table(look.connection, table))]
        notes = ["without amcheck: CREATE EXTENSION amcheck for more"]
        return Finding("database", "all tables read", faults, notes)
    faults = []
    names = look.connection.exec_driver_sql(
        "SELECT c.oid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_am a ON a.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE a.amname = 'btree' AND n.nspname = current_schema()"
    ).scalars()
    indexes = list(names)
    for name in indexes:
        point = look.connection.begin_nested()
        try:
            look.connection.exec_driver_sql("SELECT bt_index_check(%s::regclass, true)", (name,))
            point.commit()
        except Exception as error:
            point.rollback()
            faults.append(f"{name}: {error}")
    return Finding("database", f"amcheck of {len(indexes)} indexes", faults)


def _unread_table(connection: Connection, table: Table) -> str:
    """Every page is read once. Says why not, "" when all is well."""
    point = connection.begin_nested()
    try:
        connection.exec_driver_sql("SET LOCAL enable_indexonlyscan = off")
        connection.execute(select(func.count()).select_from(table)).scalar_one()
    except DBAPIError as error:
        if unreadable(error) is None:
            raise
        return f"{table.name}: {str(error.orig).splitlines()[0]}"
    finally:
        point.rollback()
    return ""


def _values(look: _Look) -> Finding:
    """Every value of every row is of its column's kind, and JSON where it has to be."""
    found = Finding("values", "not looked at")
    if not look.deep or look.engine.dialect.name != "sqlite":
        return found
    count = 0
    for table in metadata.sorted_tables:
        names = [column.name for column in table.columns if column is not raw.c.data]  # which has a digest
        keys = [column.name for column in table.primary_key]
        for row in look.connection.execute(select(*(table.c[name] for name in names))).yield_per(BATCH).mappings():
            count += 1
            for name in names:
                if why := _unread(row[name], table.c[name]):
                    found.faults.append(f"{table.name} {', '.join(_plain(row[key]) for key in keys)}: {why}")
    found.looked = f"{count} rows"
    return found


def _unread(value: Any, column: Column[Any]) -> str:
    if isinstance(value, Garbled):
        return str(value)
    if value and isinstance(column.type, Checked) and isinstance(column.type.kind, Json):
        try:
            parsed(value, str(column))
        except Unreadable as why:
            return str(why)
    return ""


def _plain(key: Any) -> str:
    return key.hex() if isinstance(key, bytes) else str(key)


# -- mails ----------------------------------------------------------------------------------------


def _mails(look: _Look) -> Finding:
    """Every delivery that keeps its mail has it, whole: rows against files, contents against the digest of what
    was accepted."""
    found = Finding("mails")
    missing = (
        select(delivery.c.id, delivery.c.stage)
        .outerjoin(raw, raw.c.id == delivery.c.raw_id)
        .where(or_(delivery.c.kept, delivery.c.stage.in_(OPEN)), raw.c.id.is_(None))
    )
    ownerless = select(func.count()).select_from(raw).where(not_(exists().where(delivery.c.raw_id == raw.c.id)))
    if alone := look.connection.execute(ownerless).scalar_one():
        found.notes.append(f"mails that belong to no delivery: {alone}")
    found.faults += [f"{row.id} is {row.stage} and has no mail" for row in look.connection.execute(missing)]
    count = size = 0
    for row in _all_raw(look):
        count += 1
        if (wrong := _wrong(look, row)) and not _is_deleted(look, row):
            found.faults.append(f"mail {row['id']}: {wrong}"[:300])
        size += 0 if garbled([row["size"]]) else row["size"]
    found.looked = f"{counted(count, 'mail')}, {size} bytes"
    return found


def _all_raw(look: _Look) -> Iterator[Any]:
    """The rows of all mails with the ``length`` of what is in the database, which a quick look does not read."""
    columns = [column for column in raw.c if look.deep or column is not raw.c.data]
    query = select(*columns, func.length(raw.c.data).label("length")).order_by(raw.c.id).limit(BATCH)
    after = 0
    while True:
        rows = look.connection.execute(query.where(raw.c.id > after)).mappings().all()
        yield from rows
        if len(rows) < BATCH:
            return
        after = rows[-1]["id"]


def _wrong(look: _Look, row: Any) -> str:
    """What is wrong with a mail, "" for nothing."""
    if (row["length"] is None) == (row["path"] is None):
        return "neither in the database nor in the spool"
    if bad := garbled(row.values()):
        return ", ".join(bad)
    try:
        size, digest = _measured(look, row)
    except (OSError, ValueError) as error:  # ValueError: no file can be called so
        return f"{row['path']}: {getattr(error, 'strerror', '') or f'{type(error).__name__}: {error}'}"
    if size not in (None, row["size"]):
        return f"{size} bytes, {row['size']} were accepted"
    return "not the bytes that were accepted" if digest not in (None, bytes(row["sha256"])) else ""


def _measured(look: _Look, row: Any) -> tuple[int | None, bytes | None]:
    """Size and sha256 of a mail, as far as this look goes. Raises OSError, ValueError."""
    path: str | None = row["path"]
    if path is None:
        return row["length"], sha256(row["data"]).digest() if look.deep else None
    if path.startswith(OBJECT):
        if not look.deep:
            return None, None
        data = look.raws.read({"path": path, "data": None})
        return len(data), sha256(data).digest()
    with (look.settings.store.spool_dir / path).open("rb") as file:
        return os.fstat(file.fileno()).st_size, file_digest(file, "sha256").digest() if look.deep else None


def _is_deleted(look: _Look, row: Any) -> bool:
    """Whether retention deleted the mail since this look began: its file went too."""
    with look.engine.connect() as now:
        return now.execute(select(raw.c.id).where(raw.c.id == row["id"])).first() is None


def _spool(look: _Look) -> Finding:
    folder = look.settings.store.spool_dir
    names = {file.name: file for file in folder.glob("*.eml")} if folder.is_dir() else {}
    known: set[str] = set()
    listed = sorted(names)
    for start in range(0, len(listed), BATCH):
        query = select(raw.c.path).where(raw.c.path.in_(listed[start : start + BATCH]))
        known |= set(look.connection.execute(query).scalars())
    before = time.time() - ORPHAN_AGE
    orphans = [name for name, file in names.items() if name not in known and changed_at(file) < before]
    notes = [f"{len(orphans)} files that no mail refers to; the gateway removes them"] if orphans else []
    return Finding("spool", f"{len(names)} files in {folder}", notes=notes)


# -- promises -------------------------------------------------------------------------------------


def _sums(look: _Look) -> Finding:
    found = counts.sums(look.connection)
    text = (
        f"accepted {found.accepted} = done {found.done} + suppressed {found.suppressed}"
        f" + quarantined {found.quarantined} + pending {found.pending}"
    )
    faults = []
    if found.accepted != found.done + found.suppressed + found.quarantined + found.pending:
        faults.append("the sums do not agree: a delivery has a stage that is none")
    if look.engine.dialect.name == "sqlite":
        # Numbers are never drawn in vain here: each was a delivery.
        drawn = look.connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'delivery'").scalar() or 0
        if drawn != found.accepted:
            faults.append(f"{drawn} deliveries were accepted, {found.accepted} are known")
    return Finding("sums", text, faults)


def _effects(look: _Look) -> Finding:
    """Effects against the stage of their delivery."""
    current = (effect.c.delivery_id == delivery.c.id) & (effect.c.generation == delivery.c.generation)
    mine = select(delivery.c.id, effect.c.idx, effect.c.kind, effect.c.state).join(effect, current)
    verified = [kind.kind for kind in KINDS.values() if kind.is_verified]
    open_ones = mine.where(delivery.c.stage == Stage.DONE.value, effect.c.state.not_in(ENDED))
    early = mine.where(delivery.c.stage == Stage.ACCEPTED.value, effect.c.state.in_(("SENT", "DONE")))
    nameless = mine.where(
        effect.c.state == "DONE",
        effect.c.kind.in_(verified),
        effect.c.remote_id == "",
    )
    planless = select(delivery.c.id).where(
        delivery.c.stage == Stage.PLANNED.value, not_(exists().where(current).correlate(delivery))
    )
    run = look.connection.execute
    faults = [f"{row.id} is DONE, its effect {row.idx} ({row.kind}) is {row.state}" for row in run(open_ones)]
    faults += [f"{row.id} is not planned, its effect {row.idx} ({row.kind}) is {row.state}" for row in run(early)]
    faults += [f"{row.id}: effect {row.idx} ({row.kind}) is DONE and has no id of the desk" for row in run(nameless)]
    faults += [f"{row.id} is PLANNED and has no effects" for row in run(planless)]
    lost = select(delivery.c.id).where(delivery.c.stage == Stage.DONE.value, delivery.c.ticket_id == "")
    faults += [f"{row.id} is DONE and leads to no ticket" for row in run(lost)]
    count = run(select(func.count()).select_from(effect)).scalar_one()
    return Finding("effects", f"{count} effects", faults)


def _dangling(look: _Look) -> Finding:
    """Rows of a delivery that is not there, and reservations that nobody will fulfil."""
    run = look.connection.execute
    faults = []
    for table in (effect, event):
        owner = exists().where(delivery.c.id == table.c.delivery_id)
        count = run(select(func.count()).select_from(table).where(not_(owner))).scalar_one()
        if count:
            faults.append(f"{count} rows of {table.name} belong to no delivery")
    waiting = exists().where(delivery.c.id == thread.c.delivery_id, delivery.c.stage.in_([*OPEN, "QUARANTINED"]))
    reserved = run(select(func.count()).select_from(thread).where(thread.c.ticket_id == "", not_(waiting))).scalar_one()
    if reserved:
        faults.append(f"{reserved} ids are reserved by mail that is not under work: replies would wait for nobody")
    under_work = exists().where(delivery.c.seq == mention.c.seq, delivery.c.stage.in_([*OPEN, "DONE"]))
    mentions = run(select(func.count()).select_from(mention).where(not_(under_work))).scalar_one()
    if mentions:
        faults.append(f"{mentions} ids are waited for by mail that ended")
    gone = run(select(func.coalesce(func.sum(carried.c.count), 0))).scalar_one()
    return Finding("rows", f"{gone} deliveries were deleted by retention", faults)


def _arrivals(look: _Look) -> Finding:
    """What is not in the store yet."""
    found = arrivals.look(look.settings, deep=look.deep)
    return Finding("arrivals", found.text, found.faults, found.notes)


CHECKS: tuple[Check, ...] = (_schema, _integrity, _values, _sums, _mails, _spool, _effects, _dangling, _arrivals)
