"""The arrivals by themselves, and their way into the store: in order, exactly once, whatever dies in between."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, select

from gateway.config.mailbox import MailboxSettings
from gateway.config.settings import StoreSettings, WorkSettings
from gateway.intake import importer
from gateway.intake.accept import NotKept, Recipient
from gateway.intake.arrivals import Arrivals, ArrivalsAcceptor, ArrivalsHeld, Commits
from gateway.intake.importer import GATHER, Importer
from gateway.model.envelope import Envelope
from gateway.store import arrivals as stored
from gateway.store import counts, imports, operator
from gateway.store.arrivalrow import ArrivedFor, NewArrival
from gateway.store.arrivals import BUSY_WAIT, FILE, LOG_BYTES, ArrivalsDamaged, ArrivalsFile, Waiting
from gateway.store.engine import Store
from gateway.store.imports import Import
from gateway.store.raw import RawMail
from gateway.store.schema import delivery, raw
from tests.waiting import PATIENCE, come

BOX = MailboxSettings(address="support@msp.example")
NOW = 1_780_000_000.0


def mail(number: int, *, at: float = NOW) -> NewArrival:
    data = b"Message-ID: <m%d@acme.example>\r\nSubject: Number %d\r\n\r\nx" % (number, number)
    envelope = Envelope("ann@acme.example", "", time=at + number)
    to = [ArrivedFor(f"00000000-0000-7000-8000-{number:012d}", "default", BOX.address, BOX.address)]
    return NewArrival(envelope, to, len(data), sha256(data).digest(), data, None)


class Door:
    """Arrivals, and what brings them into a store."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.settings = StoreSettings(spool=folder / "spool", spool_over=1000, min_free=0)
        self.folder = folder / "arrivals"
        self.settings.spool_dir.mkdir(exist_ok=True)
        self.store = store
        self.arrivals = Arrivals(self.folder)
        self.acceptor = ArrivalsAcceptor(self.arrivals, self.settings)
        self.damaged: list[str] = []

    def importer(self) -> Importer:
        raws = RawMail(self.settings)
        return Importer(self.folder, self.store, raws, WorkSettings(), damaged=self.damaged.append)

    async def offer(self, data: bytes, *boxes: MailboxSettings, at: float = NOW) -> list[str]:
        content = self.acceptor.begin()
        content.add(data)
        recipients = [Recipient(box, box.address) for box in boxes or (BOX,)]
        return await self.acceptor.accept(content, Envelope("ann@acme.example", "", time=at), recipients)

    async def imported(self) -> None:
        bringing = self.importer()
        await asyncio.to_thread(bringing._file.take_back)
        while await bringing.step():
            pass
        bringing.close()

    async def ids(self) -> list[str]:
        query = select(delivery.c.id).order_by(delivery.c.seq)
        return await self.store.read(lambda c: list(c.execute(query).scalars()))


@pytest.fixture
def door(tmp_path: Path, store: Store) -> Iterator[Door]:
    opened = Door(tmp_path, store)
    yield opened
    opened.arrivals.close()


class Commit(NamedTuple):
    """A commit of the arrivals, who made it, and whether the loop came round meanwhile."""

    mails: int
    thread: threading.Thread
    others_were_served: bool


def watched(monkeypatch: pytest.MonkeyPatch, takes: float = 0.0, rounds: Sequence[float] = ()) -> list[Commit]:
    """The commits from now on; each takes so long, as on a slow disk. ``rounds`` has a value for each of the loop."""
    commits: list[Commit] = []
    append = ArrivalsFile.append

    def appended(file: ArrivalsFile, mails: Sequence[NewArrival], *, patient: bool = True) -> bool:
        before = len(rounds)
        time.sleep(takes)
        if is_done := append(file, mails, patient=patient):
            commits.append(Commit(len(mails), threading.current_thread(), len(rounds) > before))
        return is_done

    monkeypatch.setattr(ArrivalsFile, "append", appended)
    return commits


@contextmanager
def raw_file(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(folder / FILE)) as connection, connection:
        yield connection


# -- the file -----------------------------------------------------------------------------------------


