"""Problems that vendors reported: what is open, what asks for a look, what is missing, what is no longer read."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated, Any

import typer

from gateway.cli.shared import (
    ByOption,
    ConfigOption,
    JsonOption,
    cell,
    change_store,
    on_store,
    operator_name,
    print_json,
    settings_of,
    table,
    when,
)
from gateway.model.spans import DAY

app = typer.Typer()

LimitOption = Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")]
DaysOption = Annotated[float, typer.Option(min=0, help="How many days back.")]
WhyOption = Annotated[str, typer.Option("--why", help="For the audit.")]


@app.command("problems")
def list_problems(
    all_: Annotated[bool, typer.Option("--all", help="Include problems that are over.")] = False,
    limit: LimitOption = 100,
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List open problems: object, ticket, how often they were reported."""
    from gateway.operate.vendors import closing_at
    from gateway.store import problems

    states = None if all_ else ("open", "recovered", "closing")
    rows, closes = on_store(config_file, lambda c: (problems.listing(c, states, limit), closing_at(c)))
    if as_json:
        print_json([{**row, "closes_at": closes.get(row["id"], 0.0)} for row in rows])
        return
    columns = ["id", "profile", "problem", "state", "ticket", "notices", "since", "last", "closes, or left open"]
    table(columns, [_problem(row, closes.get(row["id"], 0.0)) for row in rows])


@app.command("end")
def end(
    problem: Annotated[str, typer.Argument(help="Its ticket's number, or its id as `problems` lists it.")],
    why: WhyOption = "",
    by: ByOption = None,
    config_file: ConfigOption = None,
) -> None:
    """End the problem of something that no longer exists. Its ticket at the desk stays as it is."""
    from gateway.operate import vendors
    from gateway.store.acts import Actor

    actor = Actor(operator_name(by))
    ended = change_store(config_file, lambda c: vendors.end(c, problem, actor, why, time.time()))
    typer.echo(cell(f"ended: {ended}; close the ticket at the desk"))


def _problem(row: Any, closes: float) -> list[str]:
    what = ": ".join(filter(None, (row["object"], row["condition"]))) or row["key"]
    ticket = row["number"] or row["ticket_id"] or "-"
    state = "flapping" if row["flapping_until"] > time.time() else row["state"]
    return [
        row["id"][:12],
        row["profile"],
        what[:80],
        state,
        ticket,
        str(row["count"]),
        when(row["opened_at"]),
        when(row["last_at"]),
        f"{when(closes)} unless it fails again" if closes else row["left"],
    ]


@app.command("review")
def review(
    days: DaysOption = 7, limit: LimitOption = 100, config_file: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """List what needs review: tickets left open after a recovery and why, recoveries that nobody proved, notices that
    led to nothing and were not expected to come, notices that could not be read."""
    from gateway.store import problems

    since = time.time() - days * DAY
    left, doubtful = on_store(config_file, lambda c: (problems.left_open(c, limit), problems.doubtful(c, since, limit)))
    if as_json:
        print_json({"left_open": [dict(row) for row in left], "notices": [dict(row) for row in doubtful]})
        return
    table(["left open", "ticket", "over since", "why"], [_left(row) for row in left])
    table(["id", "at", "profile", "about", "what is odd", "ticket"], [_doubt(row) for row in doubtful])


def _left(row: Any) -> list[str]:
    return [row["title"][:80] or row["object"], row["number"] or row["ticket_id"], when(row["changed_at"]), row["left"]]


def _doubt(row: Any) -> list[str]:
    from gateway.operate import vendors

    about, ticket = row["object"] or row["key"], row["number"] or row["ticket_id"] or ""
    return [row["delivery_id"], when(row["accepted_at"]), row["profile"], about[:60], vendors.odd(row)[:80], ticket]


@app.command("drift")
def drift(days: DaysOption = 1, config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the share of each profile's notices that could not be read: it rises when a vendor changes its mails."""
    from gateway.store import problems

    since = time.time() - days * DAY
    found = on_store(config_file, lambda c: problems.drift(c, since))
    if as_json:
        print_json([{"profile": profile, "notices": total, "not_read": unread} for profile, total, unread in found])
        return
    rows = [[profile, str(total), str(unread), f"{100 * unread / total:.0f} %"] for profile, total, unread in found]
    table(["profile", "notices", "not read", "share"], rows)


@app.command("expected")
def list_expected(config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the mails that have to arrive, and when each last came."""
    from gateway.store import expectations

    names = [notice.called for notice in settings_of(config_file).notice]
    rows = on_store(config_file, lambda c: expectations.listing(c, names))
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    columns = ["notice", "expectation", "object", "last came", "last missed"]
    table(
        columns,
        [
            [expected.source, expected.name, expected.object or "any", when(expected.last_at), when(expected.alarmed)]
            for expected in rows
        ],
    )


@app.command("forget")
def forget(
    notice: Annotated[str, typer.Argument(help="The notice's name.")],
    object_: Annotated[str, typer.Argument(metavar="OBJECT", help="The object, as `expected` lists it.")],
    why: WhyOption = "",
    by: ByOption = None,
    config_file: ConfigOption = None,
) -> None:
    """Stop expecting mail about an object that no longer exists."""
    from gateway.operate import vendors
    from gateway.store.acts import Actor

    actor = Actor(operator_name(by))
    change_store(config_file, lambda c: vendors.forget(c, notice, object_, actor, why, time.time()))
