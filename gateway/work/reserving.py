"""What is stored with a decision so that no other decides on what it saw: each raises Reserved when another did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from gateway.model import questions as ask
from gateway.model.effects import DocumentBody
from gateway.model.plan import Decision, Plan
from gateway.store import calendars, mapping, plannedwork, problems, ticketfiles
from gateway.store.deliveries import Delivery
from gateway.work.answers import from_store


def save_problems(
    connection: Connection, delivery: Delivery, decision: Decision, answers: Mapping[ask.Question, Any]
) -> None:
    """The problems and windows that a decision changes. Raises Reserved when another notice changed a problem since, or
    began to make its ticket: what the decision would do on that, it could not know. Tickets of which the desk answered
    that they are gone are forgotten after that, for the decision saw its problems with them."""
    changed = [problem.id for problem in decision.changes]
    if changed and (maker := problems.being_made(connection, changed, delivery.id)):
        raise mapping.Reserved(maker)
    if decision.calendar is not None:
        calendars.take(connection, delivery.desk, decision.calendar, delivery.envelope.time)
    moved = plannedwork.ends_anew(connection, decision.changes, delivery.envelope.time)
    problems.save(connection, delivery.desk, decision.changes)
    for work_id, at in moved:
        plannedwork.wake(connection, work_id, at, delivery.envelope.time)
    if decision.notice_record is not None:
        problems.save_notice(connection, delivery, decision.notice_record)
    for number, notice_record in decision.part_records:
        problems.save_part(connection, delivery, number, notice_record)
    for question, state in answers.items():
        if isinstance(question, ask.StateOf) and state is None:
            problems.forget_ticket(connection, delivery.desk, question.ticket_id)


def see_incident(connection: Connection, delivery: Delivery, answers: Mapping[ask.Question, Any]) -> None:
    """Raises Reserved when the incident has a ticket that the decision did not see."""
    for question, seen in answers.items():
        if isinstance(question, ask.OfIncident):
            known = {(each.id, each.ticket_id) for each in from_store(connection, delivery, question)}
            if known != {(each.id, each.ticket_id) for each in seen}:
                raise mapping.Reserved("a ticket of the incident")


def reserve_files(connection: Connection, delivery: Delivery, plan: Plan) -> None:
    """The files of a plan are uploaded once to its ticket. Raises Reserved."""
    for file in plan.effects:
        if isinstance(file, DocumentBody) and file.sha256 and not file.held:
            name, digest = file.name, file.sha256
            if not ticketfiles.reserve(connection, delivery.desk, plan.ticket_id, digest, delivery.id, name):
                raise mapping.Reserved(f"file {name}")