def test_they_are_read_in_order_and_forgotten(tmp_path: Path) -> None:
    file = ArrivalsFile(tmp_path)
    file.append([mail(1), mail(2)])
    file.append([mail(3)])
    found = file.read()
    assert [each.recipients[0].id[-1] for each in found] == ["1", "2", "3"]
    assert found[0].envelope == mail(1).envelope
    assert found[0].data == mail(1).data
    file.forget(found[1].seq)
    assert [each.seq for each in file.read()] == [found[2].seq]


def test_what_waits_is_known_without_counting(tmp_path: Path) -> None:
    file = ArrivalsFile(tmp_path)
    assert file.waiting().deliveries == 0
    file.append([mail(number) for number in range(10)])
    seqs = [each.seq for each in file.read()]
    size = sum(mail(number).size for number in range(10))
    assert (file.waiting().deliveries, file.waiting().bytes, file.waiting().oldest) == (10, size, NOW)
    file.forget(seqs[3])
    assert (file.waiting().deliveries, file.waiting().oldest) == (6, NOW + 4)
    file.set_aside(seqs[6], "why")
    assert (file.waiting().deliveries, file.waiting().aside) == (5, 1)
    file.forget(seqs[-1])
    assert (file.waiting().deliveries, file.waiting().bytes, file.waiting().aside) == (0, 0, 1)
    assert file.aside() == [(seqs[6], "why")]


def test_numbers_and_sums_run_on_through_transactions_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.arrivals.time.time_ns", lambda: 5_000_000)
    file = ArrivalsFile(tmp_path)
    mails = [mail(number) for number in range(100)]
    at = 0
    for size in (1, 1, 2, stored.AT_ONCE, stored.AT_ONCE + 1, 2 * stored.AT_ONCE + 5, 1):
        file.append(mails[at : at + size])
        at += size
    with raw_file(tmp_path) as raw_rows:
        rows = raw_rows.execute("SELECT seq, deliveries_before, bytes_before FROM arrival ORDER BY seq").fetchall()
    assert [found.envelope for found in file.read()] == [each.envelope for each in mails[:at]]
    assert rows == [(5000 + n, n, sum(each.size for each in mails[:n])) for n in range(at)]


def test_a_number_never_comes_again_also_when_the_clock_goes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ArrivalsFile(tmp_path)
    file.append([mail(1)])
    (first,) = file.read()
    file.forget(first.seq)
    monkeypatch.setattr("gateway.store.arrivals.time.time_ns", lambda: 1)
    file.append([mail(2)])
    (second,) = file.read()

    assert second.seq > first.seq


def test_two_processes_may_have_it_open(tmp_path: Path) -> None:
    file, other = ArrivalsFile(tmp_path), ArrivalsFile(tmp_path)
    file.append([mail(1)])
    other.append([mail(2)])
    file.append([mail(3)])

    assert file.origin == other.origin
    assert other.waiting().deliveries == 3
    assert len({each.seq for each in file.read()}) == 3


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    file = ArrivalsFile(tmp_path)
    file.append([mail(number) for number in range(200)])
    file.check()
    file.close()
    content = bytearray((tmp_path / FILE).read_bytes())
    content[4096 + 8 : 4096 + 600] = b"\xff" * 592
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ArrivalsDamaged, match="put back a copy"):
        ArrivalsFile(tmp_path).check()
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    with pytest.raises(ArrivalsDamaged):
        ArrivalsFile(tmp_path)


def test_others_cannot_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "arrivals"
    ArrivalsFile(folder).append([mail(1)])

    assert [path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())] == [0] * 4


def big(number: int) -> NewArrival:
    return replace(mail(number), data=bytes(200_000), size=200_000)


def test_whoever_imports_moves_the_log_into_the_file_so_that_it_begins_anew(tmp_path: Path) -> None:
    file, importing = ArrivalsFile(tmp_path), ArrivalsFile(tmp_path, durable=False)
    log = tmp_path / f"{FILE}-wal"
    longest = 0
    for _ in range(4):
        file.append([big(number) for number in range(21)])
        longest = longest or log.stat().st_size
        while found := importing.read():
            importing.forget(found[-1].seq)
    assert log.stat().st_size < longest * 2
    assert importing._logged == 0


