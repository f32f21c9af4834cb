"""What leads to a ticket: looking at it and correcting it."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from gateway.cli.shared import (
    AudienceOption,
    BindOption,
    ByOption,
    ConfigOption,
    DeliveryArgument,
    JsonOption,
    carry_out,
    change_store,
    on_store,
    print_json,
    settings_of,
    table,
    ticket_named,
    when,
)

app = typer.Typer(no_args_is_help=True, help="Show what is linked to a ticket, and correct it.")


@app.command("show")
def thread_show(ticket: str, config_file: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the ids, people and mails of a ticket, given by number or id."""
    from gateway.store import mapping

    desks = settings_of(config_file).desks

    def look(connection: Any) -> dict[str, Any]:
        return mapping.overview(connection, ticket_named(connection, ticket), desks)

    found = {kind: [dict(row) for row in rows] for kind, rows in on_store(config_file, look).items()}
    if as_json:
        print_json(found)
        return
    table(["message id", "known as", "by delivery"], [list(row.values()) for row in found["ids"]])
    table(["address", "seen as"], [list(row.values()) for row in found["people"]])
    mails = [
        [row["id"], when(row["accepted_at"]), row["sender"], row["stage"], row["subject"]] for row in found["mails"]
    ]
    table(["id", "accepted", "from", "stage", "subject"], mails)


@app.command("move")
def thread_move(
    delivery: DeliveryArgument,
    to: Annotated[str, typer.Option("--to", help="A ticket's number or id, or new.")],
    config_file: ConfigOption = None,
    audience: AudienceOption = None,
    bind: BindOption = None,
    by: ByOption = None,
) -> None:
    """Move a mail to another ticket: replies to it follow; the wrong place gets an internal comment. Mail that was set
    aside is released there. Nothing is changed unless the desk has the ticket."""
    from gateway.operate.act import BY_NAME

    carry_out(BY_NAME["move"], [delivery], config_file, to, audience, bind, by=by)


@app.command("token")
def thread_token(
    ticket: str,
    mailbox: Annotated[str, typer.Option(help="The mailbox; default: that of the ticket's newest mail.")] = "",
    config_file: ConfigOption = None,
) -> None:
    """Make an address for a ticket, in a mailbox of its desk. Anyone who has the address may write to the ticket."""
    from gateway.match import tickettoken
    from gateway.operate.tickets import mailbox_of
    from gateway.store import mapping

    settings = settings_of(config_file)
    value = tickettoken.new()

    def make(connection: Any) -> str:
        ticket_id = ticket_named(connection, ticket)
        box = mailbox_of(connection, settings, ticket_id, mailbox)
        mapping.make_token(connection, box.desk, ticket_id, value, time.time())
        return box.address

    local, _, domain = change_store(config_file, make).rpartition("@")
    typer.echo(f"{local}+{value}@{domain}")
