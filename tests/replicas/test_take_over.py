"""Several processes on one PostgreSQL: one takes over what another was killed or stopped in."""

from __future__ import annotations

import signal
from collections.abc import Callable

from sqlalchemy import create_engine, text

from gateway.processes.life import FATAL
from gateway.simulator import Simulator
from tests.harness import mail
from tests.replicas.replica import HANGS, PATIENT, Replica, await_creates, counts

Make = Callable[..., Replica]


class TestTakeOver:
    def test_the_mail_of_a_killed_worker_goes_on_once_its_lease_is_over(self, replica: Make, desk: Simulator) -> None:
        desk.faults.set([HANGS])
        edge, first = replica("smtp").start(), replica("worker", desk=PATIENT).start()
        answer = edge.send(mail("Printer"))
        await_creates(desk)
        second = replica("worker").start()
        second.await_log("listening")

        first.kill()
        second.await_log("first claim")

        assert edge.became(answer)["stage"] == "DONE"
        assert counts(desk) == {"Printer": 1}

    def test_a_replica_with_a_name_frees_its_claims_at_its_restart(self, replica: Make, desk: Simulator) -> None:
        desk.faults.set([HANGS])
        first = replica(name="gateway-0", work="lease = 600", desk=PATIENT).start()
        answer = first.send(mail("Printer"))
        await_creates(desk)
        first.kill()

        first.start()

        assert first.became(answer)["stage"] == "DONE"
        assert counts(desk) == {"Printer": 1}

    def test_a_process_that_was_stopped_for_longer_than_its_lease_doubles_nothing(
        self, replica: Make, desk: Simulator
    ) -> None:
        edge, sleeper = replica("smtp").start(), replica("worker").start()
        answers = [edge.send(mail(f"Mail {number}")) for number in range(10)]
        sleeper.await_log("first claim")
        sleeper.signal(signal.SIGSTOP)
        other = replica("worker").start()
        for answer in answers:
            edge.became(answer)
        sleeper.signal(signal.SIGCONT)
        answers = [edge.send(mail(f"Later {number}")) for number in range(5)]
        for answer in answers:
            edge.became(answer)

        # One that was stopped in a transaction was cut off by PostgreSQL, for the others' sake, and ends.
        assert sleeper.process and sleeper.process.poll() in {None, FATAL}
        assert other.process and other.process.poll() is None
        assert set(counts(desk).values()) == {1}
        assert len(counts(desk)) == 15

    def test_an_orderly_stop_gives_back_what_it_held(self, replica: Make, desk: Simulator, database: str) -> None:
        desk.faults.set([HANGS])
        first = replica(work="lease = 600", desk=PATIENT)
        first.config.write_text(first.config.read_text().replace("[smtp]", "[smtp]\ndrain = 0.2"))
        first.start()
        first.send(mail("Printer"))
        await_creates(desk)

        assert first.stop() == 0

        engine = create_engine(database)
        with engine.connect() as connection:
            row = connection.execute(text("SELECT lease_until, interrupts FROM delivery")).one()
        engine.dispose()
        assert tuple(row) == (0, 0)
