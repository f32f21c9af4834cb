"""Technicians of a ticket beside the one to whom it is assigned. Source: recordings second/130 to 133."""

from __future__ import annotations

from gateway.simulator.state import Desk
from gateway.simulator.tickets import find
from gateway.simulator.times import iso
from gateway.simulator.validate import Field, parse, uuid
from gateway.simulator.wire import Answer, Problem, Request, Row, data

_ADD: tuple[Field, ...] = (("user_id", True, uuid),)


def _short(user: Row) -> Row:
    return {name: user[name] for name in ("user_id", "first_name", "last_name", "email")}


def _shown(desk: Desk, ticket: Row) -> Row:
    primary = desk.users.get(ticket["assigned_to"] or "")
    return {
        "ticket_id": ticket["ticket_id"],
        "primary_agent": _short(primary) if primary else None,
        "additional_agents": desk.agents.get(ticket["ticket_id"], []),
    }


def get_agents(desk: Desk, request: Request) -> Answer:
    return data(_shown(desk, find(desk, request.params[0])))


def add_agent(desk: Desk, request: Request) -> Answer:
    body = parse(request.json(), _ADD)
    ticket = find(desk, request.params[0])
    user = desk.users.get(body["user_id"].lower())
    if user is None:
        raise Problem(404, "NOT_FOUND", "User not found")
    agents = desk.agents.setdefault(ticket["ticket_id"], [])
    if any(agent["user_id"] == user["user_id"] for agent in agents):
        raise Problem(409, "CONFLICT", "User is already an additional agent on this ticket")
    assignment = {"assignment_id": desk.new_id(), "role": "support", "assigned_at": iso(request.now)}
    agents.append({**_short(user), **assignment})
    ticket["updated_at"] = iso(request.now)
    desk.version += 1
    return data(_shown(desk, ticket), 201)
