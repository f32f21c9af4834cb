"""Problems in the store, on both databases: the revision is the lock, a closing ticket is nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.decide.problem import Noticed, Problem, family_of, id_of
from gateway.store import claims, expected, inbox, problems
from gateway.store.engine import Store
from gateway.store.inbox import Delivery
from tests.store.test_contract import DESK, NOW, new

FAMILY = family_of("default", "nagios", "web01|http")
PROBLEM = Problem(id_of(FAMILY, "acme"), FAMILY, "nagios", "web01|http", "acme", object="web01", opened_at=5.0)


def delivered(connection: Connection) -> Delivery:
    inbox.accept(connection, [new("a notice")], b"raw", None, 3, sha256(b"raw").digest())
    return claims.claim(connection, DESK, 1, now=NOW, lease=10.0, name="a worker")[0]


@pytest.fixture
def run(store_url: str) -> Any:
    store = Store(store_url)
    yield store.write_sync
    store.close()


def test_the_first_who_saw_it_wins(run: Callable[..., Any]) -> None:
    run(lambda c: problems.keep(c, "default", [PROBLEM]))
    with pytest.raises(problems.Overtaken):
        run(lambda c: problems.keep(c, "default", [PROBLEM]))
    (seen,) = run(lambda c: problems.of_family(c, FAMILY))
    assert seen == replace(PROBLEM, revision=1)
    run(lambda c: problems.keep(c, "default", [replace(seen, count=2)]))
    with pytest.raises(problems.Overtaken):
        run(lambda c: problems.keep(c, "default", [replace(seen, count=3)]))
    (seen,) = run(lambda c: problems.of_family(c, FAMILY))
    assert (seen.count, seen.revision) == (2, 2)


def test_nothing_changes_a_problem_whose_ticket_is_being_closed(run: Callable[..., Any]) -> None:
    run(lambda c: problems.keep(c, "default", [replace(PROBLEM, state="recovered", changed_at=7.0)]))
    assert not run(lambda c: problems.begin_closing(c, PROBLEM.id, 6.0))
    assert run(lambda c: problems.begin_closing(c, PROBLEM.id, 7.0))
    assert run(lambda c: problems.begin_closing(c, PROBLEM.id, 7.0))  # again, after a crash
    (seen,) = run(lambda c: problems.of_family(c, FAMILY))
    with pytest.raises(problems.Overtaken):
        run(lambda c: problems.keep(c, "default", [replace(seen, state="open")]))
    run(lambda c: problems.end_closing(c, PROBLEM.id, 7.0, 9.0, left=""))
    (seen,) = run(lambda c: problems.of_family(c, FAMILY))
    assert (seen.state, seen.closed_at) == ("closed", 9.0)


def test_questions(run: Callable[..., Any]) -> None:
    work = replace(PROBLEM, id="1" * 32, ticket_id="t1", window_from=10.0, window_to=20.0)
    part = replace(PROBLEM, id="2" * 32, part_of=work.id, opened_at=8.0, ticket_id="t1")
    other = replace(PROBLEM, id="3" * 32, client_id="globex", incident="i", ticket_id="t3", opened_at=9.0)
    run(lambda c: problems.keep(c, "default", [work, part, other]))

    assert [one.id for one in run(lambda c: problems.planned_work(c, "default", "acme", 15.0))] == [work.id]
    assert run(lambda c: problems.planned_work(c, "default", "acme", 20.0)) == []
    assert run(lambda c: problems.planned_work(c, "other", "acme", 15.0)) == []
    assert run(lambda c: problems.open_parts(c, work.id, "")) == 1
    assert run(lambda c: problems.open_parts(c, work.id, part.id)) == 0
    assert run(lambda c: problems.begun(c, "default", "nagios", "acme", 6.0)) == 1
    assert [one.id for one in run(lambda c: problems.of_incident(c, "default", "nagios", "i"))] == [other.id]
    assert [one.id for one in run(lambda c: problems.unlisted(c, work.id))] == [part.id]
    run(lambda c: problems.listed(c, [part.id]))
    assert run(lambda c: problems.unlisted(c, work.id)) == []


def test_notices_are_remembered_once_and_counted(run: Callable[..., Any]) -> None:
    one = run(delivered)
    noticed = Noticed("nagios", "ticket", PROBLEM.id, "acme", "open", changed=True, proven=True, expected="daily")
    for became in ("ticket", "comment"):
        run(lambda c, became=became: problems.keep_notice(c, one, replace(noticed, became=became)))
    run(lambda c: problems.keep_notice(c, replace(one, id="x" * 36), replace(noticed, failed="host", changed=False)))

    assert run(lambda c: problems.changes(c, PROBLEM.id, 0.0)) == 1
    assert run(lambda c: problems.drift(c, 0.0)) == [("nagios", 2, 1)]
    (row,) = run(lambda c: expected.all_of(c, "default", "nagios", "daily"))
    assert row.last_at == one.envelope.time
    assert run(lambda c: expected.speak_up(c, row, 99.0)) and not run(lambda c: expected.speak_up(c, row, 99.0))
