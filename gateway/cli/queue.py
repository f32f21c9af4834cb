"""Kept mail: looking at it and acting on it."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.shared import (
    USAGE,
    AudienceOption,
    BindOption,
    ByOption,
    ConfigOption,
    DeliveryArgument,
    JsonOption,
    carry_out,
    cell,
    fail,
    on_store,
    print_json,
    settings_of,
    table,
    when,
)
from gateway.operate.act import ACTS, Act

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

    from gateway.store.waiting import Wait

app = typer.Typer(no_args_is_help=True, help="Show mail, release it, discard it.")


@app.command("list")
def queue_list(
    config_file: ConfigOption = None,
    stage: Annotated[str | None, typer.Option(help="Only this stage, for example quarantined or pending.")] = None,
    held_files: Annotated[bool, typer.Option("--held-files", help="Only deliveries with held files.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List deliveries, newest first."""
    from gateway.store import heldfiles, operator, waiting
    from gateway.store.reading import parsed_to_show
    from gateway.store.stage import PENDING, Stage

    stages: tuple[Stage, ...] | None = None
    if stage is not None:
        try:
            stages = (*PENDING, Stage.HELD) if stage.lower() == "pending" else (Stage(stage.upper()),)
        except ValueError:
            fail(f"{stage}: expected pending or one of {', '.join(member.lower() for member in Stage)}", USAGE)

    def look(connection: Any) -> tuple[Any, dict[str, int], Any]:
        found = heldfiles.listing(connection, limit) if held_files else operator.listing(connection, stages, limit)
        return found, heldfiles.numbers(connection, [row["id"] for row in found]), waiting.desks(connection)

    listed, held, desks = on_store(config_file, look)
    now = time.time()
    rows = [
        {
            "id": row["id"],
            "accepted": when(row["accepted_at"]),
            "mailbox": row["mailbox"],
            "from": parsed_to_show(row, "envelope").get("mail_from", "?"),
            "subject": row["subject"],
            "stage": row["stage"],
            "reason": row["reason"],
            "detail": row["detail"],
            "waits for": _waits(waiting.of_row(row, desks, now)),
            "message id": row["message_id"],
            "held files": held.get(row["id"], ""),
            "ticket": row["ticket_id"],
            "due": when(row["due_at"]) if row["stage"] in PENDING else "",
        }
        for row in listed
    ]
    if as_json:
        print_json(rows)
    else:
        columns = ["id", "accepted", "mailbox", "from", "subject", "stage", "reason", "detail", "waits for"]
        columns.append("held files")
        short = [{**row, "subject": row["subject"][:60]} for row in rows]
        table(columns, [[row[key] for key in columns] for row in short])


