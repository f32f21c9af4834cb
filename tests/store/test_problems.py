"""Problems in the store, on both databases: the revision is the lock, a closing ticket is nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Connection, update

from gateway.model.problem import NoticeRecord, Problem, family_of, id_of
from gateway.store import claims, deliveries, expectations, order, plannedwork, problems
from gateway.store.deliveries import Delivery
from gateway.store.engine import Store, make_engine
from gateway.store.schema import delivery
from gateway.store.stage import Stage
from tests.peers import Postgres
from tests.store.test_contract import DESK, NOW, new

FAMILY = family_of("default", "nagios", "web01|http")
PROBLEM = Problem(id_of(FAMILY, "acme"), FAMILY, "nagios", "web01|http", "acme", object="web01", opened_at=5.0)


def delivered(connection: Connection) -> Delivery:
    deliveries.accept(connection, [new("a notice")], b"raw", None, 3, sha256(b"raw").digest())
    return claims.claim(connection, DESK, 1, now=NOW, lease=10.0, name="a worker")[0]


@pytest.fixture
def run(store_url: str) -> Any:
    store = Store(store_url)
    yield store.write_sync
    store.close()


def test_the_first_who_saw_it_wins(run: Callable[..., Any]) -> None:
    run(lambda c: problems.save(c, "default", [PROBLEM]))
    with pytest.raises(problems.Overtaken):
        run(lambda c: problems.save(c, "default", [PROBLEM]))
    (seen,) = run(lambda c: problems.of_family(c, FAMILY))
    assert seen == replace(PROBLEM, revision=1)
    run(lambda c: problems.save(c, "default", [replace(seen, count=2)]))
    with pytest.raises(problems.Overtaken):
        run(lambda c: problems.save(c, "default", [replace(seen, count=3)]))
    (seen,) = run(lambda c: problems.of_family(c, FAMILY))
    assert (seen.count, seen.revision) == (2, 2)


def test_a_key_that_many_clients_share_is_seen_whole(run: Callable[..., Any]) -> None:
    """What is not seen would be begun anew, again and again."""
    shared = [replace(PROBLEM, id=id_of(FAMILY, str(number)), client_id=str(number)) for number in range(250)]
    run(lambda c: problems.save(c, "default", shared))
    assert len(run(lambda c: problems.of_family(c, FAMILY))) == 250


def test_nothing_changes_a_problem_whose_ticket_is_being_closed(run: Callable[..., Any]) -> None:
    run(lambda c: problems.save(c, "default", [replace(PROBLEM, state="recovered", changed_at=7.0)]))
    assert not run(lambda c: problems.begin_closing(c, PROBLEM.id, 6.0))
    assert run(lambda c: problems.begin_closing(c, PROBLEM.id, 7.0))
    assert run(lambda c: problems.begin_closing(c, PROBLEM.id, 7.0))  # again, after a crash
    (seen,) = run(lambda c: problems.of_family(c, FAMILY))
    with pytest.raises(problems.Overtaken):
        run(lambda c: problems.save(c, "default", [replace(seen, state="open")]))
    run(lambda c: problems.end_closing(c, PROBLEM.id, 7.0, 9.0, left=""))
    (seen,) = run(lambda c: problems.of_family(c, FAMILY))
    assert (seen.state, seen.closed_at) == ("closed", 9.0)


def test_questions(run: Callable[..., Any]) -> None:
    work = replace(PROBLEM, id="1" * 32, ticket_id="t1", window_from=10.0, window_to=20.0)
    part = replace(PROBLEM, id="2" * 32, part_of=work.id, opened_at=8.0, ticket_id="t1")
    other = replace(PROBLEM, id="3" * 32, client_id="globex", incident="i", ticket_id="t3", opened_at=9.0)
    run(lambda c: problems.save(c, "default", [work, part, other]))

    assert [problem.id for problem in run(lambda c: problems.planned_work(c, "default", "acme", 15.0))] == [work.id]
    assert run(lambda c: problems.planned_work(c, "default", "acme", 20.0)) == []
    assert run(lambda c: problems.planned_work(c, "other", "acme", 15.0)) == []
    assert run(lambda c: problems.open_parts(c, work.id, "")) == 1
    assert run(lambda c: problems.open_parts(c, work.id, part.id)) == 0
    assert run(lambda c: problems.begun(c, "default", "nagios", "acme", 6.0)) == 1
    assert [problem.id for problem in run(lambda c: problems.of_incident(c, "default", "nagios", "i"))] == [other.id]
    assert [problem.id for problem in run(lambda c: problems.unlisted(c, work.id))] == [part.id]
    run(lambda c: problems.listed(c, [part.id]))
    assert run(lambda c: problems.unlisted(c, work.id)) == []


def test_only_of_planned_work_is_asked_whether_its_times_are_taken_back(run: Callable[..., Any]) -> None:
    work = replace(PROBLEM, id="1" * 32, window_from=10.0, window_to=20.0)
    run(lambda c: problems.save(c, "default", [work, PROBLEM]))
    seen = replace(PROBLEM, revision=1, count=2)

    assert plannedwork.ends_anew(no_connection(), [seen], 15.0) == []
    for changed, at in ((replace(work, window_to=0.0), 15.0), (replace(work, state="recovered"), 615.0)):
        taken_back = replace(changed, revision=1)
        assert run(lambda c, back=taken_back: plannedwork.ends_anew(c, [back, seen], 15.0)) == [(work.id, at)]


def no_connection() -> Any:
    """Fails when anything is asked of it."""
    return None


def test_notices_are_remembered_once_and_counted(run: Callable[..., Any]) -> None:
    delivery = run(delivered)
    notice_record = NoticeRecord(
        "nagios", "ticket", PROBLEM.id, "acme", "open", changed=True, proven=True, expected="daily"
    )
    for became in ("ticket", "comment"):
        run(lambda c, became=became: problems.save_notice(c, delivery, replace(notice_record, became=became)))
    run(
        lambda c: problems.save_notice(
            c, replace(delivery, id="x" * 36), replace(notice_record, failed="host", changed=False)
        )
    )

    assert run(lambda c: problems.changes(c, PROBLEM.id, 0.0)) == 1
    assert run(lambda c: problems.drift(c, 0.0)) == [("nagios", 2, 1)]
    (row,) = run(lambda c: expectations.all_of(c, "default", "nagios", "daily"))
    assert row.last_at == delivery.envelope.time
    assert run(lambda c: expectations.speak_up(c, row, 99.0)) and not run(lambda c: expectations.speak_up(c, row, 99.0))


def test_lists(run: Callable[..., Any]) -> None:
    left = replace(PROBLEM, id="1" * 32, state="recovered", left="somebody wrote on it", ticket_id="t1")
    child = replace(PROBLEM, id="2" * 32, master_id="t1", ticket_id="t2")
    run(lambda c: problems.save(c, "default", [left, child]))
    delivery = run(delivered)
    run(lambda c: problems.save_notice(c, delivery, NoticeRecord("nagios", "doubt", left.id, state="close")))

    assert [row["id"] for row in run(lambda c: problems.left_open(c, 10))] == [left.id]
    assert {row["id"] for row in run(lambda c: problems.listing(c, None, 10))} == {left.id, child.id}
    assert [row["id"] for row in run(lambda c: problems.listing(c, ("open",), 10))] == [child.id]
    assert [row["became"] for row in run(lambda c: problems.doubtful(c, 0.0, 10))] == ["doubt"]
    assert run(problems.counted) == {"left": 1, "open": 1}
    assert [each.id for each in run(lambda c: problems.bundled(c, "nagios"))] == [child.id]


def test_the_parts_of_a_mail_of_several(run: Callable[..., Any]) -> None:
    """Each is remembered once, counted with the problem that it is about, and gets the ticket that is made for it."""
    delivery = run(delivered)
    first, second, third = (replace(PROBLEM, id=str(number) * 32, delivery_id=delivery.id) for number in (1, 2, 3))
    shared = replace(third, part_of=second.id)
    run(lambda c: problems.save(c, "default", [replace(first, condition="HTTP"), second, shared]))
    mail = NoticeRecord("nagios", "several", state="update", failed="host")
    run(lambda c: problems.save_notice(c, delivery, mail))
    for became in ("counted", "recovery"):
        told = NoticeRecord("nagios", became, first.id, state="close", changed=True)
        run(lambda c, told=told: problems.save_part(c, delivery, 1, told))
    run(lambda c: problems.save_part(c, delivery, 2, NoticeRecord("nagios", "doubt", second.id, state="close")))

    assert run(lambda c: sorted(problems.parts_decided(c, delivery.id))) == [1, 2]
    assert run(lambda c: problems.changes(c, first.id, 0.0)) == 1
    assert [row["became"] for row in run(lambda c: problems.doubtful(c, 0.0, 10))] == ["doubt"]
    assert run(lambda c: problems.drift(c, 0.0)) == [("nagios", 1, 1)]

    run(lambda c: problems.ticket_made(c, delivery.id, "t2", "TIC2", about=second.id))
    run(lambda c: problems.ticket_made(c, delivery.id, "t1", "TIC1", about=first.id))
    tickets = {problem.id: problem.ticket_id for problem in run(lambda c: problems.of_family(c, FAMILY))}
    assert tickets == {first.id: "t1", second.id: "t2", third.id: "t2"}
    parts = run(lambda c: problems.parts_of(c, delivery.id))
    assert [(row["number"], row["ticket"], row["condition"]) for row in parts] == [(1, "TIC1", "HTTP"), (2, "TIC2", "")]
    found = run(lambda c: problems.open_of_object(c, "default", "nagios", "web01"))
    assert {problem.id for problem in found} == {first.id, second.id, third.id}
    run(lambda c: problems.follow(c, delivery.id, "t9", "t1"))
    tickets = {problem.id: problem.ticket_id for problem in run(lambda c: problems.of_family(c, FAMILY))}
    assert tickets == {first.id: "t9", second.id: "t2", third.id: "t2"}


def test_who_makes_a_ticket_is_known_and_followed(run: Callable[..., Any]) -> None:
    delivery = run(delivered)
    run(lambda c: problems.save(c, "default", [replace(PROBLEM, delivery_id=delivery.id)]))
    assert run(lambda c: problems.makers(c, [FAMILY], "another")) == []
    run(lambda c: deliveries.advance(c, delivery, Stage.PLANNED, now=NOW))
    (maker,) = run(lambda c: problems.makers(c, [FAMILY], "another"))
    assert maker.id == delivery.id
    assert run(lambda c: problems.makers(c, [FAMILY], delivery.id)) == []

    run(lambda c: problems.ticket_made(c, delivery.id, "t1", "TIC1"))
    assert run(lambda c: problems.makers(c, [FAMILY], "another")) == []
    run(lambda c: problems.follow(c, delivery.id, "t9", "t1"))
    (seen,) = run(lambda c: problems.of_family(c, FAMILY))
    assert (seen.ticket_id, seen.number, seen.status_id) == ("t9", "", "")
    run(lambda c: problems.follow(c, delivery.id, "t1", ""))  # shown there whole: it has a further ticket
    (seen,) = run(lambda c: problems.of_family(c, FAMILY))
    assert seen.ticket_id == "t9"
    run(lambda c: problems.forget_ticket(c, "default", "t9"))
    (seen,) = run(lambda c: problems.of_family(c, FAMILY))
    assert seen.ticket_id == ""


def test_expected_mail(run: Callable[..., Any]) -> None:
    run(lambda c: expectations.look_for(c, "default", "veeam", "nightly", "", 5.0))
    (expected,) = run(lambda c: expectations.all_of(c, "default", "veeam", "nightly"))
    assert (expected.since, expected.last_at) == (5.0, 0.0)
    assert run(lambda c: expectations.speak_up(c, expected, 10.0))
    run(lambda c: expectations.came(c, "default", "veeam", "nightly", "", 12.0))
    (late,) = run(lambda c: expectations.listing(c, ["veeam"]))
    assert (late.last_at, late.late_at) == (12.0, 12.0)
    run(lambda c: expectations.came(c, "default", "veeam", "nightly", "", 20.0))
    (next_,) = run(lambda c: expectations.listing(c, ["veeam"]))
    assert (next_.last_at, next_.late_at) == (20.0, 12.0)
    assert (
        run(lambda c: expectations.history(c, expected, 0.0)) == []
        and run(lambda c: expectations.client_of(c, expected)) == ""
    )
    run(delivered)
    assert run(lambda c: expectations.unread(c, "default", NOW - 1, NOW))
    assert not run(lambda c: expectations.unread(c, "default", NOW, NOW + 9))
    run(lambda c: c.execute(update(delivery).values(waits_for="window")))
    assert not run(lambda c: expectations.unread(c, "default", NOW - 1, NOW)), "what a window holds was read"
    assert run(lambda c: expectations.forget(c, "veeam", "")) == 1


def test_who_makes_a_ticket_at_the_same_time_is_waited_for(postgres: Postgres, migrated_database: str) -> None:
    """Two replicas store plans about one incident: the second sees the first's when it goes on."""
    engine = make_engine(postgres.database("at_once", migrated_database))
    with engine.begin() as setup:
        for text in ("one", "two"):
            deliveries.accept(setup, [new(text)], b"raw", None, 3, sha256(b"raw").digest())
        first_delivery, second_delivery = claims.claim(setup, DESK, 2, now=NOW, lease=10.0, name="a worker")

    def second() -> list[order.Blocker]:
        with engine.begin() as connection:
            problems.wait_by(connection, second_delivery, ["an incident"])
            return order.planned(connection, DESK, second_delivery.seq, ["an incident"])

    with ThreadPoolExecutor(1) as others, engine.begin() as first:
        problems.wait_by(first, first_delivery, ["an incident"])
        deliveries.advance(first, first_delivery, Stage.PLANNED, now=NOW)
        waits = others.submit(second)
        with pytest.raises(TimeoutError):
            waits.result(0.2)
        first.commit()
        assert [each.id for each in waits.result(5)] == [first_delivery.id]
    engine.dispose()
