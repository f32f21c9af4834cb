"""Several processes on one PostgreSQL: roles, take-over, stops, wake-up, the shared budget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, text, update

from gateway.desk.algapsa.client import Client
from gateway.desk.permit import Permit
from gateway.simulator import Seed, Simulator
from gateway.store import claims, notify
from gateway.store.deliveries import LostClaim
from gateway.store.engine import Store
from gateway.store.notify import NotifyListener
from gateway.store.schema import delivery
from gateway.work.leases import Leases
from tests import commands
from tests.harness import config_text, free_port, mail
from tests.replicas.replica import Replica, counts
from tests.store.test_contract import DESK, NOW, accept, new
from tests.waiting import PATIENCE, come

Make = Callable[..., Replica]


class TestRoles:
    def test_one_accepts_and_the_other_works(self, replica: Make, desk: Simulator) -> None:
        edge = replica("smtp")
        text = edge.config.read_text()  # a listener needs no key of the desk
        edge.config.write_text(text.replace("api_key = ", 'api_key_file = "/nowhere" #'))
        answer = edge.start().send(mail("Printer"))
        assert counts(desk) == {}
        assert '"role":"smtp"' in edge.get("/readyz")[1].replace(" ", "")

        worker = replica("worker").start()

        assert edge.became(answer)["stage"] == "DONE"
        assert counts(desk) == {"Printer": 1}
        assert worker.get("/readyz")[0] == 200
        with pytest.raises(OSError):
            worker.smtp()

    def test_sqlite_is_for_one_process(self, tmp_path: Path) -> None:
        file = tmp_path / "gateway.toml"
        file.write_text(config_text("http://127.0.0.1:9/api/v1", "key", tmp_path, free_port(), free_port()))

        done = commands.run("serve", "--config", str(file), "--role", "worker")

        assert done.returncode == 2
        assert "SQLite file is for one process" in done.stderr


class TestLastMoment:
    async def test_a_request_does_not_leave_once_the_claim_ran_out(self, desk: Simulator, store: Store) -> None:
        now = 100.0
        leases = Leases(store, 10, "me", uptime=lambda: now)
        await accept(store, new("one"))
        (delivery,) = await store.write(lambda c: claims.claim(c, DESK, 1, now=NOW, lease=10, name="me"))
        leases.took([delivery], now)
        client = Client("default", desk.api, desk.key, rate=0)
        body = {"title": "Printer", "client_id": "x"}
        permit = Permit(lambda: leases.check(delivery.id))

        now = 111.0  # the process was stopped after the row was marked as sent
        with pytest.raises(LostClaim):
            await client.create_ticket(body, permit)
        before = len(desk.desk.calls)
        leases.renewed(delivery.id, now)
        await client.create_ticket(body, permit)
        await client.close()

        assert before == 0
        assert len(desk.desk.calls) == 1

    async def test_renewal_keeps_what_is_held_and_nothing_else(self, store: Store) -> None:
        leases = Leases(store, 10, "me", clock=lambda: NOW + 8, uptime=lambda: 8.0)
        for number in range(3):
            await accept(store, new(f"mail {number}"))
        mine = await store.write(lambda c: claims.claim(c, DESK, 2, now=NOW, lease=10, name="me"))
        leases.took(mine, 0.0)
        await store.write(lambda c: c.execute(update(delivery).where(delivery.c.seq == mine[1].seq).values(lease_until=1)))

        await leases.renew()

        leases.check(mine[0].id)
        theirs = await store.write(lambda c: claims.claim(c, DESK, 9, now=NOW + 11, lease=10, name="they"))
        assert {delivery.id for delivery in theirs}.isdisjoint({mine[0].id})
        assert mine[1].id in {delivery.id for delivery in theirs}
        leases.uptime = lambda: 12.0
        with pytest.raises(LostClaim):
            leases.check(mine[1].id)


class TestWaking:
    async def test_a_commit_is_heard_and_a_lost_connection_made_again(self, database: str) -> None:
        store = Store(database)
        heard = asyncio.Event()
        stop = asyncio.Event()
        listener = NotifyListener(store.engine, heard.set)
        task = asyncio.create_task(listener.run(stop))
        try:
            for _ in range(2):
                await come(lambda: listener.on)
                heard.clear()
                await store.write(notify.wake_workers)
                await asyncio.wait_for(heard.wait(), PATIENCE)
                with store.engine.begin() as connection:
                    connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"))
                await come(lambda: not listener.on)
        finally:
            stop.set()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            store.close()

    async def test_what_is_rolled_back_is_not_told_but_the_rest_of_the_batch_is(self, database: str) -> None:
        store = Store(database)
        told: list[bool] = []

        def fail(connection: Connection) -> None:
            notify.wake_workers(connection)
            raise ValueError

        def after(connection: Connection) -> None:
            told.append(bool(connection.info.get(notify.NOTIFIED)))

        await asyncio.gather(store.write(fail), store.write(after), return_exceptions=True)
        store.close()

        assert told == [False]


async def test_operations_of_two_processes_that_lock_crosswise_both_succeed(database: str) -> None:
    first, two = Store(database), Store(database)
    for number in range(2):
        await accept(first, new(f"mail {number}"))

    def touch(seqs: tuple[int, int]) -> Callable[[Connection], None]:
        def operation(connection: Connection) -> None:
            for seq in seqs:
                connection.execute(update(delivery).where(delivery.c.seq == seq).values(tries=delivery.c.tries + 1))
                connection.execute(text("SELECT pg_sleep(0.2)"))

        return operation

    await asyncio.gather(first.write(touch((1, 2))), two.write(touch((2, 1))))
    tries = await first.read(lambda c: [row[0] for row in c.execute(text("SELECT tries FROM delivery"))])
    first.close()
    two.close()

    assert tries == [2, 2]


def test_two_replicas_keep_one_budget(replica: Make, database: str, tmp_path: Path) -> None:
    limit = {"mode": "enforce", "burst": 24, "per_minute": 600}
    with Simulator(Seed(rate_limit=limit)) as desk:
        more = {"desk": "timeout = 5\nsettle = 6\nrate = 600\nburst = 24"}
        both = [Replica(tmp_path, desk, database, **more).start() for _ in range(2)]
        try:
            answers = [both[number % 2].send(mail(f"Mail {number}")) for number in range(30)]
            for answer in answers:
                assert both[0].became(answer)["stage"] == "DONE"
        finally:
            for process in both:
                process.kill()

        assert not desk.desk.limit.refused
        assert set(counts(desk).values()) == {1}