def test_who_moves_the_log_holds_up_nobody_who_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, importing = ArrivalsFile(tmp_path), ArrivalsFile(tmp_path, durable=False)
    file.append([big(number) for number in range(22)])
    could: list[bool] = []
    moved = importing._has_logged
    monkeypatch.setattr(
        importing, "_has_logged", lambda octets: (could.append(file.append([mail(1)], patient=False)), moved(octets))
    )
    importing.forget(importing.read()[-1].seq)
    assert could == [True]


def test_who_waits_for_another_process_that_writes_is_woken_when_it_has_ended(tmp_path: Path) -> None:
    """SQLite alone would sleep, longer each time: after a quarter of a second for another tenth."""
    file, other = ArrivalsFile(tmp_path), ArrivalsFile(tmp_path)
    late = [BUSY_WAIT]
    while min(late) >= 0.04 and len(late) < 8:  # whom a busy machine lets wait is late for that
        with other._turn():
            other._connection.execute("BEGIN IMMEDIATE")
            waits = threading.Thread(target=lambda: (file.append([mail(1)]), late.append(time.monotonic())))
            waits.start()
            time.sleep(0.25)
            assert waits.is_alive()
            other._connection.execute("COMMIT")
            ended = time.monotonic()
        waits.join()
        late[-1] -= ended
    assert min(late) < 0.04


def crashed(folder: Path, to: Path) -> ArrivalsFile:
    """The file as it is after a kill at this moment: what the processes shared in memory is gone."""
    to.mkdir()
    for name in (FILE, f"{FILE}-wal"):
        (to / name).write_bytes((folder / name).read_bytes())
    return ArrivalsFile(to)


def test_the_log_has_its_size_before_it_is_used_and_is_read_after_a_crash(tmp_path: Path) -> None:
    file = ArrivalsFile(tmp_path / "arrivals")
    log = tmp_path / "arrivals" / f"{FILE}-wal"
    file.check()  # cuts it
    assert log.stat().st_size == 0
    assert file.lengthen_log(3 << 20) == 3 << 20
    with closing(crashed(file.folder, tmp_path / "empty")) as found:
        found.check()
        assert found.read() == []
    file.append([mail(1), mail(2)])
    assert file.lengthen_log() == LOG_BYTES - (3 << 20)
    file.append([mail(3)])
    with closing(ArrivalsFile(file.folder)) as other:
        other.append([mail(4)])
    assert log.stat().st_size == LOG_BYTES
    assert file.lengthen_log() == 0
    with closing(crashed(file.folder, tmp_path / "used")) as found:
        found.check()
        assert [each.envelope for each in found.read()] == [mail(number).envelope for number in (1, 2, 3, 4)]


def test_a_log_is_lengthened_while_others_write(tmp_path: Path) -> None:
    file, other = ArrivalsFile(tmp_path / "arrivals"), ArrivalsFile(tmp_path / "arrivals")
    file.check()
    longer = threading.Thread(target=other.lengthen_log)
    longer.start()
    for number in range(200):
        file.append([mail(number)])
    longer.join()
    with closing(crashed(file.folder, tmp_path / "crashed")) as found:
        assert len(found.read()) == 200


def test_a_log_takes_little_of_a_disk_that_has_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = ArrivalsFile(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=64 << 20))
    file.lengthen_log()
    assert (tmp_path / f"{FILE}-wal").stat().st_size == 1 << 20


# -- accepting ----------------------------------------------------------------------------------------