@app.command("show")
def queue_show(
    delivery: DeliveryArgument,
    config_file: ConfigOption = None,
    raw: Annotated[bool, typer.Option("--raw", help="Write the original mail to standard output.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a delivery: its history, its effects and the trace of its decision."""
    shown = on_store(config_file, partial(_look_at, name=delivery), [delivery])
    if raw:
        _write_original(shown, config_file)
    elif as_json:
        print_json(_as_data(shown))
    else:
        _print(shown)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A delivery with what is known of it; ``content`` is None when the mail itself is not kept any more."""

    row: RowMapping
    ticket: RowMapping | None
    history: Sequence[RowMapping]
    effects: Sequence[RowMapping]
    content: Mapping[str, Any] | None
    wait: Wait | None


def _look_at(connection: Connection, name: str) -> _Shown:
    from gateway.store import deliveries, effects, mapping, operator, waiting

    row = operator.find(connection, name)
    return _Shown(
        row,
        mapping.get_ticket(connection, row["desk"], row["ticket_id"]),
        operator.history(connection, row["id"]),
        effects.all_of(connection, row["id"], row["generation"]),
        deliveries.content(connection, row["raw_id"]) if row["kept"] else None,
        waiting.of_row(row, waiting.desks(connection), time.time()),
    )


def _write_original(shown: _Shown, config_file: Path | None) -> None:
    from gateway.store.operator import GONE
    from gateway.store.raw import RawMail

    if shown.content is None:
        fail(GONE.format(shown.row["seq"]))
    sys.stdout.buffer.write(RawMail(settings_of(config_file).store).read(shown.content))


def _as_data(shown: _Shown) -> dict[str, Any]:
    from gateway.store.reading import parsed_to_show
    from gateway.work.effects import words_of

    row, wait = shown.row, shown.wait
    waits = wait and {
        "reason": wait.waits.kind.value, "on": wait.waits.on, "since": wait.since, "until": wait.until,
    }  # fmt: skip
    return {
        **{key: row[key] for key in ("id", "mailbox", "desk", "stage", "reason", "detail", "ticket_id")},
        "ticket": shown.ticket["number"] if shown.ticket else "",
        **{key: row[key] for key in ("subject", "message_id", "accepted_at")},
        "waiting": waits,
        "envelope": parsed_to_show(row, "envelope"),
        "size": shown.content["size"] if shown.content else None,
        "history": [dict(event) for event in shown.history],
        "effects": [
            {
                "kind": effect["kind"],
                "effect": words_of(effect["kind"], effect["body"]),
                "name": parsed_to_show(effect, "body").get("name", ""),
                **{key: effect[key] for key in ("state", "marker", "remote_id", "reason", "sends")},
            }
            for effect in shown.effects
        ],
        "trace": parsed_to_show(row, "trace"),
    }


def _print(shown: _Shown) -> None:
    from gateway.store.reading import parsed_to_show
    from gateway.work.effects import words_of

    row, ticket = shown.row, shown.ticket
    typer.echo(f"{row['id']}  {row['stage']} {row['reason']} {cell(row['detail'])}".rstrip())
    mail_from = parsed_to_show(row, "envelope").get("mail_from", "?")
    size = f"{shown.content['size']} bytes" if shown.content else "not kept any more"
    typer.echo(f"from <{cell(mail_from)}> to {row['mailbox']}, {size}, subject: {cell(row['subject']) or '-'}")
    typer.echo(f"Message-ID: {cell(row['message_id']) or '-'}")
    if shown.wait:
        typer.echo(f"waits for {cell(_waits(shown.wait))}")
    typer.echo(f"ticket {ticket['number'] if ticket else ''} {row['ticket_id']}" if row["ticket_id"] else "no ticket")
    table(["time", "what", "detail"], [[when(event["at"]), event["what"], event["detail"]] for event in shown.history])
    effects = [
        [
            words_of(effect["kind"], effect["body"]),
            *(parsed_to_show(effect, "body").get("name", ""), effect["state"], effect["remote_id"], effect["reason"]),
        ]
        for effect in shown.effects
    ]
    table(["effect", "file", "state", "at the desk", "why"], effects)
    steps = parsed_to_show(row, "trace").get("steps", [])
    table(["rule", "found", "follows"], [[step["rule"], step["found"], step["result"]] for step in steps])


def _waits(wait: Wait | None) -> str:
    """What a mail waits for in plain words, with times."""
    if wait is None:
        return ""
    since = f", since {when(wait.since)}" if wait.since else ""
    until = f", next try {when(wait.until)}" if wait.until else ""
    return f"{wait.waits}{since}{until}"


def _command(act: Act) -> None:
    """The command of an act, with the options that it takes: the pages have the same as a button."""

    def run(
        mails: Annotated[list[str], typer.Argument(help="Numbers (412), ids or Message-IDs; as many as you like.")],
        config_file: ConfigOption = None,
        to: Annotated[str | None, typer.Option("--to", help="A ticket's number or id, or new.")] = None,
        audience: AudienceOption = None,
        bind: BindOption = None,
        why: Annotated[str, typer.Option("--why", help="A note for the history.")] = "",
        by: ByOption = None,
    ) -> None:
        carry_out(act, mails, config_file, to, audience, bind, why, by)

    left_out = {"to", "audience", "why"} - act.takes | ({"bind"} if "audience" not in act.takes else set())
    taken = [part for name, part in inspect.signature(run, eval_str=True).parameters.items() if name not in left_out]
    run.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    app.command(act.name, help=f"{act.about[0].upper()}{act.about[1:]}.")(run)


for _act in ACTS:
    _command(_act)