async def test_mails_that_wait_share_a_commit(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = watched(monkeypatch)
    await asyncio.gather(*(door.offer(b"Subject: %d\r\n\r\n" % number) for number in range(60)))

    assert sum(commit.mails for commit in commits) == 60
    assert len(commits) < 30


async def alone(door: Door, number: int, first: int = 0) -> None:
    """So many mails, one after the other."""
    for at in range(first, first + number):
        await door.offer(b"Subject: %d\r\n\r\n" % at)


def believed_quick(door: Door, monkeypatch: pytest.MonkeyPatch, under: float = 60.0) -> None:
    """A disk whose commits are quick, however busy this machine is: those ``under`` so many seconds are."""
    door.arrivals._commits._seconds = 0.0
    monkeypatch.setattr("gateway.intake.arrivals.QUICK", under)


async def test_where_mails_come_one_at_a_time_the_loop_commits_itself(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    believed_quick(door, monkeypatch)
    commits = watched(monkeypatch)
    await alone(door, 5)
    with closing(ArrivalsFile(door.folder)) as other:
        assert other.waiting().deliveries == 5
        assert len(other.read()) == 5
    assert {commit.thread for commit in commits} == {threading.current_thread()}
    assert door.arrivals.waits.deliveries == 5


async def test_what_comes_while_the_arrivals_close_is_told_that_it_is_not_kept(door: Door) -> None:
    """Also what the loop hands over when the thread has ended."""
    offered = asyncio.create_task(door.offer(b"Subject: late\r\n\r\n"))
    while not door.arrivals._turn:  # and not yet at the end of its turn
        await asyncio.sleep(0)
    door.arrivals.close()
    with pytest.raises(NotKept):
        await asyncio.wait_for(offered, PATIENCE)


async def test_where_several_wait_they_share_the_commits_of_the_thread(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    believed_quick(door, monkeypatch)
    commits = watched(monkeypatch)
    for at in range(0, 40, 8):
        await asyncio.gather(*(alone(door, 1, first) for first in range(at, at + 8)))

    assert sum(commit.mails for commit in commits) == 40
    assert threading.current_thread() not in {commit.thread for commit in commits}


async def test_a_slow_disk_holds_the_loop_for_one_commit(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    believed_quick(door, monkeypatch, under=0.02)
    gaps: list[float] = []
    others = asyncio.create_task(note_gaps(gaps))
    commits = watched(monkeypatch, takes=0.3, rounds=gaps)
    await alone(door, 3)
    others.cancel()

    assert [commit.thread is threading.current_thread() for commit in commits] == [True, False, False]
    assert [commit.others_were_served for commit in commits] == [False, True, True]


async def note_gaps(gaps: list[float]) -> None:
    """The times for which the loop did not come round, until it is cancelled."""
    now = time.monotonic()
    while True:
        await asyncio.sleep(0.001)
        gaps.append(time.monotonic() - now)
        now = time.monotonic()


async def test_the_loop_waits_for_no_other_process(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    believed_quick(door, monkeypatch)
    commits = watched(monkeypatch)
    with raw_file(door.folder) as other:
        other.execute("BEGIN IMMEDIATE")
        waits = asyncio.create_task(alone(door, 1))
        gaps: list[float] = []
        others = asyncio.create_task(note_gaps(gaps))
        await come(lambda: len(gaps) > 20)
        others.cancel()
        assert max(gaps) < BUSY_WAIT / 2  # it would be all of that
        assert not waits.done()
        other.execute("COMMIT")
        await waits
    assert [commit.mails for commit in commits] == [1]


def test_after_a_slow_commit_the_disk_is_not_believed_for_a_while() -> None:
    def needed(slow: float) -> int:
        """How many quick ones make it believed again."""
        commits = Commits()
        for _ in range(100):
            commits.add(0.0005, 1)
        assert commits.are_quick_and_alone
        commits.add(slow, 1)
        count = 0
        while not commits.are_quick_and_alone:
            commits.add(0.0005, 1)
            count += 1
        return count

    assert needed(0.01) == 0  # that may happen
    assert 30 < needed(1.0) < 60


async def test_after_a_commit_that_failed_nothing_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(file: ArrivalsFile, mails: Any, *, patient: bool = True) -> bool:
        raise sqlite3.OperationalError("disk I/O error")

    fatal: list[BaseException] = []
    monkeypatch.setattr(ArrivalsFile, "append", fails)
    arrivals = Arrivals(tmp_path / "arrivals", on_fatal=fatal.append)
    acceptor = ArrivalsAcceptor(arrivals, StoreSettings(min_free=0))
    for _ in range(2):
        content = acceptor.begin()
        content.add(b"x")
        with pytest.raises(NotKept):
            await acceptor.accept(content, Envelope("a@b.example", ""), [Recipient(BOX, BOX.address)])
    arrivals.close()
    assert len(fatal) == 1


@pytest.mark.parametrize("limit", [{"max_bytes": 100}, {"max_age": 60.0}])
async def test_when_too_much_waits_no_more_is_taken(tmp_path: Path, limit: dict[str, Any]) -> None:
    with closing(ArrivalsFile(tmp_path)) as file:
        file.append([mail(number, at=NOW) for number in range(5)])
        full = Arrivals(tmp_path, **limit)
        assert full.full
        full.close()
        file.forget(file.read()[-1].seq)
        free = Arrivals(tmp_path, **limit)
        assert not free.full
        free.close()


@contextmanager
def held_by_a_stopped_process(folder: Path) -> Iterator[int]:
    """A process that is stopped while it has its turn: its id."""
    folder.mkdir(exist_ok=True)
    stopped = subprocess.Popen(
        [sys.executable, "-c", "import fcntl, os, signal, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), 2); print(1, flush=True); os.kill(os.getpid(), signal.SIGSTOP)", folder],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert stopped.stdout is not None and stopped.stdout.readline()
    os.waitpid(stopped.pid, os.WUNTRACED)
    try:
        yield stopped.pid
    finally:
        stopped.kill()
        stopped.wait()
        stopped.stdout.close()


async def test_who_is_held_up_by_a_stopped_process_waits_no_longer_than_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The peer is told to come again, and whoever comes meanwhile at once; it goes on when the other does."""
    monkeypatch.setattr("gateway.intake.arrivals.PATIENCE", 0.3)
    folder = tmp_path / "arrivals"
    arrivals = Arrivals(folder)
    await arrivals.append(mail(1))
    with held_by_a_stopped_process(folder) as process:
        began = time.monotonic()
        waiting = [arrivals.append(mail(2))]
        await come(lambda: arrivals._since)  # the thread has the first; what comes now is behind it
        waiting.append(arrivals.append(mail(3)))
        for found in await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10):
            assert isinstance(found, ArrivalsHeld)
        assert time.monotonic() - began < 5
        assert arrivals.full.startswith(f"process {process} (stopped) has written into them for ")
        with pytest.raises(ArrivalsHeld):
            await arrivals.append(mail(4))
    while arrivals.full:
        await asyncio.sleep(0.01)
    await arrivals.append(mail(5))
    arrivals.close()
    with closing(ArrivalsFile(folder)) as file:
        kept = [int(arrived.envelope.time - NOW) for arrived in file.read() if arrived.envelope]
    assert kept == [1, 2, 5]  # the second was under way; its peer sends it again and is recognised


async def test_who_is_held_up_by_the_databases_own_lock_goes_on_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was written, so nothing is unknown: the process does not end."""
    monkeypatch.setattr("gateway.store.arrivals.BUSY_WAIT", 0.2)
    fatal: list[BaseException] = []
    arrivals = Arrivals(tmp_path, on_fatal=fatal.append)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ArrivalsHeld):
            await arrivals.append(mail(1))
        other.execute("ROLLBACK")
    await arrivals.append(mail(2))
    assert fatal == []
    arrivals.close()


# -- importing ----------------------------------------------------------------------------------------


class Taken(NamedTuple):
    """A transaction of the importer: when, after the first mail, and of how many mails."""

    after: float
    mails: int


async def taken_of(door: Door, monkeypatch: pytest.MonkeyPatch, mails: int) -> tuple[list[Taken], float]:
    """What an importer that had nothing to do does while a mail comes every 10 ms, and then is told to stop; and how
    long they came."""
    monkeypatch.setattr(importer, "LULL", PATIENCE)  # on a machine that is busy, too, mail comes all the time
    began = 0.0
    taken: list[Taken] = []
    take = imports.take

    def watched_take(c: Connection, origin: str, batch: Sequence[Import]) -> list[str]:
        taken.append(Taken(time.monotonic() - began, len(batch)))
        return take(c, origin, batch)

    monkeypatch.setattr(imports, "take", watched_take)
    await door.offer(b"Message-ID: <first@acme.example>\r\n\r\nx")
    bring = door.importer()
    stop = asyncio.Event()
    running = asyncio.create_task(bring.run(stop))
    await come(lambda: taken)
    taken.clear()
    began = time.monotonic()
    for number in range(mails):
        await door.offer(b"Message-ID: <m%d@acme.example>\r\n\r\nx" % number)
        bring.wake()
        await asyncio.sleep(0.01)
    took = time.monotonic() - began
    stop.set()
    await running
    bring.close()
    assert sum(batch.mails for batch in taken) == mails
    return taken, took


async def test_a_burst_is_accepted_first_and_imported_soon(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """While word of more mail comes all the time, batches are imported for all that, and no mail waits for long."""
    taken, took = await taken_of(door, monkeypatch, 45)
    assert taken[0].after < took
    assert len(taken) <= took / GATHER + 2


async def test_of_a_storm_more_is_accepted_first(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tickets wait for the worker as it is. It is not let pass for ever."""
    monkeypatch.setattr(importer, "STORM", 1.0)
    monkeypatch.setattr(importer, "LET_PASS", 4 * GATHER)
    taken, took = await taken_of(door, monkeypatch, 120)
    assert 4 * GATHER <= taken[0].after < took
    assert len(taken) <= took / (4 * GATHER) + 2


async def test_in_a_second_without_mail_the_log_gets_its_size(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "LOOK_EVERY", 0.01)
    await door.offer(b"Subject: one\r\n\r\n")
    stop = asyncio.Event()
    running = asyncio.create_task((idle := door.importer()).run(stop))
    await come(lambda: (door.folder / f"{FILE}-wal").stat().st_size >= LOG_BYTES)
    await door.offer(b"Subject: two\r\n\r\n")
    stop.set()
    await running
    idle.close()
    assert (door.folder / f"{FILE}-wal").stat().st_size == LOG_BYTES
    assert len(await door.ids()) == 2


async def test_into_the_store_with_the_ids_that_were_said(door: Door) -> None:
    other = MailboxSettings(address="sales@msp.example")
    said = [await door.offer(b"Message-ID: <%d@a.example>\r\n\r\nx" % number, BOX, other) for number in range(250)]
    await door.imported()

    assert await door.ids() == [each for pair in said for each in pair]
    assert door.arrivals._file.read() == []
    assert (await door.store.read(counts.sums)).pending == 500


async def test_a_large_mail_has_its_file_in_the_spool(door: Door) -> None:
    data = b"Subject: large\r\n\r\n" + b"x" * 5000
    (said,) = await door.offer(data)
    assert len(list(door.folder.glob("*.eml"))) == 1
    await door.imported()
    path = await door.store.read(lambda c: c.execute(raw.select()).one().path)

    assert (door.settings.spool_dir / path).read_bytes() == data
    assert list(door.folder.glob("*.eml")) == []
    assert await door.ids() == [said]


async def test_a_redelivery_leads_to_the_first(door: Door) -> None:
    data = b"Message-ID: <m@a.example>\r\nSubject: twice\r\n\r\n" + b"x" * 3000
    (first,) = await door.offer(data)
    (again,) = await door.offer(data)
    await door.imported()
    (later,) = await door.offer(data)
    await door.imported()

    assert len({first, again, later}) == 3
    assert await door.ids() == [first]
    for said in (first, again, later):
        assert (await door.store.read(lambda c, said=said: operator.find(c, said)))["id"] == first
    assert (await door.store.read(counts.sums)).redelivered == 2
    assert len(list(door.settings.spool_dir.glob("*.eml"))) == 1


async def test_what_waits_counts_deliveries(door: Door) -> None:
    await door.offer(b"Subject: two boxes\r\n\r\n", BOX, MailboxSettings(address="sales@msp.example"))
    await door.offer(b"Subject: one box\r\n\r\n")

    assert door.arrivals._file.waiting().deliveries == 3


async def test_killed_between_its_two_commits_it_imports_nothing_twice(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"Subject: large\r\n\r\n" + b"x" * 5000
    said = [*await door.offer(b"Message-ID: <1@a.example>\r\n\r\nx"), *await door.offer(data), *await door.offer(data)]
    with monkeypatch.context() as killed:
        killed.setattr(ArrivalsFile, "forget", lambda file, seq: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            await door.imported()
    said += await door.offer(b"Message-ID: <2@a.example>\r\n\r\nx")
    await door.imported()

    assert await door.ids() == [said[0], said[1], said[3]]
    assert (await door.store.read(counts.sums)).redelivered == 1
    path = await door.store.read(lambda c: c.execute(raw.select().where(raw.c.path.is_not(None))).one().path)
    assert (door.settings.spool_dir / path).read_bytes() == data


async def test_a_copy_of_the_arrivals_that_is_put_back_imports_nothing_twice(door: Door, tmp_path: Path) -> None:
    await door.offer(b"Message-ID: <1@a.example>\r\n\r\nx")
    door.arrivals._file.copy(tmp_path / "copy")
    await door.imported()
    door.arrivals.close()
    (door.folder / FILE).unlink()
    (tmp_path / "copy").rename(door.folder / FILE)
    for suffix in ("-wal", "-shm"):
        (door.folder / (FILE + suffix)).unlink(missing_ok=True)
    door.arrivals = Arrivals(door.folder)
    door.acceptor = ArrivalsAcceptor(door.arrivals, door.settings)
    await door.imported()
    assert len(await door.ids()) == 1
    await door.offer(b"Message-ID: <2@a.example>\r\n\r\nx")
    await door.imported()
    assert len(await door.ids()) == 2


async def test_what_cannot_be_read_holds_up_nobody_and_is_not_lost(door: Door) -> None:
    said = [*await door.offer(b"Message-ID: <1@a.example>\r\n\r\nx"), *await door.offer(b"Subject: two\r\n\r\nx")]
    said += [*await door.offer(b"Subject: three\r\n\r\nx"), *await door.offer(b"Subject: four\r\n\r\nx")]
    with raw_file(door.folder) as connection:
        seqs = [seq for (seq,) in connection.execute("SELECT seq FROM arrival ORDER BY seq")]
        recipients = connection.execute("SELECT recipients FROM arrival WHERE seq = ?", (seqs[2],)).fetchone()[0]
        connection.execute("UPDATE arrival SET envelope = CAST(x'ff00ff' AS TEXT) WHERE seq = ?", (seqs[1],))
        connection.execute("UPDATE arrival SET recipients = '[[1' WHERE seq = ?", (seqs[2],))
    await door.imported()
    rows = await door.store.read(lambda c: {row.id: (row.stage, row.reason) for row in c.execute(delivery.select())})
    assert rows == {
        said[0]: ("ACCEPTED", ""),
        said[1]: ("QUARANTINED", "damaged"),
        said[3]: ("ACCEPTED", ""),
    }
    assert len(door.damaged) == 1
    assert door.arrivals._file.waiting().aside == 1
    with raw_file(door.folder) as connection:
        connection.execute("UPDATE arrival SET recipients = ? WHERE seq = ?", (recipients, seqs[2]))
    await door.imported()
    assert said[2] in await door.ids()
    assert door.arrivals._file.waiting().aside == 0


async def test_a_mail_that_the_store_does_not_take_is_set_aside(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [(await door.offer(b"Message-ID: <%d@a.example>\r\n\r\nx" % number))[0] for number in range(5)]
    accept = imports.deliveries.accept

    def refuses(connection: Any, news: Any, *rest: Any) -> Any:
        if news[0].id == said[2]:
            raise ValueError("not that one")
        return accept(connection, news, *rest)

    with monkeypatch.context() as refusing:
        refusing.setattr(imports.deliveries, "accept", refuses)
        await door.imported()
    assert await door.ids() == [*said[:2], *said[3:]]
    assert "not that one" in door.damaged[0]
    await door.imported()
    assert sorted(await door.ids()) == sorted(said)


@pytest.mark.parametrize(
    "garbage", ["at = CAST(x'ff' AS TEXT)", "size = CAST(x'ff' AS TEXT)", "sha256 = 7", "data = 7"]
)
async def test_a_row_of_other_kinds_of_values_holds_up_nobody(door: Door, garbage: str) -> None:
    """SQLite believes what a bad sector left of a row."""
    said = [(await door.offer(b"Message-ID: <%d@a.example>\r\n\r\nx" % number))[0] for number in range(3)]
    with raw_file(door.folder) as connection:
        (seq,) = connection.execute("SELECT seq FROM arrival ORDER BY seq LIMIT 1 OFFSET 1").fetchone()
        connection.execute(f"UPDATE arrival SET {garbage} WHERE seq = ?", (seq,))
    await door.imported()
    assert await door.ids() == [said[0], said[2]]
    assert "cannot be read" in door.damaged[0]


async def test_a_header_that_nobody_foresaw_holds_up_nobody(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [(await door.offer(b"Message-ID: <%d@a.example>\r\n\r\nx" % number))[0] for number in range(3)]
    deliveries_of = importer.deliveries_of

    def fails(head: Any, digest: bytes, envelope: Any, recipients: Any, work: Any) -> Any:
        if recipients[0].id == said[1]:
            raise LookupError("a header")
        return deliveries_of(head, digest, envelope, recipients, work)

    monkeypatch.setattr(importer, "deliveries_of", fails)
    await door.imported()
    assert await door.ids() == [said[0], said[2]]
    assert "LookupError: a header" in door.damaged[0]


async def test_much_that_waits_is_imported_without_a_rest(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that is full by its bytes has others behind it, as one that is full by its number."""
    monkeypatch.setattr(stored, "BATCH_BYTES", 100)
    for number in range(20):
        await door.offer(b"Message-ID: <%d@a.example>\r\n\r\n" % number + b"x" * 90)
    bring, stop = door.importer(), asyncio.Event()
    monkeypatch.setattr(bring, "_rest", lambda stop: asyncio.sleep(3600))
    running = asyncio.create_task(bring.run(stop))
    async with asyncio.timeout(PATIENCE):
        while len(await door.ids()) < 20:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
    bring.close()


async def test_it_is_closed_after_what_is_under_way(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that is cancelled does not end its thread: a file closed beneath a statement ends the process."""
    forget, began, may_go_on, forgot = ArrivalsFile.forget, threading.Event(), threading.Event(), []

    def slowly(file: ArrivalsFile, seq: int) -> None:
        began.set()
        may_go_on.wait(PATIENCE)
        forget(file, seq)
        forgot.append(seq)

    monkeypatch.setattr(ArrivalsFile, "forget", slowly)
    await door.offer(b"Message-ID: <1@a.example>\r\n\r\nx")
    bring = door.importer()
    running = asyncio.create_task(bring.run(asyncio.Event()))
    assert await asyncio.to_thread(began.wait, PATIENCE)
    running.cancel()
    await asyncio.wait([running])
    threading.Timer(0.2, may_go_on.set).start()
    bring.close()

    assert len(forgot) == 1


def test_what_is_put_back_waits_and_nothing_else(tmp_path: Path) -> None:
    """What was imported since the backup does not count: it would keep mail from being accepted."""
    ours = ArrivalsFile(tmp_path / "ours")
    ours.append([mail(1), mail(2)])
    (tmp_path / "backup").mkdir()
    ours.copy(tmp_path / "backup" / FILE)
    ours.append([mail(number) for number in range(3, 50)])
    ours.forget(ours.read()[-1].seq)
    backup = ArrivalsFile(tmp_path / "backup")

    assert ours.merge(backup) == 2
    size = mail(1).size + mail(2).size
    assert ours.waiting() == Waiting(2, size, NOW + 1, 0)
    ours.append([mail(50)])
    assert ours.waiting() == Waiting(3, size + mail(50).size, NOW + 1, 0)
    assert len(ours.read()) == 3
    ours.close()
    backup.close()


def test_a_file_that_an_earlier_restore_left_half_written_is_copied_again(tmp_path: Path) -> None:
    ours, backup = ArrivalsFile(tmp_path / "ours"), ArrivalsFile(tmp_path / "backup")
    backup.append([replace(mail(1), data=None, path="large.eml")])
    (tmp_path / "backup" / "large.eml").write_bytes(b"a large mail")
    (tmp_path / "ours" / "large.eml").write_bytes(b"a lar")
    assert ours.merge(backup) == 1
    assert (tmp_path / "ours" / "large.eml").read_bytes() == b"a large mail"
    ours.close()
    backup.close()


async def test_the_file_of_a_large_mail_that_is_gone_holds_up_nobody(door: Door) -> None:
    await door.offer(b"Subject: large\r\n\r\n" + b"x" * 5000)
    (said,) = await door.offer(b"Subject: small\r\n\r\n")
    for file in door.folder.glob("*.eml"):
        file.unlink()
    await door.imported()

    assert await door.ids() == [said]
    assert "is gone" in door.damaged[0]
